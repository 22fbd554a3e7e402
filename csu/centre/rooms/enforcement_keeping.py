"""Video enforcement of a centre from its start to its end; its records are sealed at rest with keys of their own.

While their files cannot be read nobody records anything: it is told, and the rest of the centre runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from csu.centre.events import CentreEvent, Trouble
from csu.centre.papers import Papers
from csu.centre.rooms.enforcement_room import TICKETS, EnforcementParts, EnforcementRoom
from csu.cluster.session_pictures import SessionPictures
from csu.governance import CentreKey, Journal, People, day_in_paris
from csu.hal.camera import CameraRecord, CommuneId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.keys import KeyName, KeyStore
from csu.hal.media import LiveRelay
from csu.machine import LocalDisk, SystemIds
from csu.operations.enforcement import TicketStore
from csu.recording.sealed_disk import SealedDisk

LEDGER, FILES = "tickets.sqlite", "tickets"


@dataclass(frozen=True, slots=True)
class EnforcementHome:
    """What it stands on. `keys`: of these records alone."""

    data_directory: Path
    clock: Clock
    journal: Journal
    key: CentreKey
    keys: KeyStore
    papers: Papers
    people: Callable[[], People]
    records: Sequence[CameraRecord]
    relay: LiveRelay
    tell: Callable[[CentreEvent], None]


@asynccontextmanager
async def keep_enforcement(home: EnforcementHome) -> AsyncIterator[EnforcementRoom | None]:
    """The room, at work. None: its files cannot be read, or are not what was written; it is told."""

    def opened() -> TicketStore:
        disk = SealedDisk(LocalDisk(home.data_directory / FILES), home.keys, key_of)
        return TicketStore(home.data_directory / LEDGER, disk, home.key)

    try:
        store = await asyncio.to_thread(opened)
    except CsuError as error:
        home.tell(Trouble(TICKETS, error.trouble.words, home.clock.now_ns()))
        yield None
        return
    room = EnforcementRoom(store, _parts(home))
    running = asyncio.create_task(room.run(), name="tickets")
    try:
        yield room
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        store.close()


def _parts(home: EnforcementHome) -> EnforcementParts:
    papers = home.papers
    return EnforcementParts(
        clock=home.clock,
        ids=SystemIds(),
        journal=home.journal,
        papers=papers,
        permit=lambda camera, at_ns: papers.register.ticketing(camera, at_ns),
        people=home.people,
        records={record.camera: record for record in home.records},
        relay=home.relay,
        pictures=SessionPictures(),
        shred=shredding(home.keys),
        tell=home.tell,
    )


def key_of(file: str) -> KeyName:
    """A record is sealed with the key of its commune and the day it was signed."""
    commune, day, _ = file.split("/")
    return KeyName(CommuneId(commune), date.fromisoformat(day))


def shredding(keys: KeyStore) -> Callable[[Sequence[str], Nanoseconds], None]:
    """Destroys the keys of days before yesterday of which no file is left: no record is sealed with them any more."""

    def shred(files: Sequence[str], now_ns: Nanoseconds) -> None:
        needed, yesterday = {key_of(file) for file in files}, day_in_paris(now_ns) - timedelta(days=1)
        for name in keys.kept():
            if name.day < yesterday and name not in needed:
                keys.shred(name.commune, name.day)

    return shred
