"""Deports of a running room: journaled and on disk first, ended by themselves, over restarts and failing disks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import replace
from datetime import date

import pytest

from csu.alarms import AlarmState
from csu.centre import Trouble
from csu.centre.rooms import deport_keeping, deport_room
from csu.centre.rooms.deport_keeping import FILE, keep_deports
from csu.centre.rooms.deport_room import DeportParts, DeportRoom
from csu.centre.rooms.log_lines import lines_of
from csu.console.demonstration import JournalInMemory
from csu.governance import (
    Agreement,
    Author,
    AuthorisationRegister,
    Clearance,
    Interruption,
    InterruptionKind,
    JournalUnavailable,
    People,
    Person,
    Rights,
    Role,
)
from csu.governance.journal_entry import JournalEntry
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.media import LiveFragment
from csu.hal.words import Words
from csu.operations import (
    DeportAsked,
    DeportChanged,
    DeportEnd,
    DeportNotKept,
    DeportRefused,
    DeportRule,
    DeportStep,
    DeportStore,
    Incident,
)
from tests.compliance.doors.desks_in_memory import AlarmsInMemory, LiveRelay
from tests.compliance.doors.facts import CAMERA, FAR_CAMERA, NOON, SettableClock, papers

CHIEF = Author("room_chief.1", "room_chief")
YEARS = Agreement("decision 12", date(2027, 1, 1), date(2030, 1, 1))
ROTH = Person("l.roth", "Luc Roth", frozenset({Role.RECIPIENT}), clearance=Clearance("hab-7", "dipn-57", YEARS))
ASKED = DeportAsked(Incident.VIOLENCE, (CAMERA,), "rixe place d'Armes", alarm="panel-metz/7")


class Journal(JournalInMemory):
    trouble = False

    async def record(self, entry: JournalEntry):
        if self.trouble:
            raise JournalUnavailable(Words.same("full"), where="journal", what_to_do=Words.same("-"))
        return await super().record(entry)


class Store(DeportStore):
    trouble = False

    def save(self, deport) -> None:
        if self.trouble:
            raise DeportNotKept(Words.same("full"), where="disk", what_to_do=Words.same("-"))
        super().save(deport)


class Ids:
    def __init__(self) -> None:
        self.given = 0

    def new(self, kind: str) -> str:
        self.given += 1
        return f"{kind}-{self.given}"


class House:
    """A centre's worth of papers, people and alarms around a room; `open` starts it, again and again."""

    def __init__(self, directory) -> None:
        self.directory, self.clock = directory, SettableClock()
        self.journal, self.alarms = Journal(self.clock), AlarmsInMemory(self.clock)
        self.people, self.rights, self.relay = People((ROTH,)), Rights(AuthorisationRegister(papers())), LiveRelay()
        self.told: list[object] = []
        self.ids = Ids()

    @property
    def parts(self) -> DeportParts:
        return DeportParts(
            clock=self.clock,
            ids=self.ids,
            journal=self.journal,
            papers=self,
            people=lambda: self.people,
            alarms=self.alarms.unfinished,
            relay=self.relay,
            minutes_max=120,
            tell=self.told.append,
        )

    def decide(self, subject, action, resource, at_ns):
        return self.rights.decide(subject, action, resource, at_ns)

    @contextlib.asynccontextmanager
    async def open(self):
        self.store = Store(self.directory / FILE)
        room = DeportRoom(self.store, self.parts)
        await room.open()
        running = asyncio.create_task(room.run())
        try:
            yield room
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            self.store.close()

    def written(self) -> list[JournalEntry]:
        return [row.entry for row in self.journal.rows if isinstance(row.entry, JournalEntry)]

    def on_disk(self):
        store = DeportStore(self.directory / FILE)
        with contextlib.closing(store):
            return store.load()

    def pass_s(self, seconds: float) -> None:
        self.clock.at_ns += int(seconds * NS_PER_S)


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(deport_room, "LOOK_EVERY_S", 0.005)
    monkeypatch.setattr(deport_keeping, "READ_AGAIN_S", 0.005)
    return House(tmp_path)


async def until(holds) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.002)


def test_it_is_journaled_and_on_disk_before_it_counts_and_the_log_says_so(house) -> None:
    async def play() -> None:
        async with house.open() as room:
            made = await room.start(ASKED, "l.roth", CHIEF)
            assert house.on_disk() == [made]
            (entry,) = house.written()
            assert (entry.operation.value, entry.author, entry.recipient) == ("image_deport", "room_chief.1", "l.roth")
            assert (entry.reference, entry.subject) == ("panel-metz/7", "deport-1/started")
            assert [each.camera for each in entry.data] == [CAMERA]
            (event,) = house.told
            (line,) = lines_of(event)
            assert (line.by, line.alarm) == ("room_chief.1", "panel-metz/7")
            assert "ouvert à Luc Roth (dipn-57)" in line.text
            assert "rixe" in line.text

    asyncio.run(play())


