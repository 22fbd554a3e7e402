"""The journal's rows of one case: each with what it is bound to, over days, and nobody else's."""

from __future__ import annotations

from datetime import date

from csu.governance import AuditJournal, CentreKey
from csu.governance.chained_file import link
from csu.governance.journal_entry import Ended, JournalEntry, Operation, Outcome
from csu.governance.journal_extract import newest_about, rows_of_case

NOON = 1_795_348_800_000_000_000
"""2026-11-22T12:00:00Z."""
DAY = 86_400_000_000_000
SINCE = date(2026, 11, 22)


def entry(case: str = "", subject: str = "") -> JournalEntry:
    return JournalEntry(Operation.CASE, "anna", "evidence_clerk", case=case, subject=subject)


def filled(tmp_path) -> tuple[AuditJournal, CentreKey]:
    """Day 1: another case, ours, its end, another. Day 2: ours as the very first row, and the end of an older one."""
    key = CentreKey.load_or_make(tmp_path / "key.pem")
    journal = AuditJournal(tmp_path / "journal", key)
    journal.append([entry("2026-4")], NOON)
    (ours,) = journal.append([entry("2026-42", "desk/1/CaseReceived")], NOON)
    journal.append([Ended(ours.number, Operation.CASE, Outcome.DONE), entry("2026-421")], NOON)
    (late,) = journal.append([entry("2026-42", "desk/2/CaseChecked")], NOON + DAY)
    journal.append([entry("2026-4"), Ended(late.number, Operation.CASE, Outcome.DONE)], NOON + DAY)
    return journal, key


def test_every_row_of_the_case_comes_with_the_digest_it_is_bound_to_over_days(tmp_path):
    journal, key = filled(tmp_path)
    rows = list(rows_of_case(journal.directory, "2026-42", SINCE))
    assert [row.kind for _, row in rows] == ["case", "ended", "case", "ended"]
    for previous, row in rows:
        assert row.digest == link(previous, row.sequence, row.kind, row.body)
        assert key.public.signed(row.digest, row.signature)
    journal.close()


def test_of_days_before_the_case_was_registered_nothing_is_told(tmp_path):
    journal, _ = filled(tmp_path)
    rows = list(rows_of_case(journal.directory, "2026-42", date(2026, 11, 23)))
    assert [row.kind for _, row in rows] == ["case", "ended"]
    assert all(row.digest == link(previous, row.sequence, row.kind, row.body) for previous, row in rows)
    journal.close()


def test_the_newest_entry_about_a_subject_is_found_whatever_came_after(tmp_path):
    journal, _ = filled(tmp_path)
    found = newest_about(journal.directory, "desk/", [Operation.CASE, Operation.HOLD])
    assert found is not None
    assert found.subject == "desk/2/CaseChecked"
    assert newest_about(journal.directory, "desk/", [Operation.HOLD]) is None
    assert newest_about(journal.directory, "masks/", [Operation.CASE]) is None
    journal.close()
