"""ACC-1, ACC-2, COM-2, COM-3: role x route x commune, for people with any papers. An oracle of its own says who may.

Every route of the application is asked, about cameras, alarms, cases and tiles of this commune and that, and of none.
Who comes in is whom the oracle lets in; and no answer, nor a refusal, names anything of a commune that is not his.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute

from csu.console import access, alarms
from csu.console.access import Asked, Door, Question, door_of
from csu.console.case_reach import CaseReach
from csu.console.gate import Gate
from csu.governance import Action, Resource, Rights, Role
from csu.hal.camera import CameraId
from tests.compliance.doors.city import (
    ASKED_FOR,
    CAMERAS,
    CASES,
    COMMUNES,
    DEPORTS,
    HOLDS,
    METZ,
    NO_CAMERA,
    OURS,
    OWN_ONLY,
    TILES,
    Answer,
    City,
    Someone,
    Thing,
    instant,
    may,
    someone,
    tokens_of,
)
from tests.compliance.doors.test_acc_routes import ASKS, DIST, IN_THE_PATH, STRETCH, bodies_of

CHOICES: dict[str, tuple[str, ...]] = {
    "{camera}": (*CAMERAS, NO_CAMERA),
    "{panel}": (*(f"p-{commune}" for commune in COMMUNES), "p-none"),
    "{case}": (*CASES, "2027-999"),
    "{hold}": (*HOLDS, *ASKED_FOR, "G-2027-99"),
    "{tile}": (*TILES, "spot"),
    "{commune}": (*COMMUNES, "nulle-part"),
    "{deport}": (*DEPORTS, "d-99"),
    "{signal}": (*(f"s-{camera}" for camera in CAMERAS), "s-none"),
}
"""Names of things that lie in a commune, and of one that there is not."""
OF_NO_COMMUNE = {"{message}", "{number}", "{month}", "{node}", "{programme:path}", "{rest:path}", "{sequence}"}
OF_NO_COMMUNE |= {"{day}", "{request}", "{sign}", "{version}"}
OF_NO_COMMUNE |= {"{draft}", "{record}"}  # an agent's own, whichever camera they are of: nobody else has any
"""Names of things that lie in none, or are told by another name beside them."""
OF_THE_WHOLE_ROOM = {"log", "log/alarm", "log/entry"}
"""Not cut by commune: the room keeps one log, of entries that say in free words where something was."""
SHOWS_THE_WHOLE_WALL = {"wall", "wall_live"}
OF_EVERY_CAMERA = {"metrics", "communes/all"}


@dataclass(frozen=True)
class Cell:
    """One request and what it is about. `typed`: the names that the asker wrote himself."""

    door: Door
    method: str
    path: str
    body: bytes
    thing: Thing
    typed: frozenset[str]


def unexplained(routes: list[Any]) -> set[str]:
    """Names in paths of which nobody said where they lie."""
    names = {part for route in routes for part in route.path.split("/") if part.startswith("{")}
    return names - set(CHOICES) - OF_NO_COMMUNE


def cells_of(app: Any, bodies: dict[str, bytes], choose: Callable[[tuple[str, ...]], str]) -> Iterator[Cell]:
    """Every route, by one of its methods, about things that `choose` picks."""
    for turn, route in enumerate(app.routes):
        door = door_of([getattr(route, "endpoint", None), getattr(route, "app", None)])
        assert door is not None
        if door.is_for_anybody:
            continue
        methods = ["WS"] if isinstance(route, APIWebSocketRoute) else sorted(getattr(route, "methods", ["GET"]))
        names = {name: choose(values) for name, values in CHOICES.items()}
        path, typed = route.path, {}
        for name, value in (names | {key: IN_THE_PATH[key] for key in IN_THE_PATH if key not in names}).items():
            if name in path:
                typed[name] = value
            path = path.replace(name, value)
        if not isinstance(route, APIRoute | APIWebSocketRoute):
            path = f"{path}/{next((DIST / 'assets').glob('*.js')).name}"
        path += STRETCH if door.name in ("cases/footage", "holds/request") else ASKS.get(door.name, "")
        body = bodies.get(door.name, b"").replace(b"cam-0012", b"cam-0101")
        if door.name == "wall/show":
            typed["{camera}"] = names["{camera}"]
            body = json.dumps({"camera": names["{camera}"]}).encode()
        if door.name == "deports/start":
            typed["{camera}"] = names["{camera}"]
            body = json.dumps(json.loads(body) | {"cameras": [names["{camera}"]]}).encode()
        thing = thing_of(door, typed)
        yield Cell(door, methods[turn % len(methods)], path, body, thing, frozenset(typed.values()))


def thing_of(door: Door, typed: dict[str, str]) -> Thing:
    """What that request is about, in the words of the oracle."""
    if door.name in SHOWS_THE_WHOLE_WALL:
        return Thing(tuple(each.camera for each in CAMERAS.values() if each.state == "open" and each.on_wall))
    if door.name in OF_EVERY_CAMERA:
        return Thing(communes=tuple({each.commune for each in CAMERAS.values()}))
    if door.name == "cases/own":
        return Thing(situation=frozenset("P"))
    if door.action in (Action.SNAPSHOT, Action.TICKET_OPEN):  # no camera of the city is there for tickets
        return Thing(situation=frozenset())
    if "{commune}" in typed:
        return Thing(communes=(typed["{commune}"],), exists=typed["{commune}"] in COMMUNES)
    if door.name in ("tours/begin", "cases/file"):  # whose body names a camera of that commune
        return Thing(communes=(CAMERAS["cam-0101"].commune,))
    if door.name.startswith("planned-events/"):
        return Thing(communes=(METZ,))
    if "{panel}" in typed:
        commune = typed["{panel}"].removeprefix("p-")
        return Thing(communes=(commune,), exists=commune in COMMUNES)
    if "{signal}" in typed:
        camera = typed["{signal}"].removeprefix("s-")
        return Thing((camera,), exists=camera in CAMERAS)
    if "{deport}" in typed:
        camera = DEPORTS.get(typed["{deport}"])
        asked = typed.get("{camera}", camera)
        if door.action is Action.DEPORT_STOP:  # who knows of it may close it
            return Thing(communes=(CAMERAS[camera].commune,) if camera else (), exists=camera is not None)
        held = {"R"} | ({"O"} if asked == camera else set())
        return Thing((asked or "",), exists=camera is not None and asked in CAMERAS, situation=frozenset(held))
    if "{case}" in typed and door.action is not Action.CASE_FILE:
        camera = CASES.get(typed["{case}"])
        asked = typed.get("{camera}", camera)
        held = {"L", "2", "R"} | ({"I"} if asked == camera else set()) | {"P"}
        return Thing((asked or "",), exists=asked in CAMERAS and camera is not None, situation=frozenset(held))
    if "{camera}" in typed:
        return Thing((typed["{camera}"],), exists=typed["{camera}"] in CAMERAS)
    if "{hold}" in typed:
        camera = (ASKED_FOR if door.action is Action.HOLD_PLACE else HOLDS).get(typed["{hold}"])
        return Thing((camera or "",), exists=camera is not None)
    if "{tile}" in typed and door.action is Action.WALL_TILE and typed["{tile}"] in TILES:
        return Thing((TILES[typed["{tile}"]],))
    return Thing()


def is_expected(who: Someone, cell: Cell) -> bool:
    """The oracle's answer. Of no thing in particular, a delegate asks about his own commune."""
    if cell.door.is_closed:
        return False
    thing = cell.thing
    if who.role in OWN_ONLY and cell.door.name in OF_EVERY_CAMERA:
        return False  # of the whole centre, though all its communes be his (COM-4)
    if who.role in OWN_ONLY and thing == Thing() and who.communes:
        thing = Thing(communes=tuple(who.communes)[:1])
    if cell.door.action is Action.HOLD_END and who.role is Role.EVIDENCE_CLERK:
        return False  # he placed it
    if who.role is Role.DPO and cell.door.action in (Action.REPLAY, Action.PAST_STREAM):
        return False  # P: these cases are officers', not requests for access
    return may(who, cell.door.action.value, thing)