@pytest.mark.parametrize("broken", ["journal", "store"])
def test_what_cannot_be_journaled_or_kept_is_not_opened(house, broken) -> None:
    async def play() -> None:
        async with house.open() as room:
            getattr(house, broken).trouble = True
            with pytest.raises((JournalUnavailable, DeportNotKept)):
                await room.start(ASKED, "l.roth", CHIEF)
            assert (room.deports(), house.told, house.on_disk()) == ([], [], [])

    asyncio.run(play())


@pytest.mark.parametrize(
    ("told", "whom", "rule"),
    [
        (ASKED, "nobody", DeportRule.RECIPIENT),
        (replace(ASKED, alarm="panel-metz/8"), "l.roth", DeportRule.INCIDENT),
        (replace(ASKED, cameras=(CAMERA, FAR_CAMERA)), "l.roth", DeportRule.CLOSED),
        (replace(ASKED, cameras=(CameraId("cam-9999"),)), "l.roth", DeportRule.CLOSED),
    ],
)
def test_who_is_not_cleared_by_name_for_that_camera_gets_nothing(house, told, whom, rule) -> None:
    async def play() -> None:
        async with house.open() as room:
            with pytest.raises(DeportRefused) as error:
                await room.start(told, whom, CHIEF)
            assert error.value.rule is rule

    asyncio.run(play())


def test_a_false_alarm_is_no_incident(house) -> None:
    async def play() -> None:
        async with house.open() as room:
            made = await room.start(ASKED, "l.roth", CHIEF)
            await house.alarms.acknowledge("panel-metz/7", "anne")
            await house.alarms.advance("panel-metz/7", AlarmState.DOUBT_REMOVAL, "anne")
            await asyncio.sleep(0.02)
            assert room.deports()[0].is_open
            await house.alarms.advance("panel-metz/7", AlarmState.FALSE, "anne")
            await until(lambda: not room.deports()[0].is_open)
            assert room.deports()[0].last.why is DeportEnd.INCIDENT_OVER
            with pytest.raises(DeportRefused):
                await room.start(ASKED, "l.roth", CHIEF)
            assert made.reference == "panel-metz/7"

    asyncio.run(play())


def stop_the_person(house: House) -> None:
    out = Interruption(InterruptionKind.SUSPENDED, house.clock.at_ns, "note 3")
    house.people = People((replace(ROTH, interruptions=(out,)),))


def stop_the_clearance(house: House) -> None:
    out = Interruption(InterruptionKind.WITHDRAWN, house.clock.at_ns, "note 3")
    house.people = People((replace(ROTH, clearance=replace(ROTH.clearance, interruptions=(out,))),))


def remove_the_person(house: House) -> None:
    house.people = People()


def stop_the_order(house: House) -> None:
    facts = papers()
    out = Interruption(InterruptionKind.SUSPENDED, house.clock.at_ns, "arrêté 12")
    stopped = (replace(facts.authorisations[0], interruptions=(out,)),)
    house.rights = Rights(AuthorisationRegister(replace(facts, authorisations=stopped)))


def end_the_agreement(house: House) -> None:
    house.rights = Rights(AuthorisationRegister(replace(papers(), services=())))


@pytest.mark.parametrize(
    "withdraw", [stop_the_person, stop_the_clearance, remove_the_person, stop_the_order, end_the_agreement]
)
def test_a_withdrawal_ends_it_within_a_minute_and_cuts_who_watches(house, withdraw) -> None:
    async def play() -> None:
        async with house.open() as room:
            await room.start(ASKED, "l.roth", CHIEF)
            async with room.watch("deport-1", CAMERA, "l.roth") as fragments:
                assert isinstance(await anext(fragments), LiveFragment)
                assert room.watching("deport-1") == {CAMERA: 1}
                closed = asyncio.create_task(room.closed("deport-1", CAMERA, "l.roth"))
                withdraw(house)
                await asyncio.sleep(0.02)
                house.pass_s(6)
                async with asyncio.timeout(5):
                    await closed
                house.relay.more.set()
                with pytest.raises(StopAsyncIteration):
                    await anext(fragments)
            assert room.watching("deport-1") == {}
            assert room.deports()[0].last.why is DeportEnd.RIGHT
            assert room.facts("deport-1", "l.roth") is None
            await until(lambda: house.on_disk() == list(room.deports()))
            assert house.written()[-1].subject == "deport-1/right"

    asyncio.run(play())


