"""A wall of four panels that hang each another way, a scene of all sorts of tiles, pictures to fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from csu.hal.camera import CameraId
from csu.hal.frames import YuvPlanes
from csu.hal.wall import HEAT_COLUMNS, HEAT_ROWS, NodeScene, OverlayKind, PictureFit, SceneOverlay, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.wall import SlotId
from csu.wall.model import Bezel, BezelRule, Node, Panel, Rect, Rotation, Scene, SourceRef, Tile, Wall, place

if TYPE_CHECKING:
    from conftest import FilledSource, SetClock

Planes = Callable[..., YuvPlanes]
NODE = WallNodeId("mur")


def turned_wall() -> Wall:
    """1280x720 px: two panels side by side that hang upright, and one below each other way."""
    bezel = Bezel(4, 4, 4, 4)
    panels = (
        Panel(WallPanelId("a"), Rect(0, 0, 328, 188), (640, 360), NODE, (0, 0), Rotation.UPRIGHT, bezel),
        Panel(WallPanelId("b"), Rect(328, 0, 328, 188), (640, 360), NODE, (640, 0), Rotation.OVER, bezel),
        Panel(WallPanelId("c"), Rect(0, 188, 188, 328), (640, 360), NODE, (0, 360), Rotation.RIGHT, bezel),
        Panel(WallPanelId("d"), Rect(188, 188, 188, 328), (640, 360), NODE, (640, 360), Rotation.LEFT, bezel),
    )
    return Wall("turned", panels, (Node(NODE, tuple(panel.panel for panel in panels)),))


def tile(name: str, rect: Rect, number: int, panel: str | None, **more: object) -> Tile:
    anchor = None if panel is None else WallPanelId(panel)
    source = SourceRef(CameraId(f"cam-{number:04}"))
    return replace(Tile(SlotId(name), rect, source, anchor), **more)  # type: ignore[arg-type]


TILES = (
    tile("a1", Rect(0, 0, 0.5, 0.5), 1, "a"),
    tile("a2", Rect(0.5, 0, 0.5, 0.5), 2, "a", fit=PictureFit.STRETCH),
    tile("b1", Rect(0, 0, 0.5, 0.5), 3, "b", fit=PictureFit.COVER),
    tile("c1", Rect(0, 0.1, 1, 0.4), 4, "c"),
    tile("c2", Rect(0, 0.5, 1, 0.3), 5, "c", crop=Rect(0, 0.25, 1, 0.75)),
    tile("d1", Rect(0, 0, 1, 0.4), 6, "d", fit=PictureFit.COVER),
    tile("d2", Rect(0, 0.5, 1, 0.32), 7, "d"),
    tile("over", Rect(0.55, 0.24, 0.4, 0.33), 8, "d", z=2),
    tile(
        "wide", Rect(0.19, 0.18, 0.61, 0.17), 9, None, fit=PictureFit.STRETCH,
        never_split_by_bezel=False, bezel=BezelRule.SKIP,
    ),
)  # fmt: skip


def scene_of(labels: Mapping[SlotId, str] | None = None) -> NodeScene:
    scene = Scene("s", TILES)
    cameras = {each.tile: each.slot.pool[0] for each in TILES}
    return place(turned_wall(), scene, cameras, labels or {each.tile: f"{each.tile} · Église" for each in TILES})[NODE]


def fill(
    source: FilledSource,
    clock: SetClock,
    planes: Planes,
    frame: int = 5,
    sizes: int = 2,
    numbers: Iterable[int] = range(1, 10),
) -> None:
    for number in numbers:
        size = [(640, 360), (333, 187)][number % sizes]
        picture = planes(*size, seed=number, mark=(number, frame), bt709=number % 2 == 0, full_range=number % 3 == 0)
        source.put(CameraId(f"cam-{number:04}"), picture, clock.at_ns)


HEAT = bytes(np.linspace(0, 255, HEAT_COLUMNS * HEAT_ROWS).astype(np.uint8))


def overlays() -> tuple[SceneOverlay, ...]:
    band = ((100, 700), (100, 362), (130, 700), (130, 362))
    return (
        SceneOverlay(OverlayKind.BORDER, tile="c1", style="alarm"),
        SceneOverlay(OverlayKind.BOX, tile="a1", at=(0.2, 0.3, 0.5, 0.7), style="signal", text="foule"),
        SceneOverlay(OverlayKind.HEAT, tile="c1", at=(0.1, 0.1, 0.9, 0.7), heat=HEAT),
        SceneOverlay(OverlayKind.CLOCK, corners_px=band),
    )
