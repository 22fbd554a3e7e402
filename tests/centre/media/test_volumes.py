"""A running centre's volumes: opened, told of when short or lost, purged before they are believed again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from csu.centre.commands.recording import app
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.events import Trouble
from csu.centre.media.volume_loss import declare_loss
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.papers import Papers
from csu.centre.past import PastHome, keep_past
from csu.centre.registers.registers import open_registers
from csu.centre.registers.settings import RegisterSettings
from csu.cluster.volume_note import note_of, read_identity, read_note
from csu.governance import LocalDoctrine, read_journal
from csu.governance.legal_register import RegisterReading
from csu.governance.register_lines import DestructionRule
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.disk import DiskError
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.machine import LocalDisk, NoChaos, SystemClock, SystemIds
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, segments_of_commune
from csu.recording.space import IDENTITY_NAME, VolumeIdentity
from sim.footage import Recorder
from sim.papers import PaperCamera, PapersOf, PaperTerms, papers_text

IN_TROUBLE = Words("destruction échouée", "the purge failed")
CAMERA, COMMUNE = CameraId("cam-0012"), CommuneId("metz")
NEIGHBOUR = CameraId("cam-0013")
COMMUNES = {CAMERA: COMMUNE, NEIGHBOUR: COMMUNE}
RECORDS = {
    camera: CameraRecord(camera, number, camera, COMMUNE, ViewType.WIDE) for number, camera in enumerate(COMMUNES, 12)
}
PAPERS = Papers.stated(
    papers_text(
        PapersOf(
            [PaperCamera(camera, COMMUNE) for camera in COMMUNES],
            time.time_ns(),
            {COMMUNE: PaperTerms(retention_days=31, from_day=datetime.now(UTC).date() - timedelta(days=60))},
        )
    )
)


class House:
    """A centre's data directory and two volumes, in one life after another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.volumes = [path / "disk-a", path / "disk-b"]
        self.told: list[str] = []
        self.purges = 0
        self.keeper: VolumeKeeper | None = None
        self.start()

    def start(self, *more: Path) -> VolumeKeeper:
        """The next life."""
        if self.keeper is not None:
            self.keeper.close()
        self.keeper = VolumeKeeper(self.path / "data", [*self.volumes, *more], clock=SystemClock(), ids=SystemIds())
        self.keeper.open()
        return self.keeper

    def look(self) -> None:
        async def purge() -> None:
            self.purges += 1

        asyncio.run(self.keeper.look(purge, self._tell))

    def _tell(self, trouble: Trouble) -> None:
        self.told.append(f"{Path(trouble.where).name}: {trouble.what.en}")

    def admitted(self) -> list[str]:
        return [volume.directory.name for volume in read_note(self.keeper.note) if volume.is_admitted]

    def lose(self, name: str) -> None:
        (self.path / name).rename(self.path / f"{name}-elsewhere")
        (self.path / name).mkdir()

    def bring_back(self, name: str) -> None:
        (self.path / name).rmdir()
        (self.path / f"{name}-elsewhere").rename(self.path / name)

    def sequence(self, name: str) -> int:
        found = read_identity(self.path / name)
        assert found is not None
        return found.sequence


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def test_new_directories_get_an_identity_of_their_own_and_each_opening_counts(house):
    first = [read_identity(volume) for volume in house.volumes]
    assert len({identity.volume for identity in first}) == 2
    house.start()
    assert [house.sequence("disk-a"), house.sequence("disk-b")] == [identity.sequence + 1 for identity in first]
    assert house.admitted() == ["disk-a", "disk-b"]
    house.look()
    assert house.told == []


def test_a_lost_volume_is_told_of_once_and_taken_back_after_a_purge_without_a_restart(house):
    before = house.sequence("disk-a")
    house.lose("disk-a")
    house.look()
    house.look()
    assert house.told == ["disk-a: no volume of csu is mounted there: nothing is written to it"]
    assert (house.admitted(), house.purges) == (["disk-b"], 0)
    assert house.keeper.is_out_of_reach()
    house.bring_back("disk-a")
    house.look()
    assert (house.admitted(), house.purges) == (["disk-a", "disk-b"], 1)
    assert house.sequence("disk-a") == before + 1
    house.look()
    assert house.told[-1].startswith("disk-a: well again")
    assert not house.keeper.is_out_of_reach()


def test_one_that_cannot_be_purged_is_not_taken_back(house):
    async def fail() -> None:
        raise DiskError(IN_TROUBLE, where="retention", what_to_do=IN_TROUBLE)

    house.lose("disk-a")
    house.look()
    house.bring_back("disk-a")
    asyncio.run(house.keeper.look(fail, house._tell))
    assert house.admitted() == ["disk-b"]
    assert "purge failed" in house.told[-1]


