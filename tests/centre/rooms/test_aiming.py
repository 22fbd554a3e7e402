"""Click-to-centre: what was pointed at comes into the middle, by the lens that the masks are made with."""

from __future__ import annotations

from dataclasses import replace
from math import isclose

import numpy as np
import pytest

from csu.centre.rooms.aiming import CLOSER_MAX, Aim, aim_of, aimed, centred
from csu.hal.place import Pose
from csu.masking.calibration.projection import project
from csu.masking.proof.rays import directions

SIZE_PX = (1280, 720)
POSES = (
    Pose(4.5, -3.2, 7.5, 308.0, -20.0, 0.0, 900.0),
    Pose(-40.0, 12.0, 9.0, 2.0, -55.0, 0.0, 2400.0, k1=-0.12),
    Pose(0.0, 0.0, 6.0, 179.0, 5.0, 3.5, 700.0, k1=-0.1),
    Pose(0.0, 0.0, 6.0, -500.0, -88.0, 0.0, 640.0, k1=0.05),
)
POINTS = ((0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.93, 0.12), (0.2, 0.5), (0.5, 0.99))
FAR_M = 300.0


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize(("x", "y"), POINTS)
def test_what_was_pointed_at_is_in_the_middle_afterwards(pose, x, y) -> None:
    """By the projection of the masks, from a ray that the leak oracle casts by a lens of its own."""
    (ray,) = directions(pose, np.array([x * 1280 - 0.5]), np.array([y * 720 - 0.5]), *SIZE_PX)
    there = np.array([[pose.x_m, pose.y_m, pose.z_m]]) + FAR_M * ray / np.linalg.norm(ray)
    then = centred(pose, x, y, SIZE_PX)
    assert np.abs(project(then, there)).max() < 0.01  # of a pixel
    assert replace(then, pan_deg=pose.pan_deg, tilt_deg=pose.tilt_deg) == pose
    assert abs(then.pan_deg - pose.pan_deg) <= 180.0


def test_the_middle_moves_nothing_and_closer_is_closer() -> None:
    pose = POSES[0]
    then = centred(pose, 0.5, 0.5, SIZE_PX, closer=2.0)
    assert isclose(then.pan_deg, pose.pan_deg)
    assert isclose(then.tilt_deg, pose.tilt_deg)
    assert then.focal_px == 2 * pose.focal_px


@pytest.mark.parametrize("wrong", [(-0.01, 0.5, 1.0), (0.5, 1.01, 1.0), (float("nan"), 0.5, 1.0), (0.5, 0.5, 9.0)])
def test_what_is_no_point_of_the_picture_is_refused(wrong) -> None:
    x, y, closer = wrong
    assert CLOSER_MAX < 9.0
    with pytest.raises(ValueError, match="no point"):
        centred(POSES[0], x, y, SIZE_PX, closer)


@pytest.mark.parametrize("pose", POSES)
def test_an_aim_is_found_again_by_another_profile(pose) -> None:
    aim = aim_of(pose, 1280)
    again = aimed(replace(pose, pan_deg=pose.pan_deg + 170.0, tilt_deg=0.0, focal_px=450.0), aim, 640)
    assert isclose(again.focal_px, pose.focal_px / 2)
    assert isclose((again.pan_deg - pose.pan_deg) % 360.0 % 359.999999, 0.0, abs_tol=1e-5)
    assert abs(again.pan_deg - pose.pan_deg - 170.0) <= 180.0
    assert again.tilt_deg == pose.tilt_deg


def test_an_aim_says_how_wide_it_sees() -> None:
    assert isclose(aim_of(Pose(0, 0, 5, -90.0, -10.0, 0, 640.0), 1280).across_deg, 90.0)
    assert aim_of(Pose(0, 0, 5, -90.0, -10.0, 0, 640.0), 1280) == Aim(270.0, -10.0, pytest.approx(90.0))
