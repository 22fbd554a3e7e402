"""The ground floors of dwellings: where their doors and windows are, which the law hides at any height (PRV-1).

One source for the painter, who draws them, and for the zones that the site declares, as a person would on the map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

from csu.hal.place import MapZone, ZoneKind
from sim.street.dice import Dice
from sim.street.world import House, Point, Street, Style

PITCH_M = 2.5
"""From one opening to the next."""
DOOR_HALF_M, DOOR_TOP_M = 0.6, 2.3
WINDOW_HALF_M, WINDOW_LOW_M, WINDOW_TOP_M = 0.6, 0.95, 2.35
_DEPTH_M = 0.15
"""A zone stands that far before its facade, and goes that far into it."""
_RIM_M = 0.05
"""A person draws a little around what is to be hidden."""


@dataclass(frozen=True, slots=True)
class Openings:
    """Middles of a wall's ground-floor openings, metres from its left end seen from outside."""

    door_m: float
    windows_m: tuple[float, ...]
    """Of rooms people live in; a shop window is none."""


def columns(length_m: float, pitch_m: float = PITCH_M) -> tuple[float, ...]:
    """Middles of evenly spaced openings."""
    count = max(1, int((length_m - 0.8) / pitch_m))
    return tuple(length_m * (index + 0.5) / count for index in range(count))


def openings_of(house: House, wall: int, dice: Dice) -> Openings | None:
    """What is in wall number `wall` of a dwelling; None for a building nobody lives in."""
    if house.building.dwelling is False or house.style not in (Style.HOUSE, Style.SHOP_BELOW):
        return None
    start, end = wall_ends(house, wall)
    places = columns(hypot(end[0] - start[0], end[1] - start[1]))
    door = dice.integer(f"{house.building.building}/{wall}/door", 0, len(places) - 1)
    windows = (middle for index, middle in enumerate(places) if index != door)
    return Openings(places[door], tuple(windows) if house.style is Style.HOUSE else ())


def wall_ends(house: House, wall: int) -> tuple[Point, Point]:
    """The two corners of a wall, left one first seen from outside."""
    ring = house.building.footprint_m
    return ring[wall], ring[(wall + 1) % len(ring)]


def zones_of(street: Street) -> tuple[MapZone, ...]:
    """A zone for every door and every row of windows that stands free: what two houses share, nobody sees."""
    dice = Dice(street.seed)
    return tuple(
        zone
        for house in street.houses
        for wall in range(len(house.building.footprint_m))
        if not _is_shared(street, house, wall)
        for zone in _zones_of_wall(house, wall, dice)
    )


def _zones_of_wall(house: House, wall: int, dice: Dice) -> Iterator[MapZone]:
    found = openings_of(house, wall, dice)
    if found is None:
        return
    name = f"{house.building.building}/{wall}"
    ring = _strip(house, wall, found.door_m - DOOR_HALF_M, found.door_m + DOOR_HALF_M)
    yield MapZone(f"{name}/entrance", ZoneKind.DWELLING_ENTRANCE, ring, -_RIM_M, DOOR_TOP_M + _RIM_M)
    if found.windows_m:
        ring = _strip(house, wall, min(found.windows_m) - WINDOW_HALF_M, max(found.windows_m) + WINDOW_HALF_M)
        low, top = WINDOW_LOW_M - _RIM_M, WINDOW_TOP_M + _RIM_M
        yield MapZone(f"{name}/windows", ZoneKind.DWELLING_INTERIOR, ring, low, top)


def _strip(house: House, wall: int, left_m: float, right_m: float) -> tuple[Point, ...]:
    """A thin rectangle along a wall."""
    (ax, ay), (bx, by) = wall_ends(house, wall)
    length_m = hypot(bx - ax, by - ay)
    along = ((bx - ax) / length_m, (by - ay) / length_m)
    outward = (along[1], -along[0])
    corners = (
        (left_m - _RIM_M, -_DEPTH_M),
        (right_m + _RIM_M, -_DEPTH_M),
        (right_m + _RIM_M, _DEPTH_M),
        (left_m - _RIM_M, _DEPTH_M),
    )
    return tuple((ax + s * along[0] + t * outward[0], ay + s * along[1] + t * outward[1]) for s, t in corners)


def _is_shared(street: Street, house: House, wall: int) -> bool:
    """Does the middle of this wall lie in another building, or on its edge?"""
    (ax, ay), (bx, by) = wall_ends(house, wall)
    x, y = (ax + bx) / 2, (ay + by) / 2
    for other in street.houses:
        if other is house:
            continue
        xs, ys = zip(*other.building.footprint_m, strict=True)
        if min(xs) - 0.01 <= x <= max(xs) + 0.01 and min(ys) - 0.01 <= y <= max(ys) + 0.01:
            return True
    return False
