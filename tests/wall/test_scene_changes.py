"""What changes while a wall is up: scenes that fade or cut, labels, rights that end, masks, overlays that are over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.wall import NodeScene, OverlayKind, SceneOverlay, TileState
from csu.wall import grid_scene
from csu.wall.drawing.renderer import WallRenderer
from csu.wall.drawing.surface import Surface

if TYPE_CHECKING:
    from conftest import FilledSource, SetClock

Planes = Callable[..., YuvPlanes]
Records = Callable[..., list[CameraRecord]]
FADE_NS = 400 * NS_PER_MS


def fill(source: FilledSource, clock: SetClock, planes: Planes, cameras: int = 4, frame: int = 1) -> None:
    for number in range(1, cameras + 1):
        source.put(CameraId(f"cam-{number:04}"), planes(320, 180, seed=number, mark=(number, frame)), clock.at_ns)


def turned(scene: NodeScene, fade_ns: int) -> NodeScene:
    """Each camera in the next one's tile."""
    cameras = [piece.camera for piece in scene.pieces]
    pieces = [replace(piece, camera=cameras[index - 1]) for index, piece in enumerate(scene.pieces)]
    return replace(scene, pieces=tuple(pieces), fade_ns=fade_ns)


def middle(pixels: NDArray[np.uint8], scene: NodeScene, index: int) -> NDArray[np.float32]:
    """A quiet part of a tile, without letters."""
    (left, top), (right, bottom) = scene.pieces[index].corners_px[0], scene.pieces[index].corners_px[3]
    rows = slice(int(top + (bottom - top) * 0.5), int(top + (bottom - top) * 0.7))
    columns = slice(int(left + (right - left) * 0.2), int(left + (right - left) * 0.8))
    return pixels[rows, columns].astype(np.float32)


