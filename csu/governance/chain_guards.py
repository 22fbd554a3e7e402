"""What one kind of chained file looks like, and what stands before its rows (docs/decisions/0032).

Triggers refuse UPDATE, DELETE and REPLACE to whoever opens the file with any tool. In a sealed form they also note the
attempt, and csu's own connection is refused everything but reading and adding.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ChainForm:
    """What one kind of chained file looks like."""

    table: str
    first_link: str
    """What the first row of the whole chain is bound to."""
    texts: str = ""
    """A table beside it of texts kept once, each under its digest; empty: none."""
    sealed: bool = False
    """Signed rows, attempts noted, an insert-only connection, and a write-ahead log (one fsync a commit)."""
    indexes: tuple[str, ...] = ()
    """Expressions to be found by, such as `kind`. They hold nothing that the rows do not."""


TRIGGERS = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"


def guards_stand(form: ChainForm, found: Iterable[Any]) -> bool:
    """Whether every trigger is among the rows that TRIGGERS found."""
    wanted = {guard.replace("CREATE TRIGGER IF NOT EXISTS", "CREATE TRIGGER") for guard in guards_of(form)}
    return wanted <= {row[0] for row in found}


def guards_of(form: ChainForm) -> Iterator[str]:
    """The triggers that refuse whatever is not adding, as SQL."""
    for table in (form.table, form.texts):
        if not table:
            continue
        for deed in ("update", "delete"):
            yield _guard(form, table, deed, f"BEFORE {deed} ON {table}", f"{table} only grows")
    # INSERT OR REPLACE deletes without asking the triggers above.
    taken = f"BEFORE INSERT ON {form.table} WHEN EXISTS (SELECT 1 FROM {form.table} WHERE sequence = NEW.sequence)"  # noqa: S608
    yield _guard(form, form.table, "replace", taken, f"{form.table} only grows")
    if form.texts:
        known = f"WHEN EXISTS (SELECT 1 FROM {form.texts} WHERE digest = NEW.digest)"  # noqa: S608 - our own
        yield (
            f"CREATE TRIGGER IF NOT EXISTS {form.texts}_no_replace BEFORE INSERT ON {form.texts} "
            f"{known} BEGIN SELECT RAISE(IGNORE); END"
        )


def _guard(form: ChainForm, table: str, deed: str, when: str, words: str) -> str:
    """FAIL, unlike ABORT, keeps what the trigger wrote before it: the note that somebody tried."""
    row = "NEW" if deed == "replace" else "OLD"
    which = f"{row}.digest" if table == form.texts else f"{row}.sequence"
    note = (
        f"INSERT INTO {form.table}_attempt (at, deed) "  # noqa: S608 - our own names
        f"VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '{deed} #' || {which}); SELECT RAISE(FAIL, '{words}')"
    )
    refusal = note if form.sealed else f"SELECT RAISE(ABORT, '{words}')"
    return f"CREATE TRIGGER IF NOT EXISTS {table}_no_{deed} {when} BEGIN {refusal}; END"


_ALLOWED = frozenset(
    {
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_FUNCTION,
    }
)
_PRAGMAS = frozenset({"data_version", "synchronous"})


def restrict(connection: sqlite3.Connection, _: object) -> None:
    """SQLite's way of a role with INSERT only: anything else is refused when it is prepared."""
    connection.execute("PRAGMA synchronous = FULL")  # in a write-ahead log too: durable when a commit returns

    def may(action: int, first: str | None, *_: str | None) -> int:
        allowed = action in _ALLOWED or (action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS)
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    connection.set_authorizer(may)
