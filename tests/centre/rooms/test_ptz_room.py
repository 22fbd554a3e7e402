"""PTZ cameras of a running centre: one lease each, a Stop for every hand that lets go, and all of it journaled."""

from __future__ import annotations

import asyncio

import pytest

from csu.alarms import AlarmState, AlarmUnknown
from csu.centre import Trouble
from csu.governance import Author
from csu.hal.camera import PtzVelocity
from csu.hal.disk import DiskError
from csu.hal.place import Pose
from csu.operations import LeaseEnd, LeaseEnded, LeaseGranted, LeaseLost, LeaseRefused, PtzRank

LEFT, RIGHT = PtzVelocity(-0.5, 0.0, 0.0), PtzVelocity(0.5, 0.0, 0.0)
POSE = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0)
ANNE, BRICE = Author("anne", "operator"), Author("brice", "operator")
CHIEF, TOUR = Author("chef", "room_chief"), Author("ronde", "system")


@pytest.fixture
def steered(stage, scripted, turret):
    """(centre, camera) of a centre with an alarm, and two on watch for as long as `steer` runs."""
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])
    camera = turret(centre, stage.clock)

    def play(steer, seconds=1.0):
        async def with_two():
            stage.two_watch(centre)
            await steer()

        stage.play(centre, seconds, with_two)

    return centre, camera, play


def subjects(stage):
    return [entry.subject for entry in stage.journal.entries]


def test_a_movement_that_is_not_repeated_ends_in_a_stop(steered, stage) -> None:
    centre, camera, play = steered

    async def steer():
        await centre.move(camera, LEFT, ANNE)
        for _ in range(10):
            await asyncio.sleep(0.2)
            centre.keep_moving(camera.record.camera, ANNE)
        assert camera.deeds == ["move"]
        await asyncio.sleep(0.59)
        assert camera.deeds == ["move"]
        await asyncio.sleep(0.02)
        assert camera.deeds == ["move", "stop"]
        with pytest.raises(LeaseLost):
            centre.keep_moving(camera.record.camera, ANNE)

    play(steer)
    assert subjects(stage) == ["ptz_move", "stop"]


def test_a_camera_that_goes_on_turning_is_told_to_stop_until_it_rests(steered) -> None:
    centre, camera, play = steered

    async def steer():
        await centre.move(camera, LEFT, ANNE)
        camera.obeys = False
        await asyncio.sleep(3.7)
        assert camera.deeds == ["move", *["stop"] * 4]
        camera.obeys = True
        await asyncio.sleep(10)

    play(steer)
    assert camera.deeds == ["move", *["stop"] * 5]
    assert not camera.is_moving


def test_a_stop_that_comes_late_does_not_cut_the_next_order_short(steered) -> None:
    """A tour that lets go and sends its camera home finds it there."""
    centre, camera, play = steered

    async def steer():
        await centre.move(camera, LEFT, ANNE)
        camera.obeys = False
        await asyncio.sleep(1)  # let go at 0.6 s, looked at again at 1.6 s
        camera.answers_after_s = 0.3
        await asyncio.sleep(0.7)
        await centre.go_to(camera, POSE, ANNE)
        await asyncio.sleep(3)

    play(steer)
    assert camera.deeds == ["move", "stop", "go_to"]


def test_a_camera_that_refuses_to_stop_is_told_again_and_that_is_told_once(steered, stage) -> None:
    centre, camera, play = steered

    async def steer():
        await centre.move(camera, LEFT, ANNE)
        camera.refuses = True
        await asyncio.sleep(5)
        camera.refuses = False
        await asyncio.sleep(3)
        assert not camera.is_moving

    play(steer)
    assert len([t for t in stage.told(Trouble) if t.where == camera.record.camera]) == 1


