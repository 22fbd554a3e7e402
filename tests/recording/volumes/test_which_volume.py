"""Only the very volume is written to and read: a swapped, lost, restored or full one is not, whatever lies there."""

from __future__ import annotations

import pytest

from csu.cluster.volume_note import Volume, look_at, read_note, write_note
from csu.cluster.volumes import VolumesDisk
from csu.hal.clock import NS_PER_S
from csu.hal.disk import DiskError
from csu.hal.media import CameraEventKind
from csu.recording.space import IDENTITY_NAME, VolumeFault, VolumeIdentity, Watermarks


def lose(rig, name) -> None:
    """Pull it out: an empty mount point stays."""
    (rig.home / name).rename(rig.home / f"{name}-elsewhere")
    (rig.home / name).mkdir()


def bring_back(rig, name) -> None:
    (rig.home / name).rmdir()
    (rig.home / f"{name}-elsewhere").rename(rig.home / name)


def swap(rig) -> None:
    """Each in the place of the other, as after two cables were changed."""
    (rig.home / "a").rename(rig.home / "x")
    (rig.home / "b").rename(rig.home / "a")
    (rig.home / "x").rename(rig.home / "b")


def write(disk, name: str, data: bytes = b"data") -> None:
    file = disk.create(name)
    file.write(data)
    file.commit()


def lost_while_recording(rig, packets, seconds) -> None:
    rig.film(packets(seconds(0, 62)))
    lose(rig, "a")
    rig.film(packets(seconds(62, 130)))
    assert list((rig.home / "a").iterdir()) == [], "nothing is written to an empty mount point"
    assert rig.on("b")


def test_an_open_segment_notices_within_five_seconds_that_its_volume_is_gone(rig, packets, seconds):
    rig.film(packets(seconds(0, 62)))
    lose(rig, "a")
    rig.film(packets(seconds(62, 30)))
    (gap,) = rig.gaps()
    assert (gap.end_ns - rig.taken[62 * 5]) / NS_PER_S <= 5 + 1


@pytest.mark.usefixtures("impatient")
def test_a_lost_volume_is_not_written_to_and_what_it_held_is_there_when_it_is_back(rig, packets, seconds):
    lost_while_recording(rig, packets, seconds)
    assert [kind for kind, _ in rig.told] == [CameraEventKind.DISK_TROUBLE]
    bring_back(rig, "a")
    rig.end()
    rig.settle()
    lost = set(rig.taken) - set(rig.readable())
    assert len(lost) <= 5, "of the segment that was open, less than a second"
    assert len(rig.gaps()) == 1


def test_one_that_was_lost_is_neither_read_nor_written_before_it_is_admitted_again(rig, packets, seconds):
    rig.film(packets(seconds(0, 62)))
    (name,) = rig.on("a")
    rig.admit("b")
    with pytest.raises(DiskError, match="missing: .*/a"):
        rig.disk.open(name)
    assert name not in rig.disk.names()
    write(rig.disk, "x.mp4")
    assert (rig.home / "b" / "x.mp4").exists()
    rig.admit("a", "b")
    rig.disk.open(name).close()


def test_without_any_volume_it_is_a_gap_and_recording_begins_again_by_itself(rig, packets, seconds):
    rig.film(packets(seconds(0, 62)))
    lose(rig, "a")
    lose(rig, "b")
    rig.film(packets(seconds(62, 120)))
    bring_back(rig, "b")
    rig.film(packets(seconds(182, 60)))
    bring_back(rig, "a")
    rig.end()
    rig.settle()
    assert len(rig.gaps()) == 1
    readable = set(rig.readable())
    lost = [at_ns for at_ns in rig.taken if at_ns not in readable]
    assert 60 < (max(lost) - min(lost)) / NS_PER_S < 120 + 6


