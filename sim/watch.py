"""`csu demo --scenario`: a scenario in accelerated time, its console served, and people who act in it.

The run is the one of `csu sim run`, on a loop that waits until each instant is due: who only watches sees that very
run, with its trace. The console lives on an ordinary loop in another thread, in real time: its time-outs stay whole.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from rich.console import Console
from simpy import Environment
from simpy.core import Infinity

from csu.centre import Centre
from csu.centre.watched import serve_watched
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from sim.cli import LIVE, figures, tell
from sim.language import say
from sim.loop import SimLoop
from sim.report import prepare_report, write_report
from sim.run import RunResult, run_scenario
from sim.scenario_file import LEVEL_OF_ALL, ScenarioFile, read_scenario
from sim.verdict import print_run

SPEED, SPEED_MAX = 60.0, 100_000.0
ANSWER_WITHIN_S = 10.0
"""A question is answered between two events; the longest stretch without one is the building of a large city."""

_T = TypeVar("_T")


class Left(Exception):
    """Who watched has left before the end: there is no verdict."""


class _PacedLoop(SimLoop):
    """A SimLoop whose next instant waits until it is due."""

    def __init__(self, env: Environment, shuffle: Chance | None, wait_until: Callable[[Nanoseconds], bool]) -> None:
        super().__init__(env, shuffle=shuffle)
        self._wait_until = wait_until

    def _next_instant(self) -> bool:
        at_ns = self.env.peek()
        if at_ns != Infinity and not self._wait_until(int(at_ns)):
            return True  # somebody acted: what is ready now comes first
        return super()._next_instant()


class Audience:
    """Who watches (sim.run.Company), and where the centre is (csu.centre.watched.Elsewhere)."""

    def __init__(self, speed: float) -> None:
        """`speed`: seconds of the scenario in one second."""
        self._speed = speed
        self._began_s = time.monotonic()
        self._acts: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = Lock()
        self._over = self._hurried = self._left = False
        self._loop: SimLoop | None = None
        self.centre: Centre | None = None
        self.met: Future[Clock] = Future()
        """The scenario's clock, once its centre is there."""

    # -- in the thread of the run -------------------------------------------------------------------------------------

    def loop(self, env: Environment, shuffle: Chance | None) -> SimLoop:
        """See Company.loop."""
        self._loop = _PacedLoop(env, shuffle, self._wait_until)
        return self._loop

    def meet(self, centre: Centre, clock: Clock) -> None:
        """See Company.meet. Time runs from here."""
        self.centre = centre
        if not self.met.done():  # the first; the others are built after a crash
            self._began_s = time.monotonic()
            self.met.set_result(clock)

    def close(self) -> None:
        """The run is over: questions are answered at once from now on, and acts are refused."""
        with self._lock:
            self._over = True
        while not self._acts.empty():
            self._acts.get()()

    def _wait_until(self, at_ns: Nanoseconds) -> bool:
        """True when that instant is due; False when something was done instead of waiting."""
        if self._left:
            raise Left
        left_s = at_ns / NS_PER_S / self._speed - (time.monotonic() - self._began_s)
        try:
            if self._hurried or left_s <= 0:
                act = self._acts.get_nowait()
            else:
                act = self._acts.get(timeout=left_s)
        except Empty:
            return True
        act()
        return False

    # -- in the thread of the console ---------------------------------------------------------------------------------

    def ask(self, question: Callable[[Centre], _T]) -> _T:
        """See Elsewhere.ask."""
        answer: Future[_T] = Future()
        self._put(lambda: _settle(answer, lambda: question(self._there())))
        return answer.result(ANSWER_WITHIN_S)

    def do(self, act: Callable[[Centre], Awaitable[_T]]) -> Awaitable[_T]:
        """See Elsewhere.do."""
        outcome: Future[_T] = Future()

        async def acting() -> None:
            try:
                result = await act(self._there())
            except BaseException as error:  # noqa: BLE001 - handed on whole to who asked
                outcome.set_exception(error)
            else:
                outcome.set_result(result)

        def start() -> None:
            if self._over or self._loop is None:
                outcome.set_exception(Left())
            else:
                self._loop.create_task(acting(), name="audience")

        self._put(start)
        return asyncio.wrap_future(outcome)

    def hurry(self) -> None:
        """From now on as fast as it goes."""
        self._hurried = True
        self._put(lambda: None)  # whoever waits, waits no longer

    def leave(self) -> None:
        """End the run where it is."""
        self._left = True
        self._put(lambda: None)

    def _put(self, act: Callable[[], None]) -> None:
        with self._lock:
            if not self._over:
                self._acts.put(act)
                return
        act()

    def _there(self) -> Centre:
        if self.centre is None:
            raise LookupError("the centre is not there yet: wait for `met`")
        return self.centre


