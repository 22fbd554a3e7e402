"""The Disk port: what every binding must do. A binding joins by one line in DISKS."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from csu.cluster.node_disk import NodeDisk
from csu.cluster.volume_note import Volume
from csu.cluster.volumes import VolumesDisk
from csu.hal.camera import CommuneId
from csu.hal.disk import Disk, DiskError, DiskFile
from csu.hal.keys import KeyName
from csu.machine import PARTIAL_SUFFIX, LocalDisk
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk
from csu.recording.space import IDENTITY_NAME, VolumeIdentity
from sim.disk import MemoryDisk

DISKS: dict[str, Callable[[Path], Disk]] = {
    "local": lambda directory: LocalDisk(directory / "store"),
    "memory": lambda directory: MemoryDisk(),
    "node": lambda directory: NodeDisk(directory / "store"),
    "sealed over node": lambda directory: sealed(NodeDisk(directory / "store"), directory),
    "two volumes": lambda directory: two_volumes(directory),
    "sealed over two volumes": lambda directory: sealed(two_volumes(directory), directory),
    "sealed over memory": lambda directory: sealed(MemoryDisk(), directory),
}


def two_volumes(directory: Path) -> VolumesDisk:
    """Names of one store on two directories: what is written goes to either."""
    volumes = []
    for number in (1, 2):
        volume = Volume(directory / f"volume-{number}", VolumeIdentity(f"vol-{number}", 1))
        volume.directory.mkdir()
        (volume.directory / IDENTITY_NAME).write_bytes(volume.identity.to_bytes())
        volumes.append(volume)
    return VolumesDisk(lambda: volumes)


def sealed(disk: Disk, directory: Path) -> SealedDisk:
    owner = KeyName(CommuneId("metz"), date(2026, 11, 23))
    return SealedDisk(disk, LocalKeyStore(directory / "keys"), lambda _name: owner)


@pytest.fixture(params=sorted(DISKS))
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return DISKS[request.param](tmp_path)


def write(disk: Disk, name: str, data: bytes) -> None:
    file = disk.create(name)
    file.write(data)
    file.commit()


def test_it_is_a_disk_with_files(disk):
    assert isinstance(disk, Disk)
    assert isinstance(disk.create("a/b.mp4"), DiskFile)


def test_what_was_committed_is_read_back(disk):
    file = disk.create("2026-11-23/cam-1/a.mp4")
    assert file.name == "2026-11-23/cam-1/a.mp4"
    assert file.write(b"one ") == 4
    file.sync()
    assert file.write(b"two") == 3
    file.commit()
    with disk.open("2026-11-23/cam-1/a.mp4") as stored:
        assert stored.read() == b"one two"
        assert stored.seek(4) == 4
        assert stored.read() == b"two"
    assert disk.size_bytes("2026-11-23/cam-1/a.mp4") == 7


def test_a_file_being_written_is_not_there_yet(disk):
    file = disk.create("a.mp4")
    file.write(b"half")
    file.sync()
    assert disk.names() == []
    with pytest.raises(DiskError):
        disk.open("a.mp4")
    with pytest.raises(DiskError):
        disk.size_bytes("a.mp4")
    file.commit()
    assert disk.names() == ["a.mp4"]


def test_an_empty_file_can_be_committed(disk):
    disk.create("empty").commit()
    assert disk.size_bytes("empty") == 0


def test_an_abandoned_file_leaves_nothing_and_its_name_is_free(disk):
    file = disk.create("a.mp4")
    file.write(b"half")
    file.abandon()
    file.abandon()  # never raises for a file already gone
    assert disk.names() == []
    write(disk, "a.mp4", b"whole")
    assert disk.size_bytes("a.mp4") == 5


def test_a_name_is_given_once(disk):
    write(disk, "a.mp4", b"first")
    with pytest.raises(DiskError):
        disk.create("a.mp4")
    with disk.open("a.mp4") as stored:
        assert stored.read() == b"first"


def test_a_name_being_written_is_taken(disk):
    disk.create("a.mp4")
    with pytest.raises(DiskError):
        disk.create("a.mp4")


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a/."])
def test_a_name_that_leaves_the_store_is_refused(disk, name):
    with pytest.raises(DiskError):
        disk.create(name)
    assert disk.names() == []


@pytest.mark.parametrize("call", ["open", "size_bytes", "remove"])
def test_what_is_not_there_is_told(disk, call):
    with pytest.raises(DiskError):
        getattr(disk, call)("absent.mp4")


def test_names_are_sorted_and_chosen_by_their_beginning(disk):
    for name in ("b/2", "a/1", "b/10", "c"):
        write(disk, name, b"x")
    assert disk.names() == ["a/1", "b/10", "b/2", "c"]
    assert disk.names("b/") == ["b/10", "b/2"]
    assert disk.names("z") == []


def test_a_removed_file_is_gone_and_its_name_is_free(disk):
    write(disk, "a.mp4", b"first")
    disk.remove("a.mp4")
    assert disk.names() == []
    write(disk, "a.mp4", b"second")
    with disk.open("a.mp4") as stored:
        assert stored.read() == b"second"


@pytest.mark.parametrize("end", ["commit", "abandon"])
@pytest.mark.parametrize("call", ["write", "sync", "commit"])
def test_a_file_that_ended_takes_nothing_more(disk, end, call):
    file = disk.create("a.mp4")
    getattr(file, end)()
    with pytest.raises(DiskError):
        file.write(b"late") if call == "write" else getattr(file, call)()


def test_abandoning_after_commit_takes_nothing_away(disk):
    file = disk.create("a.mp4")
    file.write(b"kept")
    file.commit()
    file.abandon()
    assert disk.size_bytes("a.mp4") == 4


def test_free_space_is_a_number_of_bytes(disk):
    assert disk.free_bytes() > 0


class TestMemoryDiskInTrouble:
    def test_a_full_disk_tells_and_gives_the_space_back(self):
        disk = MemoryDisk(capacity_bytes=10)
        file = disk.create("a.mp4")
        file.write(b"12345678")
        with pytest.raises(DiskError):
            file.write(b"12345678")
        file.abandon()
        assert disk.free_bytes() == 10

    def test_a_power_cut_leaves_what_was_committed_and_nothing_visible_else(self):
        disk = MemoryDisk()
        write(disk, "kept.mp4", b"kept")
        disk.create("lost.mp4").write(b"lost")
        disk.power_cut()
        assert disk.names() == ["kept.mp4"]


class TestLocalDiskInTrouble:
    def test_a_crash_leaves_a_partial_file_that_is_no_name(self, tmp_path):
        LocalDisk(tmp_path).create("a/b.mp4").sync()
        assert LocalDisk(tmp_path).names() == []
        assert [path.name for path in tmp_path.rglob("*.*")] == ["b.mp4" + PARTIAL_SUFFIX]

    def test_abandoning_on_a_disk_that_refuses_the_last_buffer_does_not_raise(self, tmp_path):
        file = LocalDisk(tmp_path).create("a.mp4")
        file.write(b"in the buffer")
        os.close(file._file.fileno())  # the buffer can no longer be written, as on a full disk
        file.abandon()
        assert list(tmp_path.iterdir()) == []

    def test_a_refused_sync_is_a_disk_error(self, tmp_path, monkeypatch):
        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        file = LocalDisk(tmp_path).create("a.mp4")
        monkeypatch.setattr("os.fdatasync", full)
        with pytest.raises(DiskError, match="No space left.*Check space"):
            file.commit()
