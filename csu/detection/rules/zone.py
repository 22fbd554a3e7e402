"""A zone on a picture, in pixels: who stands in it, how much ground it is, and what of it the mask hides."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Boxes, Ground, Observed, Tracked
from csu.hal.analysis import AnalysisZone, ObjectClass, PictureBox
from csu.hal.errors import BadInput
from csu.hal.personal_data import unfit_for_a_place
from csu.hal.words import Words

Points: TypeAlias = NDArray[np.float64]
"""(n, 2) px."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom, px."""
EDGE_PARTS = 8
"""An edge is taken in so many parts to the ground: a lens bends it."""
VEHICLES = frozenset({ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE, ObjectClass.CAR, ObjectClass.BUS, ObjectClass.TRUCK})
BOXES_MAX = 16


class ZoneRefused(BadInput):
    """A zone that is no polygon within the picture."""


class ZoneOnPicture:
    """The polygon of an `AnalysisZone` on a picture of `size_px` (width, height)."""

    def __init__(self, zone: AnalysisZone, size_px: tuple[int, int]) -> None:
        """Raises ZoneRefused for corners that make no polygon or lie outside the picture, and for a name that is none:
        it stands beside every signal, and is kept."""
        corners = np.asarray(zone.corners, np.float64).reshape(-1, 2) if zone.corners else np.zeros((0, 2))
        is_within = bool(np.isfinite(corners).all() and (corners >= 0).all() and (corners <= 1).all())
        if len(corners) < 3 or not is_within or _area(corners) < 1e-6:
            raise ZoneRefused(
                Words("ces coins ne font pas une zone de l'image", "these corners make no zone of the picture"),
                where=zone.zone,
                what_to_do=Words("Dessinez-la de nouveau, dans l'image", "Draw it again, within the picture"),
            )
        unfit = unfit_for_a_place(zone.zone) if zone.zone else Words("une zone sans nom", "a zone without a name")
        if unfit is not None:
            raise ZoneRefused(
                unfit, where="zone", what_to_do=Words("Donnez-lui le nom du lieu", "Give it the name of the place")
            )
        self.name = zone.zone
        self.size_px = size_px
        self.corners_px: Points = corners * np.asarray(size_px, np.float64)
        self._next = np.roll(self.corners_px, -1, axis=0)

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """(n,): which of the (n, 2) points lie in it (even-odd rule)."""
        x, y = points[:, 0, None], points[:, 1, None]
        (x1, y1), (x2, y2) = self.corners_px.T, self._next.T
        with np.errstate(divide="ignore", invalid="ignore"):
            crosses = ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        return np.asarray(np.count_nonzero(crosses, axis=1) % 2 == 1)

    def area_m2(self, ground: Ground) -> float | None:
        """Of the ground in it; None: it reaches above the horizon."""
        steps = np.arange(EDGE_PARTS)[None, :, None] / EDGE_PARTS
        outline = self.corners_px[:, None] + (self._next - self.corners_px)[:, None] * steps
        on_ground = ground.to_ground(outline.reshape(-1, 2))
        return _area(on_ground) if np.isfinite(on_ground).all() else None

    def cells(self, shape: tuple[int, int]) -> tuple[Points, NDArray[np.bool_]]:
        """The middles of a (rows, columns) grid over the picture, (rows * columns, 2) px, and which lie in it."""
        rows, columns = shape
        x = (np.arange(columns) + 0.5) * self.size_px[0] / columns
        y = (np.arange(rows) + 0.5) * self.size_px[1] / rows
        middles = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        return middles, self.holds(middles)

    def tracks_in(self, seen: Observed, kinds: frozenset[ObjectClass]) -> list[Tracked]:
        """Tracks of these kinds whose foot is in it, where the mask hides nothing. Those that the detector missed in
        this picture are left out; in a picture at which it did not look, all are where they were expected."""
        known = [each for each in seen.tracks if each.kind in kinds and (each.is_seen or not seen.detected)]
        if not known:
            return []
        feet = np.array([foot_px(each) for each in known], np.float64)
        inside = self.holds(feet) & ~hidden_at(seen, feet)
        return [each for each, is_in in zip(known, inside, strict=True) if is_in]


def box_of(row: NDArray[Any]) -> Box:
    """One row of (n, 4) boxes."""
    left, top, right, bottom = row.tolist()
    return left, top, right, bottom


def boxes_of(box: Box) -> Boxes:
    """(1, 4): one box as boxes."""
    return np.array([box], np.float32)


def foot_px(track: Tracked) -> tuple[float, float]:
    """Where it meets the ground in the picture."""
    left, _, right, bottom = track.box
    return (left + right) / 2, bottom


def feet_px(boxes: Boxes) -> Points:
    """(n, 2) feet of (n, 4) boxes."""
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1).astype(np.float64)


def middles_px(boxes: Boxes) -> Points:
    """(n, 2) middles of (n, 4) boxes."""
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], axis=1).astype(np.float64)


def hidden_at(seen: Observed, points: Points) -> NDArray[np.bool_]:
    """(n,): which points the mask hides, and those outside the picture."""
    width, height = seen.size_px
    outside = (points[:, 0] < 0) | (points[:, 1] < 0) | (points[:, 0] > width) | (points[:, 1] > height)
    if seen.hidden is None:
        return np.asarray(outside)
    rows, columns = seen.hidden.shape
    x = np.clip(points[:, 0] * columns / width, 0, columns - 1).astype(np.int64)
    y = np.clip(points[:, 1] * rows / height, 0, rows - 1).astype(np.int64)
    return np.asarray(outside | (seen.hidden[y, x] > 0))


def overlaps(boxes: Boxes, box: Box) -> NDArray[np.float64]:
    """(n,): intersection over union of (n, 4) boxes with one."""
    common = _common(boxes, box)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    own = (box[2] - box[0]) * (box[3] - box[1])
    return np.asarray(common / np.maximum(areas + own - common, 1e-9), np.float64)


def covered_by(boxes: Boxes, box: Box) -> NDArray[np.float64]:
    """(n,): share of `box` that each of (n, 4) boxes covers."""
    return np.asarray(_common(boxes, box) / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9), np.float64)


def inside_of(boxes: Boxes, box: Box) -> NDArray[np.float64]:
    """(n,): share of each of (n, 4) boxes that lies within `box`."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.asarray(_common(boxes, box) / np.maximum(areas, 1e-9), np.float64)


def shares(box: Box, size_px: tuple[int, int]) -> PictureBox:
    """A box of pixels in shares of the picture, cut at its edges."""
    width, height = size_px
    left, right = (min(max(x / width, 0.0), 1.0) for x in (box[0], box[2]))
    top, bottom = (min(max(y / height, 0.0), 1.0) for y in (box[1], box[3]))
    return PictureBox(left, top, right, bottom)


def _common(boxes: Boxes, box: Box) -> NDArray[np.float64]:
    width = np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0])
    height = np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1])
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0), np.float64)


def _area(ring: Points) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
