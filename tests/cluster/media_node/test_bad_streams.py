"""One node, one good camera, and beside it everything a camera can do wrong, over real sockets.

The node runs once for all these tests (about 12 s); each test looks at one camera.
"""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

import av
import numpy as np
import pytest

from csu.hal.camera import StreamAddress
from csu.hal.media import Assignment, CameraEventKind, GapCause
from sim.endpoints import Codec, EndpointCounts, EndpointSpec, Fault, FaultKind, RtspFarm

SECRET = "s3:cr/t W@rt?#%"
SMALL = {"width_px": 128, "height_px": 96}

FARM = [
    EndpointSpec("good", 1, audio=True, **SMALL),
    EndpointSpec("hevc", 2, codec=Codec.HEVC, audio=True, **SMALL),
    EndpointSpec("mjpeg", 3, codec=Codec.MJPEG, **SMALL),
    EndpointSpec("ten-bit", 4, codec=Codec.H264_10_BIT, **SMALL),
    EndpointSpec("four-two-two", 14, codec=Codec.H264_422_10_BIT, **SMALL),
    EndpointSpec("fields", 15, codec=Codec.H264_INTERLACED, **SMALL),
    EndpointSpec("changes-size", 5, fault=Fault(FaultKind.SIZE_CHANGE, after_frames=40), **SMALL),
    EndpointSpec("freezes", 6, fault=Fault(FaultKind.FREEZE, after_frames=24), **SMALL),
    EndpointSpec("closes", 7, fault=Fault(FaultKind.CLOSE, after_frames=20), **SMALL),
    EndpointSpec("no-sps", 8, frames_per_s=50, fault=Fault(FaultKind.NO_PARAMETER_SETS), **SMALL),
    EndpointSpec("loses-packets", 9, fault=Fault(FaultKind.LOSE_PACKETS, every=7), **SMALL),
    EndpointSpec("mute", 10, fault=Fault(FaultKind.MUTE), **SMALL),
    EndpointSpec("pauses", 11, **SMALL),
    EndpointSpec("fast-clock", 12, clock_offset_ms=5_000, **SMALL),
    EndpointSpec("login", 13, password=SECRET, **SMALL),
]


