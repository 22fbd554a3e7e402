"""ACC-3, ACC-6, LOG-3: every role at every door of the console, as `doors.yaml` says, and the journal of each attempt.

The doors come from the application's own table of routes: one that is not in the file fails here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.routing import APIRoute, APIWebSocketRoute

from csu.console.access import door_of
from csu.evidence import receipt_of
from csu.governance import Role
from csu.governance.journal_entry import Outcome
from tests.compliance.doors.dpo_desks import dpo_bodies

TABLE = yaml.safe_load(Path(__file__).with_name("doors.yaml").read_text(encoding="utf-8"))
DIST = Path(__file__).parents[3] / "csu" / "console" / "web" / "dist"
IN_THE_PATH = {
    "{camera}": "cam-0012",
    "{case}": "2027-101",
    "{hold}": "G-2027-7",
    "{panel}": "panel-metz",
    "{sequence}": "7",
    "{message}": "leave",
    "{number}": "1",
    "{node}": "mur-b",
    "{commune}": "metz",
    "{month}": "2027-06",
    "{tile}": "place",
    "{deport}": "d-1",
    "{signal}": "s-cam-0012",
    "{draft}": "draft-1",
    "{record}": "pve-1",
    "{programme:path}": "market",
    "{version}": "1",
    "{sign}": "P-1",
    "{request}": "DA-2027-7",
    "{day}": "2027-05-20",
    "{rest:path}": "cam-0012/2027-05-20T10.mp4",
}
ASKS = {"log/alarm": "?alarm=panel-metz/7"}
_DAYS = "?first=2027-05-20&last=2027-05-21"
ASKS |= {"statistics/profile": f"{_DAYS}&kind=traffic", "statistics/day": "?day=2027-05-20&counter=serpenoise"}
ASKS |= {"statistics/csv": _DAYS, "statistics/parquet": _DAYS}
STRETCH = "?from_at=2027-05-20T10:00:00%2B02:00&to_at=2027-05-20T10:20:00%2B02:00"
MINUTE_NS = 60_000_000_000
MARKET = {"programme": "market", "scene": "few", "from_ns": 1_900_000_000 * 10**9, "to_ns": 1_900_003_600 * 10**9}
HOUR = {"from_ns": 1_900_000_000 * 10**9, "to_ns": 1_900_003_600 * 10**9}
ROSTER = {**HOUR, "shifts": [{**HOUR, "shift": "matin", "people": ["operator.1", "room_chief.1"]}]}
AWAY = {**HOUR, "person": "operator.1"}
VISITOR = {"name": "Jean Petit", "of": "Lorraine Réseaux", "purpose": "maintenance", "beside": "operator.1"}
AREA = {"kind": "market", "commune": "metz", "route": [], "perimeter": [[0, 0], [9, 0], [9, 9]]}
EVENT = {**AREA, **HOUR, "place": "Place d'Armes", "cameras": ["cam-0012"], "purpose": "persons_property"}


@dataclass(frozen=True)
class Line:
    """A door in one situation, as the file tells it."""

    door: str
    routes: tuple[str, ...]
    case: str
    journal: str
    answer: int
    granted: frozenset[str]
    refused: dict[str, int]
    is_shut: bool = False

    @property
    def name(self) -> str:
        return f"{self.door}-{self.case}" if self.case else self.door


def lines() -> Iterator[Line]:
    for told in TABLE["doors"]:
        machines = set(TABLE["machines"]) - set(told["granted"])
        refused = dict.fromkeys([*told["refused"], *machines], 403) | told.get("refused_otherwise", {})
        rest = (told.get("case", ""), told["journal"], told.get("answer", 200), frozenset(told["granted"]), refused)
        yield Line(told["door"], tuple(told["routes"]), *rest)
    shut = TABLE["shut"]
    for name, told in shut["names"].items():
        routes = tuple(route.replace("{name}", name) for route in shut["routes"])
        refused = dict.fromkeys([*shut["refused"], *TABLE["machines"]], 403)
        yield Line(f"past/{name}", routes, "", told["journal"], 0, frozenset(), refused, is_shut=True)


LINES = list(lines())


def route_text(route: Any) -> str:
    if isinstance(route, APIRoute):
        return f"{'|'.join(sorted(route.methods))} {route.path}"
    return f"{'WS' if isinstance(route, APIWebSocketRoute) else 'MOUNT'} {route.path}"


def door_name(route: Any) -> str:
    door = door_of([getattr(route, "endpoint", None), getattr(route, "app", None)])
    assert door is not None
    return door.name


def requests_of(line: Line, turn: int = 0) -> list[tuple[str, str]]:
    """(method, path) of each route; a route of many methods is asked by one of them, another each turn."""
    asked = []
    for route in line.routes:
        methods, path = route.split(" ", 1)
        for name, value in IN_THE_PATH.items():
            path = path.replace(name, value)
        if methods == "MOUNT":
            methods, path = "GET", f"{path}/{next((DIST / 'assets').glob('*.js')).name}"
        choice = methods.split("|")
        asked.append(
            (
                choice[turn % len(choice)],
                path + (STRETCH if line.door in ("cases/footage", "holds/request") else ASKS.get(line.door, "")),
            )
        )
    return asked


def bodies_of(act_json: dict[str, Any], hand_over_json: dict[str, Any], receipt_sha256: str = "") -> dict[str, bytes]:
    """A body that lacks nothing, of each door that takes one."""
    reason = {"reason": "2027/12"}
    bodies = {"cases/file": act_json, "cases/hand-over": hand_over_json, "cases/return": reason}
    bodies |= {"holds/request": reason, "holds/end": reason, "cases/prepare": {"recipients": ["age1"]}}
    bodies |= {"wall/show": {"camera": "cam-0012"}, "wall/reason": reason, "wall/lock": {"minutes": 5}}
    bodies |= {"wall/scene": {"scene": "few"}, "wall/programme": MARKET}
    bodies |= {"cases/reject": reason, "cases/offer": {"support": "BD-R 77", "is_rewritable": False, "copies": 1}}
    bodies |= {"cases/seal": {"seal": "S-12"}, "acts/look": act_json}
    bodies |= {"cases/receipt": {"sha256": receipt_sha256 or "0" * 64}}
    bodies |= {"cases/end-lock": reason, "cases/copy-destroyed": reason}
    bodies |= {"ptz/move": {"pan": 0.5}, "ptz/centre": {"x": 0.2, "y": 0.8}}
    bodies |= {"tours/begin": {"name": "Nuit", "cameras": ["cam-0012"], "dwell_s": 10, "slot": "place"}}
    bodies |= {"ptz/preset": {}, "ptz/preset-store": {"name": "Place d'Armes"}}
    deport = {"what": "violence", "recipient": "recipient.1", "cameras": ["cam-0012"], "alarm": "panel-metz/7"}
    bodies |= {"deports/start": deport | reason, "deports/prolong": reason, "deports/stop": {}}
    view, corners = {"view": "close"}, [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]
    bodies |= {"enforcement/open": {"session": "live-1", "offence": "red-light"}, "enforcement/still": view}
    bodies |= {"enforcement/standing": {"corners": corners}, "enforcement/standing-stop": view}
    bodies |= {"enforcement/paint": {"parts": [{"left": 0, "top": 0, "right": 0.5, "bottom": 0.5}]}}
    bodies |= {"enforcement/sign": {"plate": "AB-123-CD", "place": "rue des Clercs"}}
    zone = {"zone": "quai", "type": "restricted_zone", "corners": corners}
    bodies |= {"analysis/stop": reason, "analysis/resume": reason, "analysis/draw": {"zones": [zone]}}
    bodies |= {"signals/judge": {"verdict": "confirmed"}}
    bodies |= {"calls/telephoned": {"taken_by": "brigadier Roth"}}
    bodies |= {"alarms/advance": {"to": "closed"}}
    bodies |= {"service/roster": ROSTER, "service/check": ROSTER, "service/absence": AWAY, "service/absence-end": AWAY}
    bodies |= {"service/note": {"text": "Rien à signaler."}, "visits/enter": VISITOR}
    bodies |= {"planned-events/cameras": AREA, "planned-events/enter": EVENT, "planned-events/change": EVENT}
    bodies |= {"planned-events/report": {"outcome": "calm"}}
    bodies |= dpo_bodies()
    bodies |= {"log/write": {"text": "Attroupement place d'Armes."}}
    bodies |= {"inventory/lifecycle": {"to": "suspended", "reason": "travaux"}}
    bodies |= {"watch/leave": {"handed_over": True}}
    bodies |= {"account/passkey": {"challenge": "c", "credential": {}, "name": "clé"}}
    return {door: json.dumps(body).encode() for door, body in bodies.items()}


@pytest.fixture(scope="module")
def body_of(act_json, hand_over_json, shared_world) -> dict[str, bytes]:
    shared_world.desk.stand("sealed")
    return bodies_of(act_json, hand_over_json, receipt_of(shared_world.desk.cases()[0]).sha256)


@pytest.mark.requirement("ACC-3")
def test_every_route_of_the_application_is_in_the_table_and_no_other(shared_world) -> None:
    served = {(door_name(route), route_text(route)) for route in shared_world.app.routes}
    strangers = {(each["door"], route) for each in TABLE["strangers"] for route in each["routes"]}
    assert served == {(line.door, route) for line in LINES for route in line.routes} | strangers


@pytest.mark.requirement("ACC-3")
def test_every_line_says_yes_or_no_to_every_role() -> None:
    everybody = {*TABLE["roles"], *TABLE["machines"]}
    assert everybody == {role.value for role in Role}
    for line in LINES:
        assert line.granted | set(line.refused) == everybody, line.name
        assert not line.granted & set(line.refused), line.name


@pytest.mark.requirement("ACC-3")
@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_each_role_gets_what_the_table_says_and_the_journal_says_so_first(shared_world, body_of, line) -> None:
    for turn, role in enumerate(Role):
        for method, path in requests_of(line, turn):
            answer, entries = asked(shared_world, body_of, line, method, path, role)
            where = f"{role.value}: {method} {path}"
            if role.value in line.granted:
                assert answer.status == line.answer, (where, answer.body)
                assert answer.body or answer.status == 204
                wanted = [] if line.journal == "none" else [(line.journal, Outcome.GRANTED)]
            else:
                assert answer.status == line.refused[role.value], (where, answer.body)
                operation = "route" if line.journal == "none" else line.journal
                wanted = [(operation, Outcome.REFUSED)]
                assert_told_why(shared_world, answer, method, line)
            assert [(entry.operation, entry.outcome) for entry in entries] == wanted, where
            for entry in entries:
                assert (entry.role, entry.subject) == (role.value, f"console/{line.door}")
                assert bool(entry.refusal) is (entry.outcome is Outcome.REFUSED)
            assert shared_world.seen[0] == ("journal" if wanted else "byte"), where


@pytest.mark.requirement("ACC-3")
@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_nobody_unknown_comes_in_anywhere(shared_world, body_of, line) -> None:
    for method, path in requests_of(line):
        answer, (entry,) = asked(shared_world, body_of, line, method, path, None)
        assert answer.status == (403 if method == "WS" else 401)
        assert (entry.author, entry.outcome, entry.refusal) == ("nobody", Outcome.REFUSED, "console.not_identified")
        assert shared_world.seen[0] == "journal"


@pytest.mark.requirement("ACC-6")
@pytest.mark.parametrize("told", TABLE["strangers"], ids=lambda told: told["door"])
def test_a_stranger_learns_nothing_at_the_doors_by_which_people_come_in(shared_world, told) -> None:
    """A page that names nobody, or a refusal: this console has no accounts (503), or nothing was asked for (422)."""
    for route in told["routes"]:
        method, path = route.split(" ")
        for role in (None, Role.OPERATOR):
            answer = shared_world.ask(method, path, role)
            is_page = method == "GET" and "oidc" not in path
            assert answer.status in ({200} if is_page else {422, 503}), (route, role)
            assert not any(secret in answer.body for secret in (b"cam-0012", b"metz", b"operator.1"))
            assert "set-cookie" not in answer.headers


def test_the_description_of_the_api_tells_the_right_that_each_operation_needs_and_types_every_answer(world) -> None:
    schema = json.loads(world.ask("GET", "/api/openapi.json", Role.TECH_ADMIN).body)
    assert set(schema["components"]["securitySchemes"]) == {"token"}
    told = {
        (operation["x-csu-door"], f"{method.upper()} {path}")
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    }
    strangers = {(each["door"], route) for each in TABLE["strangers"] for route in each["routes"]}
    served = {(line.door, route.replace(":path}", "}")) for line in LINES for route in line.routes}
    assert told <= served | strangers
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["x-csu-action"], path
            assert {"4XX", "5XX"} < set(operation["responses"])
            for code, answer in operation["responses"].items():
                kinds = answer.get("content", {})
                assert kinds or code == "204", (path, code)
                assert all(kind.get("schema") for name, kind in kinds.items() if name == "application/json"), path


def account(role: Role) -> str:
    return f"{role.value}.1"


def asked(world, body_of, line: Line, method: str, path: str, role: Role | None) -> tuple[Any, list[Any]]:
    """The answer and the entries of one cell, from a fresh start."""
    world.desk.stand(line.case or "released")
    world.alarms.ring()
    world.wall.hang("nobody" if role is None else account(role))
    world.clock.runs_ns += 2 * MINUTE_NS
    world.entries()
    world.seen.clear()
    return world.ask(method, path, role, body=body_of.get(line.door, b"")), world.entries()


def assert_told_why(world, answer, method: str, line: Line) -> None:
    """Refused in two languages, and not one byte of the past."""
    assert world.desk.asked == []
    if method == "WS":
        assert answer.body == b""
    elif method != "HEAD":
        told = json.loads(answer.body)
        assert told["fr"] != told["en"]
        assert told["rule"] or answer.status == 404  # there is no such thing, or none that is his to know of
        assert told["code"] == ("replay_closed" if line.is_shut else told["code"])
