"""Putting the requisition desk of a centre together: its store, keys, packages, and its bridge to the purge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from csu.centre.desk_room import DeskPorts, DeskRoom
from csu.centre.events import Trouble
from csu.centre.evidence_keeper import DeskKeeper, EvidencePorts
from csu.centre.evidence_packages import Packages
from csu.centre.evidence_signing import EvidenceSettings, open_signing
from csu.centre.evidence_sources import EvidenceSources, Sources
from csu.centre.purge_lines import Register
from csu.cluster.volumes import VolumesDisk
from csu.evidence import CameraSpan
from csu.evidence.cut import failed
from csu.evidence.desk import Ceiling
from csu.evidence.desk_store import DeskStore
from csu.evidence.keep import FOLDER
from csu.governance import CentreKey, JournalDesk, LegalRegister
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.keys import KeyName, utc_day
from csu.hal.words import Words
from csu.machine import LocalDisk
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody

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
    events = await asyncio.to_thread(DeskStore, home.data_directory / EVENTS, home.key)
    stack.callback(events.close)
    register = await asyncio.to_thread(LegalRegister, home.data_directory / "register.sqlite", home.key)
    stack.callback(register.close)
    store = SealedDisk(LocalDisk(home.data_directory / STORE), home.evidence_keys, _owner(home.records))
    sources = EvidenceSources(home.catalogue, home.volumes, SealedDisk(home.volumes, home.keys, nobody), store)

    async def find(spans: Sequence[CameraSpan], now_ns: Nanoseconds) -> Sources:
        async with home.alone():
            return await asyncio.to_thread(sources.find, spans, now_ns)

    async def erase(case: str, now_ns: Nanoseconds) -> None:
        async with home.alone():
            await asyncio.to_thread(keeper.erase, case, now_ns)

    room = DeskRoom(
        DeskPorts(
            home.clock,
            home.journal,
            register,
            events,
            Packages(home.data_directory / "evidence", signing),
            home.ceiling,
            home.records,
            home.settings.centre,
            home.key.public.hex,
            find,
            erase,
            home.alone,
            home.past_is_clean,
            home.tell,
        )
    )
    keeper = DeskKeeper(
        EvidencePorts(
            lambda: room.desk,
            store,
            sources.stored,
            lambda camera: _record(home.records, camera),
            home.register,
            lambda camera: _record(home.records, camera).commune,
            room.close_case,
        )
    )
    await room.open()
    return OpenedDesk(room, keeper, home.evidence_keys, store)


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
