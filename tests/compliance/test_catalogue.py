"""The list of rules is whole, and a test cannot name a rule that is not on it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from csu.compliance import load_requirements

COUNT_OF_FAMILY = {
    "AUT": 6,
    "RET": 6,
    "LOG": 6,
    "PRV": 6,
    "AUD": 4,
    "ACC": 6,
    "EXP": 9,
    "TEC": 6,
    "VSA": 8,
    "STA": 3,
    "VVB": 6,
    "OPS": 6,
    "COM": 5,
    "DPO": 3,
}


def test_there_are_eighty_rules_each_once():
    rules = load_requirements().requirements
    assert len(rules) == len({rule.id for rule in rules}) == 80


def test_each_family_is_numbered_from_one_without_a_hole():
    expected = [f"{family}-{number}" for family, count in COUNT_OF_FAMILY.items() for number in range(1, count + 1)]
    assert [rule.id for rule in load_requirements().requirements] == expected


def test_every_rule_is_told_in_both_languages():
    for rule in load_requirements().requirements:
        assert rule.title_fr.strip(), rule.id
        assert rule.title_en.strip(), rule.id
        assert rule.title_fr != rule.title_en, rule.id


@pytest.mark.parametrize(
    ("marker", "said"), [('"AUD-9"', "AUD-9"), ('"AUD-1", "NO-1"', "NO-1"), ("", "no id"), ('"aud-1"', "aud-1")]
)
def test_a_marker_that_names_no_rule_stops_the_run_with_one_clear_line(tmp_path, marker, said):
    (tmp_path / "test_planted.py").write_text(
        f"import pytest\n@pytest.mark.requirement({marker})\ndef test_planted():\n    pass\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-p", "csu.compliance.pytest_plugin", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    assert said in line
    assert "test_planted" in line
