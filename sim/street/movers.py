"""People and vehicles as strokes and polygons in a picture, hidden by what stands nearer."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.street.backdrop import Backdrop, Image
from sim.street.lens import NEAR_M, SHIFT, Lens, fixed_point
from sim.street.order import Floats
from sim.street.walkers import ELBOW, FOOT, HAND, HEAD, HIP, KNEE, NECK, SHOULDER

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom (exclusive) in pixels, inside the picture."""

_TINY_PX = 14.0
"""People smaller than this are three strokes."""
_SHOE = [38, 40, 44]


class Mover(Protocol):
    """Something that moves, projected."""

    depth_m: float
    box: Box
    hidden_by: NDArray[np.uint8]
    """(256,): 1 for the marks (`Backdrop.owner`) of solids that may stand before it, else 0."""

    def paint(self, canvas: Image) -> None:
        """Draw it, whole."""
        ...

    def cast_shadow(self, canvas: Image, backdrop: Backdrop) -> None:
        """Darken the ground under it."""
        ...


def paint_behind(canvas: Image, backdrop: Backdrop, mover: Mover) -> None:
    """Draw `mover` where nothing of the backdrop stands nearer."""
    left, top, right, bottom = mover.box
    if left >= right or top >= bottom:
        return
    owner = backdrop.owner[top:bottom, left:right]
    if not owner.any():
        mover.paint(canvas)
        return
    nearer = mover.hidden_by[owner]
    hidden = int(np.count_nonzero(nearer))
    if hidden == 0:
        mover.paint(canvas)
    if hidden in (0, nearer.size):
        return
    window = canvas[top:bottom, left:right]
    before = window.copy()
    mover.paint(canvas)
    cv2.copyTo(before, nearer, window)


def people_seen(
    lens: Lens, seen: Floats, heights_m: Floats, colours: Floats, places: Floats, hidden_by: NDArray[np.uint8]
) -> list[Person]:
    """Walkers from their joints in camera axes (n, JOINTS, 3), all before the lens.

    `colours`: (n, 4, 3) BGR of coat, trousers, skin and hair in the light they stand in. `places`: (n, 3) feet.
    `hidden_by`: (n, 256), see `Mover`.
    """
    depths = seen[..., 2].mean(axis=1)
    scales = lens.focal_px / depths
    pixels = lens.to_pixels(seen)
    boxes = _boxes(pixels, 0.16 * scales + 2, lens)
    paints = np.concatenate([colours, colours[:, :2] * 0.82], axis=1).astype(int).tolist()
    rings = lens.to_camera(_ROUND * 0.34 + places[:, None, :] * (1.0, 1.0, 0.0))
    shadows = fixed_point(lens.to_pixels(np.maximum(rings, (-np.inf, -np.inf, NEAR_M))))
    points = fixed_point(pixels).tolist()
    found = []
    for index, (depth_m, scale, height_m) in enumerate(
        zip(depths.tolist(), scales.tolist(), heights_m.tolist(), strict=True)
    ):
        left, top, right, bottom = boxes[index]
        if left < right and top < bottom:
            found.append(
                Person(
                    depth_m,
                    scale,
                    height_m * scale,
                    boxes[index],
                    points[index],
                    paints[index],
                    shadows[index],
                    hidden_by[index],
                )
            )
    return found


