"""How a crowd moves as a whole: where nobody can be followed one by one, the picture itself still flows.

Points on what moves in a zone are found again in the picture before (pyramidal Lucas-Kanade), and their way is taken to
the ground. How many people that is, is told by how much of the picture they cover. Of the picture before, a small copy
is kept in memory until the next one comes, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Ground, Observed
from csu.detection.rules.zone import Points, ZoneOnPicture, hidden_at
from csu.hal.clock import NS_PER_S, Nanoseconds

WIDTH_PX = 320
"""Of the small copy."""
POINTS_MAX = 160
POINTS_MIN = 12
BETWEEN_S_MAX = 0.45
"""Two pictures farther apart: a runner has gone too far to be found again."""
WINDOW_PX, LEVELS = (13, 13), 3
"""Of the search for a point in the picture before: its window, and how often the picture is halved."""
BACK_PX_MAX = 1.0
"""A point must be found again from where it was found, to within so much."""
BODY_M2 = 0.45 * 1.65
"""What one body covers, seen from the side."""
AT_BODY_SHARE = 0.88
"""A point of a body is before the ground it is taken for: from 8 m, at half its height, by 12 %."""
MOVING_M_S, SPEED_M_S_MAX = 0.6, 9.0
"""Slower is ground that shows between them; faster is nobody."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One picture. `people`: about how many move; `speed_m_s`: mean of them; `coherence`: 1 when all go one way."""

    people: float
    speed_m_s: float
    coherence: float


class CrowdFlow:
    """The flow in one zone of one calibrated camera."""

    def __init__(self, zone: ZoneOnPicture, ground: Ground, people_min: float) -> None:
        """`people_min`: where fewer can be moving, no point is followed."""
        self._zone, self._ground, self._people_min = zone, ground, people_min
        self._before: tuple[Nanoseconds, NDArray[np.uint8]] | None = None
        self._shape: tuple[int, int] = (0, 0)
        self._middles: Points = np.zeros((0, 2))
        self._inside: NDArray[np.int64] = np.zeros(0, np.int64)
        self._bodies: NDArray[np.float64] = np.zeros(0)

    def step(self, seen: Observed) -> Flow | None:
        """None: too little moves, or there is no picture before."""
        small = self._small(seen)
        before, self._before = self._before, (seen.at_ns, small)
        if before is None or seen.at_ns - before[0] > BETWEEN_S_MAX * NS_PER_S or before[1].shape != small.shape:
            return None
        self._know(seen.motion.energy.shape)
        moved = (seen.motion.energy.ravel()[self._inside] > 0) & ~hidden_at(seen, self._middles)
        if np.count_nonzero(moved) < POINTS_MIN:
            return None
        people = float(self._bodies[moved].sum())
        if people < self._people_min:
            return None
        here = self._middles[moved]
        here = here[:: max(1, len(here) // POINTS_MAX)]
        velocity = self._velocities(before[1], small, here, seen, (seen.at_ns - before[0]) / NS_PER_S)
        speeds = np.linalg.norm(velocity, axis=1)
        velocity, speeds = velocity[speeds <= SPEED_M_S_MAX], speeds[speeds <= SPEED_M_S_MAX]
        fast = speeds >= MOVING_M_S
        if np.count_nonzero(fast) < POINTS_MIN:
            return None
        together = float(np.linalg.norm(velocity[fast].sum(axis=0)) / speeds[fast].sum())
        return Flow(people * float(fast.mean()), float(np.median(speeds[fast])), together)

    def forget(self) -> None:
        """Drop the picture before."""
        self._before = None

    def _small(self, seen: Observed) -> NDArray[np.uint8]:
        width, height = seen.size_px
        size = (min(WIDTH_PX, width), max(1, round(height * min(WIDTH_PX, width) / width)))
        return np.asarray(cv2.resize(seen.planes.y, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _know(self, shape: tuple[int, int]) -> None:
        """The zone's cells, and how much of a body each can cover; of cells above the horizon nothing is told."""
        if shape == self._shape:
            return
        middles, inside = self._zone.cells(shape)
        width, height = self._zone.size_px
        cell_px2 = width / shape[1] * height / shape[0]
        numbers = np.flatnonzero(inside)
        scale = np.array([self._ground.px_per_m((float(x), float(y))) for x, y in middles[numbers]])
        usable = scale > 0
        self._shape, self._inside, self._middles = shape, numbers[usable], middles[numbers[usable]]
        self._bodies = cell_px2 / (BODY_M2 * scale[usable] ** 2)

    def _velocities(
        self, before: NDArray[np.uint8], now: NDArray[np.uint8], here: Points, seen: Observed, elapsed_s: float
    ) -> NDArray[np.float64]:
        """(n, 2) m/s of the points that were found again."""
        scale = np.array([now.shape[1] / seen.size_px[0], now.shape[0] / seen.size_px[1]])
        points = (here * scale).astype(np.float32).reshape(-1, 1, 2)
        back, found, _ = cv2.calcOpticalFlowPyrLK(
            now, before, points, np.empty_like(points), winSize=WINDOW_PX, maxLevel=LEVELS
        )
        again, found_again, _ = cv2.calcOpticalFlowPyrLK(
            before, now, back, np.empty_like(points), winSize=WINDOW_PX, maxLevel=LEVELS
        )
        apart = np.linalg.norm((again - points).reshape(-1, 2), axis=1)
        good = (found.ravel() > 0) & (found_again.ravel() > 0) & (apart <= BACK_PX_MAX)
        was = back.reshape(-1, 2).astype(np.float64)[good] / scale
        way = self._ground.to_ground(here[good]) - self._ground.to_ground(was)
        way = way[np.isfinite(way).all(axis=1)]
        return np.asarray(way * AT_BODY_SHARE / elapsed_s, np.float64)
