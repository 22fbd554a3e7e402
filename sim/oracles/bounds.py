"""What must not grow, and what must not run away: queues, tasks, memory, reconnections (22, 23)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged

LOOK_EVERY_S = 300.0
STARTS_PER_MINUTE_MAX = 12
"""Of one node: 1, 2, 4, 8, 16, 30 s with jitter are at most so many."""
HELD_LOOKS = 8
"""How often in a run what the centre holds is counted."""
HELD_SLACK, PER_ALARM = 250, 10
"""Elements that may come and go; and what is kept of an alarm that is over: its number, its call."""
SLACK = 64
"""What may come and go: escalations, visits, retries."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is in the centre at one moment."""

    tasks: int
    waiting: int
    """Manifests taken and not yet written."""
    open_alarms: int


class Held(NamedTuple):
    """What the centre holds in memory (`held_by`), and how many alarms had rung by then."""

    elements: int
    alarms: int


class Bounds:
    """Looks every few minutes: `watch` it beside the centre."""

    def __init__(self, measure: Callable[[], Load], limits: Load, hold: Callable[[], Held], duration_s: float) -> None:
        """`limits`: no look may find more. `hold`: costs milliseconds: asked some times in `duration_s`."""
        self._measure, self._limits, self._hold = measure, limits, hold
        self._looks_between = max(1, round(duration_s / LOOK_EVERY_S / HELD_LOOKS))
        self._found: list[Load] = []
        self._held: list[Held] = []

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._found.append(self._measure())
            if len(self._found) % self._looks_between == 0:
                self._held.append(self._hold())

    def judge(self) -> Judgement:
        """Nothing above its limit; and the second half of the run holds no more than twice the first, and some."""
        told = list[Words]()
        half = len(self._found) // 2
        for name in ("tasks", "waiting", "open_alarms"):
            values = [getattr(load, name) for load in self._found]
            limit = getattr(self._limits, name)
            first, last = max(values[:half], default=0), min(values[-max(1, half // 2) :], default=0)
            if max(values, default=0) > limit:
                told.append(Words(f"{name} : {max(values)} > {limit}", f"{name}: {max(values)} > {limit}"))
            elif last > 2 * first + SLACK:
                told.append(Words(f"{name} croît : {first}, puis {last}", f"{name} grows: {first}, then {last}"))
        told += self._growth()
        return judged("bounded", told, len(self._found), cases_least=0)

    def _growth(self) -> list[Words]:
        """Memory grows by what is remembered of each alarm, and by nothing else; the engine ends that, too."""
        half = len(self._held) // 2
        if not half:
            return []
        first, last = max(self._held[:half]), min(self._held[-half:])
        grown, allowed = last.elements - first.elements, HELD_SLACK + PER_ALARM * (last.alarms - first.alarms)
        if grown <= allowed:
            return []
        return [Words(f"mémoire : + {grown} éléments (attendu : {allowed})", f"memory: + {grown} elements > {allowed}")]


def judge_reconnects_bounded(stage: Stage) -> Judgement:
    """No node is asked to start more than STARTS_PER_MINUTE_MAX times in a minute."""
    told, cases, worst = list[Words](), 0, 0
    for name, count in _most_in_a_minute({name: node.tried_ns for name, node in stage.nodes.items()}).items():
        cases += len(stage.nodes[name].tried_ns)
        worst = max(worst, count)
        if count > STARTS_PER_MINUTE_MAX:
            told.append(Words(f"{count} en une minute", f"{count} in a minute").at(name))
    return judged("reconnects_bounded", told, cases, worst, "", STARTS_PER_MINUTE_MAX)


def _most_in_a_minute(tried: Mapping[str, list[Nanoseconds]]) -> dict[str, int]:
    found = {}
    for name, at_ns in tried.items():
        first, most = 0, 0
        for last, now_ns in enumerate(at_ns):
            while now_ns - at_ns[first] >= NS_PER_MINUTE:
                first += 1
            most = max(most, last - first + 1)
        found[name] = most
    return found