def came_in(answer: Answer) -> bool:
    """Past the gate, and told of something that there is."""
    if answer.status in (401, 403, 404):
        return False
    return answer.status < 400 or not json.loads(answer.body)["rule"]


def troubles_of(city: City, who: Someone, cell: Cell) -> list[str]:
    answer, expected = city.ask_as(who, cell.method, cell.path, cell.body), is_expected(who, cell)
    told = []
    if came_in(answer) is not expected:
        told.append(f"{cell.method} {cell.path}: {answer.status} {answer.body[:200]!r}, expected {expected}")
    if cell.door.name not in OF_THE_WHOLE_ROOM:
        text = answer.body.decode(errors="replace")
        hidden = {token for commune in set(COMMUNES) - who.scope for token in tokens_of(commune)}
        leaked = {token for token in hidden - cell.typed if token in text}
        if leaked:
            told.append(f"{cell.method} {cell.path}: {answer.status} names {sorted(leaked)}")
    return told


@pytest.fixture(scope="module")
def bodies(act_json, hand_over_json) -> dict[str, bytes]:
    return bodies_of(act_json, hand_over_json)


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    made = City()
    with made.runner:
        yield made


def test_every_name_in_a_path_is_said_to_lie_in_a_commune_or_in_none(city) -> None:
    assert not unexplained(city.app.routes)