def _settle(answer: Future[_T], question: Callable[[], _T]) -> None:
    try:
        answer.set_result(question())
    except Exception as error:  # noqa: BLE001 - handed on whole to who asked
        answer.set_exception(error)


async def watch(
    file: ScenarioFile, speed: float, *, seconds: float | None, port: int, told: Callable[[str], None]
) -> RunResult:
    """Play the scenario for who watches; `told` hears the console's address. After `seconds`, or Ctrl-C, it hurries.

    Raises BadInput when the port cannot be bound.
    """
    audience, loop = Audience(speed), asyncio.get_running_loop()
    playing = asyncio.create_task(asyncio.to_thread(_play, file, audience), name="scenario")
    met = asyncio.wrap_future(audience.met)
    either: list[asyncio.Future[Any]] = [playing, met]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not met.done():
        return await playing

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # the second one leaves
        audience.hurry()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        async with serve_watched(audience, met.result(), port=port) as url:
            told(url)
            if seconds is not None:
                loop.call_later(seconds, audience.hurry)
            return await playing
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        audience.leave()


def _play(file: ScenarioFile, audience: Audience) -> RunResult:
    try:
        return run_scenario(file, company=audience)
    finally:
        audience.close()


def play_scenario(
    path: Path,
    *,
    speed: float | None,
    level: str | None,
    seconds: float | None,
    port: int,
    report: Path,
    as_json: bool,
) -> bool:
    """The command (entry point of `csu.scenarios`): True when the scenario held. Raises BadInput."""
    if level == LIVE:
        return _play_live(path, speed, seconds, port, as_json=as_json)
    speed = SPEED if speed is None else speed
    if not 0 < speed <= SPEED_MAX:
        raise BadInput(
            Words(f"la vitesse {speed:g} ne se joue pas", f"speed {speed:g} cannot be played"),
            where="--speed",
            what_to_do=Words(f"Donnez de 1 à {SPEED_MAX:g}", f"Give from 1 to {SPEED_MAX:g}"),
        )
    file = read_scenario(path, {LEVEL_OF_ALL: level} if level is not None else {})
    prepare_report(report)
    addresses: list[str] = []

    def told(url: str) -> None:
        addresses.append(url)
        said = say("console, en temps accéléré", "console, in accelerated time")
        hint = say(
            "Ctrl-C : la suite au plus vite, puis le verdict", "Ctrl-C: the rest at full speed, then the verdict"
        )
        Console(stderr=True, highlight=False).print(f"{said} (× {speed:g}) : {url}\n{hint}", markup=False)

    cpu_began_s, wall_began_s = time.process_time(), time.perf_counter()
    result = asyncio.run(watch(file, speed, seconds=seconds, port=port, told=told))
    cpu_s, wall_s = time.process_time() - cpu_began_s, time.perf_counter() - wall_began_s
    verdict = tell(result, cpu_s, wall_s)
    write_report(result, report, str(verdict["replay"]), figures(result, cpu_s))
    verdict |= {"report": str(report), "console": addresses[-1] if addresses else None, "speed": speed}
    if as_json:
        print(json.dumps(verdict, ensure_ascii=False))
    else:
        print_run(result, verdict)
    return result.holds


def _play_live(path: Path, speed: float | None, seconds: float | None, port: int, *, as_json: bool) -> bool:
    """Over real sockets time is real: there is no other speed, and no end before the scenario's."""
    if speed not in (None, 1) or seconds is not None:
        raise BadInput(
            Words("le niveau L2 se joue en temps réel, en entier", "level L2 is played in real time, and whole"),
            where="--seconds" if seconds is not None else "--speed",
            what_to_do=Words("Ôtez cette option", "Take this option out"),
        )
    from sim.levels.live_command import run_live

    file = read_scenario(path)
    return run_live(file, file.scenario.seed, partly=False, as_json=as_json, port=port)
