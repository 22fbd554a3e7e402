"""The operations log at work: it writes what happens by itself, loses nothing to a full disk, doubles nothing."""

from __future__ import annotations

import asyncio

import pytest

from csu.alarms import AlarmDesk, AlarmState, PoliceCall
from csu.centre.rooms import log_room
from csu.centre.rooms.log_room import LogRoom
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from csu.operations import Draft, EntryKind, LogNotKept, OperationsLog, Watch
from csu.operations.ptz_leases import Lease, LeaseEnd, LeaseEnded, PtzRank

NOW_NS = 1_795_000_000 * NS_PER_S


class Clock:
    def now_ns(self) -> int:
        return NOW_NS

    def monotonic_ns(self) -> int:
        return NOW_NS


def handled_alarm(desk: AlarmDesk):
    """Each event of an intrusion that a person confirms, and the alarm at its end."""
    message = PanelMessage(PanelId("panel-1"), 7, CommuneId("metz"), "Gymnase", AlarmKind.INTRUSION, NOW_NS)
    yield desk.take(message, NOW_NS)
    name = desk.unfinished()[0].alarm if desk.unfinished() else "panel-1/7"
    desk.keep(desk.alarm(name))
    event = desk.acknowledge(name, "anne", NOW_NS)
    desk.keep(event.alarm)
    yield event
    for to, police in (
        (AlarmState.DOUBT_REMOVAL, None),
        (AlarmState.CONFIRMED, None),
        (AlarmState.POLICE_INFORMED, PoliceCall("police", "brigadier Roth")),
    ):
        event = desk.advance(name, to, "anne", NOW_NS, police)
        desk.keep(event.alarm)
        yield event


@pytest.fixture
def told():
    return []


@pytest.fixture
def make(tmp_path, told):
    made = []

    def make() -> LogRoom:
        made.append(LogRoom(tmp_path / "log.sqlite", clock=Clock(), tell=told.append))
        return made[-1]

    yield make
    for room in made:
        room.close()


async def settle(room: LogRoom, *, unfinished=()) -> None:
    """Let it write all that waits."""
    await room.open(unfinished)
    running = asyncio.create_task(room.run())
    while room._waiting:
        await asyncio.sleep(0.005)
    running.cancel()


def texts(path) -> list[tuple[str, str]]:
    log = OperationsLog(path)
    try:
        return [(entry.entry.by, entry.entry.text) for entry in log.newest(100)]
    finally:
        log.close()


STORY = [
    ("csu", "intrusion, Gymnase (metz) : alarme levée"),
    ("anne", "alarme acquittée"),
    ("anne", "alarme en levée de doute"),
    ("anne", "alarme confirmée"),
    ("anne", "alarme confirmée, police avisée : police, pris par brigadier Roth"),
]


@pytest.mark.requirement("OPS-3")
def test_an_alarm_is_read_back_whole(make, tmp_path, told) -> None:
    room = make()
    for event in handled_alarm(AlarmDesk()):
        room.hear(event)
    asyncio.run(settle(room))
    assert texts(tmp_path / "log.sqlite") == STORY
    assert len(asyncio.run(room.of_alarm("panel-1/7"))) == len(STORY)
    assert told == []


@pytest.mark.parametrize("written", range(len(STORY) + 1))
def test_what_a_crash_kept_from_being_written_is_made_good_and_nothing_is_doubled(make, tmp_path, written) -> None:
    room, desk = make(), AlarmDesk()
    for index, event in enumerate(handled_alarm(desk)):
        if index < written:
            room.hear(event)
    asyncio.run(settle(room))
    room.close()
    again = make()
    asyncio.run(settle(again, unfinished=desk.unfinished()))
    assert texts(tmp_path / "log.sqlite") == STORY


def test_a_disk_that_is_full_loses_nothing_and_is_told_once(make, tmp_path, told, monkeypatch) -> None:
    room, monkeypatched = make(), OperationsLog.write
    failing = [3]

    def write(log, draft, now_ns):
        if failing[0] > 0:
            failing[0] -= 1
            raise log_room_trouble()
        return monkeypatched(log, draft, now_ns)

    monkeypatch.setattr(OperationsLog, "write", write)
    monkeypatch.setattr(log_room, "RETRY_S", 0.01)
    for event in handled_alarm(AlarmDesk()):
        room.hear(event)
    asyncio.run(settle(room))
    assert texts(tmp_path / "log.sqlite") == STORY
    assert [trouble.where for trouble in told] == ["operations-log"]


def log_room_trouble() -> LogNotKept:
    from csu.operations.operations_log import _not_kept

    return _not_kept("log.sqlite", OSError("full"))


def test_who_comes_and_goes_and_who_takes_a_camera_over_is_written(make, tmp_path) -> None:
    room, watch = make(), Watch()
    for event in (
        *watch.tick(0),
        *watch.arrive("anne", 1),
        *watch.arrive("luc", 2),
        *watch.leave("luc", 3, urgent_reason="x"),
    ):
        room.hear(event)
    lease = Lease(CameraId("cam-0012"), "luc", PtzRank.OPERATOR, 1, NOW_NS, NOW_NS)
    room.hear(LeaseEnded(lease, LeaseEnd.PREEMPTED, NOW_NS, by="chief"))
    room.hear(LeaseEnded(lease, LeaseEnd.IDLE, NOW_NS))
    asyncio.run(settle(room))
    assert [text for _, text in texts(tmp_path / "log.sqlite")] == [
        "moins de deux agents en poste : chef appelé (1)",
        "anne prend son poste (1 en poste)",
        "luc prend son poste (2 en poste)",
        "luc quitte son poste (1 en poste)",
        "moins de deux agents en poste : chef appelé (1)",
        "cam-0012 : chief prend la main à luc",
    ]


def test_a_site_whose_name_the_log_may_not_hold_is_told_and_stops_nothing(make, tmp_path, told) -> None:
    desk, room = AlarmDesk(), make()
    message = PanelMessage(PanelId("panel-1"), 7, CommuneId("metz"), "AB-123-CD", AlarmKind.FIRE, NOW_NS)
    room.hear(desk.take(message, NOW_NS))
    for event in handled_alarm(AlarmDesk()):
        room.hear(event)
    asyncio.run(settle(room))
    assert len(told) == 1
    assert texts(tmp_path / "log.sqlite") == STORY


def test_people_write_and_correct(make) -> None:
    async def talk():
        room = make()
        first = await room.write(Draft(EntryKind.OBSERVATION, "anne", "Trois personnes au parking"))
        await room.write(Draft(EntryKind.CORRECTION, "luc", "Deux", corrects=first.number))
        return await room.reading(first.number), await room.newest(1), await room.newest(1, before=2)

    both, newest, older = asyncio.run(talk())
    assert [entry.entry.by for entry in both] == ["anne", "luc"]
    assert newest == [both[1]]
    assert older == [both[0]]
