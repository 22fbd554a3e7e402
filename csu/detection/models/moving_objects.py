"""Vehicles without a network: what moves, or came and stands still, and has a vehicle's size on the calibrated ground.

Explainable: each is the row of `vehicle_sizes` that its box fits, and by how much. Without a calibration no size is
known, and nothing is called a vehicle. A two-wheeler is told with its rider only, a lorry and a bus often for each
other (`Fit.score` is then about a half). What moves and is cut by the picture's edge is
at least as large as it shows, and a car if it is anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.detection.models.moving_people import with_people
from csu.detection.models.moving_pieces import Cells, pieces_of
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
"""times as wide as he is, with"""
BESIDE = 0.15
"""of its width on either side of him (a shadow falls to one): he rides it. Without him a two-wheeler's size is a
pedestrian's too (decision 0093)."""
EDGE_CELLS = 1
"""By which the gate's boxes are larger on each side than what changed."""
TRAIL = 0.7
"""Of a shape's area: where less of it moved, what moved may be the whole thing."""
NARROWEST_M = 1.1
"""No car shows less of its width: what does is somebody on foot, and need not be compared with the whole table."""
GRAINS_MIN = 3
"""Cells of the gate along the longer side: of a smaller shape no size can be told."""
VALLEY = 0.35
"""Of the lower of both crests: where so little moved in between, two shapes have grown together."""
SAME = 0.4
"""Intersection over union from which a moving and a still shape are one thing."""
TWO_WHEELERS = frozenset({ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE})
PERSON = CLASSES.index(ObjectClass.PERSON)
Box: TypeAlias = tuple[float, float, float, float]
Grid: TypeAlias = NDArray[np.bool_]


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


@dataclass(frozen=True, slots=True)
class _Seen:
    """The picture: what was found in it, and how large a cell of the gate's is."""

    fit: SizeFit
    found: Detections
    size_px: tuple[int, int]
    grain_px: float

    def told(self, shape: Box, is_moving: bool) -> SizedObject | None:
        """The vehicle that the shape is, if it is one."""
        if max(shape[2] - shape[0], shape[3] - shape[1]) < GRAINS_MIN * self.grain_px:
            return None
        cut = self._cut(shape)
        if any(cut) and not is_moving:
            return None  # a shadow that lies across the edge has any size
        is_ridden = not any(cut) and int(_riders(shape, self.found).sum()) == 1
        is_open = _covered(shape, self.found) < COVERED
        is_wide = any(cut) or self.fit.wide_m(shape) >= NARROWEST_M
        fit = self.fit.fit(shape, self.grain_px, cut) if is_ridden or (is_open and is_wide) else None
        if fit is None or fit.size.kind is None or fit.score < SCORE_MIN:
            return None
        if any(cut) and fit.size.kind is not ObjectClass.CAR:
            return None  # so large a thing will show whole, or is no thing
        is_one = is_ridden if fit.size.kind in TWO_WHEELERS else is_open
        return SizedObject(shape, fit) if is_one else None

    def _cut(self, shape: Box) -> tuple[bool, bool]:
        """Whether its width, its height may go on beyond the picture's edge."""
        near = (EDGE_CELLS + 0.5) * self.grain_px
        left, top, right, bottom = shape
        return min(left, self.size_px[0] - right) <= near, min(top, self.size_px[1] - bottom) <= near

    def cells(self, box: Box) -> Cells:
        left, top, right, bottom = (round(side / self.grain_px) for side in box)
        return left, top, right, bottom

    def box(self, left: int, top: int, part: Cells) -> Box:
        """A part of a shape that begins in the cell (left, top)."""
        x, y = left * self.grain_px, top * self.grain_px
        a, b, c, d = (side * self.grain_px for side in part)
        return x + a, y + b, x + c, y + d


def why_none(ground: Ground | None) -> Words:
    """What a reader is told instead of vehicles; no words where they are told."""
    if ground is not None:
        return NO_WORDS
    return Words(
        "caméra non calée : la taille de ce qui bouge est inconnue, aucun véhicule n'est reconnu par elle",
        "camera not calibrated: the size of what moves is not known, no vehicle is told by it",
    )


class MovingObjects:
    """The `MotionClasses` of any camera: vehicles by their size. It remembers nothing."""

    def added(self, found: Detections, motion: Motion, ground: Ground | None, size_px: tuple[int, int]) -> Detections:
        """What the network found in a picture of `size_px` (width, height), and vehicles by their size. Who rides a
        two-wheeler is that, and no person on foot."""
        return with_people(self._with_vehicles(found, motion, ground, size_px), motion, ground, size_px)

    def _with_vehicles(
        self, found: Detections, motion: Motion, ground: Ground | None, size_px: tuple[int, int]
    ) -> Detections:
        vehicles = self.vehicles(found, motion, ground, size_px)
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

    def vehicles(
        self, found: Detections, motion: Motion, ground: Ground | None, size_px: tuple[int, int]
    ) -> list[SizedObject]:
        """Each shape that is one, best first. `ground` None: not calibrated, so none."""
        if ground is None or motion.scene_changed:
            return []
        seen = _Seen(SizeFit(ground), found, size_px, size_px[0] / motion.energy.shape[1])
        told: list[SizedObject] = []
        for boxes, moved in ((motion.moving, motion.energy > 0), (motion.still, None)):
            for left, top, right, bottom in boxes.astype(np.float64).tolist():
                grown = EDGE_CELLS * seen.grain_px
                told += _of_shape((left + grown, top + grown, right - grown, bottom - grown), moved, seen)
        told.sort(key=lambda each: (-each.fit.score, each.box))
        kept: list[SizedObject] = []
        for each in told:
            box = np.array([each.box], np.float32)
            if not any(shares_of_union(box, np.array([other.box], np.float32))[0, 0] >= SAME for other in kept):
                kept.append(each)
        return kept


