"""Collection hours: an explained rule, tested on the habits of people who do not exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import pytest

from csu.statistics import CollectionTerms, ToldDay, collection_plan
from csu.statistics.collection_hours import WEEK_HOURS
from csu.statistics.flows import hours_of_week
from tests.statistics.builders import MONDAY, told_day

CAPACITY = 120
WEEKS = 8


def habits(weekday: int, *, market: int | None = None, weekend: float = 1.6) -> np.ndarray:
    """Deposits expected in each hour of that weekday: before work, after work; late and more of it at the weekend."""
    hours = np.arange(24)

    def peak(at: float, width: float) -> np.ndarray:
        return np.exp(-(((hours - at) / width) ** 2))

    if weekday >= 5:
        day = weekend * (3.0 * peak(11, 2.5) + 4.5 * peak(18, 2.0))
    else:
        day = 3.5 * peak(8, 1.2) + 5.0 * peak(18.5, 2.0)
    if weekday == market:
        day += 16.0 * peak(12.5, 1.3)
    return day + 0.15


def weeks(seed: int, market: int | None, scale: float) -> np.ndarray:
    """(WEEKS, 168) deposits."""
    chance = np.random.default_rng(seed)
    week = np.concatenate([scale * habits(weekday, market=market) for weekday in range(7)])
    return chance.poisson(week, (WEEKS, WEEK_HOURS))


def told(deposits: np.ndarray) -> list[ToldDay]:
    """As they may be read: late, five or more."""
    days = deposits.reshape(-1, 24)
    return [told_day(list(map(int, day)), MONDAY + timedelta(days=number)) for number, day in enumerate(days)]


def overflow_hours(deposits: np.ndarray, hours: Sequence[int], capacity: int = CAPACITY) -> int:
    """Hours at whose end the bin is full; it is emptied as each of `hours` of the week begins."""
    inside, full = 0, 0
    for hour, brought in enumerate(deposits.ravel()):
        if hour % WEEK_HOURS in hours:
            inside = 0
        inside += int(brought)
        full += inside >= capacity
    return full


def fixed(collections: int, hour: int) -> list[int]:
    """As often, on days as even as can be, always at the same hour."""
    return [24 * round(number * 7 / collections) + hour for number in range(collections)]


def plan_of(deposits: np.ndarray, capacity: int | None = CAPACITY, terms: CollectionTerms | None = None):
    means = [[hour.mean for hour in day] for day in hours_of_week(told(deposits))]
    return collection_plan(means, capacity, terms)


CASES = {"plain": (None, 1.0), "saturday": (5, 1.0), "wednesday": (2, 1.6)}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("market", "scale"), CASES.values(), ids=CASES)
def test_the_plan_overflows_less_than_a_fixed_hour_with_as_many_lorries(seed, market, scale):
    plan = plan_of(weeks(seed, market, scale))
    hours = [24 * each.weekday + each.hour for each in plan.collections]
    assert hours
    to_come = weeks(1_000 + seed, market, scale)
    ours = overflow_hours(to_come, hours)
    others = [overflow_hours(to_come, fixed(len(hours), hour)) for hour in (7, 10, 14)]
    assert len(hours) <= 7
    assert ours <= min(others)
    assert ours < np.mean(others) or market is None, "without a market a fixed hour does as well: 0 hours"


def test_no_lorry_comes_by_night_nor_when_most_people_are_at_the_bin():
    deposits = weeks(7, 5, 1.4)
    for each in plan_of(deposits).collections:
        day = habits(each.weekday, market=5)
        assert 7 <= each.hour < 22
        assert each.hour not in np.argsort(-day)[:2]
        assert each.fill_share <= 0.8
        assert f"{each.fill_share:.0%}" in each.why.fr
        assert "camions de 7 h à 22 h" in each.why.fr
        assert "avoids" in each.why.en


def test_a_bin_that_fills_faster_than_lorries_may_come_says_that_it_overflows():
    plan = collection_plan([[20.0] * 24] * 7, 60)
    assert max(each.fill_share for each in plan.collections) > 1
    assert any("déborde" in each.why.fr for each in plan.collections)


def test_a_bin_that_fills_slowly_is_emptied_once_a_week_at_its_quietest():
    means: list[list[float | None]] = [[0.1] * 24 for _ in range(7)]
    means[3][14] = 0.0
    (one,) = collection_plan(means, CAPACITY).collections
    assert (one.weekday, one.hour) == (3, 14)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda means: (means, None), "capacité"),
        (lambda means: ([[None] * 24, *means[1:]], CAPACITY), "24 heures"),
        (lambda means: ([[0.0] * 24] * 7, CAPACITY), "aucun dépôt"),
    ],
    ids=["capacity", "hours", "deposits"],
)
def test_too_little_is_known_and_said(change: Callable[..., tuple[list[list[float | None]], int | None]], why):
    plan = collection_plan(*change([[1.0] * 24 for _ in range(7)]))
    assert plan.collections == ()
    assert why in plan.why_none.fr


def test_the_plan_is_made_of_what_may_be_read():
    """The rule is given means of told figures: with everything withheld it knows nothing of when."""
    day = told_day([0] * 12 + [1] + [0] * 11)
    assert [figure.count for figure in day.figures] == [0] * 12 + [None]
    means = hours_of_week([day])[0]
    assert {hour.is_estimated for hour in means[12:]} == {True}
