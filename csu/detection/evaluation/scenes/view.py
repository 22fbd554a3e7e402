"""One calibrated camera: metres to pixels and back. A pinhole; angles and axes as `csu.hal.place.Pose` tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import atan2, degrees, hypot

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose

Doubles = NDArray[np.float64]
BEHIND_M = 0.3
"""What is nearer than this before the lens is not drawn."""


@dataclass(frozen=True)
class View:
    """A pose and the picture it gives. Pixel (0, 0) is the middle of the first one, as everywhere in csu."""

    pose: Pose
    width_px: int
    height_px: int
    _axes: Doubles = field(init=False, repr=False, compare=False)
    """Rows: right, forward, up, in the world."""
    _rows: list[list[float]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pan, tilt, roll = np.radians([-self.pose.pan_deg, self.pose.tilt_deg, self.pose.roll_deg])
        about_y = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
        about_z = np.array([[np.cos(pan), -np.sin(pan), 0], [np.sin(pan), np.cos(pan), 0], [0, 0, 1]])
        object.__setattr__(self, "_axes", (about_z @ about_x @ about_y).T)
        object.__setattr__(self, "_rows", self._axes.tolist())

    @property
    def eye(self) -> Doubles:
        return np.array([self.pose.x_m, self.pose.y_m, self.pose.z_m])

    def seen(self, places_m: Doubles) -> tuple[Doubles, Doubles]:
        """(n, 3) metres -> ((n, 2) pixels, (n,) depth in metres). What is behind is put just before the lens."""
        right, forward, up = self._axes @ (np.asarray(places_m, np.float64) - self.eye).T
        depth = np.maximum(forward, BEHIND_M)
        focal = self.pose.focal_px
        x = (self.width_px - 1) / 2 + focal * right / depth
        y = (self.height_px - 1) / 2 - focal * up / depth
        return np.stack([x, y], axis=1), np.asarray(forward)

    def on_ground(self, x_m: float, y_m: float, z_m: float = 0.0) -> tuple[float, float]:
        """Where one place shows, px."""
        x, y, depth = self._from_camera(x_m, y_m, z_m)
        scale = self.pose.focal_px / depth
        return (self.width_px - 1) / 2 + scale * x, (self.height_px - 1) / 2 - scale * y

    def rays(self, step: int = 1) -> Doubles:
        """(rows, columns, 3): world directions of the picture's pixels, each cut into `step` x `step`."""
        columns = (np.arange(self.width_px * step) + 0.5) / step - 0.5
        rows = (np.arange(self.height_px * step) + 0.5) / step - 0.5
        right = (columns - (self.width_px - 1) / 2) / self.pose.focal_px
        up = ((self.height_px - 1) / 2 - rows) / self.pose.focal_px
        axes = self._axes
        return np.asarray(right[None, :, None] * axes[0] + axes[1] + up[:, None, None] * axes[2])

    def ground_of(self, x_px: float, y_px: float) -> tuple[float, float]:
        """The place on the ground that shows there. Raises ValueError above the horizon."""
        right = (x_px - (self.width_px - 1) / 2) / self.pose.focal_px
        up = ((self.height_px - 1) / 2 - y_px) / self.pose.focal_px
        ray = right * self._axes[0] + self._axes[1] + up * self._axes[2]
        if ray[2] >= 0:
            raise ValueError(f"({x_px:.0f}, {y_px:.0f}) is above the horizon")
        far = -self.pose.z_m / ray[2]
        return self.pose.x_m + far * float(ray[0]), self.pose.y_m + far * float(ray[1])

    def share(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Where a place on the ground shows, in shares of the picture (not cut to it)."""
        x, y = self.on_ground(x_m, y_m)
        return (x + 0.5) / self.width_px, (y + 0.5) / self.height_px

    def bearing_deg(self, x_m: float, y_m: float) -> float:
        """Clockwise from north, from the camera to there."""
        return degrees(atan2(x_m - self.pose.x_m, y_m - self.pose.y_m))

    def down_deg(self, x_m: float, y_m: float) -> float:
        """How far below the horizon a person's middle is seen there."""
        away = hypot(x_m - self.pose.x_m, y_m - self.pose.y_m)
        return degrees(atan2(self.pose.z_m - 0.9, away))

    def px_per_m(self, x_m: float, y_m: float) -> float:
        """Pixels of one metre held across the line of sight, there, at the height of a person's middle."""
        return self.pose.focal_px / self._from_camera(x_m, y_m, 0.9)[2]

    def _from_camera(self, x_m: float, y_m: float, z_m: float) -> tuple[float, float, float]:
        """Right, up and depth of one place: `seen` without arrays."""
        dx, dy, dz = x_m - self.pose.x_m, y_m - self.pose.y_m, z_m - self.pose.z_m
        (rx, ry, rz), (fx, fy, fz), (ux, uy, uz) = self._rows
        depth = max(fx * dx + fy * dy + fz * dz, BEHIND_M)
        return rx * dx + ry * dy + rz * dz, ux * dx + uy * dy + uz * dz, depth
