"""Builders: settings of a receiver, a receiver that a room stands behind, and panels that dial it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from csu.hal.clock import NS_PER_S
from csu.machine import SystemClock
from hardware.dc09 import open_receiver, settings_of
from hardware.dc09.acceptance import Acceptance, Instant, Refused, Repeated, Taken
from hardware.dc09.belief import Origin
from hardware.dc09.settings import keys_of
from sim.endpoints.dc09 import DialledPath, DiallerSpec
from sim.endpoints.dc09.wire import frame

KEY, KEY_192, KEY_256 = bytes(range(16)), bytes(range(24)), bytes(range(32))
KEYS = {"k/1234": KEY, "k/192": KEY_192, "k/256": KEY_256}
NOON_NS = 1_795_600_800 * NS_PER_S


def account(number="1234", key="k/1234", **more):
    paths = more.pop("paths", [{"name": "main", "door": "main"}])
    return {"account": number, "commune": "orval", "site": "mairie", "key": key, "paths": paths, **more}


def settings(*accounts, **more):
    told = {"commune": "metz", "site": "csu", "doors": [{"name": "main"}], "accounts": list(accounts) or [account()]}
    return settings_of({**told, **more})


class Room:
    """Hears a receiver as the centre does: notes each message, then acknowledges it, if it `acknowledges`."""

    def __init__(self, receiver, notices):
        self.receiver, self.notices = receiver, notices
        self.heard, self.acknowledges = [], True

    @property
    def kinds(self):
        return [message.kind.value for message in self.heard]

    async def listen(self):
        async for message in self.receiver.messages():
            self.heard.append(message)
            if self.acknowledges:
                await self.receiver.acknowledge(message)

    def path(self, name="main", transport="tcp", door="main", **more):
        return DialledPath(name, "127.0.0.1", self.receiver.addresses[door].port, transport, **more)

    def dialler(self, number="1234", key=KEY, paths=None, **more):
        more = {"answer_within_s": 2.0, "tries_max": 3, **more}
        return DiallerSpec(number, paths or (self.path(),), key=key, **more)


@asynccontextmanager
async def open_room(directory, told=None, **more) -> AsyncIterator[Room]:
    notices = []
    file = directory / "dc09.sqlite"
    async with open_receiver(told or settings(), KEYS, file, SystemClock(), tell=notices.append, **more) as receiver:
        room = Room(receiver, notices)
        listening = asyncio.create_task(room.listen())
        try:
            yield room
        finally:
            listening.cancel()


async def until(holds, within_s=5.0):
    """Wait until something holds; a slow machine is waited for."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + within_s
    while not holds():
        assert loop.time() < end_s, "it did not come about"
        await asyncio.sleep(0.01)


class Gate:
    """The core alone, its clock moved by hand. What it takes counts as written; the engine acknowledges on demand."""

    def __init__(self, told=None, first=1):
        self.settings = told or settings()
        self.core = Acceptance(self.settings, keys_of(self.settings, KEYS), first)
        self.now_ns = NOON_NS

    def frame(self, data="#1234|NBA3", number=1, token="SIA-DCS", key=KEY, account="1234", age_s=0.0, head=None):
        at_ns = None if age_s is None else self.now_ns - int(age_s * NS_PER_S)
        return frame(head or f"{number:04d}L0#{account}", token, data, at_ns, key)

    def wait(self, seconds):
        self.now_ns += int(seconds * NS_PER_S)

    def hear(self, made, transport="tcp", door="main", address="127.0.0.1"):
        verdict = self.core.judge(made, Origin(door, transport, address), Instant(self.now_ns, self.now_ns))
        if isinstance(verdict, Taken):
            verdict.sighting.entry.is_written = True
        return verdict

    def tell(self, made, **more):
        """What comes of it, in a word: the kinds of a new event, `repeated`, or the reason of a refusal."""
        verdict = self.hear(made, **more)
        if isinstance(verdict, Refused):
            return verdict.reason
        if isinstance(verdict, Repeated):
            return "repeated"
        return [message.kind for message in verdict.sighting.entry.messages]

    def acknowledge_all(self):
        for number in list(self.core.pending):
            self.core.acknowledge(number)


@pytest.fixture(scope="session")
def dc09():
    """The builders, for tests that cannot import this file."""
    given = {"Gate": Gate, "account": account, "settings": settings, "open_room": open_room, "until": until}
    return SimpleNamespace(KEY=KEY, KEY_192=KEY_192, KEY_256=KEY_256, KEYS=KEYS, NOON_NS=NOON_NS, **given)
