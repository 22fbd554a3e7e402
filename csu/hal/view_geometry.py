"""How a camera sees: its axes in the world, and its lens. Pure; what masks and detection both project with."""

from __future__ import annotations

from math import cos, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose

Floats = NDArray[np.float64]


def camera_axes(pose: Pose) -> Floats:
    """(3, 3): rows are the camera's right, down and forward in world coordinates.

    Pan is clockwise from north, tilt above the horizon; a positive roll turns the camera clockwise seen from behind it.
    """
    pan, tilt, roll = radians(pose.pan_deg), radians(pose.tilt_deg), radians(pose.roll_deg)
    sp, cp, st, ct, sr, cr = sin(pan), cos(pan), sin(tilt), cos(tilt), sin(roll), cos(roll)
    right, down = (cp, -sp, 0.0), (sp * st, cp * st, -ct)
    turned = tuple(cr * a + sr * b for a, b in zip(right, down, strict=True))
    turned_down = tuple(cr * b - sr * a for a, b in zip(right, down, strict=True))
    return np.array((turned, turned_down, (sp * ct, cp * ct, st)), np.float64)


def lens_limit(k1: float) -> float:
    """The radius in focal lengths up to which r * (1 + k1 * r^2) grows; inf for a pinhole or a pincushion."""
    return 1 / sqrt(-3 * k1) if k1 < 0 else float("inf")


def bend(points: Floats, k1: Floats) -> Floats:
    """Radial distortion of points (..., 2) in focal lengths; `k1` broadcasts over the points.

    Beyond a barrel's limit it goes on in a straight line along the radius, so that nothing folds back into a picture.
    """
    radius = np.hypot(points[..., 0], points[..., 1])
    limit = 1 / np.sqrt(3 * np.maximum(-k1, 1e-12))
    inside = np.minimum(radius, limit)
    share = 1 + k1 * inside * inside
    slope = np.maximum(1 + 3 * k1 * inside * inside, 0.0)
    beyond = radius > limit
    reached = np.where(beyond, (inside * share + slope * (radius - inside)) / np.maximum(radius, 1e-12), share)
    return np.asarray(points * np.where(k1 < 0, reached, 1 + k1 * radius * radius)[..., None], np.float64)


def unbend(points: Floats, k1: float) -> Floats:
    """The inverse of `bend` within the lens's limit; what no ray reaches goes to the limit. points: (n, 2)."""
    shown = np.hypot(points[:, 0], points[:, 1])
    return np.asarray(points * (unbent(shown, k1) / np.maximum(shown, 1e-12))[:, None], np.float64)


def unbent(shown: Floats, k1: float) -> Floats:
    """The radius r with r * (1 + k1 * r^2) = shown (n,), by the triple angle: a cubic with one root on this side."""
    if k1 == 0:
        return shown
    size = 2 / sqrt(3 * abs(k1))
    if k1 < 0:
        return np.asarray(size * np.sin(np.arcsin(np.minimum(3 * shown / size, 1.0)) / 3), np.float64)
    return np.asarray(size * np.sinh(np.arcsinh(3 * shown / size) / 3), np.float64)
