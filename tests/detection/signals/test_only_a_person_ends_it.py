"""Whatever an analysis says and people do, in any order: a signal is judged by a named person or by nobody (VSA-7).

What comes out of the desk is one of four events; not one of them is an act. What is kept of it is outcomes.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from csu.detection.signals import (
    Dismissal,
    JudgementRefused,
    Qualification,
    SignalBounds,
    SignalDesk,
    SignalDismissed,
    SignalExpired,
    SignalId,
    SignalOutcome,
    SignalQualified,
    SignalRaised,
    SignalRefused,
    SignalUnknown,
    Unjudged,
    outcome_of,
)
from csu.hal.analysis import EventType
from csu.hal.clock import NS_PER_S
from sim.ports import CountingIds
from tests.detection.signals.said import NOW_NS, said

BOUNDS = SignalBounds(waits_s=60.0, waiting_max=3, of_camera_max=2, of_camera_s=120.0)
CAMERAS, ZONES, PEOPLE = ("cam-1", "cam-2"), ("a", "b", "c"), ("b.weber", "c.muller", "", " ")
WORDS = [*Qualification, *Dismissal, *Unjudged, "confirmed", "he ran"]
said_of = st.tuples(st.sampled_from(CAMERAS), st.sampled_from([*EventType][:3]), st.sampled_from(ZONES))
taken = st.builds(lambda of, score: ("take", *of, score), said_of, st.sampled_from([0.1, 0.5, 0.95, 1.0]))
which = st.integers(0, 4)
steps = st.lists(
    st.one_of(
        taken,
        taken,
        taken,
        st.just(("take", "cam-1", "loitering", "a", 1.0)),
        st.tuples(st.just("judge"), which, st.sampled_from(PEOPLE), st.sampled_from(WORDS)),
        st.tuples(st.just("judge"), which, st.just("b.weber"), st.sampled_from([*Qualification, *Dismissal])),
        st.sampled_from([("tick",), ("undo",), ("withdraw", None), ("withdraw", {"cam-1"})]),
        st.tuples(st.just("wait"), st.integers(0, 90)),
    ),
    min_size=16,
    max_size=40,
)
"""`judge` takes one of those that wait; 4, one that does not."""


def played(given_steps):
    """The desk after these steps, and the events that came of them, each with whether a person asked for it."""
    desk, now_ns, events, last = SignalDesk(CountingIds(), BOUNDS), NOW_NS, [], None
    for step in given_steps:
        by = ""
        found = []
        match step:
            case ("wait", seconds):
                now_ns += seconds * NS_PER_S
            case ("take", camera, type_, zone, score):
                try:
                    found = desk.take(said(camera, type_, zone, score=score), now_ns)
                except SignalRefused:
                    assert type_ == "loitering"
            case ("judge", number, person, word):
                judge = desk.qualify if isinstance(word, Qualification) else desk.dismiss
                waiting = [each.signal for each in desk.waiting()]
                name = waiting[number % len(waiting)] if waiting and number < 4 else SignalId("signal-1000")
                try:
                    found, by = [judge(name, person, word, now_ns)], person
                    last = found[0]
                except SignalUnknown:
                    pass
                except JudgementRefused:
                    assert not person.strip() or not isinstance(word, Qualification | Dismissal)
            case ("tick",):
                found = desk.tick(now_ns)
            case ("withdraw", cameras):
                found = desk.withdraw(now_ns, cameras)
            case ("undo",):
                if last is not None and last.signal.signal not in {each.signal for each in desk.waiting()}:
                    if (last, last.by) in events:
                        events.remove((last, last.by))
                        desk.undo(last)
                last = None
        events += [(event, by) for event in found]
    return desk, events


@settings(max_examples=60)
@given(steps)
def test_nothing_but_four_events_comes_out_and_only_a_named_person_judges(given_steps):
    desk, events = played(given_steps)
    for event, by in events:
        assert type(event) in (SignalRaised, SignalQualified, SignalDismissed, SignalExpired)
        judged = isinstance(event, SignalQualified | SignalDismissed)
        assert judged == bool(by)
        if judged:
            assert by.strip()
            assert event.by == by
            assert isinstance(event.outcome, Qualification if isinstance(event, SignalQualified) else Dismissal)
        kept = outcome_of(event)
        assert type(kept) is SignalOutcome
        assert kept.judged_by == by
        assert isinstance(kept.outcome, Unjudged) == (not judged)
    ends = Counter(event.signal.signal for event, _ in events if not isinstance(event, SignalRaised))
    raised = {event.signal.signal for event, _ in events if isinstance(event, SignalRaised)}
    waiting = {each.signal for each in desk.waiting()}
    assert all(count == 1 for count in ends.values()), "a signal ends once"
    assert waiting == raised - set(ends), "what was shown waits or has ended"
    never_shown = [event for event, _ in events if event.signal.signal not in raised]
    assert all(isinstance(event, SignalExpired) for event in never_shown)
    assert all(event.outcome is Unjudged.CROWDED_OUT for event in never_shown)


@settings(max_examples=40)
@given(steps)
def test_what_people_are_shown_is_bounded_whatever_is_said(given_steps):
    without_undo = [step for step in given_steps if step[0] != "undo"]
    desk, events = played(without_undo)
    waiting = desk.waiting()
    assert len(waiting) <= BOUNDS.waiting_max
    places = {(each.told.camera, each.told.zone, each.told.type) for each in waiting}
    assert len(places) == len(waiting), "one place, one signal"
    for camera in CAMERAS:
        shown = [
            e.signal.raised_at_ns for e, _ in events if isinstance(e, SignalRaised) and e.signal.told.camera == camera
        ]
        for index, at_ns in enumerate(shown):
            near = [each for each in shown[index:] if each < at_ns + BOUNDS.of_camera_s * NS_PER_S]
            assert len(near) <= BOUNDS.of_camera_max


@settings(max_examples=30)
@given(steps, st.floats(0, 0.5), st.floats(0.5, 1))
def test_how_sure_an_analysis_is_changes_nothing(given_steps, low, high):
    """No score, however high, makes anything more of a signal (VSA-7's own example: 0.9)."""

    def told(score):
        changed = [(*step[:4], score) if step[0] == "take" else step for step in given_steps]
        return [(type(event), outcome_of(event)) for event, _ in played(changed)[1]]

    assert told(low) == told(high)
