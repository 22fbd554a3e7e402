"""Restricted zone and wrong way: both sides of every bound."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from csu.hal.analysis import EventType
from tests.detection.rules.street import HEIGHT, WIDTH, car, person, rule, seconds_of, seen, times, told

RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
INSIDE_M, OUTSIDE_M = 24.0, 8.0
"""Of the right half of the picture, 32 m wide."""
LANE = ((0.1, 0.5), (0.9, 0.5))
"""To the right."""


def stays(seconds, x_m=INSIDE_M, **more):
    return [seen(at_s, [person(1, x_m, 9.0, **more)]) for at_s in times(seconds)]


def test_somebody_who_stays_a_second_is_told_once_with_his_box():
    found = told(rule(EventType.RESTRICTED_ZONE, corners=RIGHT), stays(8.0))
    assert seconds_of(found) == [1.0]
    [finding] = found
    assert (finding.type, finding.zone) == (EventType.RESTRICTED_ZONE, "z1")
    assert finding.boxes[0].left == pytest.approx((INSIDE_M * 20 - 6) / WIDTH)
    assert finding.boxes[0].bottom == pytest.approx(180 / HEIGHT)
    assert 0.9 <= finding.score <= 1.0


def test_somebody_who_stays_less_or_outside_is_not_told():
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    assert told(of, stays(0.9)) == []
    assert told(rule(EventType.RESTRICTED_ZONE, corners=RIGHT), stays(8.0, OUTSIDE_M)) == []


def test_the_dwell_is_a_parameter():
    assert seconds_of(told(rule(EventType.RESTRICTED_ZONE, corners=RIGHT, dwell_s=4.0), stays(8.0))) == [4.0]


def test_whose_head_is_in_the_zone_and_whose_foot_is_not_is_not_in_it():
    upper = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.49), (0.0, 0.49))
    assert told(rule(EventType.RESTRICTED_ZONE, corners=upper), stays(4.0)) == []


def test_nine_of_ten_pictures_are_enough_and_eight_are_not():
    def flickers(outside):
        pictures = [round(at_s * 10) for at_s in times(4.0)]
        places = [OUTSIDE_M if index % 10 in outside else INSIDE_M for index in range(len(pictures))]
        return [seen(at_s, [person(1, x, 9.0)]) for at_s, x in zip(times(4.0), places, strict=True)]

    of = lambda: rule(EventType.RESTRICTED_ZONE, corners=RIGHT, dwell_s=1.8)  # ten pictures  # noqa: E731
    assert len(told(of(), flickers({4}))) == 1
    assert told(of(), flickers({2, 5, 8})) == []


def test_it_is_told_again_only_after_the_zone_was_empty():
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    away = [seen(at_s) for at_s in times(1.6, 2.0)]
    back = [seen(at_s, [person(2, INSIDE_M, 9.0)]) for at_s in times(2.0, 3.6)]
    assert len(told(of, [*stays(2.0), *away, *back])) == 1
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    away = [seen(at_s) for at_s in times(3.4, 2.0)]
    back = [seen(at_s, [person(2, INSIDE_M, 9.0)]) for at_s in times(2.0, 5.4)]
    assert seconds_of(told(of, [*stays(2.0), *away, *back])) == [1.0, 6.4]


def test_a_course_that_is_only_expected_is_never_told():
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    unseen = [seen(at_s, [person(1, INSIDE_M, 9.0, seen=False)]) for at_s in times(5.0)]
    assert told(of, unseen) == []
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    expected = [seen(at_s, [person(1, INSIDE_M, 9.0, seen=False)], detected=False) for at_s in times(5.0)]
    assert told(of, expected) == []


def test_between_two_looks_of_the_detector_somebody_is_where_he_is_expected():
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    looks = [
        seen(at_s, [person(1, INSIDE_M, 9.0, seen=step % 2 == 0)], detected=step % 2 == 0)
        for step, at_s in enumerate(times(3.0))
    ]
    assert seconds_of(told(of, looks)) == [1.0]


def test_a_zone_is_for_persons_or_for_vehicles():
    driving = [seen(at_s, [car(1, INSIDE_M, 9.0)]) for at_s in times(3.0)]
    assert len(told(rule(EventType.RESTRICTED_ZONE, corners=RIGHT), driving)) == 1
    assert told(rule(EventType.RESTRICTED_ZONE, corners=RIGHT, vehicles=0), driving) == []
    assert told(rule(EventType.RESTRICTED_ZONE, corners=RIGHT, persons=0), stays(3.0)) == []


def test_what_the_mask_hides_is_not_told():
    hidden = np.zeros((90, 160), np.uint8)
    hidden[:, 110:130] = 255
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    assert told(of, [seen(at_s, [person(1, INSIDE_M, 9.0)], hidden=hidden) for at_s in times(3.0)]) == []


def test_after_another_view_or_a_long_gap_everything_is_new():
    of = rule(EventType.RESTRICTED_ZONE, corners=RIGHT)
    assert len(told(of, stays(2.0))) == 1
    assert told(of, [seen(2.0, [person(1, INSIDE_M, 9.0)], changed=True)]) == []
    later = [seen(at_s, [person(1, INSIDE_M, 9.0)]) for at_s in times(2.0, 2.2)]
    assert seconds_of(told(of, later)) == [3.2]
    after_a_gap = [seen(at_s, [person(1, INSIDE_M, 9.0)]) for at_s in times(2.0, 30.0)]
    assert seconds_of(told(of, after_a_gap)) == [31.0]


def goes(speed_m_s, *, seconds=4.0, drift_m_s=0.0, of=person, start_m=28.0, y_m=9.0):
    """To the left, against the lane, when the speed is negative."""
    return [
        seen(at_s, [of(1, start_m + speed_m_s * at_s, y_m + drift_m_s * at_s, (speed_m_s, drift_m_s))])
        for at_s in times(seconds)
    ]


def test_who_walks_against_the_lane_is_told_after_the_time_and_the_way():
    assert seconds_of(told(rule(EventType.WRONG_WAY, lane=LANE), goes(-1.4))) == [1.2]
    assert seconds_of(told(rule(EventType.WRONG_WAY, lane=LANE), goes(-0.62))) == [2.0]  # 1.2 m


@pytest.mark.parametrize("speed_m_s", [1.4, 0.0, -0.4])
def test_who_walks_with_it_or_stands_or_hardly_moves_is_not(speed_m_s):
    assert told(rule(EventType.WRONG_WAY, lane=LANE), goes(speed_m_s)) == []


def test_who_crosses_the_lane_is_not_told_though_he_comes_a_little_against_it():
    assert told(rule(EventType.WRONG_WAY, lane=LANE), goes(-0.8, drift_m_s=1.0, y_m=2.0)) == []
    assert len(told(rule(EventType.WRONG_WAY, lane=LANE), goes(-1.0, drift_m_s=0.8, y_m=2.0))) == 1


def test_a_vehicle_has_bounds_of_its_own():
    lane = rule(EventType.WRONG_WAY, lane=LANE)
    assert seconds_of(told(lane, goes(-8.0, of=car, seconds=2.0))) == [1.2]
    assert told(rule(EventType.WRONG_WAY, lane=LANE), goes(-1.8, of=car)) == []
    assert seconds_of(told(rule(EventType.WRONG_WAY, lane=LANE), goes(-2.5, of=car))) == [2.0]  # 5 m


def test_a_vehicle_that_backs_out_a_little_is_not_told():
    backs = [*goes(-2.5, of=car, seconds=1.6), *(seen(at_s, [car(1, 24.0, 9.0)]) for at_s in times(3.0, 1.6))]
    assert told(rule(EventType.WRONG_WAY, lane=LANE), backs) == []


def test_a_missed_picture_does_not_end_a_course():
    pictures = goes(-1.4)
    pictures[3] = seen(0.6)
    assert seconds_of(told(rule(EventType.WRONG_WAY, lane=LANE), pictures)) == [1.2]


def test_a_course_that_a_look_did_not_confirm_goes_against_no_lane():
    expected = partial(car, seen=False)
    lost = [replace(each, detected=step % 4 == 3) for step, each in enumerate(goes(-8.0, of=expected, seconds=4.0))]
    assert told(rule(EventType.WRONG_WAY, lane=LANE), [*goes(-8.0, of=car, seconds=0.6), *lost[3:]]) == []


def test_between_two_looks_a_course_goes_on():
    pictures = goes(-8.0, of=car, seconds=3.0)
    between = goes(-8.0, of=partial(car, seen=False), seconds=3.0)
    every_fifth = [
        each if step % 5 == 0 else replace(between[step], detected=False) for step, each in enumerate(pictures)
    ]
    assert seconds_of(told(rule(EventType.WRONG_WAY, lane=LANE), every_fifth)) == [2.0]


def test_without_a_place_on_the_ground_nothing_is_guessed():
    pictures = [replace(each, tracks=[replace(each.tracks[0], velocity_m_s=None)]) for each in goes(-1.4)]
    assert told(rule(EventType.WRONG_WAY, lane=LANE), pictures) == []