class Person:
    """A walker: limbs as thick strokes."""

    def __init__(
        self,
        depth_m: float,
        scale: float,
        height_px: float,
        box: Box,
        points: list[list[int]],
        paints: list[list[int]],
        shadow: NDArray[np.int32],
        hidden_by: NDArray[np.uint8],
    ) -> None:
        self.hidden_by = hidden_by
        self.depth_m = depth_m
        self.box = box
        self._scale = scale
        self._height_px = height_px
        self._points = points
        self._coat, self._trousers, self._skin, self._hair, self._sleeve, self._far_leg = paints
        self._shadow = shadow

    def paint(self, canvas: Image) -> None:
        if self._height_px < _TINY_PX:
            self._stroke(canvas, HIP, FOOT, 0.15, self._trousers)
            self._stroke(canvas, HIP + 1, FOOT + 1, 0.15, self._far_leg)
            self._stroke(canvas, NECK, HIP, 0.3, self._coat)
            self._stroke(canvas, HEAD, HEAD, 0.18, self._skin)
            return
        for side, colour in ((0, self._far_leg), (1, self._trousers)):
            self._stroke(canvas, HIP + side, KNEE + side, 0.17, colour)
            self._stroke(canvas, KNEE + side, FOOT + side, 0.12, colour)
            self._stroke(canvas, FOOT + side, FOOT + side, 0.13, _SHOE)
        self._arm(canvas, 0)
        trunk = [self._points[row] for row in (SHOULDER, SHOULDER + 1, HIP + 1, HIP)]
        cv2.fillConvexPoly(canvas, cv2.convexHull(np.array(trunk, np.int32)), self._coat, cv2.LINE_AA, SHIFT)
        self._stroke(canvas, SHOULDER, SHOULDER + 1, 0.14, self._coat)
        self._stroke(canvas, NECK, HIP, 0.24, self._coat)
        self._stroke(canvas, NECK, HIP + 1, 0.24, self._coat)
        self._arm(canvas, 1)
        self._stroke(canvas, NECK, HEAD, 0.1, self._skin)
        self._disc(canvas, self._points[HEAD], 0.115, self._skin)
        x, y = self._points[HEAD]
        self._disc(canvas, [x, y - round(0.04 * self._scale * (1 << SHIFT))], 0.1, self._hair)

    def cast_shadow(self, canvas: Image, backdrop: Backdrop) -> None:
        if self._height_px >= _TINY_PX:
            _shade(canvas, backdrop, self._shadow, self.hidden_by)

    def _arm(self, canvas: Image, side: int) -> None:
        self._stroke(canvas, SHOULDER + side, ELBOW + side, 0.12, self._sleeve)
        self._stroke(canvas, ELBOW + side, HAND + side, 0.1, self._sleeve)
        self._disc(canvas, self._points[HAND + side], 0.055, self._skin)

    def _stroke(self, canvas: Image, start: int, end: int, width_m: float, colour: list[int]) -> None:
        thick = max(1, round(width_m * self._scale))
        cv2.line(canvas, self._points[start], self._points[end], colour, thick, cv2.LINE_AA, SHIFT)

    def _disc(self, canvas: Image, middle: list[int], radius_m: float, colour: list[int]) -> None:
        radius = max(8, round(radius_m * self._scale * (1 << SHIFT)))
        cv2.circle(canvas, middle, radius, colour, -1, cv2.LINE_AA, SHIFT)


class VehicleBody:
    """A vehicle: the faces that look at the lens, in the order of its model."""

    def __init__(self, lens: Lens, seen: Floats, shades: Floats, ground: Floats, hidden_by: NDArray[np.uint8]) -> None:
        self.hidden_by = hidden_by
        self.depth_m = float(seen[..., 2].mean())
        pixels = lens.to_pixels(seen)
        self.box = _boxes(pixels.reshape(1, -1, 2), np.array([2.0]), lens)[0]
        self._faces = fixed_point(pixels)
        self._shades = shades.tolist()
        near = ground[:, 2].min() <= NEAR_M
        self._ground = np.empty((0, 2), np.int32) if near else fixed_point(lens.to_pixels(ground))

    def paint(self, canvas: Image) -> None:
        for face, shade in zip(self._faces, self._shades, strict=True):
            cv2.fillConvexPoly(canvas, face, shade, cv2.LINE_AA, SHIFT)

    def cast_shadow(self, canvas: Image, backdrop: Backdrop) -> None:
        _shade(canvas, backdrop, self._ground, self.hidden_by)


def _boxes(pixels: Floats, margins: Floats, lens: Lens) -> list[Box]:
    """The boxes around point sets (n, m, 2), grown by margins (n,), cut to the picture."""
    width, height = lens.size_px
    low, high = pixels.min(axis=1) - margins[:, None], pixels.max(axis=1) + margins[:, None] + 2
    edges = np.clip(np.concatenate([low, high], axis=1), 0, (width, height, width, height))
    return [(left, top, right, bottom) for left, top, right, bottom in edges.astype(int).tolist()]


_ROUND = np.array([(np.cos(turn), np.sin(turn), 0.0) for turn in np.arange(8) * np.pi / 4])


def _shade(canvas: Image, backdrop: Backdrop, polygon: NDArray[np.int32], hidden_by: NDArray[np.uint8]) -> None:
    """Copy the backdrop's shaded twin into `polygon`, but for what stands nearer."""
    if len(polygon) < 3:
        return
    height, width = backdrop.owner.shape
    left, top = np.maximum(polygon.min(axis=0) >> SHIFT, 0)
    right, bottom = np.minimum((polygon.max(axis=0) >> SHIFT) + 2, (width, height))
    if left >= right or top >= bottom:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(mask, polygon - (np.array([left, top], np.int32) << SHIFT), 1, cv2.LINE_8, SHIFT)
    owner = backdrop.owner[top:bottom, left:right]
    if owner.any():
        mask &= 1 - hidden_by[owner]
    cv2.copyTo(backdrop.shade[top:bottom, left:right], mask, canvas[top:bottom, left:right])
