"""ONVIF's coordinate spaces and the mount's degrees: what a number in a PTZ message means to this camera. Pure.

Pan grows to the right (clockwise from above), tilt grows upwards, zoom grows with the focal length.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import atan, degrees, log2

from csu.hal.place import Pose
from sim.endpoints.onvif.spec import OnvifQuirk, OnvifSpec
from sim.street.cameras import REFERENCE_WIDTH_PX
from sim.street.mount import MountLimits

_BASE = "http://www.onvif.org/ver10/tptz"
PAN_TILT_GENERIC = f"{_BASE}/PanTiltSpaces/PositionGenericSpace"
PAN_TILT_SPHERICAL = f"{_BASE}/PanTiltSpaces/SphericalPositionSpace"
ZOOM_GENERIC = f"{_BASE}/ZoomSpaces/PositionGenericSpace"
ZOOM_MILLIMETRES = f"{_BASE}/ZoomSpaces/PositionSpaceMillimeter"
PAN_TILT_TRANSLATION = f"{_BASE}/PanTiltSpaces/TranslationGenericSpace"
ZOOM_TRANSLATION = f"{_BASE}/ZoomSpaces/TranslationGenericSpace"
PAN_TILT_VELOCITY = f"{_BASE}/PanTiltSpaces/VelocityGenericSpace"
ZOOM_VELOCITY = f"{_BASE}/ZoomSpaces/VelocityGenericSpace"
PAN_TILT_SPEED = f"{_BASE}/PanTiltSpaces/GenericSpeedSpace"
ZOOM_SPEED = f"{_BASE}/ZoomSpaces/ZoomGenericSpeedSpace"

_DECIMALS = 4
"""What a real mount's encoders are good for: 0.02 degrees in a space of -1..1."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A number from `low` to `high` in a message is `from_` to `to` in the mount's own units."""

    low: float
    high: float
    from_: float
    to: float

    def own(self, told: float) -> float:
        """The mount's value of a number in a message."""
        return self.from_ + (min(max(told, self.low), self.high) - self.low) * (self.to - self.from_) / (
            self.high - self.low
        )

    def told(self, own: float) -> float:
        """The number that tells a mount's value."""
        return round(self.low + (own - self.from_) * (self.high - self.low) / (self.to - self.from_), _DECIMALS)

    def holds(self, told: float) -> bool:
        """Is this number within the space? What rounding adds is forgiven."""
        return self.low - 1e-3 <= told <= self.high + 1e-3


@dataclass(frozen=True, slots=True)
class PlaneSpace:
    """A space of pan (x) and tilt (y). Own units: degrees, or shares of the full speed."""

    uri: str
    x: Scale
    y: Scale


@dataclass(frozen=True, slots=True)
class LineSpace:
    """A space of zoom or of a speed. The own unit of zoom is doublings of the focal length. `is_focal`: its numbers are
    linear in the focal length, and `x` leads to pixels.
    """

    uri: str
    x: Scale
    is_focal: bool = False

    def own(self, told: float) -> float:
        """The mount's value of a number in a message; of zoom, doublings."""
        own = self.x.own(told)
        return log2(min(max(own, self.x.from_), self.x.to)) if self.is_focal else own

    def told(self, focal_px: float) -> float:
        """The number that tells a focal length."""
        return self.x.told(focal_px if self.is_focal else log2(focal_px))


@dataclass(frozen=True, slots=True)
class Spaces:
    """All spaces of one camera. Of each kind, the first is the one it uses when a message names none."""

    pan_tilt: tuple[PlaneSpace, ...]
    zoom: tuple[LineSpace, ...]
    pan_tilt_translation: PlaneSpace
    zoom_translation: LineSpace
    pan_tilt_velocity: PlaneSpace
    zoom_velocity: LineSpace
    pan_tilt_speed: LineSpace
    zoom_speed: LineSpace


def limits_of(spec: OnvifSpec) -> MountLimits:
    """What the mount behind this camera can do."""
    scale = spec.endpoint.width_px / REFERENCE_WIDTH_PX
    plain = MountLimits()
    return replace(plain, focal_px_min=plain.focal_px_min * scale, focal_px_max=plain.focal_px_max * scale)


