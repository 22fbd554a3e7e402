"""Shapes of what stands or drives: cars, vans, buses, two-wheelers, bags, benches, posts, bins."""

from __future__ import annotations

from dataclasses import dataclass, field

from csu.detection.evaluation.scenes.actors import Make
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.solids import Colour, Solid

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
SIZE_M: dict[Make, tuple[float, float, float]] = {
    Make.CAR: (4.3, 1.78, 1.48),
    Make.VAN: (5.4, 2.0, 2.35),
    Make.BUS: (12.0, 2.55, 3.1),
    Make.TRUCK: (8.2, 2.5, 3.4),
    Make.BICYCLE: (1.75, 0.5, 1.05),
    Make.MOTORCYCLE: (2.1, 0.75, 1.1),
}
"""Long, wide, high: common European sizes; of two-wheelers without the rider."""


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
class Wares:
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
