"""The journal's files: durable, a file a day, shared by processes, purged by whole days, and never changed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from datetime import date

import pytest
import sqlalchemy as sa

from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_entry import Ended, Operation, Outcome
from csu.governance.journal_reading import days_of, path_of, read_journal
from csu.governance.journal_retention import JournalRetention
from csu.governance.journal_verify import verify_journal
from csu.governance.register_errors import JournalBroken, JournalRetentionRefused, JournalUnavailable
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY

TODAY = "2026-11-23.sqlite"


def test_entries_come_back_after_a_restart_in_order_with_their_instants(room, make_entry, noon_ns):
    journal = room.open()
    exported = make_entry(Operation.EXPORT)
    [row] = journal.append([exported], noon_ns)
    journal.append([Ended(row.number, Operation.EXPORT, Outcome.DONE, "a" * 64)], noon_ns + 5)
    journal.close()
    again = room.open()
    again.append([make_entry()], noon_ns + 9)
    rows = list(read_journal(room.directory))
    assert [(row.number, row.at_ns) for row in rows] == [(1, noon_ns), (2, noon_ns + 5), (3, noon_ns + 9)]
    assert rows[0].entry == exported


def test_a_commit_waits_for_the_disk(room, make_entry, noon_ns):
    journal = room.open()
    journal.append([make_entry()], noon_ns)
    with journal._today.file._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL: each commit is synced


def test_each_day_has_its_file_and_one_chain_goes_through_them(room, centre_key):
    room.fill(days=3, each=4)
    assert days_of(room.directory) == [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)]
    found = verify_journal(room.directory, centre_key.public)
    assert found.holds
    assert found.rows == 3 * 4 + 2  # and the rows that closed two days


def test_two_processes_share_the_journal_over_midnight(room, make_entry, noon_ns, centre_key):
    here, there = room.open(), room.open()
    for i in range(4):
        at_ns = noon_ns + i * NS_PER_DAY // 2
        here.append([make_entry()], at_ns)
        there.append([make_entry(), make_entry()], at_ns)
    numbers = [row.number for row in read_journal(room.directory)]
    assert len(numbers) == 12
    assert sorted(set(numbers)) == numbers
    assert verify_journal(room.directory, centre_key.public).holds


def test_a_clock_that_goes_back_over_midnight_loses_nothing(room, make_entry, noon_ns, centre_key):
    journal = room.open()
    for at_ns in (noon_ns, noon_ns + NS_PER_DAY, noon_ns + 1):
        journal.append([make_entry()], at_ns)
    journal.close()
    room.open().append([make_entry()], noon_ns + 2)
    assert [row.at_ns for row in read_journal(room.directory, noon_ns, noon_ns + 3)] == [
        noon_ns,
        noon_ns + 1,
        noon_ns + 2,
    ]
    assert verify_journal(room.directory, centre_key.public).holds


def test_a_crash_between_the_last_row_of_a_day_and_its_closing_is_made_good(
    room, make_entry, noon_ns, centre_key, monkeypatch
):
    journal = room.open()
    journal.append([make_entry()], noon_ns)
    with monkeypatch.context() as crash:
        crash.setattr(AuditJournal, "_note_closed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            journal.append([make_entry()], noon_ns + NS_PER_DAY)
    journal.close()
    again = room.open()
    again.append([make_entry()], noon_ns + NS_PER_DAY)
    assert [each.day for each in again.closings.closed] == [date(2026, 11, 23)]
    assert verify_journal(room.directory, centre_key.public).holds
    assert len(list(read_journal(room.directory))) == 2


def test_all_exports_of_a_camera_are_found_over_days(room, make_entry, noon_ns):
    journal = room.open()
    for day in range(3):
        at_ns = noon_ns + day * NS_PER_DAY
        made = [make_entry(Operation.EXPORT, camera) for camera in ("cam-0001", "cam-0002")]
        journal.append([*made, make_entry(camera="cam-0001")], at_ns)
    found = list(read_journal(room.directory, operation=Operation.EXPORT, camera=CameraId("cam-0001")))
    assert len(found) == 3
    assert {row.entry.operation for row in found} == {Operation.EXPORT}


# -- when it cannot be written ----------------------------------------------------------------------------------------


def test_a_journal_that_cannot_be_written_says_so(tmp_path, centre_key):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnavailable):
        AuditJournal(tmp_path / "file" / "journal", centre_key)


def test_a_full_disk_writes_nothing_of_a_batch_and_goes_on_afterwards(
    room, make_entry, noon_ns, monkeypatch, centre_key
):
    journal = room.open()
    journal.append([make_entry()], noon_ns)
    head = journal.head

    def full(*_, **__):
        raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    with monkeypatch.context() as disk:
        disk.setattr(sa.Connection, "execute", full)
        with pytest.raises(JournalUnavailable):
            journal.append([make_entry(), make_entry()], noon_ns)
    assert journal.head == head
    journal.append([make_entry()], noon_ns)
    assert verify_journal(room.directory, centre_key.public).rows == 2


def test_csu_adds_nothing_to_a_journal_whose_end_was_cut_while_it_ran(room, make_entry, noon_ns):
    journal = room.open()
    journal.append([make_entry() for _ in range(3)], noon_ns)
    room.tamper(TODAY, "DELETE FROM journal WHERE sequence = 3")
    with pytest.raises(JournalBroken):
        journal.append([make_entry()], noon_ns)
    assert [alert.where for alert in room.alerts] == [f"{TODAY}#3"]


# -- append only ------------------------------------------------------------------------------------------------------

FORBIDDEN = [
    "UPDATE journal SET body = body",
    "DELETE FROM journal",
    "INSERT OR REPLACE INTO journal VALUES (1, 'ptz', '{}', 'x', 'y')",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_file_itself_refuses_and_notes_that_somebody_tried(room, make_entry, noon_ns, statement):
    room.open().append([make_entry()], noon_ns)
    connection = sqlite3.connect(path_of(room.directory, date(2026, 11, 23)), isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        connection.execute(statement)
    assert connection.execute("SELECT count(*) FROM journal_attempt").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        *FORBIDDEN[:2],
        "DROP TABLE journal",
        "DROP TRIGGER journal_no_update",
        "CREATE TABLE other (x)",
        "ALTER TABLE journal ADD COLUMN x",
        "PRAGMA writable_schema = ON",
        "ATTACH DATABASE ':memory:' AS other",
    ],
)
def test_csus_own_connection_may_only_read_and_add(room, make_entry, noon_ns, statement):
    journal = room.open()
    journal.append([make_entry()], noon_ns)
    with (
        journal._today.file._engine.connect() as connection,
        pytest.raises(sa.exc.DatabaseError, match="not authorized"),
    ):
        connection.exec_driver_sql(statement)


# -- retention (LOG-4) ------------------------------------------------------------------------------------------------


def test_a_day_is_purged_when_its_first_entry_is_a_year_old_and_the_chain_holds_across(
    room, make_entry, centre_key, noon_ns
):
    start_ns = noon_ns - NS_PER_DAY // 2
    journal = room.open()
    for day in range(3):
        journal.append([make_entry()], start_ns + day * NS_PER_DAY)
    retention = JournalRetention()
    assert journal.purge(retention, start_ns + 365 * NS_PER_DAY - 1) == []
    assert journal.purge(retention, start_ns + 365 * NS_PER_DAY) == [date(2026, 11, 23)]
    assert not path_of(room.directory, date(2026, 11, 23)).exists()
    assert journal.purge(retention, start_ns + 365 * NS_PER_DAY + 1) == []
    found = verify_journal(room.directory, centre_key.public)
    assert (found.holds, found.purged) == (True, 1)
    purges = list(read_journal(room.directory, operation=Operation.JOURNAL_PURGE))
    assert [row.entry.subject for row in purges] == ["journal/2026-11-23"]


def test_a_purge_that_a_crash_cut_short_ends_at_the_next_one(room, make_entry, noon_ns, monkeypatch, centre_key):
    journal = room.open()
    journal.append([make_entry()], noon_ns)
    later_ns = noon_ns + 400 * NS_PER_DAY
    with monkeypatch.context() as crash:
        crash.setattr("csu.governance.journal._remove", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            journal.purge(JournalRetention(), later_ns)
    assert [each.kind for each in verify_journal(room.directory, centre_key.public).findings] == ["overdue"]
    journal.purge(JournalRetention(), later_ns)
    assert verify_journal(room.directory, centre_key.public).holds


def test_a_quiet_journal_is_purged_too(room, make_entry, noon_ns):
    journal = room.open()
    journal.append([make_entry()], noon_ns)
    assert journal.purge(JournalRetention(), noon_ns + 400 * NS_PER_DAY) == [date(2026, 11, 23)]


@pytest.mark.parametrize(
    "asked",
    [
        {"days": 366},
        {"days": 366, "justified_by": "D. Petit"},
        {"days": 366, "justification": "misuse"},
        {"days": 1_096, "justified_by": "D. Petit", "justification": "misuse"},
        {"days": 183},
        {"days": 366, "justified_by": " ", "justification": " "},
    ],
)
def test_a_retention_that_the_cnil_does_not_allow_is_refused(asked):
    with pytest.raises(JournalRetentionRefused):
        JournalRetention(**asked)


def test_retentions_that_it_allows():
    assert JournalRetention().days == 365
    JournalRetention(184)
    JournalRetention(1_095, "D. Petit", "internal control, register 12")
    JournalRetention(1_096, "D. Petit", "internal control, register 12", legal_obligation="CSI L000-0")


WRITER = """
import os, signal, sys
from pathlib import Path
from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_entry import JournalEntry, Operation

journal = AuditJournal(Path(sys.argv[1]), CentreKey.load_or_make(Path(sys.argv[2])))
for _ in range(int(sys.argv[3])):
    last = journal.append([JournalEntry(Operation.PTZ, "a.martin", "operator")] * 3, int(sys.argv[4]))[-1].number
print(last, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_append_returned_outlives_a_killed_process(tmp_path, noon_ns):
    directory, key = tmp_path / "journal", tmp_path / "key.pem"
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(directory), str(key), "5", str(noon_ns)]
        died = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert died.returncode == -signal.SIGKILL, died.stderr
        found = verify_journal(directory, CentreKey.load(key).public)
        assert (found.holds, found.last) == (True, int(died.stdout))
    assert found.last == 30
