"""Video enforcement as a centre has it: over the real relay and real H.264, through its doors, sealed on its disk."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.centre.events import Trouble
from csu.centre.papers import Papers
from csu.centre.rooms.enforcement_keeping import FILES, LEDGER, EnforcementHome, keep_enforcement
from csu.centre.rooms.enforcement_room import EnforcementRoom
from csu.cluster.session_pictures import SessionPictures
from csu.console.demonstration import JournalInMemory
from csu.governance import (
    CentreKey,
    OffenceClass,
    Operation,
    OrderLedger,
    Person,
    Role,
    facts_from,
    facts_text,
    instant_in_paris,
    people_from,
    people_text,
)
from csu.governance.legal_calendar import days_after
from csu.governance.people import People
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.personal_data import personal_data_in
from csu.operations.enforcement import KEPT_DAYS, TicketRefused, TicketRule, View, faults_of
from csu.recording.key_store import LocalKeyStore
from sim.accounts import accounts_text
from sim.papers import PaperCamera, PapersOf, papers_text
from tests.cluster.wall_node.conftest import Street

METZ, AGENT, PLATE = CommuneId("metz"), "s.garnier", "AB-123-CD"
NOON = instant_in_paris(date(2027, 6, 1), 720)
FIRST, SECOND = CameraId("cam-0001"), CameraId("cam-0002")


class Clock:
    """Stands still until it is moved."""

    now = NOON

    def now_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now


@dataclass
class Centre:
    """What a room of video enforcement stands on: the street's relay, its papers and people, a directory."""

    directory: Path
    clock: Clock = field(default_factory=Clock)
    told: list[Trouble] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.street = Street(2, clock=self.clock)
        records = [CameraRecord(each, int(each[4:]), f"Rue {each}", METZ, ViewType.WIDE) for each in (FIRST, SECOND)]
        row = [PaperCamera(each.camera, METZ, tickets=each.camera == FIRST) for each in records]
        self.people = people_from(accounts_text([METZ], NOON))
        self.journal = JournalInMemory(self.clock)
        self.keys = LocalKeyStore(self.directory / "ticket-keys")
        self.key = _key()
        self.home = EnforcementHome(
            self.directory,
            self.clock,
            self.journal,
            self.key,
            self.keys,
            Papers.stated(papers_text(PapersOf(row, NOON))),
            lambda: self.people,
            records,
            self.street.desk,
            self.told.append,
        )

    async def send(self, room: EnforcementRoom, fragments, count: int = 4) -> None:
        """So many pictures go to who watches, and are taken in by him."""
        for _ in range(count):
            self.clock.now += NS_PER_S // 12
            for camera in self.street.cameras:
                camera.send(self.clock.now)
            await asyncio.sleep(0)
        for _ in range(count):
            try:
                async with asyncio.timeout(0.05):
                    await anext(fragments)
            except TimeoutError:
                return


def _key() -> CentreKey:
    return CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))


@pytest.fixture
def centre(tmp_path) -> Centre:
    return Centre(tmp_path)


async def two_views(centre: Centre, room: EnforcementRoom, session: str, fragments):
    await centre.send(room, fragments, 14)
    draft = await room.open(AGENT, session, "red-light")
    await centre.send(room, fragments, 14)
    return await room.take(AGENT, draft.draft, View.CLOSE)


def test_what_an_agent_is_shown_is_what_he_takes_signs_and_hands_over(centre) -> None:
    async def work() -> None:
        async with keep_enforcement(centre.home) as room:
            assert room is not None
            assert list(room.cameras()) == [FIRST]
            async with room.watch(FIRST, AGENT) as (session, fragments):
                draft = await two_views(centre, room, session, fragments)
                jpeg = await room.still(AGENT, draft.draft, 1)
            shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert shown.shape == (88, 160, 3)
            assert {still.frame.mask_epoch for still in draft.stills} == {3}
            signed = await room.sign(AGENT, draft.draft, plate=PLATE, country="F", place="12, rue des Clercs")
            package = await room.package(AGENT, signed.record)
            assert faults_of(package, centre.key.public) == ()
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                assert archive.read("still-1.jpg") == jpeg
                assert json.loads(archive.read("record.json"))["plate"] == PLATE
            (line,) = room.records(AGENT)
            assert line.sent_at_ns is not None
            assert room.records("autre") == []

    asyncio.run(work())
    for path in centre.directory.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert PLATE.encode() not in data, path.name
            assert b"\xff\xd8\xff" not in data or path.name.startswith(LEDGER), path.name
    assert not centre.told


