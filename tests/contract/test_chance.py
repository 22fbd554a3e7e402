"""The Chance, Ids and Chaos ports. A binding joins by one line."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from csu.hal.chance import Chance, Chaos, Ids
from csu.machine import NoChaos, SystemChance, SystemIds
from sim.loop import SimLoop
from sim.ports import CountingIds, PlannedChaos, PlannedTrouble, SeededChance

CHANCES = {"system": SystemChance, "seeded": SeededChance}
IDS = {"system": SystemIds, "counting": CountingIds}


@pytest.fixture(params=sorted(CHANCES))
def chance_from(request):
    return CHANCES[request.param]


@pytest.fixture(params=sorted(IDS))
def ids(request) -> Ids:
    return IDS[request.param]()


def draws(chance: Chance) -> list[float]:
    return [chance.uniform(0, 1) for _ in range(8)]


def test_one_seed_gives_one_sequence_and_another_seed_another(chance_from) -> None:
    assert isinstance(chance_from("7"), Chance)
    assert draws(chance_from("7")) == draws(chance_from("7"))
    assert draws(chance_from("7")) != draws(chance_from("8"))


def test_a_draw_more_in_one_stream_shifts_no_other(chance_from) -> None:
    source, same = chance_from("7"), chance_from("7")
    draws(source.stream("cam-1"))
    draws(source)
    assert draws(source.stream("cam-2")) == draws(same.stream("cam-2"))
    assert draws(source.stream("cam-2")) != draws(source.stream("cam-1"))


@pytest.mark.parametrize("kind", sorted(CHANCES))
@given(low=st.integers(-1000, 1000), width=st.integers(0, 1000), seed=st.text(max_size=3))
def test_what_is_drawn_lies_within_its_bounds(kind, low: int, width: int, seed: str) -> None:
    chance = CHANCES[kind](seed)
    assert all(low <= chance.integer(low, low + width) <= low + width for _ in range(5))
    if width:
        assert all(low <= chance.uniform(low, low + width) < low + width for _ in range(5))


def test_every_integer_of_a_range_comes_up(chance_from) -> None:
    chance = chance_from("x")
    assert {chance.integer(1, 6) for _ in range(200)} == {1, 2, 3, 4, 5, 6}


def test_an_empty_range_is_refused(chance_from) -> None:
    with pytest.raises(ValueError):
        chance_from("x").integer(2, 1)


def test_an_id_is_given_once_and_says_its_kind(ids: Ids) -> None:
    assert isinstance(ids, Ids)
    given_ids = [ids.new(kind) for kind in ("call", "case") for _ in range(50)]
    assert len(set(given_ids)) == 100
    assert all(name.startswith("call-") for name in given_ids[:50])


@pytest.mark.parametrize("chaos", [NoChaos(), PlannedChaos({}, SeededChance("7"))], ids=["none", "nothing planned"])
def test_a_fault_point_without_a_plan_lets_pass(chaos: Chaos) -> None:
    assert isinstance(chaos, Chaos)
    assert asyncio.run(chaos("catalogue.write")) is None


def play(chaos: PlannedChaos, passes: int) -> tuple[int, float]:
    """OSErrors raised in so many passes, and the virtual seconds they took."""

    async def program() -> tuple[int, float]:
        failed = 0
        for _ in range(passes):
            try:
                await chaos("disk")
            except OSError:
                failed += 1
        return failed, asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=lambda: SimLoop(Environment(initial_time=0))) as runner:
        return runner.run(program())


def test_a_planned_point_fails_and_delays_as_often_as_planned() -> None:
    plan = {"disk": PlannedTrouble(fires_share=0.5, fails_share=0.5, delay_s_min=1, delay_s_max=2)}
    chaos = PlannedChaos(plan, SeededChance("7"))
    failed, took_s = play(chaos, 400)
    assert 160 < chaos.fired["disk"] < 240
    assert 60 < failed < 140
    assert chaos.fired["disk"] <= took_s <= 2 * chaos.fired["disk"]
    assert chaos.passed["disk"] == 400


def test_a_point_is_active_in_some_runs_only() -> None:
    plan = {"disk": PlannedTrouble(active_share=0.5, fires_share=1, fails_share=1)}
    active = [PlannedChaos(plan, SeededChance(str(seed))).active["disk"] for seed in range(40)]
    assert 8 < sum(active) < 32
    assert {play(PlannedChaos(plan, SeededChance(str(seed))), 3)[0] for seed in range(8)} == {0, 3}