def test_one_that_was_away_while_the_centre_was_off_is_purged_before_it_is_admitted(house):
    house.lose("disk-a")
    house.look()
    house.bring_back("disk-a")
    house.start()
    assert house.admitted() == ["disk-b"], "it was away when it was last seen"
    house.look()
    assert (house.admitted(), house.purges) == (["disk-a", "disk-b"], 1)


def test_swapped_volumes_are_told_of_and_neither_is_used(house):
    house.volumes[0].rename(house.path / "x")
    house.volumes[1].rename(house.volumes[0])
    (house.path / "x").rename(house.volumes[1])
    house.look()
    assert [text.partition(": ")[2] for text in house.told] == ["it is another volume: nothing is written to it"] * 2
    assert house.admitted() == []
    house.start()
    assert house.admitted() == []


def test_a_restored_image_is_purged_before_it_is_admitted(house):
    shutil.copytree(house.path / "disk-a", house.path / "image")
    house.start()
    shutil.rmtree(house.path / "disk-a")
    (house.path / "image").rename(house.path / "disk-a")
    house.look()
    assert (house.admitted(), house.purges) == (["disk-a", "disk-b"], 1)
    assert "older copy" in house.told[0]


def test_a_volume_of_another_centre_is_not_taken_and_harms_no_other(house, tmp_path):
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / IDENTITY_NAME).write_bytes(VolumeIdentity("vol-9", 4).to_bytes())
    house.start(strange)
    house.look()
    assert house.told == ["strange: it belongs to a centre already: nothing is written to it"]
    assert house.admitted() == ["disk-a", "disk-b"]
    assert read_identity(strange) == VolumeIdentity("vol-9", 4)


@pytest.mark.parametrize("step", ["note", "identity"])
def test_an_opening_that_crashed_is_made_good(tmp_path, monkeypatch, step):
    class Killed(Exception):
        pass

    def die(*_args):
        raise Killed

    place = "write_whole" if step == "note" else "VolumeKeeper._set"
    with monkeypatch.context() as death:
        if step == "note":  # noted, and no identity yet
            death.setattr(f"csu.centre.media.volumes.{place}", die)
        else:
            real = VolumeKeeper._set
            death.setattr(
                VolumeKeeper, "_set", lambda self, volume: die() if volume.is_admitted else real(self, volume)
            )
        with pytest.raises(Killed):
            House(tmp_path)
    house = House(tmp_path)
    house.look()
    assert (house.admitted(), house.told) == (["disk-a", "disk-b"], [])


