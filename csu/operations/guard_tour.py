"""Guard tours: a person looks at each camera of a round in turn; what was really seen is measured (OPS-6). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

SEEN_NS_MIN = 3 * NS_PER_S
"""[D]: a live picture that was up for less was not looked at."""


class TourRefused(CsuError):
    """A tour without cameras, or one that takes no time. Nothing began."""


@dataclass(frozen=True, slots=True)
class GuardTour:
    """A round: cameras in order, each for `dwell_ns`. Raises TourRefused."""

    tour: str
    cameras: tuple[CameraId, ...]
    dwell_ns: Nanoseconds

    def __post_init__(self) -> None:
        if not self.cameras or self.dwell_ns < SEEN_NS_MIN:
            raise TourRefused(
                Words("une ronde a une caméra au moins, et 3 s pour chacune", "a tour has a camera, and 3 s for each"),
                where=self.tour,
                what_to_do=Words("Complétez la ronde", "Complete the tour"),
            )


@dataclass(frozen=True, slots=True)
class LookAt:
    """Command: bring this camera up (and its lease of rank TOUR, if it turns)."""

    camera: CameraId
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class TourReport:
    """What a round came to: each of its cameras is in exactly one of the two."""

    tour: str
    person: str
    begun_at_ns: Nanoseconds
    ended_at_ns: Nanoseconds
    seen_ns: dict[CameraId, Nanoseconds]
    """How long a live picture of it was up, of those seen."""
    not_seen: dict[CameraId, Words]
    """And why."""
    completed: bool


TourOutcome: TypeAlias = LookAt | TourReport

_NOT_PERMITTED = Words("pas autorisée", "not permitted")
_NOT_LIVE = Words("pas d'image en direct", "no live picture")
_BROKEN_OFF = Words("ronde interrompue", "tour broken off")


class TourRun:
    """One person on one round."""

    def __init__(self, tour: GuardTour, person: str, may_view: Callable[[CameraId, Nanoseconds], bool]) -> None:
        """`may_view`: whether this person may see that camera at that instant; asked when the round comes to it."""
        self._tour, self._person, self._may_view = tour, person, may_view
        self._left = list(tour.cameras)
        self._begun_at_ns: Nanoseconds = 0
        self._now: tuple[CameraId, Nanoseconds] | None = None
        self._live_since_ns: Nanoseconds | None = None
        self._live_ns: dict[CameraId, Nanoseconds] = {}
        self._not_seen: dict[CameraId, Words] = {}

    @property
    def begun_at_ns(self) -> Nanoseconds:
        """When it began."""
        return self._begun_at_ns

    @property
    def camera(self) -> CameraId | None:
        """What is looked at now."""
        return self._now[0] if self._now else None

    def begin(self, now_ns: Nanoseconds) -> list[TourOutcome]:
        """The first camera that may be seen; the report at once when there is none."""
        self._begun_at_ns = now_ns
        return self._next(now_ns)

    def live(self, is_live: bool, now_ns: Nanoseconds) -> None:
        """The wall says whether the tile shows a live picture of the camera asked for, by the picture's age."""
        self._count(now_ns)
        self._live_since_ns = now_ns if is_live and self._now else None

    def tick(self, now_ns: Nanoseconds) -> list[TourOutcome]:
        """The next camera once this one had its time; the report after the last."""
        if self._now is None or now_ns - self._now[1] < self._tour.dwell_ns:
            return []
        return self._leave(now_ns, _NOT_LIVE)

    def break_off(self, now_ns: Nanoseconds) -> list[TourOutcome]:
        """An alarm, or the person has to go: the rest was not seen, and the report says so."""
        if self._now is None:
            return []
        rest, self._left = self._left, []
        self._not_seen |= dict.fromkeys(rest, _BROKEN_OFF)
        return self._leave(now_ns, _BROKEN_OFF)

    def _leave(self, now_ns: Nanoseconds, why: Words) -> list[TourOutcome]:
        assert self._now is not None  # noqa: S101 - both callers looked; for mypy
        self._count(now_ns)
        camera = self._now[0]
        if self._live_ns.get(camera, 0) < SEEN_NS_MIN:
            self._not_seen[camera] = why
        self._now = self._live_since_ns = None
        return self._next(now_ns)

    def _next(self, now_ns: Nanoseconds) -> list[TourOutcome]:
        while self._left:
            camera = self._left.pop(0)
            if self._may_view(camera, now_ns):
                self._now = (camera, now_ns)
                return [LookAt(camera, now_ns)]
            self._not_seen[camera] = _NOT_PERMITTED
        seen_ns = {c: self._live_ns[c] for c in self._tour.cameras if self._live_ns.get(c, 0) >= SEEN_NS_MIN}
        not_seen = {c: why for c, why in self._not_seen.items() if c not in seen_ns}
        completed = _BROKEN_OFF not in self._not_seen.values()
        return [TourReport(self._tour.tour, self._person, self._begun_at_ns, now_ns, seen_ns, not_seen, completed)]

    def _count(self, now_ns: Nanoseconds) -> None:
        if self._now is not None and self._live_since_ns is not None:
            camera = self._now[0]
            self._live_ns[camera] = self._live_ns.get(camera, 0) + now_ns - self._live_since_ns
            self._live_since_ns = now_ns


def not_seen_in(reports: Iterable[TourReport], cameras: Iterable[CameraId]) -> tuple[CameraId, ...]:
    """Of a shift's reports: which of `cameras` no tour saw, in order."""
    seen = {camera for report in reports for camera in report.seen_ns}
    return tuple(camera for camera in cameras if camera not in seen)
