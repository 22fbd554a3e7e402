"""Too many people on the ground of a zone (décret 2023-828, art. 3, 7o).

A detector finds fewer and fewer of people who hide each other. So the ground that something covers is used as well:
bodies that stand at random hide the share 1 - exp(-density * hidden by one) of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Ground, Observed
from csu.detection.parameters import CrowdDensityParameters
from csu.detection.rules.of_zone import Holding, MostLately, OfZone, Window
from csu.detection.rules.zone import ZoneOnPicture, hidden_at
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.clock import NS_PER_S, Nanoseconds

KEPT_SHARE = 0.9
BODY_WIDTH_M, BODY_HEIGHT_M = 0.45, 1.65
BODY_FILL = 0.47
"""Of that rectangle, what a body covers; measured on rendered crowds of 1, 2 and 3.6 a square metre (decision 0096)."""
KNOWN_S, KNOWN_MIN = 10.0, 3
"""What covers the ground is a crowd where so many people were followed at once of late: a lorry covers it too."""
HIDDEN_LENGTH_M_MAX = 8.0
"""Behind a body seen from the side the ground is hidden to the horizon: more than this is no measure."""
COVERED_MAX = 0.995
"""A zone that is covered wholly says `at least that many`."""
FOREGROUND_S = 0.5
"""The covered ground is computed so often."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """The zone in the small picture's cells: middles (n, 2) px, ground of each and what one body there hides, m2."""

    middles: NDArray[np.float64]
    inside: NDArray[np.int64]
    ground_m2: NDArray[np.float64]
    hidden_m2: NDArray[np.float64]


class CrowdDensity(OfZone):
    """People per m2 of the zone, over a while."""

    TYPE = EventType.CROWD_DENSITY
    VERSION = 2

    def __init__(self, zone: ZoneOnPicture, parameters: CrowdDensityParameters, ground: Ground, area_m2: float) -> None:
        super().__init__(zone, parameters.clear_s)
        self._parameters = parameters
        self._ground = ground
        self._area_m2 = area_m2
        self._window = Window(parameters.duration_s)
        self._cells: dict[tuple[int, int], _Cells] = {}
        self._by_ground: tuple[Nanoseconds, float] | None = None
        self._people = MostLately(KNOWN_S)

    def density(self, seen: Observed) -> float:
        """People per m2 in this picture, as far as can be told."""
        people = len(self._zone.tracks_in(seen, frozenset({ObjectClass.PERSON})))
        by_tracks = people / self._area_m2
        if self._people.add(seen.at_ns, people) < KNOWN_MIN:
            return by_tracks
        if self._by_ground is None or seen.at_ns - self._by_ground[0] >= FOREGROUND_S * NS_PER_S:
            self._by_ground = seen.at_ns, self._covered_density(seen)
        by_ground = self._by_ground[1]
        return max(by_tracks, by_ground) if by_ground >= self._parameters.dense_per_m2 else by_tracks

    def _holds(self, seen: Observed) -> Holding | None:
        density, least = self.density(seen), self._parameters.people_per_m2
        is_so = density >= least
        self._window.add(seen.at_ns, is_so)
        share = self._window.share
        if not is_so or share is None or share < KEPT_SHARE:
            return None
        corners = self._zone.corners_px
        whole = (*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
        return Holding(self._window.since_ns, [whole], 1 - 0.5 * least / density)

    def _covered_density(self, seen: Observed) -> float:
        shape = seen.motion.energy.shape
        if shape not in self._cells:
            self._cells = {shape: self._cells_of(shape)}
        cells = self._cells[shape]
        if not len(cells.middles):
            return 0.0
        covered = _foreground(seen).ravel()[cells.inside] > 0
        told = ~hidden_at(seen, cells.middles)
        weights = cells.ground_m2 * told
        ground = float(weights.sum())
        if ground <= 0:
            return 0.0
        share = min(float((weights * covered).sum()) / ground, COVERED_MAX)
        by_one = float((weights * cells.hidden_m2).sum()) / ground
        return -log(1 - share) / by_one

    def _cells_of(self, shape: tuple[int, int]) -> _Cells:
        middles, inside = self._zone.cells(shape)
        width, height = (size / count for size, count in zip(self._zone.size_px, reversed(shape), strict=True))
        points = middles[inside]
        x_step, y_step = np.array([width / 2, 0]), np.array([0, height / 2])
        to_ground = self._ground.to_ground
        across = to_ground(points + x_step) - to_ground(points - x_step)
        along = to_ground(points + y_step) - to_ground(points - y_step)
        ground_m2 = np.abs(across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0])
        feet = [(float(x), float(y)) for x, y in points]
        body_px = np.array([self._ground.px_per_m(foot) for foot in feet]).reshape(-1) * BODY_HEIGHT_M
        heads = to_ground(points - np.stack([np.zeros(len(points)), body_px], axis=1))
        length = np.linalg.norm(heads - to_ground(points), axis=1)
        length = np.minimum(np.nan_to_num(length, nan=HIDDEN_LENGTH_M_MAX), HIDDEN_LENGTH_M_MAX)
        is_ground = np.isfinite(ground_m2)
        hidden_m2 = BODY_FILL * BODY_WIDTH_M * np.maximum(length, BODY_WIDTH_M)
        return _Cells(points[is_ground], np.flatnonzero(inside)[is_ground], ground_m2[is_ground], hidden_m2[is_ground])

    def _forget(self) -> None:
        self._window.clear()
        self._people.clear()
        self._by_ground = None


def _foreground(seen: Observed) -> NDArray[np.uint8]:
    """What is not background: a crowd that waits does not move. Where that is not told, what moves, and boxes of what
    stands."""
    if seen.motion.changed is not None:
        return seen.motion.changed
    covered = (seen.motion.energy > 0).astype(np.uint8)
    rows, columns = covered.shape
    scale = np.array([columns, rows, columns, rows]) / np.array([*seen.size_px, *seen.size_px])
    for left, top, right, bottom in np.rint(seen.motion.still * scale).astype(np.int64):
        covered[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 1
    return covered
