"""What the check of a file lets pass and what it refuses."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest

from csu.recording import CameraRecorder, RecordingError, SegmentWriter, check_segment


@pytest.fixture
def content(record, disk, encoder, packets, at_rate) -> bytes:
    """A good file of 3 seconds."""
    recorder = CameraRecorder(record, disk)
    recorder.start(encoder.format)
    for packet in packets(at_rate(0, 3)):
        recorder.write(packet)
    (segment,) = recorder.close()
    return bytes(disk.open(segment.name).read())


def craft(
    *, audio: str | None = None, video: str | None = "libx264", movflags: str = "frag_keyframe+empty_moov"
) -> bytes:
    """A file by another writer, with these tracks."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"movflags": movflags}) as container:
        tracks = []
        if video:
            track = container.add_stream(video, rate=10)
            track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
            tracks.append((track, av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), format="yuv420p")))
        if audio:
            track = container.add_stream(audio, rate=8000, layout="mono")
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.rate = 8000
            tracks.append((track, sound))
        for track, frame in tracks:
            container.mux([*track.encode(frame), *track.encode(None)])
    return file.getvalue()


def check(data: bytes, *, decode: bool = False):
    return check_segment(io.BytesIO(data), decode=decode)


@pytest.mark.parametrize("decode", [False, True])
def test_a_good_file_passes(content, decode):
    found = check(content, decode=decode)
    assert (found.playable, found.problem, found.frames, found.duration_ms) == (True, None, 30, 3000)


@pytest.mark.requirement("AUD-2")
@pytest.mark.parametrize("decode", [False, True])
def test_an_audio_track_is_refused(decode):
    found = check(craft(audio="aac"), decode=decode)
    assert (found.playable, found.video_tracks, found.audio_tracks) == (False, 1, 1)
    assert "sound" in found.problem
    assert check(craft()).playable, "and it is the sound that it was refused for"


@pytest.mark.requirement("AUD-2")
def test_a_file_of_sound_alone_is_refused():
    assert not check(craft(video=None, audio="aac")).playable


@pytest.mark.requirement("AUD-2")
def test_a_recorder_that_keeps_the_sound_is_found_out_and_nothing_is_kept(
    record, disk, encoder, packets, at_rate, monkeypatch
):
    add_video = SegmentWriter._add_track

    def add_sound_too(self, encoded):
        track = add_video(self, encoded)
        self._container.add_stream("aac", rate=8000, layout="mono")
        return track

    monkeypatch.setattr(SegmentWriter, "_add_track", add_sound_too)
    recorder = CameraRecorder(record, disk)
    recorder.start(encoder.format)
    for packet in packets(at_rate(0, 1)):
        recorder.write(packet)
    with pytest.raises(RecordingError, match="audio"):
        recorder.close()
    assert disk.names() == []
    assert list(disk.inner.root.rglob("*.mp4*")) == []


def test_a_track_of_another_codec_is_refused():
    assert "not H.264" in check(craft(video="mpeg4")).problem


def test_a_track_without_parameter_sets_is_refused(content):
    assert content.count(b"avcC") == 1
    assert "parameter sets" in check(content.replace(b"avcC", b"free")).problem


def test_every_cut_of_a_file_but_one_between_fragments_is_a_torn_write(content):
    whole = _box_ends(content)
    for length in range(0, len(content), 97):
        found = check(content[:length])
        assert not found.playable or length in whole
    for length in whole:
        assert check(content[: length - 1]).problem
        assert check(content[:length] + b"\0").problem


def test_a_cut_between_fragments_is_found_by_the_number_of_pictures(content):
    shorter = content[: _box_ends(content)[3]]  # ftyp, moov, moof, mdat
    found = check(shorter, decode=True)
    assert (found.playable, found.frames, found.duration_ms) == (True, 5, 500)


@pytest.mark.parametrize("data", [b"", b"not a film", b"\0" * 100, b"\xff" * 100, b"\x00\x00\x00\x08mdat"])
def test_what_is_no_film_is_refused(data):
    assert check(data).problem


def test_a_file_with_damaged_pictures_fails_when_decoded(content):
    ends = _box_ends(content)
    damaged = bytearray(content)
    damaged[ends[2] + 200 : ends[3]] = bytes(ends[3] - ends[2] - 200)  # inside the first mdat
    assert check(bytes(damaged)).playable, "the boxes are whole"
    assert not check(bytes(damaged), decode=True).playable


def test_a_box_that_claims_another_size_is_refused(content):
    ends = _box_ends(content)
    for start in (0, ends[0], ends[1], ends[2]):
        wrong = bytearray(content)
        wrong[start : start + 4] = struct.pack(">I", 1 << 30)
        assert check(bytes(wrong)).problem


def _box_ends(content: bytes) -> list[int]:
    ends, at = [], 0
    while at < len(content):
        at += struct.unpack_from(">I", content, at)[0]
        ends.append(at)
    return ends
