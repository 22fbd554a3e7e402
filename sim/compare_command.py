"""`csu sim compare`: a run played twice, in processes with different hash seeds, and the first event that differs."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from sim.compare import Comparison, Heard, Plays, compare
from sim.language import say
from sim.run import run_scenario
from sim.scenario_file import ScenarioFile, read_scenario

HASH_SEEDS = ("1", "999")


def compare_runs(file: ScenarioFile, seed: int, *, shuffle: bool) -> Comparison:
    """Play the run in two processes and compare."""
    return compare(*(_player(file, seed, shuffle, hash_seed) for hash_seed in HASH_SEEDS))


def _player(file: ScenarioFile, seed: int, shuffle: bool, hash_seed: str) -> Plays:
    def play(keep: range) -> Heard:
        with _hash_seed(hash_seed):  # a spawned interpreter takes it from its environment
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawn) as pool:
                return pool.submit(_play, file.path, dict(file.values), seed, shuffle, keep).result()

    return play


def _play(path: Path, values: Mapping[str, str], seed: int, shuffle: bool, keep: range) -> Heard:
    return Heard.of(run_scenario(read_scenario(path, values), seed, shuffle=shuffle, keep=keep))


@contextmanager
def _hash_seed(value: str) -> Iterator[None]:
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before


def tell_comparison(found: Comparison, *, as_json: bool) -> None:
    """Say whether the two are one, else where they part."""
    difference = found.difference
    if as_json:
        told = {
            "verdict": "holds" if found.same else "does not hold",
            "trace_hashes": [found.first.trace_hash, found.second.trace_hash],
            "events": [found.first.events, found.second.events],
            "first_difference": None
            if difference is None
            else {"event": difference.event, "first": difference.first, "second": difference.second},
        }
        print(json.dumps(told, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if difference is None:
        said = say("les deux courses sont la même", "the two runs are one and the same")
        console.print(f"{said} : {found.first.trace_hash}", markup=False, soft_wrap=True)
        return
    said = say("les courses se séparent à l'événement", "the runs part at event")
    console.print(f"{said} {difference.event}", style="red", markup=False)
    ended = say("(terminée)", "(over)")
    for number, line in enumerate((difference.first, difference.second), start=1):
        console.print(f"  {number}: {line or ended}", markup=False, soft_wrap=True)
