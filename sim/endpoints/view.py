"""Where a camera truly looks, and what its view suffers: faults of the pose and of the picture, before any mask."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from math import pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.place import Pose, PoseReading
from sim.endpoints.spec import EndpointSpec, StreetView, ViewFault, ViewFaultKind
from sim.street.i420 import I420, planes_of
from sim.street.mount import Motion, at_rest

_MOTIONS_KEPT = 8
"""Commands are at most a few a second and pictures at most a second late: what is older no longer matters."""

_NOWHERE = Pose(0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 500.0)
"""Of a test card, which looks nowhere but may be told to turn."""

SHAKE_DEG, SHAKES_PER_S = 0.5, 3.0
DEFOCUS_SHARE = 1 / 40
"""Standard deviation of the blur, of the picture's width: faces and plates are gone, houses are still there."""

_COVERED_Y, _COVERED_CONTRAST = 26, 0.08
_PAINTED_YUV, _PAINTED_CONTRAST = (150, 118, 138), 0.04


def home_of(spec: EndpointSpec) -> Pose:
    """Where a camera looks before anybody turns it."""
    return spec.picture.pose if isinstance(spec.picture, StreetView) else _NOWHERE


@dataclass(frozen=True, slots=True)
class Course:
    """A motion, and whether it goes to a place (a preset, home) rather than being driven by hand."""

    motion: Motion
    seeking: bool


class Mount:
    """What the camera believes of where it looks: its last few motions. Not thread-safe."""

    def __init__(self, spec: EndpointSpec) -> None:
        first = Course(at_rest(home_of(spec), 0), seeking=False)
        self._courses: deque[Course] = deque([first], maxlen=_MOTIONS_KEPT)

    def obey(self, motion: Motion, *, seeking: bool) -> None:
        """Look where `motion` says from its start on."""
        self._courses.append(Course(motion, seeking))

    def pose_at(self, at_ns: Nanoseconds) -> Pose:
        """The pose at an instant, as the mount's own encoders tell it."""
        return self._course_at(at_ns).motion.pose_at(at_ns)

    def reading_at(self, at_ns: Nanoseconds) -> PoseReading:
        """The pose at an instant, and whether it is moving then."""
        return self._course_at(at_ns).motion.reading_at(at_ns)

    def seeking_at(self, at_ns: Nanoseconds) -> bool:
        """Is it on its way to a preset or home?"""
        course = self._course_at(at_ns)
        return course.seeking and course.motion.moving_at(at_ns)

    def _course_at(self, at_ns: Nanoseconds) -> Course:
        begun = [course for course in self._courses if course.motion.start_ns <= at_ns]
        return begun[-1] if begun else self._courses[0]


def true_pose(told: Pose, fault: ViewFault | None, at_ns: Nanoseconds) -> Pose:
    """Where a camera that believes `told` looks in truth."""
    if fault is None:
        return told
    if fault.kind is ViewFaultKind.KNOCKED:
        return replace(
            told,
            pan_deg=(told.pan_deg + fault.pan_deg) % 360.0,
            tilt_deg=told.tilt_deg + fault.tilt_deg,
            roll_deg=told.roll_deg + fault.roll_deg,
        )
    if fault.kind is ViewFaultKind.SHAKEN:
        turns = 2 * pi * SHAKES_PER_S * (at_ns % NS_PER_S) / NS_PER_S  # a whole number of shakes a second
        pan, tilt = told.pan_deg + SHAKE_DEG * sin(turns), told.tilt_deg + SHAKE_DEG / 2 * sin(turns + 1.0)
        return replace(told, pan_deg=pan % 360.0, tilt_deg=tilt)
    return told


def spoil(picture: I420, fault: ViewFault | None) -> None:
    """Write into `picture` what a covered, painted or defocused camera sees of it."""
    if fault is None:
        return
    planes = planes_of(picture)
    if fault.kind is ViewFaultKind.DEFOCUSED:
        for plane in (planes.y, planes.u, planes.v):
            plane[:] = _blurred(plane)
    elif fault.kind is ViewFaultKind.COVERED:
        _flatten(planes.y, _COVERED_Y, _COVERED_CONTRAST)
        _flatten(planes.u, 128, _COVERED_CONTRAST)
        _flatten(planes.v, 128, _COVERED_CONTRAST)
    elif fault.kind is ViewFaultKind.PAINTED:
        for plane, level in zip((planes.y, planes.u, planes.v), _PAINTED_YUV, strict=True):
            _flatten(plane, level, _PAINTED_CONTRAST)


def _blurred(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blurred on a picture eight times smaller: nothing finer is left anyway, and it costs next to nothing."""
    height, width = plane.shape
    small = cv2.resize(plane, (max(width // 8, 1), max(height // 8, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), width * DEFOCUS_SHARE / 8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _flatten(plane: NDArray[np.uint8], level: int, contrast: float) -> None:
    soft = _blurred(plane)
    middle = float(soft.mean())
    cv2.convertScaleAbs(soft, dst=plane, alpha=contrast, beta=level - contrast * middle)
