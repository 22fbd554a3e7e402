"""The watch of two in a running centre: who is missed, who is called, and what is restricted meanwhile (OPS-1)."""

from __future__ import annotations

import asyncio

import pytest

from csu.governance import Author
from csu.hal.camera import PtzVelocity
from csu.hal.clock import NS_PER_S
from csu.operations import (
    LeaseEnd,
    LeaseEnded,
    LeaseRefused,
    LeaveRefused,
    ShortWatchAlert,
    WatchCause,
    WatchChanged,
)

LEFT = PtzVelocity(-0.5, 0.0, 0.0)
OPERATOR, CHIEF = Author("agent-1", "operator"), Author("chef", "room_chief")


class Sitting:
    """Two agents whose workstations see them every 15 s, until they walk off."""

    def __init__(self, centre, people=("agent-1", "agent-2")):
        self.centre, self.people = centre, list(people)
        for person in people:
            centre.take_post(person)

    async def sit(self, seconds: float) -> None:
        for _ in range(round(seconds / 15)):
            await asyncio.sleep(15)
            for person in self.people:
                self.centre.seen_at_post(person)


def since_start_s(event, scripted):
    return (event.at_ns - scripted.EPOCH_NS) / NS_PER_S


def test_a_centre_that_starts_has_nobody_on_watch_and_says_so(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")])
    stage.play(centre, 5)
    (changed,) = stage.told(WatchChanged)
    assert (changed.cause, changed.is_short) == (WatchCause.STARTED, True)
    assert len(stage.told(ShortWatchAlert)) == 1
    assert centre.is_short_of_watch


def test_who_walks_away_without_logging_off_is_missed_within_the_minute_and_the_chief_called_again(
    stage, scripted
) -> None:
    centre = stage.centre([scripted.Node("n1")])

    async def evening() -> None:
        sitting = Sitting(centre)
        await sitting.sit(600)
        stage.events.clear()
        sitting.people.remove("agent-2")
        left_s = (stage.clock.now_ns() - scripted.EPOCH_NS) / NS_PER_S
        await sitting.sit(660)
        assert stage.told(ShortWatchAlert)
        first, *again = stage.told(ShortWatchAlert)
        assert 0 < since_start_s(first, scripted) - left_s <= 60
        assert first.watching == ("agent-1",)
        assert [alert.call for alert in again] == [2, 3]
        sitting.people.append("agent-2")
        stage.events.clear()
        await sitting.sit(330)

    stage.play(centre, 1, evening)
    assert [changed.is_short for changed in stage.told(WatchChanged)] == [False]
    assert stage.told(ShortWatchAlert) == []


def test_two_who_are_seen_are_never_missed(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")])

    async def night() -> None:
        sitting = Sitting(centre)
        stage.events.clear()  # the first of the two was alone for an instant
        await sitting.sit(3600)

    stage.play(centre, 1, night)
    assert stage.told(ShortWatchAlert) == stage.told(WatchChanged) == []


def test_leaving_one_behind_is_refused_and_an_urgent_reason_calls_the_chief(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")])

    async def leave() -> None:
        await Sitting(centre).sit(15)
        stage.events.clear()  # the first of the two was alone for an instant
        with pytest.raises(LeaveRefused):
            centre.leave_post("agent-2")
        assert centre.watching == ("agent-1", "agent-2")
        centre.take_post("agent-3")
        with pytest.raises(LeaveRefused):
            centre.leave_post("agent-2", handed_over=False)
        centre.leave_post("agent-2")
        assert stage.told(ShortWatchAlert) == []
        centre.leave_post("agent-3", urgent_reason="malaise")

    stage.play(centre, 1, leave)
    assert len(stage.told(ShortWatchAlert)) == 1


def test_while_fewer_than_two_watch_only_the_chief_and_alarms_turn_cameras(stage, scripted, turret) -> None:
    centre = stage.centre([scripted.Node("n1")])
    camera = turret(centre, stage.clock)

    async def steer() -> None:
        sitting = Sitting(centre)
        await centre.move(camera, LEFT, OPERATOR)
        await sitting.sit(15)
        centre.leave_post("agent-2", urgent_reason="malaise")
        await asyncio.sleep(1)
        with pytest.raises(LeaseRefused):
            await centre.move(camera, LEFT, OPERATOR)
        await centre.move(camera, LEFT, CHIEF)
        centre.take_post("agent-2")
        await centre.give_back(camera.record.camera, CHIEF)
        await centre.move(camera, LEFT, OPERATOR)

    stage.play(centre, 1, steer)
    assert [ended.why for ended in stage.told(LeaseEnded)] == [LeaseEnd.RESTRICTED, LeaseEnd.GIVEN_BACK]
    # Whoever hears of the short watch finds the cameras free of operators already decided upon.
    assert camera.deeds.count("move") == 3


def test_who_leaves_the_wall_leaves_his_cameras(stage, scripted, turret) -> None:
    centre = stage.centre([scripted.Node("n1")])
    camera = turret(centre, stage.clock)

    async def steer() -> None:
        Sitting(centre, ("agent-1", "agent-2", "agent-3"))
        await centre.move(camera, LEFT, OPERATOR)
        centre.leave_post("agent-1")
        await asyncio.sleep(0.1)
        assert camera.deeds == ["move", "stop"]

    stage.play(centre, 1, steer)
    assert [ended.why for ended in stage.told(LeaseEnded)] == [LeaseEnd.REVOKED]
