"""The same small programs on SimLoop and on the stock loop: the engine may not be able to tell which it runs on.

Delays are tens of milliseconds: long against the jitter of the stock loop, short for the person who waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from simpy import Environment

from sim.loop import SimLoop
from sim.ports import SeededChance

TICK_S = 0.02

Program = Callable[[], Coroutine[Any, Any, list[object]]]


def new_sim_loop() -> SimLoop:
    return SimLoop(Environment(initial_time=0))


def new_shuffled_loop() -> SimLoop:
    return SimLoop(Environment(initial_time=0), shuffle=SeededChance("contract"))


LOOPS = {"stock": None, "sim": new_sim_loop, "sim, shuffled": new_shuffled_loop}


async def sleepers_wake_in_order_of_time() -> list[object]:
    told: list[object] = []

    async def sleeper(ticks: int) -> None:
        await asyncio.sleep(ticks * TICK_S)
        told.append(ticks)

    await asyncio.gather(*(sleeper(ticks) for ticks in (3, 1, 2)))
    return told


async def timeout_cuts_a_wait_short() -> list[object]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(TICK_S):
            await asyncio.Event().wait()
    except TimeoutError:
        return ["timed out", round((loop.time() - began) / TICK_S)]
    return ["not reached"]


async def timeout_in_time_leaves_no_trace() -> list[object]:
    async with asyncio.timeout(50 * TICK_S):
        await asyncio.sleep(TICK_S)
    async with asyncio.timeout(None) as limit:
        await asyncio.sleep(0)
    return [limit.expired()]


async def task_group_cancels_the_others_and_tells_all() -> list[object]:
    told: list[object] = []

    async def fails() -> None:
        await asyncio.sleep(TICK_S)
        raise ValueError("broken")

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(waits())
            group.create_task(fails())
    except* ValueError as errors:
        told += [str(error) for error in errors.exceptions]
    return told


async def queue_holds_back_its_producer() -> list[object]:
    queue: asyncio.Queue[int] = asyncio.Queue(2)
    told: list[object] = []

    async def producer() -> None:
        for number in range(5):
            await queue.put(number)
            told.append(("put", number <= 1 or len(told) > 2))

    task = asyncio.create_task(producer())
    await asyncio.sleep(TICK_S)
    waiting = queue.qsize()
    taken = [await queue.get() for _ in range(5)]
    await task
    return [waiting, taken, len(told)]


async def gather_returns_exceptions_in_place() -> list[object]:
    async def answer(number: int) -> int:
        await asyncio.sleep(TICK_S * (3 - number))
        if number == 1:
            raise KeyError(number)
        return number

    results = await asyncio.gather(*(answer(number) for number in range(3)), return_exceptions=True)
    return [repr(result) for result in results]


async def cancellation_runs_finally_and_can_be_shielded() -> list[object]:
    told: list[object] = []

    async def work() -> str:
        try:
            await asyncio.sleep(2 * TICK_S)
            return "done"
        finally:
            told.append("finally")

    inner = asyncio.create_task(work())
    outer = asyncio.ensure_future(asyncio.shield(inner))
    await asyncio.sleep(TICK_S)
    outer.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await outer
    told.append(await inner)
    return told


async def calls_off_the_loop_come_back() -> list[object]:
    def broken() -> None:
        raise OSError("disk")

    told: list[object] = [await asyncio.to_thread(sum, [1, 2, 3])]
    try:
        await asyncio.get_running_loop().run_in_executor(None, broken)
    except OSError as error:
        told.append(str(error))
    return told


async def cancelled_timer_never_fires() -> list[object]:
    loop, told = asyncio.get_running_loop(), list[object]()
    timer = loop.call_later(TICK_S, told.append, "cancelled one")
    loop.call_later(2 * TICK_S, told.append, "other")
    loop.call_soon(timer.cancel)
    await asyncio.sleep(3 * TICK_S)
    return [*told, timer.cancelled()]


async def generators_left_open_are_closed() -> list[object]:
    told: list[object] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            told.append("closed")

    async for number in numbers():
        told.append(number)
        break
    await asyncio.sleep(TICK_S)
    return told


async def wait_for_the_first_of_many() -> list[object]:
    slow, fast = asyncio.create_task(asyncio.sleep(50 * TICK_S)), asyncio.create_task(asyncio.sleep(TICK_S))
    done, pending = await asyncio.wait({slow, fast}, return_when=asyncio.FIRST_COMPLETED)
    slow.cancel()
    return [fast in done, slow in pending]


PROGRAMS: list[Program] = [
    sleepers_wake_in_order_of_time,
    timeout_cuts_a_wait_short,
    timeout_in_time_leaves_no_trace,
    task_group_cancels_the_others_and_tells_all,
    queue_holds_back_its_producer,
    gather_returns_exceptions_in_place,
    cancellation_runs_finally_and_can_be_shielded,
    calls_off_the_loop_come_back,
    cancelled_timer_never_fires,
    generators_left_open_are_closed,
    wait_for_the_first_of_many,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_cannot_tell_virtual_time_from_real_time(program: Program) -> None:
    told = {}
    for name, factory in LOOPS.items():
        with asyncio.Runner(loop_factory=factory) as runner:
            told[name] = runner.run(program())
    assert told["sim"] == told["stock"]
    assert told["sim, shuffled"] == told["stock"]
    assert told["stock"], "a program that tells nothing proves nothing"
