"""Builders of streams without a camera: clips, mask stages, consumers that remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, EncodedFormat, MaskedFrame, MaskedPacket, YuvPlanes
from csu.hal.media import Assignment
from csu.hal.place import PoseReading
from csu.ingest import PictureShape
from csu.masking import CoverPolicy, MaskedEncoder, mask

CAMERA = CameraId("cam-0001")


class RealStage:
    """The masking room behind the ingest room's port, as `csu.cluster` puts it together."""

    def __init__(self, assignment: Assignment, shape: PictureShape) -> None:
        self._assignment = assignment
        self._policy = CoverPolicy(assignment, shape.width_px, shape.height_px)
        self._encoder = MaskedEncoder(CAMERA, shape.width_px, shape.height_px, shape.frames_per_s)

    @property
    def format(self) -> EncodedFormat:
        return self._encoder.format

    def is_ready(self, captured: CaptureTime, readings: tuple[PoseReading, ...]) -> bool:
        return self._policy.is_ready(captured, readings)

    def mask(self, clear: ClearFrame, readings: tuple[PoseReading, ...], now_ns: int) -> MaskedFrame:
        return mask(clear, self._policy.cover(clear.captured, now_ns, readings), 1, 1)

    def encode(self, frame: MaskedFrame) -> Sequence[MaskedPacket]:
        return self._encoder.encode(frame)

    def flush(self) -> Sequence[MaskedPacket]:
        return self._encoder.flush()


@dataclass
class Kept:
    """A recording sink that keeps packets in memory, run by run."""

    runs: list[list[MaskedPacket]] = field(default_factory=list)
    ended: int = 0
    safe_until_ns: int | None = None
    error: Exception | None = None
    """Raised by the next calls of write."""

    def begin(self, encoded: EncodedFormat) -> None:
        self.runs.append([])

    def write(self, packet: MaskedPacket, clock_offset_ms: int) -> None:
        if self.error is not None:
            raise self.error
        self.runs[-1].append(packet)

    def end(self) -> None:
        self.ended += 1


def build_clip(path: Path, seconds: int = 2, frames_per_s: int = 25) -> Assignment:
    """A grey clip with a key frame each half second, given to a camera without a pose."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=frames_per_s, options={"g": str(frames_per_s // 2), "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.time_base = Fraction(1, frames_per_s)
        for number in range(seconds * frames_per_s):
            grey = np.full((96, 96), (number * 5) % 255, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    record = CameraRecord(CAMERA, 1, "clip", CommuneId("metz"), ViewType.WIDE)
    return Assignment(record, StreamAddress(path.as_uri()), None, False, (), 2.5, 1)


def build_packets(count: int, *, start_ns: int, interval_ns: int) -> tuple[EncodedFormat, list[MaskedPacket]]:
    """Real masked packets of a camera: a key frame each second."""
    record = CameraRecord(CAMERA, 1, "x", CommuneId("metz"), ViewType.WIDE)
    stage = RealStage(
        Assignment(record, StreamAddress("rtsp://h/"), None, False, (), 2.5, 1), PictureShape(64, 48, False, 12.0)
    )
    planes = YuvPlanes(np.zeros((48, 64), np.uint8), np.zeros((24, 32), np.uint8), np.zeros((24, 32), np.uint8))
    packets: list[MaskedPacket] = []
    for number in range(count):
        clear = ClearFrame(CAMERA, number, CaptureTime(start_ns + number * interval_ns, True), planes)
        packets += stage.encode(stage.mask(clear, (), start_ns))
    return stage.format, packets


@pytest.fixture
def clip() -> Callable[..., Assignment]:
    return build_clip


@pytest.fixture
def masked_packets() -> Callable[..., tuple[EncodedFormat, list[MaskedPacket]]]:
    return build_packets


@pytest.fixture
def real_stage() -> type[RealStage]:
    return RealStage


@pytest.fixture
def kept() -> type[Kept]:
    return Kept
