"""A wall over several monitors, in its process: every panel shows its own, read from the X server's memory."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.cluster.shared_pictures import SharedPictures, SharedPicturesWriter
from csu.cluster.wall_process import WallProcess
from csu.hal import _mask_seal
from csu.hal.camera import CameraRecord
from csu.hal.frames import CaptureTime, MaskedFrame
from csu.hal.wall import NodeScene, TileReading, TileState, WallError, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.machine import SystemClock
from csu.wall.drawing.cover import cover_picture
from csu.wall.drawing.emergency import RENDERER
from csu.wall.drawing.read_back import read_tiles
from csu.wall.drawing.windows import NodeScreens
from csu.wall.model import Node, Panel, Rect, Scene, SourceRef, Tile, Wall, place
from tests.wall.x_server import LATE_S, XServer, at_place, shown_pieces, until, x_server

PANEL_PX = (320, 180)
LEFT, DESK, RIGHT = Rect(0, 60, 320, 180), Rect(320, 0, 200, 240), Rect(520, 10, 320, 180)
BETWEEN = {"LEFT": LEFT, "DESK": DESK, "RIGHT": RIGHT}
SIDE_BY_SIDE = {"LEFT": LEFT, "RIGHT": RIGHT}


def hung(*, nodes: tuple[str, str] = ("n", "n"), displays: tuple[str, str] = ("", ""), monitors: bool = True) -> Wall:
    """Panel `a` at the monitor on the right, `b` at the one on the left, four cameras on each."""
    panels, left = [], {nodes[0]: 0, nodes[1]: 0}
    for index, (name, monitor) in enumerate([("a", "RIGHT"), ("b", "LEFT")]):
        node = nodes[index]
        outside = Rect(index * 320.0, 0, 320, 180)
        hangs = monitor if monitors else ""
        panels.append(Panel(WallPanelId(name), outside, PANEL_PX, WallNodeId(node), (left[node], 0), monitor=hangs))
        left[node] += 320
    known = dict(zip(nodes, displays, strict=True))
    made = (
        Node(WallNodeId(node), tuple(each.panel for each in panels if each.node == node), display=display)
        for node, display in known.items()
    )
    return Wall("w", tuple(panels), tuple(made))


def scene_on(wall: Wall, records: list[CameraRecord]) -> dict[WallNodeId, NodeScene]:
    """Cameras 1 to 4 on panel a, 5 to 8 on b."""
    tiles = [
        Tile(
            f"t{index}",
            Rect(index % 2 / 2, index // 2 % 2 / 2, 0.5, 0.5),
            SourceRef(record.camera),
            anchor=wall.panels[index // 4].panel,
        )
        for index, record in enumerate(records)
    ]
    shown = {tile.tile: tile.source.camera for tile in tiles}
    return place(wall, Scene("s", tuple(tiles)), shown)


@pytest.fixture
def cameras(records: Callable[..., list[CameraRecord]]) -> list[CameraRecord]:
    return records(8)


@pytest.fixture
def pictures(cameras: list[CameraRecord]) -> Iterator[SharedPictures]:
    with SharedPictures.create([record.camera for record in cameras], 160, 90) as shared:
        yield shared


@pytest.fixture
def feed(pictures: SharedPictures, cameras: list[CameraRecord], planes: Any) -> Iterator[Callable[[int], None]]:
    """A picture of this number for every camera."""
    writer = SharedPicturesWriter.attach(pictures.spec)

    def give(frame: int) -> None:
        for record in cameras:
            picture = planes(160, 90, seed=record.number, mark=(record.number, frame))
            captured = CaptureTime(SystemClock().now_ns(), from_camera=True)
            seal = _mask_seal._SEAL
            writer.accept(
                MaskedFrame(record.camera, frame, captured, picture, mask_epoch=1, covered_share=0.0, seal=seal)
            )

    yield give
    writer.close()


def seen_on(pixels: NDArray[np.uint8], scene: NodeScene, panels: dict[str, Rect]) -> list[TileReading]:
    """The tiles as they are on the screen: each panel's pixels taken from where its monitor is."""
    framebuffer = np.zeros((scene.height_px, scene.width_px, 3), np.uint8)
    for index, at in enumerate(panels.values()):
        framebuffer[:180, index * 320 : (index + 1) * 320] = pixels[at_place(at)]
    return read_tiles(framebuffer, shown_pieces(scene, 160, 90))


@asynccontextmanager
async def running(pictures: SharedPictures, wall: Wall, node: str = "n", **options: Any):
    drawn = WallProcess(
        pictures.spec,
        *wall.framebuffer_px(WallNodeId(node)),
        backend="window",
        allow_software=True,
        screens=NodeScreens.of(wall, WallNodeId(node)),
        **options,
    )
    await drawn.start()
    try:
        yield drawn
    finally:
        await drawn.stop()


async def read_again_and_again(drawn: WallProcess) -> None:
    for _ in range(100):
        await drawn.read()
        await asyncio.sleep(0.05)


def is_right(tiles: list[TileReading], frame: int) -> bool:
    numbers = [tile.seen_camera_number for tile in tiles]
    return (
        numbers == list(range(1, len(tiles) + 1))
        and {tile.seen_frame_number for tile in tiles} == {frame}
        and {tile.state for tile in tiles} == {TileState.LIVE}
    )


