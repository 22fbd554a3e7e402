"""All that an analysis remembers of one scene. When the scene changes, or the analysis ends, this is what goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from csu.detection.crossings import Crossings
from csu.detection.ground import GroundView
from csu.detection.heat import Heat
from csu.detection.line_counter import LineCounters
from csu.detection.motion_gate import MotionGate
from csu.detection.observed import Boxes, Detections, Ground, Rule
from csu.detection.places import Asked
from csu.detection.tracker import Tracker
from csu.hal.analysis import AnalysisAssignment
from csu.hal.clock import Nanoseconds

HIDDEN_SHARE = 0.8
"""Of a detection hidden by the mask: from there on it was seen in the fill."""
GROWN = 0.2
"""Of a track's box, added on each side where the detector looks for it again."""


class RulesFor(Protocol):
    """Makes the rules of an assignment for pictures of one size. `ground`: None when the camera is not calibrated."""

    def __call__(
        self, assignment: AnalysisAssignment, size_px: tuple[int, int], ground: Ground | None
    ) -> Sequence[Rule]: ...


class Scene:
    """All that is remembered of one scene, seen in pictures of one size for one purpose."""

    def __init__(
        self, assignment: AnalysisAssignment, rules_for: RulesFor, kind: tuple[int, int, int, bool, bool]
    ) -> None:
        width_px, height_px, _, self.has_rules, has_counts = self.kind = kind
        self.size_px = (width_px, height_px)
        self.gate = MotionGate(width_px, height_px)
        self.ground = ground_of(assignment, self.size_px)
        self.tracker = Tracker(self.ground)
        self.heat = Heat()
        self.rules = tuple(rules_for(assignment, self.size_px, self.ground)) if self.has_rules else ()
        rules = assignment.rules if self.has_rules else ()
        self.permitted = {(rule.type, rule.zone.zone) for rule in rules}
        lines, bins = (assignment.lines, assignment.bins) if has_counts else ((), ())
        self.line_counters = LineCounters.of(lines, self.ground, self.size_px)
        followed = [replace(each, classes=self.line_counters.left_to_tracks(each)) for each in lines]
        self.crossings = Crossings(followed, bins, self.size_px) if lines or bins else None
        self.asked = Asked.by([rule.zone for rule in rules], lines, bins, self.size_px)
        self.detected_ns: Nanoseconds | None = None

    def forget(self) -> None:
        """Another scene: nothing that was seen before holds."""
        self.tracker.reset()
        self.heat = Heat()
        self.detected_ns = None
        self.line_counters.reset()
        if self.crossings is not None:
            self.crossings.reset()
        for rule in self.rules:
            rule.reset()

    def expected(self, at_ns: Nanoseconds) -> Boxes:
        """(n, 4) px: where the detector must look for the tracks again."""
        boxes = self.tracker.expected(at_ns)
        by = (boxes[:, 2:] - boxes[:, :2]) * GROWN
        return np.concatenate([boxes[:, :2] - by, boxes[:, 2:] + by], axis=1).astype(np.float32)

    def shown(self, found: Detections) -> Detections:
        """Without what lies in the mask's fill."""
        hidden = self.gate.hidden
        if hidden is None or not len(found.boxes):
            return found
        sums = np.pad((hidden > 0).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        scale = np.array([hidden.shape[1] / self.size_px[0], hidden.shape[0] / self.size_px[1]] * 2)
        cells = found.boxes * scale
        limit = np.array([hidden.shape[1], hidden.shape[0]])
        left, top = np.clip(np.floor(cells[:, :2]), 0, limit - 1).astype(np.int64).T
        right, bottom = np.clip(np.ceil(cells[:, 2:]), 1, limit).astype(np.int64).T
        covered = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        keep = covered < HIDDEN_SHARE * np.maximum((right - left) * (bottom - top), 1)
        return Detections(found.boxes[keep], found.scores[keep], found.classes[keep])


def ground_of(assignment: AnalysisAssignment, size_px: tuple[int, int]) -> GroundView | None:
    """What its pose makes of pictures of that size; None: not calibrated. Raises GroundUnusable."""
    if assignment.pose is None:
        return None
    return GroundView(assignment.pose, *size_px, pose_width_px=assignment.pose_width_px, ground_m=assignment.ground_m)
