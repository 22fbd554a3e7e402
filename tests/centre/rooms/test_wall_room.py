"""The wall of a running centre: what the director decides from what happens, journaled before it is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from csu.alarms import AlarmNotKept, AlarmRaised, AlarmState
from csu.centre import Papers, Trouble
from csu.centre.rooms.wall_plan import AGREED, BASE, EVENT, default_wall
from csu.centre.rooms.wall_room import WallRoom
from csu.governance import Operation
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.wall import WallError
from csu.hal.words import Words
from csu.wall import CauseKind, Programme, SceneChanged, TileChanged
from sim.papers import PaperCamera, PapersOf, PaperTerms, papers_text

ORVAL = CommuneId("Orval")
CAMERAS = [CameraId(f"cam-{number:04d}") for number in range(1, 7)]


class Screen:
    """A wall that remembers its scenes, and what the journal held when each came."""

    def __init__(self, journal):
        self.scenes, self.journaled, self.is_down, self._journal, self.starts = [], [], False, journal, 0

    async def start(self):
        self._answer()
        self.starts += 1

    async def read(self):
        self._answer()

    def _answer(self):
        if self.is_down:
            raise WallError(Words.same("dead"), where="wall", what_to_do=Words.same(""))

    async def show(self, scene):
        self._answer()
        self.scenes.append(scene)
        self.journaled.append(len(self._journal.entries))

    async def renew(self, until_ns):
        self._answer()
        self.until_ns = until_ns

    @property
    def up(self):
        return [piece.camera for piece in self.scenes[-1].pieces]


class Hall:
    """A centre of six cameras in a row, 100 m apart, a school at the fourth, and its wall."""

    def __init__(self, stage, scripted):
        self.stage, self.screen = stage, Screen(stage.journal)
        self.papers = Papers.stated(self.text())
        self.centre = stage.centre(
            [scripted.Node("n1")],
            6,
            panels=[scripted.Panel([1])],
            papers=self.papers,
            alarm_sites_m={(ORVAL, "École"): (310.0, 0.0)},
        )
        records = [status.record for status in self.centre.board.all()]
        planned = default_wall(records, 1280, 720)
        self.wall = WallRoom(
            self.centre,
            {planned.wall.nodes[0].node: self.screen},
            planned,
            records,
            clock=stage.clock,
            journal=stage.journal,
            tell=stage.events.append,
            may_view=lambda person, camera, now_ns: True,
        )

    def text(self, **of):
        row = [PaperCamera(camera, ORVAL, 100.0 * index, 0.0) for index, camera in enumerate(CAMERAS)]
        return papers_text(PapersOf(row, self.stage.clock.now_ns(), **of))

    def play(self, act, *, two=True):
        async def whole():
            if two:
                self.stage.two_watch(self.centre)
            await self.wall.open()
            running = asyncio.create_task(self.wall.run())
            try:
                await act()
                assert not running.done()
            finally:
                running.cancel()

        self.stage.play(self.centre, 0.1, whole)

    async def seen(self, seconds):
        """Time goes on, and both are seen at their desks."""
        for _ in range(round(seconds / 5)):
            await asyncio.sleep(5)
            for person in ("agent-1", "agent-2"):
                self.centre.seen_at_post(person)


@pytest.fixture
def hall(stage, scripted):
    return Hall(stage, scripted)


def why(hall, kind):
    return [event for event in hall.stage.told(TileChanged) if event.cause.kind is kind]


def test_the_base_scene_is_every_camera_and_each_came_up_journaled(hall) -> None:
    async def act():
        assert hall.screen.up == CAMERAS
        await asyncio.sleep(0)

    hall.play(act)
    assert hall.screen.journaled[0] > 0
    entries = [entry for entry in hall.stage.journal.entries if entry.operation is Operation.WALL_LAYOUT]
    assert {span.camera for entry in entries for span in entry.data} == set(CAMERAS)
    assert {entry.subject for entry in entries} >= {"wall/base/-", "wall/base/tile-1"}


def test_an_alarm_brings_its_nearest_camera_to_the_front_until_it_is_closed(hall) -> None:
    async def act():
        await hall.seen(5)
        assert hall.screen.up[0] == CAMERAS[3]
        assert hall.screen.scenes[-1].pieces[0].label.startswith("ALARME")
        assert sorted(hall.screen.up) == CAMERAS, "each once"
        name = hall.centre.desk.open()[0].alarm
        await hall.centre.acknowledge(name, "agent-1")
        for to in (AlarmState.DOUBT_REMOVAL, AlarmState.FALSE):
            await hall.centre.advance(name, to, "agent-1")
        await hall.seen(5)
        assert hall.screen.up[0] == CAMERAS[3], "it is not closed yet"
        await hall.centre.advance(name, AlarmState.CLOSED, "agent-1")
        await hall.seen(15)
        assert hall.screen.up == CAMERAS

    hall.play(act)
    assert [(event.camera, event.cause.ref) for event in why(hall, CauseKind.ALARM)] == [(CAMERAS[3], "panel-1/1")]
    assert ("wall/base/alarm-0", "alarm/panel-1/1") in [
        (entry.subject, entry.reference) for entry in hall.stage.journal.entries
    ]


def test_last_weeks_event_of_a_file_is_no_trouble_of_a_wall_that_starts(hall) -> None:
    now_ns = hall.stage.clock.now_ns()
    over, coming = Span(now_ns - 7200 * NS_PER_S, now_ns - 3600 * NS_PER_S), Span(now_ns, now_ns + 3600 * NS_PER_S)
    programmes = (Programme("march", EVENT, over), Programme("match", EVENT, coming))
    hall.wall._planned = replace(hall.wall._planned, programmes=programmes)

    async def act():
        await asyncio.sleep(2)
        assert hall.wall.director.scene == EVENT

    hall.play(act)
    assert not [trouble for trouble in hall.stage.told(Trouble) if trouble.where == "wall"]


def test_an_alarm_that_a_slow_disk_refuses_is_at_the_wall_at_once_and_one_whose_closing_it_refuses_stays(hall) -> None:
    hall.stage.chaos.failures["alarms.save"] = 2

    async def act():
        await asyncio.sleep(2)
        assert not hall.stage.told(AlarmRaised), "nobody says that it is safe"
        assert (hall.screen.up[0], hall.screen.scenes[-1].pieces[0].label[:6]) == (CAMERAS[3], "ALARME")
        await hall.seen(15)
        assert [event.alarm.alarm for event in hall.stage.told(AlarmRaised)] == ["panel-1/1"]
        await hall.centre.acknowledge("panel-1/1", "agent-1")
        for to in (AlarmState.DOUBT_REMOVAL, AlarmState.FALSE):
            await hall.centre.advance("panel-1/1", to, "agent-1")
        hall.stage.chaos.failures["alarms.save"] = 1
        with pytest.raises(AlarmNotKept):
            await hall.centre.advance("panel-1/1", AlarmState.CLOSED, "agent-1")
        await hall.seen(15)
        assert hall.screen.up[0] == CAMERAS[3], "it is not closed"

    hall.play(act)
    assert [event.cause.ref for event in why(hall, CauseKind.ALARM)] == ["panel-1/1"], "it never left its spot"


def test_an_alarm_that_a_centre_finds_when_it_starts_comes_up_too(hall, stage, scripted) -> None:
    async def ring():
        await hall.seen(5)

    hall.play(ring)
    again = Hall(stage, scripted)

    async def act():
        await again.seen(5)
        assert again.screen.up[0] == CAMERAS[3]

    again.play(act)


def test_with_fewer_than_two_on_watch_the_agreed_scene_is_up(hall) -> None:
    async def act():
        await hall.seen(15)
        hall.centre.leave_post("agent-2", urgent_reason="malaise")
        await asyncio.sleep(2)
        assert hall.screen.up == [CAMERAS[3], *CAMERAS[:3], CAMERAS[4]], "the alarm, and four that one person takes in"
        await hall.seen(5)  # both are back
        await hall.seen(40)
        assert len(hall.screen.up) == 6

    hall.play(act)
    changed = [(event.scene, event.cause.kind) for event in hall.stage.told(SceneChanged)]
    assert changed == [(BASE, CauseKind.RULE), (AGREED, CauseKind.SHORT_WATCH), (BASE, CauseKind.RULE)]


def test_a_wall_that_nobody_watches_begins_with_the_agreed_scene(hall) -> None:
    async def act():
        assert len(hall.screen.up) == 4

    hall.play(act, two=False)


def test_a_camera_whose_right_to_be_watched_ends_is_off_the_wall_at_once_whatever_the_journal_says(hall) -> None:
    async def act():
        await hall.seen(5)
        hall.stage.journal.is_down = True
        hall.papers.state(hall.text(terms={ORVAL: PaperTerms(watched=False)}))
        await asyncio.sleep(0.5)
        assert hall.screen.up == []
        hall.stage.journal.is_down = False
        await hall.seen(5)

    hall.play(act)
    told = {(entry.subject, entry.reference) for entry in hall.stage.journal.entries}
    assert {(f"wall/base/tile-{number}/empty", "not_permitted") for number in range(1, 7)} <= told


def test_nothing_comes_up_while_the_journal_refuses(hall) -> None:
    async def act():
        await hall.seen(5)
        hall.papers.state(hall.text(terms={ORVAL: PaperTerms(watched=False)}))
        await hall.seen(15)
        hall.stage.journal.is_down = True
        hall.papers.state(hall.text())
        await hall.seen(15)
        assert hall.screen.up == []
        hall.stage.journal.is_down = False
        await hall.seen(5)
        assert sorted(hall.screen.up) == CAMERAS

    hall.play(act)
    assert len([t for t in hall.stage.told(Trouble) if t.where == "wall"]) == 1


def test_a_wall_that_fails_is_told_once_and_tried_again(hall) -> None:
    async def act():
        hall.screen.is_down = True
        await hall.seen(10)
        hall.screen.is_down = False
        await hall.seen(5)
        assert hall.screen.up[0] == CAMERAS[3]

    hall.play(act)
    assert len([t for t in hall.stage.told(Trouble) if t.where == "wall"]) == 1


def test_a_wall_that_dies_while_nothing_changes_is_found_and_started_again_with_what_holds_now(hall) -> None:
    async def act():
        await hall.seen(30)
        before = len(hall.screen.scenes)
        hall.screen.is_down = True
        await hall.seen(15)
        assert (len(hall.screen.scenes), hall.screen.starts) == (before, 0)
        hall.screen.is_down = False
        await hall.seen(5)
        assert (len(hall.screen.scenes), hall.screen.starts) == (before + 1, 1)
        assert hall.screen.scenes[-1].leased(None) == hall.screen.scenes[-2].leased(None)

    hall.play(act)
    assert [trouble.where for trouble in hall.stage.told(Trouble)].count("wall") == 1
