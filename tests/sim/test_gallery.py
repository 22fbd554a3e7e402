"""The gallery: every scenario says what it proves, stands in the README, and proves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.run import run_scenario
from sim.scenario_file import read_scenario

ROOT = Path(__file__).resolve().parents[2]
GALLERY = sorted((ROOT / "scenarios").glob("*.yaml"))
LONG = {"first_city", "metz_2023", "metz_2026", "retention_february"}
"""Above 5 CPU s: nightly."""
FIRST_HOURS = "2 h"
"""How much of a long one each change plays."""
WANTED = {
    *("first_city", "metz_2023", "metz_2026", "demonstration", "night_intrusion", "alarm_storm", "fibre_cut"),
    *("datacentre_power_loss", "retention_february", "requisition_race", "ptz_mask_chase", "audio_switched_on"),
    *("two_operators_rule", "commune_joins", "commune_leaves", "authorisation_expires", "clock_drift", "disk_full"),
    *("city_6500", "three_levels", "order_expires"),
}


def what_fails(path: Path, values: dict[str, str]) -> dict[str, object]:
    result = run_scenario(read_scenario(path, values))
    assert result.failure is None
    return {
        judgement.name: (judgement.cases, judgement.details) for judgement in result.judgements if not judgement.holds
    }


def test_the_gallery_is_whole_and_the_readme_lists_it() -> None:
    assert {path.stem for path in GALLERY} >= WANTED
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in GALLERY:
        assert f"(scenarios/{path.name})" in readme, path.name
        assert len(read_scenario(path).scenario.proves) > 80, f"{path.name} does not say what it proves"


BY_NIGHT = {"alarm_storm", "city_6500", "demonstration", "requisition_race"}
"""Seconds each; the others run before each change."""
SMALL = [
    pytest.param(p, marks=[pytest.mark.nightly] if p.stem in BY_NIGHT else [], id=p.stem)
    for p in GALLERY
    if p.stem not in LONG
]


@pytest.mark.parametrize("path", SMALL)
def test_a_small_scenario_holds(path: Path) -> None:
    assert what_fails(path, {}) == {}


@pytest.mark.parametrize("name", sorted(LONG - {"first_city", "retention_february"}))
def test_the_first_hours_of_a_long_scenario_hold(name: str) -> None:
    assert what_fails(ROOT / "scenarios" / f"{name}.yaml", {"duration": FIRST_HOURS}) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(LONG - {"first_city"}))  # first_city: tests/sim/test_run.py
def test_a_long_scenario_holds_to_its_end(name: str) -> None:
    assert what_fails(ROOT / "scenarios" / f"{name}.yaml", {}) == {}
