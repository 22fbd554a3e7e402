"""The wall of the scenario `demonstration`: it follows the route, an intrusion takes a spot, it goes back by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.hal.clock import NS_PER_S
from sim.run import run_scenario
from sim.scenario_file import read_scenario

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios/demonstration.yaml"


@pytest.mark.nightly
def test_the_wall_follows_a_demonstration_shows_intrusions_and_goes_back_the_same_each_time() -> None:
    result = run_scenario(read_scenario(SCENARIO))
    assert result.holds
    told = result.timeline
    usual = next(signal for signal in told if signal.kind == "wall.usual")
    assert not [signal for signal in told if signal.kind == "wall.follows" and signal.at_ns > usual.at_ns]
    shown_ns = {s.fields["alarm"]: s.at_ns for s in reversed(told) if s.kind == "wall.alarm"}
    rung = [s for s in told if s.kind == "alarm.rung" and s.fields["kind"] == "intrusion"]
    in_time = [s for s in rung if shown_ns[s.fields["alarm"]] - s.at_ns <= 2 * NS_PER_S]
    assert len(in_time) >= 0.9 * len(rung) > 0  # the rest came in a storm, or while the disk failed: counted meanwhile
    again = run_scenario(read_scenario(SCENARIO))
    assert again.trace_hash == result.trace_hash