def spaces_of(spec: OnvifSpec, limits: MountLimits, quirks: Collection[OnvifQuirk]) -> Spaces:
    """The spaces this camera advertises and obeys."""
    low, high = limits.tilt_deg_min, limits.tilt_deg_max
    wide, narrow = log2(limits.focal_px_min), log2(limits.focal_px_max)
    if OnvifQuirk.SPACES_ODD in quirks:
        full = 100.0
        pan_tilt: tuple[PlaneSpace, ...] = (
            PlaneSpace(PAN_TILT_GENERIC, Scale(-18_000, 18_000, -180, 180), Scale(low * 100, high * 100, low, high)),
        )
        zoom: tuple[LineSpace, ...] = (LineSpace(ZOOM_GENERIC, Scale(1, 100, wide, narrow)),)
    else:
        full = 1.0
        pan_tilt = (PlaneSpace(PAN_TILT_GENERIC, Scale(-1, 1, -180, 180), Scale(-1, 1, low, high)),)
        zoom = (LineSpace(ZOOM_GENERIC, Scale(0, 1, wide, narrow)),)
        if OnvifQuirk.GENERIC_SPACES_ONLY not in quirks:
            degrees_space = PlaneSpace(PAN_TILT_SPHERICAL, Scale(-180, 180, -180, 180), Scale(low, high, low, high))
            pan_tilt = (degrees_space, *pan_tilt)
            zoom = (LineSpace(ZOOM_MILLIMETRES, _millimetres(spec, limits), is_focal=True), *zoom)
    both, speed, reach = Scale(-full, full, -1, 1), Scale(0, full, 0, 1), (high - low) / 2
    pan_way, tilt_way = Scale(-full, full, -180, 180), Scale(-full, full, -reach, reach)
    return Spaces(
        pan_tilt=pan_tilt,
        zoom=zoom,
        pan_tilt_translation=PlaneSpace(PAN_TILT_TRANSLATION, pan_way, tilt_way),
        zoom_translation=LineSpace(ZOOM_TRANSLATION, Scale(-full, full, wide - narrow, narrow - wide)),
        pan_tilt_velocity=PlaneSpace(PAN_TILT_VELOCITY, both, both),
        zoom_velocity=LineSpace(ZOOM_VELOCITY, both),
        pan_tilt_speed=LineSpace(PAN_TILT_SPEED, speed),
        zoom_speed=LineSpace(ZOOM_SPEED, speed),
    )


def _millimetres(spec: OnvifSpec, limits: MountLimits) -> Scale:
    mm = spec.sensor_width_mm / spec.endpoint.width_px
    return Scale(limits.focal_px_min * mm, limits.focal_px_max * mm, limits.focal_px_min, limits.focal_px_max)


@dataclass(frozen=True, slots=True)
class Position:
    """Where the camera looks, as a message tells it."""

    pan_tilt_space: str
    pan: float
    tilt: float
    zoom_space: str
    zoom: float


def position_of(pose: Pose, spec: OnvifSpec, spaces: Spaces) -> Position:
    """A pose in the camera's default spaces."""
    pan_tilt, zoom = spaces.pan_tilt[0], spaces.zoom[0]
    pan_deg = (pose.pan_deg - spec.pan_zero_deg + 180.0) % 360.0 - 180.0
    return Position(
        pan_tilt.uri, pan_tilt.x.told(pan_deg), pan_tilt.y.told(pose.tilt_deg), zoom.uri, zoom.told(pose.focal_px)
    )


def field_of_view_deg(pose: Pose, spec: OnvifSpec) -> tuple[float, float]:
    """How wide and how high the picture is, in degrees."""
    width, height = spec.endpoint.width_px, spec.endpoint.height_px
    return _angle_deg(width, pose), _angle_deg(height, pose)


def _angle_deg(side_px: int, pose: Pose) -> float:
    return round(2 * degrees(atan(side_px / (2 * pose.focal_px))), 3)
