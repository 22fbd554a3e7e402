"""The Clock port: what every clock must do. A binding joins by one line in CLOCKS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from simpy import Environment

from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock
from csu.machine import SystemClock
from sim.loop import SimLoop
from sim.ports import VirtualClock

EPOCH_NS = 1_795_392_000 * NS_PER_S


def on_the_host(program: Callable[[Clock], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(program(SystemClock()))


def on_virtual_time(program: Callable[[Clock], Coroutine[Any, Any, None]]) -> None:
    env = Environment(initial_time=0)
    with asyncio.Runner(loop_factory=lambda: SimLoop(env)) as runner:
        runner.run(program(VirtualClock(env, EPOCH_NS)))


CLOCKS = {"system": on_the_host, "virtual": on_virtual_time}


@pytest.fixture(params=sorted(CLOCKS))
def run_with_clock(request):
    return CLOCKS[request.param]


def test_it_is_a_clock_of_whole_nanoseconds_since_1970(run_with_clock) -> None:
    async def program(clock: Clock) -> None:
        assert isinstance(clock, Clock)
        assert type(clock.now_ns()) is int
        assert type(clock.monotonic_ns()) is int
        assert clock.now_ns() > 1_577_836_800 * NS_PER_S  # after 2020

    run_with_clock(program)


def test_both_times_pass_with_a_sleep_and_never_go_back(run_with_clock) -> None:
    async def program(clock: Clock) -> None:
        before = clock.now_ns(), clock.monotonic_ns()
        await asyncio.sleep(0.02)
        after = clock.now_ns(), clock.monotonic_ns()
        readings = [clock.monotonic_ns() for _ in range(100)]
        assert all(now - then >= 19 * NS_PER_MS for then, now in zip(before, after, strict=True))
        assert readings == sorted(readings)

    run_with_clock(program)
