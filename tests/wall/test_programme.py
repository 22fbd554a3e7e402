"""Weekly programmes follow the clocks of Paris, over midnight and over the two nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.governance.spans import Span
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.wall import PlanUnusable, Weekday, WeeklyProgramme

PARIS = ZoneInfo("Europe/Paris")
SATURDAY, SUNDAY = frozenset({Weekday.SATURDAY}), frozenset({Weekday.SUNDAY})


def ns(text: str) -> int:
    """`2026-12-05 07:30` in Paris."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp()) * NS_PER_S


def times(weekly: WeeklyProgramme, span: Span) -> list[tuple[str, str]]:
    return [
        tuple(f"{datetime.fromtimestamp(at // NS_PER_S, UTC):%m-%d %H:%M}" for at in (up.span.from_ns, up.span.to_ns))
        for up in weekly.within(span)
    ]


def test_a_market_is_up_each_saturday_morning() -> None:
    weekly = WeeklyProgramme("market", "square", SATURDAY, 7 * 60 + 30, 13 * 60, 5)
    (first, second) = weekly.within(Span(ns("2026-12-01 00:00"), ns("2026-12-13 00:00")))
    assert (first.programme, first.scene, first.priority) == ("market/2026-12-05", "square", 5)
    assert first.span == Span(ns("2026-12-05 07:30"), ns("2026-12-05 13:00"))
    assert second.programme == "market/2026-12-12"


def test_a_night_ends_on_the_next_day_and_one_that_has_begun_counts() -> None:
    weekly = WeeklyProgramme("night", "bars", SATURDAY, 22 * 60, 4 * 60)
    begun = weekly.within(Span(ns("2026-12-06 01:00"), ns("2026-12-06 02:00")))
    assert [up.span for up in begun] == [Span(ns("2026-12-05 22:00"), ns("2026-12-06 04:00"))]
    assert weekly.within(Span(ns("2026-12-06 04:00"), ns("2026-12-06 05:00"))) == ()


def test_a_day_until_midnight() -> None:
    weekly = WeeklyProgramme("day", "all", SATURDAY, 0, 24 * 60)
    (up,) = weekly.within(Span(ns("2026-12-05 12:00"), ns("2026-12-05 13:00")))
    assert up.span == Span(ns("2026-12-05 00:00"), ns("2026-12-06 00:00"))


def test_clocks_that_change() -> None:
    night = Span(ns("2026-03-28 12:00"), ns("2026-03-29 12:00"))
    assert times(WeeklyProgramme("a", "x", SATURDAY, 22 * 60, 4 * 60), night) == [("03-28 21:00", "03-29 02:00")]
    assert times(WeeklyProgramme("gone", "x", SUNDAY, 2 * 60, 3 * 60), night) == []
    long = Span(ns("2026-10-24 12:00"), ns("2026-10-25 12:00"))
    assert times(WeeklyProgramme("a", "x", SATURDAY, 22 * 60, 4 * 60), long) == [("10-24 20:00", "10-25 03:00")]


@given(
    st.frozensets(st.sampled_from(Weekday), min_size=1),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.integers(0, 1000 * 24 * 60),
    st.integers(1, 3000),
)
def test_what_the_clock_on_the_wall_says_is_what_is_up(days, begin, end, at_minute, minutes) -> None:
    at_ns = ns("2026-01-01 00:00") + at_minute * NS_PER_MINUTE
    weekly = WeeklyProgramme("p", "s", days, begin, end)
    now = datetime.fromtimestamp(at_ns // NS_PER_S, PARIS)
    minute, day = now.hour * 60 + now.minute, Weekday(now.weekday())
    yesterday = Weekday((day - 1) % 7)
    if end > begin:
        expected = day in days and begin <= minute < end
    else:
        expected = (day in days and minute >= begin) or (yesterday in days and minute < end)
    ups = weekly.within(Span(at_ns, at_ns + minutes * NS_PER_MINUTE))
    changes = {now.date().isoformat()} & {"2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31", "2028-03-26"}
    if not changes:  # the nights on which clocks change have their own test
        assert any(up.span.holds(at_ns) for up in ups) is expected
    assert all(up.span.to_ns - up.span.from_ns <= NS_PER_DAY + 60 * NS_PER_MINUTE for up in ups)
    assert list(ups) == sorted(ups, key=lambda up: up.span)


@pytest.mark.parametrize(("days", "begin", "end"), [(frozenset(), 0, 60), (SATURDAY, 1440, 60), (SATURDAY, -1, 60)])
def test_what_no_week_has_is_refused(days, begin, end) -> None:
    with pytest.raises(PlanUnusable):
        WeeklyProgramme("p", "s", days, begin, end)
