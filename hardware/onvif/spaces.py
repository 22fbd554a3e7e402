"""What a camera's pan, tilt and zoom numbers mean: its coordinate spaces, and how they become a pose and back. Pure.

A generic space (-1 to 1, or whatever the device advertises) is not degrees: two calibrated points per axis say what it
is. The spherical space is degrees by definition, and only needs to know where its zero looks. Without either there is
no pose, and the picture is wholly masked (PRV-5).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite, log2
from typing import TypeAlias

from csu.hal.camera import PtzVelocity
from csu.hal.place import Pose

_TPTZ = "http://www.onvif.org/ver10/tptz/"
GENERIC_PAN_TILT = f"{_TPTZ}PanTiltSpaces/PositionGenericSpace"
SPHERICAL_PAN_TILT = f"{_TPTZ}PanTiltSpaces/SphericalPositionSpace"
MILLIMETRE_ZOOM = f"{_TPTZ}ZoomSpaces/PositionSpaceMillimeter"
GENERIC_ZOOM = f"{_TPTZ}ZoomSpaces/PositionGenericSpace"

Place: TypeAlias = tuple[float, float, float]
"""Pan, tilt and zoom as shares of 360, 180 and 160 for the whole range: what differs by 0.06 is elsewhere."""

_ZOOM_PLACES = 160.0
_HERE_M = 0.01
_ROLL_DEG = 0.01
_ROUNDING = 1e-6
"""Of a range, as it is written in text and read again."""


@dataclass(frozen=True, slots=True)
class Span:
    """The values an axis takes in a space, as the device advertises them."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        room = _ROUNDING * self.width
        return self.low - room <= value <= self.high + room

    @property
    def width(self) -> float:
        return self.high - self.low

    def clamped(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def share(self, share: float) -> float:
        """A speed in [-1, 1] of what the axis can do, in the device's numbers. 0 stays 0."""
        return self.clamped(share * (self.high if share > 0 else -self.low))


@dataclass(frozen=True, slots=True)
class AdvertisedSpace:
    """A space of a PTZ node. `y` is None for zoom."""

    uri: str
    x: Span
    y: Span | None = None


@dataclass(frozen=True, slots=True)
class Spaces:
    """What a PTZ node takes, the first of each kind being its default."""

    absolute_pan_tilt: tuple[AdvertisedSpace, ...] = ()
    absolute_zoom: tuple[AdvertisedSpace, ...] = ()
    velocity_pan_tilt: tuple[AdvertisedSpace, ...] = ()
    velocity_zoom: tuple[AdvertisedSpace, ...] = ()

    @property
    def can_drive(self) -> bool:
        return bool(self.velocity_pan_tilt or self.velocity_zoom)

    def place(self, where: Position) -> Place | None:
        """Where it is in shares of what it advertises, to compare two looks; None for numbers that are none."""
        turn = next((each for each in self.absolute_pan_tilt if each.uri == where.pan_tilt_uri), None)
        zoom = next((each for each in self.absolute_zoom if each.uri == where.zoom_uri), None)
        found = (
            where.pan / (turn.x.width if turn else 2.0) * 360.0,
            where.tilt / ((turn.y or turn.x).width if turn else 2.0) * 180.0,
            where.zoom / (zoom.x.width if zoom else 1.0) * _ZOOM_PLACES,
        )
        return found if all(isfinite(each) for each in found) else None

    def speeds(self, velocity: PtzVelocity) -> tuple[tuple[float, float] | None, float | None]:
        """((pan, tilt), zoom) in the device's numbers, within what it advertises; None for what it has not.

        All axes are named, also those at rest: there are devices that ignore a move of a single axis.
        """
        turn = zoom = None
        if self.velocity_pan_tilt:
            space = self.velocity_pan_tilt[0]
            turn = (space.x.share(velocity.pan), (space.y or space.x).share(velocity.tilt))
        if self.velocity_zoom:
            zoom = self.velocity_zoom[0].x.share(velocity.zoom)
        return turn, zoom


@dataclass(frozen=True, slots=True)
class LinearAxis:
    """Degrees of an angle by the device's number: `zero_deg + number * deg_per_unit`."""

    zero_deg: float
    deg_per_unit: float

    @staticmethod
    def through(first: tuple[float, float], second: tuple[float, float]) -> LinearAxis:
        """By two calibrated points (number, degrees). Raises ValueError when they are one."""
        rise = (second[1] - first[1]) / (second[0] - first[0]) if second[0] != first[0] else 0.0
        if not isfinite(rise) or rise == 0.0:
            raise ValueError("two different points make an axis")
        return LinearAxis(first[1] - rise * first[0], rise)

    def degrees(self, number: float) -> float:
        return self.zero_deg + number * self.deg_per_unit

    def numbers(self, degrees: float) -> float:
        return (degrees - self.zero_deg) / self.deg_per_unit


@dataclass(frozen=True, slots=True)
class PanTiltSpace:
    """What a pan-tilt space of this model means: pan clockwise from north, tilt above the horizon."""

    uri: str
    pan: LinearAxis
    tilt: LinearAxis


def spherical(north_deg: float, tilt_zero_deg: float = 0.0) -> PanTiltSpace:
    """SphericalPositionSpace is in degrees already. `north_deg`: where its pan 0 looks, clockwise from north."""
    return PanTiltSpace(SPHERICAL_PAN_TILT, LinearAxis(north_deg, 1.0), LinearAxis(tilt_zero_deg, 1.0))


@dataclass(frozen=True, slots=True)
class ZoomSpace:
    """Focal lengths of a model by its zoom number. Raises ValueError for a table that is none."""

    uri: str
    points: tuple[tuple[float, float], ...]
    """(number, focal length in pixels of the recorded picture), at least two, both growing."""
    by_doublings: bool = True
    """Between two points the focal length grows by doublings; False: in proportion, as millimetres do."""

    def __post_init__(self) -> None:
        growing = all(a[0] < b[0] and 0 < a[1] < b[1] for a, b in pairwise(self.points))
        if len(self.points) < 2 or not growing:
            raise ValueError("a zoom table has two points or more, growing")

    def focal_px(self, number: float) -> float | None:
        """None outside the table: nobody measured there."""
        found = _between([(x, self._scaled(y)) for x, y in self.points], number)
        return None if found is None else float(2.0**found if self.by_doublings else found)

    def number(self, focal_px: float) -> float | None:
        """The inverse of `focal_px`."""
        if focal_px <= 0:
            return None
        return _between([(self._scaled(y), x) for x, y in self.points], self._scaled(focal_px))

    def _scaled(self, focal_px: float) -> float:
        return log2(focal_px) if self.by_doublings else focal_px


def millimetres(px_per_mm: float, low_mm: float, high_mm: float) -> ZoomSpace:
    """PositionSpaceMillimeter is the focal length already. `px_per_mm`: width of the picture by that of the sensor."""
    points = ((low_mm, low_mm * px_per_mm), (high_mm, high_mm * px_per_mm))
    return ZoomSpace(MILLIMETRE_ZOOM, points, by_doublings=False)


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a PTZ camera stands, and what its numbers mean. In `pan_tilt` and `zoom` the preferred comes first."""

    x_m: float
    y_m: float
    z_m: float
    pan_tilt: tuple[PanTiltSpace, ...]
    zoom: tuple[ZoomSpace, ...]
    roll_deg: float = 0.0
    k1: float = 0.0

    def pose(self, where: Position) -> Pose | None:
        """The pose a device's numbers mean; None when one is missing, no number, or not calibrated."""
        turn = next((each for each in self.pan_tilt if each.uri == where.pan_tilt_uri), None)
        zoom = next((each for each in self.zoom if each.uri == where.zoom_uri), None)
        if turn is None or zoom is None or not all(isfinite(each) for each in (where.pan, where.tilt, where.zoom)):
            return None
        focal_px = zoom.focal_px(where.zoom)
        if focal_px is None:
            return None
        pan, tilt = turn.pan.degrees(where.pan) % 360.0, turn.tilt.degrees(where.tilt)
        pose = Pose(self.x_m, self.y_m, self.z_m, pan, tilt, self.roll_deg, focal_px, self.k1)
        return pose if pose.is_finite() else None

    def position(self, pose: Pose, spaces: Spaces) -> Position | None:
        """The numbers of a pose in a space that is calibrated and offered; None when it is out of reach."""
        away_m = max(abs(pose.x_m - self.x_m), abs(pose.y_m - self.y_m), abs(pose.z_m - self.z_m))
        if not pose.is_finite() or away_m > _HERE_M or abs(pose.roll_deg - self.roll_deg) > _ROLL_DEG:
            return None
        turned = self._turned(pose, spaces.absolute_pan_tilt)
        zoomed = self._zoomed(pose, spaces.absolute_zoom)
        if turned is None or zoomed is None:
            return None
        return Position(turned[1], turned[2], zoomed[1], turned[0], zoomed[0])

    def _turned(self, pose: Pose, offered: Sequence[AdvertisedSpace]) -> tuple[str, float, float] | None:
        for mine in self.pan_tilt:
            for space in (each for each in offered if each.uri == mine.uri):
                tilt = mine.tilt.numbers(pose.tilt_deg)
                turns = (mine.pan.numbers(pose.pan_deg + whole) for whole in (0.0, -360.0, 360.0))
                pan = next((number for number in turns if space.x.holds(number)), None)
                if pan is not None and (space.y or space.x).holds(tilt):
                    return mine.uri, space.x.clamped(pan), (space.y or space.x).clamped(tilt)
        return None

    def _zoomed(self, pose: Pose, offered: Sequence[AdvertisedSpace]) -> tuple[str, float] | None:
        for mine in self.zoom:
            number = mine.number(pose.focal_px)
            for space in (each for each in offered if each.uri == mine.uri):
                if number is not None and space.x.holds(number):
                    return mine.uri, space.x.clamped(number)
        return None


@dataclass(frozen=True, slots=True)
class Position:
    """Pan, tilt and zoom in the device's numbers, and the spaces they are of."""

    pan: float
    tilt: float
    zoom: float
    pan_tilt_uri: str
    zoom_uri: str


def _between(points: Sequence[tuple[float, float]], x: float) -> float | None:
    """Straight lines through points of growing x; None outside, but for rounding."""
    low, high = points[0][0], points[-1][0]
    if not Span(low, high).holds(x):
        return None
    x = min(max(x, low), high)
    after = max(1, bisect_left([each[0] for each in points], x))
    (x0, y0), (x1, y1) = points[after - 1], points[after]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def with_defaults(position: Position, pan_tilt_uri: str, zoom_uri: str) -> Position:
    """Numbers that came without their spaces are of the configuration's default spaces."""
    return replace(position, pan_tilt_uri=position.pan_tilt_uri or pan_tilt_uri, zoom_uri=position.zoom_uri or zoom_uri)
