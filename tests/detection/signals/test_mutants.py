"""Who tests the tester: a defect planted in the signal desk must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from csu.detection.signals import (
    Dismissal,
    Qualification,
    SignalDesk,
    SignalExpired,
    SignalQualified,
    SignalStore,
    desk,
    performance,
    signal,
    store,
)

Patch = pytest.MonkeyPatch


def a_sure_signal_qualifies_itself(patch: Patch) -> None:
    take = SignalDesk.take

    def hasty(self, told, now_ns):
        events = take(self, told, now_ns)
        if told.score > 0.9 and events:
            events.append(SignalQualified(events[-1].signal, Qualification.CONFIRMED, "csu", now_ns))
        return events

    patch.setattr(SignalDesk, "take", hasty)


def nobody_need_sign(patch: Patch) -> None:
    judged = SignalDesk._judged
    patch.setattr(SignalDesk, "_judged", lambda self, name, person, *more: judged(self, name, person or "csu", *more))


def any_word_will_do(patch: Patch) -> None:
    judged = SignalDesk._judged
    patch.setattr(SignalDesk, "_judged", lambda self, name, person, as_, kind: judged(self, name, person, as_, object))


def a_judged_signal_still_waits(patch: Patch) -> None:
    judged = SignalDesk._judged

    def forgetful(self, name, *more):
        found = judged(self, name, *more)
        self._waiting[name] = found[0]
        return found

    patch.setattr(SignalDesk, "_judged", forgetful)


def what_nobody_judged_was_nothing(patch: Patch) -> None:
    end = SignalDesk._end
    patch.setattr(SignalDesk, "_end", lambda self, name, why, now_ns: end(self, name, Dismissal.OTHER, now_ns))


def signals_wait_for_ever(patch: Patch) -> None:
    patch.setattr(SignalDesk, "tick", lambda self, now_ns: [])


def a_storm_is_shown(patch: Patch) -> None:
    patch.setattr(SignalDesk, "_has_room", lambda self, camera, now_ns: True)


def a_storm_is_lost(patch: Patch) -> None:
    take = SignalDesk.take
    patch.setattr(
        SignalDesk,
        "take",
        lambda self, told, now_ns: [e for e in take(self, told, now_ns) if not isinstance(e, SignalExpired)],
    )


def the_wall_fills_up(patch: Patch) -> None:
    begin = SignalDesk.__init__
    patch.setattr(
        SignalDesk, "__init__", lambda self, ids, bounds: begin(self, ids, replace(bounds, waiting_max=10**6))
    )


def the_same_is_shown_again_and_again(patch: Patch) -> None:
    patch.setattr(signal.Signal, "place", property(lambda self: self.signal))


def a_ninth_type_is_shown(patch: Patch) -> None:
    patch.setattr(desk, "EventType", str)


def what_an_order_does_not_permit_is_shown(patch: Patch) -> None:
    patch.setattr(desk, "_require", lambda told: None)


def the_end_of_an_analysis_leaves_its_signals(patch: Patch) -> None:
    patch.setattr(SignalDesk, "withdraw", lambda self, now_ns, cameras=None: [])


def outcomes_are_kept_for_ever(patch: Patch) -> None:
    patch.setattr(store, "_forget", lambda connection, now_ns: None)


def the_last_word_is_lost(patch: Patch) -> None:
    save = SignalStore.save

    def first_word(self, outcomes, now_ns):
        known = {each.signal for each in self.outcomes(0, 2 * now_ns)}
        save(self, [each for each in outcomes if each.signal not in known], now_ns)

    patch.setattr(SignalStore, "save", first_word)


def doubts_are_successes(patch: Patch) -> None:
    patch.setattr(performance.Performance, "precision", property(lambda self: self.qualified / self.signals))


DESK, RECORD, ANY = "test_desk", "test_record", "test_only_a_person_ends_it"
FOUR = "test_nothing_but_four_events_comes_out_and_only_a_named_person_judges"
BOUNDED = "test_what_people_are_shown_is_bounded_whatever_is_said"
SURE = "test_how_sure_an_analysis_is_changes_nothing"
LIST = "test_a_judgement_is_one_of_the_list_and_no_free_text"
NO_RULE = "test_what_no_rule_says_is_refused_and_not_shown"
LATE = "test_what_nobody_judges_in_time_is_told_as_unjudged"
MUTANTS: list[tuple[Callable[[Patch], None], str, str, dict[str, Any]]] = [
    (a_sure_signal_qualifies_itself, ANY, SURE, {}),
    (a_sure_signal_qualifies_itself, ANY, FOUR, {}),
    (nobody_need_sign, DESK, "test_nobody_judges_nothing", {"by": ""}),
    (any_word_will_do, DESK, LIST, {"word": "a tall man in red"}),
    (a_judged_signal_still_waits, ANY, FOUR, {}),
    (what_nobody_judged_was_nothing, DESK, LATE, {}),
    (signals_wait_for_ever, DESK, LATE, {}),
    (a_storm_is_shown, ANY, BOUNDED, {}),
    (a_storm_is_lost, DESK, "test_in_a_storm_of_many_cameras_the_oldest_gives_way_and_is_told", {}),
    (the_wall_fills_up, DESK, "test_in_a_storm_of_many_cameras_the_oldest_gives_way_and_is_told", {}),
    (the_same_is_shown_again_and_again, ANY, BOUNDED, {}),
    (a_ninth_type_is_shown, DESK, NO_RULE, {"change": {"type_": "loitering"}}),
    (what_an_order_does_not_permit_is_shown, DESK, NO_RULE, {"change": {"order": ""}}),
    (the_end_of_an_analysis_leaves_its_signals, DESK, "test_when_the_analysis_ends_its_signals_are_shown_no_more", {}),
    (outcomes_are_kept_for_ever, RECORD, "test_nothing_is_kept_beyond_its_time", {}),
    (the_last_word_is_lost, RECORD, "test_the_last_word_on_a_signal_is_kept_and_read_again", {}),
    (doubts_are_successes, RECORD, "test_a_report_counts_by_type_camera_and_light_what_people_said", {}),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "signals.sqlite"


@pytest.mark.parametrize(
    ("plant", "module", "test", "given"), MUTANTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_planted_defect_is_found(plant, module, test, given, monkeypatch, must_fail, path):
    plant(monkeypatch)
    must_fail(module, test, **given)
