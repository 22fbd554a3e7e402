"""Rows of the journal by what they speak of: those of one case, as a package encloses them; the newest on a subject.

Read as they lie there, through connections of their own: nobody who writes waits. Who gets the rows checks chain and
signature with the centre's public key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from csu.governance.chained_file import ChainRow, read_rows
from csu.governance.journal_closings import DAY_FORM
from csu.governance.journal_entry import ENDED, JournalEntry, JournalRow, Operation, row_of_text
from csu.governance.journal_reading import days_of, journal_unavailable, path_of

_LAST = f"sequence = (SELECT max(sequence) FROM {DAY_FORM.table})"  # noqa: S608 - our own name


def rows_of_case(directory: Path, case: str, since: date) -> Iterator[tuple[str, ChainRow]]:
    """(digest of the row before, row) of every entry of `case` and of how it ended, in order.

    `since`: the day (UTC) it was registered. Raises JournalUnavailable.
    """
    told = f'"case":{json.dumps(case)}'
    days = days_of(directory)
    numbers: set[int] = set()
    for index, day in enumerate(days):
        if day < since:
            continue
        rows = _rows(directory, day, "instr(body, ?)", (told,))
        numbers |= {row.sequence for row in rows}
        rows += _rows(directory, day, f"kind = '{ENDED}' AND json_extract(body, '$.of') IN ({_listed(numbers)})")
        before = _rows(directory, day, f"sequence IN ({_listed(row.sequence - 1 for row in rows)})")
        digests = {row.sequence: row.digest for row in before}
        for row in sorted(rows, key=lambda row: row.sequence):
            yield digests.get(row.sequence - 1) or _end_of(directory, days[:index]), row


def newest_about(directory: Path, prefix: str, operations: Iterable[Operation]) -> JournalEntry | None:
    """The newest entry of these operations whose subject begins with `prefix`; None: there is none.

    Raises JournalUnavailable.
    """
    told = f'"subject":{json.dumps(prefix)[:-1]}'
    kinds = ", ".join(f"'{operation.value}'" for operation in operations)
    for day in reversed(days_of(directory)):
        for row in reversed(_rows(directory, day, f"kind IN ({kinds}) AND instr(body, ?)", (told,))):
            found = row_of_text(row.kind, row.body)
            if found is not None and isinstance(found.entry, JournalEntry):
                return found.entry
    return None


def newest_of(directory: Path, operation: Operation, rows_max: int) -> list[JournalRow]:
    """The entries of one operation among the newest `rows_max` rows, in order. Raises JournalUnavailable."""
    found: list[JournalRow] = []
    head = 0
    for day in reversed(days_of(directory)):
        last = _rows(directory, day, _LAST)
        head = head or (last[-1].sequence if last else 0)
        if not last or last[-1].sequence <= head - rows_max:
            break
        rows = _rows(directory, day, "kind = ? AND sequence > ?", (operation.value, head - rows_max))
        told = (row_of_text(row.kind, row.body) for row in rows)
        found = [*(row for row in told if row is not None), *found]
    return found


def _end_of(directory: Path, days: list[date]) -> str:
    """What the first row of a day's file is bound to."""
    rows = _rows(directory, days[-1], _LAST) if days else []
    return rows[-1].digest if rows else DAY_FORM.first_link


def _rows(directory: Path, day: date, where: str, values: tuple[object, ...] = ()) -> list[ChainRow]:
    path = path_of(directory, day)
    try:
        return list(read_rows(path, DAY_FORM, where, values))
    except sqlite3.Error as error:
        raise journal_unavailable(path.name, error) from error


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(int(number)) for number in sorted(set(numbers)))
