"""The street itself: where buildings, roads, lamps, trees and routes are. A pure function of the seed.

A main street runs east along y = 0 between two rows of houses; a pedestrian street crosses it at x = 0; a square opens
on the south side; two side streets close it at x = +-87. Metres, ENU, the ground is flat at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from csu.hal.place import Building
from sim.street.dice import Dice

Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red, 0 to 255: OpenCV's order."""

Point: TypeAlias = tuple[float, float]

NORTH_KERB_M, SOUTH_KERB_M = 5.25, -3.25
NORTH_FRONT_M, SOUTH_FRONT_M = 9.0, -7.0
LANE_M = 1.6
SIDE_STREET_M = 87.5
"""Side streets: middle at x = +-87.5."""
MASK_ABOVE_M = 2.5
"""What lies above it on a dwelling is painted with the canary (local doctrine of Metz; PRV-2)."""


class Style(Enum):
    """How a building looks."""

    HOUSE = "house"
    SHOP_BELOW = "shop_below"
    SCHOOL = "school"
    HALL = "hall"


@dataclass(frozen=True, slots=True)
class House:
    """A building and its looks. The roof is hipped and stays inside `building.height_m`."""

    building: Building
    style: Style
    wall: Colour
    trim: Colour
    roof: Colour
    eave_m: float


@dataclass(frozen=True, slots=True)
class Tree:
    """A street tree: trunk at (x, y), crown centred at `crown_m` above the ground."""

    x_m: float
    y_m: float
    crown_m: float
    radius_m: float
    leaf: Colour


@dataclass(frozen=True, slots=True)
class Lamp:
    """A street lamp: mast at (x, y), lantern `reach_m` along +y at `height_m`."""

    x_m: float
    y_m: float
    height_m: float
    reach_m: float


@dataclass(frozen=True, slots=True)
class ParkedCar:
    """A car that does not move. `heading_deg` clockwise from north."""

    x_m: float
    y_m: float
    heading_deg: float
    paint: Colour
    kind: int


@dataclass(frozen=True, slots=True)
class Street:
    """Everything that stands still, and the routes of what moves."""

    seed: int
    houses: tuple[House, ...]
    trees: tuple[Tree, ...]
    lamps: tuple[Lamp, ...]
    parked: tuple[ParkedCar, ...]
    walks: tuple[tuple[Point, ...], ...]
    """Closed routes of walkers."""

    @property
    def buildings(self) -> tuple[Building, ...]:
        """What the centre is told of the site."""
        return tuple(house.building for house in self.houses)


WALLS: tuple[Colour, ...] = (
    (150, 190, 222),
    (168, 204, 228),
    (128, 170, 206),
    (176, 214, 240),
    (140, 176, 196),
    (182, 196, 206),
    (120, 152, 200),
    (160, 196, 204),
)
_TRIMS: tuple[Colour, ...] = ((92, 104, 74), (120, 96, 70), (70, 84, 120), (96, 110, 110), (84, 66, 60))
_ROOFS: tuple[Colour, ...] = ((72, 84, 150), (64, 72, 132), (98, 96, 104), (84, 90, 118))
_LEAVES: tuple[Colour, ...] = ((62, 122, 84), (54, 110, 92), (70, 134, 78))
PAINTS: tuple[Colour, ...] = (
    (60, 50, 48),
    (200, 200, 204),
    (120, 60, 40),
    (48, 44, 150),
    (150, 140, 128),
    (96, 104, 60),
    (230, 230, 232),
)


def build_street(seed: int) -> Street:
    """The street of this seed."""
    dice = Dice(seed)
    houses = (
        *_row(dice, "north-west", -82.0, -5.0, NORTH_FRONT_M, NORTH_FRONT_M + 11.0),
        *_row(dice, "north-east", 5.0, 40.0, NORTH_FRONT_M, NORTH_FRONT_M + 11.0),
        _school(),
        *_row(dice, "north-far", 68.0, 82.0, NORTH_FRONT_M, NORTH_FRONT_M + 11.0),
        *_row(dice, "south-west", -82.0, -5.0, SOUTH_FRONT_M - 11.0, SOUTH_FRONT_M),
        *_row(dice, "south-east", 5.0, 18.0, SOUTH_FRONT_M - 11.0, SOUTH_FRONT_M),
        *_row(dice, "square", 18.0, 46.0, SOUTH_FRONT_M - 33.0, SOUTH_FRONT_M - 22.0),
        *_row(dice, "south-far", 46.0, 82.0, SOUTH_FRONT_M - 11.0, SOUTH_FRONT_M),
        *_column(dice, "passage-nw", -16.0, -5.0, 20.0, 60.0),
        *_column(dice, "passage-ne", 5.0, 16.0, 20.0, 60.0),
        *_column(dice, "passage-sw", -16.0, -5.0, -60.0, -18.0),
        *_column(dice, "passage-se", 5.0, 16.0, -60.0, -18.0),
        *_column(dice, "west-end", -104.0, -93.0, -44.0, 44.0),
        *_column(dice, "east-end", 93.0, 104.0, -44.0, 44.0),
        *_row(dice, "passage-north-end", -12.0, 12.0, 63.0, 74.0),
        *_row(dice, "passage-south-end", -12.0, 12.0, -74.0, -63.0),
        _market_hall(),
    )
    return Street(seed, houses, _trees(dice), _lamps(), _parked(dice), _walks())


