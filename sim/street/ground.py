"""What lies flat on the ground: carriageways, pavements, lane marks, crossings, the square. Pure geometry."""

from __future__ import annotations

from dataclasses import dataclass

from sim.street.world import NORTH_FRONT_M, NORTH_KERB_M, SIDE_STREET_M, SOUTH_FRONT_M, SOUTH_KERB_M, Colour

Rectangle = tuple[float, float, float, float]
"""West, south, east, north (m)."""

EARTH: Colour = (104, 116, 116)
_ASPHALT: Colour = (92, 88, 86)
_PARKING: Colour = (104, 98, 94)
_PAVEMENT: Colour = (158, 166, 170)
_KERB: Colour = (186, 192, 194)
_COBBLE: Colour = (128, 146, 160)
_SQUARE: Colour = (146, 166, 182)
_JOINT: Colour = (128, 146, 160)
_PAINT: Colour = (226, 228, 228)
_LAWN: Colour = (74, 130, 92)


@dataclass(frozen=True, slots=True)
class Flat:
    """A rectangle of one colour at z = 0; later ones lie over earlier ones."""

    box: Rectangle
    colour: Colour


def flats() -> tuple[Flat, ...]:
    """All of it, in the order of painting."""
    end = SIDE_STREET_M + 4.0
    found = [
        Flat((-end, SOUTH_FRONT_M, end, NORTH_FRONT_M + 1.5), _PAVEMENT),
        *(Flat((sign * SIDE_STREET_M - 6.0, -62.0, sign * SIDE_STREET_M + 6.0, 62.0), _PAVEMENT) for sign in (-1, 1)),
        Flat((-5.0, NORTH_FRONT_M, 5.0, 63.0), _COBBLE),
        Flat((-5.0, -63.0, 5.0, SOUTH_FRONT_M), _COBBLE),
        Flat((18.0, -29.0, 46.0, SOUTH_FRONT_M), _SQUARE),
    ]
    found += [Flat((-0.5, y, 0.5, y + 40.0), _JOINT) for y in (12.0, -60.0)]
    found += [Flat((18.0, y, 46.0, y + 0.12), _JOINT) for y in range(-28, -7, 3)]
    found += [Flat((x, -29.0, x + 0.12, SOUTH_FRONT_M), _JOINT) for x in range(20, 46, 3)]
    found.append(Flat((20.0, -25.5, 25.5, -15.5), _LAWN))
    for sign in (-1, 1):
        found.append(Flat((sign * SIDE_STREET_M - 3.5, -62.0, sign * SIDE_STREET_M + 3.5, 62.0), _ASPHALT))
    found.append(Flat((-SIDE_STREET_M, SOUTH_KERB_M, SIDE_STREET_M, NORTH_KERB_M), _KERB))
    found.append(Flat((-SIDE_STREET_M, SOUTH_KERB_M + 0.15, SIDE_STREET_M, NORTH_KERB_M - 0.15), _ASPHALT))
    for west, east in ((-80.0, -9.0), (9.0, 80.0)):
        found.append(Flat((west, 3.2, east, NORTH_KERB_M - 0.15), _PARKING))
        found += [
            Flat((float(x), 3.2, float(x) + 0.1, NORTH_KERB_M - 0.15), _PAINT) for x in range(int(west), int(east), 6)
        ]
        found += [Flat((float(x), -0.06, float(x) + 1.5, 0.06), _PAINT) for x in range(int(west), int(east), 5)]
    found += [
        Flat((x, SOUTH_KERB_M + 0.3, x + 0.5, NORTH_KERB_M - 0.3), _PAINT) for x in (-2.7, -1.7, -0.7, 0.3, 1.3, 2.3)
    ]
    found += [Flat((x, -3.0 if x > 0 else -0.1, x + 0.35, -0.1 if x < 0 else 3.0), _PAINT) for x in (-4.6, 4.4)]
    return tuple(found)
