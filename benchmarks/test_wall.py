"""The wall: every tile gets a new picture, all are drawn; csu beside OpenCV laying planes on a canvas.

On a machine without a graphics card csu's shaders run on the processor, which no wall room would do. What stays on the
processor beside a card is measured by letting one pixel only be drawn (scissors): upload, driver and Python remain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import START_NS
from benchmarks.wall_peers import rectangles
from csu.cluster.shared_pictures import split_planes
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import YuvPlanes
from csu.hal.wall import NodeScene, TilePicture, TileState, WallError
from csu.wall import grid_scene
from csu.wall.drawing.surface import Surface, open_surface

WALL_WIDTH_PX, WALL_HEIGHT_PX = 1920, 1080
PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX = 640, 360
FRAMES, ROUNDS = 20, 5
SIZES = (9, 48)
WHAT, UNIT = "wall of {} tiles of 640x360, all new, 1920x1080", "ms CPU a frame of the wall"
_GL_SCISSOR_TEST = 0x0C11

Measure = Callable[..., float]


class SteppedClock:
    """40 ms a frame."""

    def __init__(self) -> None:
        self.at_ns: Nanoseconds = START_NS

    def now_ns(self) -> Nanoseconds:
        return self.at_ns

    def monotonic_ns(self) -> Nanoseconds:
        return self.at_ns


class AlwaysNew:
    """A source that has a new picture for each tile whenever it is asked in a new frame."""

    def __init__(self, clock: SteppedClock, planes: dict[CameraId, YuvPlanes]) -> None:
        self._clock, self._planes = clock, planes

    def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
        sequence = (self._clock.at_ns - START_NS) // (40 * NS_PER_MS)
        if sequence <= after_sequence:
            return None
        return TilePicture(self._planes[camera], sequence, self._clock.at_ns)


@pytest.fixture(scope="module")
def surface() -> Iterator[Surface]:
    try:
        opened = open_surface("offscreen", WALL_WIDTH_PX, WALL_HEIGHT_PX, allow_software=True)
    except WallError as error:
        pytest.fail(f"no wall here: {error}")
    yield opened
    opened.close()


@pytest.mark.parametrize("tiles", SIZES)
@pytest.mark.parametrize("draws", [True, False])
def test_csu_draws_the_wall(
    draws: bool, tiles: int, measure: Measure, surface: Surface, scoreboard: Scoreboard
) -> None:
    from vispy import gloo

    from csu.wall.drawing.renderer import WallRenderer  # once the surface has chosen the platform

    clock, (scene, planes) = SteppedClock(), _scene(tiles)
    renderer = WallRenderer(surface, AlwaysNew(clock, planes), clock)
    renderer.show(scene)

    def scissors(switch: Callable[[int], None]) -> None:
        surface.begin()
        gloo.gl.glScissor(0, 0, 1, 1)
        switch(_GL_SCISSOR_TEST)

    def work(_: Path) -> int:
        before = renderer.frames_drawn
        for _frame in range(FRAMES):
            clock.at_ns += 40 * NS_PER_MS
            renderer.tick()
        return renderer.frames_drawn - before

    def check(drawn: int, _: Path) -> None:
        assert drawn == FRAMES
        if draws:
            readings = renderer.read().tiles
            assert all(reading.state is TileState.LIVE for reading in readings)
            assert [reading.seen_camera_number for reading in readings] == list(range(1, tiles + 1))

    work(Path())  # the first frame makes textures and programs
    if not draws:
        scissors(gloo.gl.glEnable)
    best_s = measure(work, check, ROUNDS)
    if not draws:
        scissors(gloo.gl.glDisable)
    kind = f"csu, drawn by {surface.renderer.split(' (')[0]}" if draws else "csu, but one pixel drawn"
    scoreboard.add(WHAT.format(tiles), kind, best_s * 1000 / FRAMES, UNIT)


@pytest.mark.parametrize("tiles", SIZES)
def test_opencv_lays_out_the_wall(tiles: int, measure: Measure, scoreboard: Scoreboard) -> None:
    """The fastest way found: planes resized into a 4:2:0 canvas, one conversion. No state, no label, no clock."""
    scene, planes = _scene(tiles)

    def work(_: Path) -> NDArray[np.uint8]:
        return [_compose(scene, planes) for _frame in range(FRAMES)][-1]

    def check(wall: NDArray[np.uint8], _: Path) -> None:
        for tile, picture in zip(rectangles(scene), planes.values(), strict=True):
            shown = wall[tile.top_px : tile.top_px + tile.height_px, tile.left_px : tile.left_px + tile.width_px]
            given = (picture.y.astype(float) - 16) * 255 / 219
            assert abs(shown.mean() - given.mean()) < 6
            assert abs(shown.std() - given.std()) < 6

    best_s = measure(work, check, ROUNDS)
    scoreboard.add(WHAT.format(tiles), "OpenCV, planes on a canvas", best_s * 1000 / FRAMES, UNIT)


def _scene(tiles: int) -> tuple[NodeScene, dict[CameraId, YuvPlanes]]:
    records = [
        CameraRecord(CameraId(f"cam-{number:04}"), number, f"Rue {number}", CommuneId("57463"), ViewType.WIDE)
        for number in range(1, tiles + 1)
    ]
    scene = grid_scene(records, WALL_WIDTH_PX, WALL_HEIGHT_PX)
    return scene, {record.camera: _planes(record.number) for record in records}


def _planes(number: int) -> YuvPlanes:
    rows, columns = np.mgrid[0:PICTURE_HEIGHT_PX, 0:PICTURE_WIDTH_PX].astype(np.float32)
    luma = 118 + 60 * np.sin(columns / 90 + number) * np.cos(rows / 70 - number)
    pixels = np.full(PICTURE_WIDTH_PX * PICTURE_HEIGHT_PX * 3 // 2, 126, np.uint8)
    planes = YuvPlanes(*split_planes(pixels, PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX))  # as the shared memory has them
    planes.y[:], planes.v[:] = luma, 130
    draw_mark(planes, number, 1)
    return planes


def _compose(scene: NodeScene, planes: dict[CameraId, YuvPlanes]) -> NDArray[np.uint8]:
    canvas = np.full((WALL_HEIGHT_PX * 3 // 2, WALL_WIDTH_PX), 128, np.uint8)
    chroma = canvas[WALL_HEIGHT_PX:].reshape(2, WALL_HEIGHT_PX // 2, WALL_WIDTH_PX // 2)
    for tile, picture in zip(rectangles(scene), planes.values(), strict=True):
        left, top, width, height = (each & ~1 for each in (tile.left_px, tile.top_px, tile.width_px, tile.height_px))
        cv2.resize(picture.y, (width, height), canvas[top : top + height, left : left + width])
        for plane, source in zip(chroma, (picture.u, picture.v), strict=True):
            window = plane[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
            cv2.resize(source, (width // 2, height // 2), window)
    return np.asarray(cv2.cvtColor(canvas, cv2.COLOR_YUV2BGR_I420), np.uint8)
