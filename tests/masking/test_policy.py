"""Which cover a picture gets: everything that is not known hides everything."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment
from csu.hal.place import Building, Pose, PoseBounds, PoseReading, PtzDynamics
from csu.masking import READING_STALE_NS, Cover, CoverPolicy, cover_of_path, forbidden_surfaces

MS = 1_000_000
NOW = 1_800_000_000_000_000_000
CAPTURED = CaptureTime(NOW, from_camera=True)
MASKED = NOW + 120 * MS
WHOLE = Cover.whole(640, 360)
DYNAMICS = PtzDynamics(pan_deg_per_s=60.0, tilt_deg_per_s=40.0, zoom_doublings_per_s=1.0)


def read(pose: Pose, *ages_ms: int, moving: bool = False) -> tuple[PoseReading, ...]:
    """Readings of one pose, this much before NOW (negative: after)."""
    return tuple(PoseReading(pose, NOW - age_ms * MS, moving) for age_ms in ages_ms)


def exact(pose: Pose, given_to_it: Assignment, bounds: PoseBounds | None = None) -> Cover:
    surfaces = forbidden_surfaces(given_to_it.buildings, given_to_it.zones, given_to_it.mask_above_m)
    return cover_of_path((pose,), surfaces, 640, 360, bounds or given_to_it.bounds)


def holds(cover: Cover, other: Cover) -> bool:
    return not (other.cells & ~cover.cells).any()


@pytest.fixture
def ptz(assignment):
    return assignment(follows_pose=True, dynamics=DYNAMICS)


@pytest.fixture
def policy(ptz):
    return CoverPolicy(ptz, 640, 360)


def test_a_fixed_camera_has_one_cover_for_ever(assignment, north):
    given_to_it = assignment(north)
    policy = CoverPolicy(given_to_it, 640, 360)
    first = policy.cover(CAPTURED, MASKED, ())
    assert first == exact(north, given_to_it)
    assert first != WHOLE
    assert policy.cover(CaptureTime(NOW + 10**15, True), NOW, read(north, 0, moving=True)) is first


@pytest.mark.requirement("PRV-5")
def test_a_camera_that_is_not_calibrated_is_wholly_covered(assignment, north):
    policy = CoverPolicy(assignment(None), 640, 360)
    assert policy.cover(CAPTURED, MASKED, ()) == WHOLE
    assert policy.cover(CAPTURED, MASKED, read(north, 100, -100)) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_fixed_pose_that_is_no_number_is_wholly_covered(assignment, north):
    assert CoverPolicy(assignment(replace(north, pan_deg=math.nan)), 640, 360).cover(CAPTURED, MASKED, ()) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_buildings_that_cannot_be_drawn_cover_everything(assignment, north):
    broken = assignment(north)
    broken = replace(broken, buildings=(replace(broken.buildings[0], footprint_m=()),))
    assert CoverPolicy(broken, 640, 360).cover(CAPTURED, MASKED, ()) == WHOLE


@pytest.mark.parametrize("follows_pose", [True, False])
def test_a_camera_whose_masks_are_not_signed_off_is_wholly_covered(assignment, north, follows_pose):
    given_to_it = assignment(north, follows_pose=follows_pose, dynamics=DYNAMICS, commissioned=False)
    assert CoverPolicy(given_to_it, 640, 360).cover(CAPTURED, MASKED, read(north, 100, -100)) == WHOLE


def test_a_poor_calibration_masks_more(assignment, north):
    good, poor = (
        CoverPolicy(assignment(north, bounds=PoseBounds(angle_deg=angle)), 640, 360).cover(CAPTURED, MASKED, ())
        for angle in (0.2, 4.0)
    )
    assert holds(poor, good)
    assert poor.share > good.share


@pytest.mark.requirement("PRV-5")
def test_a_ptz_without_a_reading_is_wholly_covered_even_if_a_fixed_pose_was_given(assignment, north):
    policy = CoverPolicy(assignment(north, follows_pose=True, dynamics=DYNAMICS), 640, 360)
    assert policy.cover(CAPTURED, MASKED, ()) == WHOLE


def test_a_ptz_at_rest_has_one_cover_and_keeps_it(policy, ptz, north):
    cover = policy.cover(CAPTURED, MASKED, read(north, 200, 100, 0, -100))
    assert cover != WHOLE
    assert holds(cover, exact(north, ptz))
    assert cover.share < exact(north, ptz).share + 0.1
    later = CaptureTime(NOW + 40 * MS, True)
    assert policy.cover(later, MASKED, read(north, 200, 100, 0, -100)) is cover


def test_a_head_that_trembles_keeps_its_cover(policy, north):
    cover = policy.cover(CAPTURED, MASKED, read(north, 100, 0, -100))
    trembling = replace(north, pan_deg=360.04, focal_px=north.focal_px * 1.0003)
    assert policy.cover(CAPTURED, MASKED, read(north, 100) + read(trembling, 0) + read(north, -100)) is cover
    assert policy.cover(CAPTURED, MASKED, read(trembling, 100, 0, -80)) is cover
    assert policy.cover(CAPTURED, MASKED, read(replace(north, pan_deg=0.5), 100, 0, -80)) is not cover


def test_a_ptz_in_motion_is_covered_for_all_of_it(policy, ptz, north):
    east = replace(north, pan_deg=6.0)
    cover = policy.cover(CAPTURED, MASKED, read(north, 50, moving=True) + read(east, -50, moving=True))
    assert cover != WHOLE
    for pan_deg in np.linspace(0.0, 6.0, 9):
        assert holds(cover, exact(replace(north, pan_deg=float(pan_deg)), ptz))


@pytest.mark.requirement("PRV-5")
def test_a_ptz_in_motion_that_nobody_knows_the_speed_of_is_wholly_covered(assignment, north):
    policy = CoverPolicy(assignment(follows_pose=True), 640, 360)
    assert policy.cover(CAPTURED, MASKED, read(north, 50, -50, moving=True)) == WHOLE
    assert policy.cover(CAPTURED, MASKED, read(north, 60, -60)) != WHOLE


def test_one_camera_clock_behind_and_the_cover_is_still_of_the_time_of_capture(policy, ptz, north):
    """Dated 300 ms ago although it just came: taken at any time in between."""
    turned = replace(north, pan_deg=18.0)
    readings = read(north, 500, 400, 300, 200)
    readings += tuple(
        r for age in (100, 0, -100) for r in read(replace(north, pan_deg=12 - age * 0.06), age, moving=True)
    )
    late = CaptureTime(NOW - 300 * MS, from_camera=True, at_latest_ns=NOW)
    assert holds(policy.cover(late, MASKED, readings), exact(turned, ptz))
    assert not holds(policy.cover(CaptureTime(NOW - 300 * MS, from_camera=True), MASKED, readings), exact(turned, ptz))


@pytest.mark.requirement("PRV-5")
def test_a_reading_is_of_no_use_after_half_a_second(policy, north):
    old = CaptureTime(NOW + READING_STALE_NS, from_camera=True)
    assert policy.cover(old, NOW, read(north, 100, 0)) == WHOLE


@pytest.mark.requirement("PRV-5")
def test_a_reading_from_the_future_is_not_believed(policy, north):
    assert policy.cover(CAPTURED, MASKED, read(north, 100, 50, -49)) != WHOLE
    assert policy.cover(CAPTURED, NOW - 500 * MS, read(north, 60, -60)) == WHOLE


@pytest.mark.requirement("PRV-5")
@given(
    st.lists(
        st.tuples(
            st.integers(20, 300),  # ms since the reading before
            st.booleans(),
            st.floats(0.0, 20.0),
            st.sampled_from([0.0, -5.0, math.nan]),
        ),
        max_size=12,
    ),
    st.integers(0, 2_000),
    st.booleans(),
)
def test_whatever_comes_a_cover_is_whole_or_holds_every_pose_that_was_read_meanwhile(steps, captured_ms, from_camera):
    house = Building("house", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
    record = CameraRecord(CameraId("cam-1"), 1, "", CommuneId("metz"), ViewType.WIDE)
    given_to_it = Assignment(
        record, StreamAddress("rtsp://127.0.0.1/1"), None, True, (house,), 2.5, 1, dynamics=DYNAMICS
    )
    readings, at_ns = [], NOW
    for wait_ms, moving, pan_deg, tilt_deg in steps:
        at_ns += wait_ms * MS
        readings.append(PoseReading(Pose(0.0, 0.0, 5.0, pan_deg, tilt_deg, 0.0, 120.0), at_ns, moving))
    captured_ns = NOW + captured_ms * MS
    from_ns = captured_ns - (50 if from_camera else 500) * MS
    to_ns = captured_ns + (50 if from_camera else 0) * MS
    cover = CoverPolicy(given_to_it, 160, 96).cover(CaptureTime(captured_ns, from_camera), at_ns, tuple(readings))
    if cover == Cover.whole(160, 96):
        return
    surfaces = forbidden_surfaces((house,), (), 2.5)
    for reading in readings:
        if from_ns <= reading.at_ns <= to_ns and reading.pose.is_finite():
            assert holds(cover, cover_of_path((reading.pose,), surfaces, 160, 96, PoseBounds(0.0)))


def test_a_picture_is_ready_once_a_reading_is_younger_than_it_can_be(policy, assignment, north):
    assert policy.is_ready(CAPTURED, ()), "nothing to wait for"
    assert not policy.is_ready(CAPTURED, read(north, 100, 0, -49))
    assert policy.is_ready(CAPTURED, read(north, 100, 0, -50))
    assert CoverPolicy(assignment(north), 640, 360).is_ready(CAPTURED, ()), "a fixed camera waits for nobody"
    assert CoverPolicy(assignment(follows_pose=True, commissioned=False), 640, 360).is_ready(CAPTURED, ())


def test_a_picture_scaled_down_is_covered_in_the_same_places(assignment, north):
    large = CoverPolicy(assignment(north, pose_size_px=(640, 352)), 640, 352).cover(CAPTURED, MASKED, ())
    small = CoverPolicy(assignment(north, pose_size_px=(640, 352)), 320, 176).cover(CAPTURED, MASKED, ())
    shrunk = large.cells.reshape(11, 2, 20, 2).any(axis=(1, 3))
    assert abs(small.share - shrunk.mean()) < 0.15
    assert small != Cover.whole(320, 176)
    unscaled = CoverPolicy(assignment(north), 320, 176).cover(CAPTURED, MASKED, ())
    assert unscaled != small, "without scaling the house would be drawn too large and in the wrong place"


@pytest.mark.requirement("PRV-5")
@pytest.mark.parametrize("follows_pose", [True, False])
def test_a_picture_of_another_shape_than_the_calibrated_one_is_wholly_covered(assignment, north, follows_pose):
    given_to_it = assignment(north, pose_size_px=(640, 480), follows_pose=follows_pose, dynamics=DYNAMICS)
    assert CoverPolicy(given_to_it, 640, 360).cover(CAPTURED, MASKED, read(north, 100, -100)) == WHOLE


def test_a_ptz_on_tour_keeps_the_covers_it_used_last_and_no_more_than_allowed(policy, north):
    def shown(pan_deg: float) -> Cover:
        return policy.cover(CAPTURED, MASKED, read(replace(north, pan_deg=pan_deg), 100, -100))

    home = shown(0.0)
    for step in range(1, 100):
        shown(step * 3.0)
        assert shown(0.0) is home
    assert len(policy._covers) == 8
