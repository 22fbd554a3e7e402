"""Shifts, handovers, visitors and planned events over HTTP, on rooms that keep them on disk (OPS-1, ACC-6, OPS-5)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from csu.centre.papers import Papers
from csu.centre.rooms.event_room import EventAround, EventRoom, programme_name
from csu.centre.rooms.log_room import LogRoom
from csu.centre.rooms.service_room import AHEAD_NS, PostsWithNotes, RoomAround, ServiceRoom
from csu.centre.rooms.visit_room import VisitRoom
from csu.console import Access, Desks, create_app
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.console.service_now import Agent
from csu.governance import Agreement, Decision, Designation, PrefectApproval, Role, Subject
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE
from csu.operations.visits import KEPT_NS
from csu.wall import ProgrammeDropped, ProgrammeSet
from tests.console.conftest import NOW_NS, FakeRoom, SettableClock
from tests.console.test_posts import Room as Posts

HOUR_NS = 60 * NS_PER_MINUTE
METZ, ARS = CommuneId("metz"), CommuneId("ars")
NAMES = ("anne", "bruno", "chloe", "denis", "l.weber")


class WhoeverTheHeaderSays:
    """In that role, with papers of Metz, or of the commune that the header says."""

    def subject(self, connection, at_ns):
        communes = frozenset({CommuneId(connection.headers.get("x-commune", "metz"))})
        years = Agreement("d", date(2020, 1, 1), date(2040, 1, 1))
        role = Role(connection.headers.get("x-role", "operator"))
        approval = PrefectApproval("57-3", "Moselle", communes, date(2020, 1, 1), date(2040, 1, 1), date(2026, 1, 1))
        person = connection.headers["x-person"]
        return Subject(
            person, role, True, designation=Designation("csu-demonstration", communes, years), approval=approval
        )


class Wall:
    """What it was asked."""

    scenes = {"base": "", "event": "Événement"}

    def __init__(self) -> None:
        self.asked: list = []

    def ask(self, told) -> None:
        self.asked.append(told)


class Newest:
    """A desk of the hall that is tried now: the application is built once, its rooms for each test."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage, self._name = stage, name

    def __getattr__(self, name: str) -> object:
        return getattr(getattr(self._stage.hall, self._name), name)


class Stage:
    """One application."""

    hall: Hall

    def __init__(self) -> None:
        self.clock, self.room = SettableClock(), FakeRoom()
        rights = DemonstrationRights(self.room, date(2026, 1, 1))
        access = Access(rights, WhoeverTheHeaderSays(), JournalInMemory(self.clock))
        posts, log, shifts, visits, events = (
            Newest(self, name) for name in ("desk_of_posts", "log", "shifts", "visits", "events")
        )
        desks = Desks(watch=posts, log=log, service=shifts, visits=visits, events=events)
        self.app = create_app(self.room, clock=self.clock, access=access, desks=desks)


class Hall:
    """Rooms of its own; `again` is a centre that starts anew on the same files."""

    def __init__(self, path: Path, stage: Stage) -> None:
        self.path, self.app, self.clock, self.room = path, stage.app, stage.clock, stage.room
        self.clock.at_ns, stage.hall = NOW_NS, self
        self.told, self.wall, self.posts = [], Wall(), Posts(self.clock)
        self.open()

    def open(self) -> None:
        tell = self.told.append
        self.log = LogRoom(self.path / "log.sqlite", clock=self.clock, tell=tell)
        agents = tuple(Agent(name, name.title()) for name in NAMES)
        around = RoomAround(self.posts, lambda: ["panel-1/7"], lambda: agents)
        file = self.path / "service.sqlite"
        self.shifts = ServiceRoom(file, clock=self.clock, log=self.log, tell=self.hear, around=around)
        self.desk_of_posts = PostsWithNotes(self.posts, self.shifts)
        self.visits = VisitRoom(file, clock=self.clock, tell=self.hear)
        records = [line.record for line in self.room.cameras()]
        of_events = EventAround(lambda: records, Papers.stated("{}"), lambda: self.shifts.roster, self.wall)
        self.events = EventRoom(file, clock=self.clock, log=self.log, tell=self.hear, around=of_events)
        self.events._may_use = lambda camera, purpose, span: Decision(True, purpose, "")  # papers: test_event_room

    def hear(self, event) -> None:
        self.told.append(event)
        self.log.hear(event)

    def again(self) -> None:
        self.lines()
        self.close()
        self.open()

    def close(self) -> None:
        for room in (self.shifts, self.visits, self.events, self.log):
            room.close()

    def ask(self, person: str, method: str, path: str, body=None, **headers) -> httpx.Response:
        async def run():
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1:8600"
            ) as one:
                told = {"x-person": person} | {f"x-{name}": value for name, value in headers.items()}
                return await one.request(method, path, json=body, headers=told)

        return asyncio.run(run())

    def lines(self) -> list[str]:
        """Of the operations log, once all that waits is written."""

        async def written() -> list[str]:
            running = asyncio.create_task(self.log.run())
            while self.log._waiting:
                await asyncio.sleep(0.002)
            running.cancel()
            return [f"{entry.entry.by}: {entry.entry.text}" for entry in await self.log.newest(100)]

        return asyncio.run(written())


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


