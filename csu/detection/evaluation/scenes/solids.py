"""Things with edges: cars, vans, buses, bags, posts, benches. Faces lit by the sun's side, nearest last."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.actors import Make
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.painting import Canvas, Drawn, ground_blot
from csu.detection.evaluation.scenes.view import View

Colour = tuple[float, float, float]
Points = NDArray[np.float64]
Faces = list[tuple[Points, Colour, int]]

_BODIES: tuple[Colour, ...] = (
    (60, 56, 54),
    (190, 190, 188),
    (120, 116, 112),
    (40, 40, 150),
    (130, 80, 40),
    (226, 226, 224),
    (40, 42, 44),
    (90, 110, 70),
    (60, 100, 150),
    (150, 140, 120),
)
_GLASS: Colour = (74, 66, 58)
_TYRE: Colour = (28, 28, 30)
SIZE_M: dict[Make, tuple[float, float, float]] = {
    Make.CAR: (4.3, 1.78, 1.48),
    Make.VAN: (5.4, 2.0, 2.35),
    Make.BUS: (12.0, 2.55, 3.1),
    Make.TRUCK: (8.2, 2.5, 3.4),
    Make.BICYCLE: (1.75, 0.5, 1.05),
    Make.MOTORCYCLE: (2.1, 0.75, 1.1),
}
"""Long, wide, high: common European sizes; of two-wheelers without the rider."""


@dataclass
class Solid:
    """Faces in its own metres: x forward, y left, z up. `faces`: points (n, 3), colour, rank; higher ranks lie over."""

    faces: Faces = field(default_factory=list)

    def face(self, points: list[tuple[float, float, float]], colour: Colour, rank: int = 0) -> None:
        self.faces.append((np.array(points, np.float64), colour, rank))

    def extrude(self, profile: list[tuple[float, float]], half_m: float, colour: Colour, top_in_m: float = 0.0) -> None:
        """A side view (x, z), clockwise from its rear foot, made `2 * half_m` wide; at its top `top_in_m` narrower."""
        low, high = min(z for _, z in profile), max(z for _, z in profile)

        def half(z: float) -> float:
            return half_m - top_in_m * (z - low) / max(high - low, 1e-6)

        self.face([(x, half(z), z) for x, z in profile], colour)
        self.face([(x, -half(z), z) for x, z in reversed(profile)], colour)
        for (x0, z0), (x1, z1) in zip(profile, profile[1:] + profile[:1], strict=True):
            self.face([(x0, half(z0), z0), (x0, -half(z0), z0), (x1, -half(z1), z1), (x1, half(z1), z1)], colour)

    def box(self, low: tuple[float, float, float], high: tuple[float, float, float], colour: Colour) -> None:
        (x0, y0, z0), (x1, y1, z1) = low, high
        middle, half = (y0 + y1) / 2, (y1 - y0) / 2
        side = [(x0, z0), (x0, z1), (x1, z1), (x1, z0)]
        first = len(self.faces)
        self.extrude(side, half, colour)
        for points, _, _ in self.faces[first:]:
            points[:, 1] += middle

    def on_sides(self, corners: list[tuple[float, float]], half_m: float, colour: Colour) -> None:
        """The same patch (x, z) on both flanks."""
        self.face([(x, half_m, z) for x, z in corners], colour, 1)
        self.face([(x, -half_m, z) for x, z in reversed(corners)], colour, 1)

    def wheels(self, places: tuple[float, ...], half_m: float, radius_m: float) -> None:
        for x in places:
            for r, tone in ((radius_m, _TYRE), (radius_m * 0.55, (130.0, 130.0, 132.0))):
                ring = [(x + r * cos(a), radius_m + r * sin(a)) for a in (2 * pi * n / 12 for n in range(12))]
                ring.reverse()
                self.on_sides(ring, half_m, tone)


def vehicle(make: Make, number: int, door_open: bool = False) -> Solid:
    """One of that make in its colour."""
    paint = Dice(number).one_of("paint", _BODIES)
    long, wide, high = SIZE_M[make]
    solid, half, x = Solid(), wide / 2, long / 2
    if make is Make.CAR:
        _car(solid, x, half, high, paint)
    elif make in (Make.VAN, Make.TRUCK):
        _van(solid, make, x, half, high, paint)
    elif make is Make.BUS:
        _bus(solid, x, half, high, paint)
    else:
        _two_wheels(solid, make, x, paint)
    if make not in (Make.BICYCLE, Make.MOTORCYCLE):
        _lights(solid, x, half)
        solid.wheels((-x * 0.62, x * 0.64), half + 0.01, 0.48 if make in (Make.BUS, Make.TRUCK) else 0.32)
    if door_open:
        solid.face([(0.9, half, 0.35), (0.3, half + 0.8, 0.35), (0.3, half + 0.75, 1.4), (0.9, half, 1.4)], paint, 1)
        solid.face([(0.9, half, 1.4), (0.3, half + 0.75, 1.4), (0.3, half + 0.8, 0.35), (0.9, half, 0.35)], _GLASS, 1)
    return solid


def _car(solid: Solid, x: float, half: float, high: float, paint: Colour) -> None:
    solid.extrude([(-x, 0.28), (-x, 0.86), (x * 0.94, 0.80), (x, 0.55), (x, 0.28)], half, paint)
    rear, back, front, nose = -x * 0.92, -x * 0.55, x * 0.22, x * 0.58
    solid.extrude([(rear, 0.84), (back, high), (front, high), (nose, 0.82)], half - 0.06, paint, 0.16)
    solid.on_sides(
        [(rear + 0.32, 0.9), (back + 0.06, high - 0.1), (front - 0.08, high - 0.1), (nose - 0.36, 0.9)],
        half - 0.12,
        _GLASS,
    )
    for x0, x1, tall in ((nose - 0.08, front + 0.04, 0.9), (rear + 0.05, back - 0.03, 0.94)):
        low, top = half - 0.2, half - 0.3
        pane = [(x0, low, tall), (x0, -low, tall), (x1, -top, high - 0.05), (x1, top, high - 0.05)]
        solid.face(pane if x0 < 0 else pane[::-1], _GLASS, 1)


def _van(solid: Solid, make: Make, x: float, half: float, high: float, paint: Colour) -> None:
    if make is Make.TRUCK:
        solid.extrude([(-x, 0.6), (-x, high), (x * 0.48, high), (x * 0.48, 0.6)], half, (205, 205, 200))
        solid.extrude([(x * 0.52, 0.4), (x * 0.52, 2.7), (x * 0.9, 2.7), (x, 1.5), (x, 0.4)], half - 0.05, paint)
        nose, top, tall = x, x * 0.9, 2.6
    else:
        solid.extrude([(-x, 0.3), (-x, high), (x * 0.45, high), (x * 0.78, 1.25), (x, 1.05), (x, 0.3)], half, paint)
        nose, top, tall = x * 0.78, x * 0.45, high - 0.15
    low = 1.5 if make is Make.TRUCK else 1.28
    solid.on_sides(
        [(top - 0.75, low), (top - 0.75, tall - 0.15), (top, tall - 0.15), (nose - 0.15, low)], half + 0.005, _GLASS
    )
    solid.face(
        [(nose, half - 0.15, low), (top, half - 0.15, tall), (top, 0.15 - half, tall), (nose, 0.15 - half, low)],
        _GLASS,
        1,
    )


def _bus(solid: Solid, x: float, half: float, high: float, paint: Colour) -> None:
    solid.extrude([(-x, 0.32), (-x, high), (x, high), (x, 0.32)], half, (220, 220, 214))
    solid.on_sides([(-x, 0.34), (-x, 0.95), (x, 0.95), (x, 0.34)], half + 0.005, paint)
    pane = (2 * x - 0.6) / 8
    for n in range(8):
        left = -x + 0.3 + n * pane
        corners = [(left + 0.06, 1.3), (left + 0.06, 2.55), (left + pane - 0.06, 2.55), (left + pane - 0.06, 1.3)]
        solid.on_sides(corners, half + 0.01, _GLASS)
    for end in (x, -x):
        inner = half - 0.12
        pane_of_end = [(end, inner, 1.1), (end, inner, 2.7), (end, -inner, 2.7), (end, -inner, 1.1)]
        solid.face(pane_of_end if end > 0 else pane_of_end[::-1], _GLASS, 1)


def _two_wheels(solid: Solid, make: Make, x: float, paint: Colour) -> None:
    thick = 0.025 if make is Make.BICYCLE else 0.14
    radius = 0.34 if make is Make.BICYCLE else 0.3
    solid.wheels((radius - x, x - radius), thick + 0.02, radius)
    low, high = (0.5, 0.62) if make is Make.BICYCLE else (0.3, 0.85)
    solid.extrude([(-x * 0.6, low), (-x * 0.5, high), (x * 0.45, high), (x * 0.6, low)], thick, paint)
    solid.box((x * 0.42, -0.28, 0.95), (x * 0.48, 0.28, 1.0), (40, 40, 42))


def _lights(solid: Solid, x: float, half: float) -> None:
    for end, tone in ((x, (225.0, 240.0, 245.0)), (-x, (40.0, 40.0, 190.0))):
        for y0, y1 in ((half - 0.45, half - 0.08), (0.08 - half, 0.45 - half)):
            corners = [(end, y0, 0.62), (end, y1, 0.62), (end, y1, 0.78), (end, y0, 0.78)]
            solid.face(corners[::-1] if end < 0 else corners, tone, 2)


def luggage(size_m: tuple[float, float, float], number: int) -> Solid:
    """A bag or a suitcase, with a strap and a handle."""
    paint = Dice(number).one_of("bag", ((40, 36, 130), (60, 50, 44), (120, 70, 30), (36, 38, 40), (50, 110, 60)))
    wide, deep, high = size_m
    solid = Solid()
    solid.box((-wide / 2, -deep / 2, 0.02), (wide / 2, deep / 2, high), paint)
    tone = tuple(level * 0.5 for level in paint)
    for z in (high * 0.3, high * 0.68):
        solid.on_sides(
            [(-wide / 2, z), (-wide / 2, z + 0.05), (wide / 2, z + 0.05), (wide / 2, z)],
            deep / 2 + 0.005,
            (tone[0], tone[1], tone[2]),
        )
    solid.box((-wide * 0.2, -0.03, high), (wide * 0.2, 0.03, high + 0.08), (50, 50, 52))
    return solid


@dataclass
class Wagons:
    """Solids that were made, kept for the clip."""

    _kept: dict[object, Solid] = field(default_factory=dict)

    def of(self, make: Make, number: int, door_open: bool) -> Solid:
        key = (make, number, door_open)
        if key not in self._kept:
            self._kept[key] = vehicle(*key)
        return self._kept[key]

    def bag(self, size_m: tuple[float, float, float], number: int) -> Solid:
        key = (size_m, number)
        if key not in self._kept:
            self._kept[key] = luggage(*key)
        return self._kept[key]


def bench() -> Solid:
    solid = Solid()
    wood: Colour = (58, 86, 122)
    for x in (-0.75, 0.65):
        solid.box((-0.2, x, 0.0), (0.2, x + 0.1, 0.42), (70, 72, 74))
    solid.box((-0.25, -0.95, 0.42), (0.25, 0.95, 0.48), wood)
    solid.box((-0.28, -0.95, 0.62), (-0.24, 0.95, 0.86), wood)
    return solid


def underground_bin() -> Solid:
    """The part of it that stands above the ground."""
    solid = Solid()
    solid.box((-0.9, -0.9, 0.0), (0.9, 0.9, 0.04), (120, 124, 126))
    solid.box((-0.33, -0.33, 0.04), (0.33, 0.33, 1.05), (92, 96, 70))
    solid.box((-0.3, -0.3, 1.05), (0.3, 0.3, 1.2), (60, 62, 60))
    solid.face([(0.335, -0.2, 0.75), (0.335, 0.2, 0.75), (0.335, 0.2, 1.0), (0.335, -0.2, 1.0)], (36, 36, 36), 1)
    return solid


def post(tall_m: float, thick_m: float = 0.09) -> Solid:
    solid = Solid()
    solid.box((-thick_m, -thick_m, 0.0), (thick_m, thick_m, tall_m), (72, 76, 74))
    if tall_m > 3:
        solid.box((-0.1, -0.1, tall_m), (1.1, 0.1, tall_m + 0.12), (84, 88, 86))
    return solid


def put(solid: Solid, spot: tuple[float, float], heading_deg: float, lift_m: float = 0.0) -> Faces:
    """The faces in the site's metres, its front looking to `heading_deg` (clockwise from north)."""
    turn = radians(90 - heading_deg)
    c, s = cos(turn), sin(turn)
    placed = []
    for points, colour, rank in solid.faces:
        x, y = points[:, 0] * c - points[:, 1] * s + spot[0], points[:, 0] * s + points[:, 1] * c + spot[1]
        placed.append((np.stack([x, y, points[:, 2] + lift_m], axis=1), colour, rank))
    return placed


