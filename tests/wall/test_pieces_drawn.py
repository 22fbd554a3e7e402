"""Pieces with real GL: turned panels, tiles cut by bezels, z, crops and fits, beside a reference in floating point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.wall import SceneOverlay, TileState
from csu.wall.drawing.overlay import wall_zone
from csu.wall.drawing.reference import psnr_db, reference
from csu.wall.drawing.renderer import WallRenderer
from csu.wall.drawing.surface import Surface
from tests.wall.drawn_builders import TILES, fill, overlays, scene_of

if TYPE_CHECKING:
    from conftest import FilledSource, SetClock

Planes = Callable[..., YuvPlanes]


def test_every_piece_shows_its_camera_and_frame_however_its_panel_hangs(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    renderer.show(scene_of())
    calls = []
    for frame in (5, 6):
        fill(source, clock, planes, frame)
        told = {each.tile: each for each in renderer.read().tiles}
        calls.append(renderer.draw_calls)
        assert {each.state for each in told.values()} == {TileState.LIVE}
        whole = {name: each for name, each in told.items() if name != "d1"}
        assert {name: each.seen_camera_number for name, each in whole.items()} == {
            each.tile: number for number, each in enumerate(TILES, 1) if each.tile != "d1"
        }
        assert {each.seen_frame_number for each in whole.values()} == {frame}
        assert not told["d1"].is_read, "its sides are cut off, and the ends of its mark with them"
    assert calls[0] == 4, "one for each of two sizes, one for the ground of what lies above, one for letters"


@pytest.mark.parametrize(("written", "draws"), [(overlays(), 7), (overlays()[-1:], 6)], ids=["alarm", "clock"])
def test_drawing_only_what_changed_gives_the_same_wall_as_drawing_all_of_it(
    surface: Surface, renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes,
    written: tuple[SceneOverlay, ...], draws: int,
) -> None:  # fmt: skip
    scene = replace(scene_of(), overlays=written)
    another = WallRenderer(surface, source, clock)
    renderer.show(scene)
    fill(source, clock, planes)
    renderer.tick()
    in_parts = []
    for frame, numbers in enumerate(((1,), (), (), (2, 5), (4,), (), (3, 8), (9,)), 6):
        clock.at_ns += 170 * NS_PER_MS  # over halves and whole seconds: what blinks, and the clock
        fill(source, clock, planes, frame, numbers=numbers)
        if renderer.tick():
            in_parts.append(not renderer.drew_all)
        in_part = surface.read_rgb().copy()
        another.show(replace(scene, background=(1, 1, 1)))  # else it would go on from what it drew before
        another.show(scene)
        assert (another.pixels() == in_part).all(), f"frame {frame}"
    assert in_parts == [True] * draws


@pytest.mark.parametrize("age_s", [0, 3, 11])
def test_what_the_card_drew_is_what_the_reference_says(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, age_s: int
) -> None:
    scene = replace(scene_of(), overlays=overlays())
    renderer.show(scene)
    fill(source, clock, planes)
    pictures = dict(source.pictures)
    clock.at_ns += age_s * NS_PER_S + 700 * NS_PER_MS  # the dim half of what blinks
    for camera in ("cam-0002", "cam-0004"):
        pictures[CameraId(camera)] = replace(pictures[CameraId(camera)], wholly_masked=True)
    source.pictures = pictures
    seen = renderer.pixels()
    wanted = reference(scene, pictures, clock.at_ns, wall_zone())
    if age_s:
        state = TileState.STALE if age_s < 10 else TileState.NO_SIGNAL
        assert {each.state for each in renderer.read().tiles} == {state}
    off = np.abs(seen.astype(np.float32) - wanted).max(axis=2)
    assert psnr_db(seen, wanted) >= 45
    assert off.max() <= 4, f"{(off > 4).sum()} pixels, first at {np.argwhere(off > 4)[:3]}"
