"""The journal of a centre for a command that acts on its data, whether or not the centre runs: they share the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from csu.governance import AuditJournal, CentreKey, JournalEntry
from csu.governance.mask_entries import Note
from csu.hal.clock import Clock


@contextmanager
def journal_beside(data_directory: Path, clock: Clock) -> Iterator[Note]:
    """What writes entries to it, durably, before the deed. It is opened when there is something to write.

    Each call raises JournalUnavailable, JournalBroken, CentreKeyUnusable: then nothing of what was asked is done.
    """
    opened: list[AuditJournal] = []

    def note(entries: Sequence[JournalEntry]) -> None:
        if not opened:
            key = CentreKey.load_or_make(data_directory / "centre" / "key.pem")
            opened.append(AuditJournal(data_directory / "journal", key))
        opened[0].append(entries, clock.now_ns())

    try:
        yield note
    finally:
        for journal in opened:
            journal.close()
