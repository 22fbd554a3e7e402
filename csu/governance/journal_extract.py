"""Rows of the journal by what they speak of: those of one case, as a package encloses them; the newest on a subject.

Read as they lie there; who gets them checks chain and signature with the centre's public key.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from csu.governance.chained_file import ChainRow, read_rows
from csu.governance.journal import DAY_FORM, days_of, journal_unavailable, path_of
from csu.governance.journal_entry import JournalEntry, row_of_text

_LAST = f"sequence = (SELECT max(sequence) FROM {DAY_FORM.table})"  # noqa: S608 - our own name


def rows_of_case(directory: Path, case: str, since: date) -> Iterator[tuple[str, ChainRow]]:
    """(digest of the row before, row) of every entry of `case` and of how it ended, in order.

    `since`: the day (UTC) it was registered; of what was written before, one row is read. Raises JournalUnavailable.
    """
    numbers: set[int] = set()
    before = DAY_FORM.first_link
    days = days_of(directory)
    for day in [*[day for day in days if day < since][-1:], *[day for day in days if day >= since]]:
        path = path_of(directory, day)
        try:
            for row in read_rows(path, DAY_FORM, "TRUE" if day >= since else _LAST):
                if day >= since and _is_of(row, case, numbers):
                    numbers.add(row.sequence)
                    yield before, row
                before = row.digest
        except sqlite3.Error as error:
            raise journal_unavailable(path.name, error) from error


def _is_of(row: ChainRow, case: str, numbers: set[int]) -> bool:
    """Cheap first: most rows of a day are of no case."""
    if f'"case":{json.dumps(case)}' not in row.body and '"of":' not in row.body:
        return False
    held = json.loads(row.body)
    return held.get("case") == case or held.get("of") in numbers


def newest_about(directory: Path, prefix: str) -> JournalEntry | None:
    """The newest entry whose subject begins with `prefix`; None: there is none. Raises JournalUnavailable."""
    wanted = f'"subject":{json.dumps(prefix)[:-1]}'
    for day in reversed(days_of(directory)):
        path = path_of(directory, day)
        try:
            rows = list(read_rows(path, DAY_FORM, "instr(body, ?)", (wanted,)))
        except sqlite3.Error as error:
            raise journal_unavailable(path.name, error) from error
        if rows:
            found = row_of_text(rows[-1].kind, rows[-1].body)
            return found.entry if found is not None and isinstance(found.entry, JournalEntry) else None
    return None