def blot_hull(canvas: Canvas, view: View, points_m: Points, share: float) -> None:
    """A shadow on the ground: the hull of those places."""
    shown, depth = view.seen(points_m)
    if depth.min() > 0.5:
        ground_blot(canvas, np.asarray(cv2.convexHull(shown.astype(np.float32))[:, 0], np.float64), share)


def draw(
    canvas: Canvas,
    number: int,
    view: View,
    faces: Faces,
    light: float,
    sun: tuple[float, float],
) -> Drawn | None:
    """Draws faces that look at the camera, far ones first. `sun`: unit vector towards it on the ground."""
    sizes = [len(points) for points, _, _ in faces]
    every = np.concatenate([points for points, _, _ in faces])
    shown, depth = view.seen(every)
    if depth.min() < 0.5:
        return None
    low, high = shown.min(axis=0), shown.max(axis=0)
    if high[0] < 0 or high[1] < 0 or low[0] > view.width_px or low[1] > view.height_px:
        return None
    fixed = np.clip(shown * 16, -4e5, 4e5).astype(np.int32)
    eye, order, first = view.eye, [], 0
    for (points, colour, rank), size in zip(faces, sizes, strict=True):
        normal = np.cross(points[1] - points[0], points[2] - points[1])
        facing = float(normal @ (eye - points[0]))
        if facing > 0:  # faces wind counter-clockwise as seen from outside
            unit = normal / max(float(np.linalg.norm(normal)), 1e-9)
            towards = max(0.0, float(unit[0] * sun[0] + unit[1] * sun[1]))
            shade = (0.72 + 0.26 * towards + 0.3 * max(0.0, float(unit[2]))) * light
            far = float(depth[first : first + size].mean())
            order.append((rank, -far, fixed[first : first + size], tuple(min(255.0, c * shade) for c in colour)))
        first += size
    for _, _, polygon, tone in sorted(order, key=lambda each: (each[0], each[1])):
        cv2.fillConvexPoly(canvas.bgr, polygon, tone, cv2.LINE_AA, 4)
    box = (float(low[0]), float(low[1]), float(high[0]) + 1, float(high[1]) + 1)
    hull = cv2.convexHull(shown.astype(np.float32))
    cv2.fillConvexPoly(canvas.ids, cv2.convexHull(fixed), float(number), cv2.LINE_8, 4)
    left, top = max(int(box[0]), 0), max(int(box[1]), 0)
    part = canvas.ids[top : max(int(box[3]) + 1, 0), left : max(int(box[2]) + 1, 0)]
    return Drawn(number, box, int(np.count_nonzero(part == number)), max(1.0, float(cv2.contourArea(hull)) * 0.9))
