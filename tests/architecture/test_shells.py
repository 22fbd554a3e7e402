"""The list of shells is short, true, and explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def engine_shells(seal) -> list[str]:
    return [shell for shell in seal.shells if shell.startswith(("csu/", "sim/"))]


def test_every_declared_shell_exists(engine_shells):
    """A pattern that matches nothing is a hole that waits for a file."""
    dead = [shell for shell in engine_shells if not any(ROOT.glob(shell.replace("/**", "/**/*.py")))]
    assert dead == []


def test_every_declared_shell_says_why_it_is_one(engine_shells):
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    table = (re.match(r'"(?P<shell>[^"]+)" = \[.*\]\s*# (?P<why>.+)', line) for line in lines)
    reasons = {match["shell"]: match["why"] for match in table if match}
    assert [shell for shell in engine_shells if len(reasons.get(shell, "").split()) < 3] == []


@pytest.mark.parametrize("room", ["hal", "governance", "masking", "recording", "alarms", "operations"])
def test_no_shell_opens_a_whole_room_of_decisions(engine_shells, room):
    assert f"csu/{room}/**" not in engine_shells


@pytest.mark.parametrize(
    "core",
    [
        *("csu.centre.control", "csu.governance", "csu.alarms.desk", "csu.ingest.board"),
        *("csu.operations.dispatch", "csu.operations.ptz_leases", "csu.wall.directing.director"),
    ],
)
def test_the_decisions_are_cores(seal, core):
    assert seal.is_core(core)


def test_the_host_is_a_shell_and_other_packages_are_nobodys_business(seal):
    assert not seal.is_core("csu.machine")
    assert not seal.is_core("asyncio.base_events")
    assert not seal.is_core("csurf")
