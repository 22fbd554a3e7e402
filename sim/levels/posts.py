"""Where the cameras of level L1 hang in the simulated street, and how those that turn go round. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseReading, PtzDynamics
from sim.draws import duration_within
from sim.levels.cast import PixelPlan
from sim.street import Motion, MountLimits, Post, at_rest, build_street, go_to, posts, zones_of

WIDTH_PX, HEIGHT_PX = 192, 112
"""The least at which every post below has both masked dwellings and open street in its picture (measured)."""
PICTURE_EVERY_NS = NS_PER_S
"""As long as a GOP of level L0 (`sim.cohort.GOP_NS`)."""
STREET_SEED = 1
READING_EVERY_NS = 100 * NS_PER_MS
FIXED, TURNING = (1, 2, 3, 5, 6, 7), (4, 8)
"""Numbers of posts of the demonstration's street: those that stand still, and the domes."""
_LIMITS = MountLimits(pan_deg_s=20.0, tilt_deg_s=10.0, focal_px_min=50.0)
"""As operators turn a dome, so that some pictures are taken on the way."""
_VIEWS_DEG = ((0.0, 0.0), (-30.0, 14.0), (40.0, -10.0))
"""(pan, tilt) of the views of a tour, from home."""


@cache
def _posts() -> tuple[Post, ...]:
    return posts(build_street(STREET_SEED), max(*FIXED, *TURNING), WIDTH_PX, HEIGHT_PX)


def pose_of(place: int, *, turns: bool) -> Pose:
    """Home of the `place`-th camera of its kind, counted from 0. Two may look from one post."""
    numbers = TURNING if turns else FIXED
    return _posts()[numbers[place % len(numbers)] - 1].pose


def dressed(assignment: Assignment, plan: PixelPlan) -> Assignment:
    """The assignment with what its node needs to mask: pose, dwellings, doors."""
    street, turns = build_street(STREET_SEED), plan.tour is not None
    return replace(
        assignment,
        pose=None if turns else plan.pose,
        follows_pose=turns,
        buildings=street.buildings,
        zones=zones_of(street),
        pose_size_px=(WIDTH_PX, HEIGHT_PX),
        dynamics=PtzDynamics(_LIMITS.pan_deg_s, _LIMITS.tilt_deg_s, _LIMITS.zoom_doublings_s) if turns else None,
    )


class Mount:
    """Where a camera looks, as a function of time: always home, or on its tour."""

    def __init__(self, plan: PixelPlan, begins_ns: Nanoseconds, chance: Chance) -> None:
        self._plan = plan
        self._chance = chance
        self._courses: list[Motion] = [at_rest(plan.pose, begins_ns)]
        self._view = 0

    @property
    def turns(self) -> bool:
        return self._plan.tour is not None

    def pose_at(self, at_ns: Nanoseconds) -> Pose:
        """What its own encoders tell."""
        return self._course_at(at_ns).pose_at(at_ns)

    def moving_at(self, at_ns: Nanoseconds) -> bool:
        return self._course_at(at_ns).moving_at(at_ns)

    def readings(self, after_ns: Nanoseconds, until_ns: Nanoseconds) -> Iterator[PoseReading]:
        """What it reports in (after_ns, until_ns], ten times a second; nothing of a camera that stands still."""
        if not self.turns:
            return
        first_ns = max(after_ns, until_ns - 4 * NS_PER_S) // READING_EVERY_NS * READING_EVERY_NS + READING_EVERY_NS
        for at_ns in range(first_ns, until_ns + 1, READING_EVERY_NS):
            yield self._course_at(at_ns).reading_at(at_ns)

    def _course_at(self, at_ns: Nanoseconds) -> Motion:
        tour = self._plan.tour
        while tour is not None and self._courses[-1].start_ns <= at_ns:
            last, home = self._courses[-1], self._plan.pose
            start_ns = last.start_ns + duration_within(tour, self._chance)
            self._view = (self._view + 1) % len(_VIEWS_DEG)
            pan_deg, tilt_deg = _VIEWS_DEG[self._view]
            goal = replace(home, pan_deg=(home.pan_deg + pan_deg) % 360.0, tilt_deg=home.tilt_deg + tilt_deg)
            self._courses.append(go_to(last.pose_at(start_ns), start_ns, goal, _LIMITS))
        begun = bisect_right(self._courses, at_ns, key=lambda course: course.start_ns)
        return self._courses[max(0, begun - 1)]
