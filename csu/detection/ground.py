"""From a picture to metres: the level ground before one camera, through its lens (`csu.hal.view_geometry`)."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from csu.hal.errors import BadInput
from csu.hal.place import Pose
from csu.hal.view_geometry import Floats, bend, camera_axes, lens_limit, unbend
from csu.hal.words import Words

REACH_M = 400.0
"""No ground is told farther away: a pixel is metres there, and the horizon a fraction of a degree off."""
_NEAR_M = 0.05
_LEVEL = 1e-9
"""A ray that goes down by less meets no ground."""
_LENS_SHARE = 0.98
"""Of the radius at which a barrel lens turns back: beyond it a picture point has no ray."""


class GroundUnusable(BadInput):
    """No ground can be told from a pose."""


@final
class GroundView:
    """The `Ground` of one camera: a level plane at `ground_m`, seen in pictures of `width_px` x `height_px`.

    `pose_width_px`: width of the picture that `pose.focal_px` is for; another size of the same view is scaled. Raises
    GroundUnusable for a pose that cannot be used, and for a camera that is not above the ground.
    """

    def __init__(
        self, pose: Pose, width_px: int, height_px: int, *, pose_width_px: int = 0, ground_m: float = 0.0
    ) -> None:
        if not pose.is_finite() or pose.z_m - ground_m < 0.5 or min(width_px, height_px) < 1:
            raise GroundUnusable(
                Words(
                    f"pas de sol devant une caméra à {pose.z_m} m, le sol étant à {ground_m} m, ou pose inutilisable",
                    f"no ground before a camera at {pose.z_m} m, the ground being at {ground_m} m, or an unusable pose",
                ),
                where=str(pose),
                what_to_do=Words("Refaites son étalonnage", "Calibrate it again"),
            )
        self.pose = replace(pose, focal_px=pose.focal_px * width_px / (pose_width_px or width_px))
        self.size_px = (width_px, height_px)
        self.ground_m = ground_m
        self._axes = camera_axes(pose)
        self._middle = np.array([width_px / 2, height_px / 2])
        self._place = np.array([pose.x_m, pose.y_m, pose.z_m])
        self._k1 = np.array(pose.k1)
        self._radius_max = _LENS_SHARE * lens_limit(pose.k1)

    def to_ground(self, points_px: Floats) -> Floats:
        """(n, 2) px -> (n, 2) m; NaN above the horizon, beyond `REACH_M`, and where the lens shows no ray."""
        world = self._rays(points_px) @ self._axes
        down = -world[:, 2:]
        offset = world[:, :2] * ((self._place[2] - self.ground_m) / np.maximum(down, _LEVEL))
        offset[(down[:, 0] <= _LEVEL) | (np.hypot(offset[:, 0], offset[:, 1]) > REACH_M)] = np.nan
        return np.asarray(offset + self._place[:2], np.float64)

    def to_picture(self, points_m: Floats) -> Floats:
        """(n, 2) m on the ground -> (n, 2) px, also outside the picture; NaN behind the camera."""
        return self._project(self._on_ground(points_m))

    def px_per_m(self, foot_px: tuple[float, float]) -> float:
        """How many pixels high one upright metre is that stands at a picture point; 0 where no ground is."""
        foot_m = self.to_ground(np.array([foot_px], np.float64))[0]
        if np.isnan(foot_m).any():
            return 0.0
        ends = self._project(np.array([[*foot_m, self.ground_m], [*foot_m, self.ground_m + 1.0]]))
        high = float(np.hypot(*(ends[1] - ends[0])))
        return high if np.isfinite(high) else 0.0

    def heights_m(self, feet_m: Floats, heads_px: Floats) -> Floats:
        """(n,): how high what stands upright on (n, 2) m must be to show its head as high in the picture as (n, 2) px;
        NaN where it stands nowhere."""
        seen, up = (self._on_ground(feet_m) - self._place) @ self._axes.T, self._axes[:, 2]
        shown = self._rays(heads_px)[:, 1]  # of the head: down by forward
        slope = up[1] - shown * up[2]
        high = (shown * seen[:, 2] - seen[:, 1]) / np.where(np.abs(slope) < _LEVEL, np.nan, slope)
        high[high <= 0] = np.nan
        return np.asarray(high, np.float64)

    def _on_ground(self, points_m: Floats) -> Floats:
        """(n, 2) -> (n, 3)."""
        points = np.full((len(points_m), 3), self.ground_m)
        points[:, :2] = points_m
        return points

    def _rays(self, points_px: Floats) -> Floats:
        """(n, 3) rays of picture points in the camera's axes, forward 1; NaN where the lens shows none."""
        shown = (np.asarray(points_px, np.float64) - self._middle) / self.pose.focal_px
        flat = shown if self.pose.k1 == 0 else unbend(shown, self.pose.k1)
        if np.isfinite(self._radius_max):
            flat = np.where((np.hypot(flat[:, 0], flat[:, 1]) > self._radius_max)[:, None], np.nan, flat)
        rays = np.ones((len(flat), 3))
        rays[:, :2] = flat
        return rays

    def _project(self, points_m: NDArray[np.float64]) -> Floats:
        seen = (points_m - self._place) @ self._axes.T
        depth = np.where(seen[:, 2] > _NEAR_M, seen[:, 2], np.nan)[:, None]
        flat = seen[:, :2] / depth
        shown = flat if self.pose.k1 == 0 else bend(flat, self._k1)
        return np.asarray(shown * self.pose.focal_px + self._middle, np.float64)