@pytest.fixture
def hall(tmp_path, stage) -> Iterator[Hall]:
    made = Hall(tmp_path, stage)
    yield made
    made.close()


def shift(name: str, from_h: float, to_h: float, *people: str) -> dict:
    return {
        "shift": name,
        "from_ns": NOW_NS + int(from_h * HOUR_NS),
        "to_ns": NOW_NS + int(to_h * HOUR_NS),
        "people": list(people),
    }


def plan(*shifts: dict, to_h: float = 16) -> dict:
    return {"from_ns": NOW_NS, "to_ns": NOW_NS + int(to_h * HOUR_NS), "shifts": list(shifts)}


NIGHT, DAY = shift("nuit", 0, 8.25, "anne", "bruno"), shift("jour", 8, 17, "chloe", "denis")


def set_roster(hall: Hall) -> None:
    assert hall.ask("l.weber", "PUT", "/api/service/roster", plan(NIGHT, DAY), role="room_chief").status_code == 200
    hall.lines()


def test_a_roster_of_fewer_than_two_is_refused_and_the_old_one_stands_after_a_restart(hall) -> None:
    set_roster(hall)
    short = plan(NIGHT, shift("jour", 8, 17, "chloe"))
    (fault,) = hall.ask("l.weber", "POST", "/api/service/roster/check", short, role="room_chief").json()
    assert (fault["kind"], fault["from_ns"], fault["who"]) == ("too_few", NIGHT["to_ns"], ["chloe"])
    refused = hall.ask("l.weber", "PUT", "/api/service/roster", short, role="room_chief")
    assert (refused.status_code, refused.json()["code"]) == (409, "roster_refused")
    assert "moins de deux agents" in refused.json()["detail"]["fr"]
    stranger = plan(NIGHT, shift("jour", 8, 17, "chloe", "zoe"))
    assert hall.ask("l.weber", "PUT", "/api/service/roster", stranger, role="room_chief").status_code == 409
    hall.again()
    told = hall.ask("anne", "GET", "/api/service").json()
    assert [each["people"] for each in told["shifts"]] == [["anne", "bruno"], ["chloe", "denis"]]
    assert (told["set_by"], told["planned_over"]) == ("l.weber", [[NOW_NS, NOW_NS + 16 * HOUR_NS]])
    assert hall.lines() == ["l.weber: tableau de service fixé, 15/01/2027 09:00 – 16/01/2027 01:00"]


def test_a_hole_is_told_before_it_comes_once_and_not_again_after_a_restart(hall) -> None:
    set_roster(hall)
    away = {"from_ns": NOW_NS + 10 * HOUR_NS, "to_ns": NOW_NS + 12 * HOUR_NS, "person": "denis"}
    told = hall.ask("l.weber", "POST", "/api/service/absences", away, role="room_chief")
    assert told.status_code == 201
    assert [(each["kind"], each["who"]) for each in told.json()["ahead"]][0] == ("too_few", ["chloe"])
    for _ in range(2):
        asyncio.run(hall.shifts.look())
    hall.again()
    asyncio.run(hall.shifts.look())
    ahead = [line for line in hall.lines() if "à venir" in line]
    assert ahead == [
        "csu: à venir, 15/01/2027 19:00 – 15/01/2027 21:00 : moins de deux agents (présents : chloe)",
        "csu: à venir, 16/01/2027 02:00 – 16/01/2027 09:00 : rien n'est prévu",
    ]
    assert AHEAD_NS >= 10 * HOUR_NS
    back = hall.ask("l.weber", "POST", "/api/service/absences/end", away, role="room_chief")
    assert back.json()["absences"] == []
    assert hall.ask("l.weber", "POST", "/api/service/absences/end", away, role="room_chief").status_code == 409


