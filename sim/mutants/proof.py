"""Every defect planted and looked for, and as many runs without one: the oracles see, and see nothing else.

Each run is in a process of its own kind: a defect is planted before it and taken out after it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sim.fault_words import EngineTrouble
from sim.mutants import alarm_defects, analysis_defects, footage_defects, past_defects, pixel_defects, room_defects
from sim.mutants.planting import Defect, planted
from sim.oracles.stage import INVARIANTS
from sim.run import RunResult, run_scenario
from sim.scenario_file import read_scenario
from sim.sweep import cores

DEFECTS: tuple[Defect, ...] = (
    *(*footage_defects.DEFECTS, *alarm_defects.DEFECTS),
    *(*room_defects.DEFECTS, *past_defects.DEFECTS),
    *pixel_defects.DEFECTS,
    *analysis_defects.DEFECTS,
)
"""All of them, by name."""
SHORT = (
    "gaps_are_not_logged",
    "a_turning_camera_is_said_to_rest",
    "the_board_is_deaf_to_events",
    "an_alarm_is_acknowledged_without_a_durable_write",
    "a_locked_stretch_is_not_copied",
    "footage_is_destroyed_ten_minutes_late",
    "everybody_is_of_every_commune",
    "the_journal_signs_nothing",
    "analysis_goes_on_a_minute_after_its_order",
)
"""One of each kind, for a run before each change."""
CITIES = {name: Path(__file__).with_name(f"{name}.yaml") for name in ("small", "past", "room", "pixels", "analysis")}
SEEDS_MAX = 4
"""A defect that no run of so many shows is not found."""
FIRST_SEED = 1
CLEAN_SEEDS, SHORT_CLEAN_SEEDS = 40, 8


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one defect."""

    defect: str
    oracle: str
    city: str
    found_by: tuple[str, ...]
    """All oracles that were violated, in the run that found it; or in the last one."""
    seed: int
    cpu_s: float

    @property
    def is_found(self) -> bool:
        return self.oracle in self.found_by

    @property
    def alone(self) -> bool:
        """Of all oracles only the one that is there for it saw it. What the city itself expects is no oracle."""
        return [name for name in self.found_by if name in INVARIANTS] == [self.oracle]

    @property
    def replay(self) -> str:
        """The command that shows it again."""
        return f"csu sim mutants --only {self.defect} --seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Clean:
    """One run without a defect."""

    city: str
    seed: int
    violated: tuple[str, ...]
    exercised: tuple[tuple[int, str, int], ...]
    """(invariant, oracle, how often)."""
    reached: tuple[str, ...]
    declared: tuple[str, ...]
    is_same_again: bool
    cpu_s: float

    @property
    def replay(self) -> str:
        return f"csu sim run {CITIES[self.city]} --seed {self.seed}"


def defect_named(name: str) -> Defect:
    """Raises KeyError."""
    return {defect.name: defect for defect in DEFECTS}[name]


def look_for(name: str, first_seed: int = FIRST_SEED, seeds: int = SEEDS_MAX) -> Found:
    """Plant one defect and play seed after seed until its oracle finds it."""
    defect = defect_named(name)
    began_s = time.process_time()
    violated: tuple[str, ...] = ()
    for seed in range(first_seed, first_seed + seeds):
        with planted(defect):
            violated = _seen(defect, seed)
        if defect.oracle in violated:
            break
    return Found(name, defect.oracle, defect.city, violated, seed, time.process_time() - began_s)


def _seen(defect: Defect, seed: int) -> tuple[str, ...]:
    """The oracles that are violated in a run with the defect. 24 and 25 are no run's own: played twice, and counted."""
    result = _play(defect.city, seed)
    violated = broken(result)
    if defect.oracle == "same_again" and _play(defect.city, seed).trace_hash != result.trace_hash:
        violated += ("same_again",)
    points = {spec.point for spec in result.file.scenario.faults if isinstance(spec, EngineTrouble)}
    if defect.oracle == "all_reached" and points - {*result.reached}:
        violated += ("all_reached",)  # of a point one run is enough: it is passed at each step of the engine
    return violated