def test_the_chief_takes_a_camera_from_an_operator_and_an_alarm_from_the_chief(steered, stage) -> None:
    centre, camera, play = steered

    async def steer():
        await asyncio.sleep(0.1)
        await centre.go_to(camera, POSE, TOUR, preset="home")
        await centre.move(camera, LEFT, ANNE)
        with pytest.raises(LeaseRefused):
            await centre.move(camera, RIGHT, BRICE)
        with pytest.raises(LeaseRefused):
            await centre.go_to(camera, POSE, TOUR)
        await centre.move(camera, RIGHT, CHIEF)
        assert camera.deeds == ["go_to", "move", "stop", "move"], "stopped before anybody else moves it"
        with pytest.raises(LeaseLost, match="chef has it"):
            centre.keep_moving(camera.record.camera, ANNE)
        name = centre.desk.open()[0].alarm
        await centre.acknowledge(name, "brice")
        await centre.move(camera, LEFT, BRICE, alarm=name)
        assert centre.lease(camera.record.camera).rank is PtzRank.ALARM
        with pytest.raises(LeaseRefused):
            await centre.halt(camera, CHIEF)

    play(steer)
    ended = [(e.lease.holder, e.why, e.by) for e in stage.told(LeaseEnded)]
    assert ended[:3] == [
        ("ronde", LeaseEnd.PREEMPTED, "anne"),
        ("anne", LeaseEnd.PREEMPTED, "chef"),
        ("chef", LeaseEnd.PREEMPTED, "brice"),
    ]
    assert {"lease/preempted/ronde", "lease/preempted/anne", "lease/preempted/chef"} <= set(subjects(stage))
    assert len(stage.told(LeaseGranted)) == 4


def test_an_alarm_that_is_none_gives_no_rank(steered) -> None:
    centre, camera, play = steered

    async def steer():
        with pytest.raises(AlarmUnknown):
            await centre.move(camera, LEFT, ANNE, alarm="panel-1/99")

    play(steer)
    assert camera.deeds == []


def test_what_was_taken_for_an_alarm_is_free_when_it_is_closed(steered, stage) -> None:
    centre, camera, play = steered

    async def steer():
        await asyncio.sleep(1)
        name = centre.desk.open()[0].alarm
        await centre.acknowledge(name, "anne")
        await centre.go_to(camera, POSE, ANNE, alarm=name)
        for to in (AlarmState.DOUBT_REMOVAL, AlarmState.FALSE, AlarmState.CLOSED):
            await centre.advance(name, to, "anne")
        await asyncio.sleep(0.1)
        assert centre.lease(camera.record.camera) is None

    play(steer)
    assert [ended.why for ended in stage.told(LeaseEnded)] == [LeaseEnd.ALARM_OVER]


def test_a_lease_that_nobody_uses_is_given_back_after_a_minute(steered, stage) -> None:
    centre, camera, play = steered

    async def steer():
        await centre.go_to(camera, POSE, ANNE)
        for _ in range(5):
            await asyncio.sleep(14)
            for person in ("agent-1", "agent-2"):
                centre.seen_at_post(person)
        assert centre.lease(camera.record.camera) is None

    play(steer)
    assert [ended.why for ended in stage.told(LeaseEnded)] == [LeaseEnd.IDLE]
    assert camera.deeds == ["go_to"], "it rests: nothing to stop"


def test_who_lost_the_camera_while_the_journal_was_waited_for_does_not_turn_it(steered, stage) -> None:
    centre, camera, play = steered

    async def steer():
        record = stage.journal.record

        async def slow(entry):
            if entry.author == "anne" and entry.subject == "ptz_move":
                await asyncio.sleep(2)
            await record(entry)

        stage.journal.record = slow
        late = asyncio.create_task(centre.move(camera, LEFT, ANNE))
        await asyncio.sleep(1)
        await centre.move(camera, RIGHT, CHIEF)
        with pytest.raises(LeaseLost):
            await late

    play(steer)
    assert camera.deeds.count("move") == 1


def test_a_journal_that_refuses_leaves_the_camera_where_it_is(steered, stage) -> None:
    centre, camera, play = steered

    async def steer():
        stage.journal.is_down = True
        with pytest.raises(DiskError):
            await centre.move(camera, LEFT, ANNE)

    play(steer)
    assert camera.deeds == []


def test_a_centre_that_starts_tells_every_camera_to_stop(stage, scripted, turret) -> None:
    """Nobody knows what a centre that died was moving."""
    centre = stage.centre([scripted.Node("n1")])
    camera = turret(centre, stage.clock)
    camera.is_moving = True
    again = stage.centre([scripted.Node("n1")], posed_cameras=[camera])
    stage.play(again, 5)
    assert camera.deeds == ["stop"]
    assert not camera.is_moving
