"""Which cover a camera's picture needs now. A pure core: `now_ns` and readings in, covers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, hypot, log, remainder

from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseReading
from csu.masking.cover import Cover, cover_of_path
from csu.masking.freeze import FreezeWatch
from csu.masking.geometry import BuildingUnusable
from csu.masking.skyline import EXACT_UP_TO, Surroundings
from csu.masking.surfaces import Surfaces, forbidden_surfaces
from csu.masking.track import PoseSpan, capture_window, poses_during, uncertain_ns

READING_AHEAD_NS = 50 * NS_PER_MS
"""A reading dated later than this from now was dated by another clock: it says nothing."""

STEP_DEG = 0.05
FOCAL_STEP_SHARE = 0.001
"""At rest, poses closer than these share a cover, made for the middle of the step (the steps of a good PTZ head)."""

REACH_STEP_DEG = 0.1
FOCAL_REACH_STEP_SHARE = 0.002
"""How far the truth may be from that middle is rounded up to these."""

SLACK_DEG_MAX = 0.25
FOCAL_SLACK_SHARE_MAX = 0.005
"""A cover stays in use while it holds and is not wider than needed by more: a head that trembles, and readings that do
not come like clockwork, must not make its edges flicker."""

COVERS_KEPT = 8
"""Per camera. A PTZ on tour has a handful of presets; a cover and its stencil are up to 3 MB at 1080p."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """A view at rest, in steps: what the covers are kept under. The truth is within the reaches of the middle."""

    middle: Pose
    angle_deg: float
    focal_share: float

    def suits(self, span: PoseSpan) -> bool:
        """Does its cover hold `span`, without being much too wide for it?"""
        angle_deg, focal_share = _aside(span, self.middle)
        angle_slack_deg, focal_slack = self.angle_deg - angle_deg, self.focal_share - focal_share
        return 0 <= angle_slack_deg <= SLACK_DEG_MAX and 0 <= focal_slack <= FOCAL_SLACK_SHARE_MAX


class CoverPolicy:
    """Chooses the cover of every picture of one camera, for one picture size.

    A fixed camera with a pose has one cover. One without a pose (not calibrated), or whose masks are not signed off, is
    wholly covered for ever. A PTZ's picture is covered for every pose it may have had while the picture was taken: one
    kept cover at rest, a cover of its own in motion, the whole picture as soon as anything is possible (PRV-5). A known
    pose with nothing forbidden around gives an empty cover: nothing was declared that must be hidden.
    """

    def __init__(self, assignment: Assignment, width_px: int, height_px: int) -> None:
        """A picture that changes its size needs a new policy. Focal lengths follow `assignment.pose_size_px`."""
        self.width_px = width_px
        self.height_px = height_px
        self._assignment = assignment
        self._whole = Cover.whole(width_px, height_px)
        self._surfaces = _usable_surfaces(assignment) if assignment.commissioned else None
        self._focal_scale = _focal_scale(assignment.pose_size_px, width_px, height_px)
        self._fixed = self._whole if assignment.follows_pose else self._cover_of_fixed(assignment.pose)
        self._covers: dict[_Rest, Cover] = {}
        self._rest: _Rest | None = None
        self._drawn: tuple[PoseSpan, Cover] | None = None
        """The newest cover of a span in motion: a picture that stands still asks for it again."""
        self.view: Pose | None = None if assignment.follows_pose else self._scaled(assignment.pose)
        """The pose the newest cover was made for, its focal length for this size; None while the camera may move."""

    def cover(
        self,
        captured: CaptureTime,
        now_ns: Nanoseconds,
        readings: tuple[PoseReading, ...],
        freeze: FreezeWatch | None = None,
    ) -> Cover:
        """The cover of a picture `captured` then and masked at `now_ns`. `readings`: the newest ones, oldest first.

        `freeze`: has looked at the picture; None: it is known to be as new as it says.
        """
        if not self._assignment.follows_pose:
            return self._fixed
        self.view = None
        if self._surfaces is None or self._focal_scale is None:
            return self._whole
        known = [reading for reading in readings if reading.at_ns <= now_ns + READING_AHEAD_NS]
        from_ns, to_ns = capture_window(captured)
        span = poses_during(known, from_ns, to_ns, self._assignment.dynamics)
        if freeze is not None:
            span = freeze.since(span, from_ns - uncertain_ns(known))
        if span is None:
            return self._whole
        if not span.at_rest:
            return self._cover_in_motion(span)
        self.view = self._scaled(span.path[0])
        return self._cover_at_rest(span)

    def is_ready(self, captured: CaptureTime, readings: tuple[PoseReading, ...]) -> bool:
        """False while a later reading would tell more of where the camera looked when the picture was taken.

        True of a camera that tells nothing at all: its picture is wholly covered, now or later.
        """
        if not self._assignment.follows_pose or self._surfaces is None or self._focal_scale is None:
            return True
        return not readings or readings[-1].at_ns >= capture_window(captured)[1] + uncertain_ns(readings)

    def _cover_of_fixed(self, pose: Pose | None) -> Cover:
        return self._whole if pose is None or not pose.is_finite() else self._draw((pose,), 0.0, 0.0)

    def _cover_in_motion(self, span: PoseSpan) -> Cover:
        if self._drawn is None or self._drawn[0] != span:
            self._drawn = span, self._draw(span.path, span.angle_deg, span.focal_share)
        return self._drawn[1]

    def _cover_at_rest(self, span: PoseSpan) -> Cover:
        rest = self._rest
        if rest is None or not rest.suits(span):
            rest = self._rest = _rest_of(span)
        known = self._covers.pop(rest, None)
        if known is None:
            known = self._draw((rest.middle,), rest.angle_deg, rest.focal_share)
            if len(self._covers) >= COVERS_KEPT:
                del self._covers[next(iter(self._covers))]  # the one not used for longest
        self._covers[rest] = known
        return known

    def _scaled(self, pose: Pose | None) -> Pose | None:
        if pose is None or self._focal_scale is None or not pose.is_finite():
            return None
        return replace(pose, focal_px=pose.focal_px * self._focal_scale)

    def _draw(self, path: Sequence[Pose], angle_deg: float, focal_share: float) -> Cover:
        scale, surfaces = self._focal_scale, self._surfaces
        if scale is None or surfaces is None:
            return self._whole
        scaled = tuple(replace(pose, focal_px=pose.focal_px * scale) for pose in path)
        bounds = self._assignment.bounds.widened(angle_deg=angle_deg, focal_share=focal_share)
        if isinstance(surfaces, Surroundings):
            around = surfaces.seen_along(scaled)
            if around is None:
                return self._whole
            scaled, surfaces, off_m = around
            bounds = replace(bounds, position_m=bounds.position_m + off_m)
        return cover_of_path(scaled, surfaces, self.width_px, self.height_px, bounds)


def _rest_of(span: PoseSpan) -> _Rest:
    """The step that a span at rest falls into, with all that its poses may be beside the middle of it."""
    pose = span.path[0]
    middle = replace(
        pose,
        pan_deg=round(pose.pan_deg % 360.0 / STEP_DEG) * STEP_DEG,
        tilt_deg=round(pose.tilt_deg / STEP_DEG) * STEP_DEG,
        roll_deg=round(pose.roll_deg / STEP_DEG) * STEP_DEG,
        focal_px=exp(round(log(pose.focal_px) / FOCAL_STEP_SHARE) * FOCAL_STEP_SHARE),
    )
    angle_deg, focal_share = _aside(span, middle)
    return _Rest(
        middle,
        ceil(angle_deg / REACH_STEP_DEG) * REACH_STEP_DEG,
        ceil(focal_share / FOCAL_REACH_STEP_SHARE) * FOCAL_REACH_STEP_SHARE,
    )


def _aside(span: PoseSpan, middle: Pose) -> tuple[float, float]:
    """How far the poses of a span may be from `middle`: degrees, and share of the focal length."""
    angle_deg = span.angle_deg + max(_angle_between(pose, middle) for pose in span.path)
    zoomed = max(max(pose.focal_px / middle.focal_px, middle.focal_px / pose.focal_px) for pose in span.path)
    return angle_deg, zoomed * (1 + span.focal_share) - 1


def _angle_between(a: Pose, b: Pose) -> float:
    """At least the angle between two ways of looking: pan and tilt turn about axes at right angles, roll adds to it."""
    turn_deg = hypot(remainder(a.pan_deg - b.pan_deg, 360.0), a.tilt_deg - b.tilt_deg)
    return turn_deg + abs(remainder(a.roll_deg - b.roll_deg, 360.0))


def _usable_surfaces(assignment: Assignment) -> Surfaces | Surroundings | None:
    buildings, zones, above_m = assignment.buildings, assignment.zones, assignment.mask_above_m
    try:
        if len(buildings) + len(zones) > EXACT_UP_TO:
            return Surroundings(buildings, zones, above_m, assignment.bounds.position_m)
        return forbidden_surfaces(buildings, zones, above_m)
    except BuildingUnusable:
        return None  # wholly covered, for ever: the next assignment may bring better buildings


def _focal_scale(declared_px: tuple[int, int] | None, width_px: int, height_px: int) -> float | None:
    """What a focal length is multiplied by for this picture; None: another shape, and nobody knows what was cut off."""
    if declared_px is None:
        return 1.0
    declared_width, declared_height = declared_px
    is_same_shape = abs(width_px * declared_height - height_px * declared_width) <= 2 * max(width_px, declared_width)
    return width_px / declared_width if is_same_shape else None
