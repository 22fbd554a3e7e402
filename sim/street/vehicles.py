"""Vehicles: bodies of flat faces that drive their rounds. A pure function of seed and time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from sim.street.dice import Dice
from sim.street.route import Floats, Route
from sim.street.world import LANE_M, PAINTS, SIDE_STREET_M, Colour, Point, Street

SPEED_M_S = 8.0
"""30 km/h, the limit of such a street. All drive alike, so that nobody runs into anybody."""

_PER_ROUND = 10
"""On 640 m: one every 64 m, some 8 s apart."""

_GLASS: Colour = (92, 84, 72)
_TYRE: Colour = (34, 34, 34)
_HEADLAMP: Colour = (236, 244, 244)
_TAIL_LAMP: Colour = (40, 36, 190)
_HUB: Colour = (150, 150, 150)
_EAST = SIDE_STREET_M - LANE_M
_FAR = 72.0
_ROUNDS: tuple[tuple[Point, ...], ...] = (
    ((-_EAST, -LANE_M), (_EAST, -LANE_M), (_EAST, -_FAR), (-_EAST, -_FAR)),
    ((_EAST, LANE_M), (-_EAST, LANE_M), (-_EAST, _FAR), (_EAST, _FAR)),
)
"""Clockwise and right turns only: eastward by the south lane, westward by the north lane, back behind the houses."""


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of vehicle. Metres."""

    length: float
    width: float
    height: float
    belt: float
    """Height where the glass begins."""
    nose: float
    """From the front bumper to the foot of the windscreen."""
    rake: float
    """How much shorter the roof is than the cabin's foot, at the front."""
    tail: float
    """From the rear bumper to the foot of the rear window."""


MODELS = (
    Model(length=4.1, width=1.75, height=1.46, belt=0.9, nose=1.1, rake=0.75, tail=0.35),
    Model(length=4.6, width=1.8, height=1.44, belt=0.88, nose=1.25, rake=0.8, tail=0.85),
    Model(length=5.2, width=1.95, height=2.15, belt=1.25, nose=0.75, rake=0.5, tail=0.05),
)


@dataclass(frozen=True, slots=True)
class Faces:
    """Flat faces: `quads` (n, 4, 3) metres, corners counter-clockwise seen from outside; `shades` (n, 3) BGR.

    `lights`: 0 none, 1 headlamp, 2 tail lamp.
    """

    quads: NDArray[np.float64]
    shades: NDArray[np.float64]
    lights: NDArray[np.intp]
    normals: NDArray[np.float64]
    """(n, 3), outward, any length."""


def placed(local: Floats, x_m: float, y_m: float, heading: float) -> Floats:
    """Points (..., 3) of a vehicle's own axes in the world."""
    east, north = sin(heading), cos(heading)
    world = np.empty_like(local)
    world[..., 0] = x_m + local[..., 0] * north + local[..., 1] * east
    world[..., 1] = y_m - local[..., 0] * east + local[..., 1] * north
    world[..., 2] = local[..., 2]
    return world


def seen_from(faces: Faces, eye: Floats, x_m: float, y_m: float, heading: float) -> NDArray[np.intp]:
    """Rows of the faces that look at `eye` when the vehicle stands there."""
    east, north = sin(heading), cos(heading)
    dx, dy = eye[0] - x_m, eye[1] - y_m
    own = np.array([dx * north - dy * east, dx * east + dy * north, eye[2]])
    return np.flatnonzero(np.einsum("ij,ij->i", faces.normals, own - faces.quads[:, 0]) > 0)


@cache
def body_of(model: int, paint: Colour) -> Faces:
    """The faces of a vehicle in its own axes (right, forward, up; origin on the ground in its middle)."""
    shape = MODELS[model]
    half, front, back = shape.width / 2, shape.length / 2, -shape.length / 2
    low = 0.28
    quads: list[list[tuple[float, float, float]]] = []
    shades: list[NDArray[np.float64]] = []
    lights: list[int] = []

    def add(quad: list[tuple[float, float, float]], colour: Colour, light: float, lamp: int = 0) -> None:
        quads.append(quad)
        shades.append(np.clip(np.array(colour, float) * light, 0, 255))
        lights.append(lamp)

    for side in (-1.0, 1.0):
        for quad, colour, light in _side(shape, side * half, low, paint):
            add(quad if side > 0 else quad[::-1], colour, light)
    for y, turn, lamp in ((front, -1.0, 1), (back, 1.0, 2)):
        add(_upright(y, turn, half, low, shape.belt), paint, 0.78)
        for x in (-half * 0.72, half * 0.72):
            patch = _patch(y - 0.01 * turn, turn, x, 0.18, shape.belt - 0.3, shape.belt - 0.12)
            add(patch, _HEADLAMP if lamp == 1 else _TAIL_LAMP, 1.0, lamp)
    add(_flat(-half, half, front - shape.nose, front, shape.belt), paint, 1.08)
    if shape.tail > 0.2:
        add(_flat(-half, half, back, back + shape.tail, shape.belt), paint, 1.05)
    for quad, colour, light in _cabin(shape, half, front, back, paint):
        add(quad, colour, light)
    corners = np.array(quads)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return Faces(corners, np.array(shades), np.array(lights, np.intp), normals)


