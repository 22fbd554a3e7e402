"""The journal is found in by whoever controls: a page at a time, bounded; nothing of it adds up a person (LOG-6)."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

from csu.governance import journal_search
from csu.governance.journal_entry import Ended, Operation, Outcome
from csu.governance.journal_search import FoundEntry, JournalPage, JournalQuery, search_journal
from csu.governance.register_errors import JournalBroken
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY

FIRST = date(2026, 11, 23)


@pytest.fixture
def journal(room, make_entry, noon_ns):
    """Three days; each: a film of camera 1 that ends, an export of camera 2 in a case, a turn of camera 12 refused."""
    opened = room.open()
    for day in range(3):
        at_ns = noon_ns + day * NS_PER_DAY
        (row, *_) = opened.append(
            [
                make_entry(camera="cam-1", author="a.martin", role="operator"),
                make_entry(Operation.EXPORT, camera="cam-2", author="b.roth", case=f"2026-{day}"),
                make_entry(Operation.PTZ, camera="cam-12", author="a.martin", outcome=Outcome.REFUSED, refusal="com-3"),
            ],
            at_ns,
        )
        opened.append([Ended(row.number, row.entry.operation, Outcome.PARTIAL)], at_ns + 1)
    return room


def found(room, **query) -> list[int]:
    return [each.row.number for each in search_journal(room.directory, JournalQuery(**query)).found]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [13, 12, 11, 8, 7, 6, 3, 2, 1]),
        ({"author": "b.roth"}, [12, 7, 2]),
        ({"author": "b.rot"}, []),
        ({"operation": Operation.PTZ}, [13, 8, 3]),
        ({"camera": CameraId("cam-1")}, [11, 6, 1]),
        ({"case": "2026-1"}, [7]),
        ({"author": "a.martin", "operation": Operation.PTZ, "to_day": FIRST}, [3]),
        ({"from_day": date(2026, 11, 25)}, [13, 12, 11]),
        ({"from_day": date(2026, 11, 24), "to_day": date(2026, 11, 24)}, [8, 7, 6]),
        ({"from_day": date(2027, 1, 1)}, []),
        ({"before": 7}, [6, 3, 2, 1]),
    ],
)
def test_entries_are_found_by_what_they_say_newest_first(journal, query, numbers) -> None:
    assert found(journal, **query) == numbers


def test_an_entry_is_told_with_how_it_ended(journal) -> None:
    page = search_journal(journal.directory, JournalQuery(to_day=FIRST))
    assert [each.ended.outcome if each.ended else None for each in page.found] == [None, None, Outcome.PARTIAL]


def test_a_page_is_gone_on_from_where_it_stopped(journal) -> None:
    query, numbers = JournalQuery(), []
    for _ in range(5):
        page = search_journal(journal.directory, query, rows_max=2)
        numbers += [each.row.number for each in page.found]
        query = JournalQuery(before=page.go_on_before)
    assert numbers == [13, 12, 11, 8, 7, 6, 3, 2, 1]
    assert page.go_on_before is None


def test_one_question_looks_through_so_many_rows_and_says_where_the_next_goes_on(journal, monkeypatch) -> None:
    monkeypatch.setattr(journal_search, "LOOKED_THROUGH_MAX", 5)
    query, pages, rows = JournalQuery(author="b.roth"), 0, []
    while True:
        page = search_journal(journal.directory, query)
        rows += [each.row.number for each in page.found]
        pages += 1
        if page.go_on_before is None:
            break
        query = JournalQuery(author="b.roth", before=page.go_on_before)
    assert rows == [12, 7, 2]
    assert pages == 3


def test_a_row_that_is_not_of_csu_is_told(journal) -> None:
    journal.tamper("2026-11-24.sqlite", """UPDATE journal SET body = '{"n": 7, "at_ns": 1}' WHERE sequence = 7""")
    with pytest.raises(JournalBroken):
        search_journal(journal.directory, JournalQuery())


def test_nothing_is_counted_or_ranked_by_person() -> None:
    """The closed list of what a search can be asked, and of what it tells: no sum, no order but by number."""
    asked, told = ({field.name for field in fields(kind)} for kind in (JournalQuery, JournalPage))
    assert asked == {"author", "operation", "camera", "case", "from_day", "to_day", "before"}
    assert told == {"found", "go_on_before"}
    assert {field.name for field in fields(FoundEntry)} == {"row", "ended"}
