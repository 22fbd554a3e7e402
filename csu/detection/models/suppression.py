"""One box a thing: of boxes of one class that say the same, the best remains; so does the whole of what a part cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Boxes

SAME = 0.5
"""Intersection over union from which two boxes of a class are one thing."""
CUT_IN = 0.6
"""Share of a cut box that lies in another look's box: it is that thing, cut."""


def kept_boxes(
    boxes: Boxes,
    scores: NDArray[np.float32],
    classes: NDArray[np.int64],
    cut: NDArray[np.bool_],
    look_of: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Indices of the boxes that remain, by class and falling score. `look_of`: boxes of one look never suppress each
    other (networks that give one box a thing); None: they do."""
    order = np.lexsort((boxes[:, 3], boxes[:, 2], boxes[:, 1], boxes[:, 0], -scores, cut, classes))
    one, cuts, kinds = boxes[order], cut[order], classes[order]
    same = shares_of_union(one, one) >= SAME
    pieces = cuts[None, :] & (shares_of_first(one, one).T >= CUT_IN)
    beats = (same | pieces) & (kinds[:, None] == kinds[None, :])
    if look_of is not None:
        looks = look_of[order]
        beats &= looks[:, None] != looks[None, :]
    alive = np.ones(len(order), np.bool_)
    for at in range(len(order)):
        if alive[at]:
            alive[at + 1 :] &= ~beats[at, at + 1 :]
    kept = order[alive]
    return kept[np.lexsort((np.arange(len(kept)), -scores[kept], classes[kept]))]


def shares_of_union(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """(n, m): intersection over union."""
    shared = _shared(first, second)
    union = _areas(first)[:, None] + _areas(second)[None, :] - shared
    return shared / np.maximum(union, 1e-9)


def shares_of_first(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """(n, m): how much of each box of `first` lies in each of `second`."""
    return _shared(first, second) / np.maximum(_areas(first)[:, None], 1e-9)


def shares_of_smaller(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """(n, m): how much of the smaller of both lies in the other."""
    smaller = np.minimum(_areas(first)[:, None], _areas(second)[None, :])
    return _shared(first, second) / np.maximum(smaller, 1e-9)


def _shared(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    a, b = first.astype(np.float64)[:, None], second.astype(np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    return np.asarray(sides.clip(0).prod(axis=-1))


def _areas(boxes: Boxes) -> NDArray[np.float64]:
    wide = boxes.astype(np.float64)
    return np.asarray((wide[:, 2] - wide[:, 0]) * (wide[:, 3] - wide[:, 1]))
