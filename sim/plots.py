"""The pictures of a report, as SVG text: coverage, cameras live, alarms and their answers.

Colours are told apart without colour vision too (Okabe and Ito 2008), and every line has its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from math import ceil

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from csu.centre import AlarmId, CameraState
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from sim.language import say
from sim.oracles.alarms import ALARMS_TAKEN_WITHIN_NS
from sim.oracles.cameras import dark_times
from sim.run import RunResult
from sim.signals import MEASURES

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
GRID = "#d9dde1"
_HOUR_NS = 3600 * NS_PER_S
BARS_MAX = 48


def draw_all(result: RunResult) -> dict[str, str]:
    """SVG of each picture by name."""
    with mpl.rc_context({"svg.hashsalt": "csu", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}):
        return {
            "coverage": _svg(_coverage(result)),
            "live": _svg(_live(result)),
            "alarms": _svg(_alarms(result)),
            "answers": _svg(_answers(result)),
        }


def _coverage(result: RunResult) -> Figure:
    scenario = result.file.scenario
    bars = min(BARS_MAX, max(1, ceil(scenario.duration / _HOUR_NS)))
    width_ns = scenario.duration / bars
    missing = [0.0] * bars
    for holes in result.witness.holes.values():
        for start_ns, end_ns in holes:
            first, last = ((at - scenario.epoch_ns) / width_ns for at in (start_ns, end_ns))
            for bar in range(max(0, int(first)), min(bars, ceil(last))):
                missing[bar] += min(last, bar + 1) - max(first, bar)
    covered = [100 * (1 - lost / scenario.city.cameras) for lost in missing]
    figure, axes = _figure(say("Part enregistrée (%)", "Recorded share (%)"), 2.4)
    starts = [_hours(result, scenario.epoch_ns + round(bar * width_ns)) for bar in range(bars)]
    axes.bar(starts, covered, width=0.9 * width_ns / _HOUR_NS, align="edge", color=BLUE)
    expected = next((judged for judged in result.expectations if judged.said == MEASURES["coverage"].said), None)
    least = 100.0
    if expected is not None and expected.limit is not None:
        least = 100 * expected.limit
        axes.axhline(least, color=RED, linestyle="--", linewidth=1)
        _label_limit(axes, least, say("attendu", "expected"))
    axes.set_ylim(min(*covered, least) - 0.6, 100.05)
    return _with_hours(figure, axes, result)


def _live(result: RunResult) -> Figure:
    figure, axes = _figure(say("Caméras", "Cameras"), 2.6)
    total = len(result.witness.cameras)
    shown = _stairs(
        (at_ns, 1 if state is CameraState.LIVE else -1)
        for changes in result.witness.states.values()
        for at_ns, state in _only_liveness(changes)
    )
    dark = _stairs(
        (at_ns, step)
        for commune in result.city.communes
        for camera in commune.cameras
        for start_ns, end_ns in dark_times(commune, camera)
        for at_ns, step in ((start_ns, 1), (end_ns, -1))
    )
    begins_ns, ends_ns = _span(result)
    dark_at = [(begins_ns, 0), *dark, (ends_ns, dark[-1][1] if dark else 0)]
    axes.step(
        [_hours(result, at) for at, _ in dark_at],
        [total - count for _, count in dark_at],
        where="post",
        color=ORANGE,
        linewidth=1.6,
        label=say("joignables, d'après le monde simulé", "within reach, in the simulated world"),
    )
    shown_at = [*shown, (ends_ns, shown[-1][1] if shown else 0)]
    axes.step(
        [_hours(result, at) for at, _ in shown_at],
        [count for _, count in shown_at],
        where="post",
        color=BLUE,
        linewidth=1.1,
        label=say("vives, d'après le tableau du centre", "live, on the centre's board"),
    )
    lowest = min((count for at, count in shown_at if at > begins_ns + 300 * NS_PER_S), default=0)
    axes.set_ylim(max(0, lowest - 0.02 * total), total * 1.01)
    axes.legend(loc="lower left", frameon=False, fontsize=9)
    return _with_hours(figure, axes, result)


def _alarms(result: RunResult) -> Figure:
    figure, axes = _figure(say("Réponse (s)", "Answered after (s)"), 2.4)
    witness = result.witness
    raised = {f"{m.panel}/{m.sequence}": m.raised_at_ns for c in result.city.communes for m in c.alarms}
    for answered, colour, marker, label in (
        (witness.alarms_acked, GREEN, "o", say("prise par une personne", "taken by a person")),
        (witness.alarms_escalated, RED, "^", say("remontée au chef de salle", "escalated to the room chief")),
    ):
        points = [
            (_hours(result, raised[alarm]), (at_ns - raised[alarm]) / NS_PER_S)
            for alarm, at_ns in answered.items()
            if alarm in raised
        ]
        axes.plot([x for x, _ in points], [y for _, y in points], marker, color=colour, markersize=4, label=label)
    limit_s = ALARMS_TAKEN_WITHIN_NS / NS_PER_S
    axes.axhline(limit_s, color=RED, linestyle="--", linewidth=1)
    _label_limit(axes, limit_s, say("attendu", "expected"))
    axes.set_ylim(0, 1.45 * max(limit_s, axes.get_ylim()[1] / 1.1))
    axes.legend(loc="upper left", frameon=False, fontsize=9, ncols=2)
    return _with_hours(figure, axes, result)


def _answers(result: RunResult) -> Figure:
    """How many alarms were answered after how long: taken by a person, or escalated, whichever came first."""
    figure, axes = _figure(say("Alarmes", "Alarms"), 2.2)
    witness = result.witness
    raised = {AlarmId(f"{m.panel}/{m.sequence}"): m.raised_at_ns for c in result.city.communes for m in c.alarms}
    limit_s = ALARMS_TAKEN_WITHIN_NS / NS_PER_S
    answers_s = [
        (min(at_ns) - raised[alarm]) / NS_PER_S
        for alarm in raised
        if (at_ns := [a[alarm] for a in (witness.alarms_acked, witness.alarms_escalated) if alarm in a])
    ]
    last = max(limit_s, *answers_s) if answers_s else limit_s
    axes.hist(answers_s, bins=[5.0 * step for step in range(int(last / 5) + 2)], color=GREEN, rwidth=0.92)
    axes.axvline(limit_s, color=RED, linestyle="--", linewidth=1)
    axes.set_xlabel(say("réponse après (s)", "answered after (s)"))
    return figure


def _only_liveness(
    changes: Sequence[tuple[Nanoseconds, CameraState]],
) -> list[tuple[Nanoseconds, CameraState]]:
    """The changes that make a camera live, or no longer so."""
    kept: list[tuple[Nanoseconds, CameraState]] = []
    live = False
    for at_ns, state in changes:
        if (state is CameraState.LIVE) is not live:
            live = not live
            kept.append((at_ns, state))
    return kept


def _stairs(steps: Iterable[tuple[Nanoseconds, int]]) -> list[tuple[Nanoseconds, int]]:
    """Running count after each step (instant, +1 or -1), one point an instant."""
    count, points = 0, list[tuple[Nanoseconds, int]]()
    for at_ns, step in sorted(steps):
        count += step
        if points and points[-1][0] == at_ns:
            points.pop()
        points.append((at_ns, count))
    return points


def _span(result: RunResult) -> tuple[Nanoseconds, Nanoseconds]:
    scenario = result.file.scenario
    return scenario.epoch_ns, scenario.epoch_ns + scenario.duration


def _hours(result: RunResult, at_ns: Nanoseconds) -> float:
    """Hours since the midnight before the run began."""
    epoch_ns = result.file.scenario.epoch_ns
    return (at_ns - epoch_ns + epoch_ns % NS_PER_DAY) / _HOUR_NS


def _figure(y_label: str, height_in: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9.6, height_in), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _label_limit(axes: Axes, value: float, words: str) -> None:
    """Words at the right end of a limit's line, beside the picture."""
    axes.annotate(words, (1.005, value), xycoords=("axes fraction", "data"), color=RED, va="center", fontsize=9)


def _with_hours(figure: Figure, axes: Axes, result: RunResult) -> Figure:
    first, last = (_hours(result, at_ns) for at_ns in _span(result))
    axes.set_xlim(first, last)
    step = next((step for step in (0.25, 0.5, 1, 2, 3, 6, 12, 24) if (last - first) / step <= 13), 24 * 5)
    ticks = [tick * step for tick in range(ceil(first / step), int(last / step) + 1)]
    axes.set_xticks(ticks, [_clock(tick) for tick in ticks])
    return figure


def _clock(hours: float) -> str:
    day, minutes = divmod(round(hours * 60), 1440)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return clock if day == 0 else say(f"J+{day} {clock}", f"D+{day} {clock}")


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    whole = text.getvalue()
    page_colours = whole[whole.index("<svg") :].replace("#000000", "currentColor")  # readable on light and on dark
    return page_colours.replace(GRID, "var(--line)")
