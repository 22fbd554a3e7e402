"""Fewer than two on watch: told at once, whoever left and however; the plan and its holes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.governance.spans import Span
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.operations import (
    Absence,
    FaultKind,
    LeaveRefused,
    Roster,
    RosterRefused,
    Shift,
    ShortWatchAlert,
    Watch,
    WatchCause,
    WatchChanged,
)
from csu.operations.roster import OVERLAP_NS_MIN
from csu.operations.watch import CALL_AGAIN_NS, UNSEEN_AFTER_NS

HOUR_NS = 60 * NS_PER_MINUTE


def watched_by(*people: str) -> Watch:
    watch = Watch()
    for person in people:
        watch.arrive(person, 0)
    return watch


def alerts(told: list) -> list[ShortWatchAlert]:
    return [each for each in told if isinstance(each, ShortWatchAlert)]


def test_a_centre_that_starts_with_nobody_says_so_at_its_first_tick() -> None:
    watch = Watch()
    changed, alert = watch.tick(7)
    assert (changed.is_short, changed.cause) == (True, WatchCause.STARTED)
    assert (alert.watching, alert.call) == ((), 1)


def test_the_second_person_who_walks_away_unseen_is_told_of_within_a_minute() -> None:
    watch = watched_by("anne", "bruno")
    told: list = []
    for second in range(0, 61, 10):
        watch.see("anne", second * NS_PER_S)
        told += watch.tick(second * NS_PER_S)
    changed, alert = told
    assert (changed.person, changed.cause, changed.is_short) == ("bruno", WatchCause.UNSEEN, True)
    assert alert.at_ns <= 60 * NS_PER_S
    assert alert.watching == ("anne",)


def test_who_would_leave_one_alone_may_not_unless_he_must_and_then_the_chief_is_called() -> None:
    watch = watched_by("anne", "bruno")
    with pytest.raises(LeaveRefused):
        watch.leave("bruno", 5)
    assert watch.watching == ("anne", "bruno")
    changed, alert = watch.leave("bruno", 5, urgent_reason="malaise")
    assert (changed.is_short, alert.call, alert.at_ns) == (True, 1, 5)


def test_a_third_one_leaves_freely_once_the_note_is_acknowledged() -> None:
    watch = watched_by("anne", "bruno", "chloé")
    with pytest.raises(LeaveRefused):
        watch.leave("chloé", 5, handed_over=False)
    (changed,) = watch.leave("chloé", 5)
    assert not changed.is_short
    assert watch.leave("chloé", 6) == []


def test_one_person_at_two_desks_under_two_spellings_is_one() -> None:
    watch = watched_by("Anne Martin", " anne  MARTIN")
    assert watch.is_short


def test_the_chief_is_called_again_while_it_lasts_and_no_longer() -> None:
    watch = watched_by("anne", "bruno")
    watch.leave("bruno", 0, urgent_reason="malaise")
    calls = []
    for second in range(0, 1200, 10):
        watch.see("anne", second * NS_PER_S)
        calls += alerts(watch.tick(second * NS_PER_S))
    assert [alert.at_ns for alert in calls] == [CALL_AGAIN_NS, 2 * CALL_AGAIN_NS, 3 * CALL_AGAIN_NS]
    (changed,) = watch.see("chloé", 1200 * NS_PER_S)
    assert (changed.is_short, changed.cause) == (False, WatchCause.ARRIVED)
    assert alerts(watch.tick(1201 * NS_PER_S)) == []


deeds = st.lists(
    st.tuples(st.sampled_from(["see", "leave", "urgent", "tick"]), st.sampled_from("abcd"), st.integers(0, 50)),
    max_size=60,
)


@given(deeds)
def test_whatever_people_do_a_short_watch_is_never_untold_and_a_full_one_never_alerts(done) -> None:
    watch, now_ns, told_short, last_alert_ns = Watch(), 0, None, None
    for deed, person, waited_s in done:
        for _ in range(waited_s // 10 + 1):  # the shell ticks every 10 s
            now_ns += min(waited_s, 10) * NS_PER_S
            told = watch.tick(now_ns)
            if deed == "see":
                told += watch.see(person, now_ns)
            elif deed != "tick":
                try:
                    told += watch.leave(person, now_ns, urgent_reason="malaise" if deed == "urgent" else "")
                except LeaveRefused:
                    assert deed == "leave"
                    assert len(watch.watching) <= 2
            for each in told:
                if isinstance(each, WatchChanged):
                    told_short = each.is_short
                else:
                    assert told_short
                    last_alert_ns = each.at_ns
        assert told_short == watch.is_short == (len(watch.watching) < 2)
        if watch.is_short:
            assert now_ns - last_alert_ns < CALL_AGAIN_NS + 10 * NS_PER_S


# -- the plan ----------------------------------------------------------------------------------------------------------

DAY = Span(0, 24 * HOUR_NS)


def shift(name: str, from_h: float, to_h: float, *people: str) -> Shift:
    return Shift(name, Span(int(from_h * HOUR_NS), int(to_h * HOUR_NS)), people)


GOOD = [
    shift("night", 0, 8.25, "anne", "bruno"),
    shift("morning", 8, 16.25, "chloé", "denis"),
    shift("evening", 16, 24, "élise", "farid"),
]


def test_a_plan_with_two_at_every_instant_and_overlapping_handovers_is_taken() -> None:
    roster = Roster()
    roster.set(GOOD, DAY)
    assert roster.planned(8 * HOUR_NS) == ("anne", "bruno", "chloé", "denis")
    assert roster.planned(12 * HOUR_NS) == ("chloé", "denis")
    assert roster.incoming("night").shift == "morning"
    assert roster.incoming("evening") is None


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ([*GOOD[:2], shift("evening", 16, 24, "élise")], FaultKind.TOO_FEW),
        (GOOD[:2], FaultKind.TOO_FEW),
        ([shift("night", 0, 8.1, "anne", "bruno"), *GOOD[1:]], FaultKind.NO_OVERLAP),
        ([*GOOD[:2], shift("evening", 16, 24, "élise", "farid", "Chloé ")], FaultKind.TWICE),
    ],
    ids=["one alone", "nobody in the evening", "six minutes side by side", "in two teams"],
)
def test_a_plan_with_a_hole_is_refused_and_the_old_one_stands(bad, kind) -> None:
    roster = Roster()
    roster.set(GOOD, DAY)
    with pytest.raises(RosterRefused):
        roster.set(bad, DAY)
    assert roster.shifts == tuple(GOOD)
    from csu.operations.roster import roster_faults

    assert kind in {fault.kind for fault in roster_faults(bad, [], DAY)}


def test_an_absence_is_noted_and_tells_when_fewer_than_two_are_left() -> None:
    roster = Roster()
    roster.set(GOOD, DAY)
    (fault,) = roster.absent(Absence("Denis", Span(10 * HOUR_NS, 17 * HOUR_NS)))
    assert (fault.kind, fault.span, fault.who) == (
        FaultKind.TOO_FEW,
        Span(10 * HOUR_NS, 16 * HOUR_NS),
        ("chloé",),
    )
    assert roster.planned(11 * HOUR_NS) == ("chloé",)
    with pytest.raises(RosterRefused):
        roster.set(GOOD, DAY)


spans = st.tuples(st.integers(0, 23), st.integers(1, 12)).map(lambda given: Span(given[0], given[0] + given[1]))
plans = st.lists(st.tuples(spans, st.sets(st.sampled_from("abcde"), max_size=3)), max_size=6).map(
    lambda given: [Shift(f"s{n}", span, tuple(sorted(people))) for n, (span, people) in enumerate(given)]
)


@given(plans, st.lists(st.tuples(st.sampled_from("abcde"), spans), max_size=4))
def test_the_holes_found_are_exactly_the_instants_with_fewer_than_two(plan, away) -> None:
    from csu.operations.roster import roster_faults

    absences = [Absence(person, span) for person, span in away]
    over = Span(0, 24)
    found = [fault.span for fault in roster_faults(plan, absences, over) if fault.kind is FaultKind.TOO_FEW]
    for at in range(24):
        there = {person for each in plan if each.span.holds(at) for person in each.people}
        there -= {each.person for each in absences if each.span.holds(at)}
        assert any(span.holds(at) for span in found) is (len(there) < 2)


def test_the_bounds_leave_room_for_the_minute_of_the_rule() -> None:
    assert UNSEEN_AFTER_NS + 10 * NS_PER_S < 60 * NS_PER_S
    assert OVERLAP_NS_MIN > 0
