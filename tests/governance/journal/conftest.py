"""A journal of a few days, the people who write it, and somebody with the file and sqlite3."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal, JournalAlert
from csu.governance.journal_entry import DataSpan, Ground, JournalEntry, Operation, Outcome
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE

DAY_0_NS = 20_780 * NS_PER_DAY
"""2026-11-23T00:00Z."""
NOON_NS = DAY_0_NS + NS_PER_DAY // 2


@pytest.fixture(scope="session")
def centre_key() -> CentreKey:
    return CentreKey(Ed25519PrivateKey.generate())


@pytest.fixture
def noon_ns() -> int:
    return NOON_NS


def entry(operation: Operation = Operation.LIVE_SELECT, camera: str = "cam-0012", **more) -> JournalEntry:
    """A lawful entry of any operation."""
    span = Span(NOON_NS - 10 * NS_PER_MINUTE, NOON_NS)
    given = {
        "author": "a.martin",
        "role": "evidence_clerk",
        "outcome": Outcome.GRANTED,
        "ground": Ground.REQUISITION,
        "reference": "REQ-2026-0017",
        "data": (DataSpan(CameraId(camera), span),),
        "recipient": "opj:0123456",
    }
    return JournalEntry(operation, **(given | more))


@pytest.fixture
def make_entry() -> Callable[..., JournalEntry]:
    return entry


class Room:
    """A journal's directory, and what was heard."""

    def __init__(self, directory: Path, key: CentreKey) -> None:
        self.directory, self.key = directory, key
        self.alerts: list[JournalAlert] = []
        self._open: list[AuditJournal] = []

    def open(self) -> AuditJournal:
        journal = AuditJournal(self.directory, self.key, self.alerts.append)
        self._open.append(journal)
        return journal

    def fill(self, days: int = 3, each: int = 6) -> None:
        """`each` entries on each of some days, and all closed."""
        journal = self.open()
        for day in range(days):
            journal.append([entry(camera=f"cam-{i:04d}") for i in range(each)], NOON_NS + day * NS_PER_DAY)
        journal.close()

    def tamper(self, name: str, *statements: str, guards: bool = True) -> None:
        """As somebody with the file and sqlite3 would: past the guards, which he puts back."""
        connection = sqlite3.connect(self.directory / name)
        held = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for trigger, _ in held:
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in held if guards else ():
            connection.execute(sql)
        connection.commit()
        connection.close()

    def close(self) -> None:
        for journal in self._open:
            journal.close()


@pytest.fixture
def room(tmp_path, centre_key) -> Iterator[Room]:
    room = Room(tmp_path / "journal", centre_key)
    yield room
    room.close()
