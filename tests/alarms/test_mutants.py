"""Who tests the tester: a defect planted in the alarm room must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from csu.alarms import AlarmDesk, AlarmState, AlarmStore, Contact, alarm, escalation, nearest, storm
from csu.hal.alarms import AlarmKind

Patch = pytest.MonkeyPatch


def _ladders(patch: Patch, state: AlarmState, change: Callable[[Any], Any]) -> None:
    for key, ladder in escalation.LADDERS.items():
        if key[1] is state:
            patch.setitem(escalation.LADDERS, key, change(ladder))


def the_room_is_not_told_at_thirty_seconds(patch: Patch) -> None:
    _ladders(patch, AlarmState.RAISED, lambda ladder: ladder[1:])


def the_manager_is_never_called(patch: Patch) -> None:
    _ladders(patch, AlarmState.RAISED, lambda ladder: ladder[:2])


def nobody_minds_a_confirmed_alarm_that_nobody_reports(patch: Patch) -> None:
    _ladders(patch, AlarmState.CONFIRMED, lambda ladder: ())


def the_manager_is_called_twice(patch: Patch) -> None:
    _ladders(patch, AlarmState.RAISED, lambda ladder: (*ladder, ladder[-1]))


def a_confirmed_alarm_may_be_closed_without_the_police(patch: Patch) -> None:
    patch.setitem(alarm.NEXT, AlarmState.CONFIRMED, frozenset({AlarmState.POLICE_INFORMED, AlarmState.CLOSED}))


def a_false_alarm_may_go_to_the_police(patch: Patch) -> None:
    patch.setitem(alarm.NEXT, AlarmState.FALSE, frozenset({AlarmState.POLICE_INFORMED, AlarmState.CLOSED}))


def a_call_needs_no_name(patch: Patch) -> None:
    after = alarm.Alarm.after

    def careless(self, step):
        return after(self, replace(step, police=alarm.PoliceCall("police", "somebody")))

    patch.setattr(alarm.Alarm, "after", careless)


def a_step_need_not_be_written(patch: Patch) -> None:
    step = AlarmDesk._step

    def hasty(self, name, given):
        self._unwritten.clear()
        return step(self, name, given)

    patch.setattr(AlarmDesk, "_step", hasty)


def an_acknowledged_alarm_is_forgotten_by_a_restart(patch: Patch) -> None:
    begin = AlarmDesk.__init__
    patch.setattr(
        AlarmDesk, "__init__", lambda self, kept=(), said=None: begin(self, [a for a in kept if not a.steps], said)
    )


def the_call_is_not_kept(patch: Patch) -> None:
    save = AlarmStore.save
    patch.setattr(
        AlarmStore,
        "save",
        lambda self, a: save(self, replace(a, steps=tuple(replace(s, police=None) for s in a.steps))),
    )


def queued_alarms_are_dropped(patch: Patch) -> None:
    patch.setattr(storm, "Counter", lambda counted: {})


def rights_are_not_asked(patch: Patch) -> None:
    find = nearest.nearest_cameras
    for module in (nearest, __import__("csu.alarms", fromlist=["x"])):
        patch.setattr(module, "nearest_cameras", lambda at, cameras, may, **more: find(at, cameras, bool, **more))


DESK, LIFE, STORM = "test_desk", "test_life", "test_storm"
LADDER = "test_an_alarm_nobody_takes_is_told_to_the_room_then_to_its_chief_then_to_the_manager_once_each"
RESTART = "test_a_restart_in_the_middle_of_an_alarm_loses_and_repeats_nothing"
MUTANTS: list[tuple[Callable[[Patch], None], str, str, dict[str, Any]]] = [
    (the_room_is_not_told_at_thirty_seconds, DESK, LADDER, {}),
    (the_manager_is_never_called, DESK, LADDER, {}),
    (the_manager_is_called_twice, DESK, LADDER, {}),
    (
        nobody_minds_a_confirmed_alarm_that_nobody_reports,
        LIFE,
        "test_a_step_that_does_not_come_is_told_to_the_chief",
        {
            "steps": [AlarmState.ACKED, AlarmState.DOUBT_REMOVAL, AlarmState.CONFIRMED],
            "kind": AlarmKind.INTRUSION,
            "first_s": 60,
            "contacts": [Contact.ROOM_CHIEF, Contact.CSU_MANAGER],
        },
    ),
    (
        a_confirmed_alarm_may_be_closed_without_the_police,
        LIFE,
        "test_the_police_are_informed_only_when_a_service_and_a_name_are_noted",
        {"call": None},
    ),
    (
        a_call_needs_no_name,
        LIFE,
        "test_the_police_are_informed_only_when_a_service_and_a_name_are_noted",
        {"call": None},
    ),
    (a_false_alarm_may_go_to_the_police, LIFE, "test_an_alarm_that_nobody_confirmed_never_goes_to_the_police", {}),
    (a_step_need_not_be_written, LIFE, "test_a_second_step_waits_until_the_first_is_written", {}),
    (an_acknowledged_alarm_is_forgotten_by_a_restart, LIFE, RESTART, {}),
    (the_call_is_not_kept, LIFE, RESTART, {}),
    (queued_alarms_are_dropped, STORM, "test_a_fire_in_a_storm_of_tests_is_on_the_first_line", {}),
    (
        rights_are_not_asked,
        STORM,
        "test_a_camera_that_this_person_may_not_see_is_not_proposed_and_the_next_one_is",
        {},
    ),
]


@pytest.mark.parametrize(
    ("plant", "module", "test", "given"), MUTANTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_planted_defect_is_found(plant, module, test, given, monkeypatch, must_fail):
    plant(monkeypatch)
    must_fail(module, test, **given)
