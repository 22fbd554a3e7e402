"""The past of a simulated city: its files in closed form, its terms of law, and a run with the console's doors."""

from __future__ import annotations

import random

import pytest

from csu.centre import Catalogue
from csu.governance.retention import RetentionRule, RuledPiece, expiry_of
from csu.governance.spans import Span
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.media import GapCause, Manifest, NodeId
from csu.recording import segment_name
from sim.cohort import Cohort, Outage
from sim.mutants.proof import CITIES
from sim.past.shelves import DayKeys
from sim.past.terms import expiry_ns, shortest_life_ns
from sim.past.tier import CityTier
from sim.run import run_scenario
from sim.scenario_file import ScenarioRefused, read_scenario

HOUR_NS = 60 * NS_PER_MINUTE


def test_terms_are_those_of_the_law_worked_out_twice() -> None:
    """The oracle's own reading of the month against the engine's, over two Februaries and four changes of clock."""
    chance = random.Random(1)
    for _ in range(3_000):
        start_ns = (1_767_225_600 + chance.randrange(400 * 86_400)) * NS_PER_S
        if chance.random() < 0.5:
            start_ns = start_ns // HOUR_NS * HOUR_NS - 30 * NS_PER_S
        end_ns = start_ns + NS_PER_MINUTE
        for days in (15, 28, 29, 30, 31):
            rule = RetentionRule("57-1", 31, doctrine_days=days)
            assert expiry_ns(start_ns, end_ns, days) == expiry_of([RuledPiece(Span(start_ns, end_ns), rule)])
            assert expiry_ns(start_ns, end_ns, days) - start_ns >= shortest_life_ns(days)


@pytest.fixture
def filmed(build_camera, epoch_ns, tmp_path):
    """Two cameras for 90 minutes, one of which is away for a while; the catalogue of the same."""
    away = Outage(epoch_ns + 20 * NS_PER_MINUTE + 7 * NS_PER_S, epoch_ns + 31 * NS_PER_MINUTE, GapCause.CAMERA_LOST)
    cameras = [build_camera(1, 120), build_camera(2, 640, outages=[away])]
    tier, cohort = CityTier(cameras), Cohort(cameras, epoch_ns)
    catalogue = Catalogue(tmp_path / "catalogue", durable=False)
    for number in range(90):
        end_ns = epoch_ns + (number + 1) * NS_PER_MINUTE
        table, gaps = cohort.account(end_ns, last=number == 89)
        manifest = Manifest(NodeId("n"), 1, number, end_ns - NS_PER_MINUTE, cohort.cameras, table, gaps)
        tier.film(manifest)
        catalogue.record([manifest])
    yield tier, catalogue, cameras
    catalogue.close()


def test_the_tier_holds_what_was_filmed_under_the_engines_names(filmed, epoch_ns) -> None:
    tier, catalogue, cameras = filmed
    names = {
        segment_name(row.camera, row.start_ns)
        for each in cameras
        for row in catalogue.segments(each.camera, epoch_ns, epoch_ns + 2 * HOUR_NS)
    }
    assert set(tier.names()) == names
    assert len(names) == tier.filmed
    assert {name for day in tier.days() for camera in tier.cameras(day) for name in tier.names(day, camera)} == names
    assert tier.held([*names, "2026-11-22/cam-0001/20261122T000000.000Z.mp4"]) == names


def test_what_is_destroyed_is_gone_and_told_once(filmed, epoch_ns) -> None:
    tier, _, cameras = filmed
    gone = []
    tier.on_destroyed = lambda camera, start_ns, end_ns: gone.append((camera, start_ns, end_ns))
    names = tier.names()
    assert tier.destroy(names[:10]) > 0
    assert tier.destroy(names[:10]) == 0
    assert len(gone) == 10
    assert sorted(segment_name(camera, start_ns) for camera, start_ns, _ in gone) == sorted(names[:10])
    assert tier.names() == names[10:]
    tier.destroy(names)
    assert tier.days() == []


def test_a_city_with_a_past_holds_and_everything_of_it_was_put_to_the_test() -> None:
    result = run_scenario(read_scenario(CITIES["past"]), 11)
    assert result.failure is None
    assert {j.name: j.details for j in result.invariants if j.violations} == {}
    cases = {j.name: j.cases for j in result.invariants}
    for name in ("nothing_too_old", "held_is_kept", "replay_refused", "journaled_before", "communes_apart"):
        assert cases[name] > 5, name
    assert result.counters["purge_files"] > 1_000
    assert result.counters["purge_recut"] > 0


def test_communes_that_share_a_node_have_each_its_own_keys(tmp_path, monkeypatch) -> None:
    """A day's key is of one commune: the purge of one must not wait for, nor destroy, another's."""
    keyed = set()
    make = DayKeys.make
    monkeypatch.setattr(DayKeys, "make", lambda self, of, at_ns: (keyed.add(of), make(self, of, at_ns)))
    text = CITIES["past"].read_text(encoding="utf-8").replace("alarms: 30/h}", "alarms: 30/h, shared_nodes: yes}")
    path = tmp_path / "shared.yaml"
    path.write_text(text, encoding="utf-8")
    result = run_scenario(read_scenario(path), 11)
    assert result.failure is None
    assert len(result.city.nodes) < len(result.city.communes)
    assert {j.name: j.details for j in result.invariants if j.violations} == {}
    assert result.counters["purge_files"] > 1_000
    assert keyed == {commune.commune for commune in result.city.communes}


def test_a_stretch_that_has_not_passed_is_refused_in_the_file(tmp_path) -> None:
    text = CITIES["past"].read_text(encoding="utf-8").replace("filmed: 20 min, lasts: 5", "filmed: 2 min, lasts: 5")
    path = tmp_path / "early.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioRefused, match="has not passed yet|n'est pas encore passé"):
        read_scenario(path)
