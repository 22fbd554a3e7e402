"""Real-time analysis in the simulated city: within its order to the instant, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from csu.hal.clock import NS_PER_MINUTE
from sim.mutants.analysis_defects import DEFECTS
from sim.mutants.proof import CITIES, look_for
from sim.report import render_report
from sim.run import run_scenario
from sim.scenario_file import ScenarioRefused, read_scenario

ROOT = Path(__file__).resolve().parents[2]
PLAIN = """
title: Une ville
seed: 3
start: 2026-06-21 20:00
duration: 20 min
city: {communes: 2, cameras: 8, alarms: 60/h}
%s
expect:
  - {finally: coverage, at_least: 99 %%}
options: {quiet: 6 min}
"""


@pytest.fixture
def a_city(tmp_path):
    def written(more: str):
        path = tmp_path / "city.yaml"
        path.write_text(PLAIN % more, encoding="utf-8")
        return run_scenario(read_scenario(path))

    return written


def oracle(result):
    return next(judgement for judgement in result.judgements if judgement.name == "analysed_by_order")


@pytest.mark.requirement("VSA-1")
@pytest.mark.parametrize(
    "more",
    [
        "analysis: {}",
        "analysis: {law: {first: 2026-01-01, last: 2026-12-31}}",
        "analysis: {}\nstory: [{at: 20:05, kind: analysis_order, commune: Valmandrin, lasts: 8 min}]",
    ],
    ids=["a fresh install", "a law and no order", "an order and no law"],
)
def test_without_law_or_order_no_picture_is_looked_at_while_recording_and_live_go_on(a_city, more) -> None:
    result = a_city(more)
    assert result.failure is None
    assert oracle(result).holds
    assert {name: count for name, count in result.counters.items() if name.startswith("analysis_")} == {
        "analysis_node_starts": 0,
        "analysis_minutes": 0,
        "analysis_pictures": 0,
        "analysis_pictures_by_the_node": 0,
        "analysis_signals": 0,
    }
    assert result.analysed == ()
    assert result.catalogue["recorded_s"] == pytest.approx(8 * 20 * 60, rel=0.01)
    well = next(judgement for judgement in result.judgements if judgement.name == "all_well_at_the_end")
    assert (well.cases, well.violations) == (8, 0)


@pytest.mark.requirement("VSA-2")
@pytest.mark.requirement("VSA-3")
def test_analysis_runs_in_its_orders_and_their_law_and_stops_at_the_end_minute() -> None:
    result = run_scenario(read_scenario(CITIES["analysis"]))
    begins_ns = result.file.scenario.epoch_ns
    assert oracle(result).holds, oracle(result).details
    minutes = {
        (each.order, (each.start_ns - begins_ns) / NS_PER_MINUTE, (each.end_ns - begins_ns) / NS_PER_MINUTE)
        for each in result.analysed
    }
    assert minutes == {
        ("SIM-1", 2, 7),  # its own five minutes
        ("SIM-2", 6, 7),  # until its cameras are suspended
        ("SIM-2", 8, 9),  # until the kill switch
        ("SIM-2", 10, 16),  # until the law ends with the day in Paris
        ("SIM-3", 11, 13),  # until it is withdrawn
    }
    assert result.counters["analysis_pictures"] == (3 * 5 + 2 * 8 + 3 * 2) * 300
    page = render_report(result, "", {})
    assert all(order in page for order in ("SIM-1", "SIM-2", "SIM-3"))
    assert "0 image analysée" not in page
    assert "0 image analysée" in render_report(replace(result, analysed=()), "", {})


def test_a_centre_that_falls_analyses_nothing_while_it_lies_and_goes_on_afterwards(a_city) -> None:
    result = a_city(
        "analysis: {law: {first: 2026-01-01, last: 2026-12-31}}\n"
        "story:\n"
        "  - {at: 20:02, kind: analysis_order, commune: Valmandrin, lasts: 14 min}\n"
        "  - {at: 20:08, kind: centre_crash, lasts: 1 min}"
    )
    assert oracle(result).holds, oracle(result).details
    assert result.counters["analysis_node_starts"] == 2


@pytest.mark.parametrize("defect", [each.name for each in DEFECTS[1:]])
@pytest.mark.nightly
def test_each_defect_of_the_analysis_is_seen_by_its_oracle_alone(defect) -> None:
    found = look_for(defect, seeds=1)
    assert found.is_found
    assert found.alone


@pytest.mark.parametrize(
    "line",
    [
        "{at: 20:05, kind: analysis_order, commune: Nulle-Part, lasts: 20 min}",
        "{at: 20:05, kind: analysis_order, commune: Valmandrin, lasts: 20 s}",
        "{at: 20:05, kind: analysis_order, commune: Valmandrin, lasts: 40 d}",
        "{at: 20:05, kind: analysis_order, commune: Valmandrin, lasts: 20 min, types: [loitering]}",
        "{at: 20:05, kind: analysis_order, commune: Valmandrin, lasts: 20 min, types: [weapon, weapon]}",
        "{at: +90 s, kind: analysis_order, commune: Valmandrin, lasts: 20 min}",
    ],
)
def test_what_no_order_can_say_is_refused_where_it_stands(a_city, line) -> None:
    with pytest.raises(ScenarioRefused):
        a_city(f"analysis: {{}}\nstory: [{line}]")
