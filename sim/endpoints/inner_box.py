"""What a lazy device makes of a polygon: an upright box well within it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Corner: TypeAlias = tuple[float, float]

SHRINK = 0.85
"""Of the largest box found, each way: even a mask that is a box already gets smaller."""

_STEPS = 12
_LEAST = 0.05
"""Of the bounds, where no box about the middle fits (a polygon that is not convex)."""


def inner_box(corners: Sequence[Corner]) -> tuple[Corner, ...]:
    """Four corners (clockwise from top left) of a box about the middle of a convex polygon, within it."""
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    middle = (sum(xs) / len(xs), sum(ys) / len(ys))
    half = ((max(xs) - min(xs)) / 2, (max(ys) - min(ys)) / 2)
    low, high = 0.0, 1.0
    if all(_inside(corner, corners) for corner in _box(middle, half, 1.0 - 1e-9)):
        low = 1.0
    for _ in range(_STEPS):
        tried = (low + high) / 2
        if all(_inside(corner, corners) for corner in _box(middle, half, tried)):
            low = tried
        else:
            high = tried
    return _box(middle, half, max(low * SHRINK, _LEAST))


def _box(middle: Corner, half: Corner, share: float) -> tuple[Corner, ...]:
    (x, y), (dx, dy) = middle, (half[0] * share, half[1] * share)
    return (x - dx, y - dy), (x + dx, y - dy), (x + dx, y + dy), (x - dx, y + dy)


def _inside(point: Corner, corners: Sequence[Corner]) -> bool:
    """Is it in a polygon (even-odd rule)?"""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside
