"""Everything that stands still, as arrays ready to paint: built once for a street, used by every camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from sim.street.dice import Dice
from sim.street.facades import Face, Glow, faces_of
from sim.street.ground import EARTH, flats
from sim.street.order import Floats, Hiding
from sim.street.vehicles import MODELS, body_of, placed
from sim.street.world import Lamp, Street, Tree, build_street

SUN_AZIMUTH_DEG, SUN_HEIGHT_DEG = 215.0, 56.0
LIT_BGR = (96, 190, 248)
"""A window lit from inside at night."""

_LIT_SHARE = 0.35
_FAR_M = 3000.0
_SOLIDS_MAX = 254
"""Their marks are bytes in `Backdrop.owner`."""


@dataclass(frozen=True, slots=True)
class Solid:
    """Something that can hide something else. Either faces (rows of `Scenery.quads`), a tree or a lamp."""

    footprint: Floats
    rows: slice
    tree: Tree | None = None
    lamp: Lamp | None = None


@dataclass(frozen=True, slots=True)
class Scenery:
    """Arrays over faces: quads (n, 4, 3), normals (n, 3), colours (n, 3) BGR, glows (n,), bears_depth (n,).

    `bears_depth`: the face is part of the solid's outside, not something painted on it.
    """

    street: Street
    solids: tuple[Solid, ...]
    quads: Floats
    normals: Floats
    colours: Floats
    glows: NDArray[np.intp]
    bears_depth: NDArray[np.bool_]
    ground: Floats
    ground_colours: Floats
    shadows: Floats
    lanterns: Floats
    """(k, 3): where lamps shine from."""
    hiding: Hiding


@lru_cache(maxsize=4)
def scenery_of(seed: int, *, night: bool, canary: bool) -> Scenery:
    """The scenery of a street."""
    street = build_street(seed)
    dice = Dice(seed)
    faces: list[Face] = []
    solids: list[Solid] = []
    for house in street.houses:
        first = len(faces)
        faces += faces_of(house, dice, canary=canary)
        solids.append(Solid(np.array(house.building.footprint_m), slice(first, len(faces))))
    quads = np.array([face.corners for face in faces])
    colours = _lit(faces, quads, dice, night=night)
    glows = np.array([face.glow for face in faces], np.intp)
    depths = np.array([face.bears_depth for face in faces])
    quads, colours, glows, depths, cars = _with_parked(street, quads, colours, glows, depths)
    solids += cars
    solids += [Solid(_disc(tree.x_m, tree.y_m, 0.3), slice(0, 0), tree=tree) for tree in street.trees]
    solids += [Solid(_disc(lamp.x_m, lamp.y_m, 0.1), slice(0, 0), lamp=lamp) for lamp in street.lamps]
    if len(solids) > _SOLIDS_MAX:
        raise ValueError(f"{len(solids)} solids do not fit in a byte")
    ground = [_flat((-_FAR_M, -_FAR_M, _FAR_M, _FAR_M)), *(_flat(flat.box) for flat in flats())]
    lanterns = np.array([(lamp.x_m, lamp.y_m + lamp.reach_m, lamp.height_m) for lamp in street.lamps])
    return Scenery(
        street=street,
        solids=tuple(solids),
        quads=quads,
        normals=_normals(quads),
        colours=colours,
        glows=glows,
        bears_depth=depths,
        ground=np.array(ground),
        ground_colours=np.array([EARTH, *(flat.colour for flat in flats())], float),
        shadows=_shadows(street),
        lanterns=lanterns,
        hiding=Hiding([solid.footprint for solid in solids]),
    )


def _normals(quads: Floats) -> Floats:
    normals = np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 0])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(normals / np.maximum(length, 1e-9), np.float64)


def _lit(faces: list[Face], quads: Floats, dice: Dice, *, night: bool) -> Floats:
    """Colours in daylight: walls by the way they face, panes each a little different."""
    azimuth, height = radians(SUN_AZIMUTH_DEG), radians(SUN_HEIGHT_DEG)
    sun = np.array([sin(azimuth) * cos(height), cos(azimuth) * cos(height), sin(height)])
    facing = np.clip(_normals(quads) @ sun, 0.0, 1.0)
    colours = np.array([face.colour for face in faces], float)
    shaded = colours * (0.74 + 0.34 * facing)[:, None]
    for index, face in enumerate(faces):
        if face.glow is Glow.CANARY:
            shaded[index] = face.colour
        elif face.glow is Glow.WINDOW:
            lit = night and dice.uniform(f"pane/{index}/lit", 0, 1) < _LIT_SHARE
            shaded[index] = LIT_BGR if lit else colours[index] * dice.uniform(f"pane/{index}", 0.75, 1.3)
    return np.asarray(np.clip(shaded, 0, 255), np.float64)


def _with_parked(
    street: Street, quads: Floats, colours: Floats, glows: NDArray[np.intp], depths: NDArray[np.bool_]
) -> tuple[Floats, Floats, NDArray[np.intp], NDArray[np.bool_], list[Solid]]:
    solids = []
    for car in street.parked:
        body = body_of(car.kind, car.paint)
        shape = MODELS[car.kind]
        first = len(quads)
        quads = np.concatenate([quads, placed(body.quads, car.x_m, car.y_m, radians(car.heading_deg))])
        colours = np.concatenate([colours, body.shades])
        glows = np.concatenate([glows, np.zeros(len(body.quads), np.intp)])
        depths = np.concatenate([depths, np.ones(len(body.quads), bool)])
        half = shape.length / 2, shape.width / 2
        ring = np.array(
            [
                (car.x_m - half[0], car.y_m - half[1]),
                (car.x_m + half[0], car.y_m - half[1]),
                (car.x_m + half[0], car.y_m + half[1]),
                (car.x_m - half[0], car.y_m + half[1]),
            ]
        )
        solids.append(Solid(ring, slice(first, len(quads))))
    return quads, colours, glows, depths, solids


def _disc(x: float, y: float, radius: float) -> Floats:
    return np.array(
        [(x - radius, y - radius), (x + radius, y - radius), (x + radius, y + radius), (x - radius, y + radius)]
    )


def _flat(box: tuple[float, float, float, float]) -> list[tuple[float, float, float]]:
    west, south, east, north = box
    return [(west, south, 0.0), (east, south, 0.0), (east, north, 0.0), (west, north, 0.0)]


def _shadows(street: Street) -> Floats:
    """Quads of shade on the ground, (n, 4, 3): each footprint swept along the sun's rays."""
    azimuth, reach = radians(SUN_AZIMUTH_DEG), 1.0 / np.tan(radians(SUN_HEIGHT_DEG))
    away = np.array([-sin(azimuth), -cos(azimuth)]) * reach
    quads: list[list[tuple[float, float, float]]] = []
    for house in street.houses:
        shift = away * (house.eave_m + 0.6)
        ring = np.array(house.building.footprint_m)
        for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            quads.append([(*a, 0.0), (*b, 0.0), (*(b + shift), 0.0), (*(a + shift), 0.0)])
        quads.append([(*corner, 0.0) for corner in ring + shift])
    for tree in street.trees:
        x, y = np.array([tree.x_m, tree.y_m]) + away * tree.crown_m
        for turn in (0.0, 0.4, 0.8, 1.2):
            corners = [
                (x + tree.radius_m * cos(turn + k * 1.5708), y + tree.radius_m * sin(turn + k * 1.5708))
                for k in range(4)
            ]
            quads.append([(*corner, 0.0) for corner in corners])
    for car in street.parked:
        shape = MODELS[car.kind]
        quads.append(
            _flat((car.x_m - shape.length / 2, car.y_m - 0.9, car.x_m + shape.length / 2 + 0.4, car.y_m + 1.2))
        )
    return np.array(quads)
