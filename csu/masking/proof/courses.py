"""How PTZ cameras of the proof truly move, and what they say of it. Speeds may change at once: no mount is as rough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.masking.proof.scenes import Scene, bend_min

START_NS = 1_800_000_000 * NS_PER_S
_REST = NS_PER_S


@dataclass(frozen=True, slots=True)
class Leg:
    """So long at these speeds."""

    duration_ns: Nanoseconds
    pan_deg_per_s: float = 0.0
    tilt_deg_per_s: float = 0.0
    doublings_per_s: float = 0.0

    @property
    def is_motion(self) -> bool:
        return bool(self.pan_deg_per_s or self.tilt_deg_per_s or self.doublings_per_s)


class Course:
    """How a PTZ truly moves: legs from START_NS on, the first one at rest; then rest for ever."""

    def __init__(self, start: Pose, legs: Sequence[Leg]) -> None:
        self._start = start
        self._legs = legs
        ends = [START_NS]
        for leg in legs:
            ends.append(ends[-1] + leg.duration_ns)
        self._spans = list(pairwise(ends))
        self.starts_ns, self.arrives_ns = ends[1], ends[-1]

    def pose(self, at_ns: Nanoseconds) -> Pose:
        pan = tilt = doublings = 0.0
        for leg, (begin, end) in zip(self._legs, self._spans, strict=True):
            seconds = max(0, min(at_ns, end) - begin) / NS_PER_S
            pan += leg.pan_deg_per_s * seconds
            tilt += leg.tilt_deg_per_s * seconds
            doublings += leg.doublings_per_s * seconds
        start = self._start
        return replace(
            start,
            pan_deg=start.pan_deg + pan,
            tilt_deg=start.tilt_deg + tilt,
            focal_px=start.focal_px * 2.0**doublings,
        )

    def reading(self, at_ns: Nanoseconds) -> PoseReading:
        moving = any(
            leg.is_motion and begin <= at_ns < end for leg, (begin, end) in zip(self._legs, self._spans, strict=True)
        )
        return PoseReading(self.pose(at_ns), at_ns, moving)


def going_about(scene: Scene, sheet: PtzDynamics, dice: Chance) -> Course:
    """One to three short turns, each at any speed. Half-way it passes the scene's pose."""
    legs = [Leg(_REST)]
    for _ in range(dice.integer(1, 3)):
        legs.append(
            Leg(
                dice.integer(200, 600) * NS_PER_MS,
                dice.uniform(-1, 1) * sheet.pan_deg_per_s,
                dice.uniform(-1, 1) * sheet.tilt_deg_per_s,
                dice.uniform(-1, 1) * sheet.zoom_doublings_per_s if dice.uniform(0, 1) < 0.5 else 0.0,
            )
        )
    course = Course(scene.pose, legs)
    return _through(scene, legs, (course.starts_ns + course.arrives_ns) // 2)


def from_preset_to_preset(scene: Scene, sheet: PtzDynamics, dice: Chance) -> Course:
    """One long turn at high speed, to the scene's pose."""
    way = 2 * dice.integer(0, 1) - 1
    legs = [
        Leg(_REST),
        Leg(dice.integer(1000, 2500) * NS_PER_MS, way * dice.uniform(0.6, 1) * sheet.pan_deg_per_s),
    ]
    return _through(scene, legs, Course(scene.pose, legs).arrives_ns)


def _through(scene: Scene, legs: Sequence[Leg], at_ns: Nanoseconds) -> Course:
    """The course of these legs that has the scene's pan and tilt at that instant."""
    pose = scene.pose
    there = Course(pose, legs).pose(at_ns)
    focal_min = pose.focal_px * min(1.0, *_zoom(legs))
    start = replace(
        pose,
        k1=max(pose.k1, bend_min((scene.width_px, scene.height_px), focal_min)),  # a ray for each pixel, always
        pan_deg=2 * pose.pan_deg - there.pan_deg,
        tilt_deg=max(-80.0, min(35.0, 2 * pose.tilt_deg - there.tilt_deg)),
    )
    return Course(start, legs)


def _zoom(legs: Sequence[Leg]) -> list[float]:
    """Focal length after each leg, as shares of the first one."""
    doublings = accumulate(leg.doublings_per_s * leg.duration_ns / NS_PER_S for leg in legs)
    return [2.0**count for count in doublings]
