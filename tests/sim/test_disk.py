"""What a memory disk adds to the contract: it forgets what a real one would."""

from __future__ import annotations

import pytest

from csu.hal.disk import DiskError
from sim.disk import MemoryDisk


def committed(disk: MemoryDisk, name: str, data: bytes) -> None:
    file = disk.create(name)
    file.write(data)
    file.commit()


def test_a_power_cut_takes_what_was_not_synced_and_leaves_what_was_committed() -> None:
    disk = MemoryDisk()
    committed(disk, "a", b"safe")
    half = disk.create("b")
    half.write(b"synced ")
    half.sync()
    half.write(b"not synced")
    assert disk.power_cut() == {"b": b"synced "}
    assert disk.names() == ["a"]
    with pytest.raises(DiskError, match="closed"):
        half.write(b"x")


def test_a_torn_write_shows_only_after_the_power_cut() -> None:
    disk = MemoryDisk()
    disk.tear_next_commit_at = 3
    committed(disk, "a", b"whole")
    committed(disk, "b", b"whole")
    assert disk.open("a").read() == b"whole"
    disk.power_cut()
    assert (disk.open("a").read(), disk.open("b").read()) == (b"who", b"whole")


def test_a_full_disk_takes_what_still_fits_and_says_so() -> None:
    disk = MemoryDisk(capacity_bytes=4)
    file = disk.create("a")
    with pytest.raises(DiskError, match="no space"):
        file.write(b"too long")
    assert disk.free_bytes() == 0
    file.abandon()
    assert disk.free_bytes() == 4


def test_errors_come_when_planned() -> None:
    disk = MemoryDisk()
    disk.writes_until_error = 1
    file = disk.create("a")
    file.write(b"1")
    with pytest.raises(DiskError, match="input/output"):
        file.write(b"2")
    disk.read_only = True
    with pytest.raises(DiskError, match="read-only"):
        disk.create("b")
