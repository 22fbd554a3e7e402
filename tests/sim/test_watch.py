"""People watch a scenario in accelerated time, and act in it; who only watches changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from csu.hal.errors import BadInput
from sim.run import RunResult, run_scenario
from sim.scenario_file import read_scenario
from sim.watch import play_scenario, watch

ROOT = Path(__file__).resolve().parents[2]
EMPTY_ROOM = (("reaction: 3 s .. 15 s", "reaction: 10 min .. 15 min"),)


def watched(path: Path, speed: float, visit: Any) -> tuple[RunResult, Any]:
    """Play `path`; `visit(client)` is a person at the console, and when they have gone the rest is hurried."""

    async def play() -> tuple[RunResult, Any]:
        addresses: asyncio.Queue[str] = asyncio.Queue()
        file = read_scenario(path)
        running = asyncio.create_task(watch(file, speed, seconds=10, port=0, told=addresses.put_nowait))
        async with asyncio.timeout(60):
            async with httpx.AsyncClient(base_url=await addresses.get()) as client:
                seen = await visit(client)
            return await running, seen

    return asyncio.run(play())


async def an_alarm(client: httpx.AsyncClient) -> dict[str, Any]:
    """The first one that waits."""
    while True:
        found = (await client.get("/api/alarms")).raise_for_status().json()
        if found:
            return dict(found[0])
        await asyncio.sleep(0.02)


@pytest.mark.nightly
def test_at_speed_360_the_state_answers_an_alarm_appears_and_the_verdict_is_that_of_the_run(small_city) -> None:
    """Fifty minutes in ten seconds at most; and it is the very run that nobody watches."""
    path = small_city()

    async def look(client: httpx.AsyncClient) -> dict[str, Any]:
        alarm = await an_alarm(client)
        state = (await client.get("/api/state")).raise_for_status().json()
        return {"alarm": alarm, "state": state}

    result, seen = watched(path, 360, look)
    assert len(seen["state"]["cameras"]) == 60
    told = {camera["detail"]["fr"] for camera in seen["state"]["cameras"] if camera["state"] == "live"}
    assert told == {"temps accéléré : aucune image"}
    assert seen["alarm"]["state"] == "raised"
    assert abs(seen["state"]["health"]["now_ms"] / 1000 - read_scenario(path).scenario.epoch_ns / 1e9) < 3000
    assert result.holds
    assert result.trace_hash == run_scenario(path).trace_hash


@pytest.mark.nightly
def test_a_person_who_takes_an_alarm_at_the_console_takes_it_in_the_scenario(small_city) -> None:
    async def take(client: httpx.AsyncClient) -> str:
        alarm = await an_alarm(client)
        answer = await client.post(f"/api/alarms/{alarm['alarm']}/acknowledge")
        assert answer.status_code == 200, answer.text
        assert answer.json()["acked_by"] == "demonstration"
        assert (await client.post(f"/api/alarms/{alarm['alarm']}/acknowledge")).status_code == 409
        return str(alarm["alarm"])

    path = small_city(*EMPTY_ROOM)
    result, taken = watched(path, 60, take)
    assert result.failure is None
    assert not result.violated
    by = [signal.fields["by"] for signal in result.timeline if signal.kind == "alarm.acknowledged"]
    assert by.count("demonstration") == 1
    assert taken in result.witness.alarms_acked
    assert result.trace_hash != run_scenario(path).trace_hash


def test_a_port_that_is_taken_ends_the_run_at_once(small_city) -> None:
    async def play() -> None:
        async with await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await watch(read_scenario(small_city()), 1, seconds=None, port=port, told=lambda url: None)

    with pytest.raises(BadInput, match="cannot listen"):
        asyncio.run(asyncio.wait_for(play(), 30))


def test_a_speed_that_cannot_be_played_is_refused(small_city, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="speed"):
        play_scenario(small_city(), speed=1e9, level=None, seconds=1, port=0, report=tmp_path / "r.html", as_json=True)


def test_the_command_plays_a_scenario_and_prints_its_verdict(small_city, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    words = ["demo", "--scenario", str(small_city()), "--speed", "360", "--seconds", "1", "--report", str(report)]
    command = [sys.executable, "-c", "from csu.cli import main; main()", *words, "--json"]
    environment = {**os.environ, "CSU_LANG": "fr"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["verdict"], told["speed"]) == ("holds", 360.0)
    assert told["console"].startswith("http://127.0.0.1:")
    assert told["console"] in done.stderr
    assert report.stat().st_size > 10_000
