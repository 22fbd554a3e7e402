"""Profiles and comparisons are made of told figures only; a gap is no zero."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.statistics.flows import added, before, change, day_sums, hours_of, hours_of_week
from tests.statistics.builders import MONDAY, told_day

A_DAY = [0] * 6 + [5, 20, 30] + [10] * 15


def means(profile):
    return [hour.mean for hour in profile]


def test_an_hour_of_the_profile_is_the_mean_of_the_days_that_tell_of_it():
    days = [told_day(A_DAY), told_day([30 if count == 10 else count for count in A_DAY], MONDAY + timedelta(days=1))]
    profile = hours_of(days)
    assert means(profile)[6:10] == [5, 20, 30, 20]
    assert not any(hour.is_estimated for hour in profile)


def test_a_gap_is_left_out_and_not_taken_for_zero():
    gap = [None if hour == 8 else count for hour, count in enumerate(A_DAY)]
    assert means(hours_of([told_day(A_DAY), told_day(gap)]))[8] == 30
    alone = hours_of([told_day(gap)])[8]
    assert alone.mean is None
    (one,) = day_sums([told_day(gap)])
    assert (one.count, one.gap_s, one.told_s) == (sum(A_DAY) - 30, 3600, 23 * 3600)


def test_small_hours_are_spread_and_said_to_be_estimates():
    profile = hours_of([told_day([1, 2, 3, 0] + [9] * 20)])
    assert means(profile)[:4] == [2, 2, 2, 0]
    assert [hour.is_estimated for hour in profile[:5]] == [True] * 3 + [False] * 2
    withheld = hours_of([told_day([0] * 22 + [1, 1])])
    assert means(withheld)[22:] == [1.25, 1.25]
    (one,) = day_sums([told_day([0] * 22 + [1, 1])])
    assert (one.count, one.withheld) == (0, 1)


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=24, max_size=24))
def test_a_days_sum_is_never_more_than_came_and_never_tells_a_small_rest(counts):
    (one,) = day_sums([told_day(counts)])
    whole = sum(count or 0 for count in counts)
    assert one.count <= whole <= one.count + 4 * one.withheld
    assert one.gap_s + one.told_s == 86_400
    assert one.gap_s == 3600 * counts.count(None)


def test_the_nights_when_clocks_change_have_their_hours():
    october = told_day([1] * 25, date(2026, 10, 25))
    assert sum((figure.to_ns - figure.from_ns) for figure in october.figures) == 25 * 3600 * 10**9
    assert means(hours_of([told_day([6] * 25, date(2026, 10, 25))])) == [6] * 24
    assert means(hours_of([told_day([6] * 23, date(2026, 3, 29))])) == [6, 6, None, *[6] * 21]


def test_a_week_is_seven_profiles():
    week = [told_day([10 + number] * 24, MONDAY + timedelta(days=number)) for number in range(14)]
    assert [day[0].mean for day in hours_of_week(week)] == [13.5 + weekday for weekday in range(7)]


def test_two_series_together_have_an_hour_when_both_have():
    cars, lorries = hours_of([told_day(A_DAY)]), hours_of([told_day([None] + [7] * 23)])
    assert means(added([cars, lorries]))[:8] == [None, 7, 7, 7, 7, 7, 12, 27]
    assert means(added([])) == [None] * 24


def test_a_period_is_compared_with_the_same_weekdays_before_it():
    assert before(date(2026, 11, 9), date(2026, 11, 15)) == (date(2026, 11, 2), date(2026, 11, 8))
    assert before(date(2026, 11, 12), date(2026, 11, 12)) == (date(2026, 11, 5), date(2026, 11, 5))
    assert before(date(2026, 11, 2), date(2026, 11, 11)) == (date(2026, 10, 19), date(2026, 10, 28))
    then, now = hours_of([told_day([10] * 24)]), hours_of([told_day([None] * 10 + [12] * 14)])
    told = change(then, now)
    assert (told.before, told.now, told.hours) == (140, 168, 14)
    assert told.share == pytest.approx(0.2)
    assert change(then, hours_of([told_day([None] * 13 + [12] * 11)])).share is None
