"""Which cover a camera's picture needs now. A pure core: `now_ns` and readings in, covers out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import remainder

import numpy as np

from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseReading
from csu.masking.cover import Cover, CoverMargins, cover_of_surfaces
from csu.masking.geometry import BuildingUnusable, Quads, dwelling_surfaces

READING_STALE_NS = 500 * NS_PER_MS
"""A PTZ at 120 deg/s turns by 60 degrees in this time: beyond it a reading says nothing. Polls come each 100-200 ms."""

SETTLED_AFTER_NS = 500 * NS_PER_MS
"""How long a PTZ must have looked the same way before its cover is believed. A picture is older than the reading that
comes with it (exposure, encoder, network, queue), so it may still show the way the camera looked before it stopped."""

STEP_DEG = 0.05
FOCAL_STEP_SHARE = 0.001
"""Poses closer than these share a cover (the steps of a good PTZ head); `CoverMargins` holds the difference."""

SETTLED_DEG = 0.1
SETTLED_FOCAL_SHARE = 0.002
"""A head that holds still reports angles that tremble; within these it counts as still."""

COVERS_KEPT = 8
"""Per camera. A PTZ on tour has a handful of presets; a cover and its stencil are up to 3 MB at 1080p."""


@dataclass(frozen=True, slots=True)
class _PoseStep:
    """A pose in steps: what the covers are kept under."""

    place_mm: tuple[int, int, int]
    angles: tuple[int, int, int]
    focal: int


class CoverPolicy:
    """Chooses the cover of every picture of one camera, for one picture size.

    A fixed camera with a pose has one cover. One without a pose (not calibrated) is wholly covered for ever. A PTZ is
    wholly covered unless its newest reading is fresh, still, finite, and has been the same for `SETTLED_AFTER_NS`.
    A known pose with no building around gives an empty cover: nothing was declared that must be hidden.
    """

    def __init__(
        self, assignment: Assignment, width_px: int, height_px: int, margins: CoverMargins | None = None
    ) -> None:
        """A picture that changes its size needs a new policy. Focal lengths follow `assignment.pose_size_px`."""
        self.width_px = width_px
        self.height_px = height_px
        self._assignment = assignment
        self._margins = margins or CoverMargins()
        self._focal_scale = _focal_scale(assignment.pose_size_px, width_px, height_px)
        self._whole = Cover.whole(width_px, height_px)
        self._surfaces = _usable_surfaces(assignment)
        self._covers: dict[_PoseStep, Cover] = {}
        self._anchor: PoseReading | None = None

    def cover(self, now_ns: Nanoseconds, reading: PoseReading | None) -> Cover:
        """The cover of a picture that is masked at `now_ns`. `reading`: the newest there is, if any."""
        if not self._assignment.follows_pose:
            return self._cover_for(self._assignment.pose)
        if not self._is_settled(now_ns, reading) or reading is None:
            return self._whole
        return self._cover_for(reading.pose)

    def _is_settled(self, now_ns: Nanoseconds, reading: PoseReading | None) -> bool:
        """True once fresh, still readings have said the same for long enough; anything else begins the wait anew."""
        usable = reading is not None and reading.pose.is_finite() and not reading.moving
        if reading is None or not usable or abs(now_ns - reading.at_ns) > READING_STALE_NS:
            self._anchor = None
            return False
        if self._anchor is None or not _is_same_view(self._anchor.pose, reading.pose):
            self._anchor = reading
        return now_ns - self._anchor.at_ns >= SETTLED_AFTER_NS

    def _cover_for(self, pose: Pose | None) -> Cover:
        if pose is None or not pose.is_finite() or self._surfaces is None or self._focal_scale is None:
            return self._whole
        step = _step_of(pose)
        known = self._covers.get(step)
        if known is None:
            scaled = replace(pose, focal_px=pose.focal_px * self._focal_scale)
            known = cover_of_surfaces(scaled, self._surfaces, self.width_px, self.height_px, self._margins)
            if len(self._covers) >= COVERS_KEPT:
                del self._covers[next(iter(self._covers))]
            self._covers[step] = known
        return known


def _usable_surfaces(assignment: Assignment) -> Quads | None:
    try:
        return dwelling_surfaces(assignment.buildings, assignment.mask_above_m)
    except BuildingUnusable:
        return None  # wholly covered, for ever: the next assignment may bring better buildings


def _focal_scale(declared_px: tuple[int, int] | None, width_px: int, height_px: int) -> float | None:
    """What a focal length is multiplied by for this picture; None: another shape, and nobody knows what was cut off."""
    if declared_px is None:
        return 1.0
    declared_width, declared_height = declared_px
    is_same_shape = abs(width_px * declared_height - height_px * declared_width) <= 2 * max(width_px, declared_width)
    return width_px / declared_width if is_same_shape else None


def _is_same_view(a: Pose, b: Pose) -> bool:
    angles = ((a.pan_deg, b.pan_deg), (a.tilt_deg, b.tilt_deg), (a.roll_deg, b.roll_deg))
    return (
        all(abs(remainder(first - second, 360.0)) <= SETTLED_DEG for first, second in angles)
        and abs(a.focal_px - b.focal_px) <= SETTLED_FOCAL_SHARE * a.focal_px
        and max(abs(a.x_m - b.x_m), abs(a.y_m - b.y_m), abs(a.z_m - b.z_m)) <= 0.001
    )


def _step_of(pose: Pose) -> _PoseStep:
    place = (round(pose.x_m * 1000), round(pose.y_m * 1000), round(pose.z_m * 1000))
    angles = (round(pose.pan_deg / STEP_DEG), round(pose.tilt_deg / STEP_DEG), round(pose.roll_deg / STEP_DEG))
    return _PoseStep(place, angles, round(float(np.log(pose.focal_px)) / FOCAL_STEP_SHARE))
