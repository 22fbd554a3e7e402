"""What a cover covers, against the truth of rays cast into random cities."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.place import Building, Pose, PoseBounds
from csu.masking import Cover, cover_of

SQUARE = ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0))


def house(**changes: object) -> Building:
    return replace(Building("house", SQUARE, 0.0, 9.0, True), **changes)  # type: ignore[arg-type]


@pytest.mark.requirement("PRV-2")
def test_no_pixel_of_a_dwelling_above_the_limit_is_missed(coverage):
    found = coverage(seed=1, count=50, all_around=True)
    assert found.sensitive > 10_000
    assert found.missed == 0
    assert found.overcovered < 0.5 * found.other, "a cover that hides the street is no cover"


@pytest.mark.requirement("PRV-2")
def test_no_pixel_is_missed_through_a_telephoto_lens_whose_direction_is_wrong_by_the_margin(coverage):
    found = coverage(seed=2, count=40, all_around=True, bounds=PoseBounds(angle_deg=0.2), focal_px=(2_000, 15_000))
    assert found.sensitive > 10_000
    assert found.missed == 0


@pytest.mark.requirement("PRV-2")
def test_no_pixel_of_a_roof_is_missed_from_a_mast(coverage):
    found = coverage(seed=3, count=20, all_around=True, height_m=(30, 60), tilt_deg=(-90, -45), reach_m=50)
    assert found.sensitive > 10_000
    assert found.missed == 0


WALL = Building("wall", ((-20.0, -0.3), (20.0, -0.3), (20.0, -9.0), (-20.0, -9.0)), 0.0, 12.0, True)
BALCONIES = tuple(replace(WALL, footprint_m=((x, -0.3), (x + 3, -0.3), (x + 3, 1.15), (x, 1.15))) for x in (-8, 2.5, 9))


@pytest.mark.requirement("PRV-2")
@pytest.mark.parametrize("tilt_deg", [-60.0, -10.0, 20.0])
def test_no_pixel_is_missed_by_a_camera_that_hangs_on_a_facade_between_balconies(look, view_of, tilt_deg):
    for pan in range(0, 360, 15):
        view = view_of(Pose(0.0, 0.0, 6.0, float(pan), tilt_deg, 0.0, 300.0), (WALL,), BALCONIES)
        rows, columns = np.nonzero(look(view, 8) == 4)
        cells = cover_of(view.pose, [WALL], 640, 360, 2.5).cells
        assert cells[(rows * 8 + 4) // 16, (columns * 8 + 4) // 16].all()


@pytest.mark.requirement("PRV-2")
def test_no_pixel_is_missed_by_a_camera_on_a_facade_that_hangs_elsewhere_by_more_than_its_distance_to_the_wall(
    look, view_of
):
    rng = np.random.default_rng(3)
    bounds, covers = PoseBounds(1.0, 0.4), []
    for pan in range(0, 360, 8):
        told = Pose(0.0, 0.0, 6.0, float(pan), -10.0, 0.0, 300.0)
        covers.append(cover_of(told, [WALL], 640, 360, 2.5, bounds=bounds))
        x, y, z = rng.uniform((-0.4, -0.29, -0.4), 0.4)  # never inside the wall
        true = replace(told, x_m=x, y_m=y, z_m=6.0 + z, pan_deg=pan + rng.uniform(-1, 1))
        rows, columns = np.nonzero(look(view_of(true, (WALL,), BALCONIES), 8) == 4)
        assert covers[-1].cells[(rows * 8 + 4) // 16, (columns * 8 + 4) // 16].all()
    assert any(not cover.is_whole and cover.share > 0 for cover in covers)


@pytest.mark.parametrize("position_m", [0.0, 0.5])
def test_a_camera_that_hangs_on_a_facade_sees_the_street(position_m):
    away, along = (
        cover_of(Pose(0.0, 0.0, 6.0, pan, -10.0, 0.0, 500.0), [WALL], 640, 360, 2.5, bounds=PoseBounds(0.2, position_m))
        for pan in (0.0, 90.0)
    )
    assert away.share < 0.4
    assert along.share > 0.5
    assert not away.cells[5:18, 15:25].any()


def test_a_camera_inside_a_dwelling_covers_everything():
    for pan in range(0, 360, 45):
        assert cover_of(Pose(0.0, -4.0, 6.0, pan, 0.0, 0.0, 500.0), [WALL], 640, 360, 2.5).is_whole


def test_a_dwelling_nearer_than_the_place_is_known_covers_everything():
    towards = Pose(0.0, 0.3, 6.0, 180.0, 0.0, 0.0, 500.0)
    assert cover_of(towards, [WALL], 640, 360, 2.5, bounds=PoseBounds(0.2, 0.7)).is_whole


@pytest.mark.requirement("PRV-2")
def test_the_street_below_the_limit_stays_clear(north):
    cover = cover_of(north, [house()], 640, 360, 2.5)
    assert 0 < cover.share < 0.6
    assert not cover.cells[-4:].any(), "the pavement before the house"


@pytest.mark.requirement("PRV-2")
def test_a_building_of_unknown_use_is_a_dwelling(north):
    known, unknown = (cover_of(north, [house(dwelling=use)], 640, 360, 2.5) for use in (True, None))
    assert unknown == known
    assert cover_of(north, [house(dwelling=False)], 640, 360, 2.5) == Cover.nothing(640, 360)


@pytest.mark.requirement("PRV-2")
@pytest.mark.parametrize("height_m", [None, math.nan, math.inf])
def test_a_building_of_unknown_height_has_no_top(north, height_m):
    up = replace(north, tilt_deg=40.0)
    assert cover_of(up, [house()], 640, 360, 2.5).share == 0
    assert cover_of(up, [house(height_m=height_m)], 640, 360, 2.5).share > 0.2


def test_a_roof_with_arms_is_covered_and_the_street_between_them_stays_clear():
    ring = (
        (-20.0, 20.0),
        (20.0, 20.0),
        (20.0, 40.0),
        (12.0, 40.0),
        (12.0, 24.0),
        (-12.0, 24.0),
        (-12.0, 40.0),
        (-20.0, 40.0),
    )
    above = Pose(0.0, 30.0, 60.0, 0.0, -90.0, 0.0, 700.0)
    cells = cover_of(above, [Building("u", ring, 0.0, 9.0, True)], 640, 360, 2.5).cells
    assert cells[3:19, 4:8].all()
    assert cells[3:19, 32:36].all()
    assert not cells[3:10, 15:25].any()


@pytest.mark.requirement("PRV-5")
@pytest.mark.parametrize("field", ["x_m", "y_m", "z_m", "pan_deg", "tilt_deg", "roll_deg", "focal_px"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_pose_with_a_number_that_is_none_covers_the_whole_picture(north, field, value):
    assert cover_of(replace(north, **{field: value}), [house()], 640, 360, 2.5) == Cover.whole(640, 360)


@pytest.mark.requirement("PRV-5")
@pytest.mark.parametrize("focal_px", [0.0, -500.0, 1e-9])
def test_a_lens_that_cannot_be_covers_the_whole_picture(north, focal_px):
    assert cover_of(replace(north, focal_px=focal_px), [house()], 640, 360, 2.5) == Cover.whole(640, 360)


@pytest.mark.requirement("PRV-5")
@pytest.mark.parametrize("footprint", [(), ((0.0, 20.0), (5.0, 20.0)), ((0.0, 20.0), (5.0, math.nan), (5.0, 30.0))])
def test_a_building_that_cannot_be_drawn_covers_the_whole_picture(north, footprint):
    assert cover_of(north, [house(footprint_m=footprint)], 640, 360, 2.5) == Cover.whole(640, 360)


@given(st.integers(1, 700), st.integers(1, 400), st.floats(-1e6, 1e6), st.floats(-90, 90), st.floats(1e-3, 1e9))
def test_any_pose_and_size_gives_a_cover_of_that_size(width, height, pan, tilt, focal):
    cover = cover_of(Pose(0.0, 0.0, 5.0, pan, tilt, 0.0, focal), [house()], width, height, 2.5)
    assert cover.cells.shape == (-(-height // 16), -(-width // 16))
    assert 0 <= cover.share <= 1


def test_a_dwelling_behind_the_camera_covers_nothing(north):
    assert cover_of(replace(north, pan_deg=180.0), [house()], 640, 360, 2.5) == Cover.nothing(640, 360)


def test_a_pose_with_no_building_around_covers_nothing(north):
    assert cover_of(north, [], 640, 360, 2.5) == Cover.nothing(640, 360)


def test_a_wider_margin_covers_more(north):
    narrow, wide = (cover_of(north, [house()], 640, 360, 2.5, bounds=PoseBounds(angle)).cells for angle in (0.0, 4.0))
    assert (wide | narrow == wide).all()
    assert wide.sum() > narrow.sum()


def test_a_positive_roll_turns_the_camera_clockwise(north):
    """The scene then turns the other way: what was on the right goes up."""
    house_right = house(height_m=4.0, footprint_m=((12.0, 20.0), (16.0, 20.0), (16.0, 24.0), (12.0, 24.0)))
    level, rolled = (cover_of(replace(north, roll_deg=roll), [house_right], 640, 360, 2.5) for roll in (0.0, 15.0))
    top = [int(np.flatnonzero(cover.cells.any(axis=1))[0]) for cover in (level, rolled)]
    assert top[1] < top[0]


def test_a_cover_cannot_be_changed_after_it_was_made():
    cells = np.zeros((4, 6), np.bool_)
    cover = Cover(96, 64, cells)
    cells[:] = True
    assert cover.share == 0
    with pytest.raises(ValueError, match="read-only"):
        cover.cells[0, 0] = True


@pytest.mark.parametrize("shape", [(4, 5), (5, 6), (6, 4)])
def test_cells_of_another_picture_are_refused(shape):
    with pytest.raises(ValueError, match="cells of shape"):
        Cover(96, 64, np.zeros(shape, np.bool_))
