"""OPS-4, ACC-4 at the console's doors: the chief opens, the room knows, one named person sees, live, until it ends.

Doors, gate, rights, room and book are those that run; the relay hands out what the test says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest

from csu.centre.rooms import deport_room
from csu.centre.rooms.deport_keeping import FILE
from csu.centre.rooms.deport_room import DeportParts, DeportRoom
from csu.console import Desks, create_app
from csu.governance import (
    Agreement,
    Author,
    AuthorisationRegister,
    Clearance,
    People,
    Person,
    Rights,
    Role,
    rights,
)
from csu.governance.journal_entry import Outcome
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.operations import DeportAsked, DeportBook, DeportStore, Incident
from tests.compliance.doors.conftest import World
from tests.compliance.doors.facts import ARS, CAMERA, FAR_CAMERA, NOON, papers

YEARS = Agreement("decision 12", date(2027, 1, 1), date(2030, 1, 1))
CLEARED = Clearance("hab-7", "dipn-57", YEARS)
ROTH = Person("recipient.1", "Luc Roth", frozenset({Role.RECIPIENT}), clearance=CLEARED)
START = {"what": "violence", "recipient": "recipient.1", "cameras": [CAMERA], "alarm": "panel-metz/7", "reason": "rixe"}


@dataclass
class Socket:
    """One recipient's WebSocket, held open."""

    world: Any
    path: str
    role: Role = Role.RECIPIENT
    messages: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pictures(self) -> list[bytes]:
        return [each["bytes"] for each in self.messages if each.get("bytes")]

    @property
    def close_code(self) -> int | None:
        return next((each["code"] for each in self.messages if each["type"] == "websocket.close"), None)

    async def __aenter__(self) -> Socket:
        opening = [{"type": "websocket.connect"}]

        async def receive() -> dict[str, Any]:
            if opening:
                return opening.pop()
            await self.gone.wait()
            return {"type": "websocket.disconnect", "code": 1001}

        async def send(message: dict[str, Any]) -> None:
            self.messages.append(message)
            self.news.set()

        told = {"host": "127.0.0.1:8600", "origin": "http://127.0.0.1:8600"}
        told["authorization"] = self.world.token(self.role)
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": self.path,
            "raw_path": self.path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8600),
            "subprotocols": [],
        }
        self.task = asyncio.create_task(self.world.app(scope, receive, send))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gone.set()
        await self.task

    async def until(self, holds) -> None:
        async with asyncio.timeout(5):
            while not holds():
                self.news.clear()
                await self.news.wait()


class Hall:
    """The console of `World` with the deports of a running centre; one for many tests, fresh for each."""

    def __init__(self) -> None:
        self.world = World()
        self.world.app = create_app(
            self.world.room,
            clock=self.world.clock,
            access=self.world.access,
            desks=Desks(alarms=self.world.alarms, deports=self),
        )

    def __getattr__(self, name: str) -> Any:
        """As a desk of the console it is the room of now."""
        return getattr(self.__dict__["room"], name)

    def fresh(self, directory) -> None:
        world = self.world
        self.directory, self.people, self.given = directory, People((ROTH,)), 0
        self.told: list[object] = []
        world.clock.at_ns, world.clock.runs_ns = NOON, 0
        world.people.withdrawn.clear()
        world.room.relay.more = asyncio.Event()
        world.alarms.ring()
        world.entries()
        self.rights = world.access.rights
        self.start_centre()

    def new(self, kind: str) -> str:
        self.given += 1
        return f"{kind}-{self.given}"

    def decide(self, subject, action, resource, at_ns):
        return self.rights.decide(subject, action, resource, at_ns)

    def start_centre(self) -> None:
        """The centre starts, or starts again."""
        world = self.world
        parts = DeportParts(
            clock=world.clock,
            ids=self,
            journal=world.journal,
            papers=self,
            people=lambda: self.people,
            alarms=world.alarms.unfinished,
            relay=world.room.relay,
            minutes_max=120,
            tell=self.told.append,
        )
        self.store = DeportStore(self.directory / FILE)
        self.room = DeportRoom(self.store, parts)
        world.runner.run(self.room.open())

    def ask(self, method: str, path: str, role: Role, body: object = None) -> tuple[int, Any]:
        answer = self.world.ask(method, path, role, body=b"" if body is None else json.dumps(body).encode())
        return answer.status, answer.body if method == "WS" else json.loads(answer.body)

    def look(self) -> None:
        self.world.runner.run(self.room._look())


@pytest.fixture(scope="module")
def built() -> Iterator[Hall]:
    made = Hall()
    with made.world.runner:
        yield made


@pytest.fixture
def hall(built, tmp_path, monkeypatch) -> Iterator[Hall]:
    monkeypatch.setattr(deport_room, "LOOK_EVERY_S", 0.005)
    built.fresh(tmp_path)
    yield built
    built.store.close()


CHIEF, OPERATOR, RECIPIENT = Role.ROOM_CHIEF, Role.OPERATOR, Role.RECIPIENT