def test_live_pictures_fade_and_what_says_a_state_is_there_at_once(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    fill(source, clock, planes, cameras=3)  # camera 4 has no picture
    renderer.show(grid)
    before = renderer.pixels()
    after_scene = turned(grid, FADE_NS)
    renderer.show(after_scene)
    clock.at_ns += FADE_NS // 2
    half = renderer.pixels()
    states = [tile.state for tile in renderer.read().tiles]
    clock.at_ns += FADE_NS
    after = renderer.pixels()
    assert states[0] is TileState.NO_SIGNAL, "a state that is still fading in says nothing yet"
    for index in (1, 2):
        old, new, now = (middle(pixels, grid, index) for pixels in (before, after, half))
        wanted = (0.5 * old + 0.5 * np.array(grid.background)) * 0.5 + 0.5 * new
        assert np.abs(now - wanted).max() <= 3
    now, new = middle(half, grid, 3), middle(after, grid, 3)
    assert np.abs(now - (0.5 * new + 0.5 * np.array(grid.background))).max() <= 3, "a state that is gone still fades"
    renderer.show(turned(grid, FADE_NS))  # the same scene again is no change
    assert (renderer.pixels() == after).all()


def test_a_scene_that_fades_out_goes_on_living(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    fill(source, clock, planes)
    renderer.show(grid)
    renderer.tick()
    empty = replace(grid, pieces=(replace(grid.pieces[0], camera=None),), fade_ns=10 * FADE_NS)
    renderer.show(empty)
    clock.at_ns += 3 * NS_PER_S
    pixels = renderer.pixels()
    assert np.abs(middle(pixels, grid, 2) - np.array(grid.background)).max() <= 1, "a stale picture looks half live"


def test_an_alarm_is_a_cut(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    fill(source, clock, planes)
    renderer.show(grid)
    renderer.tick()
    renderer.show(turned(grid, 0))
    assert [tile.seen_camera_number for tile in renderer.read().tiles] == [4, 1, 2, 3]


def test_a_label_changes_in_place_and_nothing_else_does(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    fill(source, clock, planes)
    renderer.show(grid)
    renderer.tick()
    for said in ("ALARME · Église · улица Щорса", "Sir", "ALARME · quai " + 30 * "très " + "long"):
        relabelled = replace(grid, pieces=(replace(grid.pieces[0], label=said), *grid.pieces[1:]))
        renderer.show(relabelled)
        in_place = renderer.pixels()
        renderer.show(replace(relabelled, background=(1, 2, 3)))
        renderer.show(relabelled)
        assert (renderer.pixels() == in_place).all()


def test_a_right_that_nobody_renews_ends_on_the_wall_by_itself_and_the_picture_is_not_read(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    until_ns = clock.at_ns + NS_PER_S
    leased = replace(grid.pieces[0], shown_until_ns=until_ns)
    scene = replace(grid, pieces=(leased, *grid.pieces[1:]))
    renderer.show(scene)
    fill(source, clock, planes)
    clock.at_ns = until_ns - NS_PER_MS
    assert renderer.read().tiles[0].state is TileState.LIVE
    clock.at_ns = until_ns
    assert [tile.state for tile in renderer.read().tiles] == [TileState.FORBIDDEN, *[TileState.LIVE] * 3]
    first = renderer.pixels()
    source.put(CameraId("cam-0001"), planes(320, 180, seed=77, mark=(99, 9)), clock.at_ns)
    assert (middle(renderer.pixels(), grid, 0) == middle(first, grid, 0)).all()
    clock.at_ns += 3600 * NS_PER_S
    assert renderer.read().tiles[0].state is TileState.FORBIDDEN, "a picture that is not shown has no age"
    renderer.show(grid)
    assert renderer.read().tiles[0].state is not TileState.FORBIDDEN, "it may be shown again"


def test_a_right_that_is_renewed_costs_no_upload_and_no_draw(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    def until(at_ns: int) -> NodeScene:
        return replace(grid, pieces=tuple(replace(piece, shown_until_ns=at_ns) for piece in grid.pieces))

    fill(source, clock, planes)
    renderer.show(until(clock.at_ns + NS_PER_S // 4))
    renderer.tick()
    source.pictures.clear()
    renderer.show(until(clock.at_ns + NS_PER_S))
    assert not renderer.tick()
    clock.at_ns += NS_PER_S // 2
    assert {tile.state for tile in renderer.read().tiles} == {TileState.LIVE}
    clock.at_ns += NS_PER_S // 2
    assert {tile.state for tile in renderer.read().tiles} == {TileState.FORBIDDEN}


def test_a_renewal_leaves_a_fade_as_it_is(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    fill(source, clock, planes)
    renderer.show(grid)
    renderer.tick()
    renderer.show(turned(grid, FADE_NS))
    clock.at_ns += FADE_NS // 2
    half = renderer.pixels()
    renderer.renew(clock.at_ns + NS_PER_S)
    assert (renderer.pixels() == half).all()
    clock.at_ns += NS_PER_S
    assert {tile.state for tile in renderer.read().tiles} == {TileState.FORBIDDEN}


def test_a_wholly_masked_picture_is_said_to_be_and_still_tells_whose_it_is(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    fill(source, clock, planes)
    camera = CameraId("cam-0002")
    source.pictures[camera] = replace(source.pictures[camera], wholly_masked=True)
    renderer.show(grid)
    told = renderer.read().tiles[1]
    assert (told.state, told.seen_camera_number) == (TileState.MASKED, 2)
    clock.at_ns += 3 * NS_PER_S
    assert renderer.read().tiles[1].state is TileState.STALE, "age comes first"


def test_boxes_and_borders_go_when_their_time_is_over_and_boxes_with_a_live_picture(
    renderer: WallRenderer, source: FilledSource, clock: SetClock, planes: Planes, grid: NodeScene
) -> None:
    until_ns = clock.at_ns + NS_PER_S
    box = SceneOverlay(OverlayKind.BOX, tile=grid.pieces[0].tile, at=(0.3, 0.3, 0.6, 0.6), until_ns=until_ns)
    lasting = SceneOverlay(OverlayKind.BOX, tile=grid.pieces[1].tile, at=(0.3, 0.3, 0.6, 0.6))
    fill(source, clock, planes)
    renderer.show(replace(grid, overlays=(box, lasting)))
    with_boxes = renderer.pixels()
    clock.at_ns = until_ns
    without = renderer.pixels()
    left, top = (int(each) for each in grid.pieces[0].corners_px[0])
    there = slice(top + 60, top + 250), slice(left + 60, left + 400)
    assert (with_boxes[there] != without[there]).any()
    clock.at_ns += 2 * NS_PER_S
    stale = renderer.read().tiles
    assert {tile.state for tile in stale} == {TileState.STALE}, "a box lies over a picture that is not live"


@pytest.mark.parametrize("state", [TileState.STALE, TileState.MASKED, TileState.NO_SIGNAL, TileState.FORBIDDEN])
def test_no_tile_is_live_that_the_pattern_says_is_not_however_small(
    surface: Surface,
    source: FilledSource,
    clock: SetClock,
    planes: Planes,
    records: Records,
    state: TileState,
) -> None:
    cameras = records(100)
    scene = grid_scene(cameras, surface.width_px, surface.height_px)
    if state is TileState.FORBIDDEN:
        scene = replace(scene, pieces=tuple(replace(piece, shown_until_ns=0) for piece in scene.pieces))
    renderer = WallRenderer(surface, source, clock)
    renderer.show(scene)
    for record in cameras:
        picture = planes(160, 90, seed=record.number, mark=(record.number, 1))
        source.put(record.camera, picture, clock.at_ns - (3 * NS_PER_S if state is TileState.STALE else 0))
        if state is TileState.NO_SIGNAL:
            del source.pictures[record.camera]
        elif state is TileState.MASKED:
            source.pictures[record.camera] = replace(source.pictures[record.camera], wholly_masked=True)
    assert {tile.state for tile in renderer.read().tiles} == {state}
