"""Where the cameras of the street hang, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan2, degrees, hypot

import numpy as np

from csu.hal.camera import ViewType
from csu.hal.frame_mark import TOP_SHARE
from csu.hal.place import Pose
from sim.street.dice import Dice
from sim.street.lens import SHIFT, lens_of, project_quads
from sim.street.openings import zones_of
from sim.street.order import Floats
from sim.street.world import MASK_ABOVE_M, Point, Street

REFERENCE_WIDTH_PX, REFERENCE_HEIGHT_PX = 640, 360
"""Poses below are for this size; `posts` makes them fit another."""

MARK_CLEARANCE_PX = 32
"""Two 16-px cells of a mask: no dwelling above the doctrine's height comes nearer to the frame mark than this."""


@dataclass(frozen=True, slots=True)
class Post:
    """One camera of the street."""

    number: int
    name: str
    commune: str
    view: ViewType
    ptz: bool
    pose: Pose


_VALMONT, _SAINT_ELOI = "Valmont-sur-Seille", "Saint-Éloi-lès-Valmont"
_WIDE, _NARROW, _TRAFFIC = ViewType.WIDE, ViewType.NARROW, ViewType.TRAFFIC
_POSTS = (
    Post(1, "Rue des Tanneurs, ouest", _VALMONT, _WIDE, False, Pose(-39.0, 2.5, 6.5, 100.0, -14.0, 0.0, 520.0)),
    Post(2, "Rue des Tanneurs, est", _VALMONT, _WIDE, False, Pose(29.0, -3.5, 6.0, 287.0, -13.5, 0.0, 500.0)),
    Post(3, "Place du Marché", _VALMONT, _WIDE, False, Pose(42.0, -10.5, 6.5, 240.0, -14.0, 0.0, 430.0)),
    Post(4, "Carrefour de la Teinturerie", _VALMONT, _TRAFFIC, True, Pose(4.5, -3.2, 7.5, 308.0, -20.0, 0.0, 450.0)),
    Post(5, "Passage de la Teinturerie", _VALMONT, _NARROW, False, Pose(0.0, 2.0, 5.5, 354.0, -15.0, 0.0, 560.0)),
    Post(6, "Rue des Tanneurs, pont", _SAINT_ELOI, _TRAFFIC, False, Pose(-79.0, -0.5, 7.0, 78.0, -13.0, 0.0, 600.0)),
    Post(7, "École des Tilleuls", _SAINT_ELOI, _NARROW, False, Pose(47.0, -3.9, 6.0, 18.0, -13.0, 0.0, 440.0)),
    Post(8, "Rue de la Gare", _SAINT_ELOI, _TRAFFIC, True, Pose(79.0, 3.0, 6.5, 258.0, -14.0, 0.0, 560.0)),
)

_STREETS = ("Rue des Tanneurs", "Quai des Tilleuls", "Rue du Lavoir", "Rue de la Gare", "Allée des Mésanges")
_COMMUNES = ("Valmont-sur-Seille", "Saint-Éloi-lès-Valmont", "Bréhain-la-Côte", "Morlange")


def posts(
    street: Street, count: int, width_px: int = REFERENCE_WIDTH_PX, height_px: int = REFERENCE_HEIGHT_PX
) -> tuple[Post, ...]:
    """`count` cameras: the eight of the demonstration, then others along the kerbs, the same for the same seed.

    Poses are for pictures of this size: the same angle across, whatever the width.
    """
    hidden = sensitive_quads(street)
    made = [_POSTS[index] if index < len(_POSTS) else _extra(street, index + 1, hidden) for index in range(count)]
    scale = width_px / REFERENCE_WIDTH_PX
    fitted = [replace(post.pose, focal_px=post.pose.focal_px * scale) for post in made]
    return tuple(
        replace(post, pose=settled(pose, hidden, width_px, height_px), view=_lawful(post.view, width_px, height_px))
        for post, pose in zip(made, fitted, strict=True)
    )


def _lawful(view: ViewType, width_px: int, height_px: int) -> ViewType:
    """A camera whose picture is too small for a narrow view is declared as a wide one (arrêté du 3 août 2007)."""
    is_fine = width_px >= 704 and height_px >= 576
    return view if view is not ViewType.NARROW or is_fine else ViewType.WIDE


_TRIES = 24
"""Places looked at for one more camera before the last one is taken as it is."""


def _extra(street: Street, number: int, hidden: Floats) -> Post:
    dice = Dice(street.seed)
    name = f"post/{number}"
    for attempt in range(_TRIES):
        pose = _kerbside(dice, f"{name}/{attempt}")
        pose = settled(pose, hidden, REFERENCE_WIDTH_PX, REFERENCE_HEIGHT_PX)
        if pose.tilt_deg > -22.0 and _is_open(street, pose):
            break
    place = f"{dice.choice(f'{name}/street', _STREETS)}, n° {number}"
    return Post(number, place, dice.choice(f"{name}/commune", _COMMUNES), ViewType.WIDE, number % 4 == 0, pose)


