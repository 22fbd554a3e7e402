"""What a PTZ order does to a mount: motions made of the motion before, axis by axis. Pure.

An order that names one axis leaves the others as they are: later orders override earlier ones on what they name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, log2

from csu.hal.clock import Nanoseconds
from sim.street.mount import AxisMotion, Motion, MountLimits


@dataclass(frozen=True, slots=True)
class Axes:
    """A number for each axis: pan and tilt in degrees, zoom in doublings; or shares of full speeds. None: leave it."""

    pan: float | None = None
    tilt: float | None = None
    zoom: float | None = None


FULL_SPEED = Axes(1.0, 1.0, 1.0)


def continuous(now: Motion, start_ns: Nanoseconds, speed: Axes, limits: MountLimits, for_s: float | None) -> Motion:
    """Turning at these shares of the full speed (0: halt that axis), for a time or until a limit or another order."""
    motion = now.from_then_on(start_ns)
    low, high = log2(limits.focal_px_min), log2(limits.focal_px_max)
    return replace(
        motion,
        pan=_driven(motion.pan, speed.pan, limits.pan_deg_s, (-inf, inf), for_s),
        tilt=_driven(motion.tilt, speed.tilt, limits.tilt_deg_s, (limits.tilt_deg_min, limits.tilt_deg_max), for_s),
        zoom=_driven(motion.zoom, speed.zoom, limits.zoom_doublings_s, (low, high), for_s),
    )


def absolute(now: Motion, start_ns: Nanoseconds, goal: Axes, limits: MountLimits, speed: Axes) -> Motion:
    """On the way to `goal`, pan by the shorter way round."""
    motion = now.from_then_on(start_ns)
    pan_goal = None
    if goal.pan is not None:
        pan_goal = motion.pan.start + (goal.pan - motion.pan.start + 180.0) % 360.0 - 180.0
    return _toward(motion, Axes(pan_goal, goal.tilt, goal.zoom), limits, speed)


def relative(now: Motion, start_ns: Nanoseconds, way: Axes, limits: MountLimits, speed: Axes) -> Motion:
    """On the way to what lies `way` from where each axis is now, or to its limit."""
    motion = now.from_then_on(start_ns)
    low, high = log2(limits.focal_px_min), log2(limits.focal_px_max)
    return _toward(
        motion,
        Axes(
            None if way.pan is None else motion.pan.start + way.pan,
            _moved(motion.tilt, way.tilt, limits.tilt_deg_min, limits.tilt_deg_max),
            _moved(motion.zoom, way.zoom, low, high),
        ),
        limits,
        speed,
    )


def halt(now: Motion, start_ns: Nanoseconds, *, pan_tilt: bool, zoom: bool) -> Motion:
    """The named axes stand still from then on."""
    motion = now.from_then_on(start_ns)
    if pan_tilt:
        motion = replace(motion, pan=_still(motion.pan), tilt=_still(motion.tilt))
    return replace(motion, zoom=_still(motion.zoom)) if zoom else motion


def _driven(
    axis: AxisMotion, share: float | None, full: float, range_: tuple[float, float], for_s: float | None
) -> AxisMotion:
    if share is None:
        return axis
    if share == 0:
        return _still(axis)
    low, high = range_
    way = share * full * (inf if for_s is None else for_s)
    return AxisMotion(axis.start, min(max(axis.start + way, low), high), abs(share) * full)


def _toward(motion: Motion, goal: Axes, limits: MountLimits, speed: Axes) -> Motion:
    return replace(
        motion,
        pan=_sent(motion.pan, goal.pan, speed.pan, limits.pan_deg_s),
        tilt=_sent(motion.tilt, goal.tilt, speed.tilt, limits.tilt_deg_s),
        zoom=_sent(motion.zoom, goal.zoom, speed.zoom, limits.zoom_doublings_s),
    )


def _sent(axis: AxisMotion, goal: float | None, share: float | None, full: float) -> AxisMotion:
    return axis if goal is None else AxisMotion(axis.start, goal, (share or 1.0) * full)


def _moved(axis: AxisMotion, way: float | None, low: float, high: float) -> float | None:
    return None if way is None else min(max(axis.start + way, low), high)


def _still(axis: AxisMotion) -> AxisMotion:
    return AxisMotion(axis.start, axis.start, 0.0)
