"""A calibrated camera: from what its mount reads to the pose the masks are drawn from, and how wrong that may be."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, log

from csu.hal.errors import CsuError
from csu.hal.place import Pose, PoseBounds
from csu.hal.words import Words

SIGMAS = 3.0
"""Bounds hold this many standard deviations (`PoseBounds`)."""

ANGLE_FLOOR_DEG = PoseBounds().angle_deg
POSITION_FLOOR_M = 0.05
FOCAL_FLOOR_SHARE = 0.002
K1_FLOOR = 0.005
"""No fit is believed to be better: heat moves a mast and a lens, and real lenses have more than one coefficient."""

TWO_KNOTS_BEND = 0.25
"""Of the logarithm between two calibrated zooms, when there are no others to tell how the table bends."""


class PoseNotCalibrated(CsuError):
    """The camera was never calibrated there: the picture must be wholly masked (PRV-5)."""


@dataclass(frozen=True, slots=True)
class ZoomStep:
    """One calibrated zoom position, in [0, 1]; `focal_share` and `k1_off` are bounds, either way."""

    zoom: float
    focal_px: float
    k1: float
    focal_share: float
    k1_off: float
    by_effect: PoseBounds | None = None
    """Bounds for the masks: errors go together, and their effect is less than that of the bounds of all (`effect`)."""


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A camera's place, the mount's zero, its lens at each zoom, and bounds of all of them.

    Place and angles are in the commune's local metres and from its north (docs/decisions/0021, 0022). A fixed camera
    has one zoom step and reads zeroes. `width_px`, `height_px`: the picture that the focal lengths are for.
    """

    camera: str
    width_px: int
    height_px: int
    x_m: float
    y_m: float
    z_m: float
    pan0_deg: float
    tilt0_deg: float
    roll_deg: float
    angle_off_deg: float
    position_off_m: float
    zooms: tuple[ZoomStep, ...]
    """Ascending, at least one."""
    points: int
    """Matched points that the fit kept."""
    calibrated_at: str
    """ISO 8601, UTC."""

    def pose_at(
        self, pan_deg: float = 0.0, tilt_deg: float = 0.0, zoom: float | None = None, *, strict: bool = False
    ) -> tuple[Pose, PoseBounds]:
        """The pose for a mount that reads this, and the bounds for its masks. `zoom` None: the only one.

        `strict`: the bounds within which each number of the true pose is. Else those by effect, where there are any:
        covers made with them allow for every pixel where the true camera may show a point (docs/decisions/0022).
        Between two calibrated zooms the logarithm of the focal length goes straight, and the bounds grow by how far it
        may bend. Raises PoseNotCalibrated beyond them.
        """
        step = self._lens_at(zoom)
        pose = Pose(
            self.x_m,
            self.y_m,
            self.z_m,
            self.pan0_deg + pan_deg,
            self.tilt0_deg + tilt_deg,
            self.roll_deg,
            step.focal_px,
            step.k1,
        )
        if step.by_effect is not None and not strict:
            return pose, step.by_effect
        return pose, PoseBounds(self.angle_off_deg, self.position_off_m, step.focal_share, step.k1_off)

    def _lens_at(self, zoom: float | None) -> ZoomStep:
        if zoom is None and len(self.zooms) == 1:
            return self.zooms[0]
        for step in self.zooms:
            if zoom is not None and zoom == step.zoom:
                return step
        if zoom is None or not self.zooms[0].zoom < zoom < self.zooms[-1].zoom:
            low, high = self.zooms[0].zoom, self.zooms[-1].zoom
            raise PoseNotCalibrated(
                Words(f"zoom {zoom} hors de la table ({low:g} à {high:g})", f"zoom {zoom} not in {low:g} to {high:g}"),
                where=self.camera,
                what_to_do=Words("Calibrez aussi à ce zoom", "Calibrate at that zoom too"),
            )
        after = next(at for at, step in enumerate(self.zooms) if step.zoom > zoom)
        low_step, high_step = self.zooms[after - 1], self.zooms[after]
        share = (zoom - low_step.zoom) / (high_step.zoom - low_step.zoom)
        bend = self._bend(after)
        k1_between = abs(high_step.k1 - low_step.k1)
        return ZoomStep(
            zoom,
            exp(log(low_step.focal_px) * (1 - share) + log(high_step.focal_px) * share),
            low_step.k1 * (1 - share) + high_step.k1 * share,
            (1 + max(low_step.focal_share, high_step.focal_share)) * (1 + expm1(bend)) - 1,
            max(low_step.k1_off, high_step.k1_off) + k1_between / 2,
            _between(low_step.by_effect, high_step.by_effect, expm1(bend), k1_between / 2),
        )

    def _bend(self, after: int) -> float:
        """How far log f may be from the straight line before knot `after`: twice what its neighbours make likely.

        A line over a step h misses a curve by h^2 / 8 * its second derivative at most (linear interpolation).
        """
        knots = self.zooms
        width = knots[after].zoom - knots[after - 1].zoom
        logs = [log(step.focal_px) for step in knots]
        seconds = []
        for middle in (after - 1, after):
            if 0 < middle < len(knots) - 1:
                before_w = knots[middle].zoom - knots[middle - 1].zoom
                after_w = knots[middle + 1].zoom - knots[middle].zoom
                slopes = (logs[middle] - logs[middle - 1]) / before_w, (logs[middle + 1] - logs[middle]) / after_w
                seconds.append(abs(slopes[1] - slopes[0]) / ((before_w + after_w) / 2))
        if not seconds:
            return abs(logs[after] - logs[after - 1]) * TWO_KNOTS_BEND
        return 2 * max(seconds) * width * width / 8


def _between(low: PoseBounds | None, high: PoseBounds | None, bend: float, k1_off: float) -> PoseBounds | None:
    """The larger of each number, and what is not known between the two zooms."""
    if low is None or high is None:
        return None
    return PoseBounds(
        max(low.angle_deg, high.angle_deg),
        max(low.position_m, high.position_m),
        (1 + max(low.focal_share, high.focal_share)) * (1 + bend) - 1,
        max(low.k1, high.k1) + k1_off,
    )
