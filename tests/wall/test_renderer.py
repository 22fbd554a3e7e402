"""The renderer, with real GL: each tile its own camera, states from age alone, one draw call per size of picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from csu.cluster.wall_drawing import gl_failures
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, ClearPictureRefused, YuvPlanes
from csu.hal.wall import NodeScene, TilePicture, TileState, WallError
from csu.wall import grid_scene
from csu.wall.drawing.picture_pool import PicturePool
from csu.wall.drawing.renderer import WallRenderer
from csu.wall.drawing.surface import Surface

if TYPE_CHECKING:
    from conftest import FilledSource, SetClock

Planes = Callable[..., YuvPlanes]
Records = Callable[..., list[CameraRecord]]


@pytest.fixture
def renderer(surface: Surface, source: FilledSource, clock: SetClock) -> WallRenderer:
    return WallRenderer(surface, source, clock)


def _scene(surface: Surface, cameras: list[CameraRecord]) -> NodeScene:
    return grid_scene(cameras, surface.width_px, surface.height_px)


def test_sixteen_tiles_show_each_its_own_camera_and_frame(
    renderer: WallRenderer, surface: Surface, source: FilledSource, clock: SetClock, planes: Planes, records: Records
) -> None:
    cameras = records(16)
    renderer.show(_scene(surface, cameras))
    for frame in (7, 8, 1023):
        for record in cameras:
            source.put(record.camera, planes(320, 180, seed=record.number, mark=(record.number, frame)), clock.at_ns)
        reading = renderer.read()
        assert [tile.camera for tile in reading.tiles] == [record.camera for record in cameras]
        assert [tile.seen_camera_number for tile in reading.tiles] == [record.number for record in cameras]
        assert {tile.seen_frame_number for tile in reading.tiles} == {frame}
        assert {tile.state for tile in reading.tiles} == {TileState.LIVE}


def test_two_pictures_in_each_other_s_layer_are_found_out_by_reading_back(
    renderer: WallRenderer,
    surface: Surface,
    source: FilledSource,
    clock: SetClock,
    planes: Planes,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain_upload = PicturePool.upload

    def swapped_upload(pool: PicturePool, layer: int, picture: YuvPlanes) -> None:
        plain_upload(pool, 1 - layer if layer < 2 else layer, picture)

    monkeypatch.setattr(PicturePool, "upload", swapped_upload)
    cameras = records(4)
    renderer.show(_scene(surface, cameras))
    for record in cameras:
        source.put(record.camera, planes(320, 180, seed=record.number, mark=(record.number, 1)), clock.at_ns)
    assert [tile.seen_camera_number for tile in renderer.read().tiles] == [2, 1, 3, 4]


def test_a_buffer_used_again_for_the_next_camera_leaves_the_first_tile_alone(
    renderer: WallRenderer, surface: Surface, clock: SetClock, planes: Planes, records: Records
) -> None:
    class OneBuffer:
        """As the shared pictures do it: the planes are valid until the next call."""

        def __init__(self) -> None:
            self.buffer = planes(320, 180)

        def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
            number = int(camera.removeprefix("cam-"))
            picture = planes(320, 180, seed=number, mark=(number, 5))
            for kept, new in ((self.buffer.y, picture.y), (self.buffer.u, picture.u), (self.buffer.v, picture.v)):
                kept[:] = new
            return TilePicture(self.buffer, 1, clock.at_ns) if after_sequence < 1 else None

    reused = WallRenderer(surface, OneBuffer(), clock)
    reused.show(_scene(surface, records(6)))
    assert [tile.seen_camera_number for tile in reused.read().tiles] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("up_for_ns", [0, 599 * NS_PER_S, 40 * NS_PER_DAY + 123_456_789])
def test_states_follow_from_age_alone_however_long_the_wall_runs(
    renderer: WallRenderer,
    surface: Surface,
    source: FilledSource,
    clock: SetClock,
    planes: Planes,
    records: Records,
    up_for_ns: int,
) -> None:
    (record,) = records(1)
    renderer.show(_scene(surface, [record]))
    assert renderer.read().tiles[0].state is TileState.NO_SIGNAL, "no picture has come yet"
    clock.at_ns += up_for_ns
    source.put(record.camera, planes(640, 360, seed=2, mark=(1, 9)), clock.at_ns)
    born_ns = clock.at_ns
    seen = []
    for age_s in (0, 1.999, 2.001, 9.999, 10.001, 3600, 30 * 86_400):
        clock.at_ns = born_ns + int(age_s * NS_PER_S)
        tile = renderer.read().tiles[0]
        seen.append((tile.state.value, tile.seen_camera_number))
    assert seen == [("live", 1)] * 2 + [("stale", 1)] * 2 + [("no_signal", None)] * 3


def test_a_camera_whose_clock_runs_an_hour_ahead_turns_stale_all_the_same(
    renderer: WallRenderer, surface: Surface, source: FilledSource, clock: SetClock, planes: Planes, records: Records
) -> None:
    (record,) = records(1)
    renderer.show(_scene(surface, [record]))
    source.put(record.camera, planes(mark=(1, 1)), clock.at_ns + 3600 * NS_PER_S)
    assert renderer.read().tiles[0].state is TileState.LIVE
    clock.at_ns += 3 * NS_PER_S
    renderer.show(_scene(surface, [record]))  # a new scene makes no picture younger
    assert renderer.read().tiles[0].state is TileState.STALE


@pytest.mark.parametrize("count", [1, 16, 64, 100])
def test_stale_marks_are_still_read_through_the_hatch_and_lost_ones_are_not(
    renderer: WallRenderer,
    surface: Surface,
    source: FilledSource,
    clock: SetClock,
    planes: Planes,
    records: Records,
    count: int,
) -> None:
    cameras = records(count)
    renderer.show(_scene(surface, cameras))
    for record in cameras:
        picture = planes(320, 180, seed=record.number, mark=(record.number, 77))
        source.put(record.camera, picture, clock.at_ns - 4 * NS_PER_S)
    reading = renderer.read()
    assert {tile.state for tile in reading.tiles} == {TileState.STALE}
    assert [tile.seen_camera_number for tile in reading.tiles] == [record.number for record in cameras]
    clock.at_ns += 7 * NS_PER_S
    reading = renderer.read()
    assert {tile.state for tile in reading.tiles} == {TileState.NO_SIGNAL}
    assert not any(tile.is_read for tile in reading.tiles), "a lost picture is still on the wall"


@pytest.mark.parametrize("level", [0, 21, 32, 128, 255])
def test_a_flat_or_grey_picture_is_never_taken_for_a_state(
    renderer: WallRenderer, surface: Surface, source: FilledSource, clock: SetClock, records: Records, level: int
) -> None:
    (record,) = records(1)
    grey = np.full((180, 320), 128, np.uint8)
    renderer.show(_scene(surface, [record]))
    source.put(record.camera, YuvPlanes(np.full((360, 640), level, np.uint8), grey, grey), clock.at_ns)
    assert renderer.read().tiles[0].state is TileState.LIVE


def test_one_draw_call_for_each_size_of_picture_and_one_for_all_that_is_written(
    renderer: WallRenderer, surface: Surface, source: FilledSource, clock: SetClock, planes: Planes, records: Records
) -> None:
    cameras = records(12)
    renderer.show(_scene(surface, cameras))
    sizes = [(320, 180), (640, 360), (333, 187)]
    for record in cameras:
        source.put(record.camera, planes(*sizes[record.number % 3], mark=(record.number, 3)), clock.at_ns)
    reading = renderer.read()
    assert renderer.draw_calls == len(sizes) + 1
    assert [tile.seen_camera_number for tile in reading.tiles] == [record.number for record in cameras]
    for record in cameras:
        source.put(record.camera, planes(320, 180, mark=(record.number, 4)), clock.at_ns)
    reading = renderer.read()
    assert renderer.draw_calls == 2, "a camera that changed its size went over to the pool of the new one"
    assert [tile.seen_frame_number for tile in reading.tiles] == [4] * 12


def test_it_draws_when_something_changed_and_only_then(
    renderer: WallRenderer, surface: Surface, source: FilledSource, clock: SetClock, planes: Planes, records: Records
) -> None:
    (record,) = records(1)
    renderer.show(_scene(surface, [record]))
    assert renderer.tick()
    assert not renderer.tick()
    source.put(record.camera, planes(), clock.at_ns - int(1.5 * NS_PER_S))
    assert renderer.tick()
    clock.at_ns += int(0.4 * NS_PER_S)
    assert not renderer.tick()
    clock.at_ns += int(0.2 * NS_PER_S)
    assert renderer.tick(), "the picture turned stale within the second"
    clock.at_ns += NS_PER_S
    assert renderer.tick(), "the clock on the wall stands still"


def test_what_gl_refuses_is_raised_with_the_frame(
    renderer: WallRenderer, surface: Surface, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    renderer.tick()
    renderer.show(_scene(surface, records(1)))
    gl = renderer._programs.gl
    depth_func = gl.glDepthFunc
    monkeypatch.setattr(gl, "glDepthFunc", lambda _: depth_func(1))
    with pytest.raises(gl_failures()):
        renderer.pixels()


def test_latency_counts_each_new_picture_once(
    renderer: WallRenderer, surface: Surface, source: FilledSource, clock: SetClock, planes: Planes, records: Records
) -> None:
    cameras = records(2)
    renderer.show(_scene(surface, cameras))
    source.put(cameras[0].camera, planes(), clock.at_ns - 80_000_000)
    renderer.tick()
    renderer.show(_scene(surface, cameras[::-1]))
    renderer.read()
    assert list(renderer.read().latencies_ms) == [80.0]


def test_labels_show_their_accents(renderer: WallRenderer, surface: Surface, records: Records) -> None:
    pictures = []
    for label in ("001 · Eglise a Foret cote", "001 · Église à Forêt côté"):
        scene = _scene(surface, records(1))
        piece = replace(scene.pieces[0], label=label)
        renderer.show(replace(scene, pieces=(piece,)))
        left, top = (int(at) for at in piece.corners_px[0])
        corner = renderer.pixels()[top : top + 40, left : left + 300]
        assert (corner.min(axis=2) > 200).sum() > 100, "no white letters"
        pictures.append(corner)
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.requirement("PRV-3")
def test_a_picture_that_did_not_come_through_the_masked_door_is_refused(
    surface: Surface, clock: SetClock, planes: Planes, records: Records
) -> None:
    class Leak:
        def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
            return ClearFrame(camera, 1, CaptureTime(clock.at_ns, from_camera=True), planes())  # type: ignore[return-value]

    renderer = WallRenderer(surface, Leak(), clock)
    renderer.show(_scene(surface, records(1)))
    with pytest.raises(ClearPictureRefused, match="cam-0001"):
        renderer.tick()


def test_a_scene_of_another_size_is_refused(renderer: WallRenderer) -> None:
    with pytest.raises(WallError, match="640x360"):
        renderer.show(NodeScene(640, 360, ()))


def test_pictures_beyond_the_memory_of_the_card_are_refused(
    renderer: WallRenderer,
    surface: Surface,
    source: FilledSource,
    clock: SetClock,
    planes: Planes,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("csu.wall.drawing.stage.POOL_BYTES_MAX", 1_000_000)
    cameras = records(4)
    renderer.show(_scene(surface, cameras))
    source.put(cameras[0].camera, planes(640, 360), clock.at_ns)
    with pytest.raises(WallError, match="MiB"):
        renderer.tick()
