"""Masked packets to files: what is kept, where it is cut, and what trouble costs."""

from __future__ import annotations

import hashlib
import json

import av
import pytest

from csu.hal.disk import DiskError
from csu.hal.frames import ClearPictureRefused, EncodedFormat
from csu.masking import MaskedEncoder
from csu.recording import CameraRecorder, RecordingError, Rollover, SegmentWriter, check_segment, segment_name

START_NS = 1_800_000_000_000_000_000


@pytest.fixture
def recorder(record, disk, encoder) -> CameraRecorder:
    recorder = CameraRecorder(record, disk)
    recorder.start(encoder.format)
    return recorder


@pytest.fixture
def kept(recorder):
    """Feed packets, close, and return every segment that was closed."""

    def run(packets, **write):
        closed = [segment for packet in packets for segment in recorder.write(packet, **write)]
        return closed + recorder.close()

    return run


def test_two_minutes_become_files_cut_at_the_cameras_own_boundary(kept, packets, disk, at_rate):
    segments = kept(packets(at_rate(0, 130)))
    boundary = Rollover(42).next_boundary_ns(START_NS)
    assert [segment.start_ns for segment in segments[:1]] == [START_NS]
    assert 0 <= segments[1].start_ns - boundary < 1_000_000_000
    assert segments[2].start_ns == segments[1].start_ns + 60_000_000_000
    assert disk.names() == sorted(segment.name for segment in segments)
    assert sum(segment.frames for segment in segments) == 1300
    assert sum(segment.duration_ms for segment in segments) == 130_000


def test_each_picture_of_a_file_tells_when_it_was_captured(kept, packets, disk):
    """Camera and start are in the file; a picture's own time is start + its pts. The place follows from the camera."""
    seconds = [0.0, 0.1, 0.25, 0.3, 0.71, 1.5, 1.52]
    (segment,) = kept(packets(seconds))
    with disk.open(segment.name) as file, av.open(file) as container:
        about = json.loads(container.metadata["comment"])
        times = [about["start_ns"] + round(picture.time * 1e9) for picture in container.decode(video=0)]
    assert about == {
        "camera": "cam-0042",
        "start_ns": START_NS,
        "clock": "camera",
        "mask_epoch": 1,
        "place": "Place d'Armes",
        "commune": "metz",
    }
    assert times == pytest.approx([START_NS + round(s * 1e9) for s in seconds], abs=20_000)


def test_a_closed_segment_is_what_is_on_disk(kept, packets, disk, at_rate):
    (segment,) = kept(packets(at_rate(0, 3)), clock_offset_ms=-40)
    content = disk.open(segment.name).read()
    assert segment.sha256 == hashlib.sha256(content).digest()
    assert segment.size_bytes == len(content)
    assert (segment.frames, segment.duration_ms, segment.clock_offset_ms) == (30, 3000, -40)
    assert segment.name == segment_name(segment.camera, segment.start_ns)


def test_the_worst_clock_offset_of_a_segment_is_told(recorder, packets, at_rate):
    for packet, offset in zip(packets(at_rate(0, 0.4)), (10, -300, 20, 5), strict=True):
        recorder.write(packet, offset)
    (segment,) = recorder.close()
    assert segment.clock_offset_ms == -300


def test_a_file_is_fragments_of_half_a_second(kept, packets, disk, at_rate):
    (segment,) = kept(packets(at_rate(0, 5)))
    content = disk.open(segment.name).read()
    assert content.count(b"moof") == 10


@pytest.mark.requirement("AUD-2")
def test_every_closed_file_plays_from_the_first_to_the_last_picture(kept, packets, disk, at_rate):
    for segment in kept(packets(at_rate(0, 70))):
        found = check_segment(disk.open(segment.name), decode=True)
        assert (found.playable, found.problem) == (True, None)
        assert (found.video_tracks, found.audio_tracks) == (1, 0)
        assert (found.frames, found.duration_ms) == (segment.frames, segment.duration_ms)


@pytest.mark.requirement("PRV-3")
def test_a_clear_frame_is_refused_and_the_open_segment_goes_on(recorder, packets, picture, at_rate):
    for packet in packets(at_rate(0, 1)):
        recorder.write(packet)
    with pytest.raises(ClearPictureRefused, match="cam-0042"):
        recorder.write(picture(0, 0.0))
    (segment,) = recorder.close()
    assert segment.frames == 10


@pytest.mark.requirement("PRV-3")
def test_raw_bytes_are_refused(recorder):
    with pytest.raises(ClearPictureRefused):
        recorder.write(b"\x00\x00\x00\x01\x67")


def test_nothing_is_recorded_before_a_key_frame(recorder, packets, at_rate):
    late = packets(at_rate(0, 2.5))[3:]
    for packet in late:
        recorder.write(packet)
    (segment,) = recorder.close()
    assert segment.start_ns == START_NS + 1_000_000_000
    assert recorder.dropped == 7


def test_packets_of_another_camera_or_without_a_format_are_refused(record, disk, packets):
    with pytest.raises(RecordingError, match="start"):
        CameraRecorder(record, disk).write(packets([0.0])[0])
    other = type(record)("cam-0001", 1, record.name, record.commune, record.view)
    stranger = CameraRecorder(other, disk)
    stranger.start(EncodedFormat(64, 48, 10.0, 90_000, "avc1.42C00A", b""))
    with pytest.raises(RecordingError, match="cam-0042"):
        stranger.write(packets([0.1])[0])


