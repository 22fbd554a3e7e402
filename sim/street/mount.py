"""The pan-tilt-zoom mount: where a PTZ camera looks, as a function of time. Pure.

A command becomes a `Motion`; the motion says the pose at every later instant. Whoever holds the same motion knows the
same pose: the process that draws pictures and the binding that answers "where do you look?" need not talk at 10 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, log2

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.place import Pose, PoseReading

ACTUATOR_DELAY_NS = 20 * NS_PER_MS
"""A motor starts a little after its order; by then the drawing process has it too, so pictures never lag poses."""


@dataclass(frozen=True, slots=True)
class MountLimits:
    """What a mount can do. Speeds are those of a common speed dome's data sheet, slowed to what operators use."""

    pan_deg_s: float = 60.0
    tilt_deg_s: float = 40.0
    zoom_doublings_s: float = 1.0
    tilt_deg_min: float = -80.0
    tilt_deg_max: float = 10.0
    focal_px_min: float = 300.0
    focal_px_max: float = 6_000.0

    def reaches(self, pose: Pose) -> bool:
        """Can the mount look so?"""
        tilts = self.tilt_deg_min <= pose.tilt_deg <= self.tilt_deg_max
        return tilts and self.focal_px_min <= pose.focal_px <= self.focal_px_max


@dataclass(frozen=True, slots=True)
class AxisMotion:
    """One axis on its way from `start` to `goal` at `speed` (units a second, not negative)."""

    start: float
    goal: float
    speed: float

    def at(self, elapsed_s: float) -> float:
        """Where the axis is after `elapsed_s`."""
        way = self.goal - self.start
        done = self.speed * max(elapsed_s, 0.0)
        if done >= abs(way):
            return self.goal if self.speed > 0 else self.start
        return self.start + (done if way > 0 else -done)

    def arrived(self, elapsed_s: float) -> bool:
        """Does it stand still from now on?"""
        return self.speed == 0 or self.speed * elapsed_s >= abs(self.goal - self.start)


@dataclass(frozen=True, slots=True)
class Motion:
    """All axes from `start_ns` on. Pan is unwrapped; zoom runs in doublings of the focal length."""

    base: Pose
    start_ns: Nanoseconds
    pan: AxisMotion
    tilt: AxisMotion
    zoom: AxisMotion

    def pose_at(self, at_ns: Nanoseconds) -> Pose:
        """The pose at `at_ns`; before `start_ns`, the pose it starts from."""
        elapsed_s = (at_ns - self.start_ns) / NS_PER_S
        pan = self.pan.at(elapsed_s) % 360.0
        focal_px: float = 2.0 ** self.zoom.at(elapsed_s)
        if self.zoom.arrived(elapsed_s) and self.zoom.start == self.zoom.goal:
            focal_px = self.base.focal_px  # no rounding through the logarithm for a zoom that never moved
        return replace(self.base, pan_deg=pan, tilt_deg=self.tilt.at(elapsed_s), focal_px=focal_px)

    def moving_at(self, at_ns: Nanoseconds) -> bool:
        """Is any axis moving?"""
        elapsed_s = (at_ns - self.start_ns) / NS_PER_S
        return not all(axis.arrived(elapsed_s) for axis in (self.pan, self.tilt, self.zoom))

    def from_then_on(self, at_ns: Nanoseconds) -> Motion:
        """The same motion told from a later instant, so that one axis of it can be replaced."""
        elapsed_s = (at_ns - self.start_ns) / NS_PER_S
        rest = [replace(axis, start=axis.at(elapsed_s)) for axis in (self.pan, self.tilt, self.zoom)]
        return Motion(self.pose_at(at_ns), at_ns, *rest)

    def reading_at(self, at_ns: Nanoseconds) -> PoseReading:
        """What an honest mount reports."""
        return PoseReading(self.pose_at(at_ns), at_ns, self.moving_at(at_ns))


def zoom_of(pose: Pose) -> float:
    """Its place on the zoom axis."""
    return log2(pose.focal_px)


def at_rest(pose: Pose, at_ns: Nanoseconds) -> Motion:
    """Standing still at `pose`."""
    zoom = zoom_of(pose)
    return Motion(pose, at_ns, _still(pose.pan_deg), _still(pose.tilt_deg), _still(zoom))


def drive(pose: Pose, at_ns: Nanoseconds, pan: float, tilt: float, zoom: float, limits: MountLimits) -> Motion:
    """Moving from `pose` with speeds in [-1, 1] of what the mount can do, until a limit or the next command."""
    start = zoom_of(pose)
    return Motion(
        pose,
        at_ns,
        _toward(pose.pan_deg, pan, limits.pan_deg_s, -inf, inf),
        _toward(pose.tilt_deg, tilt, limits.tilt_deg_s, limits.tilt_deg_min, limits.tilt_deg_max),
        _toward(start, zoom, limits.zoom_doublings_s, log2(limits.focal_px_min), log2(limits.focal_px_max)),
    )


def go_to(pose: Pose, at_ns: Nanoseconds, goal: Pose, limits: MountLimits) -> Motion:
    """On the way from `pose` to `goal`, pan by the shorter way round, each axis at full speed."""
    turn = (goal.pan_deg - pose.pan_deg + 180.0) % 360.0 - 180.0
    return Motion(
        pose,
        at_ns,
        AxisMotion(pose.pan_deg, pose.pan_deg + turn, limits.pan_deg_s),
        AxisMotion(pose.tilt_deg, goal.tilt_deg, limits.tilt_deg_s),
        AxisMotion(zoom_of(pose), zoom_of(goal), limits.zoom_doublings_s),
    )


class Steering:
    """The orders a mount has taken: where it looks now and where it will. `first`: as it hangs before any order."""

    def __init__(self, first: Motion) -> None:
        self._before = self._motion = first

    def from_ns(self, now_ns: Nanoseconds) -> Nanoseconds:
        """When a motor begins to follow an order of now."""
        return now_ns + ACTUATOR_DELAY_NS

    @property
    def motion(self) -> Motion:
        """The last order taken."""
        return self._motion

    def take(self, motion: Motion) -> None:
        """Follow `motion` from its start on."""
        self._before, self._motion = self._motion, motion

    def reading_at(self, now_ns: Nanoseconds) -> PoseReading:
        """What an honest mount tells. About to move counts as moving: whoever masks by it is never a picture late."""
        if now_ns >= self._motion.start_ns:
            return self._motion.reading_at(now_ns)
        moving = self._before.moving_at(now_ns) or self._motion.moving_at(self._motion.start_ns)
        return PoseReading(self._before.pose_at(now_ns), now_ns, moving)


def _still(value: float) -> AxisMotion:
    return AxisMotion(value, value, 0.0)


def _toward(start: float, share: float, speed: float, low: float, high: float) -> AxisMotion:
    return AxisMotion(start, high if share > 0 else low, abs(share) * speed) if share else _still(start)
