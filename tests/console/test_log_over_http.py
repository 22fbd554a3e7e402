"""The operations log over HTTP: paged back by number; what it may not hold is refused in its own words (OPS-2)."""

from __future__ import annotations

import asyncio

import pytest

from csu.centre.rooms.log_room import LogRoom
from csu.console import create_app


@pytest.fixture
def log(console, tmp_path):
    room = LogRoom(tmp_path / "log.sqlite", clock=console.clock, tell=lambda trouble: None)
    console.app = create_app(console.room, clock=console.clock, log=room)
    yield room
    room.close()


def write(console, text: str, **more):
    return console.ask(lambda client: client.post("/api/log", json={"text": text} | more))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [("", [1, 2, 3, 4]), ("?most=2", [3, 4]), ("?before=3", [1, 2]), ("?most=1&before=3", [2]), ("?before=1", [])],
)
def test_the_log_is_paged_back_by_number(console, log, query, numbers) -> None:
    for n in range(4):
        assert write(console, f"fait {n}").status_code == 201
    assert [entry["number"] for entry in console.get(f"/api/log{query}").json()] == numbers


@pytest.mark.parametrize("query", ["?before=0", "?before=x", "?most=0", "?most=501", f"?before={1 << 53}"])
def test_a_page_that_is_none_is_refused(console, log, query) -> None:
    assert console.get(f"/api/log{query}").status_code == 422


@pytest.mark.parametrize("text", ["Voiture AB-123-CD", "data:image/png;base64,AAAA", "  "])
def test_what_the_log_may_not_hold_is_refused_with_its_reason_and_nothing_is_written(console, log, text) -> None:
    refused = write(console, text)
    assert (refused.status_code, refused.json()["code"]) == (409, "entry_refused")
    assert refused.json()["detail"]["fr"]
    assert asyncio.run(log.newest(1)) == []
