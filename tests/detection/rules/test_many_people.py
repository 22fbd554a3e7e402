"""Crowd movement and density: both sides of every bound."""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, sin

import cv2
import numpy as np
import pytest

from csu.detection.rules.crowd_flow import Flow
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


class Flowing:
    """A flow that is told: strolls of twenty, then at `from_s` a run of twenty-five, all ways."""

    def __init__(self, from_s, run_m_s):
        self.from_s, self.run_m_s, self.now_s = from_s, run_m_s, 0.0

    def step(self, seen):
        self.now_s += 0.2
        runs = self.now_s > self.from_s
        return Flow(25.0, self.run_m_s, 0.3) if runs else Flow(20.0, 1.0, 0.2)

    def forget(self):
        self.now_s = 0.0


@pytest.mark.parametrize(("from_s", "run_m_s", "is_told"), [(12.0, 2.9, True), (12.0, 1.5, False), (3.0, 2.9, False)])
def test_a_square_that_moves_already_and_runs_apart_is_told_by_its_flow(from_s, run_m_s, is_told):
    """Not who only walks faster, and not before one may say what is usual."""
    watching = rule(EventType.CROWD_MOVEMENT, corners=SQUARE)
    watching._flow = Flowing(from_s, run_m_s)
    until_s = from_s + 3.0
    assert bool(told(watching, pictures(12, 0.5, seconds=until_s, apart=True, moving=0.6))) is is_told


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


def covered_by(feet, *, shade=None, edges=True):
    """A picture in which bodies 0.77 m wide and 1.65 m high stand on these feet (m). `shade`: (left, top, right,
    bottom) m, covered too, but without an edge."""
    changed = np.zeros((90, 160), np.uint8)
    for x_m, y_m in feet:
        left, right, top, bottom = (round(each * 5) for each in (x_m - 0.385, x_m + 0.385, y_m - 1.65, y_m))
        changed[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 255
    told_edges = cv2.morphologyEx(changed, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) if edges else None
    if shade is not None:
        left, top, right, bottom = (round(each * 5) for each in shade)
        changed[top:bottom, left:right] = 255
    picture = seen(0.0, standing(60), energy=np.zeros((90, 160), np.uint8))
    return replace(picture, motion=replace(picture.motion, changed=changed, edges=told_edges))


def stand(per_m2, left=0.0, top=0.0, right=6.4, bottom=9.0):
    """Feet at random on that ground (m); the corner's own unless told."""
    dice = np.random.default_rng(5)
    number = round(per_m2 * (right - left) * (bottom - top))
    return np.stack([dice.uniform(left, right, number), dice.uniform(top, bottom, number)], axis=1)


@pytest.mark.parametrize("per_m2", [1.5, 2.5, 3.5])
def test_where_people_hide_each_other_the_covered_ground_counts_too(per_m2):
    of = rule(EventType.CROWD_DENSITY, corners=CORNER, dense_per_m2=0.5)
    assert of.density(covered_by(stand(per_m2))) == pytest.approx(per_m2, rel=0.25)
    of.reset()
    crowd_around = stand(per_m2, right=12.0, bottom=14.0)
    assert of.density(covered_by(crowd_around)) == pytest.approx(per_m2, rel=0.25)


def test_shade_before_the_zone_is_nobody_who_hides_it():
    of = rule(EventType.CROWD_DENSITY, corners=CORNER)
    alone = of.density(covered_by(stand(3.5)))
    of.reset()
    in_shade = of.density(covered_by(stand(3.5), shade=(0.0, 9.0, 12.0, 14.0)))
    assert alone * 0.85 < in_shade <= alone
    of.reset()
    assert of.density(covered_by(stand(3.5), shade=(0.0, 9.0, 12.0, 14.0), edges=False)) < alone * 0.85  # not told


def test_few_people_cover_what_they_are_and_a_lorry_is_no_crowd():
    of = rule(EventType.CROWD_DENSITY, corners=CORNER)
    assert of.density(covered_by(stand(0.4))) == pytest.approx(60 / 57.6)  # less by the ground: the detector sees all
    of.reset()
    lorry = replace(covered_by(stand(4.0)), tracks=standing(2))
    assert of.density(lorry) == pytest.approx(2 / 57.6)


def test_people_who_wait_cover_the_ground_though_nothing_moves():
    of = rule(EventType.CROWD_DENSITY, corners=CORNER)
    waiting = seen(0.0, standing(60), still=[(0.0, 0.0, 128.0, 180.0)])
    assert of.density(waiting) > 3.0
