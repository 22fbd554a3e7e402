"""How a picture lies in a piece of its tile. Pure; done where the picture's size is known, by whoever draws."""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.wall import Corners, PictureFit, Point, ScenePiece
from csu.wall.model.placing import corners_of
from csu.wall.model.scene import WHOLE_PICTURE
from csu.wall.model.wall import Rect, whole_px

NOTHING = 1e-9
"""Share of a tile that no pixel shows."""


@dataclass(frozen=True, slots=True)
class FittedPiece:
    """Where the picture is drawn in the framebuffer, and what of it: corner for corner, shares of the picture."""

    corners_px: Corners
    picture_at: Corners


def fit_piece(piece: ScenePiece, width_px: int, height_px: int) -> FittedPiece | None:
    """A picture of that size in a piece; None when none of it comes there (beside a picture that is contained).

    Corners are whole pixels, as the piece's are.
    """
    left, top, right, bottom = piece.crop
    crop = Rect(left, top, right - left, bottom - top)
    shown, seen = _shares(piece.fit, crop, piece.tile_aspect, width_px / height_px)
    tile = _box(piece.tile_at)
    part = _common(tile, shown)
    if part is None:
        return None
    corners_px = tuple(_whole(_between(piece, tile, at)) for at in corners_of(part))
    picture = Rect(
        seen.left + (part.left - shown.left) / shown.width * seen.width,
        seen.top + (part.top - shown.top) / shown.height * seen.height,
        part.width / shown.width * seen.width,
        part.height / shown.height * seen.height,
    )
    return FittedPiece((corners_px[0], corners_px[1], corners_px[2], corners_px[3]), corners_of(picture))


def _shares(fit: PictureFit, crop: Rect, tile_aspect: float, picture_aspect: float) -> tuple[Rect, Rect]:
    """What of the tile the picture takes, and what of the picture is seen."""
    wider = picture_aspect * crop.width / crop.height / tile_aspect
    """How much wider than the tile what is shown would be at the tile's height."""
    across, down = min(1.0, 1 / wider), min(1.0, wider)
    if fit is PictureFit.CONTAIN:
        return Rect((1 - down) / 2, (1 - across) / 2, down, across), crop
    if fit is PictureFit.STRETCH:
        return WHOLE_PICTURE, crop
    left, top = crop.left + crop.width * (1 - across) / 2, crop.top + crop.height * (1 - down) / 2
    return WHOLE_PICTURE, Rect(left, top, crop.width * across, crop.height * down)


def _common(one: Rect, other: Rect) -> Rect | None:
    left, top = max(one.left, other.left), max(one.top, other.top)
    width, height = min(one.right, other.right) - left, min(one.bottom, other.bottom) - top
    return Rect(left, top, width, height) if min(width, height) > NOTHING else None


def _box(corners: Corners) -> Rect:
    (left, top), (right, bottom) = corners[0], corners[3]
    return Rect(left, top, right - left, bottom - top)


def _between(piece: ScenePiece, tile: Rect, at: Point) -> Point:
    """A place of the tile in the framebuffer; the piece may be turned."""
    right, down = (at[0] - tile.left) / tile.width, (at[1] - tile.top) / tile.height
    origin, across, along = piece.corners_px[0], piece.corners_px[1], piece.corners_px[2]
    x = origin[0] + right * (across[0] - origin[0]) + down * (along[0] - origin[0])
    y = origin[1] + right * (across[1] - origin[1]) + down * (along[1] - origin[1])
    return x, y


def _whole(at: Point) -> Point:
    return whole_px(at[0]), whole_px(at[1])
