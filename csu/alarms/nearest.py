"""Which cameras to look at for an alarm: the nearest ones that this person may see now (OPS-3, COM-3). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import hypot, isfinite

from csu.hal.camera import CameraId

PROPOSED_MAX = 4
WITHIN_M = 300.0
"""Farther away a camera shows nothing of a building [D]."""


def nearest_cameras(
    at_m: tuple[float, float],
    cameras: Mapping[CameraId, tuple[float, float]],
    may_view: Callable[[CameraId], bool],
    *,
    most: int = PROPOSED_MAX,
    within_m: float = WITHIN_M,
) -> tuple[CameraId, ...]:
    """At most `most` cameras, the nearest first, each within `within_m` of `at_m` and allowed by `may_view`.

    `at_m` and the cameras' places: (x east, y north) in metres of the same origin. A camera whose place is not finite
    is not proposed. `may_view` answers for the person, the camera's commune and service level, and this instant; it is
    asked from the nearest on, no oftener than needed, and what it raises is raised: no answer is no yes.
    """
    away = ((hypot(x_m - at_m[0], y_m - at_m[1]), camera) for camera, (x_m, y_m) in cameras.items())
    near = sorted(
        (distance_m, camera) for distance_m, camera in away if isfinite(distance_m) and distance_m <= within_m
    )
    found: list[CameraId] = []
    for _, camera in near:
        if len(found) == most:
            break
        if may_view(camera):
            found.append(camera)
    return tuple(found)
