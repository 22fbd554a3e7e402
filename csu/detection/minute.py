"""The account of a minute: what was looked at, what was not and why. Of whom is not in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from csu.hal.analysis import AnalysisMinute
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import NO_WORDS, Words

BETWEEN_NS_MAX = 2 * NS_PER_S
"""Two pictures farther apart: the time between them was not looked at."""
_MINUTE_NS = 60 * NS_PER_S


class NotLooked(StrEnum):
    """Why nothing of a picture was computed."""

    ENDED = "ended"
    """The order, or the purpose of counting, is over: nothing may be computed."""
    WHOLLY_MASKED = "wholly_masked"
    TURNED_AWAY = "turned_away"
    """The camera does not look as its assignment says, or nobody knows where it looks."""
    OLD = "old"
    """Not newer than the last."""


WHY = {
    NotLooked.WHOLLY_MASKED: Words("image entièrement masquée", "wholly masked picture"),
    NotLooked.TURNED_AWAY: Words("la caméra regarde ailleurs", "the camera looks elsewhere"),
}
NO_PICTURES = Words("aucune image", "no pictures")


@dataclass(slots=True)
class Minute:
    """What is counted between two accounts of a camera that may be looked at from `began_ns` to `until_ns`."""

    camera: CameraId
    began_ns: Nanoseconds
    until_ns: Nanoseconds
    _pictures: int = 0
    _detected: int = 0
    _signals: int = 0
    _served_ns: int = 0
    _last_ns: Nanoseconds | None = None
    _blind: dict[NotLooked, int] = field(default_factory=dict)

    def looked(self, at_ns: Nanoseconds, *, detected: bool, signals: int) -> None:
        """A picture was looked at."""
        self._pictures += 1
        self._detected += detected
        self._signals += signals
        if self._last_ns is not None and 0 < at_ns - self._last_ns <= BETWEEN_NS_MAX:
            self._served_ns += at_ns - self._last_ns
        self._last_ns = at_ns

    def blind(self, at_ns: Nanoseconds, why: NotLooked) -> None:
        """A picture came that could not be looked at."""
        self._blind[why] = self._blind.get(why, 0) + 1
        self._last_ns = None

    def take(self, minute_ns: Nanoseconds, detector_unserved_s: float, why: Words) -> AnalysisMinute:
        """The minute that began at `minute_ns`; counted anew from here.

        `detector_unserved_s`: how long the detector was refused (`DetectorShares`), `why` of that.
        """
        asked_ns = min(minute_ns + _MINUTE_NS, self.until_ns) - max(minute_ns, self.began_ns)
        missing_s = max(0, asked_ns - self._served_ns - self._edges_ns()) / NS_PER_S
        unserved_s = min(max(missing_s, detector_unserved_s), max(0, asked_ns) / NS_PER_S)
        told = why if detector_unserved_s >= missing_s else self._why_blind()
        account = AnalysisMinute(
            self.camera,
            minute_ns,
            self._pictures,
            self._detected,
            self._signals,
            unserved_s,
            told if unserved_s > 0 else NO_WORDS,
        )
        self._pictures = self._detected = self._signals = self._served_ns = 0
        self._blind.clear()
        return account

    def _edges_ns(self) -> int:
        """A minute begins and ends between two pictures: one interval of them is in neither account."""
        return min(BETWEEN_NS_MAX, self._served_ns // max(1, self._pictures - 1)) if self._pictures > 1 else 0

    def _why_blind(self) -> Words:
        if not self._blind:
            return NO_PICTURES
        return WHY[max(self._blind, key=lambda why: (self._blind[why], why))]
