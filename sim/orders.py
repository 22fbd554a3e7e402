"""The prefecture of the simulated city: orders and agreements with their dates, and what stops or begins in a run.

It states the papers that the centre goes by, and keeps by itself when each camera may be recorded: what the centre
makes of its papers is judged against that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from sim.intervals import Interval, difference, union
from sim.papers import PaperCamera, PapersOf, PaperTerms, Suspension, papers_text

_PARIS = ZoneInfo("Europe/Paris")
_FOR_EVER_NS: Nanoseconds = 2**62


@dataclass(frozen=True, slots=True)
class Closing:
    """[start_ns, end_ns) no paper lets these cameras be recorded; known to the centre since `told_ns`."""

    cameras: frozenset[CameraId]
    start_ns: Nanoseconds
    end_ns: Nanoseconds
    told_ns: Nanoseconds


@dataclass(slots=True)
class _Standing:
    """A commune's papers, as they are now."""

    terms: PaperTerms
    is_member: bool = True
    suspensions: list[Suspension] = field(default_factory=list)


class Prefecture:
    """All papers of the city. Give `state` the centre's `Papers.state`."""

    def __init__(
        self,
        cameras: Sequence[PaperCamera],
        clock: Clock,
        begins_ns: Nanoseconds,
        terms: Mapping[CommuneId, PaperTerms] | None = None,
        joining: frozenset[CommuneId] = frozenset(),
    ) -> None:
        """`joining`: communes that are no members yet."""
        self._clock = clock
        self._begins_ns = begins_ns
        self._cameras = {camera.camera: camera for camera in cameras}
        communes = dict.fromkeys(camera.commune for camera in cameras)
        known = terms or {}
        self._standing = {c: _Standing(known.get(c, PaperTerms()), c not in joining) for c in communes}
        self.closings: list[Closing] = []
        self.nonsense_refused = 0
        self.state: Callable[[str], None] = lambda text: None
        for commune in communes:
            if commune in joining:
                self._close(self.cameras_of(commune), begins_ns, told_ns=begins_ns)
            self._foresee(commune, begins_ns)
        for camera in cameras:
            if camera.third_party_until is not None:
                self._close({camera.camera}, start_of_day_ns(camera.third_party_until), told_ns=begins_ns)

    def text(self) -> str:
        """The papers of now, as JSON."""
        cameras = [camera for camera in self._cameras.values() if self._standing[camera.commune].is_member]
        terms = {commune: standing.terms for commune, standing in self._standing.items()}
        suspensions = [stop for standing in self._standing.values() for stop in standing.suspensions]
        return papers_text(PapersOf(cameras, self._begins_ns, terms, suspensions))

    def cameras_of(self, commune: CommuneId) -> frozenset[CameraId]:
        return frozenset(camera.camera for camera in self._cameras.values() if camera.commune == commune)

    def closed(self, camera: CameraId) -> tuple[Interval, ...]:
        """When no paper lets it be recorded, as far as the prefecture knows now."""
        return union((each.start_ns, each.end_ns) for each in self.closings if camera in each.cameras)

    def is_closed(self, camera: CameraId, at_ns: Nanoseconds) -> bool:
        """Whether it may not be recorded at that instant."""
        return any(start_ns <= at_ns < end_ns for start_ns, end_ns in self.closed(camera))

    # -- what happens -------------------------------------------------------------------------------------------------

    def suspend(self, commune: CommuneId) -> None:
        """The prefect suspends the order, until `resume`."""
        now_ns = self._clock.now_ns()
        self._standing[commune].suspensions.append(Suspension(commune, now_ns))
        self._close(self.cameras_of(commune), now_ns, told_ns=now_ns)
        self._state()

    def resume(self, commune: CommuneId) -> None:
        """He lets it hold again; what was withdrawn stays so."""
        now_ns, stops = self._clock.now_ns(), self._standing[commune].suspensions
        index = next(i for i, stop in enumerate(stops) if stop.to_ns is None and not stop.withdrawn)
        begun_ns, stops[index] = stops[index].from_ns, replace(stops[index], to_ns=now_ns)
        self._end_closing(self.cameras_of(commune), begun_ns, now_ns)
        self._state()

    def withdraw(self, commune: CommuneId) -> None:
        """He withdraws it, for good."""
        now_ns = self._clock.now_ns()
        self._standing[commune].suspensions.append(Suspension(commune, now_ns, withdrawn=True))
        self._close(self.cameras_of(commune), now_ns, told_ns=now_ns)
        self._state()

    def end(self, commune: CommuneId, *, agreement: bool) -> Nanoseconds:
        """The order, or the commune's agreement, ends with the day in Paris. Out: when that is, ns UTC."""
        now_ns, standing = self._clock.now_ns(), self._standing[commune]
        day = _first_day_from(now_ns)
        terms = standing.terms
        standing.terms = replace(terms, leaves_on=day) if agreement else replace(terms, ends_on=day)
        self._close(self.cameras_of(commune), start_of_day_ns(day), told_ns=now_ns)
        self._state()
        return start_of_day_ns(day)

    def join(self, commune: CommuneId) -> None:
        """A commune comes in, with its order and its agreement."""
        now_ns, standing = self._clock.now_ns(), self._standing[commune]
        today = datetime.fromtimestamp(now_ns // NS_PER_S, UTC).date()
        standing.is_member, standing.terms = True, replace(standing.terms, from_day=today)
        self._end_closing(self.cameras_of(commune), self._begins_ns, now_ns)
        self._state()

    def move(self, camera: CameraId, by_m: float) -> None:
        """Somebody puts a camera elsewhere, and tells nobody but the register of where it stands (AUT-3)."""
        now_ns, where = self._clock.now_ns(), self._cameras[camera]
        self._place(camera, now_ns, where.x_m + by_m)
        self._close({camera}, now_ns, told_ns=now_ns)
        self._state()

    def put_back(self, camera: CameraId, moved_ns: Nanoseconds) -> None:
        """It stands again where the prefect was told it does."""
        now_ns = self._clock.now_ns()
        self._place(camera, now_ns, self._cameras[camera].x_m)
        self._end_closing({camera}, moved_ns, now_ns)
        self._state()

    def push_nonsense(self) -> None:
        """Somebody states papers that cannot be: they must be refused, and those of before stand."""
        try:
            self.state(self.text()[:-1])
        except CsuError:
            self.nonsense_refused += 1
        else:
            raise RuntimeError("papers that are no papers were taken")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _state(self) -> None:
        self.state(self.text())

    def _place(self, camera: CameraId, now_ns: Nanoseconds, x_m: float) -> None:
        where = self._cameras[camera]
        self._cameras[camera] = replace(where, moves=(*where.moves, (now_ns, x_m, where.y_m)))

    def _foresee(self, commune: CommuneId, told_ns: Nanoseconds) -> None:
        """What its papers already say of their beginning and end."""
        terms, cameras = self._standing[commune].terms, self.cameras_of(commune)
        if terms.from_day is not None and start_of_day_ns(terms.from_day) > told_ns:
            # The papers of a camera count from midnight UTC, an hour or two into the day in Paris.
            begins_ns = _day_utc_ns(terms.from_day)
            self.closings.append(Closing(cameras, told_ns, begins_ns, told_ns))
        for day in (terms.ends_on, terms.leaves_on):
            if day is not None:
                self._close(cameras, start_of_day_ns(day), told_ns=told_ns)

    def _close(self, cameras: frozenset[CameraId] | set[CameraId], start_ns: Nanoseconds, *, told_ns: int) -> None:
        self.closings.append(Closing(frozenset(cameras), start_ns, _FOR_EVER_NS, told_ns))

    def _end_closing(
        self, cameras: frozenset[CameraId] | set[CameraId], begun_ns: Nanoseconds, end_ns: Nanoseconds
    ) -> None:
        index = next(
            i
            for i, each in enumerate(self.closings)
            if each.cameras == cameras and each.start_ns == begun_ns and each.end_ns == _FOR_EVER_NS
        )
        self.closings[index] = replace(self.closings[index], end_ns=end_ns)


def start_of_day_ns(day: date) -> Nanoseconds:
    """The first instant of a day in Paris, ns UTC."""
    return int(datetime.combine(day, time.min, _PARIS).timestamp()) * NS_PER_S


def _first_day_from(at_ns: Nanoseconds) -> date:
    """The first day in Paris that begins at that instant or after it."""
    today = datetime.fromtimestamp(at_ns // NS_PER_S, _PARIS).date()
    return today if start_of_day_ns(today) >= at_ns else today + timedelta(days=1)


def _day_utc_ns(day: date) -> Nanoseconds:
    return int(datetime.combine(day, time.min, UTC).timestamp()) * NS_PER_S


GRACE_NS = 60 * NS_PER_S
"""AUT-6: what a prefect stopped is stopped within a minute."""


def wrongly_recorded(
    closings: Sequence[Closing], holes: Sequence[Interval], unreachable: Sequence[Interval], ends_ns: Nanoseconds
) -> tuple[Interval, ...]:
    """What was recorded of a camera in its closings, and its node could know. `unreachable`: when nobody reached it."""
    wrong: list[Interval] = []
    for each in closings:
        due_ns = max(each.start_ns, reached_ns(each.told_ns, unreachable) + GRACE_NS)
        wrong += difference([(due_ns, min(each.end_ns, ends_ns))], holes)
    return union(wrong)


def wrongly_closed(
    closings: Sequence[Closing], closed: Sequence[Interval], unreachable: Sequence[Interval]
) -> tuple[Interval, ...]:
    """When its node was told not to film a camera whose papers let it be filmed."""
    lawful = [(each.start_ns, reached_ns(each.end_ns, unreachable) + GRACE_NS) for each in closings]
    return difference(closed, lawful)


def reached_ns(at_ns: Nanoseconds, unreachable: Sequence[Interval]) -> Nanoseconds:
    """When a node can first be told what is known at `at_ns`; a retry takes up to 30 s, the grace holds it."""
    for start_ns, end_ns in unreachable:
        if start_ns <= at_ns + GRACE_NS and at_ns < end_ns:
            at_ns = end_ns
    return at_ns