Patch = tuple[list[tuple[float, float, float]], Colour, float]


def _side(shape: Model, x: float, low: float, paint: Colour) -> list[Patch]:
    front, back = shape.length / 2, -shape.length / 2
    wall = [(x, back, low), (x, front, low), (x, front, shape.belt), (x, back, shape.belt)]
    patches: list[Patch] = [(wall, paint, 0.9)]
    for y in (front - 0.8, back + 0.75):
        patches += [(part, _TYRE, 1.0) for part in _octagon(x * 1.005, y, 0.34)]
        patches += [(part, _HUB, 1.0) for part in _octagon(x * 1.008, y, 0.18)]
    return patches


def _octagon(x: float, y: float, radius: float) -> list[list[tuple[float, float, float]]]:
    """A wheel's side, 0.34 m above the ground: three quads make it round enough."""
    turns = [(k + 0.5) * pi / 4 for k in range(8)]
    rim = [(x, y + radius * cos(turn), 0.34 + radius * sin(turn)) for turn in turns]
    return [[rim[a], rim[b], rim[c], rim[d]] for a, b, c, d in ((0, 1, 2, 3), (0, 3, 4, 7), (4, 5, 6, 7))]


def _cabin(shape: Model, half: float, front: float, back: float, paint: Colour) -> list[Patch]:
    foot_front, foot_back = front - shape.nose, back + shape.tail
    top_front, top_back = foot_front - shape.rake, foot_back + 0.3 * (1 if shape.tail > 0.2 else 0.2)
    inset, belt, top = half - 0.14, shape.belt, shape.height
    patches: list[Patch] = []
    for sign in (1.0, -1.0):
        for share, colour, light in ((0.0, paint, 0.86), (0.12, _GLASS, 0.95)):
            a, b = foot_back + share * 1.6, foot_front - share * 2.2
            c, d = top_front - share * 0.9, top_back + share * 0.9
            low, high = belt + share * 0.3, top - share * 0.6
            quad = [(sign * half, a, low), (sign * half, b, low), (sign * inset, c, high), (sign * inset, d, high)]
            patches.append((quad if sign > 0 else quad[::-1], colour, light))
    screen = [(half, foot_front, belt), (-half, foot_front, belt), (-inset, top_front, top), (inset, top_front, top)]
    rear = [(-half, foot_back, belt), (half, foot_back, belt), (inset, top_back, top), (-inset, top_back, top)]
    patches += [(screen, _GLASS, 1.1), (rear, _GLASS, 0.9)]
    patches.append((_flat(-inset, inset, top_back, top_front, top), paint, 1.12))
    return patches


def _flat(left: float, right: float, back: float, front: float, z: float) -> list[tuple[float, float, float]]:
    return [(left, back, z), (right, back, z), (right, front, z), (left, front, z)]


def _upright(y: float, turn: float, half: float, low: float, high: float) -> list[tuple[float, float, float]]:
    """A face across the vehicle at `y`; `turn` +1 looks backward, -1 forward."""
    left, right = -half * turn, half * turn
    return [(left, y, low), (right, y, low), (right, y, high), (left, y, high)]


def _patch(y: float, turn: float, x: float, half: float, low: float, high: float) -> list[tuple[float, float, float]]:
    return [(px + x, py, pz) for px, py, pz in _upright(y, turn, half, low, high)]


@cache
def footprint_of(model: int) -> Floats:
    """Where a vehicle darkens the ground, (4, 3) in its own axes."""
    half, reach = MODELS[model].width / 2 + 0.08, MODELS[model].length / 2 + 0.08
    return np.array([(-half, -reach, 0.0), (half, -reach, 0.0), (half, reach, 0.0), (-half, reach, 0.0)])


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What one vehicle is like."""

    start_m: float
    model: int
    paint: Colour


class Traffic:
    """Everything that drives."""

    def __init__(self, street: Street) -> None:
        dice = Dice(street.seed)
        self.vehicles: list[Vehicle] = []
        self._rounds: list[tuple[Route, slice]] = []
        for number, points in enumerate(_ROUNDS):
            route = Route(points)
            first = len(self.vehicles)
            for index in range(_PER_ROUND):
                self.vehicles.append(_vehicle(dice, f"vehicle/{number}/{index}", index * route.length_m / _PER_ROUND))
            self._rounds.append((route, slice(first, len(self.vehicles))))
        self._start_m = np.array([vehicle.start_m for vehicle in self.vehicles])

    def at(self, t_s: float) -> tuple[Floats, Floats, Floats]:
        """x, y (m) and heading (rad clockwise from north) of every vehicle, each of shape (n,)."""
        driven_m = self._start_m + SPEED_M_S * t_s
        x, y, heading = np.empty_like(driven_m), np.empty_like(driven_m), np.empty_like(driven_m)
        for route, rows in self._rounds:
            x[rows], y[rows], heading[rows] = route.at(driven_m[rows])
        return x, y, heading


def _vehicle(dice: Dice, name: str, place_m: float) -> Vehicle:
    start_m = place_m + dice.uniform(f"{name}/start", 0.0, 36.0)
    model = dice.choice(f"{name}/model", (0, 0, 1, 1, 2))
    return Vehicle(start_m, model, dice.choice(f"{name}/paint", PAINTS))
