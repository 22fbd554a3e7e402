"""Every kind of tier answers the same questions alike; one that does not answer never says that it is empty."""

from __future__ import annotations

from datetime import date

import pytest

from csu.centre.purge.tiers import DirectoryTier, DiskTier
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.disk import DiskError
from csu.machine import LocalDisk
from csu.recording import segment_name
from sim.disk import MemoryDisk
from sim.footage import with_content

CAM_1, CAM_2 = CameraId("cam-1"), CameraId("cam-2")
FIRST_NS = 20_000 * NS_PER_DAY
FIRST, SECOND = date(2024, 10, 4), date(2024, 10, 5)
NAMES = [
    segment_name(camera, FIRST_NS + at_ns)
    for camera, at_ns in ((CAM_1, 0), (CAM_1, NS_PER_MINUTE), (CAM_2, 0), (CAM_2, NS_PER_DAY))
]


@pytest.fixture(params=["memory", "directory"])
def tier(request, tmp_path):
    disk = MemoryDisk() if request.param == "memory" else LocalDisk(tmp_path / "media")
    for name in NAMES:
        with_content(disk, name, b"12345")
    with_content(disk, "notes/of/nobody.txt", b"left alone")
    return DiskTier(disk) if request.param == "memory" else DirectoryTier(tmp_path / "media")


def test_what_is_held_is_told_by_day_by_camera_and_by_name(tier):
    assert tier.days() == [FIRST, SECOND]
    assert (tier.cameras(FIRST), tier.cameras(SECOND)) == ([CAM_1, CAM_2], [CAM_2])
    assert tier.names() == sorted(NAMES)
    assert tier.names(FIRST) == sorted(NAMES[:3])
    assert tier.names(FIRST, CAM_1) == NAMES[:2]
    assert tier.names(SECOND, CAM_1) == [] == tier.cameras(date(2024, 10, 6))
    assert tier.held([NAMES[0], NAMES[3], segment_name(CAM_1, 0)]) == {NAMES[0], NAMES[3]}


def test_what_was_destroyed_is_held_no_more_and_its_camera_neither(tier):
    assert tier.destroy([*NAMES[:2], segment_name(CAM_1, 0)]) == 10
    assert tier.held(NAMES) == set(NAMES[2:])
    assert tier.cameras(FIRST) == [CAM_2]


@pytest.mark.parametrize(
    "ask",
    [
        lambda tier: tier.days(),
        lambda tier: tier.cameras(FIRST),
        lambda tier: tier.names(FIRST, CAM_1),
        lambda tier: tier.held(NAMES),
        lambda tier: tier.destroy(NAMES),
    ],
)
def test_a_volume_that_is_not_mounted_answers_nothing(tmp_path, ask):
    with pytest.raises(DiskError):
        ask(DirectoryTier(tmp_path / "not mounted"))


def test_a_part_that_a_killed_node_left_is_held(tmp_path):
    path = tmp_path / (NAMES[0] + ".partial")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"1")
    tier = DirectoryTier(tmp_path)
    assert tier.held(NAMES) == {NAMES[0]}
    assert tier.cameras(FIRST) == [CAM_1]
    assert tier.destroy(NAMES) == 1
    assert tier.held(NAMES) == set()
