"""Vehicles without a network: what moves, or came and stands still, and has a vehicle's size on the calibrated ground.

Explainable: each is the row of `vehicle_sizes` that its box fits, and by how much. Without a calibration no size is
known, and nothing is called a vehicle. A two-wheeler is told with its rider only, a lorry and a bus often for each
other (`Fit.score` is then about a half). What touches the picture's edge is not all in view, and has no size yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.detection.models.size_fit import Fit, SizeFit
from csu.detection.models.suppression import shares_of_first, shares_of_union
from csu.detection.observed import CLASSES, Detections, Ground, Motion
from csu.hal.analysis import ObjectClass
from csu.hal.words import NO_WORDS, Words

SCORE_MIN = 0.25
"""Less, and it could as well be another kind, or none."""
COVERED = 0.5
"""Share of a shape that found objects cover: it is these, and no vehicle."""
RIDER = 0.6
"""Share of a person's box within a shape of a two-wheeler's size that is"""
WIDER = 1.5
"""times as wide as he is: he rides it. Without him a two-wheeler's size is a pedestrian's too (decision 0093)."""
GRAINS_MIN = 3
"""Cells of the gate along the longer side: of a smaller shape no size can be told."""
VALLEY = 0.35
"""Of the lower of both crests: where so little moved in between, two shapes have grown together."""
SAME = 0.4
"""Intersection over union from which a moving and a still shape are one thing."""
TWO_WHEELERS = frozenset({ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE})
PERSON = CLASSES.index(ObjectClass.PERSON)
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class SizedObject:
    """A shape and the row of the table that it fits."""

    box: Box
    fit: Fit

    @property
    def words(self) -> Words:
        """Why it is called that."""
        size, off = self.fit.size, round(100 * self.fit.error)
        sides = f"{size.length_m:g} x {size.width_m:g} x {size.height_m:g} m"
        return Words(f"{size.name.fr} ({sides}, à {off} % près)", f"{size.name.en} ({sides}, within {off} %)")


class MovingObjects:
    """Vehicles of one camera. `ground` None: not calibrated, so there are none, and `why_none` says it."""

    def __init__(self, ground: Ground | None) -> None:
        self._fit = None if ground is None else SizeFit(ground)

    @property
    def why_none(self) -> Words:
        """What a reader is told instead of vehicles; no words when they are told."""
        if self._fit is not None:
            return NO_WORDS
        return Words(
            "caméra non calée : la taille de ce qui bouge est inconnue, aucun véhicule n'est reconnu",
            "camera not calibrated: the size of what moves is not known, no vehicle is told",
        )

    def combined(self, found: Detections, motion: Motion, size_px: tuple[int, int]) -> Detections:
        """What the network found in a picture of `size_px` (width, height), and vehicles by their size. Who rides a
        two-wheeler is that, and no person on foot."""
        vehicles = self.vehicles(found, motion, size_px)
        if not vehicles:
            return found
        on = np.zeros(len(found.boxes), np.bool_)
        for each in vehicles:
            if _kind(each) in TWO_WHEELERS:
                on |= _riders(each.box, found)
        boxes = np.array([each.box for each in vehicles], np.float32)
        scores = np.array([each.fit.score for each in vehicles], np.float32)
        kinds = np.array([CLASSES.index(_kind(each)) for each in vehicles], np.int64)
        return Detections(
            np.concatenate([found.boxes[~on], boxes]),
            np.concatenate([found.scores[~on], scores]),
            np.concatenate([found.classes[~on], kinds]),
        )

    def vehicles(self, found: Detections, motion: Motion, size_px: tuple[int, int]) -> list[SizedObject]:
        """Each shape that is one, best first."""
        if self._fit is None or motion.scene_changed:
            return []
        grain_px = size_px[0] / motion.energy.shape[1]
        told: list[SizedObject] = []
        for shape, is_moving in _shapes(motion, size_px, grain_px):
            told += self._of_shape(shape, is_moving, found, motion.energy, grain_px)
        told.sort(key=lambda each: (-each.fit.score, each.box))
        kept: list[SizedObject] = []
        for each in told:
            box = np.array([each.box], np.float32)
            if not any(shares_of_union(box, np.array([other.box], np.float32))[0, 0] >= SAME for other in kept):
                kept.append(each)
        return kept

    def _of_shape(
        self, shape: Box, is_moving: bool, found: Detections, energy: NDArray[np.uint8], grain_px: float
    ) -> list[SizedObject]:
        whole = self._told([shape], found, grain_px)
        parts = _parts(shape, energy, grain_px) if is_moving else []
        apart = self._told(parts, found, grain_px)
        is_two = len(apart) == 2 and min(_score(each) for each in apart) > max(map(_score, whole), default=0.0)
        return apart if is_two else whole

    def _told(self, shapes: list[Box], found: Detections, grain_px: float) -> list[SizedObject]:
        assert self._fit is not None  # noqa: S101 - asked by the caller
        told = []
        for shape in shapes:
            is_ridden = int(_riders(shape, found).sum()) == 1
            is_open = _covered(shape, found) < COVERED
            if not (is_ridden or is_open):
                continue
            fit = self._fit.fit(shape, grain_px)
            if fit is None or fit.size.kind is None or fit.score < SCORE_MIN:
                continue
            if is_ridden if fit.size.kind in TWO_WHEELERS else is_open:
                told.append(SizedObject(shape, fit))
        return told


class VehiclesBySize:
    """A `csu.detection.observed.MotionClasses`, for any camera."""

    def added(self, found: Detections, motion: Motion, ground: Ground, size_px: tuple[int, int]) -> Detections:
        """See `MotionClasses.added`."""
        return MovingObjects(ground).combined(found, motion, size_px)


def _riders(shape: Box, found: Detections) -> NDArray[np.bool_]:
    """Which of the found are persons in the shape, while it is much wider than they are."""
    within = shares_of_first(found.boxes, np.array([shape], np.float32))[:, 0] >= RIDER
    wide = shape[2] - shape[0] >= WIDER * (found.boxes[:, 2] - found.boxes[:, 0])
    return np.asarray((found.classes == PERSON) & within & wide)


def _score(each: SizedObject) -> float:
    return each.fit.score


def _kind(each: SizedObject) -> ObjectClass:
    assert each.fit.size.kind is not None  # noqa: S101 - people on foot are no SizedObject
    return each.fit.size.kind


def _shapes(motion: Motion, size_px: tuple[int, int], grain_px: float) -> Iterator[tuple[Box, bool]]:
    """Shapes wholly in view and large enough to have a size, and whether they move."""
    width, height = size_px
    for boxes, is_moving in ((motion.moving, True), (motion.still, False)):
        for left, top, right, bottom in boxes.astype(np.float64).tolist():
            in_view = min(left, top, width - right, height - bottom) > grain_px / 2
            if in_view and max(right - left, bottom - top) >= GRAINS_MIN * grain_px:
                yield (left, top, right, bottom), is_moving


def _covered(shape: Box, found: Detections) -> float:
    """Share of the shape that found objects cover; what two of them share counts twice, up to the whole."""
    return min(1.0, float(shares_of_first(np.array([shape], np.float32), found.boxes).sum()))


def _parts(shape: Box, energy: NDArray[np.uint8], grain_px: float) -> list[Box]:
    """The two shapes that have grown together, when less moves between them than in either; else none."""
    left, top, right, bottom = (round(side / grain_px) for side in shape)
    cells = energy[top:bottom, left:right] > 0
    for axis in (0, 1):
        cut = _valley(cells.sum(axis=axis))
        if cut is None:
            continue
        halves = [(0, cut), (cut + 1, cells.shape[1 - axis])]
        boxes = [_tight(cells, axis, start, end) for start, end in halves]
        if all(box is not None for box in boxes):
            return [
                ((left + b[0]) * grain_px, (top + b[1]) * grain_px, (left + b[2]) * grain_px, (top + b[3]) * grain_px)
                for b in boxes
                if b is not None
            ]
    return []


def _valley(profile: NDArray[np.int64]) -> int | None:
    """Where two crests part, at least two cells from either end."""
    best: tuple[float, int] | None = None
    for at in range(2, len(profile) - 2):
        crest = min(profile[:at].max(), profile[at + 1 :].max())
        depth = float(profile[at] / crest) if crest else 1.0
        if depth <= VALLEY and (best is None or depth < best[0]):
            best = depth, at
    return None if best is None else best[1]


def _tight(cells: NDArray[np.bool_], axis: int, start: int, end: int) -> tuple[int, int, int, int] | None:
    """What moves between two columns (`axis` 0) or rows, as left, top, right, bottom in cells."""
    part = cells[:, start:end] if axis == 0 else cells[start:end]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not len(rows):
        return None
    x, y = (start, 0) if axis == 0 else (0, start)
    return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1
