"""What SimLoop adds to asyncio: virtual time, one order of events, and no way to hide a defect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

import pytest
from simpy import Environment, Event, Store

from csu.hal.clock import NS_PER_DAY, NS_PER_S
from sim.loop import TOMBSTONES_MIN, Deadlock, SimLoop
from sim.no_real_world import RealWorldRefused
from sim.ports import SeededChance

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], env: Environment | None = None, shuffle: str = "") -> T:
    chance = SeededChance(shuffle) if shuffle else None
    with asyncio.Runner(loop_factory=lambda: SimLoop(env or Environment(initial_time=0), shuffle=chance)) as runner:
        return runner.run(main)


def test_a_month_of_sleep_takes_no_time_and_loses_no_nanosecond() -> None:
    env = Environment(initial_time=0)

    async def month() -> None:
        for _ in range(35 * 24):
            await asyncio.sleep(3600)

    run(month(), env)
    assert env.now == 35 * NS_PER_DAY


def test_time_must_be_whole_nanoseconds() -> None:
    with pytest.raises(TypeError, match="int nanoseconds"):
        SimLoop(Environment(initial_time=0.0))


def test_an_await_that_nothing_can_end_names_who_waits() -> None:
    async def hang() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait(), name="catalogue")

    with pytest.raises(Deadlock, match=r"catalogue at locks\.py:\d+ \(wait\)"):
        run(hang())


def test_a_cancelled_timer_does_not_draw_time_on() -> None:
    env = Environment(initial_time=0)

    async def soon() -> None:
        async with asyncio.timeout(86_400):
            await asyncio.sleep(1)
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run(soon(), env)
    assert env.now == NS_PER_S


def test_cancelled_timers_do_not_pile_up() -> None:
    env = Environment(initial_time=0)

    async def many() -> None:
        for _ in range(20 * TOMBSTONES_MIN):
            async with asyncio.timeout(86_400):
                await asyncio.sleep(0.001)

    run(many(), env)
    assert len(env._queue) <= 2 * TOMBSTONES_MIN


def test_a_task_that_fails_unheard_ends_the_run() -> None:
    async def forgotten() -> None:
        raise ValueError("nobody looks")

    async def main() -> None:
        task = asyncio.create_task(forgotten())
        await asyncio.sleep(1)
        del task
        await asyncio.sleep(3600)
        raise AssertionError("the run went on")

    with pytest.raises(ValueError, match="nobody looks"):
        run(main())


def test_the_engine_cannot_swallow_a_verdict() -> None:
    class Violated(Exception):
        pass

    async def engine() -> None:
        while True:
            try:
                await asyncio.sleep(1)
                asyncio.get_running_loop().fail(Violated("a gap was not logged"))  # type: ignore[attr-defined]
            except Exception:
                continue

    async def main() -> None:
        async with asyncio.TaskGroup() as group, asyncio.timeout(3600):
            group.create_task(engine())

    loop = SimLoop(Environment(initial_time=0))
    task = loop.create_task(main())
    with pytest.raises(Violated, match="gap"):
        loop.run_until_complete(task)
    assert loop.time() == 1.0


def test_tasks_are_named_by_the_loops_own_count() -> None:
    async def names() -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(2)]
        await asyncio.gather(*tasks)
        return [task.get_name() for task in tasks]

    assert run(names()) == run(names()) == ["Task-2", "Task-3"]


async def order_of_ten() -> list[int]:
    order: list[int] = []

    async def wake(number: int) -> None:
        await asyncio.sleep(1)
        order.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(wake(number))
    return order


def test_the_shuffle_deals_another_order_and_the_same_again_for_the_same_seed() -> None:
    assert run(order_of_ten()) == list(range(10))
    assert run(order_of_ten(), shuffle="a") == run(order_of_ten(), shuffle="a")
    assert len({tuple(run(order_of_ten(), shuffle=seed)) for seed in "abcdef"}) > 3


def test_coroutines_and_simpy_processes_wait_for_each_other() -> None:
    env = Environment(initial_time=0)
    store = Store(env)

    def device() -> Generator[Event, Any, None]:
        yield env.timeout(5 * NS_PER_S)
        yield store.put("alarm")

    def broken() -> Generator[Event, Any, None]:
        yield env.timeout(NS_PER_S)
        raise OSError("device is gone")

    async def engine() -> tuple[object, float, str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        env.process(device())
        got = await loop.wrap(store.get())
        at_s = loop.time()
        with pytest.raises(OSError, match="gone") as caught:
            await loop.wrap(env.process(broken()))
        return got, at_s, str(caught.value)

    assert run(engine(), env) == ("alarm", 5.0, "device is gone")


def open_socket() -> Coroutine[Any, Any, object]:
    return asyncio.open_connection("127.0.0.1", 9)


def open_process() -> Coroutine[Any, Any, object]:
    return asyncio.create_subprocess_exec("true")


def resolve() -> Coroutine[Any, Any, object]:
    async def ask() -> object:
        return await asyncio.get_running_loop().getaddrinfo("localhost", 80)

    return ask()


@pytest.mark.parametrize("touch", [open_socket, open_process, resolve])
def test_the_real_world_is_refused(touch: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with pytest.raises(RealWorldRefused, match="virtual time"):
        run(touch())


def test_a_simpy_event_that_fails_unheard_ends_the_run() -> None:
    env = Environment(initial_time=0)

    def broken() -> Generator[Event, Any, None]:
        yield env.timeout(NS_PER_S)
        raise OSError("device is gone")

    env.process(broken())
    with pytest.raises(OSError, match="gone"):
        run(asyncio.sleep(10), env)
