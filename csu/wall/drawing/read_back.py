"""What the wall shows, told from its pixels alone. Pure: an image and the places of the pictures in, readings out.

It knows nothing of what was meant to be drawn: a picture in the wrong tile, a tile that was not drawn or a pattern that
is not the one of its state all show here.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.frame_mark import FrameMark, read_mark
from csu.hal.wall import TileReading, TileState, WallTile
from csu.wall.drawing.patterns import grey_without_hatch, state_of_pixels
from csu.wall.model.layout import Rectangle


def read_tiles(wall_rgb: NDArray[np.uint8], tiles: Sequence[tuple[WallTile, Rectangle]]) -> tuple[TileReading, ...]:
    """One reading per tile. `wall_rgb`: uint8 (height, width, 3), top row first; each tile with its picture's place."""
    return tuple(_read_tile(wall_rgb, tile, picture) for tile, picture in tiles)


def _read_tile(wall_rgb: NDArray[np.uint8], tile: WallTile, picture: Rectangle) -> TileReading:
    state = state_of_pixels(wall_rgb, picture)
    mark: FrameMark | None = None
    if state is TileState.LIVE:
        crop = wall_rgb[picture.top_px : picture.bottom_px, picture.left_px : picture.right_px]
        mark = read_mark(np.asarray(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2GRAY), np.uint8))
    elif state is TileState.STALE:
        mark = read_mark(grey_without_hatch(wall_rgb, picture))
    if mark is None:
        return TileReading(tile.camera, state, None, None)
    return TileReading(tile.camera, state, mark.camera_number, mark.frame_number)
