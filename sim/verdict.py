"""A verdict in the terminal: what held, what did not and why, and how to play it again."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from csu.hal.words import Words
from sim.judgement import Judgement
from sim.language import read, say
from sim.report import worst
from sim.run import RunResult
from sim.sweep import SweepResult

RUNS_TOLD_MAX = 20
_NO_CASE = Words("aucun cas à juger : rien n'est prouvé", "no case to judge: nothing is proven")


def print_run(result: RunResult, told: Mapping[str, object]) -> None:
    """One run."""
    console = Console(highlight=False)
    table = _table(result.file.scenario.title, say("cas", "cases"), say("pire cas", "worst case"))
    for judgement in result.judgements:
        table.add_row(_mark(judgement.holds), read(judgement.said), f"{judgement.cases}", worst(judgement))
    console.print(table)
    for judgement in result.judgements:
        if not judgement.holds:
            _print_why(console, judgement)
    speed = f"{told['cpu_s']} s CPU · × {told['compression']}"
    console.print(
        f"{_verdict(result.holds)} · {speed} · {result.file.scenario.media.levels} · {told['trace_hash']}", markup=False
    )
    _print_end(console, told)


def print_sweep(result: SweepResult, told: Mapping[str, object]) -> None:
    """All runs of a sweep, and the command that plays each violated one again."""
    console = Console(highlight=False)
    title = f"{result.file.scenario.title} · {say('courses', 'runs')} : {len(result.outcomes)}"
    table = _table(title, say("cas", "cases"), say("en faute", "violated"))
    for total in (*result.expectations, *result.invariants):
        table.add_row(_mark(total.holds), read(total.said), f"{total.exercised}", f"{total.runs_violated}")
    console.print(table)
    for total in (*result.expectations, *result.invariants):
        if total.exercised < total.exercised_least:
            console.print(f"  {read(_NO_CASE.at(read(total.said)))}", style="red", markup=False)
    for outcome in result.violated[:RUNS_TOLD_MAX]:
        broken = [read(j.said) for j in (*outcome.expectations, *outcome.invariants) if j.violations]
        console.print(f"  {outcome.failure or ' ; '.join(broken)}", style="red", markup=False, soft_wrap=True)
        console.print(f"    {outcome.replay}", markup=False, soft_wrap=True)
    more = len(result.violated) - RUNS_TOLD_MAX
    if more > 0:
        console.print(say(f"  et {more} de plus", f"  and {more} more"), markup=False)
    console.print(
        f"{_verdict(result.holds)} · {told['cpu_s']} s CPU · {told['runs_per_cpu_minute']}"
        f" {say('courses par minute CPU', 'runs a CPU minute')} · × {told['compression']} · {told['trace_hash']}",
        markup=False,
        soft_wrap=True,
    )
    if told["report"]:
        console.print(f"{say('rapport', 'report')} : {told['report']}", markup=False, soft_wrap=True)


def _table(title: str, third: str, fourth: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    table.add_column(say("attente", "expectation"))
    table.add_column(third, justify="right")
    table.add_column(fourth)
    return table


def _mark(holds: bool) -> str:
    return "[green]✓[/]" if holds else "[red]✗[/]"


def _print_why(console: Console, judgement: Judgement) -> None:
    reasons = judgement.details if judgement.violations else (_NO_CASE,)
    for reason in reasons or (Words(worst(judgement), worst(judgement)),):
        console.print(f"  {read(reason.at(read(judgement.said)))}", style="red", markup=False, soft_wrap=True)


def _verdict(holds: bool) -> str:
    return say("tenu", "holds") if holds else say("non tenu", "does not hold")


def _print_end(console: Console, told: Mapping[str, object]) -> None:
    console.print(f"{say('rejouer', 'replay')} : {told['replay']}", markup=False, soft_wrap=True)
    if told["shrink"]:
        console.print(f"{say('réduire', 'shrink')} : {told['shrink']}", markup=False, soft_wrap=True)
    if told["report"]:
        console.print(f"{say('rapport', 'report')} : {told['report']}", markup=False, soft_wrap=True)
