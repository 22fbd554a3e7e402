"""Days, months and years of the law: every doubtful hour is read both ways, the earlier one binds."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from csu.governance.legal_calendar import (
    day_in_paris,
    days_after,
    days_after_at_latest,
    in_paris,
    one_month_after,
    start_of_day,
    years_after,
)
from csu.hal.clock import NS_PER_DAY, NS_PER_S

HOUR_NS = 3600 * NS_PER_S
INSTANTS = st.integers(1_700_000_000 * NS_PER_S, 4_000_000_000 * NS_PER_S)


@pytest.mark.parametrize(
    ("captured", "month_later", "zone"),
    [
        ("2027-02-01 00:00", "2027-03-01 00:00", "Europe/Paris"),
        ("2027-02-01 00:00", "2027-03-01 00:00", "UTC"),
        ("2027-01-31 00:00", "2027-02-28 00:00", "Europe/Paris"),
        ("2027-01-31 00:00", "2027-02-28 00:00", "UTC"),
        ("2027-01-31 15:00", "2027-02-28 15:00", "Europe/Paris"),
        ("2028-01-30 15:00", "2028-02-29 15:00", "Europe/Paris"),
        ("2028-02-29 15:00", "2028-03-29 14:00", "UTC"),  # summer time came between: the hour of Paris is earlier
        ("2027-12-31 12:00", "2028-01-31 12:00", "Europe/Paris"),
        ("2027-10-10 12:00", "2027-11-10 11:00", "Europe/Paris"),  # winter time came between: the hour of UTC is
        ("2027-02-28 02:30", "2027-03-28 01:30", "Europe/Paris"),  # 02:30 is not that night: the earlier reading
        ("2027-03-01 00:30", "2027-03-29 01:30", "Europe/Paris"),  # still 28 February in UTC
        ("2027-03-31 00:30", "2027-04-30 00:30", "Europe/Paris"),  # still 30 March in UTC
    ],
)
def test_a_month_ends_at_the_earlier_of_the_hours_in_paris_and_utc(at, captured, month_later, zone):
    assert one_month_after(at(captured, zone)) == at(month_later, zone)


def test_both_hours_of_the_october_night_have_their_own_month(at):
    first, second = at("2027-10-31 00:30", "UTC"), at("2027-10-31 01:30", "UTC")
    assert (in_paris(first), in_paris(second)) == ("2027-10-31 02:30:00 +02:00", "2027-10-31 02:30:00 +01:00")
    assert one_month_after(first) == at("2027-11-30 00:30", "UTC")
    assert one_month_after(second) == at("2027-11-30 01:30", "UTC")


@given(captured=INSTANTS)
@example(captured=1_803_859_199_999_999_999)
@settings(max_examples=300, deadline=None)
def test_a_month_lasts_between_27_and_31_days(captured):
    assert 27 * NS_PER_DAY < one_month_after(captured) - captured <= 31 * NS_PER_DAY


@given(captured=INSTANTS, later_ns=st.integers(0, 3 * NS_PER_DAY))
@settings(max_examples=300, deadline=None)
def test_a_later_capture_dies_later_but_for_the_days_a_short_month_swallows(captured, later_ns):
    """29, 30 and 31 January all end on 28 February: there, and only there, an hour of the day decides."""
    assert one_month_after(captured + later_ns) > one_month_after(captured) - 26 * HOUR_NS


@given(captured=INSTANTS, days=st.integers(0, 31))
@settings(max_examples=300, deadline=None)
def test_days_differ_by_the_hour_of_a_dst_night_at_most(captured, days):
    early, late = days_after(captured, days), days_after_at_latest(captured, days)
    assert early <= captured + days * NS_PER_DAY <= late
    assert late - early <= 2 * HOUR_NS


def test_an_order_begins_and_ends_at_midnight_in_paris(at):
    assert start_of_day(date(2027, 1, 1)) == at("2026-12-31 23:00", "UTC")
    assert start_of_day(date(2027, 7, 1)) == at("2027-06-30 22:00", "UTC")
    assert day_in_paris(at("2027-06-30 22:00", "UTC")) == date(2027, 7, 1)
    assert day_in_paris(at("2027-06-30 21:59", "UTC")) == date(2027, 6, 30)


def test_five_years_from_29_february_end_on_28_february():
    assert years_after(date(2028, 2, 29), 5) == date(2033, 2, 28)
    assert years_after(date(2027, 1, 1), 5) == date(2032, 1, 1)
