"""Up to where a lost node has told everything: the next epoch owns up to the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from csu.cluster.embedded import accounted_until
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.media import Gap, GapCause, Manifest, NodeId, SegmentTable

CAMERA = CameraId("cam-0001")


def manifest(segment_s: tuple[int, int] | None, *gaps_s: tuple[int, int]) -> Manifest:
    gaps = tuple(Gap(CAMERA, a * NS_PER_S, b * NS_PER_S, GapCause.PACKETS_LOST) for a, b in gaps_s)
    told = Manifest(NodeId("n"), 1, 0, 0, (CAMERA,), SegmentTable.empty(), gaps)
    if segment_s is None:
        return told
    start_s, end_s = segment_s
    one = np.zeros(1, np.int32)
    table = SegmentTable(
        one, np.array([start_s * NS_PER_S]), one + (end_s - start_s) * 1000, one.astype(np.int64), one, one,
        np.zeros((1, 32), np.uint8),
    )  # fmt: skip
    return replace(told, segments=table)


def until_s(told: Manifest, before_s: int) -> float:
    return accounted_until(told, {CAMERA: before_s * NS_PER_S})[CAMERA] / NS_PER_S


def test_a_gap_after_the_last_closed_segment_is_accounted_for() -> None:
    assert until_s(manifest((0, 40), (40, 60)), 0) == 60
    assert until_s(manifest(None, (40, 60), (60, 70)), 40) == 70


def test_a_gap_beyond_an_open_segment_is_not_for_that_segment_may_still_be_lost() -> None:
    """Found at level L1: pictures lost, then the node: the open segment was in no gap."""
    assert until_s(manifest((0, 40), (45, 46)), 0) == 40
    assert until_s(manifest((40, 60)), 40) == 60, "once it is closed, all before it is told"