def _cuts(dice: Dice, name: str, start: float, end: float) -> list[float]:
    """Where one house ends and the next begins: widths of 7 to 13 m that fill the row."""
    count = max(1, round((end - start) / 10.0))
    shares = [dice.uniform(f"{name}/width/{index}", 0.75, 1.3) for index in range(count)]
    cuts = [start]
    for share in shares:
        cuts.append(cuts[-1] + (end - start) * share / sum(shares))
    return cuts


def _row(dice: Dice, name: str, west: float, east: float, south: float, north: float) -> list[House]:
    cuts = _cuts(dice, name, west, east)
    return [
        _house(dice, f"{name}-{index}", (left, south, right, north))
        for index, (left, right) in enumerate(zip(cuts, cuts[1:], strict=False))
    ]


def _column(dice: Dice, name: str, west: float, east: float, south: float, north: float) -> list[House]:
    cuts = _cuts(dice, name, south, north)
    return [
        _house(dice, f"{name}-{index}", (west, low, east, high))
        for index, (low, high) in enumerate(zip(cuts, cuts[1:], strict=False))
    ]


def _house(dice: Dice, name: str, box: tuple[float, float, float, float]) -> House:
    floors = dice.integer(f"{name}/floors", 2, 4)
    eave_m = 0.7 + 3.0 * floors
    style = Style.SHOP_BELOW if dice.uniform(f"{name}/shop", 0, 1) < 0.35 else Style.HOUSE
    return House(
        building=Building(name, _ring(*box), 0.0, eave_m + 2.0, dwelling=True),
        style=style,
        wall=dice.choice(f"{name}/wall", WALLS),
        trim=dice.choice(f"{name}/trim", _TRIMS),
        roof=dice.choice(f"{name}/roof", _ROOFS),
        eave_m=eave_m,
    )


def _ring(west: float, south: float, east: float, north: float) -> tuple[Point, ...]:
    """Counter-clockwise, so that outward normals point right of each edge."""
    return ((west, south), (east, south), (east, north), (west, north))


def _school() -> House:
    ring = _ring(40.5, NORTH_FRONT_M + 1.0, 67.5, NORTH_FRONT_M + 12.0)
    building = Building("ecole-des-tilleuls", ring, 0.0, 9.5, dwelling=False)
    return House(building, Style.SCHOOL, (196, 206, 214), (140, 96, 60), (110, 104, 100), 8.6)


def _market_hall() -> House:
    building = Building("halle-du-marche", _ring(32.0, -24.5, 43.5, -18.0), 0.0, 6.0, dwelling=False)
    return House(building, Style.HALL, (120, 140, 120), (70, 80, 60), (96, 110, 96), 4.6)


def _trees(dice: Dice) -> tuple[Tree, ...]:
    places = [(float(x), 7.2) for x in (-74, -46, -20, 26, 78)]
    places += [(float(x), -5.6) for x in (-62, -32, 54, 76)]
    places += [(21.0, -11.0), (27.0, -11.5), (22.0, -24.0), (27.0, -26.0)]
    trees = []
    for index, (x, y) in enumerate(places):
        radius_m = dice.uniform(f"tree/{index}/radius", 1.3, 2.0)
        crown_m = dice.uniform(f"tree/{index}/crown", 3.6, 4.6)
        trees.append(Tree(x, y, crown_m, radius_m, dice.choice(f"tree/{index}/leaf", _LEAVES)))
    return tuple(trees)


def _lamps() -> tuple[Lamp, ...]:
    north = [Lamp(float(x), NORTH_KERB_M + 0.5, 6.5, -2.0) for x in range(-76, 80, 24)]
    south = [Lamp(float(x), SOUTH_KERB_M - 0.5, 6.5, 2.0) for x in range(-64, 70, 24)]
    passage = [Lamp(3.4, float(y), 5.0, 0.0) for y in (14, 30, 46, -14, -30, -46)]
    square = [Lamp(25.0, -18.0, 5.0, 0.0), Lamp(44.0, -12.0, 5.0, 0.0)]
    return (*north, *south, *passage, *square)


def _parked(dice: Dice) -> tuple[ParkedCar, ...]:
    cars = []
    for index, x in enumerate([*range(-72, -8, 6), *range(12, 76, 6)]):
        if dice.uniform(f"parked/{index}", 0, 1) < 0.55:
            paint = dice.choice(f"parked/{index}/paint", PAINTS)
            cars.append(ParkedCar(float(x), 4.2, 270.0, paint, dice.integer(f"parked/{index}/kind", 0, 2)))
    return tuple(cars)


def _loop(west: float, south: float, east: float, north: float) -> tuple[Point, ...]:
    return ((west, south), (east, south), (east, north), (west, north))


def _walks() -> tuple[tuple[Point, ...], ...]:
    return (
        _loop(-80.0, 5.9, -6.0, 8.4),
        _loop(6.0, 5.9, 80.0, 8.4),
        _loop(-80.0, -6.4, -6.0, -4.0),
        _loop(6.0, -6.4, 80.0, -4.0),
        _loop(-2.6, 10.0, 2.4, 60.0),
        _loop(-2.6, -60.0, 2.4, -8.0),
        ((19.5, -8.5), (44.0, -9.0), (45.0, -27.0), (29.5, -28.0), (20.0, -22.0)),
        ((24.0, -13.5), (29.5, -9.5), (29.5, -25.5), (24.5, -27.5)),
    )
