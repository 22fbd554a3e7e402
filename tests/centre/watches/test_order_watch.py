"""Cameras held to their orders by the control plane, on virtual time: what a prefect did not allow is not taken in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from csu.centre import CameraRightsChanged, CameraState, Papers, Trouble
from csu.governance import facts_from, facts_text, start_of_day
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_S
from sim.papers import PaperCamera, PapersOf, PaperTerms, Suspension, papers_text

ORVAL, BREMES = CommuneId("Orval"), CommuneId("Bremes")
ONE, TWO = CameraId("cam-0001"), CameraId("cam-0002")


def papers(scripted, **of) -> Papers:
    """Camera 1 stands in Orval, camera 2 in Bremes."""
    return Papers.stated(text(scripted, **of))


def text(scripted, **of) -> str:
    return papers_text(PapersOf([PaperCamera(ONE, ORVAL), PaperCamera(TWO, BREMES)], scripted.EPOCH_NS, **of))


def served(node) -> list[set[str]]:
    return [{each.record.camera for each in given} for given in node.all_assigned]


@pytest.mark.requirement("AUT-1")
def test_a_camera_that_no_order_covers_is_given_to_no_node_and_watched_by_nobody(stage, scripted) -> None:
    node = scripted.Node("n1")
    covered = facts_from(text(scripted))
    only_one = replace(covered, authorisations=covered.authorisations[:1])
    centre = stage.centre([node], papers=Papers.stated(facts_text(only_one)))
    stage.play(centre, 5)
    assert served(node) == [{ONE}]
    assert centre.board[TWO].state is CameraState.UNAUTHORISED
    assert "aucun arrêté" in centre.board[TWO].detail.fr
    assert (centre.may_watch(ONE), centre.may_watch(TWO)) == (True, False)


def test_without_papers_nothing_is_taken_in(stage, scripted) -> None:
    node = scripted.Node("n1")
    stage.play(stage.centre([node], papers=Papers.stated("{}")), 5)
    assert served(node) == [set()]


@pytest.mark.requirement("AUT-2")
def test_an_order_that_ends_stops_its_cameras_at_that_instant(stage, scripted) -> None:
    """And their node knew it beforehand: it stops by itself, cut off or not."""
    node = scripted.Node("n1")
    tomorrow = datetime.fromtimestamp(scripted.EPOCH_NS // NS_PER_S, UTC).date().replace(day=20)
    end_ns = start_of_day(tomorrow)
    centre = stage.centre([node], papers=papers(scripted, terms={BREMES: PaperTerms(ends_on=tomorrow)}))
    stage.play(centre, (end_ns - scripted.EPOCH_NS) / NS_PER_S + 10)
    assert served(node) == [{ONE, TWO}, {ONE}]
    assert {each.record.camera: each.until_ns for each in node.all_assigned[0]}[TWO] == end_ns
    (told,) = stage.told(CameraRightsChanged)
    assert (told.camera, told.may_record, told.at_ns) == (TWO, False, end_ns)
    assert centre.board[TWO].state is CameraState.UNAUTHORISED


@pytest.mark.parametrize("days", [180, 90, 30])
def test_the_end_of_an_order_is_told_180_90_and_30_days_before(stage, scripted, days) -> None:
    day = datetime.fromtimestamp((scripted.EPOCH_NS + days * NS_PER_DAY) // NS_PER_S, UTC).date()
    ending = papers(scripted, terms={BREMES: PaperTerms(ends_on=day)})
    stage.play(stage.centre([scripted.Node("n1")], papers=ending), 99)
    told = [each for each in stage.told(Trouble) if "sim-Bremes" in each.what.fr]
    assert len(told) == 1
    assert f"{days} j" in told[0].what.fr


@pytest.mark.requirement("AUT-6")
def test_a_suspension_entered_now_stops_its_cameras_within_a_minute_and_its_end_starts_them(stage, scripted) -> None:
    node = scripted.Node("n1")
    entered = papers(scripted)
    centre = stage.centre([node], papers=entered)

    async def prefect() -> None:
        await asyncio.sleep(100)
        now_ns = stage.clock.now_ns()
        entered.state(text(scripted, suspensions=[Suspension(BREMES, now_ns, now_ns + 300 * NS_PER_S)]))

    stage.play(centre, 600, prefect)
    assert served(node) == [{ONE, TWO}, {ONE}, {ONE, TWO}]
    stopped, started = stage.told(CameraRightsChanged)
    assert (stopped.camera, stopped.may_record) == (TWO, False)
    assert stopped.at_ns - scripted.EPOCH_NS <= 160 * NS_PER_S
    assert (started.may_record, started.at_ns) == (True, scripted.EPOCH_NS + 400 * NS_PER_S)
    assert "suspendu" in stopped.why.fr
    assert [entry.subject for entry in stage.journal.entries] == ["orders"]


@pytest.mark.requirement("AUT-6")
def test_a_landlords_feed_stops_when_its_agreement_ends(stage, scripted) -> None:
    node = scripted.Node("n1")
    facts = facts_from(papers_text(PapersOf([PaperCamera(ONE, ORVAL, third_party="SNCF")], scripted.EPOCH_NS)))
    last_day = datetime.fromtimestamp(scripted.EPOCH_NS // NS_PER_S, UTC).date().replace(day=20)
    (camera,) = facts.cameras
    (agreement,) = camera.agreements
    ended = replace(camera, agreements=(replace(agreement, ends_on=last_day),))
    stated = Papers.stated(facts_text(replace(facts, cameras=(ended,))))
    centre = stage.centre([node], cameras=1, papers=stated)
    stage.play(centre, (start_of_day(last_day) - scripted.EPOCH_NS) / NS_PER_S + 5)
    assert served(node) == [{ONE}, set()]


def test_a_commune_of_storage_only_is_recorded_and_watched_by_nobody(stage, scripted) -> None:
    node = scripted.Node("n1")
    centre = stage.centre([node], papers=papers(scripted, terms={BREMES: PaperTerms(watched=False)}))
    stage.play(centre, 5)
    assert served(node) == [{ONE, TWO}]
    assert (centre.may_watch(ONE), centre.may_watch(TWO)) == (True, False)
    assert centre.board[TWO].watched is False


def test_what_a_node_still_says_of_a_closed_camera_does_not_open_it(stage, scripted) -> None:
    async def both(node):
        yield scripted.manifest("n1", 1, 0, [ONE, TWO])
        await node._stopped.wait()

    node = scripted.Node("n1", both)
    stopped = papers(scripted, suspensions=[Suspension(BREMES, scripted.EPOCH_NS - NS_PER_S)])
    centre = stage.centre([node], papers=stopped)

    async def look() -> None:
        await asyncio.sleep(20)
        assert centre.board[TWO].state is CameraState.UNAUTHORISED
        assert centre.board[ONE].state is CameraState.LIVE

    stage.play(centre, 1, look)


@pytest.mark.requirement("AUT-3")
@pytest.mark.parametrize(("moved_m", "taken_in"), [(4.0, True), (200.0, False)])
def test_a_camera_that_stands_elsewhere_than_the_prefect_was_told_is_not_taken_in(
    stage, scripted, moved_m, taken_in
) -> None:
    node = scripted.Node("n1")
    centre = stage.centre([node], papers=papers(scripted), found_at_m={ONE: (0.0, 0.0), TWO: (moved_m, 0.0)})
    stage.play(centre, 5)
    assert served(node) == [{ONE, TWO} if taken_in else {ONE}]
    assert ("200 m" in centre.board[TWO].detail.fr) is not taken_in


@pytest.mark.requirement("AUT-3")
def test_a_place_outside_the_perimeter_stops_its_camera_even_when_it_was_notified(stage, scripted) -> None:
    """Two cameras under a perimeter of 100 m; the second is moved out of it, and the prefect told."""
    facts = facts_from(text(scripted))
    order = replace(
        facts.authorisations[0], cameras=frozenset(), perimeters_m=(((-50, -50), (50, -50), (50, 50), (-50, 50)),)
    )
    one, two = facts.cameras
    moved_ns = scripted.EPOCH_NS + 60 * NS_PER_S
    day = datetime.fromtimestamp(scripted.EPOCH_NS // NS_PER_S, UTC).date()
    moved = replace(two, placements=(*two.placements, replace(two.placements[0], since_ns=moved_ns, x_m=200.0)))
    told = replace(facts.notifications[1], dated_on=day, x_m=200.0)
    stated = replace(facts, authorisations=(order,), cameras=(one, moved), notifications=(*facts.notifications, told))
    node = scripted.Node("n1")
    stage.play(stage.centre([node], papers=Papers.stated(facts_text(stated))), 120)
    assert served(node) == [{ONE, TWO}, {ONE}]
    assert stage.told(CameraRightsChanged)[0].at_ns == moved_ns


def test_orders_that_cannot_be_read_are_told_once_and_read_as_soon_as_they_can_be(stage, scripted) -> None:
    node, known = scripted.Node("n1"), papers(scripted)
    centre = stage.centre([node], papers=known)
    stage.chaos.failures["orders.read"] = 3

    async def stopped() -> None:
        await asyncio.sleep(5)
        known.state(text(scripted, suspensions=[Suspension(BREMES, scripted.EPOCH_NS, None)]))

    stage.play(centre, 10, stopped)
    assert served(node)[-1] == {ONE}
    assert [trouble.where for trouble in stage.told(Trouble)] == ["orders"]
    (change,) = stage.told(CameraRightsChanged)
    assert (change.camera, (change.at_ns - scripted.EPOCH_NS) / NS_PER_S) == (TWO, 8.0)
