"""The WallOutput port: what every binding must do. A binding joins by one line in WALLS.

A binding is opened with the cameras it may show and gives the wall and the door for masked pictures.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import cv2
import numpy as np
import pytest

from csu.cluster.shared_pictures import SharedPictures, SharedPicturesWriter
from csu.cluster.wall_process import WallProcess
from csu.hal import _mask_seal
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import CaptureTime, ClearFrame, ClearPictureRefused, MaskedFrame, YuvPlanes
from csu.hal.wall import MaskedSink, TileState, WallError, WallOutput
from csu.machine import SystemClock
from csu.wall import grid_scene

WIDTH_PX, HEIGHT_PX = 640, 360
CAMERAS = [CameraRecord(CameraId(f"cam-{n:04}"), n, f"Rue {n}", CommuneId("57463"), ViewType.WIDE) for n in range(1, 5)]
SCENE = grid_scene(CAMERAS, WIDTH_PX, HEIGHT_PX)


@asynccontextmanager
async def open_process() -> AsyncIterator[tuple[WallOutput, MaskedSink]]:
    with SharedPictures.create([record.camera for record in CAMERAS], 320, 180) as pictures:
        wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, allow_software=True)
        writer = SharedPicturesWriter.attach(pictures.spec)
        try:
            yield wall, writer
        finally:
            await wall.stop()
            writer.close()


OpenWall = Callable[[], AbstractAsyncContextManager[tuple[WallOutput, MaskedSink]]]
WALLS: dict[str, OpenWall] = {"process": open_process}


@pytest.fixture(params=sorted(WALLS))
def open_wall(request: pytest.FixtureRequest) -> OpenWall:
    return WALLS[request.param]


def picture(record: CameraRecord, frame: int, *, age_s: float = 0.0) -> MaskedFrame:
    y, chroma = np.full((180, 320), 90, np.uint8), np.full((90, 160), 128, np.uint8)
    planes = YuvPlanes(y, chroma, chroma.copy())
    draw_mark(planes, record.number, frame)
    captured = CaptureTime(SystemClock().now_ns() - int(age_s * NS_PER_S), from_camera=True)
    return MaskedFrame(record.camera, frame, captured, planes, mask_epoch=1, covered_share=0.0, seal=_mask_seal._SEAL)


async def _shows_what_it_is_fed(wall: WallOutput, door: MaskedSink) -> None:
    """One life of a wall, told in order: to open one takes a second."""
    with pytest.raises(WallError):
        await wall.read()  # not started: no invented reading
    await wall.start()
    assert (await wall.read()).tiles == ()
    await wall.show(SCENE)
    before = await wall.read()
    assert [tile.camera for tile in before.tiles] == [record.camera for record in CAMERAS]
    assert {tile.state for tile in before.tiles} == {TileState.NO_SIGNAL}, "no picture came, yet a tile shows one"

    for frame in (5, 6):
        for record in CAMERAS[:2]:
            door.accept(picture(record, frame))
    door.accept(picture(CAMERAS[2], 9, age_s=4))
    reading = await wall.read()
    assert reading.renderer
    assert reading.frames_drawn > before.frames_drawn
    assert [tile.state for tile in reading.tiles] == [
        TileState.LIVE,
        TileState.LIVE,
        TileState.STALE,
        TileState.NO_SIGNAL,
    ]
    seen = [(tile.seen_camera_number, tile.seen_frame_number) for tile in reading.tiles]
    assert seen == [(1, 6), (2, 6), (3, 9), (None, None)]
    assert len(reading.latencies_ms) >= 3
    assert max(reading.latencies_ms) >= 4000, "the age of the old picture is missing"

    png = cv2.imdecode(np.frombuffer(await wall.picture_png(), np.uint8), cv2.IMREAD_COLOR)
    assert png is not None
    assert png.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert png.std() > 5, "the picture is empty"

    await wall.show(grid_scene(CAMERAS[1:2], WIDTH_PX, HEIGHT_PX))
    (only,) = (await wall.read()).tiles
    assert (only.camera, only.seen_camera_number) == (CAMERAS[1].camera, 2)
    for left_ns, may_show in ((60 * NS_PER_S, True), (-1, False), (60 * NS_PER_S, True)):
        await wall.renew(SystemClock().now_ns() + left_ns)
        (only,) = (await wall.read()).tiles
        assert (only.state is not TileState.FORBIDDEN) is may_show, "what may be shown is said anew, and for how long"


async def _stops_for_good(wall: WallOutput, door: MaskedSink) -> None:
    await wall.show(SCENE)  # before start: the first scene
    await wall.start()
    assert len((await wall.read()).tiles) == len(CAMERAS)
    await wall.stop()
    await wall.stop()
    with pytest.raises(WallError):
        await wall.read()
    with pytest.raises(WallError):
        await wall.picture_png()


async def _refuses_clear(wall: WallOutput, door: MaskedSink) -> None:
    masked = picture(CAMERAS[0], 1)
    clear = ClearFrame(CAMERAS[0].camera, 1, masked.captured, masked.planes)
    with pytest.raises(ClearPictureRefused):
        door.accept(clear)  # type: ignore[arg-type]


def live(open_wall: OpenWall, story: Callable[[WallOutput, MaskedSink], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_wall() as (wall, door):
            assert isinstance(wall, WallOutput)
            assert isinstance(door, MaskedSink)
            await story(wall, door)

    asyncio.run(run())


def test_it_shows_what_it_is_fed_and_says_what_it_shows(open_wall: OpenWall) -> None:
    live(open_wall, _shows_what_it_is_fed)


def test_a_scene_may_come_before_the_start_and_nothing_is_read_after_the_stop(open_wall: OpenWall) -> None:
    live(open_wall, _stops_for_good)


@pytest.mark.requirement("PRV-3")
def test_its_door_takes_masked_pictures_only(open_wall: OpenWall) -> None:
    live(open_wall, _refuses_clear)
