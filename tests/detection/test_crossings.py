"""A crossing is a foot that came clear of a line on its other side, once for each track; a bin hears yes or no."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.detection.crossings import Crossings, meet, side_of
from csu.detection.observed import Tracked
from csu.hal.analysis import BinPlace, CountLine, ObjectClass
from tests.detection.street_builders import Noting

SIZE = (640, 360)
PERSON = frozenset({ObjectClass.PERSON})
UP = CountLine("up", (0.5, 1.0), (0.5, 0.0), PERSON)
"""Drawn upwards: its right is the right of the picture."""


def track(number, x, y=200.0, *, kind=ObjectClass.PERSON, is_seen=True, high=60.0):
    return Tracked(number, kind, (x - 10, y - high, x + 10, y), None, None, (0.0, 0.0), 0, is_seen)


def counted(*pictures, lines=(UP,), bins=()):
    noting, crossings = Noting(), Crossings(lines, bins, SIZE)
    for number, tracks in enumerate(pictures):
        crossings.step(tracks, number, noting)
    return noting


def test_to_the_right_is_forward_and_to_the_left_backward():
    right = counted([track(1, 280)], [track(1, 330)])
    left = counted([track(1, 360)], [track(1, 300)])
    assert right.crossings == [("up", ObjectClass.PERSON, True, 1)]
    assert left.crossings == [("up", ObjectClass.PERSON, False, 1)]


def test_who_trembles_on_the_line_is_not_counted():
    assert not counted(*[[track(1, 320 + (-1) ** n * 5)] for n in range(20)]).crossings


def test_who_comes_and_goes_is_counted_once():
    assert len(counted(*[[track(1, 320 + (-1) ** n * 50)] for n in range(20)]).crossings) == 1


def test_two_who_cross_are_two():
    assert len(counted([track(1, 280), track(2, 290)], [track(1, 350), track(2, 360)]).crossings) == 2


def test_who_goes_round_the_end_of_a_line_does_not_cross_it():
    short = CountLine("short", (0.5, 0.5), (0.5, 0.4), PERSON)
    assert not counted([track(1, 280, 300)], [track(1, 360, 300)], lines=(short,)).crossings
    assert counted([track(1, 280, 160)], [track(1, 360, 160)], lines=(short,)).crossings


def test_who_is_only_expected_on_the_other_side_has_not_crossed():
    assert not counted([track(1, 280)], [track(1, 380, is_seen=False)]).crossings
    assert counted([track(1, 280)], [track(1, 380, is_seen=False)], [track(1, 390)]).crossings


def test_a_class_that_is_not_asked_for_is_not_counted():
    car = ObjectClass.CAR
    assert not counted([track(1, 280, kind=car)], [track(1, 380, kind=car)]).crossings


def test_a_number_that_is_gone_is_forgotten():
    crossings = Crossings([UP], [], SIZE)
    crossings.step([track(1, 280)], 0, Noting())
    assert crossings._sides
    crossings.step([], 1, Noting())
    assert not crossings._sides


def test_a_bin_hears_of_persons_and_of_nobody_else():
    place = BinPlace("bin", ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))
    here, away = track(1, 320), track(1, 100)
    noting = counted([here], [away], [track(1, 320, kind=ObjectClass.BICYCLE)], [], lines=(), bins=(place,))
    assert noting.at_bins == [("bin", True), ("bin", False), ("bin", False), ("bin", False)]


def test_sides_as_the_picture_shows_them():
    assert side_of((10, 0), (0, 100), (0, 0)) == pytest.approx(10)
    assert side_of((10, 0), (0, 0), (0, 100)) == pytest.approx(-10)
    assert side_of((3, 4), (1, 1), (1, 1)) == 0
    assert meet((0, 0), (2, 2), (0, 2), (2, 0))
    assert not meet((0, 0), (1, 1), (3, 0), (3, 3))


@given(xs=st.lists(st.floats(0, 640), min_size=2, max_size=30))
@settings(max_examples=80, deadline=None)
def test_however_someone_wanders_it_is_one_count_at_most_and_none_without_reaching_the_other_side(xs):
    crossings = counted(*[[track(1, x)] for x in xs]).crossings
    sides = {x > 320 for x in xs if abs(x - 320) >= 6}
    assert len(crossings) == (1 if len(sides) == 2 else 0)
