"""Running the marked tests, live, in a process of their own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from csu.compliance.catalogue import load_requirements
from csu.compliance.report import ComplianceReport, report_of
from csu.compliance.results import LAST_RUN, MARKER, read_run, write_run
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words

RUN_TIMEOUT_S = 1_200.0
"""Longer than the whole suite may take (10 minutes): past it, something hangs."""

_STDERR = 2
"""The file descriptor: stdout is kept for the report."""

_PYTEST_DONE = (0, 1, 5)
"""pytest's exit codes that mean: ran to its end, all passed / some failed / nothing was marked."""


class ComplianceRunFailed(CsuError):
    """The tests could not be run to their end, so nothing can be said."""


def find_tests() -> Path:
    """The `tests` directory of the checkout this csu runs from, else of the current directory.

    Raises BadInput when there is neither: an installed wheel carries no tests.
    """
    for root in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (root / "tests").is_dir() and (root / "pyproject.toml").is_file():
            return root / "tests"
    raise BadInput(
        Words("aucun dossier de tests", "no tests directory"),
        where=str(Path.cwd()),
        what_to_do=Words(
            "Lancez-la depuis les sources de csu, ou donnez --tests DOSSIER",
            "Run it in a checkout of csu, or give --tests DIR",
        ),
    )


def run_compliance(tests_dir: Path, *, timeout_s: float = RUN_TIMEOUT_S) -> ComplianceReport:
    """Run every test under `tests_dir` that is marked with a rule, now, and judge all rules by it.

    pytest's own words go to stderr. The results are kept for `last_compliance`. Raises BadInput when `tests_dir` is no
    directory or pytest is not installed, ComplianceRunFailed when the run does not come to its end.
    """
    if not tests_dir.is_dir():
        raise BadInput(
            Words("ce dossier de tests n'existe pas", "no such directory of tests"),
            where=str(tests_dir),
            what_to_do=Words("Donnez un autre --tests DOSSIER", "Give another --tests DIR"),
        )
    if importlib.util.find_spec("pytest") is None:
        raise BadInput(
            Words("pytest n'est pas installé", "pytest is not installed"),
            where=sys.executable,
            what_to_do=Words("Lancez `make setup`, ou utilisez --last", "Run `make setup`, or use --last"),
        )
    root = tests_dir.resolve().parent
    with tempfile.TemporaryDirectory(prefix="csu-compliance-") as scratch:
        results = Path(scratch) / "results.json"
        code = _run_pytest(tests_dir.resolve(), root, results, timeout_s)
        collected_badly = code == 2 and results.exists() and read_run(results).broken
        if not results.exists() or not (code in _PYTEST_DONE or collected_badly):
            raise ComplianceRunFailed(
                Words(f"pytest s'est arrêté avec le code {code}", f"pytest ended with code {code}"),
                where=str(tests_dir),
                what_to_do=Words("Lisez ses dernières lignes ci-dessus", "Read its last lines above"),
            )
        run = read_run(results)
    write_run(root / LAST_RUN, run)
    return report_of(load_requirements(), run)


def last_compliance(tests_dir: Path) -> ComplianceReport:
    """The report on the last run that was kept. Raises BadInput when there is none."""
    return report_of(load_requirements(), read_run(tests_dir.resolve().parent / LAST_RUN))


def _run_pytest(tests_dir: Path, root: Path, results: Path, timeout_s: float) -> int:
    command = [sys.executable, "-m", "pytest", "-p", "csu.compliance.pytest_plugin", str(tests_dir)]
    command += ["-m", f"{MARKER} and not nightly", "--requirement-results", str(results)]
    command += ["--continue-on-collection-errors", "-q", "--tb=short"]
    try:
        return subprocess.run(command, cwd=root, stdout=_STDERR, timeout=timeout_s, check=False).returncode
    except subprocess.TimeoutExpired as error:
        raise ComplianceRunFailed(
            Words(
                f"les tests ne sont pas finis après {timeout_s:.0f} s",
                f"the tests did not end within {timeout_s:.0f} s",
            ),
            where=str(tests_dir),
            what_to_do=Words("Lancez `make test` : lequel bloque ?", "Run `make test` to see which one hangs"),
        ) from error
