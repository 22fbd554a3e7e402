"""Alarms at the doors of the console: taken once, by who asks, in one's own communes; nothing typed is written down."""

from __future__ import annotations

import json
from dataclasses import replace

from csu.console import create_app
from csu.governance import Role
from csu.governance.approvals import Designation
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from tests.compliance.doors.facts import NOON

ALARM = "/api/alarms/panel-metz/7/acknowledge"


def waiting(world) -> list[dict[str, object]]:
    return json.loads(world.ask("GET", "/api/alarms", Role.OPERATOR).body)


def test_an_operator_sees_the_alarm_that_waits_and_takes_it_in_their_own_name(world) -> None:
    (alarm,) = waiting(world)
    assert (alarm["alarm"], alarm["commune"], alarm["state"]) == ("panel-metz/7", "metz", "raised")
    answer = world.ask("POST", ALARM, Role.OPERATOR)
    assert answer.status == 200
    assert json.loads(answer.body)["acked_by"] == "operator.1"
    assert waiting(world) == []


def test_the_second_who_takes_it_is_told_that_somebody_has_it(world) -> None:
    assert world.ask("POST", ALARM, Role.OPERATOR).status == 200
    again = world.ask("POST", ALARM, Role.ROOM_CHIEF)
    assert (again.status, json.loads(again.body)["code"]) == (409, "alarm_taken")


def test_an_alarm_that_nobody_knows_is_none_and_its_name_is_not_written_down(world) -> None:
    answer = world.ask("POST", "/api/alarms/jean-dupont/7/acknowledge", Role.OPERATOR)
    assert (answer.status, json.loads(answer.body)["code"]) == (404, "alarm_unknown")
    assert "dupont" not in str(world.entries())


def test_an_alarm_of_a_commune_that_is_not_theirs_is_neither_shown_nor_taken(world) -> None:
    known = world.people.find

    def of_ars(person: str, role: Role, at_ns: int):
        found = known(person, role, at_ns)
        return replace(
            found, designation=Designation("csu-metz", frozenset({CommuneId("ars")}), found.designation.term)
        )

    world.people.find = of_ars
    assert waiting(world) == []
    assert world.ask("POST", ALARM, Role.OPERATOR).status in (403, 404)
    world.people.find = known
    assert len(waiting(world)) == 1


def test_a_person_brings_it_to_its_end_step_by_step_and_the_cameras_proposed_are_those_he_may_see(world) -> None:
    def desk() -> list[dict]:
        told = json.loads(world.ask("GET", "/api/alarms/desk?cameras_of=panel-metz/7", Role.OPERATOR).body)
        return [line["alarm"] for line in told["lines"]]

    def step(to: str, **more: str) -> int:
        body = json.dumps({"to": to, **more}).encode()
        return world.ask("POST", ALARM.replace("acknowledge", "advance"), Role.OPERATOR, body=body).status

    (waits,) = desk()
    assert (waits["state"], waits["next"], waits["cameras"]) == ("raised", ["acked"], ["cam-0012"])
    assert step("confirmed") == 409
    assert world.ask("POST", ALARM, Role.OPERATOR).status == 200
    assert [step(to) for to in ("doubt_removal", "confirmed", "closed")] == [200, 200, 409]
    assert step("police_informed") == 409, "nobody was named"
    assert step("police_informed", service="police", taken_by="brigadier Roth") == 200
    (informed,) = desk()
    assert [(each["to"], each["by"]) for each in informed["steps"]][-1] == ("police_informed", "operator.1")
    assert informed["steps"][-1]["taken_by"] == "brigadier Roth"
    assert step("closed") == 200
    assert desk() == []


def test_the_desk_says_who_was_told_that_it_waits_too_long_until_it_is_taken(world) -> None:
    def told() -> list[str]:
        (line,) = json.loads(world.ask("GET", "/api/alarms/desk", Role.OPERATOR).body)["lines"]
        return line["alarm"]["told"]

    assert told() == []
    assert "cam-0012" not in world.ask("GET", "/api/alarms/desk", Role.OPERATOR).body.decode(), "nobody asked for them"
    world.alarms.wait(61 * NS_PER_S)
    assert told() == ["room", "room_chief"]
    assert world.ask("POST", ALARM, Role.OPERATOR).status == 200
    assert told() == []


def test_of_ten_thousand_alarms_each_answer_is_a_page_and_counts_them_all(world) -> None:
    """None is lost or told twice; what a page asks again and again stays some kilobytes."""
    for number in range(10_000):
        site = f"Site {number % 500}"
        told = PanelMessage(PanelId("p-2"), number, CommuneId("metz"), site, AlarmKind.INTRUSION, NOON)
        raised = world.alarms._desk.take(told, NOON + 1 + number)
        world.alarms._desk.keep(raised.alarm)
    bell = world.ask("GET", "/api/alarms/bell", Role.OPERATOR)
    desk = world.ask("GET", "/api/alarms/desk?cameras_of=p-2/9999", Role.OPERATOR)
    every = world.ask("GET", "/api/alarms", Role.OPERATOR)
    assert (len(bell.body) < 8_000, len(desk.body) < 30_000, len(every.body) < 150_000) == (True, True, True)
    rung, listed = json.loads(bell.body), json.loads(desk.body)
    assert (rung["waiting"], rung["first"]["alarm"], rung["newest"][-1]["alarm"]) == (
        10_001,
        "panel-metz/7",
        "p-2/9999",
    )
    assert (listed["total"], listed["waiting"]) == (10_001, 10_001)
    names = [line["alarm"]["alarm"] for line in listed["lines"]]
    assert len(names) == 41
    assert names[-1] == "p-2/9999", "the one that is open on the page has a line"
    assert len(names) + sum(line["more"] for line in listed["lines"]) + listed["hidden"] == 10_001


def test_a_centre_without_alarms_says_so(world) -> None:
    world.app = create_app(world.room, clock=world.clock, access=world.access)
    answer = world.ask("GET", "/api/alarms", Role.OPERATOR)
    assert (answer.status, json.loads(answer.body)["code"]) == (503, "alarms_absent")
