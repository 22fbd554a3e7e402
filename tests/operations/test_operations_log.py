"""The operations log: numbered without a hole, never edited, corrected by new entries; what describes persons goes."""

from __future__ import annotations

import sqlite3

import pytest

from csu.hal.clock import NS_PER_DAY
from csu.operations import (
    Descriptions,
    Draft,
    EntryKind,
    LogBroken,
    LogEntryRefused,
    LogNotKept,
    OperationsLog,
)


def draft(text: str = "Intrusion au gymnase", **more) -> Draft:
    return Draft(more.pop("kind", EntryKind.OBSERVATION), more.pop("by", "agent-7"), text, **more)


def test_entries_are_numbered_from_one_without_a_hole_also_over_a_restart(log, tmp_path) -> None:
    numbers = [log.write(draft(f"fait {n}"), n).number for n in range(3)]
    log.close()
    again = OperationsLog(tmp_path / "log.sqlite")
    numbers.append(again.write(draft("après"), 9).number)
    assert numbers == [1, 2, 3, 4]
    assert [entry.entry.text for entry in again.newest(2)] == ["fait 2", "après"]
    again.close()


@pytest.mark.parametrize(
    ("most", "before", "numbers"),
    [(2, None, [4, 5]), (2, 4, [2, 3]), (2, 2, [1]), (2, 1, []), (9, 3, [1, 2]), (2, 99, [4, 5])],
)
def test_the_log_is_read_backwards_by_the_page(log, most, before, numbers) -> None:
    for n in range(5):
        log.write(draft(f"fait {n}"), n)
    assert [entry.number for entry in log.newest(most, before)] == numbers


def test_a_correction_is_a_new_entry_and_what_was_wrong_still_stands(log) -> None:
    first = log.write(draft("Trois personnes"), 1)
    log.write(draft("Deux personnes", kind=EntryKind.CORRECTION, corrects=first.number, by="agent-8"), 2)
    assert [(entry.entry.text, entry.entry.by) for entry in log.reading(1)] == [
        ("Trois personnes", "agent-7"),
        ("Deux personnes", "agent-8"),
    ]


@pytest.mark.parametrize("number", [0, -1, 2, 99])
def test_what_is_not_there_cannot_be_corrected(log, number) -> None:
    log.write(draft(), 1)
    with pytest.raises(LogEntryRefused):
        log.write(draft(kind=EntryKind.CORRECTION, corrects=number), 2)
    assert log.head[0] == 1


def test_an_incident_is_read_back_whole_by_its_alarm(log) -> None:
    alarm = "panel-1/7"
    log.write(draft("Alarme prise", kind=EntryKind.ALARM, alarm=alarm), 1)
    log.write(draft("Autre chose"), 2)
    log.write(draft("Police avisée : brigadier Martin", kind=EntryKind.DISPATCH, alarm=alarm, call="call-1"), 3)
    log.write(draft("Close", kind=EntryKind.ALARM, alarm=alarm), 4)
    assert [(entry.at_ns, entry.entry.call) for entry in log.of_alarm(alarm)] == [(1, ""), (3, "call-1"), (4, "")]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("", {}),
        ("x" * 2001, {}),
        ("data:image/png;base64,AAAA", {}),
        ("voiture AB-123-CD", {}),
        ("bon", {"by": " "}),
        ("bon", {"kind": EntryKind.CORRECTION}),
        ("bon", {"corrects": 1}),
    ],
    ids=["empty", "long", "picture", "plate", "nobody", "corrects nothing", "no correction"],
)
def test_what_may_not_be_written_is_refused(text, more) -> None:
    with pytest.raises(LogEntryRefused):
        draft(text, **more)


@pytest.mark.parametrize(
    "deed", ["UPDATE log_entry SET body = replace(body, 'fait', 'rien')", "DELETE FROM log_entry WHERE sequence = 1"]
)
def test_an_entry_can_be_neither_edited_nor_removed_by_any_tool(log, tmp_path, deed) -> None:
    log.write(draft("fait"), 1)
    other = sqlite3.connect(tmp_path / "log.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        other.execute(deed)
    other.close()


@pytest.mark.parametrize("body", ['{"at_ns":1,"by":"agent-7","text":"rien"}', "[]", "{}"])
def test_whoever_takes_the_guards_away_and_edits_is_told_of(log, tmp_path, body) -> None:
    for n in range(3):
        log.write(draft("fait"), n)
    log.close()
    other = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    other.execute("DROP TRIGGER log_entry_no_update")
    other.execute("UPDATE log_entry SET body = ? WHERE sequence = 2", (body,))
    other.close()
    with pytest.raises(LogBroken):
        OperationsLog(tmp_path / "log.sqlite")


def test_two_desks_that_write_at_once_share_the_numbers(log, tmp_path) -> None:
    other = OperationsLog(tmp_path / "log.sqlite")
    numbers = [each.write(draft("fait"), 1).number for each in (log, other, log, other)]
    assert numbers == [1, 2, 3, 4]
    other.close()


def test_a_description_is_short_and_gone_after_its_time_while_the_entry_stays(log, tmp_path) -> None:
    number = log.write(draft(), 0).number
    descriptions = Descriptions(tmp_path / "descriptions.sqlite")
    descriptions.keep(number, "veste rouge, casque noir", 0)
    with pytest.raises(LogEntryRefused):
        descriptions.keep(2, "x" * 201, 0)
    with pytest.raises(LogNotKept):
        descriptions.keep(number, "une autre", 0)
    end_ns = 30 * NS_PER_DAY
    assert descriptions.of(number, end_ns - 1) == "veste rouge, casque noir"
    assert descriptions.of(number, end_ns) is None  # before it is erased, too
    assert descriptions.purge(end_ns - 1) == 0
    assert descriptions.purge(end_ns) == 1
    descriptions.close()
    assert b"veste" not in (tmp_path / "descriptions.sqlite").read_bytes()
    assert len(log.reading(number)) == 1
