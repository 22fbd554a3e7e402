"""Pieces with real GL: turned panels, tiles cut by bezels, z, crops and fits, beside a reference in floating point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.wall import (
    HEAT_COLUMNS,
    HEAT_ROWS,
    NodeScene,
    OverlayKind,
    PictureFit,
    SceneOverlay,
    TilePicture,
    TileState,
    WallNodeId,
)
from csu.hal.wall_panel import WallPanelId
from csu.wall import SlotId
from csu.wall.drawing.overlay import wall_zone
from csu.wall.drawing.reference import psnr_db, reference
from csu.wall.drawing.renderer import WallRenderer
from csu.wall.drawing.surface import Surface
from csu.wall.model import (
    Bezel,
    BezelRule,
    Node,
    Panel,
    Rect,
    Rotation,
    Scene,
    SourceRef,
    Tile,
    Wall,
    place,
)

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


def fill(source: FilledSource, clock: SetClock, planes: Planes, frame: int = 5, sizes: int = 2) -> None:
    for number in range(1, 10):
        size = [(640, 360), (333, 187)][number % sizes]
        picture = planes(*size, seed=number, mark=(number, frame), bt709=number % 2 == 0, full_range=number % 3 == 0)
        source.put(CameraId(f"cam-{number:04}"), picture, clock.at_ns)


@pytest.fixture
def renderer(surface: Surface, source: FilledSource, clock: SetClock) -> WallRenderer:
    return WallRenderer(surface, source, clock)


HEAT = bytes(np.linspace(0, 255, HEAT_COLUMNS * HEAT_ROWS).astype(np.uint8))


def overlays() -> tuple[SceneOverlay, ...]:
    band = ((100, 700), (100, 362), (130, 700), (130, 362))
    return (
        SceneOverlay(OverlayKind.BORDER, tile="c1", style="alarm"),
        SceneOverlay(OverlayKind.BOX, tile="a1", at=(0.2, 0.3, 0.5, 0.7), style="signal", text="foule"),
        SceneOverlay(OverlayKind.HEAT, tile="c1", at=(0.1, 0.1, 0.9, 0.7), heat=HEAT),
        SceneOverlay(OverlayKind.CLOCK, corners_px=band),
    )


def test_every_piece_shows_its_camera_and_frame_however_its_panel_hangs(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    renderer.show(scene_of())
    for frame in (5, 6):
        fill(source, clock, planes, frame)
        told = {each.tile: each for each in renderer.read().tiles}
        assert {each.state for each in told.values()} == {TileState.LIVE}
        whole = {name: each for name, each in told.items() if name != "d1"}
        assert {name: each.seen_camera_number for name, each in whole.items()} == {
            each.tile: number for number, each in enumerate(TILES, 1) if each.tile != "d1"
        }
        assert {each.seen_frame_number for each in whole.values()} == {frame}
        assert not told["d1"].is_read, "its sides are cut off, and the ends of its mark with them"
    assert renderer.draw_calls == 4, "one for each of two sizes, one for the ground of what lies above, one for letters"


@pytest.mark.parametrize("age_s", [0, 3, 11])
def test_what_the_card_drew_is_what_the_reference_says(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, age_s: int
) -> None:
    scene = replace(scene_of(), overlays=overlays())
    renderer.show(scene)
    fill(source, clock, planes)
    pictures = dict(source.pictures)
    clock.at_ns += age_s * NS_PER_S
    for camera in ("cam-0002", "cam-0004"):
        pictures[CameraId(camera)] = replace(pictures[CameraId(camera)], wholly_masked=True)
    source.pictures = pictures
    seen = renderer.pixels()
    wanted = reference(scene, pictures, clock.at_ns, wall_zone())
    off = np.abs(seen.astype(np.float32) - wanted).max(axis=2)
    assert psnr_db(seen, wanted) >= 45
    assert off.max() <= 4, f"{(off > 4).sum()} pixels, first at {np.argwhere(off > 4)[:3]}"
