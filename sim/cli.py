"""`csu sim run`, `check`, `shrink`, `compare`, `schema`: a scenario played, read, made small, described.

Exit codes: 0 it holds, 1 it does not, 2 the scenario or the command cannot be used.
"""

from __future__ import annotations

import json
import re
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.words import Language, Words
from sim.compare_command import compare_runs, tell_comparison
from sim.judgement import Judgement
from sim.language import read, say
from sim.mutants.command import mutants
from sim.progress import run_progress, sweep_progress
from sim.report import prepare_report, write_report, write_sweep_report
from sim.run import RunResult, run_scenario
from sim.scenario_file import LEVEL_OF_ALL, ScenarioFile, ScenarioRefused, read_scenario, scenario_schema
from sim.serve_command import serve
from sim.shrink_command import shrink_file, tell_shrunk
from sim.sweep import Outcome, Plan, add_up, plan_runs, replay_command, shrink_command, sweep, tell_sweep
from sim.verdict import print_run, print_sweep

DOES_NOT_HOLD, BAD_INPUT = 1, 2
LIVE = "L2"
"""The level that is no run in virtual time."""
REPORTS = Path("var/reports")
"""Where reports go unless told otherwise, below the current directory."""
SEEDS_MAX = 100_000

app = typer.Typer(
    help=say("Une ville simulée, en temps virtuel.", "A simulated city, in virtual time."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command(
    name="mutants",
    help=say("Planter des défauts dans le moteur : l'oracle les trouve-t-il ?", "Plant defects: are they found?"),
)(mutants)

app.command(
    name="serve",
    help=say("Servir des appareils simulés sur de vraies prises.", "Serve simulated devices on real sockets."),
)(serve)

ScenarioPath = Annotated[Path, typer.Argument(help=say("Le scénario (YAML).", "The scenario (YAML)."))]
SeedOption = Annotated[int | None, typer.Option(min=0, help=say("Une autre graine.", "Another seed."))]
ValuesOption = Annotated[
    list[str] | None,
    typer.Option("--set", help=say("paramètre=valeur, ou clé=valeur.", "parameter=value, or key=value.")),
]
ShuffleOption = Annotated[
    bool, typer.Option("--shuffle", help=say("Mêler l'ordre des tâches.", "Shuffle the order of tasks."))
]
AsJson = Annotated[bool, typer.Option("--json", help=say("Un objet JSON sur la sortie.", "One JSON object on stdout."))]


@app.command(help=say("Jouer un scénario et juger le centre.", "Play a scenario and judge the centre."))
def run(
    scenario: ScenarioPath,
    seed: SeedOption = None,
    seeds: Annotated[
        str | None, typer.Option(help=say("Balayer des graines : 1..200.", "Sweep seeds: 1..200."))
    ] = None,
    values: ValuesOption = None,
    level: Annotated[
        str | None, typer.Option(help=say("Toutes les caméras en L0, L1 ou L2.", "All cameras at L0, L1 or L2."))
    ] = None,
    partly: Annotated[
        bool,
        typer.Option(
            "--partly", help=say("L2 : ce qui n'y est pas jugé n'empêche rien.", "L2: what is not judged may be.")
        ),
    ] = False,
    matrix: Annotated[
        list[str] | None, typer.Option(help=say("Balayer des valeurs : clé=a,b.", "Sweep values: key=a,b."))
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help=say("Courses à la fois.", "Runs at once."))] = None,
    report: Annotated[
        Path | None, typer.Option(help=say("Où écrire le rapport.", "Where to write the report."))
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help=say("Sans rapport.", "No report."))] = False,
    wall: Annotated[
        Path | None,
        typer.Option(help=say("Où écrire les décisions du mur.", "Where to write the wall's decisions.")),
    ] = None,
    shuffle: ShuffleOption = False,
    as_json: AsJson = False,
) -> None:
    chosen = dict(_assignment("--set", given) for given in values or ())
    if wall is not None and (level == LIVE or seeds is not None or matrix):
        raise _unusable("--wall", Words("une seule course, à L0 ou L1", "one run only, at L0 or L1"))
    if level == LIVE:
        if seeds is not None or matrix or shuffle:
            raise _unusable("--level", Words("L2 joue une course, en temps réel", "L2 plays one run, in real time"))
        file = _read(scenario, chosen, as_json)
        if not _run_live(file, _seed(file, seed), partly, as_json):
            raise typer.Exit(DOES_NOT_HOLD)
        return
    file = _read(scenario, chosen | ({LEVEL_OF_ALL: level} if level else {}), as_json)
    if seeds is None and not matrix:
        path = None if no_report else report or REPORTS / f"{scenario.stem}-{_seed(file, seed)}.html"
        holds = _run_one(file, _seed(file, seed), path, shuffle, as_json, wall)
    else:
        if seeds is not None and seed is not None:
            raise _unusable("--seed", Words("--seed et --seeds s'excluent", "--seed and --seeds exclude each other"))
        swept = [_seed(file, seed)] if seeds is None else _seeds(seeds)
        choices = {key: value.split(",") for key, value in (_assignment("--matrix", given) for given in matrix or ())}
        plans = plan_runs(file, swept, choices, chosen, draw=seeds is not None, shuffle=shuffle)
        path = None if no_report else report or REPORTS / f"{scenario.stem}-sweep.html"
        holds = _run_many(file, plans, jobs, path, as_json)
    if not holds:
        raise typer.Exit(DOES_NOT_HOLD)


