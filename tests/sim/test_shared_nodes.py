"""Small communes share a media node, as one machine records in production."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.city import build_city, shares, spread
from sim.ports import SeededChance
from sim.run import run_scenario
from sim.scenario_file import read_scenario

FIRST_CITY = Path(__file__).resolve().parents[2] / "scenarios" / "first_city.yaml"
SHARED = ("  alarms: 60/h\n", "  alarms: 60/h\n  shared_nodes: yes\n")


@given(st.lists(st.integers(1, 64), max_size=60), st.integers(64, 128))
def test_each_commune_has_one_node_and_none_serves_more_than_it_can(counts: list[int], most: int) -> None:
    members = shares(counts, most)
    assert sorted(index for of_node in members for index in of_node) == list(range(len(counts)))
    assert all(sum(counts[index] for index in of_node) <= most for of_node in members)
    assert shares(counts, 0) == [[index] for index in range(len(counts))]


def test_1300_cameras_need_21_nodes_of_which_each_knows_all_its_cameras(tmp_path: Path) -> None:
    path = tmp_path / "shared.yaml"
    words = FIRST_CITY.read_text(encoding="utf-8")
    path.write_text(words.replace("  alarms: $alarms\n", "  alarms: $alarms\n  shared_nodes: yes\n"), encoding="utf-8")
    city = build_city(read_scenario(path).scenario, SeededChance("1"))
    assert len(city.nodes) == 21
    assert sorted(c.camera for node in city.nodes for c in node.cameras) == sorted(c.camera for c in city.cameras)
    assert max(len(node.cameras) for node in city.nodes) <= 64
    assert max(spread(1300, 46, 64)) <= 64
    for node in city.nodes:
        of_node = [commune for commune in city.communes if commune.node == node.node]
        assert all(commune.node_plan is node.plan for commune in of_node)


@pytest.mark.parametrize("seed", [7, 8])
def test_a_crash_takes_the_cameras_of_every_commune_of_the_node_and_the_run_holds(small_city, seed: int) -> None:
    result = run_scenario(small_city(SHARED), seed)
    assert result.failure is None
    assert {judgement.name: judgement.details for judgement in result.judgements if not judgement.holds} == {}
    assert len(result.city.nodes) < len(result.city.communes)
    crashed = next(node for node in result.city.nodes if node.plan.crashes)
    assert len({camera.assignment.record.commune for camera in crashed.cameras}) > 1
    (start_ns, end_ns), *_ = crashed.plan.crashes
    for camera in crashed.cameras:
        holes = result.witness.holes[camera.camera]
        assert any(hole_start <= end_ns and hole_end >= start_ns for hole_start, hole_end in holes)
