"""The pytest side of compliance: the marker `requirement("ID")`, and a file of what each marked test showed.

Loaded by `-p csu.compliance.pytest_plugin` (pyproject.toml). It needs pytest, which only the `dev` extra brings:
nothing else in csu imports this module.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from csu.compliance.catalogue import load_requirements
from csu.compliance.results import MARKER, Outcome, RunRecord, TestRecord, read_run, write_run

_RANK = {outcome: rank for rank, outcome in enumerate(("not_run", "passed", "skipped", "failed", "error"))}
_WORKER_KEY = "csu-requirements"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("csu").addoption(
        "--requirement-results",
        metavar="FILE",
        type=Path,
        default=None,
        help="write what each test marked requirement(ID) showed, as JSON, for `csu compliance --last`",
    )
    parser.getgroup("csu").addoption(
        "--requirement-results-after",
        metavar="FILE",
        type=Path,
        default=None,
        help="results of the other half of this run: what it ran and this one does not is taken from there",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f'{MARKER}(*ids): the test proves these rules, for example {MARKER}("AUD-1")')
    recorder = RequirementRecorder(
        config.getoption("--requirement-results"), config.getoption("--requirement-results-after")
    )
    config.pluginmanager.register(recorder, "csu-requirements")


class RequirementRecorder:
    """Collects the outcome of every marked test and writes them when the session ends.

    Where pytest-xdist runs the tests in workers, each worker hands what it saw to the process that asked for it.
    """

    def __init__(self, target: Path | None, after: Path | None = None) -> None:
        self._target, self._after = target, after
        self._known = load_requirements().ids
        self._ids: dict[str, tuple[str, ...]] = {}
        self._outcome: dict[str, Outcome] = {}
        self._broken: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Before anything is deselected: a test that is not run today is still listed."""
        for item in items:
            ids = tuple(dict.fromkeys(_ids_of(item)))
            unknown = [each for each in ids if each not in self._known]
            if unknown or any(not marker.args for marker in item.iter_markers(MARKER)):
                said = ", ".join(map(repr, unknown)) or "no id"
                raise pytest.UsageError(f"{item.nodeid}: {MARKER}({said}): no such rule in requirements.toml")
            if ids:
                self._ids[item.nodeid] = ids
                self._outcome[item.nodeid] = "not_run"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
            self._broken.append(f"{report.nodeid}: {lines[-1].strip() if lines else 'not collected'}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self._ids:
            return
        outcome: Outcome = report.outcome
        if outcome == "failed" and report.when != "call":
            outcome = "error"
        elif outcome == "passed" and hasattr(report, "wasxfail"):
            outcome = "failed"  # expected to fail and did not: what it shows is not what it says
        if outcome == "passed" and report.when != "call":
            return
        self._take(report.nodeid, outcome)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """pytest-xdist: a worker has ended; one that crashed hands over nothing, and its tests stay without result."""
        seen = getattr(node, "workeroutput", {}).get(_WORKER_KEY)
        if seen is not None:
            self._merge(RunRecord.model_validate_json(seen))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        workeroutput = getattr(session.config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput[_WORKER_KEY] = self._run(session).model_dump_json()
        elif self._target is not None:
            if self._after is not None:
                self._merge(read_run(self._after))
            write_run(self._target, self._run(session))

    def _merge(self, run: RunRecord) -> None:
        for each in run.tests:
            self._ids.setdefault(each.test, each.requirements)
            self._outcome.setdefault(each.test, "not_run")
            self._take(each.test, each.outcome)
        self._broken += [line for line in run.broken if line not in self._broken]

    def _take(self, test: str, outcome: Outcome) -> None:
        if _RANK[outcome] > _RANK[self._outcome[test]]:
            self._outcome[test] = outcome

    def _run(self, session: pytest.Session) -> RunRecord:
        tests = tuple(
            TestRecord(test=test, requirements=self._ids[test], outcome=outcome)
            for test, outcome in sorted(self._outcome.items())
        )
        commit = _commit(session.config.rootpath)
        return RunRecord(ended_at=datetime.now(UTC), commit=commit, tests=tests, broken=tuple(self._broken))


def _ids_of(item: pytest.Item) -> Iterator[str]:
    for marker in item.iter_markers(MARKER):
        for each in marker.args:
            yield str(each)


def _commit(root: Path) -> str:
    """The commit the tests ran on, with `+` when the tree had changes; empty outside a checkout."""
    try:
        git = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        return subprocess.run(git, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
