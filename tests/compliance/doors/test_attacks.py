"""What is tried against every door, whatever it is for: read from the application's own table of routes.

Forged origins, fields that nobody asked for, bodies without end, texts that would forge a line of a log, paths that
climb. A door that is added tomorrow is tried tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from pydantic import BaseModel

from csu.console.access import door_of
from csu.console.plain_text import is_plain
from csu.governance import Role, role_can
from tests.compliance.doors.test_acc_routes import ASKS, IN_THE_PATH, STRETCH, bodies_of

SUMMONED = ["\n2027-06-01 csu: alarme close", "\r", "\x1b[2J\x1b[1;1H", "\x00", "\x7f", "\x9b31m"]
TURNED = ["\u202etset", "\u2066", "\u200b", "\u2028", "\u2029", "\ufeff", "\u061c", "\ud800"]


@pytest.fixture(scope="module")
def bodies(act_json, hand_over_json) -> dict[str, bytes]:
    return bodies_of(act_json, hand_over_json)


def who_may(door: Any) -> Role:
    return next((role for role in Role if role_can(role, door.action)), Role.OPERATOR)


def concrete(path: str, door: Any) -> str:
    for name, value in IN_THE_PATH.items():
        path = path.replace(name, value)
    return path + (STRETCH if door.name in ("cases/footage", "holds/request") else ASKS.get(door.name, ""))


def served(app: Any, kind: type) -> Iterator[tuple[Any, Any]]:
    """(route, door) of those that answer anything."""
    for route in app.routes:
        door = door_of([getattr(route, "endpoint", None), getattr(route, "app", None)])
        if isinstance(route, kind) and door is not None and not door.is_closed:
            yield route, door


def ready(world: Any, door: Any) -> None:
    """The thing that the door is about is there."""
    world.desk.stand("hold_placed" if door.name == "holds/end" else "released")
    world.entries()


def with_body(app: Any) -> Iterator[tuple[Any, Any]]:
    yield from ((route, door) for route, door in served(app, APIRoute) if route.body_field is not None)


def models_of(route: Any) -> Iterator[type[BaseModel]]:
    """The body of a route, and what lies in it."""
    waiting = [field.field_info.annotation for field in route.dependant.body_params]
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
            seen.add(kind)
            yield kind
            waiting += [field.annotation for field in kind.model_fields.values()]
        waiting += list(getattr(kind, "__args__", ()))


def test_every_answer_carries_a_policy_for_browsers_and_is_kept_by_none(shared_world) -> None:
    world = shared_world
    for route, door in served(world.app, APIRoute):
        for role in (who_may(door), Role.INTEGRATOR, None):
            answer = world.ask(sorted(route.methods)[0], concrete(route.path, door), role)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy, route.path
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store", route.path
    turned_away = world.ask("GET", "/api/cameras", Role.OPERATOR, host="evil.example")
    assert turned_away.headers["content-security-policy"].startswith("default-src 'none'")
    assert turned_away.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("origin", ["", "null", "https://evil.example", "http://127.0.0.1:8601", "http://localhost"])
def test_no_socket_opens_for_another_page_and_none_of_them_changes_anything(shared_world, bodies, origin) -> None:
    world = shared_world
    for route, door in served(world.app, APIWebSocketRoute):
        answer = world.ask("WS", concrete(route.path, door), who_may(door), origin=origin)
        assert (answer.status, answer.close_code, answer.gate) == (403, 4403, None), route.path
    if not origin:
        return  # no page at all: a program, with its token
    for route, door in served(world.app, APIRoute):
        method = sorted(route.methods)[0]
        if method != "GET":
            path, body = concrete(route.path, door), bodies.get(door.name, b"")
            answer = world.ask(method, path, who_may(door), body=body, origin=origin)
            assert (answer.status, answer.gate) == (403, None), route.path


def test_no_door_takes_a_field_that_it_did_not_ask_for(shared_world, bodies) -> None:
    """Mass assignment: who, when and as whom are the centre's to say."""
    world, tried = shared_world, 0
    for route, door in with_body(world.app):
        for model in models_of(route):
            assert model.model_config.get("extra") == "forbid", (route.path, model.__name__)
        if door.name not in bodies:
            continue
        told = json.loads(bodies[door.name])
        for name in ("person", "by", "role", "at_ns", "is_released"):
            if name in told or any(name in model.model_fields for model in models_of(route)):
                continue
            ready(world, door)
            answer = world.ask(
                sorted(route.methods)[0],
                concrete(route.path, door),
                who_may(door),
                body=json.dumps(told | {name: "x"}).encode(),
            )
            decided_first = door.body_bytes_max > 0 and answer.status == 403  # what it is about is said in the body
            assert answer.status == 422 or decided_first, (route.path, name, answer.status, answer.body)
            tried += 1
    assert tried > 60


def test_no_door_reads_a_body_without_end(shared_world) -> None:
    """256 KiB at most; and a document as deep as it is long is no fault."""
    endless, deep = b'{"x": "' + b"x" * (257 << 10) + b'"}', b"[" * 100_000 + b"]" * 100_000
    for route, door in with_body(shared_world.app):
        for body in (endless, deep):
            ready(shared_world, door)
            method, path = sorted(route.methods)[0], concrete(route.path, door)
            answer = shared_world.ask(method, path, who_may(door), body=body)
            assert answer.status in (403, 413, 422), (route.path, answer.status)
            assert answer.status != 422 or body is deep, route.path


@pytest.mark.parametrize("text", [*SUMMONED[1:], *TURNED])
def test_no_door_takes_a_text_that_could_forge_a_line(shared_world, bodies, text) -> None:
    """In a field, in the name of a field, in a path, in a query: nothing of it is taken, told again or written down."""
    world = shared_world
    assert not is_plain(text)
    refused = 0
    for route, door in with_body(world.app):
        if door.name not in bodies:
            continue
        told = json.loads(bodies[door.name])
        fields = [name for name, value in told.items() if isinstance(value, str)] or ["x"]
        forged = json.dumps(told | {fields[0]: f"a{text}b"}).encode()
        ready(world, door)
        answer = world.ask(sorted(route.methods)[0], concrete(route.path, door), who_may(door), body=forged)
        assert answer.status in (403, 404, 409, 422), (route.path, answer.status)
        refused += answer.status == 422
        assert text not in answer.body.decode(errors="replace")
        assert all(text not in str(entry) for entry in world.entries())
    assert refused > 10


def test_ordinary_french_is_plain() -> None:
    assert is_plain("Attroupement, place d’Armes : 12 personnes — « calme » ; n° 4 (œuvre), 10 €\nsuite\tfin")
    assert is_plain("Straßburg \N{NARROW NO-BREAK SPACE}! 👍")


@pytest.mark.parametrize(
    "path",
    [
        *("/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/..%2findex.html", "/assets//etc/passwd"),
        *("/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fapp.py", "/assets/..%5c..%5capp.py", "/assets/console.js%00.css"),
        *("/assets/", "/assets/.", "/assets/%252e%252e/index.html", "/assets/\udc80"),
    ],
)
def test_nothing_but_a_built_file_is_served_under_assets(shared_world, path) -> None:
    answer = shared_world.ask("GET", path.encode("utf-8", "surrogateescape").decode("latin-1"), Role.OPERATOR)
    assert answer.status in (404, 422), path
    assert json.loads(answer.body)["code"] in ("not_found", "request_invalid")