def _of_shape(shape: Box, moved: Grid | None, seen: _Seen) -> list[SizedObject]:
    """As one, as what moved of it alone, as two grown together, or piece by piece: whichever explains most."""
    ways: list[list[Box | None]] = [[shape]]
    if moved is not None:
        ways += [[_moved_part(shape, moved, seen)], _parts(shape, moved, seen), _pieces(shape, moved, seen)]
    best: list[SizedObject] = []
    most = 0.0
    for way in ways:
        boxes = [each for each in way if each is not None]
        told = [told for each in boxes if (told := seen.told(each, moved is not None)) is not None]
        area = sum(map(_area, boxes))
        worth = sum(_score(each) * _area(each.box) * _filled(each.box, moved, seen) for each in told)
        explained = worth / area if area and len(boxes) == len(way) else 0.0
        if explained > most:
            best, most = told, explained
    return best


def _filled(box: Box, moved: Grid | None, seen: _Seen) -> float:
    """Share of its cells that moved: a box around two of them is emptier than theirs."""
    if moved is None:
        return 1.0
    left, top, right, bottom = seen.cells(box)
    inside = moved[max(0, top) : bottom, max(0, left) : right]
    return float(inside.mean()) if inside.size else 0.0


def _pieces(shape: Box, moved: Grid, seen: _Seen) -> list[Box | None]:
    grain = seen.grain_px
    return [
        (left * grain, top * grain, right * grain, bottom * grain)
        for left, top, right, bottom in pieces_of(moved, seen.cells(shape))
    ]


def _riders(shape: Box, found: Detections) -> NDArray[np.bool_]:
    """Which of the found are persons in the shape, while it is much wider than they are."""
    within = shares_of_first(found.boxes, np.array([shape], np.float32))[:, 0] >= RIDER
    wide = shape[2] - shape[0]
    wider = wide >= WIDER * (found.boxes[:, 2] - found.boxes[:, 0])
    beside = np.minimum(found.boxes[:, 0] - shape[0], shape[2] - found.boxes[:, 2]) >= BESIDE * wide
    return np.asarray((found.classes == PERSON) & within & wider & beside)


def _score(each: SizedObject) -> float:
    return each.fit.score


def _kind(each: SizedObject) -> ObjectClass:
    assert each.fit.size.kind is not None  # noqa: S101 - people on foot are no SizedObject
    return each.fit.size.kind


def _covered(shape: Box, found: Detections) -> float:
    """Share of the shape that found objects cover; what two of them share counts twice, up to the whole."""
    return min(1.0, float(shares_of_first(np.array([shape], np.float32), found.boxes).sum()))


def _moved_part(shape: Box, moved: Grid, seen: _Seen) -> Box | None:
    """The part of a shape in which something moved, when much of it did not: light that changed where it came from."""
    left, top, right, bottom = seen.cells(shape)
    part = _tight(moved[top:bottom, left:right], 0, 0, right - left)
    if part is None:
        return None
    box = seen.box(left, top, part)
    return box if _area(box) < TRAIL * _area(shape) else None


def _parts(shape: Box, moved: Grid, seen: _Seen) -> list[Box | None]:
    """The two shapes that have grown together, when less moves between them than in either."""
    left, top, right, bottom = seen.cells(shape)
    inside = moved[top:bottom, left:right]
    for axis in (0, 1):
        cut = _valley(inside.sum(axis=axis))
        if cut is not None:
            halves = _tight(inside, axis, 0, cut), _tight(inside, axis, cut + 1, inside.shape[1 - axis])
            return [half and seen.box(left, top, half) for half in halves]
    return [None]


def _valley(profile: NDArray[np.int64]) -> int | None:
    """Where two crests part, at least two cells from either end."""
    best: tuple[float, int] | None = None
    for at in range(2, len(profile) - 2):
        crest = min(profile[:at].max(), profile[at + 1 :].max())
        depth = float(profile[at] / crest) if crest else 1.0
        if depth <= VALLEY and (best is None or depth < best[0]):
            best = depth, at
    return None if best is None else best[1]


def _tight(moved: Grid, axis: int, start: int, end: int) -> Cells | None:
    """What moves between two columns (`axis` 0) or rows."""
    part = moved[:, start:end] if axis == 0 else moved[start:end]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not len(rows):
        return None
    x, y = (start, 0) if axis == 0 else (0, start)
    return x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
