"""Pages that follow the room: whatever they missed and wherever they resume, they show what the room is now."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.console import ConsoleSettings, serve_console
from csu.console.answers import camera_answer
from csu.console.following import FollowDoor, FollowSettings, NumberedBoard, Reader
from csu.console.refusals import Refusal
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.words import NO_WORDS
from csu.ingest.board import CameraState, CameraStatus
from tests.console.sockets import at_door, close_code

COMMUNES = [CommuneId("metz"), CommuneId("woippy"), CommuneId("ars")]
STATES = [CameraState.LIVE, CameraState.LOST, CameraState.STARTING]


def status(number: int, state: CameraState) -> CameraStatus:
    commune = COMMUNES[number % len(COMMUNES)]
    record = CameraRecord(CameraId(f"cam-{number:03}"), number, f"Rue {number}", commune, ViewType.WIDE)
    return CameraStatus(record, state, number, number, NO_WORDS)


class Room:
    """What `FollowDoor` looks at, and nothing else."""

    def __init__(self) -> None:
        self.lines = [status(number, CameraState.STARTING) for number in range(5)]
        self.told = {"alarms": 0}

    def cameras(self) -> list[CameraStatus]:
        return list(self.lines)

    def marks(self) -> dict[str, int]:
        return dict(self.told)


class Page:
    """What a browser keeps: it takes messages, may leave, and comes back with the last `at` it had."""

    def __init__(self) -> None:
        self.at, self.cameras, self.alarms = "", [], -1

    def take(self, news, room: Room) -> None:
        if news is None:
            return
        self.at = news.at
        if news.whole:
            self.cameras = list(news.cameras)
        else:
            changed = {line.camera: line for line in news.cameras}
            self.cameras = [changed.get(line.camera, line) for line in self.cameras]
        if "alarms" in news.topics:
            self.alarms = room.told["alarms"]


def turns():
    camera = st.integers(0, 7)
    return st.lists(
        st.one_of(
            st.tuples(st.just("change"), camera, st.sampled_from(STATES)),
            st.tuples(st.just("same"), camera, st.none()),
            st.tuples(st.just("add"), camera, st.none()),
            st.tuples(st.just("remove"), camera, st.none()),
            st.tuples(st.just("ring"), st.none(), st.none()),
            st.tuples(st.just("scope"), st.sets(st.sampled_from(COMMUNES)), st.none()),
            st.tuples(st.just("restart"), st.none(), st.none()),
            st.tuples(st.just("look"), st.none(), st.none()),
            st.tuples(st.just("read"), st.integers(0, 1), st.none()),
        ),
        max_size=40,
    )


class StartedAt:
    """A clock that only says when the centre started."""

    def __init__(self) -> None:
        self.at_ns = 1

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


def door_of(room, clock) -> FollowDoor:
    return FollowDoor(room, clock, FollowSettings(0.5, 2.0, 9, 1.0), None, asyncio.Event())


@given(turns())
@settings(deadline=None)
def test_a_page_that_reads_when_it_can_shows_what_its_person_may_see_of_the_room_now(steps) -> None:
    room, clock, scope = Room(), StartedAt(), set(COMMUNES)
    door, pages = door_of(room, clock), [Page(), Page()]
    reader = Reader(lambda: frozenset(scope), lambda: None, None)
    for what, which, state in [*steps, ("read", 0, None), ("read", 1, None)]:
        if what == "change" and which < len(room.lines):
            room.lines[which] = replace(room.lines[which], state=state)
        elif what == "same" and which < len(room.lines):
            room.lines[which] = replace(room.lines[which])
        elif what == "add" and all(line.record.number != which for line in room.lines):
            room.lines.append(status(which, CameraState.LIVE))
        elif what == "remove" and which < len(room.lines):
            del room.lines[which]
        elif what == "ring":
            room.told["alarms"] += 1
        elif what == "scope":
            scope = which
        elif what == "restart":
            clock.at_ns += 1
            door = door_of(room, clock)
        elif what == "look":
            door._board.look(room.cameras(), room.marks())
        elif what == "read":
            door._board.look(room.cameras(), room.marks())
            pages[which].take(door._news(reader, pages[which].at), room)
            seen = [camera_answer(line) for line in room.lines if line.record.commune in scope]
            assert pages[which].cameras == seen
            assert pages[which].alarms == room.told["alarms"]
            assert door._news(reader, pages[which].at) is None  # nothing is told twice


@pytest.mark.parametrize("held", ["", "x", "1", "1.", "1.-1.", "1.9999999.x", "1.\u0665.x", ".." * 40, "1.1.0" * 99])
def test_a_page_that_says_nonsense_is_told_everything(held) -> None:
    room = Room()
    door = door_of(room, StartedAt())
    door._board.look(room.cameras(), room.marks())
    news = door._news(Reader(lambda: frozenset(COMMUNES), lambda: None, None), held)
    assert news.whole
    assert len(news.cameras) == 5


def test_a_line_that_says_the_same_is_no_news() -> None:
    board = NumberedBoard()
    line = status(1, CameraState.LIVE)
    board.look([line], {})
    board.look([replace(line)], {})
    assert board.number == 1


# -- over a socket ----------------------------------------------------------------------------------------------------


async def read(page) -> dict:
    async with asyncio.timeout(5):
        return json.loads(await page.recv())


def test_a_page_is_told_the_whole_state_then_only_what_changes_and_resumes_where_it_was(make_console) -> None:
    console = make_console(settings=ConsoleSettings(state_period_s=0.02, health_period_s=0.05))

    async def run() -> None:
        async with serve_console(console.app) as url:
            async with at_door(url, "ws/events") as page:
                first = await read(page)
                assert (first["whole"], len(first["cameras"])) == (True, 3)
                assert first["viewer"]["role"] == "operator"
                console.room.change(1, state=CameraState.LIVE, detail=NO_WORDS)
                while not (told := await read(page))["cameras"]:
                    assert (told["whole"], told["viewer"]) == (False, None)  # the health alone: the centre is there
                assert [(line["camera"], line["state"]) for line in told["cameras"]] == [("cam-002", "live")]
                assert told["health"]["cameras"]["live"] == 3
            console.room.change(0, lifecycle=CameraLifecycle.NOT_COMMISSIONED)
            async with at_door(url, f"ws/events?after={told['at']}") as page:
                while not (back := await read(page))["cameras"]:
                    assert not back["whole"]
                assert (back["whole"], [line["camera"] for line in back["cameras"]]) == (False, ["cam-001"])
                console.room.status.pop()
                while not (told := await read(page))["whole"]:
                    pass
                assert len(told["cameras"]) == 2

    asyncio.run(run())


def test_more_pages_than_allowed_are_told_so_and_one_that_speaks_is_let_go(make_console) -> None:
    async def run(pages_max: int, says: str) -> int:
        console = make_console(settings=ConsoleSettings(pages_max=pages_max))
        async with serve_console(console.app) as url, AsyncExitStack() as stack:
            page = await stack.enter_async_context(at_door(url, "ws/events"))
            if says:
                await page.send(says)
            return await close_code(page)

    assert asyncio.run(run(0, "")) == Refusal.TOO_MANY_VIEWERS.value.close_code
    assert asyncio.run(run(1, "hello")) == Refusal.VIEWER_SPOKE.value.close_code


def test_a_page_that_left_leaves_its_place_to_the_next(make_console) -> None:
    console = make_console(settings=ConsoleSettings(pages_max=1, state_period_s=0.02))

    async def run() -> None:
        async with serve_console(console.app) as url, httpx.AsyncClient() as client:
            async with at_door(url, "ws/events") as page:
                assert (await read(page))["whole"]
            async with asyncio.timeout(5):
                while "csu_console_pages 0.0" not in (await client.get(f"{url}metrics")).text:
                    await asyncio.sleep(0.02)
            async with at_door(url, "ws/events") as page:
                assert (await read(page))["whole"]

    asyncio.run(run())
