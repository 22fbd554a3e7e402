"""Builders of masked pictures for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from csu.hal import _mask_seal
from csu.hal.camera import CameraId
from csu.hal.frames import CaptureTime, MaskedFrame, YuvPlanes

FrameBuilder = Callable[..., MaskedFrame]


def build_masked_frame(
    camera: str = "cam-0001",
    sequence: int = 0,
    *,
    width_px: int = 64,
    height_px: int = 36,
    level: int = 100,
    at_ns: int = 1_800_000_000_000_000_000,
    planes: YuvPlanes | None = None,
) -> MaskedFrame:
    """A flat masked picture. Takes the seal's object directly: these tests are about what happens after the mask."""
    if planes is None:
        chroma = ((height_px + 1) // 2, (width_px + 1) // 2)
        y = np.full((height_px, width_px), level, np.uint8)
        planes = YuvPlanes(y, np.full(chroma, level, np.uint8), np.full(chroma, level, np.uint8))
    return MaskedFrame(
        CameraId(camera),
        sequence,
        CaptureTime(at_ns, from_camera=True),
        planes,
        mask_epoch=1,
        covered_share=0.0,
        seal=_mask_seal._SEAL,
    )


@pytest.fixture
def masked_frame() -> FrameBuilder:
    return build_masked_frame
