"""The trace reads each column once: what it says must not depend on which array says the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simpy import Environment

from csu.centre import ManifestTaken
from csu.hal.camera import CameraId
from csu.hal.media import Manifest, NodeId
from sim.cohort import Cohort
from sim.ports import VirtualClock
from sim.trace import Trace


def minutes(build_camera, epoch_ns: int) -> list[Manifest]:
    cohort = Cohort([build_camera(number, number) for number in range(4)], epoch_ns)
    names = tuple(CameraId(f"cam-{number:04d}") for number in range(4))
    tables = [cohort.account(epoch_ns + minute * 60 * 10**9)[0] for minute in range(1, 6)]
    return [Manifest(NodeId("n"), 1, sequence, 0, names, table) for sequence, table in enumerate(tables)]


def trace_of(manifests: list[Manifest]) -> str:
    trace = Trace(VirtualClock(Environment(initial_time=0), 0), "")
    for manifest in manifests:
        trace.hear(ManifestTaken(manifest, 0))
    return trace.digest()


def test_arrays_of_their_own_give_the_same_hash_as_shared_ones(build_camera, epoch_ns) -> None:
    shared = minutes(build_camera, epoch_ns)
    names = ("camera", "start_ns", "duration_ms", "size_bytes", "mask_epoch", "clock_offset_ms")
    apart = [
        replace(m, segments=replace(m.segments, **{name: getattr(m.segments, name).copy() for name in names}))
        for m in shared
    ]
    assert trace_of(shared) == trace_of(apart)


@pytest.mark.parametrize("name", ["camera", "start_ns", "duration_ms", "size_bytes", "mask_epoch", "clock_offset_ms"])
def test_a_value_that_differs_in_one_place_gives_another_hash(build_camera, epoch_ns, name: str) -> None:
    told = minutes(build_camera, epoch_ns)
    column = getattr(told[-1].segments, name).copy()
    column[1] += 1
    other = [*told[:-1], replace(told[-1], segments=replace(told[-1].segments, **{name: column}))]
    assert trace_of(told) != trace_of(other)


def test_a_column_that_is_written_to_is_read_again(build_camera, epoch_ns) -> None:
    (first, *_) = minutes(build_camera, epoch_ns)
    column = first.segments.mask_epoch.copy()
    manifest = replace(first, segments=replace(first.segments, mask_epoch=column))
    trace = Trace(VirtualClock(Environment(initial_time=0), 0), "")
    trace.hear(ManifestTaken(manifest, 0))
    column[0] += 1
    trace.hear(ManifestTaken(manifest, 0))
    assert trace.digest() != trace_of([replace(manifest, segments=first.segments)] * 2)
