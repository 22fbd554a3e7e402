"""One buffer that is a 4:2:0 picture: what OpenCV writes, what the encoder reads, and what `YuvPlanes` views."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.hal.frames import YuvPlanes

I420: TypeAlias = NDArray[np.uint8]
"""Shape (height * 3 / 2, width), C-contiguous: luma rows, then the U plane, then the V plane. Even sizes only."""


def new_i420(width_px: int, height_px: int) -> I420:
    """A grey picture. Raises ValueError for an odd or empty size."""
    if width_px <= 0 or height_px <= 0 or width_px % 2 or height_px % 2:
        raise ValueError(f"a 4:2:0 picture needs even sizes above 0, not {width_px}x{height_px}")
    return np.full((height_px * 3 // 2, width_px), 128, np.uint8)


def planes_of(picture: I420) -> YuvPlanes:
    """The three planes as writable views of `picture` (limited range)."""
    width = picture.shape[1]
    height = picture.shape[0] * 2 // 3
    flat = picture.reshape(-1)
    luma, chroma = width * height, width * height // 4
    return YuvPlanes(
        y=flat[:luma].reshape(height, width),
        u=flat[luma : luma + chroma].reshape(height // 2, width // 2),
        v=flat[luma + chroma :].reshape(height // 2, width // 2),
    )
