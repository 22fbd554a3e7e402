"""What the gate put into one box, piece by piece: two that pass each other, one and its ghost, one and its trail."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Cells: TypeAlias = tuple[int, int, int, int]
"""left, top, right, bottom in cells of the gate's picture."""
PIECE_CELLS_MIN = 6
PIECE_SHARE = 0.12
"""Of the largest piece: what is smaller is a wheel, a foot, a grain."""
PIECES_MAX = 12
_CLOSE = np.ones((3, 3), np.uint8)


def pieces_of(moved: NDArray[np.bool_], within: Cells) -> list[Cells]:
    """The pieces of what moved within a box, each with its own box; [] when it is one piece."""
    left, top, right, bottom = max(0, within[0]), max(0, within[1]), within[2], within[3]
    inside = np.ascontiguousarray(moved[top:bottom, left:right]).astype(np.uint8)
    if inside.size == 0:
        return []
    padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, _CLOSE)
    count, _, about, _ = cv2.connectedComponentsWithStats(closed, connectivity=8, ltype=cv2.CV_16U)
    if count <= 2:
        return []
    areas = about[1:, cv2.CC_STAT_AREA]
    kept = np.flatnonzero((areas >= PIECE_CELLS_MIN) & (areas >= PIECE_SHARE * areas.max()))
    found = []
    for x, y, wide, high, _area in about[1:][kept][:PIECES_MAX].tolist():
        found.append((left + x - 1, top + y - 1, left + x - 1 + wide, top + y - 1 + high))
    return found
