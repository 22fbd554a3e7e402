"""The patterns of STALE and NO_SIGNAL, as numbers shared by the shader that draws and the reader that checks.

They are exact to one level and no video makes them by chance: a guess from colours alone took 19 of 200 live pictures
for a state, the exact test none (notes on the wall).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csu.hal.wall import TileState
from csu.wall.model.layout import Rectangle

CHECKER_PX = 16
CHECKER_DARK = (20, 21, 26)
CHECKER_LIGHT = (31, 33, 41)

HATCH_EVERY_PX, HATCH_WIDE_PX = 48, 6
HATCH = (242, 140, 0)
HATCH_MIX = 0.6

LOWER_SHARE = 0.35
"""Share of the picture, from its bottom, where no label is ever drawn: the states are read there."""
AGREEMENT = 0.98
"""Share of the pixels that must follow the pattern."""
_LEVELS_OFF = 2


def state_of_pixels(wall_rgb: NDArray[np.uint8], picture: Rectangle) -> TileState:
    """The state that the pixels of a picture on the wall show. `wall_rgb`: uint8 (height, width, 3), the whole wall."""
    inset = max(2, picture.height_px // 40)  # the edge that states draw around a tile
    top = picture.bottom_px - max(2, int(picture.height_px * LOWER_SHARE))
    bottom, left, right = picture.bottom_px - inset, picture.left_px + inset, picture.right_px - inset
    if bottom <= top or right <= left:
        return TileState.NO_SIGNAL  # a picture too thin to be told is not called live
    rows, columns = np.mgrid[top:bottom, left:right]
    seen = wall_rgb[top:bottom, left:right].astype(np.int16)
    light = ((rows // CHECKER_PX + columns // CHECKER_PX) % 2).astype(bool)
    checker = np.where(light[..., None], np.array(CHECKER_LIGHT), np.array(CHECKER_DARK))
    if np.mean(np.abs(seen - checker).max(axis=2) <= _LEVELS_OFF) >= AGREEMENT:
        return TileState.NO_SIGNAL
    hatched = _hatched(rows, columns)
    red_blue = HATCH_MIX * (HATCH[0] - HATCH[2])
    green_blue = HATCH_MIX * (HATCH[1] - HATCH[2])
    # Under the hatch the picture is grey, so the differences between the colours are those of the hatch alone.
    off_red = np.abs(seen[..., 0] - seen[..., 2] - np.where(hatched, red_blue, 0))
    off_green = np.abs(seen[..., 1] - seen[..., 2] - np.where(hatched, green_blue, 0))
    if np.mean((off_red <= _LEVELS_OFF) & (off_green <= _LEVELS_OFF)) >= AGREEMENT:
        return TileState.STALE
    return TileState.LIVE


def grey_without_hatch(wall_rgb: NDArray[np.uint8], picture: Rectangle) -> NDArray[np.uint8]:
    """The grey picture of a STALE tile with the hatch taken off again: uint8 (height, width).

    Under 200 px of width the hatch covers whole cells of a frame mark; its colour and share are known.
    """
    rows, columns = np.mgrid[picture.top_px : picture.bottom_px, picture.left_px : picture.right_px]
    blue = wall_rgb[picture.top_px : picture.bottom_px, picture.left_px : picture.right_px, 2].astype(np.float32)
    below = (blue - HATCH_MIX * HATCH[2]) / (1 - HATCH_MIX)
    return np.asarray(np.clip(np.where(_hatched(rows, columns), below, blue), 0, 255), np.uint8)


def _hatched(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (rows + columns) % HATCH_EVERY_PX < HATCH_WIDE_PX
