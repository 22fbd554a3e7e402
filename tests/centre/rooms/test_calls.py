"""Calls of a running centre: on disk before they are sent, sent until a named person took them, over a restart too."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from csu.alarms import AlarmState, PoliceCall
from csu.centre import Trouble
from csu.hal.dispatch import DispatchCall, DispatchError, DispatchReceipt
from csu.hal.words import Words
from csu.operations import CallEscalated, CallQueued, CallTaken, OutboxStore, SendCall


class Contacts:
    """Two contacts for each service. `silent`: who does not answer; `deaf`: and does not hear either."""

    def __init__(self, store=None, *, silent=(), deaf=(), taken_by="brigadier 12"):
        self.asked: list[tuple[str, str]] = []
        self.heard: dict[str, DispatchCall] = {}
        self.silent, self.deaf, self.taken_by, self._store = set(silent), set(deaf), taken_by, store

    def contacts(self, service, commune):
        return (f"{service}-1", f"{service}-2")

    async def notify(self, call, contact=""):
        if self._store is not None:
            assert call.call in [kept.call.call for kept in self._store.load().calls], "sent before it was on disk"
        self.asked.append((call.call, contact))
        await asyncio.sleep(1)
        if contact not in self.deaf:
            self.heard.setdefault(call.call, call)
        if contact in self.silent or contact in self.deaf:
            raise DispatchError(Words.same("no answer"), where=contact, what_to_do=Words.same(""))
        return DispatchReceipt(call.call, self.taken_by, call.at_ns)


class Town:
    """A centre with contacts, its stage, and an alarm that a person confirms after five seconds."""

    def __init__(self, stage, scripted, directory: Path):
        self.stage, self.scripted, self.store = stage, scripted, OutboxStore(directory / "calls.sqlite")

    def centre(self, contacts, panels=(1,)):
        panels = [self.scripted.Panel(list(panels))] if panels else []
        return self.stage.centre([self.scripted.Node("n1")], panels=panels, dispatch=(contacts, self.store))

    def confirm(self, centre, then_s=0.0):
        async def act():
            await asyncio.sleep(5)
            for alarm in centre.desk.open():
                await centre.acknowledge(alarm.alarm, "agent-7")
                await centre.advance(alarm.alarm, AlarmState.DOUBT_REMOVAL, "agent-7")
                await centre.advance(alarm.alarm, AlarmState.CONFIRMED, "agent-7")
            await asyncio.sleep(then_s)

        return act

    @property
    def alarms(self):
        return self.stage.store.load().unfinished


@pytest.fixture
def town(stage, scripted, tmp_path):
    return Town(stage, scripted, tmp_path)


def test_a_confirmed_alarm_is_called_on_disk_first_and_says_who_took_it(stage, town) -> None:
    contacts = Contacts(town.store)
    centre = town.centre(contacts)
    stage.play(centre, 10, town.confirm(centre))
    (alarm,) = town.alarms
    assert alarm.state is AlarmState.POLICE_INFORMED
    informed = alarm.steps[-1]
    assert (informed.by, informed.police) == (
        "agent-7",
        PoliceCall("fire_brigade", "brigadier 12", alarm.alarm),
    )
    assert [type(e) for e in stage.events if isinstance(e, CallQueued | SendCall | CallTaken)] == [
        CallQueued,
        SendCall,
        CallTaken,
    ]
    assert centre.calls_waiting == []


def test_no_call_is_made_before_a_person_confirmed(stage, town) -> None:
    contacts = Contacts()
    stage.play(town.centre(contacts), 600)
    assert contacts.asked == []


def test_what_is_told_is_one_of_the_closed_list_and_no_picture(stage, town) -> None:
    contacts = Contacts()
    centre = town.centre(contacts)
    stage.play(centre, 10, town.confirm(centre))
    (call,) = contacts.heard.values()
    assert dataclasses.asdict(call) == {
        "call": "panel-1/1",
        "commune": "Orval",
        "service": "fire_brigade",
        "site": "École",
        "words": "incendie confirmé",
        "called_by": "agent-7",
        "at_ns": call.at_ns,
    }


def test_who_does_not_answer_is_told_again_and_followed_by_the_next_contact_under_the_same_key(stage, town) -> None:
    contacts = Contacts(silent=["fire_brigade-1"])
    centre = town.centre(contacts)
    stage.play(centre, 60, town.confirm(centre))
    asked = [contact for _, contact in contacts.asked]
    assert asked == ["fire_brigade-1"] * 3 + ["fire_brigade-2"]
    assert {key for key, _ in contacts.asked} == {"panel-1/1"}
    assert [event.call.contact for event in stage.told(CallEscalated)] == [1]
    assert town.alarms[0].state is AlarmState.POLICE_INFORMED
    assert centre.counts.calls_unanswered == 3


def test_a_receipt_in_nobodys_name_takes_nothing(stage, town) -> None:
    contacts = Contacts(taken_by=" ")
    centre = town.centre(contacts)
    stage.play(centre, 5, town.confirm(centre))
    assert len(centre.calls_waiting) == 1
    assert town.alarms[0].state is AlarmState.CONFIRMED
    assert any("names nobody" in trouble.what.en for trouble in stage.told(Trouble))


def test_a_call_nobody_took_is_sent_again_after_a_restart_and_heard_once(stage, town) -> None:
    silent = Contacts(silent=["fire_brigade-1", "fire_brigade-2"])
    centre = town.centre(silent)
    stage.play(centre, 5, town.confirm(centre))
    assert town.alarms[0].state is AlarmState.CONFIRMED
    answering = Contacts()
    stage.play(town.centre(answering, panels=()), 5)
    assert {*silent.heard, *answering.heard} == {"panel-1/1"}
    assert town.alarms[0].state is AlarmState.POLICE_INFORMED


def test_a_confirmed_alarm_whose_call_could_not_be_written_is_called_after_the_restart(stage, town) -> None:
    stage.chaos.failures["calls.save"] = 10_000
    unheard = Contacts()
    centre = town.centre(unheard)
    stage.play(centre, 30, town.confirm(centre))
    assert unheard.asked == [], "what is not on disk is not sent"
    assert len([trouble for trouble in stage.told(Trouble) if trouble.where == "panel-1/1"]) == 1
    stage.chaos.failures["calls.save"] = 0
    contacts = Contacts(town.store)
    stage.play(town.centre(contacts, panels=()), 10)
    assert list(contacts.heard) == ["panel-1/1"]
    assert town.alarms[0].state is AlarmState.POLICE_INFORMED


def test_a_receipt_that_could_not_be_written_is_asked_for_again(stage, town) -> None:
    contacts = Contacts()
    centre = town.centre(contacts)

    async def act():
        await town.confirm(centre)()
        await asyncio.sleep(0.5)
        stage.chaos.failures["calls.save"] = 1
        await asyncio.sleep(30)

    stage.play(centre, 1, act)
    assert [key for key, _ in contacts.asked] == ["panel-1/1"] * 2
    assert town.alarms[0].state is AlarmState.POLICE_INFORMED


def test_calls_to_one_service_of_one_commune_go_in_the_order_people_made_them(stage, town) -> None:
    contacts = Contacts()
    centre = town.centre(contacts, panels=(1, 2, 3))
    stage.play(centre, 30, town.confirm(centre))
    assert [key for key, _ in contacts.asked] == ["panel-1/1", "panel-1/2", "panel-1/3"]


def test_who_telephoned_notes_it_and_nobody_is_called_any_more(stage, town) -> None:
    contacts = Contacts(silent=["fire_brigade-1", "fire_brigade-2"])
    centre = town.centre(contacts)

    async def act():
        await town.confirm(centre, then_s=12)()
        name = centre.desk.unfinished()[0].alarm
        await centre.advance(name, AlarmState.POLICE_INFORMED, "chef", PoliceCall("fire_brigade", "capitaine 3"))
        await asyncio.sleep(2)
        asked = len(contacts.asked)
        await asyncio.sleep(120)
        assert len(contacts.asked) == asked

    stage.play(centre, 1, act)
    assert [event.call.taken_by for event in stage.told(CallTaken)] == ["capitaine 3"]
    assert centre.calls_waiting == []
    assert town.alarms[0].steps[-1].police.taken_by == "capitaine 3"


def test_a_silent_line_leaves_the_other_calls_alone(stage, town) -> None:
    """The first goes to the telephone after both contacts; the calls behind it go on."""
    contacts = Contacts(deaf=["fire_brigade-1", "fire_brigade-2"])
    centre = town.centre(contacts, panels=(1, 2))

    async def act():
        await town.confirm(centre, then_s=70)()
        contacts.deaf.clear()
        await asyncio.sleep(20)

    stage.play(centre, 1, act)
    assert [call.call.call for call in centre.calls_waiting] == ["panel-1/1"]
    assert centre.calls_waiting[0].is_by_telephone
    assert list(contacts.heard) == ["panel-1/2"]


def test_a_line_that_fails_before_the_call_leaves_is_tried_again(town) -> None:
    contacts = Contacts(town.store)
    town.stage.chaos.failures["dispatch.send"] = 2
    centre = town.centre(contacts)
    town.stage.play(centre, 60, town.confirm(centre))
    assert centre.counts.calls_unanswered == 2
    assert town.alarms[0].state is AlarmState.POLICE_INFORMED


def test_a_call_whose_first_write_fails_is_not_overtaken_by_those_behind_it(town) -> None:
    contacts = Contacts(town.store)
    town.stage.chaos.failures["calls.save"] = 2
    centre = town.centre(contacts, panels=(1, 2, 3))
    town.stage.play(centre, 60, town.confirm(centre))
    assert list(contacts.heard) == ["panel-1/1", "panel-1/2", "panel-1/3"]
    assert [alarm.state for alarm in town.alarms] == [AlarmState.POLICE_INFORMED] * 3