def _kerbside(dice: Dice, name: str) -> Pose:
    """On an arm over the main street, looking along it and a little across."""
    x_m = dice.uniform(f"{name}/x", -78.0, 78.0)
    north, eastward = dice.integer(f"{name}/side", 0, 1) == 1, x_m < 0
    across_deg = dice.uniform(f"{name}/across", 0.0, 16.0) * (1 if north == eastward else -1)
    return Pose(
        x_m,
        2.5 if north else -0.5,
        dice.uniform(f"{name}/z", 5.5, 7.5),
        (90.0 if eastward else 270.0) + across_deg,
        dice.uniform(f"{name}/tilt", -15.0, -12.0),
        0.0,
        dice.uniform(f"{name}/focal", 480.0, 640.0),
    )


def _is_open(street: Street, pose: Pose) -> bool:
    """Is no tree or lamp mast close before the lens?"""
    places = [(tree.x_m, tree.y_m) for tree in street.trees] + [(lamp.x_m, lamp.y_m) for lamp in street.lamps]
    for x_m, y_m in places:
        east, north = x_m - pose.x_m, y_m - pose.y_m
        aside_deg = (degrees(atan2(east, north)) - pose.pan_deg + 180.0) % 360.0 - 180.0
        if hypot(east, north) < 9.0 and abs(aside_deg) < 42.0:
            return False
    return True


def settled(pose: Pose, hidden: Floats, width_px: int, height_px: int) -> Pose:
    """The pose, tilted down just enough that nothing `hidden` (quads that are to be masked) is near the frame mark."""
    lowest = -60.0
    while not mark_is_clear(pose, hidden, width_px, height_px) and pose.tilt_deg > lowest:
        pose = replace(pose, tilt_deg=pose.tilt_deg - 0.5)
    return pose


def mark_is_clear(pose: Pose, hidden: Floats, width_px: int, height_px: int) -> bool:
    """Is the frame mark, with its clearance, free of what a mask would cover? `hidden`: see `sensitive_quads`."""
    strip_px = height_px * TOP_SHARE - height_px / 60 - MARK_CLEARANCE_PX
    lens = lens_of(pose, width_px, height_px)
    polygons = project_quads(lens, hidden)[0]
    return not any(_reaches(polygon / (1 << SHIFT), width_px, strip_px) for polygon in polygons)


def _reaches(polygon: Floats, width_px: int, strip_px: float) -> bool:
    """Does the polygon have a point below `strip_px` within the picture's width and the clearance beside it?"""
    left, right = -float(MARK_CLEARANCE_PX), width_px + float(MARK_CLEARANCE_PX)
    rows = []
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        for edge in (left, right):
            if (a[0] < edge) != (b[0] < edge):
                rows.append(a[1] + (edge - a[0]) / (b[0] - a[0]) * (b[1] - a[1]))
        if left <= a[0] <= right:
            rows.append(a[1])
    return bool(rows) and max(rows) >= strip_px


BALCONY_M = 1.5
"""How far before a facade a dwelling may reach: the engine masks as much (notes on vision, section 6)."""


def sensitive_quads(street: Street) -> Floats:
    """What an engine may cover: dwellings with balconies from the doctrine's height to the top, doors and windows.

    (n, 4, 3) world metres: upright faces only; a roof never comes lower in a picture than the wall under it.
    """
    quads = []
    for building in street.buildings:
        if building.dwelling is False or building.height_m is None:
            continue
        low, top = building.ground_m + MASK_ABOVE_M, building.ground_m + building.height_m
        quads += _sides(_wider(building.footprint_m), low, top)
    for zone in zones_of(street):
        quads += _sides(zone.ring_m, zone.low_m, zone.high_m)
    return np.array(quads).reshape(-1, 4, 3)


def _wider(ring: tuple[Point, ...]) -> tuple[Point, ...]:
    """The box around a footprint, with balconies on all sides."""
    xs, ys = zip(*ring, strict=True)
    west, south, east, north = min(xs) - BALCONY_M, min(ys) - BALCONY_M, max(xs) + BALCONY_M, max(ys) + BALCONY_M
    return ((west, south), (east, south), (east, north), (west, north))


def _sides(ring: tuple[Point, ...], low_m: float, top_m: float) -> list[list[tuple[float, float, float]]]:
    following = (*ring[1:], ring[0])
    return [[(*a, low_m), (*b, low_m), (*b, top_m), (*a, top_m)] for a, b in zip(ring, following, strict=True)]
