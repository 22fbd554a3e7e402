"""SimLoop: an asyncio event loop whose clock is a SimPy environment. The engine that ships runs on it unchanged.

Virtual time is the environment's `now`, an int of nanoseconds. Nothing waits: when no callback is ready, the next event
of the environment is the next thing that happens, and time is then. Everything is decided by (time, order of asking),
so that a run is the same run each time; `shuffle` deals another order, the same again for the same seed.

What real time would hide is an error here: an await that nothing can end is a `Deadlock` that names who waits; a task
that fails unheard ends the run; a thread, a socket, a signal or a process is refused by its name; and nothing that runs
on the loop can swallow the verdict of an oracle.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextvars import Context, copy_context
from heapq import heapify, heappop, heappush
from typing import Any, ParamSpec, TypeAlias, TypeVar, TypeVarTuple, Unpack, cast

from simpy import Environment
from simpy.events import NORMAL, Event

from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S
from sim.deadlock import who_waits
from sim.no_real_world import NoRealWorld

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
_P = ParamSpec("_P")
_TaskBody: TypeAlias = Coroutine[Any, Any, _T] | Generator[Any, None, _T]
_ExceptionHandler: TypeAlias = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]

TOMBSTONES_MIN = 128
"""Cancelled timers stay in the heap until they are more than this and more than half of it."""
TEARDOWN_CALLBACKS_MAX = 100_000
"""How long what runs may still clean up after a verdict. What then goes on refuses to end, and is left."""


class Deadlock(RuntimeError):
    """Nothing can happen any more, and somebody still waits. In production this would hang for ever."""


class _Handle(asyncio.Handle):
    """asyncio's handle, made and cancelled without asking the loop whether it debugs: a day makes 220,000."""

    __slots__ = ()

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], loop: SimLoop, context: Context | None
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop, self._callback, self._args = loop, callback, args
        self._cancelled, self._source_traceback, self._repr = False, None, None

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._callback = self._args = None  # type: ignore[assignment]


class _Timer(_Handle, asyncio.TimerHandle):
    """A timer handle in the environment's heap. The loop takes it off itself; should the environment step over one
    (`env.run` called by a model), it finds the `callbacks` and `_ok` of an event.
    """

    __slots__ = ()
    _ok = True

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: SimLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context  # as _Handle does, without the call
        self._loop, self._callback, self._args = loop, callback, args
        self._cancelled, self._source_traceback, self._repr = False, None, None
        self._when, self._scheduled = when, True

    def cancel(self) -> None:
        if self._scheduled and not self._cancelled:
            self._loop._timer_handle_cancelled(self)
        super().cancel()

    @property
    def callbacks(self) -> tuple[Callable[[_Timer], None], ...]:
        return (self._loop._ready_timer,)

    @callbacks.setter
    def callbacks(self, value: None) -> None:
        """The environment marks an event as done; a handle needs no mark."""


