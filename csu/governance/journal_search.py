"""Finding entries of the journal, newest first, a page at a time: for who controls, never to measure a person (LOG-6).

Nothing is counted or added up here, and nothing is sorted but by number. One question looks through a bounded number of
rows; what it did not reach, the next one does. Calls block.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from csu.governance.chained_file import ChainRow, read_rows
from csu.governance.journal_closings import DAY_FORM
from csu.governance.journal_entry import CLOSED, ENDED, Ended, JournalRow, Operation, row_of_text
from csu.governance.journal_reading import day_of, days_of, journal_unavailable, path_of
from csu.governance.legal_calendar import start_of_day
from csu.governance.register_errors import JournalBroken
from csu.hal.camera import CameraId
from csu.hal.errors import CsuError
from csu.hal.words import Words

PAGE_ROWS_MAX = 100
LOOKED_THROUGH_MAX = 100_000
"""Rows that one question goes through: 90 ms of CPU where only the text of each row tells (measured)."""

_LAST = f"sequence = (SELECT max(sequence) FROM {DAY_FORM.table})"  # noqa: S608 - our own name
_OF_CAMERA = "EXISTS (SELECT 1 FROM json_each(body, '$.data') WHERE json_extract(value, '$[0]') = ?)"


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """What is looked for; whatever is left empty is not asked. Days are of Paris, both included."""

    author: str = ""
    operation: Operation | None = None
    camera: CameraId | None = None
    case: str = ""
    from_day: date | None = None
    to_day: date | None = None
    before: int | None = None
    """Only rows of a lower number: to go on."""


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """An entry, and how it ended, if that is known."""

    row: JournalRow
    ended: Ended | None


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Newest first. `go_on_before`: what to ask next as `before`; None: all was looked through."""

    found: tuple[FoundEntry, ...]
    go_on_before: int | None


def search_journal(directory: Path, query: JournalQuery, rows_max: int = PAGE_ROWS_MAX) -> JournalPage:
    """One page. Raises JournalUnavailable; JournalBroken for a row that csu did not write."""
    where, values = _condition(query)
    found: list[ChainRow] = []
    window: tuple[int, int] | None = None
    for day in (day for day in reversed(days_of(directory)) if _may_hold(day, query)):
        last = next(_rows(directory, day, _LAST), None)
        if last is None:
            continue
        window = window or _window(query.before, last.sequence)
        bound = (*values, *window)
        found += _rows(directory, day, f"{where} AND sequence < ? AND sequence > ?", bound, rows_max - len(found))
        if len(found) == rows_max:
            return JournalPage(_told(directory, found), found[-1].sequence)
        if last.sequence <= window[1]:
            break
    lowest = window[1] if window is not None else 0
    return JournalPage(_told(directory, found), lowest + 1 if lowest else None)


def _window(before: int | None, last: int) -> tuple[int, int]:
    """Between which numbers, neither included, this question looks."""
    top = last + 1 if before is None else min(before, last + 1)
    return top, max(0, top - 1 - LOOKED_THROUGH_MAX)


def _may_hold(day: date, query: JournalQuery) -> bool:
    """Files are of UTC days, and an entry of a clock that went back stands in the next one."""
    from_day, to_day = query.from_day, query.to_day
    if from_day is not None and day < day_of(start_of_day(from_day)):
        return False
    return to_day is None or day <= to_day + timedelta(days=1)


def _condition(query: JournalQuery) -> tuple[str, tuple[object, ...]]:
    parts: list[tuple[str, tuple[object, ...]]] = [("kind NOT IN (?, ?)", (ENDED, CLOSED))]
    if query.operation is not None:
        parts.append(("kind = ?", (query.operation.value,)))
    if query.author:
        parts.append(("json_extract(body, '$.author') = ?", (query.author,)))
    if query.case:
        parts.append(("json_extract(body, '$.case') = ?", (query.case,)))
    if query.camera is not None:
        parts += [("instr(body, ?)", (query.camera,)), (_OF_CAMERA, (query.camera,))]
    if query.from_day is not None:
        parts.append(("json_extract(body, '$.at_ns') >= ?", (start_of_day(query.from_day),)))
    if query.to_day is not None:
        parts.append(("json_extract(body, '$.at_ns') < ?", (start_of_day(query.to_day + timedelta(days=1)),)))
    return " AND ".join(text for text, _ in parts), tuple(value for _, values in parts for value in values)


def _told(directory: Path, rows: Sequence[ChainRow]) -> tuple[FoundEntry, ...]:
    read = [row for row in (_row_of(each) for each in rows) if row is not None]
    ends = _ends_of(directory, read) if read else {}
    return tuple(FoundEntry(row, ends.get(row.number)) for row in read)


def _ends_of(directory: Path, rows: Sequence[JournalRow]) -> dict[int, Ended]:
    """How these ended, looked for on their own days and the next: a film that runs over midnight."""
    days = {day_of(row.at_ns) + timedelta(days=more) for row in rows for more in (0, 1)}
    numbers = ", ".join(str(row.number) for row in rows)
    where = f"kind = ? AND sequence > ? AND json_extract(body, '$.of') IN ({numbers})"
    first = min(row.number for row in rows)
    ends = {}
    for day in sorted(days & set(days_of(directory))):
        for each in _rows(directory, day, where, (ENDED, first)):
            row = _row_of(each)
            if row is not None and isinstance(row.entry, Ended):
                ends[row.entry.of] = row.entry
    return ends


def _row_of(row: ChainRow) -> JournalRow | None:
    try:
        return row_of_text(row.kind, row.body)
    except (ValueError, KeyError, TypeError, CsuError) as error:
        raise JournalBroken(
            Words("une ligne du journal n'est pas de csu", "a row of the journal is not csu's"),
            where=f"journal#{row.sequence}",
            what_to_do=Words("Faites vérifier le journal", "Have the journal verified"),
        ) from error


def _rows(
    directory: Path, day: date, where: str, values: tuple[object, ...] = (), newest: int | None = None
) -> Iterator[ChainRow]:
    path = path_of(directory, day)
    try:
        yield from read_rows(path, DAY_FORM, where, values, newest=newest)
    except sqlite3.Error as error:
        raise journal_unavailable(path.name, error) from error