@pytest.mark.requirement("OPS-4", "ACC-4")
def test_one_deport_from_its_opening_to_its_end(hall) -> None:
    """Opened by the chief for a reason, told at the centre, seen by one person, journaled, over with its incident."""
    assert hall.ask("GET", "/api/deports/mine", RECIPIENT) == (200, [])
    assert hall.ask("WS", f"/ws/deport/deport-1/{CAMERA}", RECIPIENT)[0] == 403
    hall.world.entries()
    status, made = hall.ask("POST", "/api/deports", CHIEF, START)
    assert status == 200
    assert (made["is_open"], made["seconds_left"], made["recipient"]["name"]) == (True, 1_800.0, "Luc Roth")
    gate, room = hall.world.entries()
    assert (gate.subject, gate.reference, [each.camera for each in gate.data]) == (
        "console/deports/start",
        "panel-metz/7",
        [CAMERA],
    )
    assert (room.subject, room.recipient, room.author) == ("deport-1/started", "recipient.1", "room_chief.1")

    (seen,) = hall.ask("GET", "/api/deports", OPERATOR)[1]["deports"]
    assert (seen["cameras"][0]["name"], seen["lines"][0]["reason"]) == ("Place d'Armes", "rixe")
    (mine,) = hall.ask("GET", "/api/deports/mine", RECIPIENT)[1]
    assert [each["camera"] for each in mine["cameras"]] == [CAMERA]
    hall.world.entries()
    assert hall.ask("WS", f"/ws/deport/deport-1/{CAMERA}", RECIPIENT)[0] == 101
    (viewed,) = hall.world.entries()
    assert (viewed.subject, viewed.outcome, viewed.recipient) == (
        "console/deports/view",
        Outcome.GRANTED,
        "recipient.1",
    )

    async def watch_until_the_alarm_is_over() -> Socket:
        async with Socket(hall.world, f"/ws/deport/deport-1/{CAMERA}") as socket:
            await socket.until(lambda: socket.pictures)
            assert hall.room.watching("deport-1") == {CAMERA: 1}
            hall.world.alarms._desk = type(hall.world.alarms._desk)()  # closed, and gone from the desk
            await hall.room._look()
            await socket.until(lambda: socket.close_code)
            return socket

    socket = hall.world.runner.run(watch_until_the_alarm_is_over())
    assert (socket.close_code, len(socket.pictures)) == (4404, 1)
    assert hall.ask("WS", f"/ws/deport/deport-1/{CAMERA}", RECIPIENT)[0] == 403
    (mine,) = hall.ask("GET", "/api/deports/mine", RECIPIENT)[1]
    assert (mine["is_open"], mine["cameras"], mine["why"]) == (False, [], "incident_over")
    assert "incident" in mine["why_words"]["fr"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"alarm": "panel-metz/8"}, 409),
        ({"alarm": ""}, 409),
        ({"recipient": "nobody"}, 409),
        ({"minutes": 100_000}, 409),
        ({"reason": "voiture AB-123-CD"}, 409),
        ({"reason": ""}, 403),
        ({"cameras": [FAR_CAMERA]}, 403),
        ({"cameras": [CAMERA, "cam-9999"]}, 403),
        ({"cameras": []}, 403),
        ({"permanent": True}, 422),
        ({"what": "curiosity"}, 422),
        ({"event": "../../x"}, 422),
    ],
)
def test_what_is_not_opened_is_told_why_and_nothing_is(hall, change, code) -> None:
    status, told = hall.ask("POST", "/api/deports", CHIEF, START | change)
    assert status == code, told
    assert told["fr"] != told["en"]
    assert hall.room.deports() == []


def test_another_person_another_camera_another_name_and_another_role_see_nothing(hall) -> None:
    hall.ask("POST", "/api/deports", CHIEF, START)
    for path in (f"deport-1/{FAR_CAMERA}", f"deport-2/{CAMERA}", "deport-1/cam-9999", f"deport-1/{CAMERA}/x"):
        assert hall.ask("WS", f"/ws/deport/{path}", RECIPIENT)[0] == 403, path
    for role in set(Role) - {RECIPIENT}:
        assert hall.ask("WS", f"/ws/deport/deport-1/{CAMERA}", role)[0] == 403, role
    assert hall.ask("WS", f"/ws/live/{CAMERA}", RECIPIENT)[0] == 403
    assert hall.ask("POST", f"/api/cameras/{CAMERA}/ptz/move", RECIPIENT, {"pan": 1})[0] == 403
    assert hall.ask("GET", f"/api/replay/{CAMERA}", RECIPIENT)[0] == 403


