"""A centre that opens destroys at once what expired while it was off, keeps the rest, and its journal says so."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from csu.centre.events import Trouble
from csu.centre.past import keep_past
from csu.centre.volumes import VolumeKeeper
from csu.governance import LocalDoctrine, Operation, read_journal
from csu.governance.journal_entry import JournalEntry
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.errors import CsuError
from csu.machine import LocalDisk, NoChaos, SystemClock, SystemIds
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, segments_of_commune
from csu.recording.space import IDENTITY_NAME
from sim.footage import Recorder

CAMERA, COMMUNE = CameraId("cam-0012"), CommuneId("metz")
COMMUNES = {CAMERA: COMMUNE}


class Home:
    """A centre's data directory, with footage of some days ago in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = LocalKeyStore(path / "keys")
        self.told: list[Trouble] = []

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
                async with keep_past(
                    self.path,
                    clock=SystemClock(),
                    chaos=NoChaos(),
                    doctrine=doctrine or LocalDoctrine(),
                    catalogue=catalogue,
                    keys=self.keys,
                    communes=COMMUNES,
                    volumes=volumes,
                    tell=self.told.append,
                ) as journal:
                    for entry in entries:
                        await journal.record(entry)
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
