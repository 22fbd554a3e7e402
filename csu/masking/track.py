"""Where a camera that turns may have looked during a while. A pure core: readings and data sheet in, poses out.

A reading is a point in time; a picture is a while, because nobody knows to the millisecond when it was taken. Between
two readings an axis cannot be further from their chord than its fastest speed allows and still be back in time; before
the first and after the last it can be anywhere its speed reaches. Pan, tilt and zoom do so each for itself, so that
they may run out of step: what is told is a path and how far, to every side of it, the truth may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import hypot, log2, remainder

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.frames import CaptureTime
from csu.hal.place import Pose, PoseReading, PtzDynamics

READING_STALE_NS = 500 * NS_PER_MS
"""A PTZ at 120 deg/s turns by 60 degrees in this time: beyond it a reading says nothing. Polls come each 100-200 ms."""

CAPTURE_JITTER_NS = 50 * NS_PER_MS
"""How far a date from the camera's own clock may be off, to either side: sender reports are stamped with some ms of
jitter, a night's exposure lasts 40 ms, and a reading of the pose is stamped when its answer was under way."""

LATENCY_NS_MAX = 500 * NS_PER_MS
"""From capture to arrival (exposure, encoder, network), when the camera's clock does not tell."""

LATENCY_NS_TRUSTED = 100 * NS_PER_MS
"""A camera's clock that runs ahead by less than its latency cannot be told from a right one with less latency: a
picture is always taken to be this much older than its arrival, at least, and the jitter besides. So a wrong clock harms
nobody on a camera whose latency is below the two together."""

TREMBLE_DEG = 0.1
TREMBLE_DOUBLINGS = 0.003
"""A head that holds still reports angles that tremble; two readings within these are the same view."""

RAMP_S = 0.2
"""No mount comes from rest to its full speed in less: the motor moves some kilograms of housing. Not on data sheets."""

FASTEST_MOUNT = PtzDynamics(pan_deg_per_s=450.0, tilt_deg_per_s=450.0, zoom_doublings_per_s=4.0)
"""What stands in for a mount whose speeds nobody knows while its readings say that it rests: the fastest on sale."""

SPAN_DEG_MAX = 40.0
"""Poses that differ by more than this leave so little of a picture that it is wholly covered instead."""
FOCAL_SHARE_MAX = 0.5

_FASTER_THAN_SHEET = 1.25
"""Readings stamped 20 ms wrong make a mount look this much too fast; beyond it the data sheet is not believed."""


