"""Where the outside of dwellings lies in the world, and where it falls in a picture.

Facades from the ground + the doctrine's height up to the roof, and the roof itself: a camera on a mast sees terraces
and skylights. Nothing hides anything here: a tree or a wall in front of a dwelling may be gone tomorrow, so the
dwelling is outlined all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from csu.hal.errors import BadInput
from csu.hal.place import Building, Pose
from csu.hal.words import Words

UNLIMITED_HEIGHT_M = 1_000.0
"""Stands for "as high as one can see": taller than any building on earth (828 m)."""

NEAR_M = 0.1
"""Surfaces are cut at this distance before the lens; a camera housing is about this deep."""

Quads = NDArray[np.float64]
"""(n, 4, 3): four corners in world metres, in order around the edge. A repeated corner makes a triangle."""


class BuildingUnusable(BadInput):
    """A building's footprint cannot be drawn: the pictures around it must be wholly masked."""


def dwelling_surfaces(buildings: Iterable[Building], mask_above_m: float) -> Quads:
    """All surfaces of dwellings from ground + `mask_above_m` up, shape (n, 4, 3).

    Not known counts as worst (PRV-2): a building of unknown use is a dwelling, one of unknown height has no top. A roof
    is drawn over the convex hull of its footprint, which hides a courtyard too. Raises BuildingUnusable for a footprint
    with fewer than 3 corners or a number that is not finite.
    """
    quads: list[Quads] = []
    for building in buildings:
        if building.dwelling is False:
            continue
        ring = _usable_ring(building, mask_above_m)
        height_m = building.height_m
        known = height_m is not None and isfinite(height_m)
        top = building.ground_m + (height_m if known and height_m is not None else UNLIMITED_HEIGHT_M)
        low = building.ground_m + mask_above_m
        if top > low:
            quads += [_facades(ring, low, top), _roof(ring, top)]
    return np.concatenate(quads) if quads else np.empty((0, 4, 3))


def camera_axes(pose: Pose) -> NDArray[np.float64]:
    """(3, 3): rows are the camera's right, down and forward in world coordinates.

    Pan is clockwise from north, tilt above the horizon; a positive roll turns the camera clockwise seen from behind it.
    """
    pan, tilt, roll = np.radians([pose.pan_deg, pose.tilt_deg, pose.roll_deg])
    forward = np.array([np.sin(pan) * np.cos(tilt), np.cos(pan) * np.cos(tilt), np.sin(tilt)])
    right = np.array([np.cos(pan), -np.sin(pan), 0.0])
    down = np.cross(forward, right)
    level = np.stack([right, down, forward])
    turn = np.array([[np.cos(roll), np.sin(roll), 0.0], [-np.sin(roll), np.cos(roll), 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(turn @ level, np.float64)


def outlines(quads: Quads, pose: Pose, width_px: int, height_px: int) -> NDArray[np.float64]:
    """The surfaces before the camera as convex outlines in pixels, shape (m, 8, 2), m <= n; corners may repeat.

    A pinhole with the principal point in the middle of the picture, ((w-1)/2, (h-1)/2). Corners may lie far outside it.
    """
    points = (quads - np.array([pose.x_m, pose.y_m, pose.z_m])) @ camera_axes(pose).T
    cut = _cut_near(points)
    centre = np.array([(width_px - 1) / 2, (height_px - 1) / 2])
    return np.asarray(cut[..., :2] / cut[..., 2:] * pose.focal_px + centre, np.float64)


def _cut_near(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sutherland-Hodgman on the near plane for all quads at once: (n, 4, 3) -> (m, 8, 3) camera metres.

    Each edge owns two slots: its first corner if that is before the plane, and its crossing if it crosses. Empty slots
    repeat the slot before them, which leaves the outline as it was.
    """
    depth = points[..., 2]
    before = depth >= NEAR_M
    seen = before.any(axis=1)
    points, depth, before = points[seen], depth[seen], before[seen]
    following, depth_2 = np.roll(points, -1, axis=1), np.roll(depth, -1, axis=1)
    crosses = before != np.roll(before, -1, axis=1)
    share = (NEAR_M - depth) / np.where(crosses, depth_2 - depth, 1.0)
    crossing = points + share[..., None] * (following - points)
    slots = np.empty((len(points), 8, 3))
    slots[:, 0::2], slots[:, 1::2] = points, crossing
    used = np.empty((len(points), 8), bool)
    used[:, 0::2], used[:, 1::2] = before, crosses
    order = np.where(used, np.arange(8), -1)
    last = order.max(axis=1, keepdims=True)
    order = np.maximum.accumulate(order, axis=1)
    order = np.where(order < 0, last, order)
    slots = np.take_along_axis(slots, order[..., None], axis=1)
    slots[..., 2] = np.maximum(slots[..., 2], NEAR_M)  # a crossing may land a rounding error short of the plane
    return slots


def _usable_ring(building: Building, mask_above_m: float) -> NDArray[np.float64]:
    ring = np.array(building.footprint_m, np.float64)
    numbers_are_finite = isfinite(building.ground_m) and isfinite(mask_above_m)
    if ring.ndim != 2 or len(ring) < 3 or not np.isfinite(ring).all() or not numbers_are_finite:
        raise BuildingUnusable(
            Words(
                "l'emprise du bâtiment a moins de 3 sommets, ou une coordonnée qui n'est pas un nombre",
                "the building's footprint has fewer than 3 corners, or a coordinate that is not a number",
            ),
            where=building.building,
            what_to_do=Words(
                "Corrigez les données du bâtiment ; d'ici là les images autour sont masquées en entier",
                "Correct the building data; until then the pictures around it are wholly masked",
            ),
        )
    return ring


def _facades(ring: NDArray[np.float64], low_m: float, top_m: float) -> Quads:
    following = np.roll(ring, -1, axis=0)
    quads = np.empty((len(ring), 4, 3))
    quads[:, 0, :2] = quads[:, 3, :2] = ring
    quads[:, 1, :2] = quads[:, 2, :2] = following
    quads[:, :2, 2], quads[:, 2:, 2] = low_m, top_m
    return quads


def _roof(ring: NDArray[np.float64], top_m: float) -> Quads:
    """The convex hull of the ring at `top_m`, as a fan of triangles (fourth corner repeated)."""
    hull = _hull(ring)
    count = max(len(hull) - 2, 0)
    quads = np.full((count, 4, 3), top_m)
    quads[:, 0, :2] = hull[0]
    quads[:, 1, :2] = hull[1 : count + 1]
    quads[:, 2, :2] = quads[:, 3, :2] = hull[2 : count + 2]
    return quads


def _hull(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Andrew's monotone chain: the hull's corners, counter-clockwise."""
    corners = sorted({(float(x), float(y)) for x, y in ring})
    halves: list[list[tuple[float, float]]] = []
    for ordered in (corners, corners[::-1]):
        half: list[tuple[float, float]] = []
        for corner in ordered:
            while len(half) >= 2 and _turn(half[-2], half[-1], corner) <= 0:
                half.pop()
            half.append(corner)
        halves.append(half[:-1])
    return np.array(halves[0] + halves[1]).reshape(-1, 2)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
