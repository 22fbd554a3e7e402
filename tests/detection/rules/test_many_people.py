"""Crowd movement and density: both sides of every bound."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
import pytest

from csu.hal.analysis import EventType
from tests.detection.rules.street import person, rule, seconds_of, seen, times, told

SQUARE = ((0.25, 0.2), (0.75, 0.2), (0.75, 0.9), (0.25, 0.9))
"""16 m x 12.6 m of the 32 m x 18 m: 201.6 m2."""
CORNER = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.5), (0.0, 0.5))
"""6.4 m x 9 m = 57.6 m2"""


def running(number, speed_m_s=3.0, *, apart=False, at_s=0.0):
    """So many people in the square, all to the right, or each in a direction of his own."""
    found = []
    for index in range(number):
        angle = 2 * pi * index / number if apart else 0.0
        speed = speed_m_s * cos(angle), speed_m_s * sin(angle)
        found.append(person(index + 1, 10.0 + index % 10, 6.0 + index // 10, speed, since_s=-5.0))
    return found


def pictures(number, speed_m_s=3.0, *, seconds=4.0, from_s=0.0, apart=False, moving=0.0):
    energy = np.zeros((90, 160), np.uint8)
    energy[: round(90 * moving)] = 255
    return [
        seen(at_s, running(number, speed_m_s, apart=apart, at_s=at_s), energy=energy) for at_s in times(seconds, from_s)
    ]


def test_a_crowd_that_runs_one_way_is_told():
    assert seconds_of(told(rule(EventType.CROWD_MOVEMENT, corners=SQUARE), pictures(8))) == [1.0]


@pytest.mark.parametrize(("number", "speed_m_s"), [(7, 3.0), (8, 2.4), (40, 1.4)])
def test_few_people_or_people_who_walk_are_not(number, speed_m_s):
    assert told(rule(EventType.CROWD_MOVEMENT, corners=SQUARE), pictures(number, speed_m_s)) == []


def test_a_crowd_that_runs_apart_is_told_when_it_does_of_a_sudden():
    calm = pictures(12, 0.5, seconds=12.0, apart=True, moving=0.25)
    bursts = pictures(12, 3.0, from_s=12.0, apart=True, moving=0.8)
    assert told(rule(EventType.CROWD_MOVEMENT, corners=SQUARE), pictures(12, 3.0, seconds=15.0, apart=True)) == []
    found = told(rule(EventType.CROWD_MOVEMENT, corners=SQUARE, rise=2.0), [*calm, *bursts])
    assert seconds_of(found) == [12.8]  # four of the five pictures before it were enough


def test_one_second_is_needed_and_those_just_found_do_not_count():
    assert told(rule(EventType.CROWD_MOVEMENT, corners=SQUARE), pictures(9, seconds=0.9)) == []
    young = [
        seen(at_s, [person(index + 100 * step, 10 + index, 6.0, (3.0, 0.0), since_s=at_s) for index in range(9)])
        for step, at_s in enumerate(times(3.0))
    ]
    assert told(rule(EventType.CROWD_MOVEMENT, corners=SQUARE), young) == []


def standing(number, *, x0=0.5, y0=2.0, columns=12):
    return [person(index + 1, x0 + 0.45 * (index % columns), y0 + 0.5 * (index // columns)) for index in range(number)]


def test_too_many_people_on_the_ground_are_told_after_ten_seconds():
    dense = [seen(at_s, standing(60)) for at_s in times(14.0)]  # 60 / 57.6 m2 = 1.04 /m2
    assert seconds_of(told(rule(EventType.CROWD_DENSITY, corners=CORNER, people_per_m2=1.0), dense)) == [10.0]
    fewer = [seen(at_s, standing(57)) for at_s in times(14.0)]
    assert told(rule(EventType.CROWD_DENSITY, corners=CORNER, people_per_m2=1.0), fewer) == []


def test_a_crowd_that_passes_in_less_time_is_not_told():
    passes = [*(seen(at_s, standing(70)) for at_s in times(9.6)), *(seen(at_s) for at_s in times(5.0, 9.6))]
    assert told(rule(EventType.CROWD_DENSITY, corners=CORNER, people_per_m2=1.0), passes) == []


def test_where_people_hide_each_other_the_covered_ground_counts_too():
    """A body hides 0.47 of 0.45 m x 1.65 m here: three a m2 cover 1 - exp(-3 * 0.35) = 65 % of the ground."""
    of = rule(EventType.CROWD_DENSITY, corners=CORNER)
    found_by_detector = standing(60)

    def covered(share):
        rng = np.random.default_rng(1)
        energy = np.where(rng.random((90, 160)) < share, 255, 0).astype(np.uint8)
        return seen(0.0, found_by_detector, energy=energy)

    assert of.density(covered(0.65)) == pytest.approx(3.0, abs=0.25)
    of.reset()
    assert of.density(covered(0.3)) == pytest.approx(60 / 57.6)  # 1.02 by the ground: the detector sees all
    of.reset()
    few = seen(0.0, standing(2), energy=covered(0.95).motion.energy)
    assert of.density(few) == pytest.approx(2 / 57.6)  # a lorry covers the ground as well


def test_people_who_wait_cover_the_ground_though_nothing_moves():
    of = rule(EventType.CROWD_DENSITY, corners=CORNER)
    waiting = seen(0.0, standing(60), still=[(0.0, 0.0, 128.0, 170.0)])
    assert of.density(waiting) > 3.0
