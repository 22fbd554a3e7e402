"""The whole wall over a real socket: the wire format, who is let in, what a slow viewer costs, and no past."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from csu.console import ConsoleSettings, serve_console
from csu.console.live import HEADER
from csu.hal.clock import NS_PER_MS
from tests.console.sockets import at_door, close_code, reading_nothing, until


def viewer(url: str, origin: str | None = None):
    return at_door(url, "ws/wall", origin)


def test_a_viewer_is_told_the_codec_and_the_centres_clock_before_the_first_picture_and_each_key_frame(console) -> None:
    async def run() -> None:
        async with serve_console(console.app) as url, viewer(url) as socket_:
            told = {"wall": True, "codec": "avc1.42C01E", "now_ms": console.clock.at_ns / NS_PER_MS}
            for flags, sent in zip((1, 2, 0), console.room.wall_relay.fragments, strict=True):
                if flags:
                    assert json.loads(await socket_.recv()) == told
                message = await socket_.recv()
                assert HEADER.unpack(message[: HEADER.size]) == (flags, sent.captured_at_ns)
                assert message[HEADER.size :] == sent.data

    asyncio.run(run())


@pytest.mark.nightly
def test_viewers_of_the_wall_are_counted_and_bounded_together_with_those_of_cameras(make_console) -> None:
    console = make_console(settings=ConsoleSettings(viewers_max=1))

    async def figures(url: str) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{url}metrics")).text

    async def run() -> None:
        async with serve_console(console.app) as url:
            async with viewer(url) as first:
                await first.recv()
                told = await figures(url)
                assert "csu_console_wall_viewers 1.0" in told
                assert "csu_console_viewers 1.0" in told
                async with viewer(url) as second:
                    assert await close_code(second) == 4429
            await until(lambda: console.room.wall_relay.watching == 0)
            assert "csu_console_wall_viewers 0.0" in await figures(url)

    asyncio.run(run())


def test_without_a_wall_the_socket_says_so_and_a_foreign_page_gets_none(console) -> None:
    async def run() -> None:
        async with serve_console(console.app) as url:
            with pytest.raises(InvalidStatus) as refused:
                async with viewer(url, origin="http://evil.example"):
                    pytest.fail("it was let in")
            assert refused.value.response.status_code == 403
            console.room.wall = None
            async with viewer(url) as socket_:
                assert await close_code(socket_) == 4503
        assert console.room.wall_relay.handed_out == 0

    asyncio.run(run())


@pytest.mark.requirement("ACC-3")
def test_a_viewer_has_no_word_about_what_it_is_sent(console) -> None:
    """Neither an instant in the address nor a message changes anything: the first is not heard, the second cuts."""

    async def run() -> None:
        past = "ws/wall?from_at=2026-01-01T00:00:00Z&last=30"
        async with serve_console(console.app) as url, at_door(url, past) as socket_:
            assert json.loads(await socket_.recv())["now_ms"] == console.clock.at_ns / NS_PER_MS
            await socket_.send("seek -30")
            assert await close_code(socket_) == 1003

    asyncio.run(run())


@pytest.mark.nightly
def test_a_viewer_that_reads_nothing_is_cut_and_little_is_buffered_for_it(make_console, make_fragment) -> None:
    console = make_console(settings=ConsoleSettings(send_timeout_s=0.3))
    relay = console.room.wall_relay
    relay.fragments = [make_fragment(0, is_init=True), *[make_fragment(1, is_key=True, size=1 << 20)] * 200]

    async def run() -> None:
        async with serve_console(console.app) as url, reading_nothing(url, "ws/wall"):
            await until(lambda: relay.watching == 1)
            await until(lambda: relay.watching == 0)
            assert relay.handed_out < 20

    asyncio.run(run())
