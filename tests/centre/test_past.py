"""A centre that opens destroys at once what expired while it was off, keeps the rest, and its journal says so."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from csu.centre.desk.signing import EvidenceSettings
from csu.centre.events import Trouble
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.papers import Papers
from csu.centre.past import PastHome, keep_past
from csu.centre.registers.registers import open_registers
from csu.centre.registers.settings import RegisterSettings
from csu.governance import LocalDoctrine, Operation, read_journal
from csu.governance.journal_entry import JournalEntry
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.errors import CsuError
from csu.machine import LocalDisk, NoChaos, SystemClock, SystemIds
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, segments_of_commune
from csu.recording.space import IDENTITY_NAME
from sim.footage import Recorder
from sim.papers import PaperCamera, PapersOf, PaperTerms, papers_text

CAMERA, COMMUNE = CameraId("cam-0012"), CommuneId("metz")
COMMUNES = {CAMERA: COMMUNE}
RECORDS = {CAMERA: CameraRecord(CAMERA, 12, "Place d'Armes", COMMUNE, ViewType.WIDE)}


def papers_of(days: int, minimum: int = 0) -> Papers:
    """An order of a month ago that gives footage so many days."""
    since = datetime.now(UTC).date() - timedelta(days=60)
    terms = PaperTerms(retention_days=days, minimum_days=minimum, from_day=since)
    return Papers.stated(papers_text(PapersOf([PaperCamera(CAMERA, COMMUNE)], time.time_ns(), {COMMUNE: terms})))


class Home:
    """A centre's data directory, with footage of some days ago in it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "data"
        self.registers = RegisterSettings(anchors=(path / "elsewhere",))
        self.keys = LocalKeyStore(self.path / "keys")
        self.told: list[Trouble] = []
        self.papers = papers_of(days=31)

    def film(self, days_ago: int) -> None:
        start_ns = (time.time_ns() // NS_PER_MINUTE - 30) * NS_PER_MINUTE - days_ago * NS_PER_DAY
        (self.path / "media").mkdir(parents=True, exist_ok=True)

        def disk_of(commune: CommuneId) -> SealedDisk:
            return SealedDisk(LocalDisk(self.path / "media"), self.keys, segments_of_commune(commune))

        catalogue = Catalogue(self.path / "catalogue")
        try:
            catalogue.record(Recorder(disk_of, COMMUNES).film(CAMERA, Span(start_ns, start_ns + 3 * NS_PER_MINUTE)))
        finally:
            catalogue.close()

    def files(self) -> list[str]:
        return [name for name in LocalDisk(self.path / "media").names() if name != IDENTITY_NAME]

    def open(self, *entries: JournalEntry, doctrine: LocalDoctrine | None = None) -> None:
        """Open what keeps the past, write `entries`, close it."""

        async def live() -> None:
            catalogue = Catalogue(self.path / "catalogue")
            volumes = VolumeKeeper(self.path, [self.path / "media"], clock=SystemClock(), ids=SystemIds())
            volumes.open()
            try:
                clock, tell = SystemClock(), self.told.append
                async with (
                    open_registers(self.path, self.registers, clock=clock, tell=tell) as registers,
                    keep_past(
                        PastHome(
                            self.path,
                            clock=clock,
                            chaos=NoChaos(),
                            doctrine=doctrine or LocalDoctrine(),
                            papers=self.papers,
                            catalogue=catalogue,
                            keys=self.keys,
                            records=RECORDS,
                            evidence_keys=LocalKeyStore(self.path / "evidence-keys"),
                            evidence=EvidenceSettings(),
                            registers=registers,
                            volumes=volumes,
                            tell=tell,
                        )
                    ),
                ):
                    for entry in entries:
                        await registers.journal.record(entry)
            finally:
                catalogue.close()
                volumes.close()

        asyncio.run(live())

    def operations(self) -> list[Operation]:
        return [row.entry.operation for row in read_journal(self.path / "journal")]


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


def test_what_expired_while_the_centre_was_off_is_gone_before_it_serves_anything(home):
    home.film(days_ago=40)
    home.film(days_ago=3)
    assert len(home.files()) == 6
    home.open()
    assert len(home.files()) == 3
    assert [name.commune for name in home.keys.kept()] == [COMMUNE], "the key of the day that is gone is gone"
    assert Operation.PURGE in home.operations()
    assert home.told == []


def test_the_doctrine_may_be_stricter_than_the_law(home):
    home.film(days_ago=20)
    home.open()
    assert len(home.files()) == 3
    home.open(doctrine=LocalDoctrine(retention_days_max=15))
    assert home.files() == []


def test_the_journal_outlives_the_centre(home):
    entry = JournalEntry(Operation.LOGIN, "agent-7", "operator")
    home.open(entry)
    home.open(entry)
    assert home.operations().count(Operation.LOGIN) == 2


def test_without_a_journal_the_centre_does_not_open(home):
    home.open(JournalEntry(Operation.LOGIN, "agent-7", "operator"))
    for path in (home.path / "journal").glob("*.sqlite"):
        path.write_bytes(b"nothing that was ever a journal, and long enough to be read as a page" * 100)
    with pytest.raises(CsuError):
        home.open()


@pytest.mark.requirement("RET-2")
def test_an_order_may_be_stricter_than_the_doctrine(home):
    home.film(days_ago=20)
    home.papers = papers_of(days=15)
    home.open()
    assert home.files() == []


def test_footage_that_an_order_wants_kept_outlives_a_doctrine_that_does_not(home):
    home.film(days_ago=10)
    home.papers = papers_of(days=15, minimum=12)
    home.open(doctrine=LocalDoctrine(retention_days_max=3))
    assert len(home.files()) == 3
