"""Where things stand: local metres, poses, buildings.

World coordinates are local ENU metres (x east, y north, z up) around an origin that the site chooses.
Angles are degrees; pan is clockwise from north, tilt is above the horizon (negative looks down).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from csu.hal.clock import Nanoseconds


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a camera is and where it looks. `focal_px` is for the picture width the camera declares."""

    x_m: float
    y_m: float
    z_m: float
    pan_deg: float
    tilt_deg: float
    roll_deg: float
    focal_px: float

    def is_finite(self) -> bool:
        """False as soon as one number cannot be used: the picture must then be wholly masked (PRV-5)."""
        numbers = (self.x_m, self.y_m, self.z_m, self.pan_deg, self.tilt_deg, self.roll_deg, self.focal_px)
        return all(isfinite(number) for number in numbers) and self.focal_px > 0


@dataclass(frozen=True, slots=True)
class PoseReading:
    """A pose with the instant it held and whether the camera was moving then."""

    pose: Pose
    at_ns: Nanoseconds
    moving: bool


@dataclass(frozen=True, slots=True)
class Building:
    """A building as the masks see it. `footprint_m`: ring of (x, y), not closed, at least 3 corners.

    `height_m` None means unknown and counts as unlimited; `dwelling` None means unknown and counts as a dwelling
    (PRV-1, PRV-2: what is not known is masked).
    """

    building: str
    footprint_m: tuple[tuple[float, float], ...]
    ground_m: float
    height_m: float | None
    dwelling: bool | None