class SimLoop(NoRealWorld):
    """An event loop over `env`, whose time must be int nanoseconds.

    `shuffle`: deals the order in which callbacks that are ready together run. None: the order of asking.
    """

    def __init__(self, env: Environment, *, shuffle: Chance | None = None) -> None:
        if not isinstance(env.now, int):
            raise TypeError("SimLoop counts int nanoseconds: give it Environment(initial_time=0)")
        self.env = env
        self._queue = cast("list[tuple[int, int, int, object]]", env._queue)
        self.timers_set = 0
        self.callbacks_run = 0
        self._shuffle = shuffle
        self._ready: deque[asyncio.Handle] = deque()
        self._tombstones = 0
        self._task_number = 0
        self._verdict: BaseException | None = None
        self._condemned: BaseException | None = None
        self._stopping = self._running = self._closed = self._debug = False
        self._exception_handler: _ExceptionHandler | None = None
        self._task_factory: Any = None
        self._generators: dict[int, weakref.ref[AsyncGenerator[Any, Any]]] = {}

    # -- time and callbacks -------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Seconds since the environment's zero; zero-based, so that a float keeps nanoseconds for 100 days."""
        return float(self.env.now / NS_PER_S)

    def call_soon(
        self, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self._closed:
            raise RuntimeError("the event loop is closed")
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As `call_soon`: there is one thread. A signal handler of `asyncio.Runner` comes through here."""
        if self._running and asyncio._get_running_loop() is not self:
            self.refuse("another thread (call_soon_threadsafe)")
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self._set_timer(round(delay * NS_PER_S), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self._set_timer(round(when * NS_PER_S) - int(self.env.now), callback, args, context)

    def _set_timer(
        self, delay_ns: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> _Timer:
        if self._closed:
            raise RuntimeError("the event loop is closed")
        delay_ns = max(0, delay_ns)
        env = self.env
        due_ns = int(env._now) + delay_ns
        timer = _Timer(due_ns / NS_PER_S, callback, args, self, context)
        entry: tuple[int, int, int, object] = (due_ns, NORMAL, next(env._eid), timer)
        heappush(self._queue, entry)  # env.schedule, without the call
        self.timers_set += 1
        return timer

    def _ready_timer(self, timer: _Timer) -> None:
        timer._scheduled = False
        if timer._cancelled:
            self._tombstones -= 1
        else:
            self._ready.append(timer)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer must not hold time back, nor draw it on: forget it, now if it is cheap, else soon."""
        self._tombstones += 1
        queue = self._queue
        if self._tombstones > max(TOMBSTONES_MIN, len(queue) // 2):
            queue[:] = [entry for entry in queue if not _is_tombstone(entry[3])]
            heapify(queue)
            self._tombstones = 0

    # -- running ------------------------------------------------------------------------------------------------------

    def run_forever(self) -> None:
        """Run until `stop`, or until nothing is left to happen."""
        self._spin(None)

    def run_until_complete(self, future: Awaitable[_T]) -> _T:  # type: ignore[override] # the stock one takes both too
        """Run until `future` is done. Raises Deadlock when nothing can end it, and the verdict of `fail`."""
        awaited = asyncio.ensure_future(future, loop=self)
        awaited.add_done_callback(self._stop_after)
        try:
            self._spin(awaited)
        except BaseException:
            if awaited.done() and not awaited.cancelled():
                awaited.exception()  # the verdict is what the caller must see
            raise
        finally:
            awaited.remove_done_callback(self._stop_after)
        if not awaited.done():
            raise RuntimeError("the loop was stopped before the future was done")
        return awaited.result()

    def _stop_after(self, future: asyncio.Future[Any]) -> None:
        self._stopping = True

    def stop(self) -> None:
        self._stopping = True

    def fail(self, verdict: BaseException) -> None:
        """End the run with `verdict` as soon as the running callback returns.

        For oracles: they run inside the engine's coroutines, where a raised error would be the engine's to swallow.
        The first verdict stands. What runs may then clean up, within TEARDOWN_CALLBACKS_MAX.
        """
        if self._condemned is None:
            self._verdict = self._verdict or verdict

    def guarded(self, hear: Callable[_P, None]) -> Callable[_P, None]:
        """`hear`, for the engine to call: what it raises is a verdict, not the engine's to swallow."""

        def guard(*args: _P.args, **kwargs: _P.kwargs) -> None:
            try:
                hear(*args, **kwargs)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # noqa: BLE001 - handed on whole: it ends the run
                self.fail(error)

        return guard

    def _spin(self, awaited: asyncio.Future[Any] | None) -> None:
        if self._closed:
            raise RuntimeError("the event loop is closed")
        if self._running or asyncio._get_running_loop() is not None:
            raise RuntimeError("an event loop is already running")
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._generator_began, finalizer=self._generator_dropped)
        asyncio._set_running_loop(self)
        self._running = True
        try:
            if self._condemned is None:
                while self._turn(awaited):
                    pass
            else:
                self._tear_down(awaited, self._condemned)
        finally:
            self._stopping = self._running = False
            asyncio._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def _tear_down(self, awaited: asyncio.Future[Any] | None, verdict: BaseException) -> None:
        """Let what runs clean up after the verdict. Whatever it does, the verdict stands."""
        last = self.callbacks_run + TEARDOWN_CALLBACKS_MAX
        try:
            while self._turn(awaited):
                if self.callbacks_run > last:
                    raise verdict
        except Deadlock:
            raise verdict from None

    def _turn(self, awaited: asyncio.Future[Any] | None) -> bool:
        """Run what is ready, else let the next instant of the environment happen. False: time to return."""
        happens = bool(self._ready) or self._next_instant()
        if self._verdict is not None:  # told by a device between two turns
            self._give_verdict()
        if not happens:
            if awaited is not None and not awaited.done():
                raise Deadlock(who_waits(self))
            return False
        ready = self._ready
        batch = len(ready)
        if self._shuffle is not None and batch > 1:
            self._deal(self._shuffle)
        for _ in range(batch):
            handle = ready.popleft()
            if not handle._cancelled:
                self.callbacks_run += 1
                try:  # as `handle._run` does, without the call
                    handle._context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException as error:  # noqa: BLE001 - handed on whole
                    self._not_taken(handle, error)
            if self._verdict is not None:
                self._give_verdict()
        return not self._stopping

    def _give_verdict(self) -> None:
        self._condemned, self._verdict = self._verdict, None
        if self._condemned is not None:
            raise self._condemned

    def _next_instant(self) -> bool:
        """Let everything planned for the next instant happen. False when nothing is planned at all."""
        env, queue = self.env, self._queue
        while queue and _is_tombstone(queue[0][3]):
            heappop(queue)
            self._tombstones -= 1
        if not queue:
            return False
        at_ns = queue[0][0]
        while queue and queue[0][0] == at_ns:
            event = queue[0][3]
            if type(event) is _Timer:  # env.step, without the call
                heappop(queue)
                env._now = at_ns
                event._scheduled = False
                if event._cancelled:
                    self._tombstones -= 1
                else:
                    self._ready.append(event)
            else:
                env.step()
        return True

    def _deal(self, chance: Chance) -> None:
        hand = list(self._ready)
        for last in range(len(hand) - 1, 0, -1):
            other = chance.integer(0, last)
            hand[last], hand[other] = hand[other], hand[last]
        self._ready.clear()
        self._ready.extend(hand)

    # -- futures, tasks, executor -------------------------------------------------------------------------------------

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: _TaskBody[_T], *, name: object = None, context: Context | None = None, **more: Any
    ) -> asyncio.Task[_T]:
        """A task, named by this loop's own count (asyncio counts per process: no two runs would tell the same)."""
        self._task_number += 1
        named = f"Task-{self._task_number}" if name is None else str(name)
        if self._task_factory is not None:
            if context is not None:
                more["context"] = context
            made = cast("asyncio.Task[_T]", self._task_factory(self, coro, **more))
            made.set_name(named)
            return made
        return asyncio.Task(coro, loop=self, name=named, context=context, **more)

    def set_task_factory(self, factory: Any) -> None:
        self._task_factory = factory

    def get_task_factory(self) -> Any:
        return self._task_factory

    def run_in_executor(self, executor: object, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts) -> asyncio.Future[_T]:
        """Call `func` here, in the next turn: the same place in every run. It takes no virtual time."""
        future: asyncio.Future[_T] = self.create_future()
        self.call_soon(_call_into, future, func, args)
        return future

    def set_default_executor(self, executor: object) -> None:
        """Accepted and unused: calls are made inline."""

    async def shutdown_default_executor(self, *args: object) -> None:
        """Nothing to shut down."""

    def wrap(self, event: Event) -> asyncio.Future[Any]:
        """A future of a SimPy event: engine coroutines and simulated devices wait for each other through it."""
        future = self.create_future()

        def settle(settled: Event) -> None:
            if not settled._ok:
                settled._defused = True
            if future.done():
                return
            if settled._ok:
                future.set_result(settled._value)
            else:
                future.set_exception(cast(BaseException, settled._value))

        if event.callbacks is None:
            settle(event)
        else:
            event.callbacks.append(settle)
        return future

    # -- errors nobody took -------------------------------------------------------------------------------------------

    def _not_taken(self, handle: asyncio.Handle, error: BaseException) -> None:
        self.call_exception_handler({"message": f"a callback raised: {handle!r}", "exception": error, "handle": handle})

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self._exception_handler is not None:
            self._exception_handler(self, context)
        else:
            self.default_exception_handler(context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """End the run: an error that nobody took is a defect of the engine, not a line in a log."""
        error = context.get("exception") or RuntimeError(str(context.get("message")))
        error.add_note(f"not taken by anyone: {context.get('message')} (virtual time {self.time():.3f} s)")
        self.fail(error)

    def set_exception_handler(self, handler: _ExceptionHandler | None) -> None:
        self._exception_handler = handler

    def get_exception_handler(self) -> _ExceptionHandler | None:
        return self._exception_handler

    # -- end of life --------------------------------------------------------------------------------------------------

    def is_running(self) -> bool:
        return self._running

    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Close. Raises the error of a task that failed and was forgotten: the garbage collector is asked now."""
        if self._running:
            raise RuntimeError("a running event loop cannot be closed")
        if self._closed:
            return
        gc.collect()
        self._closed = True
        self._ready.clear()
        if self._verdict is not None:
            self._give_verdict()

    def get_debug(self) -> bool:
        return self._debug

    def set_debug(self, enabled: bool) -> None:
        self._debug = enabled

    def _generator_began(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators[id(generator)] = weakref.ref(generator)

    def _generator_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators.pop(id(generator), None)
        if not self._closed:
            self.create_task(generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close the async generators left open, in the order they began."""
        left = [generator for reference in self._generators.values() if (generator := reference()) is not None]
        self._generators.clear()
        for generator in left:
            await generator.aclose()


def _call_into(future: asyncio.Future[_T], func: Callable[..., _T], args: tuple[Any, ...]) -> None:
    if future.cancelled():
        return
    try:
        result = func(*args)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - handed on whole to whoever awaits, as an executor does
        future.set_exception(error)
    else:
        future.set_result(result)


def _is_tombstone(event: object) -> bool:
    return type(event) is _Timer and event._cancelled
