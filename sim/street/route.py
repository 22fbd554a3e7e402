"""A closed way that people or vehicles go round, by distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Route:
    """Straight sides between `points` (x, y in metres), the last joined to the first."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        if len(points) < 2:
            raise ValueError("a route needs at least two points")
        corners = np.array([*points, points[0]], np.float64)
        steps = np.diff(corners, axis=0)
        self._x, self._y = corners[:, 0], corners[:, 1]
        self._reached_m = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
        self._headings = np.arctan2(steps[:, 0], steps[:, 1])
        self.length_m = float(self._reached_m[-1])

    def at(self, distances_m: Floats) -> tuple[Floats, Floats, Floats]:
        """x, y (m) and heading (rad clockwise from north) at these distances along the way, each of shape (n,)."""
        along = np.mod(distances_m, self.length_m)
        side = np.clip(np.searchsorted(self._reached_m, along, side="right") - 1, 0, len(self._headings) - 1)
        x = np.interp(along, self._reached_m, self._x)
        y = np.interp(along, self._reached_m, self._y)
        return x, y, self._headings[side]
