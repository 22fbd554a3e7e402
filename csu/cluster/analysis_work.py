"""What an analysis process does, picture by picture: whose turn it is, what may be looked at, what is told.

One thread calls it. From an assignment's end on no picture of its camera is even fetched; what it held is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.detection.camera_analysis import CameraAnalysis, DetectorNeed
from csu.detection.models.moving_objects import MovingObjects
from csu.detection.observed import Detections, Detector, Ground, Rule
from csu.detection.rules.making import make_rules
from csu.detection.scheduler import DetectorShares
from csu.hal.analysis import AnalysisAssignment, AnalysisMinute, EventSignal, ObjectClass, SlotCount
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.place import PoseReading
from csu.hal.wall import TileSource
from csu.hal.words import NO_WORDS, Words
from csu.statistics.bin_visits import BinVisits
from csu.statistics.slot_counter import SlotCounter

PERIOD_NS = NS_PER_S // 5
"""Five pictures a second of each camera."""
LOOKED_NS_MAX = NS_PER_S
"""After a picture its camera counts as looked at for so long; then it was not."""
IDLE_S = 1.0
_LATE = Words("pas assez de temps de calcul : d'autres caméras avant elle", "too little computing time: others first")

Told: TypeAlias = EventSignal | AnalysisMinute | SlotCount


@dataclass(slots=True)
class Counting:
    """The `csu.detection.crossings.Counter` of one camera: adds up, and gives slots when they are over."""

    slots: SlotCounter
    visits: dict[str, BinVisits]
    looked_ns: Nanoseconds = 0

    @staticmethod
    def of(assignment: AnalysisAssignment) -> Counting:
        slots = SlotCounter(assignment.camera, assignment.lines, assignment.bins)
        return Counting(slots, {place.bin: BinVisits() for place in assignment.bins})

    def crossed(self, counter: str, object_class: ObjectClass, forward: bool, at_ns: Nanoseconds) -> None:
        self.slots.crossed(counter, object_class, forward, at_ns)

    def someone_at(self, bin_name: str, someone: bool, at_ns: Nanoseconds) -> None:
        if self.visits[bin_name].step(at_ns, someone):
            self.slots.deposit(bin_name, at_ns)

    def until(self, now_ns: Nanoseconds) -> list[SlotCount]:
        """Slots that are over."""
        return self.slots.looked(now_ns, 1.0 if now_ns - self.looked_ns <= LOOKED_NS_MAX else 0.0)


@dataclass(slots=True)
class _Timed:
    """A detector that tells what its looks cost."""

    real: Detector
    cpu_ns: Callable[[], int]
    spent_ns: int = 0

    @property
    def sha256(self) -> str:
        return self.real.sha256

    def detect(self, bgr: NDArray[np.uint8], regions: Sequence[tuple[int, int, int, int]] | None) -> Detections:
        began_ns = self.cpu_ns()
        found = self.real.detect(bgr, regions)
        self.spent_ns = self.cpu_ns() - began_ns
        return found


@dataclass(frozen=True, slots=True)
class _Looking:
    """What looks at one camera."""

    analysis: CameraAnalysis
    detector: _Timed
    counting: Counting | None


@dataclass(slots=True)
class _Seat:
    """One camera that may be looked at. `looking` None: not begun; or it cannot be, and `why_not` says why."""

    assignment: AnalysisAssignment
    began_ns: Nanoseconds
    due_ns: Nanoseconds
    looking: _Looking | None = None
    why_not: Words = NO_WORDS
    sequence: int = 0

    @property
    def end_ns(self) -> Nanoseconds:
        given = self.assignment
        counts_ns = given.counts_until_ns if given.lines or given.bins else 0
        return max(given.until_ns if given.rules else 0, counts_ns)


@dataclass(slots=True)
class AnalysisWork:
    """`detectors`: the one of those weights ("": any); raises CsuError. `budget_ms_per_s`: CPU time of detectors, ms
    a second, over all cameras. `cpu_ns`: CPU time of this thread."""

    source: TileSource
    detectors: Callable[[str], Detector]
    put: Callable[[Told], None]
    clock: Clock
    cpu_ns: Callable[[], int]
    budget_ms_per_s: float
    _seats: dict[CameraId, _Seat] = field(init=False, default_factory=dict)
    _readings: dict[CameraId, PoseReading | None] = field(init=False, default_factory=dict)
    _shares: DetectorShares = field(init=False)
    _minute_ns: Nanoseconds = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._shares = DetectorShares(self.budget_ms_per_s)
        self._minute_ns = self.clock.now_ns() // NS_PER_MINUTE * NS_PER_MINUTE

    def assign(self, assignments: Sequence[AnalysisAssignment]) -> None:
        """The whole set from now on. Nothing of a camera that is not in it, or is in it otherwise, is left."""
        wanted = {each.camera: each for each in assignments}
        now_ns = self.clock.now_ns()
        unserved_s = self._shares.take_unserved_s(now_ns)
        for camera, seat in list(self._seats.items()):
            if wanted.get(camera) != seat.assignment:
                self._leave(seat, unserved_s.get(camera, 0.0))
        for camera, assignment in wanted.items():
            if camera not in self._seats:
                self._seats[camera] = _Seat(assignment, now_ns, now_ns)

    def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """Where a camera that turns looks now."""
        self._readings[camera] = reading
        if (seat := self._seats.get(camera)) is not None and seat.looking is not None:
            seat.looking.analysis.turned(reading)

    def step(self) -> float:
        """Look at every picture that is due. Seconds until the next one."""
        for seat in sorted(self._seats.values(), key=lambda each: each.due_ns):
            now_ns = self.clock.now_ns()
            if now_ns >= seat.end_ns:
                self._leave(seat, 0.0)
            elif now_ns >= seat.due_ns:
                seat.due_ns = max(seat.due_ns + PERIOD_NS, now_ns)
                self._look(seat, now_ns)
        self._account()
        dues_ns = [min(each.due_ns, each.end_ns) for each in self._seats.values()]
        due_ns = min([*dues_ns, self._minute_ns + NS_PER_MINUTE])
        return min(IDLE_S, max(0.0, (due_ns - self.clock.now_ns()) / NS_PER_S))

    def stop(self) -> None:
        """Drop everything; what was looked at is accounted for."""
        self.assign([])

    def _begin(self, seat: _Seat) -> _Looking | None:
        """Not when it is assigned, but when its turn comes: to open a network takes seconds, to let go none."""
        given = seat.assignment
        try:
            counting = Counting.of(given) if given.lines or given.bins else None
            detector = _Timed(self.detectors(given.model), self.cpu_ns)
            analysis = CameraAnalysis(
                given,
                detector,
                _rules_for,
                began_ns=seat.began_ns,
                counter=counting,
                motion_classes=MovingObjects(),
                grant=lambda need: self._grant(given.camera, need),
            )
        except CsuError as error:
            seat.why_not = error.trouble.words
            return None
        analysis.turned(self._readings.get(given.camera))
        return _Looking(analysis, detector, counting)

    def _grant(self, camera: CameraId, need: DetectorNeed) -> bool:
        return self._shares.ask(camera, need, self.clock.now_ns())

    def _look(self, seat: _Seat, now_ns: Nanoseconds) -> None:
        if seat.looking is None and not seat.why_not:
            seat.looking = self._begin(seat)
            now_ns = self.clock.now_ns()
        looking, camera = seat.looking, seat.assignment.camera
        if looking is None or now_ns >= seat.end_ns:
            return
        picture = self.source.newest(camera, seat.sequence)
        if picture is not None:
            seat.sequence = picture.sequence
            looked = looking.analysis.step(picture, now_ns)
            if looked.detected:
                self._shares.spent(camera, looking.detector.spent_ns / NS_PER_MS)
            for signal in looked.signals:
                self.put(signal)
            if looked.not_looked is None and looking.counting is not None:
                looking.counting.looked_ns = now_ns
        if looking.counting is not None:
            for slot in looking.counting.until(now_ns):
                self.put(slot)

    def _leave(self, seat: _Seat, unserved_s: float) -> None:
        camera = seat.assignment.camera
        del self._seats[camera]
        self._shares.forget(camera)
        self.put(self._minute(seat, self._minute_ns, self.clock.now_ns(), unserved_s))
        if seat.looking is not None:
            seat.looking.analysis.end()

    def _account(self) -> None:
        now_ns = self.clock.now_ns()
        if now_ns < self._minute_ns + NS_PER_MINUTE:
            return
        unserved_s = self._shares.take_unserved_s(now_ns)
        for seat in self._seats.values():
            to_ns = self._minute_ns + NS_PER_MINUTE
            self.put(self._minute(seat, self._minute_ns, to_ns, unserved_s.get(seat.assignment.camera, 0.0)))
        self._minute_ns = now_ns // NS_PER_MINUTE * NS_PER_MINUTE

    def _minute(self, seat: _Seat, minute_ns: Nanoseconds, to_ns: Nanoseconds, unserved_s: float) -> AnalysisMinute:
        if seat.looking is not None:
            return seat.looking.analysis.take_minute(minute_ns, unserved_s, _LATE)
        missing_s = max(0, min(to_ns, seat.end_ns) - max(minute_ns, seat.began_ns)) / NS_PER_S
        return AnalysisMinute(seat.assignment.camera, minute_ns, 0, 0, 0, missing_s, seat.why_not)


def _rules_for(assignment: AnalysisAssignment, size_px: tuple[int, int], ground: Ground | None) -> Sequence[Rule]:
    return make_rules(assignment, ground, size_px).rules
