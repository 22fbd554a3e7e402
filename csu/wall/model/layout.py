"""A plain grid: a wall of one panel without a bezel, and pictures on it as large as they can be. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csu.hal.camera import CameraRecord
from csu.hal.wall import NodeScene, OverlayKind, WallError, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.hal.words import Words
from csu.wall.directing.programme import Slot, SlotId, SlotRule
from csu.wall.model.placing import ALARM_STYLE, place
from csu.wall.model.scene import Overlay, Scene, Tile
from csu.wall.model.wall import Node, Panel, Rect, Wall

ASPECT_WIDTH, ASPECT_HEIGHT = 16, 9
TILE_WIDTH_PX_MIN, TILE_HEIGHT_PX_MIN = 80, 45
"""Below this a frame mark was no longer read without error (notes on the wall), and a person sees nothing either."""
ONE_PANEL, ONE_NODE = WallPanelId("mur"), WallNodeId("mur")


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


def one_panel(width_px: int, height_px: int) -> Wall:
    """A wall of one panel, a millimetre a pixel, on this machine."""
    rect, size = Rect(0, 0, width_px, height_px), (width_px, height_px)
    return Wall("mur", (Panel(ONE_PANEL, rect, size, ONE_NODE),), (Node(ONE_NODE, (ONE_PANEL,)),))


def grid(count: int, width_px: int, height_px: int) -> tuple[Rectangle, ...]:
    """So many places of 16:9, in rows, as large as they can be, a band left free at the top.

    Raises WallError when they would be too small to be of use.
    """
    if not count:
        return ()
    gap, header = gap_px(height_px), header_px(height_px)
    height_free = height_px - header
    sizes = {columns: _tile_size(count, columns, width_px, height_free, gap) for columns in range(1, count + 1)}
    columns = max(sizes, key=lambda each: (sizes[each][0], -each))
    width, height = sizes[columns]
    if width < TILE_WIDTH_PX_MIN or height < TILE_HEIGHT_PX_MIN:
        smallest = f"{TILE_WIDTH_PX_MIN}x{TILE_HEIGHT_PX_MIN} px"
        raise WallError(
            Words(
                f"{count} caméras auraient des vignettes de {width}x{height} px",
                f"{count} cameras would get tiles of {width}x{height} px",
            ),
            where=f"wall/{width_px}x{height_px}",
            what_to_do=Words(
                f"Montrez moins de caméras, ou un mur plus grand ; une vignette fait au moins {smallest}",
                f"Show fewer cameras or a larger wall; a tile needs {smallest}",
            ),
        )
    rows = -(-count // columns)
    left = (width_px - columns * width - (columns - 1) * gap) // 2
    top = header + (height_free - rows * height - (rows - 1) * gap) // 2
    return tuple(
        Rectangle(left + index % columns * (width + gap), top + index // columns * (height + gap), width, height)
        for index in range(count)
    )


def scene_of_grid(name: str, title: str, slots: Sequence[Slot], width_px: int, height_px: int) -> Scene:
    """These slots as a grid on `one_panel` of that size, all with labels, alarms with a border, a header above.

    Raises WallError when the tiles would be too small.
    """
    tiles = tuple(
        Tile(slot.slot, _shares(where, width_px, height_px), slot)
        for slot, where in zip(slots, grid(len(slots), width_px, height_px), strict=True)
    )
    words = f"{len(tiles)} caméra{'s' if len(tiles) > 1 else ''}"  # the wall's own lettering is French
    band = Rect(0, 0, 1, header_px(height_px) / height_px)
    return Scene(
        name,
        tiles,
        title,
        overlays=(
            Overlay(OverlayKind.HEADER, rect=band, text=f"{title} · {words}" if title else words),
            Overlay(OverlayKind.LABEL),
            Overlay(OverlayKind.BORDER, style=ALARM_STYLE),
        ),
    )


def grid_scene(cameras: Sequence[CameraRecord], width_px: int, height_px: int) -> NodeScene:
    """All `cameras` on `one_panel`, as it is drawn. Raises WallError when the tiles would be too small."""
    of_slot = {SlotId(f"tile-{record.number}"): record for record in cameras}
    slots = [Slot(slot, SlotRule.FIXED, (record.camera,)) for slot, record in of_slot.items()]
    up = {slot: record.camera for slot, record in of_slot.items()}
    labels = {slot: label_of(record) for slot, record in of_slot.items()}
    scene = scene_of_grid("grid", "", slots, width_px, height_px)
    return place(one_panel(width_px, height_px), scene, up, labels)[ONE_NODE]


def label_of(record: CameraRecord) -> str:
    """What a tile says of its camera: `007 · Gare`."""
    return f"{record.number:03d} · {record.name}"


def _shares(rectangle: Rectangle, width_px: int, height_px: int) -> Rect:
    return Rect(
        rectangle.left_px / width_px,
        rectangle.top_px / height_px,
        rectangle.width_px / width_px,
        rectangle.height_px / height_px,
    )


def _tile_size(count: int, columns: int, width_px: int, height_px: int, gap: int) -> tuple[int, int]:
    rows = -(-count // columns)
    width = (width_px - (columns + 1) * gap) // columns
    height = (height_px - (rows + 1) * gap) // rows
    width = min(width, height * ASPECT_WIDTH // ASPECT_HEIGHT)
    return width, width * ASPECT_HEIGHT // ASPECT_WIDTH
