"""The signal desk: shown, judged by a named person or by nobody, merged, and bounded in a storm."""

from __future__ import annotations

import pytest

from csu.detection.signals import (
    Dismissal,
    JudgementRefused,
    Qualification,
    SignalDismissed,
    SignalExpired,
    SignalQualified,
    SignalRaised,
    SignalRefused,
    SignalUnknown,
    Unjudged,
    outcome_of,
)
from csu.hal.analysis import EventType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from tests.detection.signals.said import NOW_NS, desk, raised, said


def test_a_signal_is_shown_until_a_person_qualifies_it():
    of = desk()
    [event] = raised(of, said())
    assert isinstance(event, SignalRaised)
    assert of.waiting() == [event.signal]
    judged = of.qualify(event.signal.signal, "b.weber", Qualification.CONFIRMED, NOW_NS + NS_PER_S)
    assert judged == SignalQualified(event.signal, Qualification.CONFIRMED, "b.weber", NOW_NS + NS_PER_S)
    assert of.waiting() == []
    assert of.tick(NOW_NS + 10**15) == []


def test_or_dismisses_it_with_a_word_of_the_list():
    of = desk()
    [event] = raised(of, said())
    judged = of.dismiss(event.signal.signal, "b.weber", Dismissal.REFLECTION, NOW_NS)
    assert judged == SignalDismissed(event.signal, Dismissal.REFLECTION, "b.weber", NOW_NS)
    assert of.waiting() == []


@pytest.mark.parametrize("by", ["", "   "])
def test_nobody_judges_nothing(by):
    of = desk()
    [event] = raised(of, said())
    with pytest.raises(JudgementRefused):
        of.qualify(event.signal.signal, by, Qualification.CONFIRMED, NOW_NS)
    with pytest.raises(JudgementRefused):
        of.dismiss(event.signal.signal, by, Dismissal.OTHER, NOW_NS)
    assert of.waiting() == [event.signal]


@pytest.mark.parametrize("word", ["confirmed", "a tall man in red", Dismissal.OTHER, Unjudged.EXPIRED, None])
def test_a_judgement_is_one_of_the_list_and_no_free_text(word):
    of = desk()
    [event] = raised(of, said())
    with pytest.raises(JudgementRefused):
        of.qualify(event.signal.signal, "b.weber", word, NOW_NS)
    if word is not Dismissal.OTHER:
        with pytest.raises(JudgementRefused):
            of.dismiss(event.signal.signal, "b.weber", word, NOW_NS)
    assert of.waiting() == [event.signal]


def test_two_people_do_not_judge_one_signal():
    of = desk()
    [event] = raised(of, said())
    of.dismiss(event.signal.signal, "b.weber", Dismissal.ANIMAL, NOW_NS)
    with pytest.raises(SignalUnknown):
        of.qualify(event.signal.signal, "c.muller", Qualification.CONFIRMED, NOW_NS)


def test_a_judgement_that_could_not_be_written_is_undone_and_its_time_runs_on():
    of = desk(waits_s=600.0)
    [first, second] = raised(of, said(), said("cam-0002"))
    judged = of.qualify(first.signal.signal, "b.weber", Qualification.DOUBT, NOW_NS + NS_PER_S)
    of.undo(judged)
    assert of.waiting() == [first.signal, second.signal]
    assert of.due_at_ns() == NOW_NS + 600 * NS_PER_S


def test_what_nobody_judges_in_time_is_told_as_unjudged():
    of = desk(waits_s=600.0)
    [event] = raised(of, said())
    assert of.due_at_ns() == NOW_NS + 600 * NS_PER_S
    assert of.tick(NOW_NS + 600 * NS_PER_S - 1) == []
    end_ns = NOW_NS + 600 * NS_PER_S
    assert of.tick(end_ns) == [SignalExpired(event.signal, Unjudged.EXPIRED, end_ns)]
    assert of.due_at_ns() is None
    with pytest.raises(SignalUnknown):
        of.qualify(event.signal.signal, "b.weber", Qualification.CONFIRMED, end_ns)


