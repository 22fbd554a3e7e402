"""The watch of two over HTTP: one takes one's own post, is seen there, and leaves when two are left (OPS-1)."""

from __future__ import annotations

import asyncio
from datetime import date

import httpx
import pytest

from csu.console import Access, Desks, create_app
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.governance import Role, Subject
from csu.operations import Watch
from csu.operations.watch import UNSEEN_AFTER_NS


class Room:
    """`csu.operations.Watch` as a running centre has it."""

    def __init__(self, clock) -> None:
        self._watch, self._clock = Watch(), clock

    @property
    def watching(self):
        self._watch.tick(self._clock.now_ns())
        return self._watch.watching

    @property
    def is_short_of_watch(self):
        return self._watch.is_short

    def take_post(self, person):
        self._watch.arrive(person, self._clock.now_ns())

    def seen_at_post(self, person):
        self._watch.see(person, self._clock.now_ns())

    def leave_post(self, person, *, handed_over=True, urgent_reason=""):
        self._watch.leave(person, self._clock.now_ns(), handed_over=handed_over, urgent_reason=urgent_reason)


class WhoeverTheHeaderSays:
    def subject(self, connection, at_ns):
        return Subject(connection.headers["x-person"], Role.OPERATOR, True, is_municipal_police=True)


@pytest.fixture
def ask(console):
    rights = DemonstrationRights(console.room, date(2026, 1, 1))
    access = Access(rights, WhoeverTheHeaderSays(), JournalInMemory(console.clock))
    app = create_app(console.room, clock=console.clock, access=access, desks=Desks(watch=Room(console.clock)))

    def asked(person: str, method: str, path: str, body=None) -> httpx.Response:
        async def run():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8600") as one:
                return await one.request(method, path, json=body, headers={"x-person": person})

        return asyncio.run(run())

    return asked


def test_one_takes_ones_own_post_and_sees_who_watches(ask) -> None:
    told = ask("anne", "POST", "/api/watch/post").json()
    assert told == {"watching": ["anne"], "is_short": True, "is_mine": True}
    assert ask("luc", "GET", "/api/watch").json()["is_mine"] is False
    assert ask("luc", "POST", "/api/watch/seen").status_code == 409
    assert ask("luc", "POST", "/api/watch/post").json() == {
        "watching": ["anne", "luc"],
        "is_short": False,
        "is_mine": True,
    }


def test_who_is_not_seen_is_missed(ask, console) -> None:
    for person in ("anne", "luc", "zoe"):
        ask(person, "POST", "/api/watch/post")
    console.clock.at_ns += UNSEEN_AFTER_NS - 1
    assert ask("anne", "POST", "/api/watch/seen").status_code == 200
    console.clock.at_ns += 1
    assert ask("luc", "GET", "/api/watch").json() == {"watching": ["anne"], "is_short": True, "is_mine": False}


def test_nobody_leaves_the_wall_to_one_without_saying_why(ask) -> None:
    for person in ("anne", "luc"):
        ask(person, "POST", "/api/watch/post")
    refused = ask("luc", "POST", "/api/watch/leave", {"handed_over": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "leave_refused")
    assert "1 agent" in refused.json()["detail"]["fr"]
    ask("zoe", "POST", "/api/watch/post")
    assert ask("luc", "POST", "/api/watch/leave", {"handed_over": False}).status_code == 409
    assert ask("luc", "POST", "/api/watch/leave", {"handed_over": True}).json()["watching"] == ["anne", "zoe"]
    left = ask("zoe", "POST", "/api/watch/leave", {"urgent_reason": "malaise"})
    assert left.json() == {"watching": ["anne"], "is_short": True, "is_mine": False}
