"""The audit journal: one chain of signed rows in a file a day, written before what it tells of (LOG-2 to LOG-6).

A directory holds `2026-11-23.sqlite`... and `closings.sqlite`, the chain of what each finished day ended with. A day
that grew too old goes as a whole file; its closing stays, so that the chain is followed across the hole. Calls block: a
centre takes `csu.governance.journal_desk`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from csu.governance.centre_key import CentreKey
from csu.governance.chained_file import ChainedFile, ChainTroubles
from csu.governance.journal_closings import CLOSINGS, CLOSINGS_FORM, DAY_FORM, Closings
from csu.governance.journal_entry import (
    CLOSED,
    Ended,
    JournalEntry,
    JournalRow,
    Operation,
    closing_body,
    text_of_entry,
)
from csu.governance.journal_reading import day_of, days_of, journal_unavailable, path_of, start_of
from csu.governance.journal_retention import JournalRetention
from csu.governance.legal_calendar import days_after
from csu.governance.register_errors import JournalBroken
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

CHAIN = "journal"
"""The name of this chain in anchors."""
_ROLLS_MAX = 4


@dataclass(frozen=True, slots=True)
class JournalAlert:
    """Somebody tampered with the journal, or tried to."""

    where: str
    what: Words


OnAlert = Callable[[JournalAlert], None]


class AuditJournal:
    """The journal's files, for one thread at a time. Several processes may share the directory."""

    def __init__(self, directory: Path, key: CentreKey, on_alert: OnAlert | None = None) -> None:
        """Open or begin it. Raises JournalBroken (told to `on_alert` too), JournalUnavailable."""
        self.directory = directory
        self._key, self._on_alert = key, on_alert
        self._today: _Today | None = None
        self._closings = Closings()
        self._index = ChainedFile(directory / CLOSINGS, CLOSINGS_FORM, self._troubles, sign=key.sign)
        try:
            self._locked_index(self._read_closings)
            open_days = [day for day in days_of(directory) if day not in {each.day for each in self._closings.closed}]
            if open_days:
                self._open(open_days[-1])
        except BaseException:
            self.close()
            raise

    @property
    def head(self) -> tuple[int, str]:
        """Number and digest of the newest row read or written: what is anchored elsewhere."""
        today = self._today
        return (today.file.sequence, today.file.head) if today else self._closings.end

    @property
    def closings(self) -> Closings:
        """The days that ended, as last read."""
        return self._closings

    def append(self, entries: Sequence[JournalEntry | Ended], now_ns: Nanoseconds) -> list[JournalRow]:
        """Write entries, all or none; durable when this returns. Raises JournalUnavailable, JournalBroken."""
        day = day_of(now_ns)
        for _ in range(_ROLLS_MAX):
            if self._today is None or self._today.is_closed or self._today.day < day:
                self._roll(day)
                continue
            today = self._today
            rows = today.file.locked(partial(self._write, today=today, entries=entries, now_ns=now_ns))
            if rows is not None:
                return rows
        raise self._troubles.not_kept(self.directory.name, TimeoutError())

    def catch_up(self, now_ns: Nanoseconds) -> tuple[int, str]:
        """Read what other processes wrote; the head then. Raises JournalUnavailable, JournalBroken."""
        if self._today is not None:
            self._today.file.locked(self._today.read)
            if self._today.is_closed:
                self._roll(day_of(now_ns))
        return self.head

    def purge(self, retention: JournalRetention, now_ns: Nanoseconds) -> list[date]:
        """Remove each finished day of which an entry has reached the retention; the deed is journaled first (LOG-4).

        A day goes with its first entry: an entry lives `retention.days` at most, and a day less at least.
        """
        self._roll_if_over(day_of(now_ns))
        due = [
            closing.day
            for closing in self._closings.closed
            if days_after(start_of(closing.day), retention.days) <= now_ns
        ]
        fresh = [day for day in due if day not in self._closings.purged]
        if fresh:
            subjects = (f"journal/{day}" for day in fresh)
            self.append(
                [JournalEntry(Operation.JOURNAL_PURGE, "csu", "system", subject=subject) for subject in subjects],
                now_ns,
            )
            self._locked_index(lambda connection: self._note_purged(connection, fresh, retention, now_ns))
        for day in due:  # one that a crash left, too
            _remove(path_of(self.directory, day))
        return fresh

    def attempts(self) -> list[JournalAlert]:
        """Refused attempts to change rows, as SQLite noted them in today's file and in the closings."""
        return [
            JournalAlert(
                f"{file.path.name}#attempt-{number}",
                Words(f"tentative refusée le {at} : {deed}", f"refused attempt at {at}: {deed}"),
            )
            for file in (self._index, *([self._today.file] if self._today else []))
            for number, at, deed in file.attempts()
        ]

    def touched(self) -> list[str]:
        """Names of open files that others wrote to, or that lost their guards, since the last call."""
        files = (self._index, *([self._today.file] if self._today else []))
        return [file.path.name for file in files if file.changed_by_others() or not file.is_guarded()]

    def alert(self, alert: JournalAlert) -> None:
        """Tell whoever listens."""
        if self._on_alert is not None:
            self._on_alert(alert)

    def close(self) -> None:
        """Release the files."""
        self._index.close()
        if self._today is not None:
            self._today.file.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _troubles(self) -> ChainTroubles:
        return ChainTroubles(self._broken, journal_unavailable)

    def _broken(self, where: str) -> CsuError:
        what = Words("le journal a été modifié hors de csu", "the journal was changed outside csu")
        self.alert(JournalAlert(where, what))
        return JournalBroken(
            what,
            where=where,
            what_to_do=Words(
                "Mettez ce fichier de côté, lancez csu journal verify, prévenez le DPO ; sans journal, rien ne se fait",
                "Put this file aside, run csu journal verify and tell the DPO; nothing is done without a journal",
            ),
        )

    def _locked_index(self, work: Callable[[sa.Connection], None]) -> None:
        before = self._closings
        try:
            self._index.locked(work)
        except BaseException:
            self._closings = before
            raise

    def _write(
        self, connection: sa.Connection, today: _Today, entries: Sequence[JournalEntry | Ended], now_ns: Nanoseconds
    ) -> list[JournalRow] | None:
        """None: another process closed the day meanwhile."""
        today.read(connection)
        if today.is_closed:
            return None
        first = today.file.sequence + 1
        today.file.append(connection, [text_of_entry(first + i, now_ns, entry) for i, entry in enumerate(entries)])
        return [JournalRow(first + i, now_ns, entry) for i, entry in enumerate(entries)]

    def _roll_if_over(self, day: date) -> None:
        if self._today is not None and self._today.day < day:
            self._roll(day)

    def _roll(self, day: date) -> None:
        """Close the day that is over, and begin the file of `day`. All processes do it one after the other."""

        def close_old(connection: sa.Connection) -> None:
            self._read_closings(connection)
            today = self._today
            if today is None:
                return
            if not today.is_closed:
                today.file.locked(today.end)
                today.is_closed = True
            if today.day not in {each.day for each in self._closings.closed}:
                self._note_closed(connection, today)

        self._locked_index(close_old)
        if self._today is not None:
            self._today.file.close()
            self._today = None
        last = self._closings.closed[-1].day if self._closings.closed else date.min
        # A clock that went back over midnight finds its day closed: its entries go on in the next file.
        newer = [each for each in days_of(self.directory) if each > last]
        self._open(newer[-1] if newer else max(day, last + timedelta(days=1) if last > date.min else day))

    def _open(self, day: date) -> None:
        path = path_of(self.directory, day)
        before = self._closings.end
        file = ChainedFile(path, DAY_FORM, self._troubles, sign=self._key.sign, after=before)
        today = _Today(day, file, before)
        try:
            file.locked(today.read)
        except BaseException:
            file.close()
            raise
        self._today = today

    def _read_closings(self, connection: sa.Connection) -> None:
        for row in self._index.read_on(connection):
            try:
                self._closings = self._closings.with_row(row.kind, row.body)
            except (ValueError, KeyError, TypeError) as error:
                raise self._broken(f"{CLOSINGS}#{row.sequence}") from error

    def _note_closed(self, connection: sa.Connection, today: _Today) -> None:
        first, link_before = today.before[0] + 1, today.before[1]
        held = {"day": today.day.isoformat(), "first": first, "before": link_before}
        body = json.dumps(held | {"last": today.file.sequence, "head": today.file.head}, sort_keys=True)
        self._add_closing(connection, "closed", body)

    def _note_purged(
        self, connection: sa.Connection, days: Sequence[date], retention: JournalRetention, now_ns: Nanoseconds
    ) -> None:
        self._read_closings(connection)
        for day in days:
            if day not in self._closings.purged:
                held = {"day": day.isoformat(), "at_ns": now_ns, "retention_days": retention.days}
                self._add_closing(connection, "purged", json.dumps(held, sort_keys=True))

    def _add_closing(self, connection: sa.Connection, kind: str, body: str) -> None:
        self._index.append(connection, [(kind, _numbered(self._index.sequence + 1, body))])
        self._closings = self._closings.with_row(kind, body)


@dataclass(slots=True)
class _Today:
    """The file that is written to."""

    day: date
    file: ChainedFile
    before: tuple[int, str]
    is_closed: bool = False

    def read(self, connection: sa.Connection) -> None:
        """What other processes added."""
        for row in self.file.read_on(connection):
            self.is_closed = row.kind == CLOSED

    def end(self, connection: sa.Connection) -> None:
        """Its last row, unless another process wrote it."""
        self.read(connection)
        if not self.is_closed:
            self.file.append(connection, [(CLOSED, closing_body(self.file.sequence + 1, start_of(self.day)))])


def _numbered(number: int, body: str) -> str:
    """With its own number, as every row of a signed chain has it."""
    return json.dumps(json.loads(body) | {"n": number}, sort_keys=True)


def _remove(path: Path) -> None:
    """A day's file and SQLite's files beside it. Raises JournalUnavailable."""
    try:
        for suffix in ("-wal", "-shm", ""):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise journal_unavailable(path.name, error) from error
