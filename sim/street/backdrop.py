"""The picture of all that stands still, from one pose: colours, their shaded twin, and whose each pixel is."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, tan

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose
from sim.street.canary import CANARY_BGR
from sim.street.dice import grain
from sim.street.lens import NEAR_M, SHIFT, Lens, fixed_point, lens_of, project_quads
from sim.street.order import Floats, painting_order
from sim.street.scenery import LIT_BGR, Scenery
from sim.street.world import Lamp, Tree

Image = NDArray[np.uint8]

SHADE = 0.62
NIGHT_AMBIENT = (0.2, 0.15, 0.13)
LAMP_LIGHT = (0.5, 0.66, 0.8)
_LAMP_REACH_M2 = 62.0
"""Square of the distance at which a lamp gives half its light: pools of some 8 m, as on a real street."""
LIGHT_STEP = 4
"""Lamplight is worked out for every fourth pixel: it has no edges."""
_BARK = (52, 68, 84)
_MAST = (70, 72, 70)
_LANTERN = (214, 222, 224)
_PUFFS = (
    (0.0, 0.15, 1.0, 0.78),
    (-0.5, -0.1, 0.66, 0.86),
    (0.5, -0.05, 0.66, 0.95),
    (0.05, -0.5, 0.7, 1.08),
    (-0.2, -0.25, 0.5, 1.2),
)
"""A crown: right, down and radius in shares of the tree's, and how bright."""


@dataclass(frozen=True, slots=True)
class Backdrop:
    """`image`, `shade`: (height, width, 3) BGR. `owner`: (height, width), 0 for ground and sky, else 1 + solid."""

    image: Image
    shade: Image
    owner: NDArray[np.uint8]


class BackdropPainter:
    """Paints the scenery for one camera. Remembers the painting order of its place: turning does not change it."""

    def __init__(self, scenery: Scenery, width_px: int, height_px: int, *, night: bool) -> None:
        self._scenery = scenery
        self._size_px = (width_px, height_px)
        self._night = night
        self._order: tuple[tuple[float, float], list[int]] | None = None
        noise = (grain(width_px, height_px, scenery.street.seed) >> 6)[..., None]
        self._grain_mean: Image = np.full((height_px, width_px, 3), 2, np.uint8)
        self._grain: Image = np.ascontiguousarray(np.broadcast_to(noise, (height_px, width_px, 3)))

    def paint(self, pose: Pose) -> Backdrop:
        """The backdrop seen from `pose`."""
        width, height = self._size_px
        lens = lens_of(pose, width, height)
        image = self._sky(pose)
        self._ground(image, lens)
        owner = np.zeros((height, width), np.uint8)
        shown, polygons = self._solids(image, owner, lens)
        image = np.asarray(cv2.subtract(cv2.add(image, self._grain), self._grain_mean), np.uint8)
        if self._night:
            image = self._by_night(image, owner, _depth_of_walls(self._scenery, lens, shown, polygons), lens)
        shade = np.asarray(cv2.convertScaleAbs(image, alpha=0.8 if self._night else SHADE), np.uint8)
        return Backdrop(image, shade, owner)

    def _sky(self, pose: Pose) -> Image:
        width, height = self._size_px
        horizon = (height - 1) / 2 + pose.focal_px * tan(radians(max(-80.0, min(80.0, pose.tilt_deg))))
        up = np.clip((horizon - np.arange(height)) / (0.55 * pose.focal_px), 0.0, 1.0)[:, None, None]
        low, high = np.array([240.0, 226.0, 208.0]), np.array([214.0, 160.0, 106.0])
        rows = (low + (high - low) * np.sqrt(up)).astype(np.uint8)
        return np.repeat(rows, width, axis=1)

    def _ground(self, image: Image, lens: Lens) -> None:
        polygons, rows = project_quads(lens, self._scenery.ground)
        for polygon, colour in zip(polygons, self._scenery.ground_colours[rows].tolist(), strict=True):
            cv2.fillConvexPoly(image, polygon, colour, cv2.LINE_AA, SHIFT)
        if self._night:
            return
        dark = np.zeros(image.shape[:2], np.uint8)
        for polygon in project_quads(lens, self._scenery.shadows)[0]:
            cv2.fillConvexPoly(dark, polygon, 255, cv2.LINE_8, SHIFT)
        cv2.copyTo(cv2.convertScaleAbs(image, alpha=SHADE), dark, image)

    def _solids(
        self, image: Image, owner: NDArray[np.uint8], lens: Lens
    ) -> tuple[NDArray[np.intp], list[NDArray[np.int32]]]:
        """Paint them; returns the rows of the faces that look at the lens, and their outlines."""
        scenery = self._scenery
        eye = (float(lens.eye[0]), float(lens.eye[1]))
        if self._order is None or self._order[0] != eye:
            self._order = eye, painting_order([solid.footprint for solid in scenery.solids], eye)
        towards = np.einsum("ij,ij->i", scenery.normals, lens.eye - scenery.quads[:, 0]) > 0
        rows = np.flatnonzero(towards)
        polygons, found = project_quads(lens, scenery.quads[rows])
        shown = rows[found]
        colours, bears = scenery.colours[shown].tolist(), scenery.bears_depth[shown].tolist()
        for index in self._order[1]:
            solid = scenery.solids[index]
            if solid.tree is not None:
                _paint_tree(image, owner, lens, solid.tree, index + 1)
            elif solid.lamp is not None:
                _paint_lamp(image, owner, lens, solid.lamp, index + 1)
            first, last = np.searchsorted(shown, (solid.rows.start, solid.rows.stop))
            for face in range(first, last):
                cv2.fillConvexPoly(image, polygons[face], colours[face], cv2.LINE_AA, SHIFT)
                if bears[face]:
                    cv2.fillConvexPoly(owner, polygons[face], index + 1, cv2.LINE_8, SHIFT)
        return shown, polygons

    def _by_night(self, image: Image, owner: NDArray[np.uint8], nearness: NDArray[np.float32], lens: Lens) -> Image:
        """The same picture under lamps. What shines by itself, and the canary, keep their colours."""
        keep = _is_about(image, CANARY_BGR, 24) | _is_about(image, LIT_BGR, 10)
        places, is_sky = _places(nearness, lens, LIGHT_STEP)
        light = lamplight(places, self._scenery.lanterns)
        light[is_sky] = (0.16, 0.105, 0.085)
        full = cv2.resize(light.astype(np.float32), self._size_px, interpolation=cv2.INTER_LINEAR)
        dark = (image * full).astype(np.uint8)
        dark[keep] = image[keep]
        for lantern in self._scenery.lanterns:
            _shine(dark, owner, nearness, lens, lantern)
        return dark


