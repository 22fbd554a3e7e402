"""The desk's store: what was appended comes back, and what is not as written does not open, by its place."""

from __future__ import annotations

import shutil
import sqlite3

import pytest

from csu.evidence import CaseRefused, DeskBroken, RequisitionDesk
from csu.evidence.case_events import CaseChecked, CaseReceived
from csu.evidence.desk_store import DeskStore, read_events
from csu.governance import CentreKey, Role
from csu.governance.legal_calendar import one_month_after

NOW = 1_795_341_600_000_000_000
CLERK = Role.EVIDENCE_CLERK


@pytest.fixture
def key(tmp_path) -> CentreKey:
    return CentreKey.load_or_make(tmp_path / "key.pem")


@pytest.fixture
def path(tmp_path, key, act, spans):
    """A store of three cases received and checked, each by a command of its own."""
    store = DeskStore(tmp_path / "desk.sqlite", key)
    for number in range(3):
        store.append([CaseReceived(f"2026-{number}", act(*spans), "anna", NOW)], CLERK)
        store.append([CaseChecked(f"2026-{number}", "anna", NOW)], CLERK)
    store.close()
    return tmp_path / "desk.sqlite"


def change(path, *statements: str) -> None:
    """As who owns the disk: the guards are taken away, and put back."""
    with sqlite3.connect(path) as file:
        guards = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            file.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            file.execute(statement)
        for _, guard in guards:
            file.execute(guard)


def test_what_was_appended_comes_back_in_order_with_who_acted_as_what(path, key):
    events = read_events(path, key.public)
    assert [each.sequence for each in events] == [1, 2, 3, 4, 5, 6]
    assert [type(each.event).__name__ for each in events] == ["CaseReceived", "CaseChecked"] * 3
    assert {each.role for each in events} == {CLERK}
    desk = RequisitionDesk(lambda _, at_ns: one_month_after(at_ns))
    for each in events:
        desk.apply(each.event)
    assert [case.case for case in desk.cases] == ["2026-0", "2026-1", "2026-2"]


def test_a_store_that_is_opened_again_goes_on_from_its_end(path, key):
    store = DeskStore(path, key)
    (stored,) = store.append([CaseReceived("2026-9", store.events[0].event.act, "anna", NOW)], None)
    assert (stored.sequence, store.head) == (7, (7, stored.digest))
    store.close()
    assert read_events(path, key.public)[-1].role is None


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE desk_event SET body = replace(body, 'anna', 'hans') WHERE sequence = 3", "desk.sqlite#3"),
        ("UPDATE desk_event SET kind = 'CaseRejected' WHERE sequence = 2", "desk.sqlite#2"),
        ("DELETE FROM desk_event WHERE sequence = 4", "desk.sqlite#4"),
        ("UPDATE desk_event SET sequence = sequence + 10 WHERE sequence > 4", "desk.sqlite"),
        ("UPDATE desk_event SET signature = '00' WHERE sequence = 1", "desk.sqlite#1"),
        ("INSERT INTO desk_event VALUES (7, 'CaseChecked', '{}', 'x', 'x')", "desk.sqlite#7"),
    ],
)
def test_a_store_that_was_changed_does_not_open_and_says_where(path, key, statement, where):
    change(path, statement)
    for opened in (lambda: DeskStore(path, key), lambda: read_events(path, key.public)):
        with pytest.raises(DeskBroken) as caught:
            opened()
        assert caught.value.trouble.where.startswith(where)


def test_a_store_without_one_of_its_guards_does_not_open(path, key):
    with sqlite3.connect(path) as file:
        (name,) = file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
        file.execute(f"DROP TRIGGER {name}")
    with pytest.raises(DeskBroken):
        DeskStore(path, key)


def test_a_store_that_another_key_signed_does_not_open(path, tmp_path):
    with pytest.raises(DeskBroken):
        DeskStore(path, CentreKey.load_or_make(tmp_path / "other.pem"))


def test_a_file_that_is_none_does_not_open(path, key):
    path.write_bytes(b"nothing that was ever a register, and long enough to be read as a page" * 100)
    with pytest.raises(DeskBroken):
        DeskStore(path, key)


def test_an_end_that_was_cut_off_is_known_by_a_head_that_was_noted_elsewhere(path, key):
    store = DeskStore(path, key)
    head = store.head
    store.require(*head)
    store.close()
    change(path, "DELETE FROM desk_event WHERE sequence = 6")
    store = DeskStore(path, key)
    with pytest.raises(DeskBroken) as caught:
        store.require(*head)
    assert caught.value.trouble.where == "desk.sqlite#6"
    store.close()


def test_what_was_not_durable_when_the_power_went_is_not_there_and_the_rest_is(path, key, tmp_path, act, spans):
    """A torn tail: the write-ahead log loses its last frames; SQLite then knows of no half event."""
    store = DeskStore(path, key)
    store.append([CaseReceived("2026-8", act(*spans), "anna", NOW)], CLERK)
    torn = tmp_path / "torn" / "desk.sqlite"
    torn.parent.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), torn.with_name(torn.name + suffix))
    store.close()
    log = torn.with_name("desk.sqlite-wal")
    log.write_bytes(log.read_bytes()[:-100])
    events = read_events(torn, key.public)
    assert len(events) == 6


def test_the_store_refuses_to_forget_and_to_go_on_behind_somebody_s_back(path, key):
    store = DeskStore(path, key)
    with sqlite3.connect(path) as file, pytest.raises(sqlite3.DatabaseError):
        file.execute("DELETE FROM desk_event")
    other = DeskStore(path, key)
    other.append([CaseReceived("2026-7", store.events[0].event.act, "anna", NOW)], CLERK)
    with pytest.raises(DeskBroken):
        store.append([CaseChecked("2026-7", "anna", NOW)], CLERK)
    other.close()
    store.close()


def test_events_in_an_order_that_the_rules_do_not_allow_are_refused_by_the_desk(path, key):
    desk = RequisitionDesk(lambda _, at_ns: one_month_after(at_ns))
    events = [each.event for each in read_events(path, key.public)]
    desk.apply(events[0])
    desk.apply(events[1])
    with pytest.raises(CaseRefused):
        desk.apply(events[1])
