"""Every forbidden thing, tried as every role from within a real browser: refused, with a reason in both languages."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from collections.abc import Iterator

import pytest

from csu.console import serve_console
from csu.governance import Role
from tests.compliance.doors.conftest import World
from tests.compliance.doors.test_acc_routes import LINES, MINUTE_NS, Line, requests_of

PERSONS = [role for role in Role if role is not Role.WALL_NODE]
EVERY_RUN = (Role.OPERATOR,)

TRY = """async (tries) => {
  const told = []
  for (const [method, path, body] of tries) {
    const headers = { 'Content-Type': 'application/json' }
    const answer = await fetch(path, { method, headers, body: body === '' ? null : body })
    const text = await answer.text()
    told.push({ status: answer.status, said: text.startsWith('{') ? JSON.parse(text) : null, text })
  }
  return told
}"""


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, str]]:
    """The console of the matrix of doors, on a real socket."""
    world, started, stop = World(), threading.Event(), asyncio.Event()
    urls: list[str] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with serve_console(world.app) as url:
            urls.append(url)
            loops.append(asyncio.get_running_loop())
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    yield world, urls[0]
    loops[0].call_soon_threadsafe(stop.set)
    thread.join()
    world.runner.close()


def refusals_of(role: Role, turn: int) -> dict[str, list[tuple[Line, str, str]]]:
    """By the state of the case: what that role may not do, each by one of its ways."""
    found: dict[str, list[tuple[Line, str, str]]] = defaultdict(list)
    for line in LINES:
        if role.value not in line.refused:
            continue
        for method, path in requests_of(line, turn):
            if method != "WS":  # Chromium slows failing sockets down by minutes: the matrix opens them by itself
                found[line.case or "released"].append((line, method, path))
    return found


@pytest.mark.requirement("ACC-3", "ACC-6")
@pytest.mark.parametrize(
    "role",
    [role if role in EVERY_RUN else pytest.param(role, marks=pytest.mark.nightly) for role in PERSONS],
    ids=lambda role: role.value,
)
def test_every_thing_that_a_role_may_not_do_is_refused_to_it_with_a_reason(served, chromium, role) -> None:
    world, url = served
    page = chromium.new_context(locale="fr-FR").new_page()
    page.set_extra_http_headers({"authorization": world.token(role)})
    page.goto(url)  # the page itself opens to every role; what is in it does not
    tried = 0
    for case, tries in refusals_of(role, list(Role).index(role)).items():
        world.desk.stand(case)
        world.alarms.ring()
        world.clock.runs_ns += 2 * MINUTE_NS // 100
        asked = [(method, path, "" if method in ("GET", "HEAD") else "{}") for _, method, path in tries]
        for (line, method, path), told in zip(tries, page.evaluate(TRY, asked), strict=True):
            where = f"{role.value}: {method} {path}"
            assert told["status"] == line.refused[role.value], (where, told["text"])
            if method != "HEAD":
                assert told["said"]["fr"] != told["said"]["en"], where
                # Of what is not there nothing is told but that; all else names the rule that forbids it.
                assert told["said"]["rule"] or told["status"] == 404, where
            tried += 1
    page.context.close()
    assert tried > 20
    assert world.desk.asked == []
    words = json.dumps([entry.subject for entry in world.entries()])
    assert "console/" in words  # each attempt is written down
