"""The doors of the wall on a socket: a real wall room, decided, journaled and shown, asked by a real client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.alarms import AlarmDesk
from csu.centre.rooms.wall_desk import DeskOfWall, WallAccount
from csu.centre.rooms.wall_plan import default_wall
from csu.centre.rooms.wall_room import WallRoom
from csu.console import Desks, create_app, demonstration_access, serve_console
from csu.governance import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_desk import JournalDesk
from csu.governance.journal_entry import Operation
from csu.governance.journal_reading import read_journal
from csu.machine import SystemClock

JSON = {"content-type": "application/json"}


class Screen:
    """What is up, and when it came."""

    def __init__(self) -> None:
        self.up, self.changed = [], asyncio.Event()

    async def start(self) -> None: ...

    async def renew(self, until_ns) -> None: ...

    async def show(self, scene) -> None:
        self.up = [piece.camera for piece in scene.pieces]
        self.changed.set()


@asynccontextmanager
async def served(room, directory) -> AsyncIterator[tuple[str, Screen]]:
    """The three cameras of `room` on a wall, and the console before it."""
    clock, screen, account = SystemClock(), Screen(), WallAccount()
    centre = SimpleNamespace(
        board=SimpleNamespace(all=room.cameras), desk=AlarmDesk(), is_short_of_watch=False, watching=("anne", "paul"),
        may_watch=lambda camera: True, listen=lambda hear: None,
    )  # fmt: skip
    key = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
    journal = JournalDesk(AuditJournal(directory / "journal", key), key, clock)
    records = [line.record for line in room.cameras()]
    planned = default_wall(records, 1280, 720)
    wall = WallRoom(
        centre, {planned.wall.nodes[0].node: screen}, planned, records, clock=clock, journal=journal,
        tell=account.observe, may_view=lambda person, camera, now_ns: True,
    )  # fmt: skip
    await wall.open()
    running = asyncio.create_task(wall.run())
    access = demonstration_access(room, clock, journal)
    app = create_app(room, clock=clock, access=access, desks=Desks(wall=DeskOfWall(wall, account, clock)))
    try:
        async with serve_console(app) as url:
            yield url, screen
    finally:
        running.cancel()
        await asyncio.wait([running])
        await journal.close()


def test_a_camera_is_put_up_from_a_page_and_from_nowhere_else(console, tmp_path) -> None:
    async def story() -> None:
        async with served(console.room, tmp_path) as (url, screen), httpx.AsyncClient(base_url=url) as client:
            place, told = "/api/wall/tiles/tile-1/camera", {"camera": "cam-003"}
            for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://elsewhere.example"}):
                foreign = await client.post(place, json=told, headers=headers)
                assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_refused")
            screen.changed.clear()
            answer = await client.post(place, json=told, headers={"origin": url.rstrip("/")})
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            asked = next(tile for tile in answer.json()["tiles"] if tile["tile"] == "tile-1")
            assert (asked["camera"], asked["cause"]["en"]) == ("cam-003", "asked for by demonstration")
            await asyncio.wait_for(screen.changed.wait(), 5)
            assert sorted(screen.up) == ["cam-002", "cam-003"]
            why = (await client.get("/api/wall/tiles/tile-1/why")).json()["changes"]
            assert [change["camera"] for change in why] == ["cam-001", "cam-003"]

            async def pieces() -> AsyncIterator[bytes]:
                yield b'{"camera": '
                yield b'"cam-001"}'

            assert (await client.post(place, content=pieces(), headers=JSON)).status_code == 200, "a body in pieces"
            assert (await client.post(place, content=b"{" * 5_000)).status_code == 413

    asyncio.run(story())
    entries = [row.entry for row in read_journal(tmp_path / "journal", operation=Operation.WALL_LAYOUT)]
    told = [entry.subject for entry in entries if hasattr(entry, "subject")]
    assert told.index("console/wall/show") < told.index("wall/base/tile-1", told.index("wall/base/tile-1") + 1)
