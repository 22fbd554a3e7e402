"""A camera whose clock is wrong is told once, and once when it is right again, in whatever columns its node says so."""

from __future__ import annotations

import numpy as np
import pytest

from csu.centre import ManifestTaken, Trouble
from csu.centre.watches.clock_watch import ClockWatch
from csu.hal.camera import CameraId
from csu.hal.media import Manifest, NodeId, SegmentTable, each_camera_once, no_hashes

ONE, TWO = CameraId("cam-0001"), CameraId("cam-0002")
ROSTER = (ONE, TWO)


def manifest(offsets: np.ndarray, node: str = "node-1", cameras: tuple[CameraId, ...] = ROSTER) -> ManifestTaken:
    n = len(offsets)
    i4, i8 = np.zeros(n, np.int32), np.zeros(n, np.int64)
    table = SegmentTable(each_camera_once(n), i8, i4, i8, i4, offsets, no_hashes(n))
    return ManifestTaken(Manifest(NodeId(node), 1, 0, 0, cameras, table), 7)


def column(*offsets_ms: int, frozen: bool = True) -> np.ndarray:
    offsets = np.array(offsets_ms, np.int32)
    offsets.setflags(write=not frozen)
    return offsets


@pytest.mark.parametrize("frozen", [True, False])
def test_it_is_told_once_and_once_when_it_is_right_again(frozen: bool) -> None:
    told: list[Trouble] = []
    watch = ClockWatch(told.append)
    right, wrong = column(3, -4, frozen=frozen), column(3, 2_500, frozen=frozen)
    for offsets in (right, right, wrong, wrong, wrong, right, right, wrong):
        watch.hear(manifest(offsets))
    assert [trouble.where for trouble in told] == [TWO] * 3
    assert "+2.5 s" in told[0].what.en
    assert "right again" in told[1].what.en
    assert list(watch.wrong) == [TWO]


def test_a_column_that_had_nothing_new_is_read_again_when_another_node_said_otherwise() -> None:
    told: list[Trouble] = []
    watch = ClockWatch(told.append)
    right, wrong = manifest(column(0, 0)), manifest(column(5_000), "node-2", (TWO,))
    for event in (right, right, wrong, right):
        watch.hear(event)
    assert [("right" in trouble.what.en) for trouble in told] == [False, True]


def test_a_column_that_is_written_to_is_read_again() -> None:
    told: list[Trouble] = []
    watch = ClockWatch(told.append)
    event = manifest(offsets := column(0, 0, frozen=False))
    watch.hear(event)
    offsets[0] = 9_000
    watch.hear(event)
    assert [trouble.where for trouble in told] == [ONE]
