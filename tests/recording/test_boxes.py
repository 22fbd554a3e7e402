"""Reading boxes: in any pieces, and of any bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import CameraRecorder, check_segment
from csu.recording.boxes import BoxError, BoxWalk
from csu.recording.check import verdict
from sim.disk import MemoryDisk


@pytest.fixture(scope="module")
def content(picture) -> bytes:
    """A good file of 2 seconds."""
    record, disk = CameraRecord(CameraId("cam-0042"), 42, "", CommuneId("metz"), ViewType.WIDE), MemoryDisk()
    encoder, recorder = MaskedEncoder(record.camera, 64, 48, 5.0), CameraRecorder(record, disk)
    recorder.start(encoder.format)
    for i in range(10):
        for packet in encoder.encode(mask(picture(i, i / 5), Cover.nothing(64, 48), 1, 42)):
            recorder.write(packet)
    (segment,) = recorder.close()
    return disk.open(segment.name).read()


@given(st.lists(st.integers(1, 400), min_size=1, max_size=20))
def test_the_size_of_the_pieces_makes_no_difference(content, sizes):
    walk, at, turn = BoxWalk(), 0, 0
    while at < len(content):
        piece = content[at : at + sizes[turn % len(sizes)]]
        walk.feed(piece)
        at, turn = at + len(piece), turn + 1
    assert verdict(walk) == check_segment(io.BytesIO(content))


@given(st.data())
@settings(max_examples=200)
def test_a_file_with_changed_bytes_is_judged_and_never_crashes_the_check(content, data):
    damaged = bytearray(content)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=6)):
        damaged[at] = value
    found = check_segment(io.BytesIO(bytes(damaged)))
    assert found.playable is (found.problem is None)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(noise):
    walk = BoxWalk()
    try:
        walk.feed(noise)
        walk.finish()
    except BoxError:
        return
    assert walk.tracks
