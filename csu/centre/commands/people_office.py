"""The files in which a centre keeps its people and how they prove who they are, for a command that acts on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from csu.centre.commands.centre_key import key_of_centre
from csu.centre.registers.journal_beside import journal_beside
from csu.console.sign_in import SignInStore
from csu.governance import JournalEntry, Operation, People, PeopleLedger, people_text
from csu.governance.chained_file import sha256_hex
from csu.governance.journal_entry import account_of
from csu.governance.people_ledger import require_two
from csu.hal.clock import Nanoseconds
from csu.machine import SystemClock


@dataclass(frozen=True, slots=True)
class Office:
    """The files of one centre. Calls block."""

    path: Path
    ledger: PeopleLedger
    store: SignInStore
    now_ns: Nanoseconds

    def enter(self, people: People, *, by: str, second: str, reason: str) -> bool:
        """They hold at once, whole; who is no longer among them is out. False: they are those in force.

        Raises CsuError: then nothing changed.
        """
        require_two(by, second, reason)
        before = self.ledger.people
        self.note("people/entered", by=by, sha256=sha256_hex(people_text(people)))
        is_new = self.ledger.enter(people, by=by, second=second, reason=reason, at_ns=self.now_ns)
        for gone in before:
            if people.person(gone.account) is None:
                self.store.end_sessions(gone.account)
        return is_new

    def note(self, *subjects: str, by: str, sha256: str = "") -> None:
        """Before the deed. Raises CsuError: then it is not done."""
        author = account_of(by) or "nobody"
        with journal_beside(self.path, SystemClock()) as note:
            note([JournalEntry(Operation.RIGHTS, author, "declared", subject=each, sha256=sha256) for each in subjects])


@contextmanager
def opened_office(centre: Path) -> Iterator[Office]:
    """Raises BadInput for a directory that is no centre's, CsuError for files that cannot be read."""
    key = key_of_centre(centre)
    ledger = PeopleLedger(centre / "people.sqlite", key)
    try:
        store = SignInStore(centre / "centre")
        try:
            yield Office(centre, ledger, store, SystemClock().now_ns())
        finally:
            store.close()
    finally:
        ledger.close()
