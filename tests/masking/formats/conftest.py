"""Pictures in every format a camera may send, streams of real encoders, and one judge of masked pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import av
import numpy as np
import pytest

from csu.hal.camera import CameraId
from csu.hal.frames import CaptureTime, Chroma, ClearFrame, YuvPlanes
from csu.ingest.admission import Admission
from csu.ingest.decoder import Decoder, Picture
from csu.masking import Cover, Fill, fill_yuv, mask
from csu.masking.frost import CONTRAST_LEVELS
from csu.masking.still import bgr_of

CAMERA = CameraId("cam-0042")
START_NS = 1_800_000_000_000_000_000


@dataclass(frozen=True)
class Format:
    """How a camera sends its pictures."""

    depth_bits: int
    chroma: Chroma
    full_range: bool

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name."""
        return f"yuv{'420' if self.chroma is Chroma.C420 else '422'}p{'10le' if self.depth_bits == 10 else ''}"

    def __str__(self) -> str:
        return f"{self.pixel_format}-{'full' if self.full_range else 'limited'}"

    @property
    def cell_rows(self) -> int:
        """Rows of u and v in a cell."""
        return 8 if self.chroma is Chroma.C420 else 16


FORMATS = [Format(*each) for each in product((8, 10), Chroma, (False, True))]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "sent" in metafunc.fixturenames:
        metafunc.parametrize("sent", FORMATS, ids=str)


@pytest.fixture(scope="session")
def every_format() -> list[Format]:
    return FORMATS


@pytest.fixture(scope="session")
def format_of() -> type[Format]:
    return Format


