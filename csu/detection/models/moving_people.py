"""People on foot whom the network did not tell: what moves upright, and is as high and as wide as one.

A network loses who wears the colour of the ground; the motion gate does not. Without a calibration no height is known,
and nobody is told. Decision 0096 says what it brings and what it costs.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray

from csu.detection.models.moving_pieces import pieces_of
from csu.detection.models.suppression import shares_of_first
from csu.detection.observed import CLASSES, Boxes, Detections, Ground, Motion
from csu.hal.analysis import ObjectClass

HEIGHT_M = 1.7
SPREAD = 0.13
"""Standard deviation of the logarithm of a height: people differ by a tenth, and so does a shape's edge."""
WIDTH_M = (0.25, 1.4)
SCORE = 0.6
"""Of who is exactly that high: enough to begin a track with (`TrackerSettings.score_new`)."""
SCORE_MIN = 0.2
COVERED = 0.3
"""Share of a shape that found objects cover: they are told already."""
CELLS_MIN = 4
"""Height in cells of the gate: of a smaller shape none can be told."""
EDGE_CELLS = 1
"""By which the gate's boxes are larger on each side than what changed."""
FULL = 0.3
"""Share of a shape's cells that move: leaves, rain and noise make looser ones."""
PERSON = CLASSES.index(ObjectClass.PERSON)


def with_people(found: Detections, motion: Motion, ground: Ground | None, size_px: tuple[int, int]) -> Detections:
    """`found` in a picture of `size_px` (width, height), and people by their size."""
    if ground is None or motion.scene_changed or not len(motion.moving):
        return found
    grain_px = size_px[0] / motion.energy.shape[1]
    scored = [
        (score, box)
        for box in _shapes(motion, grain_px)
        if _is_whole(box, size_px, grain_px)
        and (score := _score(box, ground, grain_px)) >= SCORE_MIN
        and _covered(box, found.boxes) < COVERED
    ]
    told: list[tuple[NDArray[np.float64], float]] = []
    for score, box in sorted(scored, key=lambda each: -each[0]):
        if _covered(box, np.array([other for other, _ in told], np.float32).reshape(-1, 4)) < COVERED:
            told.append((box, score))
    if not told:
        return found
    return Detections(
        np.concatenate([found.boxes, np.array([box for box, _ in told], np.float32)]),
        np.concatenate([found.scores, np.array([score for _, score in told], np.float32)]),
        np.concatenate([found.classes, np.full(len(told), PERSON, np.int64)]),
    )


def _shapes(motion: Motion, grain_px: float) -> list[NDArray[np.float64]]:
    """What moved, without the gate's edge, where it is filled with motion; and the pieces of it."""
    found = []
    moved = motion.energy > 0
    for box in motion.moving.astype(np.float64):
        left, top, right, bottom = np.rint(box / grain_px).astype(int).tolist()
        cells = left + EDGE_CELLS, top + EDGE_CELLS, right - EDGE_CELLS, bottom - EDGE_CELLS
        for each in [*pieces_of(moved, cells), cells]:
            inside = moved[max(0, each[1]) : each[3], max(0, each[0]) : each[2]]
            if inside.shape[0] >= CELLS_MIN and inside.size and inside.mean() >= FULL:
                found.append(np.array(each, np.float64) * grain_px)
    return found


def _is_whole(box: NDArray[np.float64], size_px: tuple[int, int], grain_px: float) -> bool:
    inner = min(box[0], box[1], size_px[0] - box[2], size_px[1] - box[3])
    return bool(inner > (EDGE_CELLS + 0.5) * grain_px)


def _score(box: NDArray[np.float64], ground: Ground, grain_px: float) -> float:
    left, top, right, bottom = box.tolist()
    px_per_m = ground.px_per_m(((left + right) / 2, bottom))
    if px_per_m <= grain_px or not WIDTH_M[0] <= (right - left) / px_per_m <= WIDTH_M[1]:
        return 0.0
    return SCORE * exp(-((log((bottom - top) / px_per_m / HEIGHT_M) / SPREAD) ** 2) / 2)


def _covered(box: NDArray[np.float64], by: Boxes) -> float:
    """Share of it, up to twice over, that those cover."""
    return float(shares_of_first(np.asarray(box[None], np.float32), by).sum()) if len(by) else 0.0
