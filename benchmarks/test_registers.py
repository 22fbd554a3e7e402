"""The audit journal beside a plain table: the same rows and synced commits, without chain, signature and guards.

No peer keeps a signed journal of this kind; the plain table says what the proofs cost. Budgets: 2,000 durable entries a
second when many wait, 20 ms for a single one (99th percentile, wall time: the disk is part of it).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.cpu import cpu_s
from benchmarks.scoreboard import Scoreboard
from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_entry import DataSpan, JournalEntry, Operation, text_of_entry
from csu.governance.journal_verify import verify_journal
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY

NOON_NS = 20_780 * NS_PER_DAY + NS_PER_DAY // 2
WAITING, BATCHES, SINGLES = 64, 150, 300
ENTRIES = [
    JournalEntry(Operation.PTZ, f"agent-{i % 20}", "operator", data=(DataSpan(CameraId(f"cam-{i:04d}")),))
    for i in range(WAITING)
]
COST, SPEED, WAIT = "journal: an entry of many", "journal: durable entries of many", "journal: a single entry, p99"


def test_the_audit_journal(tmp_path: Path, scoreboard: Scoreboard) -> None:
    key = CentreKey(Ed25519PrivateKey.generate())
    journal = AuditJournal(tmp_path / "journal", key)
    _measure(scoreboard, "csu, chained and signed", lambda entries: journal.append(entries, NOON_NS))
    rows, _ = journal.head
    journal.close()
    begin_s = cpu_s()
    assert verify_journal(tmp_path / "journal", key.public).rows == rows
    scoreboard.add("journal: verifying an entry", "csu", (cpu_s() - begin_s) / rows * 1e6, "us of CPU")

    plain = sqlite3.connect(tmp_path / "plain.sqlite", isolation_level=None)
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("PRAGMA synchronous = FULL")
    plain.execute("CREATE TABLE journal (sequence INTEGER PRIMARY KEY, kind TEXT, body TEXT)")

    def insert(entries: list[JournalEntry]) -> None:
        plain.execute("BEGIN IMMEDIATE")
        plain.executemany(
            "INSERT INTO journal (kind, body) VALUES (?, ?)", [text_of_entry(0, NOON_NS, entry) for entry in entries]
        )
        plain.execute("COMMIT")

    _measure(scoreboard, "a plain table", insert)
    plain.close()


def _measure(scoreboard: Scoreboard, subject: str, write: Callable[[list[JournalEntry]], object]) -> None:
    write(ENTRIES)
    begin_s, begin_cpu_s = time.perf_counter(), cpu_s()
    for _ in range(BATCHES):
        write(ENTRIES)
    written = BATCHES * WAITING
    scoreboard.add(COST, subject, (cpu_s() - begin_cpu_s) / written * 1e6, "us of CPU")
    scoreboard.add(SPEED, subject, written / (time.perf_counter() - begin_s), "entries a second", "more")
    waits_ms = []
    for _ in range(SINGLES):
        begin_s = time.perf_counter()
        write(ENTRIES[:1])
        waits_ms.append((time.perf_counter() - begin_s) * 1e3)
    scoreboard.add(WAIT, subject, sorted(waits_ms)[int(SINGLES * 0.99)], "ms of wall time")
