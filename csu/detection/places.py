"""Where on a picture something is asked for, and whether a camera that turns still looks there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

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
    boxes: Sequence[tuple[float, float, float, float]]

    @staticmethod
    def by(
        zones: Sequence[AnalysisZone], lines: Sequence[CountLine], bins: Sequence[BinPlace], size_px: tuple[int, int]
    ) -> Asked:
        """Around zones, lines and bins, with `MARGIN`."""
        shapes = [zone.corners for zone in zones] + [(line.start, line.end) for line in lines]
        shapes += [bin_.corners for bin_ in bins]
        width, height = size_px
        around = []
        for shape in shapes:
            xs, ys = [x for x, _ in shape], [y for _, y in shape]
            left, right = (min(xs) - MARGIN) * width, (max(xs) + MARGIN) * width
            around.append((left, (min(ys) - MARGIN) * height, right, (max(ys) + MARGIN) * height))
        return Asked(size_px, tuple(around))

    def of(self, boxes: Boxes) -> list[Box]:
        """Those of (n, 4) boxes that touch where something is asked for, in whole pixels of the picture."""
        width, height = self.size_px
        found = []
        for left, top, right, bottom in boxes.tolist():  # a handful: NumPy would take longer to begin
            if any(left < x2 and right > x1 and top < y2 and bottom > y1 for x1, y1, x2, y2 in self.boxes):
                box = max(0, floor(left)), max(0, floor(top)), min(width, ceil(right)), min(height, ceil(bottom))
                if box[0] < box[2] and box[1] < box[3]:
                    found.append(box)
        return found


def has_turned_away(pose: Pose | None, reading: PoseReading | None, now_ns: Nanoseconds) -> bool:
    """Whether a camera that turns does not look as `pose` says; True also when nobody knows (fail closed)."""
    if pose is None or reading is None or reading.moving or not reading.pose.is_finite() or not pose.is_finite():
        return True
    if now_ns - reading.at_ns > READING_S * NS_PER_S:
        return True
    now = reading.pose
    apart_deg = (abs((now.pan_deg - pose.pan_deg + 180.0) % 360.0 - 180.0), abs(now.tilt_deg - pose.tilt_deg))
    return max(apart_deg) > ANGLE_DEG or abs(now.focal_px / pose.focal_px - 1) > FOCAL_SHARE
