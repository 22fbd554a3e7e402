"""Expectations: what they find, what they let pass, and that none passes without a case."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from csu.hal.clock import NS_PER_S
from sim.expectations import Expectation
from sim.judgement import Court, Judgement
from sim.vocabulary import Signal

READ: TypeAdapter[Any] = TypeAdapter(Expectation)
END_S = 1_000


def signal(at_s: float, name: str, subject: str, **more: str) -> Signal:
    of = {"alarm": "alarm", "node": "node", "story": "event", "camera": "camera", "police": "call", "wall": "wall"}[
        name.split(".")[0]
    ]
    return Signal(name, int(at_s * NS_PER_S), {of: subject, **more})


def judge(given: dict[str, object], *signals: Signal, **measured: float) -> Judgement:
    court = Court([READ.validate_python(given)], lambda at_ns: f"{at_ns / NS_PER_S:g} s")
    for told in signals:
        court.hear(told)
    (judgement,) = court.end(END_S * NS_PER_S, {key.replace("__", "."): value for key, value in measured.items()})
    return judgement


TAKEN = {"whenever": "alarm.raised", "then": ["alarm.acknowledged", "alarm.escalated"], "within": "30 s"}
RAISED = signal(10, "alarm.raised", "a", commune="x", kind="fire")


def test_an_answer_in_time_holds_and_the_worst_is_told() -> None:
    other = signal(20, "alarm.raised", "b")
    found = judge(TAKEN, RAISED, other, signal(30, "alarm.escalated", "a"), signal(50, "alarm.acknowledged", "b"))
    assert (found.holds, found.cases, found.violations, found.worst, found.limit) == (True, 2, 0, 30, 30)


@pytest.mark.parametrize(
    "answers",
    [
        (),
        (signal(40.001, "alarm.acknowledged", "a"),),
        (signal(20, "alarm.acknowledged", "b"),),
        (signal(20, "alarm.rung", "a"),),
        (signal(5, "alarm.acknowledged", "a"),),
    ],
    ids=["none", "late", "of another", "something else", "before"],
)
def test_no_answer_in_time_is_a_violation(answers: tuple[Signal, ...]) -> None:
    found = judge(TAKEN, *sorted((RAISED, *answers), key=lambda told: told.at_ns))
    assert (found.holds, found.violations, found.cases) == (False, 1, 1)
    assert found.details[0].en.startswith("10 s a")


def test_what_is_still_in_time_when_the_run_ends_is_no_case() -> None:
    found = judge(TAKEN, signal(END_S - 5, "alarm.raised", "a"))
    assert (found.violations, found.cases, found.holds) == (0, 0, False)


def test_a_field_may_be_shared_instead_of_the_subject() -> None:
    given = {"whenever": "node.lost", "then": "camera.not_live", "same": "commune", "within": "1 min"}
    lost = signal(1, "node.lost", "n", commune="x")
    assert judge(given, lost, signal(9, "camera.not_live", "c", commune="x")).holds
    assert not judge(given, lost, signal(9, "camera.not_live", "c", commune="y")).holds


def test_where_says_which_signals_are_meant() -> None:
    given = {**TAKEN, "where": {"kind": "fire"}}
    assert judge(given, signal(1, "alarm.raised", "b", kind="tamper")).cases == 0
    assert judge(given, RAISED).violations == 1


def test_during_says_when() -> None:
    given = {"never": "node.lost", "during": "march"}
    began, ended = signal(100, "story.began", "march"), signal(200, "story.ended", "march")
    other, up = signal(150, "story.began", "another"), signal(160, "node.up", "n")
    assert judge(given, signal(50, "node.lost", "n"), began, other, up, ended, signal(250, "node.lost", "n")).holds
    assert judge(given, began, signal(150, "node.lost", "n"), ended).violations == 1
    assert not judge(given, began, ended).holds, "nothing was told of a node meanwhile"
    assert not judge(given, signal(50, "node.up", "n")).holds, "its time never came: nothing was judged"


SHOWN = {
    "whenever": "alarm.raised",
    "then": "alarm.closed",
    "within": "2 s",
    "not_counting": {"from": "wall.full", "to": "wall.free", "where": {"priority": "P2"}},
}


def full(at_s: float, priority: str = "P2") -> Signal:
    return signal(at_s, "wall.full", "wall", priority=priority)


def free(at_s: float, priority: str = "P2") -> Signal:
    return signal(at_s, "wall.free", "wall", priority=priority)


def test_what_is_not_counted_stops_the_time_and_only_what_is_meant() -> None:
    closed = signal(61, "alarm.closed", "a")
    found = judge(SHOWN, full(5), RAISED, free(30), full(31), free(60.5), closed)
    assert (found.holds, found.worst) == (True, 1.5), "one second between, half a second after"
    assert not judge(SHOWN, full(5, "P1"), RAISED, free(60.5, "P1"), closed).holds
    assert not judge(SHOWN, full(5), RAISED, full(6), free(58), closed).holds, "full is not fuller"
    assert judge(SHOWN, full(5), RAISED).cases == 0, "nobody can say while it is full"
    assert judge(SHOWN, full(5), free(6), RAISED, closed).violations == 1


@pytest.mark.parametrize("where", [{"urgency": "P2"}, {"priority": "P9"}])
def test_what_is_not_counted_is_written_as_signals_tell_it(where: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="P2|P9|urgency"):
        judge({**SHOWN, "not_counting": {"from": "wall.full", "to": "wall.free", "where": where}})


def test_never_finds_one() -> None:
    assert judge({"never": "node.lost"}, signal(1, "node.up", "n")).holds
    found = judge({"never": "node.lost"}, signal(1, "node.up", "n"), signal(2, "node.lost", "n"))
    assert (found.holds, found.violations) == (False, 1)
    assert not judge({"never": "node.lost"}).holds, "a run without a single signal proves nothing"


@pytest.mark.parametrize("given", [{"never": "police.informed"}, {"at_most": "3", "of": "police.informed"}])
def test_what_is_never_or_seldom_is_judged_over_what_could_have_been_it(given: dict[str, object]) -> None:
    beside = (signal(1, "node.lost", "n"), signal(2, "camera.live", "c", commune="x"))
    assert not judge(given, *beside).holds, "nobody was called: nothing was judged"
    found = judge(given, *beside, signal(3, "police.called", "a", commune="x"))
    assert (found.holds, found.cases) == (True, 1)
    there = {**given, "where": {"commune": "y"}}
    assert not judge(there, signal(3, "police.called", "a", commune="x")).holds, "somebody was called elsewhere"
    assert judge(there, signal(3, "police.called", "a", commune="y")).holds


def test_a_quality_of_what_happened_does_not_narrow_what_could_have_been_it() -> None:
    given = {"never": "camera.not_live", "where": {"state": "lost", "commune": "x"}}
    assert judge(given, signal(1, "camera.live", "c", commune="x", state="live")).cases == 1
    assert judge(given, signal(1, "camera.not_live", "c", commune="x", state="lost")).violations == 1


def test_what_nothing_else_is_like_is_judged_over_all_that_was_told() -> None:
    assert judge({"never": "centre.trouble"}, signal(1, "node.up", "n")).holds
    assert not judge({"never": "centre.trouble"}).holds


def test_sometimes_asks_for_cases_and_is_never_violated() -> None:
    given = {"sometimes": "node.lost", "at_least": "2"}
    once = judge(given, signal(1, "node.lost", "n"))
    assert (once.holds, once.violations, once.cases, once.cases_least) == (False, 0, 1, 2)
    assert judge(given, signal(1, "node.lost", "n"), signal(2, "node.lost", "m")).holds


def test_at_most_counts_in_any_stretch() -> None:
    lost = [signal(at_s, "node.lost", "n") for at_s in (0, 50, 61, 121)]
    assert judge({"at_most": "2", "of": "node.lost", "per": "1 min"}, *lost).holds
    found = judge({"at_most": "1", "of": "node.lost", "per": "1 min"}, *lost)
    assert (found.violations, found.worst) == (2, 2)
    assert judge({"at_most": "3", "of": "node.lost"}, *lost).violations == 1


def test_a_measure_is_bounded_and_one_that_nobody_took_does_not_hold() -> None:
    given = {"finally": "coverage", "at_least": "99 %"}
    assert judge(given, coverage=0.995).holds
    assert judge(given, coverage=0.98).violations == 1
    assert not judge(given).holds
    assert judge({"finally": "alarms.open", "at_most": "0"}, alarms__open=1).violations == 1


def test_of_many_violations_the_first_are_told_and_the_rest_counted() -> None:
    found = judge({"never": "node.lost"}, *(signal(at_s, "node.lost", "n") for at_s in range(9)))
    assert (found.violations, len(found.details)) == (9, 6)
    assert found.details[-1].en == "and 4 more"


def test_two_expectations_of_one_text_are_told_apart() -> None:
    court = Court([READ.validate_python({"never": "node.lost"})] * 2, str)
    assert len({judgement.name for judgement in court.end(0, {})}) == 2
