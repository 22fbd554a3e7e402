"""The camera that the fit believes in: the very one that covers are drawn with (`view_geometry.camera_axes`, `bend`).

Unknowns in one vector: place (m), the mount's pan, tilt and roll (degrees), then for every zoom log f and k1, then for
every view of a PTZ how wrong the mount's pan and tilt readings were (degrees).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose
from csu.hal.view_geometry import bend, camera_axes
from csu.masking.calibration.survey import Survey

Floats = NDArray[np.float64]
PLACE = slice(0, 3)
ANGLES = slice(3, 6)
PAN, TILT, ROLL = 3, 4, 5
DEPTH_MIN_M = 0.1
LOG_FOCAL_MAX = 14.0
"""Of any lens, in pixels: keeps a wild step of the solver finite."""


@dataclass(frozen=True)
class Unknowns:
    """Where each unknown stands in the vector of one survey."""

    survey: Survey

    @property
    def count(self) -> int:
        return 6 + 2 * len(self.survey.zooms) + (2 * len(self.survey.views) if self.survey.ptz else 0)

    @property
    def log_focal(self) -> slice:
        return slice(6, 6 + len(self.survey.zooms))

    @property
    def k1(self) -> slice:
        zooms = len(self.survey.zooms)
        return slice(6 + zooms, 6 + 2 * zooms)

    @property
    def readings(self) -> slice:
        """Pan and tilt of every view in turn; empty for a fixed camera."""
        return slice(6 + 2 * len(self.survey.zooms), self.count)

    def pose(self, theta: Floats, view: int) -> Pose:
        """The pose of one view."""
        survey, zoom = self.survey, self.survey.zoom_of_view[view]
        reading = survey.views[view]
        wrong = theta[self.readings].reshape(-1, 2)[view] if survey.ptz else (0.0, 0.0)
        return Pose(
            float(theta[0]),
            float(theta[1]),
            float(theta[2]),
            pan_deg=float(theta[PAN] + reading.pan_deg + wrong[0]),
            tilt_deg=float(theta[TILT] + reading.tilt_deg + wrong[1]),
            roll_deg=float(theta[ROLL]),
            focal_px=float(np.exp(min(theta[self.log_focal][zoom], LOG_FOCAL_MAX))),
            k1=float(theta[self.k1][zoom]),
        )

    def project(self, theta: Floats) -> Floats:
        """(n, 2): where the survey's points show, in pixels from the middle of the picture."""
        shown = np.empty((len(self.survey.points), 2))
        for view in range(len(self.survey.views)):
            these = self.survey.view_of_point == view
            if these.any():
                shown[these] = project(self.pose(theta, view), self.survey.places_m[these])
        return shown


def project(pose: Pose, places_m: Floats) -> Floats:
    """(n, 3) metres -> (n, 2) pixels from the middle. What is behind the camera is put just before it."""
    seen = (places_m - np.array([pose.x_m, pose.y_m, pose.z_m])) @ camera_axes(pose).T
    depth = np.maximum(seen[:, 2:], DEPTH_MIN_M)
    return np.asarray(bend(seen[:, :2] / depth, np.array(pose.k1)) * pose.focal_px, np.float64)
