"""Builders for tests of the street."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from csu.hal.frames import YuvPlanes
from csu.hal.place import Pose
from sim.street import I420, StreetPainter, build_street, planes_of, posts

NOON_NS = 1_790_000_037 * 1_000_000_000

Draw = Callable[..., I420]


@pytest.fixture(scope="session", autouse=True)
def one_opencv_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture
def draw() -> Draw:
    """One picture of the demonstration street, `later_s` seconds after a fixed instant."""

    def picture(pose: Pose, *, seed: int = 1, later_s: float = 0.0, night: bool = False, canary: bool = True) -> I420:
        painter = StreetPainter(seed, 640, 360, night=night, canary=canary)
        return painter.draw(pose, NOON_NS + int(later_s * 1e9))

    return picture


@pytest.fixture(scope="session")
def demo_posts() -> tuple[object, ...]:
    return posts(build_street(1), 8)


@pytest.fixture
def through_h264() -> Callable[[list[I420]], list[YuvPlanes]]:
    """Pictures as they come out of a real H.264 encoder and decoder at the street's quality."""
    import av

    from sim.endpoints.encoder import Encoder
    from sim.endpoints.spec import Codec

    def coded(pictures: list[I420]) -> list[YuvPlanes]:
        height, width = planes_of(pictures[0]).y.shape
        encoder = Encoder(Codec.H264, width, height, 12)
        decoder = av.CodecContext.create("h264", "r")
        found = []
        for index, picture in enumerate(pictures):
            unit = encoder.encode(picture, index)
            data = b"".join(b"\x00\x00\x00\x01" + nal for nal in _whole_nals(unit.payloads))
            for frame in [
                *decoder.decode(av.Packet(data)),
                *(decoder.decode(None) if index == len(pictures) - 1 else []),
            ]:
                found.append(planes_of(np.ascontiguousarray(frame.to_ndarray(format="yuv420p"))))
        return found

    return coded


def _whole_nals(payloads: tuple[bytes, ...]) -> list[bytes]:
    nals: list[bytes] = []
    for payload in payloads:
        if payload[0] & 0x1F != 28:
            nals.append(payload)
        elif payload[1] & 0x80:
            nals.append(bytes([(payload[0] & 0xE0) | (payload[1] & 0x1F)]) + payload[2:])
        else:
            nals[-1] += payload[2:]
    return nals