def test_the_note_is_signed_by_each_of_the_incoming_team_and_only_then_does_the_outgoing_one_leave(hall) -> None:
    set_roster(hall)
    for person in ("anne", "bruno", "chloe", "denis"):
        hall.posts.take_post(person)
    hall.clock.at_ns += 8 * HOUR_NS + 5 * NS_PER_MINUTE
    for person in ("anne", "bruno", "chloe", "denis"):
        hall.posts.seen_at_post(person)
    leave = {"handed_over": True}
    assert hall.ask("anne", "GET", "/api/service").json()["owed"] == "nuit"
    assert hall.ask("anne", "POST", "/api/watch/leave", leave).status_code == 409
    refused = hall.ask("anne", "POST", "/api/service/notes", {"text": "AB-123-CD devant la gare"})
    assert (refused.status_code, refused.json()["code"]) == (409, "note_refused")
    text = {"text": "Caméra 12 sale ; surveiller le parking."}
    (note,) = hall.ask("anne", "POST", "/api/service/notes", text).json()["notes"]
    assert (note["waiting"], note["text"], note["open_alarms"]) == (["chloe", "denis"], text["text"], 1)
    assert hall.ask("bruno", "POST", "/api/service/notes/1/sign").json()["code"] == "note_refused"
    assert hall.ask("chloe", "POST", "/api/service/notes/2/sign").json()["code"] == "note_unknown"
    assert hall.ask("chloe", "POST", "/api/service/notes/1/sign").status_code == 200
    assert hall.ask("anne", "POST", "/api/watch/leave", leave).status_code == 409
    hall.again()
    (note,) = hall.ask("denis", "GET", "/api/service").json()["notes"]
    assert (note["waiting"], note["may_sign"], note["is_acknowledged"]) == (["denis"], True, False)
    (note,) = hall.ask("denis", "POST", "/api/service/notes/1/sign").json()["notes"]
    assert (note["is_acknowledged"], [each["person"] for each in note["signatures"]]) == (True, ["chloe", "denis"])
    assert hall.ask("anne", "POST", "/api/watch/leave", leave).status_code == 200
    assert hall.lines()[-2:] == [
        "chloe: consigne n° 2 signée ; à signer par denis",
        "denis: consigne n° 2 signée ; toute l'équipe l'a signée",
    ]


def test_a_note_that_somebody_did_not_sign_is_told_once(hall) -> None:
    set_roster(hall)
    hall.clock.at_ns += 8 * HOUR_NS
    hall.ask("anne", "POST", "/api/service/notes", {"text": "Rien à signaler."})
    asyncio.run(hall.shifts.look())
    hall.clock.at_ns += 31 * NS_PER_MINUTE
    for _ in range(2):
        asyncio.run(hall.shifts.look())
    assert hall.ask("anne", "GET", "/api/service").json()["notes"][0]["is_late"]
    late = [line for line in hall.lines() if "non signée" in line]
    assert late == ["csu: consigne n° 2 non signée à temps (attendus : chloe, denis)"]


def test_a_visitor_is_recorded_by_name_and_the_log_knows_his_number_only(hall) -> None:
    visitor = {"name": "Jean Petit", "of": "Lorraine Réseaux", "purpose": "maintenance", "beside": "anne"}
    assert hall.ask("l.weber", "POST", "/api/visits", {**visitor, "beside": " "}, role="room_chief").status_code == 422
    plate = {**visitor, "name": "AB-123-CD"}
    assert hall.ask("l.weber", "POST", "/api/visits", plate, role="room_chief").status_code == 409
    (visit,) = hall.ask("l.weber", "POST", "/api/visits", visitor, role="room_chief").json()
    assert (visit["number"], visit["name"], visit["recorded_by"], visit["left_at_ns"]) == (
        1,
        "Jean Petit",
        "l.weber",
        None,
    )
    hall.again()
    (visit,) = hall.ask("l.weber", "POST", "/api/visits/1/left", role="csu_manager").json()
    assert visit["left_at_ns"] == NOW_NS
    assert hall.ask("l.weber", "POST", "/api/visits/1/left", role="room_chief").status_code == 409
    assert hall.ask("l.weber", "POST", "/api/visits/9/left", role="room_chief").status_code == 404
    assert hall.lines() == [
        "l.weber: visite n° 1 (maintenance) : entrée, accompagnée par anne",
        "l.weber: visite n° 1 (maintenance) : sortie, accompagnée par anne",
    ]
    hall.clock.at_ns += KEPT_NS
    hall.again()
    assert hall.ask("l.weber", "GET", "/api/visits", role="room_chief").json() == []
    assert b"Jean Petit" not in (hall.path / "service.sqlite").read_bytes()


MARKET = {
    "kind": "market",
    "commune": "metz",
    "place": "Place Saint-Louis",
    "from_ns": NOW_NS + HOUR_NS,
    "to_ns": NOW_NS + 5 * HOUR_NS,
    "cameras": ["cam-001", "cam-003"],
    "purpose": "persons_property",
    "scene": "event",
}


