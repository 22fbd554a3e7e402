"""Projection, order of painting, the mount: geometry that the pictures' truth rests on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.place import Pose
from sim.street.lens import NEAR_M, SHIFT, lens_of, project_quads
from sim.street.mount import MountLimits, at_rest, drive, go_to
from sim.street.order import Hiding, painting_order
from sim.street.route import Route

S = 1_000_000_000
HOME = Pose(0.0, 0.0, 6.0, 350.0, -15.0, 0.0, 500.0)


def test_north_at_eye_height_is_the_middle_of_a_level_picture_and_east_is_right_of_it():
    lens = lens_of(Pose(0, 0, 6, 0, 0, 0, 500), 640, 360)
    pixels = lens.to_pixels(lens.to_camera(np.array([[0.0, 20.0, 6.0], [2.0, 20.0, 6.0], [0.0, 20.0, 8.0]])))
    assert pixels[0] == pytest.approx([319.5, 179.5])
    assert pixels[1] == pytest.approx([319.5 + 50.0, 179.5])
    assert pixels[2] == pytest.approx([319.5, 179.5 - 50.0])


def test_panning_clockwise_and_tilting_up_bring_the_east_and_the_sky_to_the_middle():
    lens = lens_of(Pose(0, 0, 0, 90, 45, 0, 500), 640, 360)
    assert lens.to_pixels(lens.to_camera(np.array([10.0, 0.0, 10.0]))) == pytest.approx([319.5, 179.5])


@given(
    pan=st.floats(0, 360), tilt=st.floats(-80, 80), roll=st.floats(-30, 30), x=st.floats(-50, 50), y=st.floats(-50, 50)
)
@settings(max_examples=60, deadline=None)
def test_the_street_and_the_masks_agree_on_where_a_point_falls(pan, tilt, roll, x, y):
    """Two independent implementations of the convention of csu/hal/place.py."""
    from csu.hal.view_geometry import camera_axes

    pose = Pose(1.0, 2.0, 3.0, pan, tilt, roll, 500.0)
    lens = lens_of(pose, 640, 360)
    assert lens.axes == pytest.approx(camera_axes(pose), abs=1e-9)
    assert lens.to_camera(np.array([x, y, 0.0])) == pytest.approx(
        camera_axes(pose) @ (np.array([x, y, 0.0]) - [1, 2, 3])
    )


def test_a_wall_that_passes_behind_the_lens_is_cut_and_not_turned_inside_out():
    lens = lens_of(Pose(0, 0, 1, 0, 0, 0, 500), 640, 360)
    wall = np.array([[[1.0, -10, 0], [1.0, 10, 0], [1.0, 10, 2], [1.0, -10, 2]]])
    polygons, source = project_quads(lens, wall)
    assert list(source) == [0]
    pixels = polygons[0] / (1 << SHIFT)
    assert (pixels[:, 0] > 319).all(), "all of a wall on the right is drawn on the right"
    assert pixels[:, 0].max() == pytest.approx(319.5 + 500 / NEAR_M, rel=0.01)


def test_what_lies_wholly_behind_or_beside_is_left_out():
    lens = lens_of(Pose(0, 0, 1, 0, 0, 0, 500), 640, 360)
    behind = [[-1.0, -5, 0], [1.0, -5, 0], [1.0, -5, 2], [-1.0, -5, 2]]
    beside = [[90.0, 5, 0], [91.0, 5, 0], [91.0, 5, 2], [90.0, 5, 2]]
    assert project_quads(lens, np.array([behind, beside]))[0] == []


def box(x: float, y: float, w: float, h: float) -> np.ndarray:
    return np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])


def test_a_long_near_row_is_painted_after_the_small_house_it_hides():
    """By distance of middles alone the long row would be painted first."""
    row, house = box(-2.0, 5.0, 100.0, 4.0), box(0.0, 12.0, 4.0, 4.0)
    assert painting_order([row, house], (0.0, 0.0)) == [1, 0]
    assert painting_order([house, row], (0.0, 0.0)) == [0, 1]


@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=2, max_size=14, unique=True))
@settings(max_examples=60, deadline=None)
def test_on_a_grid_of_houses_nobody_is_painted_before_the_house_behind(cells):
    boxes = [box(10.0 * x + 1, 10.0 * y + 1, 8.0, 8.0) for x, y in cells]
    eye = (0.0, 0.0)
    order = painting_order(boxes, eye)
    assert sorted(order) == list(range(len(boxes)))
    for a, b in ((a, b) for a in range(len(cells)) for b in range(len(cells))):
        same_ray = cells[a][0] == cells[b][0] == 0 and 0 < cells[a][1] < cells[b][1]
        if same_ray:
            assert order.index(b) < order.index(a)


def test_a_route_is_closed_and_goes_round():
    route = Route([(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0)])
    x, y, heading = route.at(np.array([0.0, 12.0, 30.0 + 10.0, -1.0]))
    assert x == pytest.approx([0.0, 10.0, 10.0, 0.0])
    assert y == pytest.approx([0.0, 2.0, 0.0, 1.0])
    assert np.degrees(heading[1]) == pytest.approx(0.0)


def test_a_mount_pans_the_short_way_round_at_its_speed():
    goal = Pose(0, 0, 6, 20.0, -15.0, 0, 500.0)
    motion = go_to(HOME, 0, goal, MountLimits(pan_deg_s=60.0))
    assert motion.pose_at(S // 4).pan_deg == pytest.approx(5.0)
    assert motion.moving_at(S // 4)
    assert motion.pose_at(S) == goal
    assert not motion.moving_at(S)


def test_a_driven_mount_stops_at_its_tilt_limit_and_pans_on_for_ever():
    motion = drive(HOME, 0, 0.5, -1.0, 0.0, MountLimits(tilt_deg_min=-60.0))
    assert motion.pose_at(100 * S).tilt_deg == -60.0
    assert motion.pose_at(12 * S).pan_deg == pytest.approx(350.0)
    assert motion.moving_at(100 * S)
    assert motion.pose_at(100 * S).focal_px == 500.0


def test_zoom_doubles_in_its_time_and_a_mount_at_rest_stays_where_it_is():
    assert drive(HOME, 0, 0, 0, 1.0, MountLimits()).pose_at(S).focal_px == pytest.approx(1000.0)
    rest = at_rest(HOME, 5)
    assert rest.pose_at(10**18) == HOME
    assert not rest.moving_at(10**18)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 60 * S))
@settings(max_examples=50, deadline=None)
def test_no_command_brings_a_mount_beyond_its_limits(pan, tilt, zoom, at_ns):
    pose = drive(HOME, 0, pan, tilt, zoom, MountLimits()).pose_at(at_ns)
    slack = Pose(0, 0, 6, pose.pan_deg, pose.tilt_deg, 0, min(max(pose.focal_px, 300.001), 5999.9))
    assert MountLimits().reaches(slack)
    assert 299.9 <= pose.focal_px <= 6000.1
    assert 0.0 <= pose.pan_deg < 360.0


def test_a_place_behind_a_house_may_be_hidden_by_it_and_one_before_it_may_not():
    hiding = Hiding([box(-5.0, 10.0, 10.0, 5.0), box(20.0, 10.0, 5.0, 5.0)])
    places = np.array([[0.0, 20.0], [0.0, 5.0], [-20.0, 12.0], [30.0, 20.0]])
    found = hiding.of(places, np.array([0.0, 0.0]))
    assert found[:, 0].tolist()[:2] == [True, False]
    assert found[1].tolist() == [False, False]
    assert found[3, 1], "straight behind the second house"


@given(st.floats(-40, 40), st.floats(-40, 40), st.floats(-40, 40), st.floats(-40, 40))
@settings(max_examples=100, deadline=None)
def test_a_line_of_sight_through_a_house_is_always_reported(eye_x, eye_y, x, y):
    house = box(-4.0, -3.0, 8.0, 6.0)
    inside = [abs(px) <= 4 and abs(py) <= 3 for px, py in ((eye_x, eye_y), (x, y))]
    steps = np.linspace(0, 1, 400)[:, None]
    line = np.array([eye_x, eye_y]) * (1 - steps) + np.array([x, y]) * steps
    crosses = bool(((np.abs(line[:, 0]) < 3.99) & (np.abs(line[:, 1]) < 2.99)).any())
    if not any(inside) and crosses:
        assert Hiding([house]).of(np.array([[x, y]]), np.array([eye_x, eye_y]))[0, 0]
