"""Whatever is done to the journal, the check names what and where; what is whole holds."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csu.governance.anchor import make_anchor
from csu.governance.centre_key import CentreKey
from csu.governance.chained_file import ChainedFile, ChainTroubles, link, read_rows
from csu.governance.journal import CHAIN, AuditJournal
from csu.governance.journal_closings import CLOSINGS, DAY_FORM
from csu.governance.journal_entry import text_of_entry
from csu.governance.journal_reading import path_of
from csu.governance.journal_verify import verify_journal
from csu.governance.journal_watch import JournalWatch
from csu.hal.clock import NS_PER_DAY

FIRST, SECOND, TODAY = "2026-11-23.sqlite", "2026-11-24.sqlite", "2026-11-25.sqlite"
"""Rows 1-7, 8-14, 15-20: six entries and, of the first two, the closing row."""


def findings(room, key=None, anchors=()):
    found = verify_journal(room.directory, (key or room.key).public, anchors)
    return [(each.kind.value, each.where) for each in found.findings]


def shift(by: int, beyond: int) -> list[str]:
    """Renumber rows behind one: through negative numbers, for they are a primary key."""
    return [
        f"UPDATE journal SET sequence = -(sequence + {by}) WHERE sequence > {beyond}",
        "UPDATE journal SET sequence = -sequence WHERE sequence < 0",
    ]


def swap(a: int, b: int) -> list[str]:
    return [
        f"UPDATE journal SET sequence = -{a} WHERE sequence = {a}",
        f"UPDATE journal SET sequence = {a} WHERE sequence = {b}",
        f"UPDATE journal SET sequence = {b} WHERE sequence = -{a}",
    ]


FORGED = "INSERT INTO journal SELECT {at}, kind, {body}, digest, signature FROM journal WHERE sequence = {like}"

DEEDS = {
    "another author": (
        [FIRST, "UPDATE journal SET body = replace(body, 'a.martin', 'b.durand') WHERE sequence = 3"],
        "changed",
        3,
    ),
    "another operation": ([FIRST, "UPDATE journal SET kind = 'ptz' WHERE sequence = 3"], "changed", 3),
    "the newest row": (
        [TODAY, "UPDATE journal SET body = replace(body, 'cam-0005', 'cam-0006') WHERE sequence = 20"],
        "changed",
        20,
    ),
    "a body that is none": ([FIRST, "UPDATE journal SET body = 'x' WHERE sequence = 3"], "changed", 3),
    "a digest": ([FIRST, "UPDATE journal SET digest = upper(digest) WHERE sequence = 3"], "changed", 3),
    "a signature": ([FIRST, "UPDATE journal SET signature = 'ff' WHERE sequence = 3"], "unsigned", 3),
    "a row taken out": ([FIRST, "DELETE FROM journal WHERE sequence = 3"], "missing", 3),
    "the first row of all": ([FIRST, "DELETE FROM journal WHERE sequence = 1"], "missing", 1),
    "a row taken out and the rest renumbered": (
        [FIRST, "DELETE FROM journal WHERE sequence = 3", *shift(-1, 3)],
        "missing",
        3,
    ),
    "rows exchanged": ([FIRST, *swap(3, 4)], "moved", 4),
    "far rows exchanged": ([FIRST, *swap(2, 6)], "moved", 6),
    "a row put in": (
        [FIRST, *shift(1, 3), FORGED.format(at=4, like=3, body="replace(body, '\"n\":3', '\"n\":4')")],
        "added",
        4,
    ),
    "a row written twice": ([FIRST, *shift(1, 3), FORGED.format(at=4, like=3, body="body")], "added", 4),
    "a row at the end": (
        [TODAY, FORGED.format(at=21, like=20, body="replace(body, '\"n\":20', '\"n\":21')")],
        "changed",
        21,
    ),
    "the end of a finished day": ([FIRST, "DELETE FROM journal WHERE sequence > 4"], "cut", 4),
    "all of a finished day": ([SECOND, "DELETE FROM journal"], "cut", 7),
    "a closing": (
        [CLOSINGS, "UPDATE closing SET body = replace(body, '2026-11-23', '2026-11-22') WHERE sequence = 1"],
        "changed",
        1,
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_every_deed_is_told_once_with_its_place(room, deed):
    room.fill()
    assert findings(room) == []
    (name, *statements), kind, number = DEEDS[deed]
    room.tamper(name, *statements)
    found = findings(room)
    assert found[0] == (kind, f"{name}#{number}")
    if name != CLOSINGS:
        assert len(found) == 1


def test_a_row_forged_with_a_right_chain_lacks_the_signature(room):
    room.fill(days=1)
    rows = list(read_rows(room.directory / FIRST, DAY_FORM))
    body = rows[-1].body.replace('"n":6', '"n":7')
    digest = link(rows[-1].digest, 7, "ptz", body)
    room.tamper(FIRST, f"INSERT INTO journal VALUES (7, 'ptz', '{body}', '{digest}', '{rows[-1].signature}')")
    assert findings(room) == [("unsigned", f"{FIRST}#7")]


def test_a_row_rewritten_with_its_digest_is_one_finding(room):
    room.fill(days=1)
    rows = list(read_rows(room.directory / FIRST, DAY_FORM))
    body = rows[2].body.replace("a.martin", "b.durand")
    digest = link(rows[1].digest, 3, rows[2].kind, body)
    room.tamper(FIRST, f"UPDATE journal SET body = '{body}', digest = '{digest}' WHERE sequence = 3")
    assert findings(room) == [("unsigned", f"{FIRST}#3")]


def test_a_day_file_that_went_away_is_missing(room):
    room.fill()
    (room.directory / SECOND).unlink()
    assert findings(room) == [("missing", SECOND)]


def test_closings_that_went_away_are_missing(room):
    room.fill()
    (room.directory / CLOSINGS).unlink()
    assert findings(room)[0] == ("missing", CLOSINGS)


def test_a_file_that_is_no_database_is_told(room):
    room.fill()
    (room.directory / SECOND).write_bytes(b"not a database, " * 100)
    assert ("unreadable", SECOND) in findings(room)


def test_guards_that_were_taken_away_are_told(room):
    room.fill()
    room.tamper(TODAY, guards=False)
    assert findings(room) == [("unguarded", TODAY)]


# -- what only an anchor tells ----------------------------------------------------------------------------------------


def anchored(room, noon_ns):
    journal = room.open()
    made = make_anchor(CHAIN, *journal.head, noon_ns, room.key)
    journal.close()
    return [made]


def test_the_newest_rows_cut_off_are_found_by_the_anchor_alone(room, noon_ns):
    room.fill()
    anchors = anchored(room, noon_ns)
    assert findings(room, anchors=anchors) == []
    room.tamper(TODAY, "DELETE FROM journal WHERE sequence > 18")
    assert findings(room) == []
    assert findings(room, anchors=anchors) == [("cut", f"{TODAY}#18")]


def test_a_whole_journal_replaced_by_one_with_the_same_key_is_found(room, noon_ns, make_entry):
    room.fill()
    anchors = anchored(room, noon_ns)
    shutil.rmtree(room.directory)
    journal = room.open()
    for day in range(3):
        journal.append([make_entry(author="nobody") for _ in range(6)], noon_ns + day * NS_PER_DAY)
    journal.close()
    assert findings(room) == []
    assert findings(room, anchors=anchors) == [("replaced", "#20")]


def test_a_journal_that_went_away_is_found(room, noon_ns):
    room.fill()
    anchors = anchored(room, noon_ns)
    shutil.rmtree(room.directory)
    assert findings(room, anchors=anchors) == [("cut", "journal#0")]


def test_a_journal_of_another_key_is_not_ours(room, noon_ns, make_entry):
    stranger = CentreKey(Ed25519PrivateKey.generate())
    journal = AuditJournal(room.directory, stranger)
    journal.append([make_entry()], noon_ns)
    journal.close()
    assert findings(room) == [("unsigned", f"{FIRST}#1")]


def test_an_anchor_of_another_key_proves_nothing_and_is_told(room, noon_ns):
    room.fill(days=1)
    stranger = CentreKey(Ed25519PrivateKey.generate())
    assert findings(room, anchors=[make_anchor(CHAIN, 9, "0" * 64, noon_ns, stranger)]) == [("unsigned", "anchor#1")]


def test_what_was_written_since_the_last_anchor_is_counted(room, noon_ns, make_entry):
    room.fill(days=1)
    anchors = anchored(room, noon_ns)
    room.open().append([make_entry()] * 5, noon_ns)
    assert verify_journal(room.directory, room.key.public, anchors).unanchored == 5


# -- any damage at all ------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.integers(1, 7), column=st.sampled_from(["kind", "body", "digest", "signature"]), place=st.integers(0, 400)
)
def test_no_character_of_a_row_can_change_unseen(room, row, column, place):
    if not room.directory.exists():
        room.fill(days=2)
        shutil.copytree(room.directory, room.directory.with_name("whole"))
    shutil.rmtree(room.directory)
    shutil.copytree(room.directory.with_name("whole"), room.directory)
    connection = sqlite3.connect(room.directory / FIRST)
    [text] = connection.execute(f"SELECT {column} FROM journal WHERE sequence = {row}").fetchone()
    connection.close()
    place %= len(text)
    other = text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]
    room.tamper(FIRST, f"UPDATE journal SET {column} = '{other}' WHERE sequence = {row}")
    assert findings(room)[0][1] in (f"{FIRST}#{row}", f"{FIRST}#{row + 1}")


# -- while it runs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def watched(room, make_entry, noon_ns):
    journal = room.open()
    for day in range(2):
        journal.append([make_entry() for _ in range(3)], noon_ns + day * NS_PER_DAY)
    watch = JournalWatch(journal, room.key.public)
    assert watch.look(noon_ns + NS_PER_DAY) == []
    return watch


def told(room) -> list[str]:
    return [alert.where for alert in room.alerts]


def test_a_refused_attempt_raises_an_alert_and_is_journaled(room, watched, noon_ns):
    connection = sqlite3.connect(room.directory / SECOND, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM journal WHERE sequence = 6")
    connection.close()
    [alert] = watched.look(noon_ns + NS_PER_DAY)
    assert "delete #6" in alert.what.en
    assert told(room) == [f"{SECOND}#attempt-1"]
    assert watched.look(noon_ns + NS_PER_DAY) == []
    assert list(read_rows(room.directory / SECOND, DAY_FORM))[-1].kind == "tampering"
    after_a_restart = JournalWatch(room.open(), room.key.public)
    assert after_a_restart.look(noon_ns + NS_PER_DAY) == []


def test_an_attempt_made_while_the_centre_was_stopped_raises_an_alert_when_it_starts(room, noon_ns):
    room.fill(days=1)
    connection = sqlite3.connect(room.directory / FIRST, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE journal SET body = ''")
    connection.close()
    JournalWatch(room.open(), room.key.public).look(noon_ns)
    assert told(room) == [f"{FIRST}#attempt-1"]


def test_a_changed_row_raises_an_alert_that_names_it(room, watched, noon_ns):
    room.tamper(SECOND, "UPDATE journal SET body = replace(body, 'a.martin', 'b.durand') WHERE sequence = 6")
    watched.look(noon_ns + NS_PER_DAY)
    assert told(room) == [f"{SECOND}#6"]


def test_a_changed_row_of_a_finished_day_raises_an_alert(room, watched, noon_ns):
    room.tamper(FIRST, "DELETE FROM journal WHERE sequence = 2")
    watched.look(noon_ns + NS_PER_DAY)
    assert told(room) == [f"{FIRST}#2"]


def test_a_finished_day_that_goes_away_raises_an_alert(room, watched, noon_ns):
    path_of(room.directory, date(2026, 11, 23)).unlink()
    watched.look(noon_ns + NS_PER_DAY)
    assert told(room) == [FIRST]


def test_guards_taken_away_raise_an_alert(room, watched, noon_ns):
    room.tamper(SECOND, guards=False)
    watched.look(noon_ns + NS_PER_DAY)
    assert told(room) == [SECOND]


def test_what_another_process_of_csu_writes_is_no_alert(room, watched, make_entry, noon_ns):
    room.open().append([make_entry()], noon_ns + NS_PER_DAY)
    assert watched.look(noon_ns + NS_PER_DAY) == []


def test_the_chain_is_the_same_for_whoever_computes_it(room, make_entry, noon_ns, tmp_path):
    """Nothing of a row depends on when or where it is computed: an auditor can do it with 10 lines."""
    entry = make_entry()
    room.open().append([entry], noon_ns)
    [row] = read_rows(room.directory / FIRST, DAY_FORM)
    kind, body = text_of_entry(1, noon_ns, entry)
    assert (row.kind, row.body, row.digest) == (kind, body, link(DAY_FORM.first_link, 1, kind, body))
    assert row.signature == room.key.sign(row.digest)


def test_a_file_opened_at_the_wrong_place_of_the_chain_is_refused(room):
    room.fill(days=2)
    troubles = ChainTroubles(lambda where: KeyError(where), lambda where, error: OSError(where))  # type: ignore[arg-type, return-value]
    file = ChainedFile(room.directory / SECOND, DAY_FORM, troubles)
    with pytest.raises(KeyError):
        file.locked(lambda connection: list(file.read_on(connection)))
    file.close()