def test_an_event_is_planned_given_to_the_wall_runs_by_its_dates_and_is_closed_with_figures(hall) -> None:
    set_roster(hall)
    told = hall.ask("l.weber", "POST", "/api/planned-events", MARKET, role="room_chief")
    assert told.status_code == 201
    (event,) = told.json()["events"]
    assert (event["state"], event["fewest_planned"], told.json()["may_set"]) == ("planned", 2, True)
    (asked,) = hall.wall.asked
    assert isinstance(asked, ProgrammeSet)
    programme = asked.programme
    assert (programme.programme, programme.scene, programme.perimeter) == (
        programme_name(1),
        "event",
        (CameraId("cam-001"), CameraId("cam-003")),
    )
    moved = {**MARKET, "to_ns": NOW_NS + 2 * HOUR_NS, "staff_wanted": 3}
    assert hall.ask("l.weber", "PUT", "/api/planned-events/1", moved, role="csu_manager").status_code == 200
    hall.again()
    hall.wall.asked.clear()
    hall.events.open()
    (asked,) = hall.wall.asked
    assert asked.programme.span.to_ns == NOW_NS + 2 * HOUR_NS
    for hours, state in ((1, "running"), (2, "ended")):
        hall.clock.at_ns = NOW_NS + hours * HOUR_NS
        hall.events.look()
        assert hall.ask("anne", "GET", "/api/planned-events").json()["events"][0]["state"] == state
    assert hall.ask("l.weber", "PUT", "/api/planned-events/1", moved, role="room_chief").status_code == 409
    assert hall.ask("l.weber", "POST", "/api/planned-events/1/call-off", role="room_chief").status_code == 409
    (event,) = hall.ask(
        "l.weber", "POST", "/api/planned-events/1/report", {"outcome": "calm"}, role="room_chief"
    ).json()["events"]
    assert (event["state"], event["report"]["fewest_planned"], event["report"]["by"]) == ("reported", 2, "l.weber")
    heads = [line.split(") : ")[1] for line in hall.lines() if "événement n° 1" in line]
    assert heads == ["prévu", "modifié", "commence", "se termine", "clos, sans incident"]


def test_an_event_that_is_called_off_leaves_the_wall(hall) -> None:
    hall.ask("l.weber", "POST", "/api/planned-events", MARKET, role="room_chief")
    (event,) = hall.ask("l.weber", "POST", "/api/planned-events/1/call-off", role="room_chief").json()["events"]
    assert (event["state"], event["called_off_by"]) == ("called_off", "l.weber")
    assert hall.wall.asked[-1] == ProgrammeDropped(programme_name(1), "l.weber")


def test_an_event_of_another_commune_is_refused_as_one_that_is_none(hall) -> None:
    hall.ask("l.weber", "POST", "/api/planned-events", MARKET, role="room_chief")
    there = {"role": "room_chief", "commune": "ars"}
    assert hall.ask("a.roth", "GET", "/api/planned-events", **there).json()["events"] == []
    for path, body in (("call-off", None), ("report", {"outcome": "calm"})):
        for number in (1, 9):
            refused = hall.ask("a.roth", "POST", f"/api/planned-events/{number}/{path}", body, **there)
            assert (refused.status_code, refused.json()["code"]) == (404, "event_unknown")
    assert hall.ask("a.roth", "POST", "/api/planned-events", MARKET, **there).status_code == 403
    assert hall.ask("a.roth", "PUT", "/api/planned-events/1", MARKET, **there).status_code == 403
    theirs = {**MARKET, "commune": "ars"}
    assert hall.ask("a.roth", "PUT", "/api/planned-events/1", theirs, **there).status_code == 404
    assert hall.ask("a.roth", "POST", "/api/planned-events", theirs, **there).json()["code"] == "event_refused"


def test_a_demonstration_without_its_declaration_is_refused_in_words(hall) -> None:
    asked = {**MARKET, "kind": "demonstration"}
    refused = hall.ask("l.weber", "POST", "/api/planned-events", asked, role="room_chief")
    assert (refused.status_code, refused.json()["where"]) == (409, "event/reference")
    assert "numéro de déclaration" in refused.json()["detail"]["fr"]
    for bad in ({"staff_wanted": 1}, {"route": [[0, "NaN"]]}, {"to_ns": 0}, {"opinion": "x"}):
        refused = hall.ask("l.weber", "POST", "/api/planned-events", {**MARKET, **bad}, role="room_chief")
        assert refused.status_code == 422