def make_clip(path: Path, pixel_format: str, options: dict[str, str], codec: str = "libx264") -> StreamAddress:
    """A second of grey, encoded as asked."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 120, pixel_format
        stream.time_base = Fraction(1, 25)
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((180, 160), number * 8, np.uint8), format="yuv420p")
            frame = frame.reformat(format=pixel_format)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return StreamAddress(path.as_uri())


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Run:
    heard: object
    farm: dict[str, EndpointCounts]
    directory: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory, node_run, assignment_of: Callable[..., Assignment]) -> Iterator[Run]:
    clips = tmp_path_factory.mktemp("clips")
    media = tmp_path_factory.mktemp("media")
    with RtspFarm(FARM) as farm:
        addresses = {spec.camera: farm.address(spec.camera) for spec in FARM}
        login = addresses.pop("login")
        addresses |= {
            "wrong-path": dataclasses.replace(addresses["good"], url=farm.url("good").replace("/good/", "/nowhere/")),
            "refused": StreamAddress(f"rtsp://127.0.0.1:{closed_port()}/x", "user", SECRET),
            "wrong-password": dataclasses.replace(login, password=SECRET + "x"),
            "no-password": dataclasses.replace(login, user="", password=""),
            "secret-in-url": StreamAddress(
                login.url.replace("rtsp://", f"rtsp://{login.user}:{quote(SECRET, safe='')}@")
            ),
            "not-rtsp": StreamAddress("http://127.0.0.1/stream"),
            "interlaced": make_clip(clips / "interlaced.mp4", "yuv420p", {"x264-params": "tff=1"}),
            "four-four-four": make_clip(clips / "444.mp4", "yuv444p", {}),
            "mpeg4-clip": make_clip(clips / "mpeg4.mp4", "yuv420p", {}, "mpeg4"),
            "no-clip": StreamAddress((clips / "absent.mp4").as_uri()),
            "clip": make_clip(clips / "street.mp4", "yuv420p", {"bf": "2"}),
        }
        assignments = [
            assignment_of(name, number + 1, address) for number, (name, address) in enumerate(addresses.items())
        ]

        async def scene(node, heard) -> None:
            await heard.until(lambda h: CameraEventKind.LIVE in h.kinds("pauses"))
            await asyncio.sleep(1)
            farm.misbehave("pauses", Fault(FaultKind.FREEZE, after_frames=1))
            await asyncio.sleep(2.5)
            farm.misbehave("pauses", None)
            await heard.until(
                lambda h: (
                    CameraEventKind.LOST in h.kinds("freezes")
                    and CameraEventKind.UNSUPPORTED in h.kinds("no-sps")
                    and h.kinds("closes").count(CameraEventKind.LIVE) >= 2
                    and CameraEventKind.SIZE_CHANGED in h.kinds("changes-size")
                    and CameraEventKind.LOST in h.kinds("mute")
                ),
                timeout_s=30,
            )

        heard = node_run(media, assignments, scene)
        yield Run(heard, farm.counts(), media)


REFUSALS = {
    "hevc": (CameraEventKind.UNSUPPORTED, "HEVC"),
    "mjpeg": (CameraEventKind.UNSUPPORTED, "MJPEG"),
    "no-sps": (CameraEventKind.UNSUPPORTED, "SPS"),
    "fields": (CameraEventKind.UNSUPPORTED, "allows interlaced"),
    "interlaced": (CameraEventKind.UNSUPPORTED, "interlaced"),
    "four-four-four": (CameraEventKind.UNSUPPORTED, "yuv444p"),
    "mpeg4-clip": (CameraEventKind.UNSUPPORTED, "not H.264"),
    "wrong-path": (CameraEventKind.REFUSED, "unknown path (404"),
    "wrong-password": (CameraEventKind.REFUSED, "wrong user or password (401"),
    "no-password": (CameraEventKind.REFUSED, "a user and a password are needed (401"),
    "not-rtsp": (CameraEventKind.REFUSED, "not an rtsp:// or rtsps:// URL"),
    "no-clip": (CameraEventKind.REFUSED, "absent.mp4"),
    "refused": (CameraEventKind.LOST, "connection refused by 127.0.0.1:"),
    "mute": (CameraEventKind.LOST, "no answer from 127.0.0.1:"),
    "freezes": (CameraEventKind.LOST, "nothing came for 5 s"),
    "closes": (CameraEventKind.LOST, "ended the stream"),
}


@pytest.mark.parametrize("camera", REFUSALS)
def test_each_trouble_of_a_camera_is_one_clear_line_with_its_reason(run: Run, camera: str) -> None:
    kind, reason = REFUSALS[camera]
    line = run.heard.told(camera, kind)
    assert reason in line
    assert not line.startswith(camera)  # the event names its camera: who shows it need not say it twice
    assert "\n" not in line


@pytest.mark.requirement("PRV-5")
@pytest.mark.parametrize("camera", ["hevc", "mjpeg", "no-sps", "fields", "interlaced", "four-four-four", "mpeg4-clip"])
def test_a_stream_that_cannot_be_masked_is_never_recorded(run: Run, camera: str) -> None:
    assert run.heard.segments(camera) == []
    assert CameraEventKind.LIVE not in run.heard.kinds(camera)
    assert {gap.cause for gap in run.heard.gaps(camera)} == {GapCause.STARTING, GapCause.STREAM_UNSUPPORTED}


@pytest.mark.parametrize("camera", ["ten-bit", "four-two-two"])
def test_ten_bits_and_four_two_two_are_masked_and_recorded_as_8_bit_420(run: Run, camera: str) -> None:
    assert CameraEventKind.LIVE in run.heard.kinds(camera)
    files = [path for path in run.directory.rglob("*") if path.is_file() and camera in str(path)]
    assert files
    for file in files:
        with av.open(str(file)) as container:
            assert next(container.decode(video=0)).format.name == "yuv420p"


def test_the_good_camera_beside_them_is_unharmed(run: Run) -> None:
    assert run.heard.kinds("good") == [CameraEventKind.AUDIO_OFFERED, CameraEventKind.LIVE]
    expected = {GapCause.STARTING, GapCause.STOPPED, GapCause.PACKETS_LOST}  # the last: a busy machine skips a capture
    assert {gap.cause for gap in run.heard.gaps("good")} <= expected
    assert sum(duration for _, duration in run.heard.segments("good")) > 5_000


@pytest.mark.requirement("AUD-1")
def test_offered_audio_is_counted_and_told_and_never_set_up(run: Run) -> None:
    assert CameraEventKind.AUDIO_OFFERED in run.heard.kinds("hevc")
    assert run.heard.count("audio_offered") == len(
        [e for e in run.heard.events if e.kind is CameraEventKind.AUDIO_OFFERED]
    )
    assert run.farm["good"].plays >= 1
    assert all(counts.audio_setups == 0 for counts in run.farm.values())


@pytest.mark.requirement("AUD-2")
@pytest.mark.requirement("PRV-3")
def test_every_file_is_playable_and_holds_one_video_track_and_nothing_else(run: Run, all_playable) -> None:
    assert all_playable(run.directory) >= 5
    for file in (path for path in run.directory.rglob("*") if path.is_file()):
        with av.open(str(file)) as container:
            assert [stream.type for stream in container.streams] == ["video"], file.name


def test_a_size_change_is_told_and_recorded_in_another_file(run: Run) -> None:
    assert run.heard.told("changes-size", CameraEventKind.SIZE_CHANGED) == "the pictures changed from 128x96 to 64x48"
    sizes = set()
    for file in (path for path in (run.directory).rglob("*") if path.is_file() and "changes-size" in str(path)):
        with av.open(str(file)) as container:
            sizes.add((container.streams.video[0].width, container.streams.video[0].height))
    assert sizes == {(128, 96), (64, 48)}


def test_a_camera_that_ends_its_stream_comes_back_with_a_gap_between(run: Run) -> None:
    assert run.heard.kinds("closes")[:3] == [CameraEventKind.LIVE, CameraEventKind.LOST, CameraEventKind.LIVE]
    lost = next(gap for gap in run.heard.gaps("closes") if gap.cause is GapCause.CAMERA_LOST)
    segments = run.heard.segments("closes")
    assert min(abs(lost.start_ns - (start_ns + duration_ms * 10**6)) for start_ns, duration_ms in segments) < 2 * 10**8
    assert not any(lost.start_ns < start_ns < lost.end_ns for start_ns, _ in segments)


def test_what_came_before_a_freeze_in_mid_group_is_kept(run: Run) -> None:
    lost = next(gap for gap in run.heard.gaps("freezes") if gap.cause is GapCause.CAMERA_LOST)
    before = [duration_ms for start_ns, duration_ms in run.heard.segments("freezes") if start_ns < lost.start_ns]
    assert 700 < sum(before) < 2_200


def test_lost_packets_are_counted_and_told(run: Run) -> None:
    assert "lost on the way" in run.heard.told("loses-packets", CameraEventKind.PACKETS_LOST)
    assert run.heard.count("packets_lost") >= 3
    assert GapCause.PACKETS_LOST in {gap.cause for gap in run.heard.gaps("loses-packets")}


def test_a_pause_of_two_seconds_is_a_gap_and_not_a_new_connection(run: Run) -> None:
    assert run.heard.kinds("pauses") == [CameraEventKind.LIVE, CameraEventKind.PACKETS_LOST]
    assert run.farm["pauses"].plays == 1
    pause = max(run.heard.gaps("pauses"), key=lambda gap: gap.end_ns - gap.start_ns)
    assert pause.cause is GapCause.PACKETS_LOST
    assert 2 * 10**9 < pause.end_ns - pause.start_ns < 4 * 10**9


def test_a_camera_clock_that_is_out_is_measured_stored_and_does_not_date_the_recording(run: Run) -> None:
    start_ns, _ = run.heard.segments("fast-clock")[0]
    assert abs(start_ns - run.heard.of("fast-clock")[0].at_ns) < 10**9
    assert abs(run.heard.clock_offset_ms("fast-clock") - 5_000) < 300
    assert abs(run.heard.clock_offset_ms("good")) < 300


def test_a_clip_plays_in_a_loop_and_says_that_it_is_one(run: Run) -> None:
    assert "street.mp4, played in a loop" in run.heard.told("clip", CameraEventKind.LIVE)
    assert CameraEventKind.LOST not in run.heard.kinds("clip")
    assert sum(duration for _, duration in run.heard.segments("clip")) > 3_000


def test_no_secret_is_in_anything_that_was_said(run: Run) -> None:
    assert CameraEventKind.LIVE in run.heard.kinds("secret-in-url")
    shown = {SECRET, quote(SECRET, safe="")}
    assert not any(secret in event.detail.fr + event.detail.en for event in run.heard.events for secret in shown)


def test_nothing_clear_was_ever_offered_to_a_consumer(run: Run) -> None:
    counts = run.heard.counts
    assert counts.clear_refused == 0
    assert counts.masked == counts.decoded > 100
    assert counts.wholly_masked == counts.masked  # no camera of this run has a pose (PRV-5)