def swapped_while_recording(rig, packets, seconds) -> None:
    rig.film(packets(seconds(0, 30)))
    before = {name: rig.on(name) for name in ("a", "b")}
    swap(rig)
    rig.film(packets(seconds(30, 120)))
    assert {name: rig.on(name) for name in ("b", "a")} == {"b": before["a"], "a": before["b"]}, "neither is written to"


def test_swapped_volumes_are_not_written_to_and_nobody_believes_them(rig, packets, seconds):
    swapped_while_recording(rig, packets, seconds)
    assert rig.disk.names() == []
    assert [state.fault for state in rig.disk.out_of_reach()] == [VolumeFault.SWAPPED, VolumeFault.SWAPPED]
    assert len(rig.gaps()) == 1
    assert [kind for kind, _ in rig.told] == [CameraEventKind.DISK_TROUBLE]


def test_an_image_that_was_restored_is_older(rig):
    rig.identities["a"] = VolumeIdentity("vol-a", 5)
    rig.admit("a", "b")
    assert look_at(read_note(rig.note)[0]).fault is VolumeFault.OLDER
    write(rig.disk, "x.mp4")
    assert (rig.home / "b" / "x.mp4").exists()


def test_a_full_volume_takes_no_new_segment_and_the_emptier_one_does(rig):
    full = Watermarks(full_free_bytes=1 << 60, full_free_share=0.999_999)
    disk = VolumesDisk(lambda: read_note(rig.note), marks=full)
    with pytest.raises(DiskError, match=r"no volume can take a segment \(.*a: full, .*b: full\)"):
        disk.create("x.mp4")
    assert disk.free_bytes() == 0


def test_a_name_is_on_one_volume_only(rig):
    write(rig.disk, "x.mp4")
    rig.admit("b")
    assert rig.disk.names() == [], "x.mp4 is on `a`, which is away"
    rig.admit("a", "b")
    with pytest.raises(DiskError, match="exists"):
        rig.disk.create("x.mp4")
    rig.disk.remove("x.mp4")
    assert rig.disk.names() == []


def test_the_note_is_read_as_it_was_written_and_a_torn_one_is_refused(tmp_path):
    volumes = (
        Volume(tmp_path / "a", VolumeIdentity("vol-1", 3), False),
        Volume(tmp_path / "b", VolumeIdentity("v", 1)),
    )
    write_note(tmp_path / "n.json", volumes)
    assert read_note(tmp_path / "n.json") == volumes
    (tmp_path / "n.json").write_bytes((tmp_path / "n.json").read_bytes()[:40])
    with pytest.raises(DiskError, match="list of volumes cannot be read"):
        read_note(tmp_path / "n.json")


def test_a_torn_identity_is_trouble_and_not_an_empty_volume(rig):
    (rig.home / "a" / IDENTITY_NAME).write_bytes(b'{"csu_vol')
    assert look_at(read_note(rig.note)[0]).trouble.en == "its identity file cannot be read"
    write(rig.disk, "x.mp4")
    assert (rig.home / "b" / "x.mp4").exists()


class TestMutants:
    """Each planted mistake is found by the story it spoils."""

    @pytest.fixture(params=["identity not looked at", "any identity will do"])
    def _believed(self, request, monkeypatch):
        if request.param == "identity not looked at":
            monkeypatch.setattr("csu.cluster.volume_note.fault_of", lambda expected, found: None)
        else:
            monkeypatch.setattr(
                "csu.cluster.volume_note.fault_of", lambda expected, found: None if found else VolumeFault.ABSENT
            )

    @pytest.mark.usefixtures("_believed")
    def test_a_swapped_volume_that_is_believed_is_found(self, rig, packets, seconds):
        with pytest.raises(AssertionError):
            swapped_while_recording(rig, packets, seconds)

    @pytest.mark.usefixtures("impatient")
    def test_an_empty_mount_point_that_is_believed_is_found(self, rig, packets, seconds, monkeypatch):
        monkeypatch.setattr("csu.cluster.volume_note.fault_of", lambda expected, found: None)
        with pytest.raises(AssertionError):
            lost_while_recording(rig, packets, seconds)
