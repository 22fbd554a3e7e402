"""Too many people on the ground of a zone (décret 2023-828, art. 3, 7o).

A detector finds fewer and fewer of people who hide each other. So the ground that something covers is used as well. A
place is hidden by who stands between it and the camera, on a strip as long as a body hides: at random that is so with
the chance 1 - exp(-density * strip). At the zone's near edge there is room for few, unless people stand before it too;
that is what tells three a square metre from four where all the rest is covered either way.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Ground, Observed
from csu.detection.parameters import CrowdDensityParameters
from csu.detection.rules.of_zone import Holding, MostLately, OfZone, Window
from csu.detection.rules.zone import ZoneOnPicture, hidden_at
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.clock import NS_PER_S, Nanoseconds

KEPT_SHARE = 0.9
BODY_HEIGHT_M = 1.65
BODY_WIDTH_M = 0.77
"""As the gate sees it: 0.45 m, a cell or so on either side, and some shade. Measured on rendered crowds of 1 to 4.2 a
square metre (decision 0096)."""
BODY_DEPTH_M = 0.45
"""The least that a body covers behind its foot."""
KNOWN_S, KNOWN_MIN = 10.0, 3
"""What covers the ground is a crowd where so many people were followed at once of late: a lorry covers it too."""
HIDDEN_LENGTH_M_MAX = 8.0
"""Seen from the side a body hides the ground to the horizon: more than this is no measure."""
COVERED_MAX = 0.995
"""A zone that is covered wholly says `at least that many`."""
NEAR_EDGE = np.ones((5, 5), np.uint8)
"""Within two cells of an edge somebody stands."""
DENSITY_MAX, BISECTIONS = 12.0, 12
"""People per m2: nobody stands closer; and how often that range is halved."""
FOREGROUND_S = 0.5
"""The covered ground is computed so often."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """The n cells of the zone in the small picture, and for each the m cells before it in which who stands hides it."""

    middles: NDArray[np.float64]
    """(n, 2) px"""
    inside: NDArray[np.int64]
    """(n,): which of the picture's cells they are."""
    ground_m2: NDArray[np.float64]
    """(n,)"""
    before: NDArray[np.int64]
    """(n, m): which of the picture's cells,"""
    before_m: NDArray[np.float64]
    """how long the ground in each is, 0 from where nobody hides it,"""
    in_zone: NDArray[np.bool_]
    """and whether it belongs to the zone, or lies below the picture, where nothing is known."""


class CrowdDensity(OfZone):
    """People per m2 of the zone, over a while."""

    TYPE = EventType.CROWD_DENSITY
    VERSION = 3

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
        foreground = _foreground(seen).ravel() > 0
        weights = cells.ground_m2 * ~hidden_at(seen, cells.middles)
        ground_m2 = float(weights.sum())
        if ground_m2 <= 0:
            return 0.0
        share = min(float((weights * foreground[cells.inside]).sum()) / ground_m2, COVERED_MAX)
        stood_on = cells.in_zone | _stood_on(seen).ravel()[cells.before]
        strip_m = np.maximum((cells.before_m * stood_on).sum(axis=1), BODY_DEPTH_M)
        return _density_of(share, weights / ground_m2, strip_m * BODY_WIDTH_M)

    def _cells_of(self, shape: tuple[int, int]) -> _Cells:
        middles, inside = self._zone.cells(shape)
        rows, columns = shape
        width, height = self._zone.size_px[0] / columns, self._zone.size_px[1] / rows
        points = middles[inside]
        across, along = self._steps_m(points, (width, 0.0)), self._steps_m(points, (0.0, height))
        ground_m2 = np.abs(across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0])
        is_ground = np.isfinite(ground_m2)
        points, ground_m2 = points[is_ground], ground_m2[is_ground]
        feet = [(float(x), float(y)) for x, y in points]
        body_px = np.array([self._ground.px_per_m(foot) for foot in feet]).reshape(-1, 1) * BODY_HEIGHT_M
        steps = np.arange(min(rows, max(1, int(np.ceil(body_px.max(initial=0.0) / height)))))
        below = points[:, None] + np.stack([np.zeros(len(steps)), steps * height], axis=1)
        before_m = np.linalg.norm(self._steps_m(below.reshape(-1, 2), (0.0, height)), axis=1)
        before_m = np.nan_to_num(before_m).reshape(len(points), -1) * (steps * height < body_px)
        before_m *= np.minimum(1.0, HIDDEN_LENGTH_M_MAX / np.maximum(before_m.sum(axis=1, keepdims=True), 1e-9))
        column, row = np.floor(below / [width, height]).astype(np.int64).transpose(2, 0, 1)
        before = np.minimum(row, rows - 1) * columns + column
        in_zone = inside[before] | (row >= rows)
        return _Cells(points, np.flatnonzero(inside)[is_ground], ground_m2, before, before_m, in_zone)

    def _steps_m(self, points: NDArray[np.float64], step_px: tuple[float, float]) -> NDArray[np.float64]:
        """(n, 2): how far a step in the picture goes on the ground, about each of the (n, 2) points."""
        half = np.array(step_px) / 2
        return self._ground.to_ground(points + half) - self._ground.to_ground(points - half)

    def _forget(self) -> None:
        self._window.clear()
        self._people.clear()
        self._by_ground = None


def _density_of(share: float, weights: NDArray[np.float64], hidden_m2: NDArray[np.float64]) -> float:
    """People per m2 at which that share of the ground is expected to be covered: `weights` add up to 1."""
    low, high = 0.0, DENSITY_MAX
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if float((weights * -np.expm1(-middle * hidden_m2)).sum()) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _stood_on(seen: Observed) -> NDArray[np.bool_]:
    """Where somebody stands, by his edges: the ground before a zone may lie in a cloud's shade. Where edges are not
    told, all that is not background."""
    foreground, edges = _foreground(seen) > 0, seen.motion.edges
    return foreground if edges is None else foreground & (cv2.dilate(edges, NEAR_EDGE) > 0)


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
