"""What a framebuffer must look like: the scene in floating point, by the book, to compare what a card drew with.

Written apart from the shaders on purpose (NumPy, 64-bit floats, no texture unit). Slow: a second for 4K.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from math import inf, log10

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.frames import Plane, YuvPlanes
from csu.hal.wall import NodeScene, TilePicture
from csu.wall.drawing.freshness import Freshness
from csu.wall.drawing.painting import Image, Painter
from csu.wall.model.fitting import FittedPiece

_WEIGHTS = {True: (0.2126, 0.0722), False: (0.299, 0.114)}
"""Luma weights of red and blue: ITU-R BT.709-6 and BT.601-7."""


def reference(
    scene: NodeScene,
    pictures: Mapping[CameraId, TilePicture],
    now_ns: Nanoseconds,
    zone: tzinfo,
    freshness: Freshness | None = None,
) -> Image:
    """The framebuffer when each picture ages from its capture."""
    stamps = {camera: min(picture.captured_at_ns, now_ns) for camera, picture in pictures.items()}
    return Painter(scene, freshness or Freshness(), zone, sampled_by_the_book).paint(pictures, stamps, now_ns)


def sampled_by_the_book(planes: YuvPlanes, fitted: FittedPiece, width_px: int, height_px: int) -> Image:
    """Bilinear, edges repeated, each plane at its own size; then the matrix and range that the picture declares."""
    (left, top), (right, bottom) = fitted.picture_at[0], fitted.picture_at[3]
    xs = left + (np.arange(width_px) + 0.5) / width_px * (right - left)
    ys = top + (np.arange(height_px) + 0.5) / height_px * (bottom - top)
    # Chroma planes of an odd size reach half a pixel past the picture.
    y = _sampled(planes.y, xs * planes.width_px, ys * planes.height_px)
    u, v = (_sampled(plane, xs * planes.width_px / 2, ys * planes.height_px / 2) for plane in (planes.u, planes.v))
    red_share, blue_share = _WEIGHTS[planes.is_bt709]
    light = y if planes.full_range else (y - 16) * 255 / 219
    gain = 1.0 if planes.full_range else 255 / 224
    blue = light + 2 * (1 - blue_share) * gain * (u - 128)
    red = light + 2 * (1 - red_share) * gain * (v - 128)
    green = (light - red_share * red - blue_share * blue) / (1 - red_share - blue_share)
    return np.stack([red, green, blue], axis=-1).clip(0, 255).astype(np.float32)


def psnr_db(seen: NDArray[np.uint8], wanted: Image) -> float:
    """Peak signal to noise; infinite when they are the same."""
    off = np.mean((seen.astype(np.float32) - wanted) ** 2)
    return inf if off == 0 else float(10 * log10(255**2 / off))


def _sampled(plane: Plane, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.float64]:
    """At pixel places of the plane: (len(ys), len(xs))."""
    across = _between(plane.astype(np.float64), xs - 0.5, axis=1)
    return _between(across, ys - 0.5, axis=0)


def _between(plane: NDArray[np.float64], places: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    first, last = np.floor(places).astype(int), plane.shape[axis] - 1
    share = places - first
    weight = share[None] if axis == 1 else share[:, None]
    low, high = (np.take(plane, np.clip(first + step, 0, last), axis=axis) for step in (0, 1))
    return np.asarray(low * (1 - weight) + high * weight)
