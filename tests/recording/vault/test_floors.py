"""The floors of the arrêté of 3 August 2007: refused at commissioning, told in service."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import ViewType
from csu.hal.errors import BadInput
from csu.recording.floors import RateWatch, floor_violations, require_floors

NARROW, WIDE, TRAFFIC = ViewType.NARROW, ViewType.WIDE, ViewType.TRAFFIC


@pytest.mark.parametrize(
    ("view", "width", "height", "rate", "violations"),
    [
        (NARROW, 704, 576, 12, 0),
        (NARROW, 640, 360, 25, 1),
        (NARROW, 1920, 1080, 11.9, 1),
        (NARROW, 703, 575, 6, 2),
        (NARROW, 1920, 575, 25, 1),
        (WIDE, 352, 288, 6, 0),
        (WIDE, 351, 288, 6, 1),
        (WIDE, 352, 288, 5.9, 1),
        (TRAFFIC, 640, 360, 6, 0),
        (WIDE, 352, 288, math.nan, 1),
    ],
)
def test_each_view_has_its_floor(view, width, height, rate, violations):
    assert len(floor_violations(view, width, height, rate)) == violations
    if violations:
        with pytest.raises(BadInput, match="cam-1"):
            require_floors("cam-1", view, width, height, rate)
    else:
        require_floors("cam-1", view, width, height, rate)


def feed(watch: RateWatch, rate: float, seconds: float, start_s: float = 0.0) -> list[str]:
    told = (watch.picture(round((start_s + i / rate) * 1e9)) for i in range(round(seconds * rate)))
    return [words.en for words in told if words is not None]


@given(rate=st.floats(12.0, 60.0))
def test_a_camera_at_its_floor_is_never_told(rate):
    assert feed(RateWatch(NARROW), rate, 40) == []


@given(rate=st.floats(0.5, 11.5))
def test_a_camera_below_its_floor_is_told_once_within_its_first_window(rate):
    watch = RateWatch(NARROW)
    assert len(feed(watch, rate, 40)) == 1
    assert watch.is_low


def test_a_rate_that_falls_in_service_is_told_and_told_again_after_it_was_good():
    watch = RateWatch(WIDE)
    assert feed(watch, 12, 30) == []
    assert feed(watch, 4, 30, 30) == ["5.8 pictures a second over 10 s, at least 6 are due"]
    assert feed(watch, 12, 30, 60) == []
    assert not watch.is_low
    assert len(feed(watch, 4, 30, 90)) == 1


def test_a_gap_is_no_low_rate():
    watch = RateWatch(WIDE)
    assert feed(watch, 12, 30) == []
    watch.interrupted()
    assert feed(watch, 12, 30, 600) == []
