"""The edge route: does the audit refuse each picture in which a camera's own masks do not hide what they must?

The pictures are made apart from `csu.masking.edge`: polygons burnt in by OpenCV, the truth looked up cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from csu.hal.camera import OnboardMask
from csu.hal.chance import Chance
from csu.hal.frames import Plane, YuvPlanes
from csu.masking import edge
from csu.masking.cover import CELL_PX, Cover, cell_shape
from csu.masking.proof.footage import PictureKind, pixels_of, street

WIDTH_PX, HEIGHT_PX = 320, 192
_MASKS_MAX, _CORNERS_MAX = 8, 4


def edge_audit(rounds: Iterable[int], chance: Chance) -> list[str]:
    """What the audit got wrong, in words: a bad picture taken, or a good one refused."""
    found = []
    for number in rounds:
        dice = chance.stream(f"edge/{number}")
        cover = _rectangles(dice)
        colour = edge.MASK_COLOURS_YUV[number % len(edge.MASK_COLOURS_YUV)]
        masks = edge.edge_masks(cover, _MASKS_MAX, _CORNERS_MAX, colour)
        if masks is None:
            continue  # this cover is for the engine route
        full_range = bool(dice.integer(0, 1))
        for is_recorded in (True, False):
            verifier = edge.EdgeVerifier(cover, colour, (WIDTH_PX, HEIGHT_PX), is_recorded=is_recorded)
            for name, burnt in _variants(masks, dice).items():
                picture = _burnt(street(dice, WIDTH_PX, HEIGHT_PX, 0, PictureKind(8, full_range=full_range)), burnt)
                is_good = name == "as asked"
                if not is_good and not _shows(picture, cover, masks, 16):
                    continue  # this defect hides nothing less here
                if (verifier.missing(picture) is None) != is_good:
                    found.append(f"{'refused' if is_good else 'taken'}: {name}, round {number}, {is_recorded=}")
    return found


def _variants(masks: Sequence[OnboardMask], dice: Chance) -> dict[str, Sequence[OnboardMask]]:
    """What cameras do with masks."""
    shift = 24 / WIDTH_PX
    wrong = tuple(reversed(edge.MASK_COLOURS_YUV))
    return {
        "as asked": masks,
        "none": (),
        "one missing": [mask for i, mask in enumerate(masks) if i != dice.integer(0, len(masks) - 1)][: len(masks) - 1],
        "shifted": [_with(mask, [(x + shift, y) for x, y in mask.corners]) for mask in masks],
        "shrunk": [_with(mask, _shrunk(mask.corners)) for mask in masks],
        "another colour": [
            OnboardMask(mask.name, mask.corners, wrong[edge.MASK_COLOURS_YUV.index(mask.colour_yuv)]) for mask in masks
        ],
    }


def _with(mask: OnboardMask, corners: Sequence[tuple[float, float]]) -> OnboardMask:
    return OnboardMask(mask.name, tuple(corners), mask.colour_yuv)


def _shrunk(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    x0, y0 = (sum(corner[axis] for corner in corners) / len(corners) for axis in (0, 1))
    return [(x0 + (x - x0) * 0.7, y0 + (y - y0) * 0.7) for x, y in corners]


def _burnt(planes: YuvPlanes, masks: Sequence[OnboardMask]) -> YuvPlanes:
    y, u, v = (np.ascontiguousarray(plane) for plane in (planes.y, planes.u, planes.v))
    for mask in masks:
        levels = _as_shown(mask.colour_yuv, planes.full_range)
        for plane, level, step in zip((y, u, v), levels, (1, 2, 2), strict=True):
            corners = np.array(mask.corners) * (WIDTH_PX / step, HEIGHT_PX / step) - 0.5
            cv2.fillPoly(plane, [np.rint(corners * 16).astype(np.int32)], (level,), cv2.LINE_8, 4)
    return YuvPlanes(y, u, v, planes.full_range)


def _shows(picture: YuvPlanes, cover: Cover, masks: Sequence[OnboardMask], levels: int) -> bool:
    """Whether a good part of what must be hidden is not in the mask's colour."""
    hidden = pixels_of(cover.cells, WIDTH_PX, HEIGHT_PX)
    inner = cv2.erode(hidden.astype(np.uint8), np.ones((2 * CELL_PX - 1,) * 2, np.uint8)) > 0
    level = _as_shown(masks[0].colour_yuv, picture.full_range)[0]
    return int((np.abs(_signed(picture.y) - level) > levels)[inner].sum()) > 50


def _signed(plane: Plane) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.asarray(plane, np.int64)


def _as_shown(colour: tuple[int, int, int], full_range: bool) -> tuple[int, int, int]:
    if not full_range:
        return colour
    y, u, v = colour
    return round((y - 16) * 255 / 219), round((u - 128) * 255 / 224) + 128, round((v - 128) * 255 / 224) + 128


def _rectangles(dice: Chance) -> Cover:
    """Two or three blocks of cells: what a few polygons can hide."""
    cells = np.zeros(cell_shape(WIDTH_PX, HEIGHT_PX), np.bool_)
    for _ in range(dice.integer(2, 3)):
        row, column = dice.integer(0, cells.shape[0] - 4), dice.integer(0, cells.shape[1] - 5)
        cells[row : row + dice.integer(3, 5), column : column + dice.integer(3, 6)] = True
    return Cover(WIDTH_PX, HEIGHT_PX, cells)
