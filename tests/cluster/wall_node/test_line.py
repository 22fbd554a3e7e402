"""What goes to a node next: control before pictures, the newest scene always, pictures in whole groups or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from csu.centre.media import wall_node_line
from csu.centre.media.wall_node_line import FRAGMENTS_WAITING_MAX, WallNodeLine
from csu.cluster.live_muxer import LiveOutlet
from csu.cluster.live_relay import LiveDesk
from csu.cluster.wall_node_wire import (
    Ask,
    Beat,
    Failed,
    Hello,
    Renew,
    ShowScene,
    Told,
    pack,
    pieces_of_answer,
    to_node,
    unpack_fragment,
)
from csu.hal.camera import CameraId
from csu.hal.media import LiveFragment
from csu.hal.wall import NodeScene, ScenePiece, WallError, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.hal.words import Words
from csu.machine import SystemClock

from .conftest import MarkedCamera

CORNERS = ((0.0, 0.0), (320.0, 0.0), (0.0, 180.0), (320.0, 180.0))
HELLO = Hello(
    node=WallNodeId("mur-b"),
    width_px=320,
    height_px=180,
    cameras=(CameraId("one"), CameraId("two")),
    picture_px_max=(160, 90),
)
READY = pack(Beat(asked_at_ns=7, offset_ns=0, error_ns=1))


def scene(*cameras: str, until_ns: int | None = None) -> NodeScene:
    pieces = [
        ScenePiece(name, WallPanelId("p"), CameraId(name), 0, CORNERS, CORNERS, 1.8, shown_until_ns=until_ns)
        for name in cameras
    ]
    return NodeScene(320, 180, tuple(pieces))


def fragment(number: int, *, key: bool = False, init: bool = False) -> LiveFragment:
    return LiveFragment(bytes([number % 256]), init, key, number, "avc1")


class Node:
    """A line, and what is pulled from it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.told: list[Words] = []
        self.left = 0
        self.desk = LiveDesk(lambda camera, on: self.asked.append((camera, on)))
        self.line = WallNodeLine(HELLO, self.desk, SystemClock(), self.told.append, self._left)

    def _left(self, line: WallNodeLine) -> None:
        self.left += 1

    async def next(self) -> Any:
        async with asyncio.timeout(5):
            message = await self.line.next()
        return unpack_fragment(message) if isinstance(message, bytes) else message and to_node(message)

    async def nothing_waits(self) -> bool:
        await asyncio.sleep(0)
        return not any(queue._waiting or queue._init for queue in self.line._queues.values())

    async def nothing(self) -> bool:
        try:
            async with asyncio.timeout(0.02):
                await self.line.next()
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def ready_node(*cameras: str) -> AsyncIterator[Node]:
    """Its clock is known and it shows these."""
    node = Node()
    assert isinstance(await node.next(), Hello)
    node.line.hear(READY)
    assert isinstance(await node.next(), Told)
    if cameras:
        node.line.show(scene(*cameras))
        assert await node.next() == ShowScene(scene=scene(*cameras))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    yield node
    node.line.leave()
    await asyncio.sleep(0)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_nothing_is_shown_before_the_node_knows_our_clock() -> None:
    async def scenario() -> None:
        node = Node()
        node.line.show(scene("one"))
        assert await node.next() == HELLO
        assert await node.nothing()
        node.line.hear(pack(Beat(asked_at_ns=3)))
        told = await node.next()
        assert (told.asked_at_ns, abs(told.now_ns - SystemClock().now_ns()) < 10**9) == (3, True)
        assert await node.nothing()
        node.line.hear(READY)
        assert isinstance(await node.next(), Told)
        assert isinstance(await node.next(), ShowScene)
        node.line.leave()

    run(scenario())


def check_a_slow_node_loses_pictures_and_never_a_scene() -> None:
    async def scenario() -> None:
        async with ready_node("one") as node:
            node.desk.hear("one", fragment(0, init=True))
            for number in range(1, 200):  # a key frame each 12, and nobody takes any
                node.desk.hear("one", fragment(number, key=number % 12 == 1))
                if number % 10 == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            for last in range(3):
                node.line.show(scene("one", until_ns=last))
            node.line.renew(9)
            number = asyncio.create_task(node.line.ask("png"))
            await asyncio.sleep(0)
            assert isinstance(await node.next(), Ask)
            assert await node.next() == ShowScene(scene=scene("one", until_ns=9)), "the newest, and before all pictures"
            taken = []
            while not await node.nothing_waits():
                taken.append(await node.next())
            assert len(taken) <= FRAGMENTS_WAITING_MAX + 1
            pictures = [told.captured_at_ns for _, told in taken if not told.is_init]
            assert pictures == list(range(pictures[0], 200))
            assert pictures[0] % 12 == 1
            assert node.line.dropped == 199 - len(pictures)
            number.cancel()

    run(scenario())


def test_a_slow_node_loses_pictures_up_to_a_key_frame_and_never_a_scene() -> None:
    check_a_slow_node_loses_pictures_and_never_a_scene()


def scenes_wait_in_turn(patch: pytest.MonkeyPatch) -> None:
    follow = WallNodeLine._next

    def pictures_first(self: WallNodeLine) -> Any:
        waits, self._scene = self._scene, None
        found = follow(self)
        self._scene = self._scene or waits
        return found if found is not None else follow(self)

    patch.setattr(WallNodeLine, "_next", pictures_first)


