"""Many cameras into a site at once: a bounded number at a time, none held up by another, gone on with after a break.

What each row is worth is written before the next step of it begins (`csu.hal.fieldwork`): the same command again skips
what is done.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import jinja2
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from csu.centre.commands.enrol_one import ROUTE_WORDS, Examined, Examining, summary_of
from csu.centre.commands.report_page import write_page
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.fieldwork import Candidate, Entered, Fieldwork, Stage
from csu.hal.words import NO_WORDS, Words
from csu.language import current_language, say
from csu.machine import let_block

AT_ONCE = 8
AT_ONCE_MAX = 64
BLOCKING_EACH = 2
"""A stream that is watched, and a file or a certificate beside it."""
ENTERED_WITHIN_S = 180.0
EXAMINED_WITHIN_S = 1_800.0
"""Far more than either takes: a device may not keep its place for ever, whatever it does."""


class Outcome(StrEnum):
    """What became of one camera."""

    HOLDS = "holds"
    UNEXAMINED = "not examined"
    """Entered, and wholly masked until it is examined (PRV-5)."""
    DOES_NOT_HOLD = "does not hold"
    """Entered and examined, and wholly masked until it holds."""
    SKIPPED = "skipped"
    """It was so far before."""
    FAILED = "failed"

    @property
    def is_well(self) -> bool:
        return self not in (Outcome.FAILED, Outcome.DOES_NOT_HOLD)


@dataclass(frozen=True, slots=True)
class Row:
    """One camera, done. `entered` None: it was skipped, or it failed before; `why`: a failure or a skip."""

    camera: CameraId
    outcome: Outcome
    entered: Entered | None = None
    examined: Examined | None = None
    why: Words = NO_WORDS

    def to_json(self) -> dict[str, Any]:
        """As `--json` tells it."""
        told = {} if self.entered is None else summary_of(self.entered, self.examined)
        return {
            **told,
            "camera": self.camera,
            "outcome": self.outcome.value,
            "why": self.why.in_language(current_language()),
        }

    @property
    def words(self) -> Words:
        """What is said of it in one line."""
        if self.why:
            return self.why
        if self.examined is None:
            return Words("inscrite, NON EXAMINÉE : masquée en entier", "entered, NOT EXAMINED: wholly masked")
        if self.outcome is Outcome.DOES_NOT_HOLD:
            failed = ", ".join(self.examined.failed)
            return Words(f"NE TIENT PAS, masquée en entier : {failed}", f"DOES NOT HOLD, wholly masked: {failed}")
        route = ROUTE_WORDS[self.examined.route]
        return Words(f"inscrite, examen tenu, {route.fr}", f"entered, its examination holds, {route.en}")


class Board:
    """A line for each camera that is under way, and one for each that is done."""

    def __init__(self, count: int, console: Console) -> None:
        self._console, self._rows = console, dict[CameraId, TaskID]()
        columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[doing]}"))
        self._progress = Progress(
            *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
        )
        self._whole = self._progress.add_task(say("caméras", "cameras"), total=count, doing="")

    def __enter__(self) -> Board:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def doing(self, camera: CameraId, what: Words) -> None:
        """A camera is at this now."""
        if camera not in self._rows:
            self._rows[camera] = self._progress.add_task(camera, total=None, doing="")
        self._progress.update(self._rows[camera], doing=what.in_language(current_language()))

    def done(self, row: Row) -> None:
        """A camera has come to its end."""
        if row.camera in self._rows:
            self._progress.remove_task(self._rows.pop(row.camera))
        self._progress.advance(self._whole)
        style = "dim" if row.outcome is Outcome.SKIPPED else "yellow" if row.outcome is Outcome.UNEXAMINED else None
        mark = "–" if row.outcome is Outcome.SKIPPED else "✓" if row.outcome.is_well else "✗"
        told = f"{mark} {row.camera}  {row.words.in_language(current_language())}"
        self._console.print(told, style=style if row.outcome.is_well else "red", markup=False)


async def enter_many(
    work: Fieldwork, candidates: Sequence[Candidate], examining: Examining | None, at_once: int, board: Board
) -> list[Row]:
    """Enter all, `at_once` at a time, and examine as many beside those; rows in the order of `candidates`.

    `examining` None: nobody is examined, and whoever is new stays wholly masked.
    """
    let_block(4 + BLOCKING_EACH * 2 * at_once)
    entering, looking = asyncio.Semaphore(at_once), asyncio.Semaphore(at_once)

    async def one(candidate: Candidate) -> Row:
        row = await _one(work, candidate, examining, entering, looking, board)
        board.done(row)
        return row

    return list(await asyncio.gather(*(one(candidate) for candidate in candidates)))


async def _one(
    work: Fieldwork,
    candidate: Candidate,
    examining: Examining | None,
    entering: asyncio.Semaphore,
    looking: asyncio.Semaphore,
    board: Board,
) -> Row:
    camera, entered = candidate.camera, None
    if candidate.why:
        return Row(camera, Outcome.FAILED, why=candidate.why)
    try:
        stage = work.stage(camera)
        if stage is Stage.EXAMINED or (stage is Stage.ENTERED and examining is None):
            return Row(camera, Outcome.SKIPPED, why=_SKIPPED[stage])
        async with entering, asyncio.timeout(ENTERED_WITHIN_S):
            board.doing(camera, _ENTERING)
            entered = await (work.enter(candidate.newcomer) if candidate.newcomer else work.resume(camera))
        if examining is None:
            return Row(camera, Outcome.UNEXAMINED, entered)
        async with looking, asyncio.timeout(EXAMINED_WITHIN_S):
            board.doing(camera, _EXAMINING)
            examined = await examining.of(work, entered, lambda check: board.doing(camera, check.asked))
    except CsuError as error:
        return Row(camera, Outcome.FAILED, entered, why=error.trouble.beside(camera))
    except TimeoutError:
        return Row(camera, Outcome.FAILED, entered, why=_NEVER_DONE)
    outcome = Outcome.HOLDS if examined.found.holds else Outcome.DOES_NOT_HOLD
    return Row(camera, outcome, entered, examined)


def write_summary(rows: Sequence[Row], began_ns: Nanoseconds, ended_ns: Nanoseconds, reports: Path) -> Path:
    """One page of all of them, beside their own reports, which it leads to. Raises BadInput."""
    at = datetime.fromtimestamp(began_ns / NS_PER_S, UTC)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.centre", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    html = environment.get_template("enrol_report.html.j2").render(
        rows=rows,
        counts=Counter(row.outcome for row in rows),
        outcomes=[(each, _OUTCOMES[each].in_language(current_language())) for each in Outcome],
        at=f"{at:%Y-%m-%d %H:%M} UTC",
        took_s=(ended_ns - began_ns) / NS_PER_S,
        say=say,
        language=current_language(),
    )
    return write_page(reports / f"enrolment-{at:%Y%m%dT%H%M%SZ}.html", html)


def tell_many(rows: Sequence[Row], page: Path, console: Console) -> None:
    """How many of each, and where all of it is."""
    counts = Counter(row.outcome for row in rows)
    language = current_language()
    if not rows:
        console.print(say("Personne n'a répondu.", "Nobody answered."), style="yellow", markup=False)
        return
    told = ", ".join(f"{_OUTCOMES[each].in_language(language)} {counts[each]}" for each in Outcome if counts[each])
    console.print(f"{told}. " + say(f"Page : {page}", f"Page: {page}"), markup=False)


_ENTERING = Words("inscription", "entering")
_EXAMINING = Words("examen", "examination")
_SKIPPED = {
    Stage.ENTERED: Words(
        "inscrite auparavant ; sans examen qui tienne, masquée en entier",
        "entered before; without an examination that holds, wholly masked",
    ),
    Stage.EXAMINED: Words("inscrite et examinée auparavant", "entered and examined before"),
}
_NEVER_DONE = Words("n'en finit pas : laissée là", "does not come to an end: left there")
_OUTCOMES = {
    Outcome.HOLDS: Words("tiennent :", "hold:"),
    Outcome.UNEXAMINED: Words("inscrites sans examen :", "entered without examination:"),
    Outcome.DOES_NOT_HOLD: Words("ne tiennent pas :", "do not hold:"),
    Outcome.SKIPPED: Words("faites auparavant :", "done before:"),
    Outcome.FAILED: Words("en échec :", "failed:"),
}
