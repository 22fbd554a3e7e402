"""Alarms led to their closing by a running centre: one writer each, on disk before told, nobody called too late."""

from __future__ import annotations

import asyncio

import pytest

from csu.alarms import (
    AlarmAcknowledged,
    AlarmAdvanced,
    AlarmDesk,
    AlarmId,
    AlarmLate,
    AlarmNotKept,
    AlarmState,
    AlarmStepRefused,
    Contact,
    PoliceCall,
)
from csu.centre import AlarmEscalated, AlarmRaised, Papers, Trouble
from csu.centre.events import AlarmsQueued
from csu.hal.alarms import AlarmKind, AlarmPriority, PanelId, PanelMessage
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from sim.papers import PaperCamera, PapersOf, PaperTerms, papers_text

ORVAL = CommuneId("Orval")
CALL = PoliceCall("police", "brigadier 12")
LIFE = (
    (AlarmState.DOUBT_REMOVAL, None),
    (AlarmState.CONFIRMED, None),
    (AlarmState.POLICE_INFORMED, CALL),
    (AlarmState.CLOSED, None),
)


class SitesPanel:
    """One alarm of each of these sites, told once and at once."""

    def __init__(self, *sites):
        self.panel, self._sites = PanelId("panel-1"), sites

    async def messages(self):
        for number, site in enumerate(self._sites, start=1):
            yield PanelMessage(self.panel, number, ORVAL, site, AlarmKind.INTRUSION, 0)
        await asyncio.Event().wait()

    async def acknowledge(self, message):
        pass


def rung(stage):
    return [event for event in stage.events if isinstance(event, AlarmEscalated | AlarmLate)]


def first(centre):
    return centre.desk.unfinished()[0].alarm


def test_an_operator_who_acknowledges_while_an_escalation_is_written_is_not_overwritten(stage, scripted) -> None:
    """Seed 99 of first_city: the late write of RAISED came last, and the alarm was nobody's again after a restart."""
    stage.chaos.delays_s["alarms.save"] = [0.0, 0.0, 5.0]  # raised, the room told, the chief told
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])

    async def take() -> None:
        await asyncio.sleep(62)
        await centre.acknowledge(first(centre), "agent-7")

    stage.play(centre, 20, take)
    (kept,) = stage.store.load().unfinished
    assert (kept.state, kept.acked_by) == (AlarmState.ACKED, "agent-7")
    told = [type(event) for event in stage.events if isinstance(event, AlarmEscalated | AlarmAcknowledged)]
    assert told == [AlarmEscalated, AlarmAcknowledged]


def test_the_chief_is_called_in_time_however_slow_the_disk_is(stage, scripted) -> None:
    stage.chaos.delays_s["alarms.save"] = [0.0, 50.0, 5.0]
    at_ns = []
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])
    centre.listen(lambda event: at_ns.append(stage.clock.now_ns()) if isinstance(event, AlarmEscalated) else None)
    stage.play(centre, 100)
    assert [rung.alarm.escalations[-1].to for rung in rung(stage)] == [Contact.ROOM, Contact.ROOM_CHIEF]
    (raised,) = stage.told(AlarmRaised)
    assert at_ns[0] - raised.alarm.taken_at_ns <= 61 * NS_PER_S
    assert len(stage.store.load().unfinished[0].escalations) == 2


def test_nobody_is_called_for_an_alarm_that_a_person_is_just_taking(stage, scripted) -> None:
    stage.chaos.delays_s["alarms.save"] = [0.0, 40.0]  # the room's rung is written until second 70
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])

    async def take() -> None:
        await asyncio.sleep(58)
        await centre.acknowledge(first(centre), "agent-7")

    stage.play(centre, 20, take)
    assert stage.told(AlarmEscalated) == []
    assert stage.store.load().unfinished[0].acked_by == "agent-7"


def test_of_two_who_take_one_alarm_at_once_the_first_has_it_and_the_second_is_told(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])
    refused = []

    async def take() -> None:
        await asyncio.sleep(5)
        stage.chaos.delays_s["alarms.save"] = [3.0]
        one = asyncio.create_task(centre.acknowledge(first(centre), "agent-7"))
        two = asyncio.create_task(centre.acknowledge(first(centre), "agent-8"))
        await one
        with pytest.raises(AlarmStepRefused) as refusal:
            await two
        refused.append(refusal.value.trouble.what.en)

    stage.play(centre, 1, take)
    assert "agent-7" in refused[0]
    assert stage.store.load().unfinished[0].acked_by == "agent-7"


def test_each_step_to_the_closing_is_on_disk_before_anybody_hears_of_it(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])
    on_disk = []
    centre.listen(
        lambda event: (
            on_disk.append((event.alarm, stage.store.find(event.alarm.alarm))) if hasattr(event, "alarm") else None
        )
    )

    async def lead() -> None:
        await asyncio.sleep(5)
        name = first(centre)
        await centre.acknowledge(name, "agent-7")
        for to, police in LIFE:
            await asyncio.sleep(5)
            await centre.advance(name, to, "agent-7", police)

    stage.play(centre, 1, lead)
    assert [told.state for told, _ in on_disk] == [AlarmState.RAISED, AlarmState.ACKED, *(to for to, _ in LIFE)]
    assert all(told == kept for told, kept in on_disk)
    assert centre.desk.unfinished() == [], "a closed alarm leaves memory"
    assert rung(stage) == []
    closed = stage.store.find(AlarmId("panel-1/1"))
    assert [step.police for step in closed.steps if step.police] == [CALL]


