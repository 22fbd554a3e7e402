"""`csu masks prove`: the leak oracle, as a person or a machine asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from csu.centre.commands.masks_prove_report import write_prove_report
from csu.hal.clock import NS_PER_S
from csu.language import current_language, say
from csu.machine import SystemChance, SystemClock
from csu.masking.proof import Part, Proof, prove

SCENES_MAX = 20_000
"""Some fifty minutes: who wants more takes another seed."""
EXIT_DOES_NOT_HOLD = 1


def prove_command(
    scenes: Annotated[
        int, typer.Option(min=1, max=SCENES_MAX, help=say("villes tirées au sort", "random towns"))
    ] = 200,
    seed: Annotated[
        int, typer.Option(help=say("graine : la même donne les mêmes villes", "the same seed gives the same towns"))
    ] = 1,
    report: Annotated[Path, typer.Option(help=say("rapport HTML", "HTML report"))] = Path("var/masks/preuve.html"),
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Cast rays, follow pixels, attack: does anything forbidden show? Exit code: 0 nothing does, 1 something does."""
    clock, chance = SystemClock(), SystemChance(f"proof/{seed}")
    began_ns = clock.monotonic_ns()
    with _progress(scenes) as told:
        proof = prove(scenes, chance, told)
    seconds = (clock.monotonic_ns() - began_ns) / NS_PER_S
    written = write_prove_report(proof, chance, seed, seconds, report)
    if as_json:
        print(json.dumps(_summary(proof, seed, seconds, written), ensure_ascii=False))
    else:
        _show(proof, seed, seconds, written)
    if proof.failures():
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


@contextmanager
def _progress(scenes: int) -> Iterator[Callable[[Part, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        language = current_language()
        tasks = {
            part: bar.add_task(part.words.in_language(language), total=scenes if part is Part.GEOMETRY else 1)
            for part in Part
        }

        def told(part: Part, done: int) -> None:
            bar.update(tasks[part], completed=done)

        yield told


def _summary(proof: Proof, seed: int, seconds: float, report: Path) -> dict[str, object]:
    """The one object of `--json`. Pixel counts are of the sampled pixels."""
    language = current_language()
    failures = [words.in_language(language) for words in proof.failures()]
    return {
        "verdict": "does not hold" if failures else "holds",
        "failures": failures,
        "seed": seed,
        "scenes": proof.scenes,
        "pictures": sum(result.total.pictures for result in proof.cases.values()),
        "sensitive_px": proof.sensitive_px,
        "missed_px": proof.missed_px,
        "over_mask_ratio": round(proof.over_mask_ratio, 4),
        "cases": {
            case.value: {
                "pictures": result.total.pictures,
                "wholly_masked": result.total.whole_pictures,
                "sensitive_px": result.total.sensitive_px,
                "missed_px": result.total.missed_px,
                "shown_px": result.total.shown_px,
                "over_mask_ratio": round(result.total.over_mask_ratio, 4),
                "over_mask_ratio_where_not_whole": round(result.total.over_mask_ratio_of_the_rest, 4),
                "missed_at": [{"scene": seen.scene, "moment": seen.moment} for seen in result.missed_at],
            }
            for case, result in proof.cases.items()
        },
        "paths": {
            "pictures": proof.pictures.pictures,
            "sensitive_px": proof.pictures.sensitive_px,
            "leaks": [f"{leak.path}, {leak.kind}, scene {leak.scene}" for leak in proof.pictures.leaks],
        },
        "interference": proof.interference,
        "attack": {
            tried.operator.en: {"rate": round(tried.rate, 4), "is_control": tried.must_win} for tried in proof.attack
        },
        "edge_audit": proof.edge_audit,
        "seconds": round(seconds, 1),
        "report": str(report),
    }


def _show(proof: Proof, seed: int, seconds: float, report: Path) -> None:
    console, language = Console(highlight=False), current_language()
    table = Table(box=None)
    table.add_column(say("cas", "case"))
    for title in (
        say("images", "pictures"),
        say("entières", "whole"),
        say("interdits", "forbidden"),
        say("manqués", "missed"),
        say("en trop", "over"),
        say("dont partielles", "not whole"),
    ):
        table.add_column(title, justify="right")
    for case, result in proof.cases.items():
        total = result.total
        table.add_row(
            case.words.in_language(language),
            f"{total.pictures}",
            f"{total.whole_pictures}",
            f"{total.sensitive_px:,}".replace(",", " "),
            f"{total.missed_px}",
            f"{total.over_mask_ratio:.0%}",
            f"{total.over_mask_ratio_of_the_rest:.0%}",
        )
    console.print(table)
    paths = proof.pictures
    console.print(
        say(
            f"Pixels suivis sur chaque chemin : {paths.sensitive_px} sur {paths.pictures} images, "
            f"{len(paths.leaks)} fuites · interférences : {len(proof.interference)} · "
            f"audit des caméras : {len(proof.edge_audit)} erreurs",
            f"Pixels followed on every path: {paths.sensitive_px} in {paths.pictures} pictures, "
            f"{len(paths.leaks)} leaks · interferences: {len(proof.interference)} · "
            f"audit of cameras: {len(proof.edge_audit)} errors",
        )
    )
    rates = " · ".join(f"{tried.operator.in_language(language)} {tried.rate:.0%}" for tried in proof.attack)
    console.print(say(f"Retrouvés parmi 120 : {rates}", f"Found among 120: {rates}"))
    failures = [words.in_language(language) for words in proof.failures()]
    if failures:
        console.print(say("NE TIENT PAS : ", "DOES NOT HOLD: ") + " ; ".join(failures), style="bold red", markup=False)
    else:
        console.print(say("Tout tient.", "All of it holds."), style="bold green")
    console.print(
        say(
            f"Graine {seed}, {seconds:.0f} s · rapport : {report}",
            f"Seed {seed}, {seconds:.0f} s · report: {report}",
        ),
        markup=False,
    )
