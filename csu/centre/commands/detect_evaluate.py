"""`csu detect evaluate`: how well the analysis does, on rendered clips with truth or on a film."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from csu.centre.commands.detect_evaluate_film import film_of
from csu.centre.commands.detect_evaluate_report import About, write_evaluation_report
from csu.detection.evaluation.budgets import BUDGETS, UNAVAILABLE, missed
from csu.detection.evaluation.choice import Suite, clips_of
from csu.detection.evaluation.evaluate import evaluate
from csu.detection.evaluation.matching import Score
from csu.detection.evaluation.measured import Measured, Step
from csu.detection.evaluation.mot_clip import measure_film, moments_told
from csu.detection.models import NetworkDetector, default_detector, open_detector
from csu.hal.analysis import EVENT_WORDS, EventType
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import cpu_ns

PAGE = "evaluation.html"
EXIT_DOES_NOT_HOLD = 1


def evaluate_command(
    suite: Annotated[
        Suite, typer.Option(help=say("séquences dessinées, avec vérité", "rendered clips, with truth"))
    ] = Suite.RENDERED,
    only: Annotated[
        str | None, typer.Option("--type", help=say("un seul type d'événement", "one type of event only"))
    ] = None,
    seed: Annotated[
        int, typer.Option(min=1, help=say("graine : la même donne les mêmes séquences", "same seed, same clips"))
    ] = 1,
    video: Annotated[Path | None, typer.Option(help=say("un film à mesurer", "a film to measure"))] = None,
    truth: Annotated[Path | None, typer.Option(help=say("sa vérité, format MOT", "its truth, MOT format"))] = None,
    line: Annotated[
        str | None,
        typer.Option(help=say("ligne de comptage x1,y1,x2,y2 (0 à 1)", "line to count at, x1,y1,x2,y2 (0 to 1)")),
    ] = None,
    pose: Annotated[
        str | None,
        typer.Option(
            help=say(
                "calage du film : hauteur m, inclinaison degrés, focale px",
                "its pose: height m, tilt deg, focal px",
            )
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help=say("un autre model.toml", "another model.toml"))] = None,
    report: Annotated[Path, typer.Option(help=say("répertoire de la page", "directory of the page"))] = Path(
        "var/detect"
    ),
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Measure the analysis. Exit code: 0 the budgets are met, 1 they are not, 2 bad input."""
    if video is None and (truth, line, pose) != (None, None, None):
        raise BadInput(
            Words("--truth, --line et --pose vont avec --video", "--truth, --line and --pose go with --video"),
            where="--video",
            what_to_do=Words("Donnez aussi --video FICHIER", "Give --video FILE too"),
        )
    detector = default_detector() if model is None else open_detector(model)
    if video is not None:
        _film(video, truth, line, pose, detector, report / PAGE, as_json)
    else:
        _suite(suite, only, seed, detector, report / PAGE, as_json)


def _suite(suite: Suite, only: str | None, seed: int, detector: NetworkDetector, page: Path, as_json: bool) -> None:
    types = None if only is None else frozenset({_type_named(only)})
    clips = clips_of(suite, seed, types)
    with _progress(len(clips)) as told:
        measured = evaluate(clips, detector, cpu_ns, lambda _: told(), types)
    asked = frozenset(EventType) if suite is Suite.RENDERED else frozenset(measured.types)
    counts = measured.counts if types is None and any(clip.lines for clip in clips) else None
    failures = missed(measured.types, counts, types or asked)
    about = About(Words(f"Suite « {suite} »", f"Suite “{suite}”"), seed, detector.model.name)
    written = write_evaluation_report(measured, failures, about, page)
    if as_json:
        print(json.dumps(_summary(measured, failures, written, seed), ensure_ascii=False))
    else:
        _show(measured, failures, written)
    if failures:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def _film(
    video: Path,
    truth: Path | None,
    line: str | None,
    pose: str | None,
    detector: NetworkDetector,
    page: Path,
    as_json: bool,
) -> None:
    film = film_of(video, truth, line, pose)
    with _progress(None) as told:
        done = measure_film(film, detector, cpu_ns, lambda _: told())
    has_truth = film.truth is not None
    about = About(Words.same(video.name), None, detector.model.name, has_truth)
    written = write_evaluation_report(done.measured, (), about, page, moments_told(done.moments))
    if as_json:
        summary = _summary(done.measured, (), written, None)
        if not has_truth:
            summary |= {"holds": None, "scored": False, "counts": _counts_told(done.measured)}
        print(json.dumps(summary, ensure_ascii=False))
    else:
        _show(done.measured, (), written, has_truth=has_truth)


def _type_named(name: str) -> EventType:
    try:
        return EventType[name.upper()]
    except KeyError:
        raise BadInput(
            Words("ce n'est aucun des huit types d'événement", "this is none of the eight types of event"),
            where=f"--type {name}"[:60],
            what_to_do=Words.same(", ".join(kind.name for kind in EventType)),
        ) from None


@contextmanager
def _progress(clips: int | None) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        words = say("images", "pictures") if clips is None else say("séquences", "clips")
        task = bar.add_task(words, total=clips)
        yield lambda: bar.advance(task)


