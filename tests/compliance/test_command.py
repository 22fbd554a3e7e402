"""`csu compliance`: live results, exit codes, JSON, table and page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from csu.compliance import ComplianceRunFailed, compliance_command, last_compliance, run_compliance
from csu.compliance.results import LAST_RUN, read_run
from csu.hal.errors import BadInput

SAMPLE = """
import pytest

@pytest.mark.requirement("AUD-1")
def test_kept(): pass

@pytest.mark.requirement("AUD-2", "AUD-3")
def test_broken(): assert 1 == 2

@pytest.mark.requirement("PRV-1")
@pytest.mark.skip(reason="not today")
def test_skipped(): pass

@pytest.mark.requirement("PRV-2")
@pytest.mark.nightly
def test_long(): assert 1 == 2

@pytest.mark.requirement("PRV-3")
def test_set_up_broken(no_such_fixture): pass

@pytest.mark.requirement("PRV-4")
@pytest.mark.xfail(reason="known")
def test_known_to_fail(): assert 1 == 2

def test_of_no_rule(): assert 1 == 2
"""
KEPT = """
import pytest

@pytest.mark.requirement("AUD-1")
@pytest.mark.parametrize("n", [1, 2])
def test_kept(n): pass
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = nightly: long\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(compliance_command)
    return app


def _write(checkout: Path, source: str, name: str = "test_sample.py") -> Path:
    (checkout / "tests" / name).write_text(source, encoding="utf-8")
    return checkout / "tests"


def test_the_results_are_those_of_a_run_made_now(checkout):
    report = run_compliance(_write(checkout, SAMPLE)).as_json()
    verdicts = {rule["id"]: rule["status"] for rule in report["requirements"] if rule["tests"]}
    assert verdicts == {
        "AUD-1": "passed",
        "AUD-2": "failed",
        "AUD-3": "failed",
        "PRV-1": "failed",
        "PRV-2": "not_covered",
        "PRV-3": "failed",
        "PRV-4": "failed",
    }
    assert report["counts"] == {"requirements": 80, "passed": 1, "failed": 5, "not_covered": 74, "tests": 6}
    outcomes = {test["outcome"] for rule in report["requirements"] for test in rule["tests"]}
    assert outcomes == {"passed", "failed", "error", "skipped", "not_run"}


def test_a_test_that_stops_passing_changes_the_verdict(checkout):
    assert run_compliance(_write(checkout, KEPT)).holds
    assert not run_compliance(_write(checkout, KEPT.replace("pass", "assert n == 1"))).holds
    assert not last_compliance(checkout / "tests").holds


def test_a_test_file_that_cannot_be_collected_is_named(checkout):
    _write(checkout, KEPT)
    report = run_compliance(_write(checkout, "import no_such_module", "test_unreadable.py"))
    assert not report.holds
    assert ["test_unreadable.py" in broken and "no_such_module" in broken for broken in report.broken] == [True]


def test_a_run_that_hangs_is_stopped_and_said(checkout):
    tests = _write(checkout, "import time\ntime.sleep(60)\n")
    with pytest.raises(ComplianceRunFailed, match="did not end"):
        run_compliance(tests, timeout_s=2.0)


def test_json_is_one_object_on_stdout_and_the_exit_code_is_the_verdict(app, checkout):
    tests = _write(checkout, KEPT)
    held = CliRunner().invoke(app, ["--json", "--tests", str(tests)])
    assert held.exit_code == 0
    assert json.loads(held.stdout)["counts"]["passed"] == 1
    _write(checkout, KEPT.replace("pass", "assert n == 1"))
    broken = CliRunner().invoke(app, ["--json", "--tests", str(tests)])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["holds"] is False


def test_the_last_run_is_shown_again_without_running_anything(app, checkout):
    tests = _write(checkout, KEPT)
    run_compliance(tests)
    _write(checkout, "import no_such_module")
    shown = CliRunner().invoke(app, ["--last", "--json", "--tests", str(tests)])
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["counts"]["passed"] == 1


def test_the_table_and_the_page_show_every_rule_in_french(app, checkout, monkeypatch):
    monkeypatch.delenv("CSU_LANG", raising=False)
    tests, page = _write(checkout, SAMPLE), checkout / "page.html"
    shown = CliRunner().invoke(app, ["--tests", str(tests), "--report", str(page)], env={"COLUMNS": "150"})
    html = page.read_text(encoding="utf-8")
    for rule in ("AUT-1", "AUD-1", "PRV-4", "DPO-3"):
        assert rule in shown.stdout
        assert f">{rule}<" in html
    assert "74 ○ non couverte" in shown.stdout
    assert "Aucune captation de son" in shown.stdout
    assert "test_sample.py::test_broken" in html


def test_the_page_cannot_be_written_into_by_a_test_name(checkout):
    from csu.compliance.command import page_of

    source = KEPT.replace("[1, 2]", '["<script>alert(1)</script>", 2]')
    html = page_of(run_compliance(_write(checkout, source)))
    assert "alert(1)" in html
    assert "<script>" not in html


@pytest.mark.parametrize(
    "arguments", [["--tests", "no/such/dir"], ["--last", "--tests", "no/such/dir"]], ids=["live", "last"]
)
def test_bad_input_is_told_as_such(app, arguments):
    found = CliRunner().invoke(app, arguments)
    assert isinstance(found.exception, BadInput)
    assert "no/such" in str(found.exception) or "var" in str(found.exception)


def test_a_file_of_results_that_is_not_ours_is_bad_input(checkout):
    (checkout / LAST_RUN).parent.mkdir()
    (checkout / LAST_RUN).write_text('{"requirements": "all passed"}', encoding="utf-8")
    with pytest.raises(BadInput, match="not a file of results"):
        last_compliance(checkout / "tests")


def test_results_of_two_workers_and_of_the_other_half_are_one_record(checkout: Path):
    """As `make test` runs: half of the tests over workers, then those that share the machine with no other."""
    for name, mark in (("one", ""), ("two", ""), ("slow", "@pytest.mark.nightly\n")):
        said = f"import pytest\n{mark}@pytest.mark.requirement('AUD-1')\ndef test_{name}(): assert {name != 'two'}\n"
        (checkout / "tests" / f"test_{name}.py").write_text(said, encoding="utf-8")
    first, both = checkout / "first.json", checkout / "both.json"
    pytest_here = [sys.executable, "-m", "pytest", "-q", "-p", "csu.compliance.pytest_plugin"]
    shared = [*pytest_here, "-m", "not nightly", "-n", "2", "--dist", "loadfile", "--requirement-results", str(first)]
    alone = [*pytest_here, "-m", "nightly", "--requirement-results", str(both)]
    assert subprocess.run(shared, cwd=checkout, capture_output=True, check=False).returncode == 1
    assert outcomes(first) == {"one": "passed", "two": "failed", "slow": "not_run"}
    subprocess.run([*alone, "--requirement-results-after", str(first)], cwd=checkout, capture_output=True, check=True)
    assert outcomes(both) == {"one": "passed", "two": "failed", "slow": "passed"}


def outcomes(results: Path) -> dict[str, str]:
    return {each.test.rpartition("::test_")[2]: each.outcome for each in read_run(results).tests}
