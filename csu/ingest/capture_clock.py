"""From stream timestamps to the instant of capture. A pure core.

The camera's RTCP sender reports tie its stream timestamps to its own clock; FFmpeg hands the result over on each packet
(`prft`). Before the first report, which comes after some seconds, the time of arrival stands in and says so. A camera
whose clock is out by more than `TRUSTED_OFFSET_MS` does not date its pictures: a camera set to 1970 would otherwise
put its footage past any retention limit. Its offset is measured and stored all the same (TEC-4).
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.frames import CaptureTime

TRUSTED_OFFSET_MS = 1_000
"""TEC-4: more than one second is an alarm."""
TRUSTED_AGAIN_MS = 900
"""A clock that drifts stays near the limit for minutes, and each change of who dates the pictures moves them by a
second: so there is one change and no coming and going."""
STEP_MS = 100
"""A jump of the camera's clock larger than this is a step to report, not jitter to smooth."""
WINDOW_NS = 10 * NS_PER_S
_SMOOTHING = 8
"""Each packet moves the mapping by 1/8 of what it disagrees: reports are stamped with some ms of jitter."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The camera's clock jumped by `step_ms` against its own stream."""

    step_ms: int


class CaptureClock:
    """The clock of one connection. All arguments are ns; `pts_ns` counts from any origin, but never jumps."""

    def __init__(self) -> None:
        self._arrival = _WindowMinimum()
        self._latency = _WindowMinimum()
        self._camera_shift_ns: int | None = None
        self._is_right = True
        self._last_at_ns: Nanoseconds | None = None

    @property
    def offset_ms(self) -> int:
        """Camera clock minus ours, smallest network delay included; 0 while no report has come."""
        return 0 if self._camera_shift_ns is None else round(-self._latency.value / NS_PER_MS)

    @property
    def is_trusted(self) -> bool:
        """True once the camera's reports date its pictures."""
        return self._camera_shift_ns is not None and self._is_right

    def packet(
        self, pts_ns: Nanoseconds, arrived_at_ns: Nanoseconds, camera_at_ns: Nanoseconds | None
    ) -> ClockStep | None:
        """Learn from one packet; `camera_at_ns` is what the camera's reports say, None while there is none."""
        self._arrival.add(pts_ns, arrived_at_ns - pts_ns)
        if camera_at_ns is None:
            return None
        shift_ns = camera_at_ns - pts_ns
        known_ns = self._camera_shift_ns
        step = None
        if known_ns is None:
            self._camera_shift_ns = shift_ns
        elif abs(shift_ns - known_ns) > STEP_MS * NS_PER_MS:
            step = ClockStep(round((shift_ns - known_ns) / NS_PER_MS))
            self._camera_shift_ns = shift_ns
            self._latency = _WindowMinimum()
        else:
            self._camera_shift_ns = known_ns + (shift_ns - known_ns) // _SMOOTHING
        self._latency.add(pts_ns, arrived_at_ns - camera_at_ns)
        self._is_right = abs(self.offset_ms) <= (TRUSTED_OFFSET_MS if self._is_right else TRUSTED_AGAIN_MS)
        return step

    def our_clock_stepped(self) -> None:
        """What is known of arrivals was by another clock: begin anew. What the camera says of itself stays."""
        self._arrival, self._latency = _WindowMinimum(), _WindowMinimum()

    def peek(self, pts_ns: Nanoseconds) -> Nanoseconds:
        """What `captured` would say, as far as it is known now, without taking it for the next picture."""
        if self._camera_shift_ns is not None and self.is_trusted:
            return pts_ns + self._camera_shift_ns
        return pts_ns + self._arrival.value

    def captured(self, pts_ns: Nanoseconds) -> CaptureTime:
        """When the picture at `pts_ns` was captured. Call in stream order: times never go back within a connection."""
        found = self.about(pts_ns)
        self._last_at_ns = found.at_ns
        return found

    def about(self, pts_ns: Nanoseconds) -> CaptureTime:
        """What `captured` would say now, without taking it for the next picture."""
        at_ns = self.peek(pts_ns)
        if self._last_at_ns is not None:
            at_ns = max(at_ns, self._last_at_ns + NS_PER_MS)
        return CaptureTime(at_ns, self.is_trusted, at_latest_ns=pts_ns + self._arrival.value)


class _WindowMinimum:
    """The smallest value of the last one to two windows: delay is what is added to the true difference."""

    def __init__(self) -> None:
        self._begun_at_ns: Nanoseconds | None = None
        self._current = 0
        self._previous: int | None = None

    @property
    def value(self) -> int:
        return self._current if self._previous is None else min(self._current, self._previous)

    def add(self, at_ns: Nanoseconds, value: int) -> None:
        if self._begun_at_ns is None:
            self._begun_at_ns, self._current = at_ns, value
        elif at_ns - self._begun_at_ns >= WINDOW_NS:
            self._begun_at_ns, self._previous, self._current = at_ns, self._current, value
        else:
            self._current = min(self._current, value)