@dataclass(frozen=True, slots=True)
class PoseSpan:
    """Every pose the camera may have had: within the reach of a point of the path.

    Between two poses of the path pan, tilt and the logarithm of the focal length go straight.
    """

    path: tuple[Pose, ...]
    """At least one. Pan is unwrapped (it may pass 360), position and roll are the same all along."""
    angle_deg: float
    """How far a direction may be from the path, any axis."""
    focal_share: float
    """How far the focal length may be from the path's, to either side."""
    rests_since_ns: Nanoseconds | None = None
    """When it first was where every reading since has it; None: the readings around do not say that it stands still."""

    @property
    def at_rest(self) -> bool:
        """Did every reading around say that it stood still, and where the others said?"""
        return self.rests_since_ns is not None


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far the axes may be from a chord."""

    pan_deg: float
    tilt_deg: float
    doublings: float
    at_rest: bool = False

    @property
    def angle_deg(self) -> float:
        """A turn by pan and one by tilt have axes at right angles: together never more than this."""
        return hypot(self.pan_deg, self.tilt_deg)


def capture_window(captured: CaptureTime) -> tuple[Nanoseconds, Nanoseconds]:
    """[from, to] by our clock, in which a picture was captured (see the constants for each allowance)."""
    at_ns, latest_ns = captured.at_ns, captured.at_latest_ns
    if not captured.from_camera:
        latest_ns = at_ns if latest_ns is None else latest_ns
        return latest_ns - LATENCY_NS_MAX, latest_ns
    if latest_ns is None:
        return at_ns - CAPTURE_JITTER_NS, at_ns + CAPTURE_JITTER_NS
    if at_ns > latest_ns + CAPTURE_JITTER_NS:  # dated after it arrived: the camera's clock is ahead
        return latest_ns - LATENCY_NS_MAX, latest_ns
    from_ns = min(at_ns, latest_ns - LATENCY_NS_TRUSTED) - CAPTURE_JITTER_NS
    return from_ns, max(at_ns + CAPTURE_JITTER_NS, latest_ns)


def poses_during(
    readings: Sequence[PoseReading], from_ns: Nanoseconds, to_ns: Nanoseconds, dynamics: PtzDynamics | None
) -> PoseSpan | None:
    """Every pose the camera may have had during [from_ns, to_ns]. None: anything is possible, cover the whole picture.

    `readings`: in order of time, as many as there are around the while. `dynamics` None: not known; then only a camera
    at rest, between two readings that say so, has a span. Readings whose dates may be off are those of a while that
    much longer: whichever way they are off, they are so together.
    """
    usable = [reading for reading in readings if reading.pose.is_finite()]
    if not usable or from_ns > to_ns or not _is_one_mount_in_order(usable):
        return None
    off_ns = uncertain_ns(usable)
    from_ns, to_ns = from_ns - off_ns, to_ns + off_ns
    first = max((i for i, reading in enumerate(usable) if reading.at_ns <= from_ns), default=0)
    last = min((i for i, reading in enumerate(usable) if reading.at_ns >= to_ns), default=len(usable) - 1)
    around = _unwrapped(usable[first : last + 1])
    reaches = [_alone(around[0].at_ns - from_ns, dynamics), _alone(to_ns - around[-1].at_ns, dynamics)]
    reaches += [_between(a, b, from_ns, to_ns, dynamics) for a, b in pairwise(around)]
    path = [around[0].pose]
    for a, b in pairwise(around):
        path += [_on_chord(a, b, max(a.at_ns, from_ns)), _on_chord(a, b, min(b.at_ns, to_ns))]
    if len(path) > 1:
        del path[0]  # the chord begins where the while does
    rests_since_ns = None
    if len(around) > 1 and all(reach is not None and reach.at_rest for reach in reaches):
        rests_since_ns = _rests_since_ns(usable[: first + 1])
    return _span(path, reaches, rests_since_ns)


def uncertain_ns(readings: Sequence[PoseReading]) -> int:
    """How far the dates of these may be off."""
    return max((reading.uncertain_ns for reading in readings), default=0)


def _rests_since_ns(readings: list[PoseReading]) -> Nanoseconds:
    """The first of those that, up to the last one, have it where the last has it. Many heads say that they move until
    they were twice at one place."""
    since_ns = readings[-1].at_ns
    for before in reversed(readings[:-1]):
        if since_ns - before.at_ns > READING_STALE_NS or not _is_one_view(before.pose, readings[-1].pose):
            break
        since_ns = before.at_ns
    return since_ns


def _span(path: list[Pose], reaches: list[_Reach | None], rests_since_ns: Nanoseconds | None) -> PoseSpan | None:
    known = [reach for reach in reaches if reach is not None]
    if len(known) < len(reaches):
        return None
    angle_deg = max(reach.angle_deg for reach in known)
    pans, tilts = [pose.pan_deg for pose in path], [pose.tilt_deg for pose in path]
    if hypot(max(pans) - min(pans), max(tilts) - min(tilts)) + 2 * angle_deg > SPAN_DEG_MAX:
        return None
    focal_share = 2.0 ** max(reach.doublings for reach in known) - 1.0
    if focal_share > FOCAL_SHARE_MAX:
        return None
    shown = tuple(dict.fromkeys(path))
    return PoseSpan(shown, angle_deg, focal_share, rests_since_ns)


def _is_one_mount_in_order(readings: list[PoseReading]) -> bool:
    """A mount turns about one point and does not roll; its readings come one after the other."""
    home = readings[0].pose
    return all(a.at_ns < b.at_ns for a, b in pairwise(readings)) and all(
        max(abs(r.pose.x_m - home.x_m), abs(r.pose.y_m - home.y_m), abs(r.pose.z_m - home.z_m)) <= 0.001
        and abs(remainder(r.pose.roll_deg - home.roll_deg, 360.0)) <= TREMBLE_DEG
        for r in readings
    )


def _unwrapped(readings: list[PoseReading]) -> list[PoseReading]:
    """The same with pans that run on over 360: each is within half a turn of the one before."""
    told = [readings[0]]
    for reading in readings[1:]:
        before_deg = told[-1].pose.pan_deg
        pan_deg = before_deg + remainder(reading.pose.pan_deg - before_deg, 360.0)
        told.append(replace(reading, pose=replace(reading.pose, pan_deg=pan_deg)))
    return told


def _alone(lasting_ns: Nanoseconds, dynamics: PtzDynamics | None) -> _Reach | None:
    """How far from a single reading, `lasting_ns` before or after it. 0 where readings stand on both sides."""
    if lasting_ns <= 0:
        return _Reach(0.0, 0.0, 0.0, at_rest=True)
    if lasting_ns > READING_STALE_NS or dynamics is None:
        return None
    lasting_s = lasting_ns / NS_PER_S
    return _Reach(
        dynamics.pan_deg_per_s * lasting_s + TREMBLE_DEG / 2,
        dynamics.tilt_deg_per_s * lasting_s + TREMBLE_DEG / 2,
        dynamics.zoom_doublings_per_s * lasting_s + TREMBLE_DOUBLINGS / 2,
    )


def _between(
    a: PoseReading, b: PoseReading, from_ns: Nanoseconds, to_ns: Nanoseconds, dynamics: PtzDynamics | None
) -> _Reach | None:
    """How far from the chord of two readings, in the part of it that lies in [from_ns, to_ns]."""
    apart_ns = b.at_ns - a.at_ns
    rests = _rests(a, b)
    if apart_ns > READING_STALE_NS or (dynamics is None and not rests):
        return None
    sheet, apart_s = dynamics or FASTEST_MOUNT, apart_ns / NS_PER_S
    part_s = ((max(from_ns, a.at_ns) - a.at_ns) / NS_PER_S, (min(to_ns, b.at_ns) - a.at_ns) / NS_PER_S)
    axes = (
        (b.pose.pan_deg - a.pose.pan_deg, sheet.pan_deg_per_s, TREMBLE_DEG),
        (b.pose.tilt_deg - a.pose.tilt_deg, sheet.tilt_deg_per_s, TREMBLE_DEG),
        (log2(b.pose.focal_px / a.pose.focal_px), sheet.zoom_doublings_per_s, TREMBLE_DOUBLINGS),
    )
    reaches = []
    for way, fastest, tremble in axes:
        if abs(way) > _FASTER_THAN_SHEET * fastest * apart_s + tremble:
            return None
        reach = _off_chord(way, max(fastest, abs(way) / apart_s) + tremble / apart_s, apart_s, part_s)
        # Still, out, back and still again: four equal parts at the steepest ramp are the furthest one can get.
        reaches.append(min(reach, fastest / RAMP_S * apart_s**2 / 16) if rests else reach)
    pan_deg, tilt_deg, doublings = reaches
    return _Reach(pan_deg, tilt_deg, doublings, at_rest=rests)


def _off_chord(way: float, fastest: float, apart_s: float, part_s: tuple[float, float]) -> float:
    """How far an axis that goes `way` in `apart_s` may be from going evenly, within `part_s` of it.

    At s it has had s to run ahead and has apart_s - s to be caught up: min(s * (v - r), (apart_s - s) * (v + r)) for an
    even speed r, and the same with -r for falling behind. Each rises to one peak and falls.
    """
    even = way / apart_s
    most = 0.0
    for rate in (even, -even):
        peak_s = apart_s * (fastest + rate) / (2 * fastest) if fastest > 0 else 0.0
        at_s = min(max(peak_s, part_s[0]), part_s[1])
        most = max(most, min(at_s * (fastest - rate), (apart_s - at_s) * (fastest + rate)))
    return most


def _rests(a: PoseReading, b: PoseReading) -> bool:
    """Do two readings in a row say that the camera stood still, and at one place?"""
    return not (a.moving or b.moving) and _is_one_view(a.pose, b.pose)


def _is_one_view(a: Pose, b: Pose) -> bool:
    angles_deg = (a.pan_deg - b.pan_deg, a.tilt_deg - b.tilt_deg)
    is_one_zoom = abs(log2(b.focal_px / a.focal_px)) <= TREMBLE_DOUBLINGS
    return is_one_zoom and all(abs(remainder(angle_deg, 360.0)) <= TREMBLE_DEG for angle_deg in angles_deg)


def _on_chord(a: PoseReading, b: PoseReading, at_ns: Nanoseconds) -> Pose:
    """The pose at `at_ns` of a mount that goes evenly from a to b, its zoom in doublings."""
    share = min(max((at_ns - a.at_ns) / (b.at_ns - a.at_ns), 0.0), 1.0)
    return replace(
        a.pose,
        pan_deg=a.pose.pan_deg + share * (b.pose.pan_deg - a.pose.pan_deg),
        tilt_deg=a.pose.tilt_deg + share * (b.pose.tilt_deg - a.pose.tilt_deg),
        focal_px=a.pose.focal_px * (b.pose.focal_px / a.pose.focal_px) ** share,
        k1=a.pose.k1 + share * (b.pose.k1 - a.pose.k1),
    )