@app.command(help=say("Lire un scénario et dire toutes ses fautes.", "Read a scenario and tell all its faults."))
def check(scenario: ScenarioPath, as_json: AsJson = False) -> None:
    file = _read(scenario, {}, as_json)
    city, duration_s = file.scenario.city, file.scenario.duration // NS_PER_S
    if as_json:
        found = {
            "scenario": str(scenario),
            "scenario_sha256": file.sha256,
            "title": file.scenario.title,
            "cameras": city.cameras,
            "communes": city.communes,
            "duration_s": duration_s,
            "parameters": {name: parameter.default for name, parameter in file.parameters.items()},
            "errors": [],
            "verdict": "holds",
        }
        print(json.dumps(found, ensure_ascii=False))
    else:
        said = say(f"lisible, {city.cameras} caméras", f"can be played, {city.cameras} cameras")
        print(f"{scenario}: {said}, {city.communes} communes, {duration_s / 3600:g} h")


@app.command(help=say("Jouer deux fois ; où les courses se séparent.", "Play twice; where the two runs part."))
def compare(
    scenario: ScenarioPath,
    seed: SeedOption = None,
    values: ValuesOption = None,
    shuffle: ShuffleOption = False,
    as_json: AsJson = False,
) -> None:
    file = _read(scenario, dict(_assignment("--set", given) for given in values or ()), as_json)
    found = compare_runs(file, _seed(file, seed), shuffle=shuffle)
    tell_comparison(found, as_json=as_json)
    if not found.same:
        raise typer.Exit(DOES_NOT_HOLD)


@app.command(help=say("Réduire une course en faute à quelques lignes.", "Shrink a violated run to a few lines."))
def shrink(
    scenario: ScenarioPath,
    seed: SeedOption = None,
    values: ValuesOption = None,
    within: Annotated[float, typer.Option(min=1, help=say("Secondes CPU au plus.", "CPU seconds at most."))] = 300,
    out: Annotated[Path | None, typer.Option(help=say("Où écrire le scénario.", "Where to write it."))] = None,
    shuffle: ShuffleOption = False,
    as_json: AsJson = False,
) -> None:
    file = _read(scenario, dict(_assignment("--set", given) for given in values or ()), as_json)
    chosen = _seed(file, seed)
    told = Console(stderr=True, highlight=False)
    shrunk = shrink_file(file, chosen, within, shuffle=shuffle, tell=lambda line: told.print(line, markup=False))
    path = out or REPORTS / f"{scenario.stem}-{chosen}.shrunk.yaml"
    tell_shrunk(shrunk, file, chosen, path, shuffle=shuffle, as_json=as_json)


@app.command(
    help=say("Le schéma JSON d'un scénario, pour un éditeur.", "The JSON Schema of a scenario, for an editor.")
)
def schema() -> None:
    print(json.dumps(scenario_schema(), ensure_ascii=False, indent=2))


def _read(path: Path, values: Mapping[str, str], as_json: bool) -> ScenarioFile:
    """The scenario; or every fault of it, a line each, and exit code 2."""
    try:
        return read_scenario(path, values)
    except ScenarioRefused as refused:
        _tell_refused(refused, as_json)
        raise typer.Exit(BAD_INPUT) from None


def _tell_refused(refused: ScenarioRefused, as_json: bool) -> None:
    for trouble in refused.troubles:
        print(read(trouble.words), file=sys.stderr)
    if as_json:
        print(json.dumps(refused.told(Language(say("fr", "en"))), ensure_ascii=False))


def _run_one(
    file: ScenarioFile, seed: int, path: Path | None, shuffle: bool, as_json: bool, wall: Path | None = None
) -> bool:
    if path is not None:
        prepare_report(path)
    cpu_began_s, wall_began_s = time.process_time(), time.perf_counter()
    with run_progress(file) as progress:
        result = run_scenario(file, seed, shuffle=shuffle, progress=progress)
    cpu_s, wall_s = time.process_time() - cpu_began_s, time.perf_counter() - wall_began_s
    told = tell(result, cpu_s, wall_s, shuffle=shuffle)
    if path is not None:
        write_report(result, path, str(told["replay"]), figures(result, cpu_s))
    told["report"] = str(path) if path is not None else None
    if wall is not None:
        wall.write_text("".join(f"{line}\n" for line in result.wall_lines), encoding="utf-8")
    if result.failure is not None:
        traceback.print_exception(result.failure, file=sys.stderr)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print_run(result, told)
    return result.holds


def _run_live(file: ScenarioFile, seed: int, partly: bool, as_json: bool) -> bool:
    from sim.levels.live_command import run_live  # a whole centre with its wall and its console

    try:
        return run_live(file, seed, partly=partly, as_json=as_json)
    except ScenarioRefused as refused:
        _tell_refused(refused, as_json)
        raise typer.Exit(BAD_INPUT) from None


