"""Guard tours at a centre: who may begin one, where its cameras are sent, and reports that survive a crash (OPS-6)."""

from __future__ import annotations

import asyncio
import os
import sqlite3

import pytest

from csu.centre.events import Trouble
from csu.centre.rooms.tour_room import TourRoom
from csu.centre.rooms.wall_tours import WallTours
from csu.governance.journal_entry import BY_CSU
from csu.hal.camera import CameraError, CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.hal.words import NO_WORDS, Words
from csu.machine import SystemClock
from csu.operations import GuardTour, LeaseRefused, TourReport
from csu.operations.guard_tour import TourRefused
from csu.operations.presets import Preset
from csu.operations.tour_book import KEPT_NS, TourBook
from csu.wall import SlotId, WallCoverage

FIXED, TURNS, HELD = (CameraId(f"cam-000{number}") for number in (1, 2, 3))
SLOT = SlotId("place")
TOUR = GuardTour("Nuit", (FIXED, TURNS, HELD), 4 * NS_PER_S)
WHY = Words("pas d'image en direct", "no live picture")


def report(ended_s: int, tour: str = "Nuit") -> TourReport:
    return TourReport(tour, "anne", 0, ended_s * NS_PER_S, {FIXED: 4 * NS_PER_S}, {TURNS: WHY}, True)


class Wall:
    """Real tours on a wall that shows whatever is asked, one second after the other."""

    def __init__(self) -> None:
        self.now_ns, self.told = 0, []
        self._tours = WallTours(lambda told: None, lambda slot, camera: True, lambda *asked: True, self.told.append)

    def begin_tour(self, tour, slot, person):
        self._tours.begin(tour, slot, person, self.now_ns)

    def end_tour(self, person):
        self._tours.end(person, self.now_ns)

    def tours_on(self):
        return self._tours.on()

    def tour_slots(self):
        return [SLOT]

    def coverage(self):
        return WallCoverage([FIXED], 10 * NS_PER_S)

    def second(self) -> None:
        self.now_ns += NS_PER_S
        self._tours.tick({SLOT}, {"anne"}, self.now_ns)


class Aims:
    """One that turns, one that somebody holds, one that is broken when it is told to be."""

    def __init__(self) -> None:
        self.sent: list[tuple[CameraId, int, str]] = []
        self.is_broken = False

    def presets(self, camera):
        return [Preset(camera, 1, "Carrefour", 0.0, 0.0, 60.0, "chef", 0)] if camera != FIXED else []

    async def go_to_preset(self, camera, number, by, alarm):
        self.sent.append((camera, number, by.role))
        if camera == HELD:
            raise LeaseRefused(NO_WORDS, where=camera, what_to_do=NO_WORDS)
        if self.is_broken:
            raise CameraError(Words.same("stuck"), where=camera, what_to_do=NO_WORDS)


@pytest.fixture
def book(tmp_path):
    opened = TourBook(tmp_path / "tours.sqlite")
    yield opened
    opened.close()


def room_on(book: TourBook, wall: Wall, aims: Aims, told: list[Trouble]) -> TourRoom:
    return TourRoom(wall, aims, book, watching=lambda: ["anne"], clock=SystemClock(), tell=told.append)


def go_round(room: TourRoom, wall: Wall, monkeypatch) -> None:
    """All of TOUR, with a look at it each second."""

    async def run() -> None:
        monkeypatch.setattr("csu.centre.rooms.tour_room.FOLLOWED_S", 0)
        following = asyncio.create_task(room.run())
        room.begin(TOUR, SLOT, "anne")
        for _ in range(13):
            for _ in range(3):
                await asyncio.sleep(0)
            wall.second()
        following.cancel()
        for each in wall.told:
            room.observe(each)
        await room.close()

    asyncio.run(run())


def test_a_tour_sends_each_camera_that_turns_once_to_its_first_preset_at_the_rank_of_a_tour(book, monkeypatch) -> None:
    wall, aims, told = Wall(), Aims(), []
    room = room_on(book, wall, aims, told)
    go_round(room, wall, monkeypatch)
    assert aims.sent == [(TURNS, 1, BY_CSU.role), (HELD, 1, BY_CSU.role)]
    assert told == []  # whoever holds it keeps it: no trouble
    (kept,) = asyncio.run(room.now()).reports
    assert (kept.person, kept.completed, list(kept.seen_ns)) == ("anne", True, [FIXED, TURNS, HELD])


def test_a_camera_that_is_stuck_is_told_and_the_tour_goes_on(book, monkeypatch) -> None:
    wall, aims, told = Wall(), Aims(), []
    aims.is_broken = True
    go_round(room_on(book, wall, aims, told), wall, monkeypatch)
    assert [each.where for each in told] == [TURNS]
    assert wall.told[0].completed


def test_nobody_goes_round_who_is_not_at_the_wall(book) -> None:
    wall = Wall()
    with pytest.raises(TourRefused) as refused:
        room_on(book, wall, Aims(), []).begin(TOUR, SLOT, "brice")
    assert "poste" in refused.value.trouble.what.fr
    assert wall.tours_on() == ()


def test_what_is_on_is_told_and_what_is_broken_off_says_so(book) -> None:
    wall = Wall()
    room = room_on(book, wall, Aims(), [])
    room.begin(TOUR, SLOT, "anne")
    for _ in range(5):
        wall.second()
    (on,) = asyncio.run(room.now()).on
    assert (on.tour, on.person, on.camera, on.done, on.of) == ("Nuit", "anne", TURNS, 1, 3)
    room.end("anne")
    assert [(each.completed, list(each.seen_ns)) for each in wall.told] == [(False, [FIXED])]
    assert asyncio.run(room.now()).on == ()


def test_reports_are_of_the_shift_that_is_on_and_survive_a_process_that_dies(tmp_path) -> None:
    path = tmp_path / "tours.sqlite"
    book = TourBook(path)
    for ended_s in (5, 15, 20):
        book.keep(report(ended_s))
    book.close()
    child = os.fork()
    if child == 0:  # it dies amid a report
        torn = sqlite3.connect(path)
        torn.execute("INSERT INTO tour_report (ended_at_ns, body) VALUES (30000000000, '{}')")
        os._exit(9)
    os.waitpid(child, 0)
    again = TourBook(path)
    room = room_on(again, Wall(), Aims(), [])
    assert asyncio.run(room.now()).reports == (report(15), report(20))
    late = report(20 + (KEPT_NS + NS_PER_DAY) // NS_PER_S)
    again.keep(late)
    assert again.since(0) == [late]  # who went round is not kept for ever
    again.close()


def test_a_report_that_cannot_be_kept_is_told(book, tmp_path) -> None:
    with sqlite3.connect(tmp_path / "tours.sqlite") as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON tour_report BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    told: list[Trouble] = []

    async def run() -> None:
        room = room_on(book, Wall(), Aims(), told)
        room.observe(report(15))
        await room.close()

    asyncio.run(run())
    assert [each.where for each in told] == ["tours"]
