"""One masked picture as a file's bytes: the only way to a thumbnail, a snapshot or a contact sheet.

It takes a `MaskedFrame` and nothing else, so there is no thumbnail of what was never masked (PRV-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.frames import MaskedFrame, Plane, YuvPlanes, require_masked_frame

JPEG_QUALITY = 85
PAINT_GREY = 96

_LUMA_WEIGHTS = {True: (0.2126, 0.0722), False: (0.299, 0.114)}
"""Of red and blue in luma: BT.709, BT.601."""


def still_of(
    frame: MaskedFrame,
    width_px_max: int,
    *,
    lossless: bool = False,
    painted: Sequence[tuple[float, float, float, float]] = (),
) -> bytes:
    """`frame` as JPEG (PNG when `lossless`), proportions kept, no wider than `width_px_max` and never enlarged.

    `painted`: (left, top, right, bottom) in shares of it, that are painted over too. Raises ClearPictureRefused for
    anything but a MaskedFrame, ValueError for a width below 1.
    """
    picture = bgr_of(frame, width_px_max)
    height, width = picture.shape[:2]
    for left, top, right, bottom in painted:  # a pixel that is touched is gone
        picture[floor(top * height) : ceil(bottom * height), floor(left * width) : ceil(right * width)] = PAINT_GREY
    kind, options = (".png", []) if lossless else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    good, data = cv2.imencode(kind, picture, options)
    if not good:
        raise ValueError(f"camera {frame.camera}: OpenCV could not write {picture.shape} as {kind}")
    return np.asarray(data, np.uint8).tobytes()


def bgr_of(frame: MaskedFrame, width_px_max: int) -> NDArray[np.uint8]:
    """As `still_of`, before it is written: (height, width, 3), blue, green, red."""
    planes = require_masked_frame(frame, where="csu.masking.still").planes
    if width_px_max < 1:
        raise ValueError(f"a still of {width_px_max} px has no pixel")
    width = min(planes.width_px, width_px_max)
    size = (width, max(1, round(planes.height_px * width / planes.width_px)))
    yuv = np.dstack([_sized(plane, size) for plane in (planes.y, planes.u, planes.v)])
    exact = cv2.transform(yuv.astype(np.float32), _to_bgr(planes))
    return np.asarray(np.clip(np.rint(exact), 0, 255), np.uint8)


def _sized(plane: Plane, size: tuple[int, int]) -> Plane:
    smaller = plane.shape[1] >= size[0]
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR), np.uint8)


def _to_bgr(planes: YuvPlanes) -> NDArray[np.float64]:
    """(3, 4): blue, green, red from y, u, v and 1, in the matrix and range the picture declares (ITU-T H.273)."""
    red, blue = _LUMA_WEIGHTS[planes.is_bt709]
    green = 1 - red - blue
    black, luma, chroma = (0, 1.0, 1.0) if planes.full_range else (16, 255 / 219, 255 / 224)
    from_u, from_v = 2 * (1 - blue) * chroma, 2 * (1 - red) * chroma
    rows = np.array(
        [[luma, from_u, 0.0], [luma, -from_u * blue / green, -from_v * red / green], [luma, 0.0, from_v]], np.float64
    )
    return np.column_stack([rows, rows @ np.array([-black, -128.0, -128.0])])