def test_high_water_is_told_once_for_each_crossing_with_the_hours_that_are_left(house, monkeypatch):
    size, used_share = 1 << 40, 0.85
    clock_ns = [time.time_ns()]
    monkeypatch.setattr(SystemClock, "now_ns", lambda self: clock_ns[0])

    def statvfs(path: Path) -> os.statvfs_result:
        free = int(size * (1 - used_share) / 4096)
        return os.statvfs_result((4096, 4096, size // 4096, free, free, 0, 0, 0, 0, 255))

    monkeypatch.setattr("csu.cluster.volume_note.os.statvfs", statvfs)
    for used_share in (0.85, 0.91, 0.92, 0.85, 0.93):
        clock_ns[0] += 10 * NS_PER_MINUTE
        house.look()
        assert house.keeper.states[0].used_share == pytest.approx(used_share)
    told = [text for text in house.told if text.startswith("disk-a")]
    assert [text.split(" (")[0] for text in told] == ["disk-a: soon full", "disk-a: well again", "disk-a: soon full"]
    assert "no space left in 0.2 h at this pace" in told[0]
    assert house.keeper.hours_left is not None


def test_two_centres_never_look_after_the_same_volumes(house):
    with pytest.raises(BadInput, match="a centre runs on these data"):
        VolumeKeeper(house.path / "data", house.volumes, clock=SystemClock(), ids=SystemIds()).open()


class Footed(House):
    """With footage of some days ago on its first volume."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.keys = LocalKeyStore(path / "keys")

    def film(self, camera: CameraId, days_ago: int) -> None:
        start_ns = (time.time_ns() // NS_PER_MINUTE - 30) * NS_PER_MINUTE - days_ago * NS_PER_DAY

        def disk_of(commune: CommuneId) -> SealedDisk:
            return SealedDisk(LocalDisk(self.volumes[0]), self.keys, segments_of_commune(commune))

        catalogue = Catalogue(self.path / "data" / "catalogue")
        try:
            catalogue.record(Recorder(disk_of, COMMUNES).film(camera, Span(start_ns, start_ns + 2 * NS_PER_MINUTE)))
        finally:
            catalogue.close()

    def files(self, name: str) -> int:
        return len(list((self.path / name).glob("*/*/*.mp4")))

    def keep_past(self) -> None:
        """Open what keeps the past, look twice, close it."""

        async def live() -> None:
            catalogue = Catalogue(self.path / "data" / "catalogue")
            try:
                clock, tell, anchors = SystemClock(), self._tell, RegisterSettings(anchors=(self.path / "anchors",))
                async with (
                    open_registers(self.path / "data", anchors, clock=clock, tell=tell) as registers,
                    keep_past(
                        PastHome(
                            self.path / "data",
                            clock=clock,
                            chaos=NoChaos(),
                            doctrine=LocalDoctrine(),
                            papers=PAPERS,
                            catalogue=catalogue,
                            keys=self.keys,
                            records=RECORDS,
                            evidence_keys=LocalKeyStore(self.path / "evidence-keys"),
                            evidence=EvidenceSettings(),
                            registers=registers,
                            volumes=self.keeper,
                            tell=tell,
                        )
                    ),
                ):
                    await asyncio.sleep(0.3)
            finally:
                catalogue.close()

        asyncio.run(live())


def test_a_lost_volume_stops_no_key_from_dying_and_is_purged_when_it_is_back_before_it_is_read(tmp_path):
    house = Footed(tmp_path)
    house.film(CAMERA, days_ago=40)
    house.film(NEIGHBOUR, days_ago=3)
    house.lose("disk-a")
    house.look()
    house.start()
    house.keep_past()
    assert len(house.keys.kept()) == 1, "the key of what expired is dead although its files are out of reach"
    assert not [text for text in house.told if "INCIDENT" in text]
    house.bring_back("disk-a")
    house.start()
    with pytest.raises(DiskError, match="missing"):
        house.keeper.disk.open(
            next((tmp_path / "disk-a").glob("*/*/*.mp4")).relative_to(tmp_path / "disk-a").as_posix()
        )
    house.keep_past()
    assert house.files("disk-a") == 2, "what had expired is gone, what had not is there"
    assert house.admitted() == ["disk-a", "disk-b"]
    assert len([name for name in house.keeper.disk.names() if name.endswith(".mp4")]) == 2


class TestDeclaredLoss:
    """A person says that a volume will not come back: then it is registered as lost, and not waited for."""

    @pytest.fixture
    def house(self, tmp_path) -> Footed:
        house = Footed(tmp_path)
        house.film(CAMERA, days_ago=3)
        return house

    def declare(self, house: Footed):
        return declare_loss(
            house.path / "data", house.volumes[0], author="dpo-1", role="dpo", reference="w-12", clock=SystemClock()
        )

    def test_one_that_is_there_is_not_lost_and_a_running_centre_is_left_alone(self, house):
        with pytest.raises(BadInput, match="a centre runs"):
            self.declare(house)
        house.keeper.close()
        with pytest.raises(BadInput, match="this volume is there"):
            self.declare(house)

    def test_what_it_held_is_registered_as_lost_journaled_and_no_longer_expected(self, house):
        house.lose("disk-a")
        house.keeper.close()
        declared = self.declare(house)
        assert (declared.segments, len(declared.certificates)) == (2, 1)
        data = house.path / "data"
        assert [volume.directory for volume in read_note(note_of(data))] == [house.volumes[1]]
        catalogue = Catalogue(data / "catalogue")
        (day,) = catalogue.days()
        assert catalogue.living_of_day(day).segments == 0
        catalogue.close()
        reading = RegisterReading(data / "register.sqlite")
        paris = [line for offset in (0, 1) for line in reading.answer(day + timedelta(days=offset)).destroyed]
        reading.close()
        assert [line.rule for line in paris] == [DestructionRule.LOST]
        entries = [row.entry for row in read_journal(data / "journal")]
        assert [getattr(entry, "reference", "") for entry in entries] == ["w-12", ""]
        house.start()
        assert (house.admitted(), house.told) == (["disk-a", "disk-b"], []), "its place may take a new disk"

    def test_the_commands_show_and_declare(self, house):
        house.lose("disk-a")
        house.look()
        house.keeper.close()
        data = str(house.path / "data")
        shown = CliRunner().invoke(app, ["volumes", data, "--json"])
        states = {Path(row["volume"]).name: row["trouble"] for row in json.loads(shown.stdout)["volumes"]}
        assert shown.exit_code == 1
        assert bool(states["disk-a"]) is not bool(states["disk-b"])
        who = ["--author", "dpo-1", "--role", "dpo", "--reference", "w-12", "--json"]
        declared = CliRunner().invoke(app, ["lost", data, str(house.volumes[0]), *who])
        assert json.loads(declared.stdout)["segments"] == 2
        assert CliRunner().invoke(app, ["volumes", data]).exit_code == 0

    def test_while_another_volume_is_away_too_nobody_can_say_what_is_lost(self, house):
        for name in ("disk-a", "disk-b"):
            house.lose(name)
        house.keeper.close()
        with pytest.raises(BadInput, match="others are not there either"):
            self.declare(house)
