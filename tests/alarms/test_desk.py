"""The alarm desk: one alarm per message, none lost, none twice, none unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.alarms import (
    Alarm,
    AlarmDesk,
    AlarmEscalated,
    AlarmLate,
    AlarmState,
    AlarmStep,
    AlarmStepRefused,
    AlarmStore,
    AlarmUnknown,
    Contact,
)
from csu.alarms import store as store_module
from csu.alarms.desk import REMEMBERED_PER_PANEL
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S


def message(sequence: int, panel: str = "panel-1") -> PanelMessage:
    return PanelMessage(PanelId(panel), sequence, CommuneId("Orval"), "Gymnase", AlarmKind.INTRUSION, raised_at_ns=0)


def restart(store: AlarmStore) -> AlarmDesk:
    kept = store.load()
    return AlarmDesk(kept.unfinished, kept.said)


def taken(desk: AlarmDesk, sequence: int, now_ns: int = 0) -> Alarm:
    raised = desk.take(message(sequence), now_ns)
    assert raised is not None
    desk.keep(raised.alarm)
    return raised.alarm


def test_a_repeated_message_raises_one_alarm() -> None:
    desk = AlarmDesk()
    taken(desk, 1)
    assert desk.take(message(1), 5) is None
    assert len(desk.open()) == 1


def test_a_message_that_could_not_be_written_is_raised_again_and_never_just_acknowledged() -> None:
    desk = AlarmDesk()
    first = desk.take(message(1), 0)  # the write fails: `keep` is not called
    again = desk.take(message(1), 5)
    assert first is not None
    assert again == first
    assert len(desk.open()) == 1


def told(desk: AlarmDesk, now_s: int) -> list[tuple[type, Contact]]:
    return [(type(event), event.alarm.escalations[-1].to) for event in desk.tick(now_s * NS_PER_S)]


def test_an_alarm_nobody_takes_is_told_to_the_room_then_to_its_chief_then_to_the_manager_once_each() -> None:
    desk = AlarmDesk()
    taken(desk, 1)
    assert told(desk, 29) == []
    assert desk.due_at_ns() == 30 * NS_PER_S
    assert told(desk, 30) == [(AlarmLate, Contact.ROOM)]
    assert told(desk, 59) == []
    assert told(desk, 60) == [(AlarmEscalated, Contact.ROOM_CHIEF)]
    assert told(desk, 179) == []
    assert told(desk, 180) == [(AlarmEscalated, Contact.CSU_MANAGER)]
    assert told(desk, 3600) == []
    assert desk.due_at_ns() is None


def test_a_desk_that_slept_tells_everybody_it_should_have_told() -> None:
    desk = AlarmDesk()
    taken(desk, 1)
    assert [to for _, to in told(desk, 3600)] == [Contact.ROOM, Contact.ROOM_CHIEF, Contact.CSU_MANAGER]


def test_an_acknowledged_alarm_is_no_longer_untaken_and_cannot_be_taken_again() -> None:
    desk = AlarmDesk()
    alarm = taken(desk, 1)
    acknowledged = desk.acknowledge(alarm.alarm, "agent-7", 10)
    assert acknowledged.alarm.state is AlarmState.ACKED
    assert acknowledged.alarm.acked_by == "agent-7"
    assert desk.open() == []
    assert told(desk, 60) == []
    with pytest.raises(AlarmStepRefused):
        desk.acknowledge(alarm.alarm, "agent-8", 11)
    with pytest.raises(AlarmUnknown):
        desk.acknowledge("panel-1/99", "agent-7", 11)


def test_an_acknowledgement_that_could_not_be_written_leaves_the_alarm_open() -> None:
    desk = AlarmDesk()
    alarm = taken(desk, 1)
    desk.undo(desk.acknowledge(alarm.alarm, "agent-7", 10).alarm)
    assert desk.open() == [alarm]
    assert told(desk, 30) == [(AlarmLate, Contact.ROOM)]


def test_after_a_restart_open_alarms_are_open_and_old_messages_are_repeats(tmp_path) -> None:
    store = AlarmStore(tmp_path / "alarms.sqlite")
    desk = AlarmDesk()
    first, second = taken(desk, 1), taken(desk, 2, now_ns=1)
    store.save(first)
    store.save(second)
    store.save(desk.acknowledge(first.alarm, "agent-7", 10).alarm)
    store.close()

    restarted = restart(AlarmStore(tmp_path / "alarms.sqlite"))
    assert restarted.open() == [second]
    assert [alarm.state for alarm in restarted.unfinished()] == [AlarmState.ACKED, AlarmState.RAISED]
    assert restarted.take(message(1), 20) is None
    assert restarted.take(message(2), 20) is None


def test_what_is_remembered_of_a_panel_is_bounded() -> None:
    desk = AlarmDesk()
    for sequence in range(REMEMBERED_PER_PANEL + 10):
        desk.acknowledge(taken(desk, sequence).alarm, "agent-7", 0)
    assert desk.take(message(REMEMBERED_PER_PANEL), 0) is None
    assert desk.take(message(0), 0) is not None  # forgotten by design: no panel repeats from that far back


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60))
def test_each_message_is_raised_until_it_is_kept_and_never_after(deliveries: list[tuple[int, bool]]) -> None:
    desk, kept = AlarmDesk(), set()
    for sequence, write_succeeds in deliveries:
        raised = desk.take(message(sequence), 0)
        assert (raised is None) == (sequence in kept)
        if raised is not None and write_succeeds:
            desk.keep(raised.alarm)
            kept.add(sequence)
    assert len(desk.open()) == len({sequence for sequence, _ in deliveries})


@pytest.mark.parametrize("durable", [True, False])
def test_one_alarm_is_found_as_it_was_last_written(tmp_path, durable: bool) -> None:
    store, desk = AlarmStore(tmp_path / "alarms.sqlite", durable=durable), AlarmDesk()
    alarm = taken(desk, 1)
    assert store.find(alarm.alarm) is None
    store.save(alarm)
    acknowledged = desk.acknowledge(alarm.alarm, "agent-7", 10).alarm
    store.save(acknowledged)
    assert store.find(alarm.alarm) == acknowledged != alarm
    store.close()


def test_a_desk_begins_with_what_is_not_closed_however_many_are(tmp_path, monkeypatch) -> None:
    store, desk = AlarmStore(tmp_path / "alarms.sqlite", durable=False), AlarmDesk()
    many = REMEMBERED_PER_PANEL + 200
    for sequence in range(many):
        alarm = taken(desk, sequence, now_ns=sequence)
        if sequence % 400:
            alarm = replace(alarm, steps=(AlarmStep(AlarmState.CLOSED, sequence, "agent-7"),))
        store.save(alarm)
    read: list[str] = []
    row_of = store_module._alarm_of
    monkeypatch.setattr(store_module, "_alarm_of", lambda row: read.append(row.alarm) or row_of(row))
    kept = store.load()
    assert (
        read
        == [alarm.alarm for alarm in kept.unfinished]
        == ["panel-1/0", "panel-1/400", "panel-1/800", "panel-1/1200"]
    )
    assert kept.closed == many - 4
    assert list(kept.said[PanelId("panel-1")]) == list(range(many - REMEMBERED_PER_PANEL, many))
    restarted = AlarmDesk(kept.unfinished, kept.said)
    assert all(restarted.take(message(sequence), 0) is None for sequence in (0, 300, many - 1))
    store.close()
