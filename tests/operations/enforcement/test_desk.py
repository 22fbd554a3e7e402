"""VVB-1 to VVB-6, AUT-4: one after the other each condition of a record is taken away, and none is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from csu.governance import (
    Agreement,
    Interruption,
    InterruptionKind,
    OffenceClass,
    Purpose,
    Role,
    instant_in_paris,
)
from csu.hal.camera import CommuneId
from csu.hal.frames import ClearPictureRefused
from csu.operations.enforcement import (
    OFFENCES,
    Blot,
    TicketRefused,
    TicketRule,
    View,
    offence_named,
    picture_of,
    unfit_plate,
)
from tests.operations.enforcement.conftest import (
    AGENT,
    CAMERA,
    CORNERS,
    METZ,
    NOON,
    OTHER,
    WASTE_CAMERA,
    World,
    picture,
)


def refused(rule: TicketRule):
    """That rule, in both languages."""
    return _Refused(rule)


class _Refused:
    def __init__(self, rule: TicketRule) -> None:
        self._rule = rule

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, trace) -> bool:
        assert isinstance(error, TicketRefused), error
        assert error.rule is self._rule, error
        assert error.trouble.what.fr != error.trouble.what.en
        return True


def no_record(world: World) -> bool:
    return not world.signed


def test_with_every_condition_a_record_is_made_and_it_lacks_nothing(world):
    record = world.sign(world.two_views())
    kept, files = world.store.read(world.store.own(AGENT, record.record))
    assert kept == record
    assert (record.agent, record.oath, record.prefect_file) == (AGENT, "TJ Metz 2027-02-01", "57-pve-12")
    assert (record.camera, record.camera_place, record.commune) == (CAMERA, f"Rue {CAMERA}", METZ)
    assert (record.order, record.council_resolution, record.antai) == (f"AP-{CAMERA}", "DCM 2027-4", "convention 7")
    assert (record.signs, record.room) == (("P-57-1", "P-57-2"), "salle PVe")
    assert "R412-30" in record.legal_text
    assert "Légifrance" in record.table_status
    assert (record.plate, record.country, record.place) == ("AB-123-CD", "F", "12, rue des Clercs")
    assert record.observed_from_ns < record.observed_to_ns <= record.signed_at_ns
    assert [still.view for still in record.stills] == [View.CONTEXT, View.CLOSE]
    assert all(files[still.file][:2] == b"\xff\xd8" and still.mask_epoch == 1 for still in record.stills)
    with refused(TicketRule.DRAFT):
        world.sign(world.desk.draft(AGENT, "draft-2", world.now_ns))


# -- VVB-1: live, by the agent himself --------------------------------------------------------------------------------


def test_a_picture_is_sixty_seconds_old_at_most(world):
    session = world.watch()
    world.show(session, age_s=60.001)
    with refused(TicketRule.PICTURE):
        world.desk.open(AGENT, session, "red-light", world.now_ns)
    world.show(session, age_s=-2.001)
    with refused(TicketRule.PICTURE):
        world.desk.open(AGENT, session, "red-light", world.now_ns)
    world.show(session, age_s=60)
    assert world.desk.open(AGENT, session, "red-light", world.now_ns).stills[0].captured_at_ns == NOON - 60 * 10**9


def test_later_stills_are_as_young_and_not_the_same_picture_again(world):
    session, draft = world.opened()
    with refused(TicketRule.PICTURE):
        world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns)
    world.wait(61)
    with refused(TicketRule.PICTURE):
        world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns)
    world.shown.clear()
    with refused(TicketRule.PICTURE):
        world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns)
    world.show(session)
    assert len(world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns).stills) == 2


def test_a_session_that_ended_or_is_another_agents_or_another_cameras_gives_no_picture(world):
    world.people["autre"] = replace(world.people[AGENT], person="autre")
    theirs = world.watch("autre")
    with refused(TicketRule.SESSION):
        world.desk.open(AGENT, theirs, "red-light", world.now_ns)
    with refused(TicketRule.SESSION):
        world.desk.open(AGENT, "live-99", "red-light", world.now_ns)
    session, draft = world.opened()
    world.wait(1)
    world.show(session, OTHER)
    with refused(TicketRule.PICTURE):
        world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns)
    again = world.watch()
    assert again != session
    world.desk.end(session)
    world.show(session)
    with refused(TicketRule.SESSION):
        world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns)
    with refused(TicketRule.STILLS):
        world.sign(draft)
    assert no_record(world)


def test_a_picture_that_is_hidden_or_was_never_masked_is_no_still(world):
    session = world.watch()
    world.show(session, hidden=True)
    with refused(TicketRule.PICTURE):
        world.desk.open(AGENT, session, "red-light", world.now_ns)
    world.shown[session] = picture(CAMERA, world.now_ns).planes
    with pytest.raises(ClearPictureRefused):
        world.desk.open(AGENT, session, "red-light", world.now_ns)


def test_a_draft_is_the_agents_own_is_one_and_waits_a_quarter_of_an_hour(world):
    world.people["autre"] = replace(world.people[AGENT], person="autre")
    draft = world.two_views()
    with refused(TicketRule.DRAFT):
        world.sign(draft, "autre")
    with refused(TicketRule.DRAFT):
        world.opened()
    world.wait(15 * 60 - 1)
    with refused(TicketRule.DRAFT):
        world.sign(draft)
    assert no_record(world)
    _, other = world.opened()
    world.desk.drop(AGENT, other.draft, world.now_ns)
    with refused(TicketRule.DRAFT):
        world.desk.drop(AGENT, other.draft, world.now_ns)


# -- VVB-2: who -------------------------------------------------------------------------------------------------------

SWEARING = {
    "classes": frozenset({OffenceClass.PARKING}),
    "communes": frozenset({CommuneId("woippy")}),
    "term": Agreement("carte", date(2020, 1, 1), date(2027, 6, 1)),
}


@pytest.mark.parametrize("paper", SWEARING)
def test_who_is_not_sworn_for_it_here_and_now_opens_none_and_signs_none(world, paper):
    swearing = world.people[AGENT].swearing
    draft = world.two_views()
    world.change_agent(swearing=replace(swearing, **{paper: SWEARING[paper]}))
    with refused(TicketRule.RIGHT):
        world.sign(draft)
    world.desk.drop(AGENT, draft.draft, world.now_ns)
    with refused(TicketRule.RIGHT):
        world.opened()
    assert no_record(world)


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.OPERATOR},
        {"role": Role.ROOM_CHIEF},
        {"swearing": None},
        {"strong_login": False},
        {"designation": None},
        {"is_municipal_police": False},
    ],
)
def test_an_operator_or_an_agent_without_a_paper_opens_none(world, change):
    world.change_agent(**change)
    with refused(TicketRule.RIGHT):
        world.opened()


def test_an_account_that_is_closed_meanwhile_signs_nothing(world):
    draft = world.two_views()
    del world.people[AGENT]
    with refused(TicketRule.RIGHT):
        world.sign(draft)
    assert no_record(world)


# -- VVB-3: where -----------------------------------------------------------------------------------------------------


def test_a_camera_that_is_not_designated_is_used_for_none(world):
    with refused(TicketRule.RIGHT):
        world.opened(camera=OTHER)


@pytest.mark.parametrize(
    "change",
    [
        {"order": "AP-1"},
        {"antai": Agreement("convention 7", date(2027, 1, 1), date(2027, 6, 1))},
        {"ends_on": date(2027, 6, 1)},
    ],
)
def test_a_paper_of_the_camera_that_falls_away_stops_even_the_signature(world, change):
    draft = world.two_views()
    world.facts = replace(world.facts, ticketing=(replace(world.facts.ticketing[0], **change),))
    with refused(TicketRule.RIGHT):
        world.sign(draft)
    assert no_record(world)


def test_a_suspended_order_stops_it(world):
    draft = world.two_views()
    stop = Interruption(InterruptionKind.SUSPENDED, world.now_ns, "AP 44")
    first, *others = world.facts.authorisations
    world.facts = replace(world.facts, authorisations=(replace(first, interruptions=(stop,)), *others))
    with refused(TicketRule.RIGHT):
        world.sign(draft)


# -- VVB-4, VVB-6, AUT-4: what ----------------------------------------------------------------------------------------


def test_an_offence_outside_the_table_or_its_days_is_refused(world):
    session = world.watch()
    for name in ("speeding", "217", ""):
        with refused(TicketRule.OFFENCE):
            world.desk.open(AGENT, session, name, world.now_ns)
    long_ago = instant_in_paris(date(2024, 6, 11), 720)
    with refused(TicketRule.OFFENCE):
        world.desk.open(AGENT, session, "waste-by-vehicle", long_ago)


@pytest.mark.parametrize("offence", ["speed", "distance", "insurance"])
def test_what_no_eye_establishes_is_refused(world, offence):
    session = world.watch()
    with refused(TicketRule.OFFENCE):
        world.desk.open(AGENT, session, offence, world.now_ns)


def test_the_table_is_closed_dated_and_says_that_it_is_to_be_checked():
    assert len({each.offence for each in OFFENCES}) == len(OFFENCES)
    for each in OFFENCES:
        assert each.article
        assert each.basis
        assert each.source
        assert each.words.fr != each.words.en
        assert not each.is_valid(date(1999, 1, 1))
        assert each.natinf == "", "nobody has read a code at its source yet"
    items = {each.basis.rsplit(" ", 1)[1] for each in OFFENCES if each.source.startswith("décret 2016-1955")}
    assert items == {f"{item}°" for item in range(1, 13)}, "the twelve items of R121-6 of 2016"
    assert {each.offence for each in OFFENCES if each.source.startswith("décret 2018-795")} == {
        "wrong-way", "pedestrian", "registration-unreadable",
    }  # fmt: skip
    (waste,) = [each for each in OFFENCES if each.kind is OffenceClass.WASTE]
    assert waste.kind.purpose is Purpose.WASTE_DUMPING
    assert {each.kind.purpose for each in OFFENCES if each is not waste} == {Purpose.ROAD_OFFENCES}


def test_an_end_in_the_table_counts_from_its_first_instant():
    ended = replace(offence_named("red-light"), valid_to=date(2027, 6, 1))
    assert ended.is_valid(date(2027, 5, 31))
    assert not ended.is_valid(date(2027, 6, 1))


@pytest.mark.requirement("VVB-6")
def test_dumping_is_recorded_on_a_camera_for_waste_only_and_nothing_else_is(world):
    with refused(TicketRule.RIGHT):
        world.opened("waste-by-vehicle", CAMERA)
    with refused(TicketRule.RIGHT):
        world.opened("red-light", WASTE_CAMERA)
    world.change_agent(swearing=replace(world.people[AGENT].swearing, classes=frozenset({OffenceClass.DRIVING})))
    with refused(TicketRule.RIGHT):
        world.opened("waste-by-vehicle", WASTE_CAMERA)
    world.change_agent(swearing=replace(world.people[AGENT].swearing, classes=frozenset({OffenceClass.WASTE})))
    record = world.sign(world.two_views("waste-by-vehicle", WASTE_CAMERA))
    assert (record.offence_class, record.camera) == ("waste", WASTE_CAMERA)


def test_each_offence_says_why_it_is_not_for_this_agent_and_camera(world):
    why = {each.offence: world.desk.why_not(AGENT, CAMERA, each, world.now_ns) for each in OFFENCES}
    assert why["red-light"] is None
    assert "finalité" in why["waste-by-vehicle"].fr
    assert "appareil" in why["speed"].fr
    assert world.desk.why_not("nobody", CAMERA, offence_named("red-light"), world.now_ns)


# -- VVB-5: complete --------------------------------------------------------------------------------------------------


def test_two_or_three_stills_are_a_record_and_one_shows_the_surroundings(world):
    session, draft = world.opened()
    with refused(TicketRule.STILLS):
        world.sign(draft)
    for _ in range(2):
        world.wait(1)
        world.show(session)
        draft = world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns)
    world.wait(1)
    world.show(session)
    with refused(TicketRule.STILLS):
        world.desk.take(AGENT, draft.draft, View.CLOSE, world.now_ns)
    world.desk._keep(replace(draft, stills=tuple(replace(each, view=View.CLOSE) for each in draft.stills)))
    with refused(TicketRule.STILLS):
        world.sign(draft)
    world.desk._keep(draft)
    assert len(world.sign(draft).stills) == 3


@pytest.mark.parametrize(
    "typed",
    [
        {"plate": ""},
        {"plate": "AB-123-CI"},
        {"plate": "ab-123-cd"},
        {"plate": "AB 123 CD"},
        {"plate": "AB-123-CD", "country": "FR4"},
        {"country": ""},
        {"place": "  "},
        {"place": "devant AB-123-CD"},
        {"place": "x" * 121},
    ],
)
def test_what_is_typed_has_its_shape(world, typed):
    draft = world.two_views()
    with refused(TicketRule.FIELD):
        world.sign(draft, **typed)
    assert no_record(world)
    assert world.sign(draft), "the draft is as it was"


def test_the_shape_of_a_plate_is_looked_at_and_nothing_else():
    for plate in ("AB-123-CD", "1234 ABC 57", "12 A 2B", "1 AB 974"):
        assert unfit_plate(plate, "F") is None
    for plate in ("AB-123-CO", "AB-12-CD", "12345 A 57", "12 ABCD 57", "1 A 96", "AB-123-CD\n"):
        assert unfit_plate(plate, "F")
    assert unfit_plate("M-AB 1234", "D") is None
    assert unfit_plate("m-ab 1234", "D")


def test_what_the_agent_paints_over_is_gone_for_good(world):
    draft = world.two_views()
    before = picture_of(draft.stills[0])
    painted = world.desk.paint(AGENT, draft.draft, 1, [Blot(0.1, 0.1, 0.6, 0.9)], world.now_ns)
    assert picture_of(painted.stills[0]) != before
    assert picture_of(painted.stills[1]) == picture_of(draft.stills[1])
    record = world.sign(draft)
    _, files = world.store.read(world.store.own(AGENT, record.record))
    assert files["still-1.jpg"] == picture_of(painted.stills[0])
    assert [still.painted_over for still in record.stills] == [1, 0]
    for box in ((0.5, 0.1, 0.5, 0.9), (-0.1, 0, 0.5, 0.5), (0, 0, 1.1, 1)):
        with refused(TicketRule.FIELD):
            Blot(*box)


# -- the agent's stopwatch --------------------------------------------------------------------------------------------


def test_a_parked_vehicle_is_seen_standing_for_a_minute_where_the_agent_drew_it(world):
    session, draft = world.opened("stands-double")
    world.wait(1)
    world.show(session)
    with refused(TicketRule.STANDING):
        world.desk.stop(AGENT, draft.draft, View.CLOSE, world.now_ns)
    world.desk.mark(AGENT, draft.draft, CORNERS, world.now_ns)
    world.wait(58.9)
    world.show(session, age_s=0.5)
    with refused(TicketRule.STANDING):
        world.desk.stop(AGENT, draft.draft, View.CLOSE, world.now_ns)
    assert len(world.desk.draft(AGENT, draft.draft, world.now_ns).stills) == 1, "a view taken too soon is not kept"
    world.wait(0.2)
    world.show(session, age_s=0.5)
    draft = world.desk.stop(AGENT, draft.draft, View.CLOSE, world.now_ns)
    with refused(TicketRule.STANDING):
        world.desk.mark(AGENT, draft.draft, CORNERS, world.now_ns)
    record = world.sign(draft)
    assert record.standing is not None
    assert record.standing.to_ns - record.standing.from_ns >= 60 * 10**9
    assert record.standing.from_ns == record.stills[0].captured_at_ns
    assert record.standing.corners == tuple(CORNERS)


def test_without_the_stopwatch_no_parking_is_recorded_and_it_runs_in_one_session(world):
    draft = world.two_views("stands-double")
    with refused(TicketRule.STANDING):
        world.sign(draft)
    world.desk.drop(AGENT, draft.draft, world.now_ns)
    session, draft = world.opened("stands-double")
    world.desk.mark(AGENT, draft.draft, CORNERS, world.now_ns)
    world.desk.end(session)
    world.wait(70)
    world.watch()
    with refused(TicketRule.SESSION):
        world.desk.stop(AGENT, draft.draft, View.CLOSE, world.now_ns)
    with refused(TicketRule.STILLS):
        world.sign(draft)
    assert no_record(world)


@pytest.mark.parametrize("corners", [[(0.1, 0.1), (0.2, 0.2)], [(0, 0), (0.5, 0), (1.01, 1)], [(0.1, 0.1)] * 13])
def test_what_the_agent_draws_lies_in_the_picture(world, corners):
    _, draft = world.opened("stands-double")
    with refused(TicketRule.FIELD):
        world.desk.mark(AGENT, draft.draft, corners, world.now_ns)


def test_nothing_runs_without_the_agent(world):
    """The timer begins nothing, ends nothing and opens nothing by itself: it has no clock."""
    _, draft = world.opened("stands-double")
    world.desk.mark(AGENT, draft.draft, CORNERS, world.now_ns)
    world.wait(600)
    assert world.desk.draft(AGENT, draft.draft, world.now_ns).stills == draft.stills
    assert no_record(world)
