"""The operations log over HTTP: paged back by number; what it may not hold is refused in its own words (OPS-2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest

from csu.centre.rooms.log_room import LogRoom
from csu.console import Desks, create_app
from csu.operations import Draft, EntryKind
from tests.console.conftest import FakeRoom, SettableClock

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def ask(tmp_path_factory) -> Iterator[Ask]:
    """A console on a log of four entries."""
    clock = SettableClock()
    log = LogRoom(tmp_path_factory.mktemp("log") / "log.sqlite", clock=clock, tell=lambda trouble: None)
    app = create_app(FakeRoom(), clock=clock, desks=Desks(log=log))

    def asked(method: str, path: str, body: object = None) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as client:
                return await client.request(method, path, json=body)

        return asyncio.run(run())

    for number in range(4):
        asyncio.run(log.write(Draft(EntryKind.OBSERVATION, "anne", f"fait {number}")))
    yield asked
    log.close()


def numbers(answer: httpx.Response) -> list[int]:
    return [entry["number"] for entry in answer.json()]


@pytest.mark.parametrize(
    ("query", "read"),
    [("", [1, 2, 3, 4]), ("?most=2", [3, 4]), ("?before=3", [1, 2]), ("?most=1&before=3", [2]), ("?before=1", [])],
)
def test_the_log_is_paged_back_by_number(ask, query, read) -> None:
    assert numbers(ask("GET", f"/api/log{query}")) == read


@pytest.mark.parametrize("query", ["?before=0", "?before=x", "?most=0", "?most=501", f"?before={1 << 53}"])
def test_a_page_that_is_none_is_refused(ask, query) -> None:
    assert ask("GET", f"/api/log{query}").status_code == 422


@pytest.mark.parametrize("text", ["Voiture AB-123-CD", "data:image/png;base64,AAAA", "  "])
def test_what_the_log_may_not_hold_is_refused_with_its_reason_and_nothing_is_written(ask, text) -> None:
    refused = ask("POST", "/api/log", {"text": text})
    assert (refused.status_code, refused.json()["code"]) == (409, "entry_refused")
    assert refused.json()["detail"]["fr"]
    assert numbers(ask("GET", "/api/log?most=1")) == [4]
