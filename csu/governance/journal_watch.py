"""Looks each minute whether somebody touched the journal: refused attempts, rows, guards, finished files."""

from __future__ import annotations

from pathlib import Path

from csu.governance.centre_key import PublicKey
from csu.governance.chain_guards import ChainForm
from csu.governance.journal import AuditJournal, JournalAlert
from csu.governance.journal_check import FindingKind, finding_words
from csu.governance.journal_closings import CLOSINGS, CLOSINGS_FORM, DAY_FORM, Closing
from csu.governance.journal_entry import JournalEntry, Operation, Outcome
from csu.governance.journal_reading import path_of, read_journal
from csu.governance.journal_verify import check_file
from csu.hal.clock import Nanoseconds


class JournalWatch:
    """For the thread that writes the journal. What was told once is not told again until it changes."""

    def __init__(self, journal: AuditJournal, key: PublicKey) -> None:
        self._journal, self._key = journal, key
        self._seen: dict[str, tuple[int, int, int]] = {}
        self._told: set[tuple[str, str]] = set()
        self._known: set[str] | None = None

    def look(self, now_ns: Nanoseconds) -> list[JournalAlert]:
        """What is new since the last look: told to the journal's `on_alert`, then entered in the journal. Blocks.

        A file is read again only when somebody else wrote to it; the first look reads none, for `csu journal verify`
        does. Raises JournalUnavailable; JournalBroken when the attempt succeeded and no row can be added.
        """
        known = self._journaled()
        alerts = [alert for alert in self._journal.attempts() if _subject(alert) not in known]
        for name in self._journal.touched():
            alerts += self._check(name)
        for closing in self._journal.closings.closed:
            if closing.day not in self._journal.closings.purged:
                alerts += self._look_at_finished(closing)
        fresh = [alert for alert in alerts if (alert.where, alert.what.en) not in self._told]
        self._told |= {(alert.where, alert.what.en) for alert in fresh}
        for alert in fresh:
            self._journal.alert(alert)
        if fresh:
            self._journal.append([_entry(alert) for alert in fresh], now_ns)
        return fresh

    def _journaled(self) -> set[str]:
        """What tampering the journal tells of already: an attempt outlives a restart, its alert is not repeated."""
        if self._known is None:
            rows = read_journal(self._journal.directory, operation=Operation.TAMPERING)
            self._known = {row.entry.subject for row in rows if isinstance(row.entry, JournalEntry)}
        return self._known

    def _look_at_finished(self, closing: Closing) -> list[JournalAlert]:
        path = path_of(self._journal.directory, closing.day)
        name, now = path.name, _state_of(path)
        before = self._seen.get(name)
        if now is None:
            return [JournalAlert(name, finding_words(FindingKind.MISSING))]
        self._seen[name] = now
        if before is None or before == now:
            return []
        return self._walk(path, DAY_FORM, (closing.first - 1, closing.before))

    def _check(self, name: str) -> list[JournalAlert]:
        path = self._journal.directory / name
        if name == CLOSINGS:
            return self._walk(path, CLOSINGS_FORM, (0, CLOSINGS_FORM.first_link))
        return self._walk(path, DAY_FORM, self._journal.closings.end)

    def _walk(self, path: Path, form: ChainForm, after: tuple[int, str]) -> list[JournalAlert]:
        return [JournalAlert(found.where, found.what) for found in check_file(path, form, self._key, after).findings]


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _entry(alert: JournalAlert) -> JournalEntry:
    return JournalEntry(Operation.TAMPERING, "unknown", "unknown", Outcome.REFUSED, subject=_subject(alert))


def _subject(alert: JournalAlert) -> str:
    return alert.where.replace("#", "/")
