"""`csu sim mutants`: the oracles tested. Exit codes: 0 all found and no false alarm, 1 not, 2 no such defect."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from csu.hal.errors import BadInput
from csu.hal.words import Words
from sim.language import say
from sim.mutants.proof import (
    CLEAN_SEEDS,
    DEFECTS,
    FIRST_SEED,
    SEEDS_MAX,
    SHORT,
    SHORT_CLEAN_SEEDS,
    Clean,
    Found,
    look_for,
    never_reached,
    prove,
    proved,
)

DOES_NOT_HOLD = 1


def mutants(
    only: Annotated[str | None, typer.Option(help=say("Un seul défaut.", "One defect."))] = None,
    seed: Annotated[int | None, typer.Option(min=0, help=say("Avec cette graine.", "With this seed."))] = None,
    short: Annotated[bool, typer.Option("--short", help=say("Huit défauts, huit graines.", "Eight of each."))] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help=say("Courses à la fois.", "Runs at once."))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("Un objet JSON.", "One JSON object."))] = False,
) -> None:
    began_s = time.perf_counter()
    if only is not None:
        _require(only)
        first, seeds = (FIRST_SEED, SEEDS_MAX) if seed is None else (seed, 1)
        found, clean = [look_for(only, first, seeds)], list[Clean]()
    else:
        names = SHORT if short else tuple(defect.name for defect in DEFECTS)
        found, clean = prove(names, SHORT_CLEAN_SEEDS if short else CLEAN_SEEDS, jobs, _tell)
    told = tell_proof(found, clean, time.perf_counter() - began_s, whole=only is None and not short)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _print(found, clean, told)
    if told["verdict"] != "holds":
        raise typer.Exit(DOES_NOT_HOLD)


def tell_proof(found: list[Found], clean: list[Clean], wall_s: float, *, whole: bool) -> dict[str, object]:
    """The proof as the JSON object of `--json`. `whole`: all defects were looked for, so each oracle must be proved."""
    false_alarms = [each for each in clean if each.violated]
    missed = [each for each in found if not each.is_found]
    untouched = never_reached(clean)
    oracles = proved(found)
    unproved = [each.oracle for each in oracles if not each.alone] if whole else []
    holds = not (missed or false_alarms or untouched or unproved)
    return {
        "planted": len(found),
        "found": len(found) - len(missed),
        "false_alarms": len(false_alarms),
        "clean_seeds": len(clean),
        "never_reached": untouched,
        "not_alone": unproved,
        "verdict": "holds" if holds else "does not hold",
        "cpu_s": round(sum(each.cpu_s for each in found) + sum(each.cpu_s for each in clean), 3),
        "wall_s": round(wall_s, 3),
        "defects": [
            asdict(each) | {"is_found": each.is_found, "alone": each.alone, "replay": each.replay} for each in found
        ],
        "oracles": [asdict(each) for each in oracles if whole or each.found],
        "alarmed": [{"city": e.city, "seed": e.seed, "by": e.violated, "replay": e.replay} for e in false_alarms],
    }


def _require(name: str) -> None:
    known = [defect.name for defect in DEFECTS]
    if name not in known:
        raise BadInput(
            Words(f"aucun défaut ne se nomme {name!r}", f"no defect has the name {name!r}"),
            where="--only",
            what_to_do=Words(f"Choisissez parmi : {', '.join(known)}", f"Choose one of: {', '.join(known)}"),
        )


def _tell(outcome: Found | Clean) -> None:
    mark = ("+" if outcome.is_found else "-") if isinstance(outcome, Found) else ("!" if outcome.violated else ".")
    print(mark, end="", file=sys.stderr, flush=True)


def _print(found: list[Found], clean: list[Clean], told: dict[str, object]) -> None:
    for each in found:
        mark = say("trouvé", "found") if each.is_found else say("MANQUÉ", "MISSED")
        print(f"{mark:8} {each.defect} ({each.cpu_s:.1f} s CPU)\n         {each.replay}")
        alone = say(" (seul)", " (alone)") if each.alone else ""
        others = ", ".join(name for name in each.found_by if name != each.oracle)
        print(f"         {each.oracle}{alone}{' + ' if others else ''}{others}")
    for run in clean:
        if run.violated:
            print(say("fausse alerte :", "false alarm:"), ", ".join(run.violated), run.replay)
    print(
        say(
            f"{told['found']} / {told['planted']} défauts trouvés, {told['false_alarms']} fausse(s) alerte(s)",
            f"{told['found']} of {told['planted']} defects found, {told['false_alarms']} false alarm(s)",
        ),
        f"/ {len(clean)} · {told['cpu_s']} s CPU · {told['verdict']}",
    )
    if told["not_alone"]:
        print(
            say("aucun défaut que cet oracle voie seul :", "no defect that its oracle alone sees:"), told["not_alone"]
        )
    if told["never_reached"]:
        print(say("jamais atteints :", "never reached:"), told["never_reached"])