def test_a_step_that_cannot_be_written_did_not_happen(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])

    async def lead() -> None:
        await asyncio.sleep(5)
        name = first(centre)
        await centre.acknowledge(name, "agent-7")
        stage.chaos.failures["alarms.save"] = 1
        with pytest.raises(AlarmNotKept):
            await centre.advance(name, AlarmState.DOUBT_REMOVAL, "agent-7")
        assert centre.desk.alarm(name).state is AlarmState.ACKED
        await centre.advance(name, AlarmState.DOUBT_REMOVAL, "agent-7")

    stage.play(centre, 1, lead)
    assert [event.alarm.state for event in stage.told(AlarmAdvanced)] == [AlarmState.DOUBT_REMOVAL]


def test_a_person_who_goes_away_while_his_step_is_written_leaves_no_step_half_done(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])

    async def lead() -> None:
        await asyncio.sleep(5)
        stage.chaos.delays_s["alarms.save"] = [3.0]
        step = asyncio.create_task(centre.acknowledge(first(centre), "agent-7"))
        await asyncio.sleep(1)
        step.cancel()
        await asyncio.sleep(5)
        await centre.advance(first(centre), AlarmState.DOUBT_REMOVAL, "agent-8")

    stage.play(centre, 1, lead)
    assert stage.store.load().unfinished[0].acked_by == "agent-7"


def test_the_desk_sleeps_while_nothing_is_due(stage, scripted, monkeypatch) -> None:
    looks = []
    tick = AlarmDesk.tick
    monkeypatch.setattr(AlarmDesk, "tick", lambda self, now_ns: looks.append(now_ns) or tick(self, now_ns))
    stage.play(stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])]), 600)
    assert len(rung(stage)) == 3
    assert len(looks) <= 8


# -- which cameras ----------------------------------------------------------------------------------------------------


def proposed(stage, scripted, *, sites_m, found_at_m=None, terms=None, places=((0, 0), (50, 0), (10, 0), (900, 0))):
    communes = [ORVAL, ORVAL, CommuneId("Bremes"), ORVAL]
    cameras = [
        PaperCamera(CameraId(f"cam-{number:04d}"), commune, x_m, y_m)
        for number, (commune, (x_m, y_m)) in enumerate(zip(communes, places, strict=True), start=1)
    ]
    papers = Papers.stated(papers_text(PapersOf(cameras, stage.clock.now_ns(), terms or {})))
    node = scripted.Node("n1")
    centre = stage.centre(
        [node],
        4,
        panels=[SitesPanel("École")],
        papers=papers,
        alarm_sites_m=sites_m,
        found_at_m=found_at_m,
        communes={3: "Bremes"},
    )
    stage.play(centre, 3)
    (raised,) = stage.told(AlarmRaised)
    return centre, raised


SCHOOL = {(ORVAL, "École"): (40.0, 0.0)}


def test_the_nearest_cameras_of_the_commune_are_proposed_with_the_alarm(stage, scripted) -> None:
    _, raised = proposed(stage, scripted, sites_m=SCHOOL)
    assert raised.cameras == ("cam-0002", "cam-0001"), "not the neighbour's at 30 m, nor the one at 860 m"


def test_a_person_who_may_see_the_neighbours_cameras_is_proposed_them_too(stage, scripted) -> None:
    centre, raised = proposed(stage, scripted, sites_m=SCHOOL)
    assert centre.cameras_for(raised.alarm.alarm, lambda camera: True) == ("cam-0002", "cam-0003", "cam-0001")
    assert centre.cameras_for(raised.alarm.alarm, lambda camera: camera == "cam-0003") == ("cam-0003",)


def test_a_camera_that_nobody_may_watch_is_never_proposed(stage, scripted) -> None:
    _, raised = proposed(stage, scripted, sites_m=SCHOOL, terms={ORVAL: PaperTerms(watched=False)})
    assert raised.cameras == ()


def test_without_the_buildings_place_the_communes_cameras_are_proposed_by_number(stage, scripted) -> None:
    _, raised = proposed(stage, scripted, sites_m={})
    assert raised.cameras == ("cam-0001", "cam-0002", "cam-0004")


# -- a storm ----------------------------------------------------------------------------------------------------------


def test_a_storm_shows_eight_lines_and_tells_how_many_wait_behind_them(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")], panels=[SitesPanel(*(f"École {n}" for n in range(11)))])

    async def lead() -> None:
        await asyncio.sleep(5)
        assert len(centre.alarm_lines().shown) == 8
        assert stage.told(AlarmsQueued)[-1].by_priority == {AlarmPriority.P2: 3}
        for alarm in centre.desk.open()[:3]:
            await centre.acknowledge(alarm.alarm, "agent-7")
        await asyncio.sleep(1)

    stage.play(centre, 1, lead)
    assert (stage.told(AlarmsQueued)[-1].groups, stage.told(AlarmsQueued)[-1].by_priority) == (0, {})


def test_a_message_of_an_account_that_nobody_declared_is_neither_raised_nor_acknowledged(stage, scripted) -> None:
    class Receiver(scripted.Panel):
        async def messages(self):
            for sequence in range(200):
                account = PanelId(f"strange-{sequence}" if sequence < 100 else "strange-0")
                yield PanelMessage(account, sequence, CommuneId("Orval"), "?", AlarmKind.FIRE, scripted.EPOCH_NS)
            async for message in super().messages():
                yield message

    panel = Receiver([1])
    centre = stage.centre([scripted.Node("n1")], panels=[panel])
    stage.play(centre, 10)
    assert [raised.alarm.alarm for raised in stage.told(AlarmRaised)] == ["panel-1/1"]
    assert panel.acknowledged == [1]
    assert centre.counts.alarms_refused == 200
    told = [trouble.what.en for trouble in stage.told(Trouble)]
    assert (len(told), told[0]) == (64, "a message of the unknown account 'strange-0'")
