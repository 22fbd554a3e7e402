"""AUT-1 to AUT-4, AUT-6, COM-1, COM-2: what a camera may do under the orders and agreements of a date.

The decisions. That the centre asks them, and stops, is proved where the centre runs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.governance import (
    PURPOSE_OF,
    Agreement,
    AuthorisationFacts,
    AuthorisationRegister,
    AuthorisationUnusable,
    CommuneService,
    Interruption,
    InterruptionKind,
    Notification,
    Placement,
    Purpose,
    ServiceLevel,
    Use,
    facts_from,
    facts_text,
)
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY

CAMERA, METZ = CameraId("cam-0012"), CommuneId("metz")


def both(register, at_ns):
    return register.may_record(CAMERA, at_ns).permitted, register.may_view_live(CAMERA, at_ns).permitted


def test_a_camera_in_order_records_and_is_watched(register_with, at):
    register = register_with()
    assert both(register, at("2027-06-01 12:00")) == (True, True)
    assert "2026-57-101" in register.may_record(CAMERA, at("2027-06-01 12:00")).reason.fr


def test_a_camera_without_an_order_neither_records_nor_shows(register_with, at):
    register = register_with(authorisations=())
    answer = register.may_record(CAMERA, at("2027-06-01 12:00"))
    assert not answer.permitted
    assert answer.source == "CSI L252-1"
    assert both(register, at("2027-06-01 12:00")) == (False, False)
    assert not register_with().may_record(CameraId("unknown"), at("2027-06-01 12:00")).permitted


def test_an_order_not_yet_valid_permits_nothing_until_its_first_instant(register_with, paper, order, at):
    later = replace(order, valid_from=date(2027, 3, 1))
    register = register_with(authorisations=(later,))
    assert both(register, at("2027-03-01 00:00") - 1) == (False, False)
    assert "2027-03-01" in register.may_record(CAMERA, at("2027-02-01 00:00")).reason.en
    assert both(register, at("2027-03-01 00:00")) == (True, True)


def test_five_years_after_its_start_an_order_stops_everything_to_the_nanosecond(register_with, at):
    register, end = register_with(), at("2031-12-15 00:00")
    assert both(register, end - 1) == (True, True)
    assert both(register, end) == (False, False)
    assert register.may_record(CAMERA, end).source == "CSI L252-4"
    assert register.next_change_ns(CAMERA, at("2027-01-01 00:00")) == end


def test_an_order_cannot_be_entered_for_longer_than_five_years(order):
    assert replace(order, ends_on=date(2031, 12, 15)).end_day == date(2031, 12, 15)
    with pytest.raises(AuthorisationUnusable):
        replace(order, ends_on=date(2031, 12, 16))


@pytest.mark.parametrize(
    ("day", "stage"),
    [("2031-06-17", None), ("2031-06-18", 180), ("2031-09-15", 180), ("2031-09-16", 90), ("2031-11-15", 30)],
)
def test_its_end_is_told_180_90_and_30_days_before(register_with, at, day, stage):
    warned = register_with().warnings(at(f"{day} 09:00"))
    assert [each.stage_days for each in warned] == ([] if stage is None else [stage])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"number": " "}, "number"),
        ({"commission_opinion": ""}, "opinion"),
        ({"purposes": frozenset()}, "purpose"),
        ({"retention_days": 32}, "retention"),
        ({"retention_days": 0}, "retention"),
        ({"minimum_days": 31}, "minimum"),
        ({"cameras": frozenset()}, "covers"),
        ({"perimeters_m": (((0.0, 0.0), (1.0, 0.0)),)}, "polygon"),
        ({"ordered_on": date(2027, 1, 1)}, "signed"),
    ],
)
def test_what_no_order_can_say_is_refused(order, change, why):
    with pytest.raises(AuthorisationUnusable) as refusal:
        replace(order, **change)
    assert why in refusal.value.trouble.what.en


# -- AUT-3: perimeter and notification ------------------------------------------------------------------------------


def perimeter(paper, order, ring, **facts):
    """The same camera under an order that knows a square of 200 m instead of a list."""
    wide = replace(order, cameras=frozenset(), perimeters_m=(ring(200.0),))
    return AuthorisationRegister(replace(paper, authorisations=(wide,), **facts))


def test_in_a_perimeter_a_camera_works_where_the_prefect_was_told(paper, order, ring, at):
    assert both(perimeter(paper, order, ring), at("2027-06-01 12:00")) == (True, True)


@pytest.mark.parametrize("told", [None, date(2026, 12, 17)])
def test_without_a_notification_dated_before_its_activation_it_does_not(register_with, paper, told, at):
    notifications = () if told is None else (replace(paper.notifications[0], dated_on=told),)
    answer = register_with(notifications=notifications).may_record(CAMERA, at("2027-06-01 12:00"))
    assert not answer.permitted
    assert "R252-3" in answer.source


def test_a_camera_moved_200_m_outside_the_polygon_stops_though_the_prefect_was_told(paper, order, ring, at):
    moved = replace(
        paper.cameras[0], placements=(*paper.cameras[0].placements, Placement(at("2027-05-01 10:00"), 200.0, 0.0))
    )
    told = Notification(CAMERA, date(2027, 4, 20), 200.0, 0.0, "LR 2")
    register = perimeter(paper, order, ring, cameras=(moved,), notifications=(*paper.notifications, told))
    assert both(register, at("2027-05-01 10:00") - 1) == (True, True)
    assert both(register, at("2027-05-01 10:00")) == (False, False)
    assert register.next_change_ns(CAMERA, at("2027-04-30 00:00")) == at("2027-05-01 10:00")


def test_a_camera_moved_inside_it_needs_a_notification_of_its_new_place(paper, order, ring, at):
    moved = replace(
        paper.cameras[0], placements=(*paper.cameras[0].placements, Placement(at("2027-05-01 10:00"), 60.0, 0.0))
    )
    silent = perimeter(paper, order, ring, cameras=(moved,))
    assert both(silent, at("2027-05-02 10:00")) == (False, False)
    told = Notification(CAMERA, date(2027, 4, 30), 62.0, 1.0, "LR 2")
    spoken = perimeter(paper, order, ring, cameras=(moved,), notifications=(*paper.notifications, told))
    assert both(spoken, at("2027-05-02 10:00")) == (True, True)


# -- AUT-4: purposes ------------------------------------------------------------------------------------------------


def test_there_are_the_eleven_purposes_of_the_law():
    assert len(Purpose) == 11
    assert set(PURPOSE_OF) == set(Use)


@pytest.mark.parametrize("use", list(Use))
def test_a_use_is_refused_on_a_camera_without_its_purpose(register_with, order, use, at):
    needed = PURPOSE_OF[use]
    bare = register_with(authorisations=(replace(order, purposes=frozenset(Purpose) - {needed}),))
    answer = bare.may_use(CAMERA, needed, at("2027-06-01 12:00"))
    assert (answer.permitted, answer.source) == (False, "CSI L251-2")
    full = register_with(authorisations=(replace(order, purposes=frozenset({needed})),))
    assert full.may_use(CAMERA, needed, at("2027-06-01 12:00")).permitted
    assert not full.may_use(CAMERA, needed, at("2033-06-01 12:00")).permitted


def test_an_unknown_purpose_or_field_does_not_pass_the_schema(paper):
    text = facts_text(paper)
    assert facts_from(text) == paper
    for wrong in (text.replace("traffic_flow", "help_the_gendarmerie"), text.replace("minimum_days", "minimum_dayz")):
        assert wrong != text
        with pytest.raises(AuthorisationUnusable):
            facts_from(wrong)


# -- AUT-6, COM-1, COM-2 --------------------------------------------------------------------------------------------


def test_a_suspension_stops_and_its_end_lets_go_on(register_with, order, at):
    stop = Interruption(InterruptionKind.SUSPENDED, at("2027-05-10 14:00"), "AP 2027-9", to_ns=at("2027-05-20 00:00"))
    register = register_with(authorisations=(replace(order, interruptions=(stop,)),))
    assert both(register, at("2027-05-10 14:00") - 1) == (True, True)
    assert both(register, at("2027-05-10 14:00")) == (False, False)
    assert both(register, at("2027-05-20 00:00")) == (True, True)
    assert register.next_change_ns(CAMERA, at("2027-05-10 14:00")) == at("2027-05-20 00:00")


def test_an_older_order_does_not_come_back_when_the_newer_is_withdrawn(register_with, order, at):
    gone = Interruption(InterruptionKind.WITHDRAWN, at("2028-05-10 14:00"), "AP 2028-9")
    newer = replace(order, number="2028-1", ordered_on=date(2028, 1, 2), valid_from=date(2028, 1, 3))
    register = register_with(authorisations=(order, replace(newer, interruptions=(gone,))))
    assert both(register, at("2028-05-10 14:00") - 1) == (True, True)
    assert both(register, at("2028-05-11 00:00")) == (False, False)
    assert "R253-2" in register.may_record(CAMERA, at("2028-05-11 00:00")).source


def test_the_feed_of_a_third_party_ends_with_its_agreement(register_with, paper, at):
    station = replace(
        paper.cameras[0],
        third_party="SNCF",
        agreements=(Agreement("SNCF-2022", date(2022, 7, 1), date(2027, 7, 1)),),
    )
    register = register_with(cameras=(station,))
    assert both(register, at("2027-07-01 00:00") - 1) == (True, True)
    assert both(register, at("2027-07-01 00:00")) == (False, False)
    assert both(register_with(cameras=(replace(station, agreements=()),)), at("2027-06-01 00:00")) == (False, False)


def test_a_commune_that_only_stores_is_recorded_and_not_watched(register_with, paper, at):
    stores = CommuneService(METZ, ServiceLevel.STORAGE_ONLY, paper.services[0].agreement)
    assert both(register_with(services=(stores,)), at("2027-06-01 12:00")) == (True, False)
    assert both(register_with(services=(stores, *paper.services)), at("2027-06-01 12:00")) == (True, False)
    assert both(register_with(services=()), at("2027-06-01 12:00")) == (False, False)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_answer_changes_between_two_announced_changes(paper, order, data):
    """The centre stops at `next_change_ns` and not at a poll: nothing may change before it."""
    days = st.integers(0, 700)
    start = order.span.from_ns - 30 * NS_PER_DAY
    stops = tuple(
        Interruption(InterruptionKind.SUSPENDED, start + a * NS_PER_DAY, "AP", start + (a + b + 1) * NS_PER_DAY)
        for a, b in data.draw(st.lists(st.tuples(days, days), max_size=3))
    )
    facts: AuthorisationFacts = replace(paper, authorisations=(replace(order, interruptions=stops),))
    register = AuthorisationRegister(facts)
    now = start + data.draw(days) * NS_PER_DAY + data.draw(st.integers(0, NS_PER_DAY))
    until = register.next_change_ns(CAMERA, now) or now + 10_000 * NS_PER_DAY
    between = now + data.draw(st.integers(0, until - now - 1))
    assert register.may_view_live(CAMERA, now) == register.may_view_live(CAMERA, between)