def test_a_stream_that_stands_still_a_session_that_ended_and_a_hidden_picture_give_no_still(centre) -> None:
    async def work() -> None:
        async with keep_enforcement(centre.home) as room:
            assert room is not None
            async with room.watch(FIRST, AGENT) as (session, fragments):
                with pytest.raises(TicketRefused, match="no live picture"):
                    await room.open(AGENT, session, "red-light")
                draft = await two_views(centre, room, session, fragments)
                centre.clock.now += 61 * NS_PER_S
                with pytest.raises(TicketRefused, match="live no more"):
                    await room.take(AGENT, draft.draft, View.CLOSE)
                centre.street.cameras[0].is_wholly_masked = True
                await centre.send(room, fragments, 30)
                with pytest.raises(TicketRefused, match="hidden"):
                    await room.take(AGENT, draft.draft, View.CLOSE)
                centre.street.cameras[0].is_wholly_masked = False
            assert room.session_camera(AGENT, session) is None
            with pytest.raises(TicketRefused, match="not watching"):
                await room.take(AGENT, draft.draft, View.CLOSE)
            await room.drop(AGENT, draft.draft)
            async with room.watch(SECOND, AGENT) as (other, fragments):
                await centre.send(room, fragments, 14)
                with pytest.raises(TicketRefused) as refused:
                    await room.open(AGENT, other, "red-light")
                assert refused.value.rule is TicketRule.RIGHT
            assert room.records(AGENT) == []

    asyncio.run(work())


def test_only_what_was_sent_to_the_agent_can_be_taken(centre) -> None:
    """A fragment that the relay holds ready, and that never went to him, is nobody's still."""
    pictures = SessionPictures()
    pictures.begin("live-1", FIRST)
    assert pictures.newest("live-1") is None
    assert pictures.newest("live-2") is None

    async def work() -> None:
        async with centre.street.desk.watch(FIRST) as fragments:
            for _ in range(26):
                centre.clock.now += NS_PER_S // 12
                centre.street.cameras[0].send(centre.clock.now)
            got = [await anext(fragments) for _ in range(16)]
        for fragment in got:
            pictures.offer("live-1", fragment)
        newest = pictures.newest("live-1")
        assert newest is not None
        assert newest.captured.at_ns == got[-1].captured_at_ns
        pictures.offer("live-2", got[0])
        assert pictures.newest("live-2") is None
        pictures.end("live-1")
        assert pictures.newest("live-1") is None

    asyncio.run(work())


def test_what_is_kept_goes_in_its_time_with_its_key_and_the_journal_says_so_first(centre) -> None:
    async def work() -> None:
        async with keep_enforcement(centre.home) as room:
            assert room is not None
            async with room.watch(FIRST, AGENT) as (session, fragments):
                draft = await two_views(centre, room, session, fragments)
            signed = await room.sign(AGENT, draft.draft, plate=PLATE, country="F", place="rue X")
            centre.clock.now = days_after(signed.signed_at_ns, KEPT_DAYS) - 1
            await room.destroy_due()
            assert len(room.records(AGENT)) == 1
            centre.journal.rows.clear()
            centre.clock.now += 1
            await room.destroy_due()
            assert room.records(AGENT) == []
            (row,) = centre.journal.rows
            assert (row.entry.operation, row.entry.reference) == (Operation.PURGE, signed.record)
            assert personal_data_in(repr(row.entry).replace(row.entry.sha256, "")) is None
            assert not [path for path in (centre.directory / FILES).rglob("*") if path.is_file()]
            assert centre.keys.is_shredded(METZ, date(2027, 6, 1))

    asyncio.run(work())


def test_a_ledger_that_was_changed_closes_the_doors_and_not_the_centre(centre) -> None:
    (centre.directory / LEDGER).write_bytes(b"not what was written" * 100)

    async def work() -> None:
        async with keep_enforcement(centre.home) as room:
            assert room is None

    asyncio.run(work())
    assert len(centre.told) == 1


def test_papers_and_people_of_video_enforcement_are_kept_and_come_back(tmp_path) -> None:
    facts = facts_from(papers_text(PapersOf([PaperCamera(FIRST, METZ, tickets=True)], NOON)))
    ledger = OrderLedger(tmp_path / "orders.sqlite", _key())
    ledger.enter(facts, by="v.morel", reason="PVe", at_ns=NOON)
    ledger.close()
    again = OrderLedger(tmp_path / "orders.sqlite", _key())
    assert again.register.may_ticket(FIRST, NOON).permitted
    assert not again.register.may_ticket(SECOND, NOON).permitted
    again.close()
    assert facts_from(facts_text(facts)) == facts
    people = people_from(accounts_text([METZ], NOON))
    assert set(people_from(people_text(people))) == set(people)
    sworn = people.find(AGENT, Role.VERBALISER, NOON)
    assert sworn is not None
    assert sworn.swearing is not None
    assert OffenceClass.VEHICLE not in sworn.swearing.classes
    nobody = People((Person("x.y", "X", frozenset({Role.OPERATOR})),))
    assert "swearing" not in people_text(nobody)
    assert "ticketing" not in facts_text(facts_from(papers_text(PapersOf([PaperCamera(FIRST, METZ)], NOON))))