def _run_many(file: ScenarioFile, plans: Sequence[Plan], jobs: int | None, path: Path | None, as_json: bool) -> bool:
    if path is not None:
        prepare_report(path)
    began_s = time.perf_counter()
    outcomes: dict[int, Outcome] = {}
    with sweep_progress(file, len(plans)) as progress:
        for index, outcome in sweep(file.path, plans, jobs):
            outcomes[index] = outcome
            progress(outcome)
    result = add_up(file, [outcomes[index] for index in sorted(outcomes)])
    told = tell_sweep(result, time.perf_counter() - began_s)
    if path is not None:
        write_sweep_report(result, told, path)
    told["report"] = str(path) if path is not None else None
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print_sweep(result, told)
    return result.holds


def _seed(file: ScenarioFile, seed: int | None) -> int:
    return file.scenario.seed if seed is None else seed


def _seeds(text: str) -> list[int]:
    """`1..200`, or `3,7,11`."""
    if found := re.fullmatch(r"(\d{1,18})\.\.(\d{1,18})", text, re.ASCII):
        first, last = int(found[1]), int(found[2])
        if first <= last < first + SEEDS_MAX:
            return list(range(first, last + 1))
    elif re.fullmatch(r"\d{1,18}(,\d{1,18})*", text, re.ASCII):
        return list(dict.fromkeys(int(seed) for seed in text.split(",")))
    raise _unusable("--seeds", Words(f"{text!r} : écrivez 1..200, ou 3,7,11", f"{text!r}: write 1..200, or 3,7,11"))


def _assignment(option: str, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise _unusable(option, Words(f"{text!r} : écrivez clé=valeur", f"{text!r}: write key=value"))
    return key.strip(), value.strip()


def _unusable(option: str, what: Words) -> BadInput:
    return BadInput(what, where=option, what_to_do=Words("Voyez csu sim run --help", "See csu sim run --help"))


def tell(result: RunResult, cpu_s: float, wall_s: float, *, shuffle: bool = False) -> dict[str, object]:
    """The run as the JSON object of `--json`."""
    scenario = result.file.scenario
    duration_s = scenario.duration / NS_PER_S
    return {
        "scenario": str(result.file.path),
        "scenario_sha256": result.file.sha256,
        "title": scenario.title,
        "seed": result.seed,
        "values": dict(result.file.values),
        "level": scenario.media.levels,
        "levels": [asdict(group) for group in result.groups],
        "pixels": asdict(result.pixels) if result.pixels is not None else None,
        "acts_not": sorted({fault.kind.value for fault in result.city.left_out}),
        "cameras": scenario.city.cameras,
        "communes": scenario.city.communes,
        "duration_s": duration_s,
        "simulated_days": round(duration_s / 86_400, 3),
        "cpu_s": round(cpu_s, 3),
        "wall_s": round(wall_s, 3),
        "compression": round(duration_s / cpu_s, 1),
        "compression_is": "virtual seconds per CPU second",
        "camera_days_per_cpu_minute": round(scenario.city.cameras * scenario.duration / NS_PER_DAY / cpu_s * 60, 1),
        "trace_hash": result.trace_hash,
        "verdict": "holds" if result.holds else "does not hold",
        "failure": repr(result.failure) if result.failure is not None else None,
        "expectations": [tell_judgement(judgement) for judgement in result.expectations],
        "invariants": [tell_judgement(judgement) for judgement in result.invariants],
        "catalogue": result.catalogue,
        "counters": result.counters,
        "replay": replay_command(result.file.path, result.seed, result.file.values, shuffle=shuffle),
        "shrink": shrink_command(result.file.path, result.seed, result.file.values, shuffle=shuffle)
        if result.violated
        else None,
    }


def tell_judgement(judgement: Judgement) -> dict[str, object]:
    """One judgement of `--json`."""
    return {
        "id": judgement.name,
        "said": read(judgement.said),
        "holds": judgement.holds,
        "exercised": judgement.cases,
        "violations": judgement.violations,
        "worst": judgement.worst,
        "unit": judgement.unit,
        "limit": judgement.limit,
        "details": [read(detail) for detail in judgement.details],
    }


def figures(result: RunResult, cpu_s: float) -> dict[str, str]:
    """What the report shows first, as people read it."""
    scenario = result.file.scenario
    return {
        say("caméras", "cameras"): str(scenario.city.cameras),
        say("communes", "communes"): str(scenario.city.communes),
        say("durée simulée", "simulated time"): f"{scenario.duration / NS_PER_S / 3600:g} h",
        say("pannes déclarées", "declared faults"): str(len(result.city.faults)),
        say("graine", "seed"): str(result.seed),
        say("temps de calcul", "CPU time"): f"{cpu_s:.1f} s",
        say("compression", "compression"): f"× {scenario.duration / NS_PER_S / cpu_s:,.0f}".replace(",", "\u202f"),
        say("niveau", "level"): scenario.media.levels,
    }
