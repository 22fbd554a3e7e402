"""Live streams over a real socket: who gets in, what is sent, and what a slow or leaving viewer costs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from csu.console import ConsoleSettings, serve_console
from csu.console.live import HEADER
from csu.hal.errors import BadInput
from tests.console.sockets import at_door, close_code, reading_nothing, until


def viewer(url: str, camera: str = "cam-001", origin: str | None = None):
    return at_door(url, f"ws/live/{camera}", origin)


def test_a_viewer_gets_the_codec_then_one_message_a_fragment(console) -> None:
    async def run() -> None:
        async with serve_console(console.app) as url, viewer(url) as socket_:
            hello = json.loads(await socket_.recv())
            assert hello == {"camera": "cam-001", "number": 1, "codec": "avc1.42C01E"}
            for flags, sent in zip((1, 2, 0), console.room.relay.fragments, strict=True):
                message = await socket_.recv()
                assert HEADER.unpack(message[: HEADER.size]) == (flags, sent.captured_at_ns)
                assert message[HEADER.size :] == sent.data

    asyncio.run(run())


def test_a_changed_stream_is_announced_before_its_new_init(console, make_fragment) -> None:
    console.room.relay.fragments = [*console.room.relay.fragments, make_fragment(9, is_init=True)]

    async def run() -> None:
        async with serve_console(console.app) as url, viewer(url) as socket_:
            kinds = [type(await socket_.recv()) for _ in range(6)]
            assert kinds == [str, bytes, bytes, bytes, str, bytes]

    asyncio.run(run())


@pytest.mark.parametrize(
    "camera", ["cam-999", "%00", "x" * 300, "..%2Fcam-001", "cam-001/replay", "../live/cam-001", ""]
)
def test_neither_an_unknown_camera_nor_a_path_that_is_no_door_gets_a_socket(console, camera) -> None:
    async def run() -> None:
        async with serve_console(console.app) as url:
            with pytest.raises(InvalidStatus) as refused:
                async with viewer(url, camera):
                    pytest.fail("it was let in")
            assert refused.value.response.status_code == 403

    asyncio.run(run())


def test_a_camera_the_relay_does_not_carry_is_closed_with_4404(console) -> None:
    console.room.relay.unknown.add("cam-002")

    async def run() -> None:
        async with serve_console(console.app) as url, viewer(url, "cam-002") as socket_:
            assert await close_code(socket_) == 4404

    asyncio.run(run())


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_a_foreign_page_never_gets_a_socket(console, origin) -> None:
    async def run() -> None:
        async with serve_console(console.app) as url:
            with pytest.raises(InvalidStatus) as refused:
                async with viewer(url, origin=origin):
                    pytest.fail("it was let in")
            assert refused.value.response.status_code == 403
        assert console.room.relay.handed_out == 0

    asyncio.run(run())


def test_more_viewers_than_allowed_are_refused_and_a_leaving_one_makes_room(make_console) -> None:
    console = make_console(settings=ConsoleSettings(viewers_max=1))

    async def run() -> None:
        async with serve_console(console.app) as url:
            async with viewer(url) as first:
                await first.recv()
                async with viewer(url) as second:
                    assert await close_code(second) == 4429
            await until(lambda: console.room.relay.watching == 0)
            async with viewer(url) as third:
                assert isinstance(await third.recv(), str)

    asyncio.run(run())


def test_a_viewer_that_leaves_a_silent_camera_is_noticed(console) -> None:
    console.room.relay.fragments = []

    async def run() -> None:
        async with serve_console(console.app) as url:
            async with viewer(url):
                await until(lambda: console.room.relay.watching == 1)
            await until(lambda: console.room.relay.watching == 0)

    asyncio.run(run())


def test_a_viewer_that_speaks_is_cut(console) -> None:
    async def run() -> None:
        async with serve_console(console.app) as url, viewer(url) as socket_:
            await socket_.send("seek -30")
            assert await close_code(socket_) == 1003

    asyncio.run(run())


def test_a_stream_that_ends_tells_the_viewer_to_come_back(console) -> None:
    console.room.relay.goes_on = False

    async def run() -> None:
        async with serve_console(console.app) as url, viewer(url) as socket_:
            assert await close_code(socket_) == 1012

    asyncio.run(run())


def test_a_viewer_that_reads_nothing_is_cut_and_little_is_buffered_for_it(make_console, make_fragment) -> None:
    console = make_console(settings=ConsoleSettings(send_timeout_s=0.3))
    big = make_fragment(1, is_key=True, size=1 << 20)
    console.room.relay.fragments = [make_fragment(0, is_init=True), *[big] * 200]

    async def run() -> None:
        async with serve_console(console.app) as url, reading_nothing(url, "ws/live/cam-001"):
            await until(lambda: console.room.relay.watching == 1)
            await until(lambda: console.room.relay.watching == 0)
            assert 'refused_total{code="viewer_too_slow"} 1.0' in await asyncio.to_thread(
                lambda: httpx.get(f"{url}metrics").text
            )
            # Of 200 MiB offered, what left the relay is what the kernel's socket buffers and one fragment hold.
            assert console.room.relay.handed_out < 20

    asyncio.run(run())


def test_stopping_the_console_lets_go_of_viewers_and_pages_at_once(console) -> None:
    async def run() -> float:
        async with contextlib.AsyncExitStack() as stack:
            serving = serve_console(console.app)
            url = await serving.__aenter__()
            page = await stack.enter_async_context(at_door(url, "ws/events"))
            assert "cam-001" in await page.recv()
            socket_ = await stack.enter_async_context(viewer(url))
            await socket_.recv()
            begun = asyncio.get_running_loop().time()
            await serving.__aexit__(None, None, None)
            assert console.room.relay.watching == 0
            return asyncio.get_running_loop().time() - begun

    assert asyncio.run(run()) < 1.5


def test_a_taken_port_is_one_clear_line(console) -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(BadInput, match=f"127.0.0.1:{port}: the console cannot listen there"):
                async with serve_console(console.app, port=port):
                    pytest.fail("it listened")

    asyncio.run(run())
