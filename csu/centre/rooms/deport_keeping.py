"""The deports of a centre from its start to its end: nothing is opened while their file cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from csu.centre.events import Trouble
from csu.centre.rooms.deport_room import DEPORTS, DeportParts, DeportRoom
from csu.operations import DeportNotKept, DeportStore

FILE = "deports.sqlite"
READ_AGAIN_S = 1.0


@asynccontextmanager
async def keep_deports(
    parts: DeportParts, data_directory: Path, *, alarms_are_there: asyncio.Event
) -> AsyncIterator[DeportRoom]:
    """The deports of a centre. While their file cannot be read none is open and none is opened; it is told, and tried
    again."""
    store = DeportStore(data_directory / FILE)
    room = DeportRoom(store, parts)
    following = asyncio.create_task(_follow(room, parts, alarms_are_there), name="deports")
    try:
        yield room
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await room.finish()
        store.close()


async def _follow(room: DeportRoom, parts: DeportParts, alarms_are_there: asyncio.Event) -> None:
    await alarms_are_there.wait()
    told = False
    while True:
        try:
            await room.open()
            break
        except DeportNotKept as error:
            if not told:
                parts.tell(Trouble(DEPORTS, error.trouble.words, parts.clock.now_ns()))
            told = True
            await asyncio.sleep(READ_AGAIN_S)
    await room.run()
