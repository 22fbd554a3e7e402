"""The least a camera's recording must be: arrêté du 3 août 2007 (TEC-1, TEC-2). Pure."""

from __future__ import annotations

from collections import deque

from csu.hal.camera import CameraId, ViewType
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words

NARROW_SIZE_PX, SIZE_PX = (704, 576), (352, 288)
"""(width, height): of cameras working mainly in narrow view, traffic excluded; of all others."""
NARROW_FRAMES_PER_S, FRAMES_PER_S = 12.0, 6.0
RATE_WINDOW_NS = 10 * NS_PER_S
"""The rate in service is that of any 10 s (TEC-2)."""


def floor_violations(view: ViewType, width_px: int, height_px: int, frames_per_s: float) -> list[Words]:
    """What is below the floor of this view; empty when nothing is.

    Smaller pictures of a narrow view are lawful where faces of 90 x 60 pixels can be cut out of them. Nothing here can
    measure that, so they are refused.
    """
    least, rate = floor_of(view)
    found = []
    if width_px < least[0] or height_px < least[1]:
        size, floor = f"{width_px}x{height_px}", f"{least[0]}x{least[1]}"
        found.append(Words(f"{size} pixels, il en faut {floor}", f"{size} pixels, at least {floor} are due"))
    if not frames_per_s >= rate:  # also for a rate that is not a number
        found.append(
            Words(
                f"{frames_per_s:g} images par seconde, il en faut {rate:g}",
                f"{frames_per_s:g} pictures a second, at least {rate:g} are due",
            )
        )
    return found


def floor_of(view: ViewType) -> tuple[tuple[int, int], float]:
    """((width, height) in pixels, pictures a second)."""
    narrow = view is ViewType.NARROW
    return (NARROW_SIZE_PX, NARROW_FRAMES_PER_S) if narrow else (SIZE_PX, FRAMES_PER_S)


def require_floors(camera: CameraId, view: ViewType, width_px: int, height_px: int, frames_per_s: float) -> None:
    """The door of commissioning. Raises BadInput for a profile below the floors."""
    found = floor_violations(view, width_px, height_px, frames_per_s)
    if found:
        raise BadInput(
            Words(", ".join(words.fr for words in found), ", ".join(words.en for words in found)),
            where=camera,
            what_to_do=Words(
                "Réglez la caméra plus finement, ou choisissez un autre de ses flux (arrêté du 3 août 2007)",
                "Set the camera finer, or choose another of its streams (arrêté du 3 août 2007)",
            ),
        )


class RateWatch:
    """The rate in service of one camera: fed with each recorded picture, it tells when a window of 10 s falls below the
    floor, and when one is good again. One picture less than the floor asks is borne: windows cut pictures at both ends.
    """

    def __init__(self, view: ViewType) -> None:
        _, self._rate = floor_of(view)
        self._least = round(self._rate * RATE_WINDOW_NS / NS_PER_S) - 1
        self._seen: deque[Nanoseconds] = deque()
        self._since_ns: Nanoseconds | None = None
        self._is_low = False

    def picture(self, at_ns: Nanoseconds) -> Words | None:
        """A picture was recorded. Words when the camera has just fallen below its floor, else None.

        A time that goes back begins a new account: the camera's clock was set.
        """
        if self._seen and at_ns < self._seen[-1]:
            self.interrupted()
        if self._since_ns is None:
            self._since_ns = at_ns
        self._seen.append(at_ns)
        while self._seen[0] <= at_ns - RATE_WINDOW_NS:
            self._seen.popleft()
        if at_ns - self._since_ns < RATE_WINDOW_NS:
            return None
        was_low, self._is_low = self._is_low, len(self._seen) < self._least
        if was_low or not self._is_low:
            return None
        measured = len(self._seen) * NS_PER_S / RATE_WINDOW_NS
        return Words(
            f"{measured:.1f} images par seconde sur 10 s, il en faut {self._rate:g}",
            f"{measured:.1f} pictures a second over 10 s, at least {self._rate:g} are due",
        )

    @property
    def is_low(self) -> bool:
        """Whether the last whole window was below the floor."""
        return self._is_low

    def interrupted(self) -> None:
        """The recording stopped: that is a gap, told as one, and no low rate."""
        self._seen.clear()
        self._since_ns = None
        self._is_low = False