def test_another_mask_epoch_begins_another_file(kept, packets, at_rate):
    first, second = kept(packets(at_rate(0, 1.5)) + packets(at_rate(1.5, 1), epoch=2))
    assert (first.mask_epoch, first.frames) == (1, 15)
    assert (second.mask_epoch, second.frames) == (2, 10)


def test_a_hole_in_the_stream_ends_the_file(kept, packets, at_rate):
    first, second = kept(packets(at_rate(0, 2)) + packets(at_rate(9, 2)))
    assert (first.duration_ms, second.duration_ms) == (2000, 2000)
    assert second.start_ns - first.start_ns == 9_000_000_000


def test_a_corrected_camera_clock_ends_the_file(kept, packets, at_rate):
    first, second = kept(packets(at_rate(60, 2)) + packets(at_rate(0, 2)))
    assert (first.start_ns, second.start_ns) == (START_NS + 60_000_000_000, START_NS)
    assert (first.frames, second.frames) == (20, 20)


def test_another_format_ends_the_file(recorder, packets, at_rate, record):
    for packet in packets(at_rate(0, 1)):
        recorder.write(packet)
    larger = MaskedEncoder(record.camera, 96, 64, 10.0)
    (closed,) = recorder.start(larger.format)
    assert closed.frames == 10
    assert recorder.start(larger.format) == []


class TestTrouble:
    def test_a_full_disk_costs_the_open_segment_and_no_other(self, recorder, packets, disk, at_rate):
        for packet in packets(at_rate(0, 2)):
            recorder.write(packet)
        (safe,) = recorder.close()
        disk.bytes_left = 2_000
        more = packets(at_rate(2, 8))
        with pytest.raises(DiskError, match="no space left"):
            _write_all(recorder, more)
        assert not recorder.is_open
        assert disk.names() == [safe.name]
        assert list(disk.inner.root.rglob("*.partial")) == []

    def test_recording_goes_on_at_the_next_key_frame_once_there_is_space(self, recorder, packets, disk, at_rate):
        disk.bytes_left = 0
        with pytest.raises(DiskError):
            recorder.write(packets([0.0])[0])
        disk.bytes_left = None
        for packet in packets(at_rate(0.1, 2.9)):
            recorder.write(packet)
        (segment,) = recorder.close()
        assert segment.start_ns == START_NS + 1_000_000_000
        assert check_segment(disk.open(segment.name), decode=True).playable

    def test_a_segment_closed_before_the_trouble_is_still_told(self, recorder, packets, disk, at_rate):
        everything = packets(at_rate(0, 70))
        told = []
        boundary = Rollover(42).next_boundary_ns(START_NS)
        for packet in everything:
            disk.fails_to_create = packet.captured.at_ns >= boundary and not told
            try:
                told += recorder.write(packet)
            except DiskError:
                told.append("trouble")
        told += recorder.close()
        assert told[0] == "trouble"
        assert [segment.start_ns for segment in told[1:]][0] == START_NS
        assert len(told) == 3

    def test_a_disk_that_cannot_sync_at_close_keeps_nothing(self, recorder, packets, disk, at_rate):
        for packet in packets(at_rate(0, 2)):
            recorder.write(packet)
        disk.fails_to_sync = True
        with pytest.raises(DiskError):
            recorder.close()
        assert disk.names() == []
        assert recorder.close() == []

    def test_what_was_written_is_synced_every_five_seconds(self, recorder, packets, disk, at_rate, monkeypatch):
        synced = []
        monkeypatch.setattr("os.fdatasync", lambda descriptor: synced.append(descriptor))
        for packet in packets(at_rate(0, 21)):
            recorder.write(packet)
        assert len(synced) == 4

    def test_after_a_crash_the_synced_fragments_can_be_played(self, recorder, packets, disk, at_rate):
        for packet in packets(at_rate(0, 12)):
            recorder.write(packet)
        (partial,) = disk.inner.root.rglob("*.partial")
        with av.open(str(partial), format="mp4") as container:
            assert sum(1 for _ in container.decode(video=0)) >= 100

    def test_a_stream_without_parameter_sets_is_told(self, record, disk, packets):
        recorder = CameraRecorder(record, disk)
        recorder.start(EncodedFormat(64, 48, 10.0, 90_000, "avc1.42C00A", b""))
        with pytest.raises(RecordingError, match="cam-0042.*no parameter sets"):
            recorder.write(packets([0.0])[0])
        assert not recorder.is_open
        assert list(disk.inner.root.rglob("*.*")) == []

    def test_a_writer_that_loses_pictures_is_found_out_at_close(self, recorder, packets, disk, at_rate, monkeypatch):
        true_add = SegmentWriter.add

        def forgetful(self, packet):
            true_add(self, packet)
            self._frames += packet.sequence == 3

        monkeypatch.setattr(SegmentWriter, "add", forgetful)
        for packet in packets(at_rate(0, 1)):
            recorder.write(packet)
        with pytest.raises(RecordingError, match="10 pictures on disk of 11"):
            recorder.close()
        assert disk.names() == []


def _write_all(recorder, packets):
    for packet in packets:
        recorder.write(packet)
