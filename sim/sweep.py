"""Many runs of one scenario: seeds, drawn parameters and a matrix of values, each run in a process of its own.

A sweep holds when no run violates anything, and when over all runs every expectation and invariant had its cases.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from hashlib import blake2b
from itertools import islice, product
from pathlib import Path

from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.ports import SeededChance
from sim.run import run_scenario
from sim.scenario_file import ScenarioFile, read_scenario

RUNS_MAX = 100_000
WAITING_PER_WORKER = 4
"""Runs handed out ahead: a worker never waits, and a stop need not wait for thousands."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of a sweep."""

    seed: int
    values: Mapping[str, str]
    shuffle: bool = False

    def replay(self, path: Path) -> str:
        """The command that plays this run again."""
        return replay_command(path, self.seed, self.values, shuffle=self.shuffle)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a sweep came to."""

    plan: Plan
    replay: str
    trace_hash: str
    expectations: tuple[Judgement, ...]
    invariants: tuple[Judgement, ...]
    failure: str | None
    violated: bool
    cameras: int
    simulated_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Total:
    """One expectation or invariant over all runs."""

    id: str
    said: Words
    exercised: int
    violations: int
    runs_violated: int
    exercised_least: int
    worst: float
    unit: str
    limit: float | None

    @property
    def holds(self) -> bool:
        return self.violations == 0 and self.exercised >= self.exercised_least


@dataclass(frozen=True, slots=True)
class SweepResult:
    """All runs, in the order of the plan."""

    file: ScenarioFile
    outcomes: tuple[Outcome, ...]
    expectations: tuple[Total, ...]
    invariants: tuple[Total, ...]

    @property
    def violated(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.violated)

    @property
    def holds(self) -> bool:
        return not self.violated and all(total.holds for total in (*self.expectations, *self.invariants))

    @property
    def trace_hash(self) -> str:
        """One hash over the hashes of all runs."""
        return blake2b("".join(outcome.trace_hash for outcome in self.outcomes).encode(), digest_size=16).hexdigest()


def replay_command(path: Path, seed: int, values: Mapping[str, str], *, shuffle: bool) -> str:
    """The command that plays one run again, as a shell takes it."""
    return _command("run", path, seed, values, shuffle=shuffle)


def shrink_command(path: Path, seed: int, values: Mapping[str, str], *, shuffle: bool) -> str:
    """The command that makes a violated run small."""
    return _command("shrink", path, seed, values, shuffle=shuffle)


def _command(verb: str, path: Path, seed: int, values: Mapping[str, str], *, shuffle: bool) -> str:
    words = ["csu", "sim", verb, str(path), "--seed", str(seed)]
    for key, value in sorted(values.items()):
        words += ["--set", f"{key}={value}"]
    return shlex.join([*words, "--shuffle"] if shuffle else words)


def plan_runs(
    file: ScenarioFile,
    seeds: Sequence[int],
    matrix: Mapping[str, Sequence[str]],
    values: Mapping[str, str],
    *,
    draw: bool,
    shuffle: bool = False,
) -> tuple[Plan, ...]:
    """Every seed with every combination of the matrix. `draw`: parameters that nobody set are drawn by each seed.

    Raises BadInput for more than RUNS_MAX runs, and for values that the scenario refuses.
    """
    count = len(seeds)
    for choices in matrix.values():
        count *= len(choices)
    if count > RUNS_MAX:
        raise BadInput(
            Words(f"ce serait {count} courses, {RUNS_MAX} au plus", f"that would be {count} runs, {RUNS_MAX} at most"),
            where="sweep",
            what_to_do=Words("Balayez moins de graines ou de valeurs", "Sweep fewer seeds or values"),
        )
    plans = []
    for combination in product(*matrix.values()):
        chosen = {**values, **dict(zip(matrix, combination, strict=True))}
        read_scenario(file.path, chosen)
        for seed in seeds:
            drawn = _drawn(file, seed) if draw else {}
            plans.append(Plan(seed, {**drawn, **chosen}, shuffle))
    return tuple(plans)


def _drawn(file: ScenarioFile, seed: int) -> dict[str, str]:
    chance = SeededChance(f"{seed}/parameters")
    return {
        name: parameter.draw(chance.stream(name))
        for name, parameter in file.parameters.items()
        if parameter.sweep is not None
    }


def sweep(path: Path, plans: Sequence[Plan], workers: int | None = None) -> Iterator[tuple[int, Outcome]]:
    """Play all plans, as many at once as there are cores or `workers`; (index, outcome) as they end.

    Raises BadInput when drawn values cannot be played.
    """
    at_once = max(1, min(workers or cores(), len(plans)))
    if at_once == 1:
        for index, plan in enumerate(plans):
            yield index, play(path, plan)
        return
    spawn = multiprocessing.get_context("spawn")  # a fork would copy the threads of the progress bar half
    with ProcessPoolExecutor(at_once, mp_context=spawn, initializer=_settle) as pool:
        waiting = enumerate(plans)
        running: dict[Future[Outcome], int] = {}
        try:
            while True:
                for index, plan in islice(waiting, at_once * WAITING_PER_WORKER - len(running)):
                    running[pool.submit(play, path, plan)] = index
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _settle() -> None:
    """What is imported stays: collections of each run need not look at it again (0.1 s each time)."""
    gc.collect()
    gc.freeze()


def play(path: Path, plan: Plan) -> Outcome:
    """Play one plan in this process. Raises BadInput."""
    began_s = time.process_time()
    file = read_scenario(path, plan.values)
    result = run_scenario(file, plan.seed, shuffle=plan.shuffle)
    return Outcome(
        plan,
        plan.replay(path),
        result.trace_hash,
        result.expectations,
        result.invariants,
        repr(result.failure) if result.failure is not None else None,
        result.violated,
        file.scenario.city.cameras,
        file.scenario.duration / NS_PER_S,
        time.process_time() - began_s,
    )


def cores() -> int:
    """How many processes this one may keep busy."""
    return len(os.sched_getaffinity(0))


def add_up(file: ScenarioFile, outcomes: Sequence[Outcome]) -> SweepResult:
    """All outcomes as one verdict."""
    return SweepResult(
        file,
        tuple(outcomes),
        _totals([outcome.expectations for outcome in outcomes]),
        _totals([outcome.invariants for outcome in outcomes]),
    )


def _totals(runs: Sequence[Sequence[Judgement]]) -> tuple[Total, ...]:
    found: dict[str, list[Judgement]] = {}
    for judgements in runs:
        for judgement in judgements:
            found.setdefault(judgement.name, []).append(judgement)
    return tuple(_total(judgements) for judgements in found.values())


def _total(judgements: Sequence[Judgement]) -> Total:
    first = judgements[0]
    at_least = first.unit == "share" and first.limit is not None
    return Total(
        first.name,
        first.said,
        sum(judgement.cases for judgement in judgements),
        sum(judgement.violations for judgement in judgements),
        sum(judgement.violations > 0 for judgement in judgements),
        first.cases_least,
        (min if at_least else max)(judgement.worst for judgement in judgements),
        first.unit,
        first.limit,
    )


def tell_sweep(result: SweepResult, wall_s: float) -> dict[str, object]:
    """The sweep as the JSON object of `--json`."""
    cpu_s = sum(outcome.cpu_s for outcome in result.outcomes)
    simulated_s = sum(outcome.simulated_s for outcome in result.outcomes)
    camera_days = sum(outcome.cameras * outcome.simulated_s for outcome in result.outcomes) * NS_PER_S / NS_PER_DAY
    return {
        "scenario": str(result.file.path),
        "scenario_sha256": result.file.sha256,
        "title": result.file.scenario.title,
        "runs": len(result.outcomes),
        "runs_violated": len(result.violated),
        "verdict": "holds" if result.holds else "does not hold",
        "expectations": [_tell_total(total) for total in result.expectations],
        "invariants": [_tell_total(total) for total in result.invariants],
        "simulated_days": round(simulated_s / 86_400, 3),
        "camera_days": round(camera_days, 1),
        "cpu_s": round(cpu_s, 3),
        "wall_s": round(wall_s, 3),
        "runs_per_cpu_minute": round(60 * len(result.outcomes) / cpu_s, 1),
        "compression": round(simulated_s / cpu_s, 1),
        "trace_hash": result.trace_hash,
        "results": [
            {
                "seed": outcome.plan.seed,
                "values": dict(outcome.plan.values),
                "verdict": "violated" if outcome.violated else "clean",
                "failure": outcome.failure,
                "broken": [j.name for j in (*outcome.expectations, *outcome.invariants) if j.violations],
                "trace_hash": outcome.trace_hash,
                "cpu_s": round(outcome.cpu_s, 3),
                "replay": outcome.replay,
            }
            for outcome in result.outcomes
        ],
    }


def _tell_total(total: Total) -> dict[str, object]:
    return {**asdict(total), "said": total.said.en, "holds": total.holds}
