"""A connection that is fed by hand keeps the rules of one over RTSP."""

from __future__ import annotations

import threading
from collections.abc import Callable

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, GapCause, NodeId
from csu.hal.words import Words
from csu.ingest import CameraPipeline, Outlets
from csu.ingest.fed import FedPacket, StreamEnded, fed_by

CAMERA = CameraId("cam-0001")
VIDEO = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\na=framerate:1\r\n"
SOUND = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"


class Hands:
    """A clock that stands still."""

    def now_ns(self) -> int:
        return 1_800_000_000_000_000_000

    monotonic_ns = now_ns


class Low:
    """Chance that is always at its least."""

    def stream(self, name: str) -> Low:
        return self

    def uniform(self, low: float, high: float) -> float:
        return low

    def integer(self, low: int, high: int) -> int:
        return low


class Device:
    """A device that says `sdp` (None: it makes no connection) and then sends nothing, or ends."""

    def __init__(self, sdp: str | None, *, ends: bool = False) -> None:
        self.sdp, self.ends = sdp, ends

    def describe(self) -> str:
        if self.sdp is None:
            raise StreamEnded(Words("absent", "away"))
        return self.sdp

    def packet(self) -> FedPacket | None:
        if self.ends:
            raise StreamEnded(Words("coupée", "cut"))
        return None


class Nowhere:
    """A sink of whatever comes; nothing does."""

    safe_until_ns = None

    def end(self) -> None:
        return


def first_steps(device: Device) -> tuple[list[CameraEvent], list[float], CameraPipeline]:
    record = CameraRecord(CAMERA, 1, "x", CommuneId("x"), ViewType.WIDE)
    told: list[CameraEvent] = []
    nowhere: Callable[..., object] = Nowhere
    pipeline = CameraPipeline(
        NodeId("n"),
        Assignment(record, StreamAddress("sim://x"), None, False, (), 2.5, 1),
        Outlets(nowhere, nowhere(), nowhere(), None),
        clock=Hands(),
        chance=Low(),
        tell=told.append,
        lock=threading.Lock(),
        open_stream=fed_by(device),
    )
    steps = pipeline.steps()
    return told, [next(steps), next(steps)], pipeline


def test_silence_and_an_end_are_a_lost_camera_that_is_tried_again() -> None:
    for device, why in (
        (Device(VIDEO.format(codec="H264")), "nothing came"),
        (Device(VIDEO.format(codec="H264"), ends=True), "cut"),
    ):
        told, waits, _ = first_steps(device)
        assert [event.kind for event in told] == [CameraEventKind.LOST]
        assert why in told[0].detail.en
        assert waits == [0.0, 0.5], "one step connects, the next one ends, and then it waits"


def test_a_device_that_makes_no_connection_is_tried_again_later_and_later() -> None:
    told, waits, pipeline = first_steps(Device(None))
    assert [event.kind for event in told] == [CameraEventKind.LOST] * 2
    assert waits == [0.5, 1.0]
    assert {gap.cause for gap in pipeline.take_account(Hands().now_ns() + 1).gaps} == {GapCause.CAMERA_LOST}


def test_sound_is_counted_before_anything_else_is_judged() -> None:
    told, _, pipeline = first_steps(Device(VIDEO.format(codec="H265") + SOUND))
    assert [event.kind for event in told[:2]] == [CameraEventKind.AUDIO_OFFERED, CameraEventKind.UNSUPPORTED]
    assert pipeline.take_account(Hands().now_ns()).counts.audio_offered >= 1
