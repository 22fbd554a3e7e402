"""The page of `csu detect evaluate`: false signals first, then the rest, then pictures of hits and misses."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import matplotlib

from csu.centre.commands.report_page import write_page
from csu.detection.evaluation.budgets import BUDGETS, UNAVAILABLE
from csu.detection.evaluation.evidence import Picture
from csu.detection.evaluation.matching import Score
from csu.detection.evaluation.measured import Measured, Step
from csu.hal.analysis import EVENT_WORDS, EventType
from csu.hal.words import Words
from csu.language import current_language, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

matplotlib.use("svg")

_RECALL, _PRECISION, _BUDGET, _FALSE = "#1b6ca8", "#e0a030", "#b3261e", "#5b6770"


@dataclass(frozen=True, slots=True)
class About:
    """What was run."""

    what: Words
    """`la suite « rendered »`."""
    seed: int | None
    model: str
    has_truth: bool = True


def write_evaluation_report(
    measured: Measured,
    missed: Sequence[Words],
    about: About,
    path: Path,
    moments: Sequence[tuple[str, bytes]] = (),
) -> Path:
    """Write the page to `path` (its directories are made). `moments`: (caption, JPEG) of a film. Returns the path."""
    language = current_language()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.centre", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    scored = [kind for kind in EventType if kind in measured.types and kind not in UNAVAILABLE]
    html = environment.get_template("detect_evaluate_report.html.j2").render(
        measured=measured,
        missed=[words.in_language(language) for words in missed],
        about=about,
        what=about.what.in_language(language),
        say=say,
        language=language,
        rows=[(_name(kind), kind in BUDGETS, _cells(measured.types[kind])) for kind in scored],
        by_height=_split(measured.by_height, scored),
        by_light=_split(measured.by_light, scored),
        tracking=[(kind.words.in_language(language), score) for kind, score in sorted(measured.tracking.items())],
        counts=sorted(
            measured.counts.by.items(), key=lambda item: (item[0].line, item[0].counted, not item[0].forward)
        ),
        cpu=[(step.words.in_language(language), measured.cpu_ms_per_picture(step)) for step in Step],
        albums=[(_name(kind), shown) for kind in scored if (shown := _shown(measured.album.of(kind)))],
        moments=[(caption, base64.b64encode(jpeg).decode()) for caption, jpeg in moments],
        false_plot=_encoded(_false_plot(measured, scored)) if scored else "",
        reached_plot=_encoded(_reached_plot(measured, scored)) if scored else "",
        delay_plot=_encoded(_delay_plot(measured, scored)) if any(measured.types[k].delays_s for k in scored) else "",
        number=_number,
    )
    return write_page(path, html)


def _name(kind: EventType) -> str:
    return EVENT_WORDS[kind].in_language(current_language())


def _cells(score: Score) -> tuple[str, ...]:
    """In the order of the page's columns."""
    false, at_most = score.false_per_camera_hour, score.false_per_camera_hour_at_most
    return (
        "—"
        if false is None
        else say(f"{_number(false, 1)} (≤ {_number(at_most, 1)})", f"{false:.1f} (≤ {at_most:.1f})"),
        f"{score.false}",
        f"{score.camera_hours:.2f}".replace(".", say(",", ".")),
        _number(score.precision, 3),
        _number(score.recall, 3),
        f"{score.hits} / {score.events}",
        f"{score.again}",
        _number(score.delay_s(0.5), 1),
        _number(score.delay_s(0.95), 1),
    )


def _split(
    scores: Mapping[tuple[EventType, str], Score], kinds: Sequence[EventType]
) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """(types, [(band, one cell a type)])"""
    bands = sorted(
        {band for _, band in scores}, key=lambda band: (not band.startswith("<"), band.startswith(">"), band)
    )
    rows = [(band, [_split_cell(scores.get((kind, band))) for kind in kinds]) for band in bands]
    return [_name(kind) for kind in kinds], rows


def _split_cell(score: Score | None) -> str:
    if score is None:
        return "—"
    return f"{score.hits}/{score.events}" + (f" · {score.false}" if score.false else "")


def _shown(pictures: Sequence[Picture]) -> list[tuple[str, str, str]]:
    """(verdict, note, base64 JPEG)"""
    language = current_language()
    return [
        (
            picture.verdict.words.in_language(language),
            say(f"{picture.clip}, à {picture.at_s:.1f} s", f"{picture.clip}, at {picture.at_s:.1f} s"),
            base64.b64encode(picture.jpeg).decode(),
        )
        for picture in pictures
    ]


def _number(value: float | None, digits: int) -> str:
    return "—" if value is None else f"{value:.{digits}f}".replace(".", say(",", "."))


def _false_plot(measured: Measured, kinds: Sequence[EventType]) -> Figure:
    """False signals per camera-hour, with what they are below for certain."""
    figure, axes = _axes(len(kinds))
    rates = [measured.types[kind].false_per_camera_hour or 0.0 for kind in kinds]
    at_most = [measured.types[kind].false_per_camera_hour_at_most for kind in kinds]
    rows = range(len(kinds))
    axes.barh(rows, rates, color=_FALSE, height=0.55)
    axes.hlines(rows, rates, at_most, color=_FALSE, linewidth=1.5)
    axes.axvline(1.0, color=_BUDGET, linewidth=1, linestyle="--")
    axes.set_yticks(rows, [_name(kind) for kind in kinds])
    axes.set_xlabel(
        say(
            "faux signalements par heure de caméra ; trait : au plus, à 95 % ; tirets : budget",
            "false signals per camera-hour; line: at most, with 95 %; dashes: budget",
        )
    )
    return figure


def _reached_plot(measured: Measured, kinds: Sequence[EventType]) -> Figure:
    figure, axes = _axes(len(kinds))
    rows = range(len(kinds))
    for shift, colour, label, values in (
        (-0.18, _RECALL, say("rappel", "recall"), [measured.types[kind].recall for kind in kinds]),
        (0.18, _PRECISION, say("précision", "precision"), [measured.types[kind].precision for kind in kinds]),
    ):
        axes.barh([row + shift for row in rows], [value or 0.0 for value in values], 0.32, color=colour, label=label)
    for row, kind in zip(rows, kinds, strict=True):
        if (budget := BUDGETS.get(kind)) is not None:
            axes.vlines(budget.recall_min, row - 0.4, row + 0.4, color=_BUDGET, linewidth=1.5)
    axes.set_yticks(rows, [_name(kind) for kind in kinds])
    axes.set_xlim(0, 1)
    axes.set_xlabel(say("part (trait rouge : budget du rappel)", "share (red line: budget of recall)"))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return figure


def _delay_plot(measured: Measured, kinds: Sequence[EventType]) -> Figure:
    told = [kind for kind in kinds if measured.types[kind].delays_s]
    figure, axes = _axes(len(told))
    axes.boxplot(
        [measured.types[kind].delays_s for kind in told],
        orientation="horizontal",
        widths=0.5,
        whis=(5, 95),
        showfliers=True,
    )
    axes.set_yticklabels([_name(kind) for kind in told])
    axes.set_xlabel(say("retard (s) : médiane, quartiles, 5 et 95 %", "delay (s): median, quartiles, 5 and 95 %"))
    return figure


def _axes(rows: int) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.0 + 0.42 * max(1, rows)), layout="constrained")
    axes = figure.add_subplot()
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _encoded(figure: Figure) -> str:
    written = io.BytesIO()
    figure.savefig(written, format="svg")
    return base64.b64encode(written.getvalue()).decode()
