"""Where the tiles go. Pure: cameras and a size in, a `WallScene` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csu.hal.camera import CameraRecord
from csu.hal.wall import WallError, WallScene, WallTile
from csu.hal.words import Words

ASPECT_WIDTH, ASPECT_HEIGHT = 16, 9
TILE_WIDTH_PX_MIN, TILE_HEIGHT_PX_MIN = 80, 45
"""Below this a frame mark was no longer read without error (notes on the wall), and a person sees nothing either."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Pixels of the wall, origin top left."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int

    @property
    def right_px(self) -> int:
        return self.left_px + self.width_px

    @property
    def bottom_px(self) -> int:
        return self.top_px + self.height_px


def header_px(height_px: int) -> int:
    """Height of the band at the top that holds the title and the clock: 34 px on a wall of 720 lines."""
    return round(height_px * 34 / 720)


def gap_px(height_px: int) -> int:
    """Width of the separators."""
    return max(2, round(height_px / 180))


def grid_scene(cameras: Sequence[CameraRecord], width_px: int, height_px: int) -> WallScene:
    """All `cameras` on one wall, in order, tiles of 16:9 as large as they can be, a band left free at the top.

    Raises WallError when the tiles would be too small to be of use.
    """
    if not cameras:
        return WallScene(width_px, height_px, ())
    gap, header = gap_px(height_px), header_px(height_px)
    height_free = height_px - header
    sizes = {
        columns: _tile_size(len(cameras), columns, width_px, height_free, gap) for columns in range(1, len(cameras) + 1)
    }
    columns = max(sizes, key=lambda count: (sizes[count][0], -count))
    width, height = sizes[columns]
    if width < TILE_WIDTH_PX_MIN or height < TILE_HEIGHT_PX_MIN:
        smallest = f"{TILE_WIDTH_PX_MIN}x{TILE_HEIGHT_PX_MIN} px"
        raise WallError(
            Words(
                f"{len(cameras)} caméras auraient des vignettes de {width}x{height} px",
                f"{len(cameras)} cameras would get tiles of {width}x{height} px",
            ),
            where=f"wall/{width_px}x{height_px}",
            what_to_do=Words(
                f"Montrez moins de caméras, ou un mur plus grand ; une vignette fait au moins {smallest}",
                f"Show fewer cameras or a larger wall; a tile needs {smallest}",
            ),
        )
    rows = -(-len(cameras) // columns)
    left = (width_px - columns * width - (columns - 1) * gap) // 2
    top = header + (height_free - rows * height - (rows - 1) * gap) // 2
    tiles = tuple(
        WallTile(
            camera=record.camera,
            camera_number=record.number,
            label=f"{record.number:03d} · {record.name}",
            left_px=left + index % columns * (width + gap),
            top_px=top + index // columns * (height + gap),
            width_px=width,
            height_px=height,
        )
        for index, record in enumerate(cameras)
    )
    return WallScene(width_px, height_px, tiles)


def _tile_size(count: int, columns: int, width_px: int, height_px: int, gap: int) -> tuple[int, int]:
    rows = -(-count // columns)
    width = (width_px - (columns + 1) * gap) // columns
    height = (height_px - (rows + 1) * gap) // rows
    width = min(width, height * ASPECT_WIDTH // ASPECT_HEIGHT)
    return width, width * ASPECT_HEIGHT // ASPECT_WIDTH
