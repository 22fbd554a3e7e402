"""The analysis as it runs in a centre, with its steps timed: the same gate, detector, tracker, rules and crossings."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csu.detection.camera_analysis import CameraAnalysis, Looked
from csu.detection.evaluation.counting import Counted
from csu.detection.evaluation.measured import CpuNs, Step
from csu.detection.models.moving_objects import MovingObjects
from csu.detection.observed import Detections, Detector, Finding, Ground, Observed, Rule
from csu.detection.rules.making import make_rules
from csu.hal.analysis import AnalysisAssignment, EventType, ObjectClass
from csu.hal.clock import Nanoseconds
from csu.hal.wall import TilePicture
from csu.hal.words import Words

MEASURED_ONLY = frozenset({EventType.FIRE_START})
"""Off in a centre until it is measured, and run here because this is the measurement."""


class _Spent:
    """CPU time of the steps of one clip."""

    def __init__(self, cpu_ns: CpuNs) -> None:
        self.now = cpu_ns
        self.ns: Tally[Step] = Tally()


@dataclass(frozen=True)
class _TimedDetector:
    real: Detector
    spent: _Spent

    @property
    def sha256(self) -> str:
        return self.real.sha256

    def detect(self, bgr: NDArray[np.uint8], regions: Sequence[tuple[int, int, int, int]] | None) -> Detections:
        before = self.spent.now()
        found = self.real.detect(bgr, regions)
        self.spent.ns[Step.DETECTOR] += self.spent.now() - before
        return found


@dataclass(frozen=True)
class _TimedRule:
    real: Rule
    spent: _Spent

    @property
    def version(self) -> str:
        return self.real.version

    def step(self, seen: Observed) -> Sequence[Finding]:
        before = self.spent.now()
        found = self.real.step(seen)
        self.spent.ns[Step.RULES] += self.spent.now() - before
        return found

    def reset(self) -> None:
        self.real.reset()


@dataclass(slots=True)
class _Counts:
    """The `Counter` of one clip."""

    crossings: Tally[Counted] = field(default_factory=Tally)

    def crossed(self, counter: str, object_class: ObjectClass, forward: bool, at_ns: Nanoseconds) -> None:
        self.crossings[Counted(counter, object_class, forward)] += 1

    def someone_at(self, bin_name: str, someone: bool, at_ns: Nanoseconds) -> None:
        """Deposits are the counting room's affair, and not scored here."""


class Chain:
    """One analysis of one clip."""

    def __init__(
        self,
        assignment: AnalysisAssignment,
        detector: Detector,
        began_ns: Nanoseconds,
        cpu_ns: CpuNs,
    ) -> None:
        self._spent, self._counts = _Spent(cpu_ns), _Counts()
        self.cannot_run: dict[EventType, Words] = {}
        """Types that are asked for and have no rule here, and why."""
        self._analysis = CameraAnalysis(
            assignment,
            _TimedDetector(detector, self._spent),
            self._rules_for,
            began_ns=began_ns,
            counter=self._counts,
            motion_classes=MovingObjects(),
        )

    @property
    def crossings(self) -> Tally[Counted]:
        return self._counts.crossings

    @property
    def cpu_ns(self) -> Tally[Step]:
        """Of what was looked at so far."""
        return self._spent.ns

    def look(self, picture: TilePicture) -> Looked:
        """What came of one picture."""
        spent = self._spent
        before, of_parts = spent.now(), spent.ns[Step.DETECTOR] + spent.ns[Step.RULES]
        looked = self._analysis.step(picture, picture.captured_at_ns)
        of_parts = spent.ns[Step.DETECTOR] + spent.ns[Step.RULES] - of_parts
        spent.ns[Step.GATE_AND_TRACKER] += spent.now() - before - of_parts
        return looked

    def end(self) -> None:
        """The clip is over."""
        self._analysis.end()

    def _rules_for(
        self, assignment: AnalysisAssignment, size_px: tuple[int, int], ground: Ground | None
    ) -> Sequence[Rule]:
        made = make_rules(assignment, ground, size_px, measuring=MEASURED_ONLY)
        self.cannot_run |= {each.type: each.why for each in made.unavailable}
        return [_TimedRule(rule, self._spent) for rule in made.rules]
