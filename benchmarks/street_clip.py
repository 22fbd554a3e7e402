"""Moving, grainy pictures of a street that does not exist, and clips of them, made when a run begins.

Grain matters: on clean synthetic pictures an encoder has nothing to do and every figure flatters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, EncodedFormat, MaskedPacket, YuvPlanes
from csu.machine import LocalDisk
from csu.masking import Cover, EncoderQuality, MaskedEncoder, mask
from csu.recording import SegmentWriter

WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 1920, 1080, 25
BITS_PER_S = 4_000_000
CAMERA = CameraId("cam-0001")
START_NS = 1_795_392_000 * NS_PER_S
"""2026-11-23, 00:00 UTC."""
FRAME_NS = NS_PER_S // FRAMES_PER_S

PICTURES = 24
"""Different pictures; they are shown forth and back."""
GRAIN_LEVELS = 2.5
"""Standard deviation of a pixel's noise from picture to picture, in grey levels: a street lamp's light."""

assert START_NS % NS_PER_MINUTE == 0


@dataclass(frozen=True, slots=True)
class MaskedStream:
    """One camera's masked packets, and a file with the very same ones for whoever copies files."""

    packets: tuple[MaskedPacket, ...]
    encoded: EncodedFormat
    clip: Path

    @property
    def seconds(self) -> float:
        return len(self.packets) / FRAMES_PER_S


def record_of(number: int) -> CameraRecord:
    """Every recorder records the same packets, hence the same camera; the number moves its minute."""
    return CameraRecord(CAMERA, number, f"Benchmark {number}", CommuneId("57463"), ViewType.WIDE)


def make_pictures(count: int = PICTURES) -> tuple[YuvPlanes, ...]:
    """`count` pictures, each a step on from the last: textured facades, a street, twelve things that move."""
    chance = np.random.default_rng(20261123)
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    windows = 35 * ((rows // 54 % 2) * (columns // 80 % 2)) * (rows < HEIGHT_PX * 0.55)
    still = 90 + 40 * np.sin(columns / 300) * np.cos(rows / 240) + windows + chance.normal(0, 6, rows.shape)
    half = (slice(None, None, 2), slice(None, None, 2))
    u = (128 + 14 * np.sin(columns[half] / 400)).astype(np.uint8)
    v = (128 + 14 * np.cos(rows[half] / 350)).astype(np.uint8)
    things = [(chance.uniform(100, 1800), chance.uniform(620, 1000), chance.uniform(-9, 9)) for _ in range(12)]
    return tuple(_picture(index, still, u, v, things, chance) for index in range(count))


def _picture(
    index: int,
    still: NDArray[np.float32],
    u: NDArray[np.uint8],
    v: NDArray[np.uint8],
    things: list[tuple[float, float, float]],
    chance: np.random.Generator,
) -> YuvPlanes:
    y = still.copy()
    for number, (x, top, speed) in enumerate(things):
        left = int(x + speed * index) % (WIDTH_PX - 120)
        y[int(top) - 90 : int(top), left : left + 40 + 8 * number] = 40 + 15 * number
    y += chance.normal(0, GRAIN_LEVELS, y.shape).astype(np.float32)
    return YuvPlanes(np.clip(y, 16, 235).astype(np.uint8), u, v)


def shown(pictures: tuple[YuvPlanes, ...], frames: int) -> Iterator[YuvPlanes]:
    """`frames` pictures, forth and back without a jump."""
    period = 2 * (len(pictures) - 1)
    for number in range(frames):
        place = number % period
        yield pictures[min(place, period - place)]


def clear_frame(planes: YuvPlanes, number: int) -> ClearFrame:
    return ClearFrame(CAMERA, number, CaptureTime(START_NS + number * FRAME_NS, from_camera=True), planes)


def make_masked_stream(pictures: tuple[YuvPlanes, ...], seconds: int, directory: Path) -> MaskedStream:
    """A stream of masked packets at 4 Mbit/s. Nothing is covered: the recorder cannot tell, and the bits are real."""
    encoder = MaskedEncoder(
        CAMERA, WIDTH_PX, HEIGHT_PX, FRAMES_PER_S, EncoderQuality(crf=16, bits_per_s_max=BITS_PER_S)
    )
    nothing = Cover.nothing(WIDTH_PX, HEIGHT_PX)
    packets: list[MaskedPacket] = []
    for number, planes in enumerate(shown(pictures, seconds * FRAMES_PER_S)):
        packets += encoder.encode(mask(clear_frame(planes, number), nothing, mask_epoch=1, number=1))
    packets += encoder.flush()
    disk = LocalDisk(directory)
    writer = SegmentWriter(disk, encoder.format, packets[0])
    for packet in packets:
        writer.add(packet)
    closed = writer.close(clock_offset_ms=0)
    return MaskedStream(tuple(packets), encoder.format, directory / closed.name)


def make_camera_clip(pictures: tuple[YuvPlanes, ...], seconds: int, target: Path) -> Path:
    """What a camera sends: H.264 Main with CABAC at 4 Mbit/s, a key frame every 2 s, no B frames."""
    with av.open(target, "w") as container:
        stream = container.add_stream("libx264", FRAMES_PER_S)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.bit_rate, stream.max_b_frames = BITS_PER_S, 0
        stream.codec_context.gop_size = 2 * FRAMES_PER_S
        stream.options = {
            "preset": "veryfast", "profile": "main", "maxrate": str(BITS_PER_S), "bufsize": str(BITS_PER_S)
        }  # fmt: skip
        for number, planes in enumerate(shown(pictures, seconds * FRAMES_PER_S)):
            packed = np.concatenate([planes.y.ravel(), planes.u.ravel(), planes.v.ravel()])
            frame = av.VideoFrame.from_ndarray(packed.reshape(HEIGHT_PX * 3 // 2, WIDTH_PX), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target


def count_pictures(path: Path, *, decode: bool = False) -> int:
    """Pictures of a file that has exactly one H.264 track and nothing else."""
    with av.open(path) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264"], path
        if decode:
            return sum(1 for _ in container.decode(video=0))
        return sum(1 for packet in container.demux(video=0) if packet.size)
