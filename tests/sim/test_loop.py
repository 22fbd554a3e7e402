"""What SimLoop adds to asyncio: virtual time, one order of events, and no way to hide a defect."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI
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


async def takes_from_a_queue() -> None:
    await asyncio.Queue[int]().get()


async def waits_for_the_clerk() -> None:
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "clerk"))


def test_a_deadlock_names_the_engines_own_line_and_whom_it_waits_for() -> None:
    async def hang() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(takes_from_a_queue(), name="clerk")
            group.create_task(waits_for_the_clerk(), name="chief")

    with pytest.raises(Deadlock) as caught:
        run(hang())
    told = str(caught.value)
    assert re.search(r"clerk at test_loop\.py:\d+ \(takes_from_a_queue\) in Queue\.get", told), told
    assert re.search(r"chief at test_loop\.py:\d+ \(waits_for_the_clerk\) for clerk", told), told


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


class Violated(Exception):
    """What an oracle found."""


async def swallows_every_exception() -> None:
    while True:
        try:
            await asyncio.sleep(1)
        except Exception:
            continue


async def swallows_even_cancellation() -> None:
    while True:
        try:
            await asyncio.sleep(1)
        except GeneratorExit:  # the interpreter takes the coroutine away: nobody goes on after that
            raise
        except BaseException:
            continue


async def is_shielded() -> None:
    inner = asyncio.ensure_future(swallows_even_cancellation())
    while True:
        try:
            await asyncio.shield(inner)
        except GeneratorExit:
            raise
        except BaseException:
            continue


async def has_a_task_group() -> None:
    while True:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(1))
        except GeneratorExit:
            raise
        except BaseException:
            continue


async def fails_in_turn_when_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise KeyError("another defect, while cleaning up")


async def waits_for_ever_when_cancelled() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.Event().wait()


async def handles_errors_itself() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    await swallows_every_exception()


ENGINES = [
    swallows_every_exception,
    swallows_even_cancellation,
    is_shielded,
    has_a_task_group,
    fails_in_turn_when_cancelled,
    waits_for_ever_when_cancelled,
    handles_errors_itself,
]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__)
@pytest.mark.parametrize("told", ["by a listener", "by a device", "twice"])
def test_no_engine_can_swallow_a_verdict_or_outlive_it(
    engine: Callable[[], Coroutine[Any, Any, None]], told: str
) -> None:
    env = Environment(initial_time=0)
    loop = SimLoop(env)

    @loop.guarded
    def oracle(what: str) -> None:
        raise Violated(what)

    def device() -> Generator[Event, Any, None]:
        yield env.timeout(7 * NS_PER_S // 2)
        oracle("found by a device")

    async def main() -> None:
        task = asyncio.create_task(engine())
        if told == "by a device":
            env.process(device())
        else:
            asyncio.get_running_loop().call_later(3.5, oracle, "found")
        if told == "twice":
            asyncio.get_running_loop().call_later(3.5, oracle, "and again")
        try:
            await task
        except GeneratorExit:
            raise
        except BaseException:
            await asyncio.sleep(3600)

    with pytest.raises(Violated, match="^found"), asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())
    assert loop.is_closed()
    gc.collect()  # what refused to end goes now, not in the middle of something else


@pytest.mark.parametrize("guarded", [True, False])
def test_what_an_oracle_raises_inside_the_engine_is_the_engines_to_swallow_unless_it_is_guarded(guarded: bool) -> None:
    loop = SimLoop(Environment(initial_time=0))

    def oracle() -> None:
        raise Violated("found")

    hear = loop.guarded(oracle) if guarded else oracle

    async def engine() -> str:
        try:
            hear()
        except Exception:
            await asyncio.sleep(1)
        await asyncio.sleep(1)
        return "went on"

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        if not guarded:
            assert runner.run(engine()) == "went on"
            return
        with pytest.raises(Violated):
            runner.run(engine())


def test_cleaning_up_after_a_verdict_is_allowed() -> None:
    told: list[str] = []

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            told.append("tidied")

    async def main() -> None:
        task = asyncio.create_task(tidy())
        await asyncio.sleep(1)
        asyncio.get_running_loop().fail(Violated("found"))  # type: ignore[attr-defined]
        await task

    with pytest.raises(Violated):
        run(main())
    assert told == ["tidied"]


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


@pytest.mark.nightly
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


def in_a_task(touch: Callable[[], object]) -> Callable[[], Coroutine[Any, Any, object]]:
    async def engine() -> object:
        return touch()

    return engine


async def ask_a_route_that_needs_a_thread() -> object:
    application = FastAPI()

    @application.get("/")
    def route() -> str:
        return "in a thread"

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url="http://x") as client:
        return await client.get("/")


REAL_WORLD = [
    (open_socket, "a socket|create_connection|getaddrinfo"),
    (open_process, "subprocess_exec"),
    (resolve, "getaddrinfo"),
    (in_a_task(lambda: socket.create_connection(("127.0.0.1", 9))), "a socket"),
    (in_a_task(lambda: threading.Thread(target=print).start()), "a thread"),
    (in_a_task(lambda: subprocess.run(["true"], check=False)), "a process"),
    (ask_a_route_that_needs_a_thread, "a thread"),
]


@pytest.mark.parametrize(("touch", "name"), REAL_WORLD, ids=range(len(REAL_WORLD)))
@pytest.mark.parametrize("swallowed", [False, True])
def test_the_real_world_is_refused_by_name_even_when_the_refusal_is_swallowed(
    touch, name: str, swallowed: bool
) -> None:
    async def engine() -> None:
        try:
            await touch()
        except Exception:
            if not swallowed:
                raise
        await asyncio.sleep(3600)

    with pytest.raises(RealWorldRefused, match=f"({name}).*virtual time"):
        run(engine())


def test_off_the_loop_the_real_world_is_nobodys_business() -> None:
    run(asyncio.sleep(1))
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    socket.socket().close()


def test_a_thread_from_outside_is_refused() -> None:
    loop = SimLoop(Environment(initial_time=0))
    refused: list[Exception] = []

    def outside() -> None:
        try:
            loop.call_soon_threadsafe(print)
        except RealWorldRefused as error:
            refused.append(error)

    began = threading.Event()

    async def main() -> None:
        began.set()
        await asyncio.get_running_loop().run_in_executor(None, thread.join)
        await asyncio.sleep(3600)

    def start_once_running() -> None:
        began.wait(10)
        outside()

    thread = threading.Thread(target=start_once_running)
    thread.start()
    with pytest.raises(RealWorldRefused, match="another thread"), asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main())
    assert len(refused) == 1


def test_a_simpy_event_that_fails_unheard_ends_the_run() -> None:
    env = Environment(initial_time=0)

    def broken() -> Generator[Event, Any, None]:
        yield env.timeout(NS_PER_S)
        raise OSError("device is gone")

    env.process(broken())
    with pytest.raises(OSError, match="gone"):
        run(asyncio.sleep(10), env)
