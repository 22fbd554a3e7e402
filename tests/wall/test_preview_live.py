"""The wall's process drawn small, encoded, sent over a real socket: who watches sees what the wall shows, as it is."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import av
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from csu.cluster.shared_pictures import SharedPictures
from csu.cluster.wall_preview import PICTURES_PER_S, WallPreview
from csu.cluster.wall_process import WallProcess
from csu.console import create_app, serve_console
from csu.console.live import FLAG_INIT, FLAG_KEY, HEADER
from csu.hal.camera import CameraRecord
from csu.hal.clock import NS_PER_S
from csu.hal.frame_mark import FRAME_NUMBER_MODULO
from csu.hal.media import LiveFragment
from csu.hal.wall import TileState, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.machine import SystemClock
from csu.wall import grid_scene
from csu.wall.drawing.preview_plan import PreviewPicture, PreviewPlan
from csu.wall.drawing.read_back import SeenPiece, read_tiles
from csu.wall.model import Node, Panel, Rect, Wall, fit_piece
from tests.wall.preview_builders import Feed, Planes, Room, plan_of_panel

Records = Callable[..., list[CameraRecord]]
WIDTH_PX, HEIGHT_PX = 480, 270
PLAN = plan_of_panel(WIDTH_PX, HEIGHT_PX)


class Seen(NamedTuple):
    """One message of the socket."""

    is_init: bool
    is_key: bool
    captured_at_ns: int
    data: bytes


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[ClientConnection]:
    address = f"{url}ws/wall".replace("http", "ws", 1)
    async with connect(address, origin=url.rstrip("/"), compression=None) as socket_:
        yield socket_


async def next_of(socket_: ClientConnection) -> Seen:
    """The next fragment; before an init segment and a key frame the text is there and says what time it is."""
    told = None
    async with asyncio.timeout(20):
        while isinstance(message := await socket_.recv(), str):
            told = json.loads(message)
    flags, captured_at_ns = HEADER.unpack(message[: HEADER.size])
    seen = Seen(bool(flags & FLAG_INIT), bool(flags & FLAG_KEY), captured_at_ns, message[HEADER.size :])
    assert (told is not None) == (seen.is_init or seen.is_key)
    if told is not None:
        assert told["wall"] is True
        assert abs(told["now_ms"] / 1000 - time.time()) < 5
    return seen


@pytest.fixture
def cameras(records: Records) -> list[CameraRecord]:
    return records(4)


@pytest.fixture
def pictures(cameras: list[CameraRecord]) -> Iterator[SharedPictures]:
    with SharedPictures.create([record.camera for record in cameras], 320, 180) as shared:
        yield shared


def test_who_watches_the_wall_sees_its_tiles_and_nothing_more_once_it_stands_still(
    pictures: SharedPictures, cameras: list[CameraRecord], planes: Planes
) -> None:
    scene = grid_scene(cameras, WIDTH_PX, HEIGHT_PX)

    async def scenario() -> list[Seen]:
        wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, allow_software=True)
        await wall.start()
        await wall.show(scene)
        preview = WallPreview([(wall, PLAN)], clock=SystemClock())
        feed = Feed(pictures, cameras, planes)
        try:
            async with serve_console(create_app(Room(cameras, preview), clock=SystemClock())) as url:
                await asyncio.sleep(0.3)
                assert (preview.drawn, preview.encoded) == (0, 0), "nobody watches"
                async with watching(url) as socket_:
                    seen = [await next_of(socket_) for _ in range(8)]
                    assert wall.pid is not None
                    os.kill(wall.pid, signal.SIGSTOP)
                    try:
                        stopped_at_ns = time.time_ns()
                        await _no_more(socket_, seen, 2.5)
                    finally:
                        os.kill(wall.pid, signal.SIGCONT)
                    assert all(each.captured_at_ns <= stopped_at_ns for each in seen)
                    assert (time.time_ns() - seen[-1].captured_at_ns) / NS_PER_S > 2, "and its age says so"
                    again = await next_of(socket_)
                    assert again.is_init, "it begins anew: a picture that was held back is not sent now"
                    assert again.captured_at_ns > stopped_at_ns
                await _until_idle(preview)
                return seen
        finally:
            feed.end()
            await preview.stop()
            await wall.stop()

    seen = asyncio.run(scenario())
    assert [each.is_init for each in seen] == [True, *[False] * (len(seen) - 1)]
    assert seen[1].is_key
    drawn_at = [each.captured_at_ns for each in seen[1:]]
    assert drawn_at == sorted(set(drawn_at))
    frames = [_frame_read(rgb, cameras) for rgb in _decoded(seen)]
    assert len(frames) == len(seen) - 1
    assert frames == sorted(frames)
    assert frames[-1] > frames[0], "it shows what comes, and not one picture again and again"


async def _no_more(socket_: ClientConnection, seen: list[Seen], for_s: float) -> None:
    """What was on its way when the wall stopped may still come, and nothing after it."""
    try:
        async with asyncio.timeout(for_s):
            while True:
                seen.append(await next_of(socket_))
    except TimeoutError:
        return


async def _until_idle(preview: WallPreview) -> None:
    """Nobody watches: what was begun comes to its end, then nothing is drawn or encoded."""
    await asyncio.sleep(0.5)
    before = preview.drawn, preview.encoded
    await asyncio.sleep(5 / PICTURES_PER_S)
    assert (preview.drawn, preview.encoded) == before


def _decoded(seen: Sequence[Seen]) -> list[np.ndarray]:
    with av.open(io.BytesIO(b"".join(each.data for each in seen))) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def _frame_read(rgb: np.ndarray, cameras: Sequence[CameraRecord]) -> int:
    """The number that the tiles show; each tile shows its own camera, and is live."""
    pieces = PLAN.of_scene(grid_scene(cameras, WIDTH_PX, HEIGHT_PX)).pieces
    where = []
    for piece in pieces:
        fitted = fit_piece(piece, 320, 180)
        assert piece.camera is not None
        assert fitted is not None
        where.append(SeenPiece(piece.tile, piece.camera, piece.z, piece.corners_px, fitted))
    tiles = read_tiles(rgb, where)
    assert [tile.seen_camera_number for tile in tiles] == [record.number for record in cameras]
    assert {tile.state for tile in tiles} == {TileState.LIVE}
    numbers = [tile.seen_frame_number for tile in tiles]
    assert None not in numbers
    assert max(numbers) - min(numbers) <= 1, "the thread may write while the wall draws"
    return max(numbers) % FRAME_NUMBER_MODULO


class PaintedNode:
    """A node's wall without GL: each picture is a little lighter. `holds`: it stands still."""

    def __init__(self) -> None:
        self.asked, self.let_go = 0, 0
        self.holds = asyncio.Event()
        self.holds.set()
        self.fails = False

    async def preview(self, plan: PreviewPlan | None) -> PreviewPicture | None:
        if plan is None:
            self.let_go += 1
            return None
        await self.holds.wait()
        self.asked += 1
        if self.fails:
            raise RuntimeError("a fault of ours")
        i420 = np.full((plan.height_px * 3 // 2, plan.width_px), self.asked % 200, np.uint8)
        return PreviewPicture(i420, time.time_ns())


SMALL = plan_of_panel(64, 36)


@pytest.mark.requirement("ACC-3")
def test_who_comes_later_gets_no_picture_that_was_drawn_before() -> None:
    """Nothing is kept for who is not there yet: an init segment, then pictures from the next key frame on."""

    async def scenario() -> None:
        node = PaintedNode()
        preview = WallPreview([(node, SMALL)], clock=SystemClock(), pictures_per_s=20)
        async with preview.watch() as first:
            async for _ in _some(first, 12):
                pass
            joined_at_ns = time.time_ns()
            async with preview.watch() as second:
                seen = [fragment async for fragment in _some(second, 4)]
        assert [fragment.is_init for fragment in seen] == [True, False, False, False]
        assert seen[1].is_key
        # A picture leaves when the next one comes: the one that was newest may be the first.
        assert all(each.captured_at_ns > joined_at_ns - NS_PER_S / 20 * 3 for each in seen[1:])
        assert seen[1].captured_at_ns > joined_at_ns - NS_PER_S / 20 * 3
        async with preview.watch() as third:  # nobody was there between: all begins anew
            begun = [fragment async for fragment in _some(third, 2)]
        assert [fragment.is_init for fragment in begun] == [True, False]
        assert begun[1].is_key
        await preview.stop()

    asyncio.run(scenario())


@pytest.mark.nightly
def test_a_key_frame_begins_each_second() -> None:
    async def scenario() -> None:
        preview = WallPreview([(PaintedNode(), SMALL)], clock=SystemClock(), pictures_per_s=20)
        async with preview.watch() as fragments:
            seen = [fragment async for fragment in _some(fragments, 50)]
        keys = [each.captured_at_ns for each in seen if each.is_key]
        assert len(keys) >= 2
        gaps = np.diff(keys) / NS_PER_S
        assert gaps.max() < 1.5
        await preview.stop()

    asyncio.run(scenario())


@pytest.mark.nightly
def test_one_drawing_serves_all_who_watch_and_a_slow_one_loses_pictures_up_to_a_key_frame() -> None:
    async def scenario() -> None:
        node = PaintedNode()
        preview = WallPreview([(node, SMALL)], clock=SystemClock(), pictures_per_s=100)
        async with preview.watch() as quick, preview.watch() as slow:
            taken = [fragment async for fragment in _some(quick, 220)]
            assert preview.encoded <= len(taken) + 2
            late = [fragment async for fragment in _some(slow, 10)]
        assert late[0].is_init
        assert late[1].is_key
        assert late[1].captured_at_ns > taken[40].captured_at_ns, "what was too much for it is gone"
        await preview.stop()

    asyncio.run(scenario())


def test_a_node_that_stands_still_sends_nothing_and_a_fault_ends_the_stream_for_all() -> None:
    async def scenario() -> None:
        node = PaintedNode()
        preview = WallPreview([(node, SMALL)], clock=SystemClock(), pictures_per_s=20)
        async with preview.watch() as fragments:
            async for _ in _some(fragments, 3):
                pass
            node.holds.clear()
            await asyncio.sleep(0.2)
            encoded = preview.encoded
            await asyncio.sleep(0.3)
            assert preview.encoded == encoded
            node.fails = True
            node.holds.set()
            async with asyncio.timeout(5):
                async for _ in fragments:
                    pass  # to its end
        node.fails = False
        async with preview.watch() as fragments:
            assert (await anext(fragments)).is_init
        await asyncio.sleep(0.05)
        assert node.let_go == 1, "who watches no more is told to the wall"
        await preview.stop()
        await preview.stop()

    asyncio.run(scenario())


@pytest.mark.nightly
def test_one_node_of_two_that_stands_still_is_covered_and_the_other_is_seen_on() -> None:
    async def scenario() -> tuple[list[LiveFragment], int]:
        wall = Wall("two", (_panel("left", 0), _panel("right", 128)), (_node("left"), _node("right")))
        outputs = {WallNodeId("left"): PaintedNode(), WallNodeId("right"): PaintedNode()}
        preview = WallPreview.of_wall(wall, outputs, clock=SystemClock())
        seen: list[LiveFragment] = []
        async with preview.watch() as fragments:
            seen += [fragment async for fragment in _some(fragments, 5)]
            outputs[WallNodeId("right")].holds.clear()
            held_at_ns = time.time_ns()
            while seen[-1].captured_at_ns < held_at_ns + 1.5 * NS_PER_S:
                seen += [fragment async for fragment in _some(fragments, 1)]
        await preview.stop()
        return seen, held_at_ns

    seen, held_at_ns = asyncio.run(scenario())
    with av.open(io.BytesIO(b"".join(each.data for each in seen))) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    first, last = pictures[0], pictures[-1]
    assert abs(int(first[32, 64]) - int(first[32, 192])) < 40, "both are drawn"
    assert np.ptp(last[8:56, 136:248]) > 5, "the checker of no signal"
    assert np.ptp(last[8:56, 8:120]) <= 2, "the other goes on"
    assert [each.is_init for each in seen].count(True) == 1, "the stream goes on meanwhile"
    told = [each.captured_at_ns for each in seen[1:]]
    while_believed = [at_ns for at_ns in told if at_ns <= held_at_ns]
    assert len(while_believed) > 5, "a picture is as old as its oldest part, for as long as that is seen"
    assert seen[-1].captured_at_ns > held_at_ns


def _panel(name: str, left: float) -> Panel:
    return Panel(WallPanelId(name), Rect(left, 0, 128, 64), (128, 64), WallNodeId(name))


def _node(name: str) -> Node:
    return Node(WallNodeId(name), (WallPanelId(name),))


async def _some(fragments: AsyncIterator[LiveFragment], count: int) -> AsyncIterator[LiveFragment]:
    async with asyncio.timeout(20):
        for _ in range(count):
            yield await anext(fragments)


def test_the_plans_of_one_wall_have_one_size() -> None:
    with pytest.raises(ValueError, match="one size"):
        WallPreview([(None, SMALL), (None, PLAN)], clock=SystemClock())
