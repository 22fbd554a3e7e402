"""What nodes last accounted for, a camera: the newest account counts, and no older one after it (TEC-6, TEC-4)."""

from __future__ import annotations

import numpy as np

from csu.centre.events import ManifestTaken
from csu.centre.watches.last_minute import LastMinutes
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE
from csu.hal.media import Gap, GapCause, Manifest, NodeId, SegmentTable, no_hashes

A, B, C = (CameraId(f"cam-{letter}") for letter in "abc")
MINUTE = 30_000_000 * NS_PER_MINUTE


def manifest(minute=0, recorded=(0, 1), offsets=(5, -1500), gaps=(), node="node-1", cameras=(A, B, C)):
    n = len(recorded)
    numbers = np.zeros(n, np.int64)
    at_ns = MINUTE + minute * NS_PER_MINUTE
    told = SegmentTable(
        np.array(recorded, np.int32),
        numbers + at_ns,
        np.full(n, 60_000, np.int32),
        numbers,
        np.zeros(n, np.int32),
        np.array(offsets[:n], np.int32),
        no_hashes(n),
    )
    return Manifest(NodeId(node), 1, minute, at_ns, cameras, told, gaps)


def heard(*manifests):
    minutes = LastMinutes()
    for each in manifests:
        minutes.hear(ManifestTaken(each, each.minute_ns))
    return minutes


def test_who_closed_a_segment_was_recorded_unless_a_gap_goes_on():
    end_ns = MINUTE + NS_PER_MINUTE
    gaps = (Gap(B, MINUTE + 5, end_ns, GapCause.DISK), Gap(A, MINUTE, MINUTE + 5, GapCause.PACKETS_LOST))
    told = heard(manifest(gaps=gaps)).all()
    assert (told[A].is_recorded, told[A].gap, told[A].clock_offset_ms) == (True, GapCause.PACKETS_LOST, 5)
    assert (told[B].is_recorded, told[B].gap, told[B].is_clock_wrong) == (False, GapCause.DISK, True)
    assert (told[C].is_recorded, told[C].gap, told[C].clock_offset_ms) == (False, None, None)


def test_the_newest_account_counts_and_a_late_one_does_not():
    minutes = heard(manifest(2, recorded=(0,)), manifest(1, recorded=(0, 1)))
    assert not minutes.all()[B].is_recorded
    assert minutes.told_at_ns == {"node-1": MINUTE + 3 * NS_PER_MINUTE}


def test_a_camera_is_told_by_the_node_that_spoke_of_it_last():
    there = manifest(5, node="node-2", recorded=(0,), cameras=(B,))
    told = heard(there, manifest(4, recorded=(0,))).all()
    assert (told[B].node, told[B].is_recorded, told[A].node) == ("node-2", True, "node-1")
