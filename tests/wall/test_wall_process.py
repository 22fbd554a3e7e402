"""The wall's process: from shared pictures to pixels, in a window too; and what is said when it dies or hangs."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.cluster.shared_pictures import SharedPictures, SharedPicturesWriter
from csu.cluster.wall_process import WallProcess
from csu.hal import _mask_seal
from csu.hal.camera import CameraRecord
from csu.hal.frames import CaptureTime, MaskedFrame, YuvPlanes
from csu.hal.wall import NodeScene, TileState, WallError, WallOutput
from csu.machine import SystemClock
from csu.wall import grid_scene
from csu.wall.drawing.cover import cover_picture
from csu.wall.drawing.emergency import RENDERER
from csu.wall.drawing.read_back import read_tiles
from tests.wall.x_server import LATE_S, XServer, shown_pieces, until, x_server

Planes = Callable[..., YuvPlanes]
Records = Callable[..., list[CameraRecord]]
WIDTH_PX, HEIGHT_PX = 640, 360


@pytest.fixture
def cameras(records: Records) -> list[CameraRecord]:
    return records(4)


@pytest.fixture
def pictures(cameras: list[CameraRecord]) -> Iterator[SharedPictures]:
    with SharedPictures.create([record.camera for record in cameras], 320, 180) as shared:
        yield shared


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[XServer]:
    with x_server(tmp_path, "800x600") as server:
        yield server


def _feed(pictures: SharedPictures, cameras: list[CameraRecord], planes: Planes, frame: int) -> None:
    writer = SharedPicturesWriter.attach(pictures.spec)
    for record in cameras:
        picture = planes(320, 180, seed=record.number, mark=(record.number, frame))
        captured = CaptureTime(SystemClock().now_ns(), from_camera=True)
        writer.accept(
            MaskedFrame(record.camera, frame, captured, picture, mask_epoch=1, covered_share=0.0, seal=_mask_seal._SEAL)
        )
    writer.close()


async def _feed_and_read(
    wall: WallProcess, pictures: SharedPictures, cameras: list[CameraRecord], planes: Planes
) -> None:
    await wall.show(grid_scene(cameras, WIDTH_PX, HEIGHT_PX))
    _feed(pictures, cameras, planes, 12)
    reading = await wall.read()
    assert [tile.seen_camera_number for tile in reading.tiles] == [1, 2, 3, 4]
    assert {tile.seen_frame_number for tile in reading.tiles} == {12}
    assert {tile.state for tile in reading.tiles} == {TileState.LIVE}
    assert len(reading.latencies_ms) == 4
    assert all(0 < latency < 5000 for latency in reading.latencies_ms)


def test_a_frozen_wall_is_covered_within_three_seconds_then_ended_and_started_again(
    pictures: SharedPictures,
    cameras: list[CameraRecord],
    planes: Planes,
    screen: XServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)
    told: list[WallError] = []
    scene = grid_scene(cameras, WIDTH_PX, HEIGHT_PX)
    shown, cover = shown_pieces(scene, 320, 180), cover_picture(WIDTH_PX, HEIGHT_PX)

    def on_screen() -> NDArray[np.uint8]:
        return screen.pixels()[:HEIGHT_PX, :WIDTH_PX]

    async def scenario() -> None:
        wall = WallProcess(
            pictures.spec, WIDTH_PX, HEIGHT_PX, backend="window", allow_software=True, ended_after_s=6, tell=told.append
        )
        await wall.start()
        try:
            await _feed_and_read(wall, pictures, cameras, planes)
            await until(lambda: all(tile.is_read for tile in read_tiles(on_screen(), shown)), 10)
            first = wall.pid
            assert first is not None
            frozen_at = time.monotonic()
            os.kill(first, signal.SIGSTOP)
            await until(lambda: bool((on_screen() == cover).all()), 30)
            covered_s = time.monotonic() - frozen_at
            assert not any(tile.is_read for tile in read_tiles(on_screen(), shown)), "a frozen picture is still seen"
            await until(lambda: bool(told), 60)
            assert "had not drawn for 6 s" in str(told[0])
            assert wall.pid not in (None, first)
            assert not Path(f"/proc/{first}").exists()
            _feed(pictures, cameras, planes, 13)
            await until(lambda: all(tile.seen_frame_number == 13 for tile in read_tiles(on_screen(), shown)), 20)
            assert covered_s < 3 + LATE_S, f"covered after {covered_s:.1f} s"
        finally:
            await wall.stop()

    asyncio.run(scenario())


@pytest.mark.nightly
def test_a_wall_that_died_twice_within_a_minute_comes_back_without_gl_and_says_so(
    pictures: SharedPictures, cameras: list[CameraRecord], planes: Planes
) -> None:
    async def scenario() -> None:
        wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, allow_software=True)
        await wall.show(grid_scene(cameras, WIDTH_PX, HEIGHT_PX))
        for _ in range(2):
            await wall.start()
            assert wall.pid is not None
            os.kill(wall.pid, signal.SIGKILL)
            with pytest.raises(WallError):
                await wall.read()
        await wall.start()
        try:
            await _feed_and_read(wall, pictures, cameras, planes)
            assert (await wall.read()).renderer == RENDERER
        finally:
            await wall.stop()

    asyncio.run(scenario())


def test_a_wall_that_is_killed_is_told_at_the_next_call_and_starts_again_with_its_scene(
    pictures: SharedPictures, cameras: list[CameraRecord], planes: Planes
) -> None:
    async def scenario() -> None:
        wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, allow_software=True)
        assert isinstance(wall, WallOutput)
        await wall.start()
        await _feed_and_read(wall, pictures, cameras, planes)
        first = wall.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        with pytest.raises(WallError, match=r"ended by itself.*-9.*Start it again"):
            await wall.read()
        with pytest.raises(WallError, match="not running"):
            await wall.picture_png()
        await wall.start()
        try:
            assert wall.pid not in (None, first)
            assert len((await wall.read()).tiles) == 4
        finally:
            await wall.stop()
            await wall.stop()

    asyncio.run(scenario())


def test_a_wall_that_hangs_is_ended_rather_than_left_with_a_frozen_picture(
    pictures: SharedPictures, cameras: list[CameraRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csu.cluster.wall_process.ANSWER_TIMEOUT_S", 0.5)

    async def scenario() -> None:
        wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, allow_software=True)
        await wall.start()
        pid = wall.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(WallError, match=r"did not answer in 0.5 s"):
            await wall.read()
        assert not Path(f"/proc/{pid}").exists()

    asyncio.run(scenario())


def test_a_wall_that_cannot_open_says_why_and_leaves_no_process(
    pictures: SharedPictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)

    async def scenario() -> None:
        wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, backend="window", allow_software=True)
        with pytest.raises(WallError, match="DISPLAY"):
            await wall.start()
        assert wall.pid is None

    asyncio.run(scenario())


def test_scenes_that_this_wall_cannot_show_are_refused_before_they_reach_it(
    pictures: SharedPictures, records: Records
) -> None:
    wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX)
    with pytest.raises(WallError, match="cam-0005"):
        asyncio.run(wall.show(grid_scene(records(5), WIDTH_PX, HEIGHT_PX)))
    with pytest.raises(WallError, match="320x180"):
        asyncio.run(wall.show(NodeScene(320, 180, ())))
    with pytest.raises(ValueError, match="frames a second"):
        WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, frames_per_s=0)


def test_the_wall_ends_with_the_process_that_started_it(pictures: SharedPictures) -> None:
    code = (
        "import asyncio, os, pickle, sys\nfrom csu.cluster.wall_process import WallProcess\n"
        "async def scenario():\n"
        "    spec = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "    wall = WallProcess(spec, 320, 180, allow_software=True)\n"
        "    await wall.start()\n    print(wall.pid, flush=True)\n    os.kill(os.getpid(), 9)\n"
        "if __name__ == '__main__':\n    asyncio.run(scenario())\n"
    )
    arguments = [sys.executable, "-c", code, pickle.dumps(pictures.spec).hex()]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    pid = int(done.stdout)
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists() or b"Z" in Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1][:3]
