"""`csu sim run` and `csu sim check`: a scenario played, or only read."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.hal.words import Words
from sim.language import read, say
from sim.report import expectation_name, prepare_report, worst, write_report
from sim.run import LEVEL, RunResult, run_scenario
from sim.scenario_file import read_scenario

DOES_NOT_HOLD = 1
REPORTS = Path("var/reports")
"""Where reports go unless told otherwise, below the current directory."""

app = typer.Typer(
    help=say("Une ville simulée, en temps virtuel.", "A simulated city, in virtual time."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

ScenarioPath = Annotated[Path, typer.Argument(help=say("Le scénario (YAML).", "The scenario (YAML)."))]
AsJson = Annotated[bool, typer.Option("--json", help=say("Un objet JSON sur la sortie.", "One JSON object on stdout."))]


@app.command(help=say("Jouer un scénario et juger le centre.", "Play a scenario and judge the centre."))
def run(
    scenario: ScenarioPath,
    seed: Annotated[int | None, typer.Option(min=0, help=say("Une autre graine.", "Another seed."))] = None,
    report: Annotated[
        Path | None, typer.Option(help=say("Où écrire le rapport.", "Where to write the report."))
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help=say("Sans rapport.", "No report."))] = False,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help=say("Mêler l'ordre des tâches.", "Shuffle the order of tasks."))
    ] = False,
    as_json: AsJson = False,
) -> None:
    file = read_scenario(scenario)
    path = (
        None
        if no_report
        else report or REPORTS / f"{scenario.stem}-{file.scenario.seed if seed is None else seed}.html"
    )
    if path is not None:
        prepare_report(path)
    cpu_began_s, wall_began_s = time.process_time(), time.perf_counter()
    with _progress(scenario) as progress:
        result = run_scenario(file, seed, shuffle=shuffle, progress=progress)
    cpu_s, wall_s = time.process_time() - cpu_began_s, time.perf_counter() - wall_began_s
    told = tell(result, cpu_s, wall_s, shuffle=shuffle)
    if path is not None:
        write_report(result, path, str(told["replay"]), _figures(result, cpu_s))
    told["report"] = str(path) if path is not None else None
    if result.failure is not None:
        traceback.print_exception(result.failure, file=sys.stderr)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _print(result, told)
    if not result.holds:
        raise typer.Exit(DOES_NOT_HOLD)


@app.command(help=say("Lire un scénario sans le jouer.", "Read a scenario without playing it."))
def check(scenario: ScenarioPath, as_json: AsJson = False) -> None:
    file = read_scenario(scenario)
    city, duration_s = file.scenario.city, file.scenario.duration // NS_PER_S
    if as_json:
        found = {
            "scenario": str(scenario),
            "scenario_sha256": file.sha256,
            "title": file.scenario.title,
            "cameras": city.cameras,
            "communes": city.communes,
            "duration_s": duration_s,
            "verdict": "holds",
        }
        print(json.dumps(found, ensure_ascii=False))
    else:
        said = say(f"lisible, {city.cameras} caméras", f"can be played, {city.cameras} cameras")
        print(f"{scenario}: {said}, {city.communes} communes, {duration_s / 3600:g} h")


def tell(result: RunResult, cpu_s: float, wall_s: float, *, shuffle: bool = False) -> dict[str, object]:
    """The run as the JSON object of `--json`."""
    scenario = result.file.scenario
    duration_s = scenario.duration / NS_PER_S
    return {
        "scenario": str(result.file.path),
        "scenario_sha256": result.file.sha256,
        "title": scenario.title,
        "seed": result.seed,
        "level": LEVEL,
        "cameras": scenario.city.cameras,
        "communes": scenario.city.communes,
        "duration_s": duration_s,
        "cpu_s": round(cpu_s, 3),
        "wall_s": round(wall_s, 3),
        "compression": round(duration_s / cpu_s, 1),
        "compression_is": "virtual seconds per CPU second",
        "camera_days_per_cpu_minute": round(_camera_days(result) / cpu_s * 60, 1),
        "trace_hash": result.trace_hash,
        "verdict": "holds" if result.holds else "does not hold",
        "failure": repr(result.failure) if result.failure is not None else None,
        "expectations": [asdict(judgement) for judgement in result.judgements],
        "catalogue": result.catalogue,
        "counters": result.counters,
        "replay": f"csu sim run {result.file.path} --seed {result.seed}{' --shuffle' if shuffle else ''}",
    }


def _camera_days(result: RunResult) -> float:
    return result.file.scenario.city.cameras * result.file.scenario.duration / NS_PER_DAY


def _figures(result: RunResult, cpu_s: float) -> dict[str, str]:
    scenario = result.file.scenario
    return {
        say("caméras", "cameras"): str(scenario.city.cameras),
        say("communes", "communes"): str(scenario.city.communes),
        say("durée simulée", "simulated time"): f"{scenario.duration / NS_PER_S / 3600:g} h",
        say("pannes déclarées", "declared faults"): str(len(result.city.faults)),
        say("graine", "seed"): str(result.seed),
        say("temps de calcul", "CPU time"): f"{cpu_s:.1f} s",
        say("compression", "compression"): f"× {scenario.duration / NS_PER_S / cpu_s:,.0f}".replace(",", "\u202f"),
        say("niveau", "level"): LEVEL,
    }


def _print(result: RunResult, told: dict[str, object]) -> None:
    console = Console(highlight=False)
    table = Table(title=result.file.scenario.title, title_justify="left", box=None, pad_edge=False)
    for column in ("", say("attente", "expectation"), say("cas", "cases"), say("pire cas", "worst case")):
        table.add_column(column, justify="right" if column in ("cas", "cases") else "left")
    for judgement in result.judgements:
        mark = "[green]✓[/]" if judgement.holds else "[red]✗[/]"
        table.add_row(mark, expectation_name(judgement.name), f"{judgement.cases}", worst(judgement))
    console.print(table)
    for judgement in result.judgements:
        if not judgement.holds:
            for detail in judgement.details or (Words("aucun cas à juger", "no case to judge"),):
                console.print(f"  {expectation_name(judgement.name)} : {read(detail)}", style="red", markup=False)
    verdict = say("tenu", "holds") if result.holds else say("non tenu", "does not hold")
    console.print(
        f"{verdict} · {told['cpu_s']} s CPU · × {told['compression']} · {LEVEL} · {told['trace_hash']}", markup=False
    )
    console.print(f"{say('rejouer', 'replay')} : {told['replay']}", markup=False, soft_wrap=True)
    if told["report"]:
        console.print(f"{say('rapport', 'report')} : {told['report']}", markup=False, soft_wrap=True)


@contextmanager
def _progress(scenario: Path) -> Iterator[Callable[[float], None]]:
    """A bar on stderr, when somebody looks at it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda share: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(scenario.stem, total=1.0)
        yield lambda share: bar.update(task, completed=share)