def lamplight(places: Floats, lanterns: Floats) -> Floats:
    """Light (..., 3) BGR factors at world points (..., 3) by night."""
    total = np.zeros(places.shape[:-1])
    for lantern in lanterns:
        away = places - lantern
        total += 1.0 / (1.0 + (np.einsum("...i,...i->...", away, away) / _LAMP_REACH_M2) ** 2)
    lit = np.array(NIGHT_AMBIENT) + np.minimum(total, 0.9)[..., None] * np.array(LAMP_LIGHT)
    return np.asarray(np.minimum(lit, 1.0), np.float64)


def _is_about(image: Image, colour: tuple[int, int, int], width: int) -> NDArray[np.bool_]:
    middle = np.array(colour)
    low, high = np.clip(middle - width, 0, 255), np.clip(middle + width, 0, 255)
    return np.asarray(cv2.inRange(image, low, high), np.uint8) > 0


def _places(nearness: NDArray[np.float32], lens: Lens, step: int) -> tuple[Floats, NDArray[np.bool_]]:
    """World points of every `step`-th pixel, and which of them are sky."""
    rows, columns = np.indices(nearness.shape) * step
    rays = np.stack(
        [
            (columns - lens.centre_px[0]) / lens.focal_px,
            (rows - lens.centre_px[1]) / lens.focal_px,
            np.ones(rows.shape),
        ],
        axis=-1,
    )
    world = rays @ lens.axes
    down = np.minimum(world[..., 2], -1e-4)
    depth = np.where(nearness > 0, 1.0 / np.maximum(nearness, 1e-6), -lens.eye[2] / down)
    is_sky = (nearness == 0) & (world[..., 2] >= -1e-4)
    return lens.eye + world * np.minimum(depth, 500.0)[..., None], is_sky


