"""Covers that hold although nobody knows just where a camera looks: wrong within bounds, or somewhere on its way."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.place import Building, Pose, PoseBounds
from csu.masking import Cover, cover_of, cover_of_path, forbidden_surfaces
from csu.masking.margins import HalfStep, reach_of, steps_along, stretch

BOUNDS = PoseBounds(angle_deg=0.4, position_m=0.3, focal_share=0.01, k1=0.02)
HOUSE = Building("house", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
SURFACES = forbidden_surfaces([HOUSE], (), 2.5)


@pytest.mark.requirement("PRV-2")
def test_no_pixel_of_arms_courts_and_balconies_is_missed(coverage):
    found = coverage(seed=101, count=20, shapes=True)
    assert found.sensitive > 4_000
    assert found.missed == 0
    assert found.overcovered < 0.3 * found.other


def test_no_pixel_of_a_door_or_of_a_zone_drawn_on_the_picture_is_missed(coverage):
    found = coverage(seed=102, count=20, shapes=True, zones=True)
    assert found.sensitive > 4_000
    assert found.missed == 0


@pytest.mark.requirement("PRV-2")
def test_no_pixel_is_missed_through_a_bent_lens_nor_shown_where_the_lens_ends(coverage):
    found = coverage(seed=103, count=20, shapes=True, zones=True, k1=(-0.3, 0.1), focal_px=(250, 1500))
    assert found.sensitive > 4_000
    assert found.missed == 0
    assert found.overcovered < 0.6 * found.other


@pytest.mark.requirement("PRV-2")
@pytest.mark.parametrize("k1", [(0.0, 0.0), (-0.2, 0.1)])
def test_no_pixel_is_missed_when_every_number_of_the_pose_is_wrong_within_its_bound(coverage, k1):
    found = coverage(seed=104, count=20, shapes=True, k1=k1, bounds=BOUNDS, roll_deg=15)
    assert found.sensitive > 4_000
    assert found.missed == 0
    assert found.overcovered < 0.4 * found.other


@pytest.mark.parametrize("sweep", [(12.0, 0.0, 0.0), (20.0, 10.0, 1.0)])
def test_no_pixel_is_missed_wherever_on_its_way_a_camera_is(coverage, sweep):
    found = coverage(seed=105, count=20, all_around=True, sweep=sweep, bounds=BOUNDS, k1=(-0.2, 0.05))
    assert found.sensitive > 4_000
    assert found.missed == 0


def test_no_pixel_is_missed_by_a_telephoto_lens_on_its_way(coverage):
    found = coverage(seed=106, count=20, shapes=True, zones=True, sweep=(6.0, 3.0, 0.3), focal_px=(2_000, 15_000))
    assert found.sensitive > 4_000
    assert found.missed == 0


def test_no_pixel_is_missed_by_a_camera_that_looks_down_and_turns(coverage):
    found = coverage(
        seed=107,
        count=15,
        all_around=True,
        height_m=(30, 60),
        tilt_deg=(-90, -45),
        reach_m=50,
        sweep=(20, 3, 0),
        bounds=BOUNDS,
    )
    assert found.sensitive > 4_000
    assert found.missed == 0


def test_a_path_covers_what_each_pose_on_it_covers(north):
    path = [replace(north, pan_deg=-6.0), north, replace(north, pan_deg=9.0, focal_px=900.0)]
    whole_way = cover_of_path(path, SURFACES, 640, 360, PoseBounds()).cells
    for pose in path:
        alone = cover_of_path([pose], SURFACES, 640, 360, PoseBounds(0.0)).cells
        assert (whole_way >= alone).all()
    assert whole_way.mean() < 1


def test_pan_goes_the_shorter_way_round(north):
    path = [replace(north, pan_deg=175.0), replace(north, pan_deg=-175.0)]
    assert cover_of_path(path, SURFACES, 640, 360, PoseBounds()) == Cover.nothing(640, 360)


def test_a_camera_that_has_not_moved_has_the_cover_of_one_pose(north):
    alone = cover_of(north, [HOUSE], 640, 360, 2.5)
    assert cover_of_path([north, north, north], SURFACES, 640, 360, PoseBounds()) == alone


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_path_with_a_pose_that_is_none_covers_everything(north, bad):
    for path in ([], [north, replace(north, tilt_deg=bad)], [north] * 65):
        assert cover_of_path(path, SURFACES, 640, 360, PoseBounds()).is_whole


@pytest.mark.parametrize("far_m", [1e9, 1e200, -1e308])
def test_a_place_further_than_numbers_go_covers_everything(north, far_m):
    there = replace(north, x_m=far_m, y_m=-far_m)
    assert cover_of_path([there], SURFACES, 640, 360, PoseBounds()).is_whole
    assert cover_of_path([north, there], SURFACES, 640, 360, PoseBounds()).is_whole


def test_a_turn_that_may_go_either_way_round_covers_everything(north):
    turned = replace(north, pan_deg=180.0)
    assert cover_of_path([north, turned], SURFACES, 640, 360, PoseBounds()).is_whole


@pytest.mark.parametrize(
    "bounds",
    [
        PoseBounds(angle_deg=60.0),
        PoseBounds(angle_deg=math.nan),
        PoseBounds(angle_deg=-1.0),
        PoseBounds(focal_share=0.9),
        PoseBounds(position_m=math.inf),
        PoseBounds(position_m=30.0),
        PoseBounds(k1=math.nan),
    ],
)
def test_bounds_that_leave_nothing_to_prove_cover_everything(north, bounds):
    assert cover_of_path([north], SURFACES, 640, 360, bounds).is_whole


@pytest.mark.parametrize(
    "more",
    [{"angle_deg": 1.0}, {"position_m": 0.5}, {"focal_share": 0.05}, {"k1": 0.3}],
    ids=lambda more: next(iter(more)),
)
def test_each_bound_covers_more(north, more):
    least = PoseBounds(angle_deg=0.0)
    narrow, wide = (cover_of_path([north], SURFACES, 640, 360, b).cells for b in (least, replace(least, **more)))
    assert (wide >= narrow).all()
    assert wide.sum() > narrow.sum()


_SMALL = st.floats(-1, 1)


@settings(max_examples=200, deadline=None)
@given(
    turns=st.tuples(_SMALL, _SMALL, _SMALL),
    place=st.tuples(_SMALL, _SMALL, _SMALL),
    lens=st.tuples(_SMALL, _SMALL),
    at=st.tuples(_SMALL, _SMALL),
    told=st.tuples(st.floats(-89, 89), st.floats(-180, 180), st.floats(200, 5000), st.floats(-0.2, 0.1)),
    depth_m=st.floats(0.5, 200),
    size=st.sampled_from([0.2, 1.0, 4.0]),
)
def test_a_point_shows_within_its_margin_of_where_it_is_drawn(
    world_from_camera, turns, place, lens, at, told, depth_m, size
):
    """Apart from csu.masking: a pixel of the true camera, a point that it sees, where the told camera draws that."""
    tilt, roll, focal, k1 = told
    bounds = PoseBounds(0.5 * size, 0.3 * size, 0.01 * size, 0.02)
    pose = Pose(1.0, 2.0, 3.0, 30.0, tilt, roll, focal, k1)
    reach = reach_of(pose, HalfStep(), bounds, 640, 360)
    if reach is None:
        return
    true = replace(
        pose,
        pan_deg=30.0 + turns[0] * bounds.angle_deg,
        tilt_deg=tilt + turns[1] * bounds.angle_deg,
        roll_deg=roll + turns[2] * bounds.angle_deg,
        focal_px=focal * (1 + lens[0] * bounds.focal_share),
        k1=k1 + lens[1] * bounds.k1,
    )
    shown = np.array([at[0] * 320, at[1] * 180])
    radius = _straight(np.hypot(*shown) / true.focal_px, true.k1)
    if radius is None or np.hypot(*shown) >= reach.lens_ends_px:
        return
    flat = shown / max(np.hypot(*shown), 1e-12) * radius
    ray = world_from_camera(true) @ np.array([flat[0], 1.0, -flat[1]])
    point = ray * depth_m + np.array(place) * bounds.position_m  # from the told place
    right, ahead, up = world_from_camera(pose).T @ point
    if ahead <= 0.05:
        return
    x, y = right / ahead, -up / ahead
    assert abs(x) * ahead <= reach.slope[0] * ahead + reach.gap_m[0] + 1e-9
    assert abs(y) * ahead <= reach.slope[1] * ahead + reach.gap_m[1] + 1e-9
    if k1 < 0 and x * x + y * y >= -1 / (3 * k1):
        return  # beyond the told lens: the straight continuation is drawn there
    drawn = np.array([x, y]) * (1 + k1 * (x * x + y * y)) * focal
    near = np.array(reach.gap_m) / ahead
    along, across = stretch(k1, float(((np.array(reach.slope) + near) ** 2).sum()))
    margin = np.array(reach.const_px) + focal * (along * near + across * near[::-1])
    assert (np.abs(drawn - shown) <= margin + 1e-6).all()


def _straight(shown, k1):
    """The radius that shows at `shown`, by halving; None: no ray does."""
    top = 1 / math.sqrt(-3 * k1) if k1 < 0 else 10.0
    low, high = 0.0, min(top, 10.0)
    if high * (1 + k1 * high**2) < shown:
        return None
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * (1 + k1 * middle**2) < shown else (low, middle)
    return high


def test_a_path_is_followed_in_steps_that_its_margins_hold(north):
    path = [north, replace(north, pan_deg=12.0), replace(north, pan_deg=12.0, focal_px=1000.0)]
    steps = steps_along(path, 640, 360)
    pans = [pose.pan_deg for pose, half in steps if half.pan]
    half_deg = math.degrees(max(half.pan for _, half in steps))
    assert pans[0] - half_deg == pytest.approx(0)
    assert pans[-1] + half_deg == pytest.approx(12)
    assert np.diff(pans) == pytest.approx(2 * half_deg)
    zooms = [(math.log(pose.focal_px), half.zoom) for pose, half in steps if half.zoom]
    assert zooms[0][0] - zooms[0][1] == pytest.approx(math.log(500))
    assert zooms[-1][0] + zooms[-1][1] == pytest.approx(math.log(1000))
