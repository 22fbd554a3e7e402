"""A room without pictures, for the console's API: states and fragments are what the test says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from csu.console import ConsoleSettings, RoomCounters, RoomHealth, create_app
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.media import FrameCounts, LiveFragment
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraState, CameraStatus

NOW_NS = 1_800_000_000 * NS_PER_S
CODEC = "avc1.42C01E"


class SettableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at_ns = NOW_NS

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


def fragment(number: int, *, is_init: bool = False, is_key: bool = False, size: int = 100) -> LiveFragment:
    return LiveFragment(bytes([number % 256]) * size, is_init, is_key, NOW_NS + number, CODEC)


class ScriptedRelay:
    """Hands out `fragments`, then ends, or waits for ever when `goes_on`. Counts who watches."""

    def __init__(self) -> None:
        self.fragments: Sequence[LiveFragment] = [
            fragment(0, is_init=True),
            fragment(1, is_key=True),
            fragment(2),
        ]
        self.goes_on = True
        self.unknown: set[CameraId] = set()
        self.watching = 0
        self.handed_out = 0

    @contextlib.asynccontextmanager
    async def watch(self, camera: CameraId) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        if camera in self.unknown:
            raise KeyError(camera)
        self.watching += 1
        try:
            yield self._hand_out()
        finally:
            self.watching -= 1

    async def _hand_out(self) -> AsyncIterator[LiveFragment]:
        for one in self.fragments:
            self.handed_out += 1
            yield one
        if self.goes_on:
            await asyncio.Event().wait()


class FakeRoom:
    """Three cameras: one live, one lost, one live that offers sound."""

    def __init__(self) -> None:
        self.relay = ScriptedRelay()
        self.wall_relay = ScriptedRelay()
        self.wall: bytes | Exception | None = b"\x89PNG picture"
        self.wall_drawn = 0
        self.answer = RoomHealth(True, "1.2.3", NOW_NS - 60 * NS_PER_S, 2, 2, NOW_NS - 20 * NS_PER_S)
        self.status = [
            _status(1, CameraState.LIVE),
            _status(2, CameraState.LOST, detail=Words("aucun paquet en 10 s", "no packet for 10 s")),
            replace(_status(3, CameraState.LIVE), audio_offered=True),
        ]

    def change(self, index: int, **what: object) -> None:
        self.status[index] = replace(self.status[index], **what)

    def cameras(self) -> Sequence[CameraStatus]:
        return list(self.status)

    def health(self) -> RoomHealth:
        return self.answer

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters(FrameCounts(decoded=500, masked=490, dropped=10, audio_offered=1), 7, 7_000, 2)

    async def wall_png(self) -> bytes | None:
        self.wall_drawn += 1
        await asyncio.sleep(0)
        if isinstance(self.wall, Exception):
            raise self.wall
        return self.wall

    def watch_wall(self) -> contextlib.AbstractAsyncContextManager[AsyncIterator[LiveFragment]] | None:
        return None if self.wall is None else self.wall_relay.watch(CameraId("wall"))


def _status(number: int, state: CameraState, detail: Words = NO_WORDS) -> CameraStatus:
    record = CameraRecord(CameraId(f"cam-{number:03}"), number, f"Rue {number}", CommuneId("metz"), ViewType.WIDE)
    return CameraStatus(record, state, NOW_NS - 5 * NS_PER_S, NOW_NS, detail)


@dataclass
class Console:
    """One console under test, asked in process; `ask` runs one coroutine against a fresh client."""

    room: FakeRoom = field(default_factory=FakeRoom)
    clock: SettableClock = field(default_factory=SettableClock)
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)

    @cached_property
    def app(self) -> FastAPI:
        """Made when it is first asked: 236 doors take a quarter of a second, and many tests hang their own."""
        return create_app(self.room, clock=self.clock, settings=self.settings)

    def request(self, method: str, path: str, **headers: str) -> httpx.Response:
        return self.ask(lambda client: client.request(method, path, headers=_names(headers)))

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, **headers)

    def ask(self, question: Callable[[httpx.AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
        async def run() -> Any:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as client:
                return await question(client)

        return asyncio.run(run())


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def make_console() -> type[Console]:
    """`make_console(settings=...)`: a console with its own room and clock."""
    return Console


@pytest.fixture
def console() -> Console:
    """A console of three cameras, with ordinary settings."""
    return Console()


@pytest.fixture
def make_fragment() -> Callable[..., LiveFragment]:
    """`make_fragment(number, is_init=, is_key=, size=)`."""
    return fragment
