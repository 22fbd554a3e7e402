"""STA-1, STA-2: figures come late, are five or more, and no difference of two of them is less."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_S
from csu.statistics import Told, figures, readable_at_ns
from csu.statistics.publication import SMALL_BELOW, usable
from tests.statistics.builders import a_line, a_slot

SLOT_S = 900
SLOT_NS = SLOT_S * NS_PER_S
COUNTS = st.lists(st.one_of(st.none(), st.integers(0, 12)), min_size=1, max_size=40)


def slots_of(figure) -> range:
    return range(figure.from_ns // SLOT_NS, figure.to_ns // SLOT_NS)


@settings(max_examples=40, deadline=None)
@given(counts=COUNTS)
def test_figures_divide_the_day_and_say_what_was_counted(counts):
    told = figures(counts, 0, SLOT_S)
    assert [slot for figure in told for slot in slots_of(figure)] == list(range(len(counts)))
    for figure in told:
        inside = [counts[slot] for slot in slots_of(figure)]
        if figure.told is Told.GAP:
            assert inside == [None]
        elif figure.told is Told.SMALL:
            assert figure.count is None
            assert 0 < sum(inside) < SMALL_BELOW
        else:
            assert figure.count == sum(inside)


@settings(max_examples=40, deadline=None)
@given(counts=COUNTS, data=st.data())
def test_no_difference_of_two_published_sums_is_one_to_four(counts, data):
    """Any two sums over told figures, one within the other: what anybody can add up and take away."""
    told = [figure.count for figure in figures(counts, 0, SLOT_S) if figure.told is Told.COUNT]
    of_more = data.draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))
    of_less = data.draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))
    more = sum(count for count, is_in in zip(told, of_more, strict=True) if is_in)
    less = sum(count for count, *is_in in zip(told, of_more, of_less, strict=True) if all(is_in))
    assert more - less == 0 or more - less >= SMALL_BELOW


def days_that_could_be(told) -> list[tuple[int, ...]]:
    """All days that are told in just this way."""
    parts = []
    for figure in told:
        sums = [figure.count] if figure.told is Told.COUNT else range(1, SMALL_BELOW)
        shapes = product(range(max(sums) + 1), repeat=len(slots_of(figure)))
        parts.append([shape for shape in shapes if sum(shape) in sums])
    days = (sum(parts_of_day, ()) for parts_of_day in product(*parts))
    return [day for day in days if figures(day, 0, SLOT_S) == told]


@pytest.mark.requirement("STA-2")
@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_who_knows_the_rule_still_learns_no_count_of_one_to_four(counts):
    """Of all days that would be told in just this way, each small count is another one in some of them."""
    alike = days_that_could_be(figures(counts, 0, SLOT_S))
    assert tuple(counts) in alike
    for slot, count in enumerate(counts):
        if 0 < count < SMALL_BELOW:
            assert len({day[slot] for day in alike}) > 1


@settings(max_examples=40, deadline=None)
@given(counts=COUNTS)
def test_later_slots_change_no_figure_that_was_told(counts):
    whole = figures(counts, 0, SLOT_S)
    for until in range(len(counts)):
        early = [figure for figure in figures(counts[:until], 0, SLOT_S) if figure.told is Told.COUNT]
        assert [figure for figure in whole if figure in early] == early


@pytest.mark.requirement("STA-1")
@pytest.mark.parametrize(("slot_s", "late_s"), [(300, 3600), (900, 3600), (3600, 3600)])
def test_a_slot_is_readable_an_hour_or_its_own_length_after_it_ended(slot_s, late_s):
    assert readable_at_ns(7 * slot_s * NS_PER_S, slot_s) == (8 * slot_s + late_s) * NS_PER_S
    assert late_s >= slot_s


def test_what_was_looked_at_too_little_is_a_gap():
    line = a_line(slot_s=900)
    assert usable(a_slot(line, 0, 7, seen_share=0.8), 900)
    assert not usable(a_slot(line, 0, 7, seen_share=0.79), 900)
    assert not usable(a_slot(line, 0, 7), 300)


def test_zero_is_told():
    told = figures([0, 0, 3, 0, 2, 7], 0, SLOT_S)
    assert [(figure.told, figure.count) for figure in told] == [
        (Told.COUNT, 0),
        (Told.COUNT, 0),
        (Told.COUNT, 5),
        (Told.COUNT, 7),
    ]
