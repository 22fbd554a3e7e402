"""Real H.264 of a scene with masks burnt in, as a camera that masks by itself sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, OnboardMask, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Assignment, EdgePlan
from csu.hal.place import Pose
from csu.masking import Cover
from csu.masking.edge import MASK_COLOURS_YUV, edge_masks

CAMERA = CameraId("cam-0001")
WIDTH_PX, HEIGHT_PX = 640, 368
START_NS = 1_800_000_000_000_000_000


@dataclass(frozen=True)
class Sent:
    """One packet and the picture it decodes to."""

    data: bytes
    clear: ClearFrame


def scene(count: int, width: int = WIDTH_PX, height: int = HEIGHT_PX, seed: int = 3) -> Iterator[list[np.ndarray]]:
    """A fixed camera's street: a textured background, grain, bright and dark things that cross the masks."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    windows = 50 * ((rows // 18 % 2) * (columns // 26 % 2))
    still = 115 + 55 * np.sin(columns / 50) * np.cos(rows / 40) + windows + rng.normal(0, 8, (height, width))
    grain = [rng.normal(0, 2.5, (height, width)).astype(np.float32) for _ in range(8)]
    u = (128 + 20 * np.sin(columns[::2, ::2] / 40)).astype(np.uint8)
    v = (128 + 20 * np.cos(rows[::2, ::2] / 35)).astype(np.uint8)
    for number in range(count):
        y = still + grain[number % 8]
        for thing in range(8):
            left, top = (37 * thing + (thing - 4) * 2 * number) % (width - 40), (23 * thing + number) % (height - 50)
            y[top : top + 50, left : left + 40] = 30 + 26 * thing
        yield [np.clip(y, 16, 235).astype(np.uint8), u.copy(), v.copy()]


def burn(planes: Sequence[np.ndarray], masks: Sequence[OnboardMask]) -> None:
    height, width = planes[0].shape
    for mask in masks:
        for plane, value, step in zip(planes, mask.colour_yuv, (1, 2, 2), strict=True):
            corners = np.array(mask.corners) * (width / step, height / step) - 0.5
            cv2.fillPoly(plane, [np.rint(corners * 16).astype(np.int32)], value, cv2.LINE_8, 4)


def encode(pictures: Iterator[list[np.ndarray]], *, full_range: bool = False, **options: str) -> list[Sent]:
    """Through x264 and back: every packet with the picture it decodes to."""
    codec = decoder = None
    sent: list[Sent] = []
    for number, planes in enumerate(pictures):
        if codec is None:
            height, width = planes[0].shape
            codec = av.codec.CodecContext.create("libx264", "w")
            codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
            codec.time_base, codec.framerate, codec.thread_count = Fraction(1, 25), Fraction(25), 1
            codec.options = {"preset": "veryfast", "tune": "zerolatency", "bf": "0", "g": "25", **options}
            decoder = av.codec.CodecContext.create("h264", "r")
            decoder.thread_count = 1
        frame = av.VideoFrame(width, height, "yuv420p")
        for to, plane in zip(frame.planes, planes, strict=True):
            np.frombuffer(to, np.uint8).reshape(to.height, to.line_size)[:, : to.width] = plane
        frame.pts = number
        for packet in codec.encode(frame):
            for picture in decoder.decode(packet):
                y, u, v = (
                    np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in picture.planes
                )
                clear = ClearFrame(
                    CAMERA, number, CaptureTime(START_NS + number * 40_000_000, True), YuvPlanes(y, u, v, full_range)
                )
                sent.append(Sent(bytes(packet), clear))
    return sent


def facades(width: int = WIDTH_PX, height: int = HEIGHT_PX) -> Cover:
    """The houses on both sides of a street, and a door."""
    cells = np.zeros((-(-height // 16), -(-width // 16)), np.bool_)
    rows, columns = np.indices(cells.shape)
    away = np.abs(columns - cells.shape[1] / 2) / (cells.shape[1] / 2)
    cells |= (rows < cells.shape[0] * (0.1 + 0.45 * away)) & (away > 0.3)
    cells[16:20, 24:27] = True
    return Cover(width, height, cells)


def build_assignment(masks: tuple[OnboardMask, ...], **changes: object) -> Assignment:
    record = CameraRecord(CAMERA, 1, "x", CommuneId("metz"), ViewType.WIDE)
    pose = Pose(0, 0, 5, 0, -5, 0, 500)
    made = Assignment(record, StreamAddress("rtsp://h/"), pose, False, (), 2.5, 7, edge=EdgePlan(masks))
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Bench:
    """What a test needs of the above."""

    cover: Cover
    masks: tuple[OnboardMask, ...]
    scene: Callable[..., Iterator[list[np.ndarray]]] = scene
    burn: Callable[..., None] = burn
    encode: Callable[..., list[Sent]] = encode
    assignment: Callable[..., Assignment] = build_assignment

    def masked(self, count: int, masks: Sequence[OnboardMask] | None = None, **options: str) -> list[Sent]:
        """`count` pictures of a camera that burns in `masks` (None: those it should)."""

        def pictures() -> Iterator[list[np.ndarray]]:
            for planes in scene(count):
                burn(planes, self.masks if masks is None else masks)
                yield planes

        return encode(pictures(), **options)


@pytest.fixture(scope="session")
def bench() -> Bench:
    cover = facades()
    masks = edge_masks(cover, 8, 4, MASK_COLOURS_YUV[0])
    assert masks is not None
    return Bench(cover, masks)
