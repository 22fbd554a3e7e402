"""Which cameras see a route or a perimeter: proposed by nearness, in the order of the way. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from math import isfinite

from shapely import LineString, MultiPoint, Point, Polygon

from csu.hal.camera import CameraId
from csu.operations.planned_event import Place

WITHIN_M = 80.0
"""A camera farther away shows little of it [D]."""


def cameras_along(
    route: Sequence[Place], cameras: Mapping[CameraId, Place], *, within_m: float = WITHIN_M
) -> tuple[CameraId, ...]:
    """Those within `within_m` of the line through `route`, in the order in which a procession comes by.

    `route`, `cameras`: (x east, y north) in metres of the same origin; two points at least. A camera whose place is
    not finite is not proposed.
    """
    steps = [at_m for at_m, _ in groupby((round(x, 1), round(y, 1)) for x, y in route)]
    if len(steps) < 2:
        return cameras_around(steps, cameras, within_m=within_m)
    way = LineString(steps)
    near = ((camera, Point(at_m)) for camera, at_m in cameras.items() if all(map(isfinite, at_m)))
    found = ((way.project(at), way.distance(at), camera) for camera, at in near)
    return tuple(camera for _, away_m, camera in sorted(found) if away_m <= within_m)


def cameras_around(
    perimeter: Sequence[Place], cameras: Mapping[CameraId, Place], *, within_m: float = WITHIN_M
) -> tuple[CameraId, ...]:
    """Those inside the polygon `perimeter`, then those within `within_m` of its border, the nearest first. Of a point
    or two it is no polygon: those near them."""
    area = Polygon(perimeter) if len(perimeter) > 2 else MultiPoint(perimeter)
    near = ((camera, Point(at_m)) for camera, at_m in cameras.items() if all(map(isfinite, at_m)))
    found = ((area.distance(at), camera) for camera, at in near)
    return tuple(camera for away_m, camera in sorted(found) if away_m <= within_m)
