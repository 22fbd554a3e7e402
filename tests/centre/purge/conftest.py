"""Two communes, three cameras, real keys and a real register, around a purge in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from csu.centre.purge.ports import PurgePorts
from csu.centre.purge.tiers import DiskTier
from csu.governance import (
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    GovernedCamera,
    LocalDoctrine,
    Placement,
    Purpose,
    Span,
    rules_over,
)
from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.legal_register import LegalRegister
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, segments_of_commune
from sim.disk import MemoryDisk
from sim.footage import CrashAt, EvidenceRoom, Recorder, Town
from sim.journal import JournalStandIn
from sim.ports import VirtualClock

METZ, WOIPPY = CommuneId("metz"), CommuneId("woippy")
CAM_12, CAM_13, CAM_500 = CameraId("cam-0012"), CameraId("cam-0013"), CameraId("cam-0500")
"""Metz, 30 days; Metz, 15 days; Woippy, a month."""
COMMUNES = {CAM_12: METZ, CAM_13: METZ, CAM_500: WOIPPY}


def instant(text: str, zone: str = "Europe/Paris") -> int:
    """`2027-03-01 00:00` in Paris, as ns UTC."""
    aware = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return round(aware.timestamp()) * 1_000_000_000


def order(number: str, camera: CameraId, days: int, minimum_days: int = 0) -> Authorisation:
    return Authorisation(
        number=number,
        ordered_on=date(2026, 10, 1),
        valid_from=date(2026, 10, 10),
        purposes=frozenset({Purpose.PERSONS_PROPERTY}),
        retention_days=days,
        viewers=frozenset({"csu-metz"}),
        commission_opinion="CDV 2026-09-20",
        cameras=frozenset({camera}),
        minimum_days=minimum_days,
    )


class WrittenJournal(JournalStandIn):
    """The real journal, in virtual time; it can be out of order as the stand-in can."""

    def __init__(self, kept: AuditJournal, now_ns: Callable[[], int]) -> None:
        super().__init__()
        self.kept, self._now_ns = kept, now_ns

    @asynccontextmanager
    async def _before(self, entry):
        async with super()._before(entry):
            self.kept.append([entry], self._now_ns())
            yield


@dataclass
class World:
    """What survives every crash."""

    town: Town
    recorder: Recorder
    catalogue: Catalogue
    disk: MemoryDisk
    keys: LocalKeyStore
    evidence: EvidenceRoom
    journal: JournalStandIn
    register: LegalRegister
    sealed: Callable[[CommuneId], SealedDisk]
    facts: AuthorisationFacts
    orders: list[AuthorisationRegister]
    """One: another takes its place, and the purge is told."""
    key: CentreKey

    def film(self, camera: CameraId, begin: str, minutes: int, *, with_files: bool = True) -> Span:
        start_ns = instant(begin)
        span = Span(start_ns, start_ns + minutes * NS_PER_MINUTE)
        self.catalogue.record(self.recorder.film(camera, span, with_files=with_files))
        return span

    def run(self, begin: str, end: str, **how):
        return self.town.run(instant(begin), instant(end), **how)

    def starts(self, camera: CameraId | None = None) -> list[str]:
        """`20270201T000000` of every file that is there."""
        return [name[-24:-9] for name in self.disk.names() if camera is None or f"/{camera}/" in name]


@pytest.fixture
def at() -> Callable[..., int]:
    return instant


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    def make(*, minimum_days: int = 0, doctrine_days: int = 31, name: str = "w") -> World:
        home = tmp_path / name
        facts = AuthorisationFacts(
            authorisations=(
                order("57-101", CAM_12, 30, minimum_days),
                order("57-102", CAM_13, 15),
                order("57-103", CAM_500, 31),
            ),
            cameras=tuple(
                GovernedCamera(camera, commune, (Placement(instant("2026-10-10 08:00"), 0.0, 0.0),))
                for camera, commune in COMMUNES.items()
            ),
        )
        orders, doctrine = [AuthorisationRegister(facts)], LocalDoctrine(retention_days_max=doctrine_days)
        disk, keys = MemoryDisk(), LocalKeyStore(home / "keys")

        def sealed(commune: CommuneId) -> SealedDisk:
            return SealedDisk(disk, keys, segments_of_commune(commune))

        catalogue = Catalogue(home / "catalogue", durable=False)
        key = CentreKey.load_or_make(home / "centre.key")
        evidence, register = EvidenceRoom(sealed, MemoryDisk()), LegalRegister(home / "register.sqlite", key)
        journal = WrittenJournal(AuditJournal(home / "journal", key), lambda: town.clock.now_ns())
        ports = PurgePorts(
            clock=VirtualClock(None, 0),  # type: ignore[arg-type]  # each life of the town has its own
            chaos=CrashAt(),
            journal=journal,
            catalogue=catalogue,
            keys=keys,
            tiers=[DiskTier(disk)],
            evidence=evidence,
            register=register,
            rules=lambda camera, span: rules_over(orders[0], doctrine, camera, span),
            cameras=lambda: COMMUNES,
            shortest_days=lambda: min(15, doctrine_days),
            tell=lambda trouble: None,
        )
        town = Town(ports)
        return World(
            town,
            Recorder(sealed, COMMUNES),
            catalogue,
            disk,
            keys,
            evidence,
            journal,
            register,
            sealed,
            facts,
            orders,
            key,
        )

    return make


@pytest.fixture
def world(make_world) -> World:
    return make_world()
