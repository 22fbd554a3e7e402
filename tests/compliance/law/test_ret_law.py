"""RET-1 to RET-3, RET-5, EXP-3, EXP-4: when footage is to be gone, and what alone keeps it.

The decisions. That the centre destroys on time, every copy, is proved where the centre runs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from csu.governance import (
    AuthorisationRegister,
    GovernedCamera,
    Interruption,
    InterruptionKind,
    LocalDoctrine,
    Notification,
    RecipientCopy,
    RetentionRule,
    RuledPiece,
    Span,
    ceiling_of,
    destruction_due,
    expiry_of,
    may_purge_by_hand,
    minimum_end_of,
    one_month_after,
    overdue_copies,
    rules_over,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE

CAMERA = CameraId("cam-0012")
METZ_DOCTRINE = LocalDoctrine()
LAW_ONLY = LocalDoctrine(retention_days_max=31)
RULES = st.builds(
    RetentionRule,
    order=st.just("2026-57-101"),
    authorised_days=st.integers(1, 31),
    minimum_days=st.integers(0, 31),
    doctrine_days=st.none() | st.integers(1, 31),
)
INSTANTS = st.integers(1_790_000_000, 2_200_000_000).map(lambda seconds: seconds * 1_000_000_000)


def minute(start_ns: int) -> Span:
    return Span(start_ns, start_ns + NS_PER_MINUTE)


def due(pieces, at_ns, holds=(), locks=()):
    return destruction_due(pieces, holds=holds, locks=locks, at_ns=at_ns)


# -- the instants ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Europe/Paris", "UTC"])
@pytest.mark.parametrize(
    ("captured", "gone"),
    [
        ("2027-02-01 00:00", "2027-03-01 00:00"),  # 30 days would be 3 March
        ("2027-01-31 00:00", "2027-02-28 00:00"),
        ("2027-01-31 23:59", "2027-02-28 23:59"),
        ("2028-01-31 10:00", "2028-02-29 10:00"),
        ("2027-01-05 10:00", "2027-02-04 10:00"),  # 30 days before the month
    ],
)
def test_footage_is_gone_after_30_days_or_a_month_whichever_comes_first(register_with, at, captured, gone, zone):
    pieces = rules_over(register_with(), METZ_DOCTRINE, CAMERA, minute(at(captured, zone)))
    assert due(pieces, at(gone, zone) - 1).destroy == ()
    assert due(pieces, at(gone, zone)).destroy == (pieces[0].span,)


def test_two_cameras_of_two_orders_expire_each_in_its_time(paper, order, at):
    other = CameraId("cam-0500")
    fifteen = replace(order, number="2026-57-102", retention_days=15, cameras=frozenset({other}))
    register = AuthorisationRegister(
        replace(
            paper,
            authorisations=(order, fifteen),
            cameras=(paper.cameras[0], GovernedCamera(other, paper.cameras[0].commune, paper.cameras[0].placements)),
            notifications=(*paper.notifications, Notification(other, date(2026, 12, 16), 0.0, 0.0, "LR")),
        )
    )
    span = minute(at("2027-04-01 10:00"))
    thirty_days, fifteen_days = (rules_over(register, METZ_DOCTRINE, camera, span) for camera in (CAMERA, other))
    on_day_15 = at("2027-04-16 10:00")
    assert due(thirty_days, on_day_15).destroy == ()
    assert due(fifteen_days, on_day_15).destroy == (span,)
    assert expiry_of(thirty_days) == at("2027-05-01 10:00")


@pytest.mark.parametrize(
    ("captured", "gone", "zone"),
    [
        ("2027-03-10 10:00", "2027-04-09 10:00", "Europe/Paris"),  # 30 days of which one had 23 hours: the clock's hour
        ("2027-10-10 10:00", "2027-11-09 10:00", "UTC"),  # one had 25: 720 hours
        ("2027-10-31 00:30", "2027-11-30 00:30", "UTC"),  # the first 02:30 of the night
        ("2027-10-31 01:30", "2027-11-30 01:30", "UTC"),  # the second
    ],
)
def test_no_footage_outlives_a_dst_night(register_with, at, captured, gone, zone):
    pieces = rules_over(register_with(), METZ_DOCTRINE, CAMERA, minute(at(captured, zone)))
    assert expiry_of(pieces) == at(gone, zone)


def test_a_segment_across_two_orders_takes_the_stricter(register_with, order, at):
    newer = replace(order, number="2027-2", ordered_on=date(2027, 3, 1), valid_from=date(2027, 4, 1), retention_days=7)
    register, midnight = register_with(authorisations=(order, newer)), at("2027-04-01 00:00")
    before, after = (Span(midnight - NS_PER_MINUTE, midnight), Span(midnight, midnight + NS_PER_MINUTE))
    across = Span(before.from_ns, after.to_ns)
    pieces = rules_over(register, METZ_DOCTRINE, CAMERA, across)
    assert [(piece.span, piece.rule.order) for piece in pieces] == [(before, "2026-57-101"), (after, "2027-2")]
    assert expiry_of(pieces) == at("2027-04-08 00:00")
    assert expiry_of(rules_over(register, METZ_DOCTRINE, CAMERA, before)) == at("2027-04-30 23:59")


def test_a_segment_over_the_midnight_before_a_month_end_dies_with_its_second_half(register_with, at):
    """30 January 23:59:30 is gone on 28 February 23:59:30, but 31 January 00:00 on 28 February 00:00."""
    midnight = at("2027-01-31 00:00")
    across = Span(midnight - NS_PER_MINUTE // 2, midnight + NS_PER_MINUTE // 2)
    pieces = rules_over(register_with(), LAW_ONLY, CAMERA, across)
    by_month = tuple(replace(piece, rule=replace(piece.rule, authorised_days=31)) for piece in pieces)
    assert expiry_of(by_month) == at("2027-02-28 00:00")


def test_what_was_recorded_in_time_expires_as_ever_after_its_order_was_stopped_or_ended(register_with, order, at):
    span = minute(at("2027-04-01 10:00"))
    stop = Interruption(InterruptionKind.WITHDRAWN, at("2027-04-02 00:00"), "AP 9")
    running = rules_over(register_with(), METZ_DOCTRINE, CAMERA, span)
    assert rules_over(register_with(authorisations=(replace(order, interruptions=(stop,)),)),
                      METZ_DOCTRINE, CAMERA, span) == running  # fmt: skip
    ended = register_with(authorisations=(replace(order, ends_on=date(2027, 4, 2)),))
    assert rules_over(ended, METZ_DOCTRINE, CAMERA, span) == running


def test_footage_no_order_governed_is_named_and_dies_within_the_month(register_with, at):
    span = minute(at("2026-12-01 10:00"))
    pieces = rules_over(register_with(), LAW_ONLY, CAMERA, span)
    assert due(pieces, at("2026-12-01 10:05")).unlawful == (span,)
    assert due(pieces, one_month_after(span.from_ns)).destroy == (span,)
    assert may_purge_by_hand(pieces, holds=(), locks=(), at_ns=at("2026-12-01 10:05")).permitted


@given(rule=RULES, captured=INSTANTS)
@settings(max_examples=400, deadline=None)
def test_never_after_the_ceiling_and_never_by_itself_before_the_minimum(rule, captured):
    expiry, ceiling, minimum = (one(captured) for one in (rule.expiry_ns, rule.ceiling_ns, rule.minimum_ends_ns))
    assert captured < expiry <= ceiling <= one_month_after(captured)
    assert captured <= minimum <= expiry
    assert ceiling <= captured + rule.authorised_days * NS_PER_DAY


@given(rule=RULES, captured=INSTANTS, more=st.integers(0, 10))
@settings(max_examples=200, deadline=None)
def test_more_days_never_mean_less_life(rule, captured, more):
    longer = replace(rule, authorised_days=rule.authorised_days + more)
    assert longer.ceiling_ns(captured) >= rule.ceiling_ns(captured)


@given(rule=RULES, start=INSTANTS, lasts_s=st.integers(1, 100_000), share=st.floats(0, 1))
@settings(max_examples=400, deadline=None)
def test_a_stretch_dies_with_the_first_of_its_instants(rule, start, lasts_s, share):
    span = Span(start, start + lasts_s * 1_000_000_000)
    inside = min(span.to_ns - 1, start + int(share * (span.to_ns - start)))
    pieces = (RuledPiece(span, rule),)
    assert expiry_of(pieces) <= rule.expiry_ns(inside)
    assert ceiling_of(pieces) <= rule.ceiling_ns(inside)
    assert minimum_end_of(pieces) >= min(rule.minimum_ends_ns(inside), ceiling_of(pieces))


# -- what keeps it --------------------------------------------------------------------------------------------------


@pytest.fixture
def morning(register_with, at):
    """One stretch, 9:30 to 10:30 on 1 April, and when it expires."""
    pieces = rules_over(register_with(), METZ_DOCTRINE, CAMERA, Span(at("2027-04-01 09:30"), at("2027-04-01 10:30")))
    return pieces, expiry_of(pieces)


def test_a_lock_keeps_10_00_to_10_20_and_the_rest_goes(morning, at):
    pieces, expiry = morning
    locked = Span(at("2027-04-01 10:00"), at("2027-04-01 10:20"))
    answer = due(pieces, expiry, locks=[locked])
    assert answer.keep == answer.locked == (locked,)
    assert answer.destroy == (
        Span(at("2027-04-01 09:30"), locked.from_ns),
        Span(locked.to_ns, at("2027-04-01 10:30")),
    )
    assert due(pieces, expiry + 400 * NS_PER_DAY, locks=[locked]).keep == (locked,)
    assert due(pieces, expiry + 400 * NS_PER_DAY).destroy == (Span(at("2027-04-01 09:30"), at("2027-04-01 10:30")),)


def test_two_locks_keep_what_either_keeps(morning, at):
    pieces, expiry = morning
    first, second = (Span(at(f"2027-04-01 {a}"), at(f"2027-04-01 {b}"))
                     for a, b in (("10:00", "10:20"), ("10:10", "10:25")))  # fmt: skip
    assert due(pieces, expiry, locks=[second, first]).keep == (Span(first.from_ns, second.to_ns),)


def test_a_hold_outlives_the_doctrine_and_dies_at_the_ceiling(register_with, at):
    week = LocalDoctrine(retention_days_max=7)
    span = minute(at("2027-04-01 10:00"))
    pieces = rules_over(register_with(), week, CAMERA, span)
    answer = due(pieces, at("2027-04-08 10:00"), holds=[span])
    assert (answer.keep, answer.ask_again_ns) == ((span,), at("2027-05-01 10:00"))
    assert due(pieces, at("2027-05-01 10:00") - 1, holds=[span]).keep == (span,)
    assert due(pieces, at("2027-05-01 10:00"), holds=[span]).destroy == (span,)


def test_a_hold_does_not_extend_the_days_of_the_order(register_with, order, at):
    span = minute(at("2027-04-01 10:00"))
    fifteen = register_with(authorisations=(replace(order, retention_days=15),))
    assert due(rules_over(fifteen, METZ_DOCTRINE, CAMERA, span), at("2027-04-16 10:00"), holds=[span]).keep == ()


SPANS = st.tuples(st.integers(0, 90), st.integers(1, 60)).map(lambda s: (s[0] * NS_PER_MINUTE, s[1] * NS_PER_MINUTE))


@given(
    rule=RULES, start=INSTANTS, holds=st.lists(SPANS, max_size=3), locks=st.lists(SPANS, max_size=3),
    age_days=st.integers(0, 60),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_all_is_either_kept_or_destroyed_and_after_the_ceiling_locks_alone_keep(rule, start, holds, locks, age_days):
    span = Span(start, start + 90 * NS_PER_MINUTE)
    pieces = (RuledPiece(span, rule),)
    held, locked = ([Span(start + a, start + a + b) for a, b in some] for some in (holds, locks))
    at_ns = start + age_days * NS_PER_DAY
    answer = due(pieces, at_ns, held, locked)
    parts = sorted((*answer.destroy, *answer.keep))
    assert (parts[0].from_ns, parts[-1].to_ns) == (span.from_ns, span.to_ns)
    assert all(a.to_ns == b.from_ns for a, b in zip(parts, parts[1:], strict=False))
    keepers = locked if at_ns >= answer.ceiling_ns else [*locked, *held]
    for part in answer.keep if at_ns >= answer.expiry_ns else ():
        for instant in (part.from_ns, (part.from_ns + part.to_ns) // 2, part.to_ns - 1):
            assert any(keeper.holds(instant) for keeper in keepers)
    for part in answer.destroy:
        assert not any(keeper.holds(part.from_ns) for keeper in keepers)
    assume(answer.ask_again_ns is not None)
    assert answer.ask_again_ns > at_ns


# -- hands, and other people's copies -------------------------------------------------------------------------------


def test_no_hand_purges_before_the_minimum(register_with, order, at):
    span = minute(at("2027-04-01 10:00"))
    pieces = rules_over(register_with(authorisations=(replace(order, minimum_days=8),)), METZ_DOCTRINE, CAMERA, span)
    until = minimum_end_of(pieces)
    assert until >= at("2027-04-09 10:00")
    early = may_purge_by_hand(pieces, holds=(), locks=(), at_ns=until - 1)
    assert (early.permitted, early.must_journal) == (False, True)
    assert may_purge_by_hand(pieces, holds=(), locks=(), at_ns=until).permitted
    assert not may_purge_by_hand(pieces, holds=[span], locks=(), at_ns=until).permitted
    assert not may_purge_by_hand(pieces, holds=(), locks=[span], at_ns=until).permitted


def test_the_ceiling_wins_over_a_minimum_of_a_whole_month(register_with, order, at):
    """An order of 30 days with a minimum of 30: February has 28."""
    span = minute(at("2027-02-01 00:00"))
    pieces = rules_over(register_with(authorisations=(replace(order, minimum_days=30),)), METZ_DOCTRINE, CAMERA, span)
    assert due(pieces, at("2027-03-01 00:00")).destroy == (span,)
    assert minimum_end_of(pieces) == ceiling_of(pieces) == at("2027-03-01 00:00")


def test_a_doctrine_shorter_than_the_minimum_yields_to_it(register_with, order, at):
    register = register_with(authorisations=(replace(order, minimum_days=15),))
    pieces = rules_over(register, LocalDoctrine(retention_days_max=7), CAMERA, minute(at("2027-04-01 10:00")))
    assert expiry_of(pieces) >= at("2027-04-16 10:00")


def test_a_recipients_copy_lives_by_its_own_clock_and_the_dpo_sees_what_is_late(at):
    span = minute(at("2027-01-20 10:00"))
    copy = RecipientCopy("t-1", "police", CAMERA, span, transmitted_ns=at("2027-02-10 09:00"))
    shorter = replace(copy, reference="t-2", days=8)
    gone = replace(shorter, reference="t-3", destroyed_ns=at("2027-02-17 09:00"))
    assert copy.expiry_ns == at("2027-03-10 09:00")
    assert overdue_copies([copy, shorter, gone], at("2027-02-18 09:00")) == (shorter,)
    assert overdue_copies([copy, shorter, gone], at("2027-03-10 09:00")) == (shorter, copy)
