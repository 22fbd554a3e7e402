"""CLEAR MOT figures and counts, by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.detection.evaluation.counting import Counted, CountScore
from csu.detection.evaluation.tracking import TrackingJudge, overlap_of
from csu.hal.analysis import ObjectClass


def box(left: float, top: float = 0.0, size: float = 10.0):
    return np.array([left, top, left + size, top + size])


def test_two_objects_followed_well_have_no_fault():
    judge = TrackingJudge()
    for x in range(5):
        judge.judge({1: box(x), 2: box(50 + x)}, {7: box(x), 9: box(50 + x)})
    score = judge.score
    assert (score.recall, score.precision, score.switches, score.overlap, score.mota) == (1.0, 1.0, 0, 1.0, 1.0)
    assert (len(score.true_objects), len(score.tracks)) == (2, 2)


def test_a_changed_number_is_one_switch_even_after_a_gap():
    judge = TrackingJudge()
    judge.judge({1: box(0)}, {7: box(0)})
    judge.judge({1: box(0)}, {})
    judge.judge({1: box(0)}, {8: box(0)})
    judge.judge({1: box(0)}, {8: box(0)})
    assert (judge.score.switches, judge.score.found, judge.score.true_boxes) == (1, 3, 4)


def test_who_was_paired_stays_paired_while_both_overlap():
    judge = TrackingJudge()
    judge.judge({1: box(0)}, {7: box(0)})
    paired = judge.judge({1: box(0)}, {7: box(3), 8: box(0)})
    assert paired.pairs == ((1, 7),)
    assert (judge.score.switches, judge.score.false_boxes) == (0, 1)


def test_two_objects_that_were_one_number_share_it_no_more():
    judge = TrackingJudge()
    judge.judge({1: box(0)}, {7: box(0)})
    judge.judge({2: box(0)}, {7: box(0)})
    paired = judge.judge({1: box(2), 2: box(0)}, {7: box(0)})
    assert paired.pairs == ((2, 7),)
    assert paired.missed == (1,)


def test_half_a_box_is_no_box():
    judge = TrackingJudge()
    judge.judge({1: box(0)}, {7: box(4)})
    assert (judge.score.found, judge.score.false_boxes, judge.score.recall) == (0, 1, 0.0)


def test_where_nothing_is_judged_nothing_is_false():
    judge = TrackingJudge()
    judge.judge({1: box(0)}, {7: box(0), 8: box(101)}, not_judged=np.array([box(100)]))
    assert (judge.score.false_boxes, judge.score.precision) == (0, 1.0)


def test_pairs_are_as_many_as_can_be_not_the_nearest_first():
    judge = TrackingJudge()
    judge.judge({1: box(0), 2: box(3)}, {7: box(2.5), 8: box(5.5)})
    assert judge.score.found == 2


NUMBERS = st.floats(0, 40, allow_nan=False)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5), st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5))
def test_every_box_is_counted_once_and_pairs_overlap(true, told):
    judge = TrackingJudge()
    truth = {number: box(*at) for number, at in enumerate(true)}
    followed = {number: box(*at) for number, at in enumerate(told)}
    paired = judge.judge(truth, followed)
    assert len(paired.pairs) + len(paired.missed) == len(true)
    assert len(paired.pairs) + len(paired.false) == len(told)
    assert len({number for _, number in paired.pairs}) == len(paired.pairs)
    assert all(overlap_of(truth[a], followed[b]) >= 0.5 for a, b in paired.pairs)


def test_an_error_of_a_count_is_not_hidden_by_another_class_or_direction():
    car = Counted("a", ObjectClass.CAR, True)
    bus, back = Counted("a", ObjectClass.BUS, True), Counted("a", ObjectClass.CAR, False)
    score = CountScore()
    score.add(Counter({car: 10, back: 10}), Counter({car: 9, bus: 1, back: 10}))
    assert score.error == pytest.approx(2 / 20)
    score.add(Counter({car: 5}), Counter({car: 6}))
    assert (score.true, score.counted, score.wrong) == (25, 26, 3)
    assert score.by[car] == (15, 15)


def test_nothing_that_crossed_is_no_figure():
    assert CountScore().error is None
