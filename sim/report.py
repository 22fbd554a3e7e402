"""A run as one HTML page that needs nothing else: verdict, proofs, pictures, and how to play it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words
from sim.analysis_node import LookedAt
from sim.dictionary import FAULTS
from sim.fault_words import FAULT_NAMES
from sim.faults import Fault
from sim.judgement import Judgement
from sim.language import read, say
from sim.ledger import days, reached
from sim.plots import draw_all
from sim.run import RunResult
from sim.sweep import SweepResult, shrink_command
from sim.timeline import as_data

_ELSEWHERE = Words("Choisissez un autre endroit : --report", "Choose another place with --report")


class ReportNotWritten(CsuError):
    """The report could not be written; the run itself is not harmed."""


def prepare_report(path: Path) -> None:
    """Make sure, before a long run, that the page can be written there. Raises BadInput."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise BadInput(
            Words(
                f"aucun rapport ne peut y être écrit : {error.strerror}",
                f"no report can be written there: {error.strerror}",
            ),
            where=str(path),
            what_to_do=_ELSEWHERE,
        ) from error


def write_report(result: RunResult, path: Path, replay: str, figures: dict[str, str]) -> None:
    """Write the page. `figures`: what only the host knows (CPU time...), as people read it. Raises ReportNotWritten."""
    _write(path, render_report(result, replay, figures))


def write_sweep_report(result: SweepResult, told: Mapping[str, object], path: Path) -> None:
    """Write the page of a sweep. `told`: the sweep as JSON has it. Raises ReportNotWritten."""
    totals = [*result.expectations, *result.invariants]
    level = result.file.scenario.media.levels
    page = _template("sweep.html.j2").render(say=say, result=result, told=told, totals=totals, level=level)
    _write(path, page)


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportNotWritten(
            Words(
                f"le rapport ne peut pas être écrit : {error.strerror}",
                f"the report cannot be written: {error.strerror}",
            ),
            where=str(path),
            what_to_do=_ELSEWHERE,
        ) from error


def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("sim", "templates"),
        autoescape=select_autoescape(default_for_string=True, default=True),
        undefined=StrictUndefined,
    )
    environment.filters["read"] = read
    return environment.get_template(name)


def render_report(result: RunResult, replay: str, figures: dict[str, str]) -> str:
    """The page as text."""
    scenario = result.file.scenario
    return _template("report.html.j2").render(
        say=say,
        scenario=scenario,
        result=result,
        level=scenario.media.levels,
        groups=result.groups,
        acts_not=sorted({read(FAULT_NAMES[fault.kind]) for fault in result.city.left_out}),
        replay=replay,
        figures=figures,
        judgements=[(judgement, read(judgement.said), worst(judgement)) for judgement in result.judgements],
        pictures={name: Markup(svg) for name, svg in draw_all(result).items()},  # noqa: S704 - our own SVG
        timeline=as_data(result.timeline, scenario.epoch_ns, scenario.epoch_ns + scenario.duration),
        ledger=days(result),
        analysed=_analysed(result),
        reached=reached(result, FAULTS),
        faults_named=_told_faults(result),
        options=_options(result),
        shrink=shrink_command(result.file.path, result.seed, result.file.values, shuffle=replay.endswith("--shuffle")),
    )


def _told_faults(result: RunResult) -> list[tuple[str, str, str, str]]:
    return [
        (
            _clock(fault.start_ns),
            read(FAULT_NAMES[fault.kind]),
            result.city.communes[fault.commune].name,
            _minutes(fault),
        )
        for fault in result.city.faults
        if fault.told
    ]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Cameras of one order that were analysed together."""

    order: str
    began: str
    ended: str
    cameras: int
    camera_minutes: str
    pictures: int


def _analysed(result: RunResult) -> list[_Stretch]:
    """What was analysed, stretch by stretch; before, between and after them, nothing."""
    together: dict[tuple[str, Nanoseconds, Nanoseconds], list[LookedAt]] = {}
    for each in result.analysed:
        together.setdefault((each.order, each.start_ns, each.end_ns), []).append(each)
    return [
        _Stretch(
            order,
            _to_the_second(start_ns),
            _to_the_second(end_ns),
            len(cameras),
            f"{len(cameras) * (end_ns - start_ns) / NS_PER_S / 60:g}",
            sum(each.pictures for each in cameras),
        )
        for (order, start_ns, end_ns), cameras in sorted(together.items(), key=lambda item: item[0][1:])
    ]


def _to_the_second(at_ns: Nanoseconds) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%d %H:%M:%S}"


def _options(result: RunResult) -> list[tuple[str, str]]:
    """With what it was played, beside the seed."""
    scenario = result.file.scenario
    asked = ", ".join(f"{key} = {value}" for key, value in sorted(result.file.values.items()))
    return [
        (say("début (UTC)", "start (UTC)"), _clock(scenario.epoch_ns)),
        (say("calme final", "final quiet"), f"{scenario.options.quiet / NS_PER_S / 60:g} min"),
        (say("valeurs demandées", "values asked for"), asked or say("aucune", "none")),
    ]


def worst(judgement: Judgement) -> str:
    """The worst case and its limit, as people read them."""

    def shown(value: float) -> str:
        if judgement.unit == "share":
            return f"{value:.2%}".replace("%", " %")
        if judgement.unit == "s":
            return f"{value:.1f} s"
        return f"{value:g}"

    if judgement.limit is None:
        return shown(judgement.worst)
    return f"{shown(judgement.worst)} ({say('attendu', 'expected')} : {shown(judgement.limit)})"


def _clock(at_ns: Nanoseconds) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%d %H:%M}"


def _minutes(fault: Fault) -> str:
    length_s = (fault.end_ns - fault.start_ns) / NS_PER_S
    return f"{length_s / 60:g} min" if length_s >= 60 else f"{length_s:g} s"
