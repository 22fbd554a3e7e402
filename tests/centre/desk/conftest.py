"""A centre's data directory with real masked, sealed, chained footage in it, and what keeps its past over it."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyrage
import pytest

from csu.centre.desk.room import DeskRoom
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.events import Trouble
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.papers import Papers
from csu.centre.past import PastHome, keep_past
from csu.centre.registers.registers import Registers, open_registers
from csu.centre.registers.settings import RegisterSettings
from csu.cluster.segment_sink import SegmentSink, segment_table
from csu.evidence import CameraSpan, HandOver, LegalBasis, Officer, Requisition
from csu.evidence.cut import access_units
from csu.governance import LocalDoctrine, Role, Signature, read_journal
from csu.governance.journal_entry import JournalEntry
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Manifest, NodeId
from csu.machine import LocalDisk, NoChaos, SystemClock, SystemIds
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import Catalogue
from csu.recording.chain import HeadsInMemory
from csu.recording.frame_times import frame_times
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody
from csu.recording.space import IDENTITY_NAME
from sim.papers import PaperCamera, PapersOf, PaperTerms, papers_text

RATE = 4
RECORD = CameraRecord(CameraId("cam-0012"), 12, "Place d'Armes", CommuneId("metz"), ViewType.WIDE)
CAMERA = RECORD.camera
BEGIN_NS = (time.time_ns() // NS_PER_DAY - 1) * NS_PER_DAY + 10 * 60 * NS_PER_MINUTE
"""10:00 UTC yesterday: three minutes are filmed from there. Certificates are of today's clock."""
ASKED = CameraSpan(CAMERA, BEGIN_NS + 50 * NS_PER_S + NS_PER_S // 2, BEGIN_NS + 110 * NS_PER_S)
"""Begins between two key frames, and holds the end of one segment and a part of the next."""
CLERK, MANAGER, CHIEF = (
    Signature(f"{role.value}.1", role) for role in (Role.EVIDENCE_CLERK, Role.CSU_MANAGER, Role.ROOM_CHIEF)
)
HAND_OVER = HandOver(Officer("Durand", "Maj.", "CIAT Metz", "123456"), "BD-R 77", False, "", 1, "receipt-1", "S-12")


@dataclass(frozen=True)
class Past:
    """What keeps the past of a centre, and its registers."""

    desk: DeskRoom
    registers: Registers


Do = Callable[[Past], Awaitable[Any]]


class MovingClock:
    """Begins at an instant and runs as the machine does."""

    def __init__(self, at_ns: int) -> None:
        self._ahead_ns = at_ns - time.time_ns()

    def now_ns(self) -> int:
        return time.time_ns() + self._ahead_ns

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()


class Home:
    """One camera's three minutes, and every life of the centre over them."""

    def __init__(self, path: Path, filmed: list[tuple[int, str]]) -> None:
        self.path = path
        self.filmed = filmed
        """(capture time, SHA-256 of its access unit) of every picture."""
        self.told: list[Trouble] = []
        self.evidence = EvidenceSettings(practice=True, centre="CSU de Metz")
        self.doctrine = LocalDoctrine()
        terms = PaperTerms(retention_days=31)
        self.papers = Papers.stated(
            papers_text(PapersOf([PaperCamera(CAMERA, RECORD.commune)], BEGIN_NS, {RECORD.commune: terms}))
        )
        self.registers = RegisterSettings(anchors=(path.with_name(f"{path.name}-anchors"),))
        self.keys = LocalKeyStore(path / "keys")
        self.identity = pyrage.x25519.Identity.generate()
        self.recipients = (str(self.identity.to_public()),)

    def act(self, *spans: CameraSpan, **changes: Any) -> Requisition:
        officer = Officer("Durand", "Maj.", "CIAT Metz", "123456")
        told = Requisition(LegalBasis.CPP_60_1, "PV 1", officer, BEGIN_NS, spans or (ASKED,), "ab" * 32, is_signed=True)
        return replace(told, **changes)

    def live(self, do: Do, *, at_ns: int = BEGIN_NS + NS_PER_DAY) -> Any:
        """One life of the centre from an instant on: open, `do`, close."""

        async def life() -> Any:
            catalogue = Catalogue(self.path / "catalogue")
            volumes = VolumeKeeper(self.path, [self.path / "media"], clock=SystemClock(), ids=SystemIds())
            try:
                clock, tell = MovingClock(at_ns), self.told.append
                volumes.open()
                async with (
                    open_registers(self.path, self.registers, clock=clock, tell=tell) as registers,
                    keep_past(
                        PastHome(
                            self.path,
                            clock=clock,
                            chaos=NoChaos(),
                            doctrine=self.doctrine,
                            papers=self.papers,
                            catalogue=catalogue,
                            keys=self.keys,
                            records={CAMERA: RECORD},
                            evidence_keys=LocalKeyStore(self.path / "evidence-keys"),
                            evidence=self.evidence,
                            registers=registers,
                            volumes=volumes,
                            tell=tell,
                        )
                    ) as desk,
                ):
                    return await do(Past(desk, registers))
            finally:
                catalogue.close()
                volumes.close()

        return asyncio.run(life())

    async def to(self, past: Past, state: str, case: str = "2026-42", act: Requisition | None = None) -> None:
        """Bring a new case to a state, the ordinary way."""
        desk = past.desk
        steps = {
            "received": lambda: desk.receive(case, act or self.act(), CLERK),
            "checked": lambda: desk.check(case, CLERK),
            "locked": lambda: desk.lock(case, CLERK),
            "prepared": lambda: desk.prepare(case, self.recipients, CLERK),
            "validated": lambda: desk.validate(case, MANAGER),
            "handed_over": lambda: desk.hand_over(case, HAND_OVER, CLERK),
        }
        for name, step in steps.items():
            await step()
            if name == state:
                return

    def entries(self) -> list[JournalEntry]:
        return [row.entry for row in read_journal(self.path / "journal") if isinstance(row.entry, JournalEntry)]

    def media(self) -> list[str]:
        return [name for name in LocalDisk(self.path / "media").names() if name != IDENTITY_NAME]

    def pieces(self) -> list[str]:
        return [name for name in LocalDisk(self.path / "evidence" / "store").names() if name.endswith(".mp4")]

    def packages(self) -> list[Path]:
        return sorted((self.path / "evidence" / "packages").iterdir())

    def tamper(self, *statements: str) -> None:
        """Change the desk's store as who owns the disk can."""
        with sqlite3.connect(self.path / "evidence" / "desk.sqlite") as file:
            for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                file.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                file.execute(statement)

    def units(self, piece: str) -> tuple[str, ...]:
        """The access units of a piece in the evidence store."""
        keys = LocalKeyStore(self.path / "evidence-keys")
        with SealedDisk(LocalDisk(self.path / "evidence" / "store"), keys, nobody).open(piece) as file:
            return access_units(file.read()).digests


def film(path: Path) -> list[tuple[int, str]]:
    """Three minutes as a media node records, seals, chains and accounts for them."""
    keys, media = LocalKeyStore(path / "keys"), LocalDisk(path / "media")
    encoder, sink = MaskedEncoder(CAMERA, 64, 48, RATE), SegmentSink(RECORD, media, keys, HeadsInMemory())
    sink.begin(encoder.format)
    for i in range(180 * RATE):
        planes = YuvPlanes(np.full((48, 64), 20 + i % 200, np.uint8), *(np.full((24, 32), 128, np.uint8),) * 2)
        frame = ClearFrame(CAMERA, i, CaptureTime(BEGIN_NS + i * NS_PER_S // RATE, from_camera=True), planes)
        for packet in encoder.encode(mask(frame, Cover.nothing(64, 48), 3, RECORD.number)):
            sink.write(packet, clock_offset_ms=25)
    sink.end()
    closed = sink.take()
    assert len(closed) >= 3
    catalogue = Catalogue(path / "catalogue")
    catalogue.record([Manifest(NodeId("n1"), 1, 0, BEGIN_NS, (CAMERA,), segment_table([CAMERA], closed))])
    catalogue.close()
    found: list[tuple[int, str]] = []
    for each in closed:
        with SealedDisk(media, keys, nobody).open(each.name) as file:
            times = [told.at_ns for told in frame_times(file)]
            file.seek(0)
            found += zip(times, access_units(file.read()).digests, strict=True)
    return found


@pytest.fixture(scope="session")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, str]]]:
    path = tmp_path_factory.mktemp("filmed")
    return path, film(path)


@pytest.fixture
def home(filmed: tuple[Path, list[tuple[int, str]]], tmp_path: Path) -> Home:
    path, pictures = filmed
    shutil.copytree(path, tmp_path / "centre")
    return Home(tmp_path / "centre", pictures)
