"""The page of a measurement: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import jinja2
import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.crowd.measurement import CAMERAS_MAX, Measurement
from benchmarks.crowd.stage import Outcome
from benchmarks.crowd.usage import rates
from csu.language import current_language, say

matplotlib.use("svg")

_ENGINE, _SOURCES, _OTHERS, _FAILED = "#2b6cb0", "#dd8f3c", "#b8bcc4", "#c53030"


def write_report(found: Measurement, command: str, page: Path) -> Path:
    """Write it to `page`; its directories are made. Returns it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    stages = [*found.stages, *([found.long] if found.long else [])]
    html = environment.get_template("page.html.j2").render(
        found=found,
        stages=stages,
        budget=CAMERAS_MAX,
        command=command,
        say=say,
        language=current_language(),
        stages_plot=_svg(_stages_figure(stages, found.cores)),
        time_plot=_svg(_time_figure(found.long, found.cores)) if found.long and found.long.samples else None,
        subjects_plot=_svg(_subjects_figure(found)) if found.subjects else None,
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(html, encoding="utf-8")
    return page


def _stages_figure(stages: list[Outcome], cores: int) -> Figure:
    """Each stage: cameras against cores in use."""
    figure, axes = _figure()
    counts = [stage.cameras for stage in stages]
    for name, colour, words in (
        ("engine_cpu_s", _ENGINE, say("moteur", "engine")),
        ("sources_cpu_s", _SOURCES, say("sources", "sources")),
        ("machine_busy_s", _OTHERS, say("toute la machine", "the whole machine")),
    ):
        axes.scatter(counts, [stage.cores(name) for stage in stages], color=colour, label=words, zorder=2)
    lost = [stage for stage in stages if not stage.holds]
    axes.scatter(
        [stage.cameras for stage in lost],
        [stage.cores("engine_cpu_s") for stage in lost],
        marker="x",
        color=_FAILED,
        label=say("ne tient pas", "does not hold"),
        zorder=3,
    )
    axes.axhline(cores, color="#8888", linewidth=0.8)
    axes.set(xlabel=say("caméras", "cameras"), ylabel=say("cœurs occupés", "cores in use"), ylim=(0, None))
    axes.set_xlim(0, max(counts, default=0) * 1.05 + 1)
    _legend(axes)
    return figure


def _time_figure(long: Outcome, cores: int) -> Figure:
    """The long run, second by second."""
    figure, axes = _figure()
    begun_ns = long.samples[0].at_ns
    at_s = [(each.at_ns - begun_ns) / 1e9 for each in long.samples[1:]]
    engine, sources, machine = (
        rates(long.samples, name) for name in ("engine_cpu_s", "sources_cpu_s", "machine_busy_s")
    )
    others = [max(0.0, whole - ours - theirs) for whole, ours, theirs in zip(machine, engine, sources, strict=True)]
    axes.stackplot(
        at_s,
        engine,
        sources,
        others,
        colors=(_ENGINE, _SOURCES, _OTHERS),
        labels=(say("moteur", "engine"), say("sources", "sources"), say("autres", "others")),
    )
    axes.axhline(cores, color="#8888", linewidth=0.8)
    axes.set(xlabel="s", ylabel=say("cœurs occupés", "cores in use"), ylim=(0, cores * 1.1))
    _legend(axes)
    return figure


def _subjects_figure(found: Measurement) -> Figure:
    figure, axes = _figure()
    names = [subject.name for subject in found.subjects]
    colours = [_ENGINE if name.startswith("csu") else _OTHERS for name in names]
    bars = axes.barh(names, [subject.ms for subject in found.subjects], color=colours)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(say("ms de CPU par seconde de flux", "ms CPU a stream-second"))
    return figure


def _figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _legend(axes: Axes) -> None:
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4)


def _svg(figure: Figure) -> str:
    written = io.BytesIO()
    figure.savefig(written, format="svg")
    return base64.b64encode(written.getvalue()).decode()
