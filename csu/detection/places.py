"""Where on a picture something is asked for, and whether a camera that turns still looks there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from csu.detection.observed import Boxes
from csu.hal.analysis import AnalysisZone, BinPlace, CountLine
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.place import Pose, PoseReading

Box = tuple[int, int, int, int]
"""left, top, right, bottom px."""

MARGIN = 0.1
"""Of the picture, around each zone, line and bin: what comes to it is followed from there."""
ANGLE_DEG, FOCAL_SHARE = 0.5, 0.03
"""How far a camera may look beside its pose: steps of a mount coming back to a preset (notes on vision, section 6)."""
READING_S = 3.0
"""An older reading tells nothing of where a camera looks now [D]."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Boxes around all that is asked for, on a picture of `size_px`."""

    size_px: tuple[int, int]
    boxes: Boxes

    @staticmethod
    def by(
        zones: Sequence[AnalysisZone], lines: Sequence[CountLine], bins: Sequence[BinPlace], size_px: tuple[int, int]
    ) -> Asked:
        """Around zones, lines and bins, with `MARGIN`."""
        shapes = [zone.corners for zone in zones] + [(line.start, line.end) for line in lines]
        shapes += [bin_.corners for bin_ in bins]
        size = np.array(size_px, np.float64)
        around = [
            np.concatenate([np.min(shape, axis=0) - MARGIN, np.max(shape, axis=0) + MARGIN]).reshape(2, 2) * size
            for shape in shapes
        ]
        return Asked(size_px, np.array(around, np.float32).reshape(-1, 4))

    def of(self, boxes: Boxes) -> list[Box]:
        """Those of (n, 4) boxes that touch where something is asked for, in whole pixels of the picture."""
        if not len(boxes) or not len(self.boxes):
            return []
        low = np.maximum(boxes[:, None, :2], self.boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], self.boxes[None, :, 2:])
        touched = boxes[np.any(np.all(high > low, axis=2), axis=1)]
        limit = np.array([*self.size_px, *self.size_px])
        whole = np.concatenate([np.floor(touched[:, :2]), np.ceil(touched[:, 2:])], axis=1)
        found = np.clip(whole, 0, limit).astype(int).tolist()
        return [(left, top, right, bottom) for left, top, right, bottom in found if left < right and top < bottom]


def has_turned_away(pose: Pose | None, reading: PoseReading | None, now_ns: Nanoseconds) -> bool:
    """Whether a camera that turns does not look as `pose` says; True also when nobody knows (fail closed)."""
    if pose is None or reading is None or reading.moving or not reading.pose.is_finite() or not pose.is_finite():
        return True
    if now_ns - reading.at_ns > READING_S * NS_PER_S:
        return True
    now = reading.pose
    apart_deg = (abs((now.pan_deg - pose.pan_deg + 180.0) % 360.0 - 180.0), abs(now.tilt_deg - pose.tilt_deg))
    return max(apart_deg) > ANGLE_DEG or abs(now.focal_px / pose.focal_px - 1) > FOCAL_SHARE
