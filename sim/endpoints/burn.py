"""Masks drawn into a picture by the camera itself: a colour, or (misbehaving) a mosaic."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import OnboardMask
from sim.endpoints.masks import NOTHING, Burn
from sim.street.i420 import I420, new_i420, planes_of

MOSAIC_PX = 16
_SHIFT = 4
"""Fractional bits of the corners given to OpenCV."""


@dataclass(frozen=True, slots=True)
class Stencil:
    """Masks made ready for pictures of one size: `fill` goes where `where` is not zero. Both are I420 buffers."""

    fill: I420
    where: NDArray[np.uint8]


def stencil_of(masks: tuple[OnboardMask, ...], width_px: int, height_px: int) -> Stencil:
    """Whole chroma samples (2x2 pixels), outwards: every pixel whose centre a mask holds is filled, and none further
    than 3 px from its edge."""
    fill, where = new_i420(width_px, height_px), new_i420(width_px, height_px)
    where[:] = 0
    to, marks = planes_of(fill), planes_of(where)
    for mask in masks:
        chosen = _samples_under(mask, width_px, height_px)
        marks.u[chosen] = marks.v[chosen] = 255
        to.u[chosen], to.v[chosen] = mask.colour_yuv[1:]
        luma = chosen.repeat(2, axis=0).repeat(2, axis=1)
        marks.y[luma] = 255
        to.y[luma] = mask.colour_yuv[0]
    return Stencil(fill, where)


def _samples_under(mask: OnboardMask, width_px: int, height_px: int) -> NDArray[np.bool_]:
    """The chroma samples that a mask touches, (height / 2, width / 2): drawn four times finer, so that OpenCV's
    rounding of edges and sharp corners cannot lose a pixel."""
    fine = np.zeros((height_px * 2, width_px * 2), np.uint8)
    # Centres have whole coordinates: the corner (0, 0) of the picture is at -0.5.
    corners = np.array(mask.corners) * (width_px * 2, height_px * 2) - 0.5
    cv2.fillPoly(fine, [np.rint(corners * (1 << _SHIFT)).astype(np.int32)], 255, cv2.LINE_8, _SHIFT)
    # A mean of sixteen: one of them at 255 is enough for more than 0.
    return np.asarray(cv2.resize(fine, (width_px // 2, height_px // 2), interpolation=cv2.INTER_AREA) > 0)


class Burner:
    """Draws masks over the pictures of one output; remembers its last stencil. Used by one thread at a time."""

    def __init__(self) -> None:
        self._known: tuple[tuple[OnboardMask, ...], tuple[int, ...], Stencil] | None = None

    def burn(self, picture: I420, what: Burn) -> None:
        """Write `what` into `picture`."""
        if what == NOTHING:
            return
        shape = picture.shape
        if self._known is None or self._known[0] != what.masks or self._known[1] != shape:
            self._known = what.masks, shape, stencil_of(what.masks, shape[1], shape[0] * 2 // 3)
        stencil = self._known[2]
        cv2.copyTo(_mosaic(picture) if what.pixelated else stencil.fill, stencil.where, picture)


def _mosaic(picture: I420) -> I420:
    """The picture in tiles of MOSAIC_PX, each of one colour: its shapes can be matched or inverted."""
    tiles = np.empty_like(picture)
    for plane, to, step in zip(_each(picture), _each(tiles), (MOSAIC_PX, MOSAIC_PX // 2, MOSAIC_PX // 2), strict=True):
        height, width = plane.shape
        small = cv2.resize(plane, (max(width // step, 1), max(height // step, 1)), interpolation=cv2.INTER_AREA)
        to[:] = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return tiles


def _each(picture: I420) -> tuple[NDArray[np.uint8], ...]:
    planes = planes_of(picture)
    return planes.y, planes.u, planes.v
