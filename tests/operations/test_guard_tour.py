"""Guard tours: timed, measured by live pictures, honest about what nobody saw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.operations import GuardTour, LookAt, TourReport, TourRun, not_seen_in
from csu.operations.guard_tour import TourRefused

CAMERAS = tuple(CameraId(f"cam-{n}") for n in range(3))
TOUR = GuardTour("centre", CAMERAS, 10 * NS_PER_S)


def walked(live: dict[str, bool], allowed: set[str], until_s: int = 60) -> TourReport:
    run = TourRun(TOUR, "anne", lambda camera, now_ns: camera in allowed)
    told = run.begin(0)
    for second in range(until_s):
        for each in told:
            if isinstance(each, TourReport):
                return each
            run.live(live.get(each.camera, False), second * NS_PER_S)
        told = run.tick((second + 1) * NS_PER_S)
    raise AssertionError("the tour never ended")


def test_each_camera_has_its_time_and_the_report_says_how_long_it_was_live() -> None:
    report = walked(dict.fromkeys(CAMERAS, True), set(CAMERAS))
    assert report.seen_ns == dict.fromkeys(CAMERAS, 10 * NS_PER_S)
    assert (report.not_seen, report.completed, report.ended_at_ns) == ({}, True, 30 * NS_PER_S)


def test_a_camera_without_a_right_is_passed_over_and_one_without_a_live_picture_was_not_seen() -> None:
    report = walked({"cam-0": True, "cam-1": True}, {"cam-0", "cam-2"})
    assert list(report.seen_ns) == ["cam-0"]
    assert {camera: why.en for camera, why in report.not_seen.items()} == {
        "cam-1": "not permitted",
        "cam-2": "no live picture",
    }
    assert not_seen_in([report], CAMERAS) == ("cam-1", "cam-2")


def test_a_picture_that_was_live_for_a_moment_was_not_looked_at() -> None:
    run = TourRun(TOUR, "anne", lambda camera, now_ns: True)
    run.begin(0)
    run.live(True, 0)
    run.live(False, 2 * NS_PER_S)
    run.tick(10 * NS_PER_S)
    (report,) = run.break_off(11 * NS_PER_S)
    assert report.seen_ns == {}
    assert not report.completed
    assert set(report.not_seen) == set(CAMERAS)


def test_a_tour_of_nothing_or_of_no_time_is_refused() -> None:
    for cameras, dwell_ns in (((), 10 * NS_PER_S), (CAMERAS, 0)):
        with pytest.raises(TourRefused):
            GuardTour("centre", cameras, dwell_ns)


@given(
    st.lists(st.sampled_from(CAMERAS), min_size=1, max_size=6),
    st.sets(st.sampled_from(CAMERAS)),
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=40),
)
def test_each_camera_of_a_tour_is_in_its_report_once_seen_or_not_with_a_reason(cameras, allowed, waits) -> None:
    run = TourRun(GuardTour("t", tuple(cameras), 5 * NS_PER_S), "anne", lambda camera, now_ns: camera in allowed)
    now_ns, told = 0, run.begin(0)
    looked = []
    for waited_s, is_live in waits:
        looked += [each.camera for each in told if isinstance(each, LookAt)]
        if run.camera is None:
            break
        run.live(is_live, now_ns)
        now_ns += waited_s * NS_PER_S
        told = run.tick(now_ns)
    if run.camera is not None:
        looked += [each.camera for each in told if isinstance(each, LookAt)]
        told = run.break_off(now_ns)
    (report,) = told
    assert set(looked) <= allowed
    assert set(report.seen_ns) | set(report.not_seen) == set(cameras)
    assert not set(report.seen_ns) & set(report.not_seen)
    assert sum(report.seen_ns.values()) <= now_ns
