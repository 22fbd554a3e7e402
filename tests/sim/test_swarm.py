"""Faults are dealt by the seed: some runs have all, some none, most a part; nobody else's chance shifts by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sim.city import build_city
from sim.ports import SeededChance
from sim.scenario import Scenario
from sim.scenario_file import read_scenario
from sim.swarm import Mix, deal


def scenario(small_city: Callable[..., Path], chance: str) -> Scenario:
    return read_scenario(small_city(("options:\n", f"options:\n  chance: {chance}\n"))).scenario


def test_half_of_the_seeds_have_some_faults_a_quarter_all_and_a_quarter_none(small_city) -> None:
    swarm = scenario(small_city, "swarm")
    dealt = Counter(deal(swarm, SeededChance(f"{seed}/swarm"))[1] for seed in range(400))
    assert 160 < dealt[Mix.SOME] < 240
    assert min(dealt[Mix.ALL], dealt[Mix.NONE]) > 70


def test_what_is_left_out_changes_nothing_of_what_stays(small_city) -> None:
    swarm = scenario(small_city, "swarm")
    whole = build_city(swarm, SeededChance("1"))
    for seed in range(40):
        mine, mix = deal(swarm, SeededChance(f"{seed}/swarm"))
        city = build_city(mine, SeededChance("1"))
        assert set(city.faults) <= set(whole.faults)
        if mix is Mix.NONE:
            assert all(fault.told for fault in city.faults)
        elif mix is Mix.ALL:
            assert city.faults == whole.faults


def test_a_scenario_that_does_not_ask_has_all_its_faults(small_city) -> None:
    plain = read_scenario(small_city()).scenario
    assert deal(plain, SeededChance("1")) == (plain, Mix.ALL)
    bare, mix = deal(scenario(small_city, "none"), SeededChance("1"))
    assert mix is Mix.NONE
    assert all(fault.told for fault in build_city(bare, SeededChance("1")).faults)
