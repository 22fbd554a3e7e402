"""A whole city on virtual time: the verdict, the trace, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.run import run_scenario

ROOT = Path(__file__).resolve().parents[2]
FIRST_CITY = ROOT / "scenarios" / "first_city.yaml"


def csu_sim(*words: str, hash_seed: str = "0", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "CSU_LANG": "fr"}
    command = [sys.executable, "-c", "from csu.cli import main; main()", "sim", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, env=environment, cwd=cwd, check=False)


def test_two_runs_have_one_trace_whatever_the_hash_seed_and_another_seed_has_another(small_city) -> None:
    path = small_city()
    found = {}
    for name, hash_seed, words in (("a", "1", ()), ("b", "999", ()), ("other", "1", ("--seed", "8"))):
        done = csu_sim("run", str(path), "--json", "--no-report", *words, hash_seed=hash_seed)
        assert done.returncode == 0, done.stderr
        found[name] = json.loads(done.stdout)
    assert found["a"]["trace_hash"] == found["b"]["trace_hash"]
    assert found["a"]["counters"] == found["b"]["counters"]
    assert found["other"]["trace_hash"] != found["a"]["trace_hash"]
    assert found["other"]["replay"].endswith("--seed 8")


def test_the_small_city_holds_and_no_oracle_is_idle(small_city) -> None:
    result = run_scenario(small_city())
    assert result.failure is None
    assert {judgement.name: judgement.details for judgement in result.judgements if not judgement.holds} == {}
    assert all(judgement.cases > 0 for judgement in result.judgements)
    seen = result.counters
    assert seen["nodes_lost"] >= 1
    assert seen["manifests_sent_again"] >= 1
    assert seen["manifests_refused"] == seen["manifests_sent_again"]
    assert seen["alarms_repeated"] >= 1
    assert seen["alarms_escalated"] >= 1
    assert seen["chaos_fired"] >= 1
    assert result.catalogue["segments"] == seen["segments_closed"] > 0


@pytest.mark.parametrize("seed", [100, 101, 102])
def test_other_seeds_and_shuffled_tasks_hold_too(small_city, seed: int) -> None:
    result = run_scenario(small_city(), seed, shuffle=seed % 2 == 0)
    assert result.failure is None
    assert {judgement.name: judgement.details for judgement in result.judgements if not judgement.holds} == {}


def test_a_first_hour_of_the_first_city_holds_with_all_1300_cameras(tmp_path: Path) -> None:
    values = {"start": "2026-11-23 14:20", "duration": "70 min", "coverage": "97 %", "alarms": "30/h"}  # the worst hour
    values |= {"silence": "15:00"}  # a call is under way then
    hour = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    done = csu_sim("run", str(FIRST_CITY), "--json", "--report", str(tmp_path / "report.html"), *hour)
    told = json.loads(done.stdout)
    assert done.returncode == 0, told["expectations"]
    assert (told["cameras"], told["communes"], told["level"], told["verdict"]) == (1300, 46, "L0", "holds")
    assert told["cpu_s"] > 0
    assert told["compression"] > 100
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert told["trace_hash"] in page
    assert "Courtavelle" in page


def test_a_verdict_that_does_not_hold_exits_with_1_and_says_why(small_city, monkeypatch) -> None:
    monkeypatch.setenv("CSU_LANG", "fr")
    done = CliRunner().invoke(app, ["run", str(small_city(("at_least: 50 %", "at_least: 100 %"))), "--no-report"])
    assert done.exit_code == 1
    assert "non tenu" in done.stdout
    assert "rejouer : csu sim run" in done.stdout
    assert "réduire : csu sim shrink" in done.stdout


@pytest.mark.parametrize("command", ["run", "check"])
def test_every_fault_of_a_file_is_a_line_that_names_file_line_and_column(small_city, command: str) -> None:
    path = small_city(("cameras: 60", "camras: 60"), ("reaction: 3 s .. 15 s", "reaction: 3 .. 15"))
    done = csu_sim(command, str(path), "--json")
    assert done.returncode == 2
    missing, unknown, quantity = done.stderr.splitlines()
    assert missing.startswith(f"{path}:6:1 : clé manquante 'cameras'")
    assert unknown.startswith(f"{path}:8:3 : clé inconnue 'camras' (vouliez-vous dire 'cameras' ?)")
    assert "Clés valides : alarms, cameras, communes" in unknown
    assert quantity.startswith(f"{path}:12:13 : '3' n'est pas une durée")
    told = json.loads(done.stdout)
    assert [error["where"] for error in told["errors"]] == [f"{path}:6:1", f"{path}:8:3", f"{path}:12:13"]
    assert told["error"] == told["errors"][0]


def test_check_reads_without_playing() -> None:
    done = CliRunner().invoke(app, ["check", str(FIRST_CITY), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["cameras"] == 1300


def test_a_report_that_cannot_be_written_is_told_before_the_run(small_city, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = csu_sim("run", str(small_city()), "--report", str(tmp_path / "file" / "report.html"))
    assert done.returncode == 2
    assert "aucun rapport" in done.stderr


@pytest.mark.nightly
def test_the_whole_first_day_holds_and_replays(tmp_path: Path) -> None:
    found = []
    for hash_seed in ("1", "999"):
        done = csu_sim("run", str(FIRST_CITY), "--json", "--no-report", hash_seed=hash_seed)
        assert done.returncode == 0, done.stdout
        found.append(json.loads(done.stdout))
    assert found[0]["trace_hash"] == found[1]["trace_hash"]
    assert found[0]["duration_s"] == 86_400