def test_a_stop_counts_at_once_though_neither_disk_nor_journal_can_be_written_and_is_written_later(house) -> None:
    async def play() -> None:
        async with house.open() as room:
            await room.start(ASKED, "l.roth", CHIEF)
            closed = asyncio.create_task(room.closed("deport-1", CAMERA, "l.roth"))
            await asyncio.sleep(0)
            house.journal.trouble = house.store.trouble = True
            ended = await room.stop("deport-1", "", CHIEF)
            assert ended.last.why is DeportEnd.STOPPED
            await closed
            assert house.on_disk()[0].is_open
            assert {each.where for each in house.told if isinstance(each, Trouble)} == {"deports"}
            house.store.trouble = house.journal.trouble = False
            await until(lambda: not house.on_disk()[0].is_open)
            again = await room.stop("deport-1", "", CHIEF)
            assert again == ended
            await room.finish()
            assert [entry.subject for entry in house.written()] == ["deport-1/started", "deport-1/stopped"]

    asyncio.run(play())


def test_a_prolongation_is_a_new_line_with_its_reason_and_ends_later(house) -> None:
    async def play() -> None:
        async with house.open() as room:
            await room.start(ASKED, "l.roth", CHIEF)
            house.pass_s(20 * 60)
            longer = await room.prolong("deport-1", 30, "la rixe reprend", CHIEF)
            assert longer.until_ns == NOON + 50 * NS_PER_MINUTE
            assert house.on_disk() == [longer]
            house.pass_s(29 * 60)
            await asyncio.sleep(0.02)
            assert room.deports()[0].is_open
            house.pass_s(2 * 60)
            await until(lambda: not room.deports()[0].is_open)
            assert room.deports()[0].last.why is DeportEnd.TIME
            texts = [line.text for event in house.told for line in lines_of(event)]
            assert "la rixe reprend" in texts[1]
            assert "la durée est écoulée" in texts[2]
            assert all("rixe" not in f"{entry}" for entry in house.written())  # LOG-5: no free text in the journal

    asyncio.run(play())


def test_over_a_restart_it_goes_on_to_the_same_end_once_and_its_incident_may_have_ended_meanwhile(house) -> None:
    async def play() -> None:
        async with house.open() as room:
            made = await room.start(ASKED, "l.roth", CHIEF)
        house.pass_s(60)
        async with house.open() as room:
            (resumed,) = room.deports()
            assert (resumed.until_ns, resumed.last.step) == (made.until_ns, DeportStep.RESUMED)
            with pytest.raises(DeportRefused):  # who opens it again because no answer came opens no second one
                await room.start(ASKED, "l.roth", CHIEF)
            assert house.on_disk() == [resumed]
        house.alarms._desk = type(house.alarms._desk)()  # closed, and gone from the desk
        async with house.open() as room:
            (over,) = room.deports()
            assert over.last.why is DeportEnd.INCIDENT_OVER
            assert house.on_disk() == [over]
        steps = [event.deport.last.step for event in house.told if isinstance(event, DeportChanged)]
        assert steps == [DeportStep.STARTED, DeportStep.RESUMED, DeportStep.ENDED]

    asyncio.run(play())


def test_a_file_that_cannot_be_read_opens_nothing_is_told_once_and_tried_again(house) -> None:
    async def play() -> None:
        (house.directory / FILE).write_bytes(b"nothing that was written" * 50)
        there = asyncio.Event()
        async with keep_deports(house.parts, house.directory, alarms_are_there=there) as room:
            there.set()
            await until(lambda: house.told)
            with pytest.raises(DeportNotKept):
                await room.start(ASKED, "l.roth", CHIEF)
            (house.directory / FILE).unlink()
            await until(lambda: room._is_opened)
            await room.start(ASKED, "l.roth", CHIEF)
        assert [type(each) for each in house.told] == [Trouble, DeportChanged]

    asyncio.run(play())


def test_a_centre_killed_while_one_is_open_goes_on_with_it_and_opens_no_second_one(house) -> None:
    """Killed for good (SIGKILL), in a process of its own, as soon as the chief had his answer."""

    async def first_life(write: int) -> None:
        async with house.open() as room:
            made = await room.start(ASKED, "l.roth", CHIEF)
            os.write(write, f"{made.deport} {made.until_ns}".encode())
            await asyncio.Event().wait()

    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(first_life(write))
        finally:
            os._exit(1)
    name, until_ns = os.read(read, 200).split()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)

    async def second_life() -> None:
        house.ids.given = 1
        house.pass_s(30)
        async with house.open() as room:
            (there,) = room.deports()
            assert (there.deport, there.until_ns) == (name.decode(), int(until_ns))
            assert [line.step for line in there.lines] == [DeportStep.STARTED, DeportStep.RESUMED]
            with pytest.raises(DeportRefused) as error:
                await room.start(ASKED, "l.roth", CHIEF)
            assert error.value.rule is DeportRule.TWICE

    asyncio.run(second_life())
