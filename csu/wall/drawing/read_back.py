"""What the wall shows, told from its pixels alone. Pure: an image and the places of the pictures in, readings out.

It knows nothing of what was meant to be drawn: a picture in the wrong tile, a tile that was not drawn or a pattern that
is not the one of its state all show here. A picture that lies on several panels is put together again first; what a
bezel hides of its frame mark is told to the reader of marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.frame_mark import FrameMark, read_mark
from csu.hal.wall import Corners, TileReading, TileState
from csu.wall.drawing.patterns import HATCHES, LOWER_SHARE, state_of_pixels, without_hatch
from csu.wall.drawing.upright import Upright
from csu.wall.model.fitting import FittedPiece

WORST_FIRST = (
    TileState.FORBIDDEN,
    TileState.NO_SIGNAL,
    TileState.STALE,
    TileState.MASKED,
    TileState.LIVE,
)
"""Of pieces of one tile that do not agree."""


@dataclass(frozen=True, slots=True)
class SeenPiece:
    """A piece that shows a camera, and where its picture lies in the framebuffer."""

    tile: str
    camera: CameraId
    z: int
    corners_px: Corners
    """All of it: it hides what lies below, also beside its picture."""
    fitted: FittedPiece


def read_tiles(wall_rgb: NDArray[np.uint8], pieces: Sequence[SeenPiece]) -> tuple[TileReading, ...]:
    """One reading per tile, in the order in which tiles first come. `wall_rgb`: uint8 (height, width, 3), top first."""
    of_tile: dict[str, list[SeenPiece]] = {}
    for piece in pieces:
        of_tile.setdefault(piece.tile, []).append(piece)
    return tuple(_read_tile(wall_rgb, each, _above(each, pieces)) for each in of_tile.values())


def _read_tile(wall_rgb: NDArray[np.uint8], pieces: Sequence[SeenPiece], above: Sequence[Upright]) -> TileReading:
    tile, camera = pieces[0].tile, pieces[0].camera
    strips = [_Strip.of(wall_rgb, piece, above) for piece in pieces]
    state = min((strip.state() for strip in strips), key=WORST_FIRST.index)
    mark = _mark_of(strips, state) if state in (TileState.LIVE, *HATCHES) else None
    if mark is None:
        return TileReading(camera, state, None, None, tile)
    return TileReading(camera, state, mark.camera_number, mark.frame_number, tile)


def _mark_of(strips: Sequence[_Strip], state: TileState) -> FrameMark | None:
    """From the lower parts of all pieces, put together as the picture is; `-1` where no piece shows it."""
    largest = max(strips, key=lambda strip: strip.rows.size)
    (left, _), (right, _) = largest.fitted.picture_at[0], largest.fitted.picture_at[3]
    width = max(1, round(largest.rows.shape[1] / (right - left)))
    height = max(1, round(largest.upright.height_px / _down(largest.fitted)))
    top = max(0, height - max(2, int(height * LOWER_SHARE)))
    whole = np.full((height, width), -1, np.int16)
    for strip in strips:
        grey = strip.grey(state)
        ys = _at((np.arange(top, height) + 0.5) / height, strip.down, grey.shape[0])
        xs = _at((np.arange(width) + 0.5) / width, strip.across, grey.shape[1])
        seen = grey[np.clip(ys, 0, None)[:, None], np.clip(xs, 0, None)[None]]
        shown = (ys >= 0)[:, None] & (xs >= 0)[None] & (seen >= 0)
        whole[top:][shown] = seen[shown]
    return read_mark(np.clip(whole, 0, 255).astype(np.uint8), hidden=whole < 0)


@dataclass(frozen=True, slots=True)
class _Strip:
    """The lower part of a picture, as one piece shows it: pixels as seen, and where they are in the framebuffer."""

    fitted: FittedPiece
    upright: Upright
    seen: NDArray[np.int16]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    free: NDArray[np.bool_]
    """Where nothing lies above."""
    across: tuple[float, float]
    down: tuple[float, float]
    """What of the picture it shows, in shares of it."""

    @staticmethod
    def of(wall_rgb: NDArray[np.uint8], piece: SeenPiece, above: Sequence[Upright]) -> _Strip:
        upright = Upright.of(piece.fitted.corners_px)
        (left, top), (right, bottom) = piece.fitted.picture_at[0], piece.fitted.picture_at[3]
        height = upright.height_px
        first = min(height - 1, max(0, int(height * (1 - LOWER_SHARE - top) / (bottom - top))))
        rows, columns = upright.places()
        free = np.ones(rows.shape, bool)
        for each in above:
            box = each.box
            free &= ~(
                (rows >= box[0].start) & (rows < box[0].stop) & (columns >= box[1].start) & (columns < box[1].stop)
            )
        lower = slice(first, None)
        down = (top + (bottom - top) * first / height, bottom)
        return _Strip(
            piece.fitted,
            upright,
            upright.view(wall_rgb)[lower].astype(np.int16),
            rows[lower],
            columns[lower],
            free[lower],
            (left, right),
            down,
        )

    def state(self) -> TileState:
        """Without the edges, where states and alarms draw a border."""
        inset = max(2, self.upright.height_px // 40)
        inside = np.zeros(self.free.shape, bool)
        inside[: self.free.shape[0] - inset, inset : self.free.shape[1] - inset] = True
        chosen = inside & self.free
        return state_of_pixels(self.seen[chosen], self.rows[chosen], self.columns[chosen])

    def grey(self, state: TileState) -> NDArray[np.int16]:
        """The picture's light, -1 where something lies above."""
        if state in HATCHES:
            grey = without_hatch(HATCHES[state], self.seen, self.rows, self.columns)
        else:
            grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(self.seen, np.uint8), cv2.COLOR_RGB2GRAY), np.uint8)
        return np.where(self.free, grey.astype(np.int16), np.int16(-1))


def _above(pieces: Sequence[SeenPiece], all_pieces: Iterable[SeenPiece]) -> list[Upright]:
    return [Upright.of(each.corners_px) for each in all_pieces if each.z > pieces[0].z]


def _at(share: NDArray[np.float64], part: tuple[float, float], count: int) -> NDArray[np.int64]:
    """Which of `count` pixels that show `part` shows each share; -1 for none."""
    place = np.floor((share - part[0]) / (part[1] - part[0]) * count).astype(np.int64)
    return np.where((place < 0) | (place >= count), np.int64(-1), place)


def _down(fitted: FittedPiece) -> float:
    return fitted.picture_at[3][1] - fitted.picture_at[0][1]
