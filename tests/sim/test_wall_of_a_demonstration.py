"""The wall of the scenario `demonstration`: it follows the route, an intrusion takes a spot, it goes back by itself.
Each of its changes can be explained afterwards."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from csu.centre.commands.wall_why import why_command
from csu.hal.clock import NS_PER_MINUTE
from csu.wall import CauseKind, SceneChanged, TileChanged
from csu.wall.directing.account import account_of, decision_of
from sim.run import RunResult, run_scenario
from sim.scenario_file import read_scenario
from sim.vocabulary import Signal

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios/demonstration.yaml"
ON_SPOT = "whenever alarm.rung then wall.alarm|alarm.closed"
WALL_ORACLES = {"wall_permitted", "wall_alarms", "wall_spots", "wall_steady"}


SMALL = """
title: Un petit cortège
seed: 5
start: 2026-11-28 13:50
duration: 34 min
city: {communes: 2, cameras: 14, alarms: 220/h, wall_cameras: 6}
people:
  operators: 4
  reaction: 4 s .. 20 s
  shifts:
    - {at: 13:30, lasts: 2 h, people: 4}
story:
  - {name: cortege, at: 13:55, kind: demonstration, route: [Valmandrin, Courtavelle], cameras: 3, people: 900,
     lasts: 14 min}
  - {at: cortege + 4 min, kind: camera_lost, commune: Valmandrin, camera: 2, lasts: 3 min}
  - {at: cortege + 6 min, kind: wall_renderer_dies, lasts: 20 s}
faults:
  - {kind: engine_trouble, point: alarms.save, fires: 20 %, fails: 50 %, delay: 10 ms .. 800 ms}
expect:
  - whenever: alarm.rung
    then: [wall.alarm, alarm.closed]
    within: 2 s
    where: {kind: intrusion}
    not_counting: {from: wall.full, to: wall.free, where: {priority: P2}}
  - {sometimes: wall.follows, at_least: 4, during: cortege}
  - {whenever: story.ended, then: wall.usual, within: 2 s, same: event, where: {kind: demonstration}}
options: {quiet: 5 min}
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> RunResult:
    """A march past six cameras in a busy half an hour, with storms and a disk that refuses."""
    path = tmp_path_factory.mktemp("march") / "march.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return run_scenario(read_scenario(path))


def of_wall(result: RunResult) -> dict[str, tuple[int, int]]:
    judged = [each for each in result.judgements if each.name in WALL_ORACLES | {ON_SPOT}]
    return {each.name: (each.cases, each.violations) for each in judged}


def decisions_of(result: RunResult) -> list[SceneChanged | TileChanged]:
    return [decision_of(line, number) for number, line in enumerate(result.wall_lines, 1)]


def first(told: list[Signal], kind: str) -> dict[str, int]:
    """When that was first told of each alarm."""
    return {signal.fields["alarm"]: signal.at_ns for signal in reversed(told) if signal.kind == kind}


def explained(result: RunResult) -> int:
    """How many changes were; asserts that each was: by something that was so at that instant."""
    told, decisions = list(result.timeline), decisions_of(result)
    rung, closed = first(told, "alarm.rung"), first(told, "alarm.closed")
    begun = {s.fields["event"]: s.at_ns for s in told if s.kind == "story.began"}
    over = {s.fields["event"]: s.at_ns for s in told if s.kind == "story.ended"}
    short = [(s.at_ns, s.kind == "watch.short") for s in told if s.kind in ("watch.short", "watch.kept")]
    ends_ns = told[-1].at_ns + NS_PER_MINUTE
    for each in decisions:
        cause, at_ns = each.cause, each.at_ns
        assert cause.words.fr.strip()
        assert cause.words.en.strip()
        name = cause.ref.partition("/")[2] if cause.kind is CauseKind.ROUTE else cause.ref
        if cause.kind is CauseKind.ALARM:
            assert rung[name] <= at_ns <= closed.get(name, ends_ns), each
        elif cause.kind in (CauseKind.ROUTE, CauseKind.PROGRAMME):
            assert begun[name] <= at_ns <= over.get(name, ends_ns) + NS_PER_MINUTE, each
        elif cause.kind is CauseKind.SHORT_WATCH:
            assert [is_short for heard_ns, is_short in short if heard_ns <= at_ns][-1:] != [False], each
        else:
            assert cause.kind in (CauseKind.RULE, CauseKind.NO_SIGNAL), each
        if isinstance(each, TileChanged):
            assert (each.camera is None) == (cause.kind in (CauseKind.NO_SIGNAL, CauseKind.NOT_PERMITTED)), each
    return len(decisions)


def test_each_change_of_the_wall_is_explained_by_what_was_so_then(small) -> None:
    changes = explained(small)
    assert changes > 200
    by_tile = defaultdict(list)
    scene = ""
    for each in decisions_of(small):
        if isinstance(each, SceneChanged):
            assert each.was == scene
            scene = each.scene
        else:
            by_tile[each.slot].append(each)
            assert each.scene == scene
    kinds = {each.cause.kind for changes in by_tile.values() for each in changes}
    assert {CauseKind.ALARM, CauseKind.ROUTE, CauseKind.RULE} <= kinds
    for slot, changes_of_it in by_tile.items():
        account = account_of(slot, decisions_of(small))
        assert [(told.at_ns, told.camera) for told in account if not told.is_over] == [
            (each.at_ns, each.camera) for each in changes_of_it
        ], "none is left out"


def test_who_asks_why_afterwards_is_told_what_was_up(small, tmp_path, capsys) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text("\n".join(small.wall_lines) + "\n", encoding="utf-8")
    assert why_command("alarm-0", path, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)["told"]
    assert len(told) > 20
    for each in told[:: len(told) // 8]:
        assert each["words"]
        assert why_command("alarm-0", path, instant=each["at"], as_json=True) == 0
        (then,) = json.loads(capsys.readouterr().out)["told"]
        assert then == [other for other in told if other["at"] == each["at"]][-1]
    assert why_command("no-such-tile", path) == 1


def test_an_intrusion_has_its_spot_within_two_seconds_of_there_being_one(small) -> None:
    found = of_wall(small)
    assert set(found) == WALL_ORACLES | {ON_SPOT}
    assert all(cases > 20 and violations == 0 for cases, violations in found.values()), found
    assert "wall.full" in {signal.kind for signal in small.timeline}, "there was a storm too"


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_the_wall_follows_a_demonstration_shows_intrusions_and_goes_back_the_same_each_time() -> None:
    result = run_scenario(read_scenario(SCENARIO))
    assert result.holds
    assert explained(result) > 600
    told = result.timeline
    usual = next(signal for signal in told if signal.kind == "wall.usual")
    assert not [signal for signal in told if signal.kind == "wall.follows" and signal.at_ns > usual.at_ns]
    again = run_scenario(read_scenario(SCENARIO))
    assert (again.trace_hash, again.wall_lines) == (result.trace_hash, result.wall_lines)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, 21))
def test_whatever_the_seed_no_alarm_waits_while_there_is_a_spot_for_it(seed: int) -> None:
    result = run_scenario(read_scenario(SCENARIO), seed)
    assert result.failure is None
    assert not result.violated
    assert of_wall(result)["wall_spots"][0] > 150
    assert explained(result) > 600