@pytest.fixture(scope="session")
def noise_in() -> Callable[..., YuvPlanes]:
    """Noise over all levels, as views on wider buffers like a decoder's when `padded`."""

    def make(sent: Format, seed: int, width: int, height: int, *, padded: bool = True) -> YuvPlanes:
        rng = np.random.default_rng(seed)
        dtype = np.uint8 if sent.depth_bits == 8 else np.uint16

        def plane(rows: int, columns: int) -> np.ndarray:
            buffer = rng.integers(0, 1 << sent.depth_bits, (rows, columns + (13 if padded else 0)), dtype)
            return buffer[:, :columns]

        chroma = ((height + 1) // 2 if sent.chroma is Chroma.C420 else height, (width + 1) // 2)
        planes = (plane(height, width), plane(*chroma), plane(*chroma))
        return YuvPlanes(*planes, sent.full_range, True, sent.depth_bits)

    return make


@pytest.fixture(scope="session")
def frame_of() -> Callable[..., ClearFrame]:
    def make(planes: YuvPlanes, sequence: int = 0) -> ClearFrame:
        return ClearFrame(CAMERA, sequence, CaptureTime(START_NS + sequence * 40_000_000, from_camera=True), planes)

    return make


def hidden_in(cover: Cover, shape: tuple[int, int], cell: tuple[int, int]) -> np.ndarray:
    """Which samples of a plane lie under the cover, looked up one by one, apart from the stencil."""
    rows, columns = np.arange(shape[0]) // cell[0], np.arange(shape[1]) // cell[1]
    return cover.cells[np.ix_(rows, columns)]


@pytest.fixture(scope="session")
def wrong_in(noise_in, frame_of, some_cover) -> Callable[..., list[str]]:
    """What is wrong with masked pictures of one format; nothing for a sound mask.

    Two pictures equal outside the cover must give the same; under it lies the fill, outside the converted original; the
    planes that were lent are as they were.
    """

    def judge(
        sent: Format, width: int, height: int, *, seed: int = 1, fill: Fill = Fill.CONSTANT, cover: Cover | None = None
    ) -> list[str]:
        cover = cover or some_cover(seed, width, height)
        first, second = noise_in(sent, seed, width, height), noise_in(sent, seed + 1, width, height)
        cells = ((16, 16), (sent.cell_rows, 8), (sent.cell_rows, 8))
        for a, b, cell in zip((first.y, first.u, first.v), (second.y, second.u, second.v), cells, strict=True):
            seen = ~hidden_in(cover, a.shape, cell)
            b[seen] = a[seen]
        before = [plane.copy() for plane in (first.y, first.u, first.v)]
        masked, other = (mask(frame_of(planes), cover, 1, 42, fill).planes for planes in (first, second))
        wrong = [] if (masked.depth_bits, masked.chroma) == (8, Chroma.C420) else ["not 8-bit 4:2:0"]
        if (masked.full_range, masked.bt709) != (sent.full_range, True):
            wrong.append("its colours are not told")
        for name, old, cell, own in zip("yuv", before, (16, 8, 8), fill_yuv(sent.full_range), strict=True):
            plane, lent = getattr(masked, name), getattr(first, name)
            hidden = hidden_in(cover, plane.shape, (cell, cell))
            reach = CONTRAST_LEVELS * 255 / 219 + 1 if fill is Fill.FROSTED and name == "y" else 0
            exact = converted(old, plane.shape, sent.depth_bits)
            faults = {
                "tells what was hidden": not np.array_equal(plane, getattr(other, name)),
                "is not the fill under the cover": (abs(plane[hidden].astype(int) - own) > reach).any(),
                "is not the original outside": (abs(plane - exact)[~hidden] > 0.5).any(),
                "was written to where it was lent": not np.array_equal(lent, old),
            }
            wrong += [f"{name} {fault}" for fault, found in faults.items() if found]
        return wrong

    return judge


def converted(plane: np.ndarray, shape: tuple[int, int], depth_bits: int) -> np.ndarray:
    """What 8-bit 4:2:0 samples should be, not rounded: the mean of each pair of rows, an odd last row alone."""
    exact = plane.astype(float)
    if plane.shape != shape:
        exact = np.array([exact[row : row + 2].mean(axis=0) for row in range(0, len(exact), 2)])
    return np.minimum(exact / (1 << (depth_bits - 8)), 255)


@pytest.fixture(scope="session")
def colour_distance(noise_in, frame_of) -> Callable[[bool], int]:
    """The largest difference, in levels of red, green or blue, between the fill in limited and in full range."""

    def measure(bt709: bool) -> int:
        shown = []
        for full_range in (False, True):
            planes = replace(noise_in(Format(8, Chroma.C420, full_range), 1, 64, 64), bt709=bt709)
            shown.append(bgr_of(mask(frame_of(planes), Cover.whole(64, 64), 1, 42), 64)[:40].astype(int))
        return int(abs(shown[0] - shown[1]).max())

    return measure


@pytest.fixture(scope="session")
def encoded_as(noise_in) -> Callable[..., list[bytes]]:
    """A real stream of slow noise: x264's packets, parameter sets in band, a key frame first."""

    def encode(sent: Format, width: int, height: int, pictures: int = 6, **x264: str) -> list[bytes]:
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, sent.pixel_format
        context.time_base, context.thread_count, context.max_b_frames = Fraction(1, 25), 1, 0
        context.color_range = 2 if sent.full_range else 1
        # With a colour matrix the range is always told; where a stream stops telling it, FFmpeg keeps the last one.
        told = {"repeat-headers": 1, "colormatrix": "bt709", "range": "pc" if sent.full_range else "tv", **x264}
        params = ":".join(f"{name}={value}" for name, value in told.items())
        context.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "20", "x264-params": params}
        noise = noise_in(sent, 3, width, height, padded=False)
        packets = []
        for number in range(pictures):
            frame = av.VideoFrame(width, height, sent.pixel_format)
            for target, source in zip(frame.planes, (noise.y, noise.u, noise.v), strict=True):
                rows = np.frombuffer(target, source.dtype).reshape(target.height, -1)
                rows[:, : target.width] = np.roll(source, number, axis=1)
            frame.pts, frame.time_base, frame.color_range = number, Fraction(1, 25), 2 if sent.full_range else 1
            packets += context.encode(frame)
        return [bytes(packet) for packet in packets + context.encode(None)]

    return encode


@pytest.fixture(scope="session")
def decode_each() -> Callable[..., None]:
    """Feed packets to the engine's decoder and hand each picture to `look` while the decoder still owns it."""

    def decode(packets: list[bytes], look: Callable[[Picture], object]) -> None:
        decoder = Decoder(CAMERA, av.CodecContext.create("h264", "r"), Admission(CAMERA), is_annex_b=True)
        for number, data in enumerate(packets):
            packet = av.Packet(data)
            packet.pts, packet.dts, packet.time_base = number, number, Fraction(1, 25)
            packet.is_keyframe = True
            for picture in decoder.decode(packet):
                look(picture)
        for picture in decoder.drain():
            look(picture)

    return decode
