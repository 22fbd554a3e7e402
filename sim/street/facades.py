"""What buildings look like: walls, windows, shutters, doors, shop fronts, cornices, hipped roofs. Pure geometry.

Everything stays inside the box of `Building` (footprint, height): what sticks out of it no mask could know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from math import hypot

from sim.street.canary import CANARY_BGR
from sim.street.dice import Dice
from sim.street.openings import (
    DOOR_HALF_M,
    DOOR_TOP_M,
    WINDOW_HALF_M,
    WINDOW_LOW_M,
    WINDOW_TOP_M,
    columns,
    openings_of,
    wall_ends,
)
from sim.street.world import MASK_ABOVE_M, Colour, House, Style

Corner = tuple[float, float, float]

_FLOOR_M = 3.0
_GROUND_FLOOR_M = 3.4
_GLASS: Colour = (120, 104, 84)
_FRAME: Colour = (224, 230, 232)
_STONE: Colour = (150, 164, 172)
_SIGNS: tuple[Colour, ...] = ((60, 60, 150), (110, 80, 40), (60, 110, 60), (40, 130, 200), (80, 50, 90))


class Glow(IntEnum):
    """How a face meets the night."""

    NONE = 0
    WINDOW = 1
    """Lit from inside, or dark."""
    CANARY = 2
    """Never dimmed: the oracle must see it at any hour."""


@dataclass(frozen=True, slots=True)
class Face:
    """A flat convex face of a building. `bears_depth`: it is the wall or roof itself, not something painted on it."""

    corners: tuple[Corner, Corner, Corner, Corner]
    colour: Colour
    glow: Glow = Glow.NONE
    bears_depth: bool = False


def faces_of(house: House, dice: Dice, *, canary: bool) -> tuple[Face, ...]:
    """All faces of a house, each wall followed by what is on it. Corners counter-clockwise seen from outside."""
    faces: list[Face] = []
    for number in range(len(house.building.footprint_m)):
        faces += _Wall(house, number, dice, canary).faces()
    faces += _roof(house)
    return tuple(faces)


class _Wall:
    """One wall, drawn in its own metres: along it from the left seen from outside, and up."""

    def __init__(self, house: House, number: int, dice: Dice, canary: bool) -> None:
        self._house = house
        self._number = number
        start, end = wall_ends(house, number)
        self._start = start
        self.length_m = hypot(end[0] - start[0], end[1] - start[1])
        self._step = ((end[0] - start[0]) / self.length_m, (end[1] - start[1]) / self.length_m)
        self._dice = dice
        self._name = f"{house.building.building}/{number}"
        self._canary = canary and house.building.dwelling is not False

    def faces(self) -> Iterator[Face]:
        house = self._house
        yield self._patch(0, 0, self.length_m, house.eave_m, house.wall, bears_depth=True)
        yield self._patch(0, 0, self.length_m, 0.45, _STONE)
        if house.style is Style.SCHOOL:
            yield from self._ribbons()
        elif house.style is Style.HALL:
            yield from self._arches()
        else:
            yield from self._ground_floor()
            yield from self._upper_floors()
        yield self._above(0, house.eave_m - 0.3, self.length_m, house.eave_m, house.trim)

    def _ground_floor(self) -> Iterator[Face]:
        if self._house.style is Style.SHOP_BELOW:
            sign = self._dice.choice(f"{self._name}/sign", _SIGNS)
            yield self._patch(0.4, 0.35, self.length_m - 0.4, 2.1, _GLASS, Glow.WINDOW)
            yield self._patch(0.4, 2.1, self.length_m - 0.4, MASK_ABOVE_M, sign)
            for middle in columns(self.length_m):
                yield self._patch(middle - 0.05, 0.35, middle + 0.05, 2.1, _FRAME)
        found = openings_of(self._house, self._number, self._dice)
        if found is None:
            return
        left, right = found.door_m - DOOR_HALF_M, found.door_m + DOOR_HALF_M
        yield self._patch(left, 0, right, DOOR_TOP_M, _FRAME)
        yield self._hidden(left + 0.1, 0, right - 0.1, DOOR_TOP_M - 0.1, self._house.trim)
        for middle in found.windows_m:
            left, right = middle - WINDOW_HALF_M, middle + WINDOW_HALF_M
            yield self._patch(left, WINDOW_LOW_M, right, WINDOW_TOP_M, _FRAME)
            yield self._hidden(left + 0.1, WINDOW_LOW_M + 0.1, right - 0.1, WINDOW_TOP_M - 0.1, _GLASS, Glow.WINDOW)

    def _upper_floors(self) -> Iterator[Face]:
        house = self._house
        yield self._patch(0, _GROUND_FLOOR_M - 0.25, self.length_m, _GROUND_FLOOR_M - 0.1, _STONE)
        sill_m = _GROUND_FLOOR_M + 0.8
        while sill_m + 1.6 < house.eave_m - 0.3:
            for middle in columns(self.length_m):
                yield self._patch(middle - 0.62, sill_m - 0.12, middle + 0.62, sill_m + 1.6, _FRAME)
                for left in (middle - 1.05, middle + 0.62):
                    yield self._patch(left, sill_m, left + 0.43, sill_m + 1.5, house.trim)
                yield self._above(middle - 0.5, sill_m, middle + 0.5, sill_m + 1.5, _GLASS, Glow.WINDOW)
            sill_m += _FLOOR_M

    def _ribbons(self) -> Iterator[Face]:
        """A school: long bands of windows and a wide door."""
        for sill_m in (1.0, 4.0):
            for middle in columns(self.length_m, 3.0):
                yield self._patch(middle - 1.3, sill_m, middle + 1.3, sill_m + 1.8, _FRAME)
                for left in (middle - 1.2, middle + 0.05):
                    yield self._patch(left, sill_m + 0.1, left + 1.15, sill_m + 1.7, _GLASS, Glow.WINDOW)
        half = self.length_m / 2
        yield self._patch(half - 1.6, 0, half + 1.6, 2.9, (120, 80, 50))
        yield self._patch(half - 1.3, 0.1, half + 1.3, 2.6, _GLASS, Glow.WINDOW)
        yield self._patch(0.5, 6.5, self.length_m - 0.5, 7.2, (150, 110, 60))

    def _arches(self) -> Iterator[Face]:
        for middle in columns(self.length_m, 2.4):
            yield self._patch(middle - 0.85, 0.2, middle + 0.85, 3.0, (70, 70, 66))
            yield self._patch(middle - 0.85, 3.2, middle + 0.85, 3.9, _GLASS, Glow.WINDOW)

    def _above(
        self, left: float, low: float, right: float, high: float, colour: Colour, glow: Glow = Glow.NONE
    ) -> Face:
        """What a dwelling may only show masked because of its height: canary when it all lies above the doctrine's."""
        if low >= MASK_ABOVE_M:
            return self._hidden(left, low, right, high, colour, glow)
        return self._patch(left, low, right, high, colour, glow)

    def _hidden(
        self, left: float, low: float, right: float, high: float, colour: Colour, glow: Glow = Glow.NONE
    ) -> Face:
        """What a dwelling may only show masked, at any height: canary."""
        if self._canary:
            return self._patch(left, low, right, high, CANARY_BGR, Glow.CANARY)
        return self._patch(left, low, right, high, colour, glow)

    def _patch(
        self,
        left: float,
        low: float,
        right: float,
        high: float,
        colour: Colour,
        glow: Glow = Glow.NONE,
        *,
        bears_depth: bool = False,
    ) -> Face:
        left, right = max(left, 0.0), min(right, self.length_m)
        ends = [(self._start[0] + s * self._step[0], self._start[1] + s * self._step[1]) for s in (left, right)]
        (ax, ay), (bx, by) = ends
        return Face(((ax, ay, low), (bx, by, low), (bx, by, high), (ax, ay, high)), colour, glow, bears_depth)


def _roof(house: House) -> Iterator[Face]:
    ring = house.building.footprint_m
    height_m = house.building.height_m
    top_m = house.eave_m if height_m is None else house.building.ground_m + height_m
    middle = (sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring))
    upper = [(x + 0.42 * (middle[0] - x), y + 0.42 * (middle[1] - y)) for x, y in ring]
    count = len(ring)
    for index in range(count):
        a, b = ring[index], ring[(index + 1) % count]
        c, d = upper[(index + 1) % count], upper[index]
        tilt = 0.85 + 0.1 * (index % 2)
        colour = tuple(int(part * tilt) for part in house.roof)
        corners = ((*a, house.eave_m), (*b, house.eave_m), (*c, top_m), (*d, top_m))
        yield Face(corners, (colour[0], colour[1], colour[2]), bears_depth=True)
    if count == 4:
        a, b, c, d = upper
        yield Face(((*a, top_m), (*b, top_m), (*c, top_m), (*d, top_m)), house.roof, bears_depth=True)
