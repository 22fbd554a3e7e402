"""From tests to verdicts: no rule is left out, nothing passes that was not shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.compliance import Status, load_requirements, report_of
from csu.compliance.results import RunRecord, TestRecord

OUTCOMES = ("passed", "failed", "error", "skipped", "not_run")
IDS = [rule.id for rule in load_requirements().requirements]


def _run(*tests: TestRecord, broken: tuple[str, ...] = ()) -> RunRecord:
    return RunRecord(ended_at=datetime(2026, 11, 23, tzinfo=UTC), commit="c0ffee", tests=tests, broken=broken)


def _verdict(*outcomes: str) -> Status:
    tests = [
        TestRecord(test=f"test_{n}", requirements=("AUD-1",), outcome=outcome) for n, outcome in enumerate(outcomes)
    ]
    results = report_of(load_requirements(), _run(*tests)).results
    return next(each.status for each in results if each.requirement.id == "AUD-1")


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((), Status.NOT_COVERED),
        (("not_run",), Status.NOT_COVERED),
        (("passed",), Status.PASSED),
        (("passed", "not_run"), Status.PASSED),
        (("skipped",), Status.FAILED),
        (("passed", "skipped"), Status.FAILED),
        (("passed", "failed"), Status.FAILED),
        (("passed", "error"), Status.FAILED),
    ],
)
def test_a_rule_is_kept_only_when_all_that_ran_passed(outcomes, status):
    assert _verdict(*outcomes) is status


tests_strategy = st.lists(
    st.builds(
        TestRecord,
        test=st.text(min_size=1, max_size=5),
        requirements=st.lists(st.sampled_from([*IDS, "OLD-1"]), min_size=1, max_size=3, unique=True).map(tuple),
        outcome=st.sampled_from(OUTCOMES),
    ),
    max_size=20,
    unique_by=lambda test: test.test,
)


@given(tests_strategy)
def test_every_rule_is_listed_and_the_counts_add_up(tests):
    report = report_of(load_requirements(), _run(*tests)).as_json()
    rules, counts = report["requirements"], report["counts"]
    assert [rule["id"] for rule in rules] == IDS
    assert counts["passed"] + counts["failed"] + counts["not_covered"] == counts["requirements"] == 80
    for rule in rules:
        named = {test.test for test in tests if rule["id"] in test.requirements}
        assert {test["test"] for test in rule["tests"]} == named


@given(tests_strategy)
def test_nothing_passes_that_did_not_run_and_pass(tests):
    report = report_of(load_requirements(), _run(*tests))
    for result in report.results:
        outcomes = {test.outcome for test in result.tests}
        assert (result.status is Status.PASSED) == ("passed" in outcomes <= {"passed", "not_run"})
    assert report.holds == all(result.status is not Status.FAILED for result in report.results)


def test_a_test_file_that_cannot_be_read_is_never_compliance():
    passed = TestRecord(test="t", requirements=("AUD-1",), outcome="passed")
    assert report_of(load_requirements(), _run(passed)).holds
    assert not report_of(load_requirements(), _run(passed, broken=("tests/x.py: SyntaxError",))).holds
