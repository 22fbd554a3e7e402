"""ACC-3: however a path or a verb is written, the gate was there first, and nothing of the past comes out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csu.console import ConsoleError, create_app
from csu.console.access import Door, opens
from csu.console.doors import BesideTheGate
from csu.console.gate import close_with
from csu.console.past import PAST_DOORS, paths_of, socket_paths_of
from csu.governance import Action, Decision, Role
from csu.governance.journal_entry import Outcome
from csu.hal.words import Words

PAST_BYTES = b"the past itself"
FOOTAGE = "/api/cases/2027-101/footage/cam-0012"
SEEN_LIVE = {"page", "cameras", "state", "events", "health", "openapi", "wall", "wall_live", "live"}
"""The doors at which an operator is let in."""


def concrete(path: str) -> str:
    return path.replace("{camera}", "cam-0012").replace("{rest:path}", "cam-0012/10.mp4")


TARGETS = sorted(
    {concrete(path) for name in PAST_DOORS for path in (*paths_of(name), *socket_paths_of(name))}
    | {
        "/",
        "/assets/index.js",
        "/api/cameras",
        "/api/wall.png",
        "/ws/live/cam-0012",
        "/ws/wall",
        "/api/cases",
        "/metrics",
    }
    | {"/api/cases/2027-101/package", "/api/cases/2027-101/copy", FOOTAGE, "/api/cases/2027-101/release"}
)
VERBS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "WS"]


@st.composite
def variants(draw: st.DrawFn) -> str:
    """A path that somebody might try: written otherwise, encoded, climbed out of, with more behind it."""
    path = draw(st.sampled_from(TARGETS))
    for change in draw(st.lists(st.sampled_from(sorted(CHANGES)), max_size=3)):
        path = CHANGES[change](path, draw(st.integers(0, 60)))
    return path if path.startswith("/") else f"/{path}"


def _encoded(path: str, at: int) -> str:
    at %= len(path)
    return f"{path[:at]}%{ord(path[at]):02x}{path[at + 1 :]}" if ord(path[at]) < 128 else path


def _inserted(text: str):
    def insert(path: str, at: int) -> str:
        at %= len(path) + 1
        return path[:at] + text + path[at:]

    return insert


CHANGES = {
    "slash behind": lambda path, _: f"{path}/",
    "slashes before": lambda path, _: f"//{path.lstrip('/')}",
    "upper case": lambda path, _: path.upper(),
    "title case": lambda path, _: path.title(),
    "one letter encoded": _encoded,
    "all encoded": lambda path, _: "/" + quote(path[1:], safe="").replace(".", "%2e"),
    "encoded twice": lambda path, _: path.replace("/", "%252f"),
    "climbs out of assets": lambda path, _: f"/assets/%2e%2e{path}",
    "climbs out": lambda path, _: f"/assets/..{path}",
    "dots inside": _inserted("/../"),
    "encoded dots inside": _inserted("%2e%2e/"),
    "encoded slash inside": _inserted("%2f"),
    "nothing inside": _inserted("%00"),
    "line break inside": _inserted("%0d%0a"),
    "parameter": lambda path, _: f"{path};x=1",
    "query": lambda path, _: f"{path}?from_at=2027-05-20T10:00:00Z&to_at=2027-05-20T10:20:00Z",
    "suffix": lambda path, _: f"{path}.mp4",
    "not a letter": _inserted("%ff%c0%af"),
}


@pytest.mark.requirement("ACC-3")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=variants(), verb=st.sampled_from(VERBS), role=st.sampled_from([Role.OPERATOR, Role.MAYOR, None]))
def test_no_way_of_writing_a_path_or_a_verb_escapes_the_gate(shared_world, path, verb, role) -> None:
    world = shared_world
    world.desk.stand("released")
    world.clock.runs_ns += 120_000_000_000
    world.entries()
    answer = world.ask(verb, path, role)
    entries = world.entries()
    assert answer.gate is not None
    assert PAST_BYTES not in answer.body
    assert world.desk.asked == []
    if answer.status < 400:
        assert role is not None
        assert answer.gate in (SEEN_LIVE if role is Role.OPERATOR else {"page"})
        assert answer.status in (101, 200)
    elif not (role is not None and answer.gate == "page"):  # a file that is not there, to who may open the page
        assert [entry.outcome for entry in entries] == [Outcome.REFUSED]
    assert all("/" not in entry.case and "%" not in entry.subject for entry in entries)


@pytest.mark.requirement("ACC-3")
@pytest.mark.parametrize("name", ["x-original-url", "x-rewrite-url", "x-http-method-override", "x-forwarded-prefix"])
def test_no_header_moves_a_request_to_another_door(world, name) -> None:
    answer = world.ask("GET", "/api/replay", Role.OPERATOR, **{name: "/api/cameras"})
    assert (answer.status, answer.gate) == (403, "past/replay")


@pytest.mark.requirement("ACC-3")
def test_even_a_decision_that_says_yes_opens_none_of_the_shut_doors(world) -> None:
    class Lenient:
        def decide(self, subject, action, resource, at_ns) -> Decision:
            return Decision(True, Words("oui", "yes"), "nobody", must_journal=True)

    world.app = create_app(world.room, clock=world.clock, access=replace(world.access, rights=Lenient()))
    for name in PAST_DOORS:
        for path in map(concrete, paths_of(name)):
            assert world.ask("GET", path, Role.OPERATOR).status == 403
        for path in map(concrete, socket_paths_of(name)):
            assert world.ask("WS", path, Role.OPERATOR).status == 403
    assert {entry.outcome for entry in world.entries()} == {Outcome.REFUSED}


def test_an_application_with_a_route_that_says_not_what_it_is_for_is_not_made(world) -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/api/past.mp4")
    async def past() -> PlainTextResponse:
        return PlainTextResponse(PAST_BYTES.decode())

    with pytest.raises(ConsoleError, match=r"/api/past.mp4"):
        close_with(world.gate, app, nowhere=Door("nowhere", Action.CAMERA_LIST, is_closed=True))


def test_a_route_that_is_added_afterwards_sends_nothing(world) -> None:
    """Behind the gate's back, declared or not: the outermost layer lets nothing through that the gate did not see."""

    @world.app.get("/late")
    @opens(Door("late", Action.HEALTH_READ))
    async def late() -> PlainTextResponse:
        return PlainTextResponse(PAST_BYTES.decode())

    with pytest.raises(BesideTheGate, match="/late"):
        world.ask("GET", "/late", Role.OPERATOR)
    assert (world.last.status, PAST_BYTES in world.last.body) == (500, False)
