"""Frames that never came. A pure core.

FFmpeg hides lost packets: with every seventh RTP packet gone it raised nothing and marked none of 794 frames corrupt
(notes on media). A frame lost whole leaves a hole between timestamps, and that is what is counted here. A frame that
lost only a part of its packets is not seen; nor is a camera that loses every second frame from its first frame on,
which is the same thing as a camera at half the rate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median_low

from csu.hal.clock import NS_PER_S, Nanoseconds

LEARNING_INTERVALS = 5
"""Intervals seen before any of them is judged."""
_REMEMBERED = 31
_HOLE = 1.6
"""An interval this many times the usual one holds at least one missing frame; cameras jitter by less than 1.3."""
_SAME_RATE_IN_A_ROW = 3
"""This many long intervals in a row, all alike, are a new frame rate (night exposure), not losses."""
SURE_HOLE_NS = 2 * NS_PER_S
"""So long a silence is a hole before the usual interval is learned, too: the recorder ends its segment there."""
JUMP_NS = 10 * NS_PER_S
"""Timestamps going back, or forward by more than this, are a new time line: the connection is made anew."""


@dataclass(frozen=True, slots=True)
class FramesMissing:
    """`count` frames are missing between the timestamps `after_ns` and `before_ns`."""

    count: int
    after_ns: Nanoseconds
    before_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class TimestampsJumped:
    """The stream's timestamps left their line by `jump_ns`."""

    jump_ns: Nanoseconds


class Continuity:
    """Watches the timestamps of one connection."""

    def __init__(self, declared_frames_per_s: float | None = None) -> None:
        """`declared_frames_per_s`: what the device says of itself; believed only where nothing better is known."""
        self._declared_ns = round(NS_PER_S / declared_frames_per_s) if declared_frames_per_s else None
        self._last_ns: Nanoseconds | None = None
        self._intervals: deque[int] = deque(maxlen=_REMEMBERED)
        self._long: list[int] = []

    @property
    def interval_ns(self) -> Nanoseconds | None:
        """The usual time between frames; None until enough frames came.

        Of pairs: a camera whose every other frame comes early has no interval that is usual, but its pairs are.
        """
        if len(self._intervals) < LEARNING_INTERVALS:
            return None
        intervals = list(self._intervals)
        return median_low([(a + b) // 2 for a, b in zip(intervals, intervals[1:], strict=False)])

    @property
    def frames_per_s(self) -> float | None:
        """The usual frame rate; None until enough frames came."""
        interval_ns = self.interval_ns
        return NS_PER_S / interval_ns if interval_ns else None

    def packet(self, pts_ns: Nanoseconds) -> FramesMissing | TimestampsJumped | None:
        """Look at the next timestamp, in order of decoding (no B frames: presentation order too)."""
        last_ns, self._last_ns = self._last_ns, pts_ns
        if last_ns is None or pts_ns == last_ns:
            return None
        interval_ns = pts_ns - last_ns
        if interval_ns < 0 or interval_ns > JUMP_NS:
            return TimestampsJumped(interval_ns)
        usual_ns = self.interval_ns
        if usual_ns is None and interval_ns > SURE_HOLE_NS:
            usual_ns = self._declared_ns
        if usual_ns is None or interval_ns < _HOLE * usual_ns:
            self._intervals.append(interval_ns)
            self._long.clear()
            return None
        self._adopt_new_rate(interval_ns)
        return FramesMissing(round(interval_ns / usual_ns) - 1, last_ns, pts_ns)

    def _adopt_new_rate(self, interval_ns: int) -> None:
        self._long.append(interval_ns)
        if len(self._long) < _SAME_RATE_IN_A_ROW:
            return
        if max(self._long) <= 1.2 * min(self._long):
            self._intervals.clear()
            self._intervals.extend(self._long * 2)
        self._long.clear()
