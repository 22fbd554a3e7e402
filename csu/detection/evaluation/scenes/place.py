"""What stands where a clip plays: ground in bands, facades, things that do not move. Metres of the site."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Spot = tuple[float, float]


class Ground(StrEnum):
    ASPHALT = "asphalt"
    PAVING = "paving"
    KERB = "kerb"
    GRASS = "grass"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Band:
    """Ground between two corners of a rectangle. Later bands lie over earlier ones."""

    ground: Ground
    low: Spot
    high: Spot
    dashed_m: float = 0.0
    """Of a MARK along y (or x, the longer way): paint and gap, each this long; 0: whole."""


@dataclass(frozen=True, slots=True)
class Wall:
    """A row of houses from one spot to another."""

    start: Spot
    end: Spot
    height_m: float
    seed: int


class Kind(StrEnum):
    """Things that do not move."""

    POST = "post"
    BENCH = "bench"
    TREE = "tree"
    BIN = "bin"
    CAR = "car"
    VAN = "van"
    BOLLARD = "bollard"
    NEON = "neon"
    FLAGPOLE = "flagpole"


@dataclass(frozen=True, slots=True)
class Thing:
    kind: Kind
    at: Spot
    turn_deg: float = 0.0
    """The way its front looks, clockwise from north."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """`sun_deg`: where the sun stands, clockwise from north. `shades`: rectangles of ground in a wall's shade, by two
    corners each."""

    name: str
    base: Ground
    bands: tuple[Band, ...]
    walls: tuple[Wall, ...]
    things: tuple[Thing, ...] = ()
    shades: tuple[tuple[Spot, Spot], ...] = ()
    sun_deg: float = 235.0
    seed: int = 1
    puddle: Spot = (0.5, 22.0)
    """Where water stands when the ground is wet."""


def street(seed: int = 1) -> Place:
    """A street of houses along y: two lanes, pavements, parked cars on one side."""
    bands = (
        Band(Ground.ASPHALT, (-4.0, -50), (4.0, 300)),
        Band(Ground.KERB, (-4.25, -50), (-4.0, 300)),
        Band(Ground.KERB, (4.0, -50), (4.25, 300)),
        Band(Ground.MARK, (-0.07, -50), (0.07, 300), 3.0),
        *(Band(Ground.MARK, (x, 12.0), (x + 0.5, 15.0)) for x in (-3.7, -2.7, -1.7, -0.7, 0.3, 1.3, 2.3, 3.3)),
    )
    walls = (
        Wall((-8.0, 300), (-8.0, -5), 13.0, 11 + seed),
        Wall((9.0, -5), (9.0, 300), 12.0, 29 + seed),
        Wall((-40, 160), (40, 160), 18.0, 41 + seed),
    )
    things = (
        *(Thing(Kind.POST, (-5.0, y)) for y in (16.0, 34.0, 52.0, 70.0)),
        *(Thing(Kind.CAR, (-3.0, y), 0.0, seed + n) for n, y in enumerate((38.0, 44.0, 56.0, 62.0))),
        Thing(Kind.TREE, (6.6, 46.0), 0, 3),
        Thing(Kind.TREE, (6.6, 60.0), 0, 4),
    )
    return Place("street", Ground.PAVING, bands, walls, things, (((-8.0, -5.0), (-3.4, 300)),), 250.0, seed)


def square(seed: int = 2) -> Place:
    """A paved square between houses, with benches, trees and a lawn at its side."""
    bands = (
        Band(Ground.ASPHALT, (-60, 42), (60, 50)),
        Band(Ground.KERB, (-60, 41.7), (60, 42)),
        Band(Ground.GRASS, (-26, 30), (-12, 40)),
        Band(Ground.KERB, (-12.2, 30), (-12, 40)),
    )
    walls = (
        Wall((-60, 56), (60, 56), 15.0, 7 + seed),
        Wall((-30, -10), (-30, 42), 12.0, 17 + seed),
        Wall((30, 42), (30, -10), 12.0, 27 + seed),
    )
    things = (
        Thing(Kind.BENCH, (-7.0, 27.0), 160.0),
        Thing(Kind.BENCH, (8.5, 30.0), 200.0),
        Thing(Kind.TREE, (-10.0, 36.0), 0, 1),
        Thing(Kind.TREE, (12.0, 37.0), 0, 2),
        Thing(Kind.POST, (-4.0, 38.0)),
        Thing(Kind.POST, (7.0, 40.0)),
        Thing(Kind.CAR, (-14.0, 44.5), 90.0, seed),
        Thing(Kind.VAN, (14.0, 44.5), 90.0, seed + 1),
    )
    return Place("square", Ground.PAVING, bands, walls, things, (((-30, -10), (-19, 42)),), 262.0, seed)


def avenue(seed: int = 3) -> Place:
    """An avenue across the view, along x: four lanes between y 18 and y 32, a cycle lane and pavements."""
    bands = (
        Band(Ground.ASPHALT, (-200, 18), (200, 32)),
        Band(Ground.KERB, (-200, 17.75), (200, 18)),
        Band(Ground.KERB, (-200, 32), (200, 32.25)),
        Band(Ground.MARK, (-200, 24.93), (200, 25.07)),
        Band(Ground.MARK, (-200, 21.4), (200, 21.53), 3.0),
        Band(Ground.MARK, (-200, 28.4), (200, 28.53), 3.0),
        Band(Ground.ASPHALT, (-200, 14.0), (200, 16.0)),
    )
    walls = (Wall((-200, 39), (200, 39), 14.0, 5 + seed),)
    things = (
        *(Thing(Kind.POST, (x, 33.0)) for x in (-24.0, -2.0, 20.0)),
        *(Thing(Kind.TREE, (x, 35.0), 0, n) for n, x in enumerate((-14.0, 9.0, 31.0))),
    )
    return Place("avenue", Ground.PAVING, bands, walls, things, (), 200.0, seed)
