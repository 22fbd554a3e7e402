"""Sweeps: every seed and value once, the same verdict in one process as in many, and a command for each that fails."""

from __future__ import annotations

import json
import shlex

import pytest
from typer.testing import CliRunner

from csu.alarms import AlarmDesk
from csu.hal.errors import BadInput
from sim.cli import app
from sim.scenario_file import read_scenario
from sim.sweep import add_up, plan_runs, play, sweep

TINY = (
    ("duration: 50 min", "duration: $length\nparameters:\n  length: {default: 50 min, sweep: 41 min .. 44 min}\n"),
    ("at: +33 min", "at: +22 min"),
    ("lasts: 5 s .. 12 min", "lasts: 5 s .. 3 min"),
)


def csu_sim(*words: str) -> tuple[int, dict[str, object]]:
    done = CliRunner().invoke(app, [*words, "--json", "--no-report"])
    return done.exit_code, json.loads(done.stdout) if done.stdout else {}


def test_a_plan_has_every_seed_with_every_combination(small_city) -> None:
    file = read_scenario(small_city(*TINY))
    matrix = {"people.operators": ["2", "3"], "city.communes": ["4", "5"]}
    plans = plan_runs(file, [1, 2, 3], matrix, {"city.cameras": "50"}, draw=True)
    assert len({(plan.seed, tuple(sorted(plan.values.items()))) for plan in plans}) == len(plans) == 12
    assert {plan.values["people.operators"] for plan in plans} == {"2", "3"}
    assert {plan.values["city.cameras"] for plan in plans} == {"50"}
    assert {plan.values["length"] for plan in plans} <= {"41 min", "42 min", "43 min", "44 min"}
    assert all("length" not in plan.values for plan in plan_runs(file, [1], matrix, {}, draw=False))
    fixed = plan_runs(file, [1, 2], {}, {"length": "45 min"}, draw=True)
    assert {plan.values["length"] for plan in fixed} == {"45 min"}, "what was set is not drawn"
    with pytest.raises(BadInput):
        plan_runs(file, [1], {"people.operators": ["2", "none"]}, {}, draw=False)
    with pytest.raises(BadInput, match="at most"):
        plan_runs(file, range(100_000), {"people.operators": ["2", "3"]}, {}, draw=False)


@pytest.mark.nightly
def test_two_processes_come_to_what_one_does(small_city) -> None:
    path = small_city(*TINY)
    plans = plan_runs(read_scenario(path), [1, 2, 3], {}, {}, draw=True)
    alone = [play(path, plan) for plan in plans]
    together = dict(sweep(path, plans, workers=2))
    assert [together[index].trace_hash for index in range(3)] == [outcome.trace_hash for outcome in alone]
    assert len({outcome.trace_hash for outcome in alone}) == 3
    assert together[0].replay == alone[0].replay


@pytest.mark.nightly
def test_a_violated_run_is_told_with_a_command_that_violates_again(small_city, monkeypatch) -> None:
    monkeypatch.setattr(AlarmDesk, "tick", lambda self, now_ns: [])  # nobody is called when an alarm waits
    path = small_city(*TINY)
    code, told = csu_sim("run", str(path), "--seeds", "5,6", "--jobs", "1")
    assert code == 1
    assert told["verdict"] == "does not hold"
    broken = [result for result in told["results"] if result["verdict"] == "violated"]
    assert broken
    words = shlex.split(broken[0]["replay"])
    assert words[:2] == ["csu", "sim"]
    again_code, again = csu_sim(*words[2:])
    assert again_code == 1
    assert again["trace_hash"] == broken[0]["trace_hash"]
    assert "alarms_taken" in broken[0]["broken"]


@pytest.mark.nightly
def test_a_sweep_holds_only_when_everything_had_its_cases(small_city) -> None:
    path = small_city(*TINY)
    file = read_scenario(path)
    outcome = play(path, plan_runs(file, [5], {}, {}, draw=True)[0])
    assert not outcome.violated
    idle = next(judgement for judgement in outcome.expectations if judgement.name.startswith("sometimes"))
    assert idle.cases < 1_000
    path = small_city(*TINY, ("{sometimes: alarm.escalated}", "{sometimes: alarm.escalated, at_least: 1000}"))
    never_enough = play(path, plan_runs(file, [5], {}, {}, draw=True)[0])
    assert not never_enough.violated, "too few cases are no violation"
    assert not add_up(file, [never_enough]).holds


@pytest.mark.parametrize(
    "words",
    [
        ("--seeds", "9..1"),
        ("--seeds", "one"),
        ("--seeds", "1..2", "--seed", "3"),
        ("--matrix", "people.operators"),
        ("--set", "people.operatrs=3"),
        ("--matrix", "people.operators=3,x"),
    ],
)
def test_words_that_cannot_be_used_are_bad_input(small_city, words) -> None:
    done = CliRunner().invoke(app, ["run", str(small_city(*TINY)), *words, "--no-report"])
    assert isinstance(done.exception, BadInput), done.output


def test_the_report_of_a_sweep_names_each_run(small_city, tmp_path) -> None:
    report = tmp_path / "sweep.html"
    done = CliRunner().invoke(
        app, ["run", str(small_city(*TINY)), "--seeds", "5", "--jobs", "1", "--report", str(report)]
    )
    page = report.read_text(encoding="utf-8")
    assert done.exit_code in (0, 1)
    assert "--seed 5" in page
    assert "http" not in page, "it opens offline"