def judged(city: City, bodies: dict[str, bytes], people: int, cells_each: int, only: str = "") -> list[str]:
    """Ask as so many people; each asks so many routes, the next ones in the table. `only`: of doors so called."""
    doors = [cell.door.name for cell in cells_of(city.app, bodies, lambda values: values[0])]
    size, found = sum(name.startswith(only) for name in doors), []
    for seed in range(people):
        who, choose = someone(seed), random.Random(seed).choice
        asked = [cell for cell in cells_of(city.app, bodies, choose) if cell.door.name.startswith(only)]
        begin = seed * cells_each % size
        for cell in itertools.islice(itertools.cycle(asked), begin, begin + cells_each):
            found += [f"{who}\n  {each}" for each in troubles_of(city, who, cell)]
    return found


def test_who_comes_in_where_is_whom_the_law_lets_in_and_no_answer_names_another_commune(city, bodies) -> None:
    found = judged(city, bodies, people=54, cells_each=16)
    assert not found, f"{len(found)}:\n" + "\n".join(found[:20])


def lists_are_not_cut(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gate, "reaches", lambda gate, subject, action, commune: True)


def an_alarm_is_anybodys(patch: pytest.MonkeyPatch) -> None:
    async def about(question: Question) -> Asked:
        return Asked()

    patch.setattr(alarms, "_one_alarm", lambda room: about)


def a_case_is_anybodys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CaseReach, "cases", lambda reach, subject, cases, at_ns: list(cases))


def the_camera_asked_about_is_another_than_the_one_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(access, "live_camera", lambda question, camera: Asked((Resource(camera=CameraId("cam-0101")),)))


def papers_count_for_ever(patch: pytest.MonkeyPatch) -> None:
    asked, then_ns = Rights._in_scope, instant("2027-05-15 12:00")
    patch.setattr(Rights, "_in_scope", lambda rights, who, what, at_ns: asked(rights, who, what, then_ns))


PLANTED = {
    lists_are_not_cut: "alarms/list",
    an_alarm_is_anybodys: "alarms/acknowledge",
    a_case_is_anybodys: "cases/list",
    the_camera_asked_about_is_another_than_the_one_shown: "ptz/",
    papers_count_for_ever: "alarms/",
}


@pytest.mark.parametrize("defect", PLANTED, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found(defect, bodies, monkeypatch) -> None:
    defect(monkeypatch)
    made = City()
    with made.runner:
        assert judged(made, bodies, people=72, cells_each=2, only=PLANTED[defect])


IN_ROZANGE = Someone(Role.OPERATOR, (frozenset({"rozange"}), "valid", OURS), police=True)
HIDDEN = [
    ("POST", "/api/alarms/{}/7/acknowledge", ("p-bleury", "p-none"), {}),
    ("POST", "/api/alarms/{}/7/advance", ("p-bleury", "p-none"), {"to": "acked"}),
    ("GET", "/api/cases/{}", ("2027-303", "2027-999"), {}),
    ("POST", "/api/cases/{}/lock", ("2027-303", "2027-999"), {}),
    ("POST", "/api/cases/{}/prepare", ("2027-303", "2027-999"), {"recipients": ["age1"]}),
    ("POST", "/api/holds/{}/place", ("G-2027-18", "G-2027-99"), {}),
    ("POST", "/api/holds/{}/end", ("G-2027-8", "G-2027-99"), {"reason": "2027/12"}),
    ("POST", "/api/calls/{}/7/telephoned", ("p-bleury", "p-none"), {"taken_by": "Roth"}),
    ("POST", "/api/cameras/{}/ptz/stop", ("cam-0301", NO_CAMERA), {}),
    ("POST", "/api/cameras/{}/messages/leave", ("cam-0302", NO_CAMERA), {}),
]


@pytest.mark.parametrize(("method", "path", "names", "body"), HIDDEN)
def test_what_lies_in_another_commune_is_refused_word_for_word_like_what_there_is_not(
    city, method, path, names, body
) -> None:
    """Nobody finds out by trying numbers what there is elsewhere; of alarms and cameras the journal knows it."""
    who = IN_ROZANGE if "cases" not in path and "holds" not in path else replace(IN_ROZANGE, role=Role.EVIDENCE_CLERK)
    told, rules = [], []
    for name in names:
        answer = city.ask_as(who, method, path.format(name), json.dumps(body).encode() if body else b"")
        told.append((answer.status, answer.body.decode().replace(name, "*")))
        rules += [entry.refusal for entry in city.entries()]
    assert told[0] == told[1]
    assert told[0][0] >= 400
    assert rules[0] == "com-3.out-of-scope" or "cases" in path or "holds" in path


@pytest.mark.nightly
def test_of_many_people_each_at_every_door(city, bodies) -> None:
    found = judged(city, bodies, people=250, cells_each=len(city.app.routes))
    assert not found, f"{len(found)}:\n" + "\n".join(found[:20])
