"""STA-1: what is counted feeds no alarm, no signal and no wall. Who may know of counts at all is a closed list."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "csu").rglob("*.py"))
KNOWS_STATISTICS = (
    "csu/statistics/",
    "csu/centre/rooms/statistics_room.py",
    "csu/centre/commands/statistics.py",
    "csu/centre/analysis_hung.py",  # tells analyses what may be counted, and hands on the slots
    "csu/centre/rooms_opened.py",  # opens the room
    "csu/centre/console_hung.py",  # hands it to its doors
    "csu/console/statistics.py",
    "csu/console/statistics_answers.py",
    "csu/console/desks.py",
    "csu/console/app.py",
    "csu/cluster/",  # where pictures are looked at: counts there, and sends the slots
    "csu/cli.py",
)
"""A new line must be added here by someone who asked whether it acts on what is counted."""
NEVER = ("alarm", "wall", "signal", "dispatch", "tour", "ptz", "deport", "watch")
"""In the name of a module: what acts at once."""


def modules_named_in(source: str) -> set[str]:
    """Modules and their parts that a source imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def knows_of_counts(source: str) -> bool:
    if "statistics" not in source:
        return False  # parses nothing that cannot
    named = [name.split(".") for name in modules_named_in(source)]
    return any(name[0] == "csu" and {"statistics", "statistics_room"} & set(name) for name in named)


@pytest.mark.requirement("STA-1")
def test_nothing_that_acts_knows_of_counts():
    knowing = {path.relative_to(ROOT).as_posix() for path in SOURCES if knows_of_counts(path.read_text("utf-8"))}
    assert knowing
    assert not [path for path in knowing if not path.startswith(KNOWS_STATISTICS)]
    for path in knowing:
        if path.startswith("csu/cluster/"):
            assert not [word for word in NEVER if word in Path(path).stem]


@pytest.mark.requirement("STA-1")
def test_the_statistics_know_nothing_that_acts():
    for path in [*(ROOT / "csu/statistics").rglob("*.py"), ROOT / "csu/centre/rooms/statistics_room.py"]:
        named = {name for name in modules_named_in(path.read_text("utf-8")) if name.startswith("csu.")}
        assert not [name for name in named for word in NEVER if word in name.lower()], path.name


def test_an_import_of_counts_is_seen():
    assert knows_of_counts("from csu.statistics import figures")
    assert knows_of_counts("import csu.statistics.flows")
    assert knows_of_counts("from csu import statistics")
    assert not knows_of_counts("from csu.alarms import Alarm\nimport statistics")
