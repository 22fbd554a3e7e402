"""The centre loses its power and is built anew from its files, inside a run: no alarm is lost, none rings twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from csu.centre.rooms.alarm_room import AlarmRoom
from sim.centre_host import _Life
from sim.run import RunResult, run_scenario

CRASHES = """\
title: Le centre tombe
seed: 7
start: 2026-11-23 12:00
duration: 100 min
city: {communes: 4, cameras: 16, alarms: 90/h}
people: {operators: 3, reaction: 4 s .. 25 s, forgets: 10 %}
story:
  - {at: +10 min, kind: centre_crash, lasts: 90 s}
  - {at: +16 min, kind: camera_lost, commune: Valmandrin, lasts: 6 min}
  - {at: +25 min, kind: link_cut, commune: Courtavelle, lasts: 12 min}
  - {at: +30 min, kind: centre_crash, lasts: 3 min}
  - {at: +31 min, kind: node_crash, commune: Saint-Ombrin, lasts: 5 min}
  - {at: +45 min, kind: order_suspended, commune: Valmandrin, lasts: 6 min}
  - {at: +47 min, kind: centre_crash, lasts: 20 s}
  - {at: +47 min, kind: centre_crash, lasts: 2 min}
faults:
  - {kind: centre_crash, rate: 3/h, lasts: 1 s .. 2 min}
  - {kind: engine_trouble, point: alarms.save, fires: 20 %, fails: 30 %, delay: 10 ms .. 800 ms}
expect:
  - {finally: alarms.open, at_most: 0}
  - {whenever: alarm.rung, then: alarm.raised, within: 8 min}
  - {whenever: alarm.raised, then: alarm.closed, within: 40 min}
options: {quiet: 25 min}
"""


def run(tmp_path: Path, seed: int = 7) -> RunResult:
    path = tmp_path / "crashes.yaml"
    path.write_text(CRASHES, encoding="utf-8")
    return run_scenario(path, seed)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_centre_that_falls_again_and_again_loses_nothing_it_acknowledged(tmp_path: Path, seed: int) -> None:
    result = run(tmp_path, seed)
    assert result.failure is None
    assert {judged.name: judged.details for judged in result.judgements if not judged.holds} == {}
    assert result.counters["centre_crashes"] >= 3
    assert set(result.witness.alarms_raised.values()) == {1}
    assert result.counters["alarms_closed"] == result.counters["alarms_raised"]


def test_a_centre_that_begins_with_an_empty_desk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forgets(self: AlarmRoom) -> None:
        """Alarms that are on disk are not taken up again."""

    monkeypatch.setattr(AlarmRoom, "open", forgets)
    result = run(tmp_path)
    assert any(judged.violations for judged in result.judgements)


def test_nothing_of_a_dead_centre_writes_or_speaks_any_more() -> None:
    passed, heard = list[str](), list[object]()

    async def chaos(point: str) -> None:
        passed.append(point)

    async def main() -> None:
        life = _Life(chaos)
        hear = life.only_alive(heard.append)
        await life("alarms.save")
        hear("alive")  # type: ignore[arg-type]
        life.is_over = True
        hear("dead")  # type: ignore[arg-type]
        with pytest.raises(OSError, match="power"):
            await life("alarms.save")

    asyncio.run(main())
    assert (passed, heard) == (["alarms.save"], ["alive"])