@pytest.mark.parametrize("monitors", [BETWEEN, pytest.param(SIDE_BY_SIDE, marks=pytest.mark.nightly)])
def test_every_panel_shows_its_own_a_frozen_wall_is_covered_on_all_of_them_and_a_closed_window_is_told(
    pictures, cameras, feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, monitors
) -> None:
    """With a desk between the panels there are two windows, which share the pictures; without, one over both."""
    wall = hung()
    scene = scene_on(wall, cameras)[WallNodeId("n")]

    async def scenario(server: XServer) -> None:
        server.plug_in(monitors)
        desk = server.pixels()[at_place(DESK)]
        panels = {"a": RIGHT, "b": LEFT}
        async with running(pictures, wall, ended_after_s=30) as drawn:
            await drawn.show(scene)
            feed(12)
            await until(lambda: is_right(seen_on(server.pixels(), scene, panels), 12))
            reading = await drawn.read()
            assert is_right(list(reading.tiles), 12)
            assert (server.pixels()[at_place(DESK)] == desk).all() or monitors is SIDE_BY_SIDE

            assert drawn.pid is not None
            os.kill(drawn.pid, signal.SIGSTOP)
            cover = cover_picture(*PANEL_PX)
            covered_s = await until(
                lambda: all((server.pixels()[at_place(at)] == cover).all() for at in panels.values()), 30
            )
            assert (server.pixels()[at_place(DESK)] == desk).all() or monitors is SIDE_BY_SIDE
            os.kill(drawn.pid, signal.SIGCONT)
            feed(13)
            await until(lambda: is_right(seen_on(server.pixels(), scene, panels), 13))
            assert covered_s < 3 + LATE_S, f"covered after {covered_s:.1f} s"

            server.close_window(LEFT if monitors is BETWEEN else Rect(0, 10, 840, 230))
            with pytest.raises(WallError, match=r"window was closed.*panels: (a, )?b"):
                await read_again_and_again(drawn)

    with x_server(tmp_path, "840x240") as server:
        monkeypatch.setenv("DISPLAY", server.display)
        asyncio.run(scenario(server))


@pytest.mark.nightly
def test_a_monitor_that_is_not_there_is_told_by_the_wall_that_does_not_start(
    pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with running(pictures, hung()):
            raise AssertionError("it started")

    with x_server(tmp_path, "840x240") as server:
        server.plug_in({"RIGHT": RIGHT})
        monkeypatch.setenv("DISPLAY", server.display)
        with pytest.raises(WallError, match=r"panel b.*no monitor 'LEFT'; there are: RIGHT, screen"):
            asyncio.run(scenario())


@pytest.mark.nightly
def test_a_wall_that_nobody_is_ready_to_cover_shows_nothing(
    pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dozes(context: SpawnContext, *_: object) -> BaseProcess:
        process = context.Process(target=time.sleep, args=(60,), daemon=True)
        process.start()
        return process

    monkeypatch.setattr("csu.cluster.wall_process.start_watch", dozes)
    monkeypatch.setattr("csu.cluster.wall_process.START_TIMEOUT_S", 8.0)
    drawn = WallProcess(pictures.spec, 320, 180, backend="window", allow_software=True)

    async def scenario() -> None:
        try:
            with pytest.raises(WallError, match="found nobody to watch it"):
                await drawn.start()
            assert drawn.pid is None
        finally:
            await drawn.stop()

    with x_server(tmp_path, "840x240") as server:
        monkeypatch.setenv("DISPLAY", server.display)
        asyncio.run(scenario())


@pytest.mark.nightly
def test_two_screens_of_one_server_are_two_nodes(pictures, cameras, feed, tmp_path: Path) -> None:
    async def scenario(server: XServer) -> None:
        wall = hung(nodes=("n", "m"), displays=(f"{server.display}.0", f"{server.display}.1"), monitors=False)
        scenes = scene_on(wall, cameras)
        async with running(pictures, wall, "n") as first, running(pictures, wall, "m") as second:
            for drawn, node in ((first, "n"), (second, "m")):
                await drawn.show(scenes[WallNodeId(node)])
            feed(7)

            def shown(screen: int, node: str) -> list[int | None]:
                tiles = seen_on(server.pixels(screen), scenes[WallNodeId(node)], {"": Rect(0, 0, 320, 180)})
                return [tile.seen_camera_number for tile in tiles]

            await until(lambda: shown(0, "n") == [1, 2, 3, 4] and shown(1, "m") == [5, 6, 7, 8])
            assert first.pid is not None
            os.kill(first.pid, signal.SIGSTOP)
            cover = cover_picture(*PANEL_PX)
            await until(lambda: (server.pixels(0)[:180, :320] == cover).all())
            assert shown(1, "m") == [5, 6, 7, 8], "the other node draws on"
            os.kill(first.pid, signal.SIGCONT)

    with x_server(tmp_path, "400x200", "360x240") as server:
        asyncio.run(scenario(server))


@pytest.mark.nightly
def test_the_wall_without_gl_shows_every_panel_too(
    pictures, cameras, feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = hung()
    scene = scene_on(wall, cameras)[WallNodeId("n")]

    async def scenario(server: XServer) -> None:
        server.plug_in(BETWEEN)
        async with running(pictures, wall) as drawn:
            await drawn.show(scene)
            for _ in range(2):
                assert drawn.pid is not None
                os.kill(drawn.pid, signal.SIGKILL)
                with pytest.raises(WallError):
                    await drawn.read()
                await drawn.start()
            feed(5)
            assert (await drawn.read()).renderer == RENDERER

            def numbers() -> list[int | None]:
                tiles = seen_on(server.pixels(), scene, {"a": RIGHT, "b": LEFT})
                return [tile.seen_camera_number for tile in tiles]

            await until(lambda: numbers() == [1, 2, 3, 4, 5, 6, 7, 8])

    with x_server(tmp_path, "840x240") as server:
        monkeypatch.setenv("DISPLAY", server.display)
        asyncio.run(scenario(server))
