"""A town around a camera: what is near as it is, what is far as a band of walls that hides at least as much.

Of 20,000 buildings a camera sees a hundred in detail; projecting all of them for each picture takes a second. The far
ones become walls around the camera. Why nothing is lost: every forbidden point has a point of a wall on the same ray
from the told place, and nearer. Such a point is drawn at the same spot of the picture and gets margins at least as wide
(`csu.masking.margins`: const + near / z), so whatever pose within bounds shows the one, the cover holds it
(docs/decisions/0027).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import heapify, heappop, heappush
from itertools import chain
from math import isfinite, tau

import numpy as np
import shapely
from numpy.typing import NDArray

from csu.hal.place import Building, MapZone, PictureZone, Pose, Zone
from csu.hal.view_geometry import Floats
from csu.masking.geometry import Quads
from csu.masking.margins import PLACE_M_MAX
from csu.masking.surfaces import BALCONY_M, MITRE_MAX, UNLIMITED_HEIGHT_M, Surfaces, forbidden_surfaces

EXACT_UP_TO = 200
"""So many buildings and zones are all taken as they are."""

EXACT_M = 150.0
"""What comes nearer than this is taken as it is, the nearest first, while there are no more than `EXACT_QUADS`."""
EXACT_QUADS = 350
EXACT_LEAST_M = 30.0
"""What comes nearer than this is taken as it is however much that is, and more where the place is not well known."""
_EXACT_BOUNDS = 20.0
"""... namely so many times the bound of the place: a wall further off than that is moved little by it."""

WALLS_MAX = 150
"""Walls of the band, all around."""
_BINS = 1800
"""Directions that are told apart: 0.2 degrees, 5 pixels with a focal length of 1,300."""
_WALL_BINS_MAX = 50
_RINGS_M = (120.0, 240.0, 600.0)
"""Far buildings are taken together with those about as far: a street behind a low house stays in sight."""
_TOLERANCE = 1e-6
"""Neighbours that hide this much more as one wall (in focal lengths squared: 0.06 degrees squared) become one."""
_PIECE_SHARE = 8.0
_PIECES_MAX = 256
"""Long facades are taken in pieces of an eighth of their distance."""
_SLACK = 1e-9
"""For what arithmetic rounds off, in radians and in shares."""
_FAR_M_MAX = 1e8
"""What reaches further, where numbers lose their millimetres, is taken as it is."""
_PLACE_STEP_M = 0.002
"""Readings of a mount at one place differ by less."""

Place = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class _Solids:
    """Prisms, as wide as `forbidden_surfaces` makes them. ends: (m, 4), ax ay bx by of each edge of their outlines;
    owner: (m,) of which prism; low_m, top_m: (n,). Unusable data: BuildingUnusable."""

    items: tuple[Building | MapZone, ...]
    ends: Floats
    owner: NDArray[np.intp]
    low_m: Floats
    top_m: Floats
    mask_above_m: float


class Surroundings:
    """All that no picture of one camera may show, where that is much. Raises BuildingUnusable.

    What is made for a place is kept until the camera is told to stand further from it than its place is known.
    """

    def __init__(
        self, buildings: Sequence[Building], zones: Sequence[Zone], mask_above_m: float, position_m: float
    ) -> None:
        on_map = tuple(zone for zone in zones if isinstance(zone, MapZone))
        self._drawn = tuple(zone for zone in zones if isinstance(zone, PictureZone))
        forbidden_surfaces((), self._drawn, mask_above_m)  # raises now what it would raise later
        self._solids = _solids(tuple(buildings), on_map, mask_above_m)
        self._position_m = position_m
        self._made: tuple[Place, Surfaces] | None = None

    def seen_along(self, path: Sequence[Pose]) -> tuple[tuple[Pose, ...], Surfaces, float] | None:
        """What to draw for a path (at least one pose, finite): the path as from one place, what stands around that
        place, and by how many metres more than told the truth may be beside it. None: no place on a map."""
        place = (path[0].x_m, path[0].y_m, path[0].z_m)
        if max(map(abs, place)) > PLACE_M_MAX:
            return None
        if self._made is None or not _apart_m(place, self._made[0]) <= max(self._position_m, _PLACE_STEP_M):
            self._made = place, surfaces_around(self._solids, place, self._position_m, self._drawn)
        place, surfaces = self._made
        off_m = max(_apart_m((pose.x_m, pose.y_m, pose.z_m), place) for pose in path)
        return tuple(replace(pose, x_m=place[0], y_m=place[1], z_m=place[2]) for pose in path), surfaces, off_m


def _apart_m(a: Place, b: Place) -> float:
    return max(abs(at - to) for at, to in zip(a, b, strict=True))


@lru_cache(maxsize=2)
def _solids(buildings: tuple[Building, ...], zones: tuple[MapZone, ...], mask_above_m: float) -> _Solids:
    """Of a whole town; the cameras of a process share it."""
    items: list[Building | MapZone] = []
    spans: list[tuple[float, float]] = []
    for building in buildings:
        if building.dwelling is not False:
            height, ground = building.height_m, building.ground_m
            known = height is not None and isfinite(height)
            items.append(building)
            spans.append(
                (ground + mask_above_m, ground + (height if known and height is not None else UNLIMITED_HEIGHT_M))
            )
    items += zones
    spans += [(zone.low_m, zone.high_m) for zone in zones]
    heights = np.array(spans, np.float64).reshape(-1, 2)
    counts = np.array([len(_ring(item)) for item in items], np.intp)
    points = np.array(list(chain.from_iterable(map(_ring, items))), np.float64).reshape(-1, 2)
    of = np.repeat(np.arange(len(items)), counts)
    usable = (counts >= 3) & np.isfinite(heights).all(axis=1)
    usable[of[~np.isfinite(points).all(axis=1)]] = False
    high = heights[:, 0] < heights[:, 1]
    plain = usable & high
    areas, number = _outlines(points[plain[of]], of[plain[of]], np.flatnonzero(plain), items)
    found = [_edges(areas, number)]
    done = usable & ~high & (np.arange(len(items)) < len(items) - len(zones))  # lower than is masked
    done[number] = True
    for index in np.flatnonzero(~done).tolist():  # crosses itself, or cannot be used
        found.append(_edges_of_odd(items[index], index, mask_above_m))
    ends, owner = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _Solids(tuple(items), ends, owner, heights[:, 0], heights[:, 1], mask_above_m)


def _ring(item: Building | MapZone) -> tuple[tuple[float, float], ...]:
    return item.footprint_m if isinstance(item, Building) else item.ring_m


def _outlines(
    points: Floats, of: NDArray[np.intp], which: NDArray[np.intp], items: Sequence[Building | MapZone]
) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """The valid ones as shapes, dwellings with room for balconies, and which items they are."""
    areas = shapely.polygons(shapely.linearrings(points, indices=np.searchsorted(which, of))) if len(which) else which
    areas = np.asarray(areas, np.object_)
    valid = shapely.is_valid(areas) & (shapely.area(areas) > 0)
    areas, which = areas[valid], which[valid]
    wide = np.array([isinstance(items[index], Building) for index in which.tolist()], np.bool_)
    areas[wide] = shapely.buffer(areas[wide], BALCONY_M, join_style="mitre", mitre_limit=MITRE_MAX)
    return areas, which


def _edges(areas: NDArray[np.object_], number: NDArray[np.intp]) -> tuple[Floats, NDArray[np.intp]]:
    """The edges around shapes without their courtyards, and of which item each is."""
    points, of = shapely.get_coordinates(shapely.get_exterior_ring(areas), return_index=True)
    joined = of[1:] == of[:-1]
    return np.hstack([points[:-1], points[1:]])[joined], number[of[:-1][joined]]


def _edges_of_odd(item: Building | MapZone, index: int, mask_above_m: float) -> tuple[Floats, NDArray[np.intp]]:
    """Every edge of what `forbidden_surfaces` makes of it."""
    buildings, zones = ((item,), ()) if isinstance(item, Building) else ((), (item,))
    made = forbidden_surfaces(buildings, zones, mask_above_m)
    corners = made.quads[:, :, :2]
    ends = np.concatenate([corners, np.roll(corners, -1, axis=1)], axis=2).reshape(-1, 4)
    return ends, np.full(len(ends), index, np.intp)


def surfaces_around(solids: _Solids, place: Place, position_m: float, drawn: Sequence[PictureZone] = ()) -> Surfaces:
    """What stands around a camera told to be at `place`, true to `position_m`: near as it is, far as a band."""
    ends, count = solids.ends - np.array([*place[:2], *place[:2]]), len(solids.items)
    nearest, furthest = np.full(count, np.inf), np.zeros(count)
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers that are no metres: see `_FAR_M_MAX`
        distance, turn = _distance(ends), _turn(ends)
        np.minimum.at(nearest, solids.owner, distance)
        np.maximum.at(furthest, solids.owner, np.abs(ends).max(axis=1))
    nearest[np.abs(np.bincount(solids.owner, turn, count)) > 1.0] = 0.0  # it is inside the outline
    edges = np.bincount(solids.owner, minlength=count)
    exact = nearest <= _exact_within(nearest, edges, position_m)
    exact |= ~(furthest <= _FAR_M_MAX)  # not a number, too
    near = [solids.items[index] for index in np.flatnonzero(exact).tolist()]
    buildings = [item for item in near if isinstance(item, Building)]
    zones = [item for item in near if isinstance(item, MapZone)]
    made = forbidden_surfaces(buildings, (*zones, *drawn), solids.mask_above_m)
    far = ~exact[solids.owner]
    band = _band(ends[far], distance[far], solids.owner[far], nearest, solids.low_m - place[2], solids.top_m - place[2])
    return Surfaces(
        np.concatenate([made.quads, band + np.array(place)]),
        made.rays.copy(),
        np.concatenate([made.owner, np.full(len(band), -1, np.int32)]),
        made.shells,
    )


def _exact_within(nearest: Floats, edges: NDArray[np.intp], position_m: float) -> float:
    """The distance up to which solids are taken as they are."""
    if not (isfinite(position_m) and position_m >= 0):
        return float("inf")  # such a bound hides the whole picture anyway
    order = np.argsort(nearest)
    within = int(np.searchsorted(np.cumsum(2 * edges[order]), EXACT_QUADS))  # sides, and about as many pieces of roof
    budget_m = float(nearest[order[within]]) - _SLACK if within < len(order) else EXACT_M
    return max(EXACT_LEAST_M + _EXACT_BOUNDS * position_m, min(EXACT_M, budget_m))


def _distance(ends: Floats) -> Floats:
    """From the origin to segments (n, 4): (n,)."""
    a, along = ends[:, :2], ends[:, 2:] - ends[:, :2]
    length_2 = np.maximum((along * along).sum(axis=1), 1e-30)
    share = np.clip(-(a * along).sum(axis=1) / length_2, 0.0, 1.0)
    return np.asarray(np.hypot(*(a + share[:, None] * along).T), np.float64)


def _turn(ends: Floats) -> Floats:
    """By how much one turns, clockwise, who follows a segment (n, 4) with his eyes from the origin: radians, (n,)."""
    ax, ay, bx, by = ends.T
    return np.asarray(np.arctan2(ay * bx - ax * by, ax * bx + ay * by), np.float64)


def _band(ends: Floats, distance: Floats, owner: NDArray[np.intp], nearest: Floats, low: Floats, top: Floats) -> Quads:
    """Walls before all far solids. `low`, `top`: above the camera."""
    if len(ends) == 0:
        return np.empty((0, 4, 3))
    parts = np.clip(np.ceil(np.hypot(*(ends[:, 2:] - ends[:, :2]).T) * _PIECE_SHARE / distance), 1, _PIECES_MAX)
    which, nth = _counted(parts.astype(np.intp))
    start, along = ends[which, :2], (ends[which, 2:] - ends[which, :2]) / parts[which, None]
    pieces = np.hstack([start + along * nth[:, None], start + along * (nth + 1)[:, None]])
    owner = owner[which]
    turn, at = _turn(pieces), np.arctan2(pieces[:, 0], pieces[:, 1])
    close = _distance(pieces) * (1 - _SLACK)
    away = np.maximum(np.hypot(*pieces[:, :2].T), np.hypot(*pieces[:, 2:].T)) * (1 + _SLACK)
    first, last = (
        np.floor((edge + slack) * (_BINS / tau)).astype(np.intp)
        for edge, slack in ((np.minimum(at, at + turn), -_SLACK), (np.maximum(at, at + turn), _SLACK))
    )
    which, nth = _counted(last - first + 1)
    bins = np.searchsorted(_RINGS_M, nearest[owner])[which] * _BINS + (first[which] + nth) % _BINS
    size = (len(_RINGS_M) + 1) * _BINS
    lows, highs, closest = np.full(size, np.inf), np.full(size, -np.inf), np.full(size, np.inf)
    np.minimum.at(lows, bins, (low[owner] / np.where(low[owner] > 0, away, close) - _SLACK)[which])
    np.maximum.at(highs, bins, (top[owner] / np.where(top[owner] > 0, close, away) + _SLACK)[which])
    np.minimum.at(closest, bins, close[which])
    _leave_to_nearer(*(column.reshape(-1, _BINS) for column in (lows, highs, closest)))
    return _walls(*_merged(lows, highs, closest))


def _counted(counts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For counts (2, 3): (0, 0, 1, 1, 1) and (0, 1, 0, 1, 2)."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def _leave_to_nearer(lows: Floats, highs: Floats, closest: Floats) -> None:
    """Cut from each ring, in place, what walls of others hide that are nearer: their margins are wider. (rings, bins).

    Rings go by the nearest corner of a building: in one direction the wall of an outer ring may be the nearer one.
    """
    for ring in range(1, len(lows)):
        for nearer in range(ring):
            is_nearer = closest[nearer] <= closest[ring]
            under = is_nearer & (lows[nearer] <= lows[ring]) & (lows[ring] <= highs[nearer])
            lows[ring] = np.where(under, highs[nearer], lows[ring])
            over = is_nearer & (lows[nearer] <= highs[ring]) & (highs[ring] <= highs[nearer])
            highs[ring] = np.where(over, lows[nearer], highs[ring])


def _merged(lows: Floats, highs: Floats, closest: Floats) -> tuple[Floats, ...]:
    """Neighbours made one, those first that hide least more by it, until there are few: (first bin, bin after the last,
    low, high, closest), each (walls,). A wall spans bins of one ring."""
    bins = np.flatnonzero(lows < highs)
    starts, stops = bins.tolist(), (bins + 1).tolist()
    low, high, near = lows[bins].tolist(), highs[bins].tolist(), closest[bins].tolist()
    after = [*range(1, len(starts)), -1] if starts else []
    before = [-1, *range(len(starts) - 1)] if starts else []
    alive, age, left = [True] * len(starts), [0] * len(starts), len(starts)

    def cost(one: int) -> tuple[float, int, int, int, int] | None:
        """What one and its next would hide more together; None: they cannot be one."""
        other = after[one]
        if other < 0 or starts[one] // _BINS != (stops[other] - 1) // _BINS:
            return None
        if stops[other] - starts[one] > _WALL_BINS_MAX:
            return None
        together = (max(high[one], high[other]) - min(low[one], low[other])) * (stops[other] - starts[one])
        alone = sum((high[each] - low[each]) * (stops[each] - starts[each]) for each in (one, other))
        return (together - alone) * (tau / _BINS), one, other, age[one], age[other]

    heap = [each for each in map(cost, range(len(starts))) if each is not None]
    heapify(heap)
    while heap:
        more, one, other, age_one, age_other = heappop(heap)
        if not (alive[one] and alive[other]) or (age[one], age[other]) != (age_one, age_other):
            continue
        if left <= WALLS_MAX and more > _TOLERANCE:
            break
        stops[one], after[one] = stops[other], after[other]
        low[one], high[one] = min(low[one], low[other]), max(high[one], high[other])
        near[one] = min(near[one], near[other])
        alive[other], left = False, left - 1
        age[one] += 1
        if after[one] >= 0:
            before[after[one]] = one
        for each in (cost(one), cost(before[one]) if before[one] >= 0 else None):
            if each is not None:
                heappush(heap, each)
    kept = np.flatnonzero(alive)
    return tuple(np.array(column, np.float64)[kept] for column in (starts, stops, low, high, near))


def _walls(start: Floats, stop: Floats, low: Floats, high: Floats, closest: Floats) -> Quads:
    """Upright walls, nowhere further than `closest`, over these bins and from `low` to `high` (rise per metre) at least
    wherever one looks: a wall is nearest in its middle, and seen lower and higher there than at its ends."""
    sag = np.cos((stop - start) * (tau / _BINS / 2))
    quads = np.empty((len(start), 4, 3))
    for corners, edge in (((0, 3), start), ((1, 2), stop)):
        angle = edge % _BINS * (tau / _BINS)
        for corner in corners:
            quads[:, corner, 0], quads[:, corner, 1] = np.sin(angle) * closest, np.cos(angle) * closest
    quads[:, :2, 2] = (low * closest * np.where(low > 0, sag, 1.0))[:, None]
    quads[:, 2:, 2] = (high * closest * np.where(high < 0, sag, 1.0))[:, None]
    return quads
