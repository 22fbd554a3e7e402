"""An alarm's life after its acknowledgement: steps by people, clocks that tell who sleeps, a disk that remembers."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.alarms import (
    NEXT,
    Alarm,
    AlarmAcknowledged,
    AlarmDesk,
    AlarmId,
    AlarmLate,
    AlarmNotKept,
    AlarmState,
    AlarmStepRefused,
    AlarmStore,
    Contact,
    PoliceCall,
)
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import CsuError

_S = AlarmState
CALL = PoliceCall("police nationale", "brigadier Martin", "call-1")
WAYS = [
    (_S.ACKED, _S.DOUBT_REMOVAL, _S.FALSE, _S.CLOSED),
    (_S.ACKED, _S.DOUBT_REMOVAL, _S.TECHNICAL, _S.CLOSED),
    (_S.ACKED, _S.DOUBT_REMOVAL, _S.CONFIRMED, _S.POLICE_INFORMED, _S.CLOSED),
]


def message(sequence: int = 1, kind: AlarmKind = AlarmKind.INTRUSION) -> PanelMessage:
    return PanelMessage(PanelId("panel-1"), sequence, CommuneId("Orval"), "Gymnase", kind, raised_at_ns=0)


def raised(desk: AlarmDesk, kind: AlarmKind = AlarmKind.INTRUSION) -> AlarmId:
    alarm = desk.take(message(kind=kind), 0).alarm
    desk.keep(alarm)
    return alarm.alarm


def restart(store: AlarmStore) -> AlarmDesk:
    kept = store.load()
    return AlarmDesk(kept.unfinished, kept.said)


def stepped(desk: AlarmDesk, alarm: AlarmId, to: AlarmState, now_ns: int = 1, person: str = "agent-7") -> Alarm:
    """One step, written."""
    if to is _S.ACKED:
        after = desk.acknowledge(alarm, person, now_ns).alarm
    else:
        after = desk.advance(alarm, to, person, now_ns, CALL if to is _S.POLICE_INFORMED else None).alarm
    desk.keep(after)
    return after


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way[2])
def test_each_way_ends_closed_with_every_step_signed_and_leaves_the_desk(way) -> None:
    desk = AlarmDesk()
    name = raised(desk)
    for second, to in enumerate(way):
        alarm = stepped(desk, name, to, second * NS_PER_S, f"agent-{second}")
    assert [step.to for step in alarm.steps] == list(way)
    assert [step.by for step in alarm.steps] == [f"agent-{second}" for second in range(len(way))]
    assert desk.unfinished() == []
    assert desk.take(message(), 99) is None  # its panel's repeats are still repeats


@pytest.mark.parametrize(
    "call", [None, PoliceCall("", "Martin"), PoliceCall("police nationale", " ")], ids=["none", "service", "name"]
)
def test_the_police_are_informed_only_when_a_service_and_a_name_are_noted(call) -> None:
    desk = AlarmDesk()
    name = raised(desk)
    for to in (_S.ACKED, _S.DOUBT_REMOVAL, _S.CONFIRMED):
        stepped(desk, name, to)
    with pytest.raises(AlarmStepRefused):
        desk.advance(name, _S.POLICE_INFORMED, "agent-7", 2, call)
    with pytest.raises(AlarmStepRefused):
        desk.advance(name, _S.CLOSED, "agent-7", 2)
    assert desk.alarm(name).state is _S.CONFIRMED


def test_an_alarm_that_nobody_confirmed_never_goes_to_the_police() -> None:
    desk = AlarmDesk()
    name = raised(desk)
    for to in (_S.ACKED, _S.DOUBT_REMOVAL, _S.FALSE):
        stepped(desk, name, to)
        with pytest.raises(AlarmStepRefused):
            desk.advance(name, _S.POLICE_INFORMED, "agent-7", 2, CALL)


def test_nobody_is_no_person() -> None:
    desk = AlarmDesk()
    name = raised(desk)
    with pytest.raises(AlarmStepRefused):
        desk.acknowledge(name, "  ", 1)
    assert len(desk.open()) == 1


def test_a_second_step_waits_until_the_first_is_written() -> None:
    desk = AlarmDesk()
    name = raised(desk)
    acked = desk.acknowledge(name, "agent-7", 1).alarm
    with pytest.raises(AlarmStepRefused):
        desk.advance(name, _S.DOUBT_REMOVAL, "agent-7", 2)
    desk.keep(acked)
    desk.advance(name, _S.DOUBT_REMOVAL, "agent-7", 2)


def test_a_closing_that_could_not_be_written_leaves_the_alarm_unfinished() -> None:
    desk = AlarmDesk()
    name = raised(desk)
    for to in (_S.ACKED, _S.DOUBT_REMOVAL, _S.FALSE):
        before = stepped(desk, name, to)
    desk.undo(desk.advance(name, _S.CLOSED, "agent-7", 2).alarm)
    assert desk.unfinished() == [before]


LATE = [
    ([_S.ACKED], AlarmKind.INTRUSION, 60, [Contact.ROOM_CHIEF]),
    ([_S.ACKED, _S.DOUBT_REMOVAL], AlarmKind.FIRE, 2 * 60, [Contact.ROOM_CHIEF]),
    ([_S.ACKED, _S.DOUBT_REMOVAL], AlarmKind.INTRUSION, 5 * 60, [Contact.ROOM_CHIEF]),
    ([_S.ACKED, _S.DOUBT_REMOVAL], AlarmKind.TEST, 3600, [Contact.ROOM_CHIEF]),
    ([_S.ACKED, _S.DOUBT_REMOVAL, _S.CONFIRMED], AlarmKind.INTRUSION, 60, [Contact.ROOM_CHIEF, Contact.CSU_MANAGER]),
    ([_S.ACKED, _S.DOUBT_REMOVAL, _S.TECHNICAL], AlarmKind.TECHNICAL, None, []),
]


@pytest.mark.parametrize(("steps", "kind", "first_s", "contacts"), LATE)
def test_a_step_that_does_not_come_is_told_to_the_chief(steps, kind, first_s, contacts) -> None:
    desk = AlarmDesk()
    name = raised(desk, kind)
    for to in steps:
        stepped(desk, name, to, 10 * NS_PER_S)
    assert desk.due_at_ns() == (None if first_s is None else (10 + first_s) * NS_PER_S)
    told = desk.tick(10**6 * NS_PER_S)
    assert [event.alarm.escalations[-1].to for event in told] == contacts
    assert all(isinstance(event, AlarmLate) for event in told)
    assert desk.tick(2 * 10**6 * NS_PER_S) == []


def test_a_restart_in_the_middle_of_an_alarm_loses_and_repeats_nothing(tmp_path) -> None:
    path = tmp_path / "alarms.sqlite"
    store, desk = AlarmStore(path), AlarmDesk()
    name = raised(desk)
    for told in desk.tick(30 * NS_PER_S):
        store.save(told.alarm)
    for to in (_S.ACKED, _S.DOUBT_REMOVAL, _S.CONFIRMED, _S.POLICE_INFORMED):
        store.save(stepped(desk, name, to, 40 * NS_PER_S))
        store.close()
        store = AlarmStore(path)
        restarted = restart(store)
        assert restarted.unfinished() == desk.unfinished()
        assert restarted.due_at_ns() == desk.due_at_ns()
        desk = restarted
    assert desk.alarm(name).steps[-1].police == CALL
    store.save(stepped(desk, name, _S.CLOSED))
    assert restart(store).unfinished() == []
    assert restart(store).take(message(), 0) is None


VERSION_0 = """
CREATE TABLE alarm (
    alarm VARCHAR NOT NULL PRIMARY KEY, panel VARCHAR NOT NULL, sequence INTEGER NOT NULL, commune VARCHAR NOT NULL,
    site VARCHAR NOT NULL, kind VARCHAR NOT NULL, raised_at_ns BIGINT NOT NULL, state VARCHAR NOT NULL,
    taken_at_ns BIGINT NOT NULL, acked_at_ns BIGINT, acked_by VARCHAR NOT NULL, escalated_at_ns BIGINT);
