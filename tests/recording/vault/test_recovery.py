"""A killed recorder's left-over becomes a segment; the time of every picture and the chain survive."""

from __future__ import annotations

import dataclasses
import io

import pytest

from csu.cluster.left_over import left_overs, recover_left_over
from csu.cluster.recording_check import RecordingCheck
from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.recording import CameraRecorder, Catalogue, check_segment
from csu.recording.chain import NO_LINK, Head, Linked, check_chain, link_of
from csu.recording.frame_times import frame_times
from csu.recording.head_store import LocalHeads
from csu.recording.reconcile import Difference
from csu.recording.sealed_disk import SealedFile

START_NS = 1_800_000_000_000_000_000


@pytest.fixture
def killed(recorder, packets, at_rate, media):
    """12.3 s were recorded, then the process died; how the file lies there. Returns nothing: the disk is the result."""
    for packet in packets(at_rate(0, 12.3)):
        recorder.write(packet, -40)
    (partial,) = media.rglob("*.partial")
    content = partial.read_bytes()
    recorder._segment.abandon()  # what the system does with a dead process's locks
    partial.write_bytes(content)


@pytest.mark.usefixtures("killed")
def test_a_left_over_becomes_a_segment_up_to_its_last_fragment(media, keys, sealed, volumes):
    (left,) = left_overs(volumes)
    closed = recover_left_over(volumes, left, keys)
    assert (closed.duration_ms, closed.frames, closed.start_ns, closed.clock_offset_ms) == (12_000, 120, START_NS, -40)
    assert left_overs(volumes) == []
    assert sealed.names() == [closed.name]
    with sealed.open(closed.name) as file:
        assert check_segment(file, decode=True).playable
        assert [time.at_ns for time in frame_times(file)] == [START_NS + i * NS_PER_S // 10 for i in range(120)]
    assert closed.size_bytes == (media / closed.name).stat().st_size


@pytest.mark.usefixtures("killed")
@pytest.mark.parametrize("step", ["rename", "unlink"])
def test_a_recovery_that_is_killed_too_is_done_again(media, keys, sealed, step, monkeypatch, volumes):
    def die(self, *_args, **_more):
        raise SystemExit

    (left,) = left_overs(volumes)
    with monkeypatch.context() as death:
        death.setattr(f"csu.recording.sealed_disk.SealedFile.{'commit' if step == 'rename' else 'write'}", die)
        death.setattr(SealedFile, "abandon", lambda self: None)
        with pytest.raises(SystemExit):
            recover_left_over(volumes, left, keys)
    for _ in range(2):
        for again in left_overs(volumes):
            recover_left_over(volumes, again, keys)
    assert left_overs(volumes) == []
    assert len(sealed.names()) == 1
    with sealed.open(sealed.names()[0]) as file:
        assert check_segment(file, decode=True).frames == 120


def test_a_file_that_is_being_written_is_no_left_over(recorder, packets, at_rate, media, volumes):
    for packet in packets(at_rate(0, 3)):
        recorder.write(packet)
    assert list(media.rglob("*.partial"))
    assert left_overs(volumes) == []


@pytest.mark.usefixtures("killed")
def test_a_left_over_whose_key_is_destroyed_stays_as_it_is(media, keys, volumes):
    (left,) = left_overs(volumes)
    keys.shred("metz", keys.kept()[0].day)
    with pytest.raises(Exception, match="destroyed"):
        recover_left_over(volumes, left, keys)
    assert len(left_overs(volumes)) == 1


def test_every_picture_tells_its_own_time_and_how_wrong_its_cameras_clock_was(recorder, packets, sealed):
    seconds = [0.0, 0.1, 0.25, 0.3, 0.71, 1.5, 1.52]
    made = packets(seconds)
    for number, packet in enumerate(made):
        recorder.write(packet, number * 100 - 300)
    (segment,) = recorder.close()
    with sealed.open(segment.name) as file:
        times = frame_times(file)
    assert [(time.at_ns - START_NS) / 1e9 for time in times] == seconds
    assert [time.clock_offset_ms for time in times] == [-300, -200, -100, 0, 100, 200, 300]
    assert all(time.from_camera for time in times)


class TestChain:
    @pytest.fixture
    def rows(self):
        rows, link = [], NO_LINK
        for number in range(6):
            name, sha = f"n{number}", bytes([number]) * 32
            link = link_of(link, name, sha, sha)
            rows.append(Linked(name, sha, sha, link))
        return rows

    def test_a_whole_chain_has_one_beginning(self, rows):
        found = check_chain(rows)
        assert (found.linked, found.begins, found.broken, found.unlinked) == (6, ("n0",), (), ())

    def test_a_row_taken_out_is_found(self, rows):
        assert check_chain(rows[:2] + rows[3:]).broken == ("n3",)

    def test_a_row_changed_is_found(self, rows):
        rows[2] = dataclasses.replace(rows[2], content_sha256=bytes(32))
        assert "n2" in check_chain(rows).broken

    def test_two_that_follow_one_are_found(self, rows):
        twin = Linked("n9", bytes(32), bytes(32), link_of(rows[2].link, "n9", bytes(32), bytes(32)))
        assert check_chain([*rows, twin]).broken == ("n9",)

    def test_what_retention_destroyed_is_no_break(self, rows):
        assert check_chain(rows[3:]).broken == ()

    def test_rows_in_another_order_and_one_that_told_no_link_are_followed(self, rows):
        rows[2] = dataclasses.replace(rows[2], link=NO_LINK)
        found = check_chain([rows[1], rows[0], *rows[2:]])
        assert (found.broken, found.unlinked) == ((), ("n2",))

    def test_a_head_outlives_the_recorder_and_a_torn_one_begins_anew(self, tmp_path):
        heads = LocalHeads(tmp_path)
        heads.keep("cam-1", Head(b"\x01" * 32, 7))
        assert LocalHeads(tmp_path).head("cam-1") == Head(b"\x01" * 32, 7)
        (tmp_path / "cam-1.json").write_bytes(b'{"link": "01')
        assert LocalHeads(tmp_path).head("cam-1") is None
        assert LocalHeads(tmp_path).head("cam-2") is None


def test_an_unsealed_left_over_is_recovered_too(record, encoder, packets, at_rate, media, stored, volumes):
    recorder = CameraRecorder(record, stored)
    recorder.start(encoder.format)
    for packet in packets(at_rate(0, 3.2)):
        recorder.write(packet)
    (partial,) = media.rglob("*.partial")
    content = partial.read_bytes()
    recorder._segment.abandon()
    partial.write_bytes(content[:-7])
    (left,) = left_overs(volumes)
    closed = recover_left_over(volumes, left, None)
    assert closed.frames in (25, 30)
    assert check_segment(io.BytesIO((media / closed.name).read_bytes()), decode=True).playable


@pytest.mark.usefixtures("killed")
def test_a_recovery_that_died_before_it_told_is_one_difference_and_is_told_once(volumes, keys, media, tmp_path):
    (left,) = left_overs(volumes)
    torn = left.path.read_bytes()
    closed = recover_left_over(volumes, left, keys)
    (media / (closed.name + ".torn.partial")).write_bytes(torn)
    catalogue = Catalogue(tmp_path / "catalogue")
    check = RecordingCheck(volumes, catalogue, keys)
    found = check.check(START_NS + NS_PER_DAY, hashes=False)
    assert [finding.kind for finding in found.found if finding.name == closed.name] == [Difference.LEFT_OVER]
    check.repair(found, START_NS + NS_PER_DAY)
    assert check.check(START_NS + NS_PER_DAY, hashes=True).rows == 1
    catalogue.close()
