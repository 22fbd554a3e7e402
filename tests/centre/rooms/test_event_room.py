"""Planned events at work: cameras by the papers of each instant (AUT-4), what the wall is given, a disk that fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from csu.centre.events import Trouble
from csu.centre.papers import Papers
from csu.centre.rooms.event_room import EventAround, EventRoom, programme_of
from csu.centre.rooms.service_room import RoomAround, ServiceRoom
from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    CommuneService,
    GovernedCamera,
    Notification,
    Placement,
    Purpose,
    ServiceLevel,
    Span,
    facts_text,
    start_of_day,
)
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE
from csu.hal.words import NO_WORDS
from csu.operations import (
    EventKind,
    EventRefused,
    EventTold,
    PlannedEvent,
    Roster,
    RosterSet,
    RowNotKept,
    Shift,
)
from csu.wall import PlanUnusable, ProgrammeSet

HOUR_NS = 60 * NS_PER_MINUTE
METZ = CommuneId("metz")
NOW_NS = start_of_day(date(2027, 6, 1))
ENDS = date(2027, 7, 1)
"""The order of the last camera ends then."""
WIDE, NARROW, ENDING = (CameraId(f"cam-{number}") for number in (1, 2, 3))
RECORDS = [
    CameraRecord(WIDE, 1, "Place", METZ, ViewType.WIDE),
    CameraRecord(NARROW, 2, "Porche", METZ, ViewType.NARROW),
    CameraRecord(ENDING, 3, "Quai", METZ, ViewType.WIDE),
    CameraRecord(CameraId("cam-4"), 4, "Ars", CommuneId("ars"), ViewType.WIDE),
]
AT = {WIDE: (0.0, 10.0), NARROW: (50.0, 0.0), ENDING: (90.0, 10.0), CameraId("cam-4"): (40.0, 0.0)}
EVENT = PlannedEvent(
    EventKind.DEMONSTRATION,
    METZ,
    "Quai Félix-Maréchal",
    Span(NOW_NS + HOUR_NS, NOW_NS + 4 * HOUR_NS),
    (ENDING, WIDE),
    Purpose.PERSONS_PROPERTY,
    "l.weber",
    route=((100.0, 0.0), (0.0, 0.0)),
    reference="57-1",
    scene="event",
)


def papers() -> Papers:
    orders = tuple(
        Authorisation(
            number=f"57-{camera}",
            ordered_on=date(2025, 1, 1),
            valid_from=date(2025, 1, 1),
            ends_on=ENDS if camera == ENDING else None,
            purposes=frozenset({Purpose.PERSONS_PROPERTY}),
            retention_days=30,
            viewers=frozenset({"csu"}),
            recipients=frozenset(),
            commission_opinion="CDV",
            cameras=frozenset({camera}),
        )
        for camera in AT
    )
    cameras = tuple(
        GovernedCamera(record.camera, record.commune, (Placement(start_of_day(date(2025, 1, 2)), *AT[record.camera]),))
        for record in RECORDS
    )
    told = tuple(Notification(camera, date(2025, 1, 1), *at_m, "LR") for camera, at_m in AT.items())
    years = Agreement("c", date(2020, 1, 1), date(2040, 1, 1))
    level = ServiceLevel.STORAGE_AND_WATCH
    services = tuple(CommuneService(commune, level, years) for commune in {record.commune for record in RECORDS})
    return Papers.stated(facts_text(AuthorisationFacts(orders, cameras, told, services)))


class Clock:
    at_ns = NOW_NS

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


class Wall:
    scenes = {"base": "", "event": ""}
    trouble: Exception | None = None

    def __init__(self) -> None:
        self.asked: list = []

    def ask(self, told) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(told)


@pytest.fixture
def made(tmp_path):
    told, wall = [], Wall()
    around = EventAround(lambda: RECORDS, papers(), Roster, wall)
    room = EventRoom(tmp_path / "service.sqlite", clock=Clock(), log=None, tell=told.append, around=around)
    yield room, wall, told
    room.close()


def test_cameras_are_proposed_in_the_order_of_the_way_of_the_commune_and_wide_for_a_demonstration(made) -> None:
    room, _, _ = made
    assert room.proposed(EventKind.DEMONSTRATION, METZ, EVENT.route, ()) == (ENDING, WIDE)
    assert room.proposed(EventKind.MARKET, METZ, EVENT.route, ()) == (ENDING, NARROW, WIDE)
    square = ((40.0, -10.0), (100.0, -10.0), (100.0, 20.0), (40.0, 20.0))
    assert set(room.proposed(EventKind.MATCH, METZ, (), square)) == {NARROW, ENDING, WIDE}
    assert room.proposed(EventKind.MATCH, METZ, (), ()) == ()


def test_a_camera_whose_order_ends_during_the_event_is_refused_for_all_of_it(made) -> None:
    room, wall, _ = made
    assert asyncio.run(room.enter(EVENT)) == 1
    late = Span(start_of_day(ENDS) - HOUR_NS, start_of_day(ENDS) + HOUR_NS)
    with pytest.raises(EventRefused) as refused:
        asyncio.run(room.enter(replace(EVENT, span=late)))
    assert refused.value.trouble.where == f"event/{ENDING}"
    before = Span(start_of_day(ENDS) - 3 * HOUR_NS, start_of_day(ENDS))
    assert asyncio.run(room.enter(replace(EVENT, span=before))) == 2
    with pytest.raises(EventRefused):
        asyncio.run(room.enter(replace(EVENT, purpose=Purpose.TRAFFIC_FLOW)))
    assert len(wall.asked) == len(room.events()) == 2


def test_the_wall_follows_the_procession_along_its_cameras_in_their_order() -> None:
    programme = programme_of(7, EVENT)
    assert [stop.camera for stop in programme.route.stops] == [ENDING, WIDE]
    assert programme.route.along(EVENT.span.from_ns) == (ENDING,)
    assert (programme.programme, programme.scene, programme.span) == ("event-7", "event", EVENT.span)
    assert programme_of(8, replace(EVENT, route=(), perimeter=((0.0, 0.0),) * 3)).route is None


def test_what_the_wall_refuses_is_told_and_the_event_is_kept(made) -> None:
    room, wall, told = made
    wall.trouble = PlanUnusable(NO_WORDS, where="wall/event", what_to_do=NO_WORDS)
    asyncio.run(room.enter(EVENT))
    assert [type(event) for event in told] == [EventTold, Trouble]
    wall.trouble = None
    room.open()
    assert isinstance(wall.asked[0], ProgrammeSet)


def test_what_a_disk_does_not_take_did_not_happen(tmp_path, monkeypatch) -> None:
    told: list = []
    room = ServiceRoom(
        tmp_path / "service.sqlite", clock=Clock(), log=None, tell=told.append, around=RoomAround(None, list)
    )
    span = Span(NOW_NS, NOW_NS + 8 * HOUR_NS)
    day = [Shift("jour", span, ("anne", "bruno"))]
    error = RowNotKept(NO_WORDS, where="", what_to_do=NO_WORDS)

    def full(number: int, value: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(room._plans, "save", full)
        with pytest.raises(RowNotKept):
            asyncio.run(room.set_roster(day, span, "l.weber"))
    assert (room.roster.shifts, told) == ((), [])
    asyncio.run(room.set_roster(day, span, "l.weber"))
    assert told == [RosterSet(span, "l.weber", NOW_NS)]
    room.close()
