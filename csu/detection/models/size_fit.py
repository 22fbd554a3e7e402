"""Which row of the table a shape in the picture fits: each row is stood on the ground where the shape stands, turned to
every side, and its outline in the picture compared with the shape's box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.detection.models.vehicle_sizes import TYPICAL_SIZES, TypicalSize
from csu.detection.observed import Ground

HEADINGS_DEG = tuple(range(0, 180, 20))
TOLERANCE = 0.18
"""Standard deviation of the logarithm of a side: sizes of one kind differ by that much, and so does a shape's edge."""
CUT_ACROSS_M = 1.4
"""Less than the narrowest car is wide, more than two people are."""
STEPS = 2
"""How often the row is moved until its outline stands where the shape does; the second step moves it by centimetres."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The row that fits best. `error`: of the logarithms of both sides; 0.1 is about 10 %. `score`: how well it fits,
    times its part of what all kinds fit."""

    size: TypicalSize
    heading_deg: float
    error: float
    score: float


class SizeFit:
    """Shapes of one calibrated camera."""

    def __init__(self, ground: Ground, sizes: Sequence[TypicalSize] = TYPICAL_SIZES) -> None:
        self._ground, self._sizes = ground, tuple(sizes)
        lengths = np.array([[each.length_m, each.width_m] for each in sizes]) / 2
        corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])[None] * lengths[:, None]
        turns = np.radians(HEADINGS_DEG)
        turned = np.stack([np.cos(turns), -np.sin(turns), np.sin(turns), np.cos(turns)], -1).reshape(-1, 2, 2)
        self._footprints = np.einsum("hij,tcj->thci", turned, corners)
        self._heights = np.array([each.height_m for each in sizes])[:, None, None]

    def fit(
        self, box: tuple[float, float, float, float], grain_px: float, cut: tuple[bool, bool] = (False, False)
    ) -> Fit | None:
        """The best row for a box (left, top, right, bottom px) whose edges are known to `grain_px`. None: it does not
        stand on the ground that is seen, or so far away that a metre is less than that.

        `cut`: whether the picture ends where its width, its height end: it is at least so large then. So that nobody
        who steps in is a vehicle, at least `CUT_ACROSS_M` of it must show.
        """
        left, top, right, bottom = box
        foot = ((left + right) / 2, bottom)
        upright_px = self._ground.px_per_m(foot)
        across_px = float(self._across(np.array([foot]))[0])
        if not (upright_px > 0 and upright_px >= grain_px and np.isfinite(across_px)):
            return None
        if any(cut) and (right - left) / across_px < CUT_ACROSS_M:
            return None
        outlines = self._outlines(foot, upright_px / across_px)
        sides = np.stack([outlines[..., 2] - outlines[..., 0], outlines[..., 3] - outlines[..., 1]], -1)
        seen = np.array([right - left, bottom - top])
        off = np.log((sides + grain_px) / (seen + grain_px))
        off = np.where(np.array(cut), np.minimum(off, 0.0), off)
        errors = np.hypot(off[..., 0], off[..., 1])
        errors = np.where(np.isfinite(errors), errors, np.inf)
        row, turn = np.unravel_index(int(errors.argmin()), errors.shape)
        if not np.isfinite(errors[row, turn]):
            return None
        return self._scored(errors, int(row), int(turn))

    def wide_m(self, box: tuple[float, float, float, float]) -> float:
        """How wide it is, if it stands on the ground; inf where there is none."""
        left, _, right, bottom = box
        px_per_m = self._ground.px_per_m(((left + right) / 2, bottom))
        return (right - left) / px_per_m if px_per_m > 0 else np.inf

    def _outlines(self, foot: tuple[float, float], upright: float) -> NDArray[np.float64]:
        """(rows, headings, 4): boxes in pixels of every row turned to every side, its lowest point on the foot's line.

        `upright`: pixels of an upright metre over those of a level one. It is the camera's tilt, so the same all over
        the picture (to the cosine of half its field).
        """
        rows, turns = self._footprints.shape[:2]
        centre_px = np.broadcast_to(np.array(foot), (rows, turns, 2))
        outlines = np.full((rows, turns, 4), np.nan)
        for _ in range(1 + STEPS):
            centre_m = self._flat(self._ground.to_ground, centre_px)
            corners = self._flat(self._ground.to_picture, centre_m[:, :, None] + self._footprints)
            scale = upright * self._across(corners.reshape(-1, 2)).reshape(rows, turns, 4)
            tops = corners[..., 1] - self._heights * scale
            outlines = np.stack(
                [corners[..., 0].min(-1), tops.min(-1), corners[..., 0].max(-1), corners[..., 1].max(-1)], -1
            )
            off = np.stack([foot[0] - (outlines[..., 0] + outlines[..., 2]) / 2, foot[1] - outlines[..., 3]], -1)
            centre_px = centre_px + off
        return outlines

    def _across(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,): pixels of a level metre across the view, at points of the ground."""
        beside = self._ground.to_ground(points_px + np.array([1.0, 0.0])) - self._ground.to_ground(points_px)
        return np.asarray(1.0 / np.maximum(np.hypot(beside[:, 0], beside[:, 1]), 1e-9))

    @staticmethod
    def _flat(mapped: object, points: NDArray[np.float64]) -> NDArray[np.float64]:
        assert callable(mapped)  # noqa: S101 - a method of Ground
        return np.asarray(mapped(points.reshape(-1, 2))).reshape(points.shape)

    def _scored(self, errors: NDArray[np.float64], row: int, turn: int) -> Fit:
        best_of: dict[object, float] = {}
        for size, error in zip(self._sizes, errors.min(axis=1), strict=True):
            best_of[size.kind] = min(error, best_of.get(size.kind, np.inf))
        weights = {kind: float(np.exp(-((error / TOLERANCE) ** 2) / 2)) for kind, error in best_of.items()}
        size, own = self._sizes[row], weights[self._sizes[row].kind]
        score = own * own / max(sum(weights.values()), 1e-12)
        return Fit(size, float(HEADINGS_DEG[turn]), float(errors[row, turn]), score)