def pictures_are_left_out_one_by_one(patch: pytest.MonkeyPatch) -> None:
    class Loses(wall_node_line.FragmentQueue):
        def offer(self, offered: LiveFragment) -> None:
            while len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self.dropped += 1
            super().offer(offered)

    patch.setattr(wall_node_line, "FragmentQueue", Loses)


@pytest.mark.parametrize("plant", [scenes_wait_in_turn, pictures_are_left_out_one_by_one])
def test_a_planted_defect_in_the_order_is_found(monkeypatch: pytest.MonkeyPatch, plant: Any) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check_a_slow_node_loses_pictures_and_never_a_scene()


def test_only_the_cameras_of_the_scene_that_was_sent_are_watched() -> None:
    async def scenario() -> None:
        async with ready_node("one") as node:
            assert node.asked == [("one", True)]
            node.line.show(scene("two"))
            assert node.asked == [("one", True)]
            node.desk.hear("one", fragment(0, init=True))
            assert isinstance(await node.next(), ShowScene)
            await asyncio.sleep(0.01)
            assert node.asked == [("one", True), ("one", False), ("two", True)]
            assert await node.nothing(), "what waited of another camera is forgotten"
        await asyncio.sleep(0.01)
        assert node.asked[-1] == ("two", False)

    run(scenario())


def test_one_camera_that_sends_much_does_not_keep_another_waiting() -> None:
    async def scenario() -> None:
        async with ready_node("one", "two") as node:
            for camera in ("one", "two"):
                node.desk.hear(camera, fragment(0, init=True))
            for number in range(1, 9):
                node.desk.hear("one", fragment(number, key=number == 1))
            node.desk.hear("two", fragment(1, key=True))
            await asyncio.sleep(0.01)
            order = [(await node.next())[0] for _ in range(5)]
            assert order == ["one", "two", "one", "two", "one"]

    run(scenario())


def test_a_stream_that_ends_at_the_centre_is_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_node_line, "RELAY_AGAIN_S", 0.01)

    async def scenario() -> None:
        async with ready_node("one") as node:
            node.desk.end()
            await asyncio.sleep(0.05)
            node.desk.hear("one", fragment(0, init=True))
            node.desk.hear("one", fragment(1, key=True))
            assert (await node.next())[1].is_init
            assert (await node.next())[1].is_key

    run(scenario())


def test_questions_are_answered_failed_or_left() -> None:
    async def scenario() -> None:
        async with ready_node() as node:
            one, two, three = (asyncio.create_task(node.line.ask("png")) for _ in range(3))
            numbers = [(await node.next()).number for _ in range(3)]
            for piece in pieces_of_answer(numbers[0], bytes(100_000)):
                node.line.hear(piece)
            assert await one == bytes(100_000)
            node.line.hear(pack(Failed(number=numbers[1], fr="noir", en="dark")))
            with pytest.raises(WallError, match="wall/mur-b: dark"):
                await two
            node.line.hear(pieces_of_answer(99, b"nobody asked")[0])
            node.line.hear(pack(Failed(fr="chaud", en="hot")))
            assert node.told == [Words("chaud", "hot")]
            node.line.leave()
            node.line.leave()
            with pytest.raises(WallError, match="left without an answer"):
                await three
            assert node.left == 1
            with pytest.raises(WallError, match="connected no more"):
                await node.line.ask("reading")

    run(scenario())


def test_an_answer_without_an_end_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall_node_line, "ANSWER_BYTES_MAX", 60_000)

    async def scenario() -> None:
        async with ready_node() as node:
            asking = asyncio.create_task(node.line.ask("png"))
            number = (await node.next()).number
            first, second, _ = pieces_of_answer(number, bytes(100_000 + 40_000))
            node.line.hear(first)
            with pytest.raises(ValueError, match="above 60000 bytes"):
                node.line.hear(second)
            asking.cancel()

    run(scenario())


def test_who_is_replaced_gets_nothing_more_and_a_renewal_waits_for_no_picture() -> None:
    async def scenario() -> None:
        async with ready_node("one") as node:
            node.desk.hear("one", fragment(0, init=True))
            await asyncio.sleep(0.01)
            node.line.renew(5)
            node.line.renew(6)
            assert await node.next() == Renew(until_ns=6)
            assert (await node.next())[1].is_init
            node.line.replace()
            assert await node.next() is None

    run(scenario())


def test_who_begins_to_watch_between_two_pictures_gets_an_init() -> None:
    """Stopped and begun again before the camera's next picture: the node that was replaced, a page that is reloaded."""
    heard: list[LiveFragment] = []
    camera = MarkedCamera(1, LiveDesk(lambda camera, on: None), 12.0)
    camera.outlet = LiveOutlet(camera.camera, lambda _, fragment: heard.append(fragment))
    camera.outlet.begin(camera._encoder.format)
    camera.outlet.watch(True)
    for frame in range(5):
        camera.send(frame * 10**9 // 12)
    camera.outlet.watch(False)
    camera.outlet.watch(True)
    heard.clear()
    for frame in range(5, 15):
        camera.send(frame * 10**9 // 12)
    assert [(each.is_init, each.is_key) for each in heard[:2]] == [(True, False), (False, True)]