def play_clean(city: str, seed: int, *, twice: bool = False) -> Clean:
    """A run without a defect; `twice`: once more, to see whether it is the same."""
    began_s = time.process_time()
    result = _play(city, seed)
    is_same = not twice or _play(city, seed).trace_hash == result.trace_hash
    return Clean(
        city,
        seed,
        (*broken(result), *(("same_again",) if not is_same else ())),
        tuple((judgement.number, judgement.name, judgement.cases) for judgement in result.invariants),
        result.reached,
        result.declared,
        is_same,
        time.process_time() - began_s,
    )


def broken(result: RunResult) -> tuple[str, ...]:
    """What did not hold; a run that ended early shows `failure`."""
    if result.failure is not None:
        return (f"failure: {result.failure!r}"[:200],)
    return tuple(judgement.name for judgement in result.judgements if judgement.violations)


def prove(
    defects: Sequence[str], clean_seeds: int, jobs: int | None, told: Callable[[Found | Clean], None]
) -> tuple[list[Found], list[Clean]]:
    """All of it, on all cores or `jobs` of them."""
    found: list[Found] = []
    clean: list[Clean] = []
    cities = [city for city, _ in zip(_forever(), range(clean_seeds), strict=False)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or cores(), mp_context=spawn) as pool:
        futures: list[Future[Found | Clean]] = [pool.submit(_look_for, name) for name in defects]
        for number, city in enumerate(cities):
            futures.append(pool.submit(_play_clean, city, 100 + number, number < len(CITIES)))
        for future in as_completed(futures):
            outcome = future.result()
            told(outcome)
            if isinstance(outcome, Found):
                found.append(outcome)
            else:
                clean.append(outcome)
    order = {name: place for place, name in enumerate(defects)}
    return sorted(found, key=lambda each: order[each.defect]), sorted(clean, key=lambda each: each.seed)


def _look_for(name: str) -> Found | Clean:
    return look_for(name)


def _play_clean(city: str, seed: int, twice: bool) -> Found | Clean:
    return play_clean(city, seed, twice=twice)


@dataclass(frozen=True, slots=True)
class Proved:
    """What the defects say of one oracle."""

    number: int
    oracle: str
    found: tuple[str, ...]
    """The defects that it was there for, and saw."""
    alone: tuple[str, ...]
    """Those of them that no other oracle saw: without it they would pass."""


def proved(found: Sequence[Found]) -> list[Proved]:
    """Each oracle, by the number of its invariant, with the defects that prove it."""
    mine = {name: [each for each in found if each.oracle == name and each.is_found] for name in INVARIANTS}
    return [
        Proved(
            INVARIANTS[name],
            name,
            tuple(each.defect for each in seen),
            tuple(each.defect for each in seen if each.alone),
        )
        for name, seen in sorted(mine.items(), key=lambda item: INVARIANTS[item[0]])
    ]


def never_reached(clean: Sequence[Clean]) -> list[str]:
    """Invariants that no clean run exercised, and words and fault points that none reached (25); empty: all were.

    Nothing is asked of no run at all.
    """
    exercised: Counter[str] = Counter()
    for run in clean:
        for number, name, cases in run.exercised:
            exercised[f"{number} {name}"] += cases
    untouched = [name for name, cases in exercised.items() if not cases]
    reached = {name for run in clean for name in run.reached}
    return sorted([*untouched, *({name for run in clean for name in run.declared} - reached)])


def _forever() -> Iterator[str]:
    names = tuple(CITIES)
    for number in count():
        yield names[number % len(names)]


def _play(city: str, seed: int) -> RunResult:
    return run_scenario(read_scenario(CITIES[city]), seed)