def _summary(measured: Measured, failures: Sequence[Words], page: Path, seed: int | None) -> dict[str, object]:
    """The one object of `--json`."""
    language = current_language()
    return {
        "holds": not failures,
        "missed": [words.in_language(language) for words in failures],
        "seed": seed,
        "clips": measured.clips,
        "pictures": measured.pictures,
        "camera_hours": round(measured.camera_hours, 3),
        "types": {
            kind.name: _type_told(kind, measured) for kind in EventType if kind in measured.types or kind in UNAVAILABLE
        },
        "counts": {
            "true": measured.counts.true,
            "counted": measured.counts.counted,
            "wrong": measured.counts.wrong,
            "error": _rounded(measured.counts.error),
        },
        "tracking": {
            kind.value: {
                "true_boxes": score.true_boxes,
                "recall": _rounded(score.recall),
                "precision": _rounded(score.precision),
                "id_switches": score.switches,
                "mota": _rounded(score.mota),
                "objects": len(score.true_objects),
                "tracks": len(score.tracks),
            }
            for kind, score in sorted(measured.tracking.items())
        },
        "cpu": {f"{step.value}_ms_per_picture": round(measured.cpu_ms_per_picture(step), 3) for step in Step},
        "report": str(page),
    }


def _type_told(kind: EventType, measured: Measured) -> dict[str, object]:
    if kind in UNAVAILABLE:
        why = measured.cannot_run.get(kind, Words("aucun modèle attesté", "no attested model"))
        nothing = dict.fromkeys(("precision", "recall", "delay_s", "false_per_camera_hour"))
        return {"status": "unavailable", "why": why.in_language(current_language())} | nothing
    score = measured.types[kind]
    return {
        "status": "scored" if kind in BUDGETS else "measured",
        "precision": _rounded(score.precision),
        "recall": _rounded(score.recall),
        "delay_s": _rounded(score.delay_s(0.5)),
        "delay_p95_s": _rounded(score.delay_s(0.95)),
        "false_per_camera_hour": _rounded(score.false_per_camera_hour),
        "false_per_camera_hour_at_most": _rounded(score.false_per_camera_hour_at_most),
        "camera_hours": round(score.camera_hours, 3),
        "events": score.events,
        "hits": score.hits,
        "again": score.again,
        "false": score.false,
        "wrong_clips": measured.wrong_clips.get(kind, []),
    }


def _counts_told(measured: Measured) -> list[dict[str, object]]:
    return [
        {
            "class": what.counted.value,
            "direction": "forward" if what.forward else "backward",
            "counted": counted,
        }
        for what, (_, counted) in measured.counts.by.items()
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _show(measured: Measured, failures: Sequence[Words], page: Path, *, has_truth: bool = True) -> None:
    console, language = Console(highlight=False), current_language()
    if measured.types:
        console.print(_table(measured))
    if has_truth and measured.counts.true:
        counts = measured.counts
        told = "—" if counts.error is None else f"{counts.error:.1%}"
        console.print(
            say(
                f"Comptages : vrais {counts.true}, comptés {counts.counted}, erreur {told}",
                f"Counts: true {counts.true}, counted {counts.counted}, error {told}",
            )
        )
    for what, (true, counted) in sorted(measured.counts.by.items(), key=str) if not measured.types else ():
        way = say("aller", "forward") if what.forward else say("retour", "backward")
        console.print(f"  {what.counted} {way}: {counted}" + (f" / {true}" if has_truth else ""), markup=False)
    for kind, score in sorted(measured.tracking.items()):
        if score.true_boxes:
            console.print(
                f"{kind.words.in_language(language)}: "
                + say(
                    f"rappel {score.recall or 0:.3f}, précision {score.precision or 0:.3f}, "
                    f"changements de numéro {score.switches}",
                    f"recall {score.recall or 0:.3f}, precision {score.precision or 0:.3f}, switches {score.switches}",
                )
            )
    spent = " · ".join(f"{step.words.in_language(language)} {measured.cpu_ms_per_picture(step):.2f}" for step in Step)
    console.print(say(f"CPU, ms par image : {spent}", f"CPU, ms a picture: {spent}"))
    if not has_truth:
        console.print(say("Pas de vérité : rien n'est noté.", "No truth: nothing is scored."), style="bold")
    elif failures:
        lines = "\n  ".join(words.in_language(language) for words in failures)
        console.print(say("NE TIENT PAS :", "DOES NOT HOLD:") + "\n  " + lines, style="bold red", markup=False)
    elif measured.types:
        console.print(say("Les budgets sont tenus.", "The budgets are met."), style="bold green")
    console.print(say(f"Rapport : {page}", f"Report: {page}"), markup=False)


def _table(measured: Measured) -> Table:
    language = current_language()
    table = Table(box=None)
    table.add_column("")
    for title in (
        say("faux/h", "false/h"),
        say("(≤ 95 %)", "(≤ 95 %)"),
        say("précision", "precision"),
        say("rappel", "recall"),
        say("trouvés", "found"),
        say("retard s", "delay s"),
        "95 %",
    ):
        table.add_column(title, justify="right")
    for kind in EventType:
        if kind in UNAVAILABLE:
            table.add_row(EVENT_WORDS[kind].in_language(language), say("indisponible", "unavailable"))
        elif kind in measured.types:
            table.add_row(EVENT_WORDS[kind].in_language(language), *_cells(measured.types[kind]))
    return table


def _cells(score: Score) -> tuple[str, ...]:
    def told(value: float | None, digits: int) -> str:
        return "—" if value is None else f"{value:.{digits}f}"

    return (
        told(score.false_per_camera_hour, 1),
        told(score.false_per_camera_hour_at_most, 1),
        told(score.precision, 3),
        told(score.recall, 3),
        f"{score.hits}/{score.events}",
        told(score.delay_s(0.5), 1),
        told(score.delay_s(0.95), 1),
    )
