"""The plan: what goes, what is copied out before, and that looking at it again is never too late."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from csu.governance import RetentionRule, RuledPiece, Span, expiry_of
from csu.governance.retention import ceiling_of
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.keys import KeyName
from csu.recording.agenda import Agenda
from csu.recording.destruction import (
    HOUR_NS,
    LEAD_NS,
    RECUT_AHEAD_NS,
    Footage,
    Protection,
    key_due_ns,
    plan_destruction,
    span_of_utc_day,
    stretches,
)

CAMERA, METZ = CameraId("cam-0012"), CommuneId("metz")
BEGIN_NS = 1_799_139_600 * NS_PER_S
RULES = st.builds(
    RetentionRule,
    order=st.just("57-101"),
    authorised_days=st.integers(1, 31),
    minimum_days=st.integers(0, 31),
    doctrine_days=st.none() | st.integers(1, 31),
)


def minute(number: int) -> Footage:
    start_ns = BEGIN_NS + number * NS_PER_MINUTE
    return Footage(CAMERA, METZ, Span(start_ns, start_ns + NS_PER_MINUTE), 100)


def under(rule: RetentionRule):
    return lambda camera, span: (RuledPiece(span, rule),)


def plan(footage, rule, now_ns, **protection):
    return plan_destruction(footage, under(rule), Protection(**protection), now_ns)


RULE = RetentionRule("57-101", 30)
EXPIRY_NS = expiry_of(under(RULE)(CAMERA, minute(0).span))


@given(RULES, st.integers(0, 400 * 24 * 60))
def test_whoever_looks_when_told_to_is_never_late_and_never_needs_more_than_three_looks(rule, later):
    footage = minute(later)
    expiry_ns = expiry_of(under(rule)(CAMERA, footage.span))
    now_ns, looks = footage.span.to_ns, 0
    while not (found := plan([footage], rule, now_ns)).destroy:
        assert found.next_ns is not None
        assert found.next_ns > now_ns
        now_ns, looks = found.next_ns, looks + 1
    assert found.late_ns == 0
    assert expiry_ns - LEAD_NS <= now_ns <= expiry_ns
    assert looks <= 3


@given(RULES)
def test_by_itself_nothing_goes_before_the_minimum_of_its_order(rule):
    footage = minute(0)
    piece = under(rule)(CAMERA, footage.span)[0]
    now_ns = min(rule.ceiling_ns(footage.span.from_ns), rule.minimum_ends_ns(piece.span.from_ns)) - 1
    assert plan([footage], rule, now_ns).destroy == () or now_ns < footage.span.to_ns


def test_a_locked_part_is_copied_out_before_its_file_goes_and_its_neighbours_do_not_wait():
    footage = [minute(0), minute(1), minute(2)]
    locked = Span(footage[1].span.from_ns + 10 * NS_PER_S, footage[1].span.from_ns + 20 * NS_PER_S)
    locks = {CAMERA: (locked,)}
    now_ns = EXPIRY_NS + 10 * NS_PER_MINUTE
    first = plan(footage, RULE, now_ns, locks=locks)
    assert first.destroy == (footage[0], footage[2])
    assert [(each.footage, each.spans, each.is_due) for each in first.recut] == [(footage[1], (locked,), True)]
    assert first.overdue == (footage[1],)
    half = {footage[1].name: (Span(locked.from_ns, locked.from_ns + 5 * NS_PER_S),)}
    [rest] = plan(footage, RULE, now_ns, locks=locks, preserved=half).recut
    assert rest.spans == (Span(locked.from_ns + 5 * NS_PER_S, locked.to_ns),)
    last = plan(footage, RULE, now_ns, locks=locks, preserved={footage[1].name: (locked,)})
    assert last.destroy == tuple(footage)


def test_a_lock_over_the_whole_of_what_is_held_does_not_end_the_hold():
    """Of a hold of ten minutes, an act asks for five: its copy may go with its case, the hold's files may not."""
    rule = RetentionRule("57-101", 30, doctrine_days=10)
    footage, (piece,) = minute(0), under(rule)(CAMERA, minute(0).span)
    hold, lock = Span(footage.span.from_ns, footage.span.to_ns + 9 * NS_PER_MINUTE), footage.span
    kept = {"holds": {CAMERA: (hold,)}, "locks": {CAMERA: (lock,)}, "preserved": {footage.name: (lock,)}}
    now_ns = expiry_of([piece]) + NS_PER_MINUTE
    found = plan([footage], rule, now_ns, **kept)
    assert found.destroy == ()
    assert found.next_ns == ceiling_of([piece]) - LEAD_NS - RECUT_AHEAD_NS, (
        "what a lock touches is looked at a day ahead"
    )
    ahead = plan([footage], rule, found.next_ns, **kept)
    assert (ahead.destroy, ahead.next_ns) == ((), ceiling_of([piece]) - LEAD_NS)
    assert plan([footage], rule, ahead.next_ns, **kept).destroy == (footage,)
    assert plan([footage], rule, now_ns, **(kept | {"holds": {}})).destroy == (footage,)


