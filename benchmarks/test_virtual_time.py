"""Virtual time: the whole centre over a simulated city for a day, beside bare SimPy that only keeps the time.

No peer does this work, so these are floors: what SimPy costs for as many ticks with no centre, no fault, no catalogue
and no judgement behind them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import simpy

from benchmarks.cpu import LIMIT_S
from benchmarks.scoreboard import Scoreboard
from sim.run import RunResult, run_scenario

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios" / "first_city.yaml"
CAMERAS, NODES, DAY_MINUTES, MINUTE_S = 1300, 46, 1440, 60
WHAT, UNIT = "virtual time: first_city, a day of 1,300 cameras", "camera-days a CPU minute"

Measure = Callable[..., float]


def test_csu_plays_a_day_of_a_city(measure: Measure, scoreboard: Scoreboard) -> None:
    def work(directory: Path) -> dict[str, Any]:
        command = [str(Path(sys.executable).with_name("csu")), "sim", "run", str(SCENARIO), "--no-report", "--json"]
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=LIMIT_S, env=dict(os.environ), check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def check(answer: dict[str, Any], _: Path) -> None:
        assert answer["cameras"] == CAMERAS
        assert answer["duration_s"] == DAY_MINUTES * MINUTE_S
        assert answer["verdict"] == "holds"
        assert answer["catalogue"]["segments"] > CAMERAS * DAY_MINUTES * 0.98

    best_s = measure(work, check, 1)
    scoreboard.add(WHAT, "csu, whole process, judged", CAMERAS / best_s * 60, UNIT, "more")


CUT_HOURS = 6
CUT = "virtual time: first_city, its worst 6 h, 1,300 cameras"


@pytest.mark.parametrize("shared", [False, True], ids=["a node a commune", "shared nodes"])
def test_csu_plays_six_hours_of_a_city(shared: bool, measure: Measure, scoreboard: Scoreboard) -> None:
    """Building the city, its papers and judging weigh as much as four hours here: less a day in long runs."""

    def work(directory: Path) -> RunResult:
        words = SCENARIO.read_text(encoding="utf-8")
        for before, after in (
            ("default: 24 h", f"default: {CUT_HOURS} h"),
            ("default: 2026-11-23 00:00", "default: 2026-11-23 14:00"),
            ("default: 99 %", "default: 97 %"),
            ("  alarms: $alarms\n", f"  alarms: $alarms\n  shared_nodes: {'yes' if shared else 'no'}\n"),
        ):
            assert before in words
            words = words.replace(before, after)
        path = directory / "cut.yaml"
        path.write_text(words, encoding="utf-8")
        return run_scenario(path)

    def check(result: RunResult, _: Path) -> None:
        assert result.holds
        assert len(result.city.cameras) == CAMERAS
        assert result.catalogue["segments"] > CAMERAS * CUT_HOURS * 60 * 0.95

    best_s = measure(work, check, 2)
    subject = f"csu, judged, {'small communes share a node: 21' if shared else 'a node a commune: 46'}"
    scoreboard.add(CUT, subject, CAMERAS * CUT_HOURS / 24 / best_s * 60, UNIT, "more")


@pytest.mark.parametrize(
    ("subject", "processes"),
    [("SimPy alone, a process for each node", NODES), ("SimPy alone, a process for each camera", CAMERAS)],
)
def test_simpy_alone(subject: str, processes: int, measure: Measure, scoreboard: Scoreboard) -> None:
    """`processes` that wake once a minute and hand one row to their node."""
    best_s = measure(lambda _: _tick(processes), lambda rows, _: _check_rows(rows, processes), 2)
    scoreboard.add(WHAT, subject, CAMERAS / best_s * 60, UNIT, "more")


def _tick(processes: int) -> list[list[tuple[int, float]]]:
    environment = simpy.Environment()
    nodes: list[list[tuple[int, float]]] = [[] for _ in range(NODES)]

    def each_minute(number: int) -> Generator[simpy.Event, None, None]:
        mine = nodes[number % NODES]
        while True:
            yield environment.timeout(MINUTE_S)
            mine.append((number, environment.now))

    for number in range(processes):
        environment.process(each_minute(number))
    environment.run(until=DAY_MINUTES * MINUTE_S + 1)
    return nodes


def _check_rows(nodes: list[list[tuple[int, float]]], processes: int) -> None:
    assert sum(len(rows) for rows in nodes) == processes * DAY_MINUTES