def test_the_same_again_is_the_same_signal():
    of = desk()
    [event] = raised(of, said())
    again = said(at_s=5.0, score=0.9, since_ns=NOW_NS + 4 * NS_PER_S)
    assert raised(of, again, now_s=5.0) == []
    [waiting] = of.waiting()
    assert (waiting.signal, waiting.more, waiting.raised_at_ns) == (event.signal.signal, 1, NOW_NS)
    assert (waiting.told.score, waiting.told.since_ns) == (0.9, event.signal.told.since_ns)
    others = said("cam-0002"), said(type_=EventType.PERSON_DOWN), said(zone="place d'Armes")
    assert len(raised(of, *others)) == 3


def test_after_it_was_judged_the_same_is_a_new_signal():
    of = desk()
    [event] = raised(of, said())
    of.dismiss(event.signal.signal, "b.weber", Dismissal.OBJECT, NOW_NS)
    [again] = raised(of, said(at_s=60.0), now_s=60.0)
    assert again.signal.signal != event.signal.signal


def test_a_camera_in_a_storm_shows_a_few_and_counts_the_rest():
    of = desk(of_camera_max=3, of_camera_s=600.0)
    storm = [said(zone=f"zone {index}") for index in range(10)]
    events = raised(of, *storm)
    assert [type(event) for event in events] == [SignalRaised] * 3 + [SignalExpired] * 7
    assert {event.outcome for event in events[3:]} == {Unjudged.CROWDED_OUT}
    assert len(of.waiting()) == 3
    assert isinstance(raised(of, said("cam-0002"))[0], SignalRaised)
    assert isinstance(raised(of, said(zone="later"), now_s=599.0)[0], SignalExpired)
    assert isinstance(raised(of, said(zone="later"), now_s=601.0)[0], SignalRaised)


def test_in_a_storm_of_many_cameras_the_oldest_gives_way_and_is_told():
    of = desk(waiting_max=3)
    first = raised(of, *(said(f"cam-{index}") for index in range(3)))
    events = raised(of, said("cam-3"))
    assert events[0] == SignalExpired(first[0].signal, Unjudged.CROWDED_OUT, NOW_NS)
    assert [type(event) for event in events] == [SignalExpired, SignalRaised]
    assert [each.told.camera for each in of.waiting()] == ["cam-1", "cam-2", "cam-3"]


def test_when_the_analysis_ends_its_signals_are_shown_no_more():
    of = desk()
    events = raised(of, said(), said("cam-0002"), said("cam-0003"))
    assert of.withdraw(NOW_NS, {"cam-0002"}) == [SignalExpired(events[1].signal, Unjudged.WITHDRAWN, NOW_NS)]
    assert len(of.withdraw(NOW_NS)) == 2
    assert of.waiting() == []


@pytest.mark.parametrize(
    "change",
    [
        {"type_": "loitering"},
        {"type_": "wrong_way"},
        {"zone": ""},
        {"camera": ""},
        {"order": ""},
        {"heat": bytes(9)},
        {"boxes": (said().boxes[0],) * 65},
        {"zone": "AB-123-CD"},
        {"zone": "x" * 200},
    ],
)
def test_what_no_rule_says_is_refused_and_not_shown(change):
    of = desk()
    with pytest.raises(SignalRefused):
        raised(of, said(**change))
    assert of.waiting() == []


def test_what_is_kept_of_it_is_its_minute_and_what_a_person_said():
    of = desk()
    [event] = raised(of, said(at_s=59.0))
    kept = outcome_of(event)
    assert (kept.outcome, kept.judged_by, kept.minute_ns) == (Unjudged.WAITING, "", NOW_NS)
    judged = outcome_of(of.dismiss(event.signal.signal, "b.weber", Dismissal.LIGHT, NOW_NS + NS_PER_MINUTE * 5))
    assert (judged.outcome, judged.judged_by, judged.minute_ns) == (Dismissal.LIGHT, "b.weber", NOW_NS)
    assert (judged.signal, judged.order, judged.model) == (kept.signal, "2026-VSA-12", "a" * 64)