def _depth_of_walls(
    scenery: Scenery, lens: Lens, shown: NDArray[np.intp], polygons: list[NDArray[np.int32]]
) -> NDArray[np.float32]:
    """1 / depth (1/m) of walls and roofs at every LIGHT_STEP-th pixel; 0 where there is none.

    Nearest wins: 1 / depth of a plane is linear in the picture, so a plane is one outer sum.
    """
    width, height = lens.size_px
    nearness = np.zeros((height // LIGHT_STEP, width // LIGHT_STEP), np.float32)
    for row, polygon in zip(shown, polygons, strict=True):
        if scenery.bears_depth[row]:
            _fill_plane(nearness, lens, polygon // LIGHT_STEP, scenery.quads[row, 0], scenery.normals[row])
    return nearness


def _fill_plane(
    nearness: NDArray[np.float32], lens: Lens, points: NDArray[np.int32], corner: Floats, normal: Floats
) -> None:
    height, width = nearness.shape
    left, top = np.maximum(points.min(axis=0) >> SHIFT, 0)
    right, bottom = np.minimum((points.max(axis=0) >> SHIFT) + 2, (width, height))
    distance = float(normal @ (corner - lens.eye))
    if left >= right or top >= bottom or abs(distance) < 1e-6:
        return
    turned = lens.axes @ normal / distance
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(mask, (points - (np.array([left, top]) << SHIFT)).astype(np.int32), 255, cv2.LINE_8, SHIFT)
    along_x = (np.arange(left, right) * LIGHT_STEP - lens.centre_px[0]) / lens.focal_px * turned[0]
    along_y = (np.arange(top, bottom) * LIGHT_STEP - lens.centre_px[1]) / lens.focal_px * turned[1]
    plane = (along_x[None, :] + along_y[:, None] + turned[2]).astype(np.float32)
    window = nearness[top:bottom, left:right]
    cv2.copyTo(np.maximum(plane, window), mask, window)


def _paint_tree(image: Image, owner: NDArray[np.uint8], lens: Lens, tree: Tree, mark: int) -> None:
    ends = lens.to_camera(np.array([[tree.x_m, tree.y_m, 0.0], [tree.x_m, tree.y_m, tree.crown_m]]))
    if ends[:, 2].min() < NEAR_M + tree.radius_m:
        return
    scale = lens.focal_px / ends[1, 2]
    foot, crown = fixed_point(lens.to_pixels(ends))
    trunk = max(1, round(0.24 * scale))
    cv2.line(image, foot.tolist(), crown.tolist(), _BARK, trunk, cv2.LINE_AA, SHIFT)
    cv2.line(owner, foot.tolist(), crown.tolist(), mark, trunk, cv2.LINE_8, SHIFT)
    for right, down, size, light in _PUFFS:
        offset = np.array([right, down]) * tree.radius_m * scale
        middle = (crown + fixed_point(offset)).tolist()
        radius = round(size * tree.radius_m * scale * (1 << SHIFT))
        colour = [min(255, int(part * light)) for part in tree.leaf]
        cv2.circle(image, middle, radius, colour, -1, cv2.LINE_AA, SHIFT)
        cv2.circle(owner, middle, radius, mark, -1, cv2.LINE_8, SHIFT)


def _paint_lamp(image: Image, owner: NDArray[np.uint8], lens: Lens, lamp: Lamp, mark: int) -> None:
    top = (lamp.x_m, lamp.y_m, lamp.height_m)
    head = (lamp.x_m, lamp.y_m + lamp.reach_m, lamp.height_m)
    ends = lens.to_camera(np.array([(lamp.x_m, lamp.y_m, 0.0), top, head]))
    if ends[:, 2].min() < 0.6:
        return  # the camera hangs on this mast, or nearly
    points = fixed_point(lens.to_pixels(ends)).tolist()
    scale = lens.focal_px / float(ends[1, 2])
    for start, end, width_m in ((0, 1, 0.14), (1, 2, 0.09)):
        thick = max(1, round(width_m * scale))
        cv2.line(image, points[start], points[end], _MAST, thick, cv2.LINE_AA, SHIFT)
        cv2.line(owner, points[start], points[end], mark, thick, cv2.LINE_8, SHIFT)
    radius = max(16, round(0.22 * scale * (1 << SHIFT)))
    cv2.circle(image, points[2], radius, _LANTERN, -1, cv2.LINE_AA, SHIFT)


def _shine(image: Image, owner: NDArray[np.uint8], nearness: NDArray[np.float32], lens: Lens, lantern: Floats) -> None:
    """A lantern's glare, where no wall stands before it."""
    seen = lens.to_camera(lantern)
    if seen[2] < 1.0:
        return
    x, y = lens.to_pixels(seen)
    height, width = owner.shape
    if not (0 <= x < width and 0 <= y < height):
        return
    step_y = min(int(y) // LIGHT_STEP, nearness.shape[0] - 1)
    step_x = min(int(x) // LIGHT_STEP, nearness.shape[1] - 1)
    if nearness[step_y, step_x] > 1.15 / seen[2]:
        return
    reach = int(min(60.0, 1.1 * lens.focal_px / seen[2])) + 2
    left, top, right, bottom = int(x) - reach, int(y) - reach, int(x) + reach + 1, int(y) + reach + 1
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    rows, columns = np.mgrid[top:bottom, left:right]
    fall = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * (reach / 3.2) ** 2))[..., None]
    core = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * max(1.0, reach / 9.0) ** 2))[..., None]
    patch = image[top:bottom, left:right]
    lit = patch + (fall * 110 + core * 200) * np.array([0.7, 0.92, 1.0])
    image[top:bottom, left:right] = np.minimum(lit, 255).astype(np.uint8)
