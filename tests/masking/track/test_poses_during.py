"""Every pose that a camera may have had while a picture was taken is within what is told of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import csu.masking.track as track
from csu.hal.frames import CaptureTime
from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.masking.track import capture_window, poses_during

MS = 1_000_000
NOW = 1_800_000_000_000_000_000
HOME = Pose(0.0, 0.0, 8.0, 100.0, -10.0, 0.0, 1000.0)


def at(ms: int, pan_deg: float = 100.0, *, moving: bool = False, **changes: float) -> PoseReading:
    return PoseReading(replace(HOME, pan_deg=pan_deg, **changes), NOW + ms * MS, moving)


def during(readings, from_ms, to_ms, dynamics):
    return poses_during(readings, NOW + from_ms * MS, NOW + to_ms * MS, dynamics)


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("ramped", [True, False])
def test_no_true_pose_is_outside_the_span_whatever_the_mount_does(escapes, ramped, seed):
    found, _ = escapes(range(seed, seed + 1), ramped=ramped)
    assert found == []


@pytest.mark.parametrize("age_ms", [150, 300])
def test_nor_when_the_newest_reading_is_old(escapes, age_ms):
    found, spans = escapes(range(25), ramped=False, age_ms=age_ms)
    assert found == []
    assert spans > 30


def test_the_spans_are_not_all_of_everything(escapes):
    assert escapes(range(40), ramped=True)[1] > 300


@pytest.mark.parametrize("ramped", [True, False])
@pytest.mark.parametrize("defect", ["no reach", "stale", "the newest pose alone"])
def test_a_track_with_a_defect_is_seen(escapes, monkeypatch, defect, ramped):
    true_span = track._span
    if defect == "no reach":
        monkeypatch.setattr(track, "_off_chord", lambda *_: 0.0)
    elif defect == "stale":
        monkeypatch.setattr(track, "_alone", lambda *_: track._Reach(0.0, 0.0, 0.0, at_rest=True))
    else:
        monkeypatch.setattr(track, "_span", lambda path, *given: true_span(path[-1:], *given))
    assert escapes(range(12), ramped=ramped)[0] != []


@given(apart_ms=st.integers(40, 400), pan=st.floats(-1, 1), tilt=st.floats(-1, 1), share=st.floats(0, 1))
def test_a_nudge_out_and_back_between_two_still_readings_is_held(dynamics, is_within, apart_ms, pan, tilt, share):
    span = during([at(0), at(apart_ms)], 0, apart_ms, dynamics)
    assert is_within(span, nudged(apart_ms, pan, tilt, share, dynamics))


def test_a_mount_taken_for_too_heavy_is_seen(dynamics, is_within, monkeypatch):
    monkeypatch.setattr(track, "RAMP_S", 2 * track.RAMP_S)
    assert not is_within(during([at(0), at(200)], 0, 200, dynamics), nudged(200, 1.0, 1.0, 0.5, dynamics))


def nudged(apart_ms: int, pan: float, tilt: float, share: float, dynamics: PtzDynamics) -> tuple[float, float, float]:
    """HOME's axes after `share` of a push out and back that is still at both ends: at 1, as steep as a motor can."""
    quarter_s, at_s = apart_ms / 4000, share * apart_ms / 1000
    edges = ((0.0, 1.0), (quarter_s, -2.0), (3 * quarter_s, 2.0))
    pushed = sum(change * max(at_s - start_s, 0.0) ** 2 / 2 for start_s, change in edges) / 0.2
    pan_deg, tilt_deg = pan * dynamics.pan_deg_per_s * pushed, tilt * dynamics.tilt_deg_per_s * pushed
    return HOME.pan_deg + pan_deg, HOME.tilt_deg + tilt_deg, math.log2(HOME.focal_px)


def test_at_rest_between_two_still_readings_is_one_view_with_little_around_it(dynamics):
    span = during([at(0), at(100), at(200)], 40, 160, dynamics)
    assert span.at_rest
    assert {pose.pan_deg for pose in span.path} == {100.0}
    assert span.angle_deg < 0.25


def test_at_rest_a_mount_of_unknown_speed_has_a_span_and_in_motion_it_has_none():
    assert during([at(0), at(100)], 20, 80, None).at_rest
    assert during([at(0), at(100, moving=True)], 20, 80, None) is None
    assert during([at(0), at(100)], 20, 101, None) is None, "nobody said what came after"


def test_two_still_readings_that_differ_were_moving_in_between(dynamics):
    span = during([at(0), at(100, 103.0)], 0, 100, dynamics)
    assert not span.at_rest
    assert [pose.pan_deg for pose in span.path] == pytest.approx([100.0, 103.0])


def test_the_path_passes_north_the_shorter_way(dynamics):
    span = during([at(0, 358.0, moving=True), at(100, 2.0, moving=True)], 0, 100, dynamics)
    assert [pose.pan_deg for pose in span.path] == pytest.approx([358.0, 362.0])


def test_at_full_speed_nothing_is_left_but_the_chord(dynamics):
    slow, full = (during([at(0, moving=True), at(100, 100.0 + way, moving=True)], 0, 100, dynamics) for way in (0.5, 6))
    assert full.path[-1].pan_deg == pytest.approx(106.0)
    pan_alone = replace(dynamics, tilt_deg_per_s=0.0)
    alone = during([at(0, moving=True), at(100, 106.0, moving=True)], 0, 100, pan_alone)
    assert alone.angle_deg < 0.2
    assert slow.angle_deg > 2.5


@pytest.mark.parametrize(
    "readings",
    [
        [],
        [at(0), at(501)],
        [at(-600)],
        [at(1_000)],
        [at(0, math.nan), at(100, math.nan)],
        [at(0), at(100, 112.0)],
        [at(0), at(100, x_m=1.0)],
        [at(0), at(100, roll_deg=5.0)],
        [at(100), at(0)],
        [at(0), at(100, focal_px=4_000.0)],
    ],
    ids=["none", "half a second apart", "stale", "not yet", "no number", "too fast", "elsewhere", "rolled", "disorder",
         "zoomed too fast"],
)  # fmt: skip
def test_where_anything_is_possible_there_is_no_span(dynamics, readings):
    assert during(readings, 0, 100, dynamics) is None


def test_a_span_wider_than_a_picture_is_none():
    fast = PtzDynamics(450.0, 200.0, 1.0)
    assert during([at(0, moving=True), at(100, moving=True)], 0, 100, fast) is None


def test_a_picture_that_the_camera_dates_is_known_to_a_twentieth_of_a_second():
    assert capture_window(CaptureTime(NOW, True)) == (NOW - 50 * MS, NOW + 50 * MS)


def test_a_picture_without_a_date_may_be_half_a_second_old():
    assert capture_window(CaptureTime(NOW, False)) == (NOW - 500 * MS, NOW)


@given(ahead_ms=st.integers(-1_000, 1_000), latency_ms=st.integers(0, 150), from_camera=st.booleans())
def test_a_camera_clock_that_is_wrong_does_not_move_a_picture_out_of_its_window(ahead_ms, latency_ms, from_camera):
    """Whatever it says, when its latency is below 150 ms: its arrival, by our clock, cannot be wrong."""
    captured_ns = NOW
    arrived_ns = captured_ns + latency_ms * MS
    dated_ns = captured_ns + ahead_ms * MS if from_camera else arrived_ns
    from_ns, to_ns = capture_window(CaptureTime(dated_ns, from_camera, at_latest_ns=arrived_ns))
    assert from_ns <= captured_ns <= to_ns
