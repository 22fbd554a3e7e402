"""The same small programs on SimLoop and on the stock loop: the engine may not be able to tell which it runs on.

Delays are tens of milliseconds: long against the jitter of the stock loop, short for the person who waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest
import sqlalchemy
from fastapi import FastAPI, HTTPException
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


async def wait_for_gives_up_and_cancels() -> list[object]:
    told: list[object] = []

    async def stubborn() -> None:
        try:
            await asyncio.sleep(50 * TICK_S)
        finally:
            told.append("cleaned up")

    try:
        await asyncio.wait_for(stubborn(), TICK_S)
    except TimeoutError:
        told.append("timed out")
    told.append(await asyncio.wait_for(asyncio.sleep(TICK_S, "in time"), 50 * TICK_S))
    return told


async def locks_conditions_and_barriers_hand_over_in_turn() -> list[object]:
    told: list[object] = []
    lock, condition, barrier, gate = asyncio.Lock(), asyncio.Condition(), asyncio.Barrier(3), asyncio.Semaphore(1)

    async def worker(number: int) -> None:
        await asyncio.sleep(number * TICK_S)
        async with lock:
            told.append(("lock", number))
            await asyncio.sleep(3 * TICK_S)
        async with gate:
            told.append(("gate", number))
        await barrier.wait()
        async with condition:
            await condition.wait()
        told.append("woken")

    tasks = [asyncio.create_task(worker(number)) for number in (2, 0, 1)]
    while sum(told_one == "woken" for told_one in told) < 3:
        await asyncio.sleep(TICK_S)
        async with condition:
            condition.notify_all()
    await asyncio.gather(*tasks)
    return told


async def a_task_cancelled_twice_or_uncancelled_counts() -> list[object]:
    told: list[object] = []

    async def refuses_once() -> str:
        try:
            await asyncio.sleep(50 * TICK_S)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            assert task is not None
            told.append((str(error), task.cancelling(), task.uncancel()))
        await asyncio.sleep(TICK_S)
        return "went on"

    task = asyncio.create_task(refuses_once())
    await asyncio.sleep(TICK_S)
    task.cancel("please")
    told.append(await task)
    return told


async def queues_give_up_their_getters_and_order_by_priority() -> list[object]:
    queue: asyncio.PriorityQueue[int] = asyncio.PriorityQueue()
    told: list[object] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TICK_S):
            await queue.get()
    for number in (3, 1, 2):
        queue.put_nowait(number)
    told += [await queue.get() for _ in range(3)]
    for _ in range(3):
        queue.task_done()
    await queue.join()
    with contextlib.suppress(asyncio.QueueEmpty):
        queue.get_nowait()
    return [*told, queue.empty()]


async def calls_soon_come_before_calls_later_in_order_of_time() -> list[object]:
    loop, told = asyncio.get_running_loop(), list[object]()
    at_s = loop.time()
    loop.call_at(at_s + 3 * TICK_S, told.append, "at 3")
    loop.call_later(2 * TICK_S, told.append, "later 2")
    loop.call_later(0, lambda: loop.call_soon(told.append, "after the next"))
    loop.call_later(-1, told.append, "overdue")
    await asyncio.sleep(5 * TICK_S)
    return sorted(told[:2], key=str) + told[2:]


async def context_variables_are_each_tasks_own() -> list[object]:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
    told: list[object] = []

    async def child(name: str) -> None:
        told.append(who.get())
        who.set(name)
        await asyncio.sleep(TICK_S)
        told.append(who.get())

    who.set("parent")
    await asyncio.gather(child("a"), child("a"))
    context = contextvars.copy_context()
    context.run(who.set, "given")
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: told.append(who.get()), context=context)
    loop.call_later(TICK_S, lambda: told.append(who.get()), context=context)
    await asyncio.create_task(child("b"), context=context)
    await asyncio.sleep(2 * TICK_S)
    return [*sorted(map(str, told)), who.get(), await asyncio.to_thread(who.get)]


async def an_error_in_a_callback_goes_to_the_handler() -> list[object]:
    loop, told = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda loop, context: told.append(repr(context["exception"])))

    def broken() -> None:
        raise KeyError("callback")

    loop.call_soon(broken)
    loop.call_later(TICK_S, broken)
    future = loop.create_future()
    future.add_done_callback(lambda _: broken())
    future.set_result(None)
    await asyncio.sleep(2 * TICK_S)
    loop.set_exception_handler(None)
    return told


async def a_task_factory_makes_the_tasks() -> list[object]:
    loop, made = asyncio.get_running_loop(), list[object]()

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
        made.append(sorted(more))
        return asyncio.Task(coro, loop=loop, **more)

    loop.set_task_factory(factory)
    task = asyncio.create_task(asyncio.sleep(0, "slept"), name="named")
    made += [task.get_name(), await task]
    loop.set_task_factory(None)
    return made


async def exceptions_are_grouped_and_nested_groups_unwind() -> list[object]:
    told: list[object] = []

    async def fails(error: Exception, ticks: int) -> None:
        try:
            await asyncio.sleep(ticks * TICK_S)
        finally:
            told.append(str(error))
        raise error

    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(fails(OSError("never reached"), 50))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(fails(ValueError("first"), 1))
                inner.create_task(fails(KeyError("cut short"), 50))
    except* ValueError as group:
        told.append(len(group.exceptions))
    return [*sorted(map(str, told))]


async def generators_are_shut_down_with_the_loop() -> list[object]:
    told: list[object] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(TICK_S)
            told.append("closed")

    left = numbers()
    told.append(await anext(left))
    await asyncio.get_running_loop().shutdown_asyncgens()
    return told


async def streams_of_events_through_a_web_application() -> list[object]:
    """FastAPI through httpx: the routes of the console are such."""
    application, told = FastAPI(), list[object]()

    @application.get("/slow/{ticks}")
    async def slow(ticks: int) -> dict[str, int]:
        await asyncio.sleep(ticks * TICK_S)
        if ticks > 2:
            raise HTTPException(409, "too slow")
        return {"ticks": ticks}

    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
        answers = await asyncio.gather(*(client.get(f"/slow/{ticks}") for ticks in (3, 1, 2)), client.get("/none"))
        told += [(answer.status_code, answer.json()) for answer in answers]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await client.get("/slow/50")
            told.append("not reached")
    return told


async def a_database_behind_an_executor() -> list[object]:
    """SQLAlchemy, synchronous, in `run_in_executor`: the catalogue is such."""
    loop = asyncio.get_running_loop()
    engine = sqlalchemy.create_engine(
        "sqlite://", poolclass=sqlalchemy.pool.StaticPool, connect_args={"check_same_thread": False}
    )

    def write(number: int) -> int:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("create table if not exists t (n integer primary key)"))
            connection.execute(sqlalchemy.text("insert into t values (:n)"), {"n": number})
            return int(connection.execute(sqlalchemy.text("select count(*) from t")).scalar_one())

    told: list[object] = [await loop.run_in_executor(None, write, number) for number in (1, 2)]
    try:
        await loop.run_in_executor(None, write, 2)
    except sqlalchemy.exc.IntegrityError:
        told.append("refused")
    await loop.run_in_executor(None, engine.dispose)
    return told


PROGRAMS: list[Program] = [
    wait_for_gives_up_and_cancels,
    locks_conditions_and_barriers_hand_over_in_turn,
    a_task_cancelled_twice_or_uncancelled_counts,
    queues_give_up_their_getters_and_order_by_priority,
    calls_soon_come_before_calls_later_in_order_of_time,
    context_variables_are_each_tasks_own,
    an_error_in_a_callback_goes_to_the_handler,
    a_task_factory_makes_the_tasks,
    exceptions_are_grouped_and_nested_groups_unwind,
    generators_are_shut_down_with_the_loop,
    streams_of_events_through_a_web_application,
    a_database_behind_an_executor,
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
