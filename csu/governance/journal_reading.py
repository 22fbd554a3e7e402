"""The journal as it lies on the disk, for whoever may read it: no key, no writing, no checking of the chain."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from csu.governance.chained_file import read_rows
from csu.governance.journal_closings import DAY_FORM
from csu.governance.journal_entry import JournalEntry, JournalRow, Operation, row_of_text
from csu.governance.register_errors import JournalBroken, JournalUnavailable
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words


def read_journal(
    directory: Path,
    from_ns: Nanoseconds = 0,
    to_ns: Nanoseconds | None = None,
    *,
    operation: Operation | None = None,
    camera: CameraId | None = None,
) -> Iterator[JournalRow]:
    """Entries of [from_ns, to_ns) in order, as they lie there, without checking or changing anything.

    With `operation` the index is used: all exports of a camera in a year are found in a second. Raises
    JournalUnavailable; JournalBroken for a row that csu did not write.
    """
    first, last = day_of(from_ns), day_of(to_ns) if to_ns is not None else date.max
    where, values = ("kind = ?", (operation.value,)) if operation else ("TRUE", ())
    for day in days_of(directory):
        # Entries of a clock that went back stand in the next day's file.
        if not first <= day <= (last if last == date.max else last + timedelta(days=1)):
            continue
        path = path_of(directory, day)
        try:
            for row in read_rows(path, DAY_FORM, where, values):
                found = row_of_text(row.kind, row.body)
                if found is not None and from_ns <= found.at_ns and (to_ns is None or found.at_ns < to_ns):
                    if camera is None or _is_about(found, camera):
                        yield found
        except sqlite3.OperationalError as error:
            raise journal_unavailable(path.name, error) from error
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError, CsuError) as error:
            raise JournalBroken(
                Words("une ligne du journal n'est pas de csu", "a row of the journal is not csu's"),
                where=path.name,
                what_to_do=Words("Lancez csu journal verify", "Run csu journal verify"),
            ) from error


def days_of(directory: Path) -> list[date]:
    """The days that have a file, in order."""
    found = []
    for path in directory.glob("????-??-??.sqlite"):
        try:
            found.append(date.fromisoformat(path.stem))
        except ValueError:
            continue  # not a day: nothing of ours
    return sorted(found)


def path_of(directory: Path, day: date) -> Path:
    """The file of a day (UTC)."""
    return directory / f"{day.isoformat()}.sqlite"


def journal_unavailable(where: str, error: Exception) -> JournalUnavailable:
    """The journal cannot be written or read now."""
    why = type(error).__name__
    return JournalUnavailable(
        Words(
            f"le journal ne peut être écrit ou lu ({why})",
            f"the journal cannot be written or read ({why})",
        ),
        where=where,
        what_to_do=Words(
            "Vérifiez son volume ; sans journal, l'action n'a pas lieu",
            "Check its volume; without a journal the action does not take place",
        ),
    )


def _is_about(row: JournalRow, camera: CameraId) -> bool:
    return isinstance(row.entry, JournalEntry) and any(each.camera == camera for each in row.entry.data)


def day_of(at_ns: Nanoseconds) -> date:
    """The day (UTC) of an instant."""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).date()


def start_of(day: date) -> Nanoseconds:
    """Its first instant."""
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * NS_PER_DAY
