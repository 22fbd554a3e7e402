"""A masked picture as a network wants it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.frames import YuvPlanes


def bgr_of(planes: YuvPlanes) -> NDArray[np.uint8]:
    """(h, w, 3), both even: an odd last row or column is left out. 8-bit 4:2:0.

    By BT.601 whatever the stream declares: networks were trained on pictures of either kind, and are asked for shapes.
    """
    height, width = planes.height_px // 2 * 2, planes.width_px // 2 * 2
    packed = np.empty((height * 3 // 2, width), np.uint8)
    packed[:height] = planes.y[:height, :width]
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    chroma[0], chroma[1] = planes.u[: height // 2, : width // 2], planes.v[: height // 2, : width // 2]
    return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420), np.uint8)