INSERT INTO alarm VALUES ('p/1', 'p', 1, 'Orval', 'Gymnase', 'intrusion', 0, 'acked', 0, 5, 'agent-7', NULL);
INSERT INTO alarm VALUES ('p/2', 'p', 2, 'Orval', 'Gymnase', 'fire', 1, 'raised', 1, NULL, '', NULL);
INSERT INTO alarm VALUES ('p/3', 'p', 3, 'Orval', 'Gymnase', 'fire', 2, 'raised', 2, NULL, '', 60000000002);
"""


def file_of_version_0(tmp_path):
    path = tmp_path / "alarms.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_0)
    connection.close()
    return path


def test_a_file_from_before_the_states_keeps_what_was_open_open_and_what_was_taken_taken(tmp_path) -> None:
    path = file_of_version_0(tmp_path)
    AlarmStore(path).close()
    store = AlarmStore(path)
    taken = store.find(AlarmId("p/1"))
    waiting, escalated = store.load().unfinished
    assert [step.to for step in taken.steps] == [_S.ACKED, _S.CLOSED]
    assert (taken.acked_at_ns, taken.acked_by, taken.steps[-1].by) == (5, "agent-7", "csu")
    assert (waiting.state, waiting.escalations) == (_S.RAISED, ())
    assert escalated.escalated_at_ns == 60_000_000_002
    desk = restart(store)
    assert desk.open() == [waiting, escalated]
    told = [(event.alarm.alarm, event.alarm.escalations[-1].to) for event in desk.tick(100 * NS_PER_S)]
    assert told == [("p/2", Contact.ROOM), ("p/2", Contact.ROOM_CHIEF)]  # the third rang before; its chief knows


def test_a_migration_that_dies_half_way_leaves_the_old_file_to_begin_again(tmp_path, monkeypatch) -> None:
    path = file_of_version_0(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("csu.alarms.store._text", lambda fields: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            AlarmStore(path)
    kept = AlarmStore(path).load()
    assert (len(kept.unfinished), kept.closed) == (2, 1)


def test_a_file_of_a_newer_csu_is_refused_and_left_alone(tmp_path) -> None:
    path = tmp_path / "alarms.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(AlarmNotKept):
        AlarmStore(path)


@given(st.lists(st.tuples(st.sampled_from(list(_S)), st.integers(0, 400), st.booleans()), max_size=40))
def test_whatever_people_try_only_the_steps_of_the_book_are_taken_and_none_is_lost(tries) -> None:
    desk, now_ns = AlarmDesk(), 0
    name = raised(desk)
    told = 0
    for to, waited_s, is_written in tries:
        now_ns += waited_s * NS_PER_S
        told += len(desk.tick(now_ns))
        before = next(iter(desk.unfinished()), None)
        if before is None:
            break
        try:
            event = (
                desk.acknowledge(name, "agent-7", now_ns)
                if to is _S.ACKED
                else desk.advance(name, to, "agent-7", now_ns, CALL)
            )
        except CsuError:
            assert to not in NEXT[before.state]
            assert desk.unfinished() == [before]
            continue
        assert to in NEXT[before.state]
        assert isinstance(event, AlarmAcknowledged) is (to is _S.ACKED)
        assert event.alarm == replace(before, steps=event.alarm.steps)
        if is_written:
            desk.keep(event.alarm)
        else:
            desk.undo(event.alarm)
            assert desk.unfinished() == [before]
    assert told <= 3 + 1 + 1 + 2  # every ladder of one alarm, each rung once


def test_the_clock_of_doubt_removal_begins_with_it() -> None:
    desk = AlarmDesk()
    name = raised(desk, AlarmKind.PANIC_BUTTON)
    stepped(desk, name, _S.ACKED, 10 * NS_PER_S)
    stepped(desk, name, _S.DOUBT_REMOVAL, 50 * NS_PER_S)
    assert desk.due_at_ns() == 50 * NS_PER_S + 2 * NS_PER_MINUTE
