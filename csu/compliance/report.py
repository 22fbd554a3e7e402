"""From a run to a report: one verdict per rule, none left out. A pure core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csu.compliance.catalogue import Catalogue, Requirement
from csu.compliance.results import RunRecord, TestRecord


class Status(StrEnum):
    """The verdict on one rule."""

    PASSED = "passed"
    """At least one of its tests ran, and every one that ran passed."""
    FAILED = "failed"
    """A test of it failed, broke, or was skipped: a promise that was not shown is not kept."""
    NOT_COVERED = "not_covered"
    """No test of it ran."""


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One rule, its tests, its verdict."""

    requirement: Requirement
    tests: tuple[TestRecord, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """Every rule of the catalogue, in its order. `broken`: test files that could not be collected."""

    ended_at: datetime
    commit: str
    results: tuple[RequirementResult, ...]
    broken: tuple[str, ...]

    def count(self, status: Status) -> int:
        """How many rules have this verdict."""
        return sum(result.status is status for result in self.results)

    @property
    def holds(self) -> bool:
        """True when no rule failed and no test file was broken. Rules not covered are shown, and do not count here."""
        return not self.broken and self.count(Status.FAILED) == 0

    def as_json(self) -> dict[str, object]:
        """The object `csu compliance --json` prints."""
        return {
            "holds": self.holds,
            "ended_at": self.ended_at.isoformat(),
            "commit": self.commit,
            "counts": {
                "requirements": len(self.results),
                **{status.value: self.count(status) for status in Status},
                "tests": len({test.test for result in self.results for test in result.tests}),
            },
            "requirements": [_result_json(result) for result in self.results],
            "broken": list(self.broken),
        }


def report_of(catalogue: Catalogue, run: RunRecord) -> ComplianceReport:
    """Judge `run` against every rule of `catalogue`."""
    tests_of: dict[str, list[TestRecord]] = {each.id: [] for each in catalogue.requirements}
    for test in run.tests:
        for requirement in test.requirements:
            if requirement in tests_of:  # a kept run may name a rule that has left the catalogue since
                tests_of[requirement].append(test)
    return ComplianceReport(run.ended_at, run.commit, _judge_all(catalogue, tests_of), run.broken)


def _judge_all(catalogue: Catalogue, tests_of: Mapping[str, Sequence[TestRecord]]) -> tuple[RequirementResult, ...]:
    return tuple(
        RequirementResult(each, tuple(tests_of[each.id]), _judge(tests_of[each.id])) for each in catalogue.requirements
    )


def _judge(tests: Sequence[TestRecord]) -> Status:
    outcomes = {test.outcome for test in tests} - {"not_run"}
    if not outcomes:
        return Status.NOT_COVERED
    return Status.PASSED if outcomes == {"passed"} else Status.FAILED


def _result_json(result: RequirementResult) -> dict[str, object]:
    return {
        "id": result.requirement.id,
        "family": result.requirement.family,
        "title": result.requirement.title_fr,
        "title_en": result.requirement.title_en,
        "status": result.status.value,
        "tests": [{"test": test.test, "outcome": test.outcome} for test in result.tests],
    }
