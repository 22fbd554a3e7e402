"""Where things stand: local metres, poses and how sure they are, buildings, zones drawn by hand.

World coordinates are local ENU metres (x east, y north, z up) around an origin that the site chooses.
Angles are degrees; pan is clockwise from north, tilt is above the horizon (negative looks down).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import TypeAlias

from csu.hal.clock import Nanoseconds


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a camera is and where it looks. `focal_px` is for the picture width the camera declares.

    `k1`: radial distortion (Brown): a point seen at radius r, in focal lengths from the middle of the picture, shows at
    r * (1 + k1 * r^2). 0 is a pinhole; a wide-angle lens has about -0.1 to -0.3 (barrel).
    """

    x_m: float
    y_m: float
    z_m: float
    pan_deg: float
    tilt_deg: float
    roll_deg: float
    focal_px: float
    k1: float = 0.0

    def is_finite(self) -> bool:
        """False as soon as one number cannot be used: the picture must then be wholly masked (PRV-5)."""
        numbers = (self.x_m, self.y_m, self.z_m, self.pan_deg, self.tilt_deg, self.roll_deg, self.focal_px, self.k1)
        return all(isfinite(number) for number in numbers) and self.focal_px > 0


@dataclass(frozen=True, slots=True)
class PoseBounds:
    """How far the truth may be from a pose that is told: the mask holds for every pose within these bounds.

    Three standard deviations of a calibration, so that a poor one masks more, never less. `angle_deg`: of the camera's
    direction, any axis. The default holds the steps of a good mount and of the pose cache with a rest.
    """

    angle_deg: float = 0.2
    position_m: float = 0.0
    focal_share: float = 0.0
    """Of the focal length, to either side."""
    k1: float = 0.0

    def widened(self, *, angle_deg: float = 0.0, focal_share: float = 0.0) -> PoseBounds:
        """The same bounds and that much more."""
        return replace(self, angle_deg=self.angle_deg + angle_deg, focal_share=self.focal_share + focal_share)


@dataclass(frozen=True, slots=True)
class PtzDynamics:
    """The fastest a mount can turn and zoom, by its data sheet: what it may have done since its last reading."""

    pan_deg_per_s: float
    tilt_deg_per_s: float
    zoom_doublings_per_s: float
    """Doublings or halvings of the focal length a second."""


@dataclass(frozen=True, slots=True)
class PoseReading:
    """A pose with the instant it held and whether the camera was moving then."""

    pose: Pose
    at_ns: Nanoseconds
    moving: bool
    uncertain_ns: int = 0
    """How far `at_ns` may be off, to either side, beside what the masks allow any date (`CAPTURE_JITTER_NS`); the same
    way for all readings of one source."""


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


class ZoneKind(StrEnum):
    """What a person drew by hand: both are never visualised, at any height (PRV-1, CSI L251-3)."""

    DWELLING_INTERIOR = "dwelling_interior"
    DWELLING_ENTRANCE = "dwelling_entrance"


@dataclass(frozen=True, slots=True)
class MapZone:
    """A zone drawn on the map: the prism over `ring_m` (at least 3 corners, not closed) from `low_m` to `high_m`.

    Heights are in the site's metres, as `Building.ground_m` is. A door is a thin prism before its facade.
    """

    zone: str
    kind: ZoneKind
    ring_m: tuple[tuple[float, float], ...]
    low_m: float
    high_m: float


@dataclass(frozen=True, slots=True)
class PictureZone:
    """A zone drawn on a camera's picture: corners in [0, 1] of it, origin top left, at least 3, not closed.

    It is what lies behind those corners for the camera as it looked then (`seen_from`, a picture of `size_px`), so it
    follows a camera that turns about its lens.
    """

    zone: str
    kind: ZoneKind
    corners: tuple[tuple[float, float], ...]
    seen_from: Pose
    size_px: tuple[int, int]


Zone: TypeAlias = MapZone | PictureZone
