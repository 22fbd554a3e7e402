"""A camera that falls below the rate of its view is told of once, while it is recorded (TEC-2)."""

from __future__ import annotations

import numpy as np
import pytest

from csu.cluster.segment_sink import SegmentSink
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.masking import Cover, MaskedEncoder, mask
from sim.disk import MemoryDisk

S = 1_000_000_000
START_NS = 1_795_341_600 * S
CAMERA = CameraId("cam-0001")


def record(view: ViewType, frames_per_s: float, seconds: int) -> list[str]:
    """Record at this rate; what is told."""
    told: list[str] = []
    camera = CameraRecord(CAMERA, 1, "x", CommuneId("metz"), view)
    sink = SegmentSink(camera, MemoryDisk(), tell_low_rate=lambda words: told.append(words.en))
    encoder = MaskedEncoder(CAMERA, 64, 48, frames_per_s)
    sink.begin(encoder.format)
    grey = np.full((24, 32), 128, np.uint8)
    for number in range(int(seconds * frames_per_s)):
        captured = CaptureTime(START_NS + int(number * S / frames_per_s), from_camera=True)
        clear = ClearFrame(CAMERA, number, captured, YuvPlanes(np.full((48, 64), 90, np.uint8), grey, grey))
        for packet in encoder.encode(mask(clear, Cover.nothing(64, 48), 1, 1)):
            sink.write(packet, 0)
    sink.end()
    return told


@pytest.mark.parametrize(("view", "rate"), [(ViewType.NARROW, 8.0), (ViewType.WIDE, 4.0), (ViewType.TRAFFIC, 4.0)])
def test_a_rate_below_the_floor_of_the_view_is_told_once(view, rate):
    (told,) = record(view, rate, 30)
    assert f"{rate:.1f} pictures a second" in told


@pytest.mark.parametrize(("view", "rate"), [(ViewType.NARROW, 12.0), (ViewType.WIDE, 6.0)])
def test_a_rate_at_the_floor_is_told_of_by_nobody(view, rate):
    assert record(view, rate, 30) == []
