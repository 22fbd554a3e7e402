"""Who tests the tester: a defect planted in the rooms of shifts and events must fail the test that is there for it."""

from __future__ import annotations

import pytest

from csu.centre.rooms import event_room, service_room
from csu.centre.rooms.event_room import EventRoom
from csu.centre.rooms.service_room import ServiceRoom
from csu.centre.rooms.visit_room import VisitRoom
from csu.console.gate import Gate
from tests.console.test_service_over_http import hall, stage  # noqa: F401 - fixtures

Patch = pytest.MonkeyPatch


def who_says_that_he_is_relieved_is(patch: Patch) -> None:
    patch.setattr(ServiceRoom, "owes_note", lambda self, person: False)


def a_note_is_signed_in_memory_only(patch: Patch) -> None:
    keep = ServiceRoom._keep_note

    async def forgetful(self, number, note):
        if not note.signatures:
            return await keep(self, number, note)
        self._notes[number] = note
        return number

    patch.setattr(ServiceRoom, "_keep_note", forgetful)


def holes_are_told_when_they_are_there(patch: Patch) -> None:
    patch.setattr(service_room, "AHEAD_NS", 1)


def names_of_visitors_stay(patch: Patch) -> None:
    patch.setattr(VisitRoom, "_forgotten", lambda self: [])


def a_restarted_wall_forgets_the_event(patch: Patch) -> None:
    patch.setattr(EventRoom, "open", lambda self: None)


def an_event_that_is_called_off_stays_up(patch: Patch) -> None:
    patch.setattr(event_room, "_OPEN", frozenset(event_room.EventState))


def everybody_knows_every_commune(patch: Patch) -> None:
    patch.setattr(Gate, "reaches", lambda self, subject, action, commune: True)


OVER_HTTP = "test_service_over_http"
SIGNED = "test_the_note_is_signed_by_each_of_the_incoming_team_and_only_then_does_the_outgoing_one_leave"
MUTANTS = [
    (who_says_that_he_is_relieved_is, SIGNED),
    (a_note_is_signed_in_memory_only, SIGNED),
    (
        holes_are_told_when_they_are_there,
        "test_a_hole_is_told_before_it_comes_once_and_not_again_after_a_restart",
    ),
    (names_of_visitors_stay, "test_a_visitor_is_recorded_by_name_and_the_log_knows_his_number_only"),
    (
        a_restarted_wall_forgets_the_event,
        "test_an_event_is_planned_given_to_the_wall_runs_by_its_dates_and_is_closed_with_figures",
    ),
    (an_event_that_is_called_off_stays_up, "test_an_event_that_is_called_off_leaves_the_wall"),
    (everybody_knows_every_commune, "test_an_event_of_another_commune_is_refused_as_one_that_is_none"),
]


@pytest.mark.nightly
@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, monkeypatch, must_fail) -> None:
    plant(monkeypatch)
    must_fail(OVER_HTTP, test)
