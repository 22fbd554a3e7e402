"""Which cover a picture gets: everything that is not known hides everything."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.place import Pose, PoseReading
from csu.masking import READING_STALE_NS, SETTLED_AFTER_NS, Cover, CoverPolicy, cover_of

MS = 1_000_000
NOW = 1_800_000_000_000_000_000
WHOLE = Cover.whole(640, 360)


@pytest.fixture
def settled(assignment, north):
    """A PTZ's policy that has seen the same still pose for long enough at NOW, and its cover at NOW."""
    policy = CoverPolicy(assignment(follows_pose=True), 640, 360)
    for age_ms in range(SETTLED_AFTER_NS // MS, -1, -100):
        cover = policy.cover(NOW - age_ms * MS, PoseReading(north, NOW - age_ms * MS, moving=False))
    assert cover != WHOLE
    return policy, cover


def test_a_fixed_camera_has_one_cover_for_ever(assignment, north):
    given_to_it = assignment(north)
    policy = CoverPolicy(given_to_it, 640, 360)
    first = policy.cover(NOW, None)
    assert first == cover_of(north, given_to_it.buildings, 640, 360, 2.5)
    assert policy.cover(NOW + 10**15, PoseReading(north, NOW, moving=True)) is first


@pytest.mark.requirement("PRV-5")
def test_a_camera_that_is_not_calibrated_is_wholly_covered(assignment, north):
    policy = CoverPolicy(assignment(None), 640, 360)
    assert policy.cover(NOW, None) == WHOLE
    assert policy.cover(NOW, PoseReading(north, NOW, moving=False)) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_fixed_pose_that_is_no_number_is_wholly_covered(assignment, north):
    assert CoverPolicy(assignment(replace(north, pan_deg=math.nan)), 640, 360).cover(NOW, None) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_buildings_that_cannot_be_drawn_cover_everything(assignment, north):
    broken = assignment(north)
    broken = replace(broken, buildings=(replace(broken.buildings[0], footprint_m=()),))
    assert CoverPolicy(broken, 640, 360).cover(NOW, None) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_ptz_without_a_reading_is_wholly_covered_even_if_a_fixed_pose_was_given(assignment, north):
    assert CoverPolicy(assignment(north, follows_pose=True), 640, 360).cover(NOW, None) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_ptz_in_motion_is_wholly_covered(settled, north):
    policy, _ = settled
    assert policy.cover(NOW + MS, PoseReading(north, NOW + MS, moving=True)) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_ptz_that_stopped_stays_covered_until_the_pictures_of_its_movement_are_through(settled, north):
    policy, cover = settled
    policy.cover(NOW + MS, PoseReading(north, NOW + MS, moving=True))
    stopped = NOW + 100 * MS
    covers = [
        policy.cover(at, PoseReading(north, at, moving=False)) for at in range(stopped, stopped + 601 * MS, 100 * MS)
    ]
    assert covers == [WHOLE] * 5 + [cover] * 2


@pytest.mark.requirement("PRV-5")
def test_a_ptz_that_turned_between_two_still_readings_waits_again(settled, north):
    policy, _ = settled
    turned = replace(north, pan_deg=north.pan_deg + 1.0)
    assert policy.cover(NOW + 100 * MS, PoseReading(turned, NOW + 100 * MS, moving=False)) == WHOLE


def test_a_head_that_trembles_counts_as_still(settled, north):
    policy, _ = settled
    trembling = replace(north, pan_deg=360.03, focal_px=north.focal_px * 1.001)
    assert policy.cover(NOW + 100 * MS, PoseReading(trembling, NOW + 100 * MS, moving=False)) != WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_reading_is_believed_for_half_a_second(settled, north):
    policy, cover = settled
    reading = PoseReading(north, NOW, moving=False)
    assert policy.cover(NOW + READING_STALE_NS, reading) == cover
    assert policy.cover(NOW + READING_STALE_NS + 1, reading) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_reading_from_the_future_is_not_believed(settled, north):
    policy, _ = settled
    assert policy.cover(NOW, PoseReading(north, NOW + READING_STALE_NS + 1, moving=False)) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_after_a_loss_of_readings_the_wait_begins_anew(settled, north):
    policy, _ = settled
    policy.cover(NOW, None)
    assert policy.cover(NOW + MS, PoseReading(north, NOW + MS, moving=False)) == WHOLE


@pytest.mark.requirement("PRV-5")
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2_000),  # ms until this picture
            st.integers(-700, 700),  # ms the reading is old
            st.booleans(),
            st.sampled_from([0.0, 0.3, 90.0, math.nan]),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_whatever_comes_a_cover_is_whole_or_of_the_pose_that_was_read(steps):
    from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
    from csu.hal.media import Assignment
    from csu.hal.place import Building

    house = Building("house", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
    record = CameraRecord(CameraId("cam-1"), 1, "", CommuneId("metz"), ViewType.WIDE)
    given_to_it = Assignment(record, StreamAddress("rtsp://127.0.0.1/1"), None, True, (house,), 2.5, 1)
    policy = CoverPolicy(given_to_it, 160, 96)
    now = NOW
    for wait_ms, age_ms, moving, pan, is_there in steps:
        now += wait_ms * MS
        pose = Pose(0.0, 0.0, 5.0, pan, -5.0, 0.0, 120.0)
        reading = PoseReading(pose, now - age_ms * MS, moving) if is_there else None
        cover = policy.cover(now, reading)
        if cover != Cover.whole(160, 96):
            assert reading is not None
            assert not moving
            assert abs(age_ms) <= 500
            assert cover == cover_of(pose, (house,), 160, 96, 2.5)


def test_a_picture_scaled_down_is_covered_in_the_same_places(assignment, north):
    large = CoverPolicy(assignment(north, pose_size_px=(640, 352)), 640, 352).cover(NOW, None)
    small = CoverPolicy(assignment(north, pose_size_px=(640, 352)), 320, 176).cover(NOW, None)
    shrunk = large.cells.reshape(11, 2, 20, 2).any(axis=(1, 3))
    assert abs(small.share - shrunk.mean()) < 0.15
    assert small != Cover.whole(320, 176)
    unscaled = CoverPolicy(assignment(north), 320, 176).cover(NOW, None)
    assert unscaled != small, "without scaling the house would be drawn too large and in the wrong place"


@pytest.mark.requirement("PRV-5")
def test_a_picture_of_another_shape_than_the_calibrated_one_is_wholly_covered(assignment, north):
    policy = CoverPolicy(assignment(north, pose_size_px=(640, 480)), 640, 360)
    assert policy.cover(NOW, None) == WHOLE


def test_a_ptz_on_tour_does_not_keep_more_covers_than_allowed(assignment, north):
    policy = CoverPolicy(assignment(north), 160, 96)
    for pan in range(100):
        policy._cover_for(replace(north, pan_deg=float(pan)))
    assert len(policy._covers) == 8