def test_the_evidence_store_is_asked_a_day_ahead_and_no_sooner():
    locks = {CAMERA: (minute(0).span,)}
    early = plan([minute(0)], RULE, EXPIRY_NS - LEAD_NS - RECUT_AHEAD_NS - 1, locks=locks)
    assert early.recut == ()
    [recut] = plan([minute(0)], RULE, early.next_ns or 0, locks=locks).recut
    assert not recut.is_due


def test_a_key_is_due_when_the_last_instant_of_its_day_has_expired_for_the_last_camera():
    key = KeyName(METZ, date(2027, 1, 5))
    end_ns = span_of_utc_day(key.day).to_ns
    rules = {CAMERA: RetentionRule("a", 15), CameraId("cam-0013"): RetentionRule("b", 20)}
    due_ns = key_due_ns(key, list(rules), lambda camera, span: (RuledPiece(span, rules[camera]),))
    assert due_ns == end_ns - 1 + 20 * NS_PER_DAY


def test_the_catalogue_is_told_in_stretches_that_hold_nothing_that_lives():
    gone, kept = [minute(0), minute(1), minute(3), minute(4)], [minute(2)]
    told = stretches(gone, kept)[CAMERA]
    assert [sum(span.holds(each.span.from_ns) for each in gone) for span in told] == [2, 2]
    assert not any(span.holds(minute(2).span.from_ns) for span in told)


@given(st.integers(1, 31), st.integers(0, 40 * 24), st.integers(0, 59))
def test_the_agenda_overlooks_no_hour_in_which_something_may_be_due(days, later_h, minutes):
    agenda, rule = Agenda(), RetentionRule("57-101", days)
    footage = minute(later_h * 60 + minutes)
    due_ns = expiry_of(under(rule)(CAMERA, footage.span)) - LEAD_NS
    hours = agenda.due(BEGIN_NS - NS_PER_DAY, days, due_ns)
    assert any(hour.holds(footage.span.from_ns) for hour in hours)


def test_the_agenda_looks_again_where_something_changed_and_not_at_what_is_gone():
    agenda, now_ns = Agenda(), BEGIN_NS + 40 * NS_PER_DAY
    first, second, third, *_ = agenda.due(BEGIN_NS, 30, now_ns)
    for hour in (first, second, third):
        agenda.told(hour, None if hour is first else now_ns + HOUR_NS)
    assert agenda.due(BEGIN_NS, 30, now_ns)[0].from_ns == third.to_ns
    agenda.look_again(Span(first.from_ns, second.from_ns + 1))
    assert agenda.due(BEGIN_NS, 30, now_ns)[0] == second
    assert third not in agenda.due(BEGIN_NS, 30, now_ns)
