"""Metres on the ground and back, through the lens that masks are drawn with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.detection.ground import REACH_M, GroundUnusable, GroundView
from csu.detection.observed import Ground
from csu.hal.place import Pose

SIZE = (1920, 1080)


def view(**changed):
    ground_m = changed.pop("ground_m", 0.0)
    pose = Pose(**{"x_m": 10.0, "y_m": -5.0, "z_m": 8.0, "pan_deg": 30.0, "tilt_deg": -15.0, "roll_deg": 0.0} | changed)
    return GroundView(pose, *SIZE, ground_m=ground_m)


@given(
    pan=st.floats(-180, 180),
    tilt=st.floats(-60, -5),
    roll=st.floats(-4, 4),
    k1=st.sampled_from([0.0, -0.12, -0.25, 0.05]),
    x=st.floats(0.05, 0.95),
    y=st.floats(0.05, 0.95),
)
@settings(max_examples=80, deadline=None)
def test_a_picture_point_comes_back_from_the_ground(pan, tilt, roll, k1, x, y):
    ground = view(pan_deg=pan, tilt_deg=tilt, roll_deg=roll, k1=k1, focal_px=1300.0)
    point = np.array([[x * SIZE[0], y * SIZE[1]]])
    on_ground = ground.to_ground(point)
    if np.isnan(on_ground).any():
        return
    assert np.hypot(*(on_ground[0] - (10.0, -5.0))) <= REACH_M
    assert ground.to_picture(on_ground)[0] == pytest.approx(point[0], abs=0.05)


def test_where_the_middle_looks_is_simple_trigonometry():
    ground = view(pan_deg=90.0, tilt_deg=-45.0, focal_px=1000.0)
    assert ground.to_ground(np.array([[960.0, 540.0]]))[0] == pytest.approx((18.0, -5.0))


def test_the_ground_is_where_it_was_told_to_be():
    ground = view(z_m=188.0, ground_m=180.0, pan_deg=90.0, tilt_deg=-45.0, focal_px=1000.0)
    assert ground.to_ground(np.array([[960.0, 540.0]]))[0] == pytest.approx((18.0, -5.0))


def test_above_the_horizon_is_nothing():
    ground = view(tilt_deg=-10.0, focal_px=1300.0)
    assert np.isnan(ground.to_ground(np.array([[960.0, 10.0]]))).all()
    assert ground.px_per_m((960.0, 10.0)) == 0.0
    assert np.isnan(ground.to_picture(np.array([[-40.0, -60.0]]))).all(), "behind the camera"


@pytest.mark.parametrize("k1", [0.0, -0.15])
def test_who_stands_there_is_as_high_as_he_is(k1):
    ground = view(focal_px=1300.0, k1=k1)
    foot_m = ground.to_ground(np.array([[960.0, 700.0]]))
    ends = ground._project(np.array([[*foot_m[0], 0.0], [*foot_m[0], 1.75]]))
    assert ground.heights_m(foot_m, ends[1:]) == pytest.approx([1.75], abs=1e-6)
    assert ground.px_per_m(tuple(ends[0])) == pytest.approx(np.hypot(*(ends[1] - ends[0])) / 1.75, rel=0.02)


def test_a_smaller_picture_of_the_same_view_tells_the_same_metres():
    pose = Pose(0.0, 0.0, 6.0, 0.0, -20.0, 0.0, 1300.0)
    large, small = GroundView(pose, 1920, 1080), GroundView(pose, 640, 360, pose_width_px=1920)
    assert small.to_ground(np.array([[200.0, 300.0]])) == pytest.approx(large.to_ground(np.array([[600.0, 900.0]])))


@pytest.mark.parametrize("changed", [{"z_m": 0.2}, {"focal_px": float("nan")}, {"focal_px": 0.0}])
def test_a_pose_that_sees_no_ground_is_refused(changed):
    with pytest.raises(GroundUnusable):
        view(**{"focal_px": 1300.0} | changed)


def test_it_is_a_ground():
    ground: Ground = view(focal_px=1300.0)
    assert ground.px_per_m((960.0, 900.0)) > 0
