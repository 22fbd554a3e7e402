"""A recorder that keeps the audio track: its own check must throw the file away (AUD-2)."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, ClearPictureRefused, MaskedPacket, YuvPlanes
from csu.machine import LocalDisk
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import CameraRecorder, RecordingError, SegmentWriter, check_segment

CAMERA = CameraRecord(CameraId("cam-0007"), 7, "Place d'Armes", CommuneId("metz"), ViewType.WIDE)
WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 160, 96, 10


def _clear(sequence: int) -> ClearFrame:
    luma = np.full((HEIGHT_PX, WIDTH_PX), 40 + sequence, np.uint8)
    chroma = np.full((HEIGHT_PX // 2, WIDTH_PX // 2), 128, np.uint8)
    captured = CaptureTime(1_800_000_000_000_000_000 + sequence * 100_000_000, from_camera=True)
    return ClearFrame(CAMERA.camera, sequence, captured, YuvPlanes(luma, chroma, chroma))


@pytest.fixture(scope="module")
def encoder() -> MaskedEncoder:
    return MaskedEncoder(CAMERA.camera, WIDTH_PX, HEIGHT_PX, FRAMES_PER_S)


@pytest.fixture(scope="module")
def packets(encoder) -> list[MaskedPacket]:
    """Two seconds of one camera."""
    cover = Cover.nothing(WIDTH_PX, HEIGHT_PX)
    return [packet for each in range(20) for packet in encoder.encode(mask(_clear(each), cover, 1, CAMERA.number))]


def _keep_audio(monkeypatch, *, with_sound: bool) -> None:
    """The mutant: `SegmentWriter` gives the file an audio track, as a careless remux of the camera's stream would."""
    add_video = SegmentWriter._add_track

    def add_both(self, encoded):
        video = add_video(self, encoded)
        audio = self._container.add_stream("aac", rate=8000, layout="mono")
        if with_sound:
            hum = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            hum.rate, hum.pts = 8000, 0
            self._hum = [*audio.encode(hum), *audio.encode(None)]
        return video

    monkeypatch.setattr(SegmentWriter, "_add_track", add_both)
    if with_sound:
        add = SegmentWriter.add

        def add_with_hum(self, packet):
            add(self, packet)
            while self._hum:
                self._container.mux(self._hum.pop(0))

        monkeypatch.setattr(SegmentWriter, "add", add_with_hum)


def _record(disk: LocalDisk, encoder: MaskedEncoder, packets: list[MaskedPacket]) -> None:
    recorder = CameraRecorder(CAMERA, disk)
    recorder.start(encoder.format)
    for packet in packets:
        recorder.write(packet)
    recorder.close()


@pytest.mark.requirement("AUD-2")
def test_what_the_recorder_keeps_has_no_audio_track(tmp_path, encoder, packets):
    disk = LocalDisk(tmp_path)
    _record(disk, encoder, packets)
    (name,) = disk.names()
    with disk.open(name) as file:
        found = check_segment(file, decode=True)
    assert (found.playable, found.video_tracks, found.audio_tracks, found.frames) == (True, 1, 0, 20)


@pytest.mark.requirement("AUD-1", "AUD-2")
@pytest.mark.parametrize("with_sound", [False, True], ids=["silent track", "track with sound"])
def test_a_recorder_that_keeps_the_audio_track_keeps_nothing(tmp_path, monkeypatch, encoder, packets, with_sound):
    _keep_audio(monkeypatch, with_sound=with_sound)
    disk = LocalDisk(tmp_path)
    with pytest.raises(RecordingError, match="audio"):
        _record(disk, encoder, packets)
    assert disk.names() == []


@pytest.mark.requirement("AUD-2")
def test_the_check_refuses_a_file_with_an_audio_track():
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as container:
        video = container.add_stream("libx264", rate=FRAMES_PER_S)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        audio = container.add_stream("aac", rate=8000, layout="mono")
        picture = av.VideoFrame(WIDTH_PX, HEIGHT_PX, "yuv420p")
        hum = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        hum.rate = 8000
        for stream, frame in ((video, picture), (audio, hum)):
            container.mux([*stream.encode(frame), *stream.encode(None)])
    found = check_segment(file)
    assert not found.playable
    assert found.audio_tracks == 1
    assert "AUD-2" in (found.problem or "")


@pytest.mark.requirement("PRV-3")
def test_a_recorder_fed_a_clear_frame_refuses_and_keeps_nothing(tmp_path, encoder):
    disk = LocalDisk(tmp_path)
    recorder = CameraRecorder(CAMERA, disk)
    recorder.start(encoder.format)
    with pytest.raises(ClearPictureRefused, match="cam-0007"):
        recorder.write(_clear(0))
    recorder.close()
    assert list(tmp_path.rglob("*.mp4*")) == []
