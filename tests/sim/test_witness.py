"""The witness looks at minutes in columns and keeps numbers as runs: it must see what one who looks at each would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment

from csu.centre import ManifestTaken
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS
from csu.hal.media import Manifest, NodeId, SegmentTable, no_hashes
from sim.ports import VirtualClock
from sim.witness import Sequences, Witness

CAMERAS = tuple(CameraId(f"cam-{number}") for number in range(5))
NODE = NodeId("node")


def manifest(sequence: int, cameras: tuple[CameraId, ...], rows: list[tuple[int, int, int]]) -> Manifest:
    """`rows`: (camera in the list, start in ms, duration in ms)."""
    camera, start_ms, duration_ms = (
        (np.array(column, np.int64) for column in zip(*rows, strict=True)) if rows else (np.empty(0, np.int64),) * 3
    )
    n = len(rows)
    table = SegmentTable(
        camera.astype(np.int32),
        start_ms * NS_PER_MS,
        duration_ms.astype(np.int32),
        np.arange(n, dtype=np.int64),
        np.ones(n, np.int32),
        np.zeros(n, np.int32),
        no_hashes(n),
    )
    return Manifest(NODE, 1, sequence, sequence * NS_PER_MINUTE, cameras, table)


rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(1, 10)), max_size=6)
"""Crowded: holes, overlaps and double segments are the rule."""
lists = st.sampled_from([CAMERAS[:3], CAMERAS[2:], (CAMERAS[4], CAMERAS[0], CAMERAS[3])])


@settings(max_examples=200, deadline=None)
@given(told=st.lists(st.tuples(lists, rows, st.booleans()), max_size=12))
def test_what_is_missing_is_what_one_who_looks_at_each_segment_would_find(
    told: list[tuple[tuple[CameraId, ...], list[tuple[int, int, int]], bool]],
) -> None:
    witness = Witness(CAMERAS, 0, VirtualClock(Environment(), 0))
    until = dict.fromkeys(CAMERAS, 0)
    holes: dict[CameraId, list[tuple[int, int]]] = {}
    overlaps = []
    segments = recorded_ms = 0
    for sequence, (cameras, given_rows, goes_on) in enumerate(told):
        if goes_on:  # a usual minute: each camera where it stopped, so that both ways are taken
            given_rows = [(i, until[camera] // NS_PER_MS, 7 + i) for i, camera in enumerate(cameras)]
        witness.hear(ManifestTaken(manifest(sequence, cameras, given_rows), 0))
        segments += len(given_rows)
        for index, start_ms, duration_ms in sorted(given_rows):
            recorded_ms += duration_ms
            camera, start_ns, end_ns = cameras[index], start_ms * NS_PER_MS, (start_ms + duration_ms) * NS_PER_MS
            if start_ns > until[camera]:
                holes.setdefault(camera, []).append((until[camera], start_ns))
            elif start_ns < until[camera]:
                overlaps.append((camera, start_ns))
            until[camera] = max(until[camera], end_ns)
    assert witness.recorded_until_ns().tolist() == [until[camera] for camera in CAMERAS]
    assert witness.holes == holes
    assert sorted(witness.overlaps) == sorted(overlaps)
    assert witness.taken.segments == segments
    assert witness.taken.recorded_ms == recorded_ms
    assert witness.taken.manifests == len(told)


def test_a_manifest_taken_twice_is_told_however_late_it_comes() -> None:
    seen = Sequences()
    for sequence in (0, 1, 4, 2, 3, 5, 1):
        seen.add(NODE, 1, sequence)
    assert seen.twice == {(NODE, 1, 1): 1}
    assert seen.taken_of == {NODE: 7}
    seen.add(NODE, 2, 1)
    assert (NODE, 2, 1) not in seen.twice, "another epoch counts anew"


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 9)), max_size=30), st.integers(1, 5))
def test_sequences_counted_together_are_those_counted_one_by_one(numbers: list[tuple[int, int]], at_once: int) -> None:
    told = [replace(manifest(sequence, CAMERAS, []), node_epoch=epoch) for epoch, sequence in sorted(numbers)]
    together, alone = Sequences(), Sequences()
    for first in range(0, len(told), at_once):
        together.add_all(told[first : first + at_once])
    for each in told:
        alone.add(each.node, each.node_epoch, each.sequence)
    assert vars(together) == vars(alone)


def test_numbers_that_follow_one_another_need_no_memory() -> None:
    seen = Sequences()
    for sequence in range(10_000):
        seen.add(NODE, 1, sequence)
    assert len(seen._next) == 1
    assert not seen._skipped
