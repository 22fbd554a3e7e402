"""Operators see the present only (ACC-3): the list of doors is closed, and none of them leads to the past."""

from __future__ import annotations

import itertools

import pytest
from fastapi.routing import APIWebSocketRoute
from starlette.routing import BaseRoute, Mount

from csu.console import RoomView
from csu.console.access import door_of
from csu.console.past import PAST_DOORS

PRESENT_DOORS = {
    "/health",
    "/metrics",
    "/api/cameras",
    "/api/state",
    "/api/wall",
    "/api/wall.png",
    "/api/alarms",
}
PAGES = {"/", "/favicon.svg", "/assets", "/api/openapi.json"}
LIVE = {"/ws/live/{camera}", "/ws/wall", "/ws/events"}
DESK = ("/api/cases", "/api/own-cases", "/api/acts/look", "/api/holds", "/api/cameras/{camera}/holds", "/api/alarms/")
"""Doors with a matrix of their own; those of alarms take the name of one that rings now."""
SPEECH = ("/api/messages", "/api/speakers", "/api/cameras/{camera}/messages/{message}")
"""What a loudspeaker may say, and one of these said now: texts that were approved, no picture and no sound of a camera
(their matrix: tests/compliance/doors)."""
ACCOUNTS = ("/api/sign-in", "/api/sign-out", "/api/me", "/sign-in")
"""Who comes in, and goes out: no picture (their matrix: tests/compliance/doors)."""
WATCH = ("/api/watch",)
"""Names of who is at the wall, now."""
LOG = ("/api/log",)
"""What people wrote, and what happened: texts, no picture."""
SERVICE = ("/api/service", "/api/visits", "/api/planned-events")
"""Shifts, visitors and what is planned: names, hours and words, no picture (their matrix: tests/compliance/doors)."""
PTZ = ("/api/ptz", "/api/cameras/{camera}/ptz/")
"""Who turns which camera, and orders to turn."""
TOURS = ("/api/tours",)
"""Rounds of people, and which cameras they saw for how many seconds in this shift: no picture."""
MAP = ("/api/map",)
"""Where cameras stand and look now, and the drawing of the town: no picture."""
WALL = ("/api/wall/",)
"""What people ask of the wall, why it shows what it does and what was looked at in this shift: words, names and
seconds, no picture (their matrix: tests/compliance/doors)."""
COMMUNES = ("/api/communes",)
"""Papers of communes, and figures of a month: hours and counts, no picture (their matrix: tests/compliance/doors)."""
STATISTICS = ("/api/statistics",)
"""Counts of passages and deposits, told late: figures, no picture (their matrix: tests/compliance/doors)."""
INVENTORY = ("/api/inventory", "/api/cameras/{camera}/lifecycle")
"""How cameras and machines are now, and a camera set aside: no picture."""
MACHINES = ("/ws/wall-node/{node}",)
"""Scenes and masked pictures of now, to a machine that draws a part of the wall, from the next key frame on."""
DPO = ("/api/dpo/", "/api/masks", "/api/signs", "/api/access-requests", "/api/regime", "/api/register/")
"""Registers and the journal, as those who control read and fill them: words, numbers and the cells that a mask hides,
no picture (their matrix: tests/compliance/doors)."""
DEPORT = ("/api/deports", "/ws/deport/{deport}/{camera}")
"""Which deports are open; and to one named person the masked pictures of now of a camera of his, by no parameter."""
ENFORCEMENT = ("/api/enforcement", "/ws/enforcement/{camera}")
"""The masked pictures of now, to an agent, and stills that he takes of them himself; his own signed records, which come
from no recording (their matrix: tests/compliance/doors)."""
CALLS = ("/api/calls",)
"""Who was called for which alarm: names of services and people on duty."""
ANALYSIS = ("/api/analysis",)
"""What is analysed and why, where signals were seen a moment ago, how often they were right; no picture."""
ELSEWHERE = (
    *(*DESK, *DPO, *PTZ, *SPEECH, *ACCOUNTS, *WATCH, *LOG, *SERVICE, *TOURS, *MAP, *WALL, *COMMUNES, *INVENTORY),
    *(*MACHINES, *DEPORT, *ENFORCEMENT, *CALLS, *STATISTICS, *ANALYSIS),
)


def is_shut(route: BaseRoute) -> bool:
    door = door_of([getattr(route, "endpoint", None)])
    return door is not None and door.is_closed


@pytest.mark.requirement("ACC-3")
def test_the_doors_that_serve_anything_are_a_closed_list(console) -> None:
    """A new route must be added here by someone who asked whether it shows the past. Desk: tests/compliance/doors."""
    told = {path for path in console.app.openapi()["paths"] if not path.startswith(ELSEWHERE)}
    assert told == PRESENT_DOORS
    open_ = [route for route in console.app.routes if not is_shut(route) and not route.path.startswith(ELSEWHERE)]
    assert {route.path for route in open_} == PRESENT_DOORS | PAGES | LIVE
    assert {route.path for route in open_ if isinstance(route, APIWebSocketRoute)} == LIVE
    assert [route.path for route in open_ if isinstance(route, Mount)] == ["/assets"]


@pytest.mark.requirement("ACC-3")
def test_no_live_door_takes_an_instant_or_any_other_parameter(console) -> None:
    for path, operations in console.app.openapi()["paths"].items():
        if not path.startswith(ELSEWHERE):
            assert set(operations) == {"get"}, path
            assert operations["get"].get("parameters", []) == [], path


@pytest.mark.requirement("ACC-3")
@pytest.mark.parametrize("name", PAST_DOORS)
def test_every_door_to_the_past_is_refused_by_name(console, name) -> None:
    paths = (f"/api/{name}", f"/api/{name}/cam-001?from=2026-01-01T00:00:00Z", f"/{name}/cam-001")
    for method, path in itertools.product(("GET", "POST", "DELETE"), paths):
        answer = console.request(method, path)
        assert answer.status_code == 403, path
        assert answer.json()["code"] == "replay_closed"
        assert "réquisition" in answer.json()["fr"]
        assert "requisition" in answer.json()["en"]


@pytest.mark.requirement("ACC-3")
def test_a_question_about_the_past_gets_the_present(console) -> None:
    """A range or a date on a live door changes nothing."""
    now = console.get("/api/wall.png")
    asked = console.get("/api/wall.png?at=2026-01-01T00:00:00Z&last=30", range="bytes=0-3")
    assert (asked.status_code, asked.content) == (200, now.content)


@pytest.mark.requirement("ACC-3")
def test_the_console_is_given_no_way_to_ask_for_the_past() -> None:
    """Its whole view of the centre: five readings of now, and what is live."""
    names = {name for name in vars(RoomView) if not name.startswith("_")}
    assert names == {"relay", "cameras", "health", "marks", "counters", "wall_png", "watch_wall"}
