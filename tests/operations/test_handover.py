"""The note between two teams: signed by each of the incoming one, told when somebody did not (OPS-1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.governance.spans import Span
from csu.operations import Absence, HandoverNote, HandoverRefused, Roster, Shift
from csu.operations.handover import LATE_NS, address, note_for, outgoing_shift
from csu.operations.roster import OVERLAP_NS_MIN

HOUR_NS = 4 * OVERLAP_NS_MIN


def roster() -> Roster:
    shifts = [
        Shift("night", Span(0, 8 * HOUR_NS + OVERLAP_NS_MIN), ("anne", "bruno")),
        Shift("day", Span(8 * HOUR_NS, 17 * HOUR_NS), ("chloé", "denis", "élise")),
    ]
    return Roster(shifts, (), [Span(0, 17 * HOUR_NS)])


def note(plan: Roster | None = None, at_ns: int = 8 * HOUR_NS) -> HandoverNote:
    return note_for(plan or roster(), "night", "anne", 41, ("panel-1/7",), at_ns)


def test_a_note_is_taken_over_when_each_of_the_incoming_team_has_signed_by_name() -> None:
    written = note()
    assert written.to == written.waiting == ("chloé", "denis", "élise")
    for person in ("anne", "bruno", "zoé"):
        with pytest.raises(HandoverRefused):
            written.acknowledged(person, 9)
    one = written.acknowledged("Chloé", 9)
    assert one.acknowledged("chloé ", 10) == one
    assert (one.waiting, one.frees_outgoing) == (("denis", "élise"), False)
    two = one.acknowledged("denis", 11)
    assert (two.is_acknowledged, two.frees_outgoing) == (False, True)
    three = two.acknowledged("élise", 12)
    assert (three.is_acknowledged, three.waiting) == (True, ())


def test_a_note_that_somebody_did_not_sign_is_told_half_an_hour_after_his_shift_began() -> None:
    early = note(at_ns=7 * HOUR_NS)
    assert not early.is_late(8 * HOUR_NS + LATE_NS - 1)
    assert early.is_late(8 * HOUR_NS + LATE_NS)
    late = note(at_ns=8 * HOUR_NS + 100)
    assert not late.is_late(8 * HOUR_NS + LATE_NS)
    assert late.is_late(8 * HOUR_NS + LATE_NS + 100)
    for person in late.to:
        late = late.acknowledged(person, 9 * HOUR_NS)
    assert not late.is_late(20 * HOUR_NS)


def test_the_plan_that_changes_addresses_the_note_anew_and_keeps_who_signed() -> None:
    plan = roster()
    written = note(plan).acknowledged("chloé", 9)
    plan.absent(Absence("denis", Span(7 * HOUR_NS, 17 * HOUR_NS)))
    again = address(written, plan)
    assert (again.to, again.waiting) == (("chloé", "élise"), ("élise",))
    done = again.acknowledged("élise", 10)
    assert address(done, roster()) == done


def test_without_a_plan_it_is_for_who_is_at_the_wall_and_nobody_is_no_team() -> None:
    plan = Roster()
    alone = note_for(plan, "night", "anne", 41, (), 5, watching=("anne",))
    assert (alone.to, alone.is_acknowledged, alone.frees_outgoing) == ((), False, False)
    there = address(alone, plan, ("anne", "luc"))
    assert there.acknowledged("luc", 6).is_acknowledged


def test_who_ends_his_shift_owes_its_note_and_who_is_in_the_middle_of_it_owes_none() -> None:
    plan = roster()
    assert outgoing_shift(plan, "anne", 4 * HOUR_NS) is None
    assert outgoing_shift(plan, "Anne", 8 * HOUR_NS).shift == "night"
    assert outgoing_shift(plan, "anne", 9 * HOUR_NS).shift == "night"
    assert outgoing_shift(plan, "chloé", 9 * HOUR_NS) is None
    assert outgoing_shift(plan, "zoé", 9 * HOUR_NS) is None
    assert outgoing_shift(plan, "anne", 30 * HOUR_NS) is None


people = st.sampled_from(["anne", "chloé", "denis", "élise", "zoé"])


@given(st.lists(st.one_of(people, st.sets(people, max_size=4)), max_size=12))
def test_whoever_signs_and_however_the_team_changes_it_is_taken_over_by_each_or_not_at_all(done) -> None:
    held = note()
    for step, deed in enumerate(done):
        if isinstance(deed, set):
            held = held.addressed(sorted(deed), 0) if not held.is_acknowledged else held
            continue
        try:
            held = held.acknowledged(deed, step)
        except HandoverRefused:
            assert deed == "anne" or deed not in held.to
        signed = {each.person for each in held.signatures}
        assert held.is_acknowledged is (bool(signed) and set(held.to) <= signed)
        assert "anne" not in signed