@pytest.mark.parametrize("ended_by", ["chief", "time", "gate"])
def test_who_watches_is_cut_when_it_ends(hall, ended_by) -> None:
    hall.ask("POST", "/api/deports", CHIEF, START)

    async def play() -> Socket:
        async with Socket(hall.world, f"/ws/deport/deport-1/{CAMERA}") as socket:
            await socket.until(lambda: socket.pictures)
            if ended_by == "chief":
                await hall.world.send(
                    "POST", "/api/deports/deport-1/stop", {"authorization": hall.world.token(CHIEF)}, b"{}"
                )
            elif ended_by == "time":
                hall.world.clock.at_ns += 30 * NS_PER_MINUTE
                await hall.room._look()
            else:  # the account is withdrawn, and the room has not looked yet: the gate asks again by itself
                hall.world.people.withdrawn.add(RECIPIENT)
                hall.world.clock.runs_ns += 31 * NS_PER_S
                hall.world.room.relay.more.set()
            await socket.until(lambda: socket.close_code)
            return socket

    socket = hall.world.runner.run(play())
    assert socket.close_code == (4401 if ended_by == "gate" else 4404)
    assert len(socket.pictures) == 1
    assert hall.room.watching("deport-1") == {}


def test_a_withdrawn_clearance_ends_it_and_the_centre_says_which_rule(hall) -> None:
    hall.ask("POST", "/api/deports", CHIEF, START)
    hall.people = People((replace(ROTH, clearance=replace(CLEARED, service="cic")),))
    hall.world.clock.at_ns += 6 * NS_PER_S
    hall.look()
    (seen,) = hall.ask("GET", "/api/deports", CHIEF)[1]["deports"]
    assert (seen["why"], seen["lines"][-1]["reason"]) == ("right", "acc-4.not-cleared")


def test_a_camera_withdrawn_by_its_order_goes_alone(hall) -> None:
    facts = papers()
    order = replace(facts.authorisations[0], cameras=frozenset({CAMERA, FAR_CAMERA}))
    notes = (*facts.notifications, replace(facts.notifications[0], camera=FAR_CAMERA))
    services = (*facts.services, replace(facts.services[0], commune=facts.cameras[1].commune))
    both = replace(facts, authorisations=(order,), notifications=notes, services=services)
    hall.rights = Rights(AuthorisationRegister(both))
    room = hall.room
    asked = DeportAsked(Incident.FIRE, (CAMERA, FAR_CAMERA), "feu", alarm="panel-metz/7")
    hall.world.runner.run(room.start(asked, "recipient.1", Author("room_chief.1", "room_chief")))
    hall.rights = Rights(AuthorisationRegister(papers()))
    hall.world.clock.at_ns += 6 * NS_PER_S
    hall.look()
    (less,) = room.deports()
    assert (less.is_open, less.shown) == (True, (CAMERA,))
    (seen,) = hall.ask("GET", "/api/deports", CHIEF)[1]["deports"]  # he has Metz only: of the other he hears its number
    assert ([each["camera"] for each in seen["cameras"]], seen["others"]) == ([CAMERA], 1)
    assert seen["lines"][-1]["cameras"] == []


def test_a_deport_of_another_commune_is_one_that_does_not_exist(hall, monkeypatch) -> None:
    hall.ask("POST", "/api/deports", CHIEF, START)
    there_now = hall.world.room.cameras()
    moved = [replace(line, record=replace(line.record, commune=ARS)) for line in there_now]
    monkeypatch.setattr(type(hall.world.room), "cameras", lambda self: moved)
    assert hall.ask("GET", "/api/deports", CHIEF)[1]["deports"] == []
    there, none = (hall.ask("POST", f"/api/deports/{name}/stop", CHIEF, {}) for name in ("deport-1", "deport-9"))
    assert there == none
    assert there[0] == 404
    assert hall.room.deports()[0].is_open


def test_after_a_restart_it_goes_on_and_the_recipient_comes_back(hall) -> None:
    made = hall.ask("POST", "/api/deports", CHIEF, START)[1]
    hall.store.close()
    hall.start_centre()
    (seen,) = hall.ask("GET", "/api/deports", CHIEF)[1]["deports"]
    assert (seen["until_ns"], [line["step"] for line in seen["lines"]]) == (made["until_ns"], ["started", "resumed"])
    assert hall.ask("WS", f"/ws/deport/deport-1/{CAMERA}", RECIPIENT)[0] == 101


def the_rights_ask_for_no_deport(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rights, "_deport_open", lambda subject, resource, at_ns: True)


def the_room_shows_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DeportBook, "shows", lambda self, deport, account, camera, now_ns: True)


@pytest.mark.parametrize("plant", [the_rights_ask_for_no_deport, the_room_shows_all])
def test_each_of_the_two_locks_holds_without_the_other(hall, monkeypatch, plant) -> None:
    hall.ask("POST", "/api/deports", CHIEF, START)
    hall.ask("POST", "/api/deports/deport-1/stop", CHIEF, {})
    plant(monkeypatch)
    for path in (f"deport-1/{CAMERA}", f"deport-2/{CAMERA}"):
        assert hall.ask("WS", f"/ws/deport/{path}", RECIPIENT)[1] == b"", path


def test_without_both_locks_it_would_be_seen(hall, monkeypatch) -> None:
    """Who tests the tester."""
    hall.ask("POST", "/api/deports", CHIEF, START)
    hall.ask("POST", "/api/deports/deport-1/stop", CHIEF, {})
    the_rights_ask_for_no_deport(monkeypatch)
    the_room_shows_all(monkeypatch)
    assert hall.ask("WS", f"/ws/deport/deport-1/{CAMERA}", RECIPIENT)[1] != b""
