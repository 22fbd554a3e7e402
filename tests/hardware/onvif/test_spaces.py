"""Numbers of a device and degrees: nothing is guessed, nothing leaves what it advertises."""

from __future__ import annotations

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import PtzVelocity
from csu.hal.place import Pose
from hardware.onvif import LinearAxis, Mount, PanTiltSpace, ZoomSpace, millimetres, spherical
from hardware.onvif.spaces import (
    GENERIC_PAN_TILT,
    GENERIC_ZOOM,
    MILLIMETRE_ZOOM,
    SPHERICAL_PAN_TILT,
    AdvertisedSpace,
    Position,
    Spaces,
    Span,
)

ODD = Spaces(
    absolute_pan_tilt=(AdvertisedSpace(GENERIC_PAN_TILT, Span(-18_000, 18_000), Span(-8_000, 1_000)),),
    absolute_zoom=(AdvertisedSpace(GENERIC_ZOOM, Span(1, 100)),),
    velocity_pan_tilt=(AdvertisedSpace("v", Span(-100, 100), Span(-50, 50)),),
    velocity_zoom=(AdvertisedSpace("z", Span(-7, 7)),),
)
PLAIN = Spaces(
    absolute_pan_tilt=(
        AdvertisedSpace(SPHERICAL_PAN_TILT, Span(-180, 180), Span(-80, 10)),
        AdvertisedSpace(GENERIC_PAN_TILT, Span(-1, 1), Span(-1, 1)),
    ),
    absolute_zoom=(AdvertisedSpace(MILLIMETRE_ZOOM, Span(4, 80)),),
)
BY_TABLE = Mount(
    1.0,
    2.0,
    8.0,
    pan_tilt=(
        PanTiltSpace(
            GENERIC_PAN_TILT,
            LinearAxis.through((-9_000, 30.0), (9_000, 210.0)),
            LinearAxis.through((0, 0), (-8_000, -80)),
        ),
    ),
    zoom=(ZoomSpace(GENERIC_ZOOM, ((1, 300.0), (100, 6_000.0))),),
)
BY_DEGREES = Mount(1.0, 2.0, 8.0, pan_tilt=(spherical(north_deg=120.0),), zoom=(millimetres(120.0, 4, 80),))

poses = st.builds(
    Pose,
    st.just(1.0),
    st.just(2.0),
    st.just(8.0),
    st.floats(0, 359.99),
    st.floats(-80, 10),
    st.just(0.0),
    st.floats(500, 5_900),
)


@given(poses, st.sampled_from([(BY_TABLE, ODD), (BY_DEGREES, PLAIN)]))
def test_what_is_asked_is_within_what_is_advertised_and_means_the_pose_that_was_wanted(pose, of):
    mount, spaces = of
    where = mount.position(pose, spaces)
    assert where is not None
    turn, zoom = spaces.absolute_pan_tilt[0], spaces.absolute_zoom[0]
    assert turn.x.low <= where.pan <= turn.x.high
    assert turn.y.low <= where.tilt <= turn.y.high
    assert zoom.x.low <= where.zoom <= zoom.x.high
    told = mount.pose(where)
    assert told is not None
    assert abs((told.pan_deg - pose.pan_deg + 180) % 360 - 180) < 0.01
    assert told.tilt_deg == pytest.approx(pose.tilt_deg, abs=0.01)
    assert told.focal_px == pytest.approx(pose.focal_px, rel=1e-4)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([ODD, PLAIN]))
def test_a_speed_is_within_what_is_advertised_and_keeps_its_sign(pan, tilt, zoom, spaces):
    turn, zoomed = spaces.speeds(PtzVelocity(pan, tilt, zoom))
    if not spaces.velocity_pan_tilt:
        assert (turn, zoomed) == (None, None)
        return
    assert -100 <= turn[0] <= 100
    assert -50 <= turn[1] <= 50
    assert -7 <= zoomed <= 7
    assert turn[0] * pan >= 0
    assert (pan == 0) == (turn[0] == 0)


def test_a_move_of_one_axis_names_all_axes_for_devices_that_ignore_it_otherwise():
    assert ODD.speeds(PtzVelocity(0.5, 0, 0)) == ((50.0, 0.0), 0.0)


@pytest.mark.parametrize(
    "where",
    [
        Position(0.0, 0.0, 10.0, GENERIC_PAN_TILT, GENERIC_ZOOM),
        Position(0.0, 0.0, 10.0, "", MILLIMETRE_ZOOM),
        Position(0.0, 0.0, 10.0, SPHERICAL_PAN_TILT, "http://vendor/zoom"),
        Position(nan, 0.0, 10.0, SPHERICAL_PAN_TILT, MILLIMETRE_ZOOM),
        Position(0.0, 0.0, 3.0, SPHERICAL_PAN_TILT, MILLIMETRE_ZOOM),
    ],
    ids=["not calibrated", "no space", "vendor's zoom", "no number", "beyond the table"],
)
def test_numbers_that_nobody_calibrated_are_no_pose(where):
    assert BY_DEGREES.pose(where) is None


@pytest.mark.parametrize(
    "pose",
    [
        Pose(1, 2, 8, 0, 30, 0, 1_000),
        Pose(1, 2, 8, 0, 0, 0, 100_000),
        Pose(1, 2, 9, 0, 0, 0, 1_000),
        Pose(1, 2, 8, 0, 0, 5, 1_000),
        Pose(1, 2, 8, nan, 0, 0, 1_000),
    ],
)
def test_a_pose_out_of_reach_is_none(pose):
    assert BY_DEGREES.position(pose, PLAIN) is None


def test_the_spherical_space_is_preferred_where_both_are_calibrated():
    both = Mount(1, 2, 8, pan_tilt=(*BY_DEGREES.pan_tilt, *BY_TABLE.pan_tilt), zoom=BY_DEGREES.zoom)
    assert both.position(Pose(1, 2, 8, 0, 0, 0, 1_000), PLAIN).pan_tilt_uri == SPHERICAL_PAN_TILT


@pytest.mark.parametrize(
    "points", [((0, 100.0),), ((0, 100.0), (0, 200.0)), ((0, 200.0), (1, 100.0)), ((0, -1.0), (1, 1.0))]
)
def test_a_zoom_table_that_is_none_is_refused(points):
    with pytest.raises(ValueError):
        ZoomSpace(GENERIC_ZOOM, points)


def test_two_points_that_are_one_make_no_axis():
    with pytest.raises(ValueError):
        LinearAxis.through((1, 2), (1, 3))
