"""The plan of weeks: set stretch by stretch, its holes told before they come; never two where fewer are (OPS-1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.governance.spans import Span
from csu.operations import Absence, FaultKind, Roster, RosterRefused, Shift
from csu.operations.roster import OVERLAP_NS_MIN

HOUR_NS = 4 * OVERLAP_NS_MIN


def hours(from_h: float, to_h: float) -> Span:
    return Span(int(from_h * HOUR_NS), int(to_h * HOUR_NS))


def shift(name: str, from_h: float, to_h: float, *people: str) -> Shift:
    return Shift(name, hours(from_h, to_h), people)


MONDAY = [
    shift("mon/night", 0, 8.25, "anne", "bruno"),
    shift("mon/day", 8, 20.25, "chloé", "denis"),
    shift("mon/late", 20, 32.25, "anne", "bruno"),
]
TUESDAY = [shift("tue/day", 32, 44.25, "chloé", "denis"), shift("tue/late", 44, 56.25, "anne", "bruno")]


def planned() -> Roster:
    roster = Roster()
    roster.set(MONDAY, hours(0, 24))
    roster.set(TUESDAY, hours(24, 48))
    return roster


def test_a_day_set_after_another_leaves_that_one_as_it_is() -> None:
    roster = planned()
    assert roster.shifts == (*MONDAY, *TUESDAY)
    assert roster.planned_over == (hours(0, 48),)
    assert roster.incoming("mon/late").shift == "tue/day"
    roster.set([shift("tue/day", 32, 44.25, "chloé", "farid"), TUESDAY[1]], hours(24, 48))
    assert roster.planned(33 * HOUR_NS) == ("chloé", "farid")
    assert roster.planned(9 * HOUR_NS) == ("chloé", "denis")


def test_a_handover_between_two_stretches_overlaps_as_well() -> None:
    roster = Roster()
    roster.set([shift("a", 0, 24, "anne", "bruno")], hours(0, 24))
    with pytest.raises(RosterRefused):
        roster.set([shift("b", 24, 48, "chloé", "denis")], hours(24, 48))


def test_a_shift_of_another_stretch_and_a_name_that_is_taken_are_refused() -> None:
    roster = planned()
    for bad in (MONDAY[0], shift("mon/day", 32, 44.25, "chloé", "denis")):
        with pytest.raises(RosterRefused):
            roster.set([bad, *TUESDAY], hours(24, 48))
    assert roster.shifts == (*MONDAY, *TUESDAY)


def test_holes_are_told_ahead_and_beyond_the_plan_nothing_is_planned() -> None:
    roster = planned()
    away = Absence("denis", hours(34, 36))
    (fault,) = roster.absent(away)
    assert (fault.kind, fault.span, fault.who) == (FaultKind.TOO_FEW, hours(34, 36), ("chloé",))
    told = [(each.kind, each.span) for each in roster.ahead(hours(20, 60))]
    assert told == [(FaultKind.TOO_FEW, hours(34, 36)), (FaultKind.NOT_PLANNED, hours(56.25, 60))]
    assert roster.fewest(hours(24, 48)) == 1
    roster.back(away)
    assert roster.ahead(hours(20, 48)) == []
    assert roster.fewest(hours(24, 48)) == 2


def test_what_is_long_over_is_forgotten() -> None:
    roster = planned()
    roster.absent(Absence("anne", hours(0, 1)))
    roster.forget(33 * HOUR_NS)
    assert [each.shift for each in roster.shifts] == ["tue/day", "tue/late"]
    assert roster.absences == ()


spans = st.tuples(st.integers(0, 20), st.integers(1, 12)).map(lambda given: Span(given[0], given[0] + given[1]))
plans = st.lists(st.tuples(spans, st.sets(st.sampled_from("abcd"), max_size=3)), max_size=6).map(
    lambda given: [Shift(f"s{n}", span, tuple(sorted(people))) for n, (span, people) in enumerate(given)]
)
absences = st.lists(st.builds(Absence, st.sampled_from("abcd"), spans), max_size=4)


@given(plans, absences, st.lists(spans, max_size=3), spans)
def test_a_roster_never_says_two_where_there_are_fewer(plan, away, over, asked) -> None:
    roster = Roster(plan, away, over)
    ahead = [fault.span for fault in roster.ahead(asked)]
    there = {}
    for at in range(asked.from_ns, asked.to_ns):
        people = {person for each in plan if each.span.holds(at) for person in each.people}
        there[at] = people - {each.person for each in away if each.span.holds(at)}
        assert any(span.holds(at) for span in ahead) is (len(there[at]) < 2)
    assert roster.fewest(asked) == min(map(len, there.values()))
