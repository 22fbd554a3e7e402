"""Where a camera must look so that what was pointed at comes into the middle of its picture; presets. Pure.

The same lens as the masks (`csu.masking.geometry`): a point that is aimed at well is masked where it is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan, atan2, degrees, radians, tan

import numpy as np

from csu.hal.place import Pose
from csu.hal.view_geometry import camera_axes, unbend

CLOSER_MAX = 8.0
"""At most so many times closer, or wider, at one word [D]: who goes further sees nothing of the way."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a camera looks, said without its place and its picture's size: it outlives a calibration and a profile."""

    pan_deg: float
    """Clockwise from north."""
    tilt_deg: float
    across_deg: float
    """How wide it sees, from the left edge of the picture to the right, by a lens that does not bend."""


def centred(pose: Pose, x: float, y: float, size_px: tuple[int, int], closer: float = 1.0) -> Pose:
    """The pose whose middle is what `pose` shows at (x, y), each 0 to 1 of the picture from its top left corner.

    `size_px`: (width, height) of the picture that `pose.focal_px` is for. `closer`: what its focal length is multiplied
    by. Its place and its roll stay. Raises ValueError for a point outside the picture or a factor beyond CLOSER_MAX.
    """
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 and 1 / CLOSER_MAX <= closer <= CLOSER_MAX):
        raise ValueError(f"no point of the picture, or too far in one step: {x}, {y}, {closer}")
    width_px, height_px = size_px
    shown = np.array([[(x - 0.5) * width_px, (y - 0.5) * height_px]]) / pose.focal_px
    right, down = unbend(shown, pose.k1)[0]
    east, north, up = camera_axes(pose).T @ np.array([right, down, 1.0])
    level = float(np.hypot(east, north))
    pan_deg = pose.pan_deg if level < 1e-9 else degrees(atan2(east, north))  # straight up or down is any pan
    return replace(
        pose,
        pan_deg=nearest_turn_deg(pan_deg, pose.pan_deg),
        tilt_deg=degrees(atan2(float(up), level)),
        focal_px=pose.focal_px * closer,
    )


def nearest_turn_deg(pan_deg: float, beside_deg: float) -> float:
    """The same direction, said in the turn that is nearest: a mount that counts beyond 360 does not go all round."""
    return beside_deg + (pan_deg - beside_deg + 180.0) % 360.0 - 180.0


def aim_of(pose: Pose, width_px: int) -> Aim:
    """Where a pose looks. `width_px`: of the picture that its focal length is for."""
    return Aim(pose.pan_deg % 360.0, pose.tilt_deg, degrees(2 * atan(width_px / (2 * pose.focal_px))))


def aimed(pose: Pose, aim: Aim, width_px: int) -> Pose:
    """`pose`, looking there."""
    return replace(
        pose,
        pan_deg=nearest_turn_deg(aim.pan_deg, pose.pan_deg),
        tilt_deg=aim.tilt_deg,
        focal_px=width_px / (2 * tan(radians(aim.across_deg) / 2)),
    )
