"""How far a run or a sweep is, for who watches a terminal: a bar, the simulated date, and the speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from csu.hal.clock import NS_PER_S
from sim.language import say
from sim.scenario_file import ScenarioFile
from sim.sweep import Outcome


@contextmanager
def run_progress(file: ScenarioFile) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, when somebody looks at it: call with the share done. Shows the simulated date and the speed."""
    scenario, began_s = file.scenario, time.perf_counter()
    with _bar(file.path.stem, 1.0) as advance:

        def tell(share: float) -> None:
            simulated_s = share * scenario.duration / NS_PER_S
            date = datetime.fromtimestamp(scenario.epoch_ns // NS_PER_S + int(simulated_s), UTC)
            advance(share, f"{date:%Y-%m-%d %H:%M} · {speed(simulated_s, began_s)}")

        yield tell


@contextmanager
def sweep_progress(file: ScenarioFile, runs: int) -> Iterator[Callable[[Outcome], None]]:
    """A bar on stderr, when somebody looks at it: call with each outcome. Shows the simulated days and the speed."""
    began_s, simulated_s, done, violated = time.perf_counter(), 0.0, 0, 0
    with _bar(file.path.stem, float(runs)) as advance:

        def tell(outcome: Outcome) -> None:
            nonlocal simulated_s, done, violated
            simulated_s += outcome.simulated_s
            done += 1
            violated += outcome.violated
            days = say(f"{simulated_s / 86_400:.1f} jours simulés", f"{simulated_s / 86_400:.1f} simulated days")
            bad = say(f" · {violated} en faute", f" · {violated} violated") if violated else ""
            advance(done, f"{done}/{runs} · {days} · {speed(simulated_s, began_s)}{bad}")

        yield tell


def speed(simulated_s: float, began_s: float) -> str:
    """Simulated seconds per second of the wall clock since `began_s`."""
    passed_s = time.perf_counter() - began_s
    return f"× {simulated_s / passed_s:,.0f}".replace(",", " ") if passed_s > 0 else ""


@contextmanager
def _bar(name: str, total: float) -> Iterator[Callable[[float, str], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, words: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=total, words="")
        yield lambda done, words: bar.update(task, completed=done, words=words)
