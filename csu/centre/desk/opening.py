"""Putting the requisition desk of a centre together: its store, keys, packages, and its bridge to the purge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from csu.centre.desk.keeper import DeskKeeper, EvidencePorts
from csu.centre.desk.packages import Packages
from csu.centre.desk.room import DeskPorts, DeskRoom, PackageKeeper
from csu.centre.desk.signing import EvidenceSettings, open_signing
from csu.centre.desk.sources import EvidenceSources, Sources
from csu.centre.events import Trouble
from csu.centre.purge.lines import Register
from csu.cluster.volumes import VolumesDisk
from csu.evidence import CameraSpan, StoredSegment
from csu.evidence.cut import failed
from csu.evidence.desk import Ceiling
from csu.evidence.desk_store import DeskStore
from csu.evidence.keep import FOLDER
from csu.governance import CentreKey, JournalDesk, LegalRegister
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.disk import Disk
from csu.hal.keys import KeyName, utc_day
from csu.hal.words import Words
from csu.machine import LocalDisk
from csu.recording import Catalogue
from csu.recording.destruction import Footage
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody

Closed = Callable[[str, str, Nanoseconds], None]
"""(case, certificate, now): see EvidencePorts.closed."""
STORE, EVENTS = "evidence/store", "evidence/desk.sqlite"
"""Under the data directory: locked pieces, sealed; the desk's events."""
KEYS_KEPT = timedelta(days=62)
"""A key of the evidence store is destroyed once nothing lies under it and no footage of its day can be locked again."""


@dataclass(frozen=True, slots=True)
class DeskHome:
    """What a desk is opened over. `alone`: held by who uses `catalogue` and `register`, the purge's own objects."""

    data_directory: Path
    clock: Clock
    journal: JournalDesk
    key: CentreKey
    catalogue: Catalogue
    register: Register
    keys: LocalKeyStore
    volumes: VolumesDisk
    """What was recorded."""
    evidence_keys: LocalKeyStore
    """Of the evidence store alone: no day's key opens it, and it outlives them."""
    records: Mapping[CameraId, CameraRecord]
    settings: EvidenceSettings
    ceiling: Ceiling
    expires: Ceiling
    """When a picture that nobody locks is destroyed."""
    alone: Callable[[], asyncio.Lock]
    past_is_clean: Callable[[], bool]
    tell: Callable[[Trouble], None]


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What a desk is put together from, whatever it stands on: a centre's disks, or a simulated city."""

    data_directory: Path
    clock: Clock
    journal: JournalDesk
    key: CentreKey
    register: Register
    """The purge's own object, as its catalogue is: used while `alone` is held."""
    packages: PackageKeeper
    store: Disk
    """Locked pieces."""
    find: Callable[[Sequence[CameraSpan], Nanoseconds], Sources]
    """What there is of these stretches. Blocks."""
    stored: Callable[[Footage], StoredSegment | None]
    """The segment to be cut for the evidence store; None: there is nothing to cut. Blocks."""
    records: Mapping[CameraId, CameraRecord]
    centre: str
    ceiling: Ceiling
    expires: Ceiling
    """When a picture that nobody locks is destroyed."""
    alone: Callable[[], asyncio.Lock]
    past_is_clean: Callable[[], bool]
    tell: Callable[[Trouble], None]


@dataclass(frozen=True, slots=True)
class OpenedDesk:
    """The desk for the console, and its keeper for the purge."""

    room: DeskRoom
    keeper: DeskKeeper
    evidence_keys: LocalKeyStore
    store: SealedDisk

    async def tick(self, now_ns: Nanoseconds) -> None:
        """Each minute. Raises CsuError."""
        await self.room.tick()
        await asyncio.to_thread(self._shred, now_ns)

    def _shred(self, now_ns: Nanoseconds) -> None:
        last = utc_day(now_ns) - KEYS_KEPT
        old = [key for key in self.evidence_keys.kept() if key.day < last]
        if old:
            days = {_day_text(name) for name in self.store.names(f"{FOLDER}/")}
            for key in old:
                if f"{key.day:%Y%m%d}" not in days:
                    self.evidence_keys.shred(key.commune, key.day)


async def open_desk(stack: AsyncExitStack, home: DeskHome) -> OpenedDesk:
    """Open it; `stack` closes it. Raises CsuError: events that are not as written, a key that cannot be used."""
    signing = await asyncio.to_thread(open_signing, home.settings, home.data_directory / "centre", home.clock.now_ns())
    store = SealedDisk(LocalDisk(home.data_directory / STORE), home.evidence_keys, _owner(home.records))
    sources = EvidenceSources(home.catalogue, home.volumes, SealedDisk(home.volumes, home.keys, nobody), store)
    parts = DeskParts(
        home.data_directory,
        home.clock,
        home.journal,
        home.key,
        home.register,
        Packages(home.data_directory / "evidence", signing),
        store,
        sources.find,
        sources.stored,
        home.records,
        home.settings.centre,
        home.ceiling,
        home.expires,
        home.alone,
        home.past_is_clean,
        home.tell,
    )
    room, keeper = await put_together(stack, parts, lambda room: room.close_case)
    return OpenedDesk(room, keeper, home.evidence_keys, store)


async def put_together(
    stack: AsyncExitStack, parts: DeskParts, closing: Callable[[DeskRoom], Closed]
) -> tuple[DeskRoom, DeskKeeper]:
    """The room for the console and the keeper for the purge, opened; `stack` closes what they hold. Raises CsuError.

    `closing`: how the purge's thread tells the room that a copy is gone.
    """
    events = await asyncio.to_thread(DeskStore, parts.data_directory / EVENTS, parts.key)
    stack.callback(events.close)
    register = await asyncio.to_thread(LegalRegister, parts.data_directory / "register.sqlite", parts.key)
    stack.callback(register.close)

    async def find(spans: Sequence[CameraSpan], now_ns: Nanoseconds) -> Sources:
        async with parts.alone():
            return await asyncio.to_thread(parts.find, spans, now_ns)

    async def erase(case: str, now_ns: Nanoseconds) -> None:
        async with parts.alone():
            await asyncio.to_thread(keeper.erase, case, now_ns)

    room = DeskRoom(
        DeskPorts(
            parts.clock,
            parts.journal,
            register,
            events,
            parts.packages,
            parts.ceiling,
            parts.expires,
            parts.records,
            parts.centre,
            parts.key.public.hex,
            find,
            erase,
            parts.alone,
            parts.past_is_clean,
            parts.tell,
        )
    )
    keeper = DeskKeeper(
        EvidencePorts(
            lambda: room.desk,
            parts.store,
            parts.stored,
            lambda camera: _record(parts.records, camera),
            parts.register,
            lambda camera: _record(parts.records, camera).commune,
            closing(room),
        )
    )
    await room.open()
    return room, keeper


def _owner(records: Mapping[CameraId, CameraRecord]) -> Callable[[str], KeyName]:
    """A piece is sealed with the evidence key of its camera's commune and of the UTC day it was filmed."""

    def owner(name: str) -> KeyName:
        _, camera, file = name.split("/")
        return KeyName(_record(records, CameraId(camera)).commune, date.fromisoformat(file[:8]))

    return owner


def _record(records: Mapping[CameraId, CameraRecord], camera: CameraId) -> CameraRecord:
    found = records.get(camera)
    if found is None:
        raise failed(camera, Words("caméra inconnue de ce centre", "this centre does not know the camera"))
    return found


def _day_text(name: str) -> str:
    return name.rpartition("/")[2][:8]
