"""A lock keeps its own pictures, bit by bit, past the death of their segment; its neighbours die."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csu.evidence import ExportFailed, make_package
from csu.evidence.cut import access_units
from csu.evidence.keep import discard, keep, kept_segments
from csu.evidence.spans import CameraSpan
from csu.machine import LocalDisk

S = 1_000_000_000


@pytest.fixture
def store(tmp_path) -> LocalDisk:
    return LocalDisk(tmp_path / "evidence")


def keep_all(order, recorded, store, locked) -> list:
    about = {camera.camera: camera for camera in order.cameras}
    return [piece for s in recorded.segments for piece in keep(s, locked, about[s.camera], store)]


def test_what_is_kept_is_the_lock_and_not_its_neighbours(order, recorded, store, spans):
    pieces = keep_all(order, recorded, store, spans)
    assert len(pieces) == 4
    times = [at for s in kept_segments(store, spans[0].camera) for at in s.captured_ns]
    key_frame_before = spans[0].from_ns // S * S
    assert (min(times), max(times)) == (key_frame_before, spans[0].to_ns - S // 10)
    stored = {digest for data in recorded.files.values() for digest in access_units(data).digests}
    for piece in pieces:
        assert set(access_units(store.open(piece.name).read()).digests) <= stored


def test_an_export_from_kept_pieces_holds_when_the_segments_are_gone(
    order, recorded, store, spans, pki, tmp_path, good
):
    keep_all(order, recorded, store, spans)
    pieces = [s for camera in order.cameras for s in kept_segments(store, camera.camera)]
    made = make_package(order, pieces, tmp_path / "p", pki.signer, pki.authority, (pki.stamp_root,))
    told = [[(f.sha256, f.captured_ns, f.clock_offset_ms, f.is_asked) for f in t.frames] for t in made.tables]
    assert told == [[(f.sha256, f.captured_ns, f.clock_offset_ms, f.is_asked) for f in t.frames] for t in good.tables]


def test_keeping_again_after_a_crash_changes_nothing_and_mends_what_was_torn(order, recorded, store, spans):
    first = keep_all(order, recorded, store, spans)
    assert keep_all(order, recorded, store, spans) == first
    store.remove(first[0].name.replace(".mp4", ".json"))
    assert keep_all(order, recorded, store, spans) == first
    (store.root / first[1].name).write_bytes(b"torn")
    assert keep_all(order, recorded, store, spans) == first
    assert len(store.names("locked/")) == 8


def test_a_segment_that_is_not_the_recorded_one_is_not_kept(order, recorded, store, spans, stored):
    segment = recorded.segments[1]
    with pytest.raises(ExportFailed):
        keep(stored(segment, b"junk"), spans, order.cameras[0], store)
    assert store.names() == []


def test_a_piece_that_was_changed_on_the_evidence_disk_is_no_longer_exported_as_itself(
    order, recorded, store, spans, pki, tmp_path
):
    piece = keep_all(order, recorded, store, spans)[0]
    path = store.root / piece.name
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(data)
    pieces = [s for camera in order.cameras for s in kept_segments(store, camera.camera)]
    with pytest.raises(ExportFailed):
        make_package(order, pieces, tmp_path / "p", pki.signer, pki.authority, (pki.stamp_root,))


def test_what_no_lock_holds_any_more_is_destroyed_and_what_another_holds_stays(order, recorded, store, spans):
    pieces = keep_all(order, recorded, store, spans)
    other = CameraSpan(spans[0].camera, spans[0].from_ns, spans[0].from_ns + S)
    gone = discard(store, spans, (other,))
    assert sorted(gone) == sorted(piece.name for piece in pieces[1:])
    assert discard(store, spans, ()) == (pieces[0].name,)
    assert store.names() == []


def test_a_lock_that_grew_is_exported_once(order, recorded, store, spans, pki, tmp_path, good):
    smaller = replace(spans[0], to_ns=spans[0].to_ns - 3 * S)
    keep_all(order, recorded, store, (smaller,))
    keep_all(order, recorded, store, spans)
    pieces = [s for camera in order.cameras for s in kept_segments(store, camera.camera)]
    made = make_package(order, pieces, tmp_path / "p", pki.signer, pki.authority, (pki.stamp_root,))
    assert [len(table.asked) for table in made.tables] == [len(table.asked) for table in good.tables]


def test_two_segments_of_one_instant_are_not_exported_over_each_other(order, recorded, pki, tmp_path):
    twice = [*recorded.segments, recorded.segments[0]]
    with pytest.raises(ExportFailed, match="two segments"):
        make_package(order, twice, tmp_path / "p", pki.signer, pki.authority, (pki.stamp_root,))


def test_a_camera_without_a_lock_leaves_nothing(order, recorded, store, spans):
    elsewhere = replace(spans[0], from_ns=spans[0].from_ns + 3600 * S, to_ns=spans[0].to_ns + 3600 * S)
    assert keep_all(order, recorded, store, (elsewhere,)) == []
    assert store.names() == []
