"""ACC-1 to ACC-4, ACC-6, COM-3, EXP-2, EXP-9: who may see what, from papers and dates.

The decisions. That each door asks them is proved over the table of the doors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.governance import (
    PAST,
    VIDEO,
    Action,
    Agreement,
    AuthorisationRegister,
    AuthorisationUnusable,
    CaseFacts,
    Clearance,
    Companion,
    DeportFacts,
    Designation,
    Interruption,
    InterruptionKind,
    OffenceClass,
    PeopleUnusable,
    PrefectApproval,
    Purpose,
    Resource,
    Rights,
    Role,
    Signature,
    Span,
    Subject,
    Swearing,
    TicketingPermit,
)
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE

CAMERA, METZ = CameraId("cam-0012"), CommuneId("metz")
YEARS = Agreement("décision 12", date(2027, 1, 1), date(2030, 1, 1))
AGENT = Subject(
    person="Anne Martin",
    role=Role.OPERATOR,
    strong_login=True,
    designation=Designation("csu-metz", frozenset({METZ}), YEARS),
    approval=PrefectApproval(
        "57-2027-3", "Moselle", frozenset({METZ}), date(2027, 1, 1), date(2033, 1, 1), inquiry_on=date(2026, 11, 1)
    ),
)
SWORN = Swearing(
    "TJ Metz 2027-02-01", "57-pve-12", frozenset({OffenceClass.DRIVING, OffenceClass.WASTE}), frozenset({METZ}), YEARS
)
OFFICER = Subject("Paul Durand", Role.JUDICIAL_OFFICER, True)
HERE = Resource(camera=CAMERA)


def designated(order: str) -> TicketingPermit:
    return TicketingPermit(
        CAMERA, order, "DCM 2027-4", ("P-57-1",), YEARS, "salle PVe", date(2027, 1, 1), date(2030, 1, 1)
    )


@pytest.fixture
def rights(register_with) -> Rights:
    return Rights(register_with())


@pytest.fixture
def noon(at: Callable[..., int]) -> int:
    return at("2027-06-01 12:00")


@pytest.fixture
def case(at) -> CaseFacts:
    """Camera 12, 10:00 to 10:20 on 20 May, released."""
    return CaseFacts("R-2027-8", True, ((CAMERA, Span(at("2027-05-20 10:00"), at("2027-05-20 10:20"))),), "Paul DURAND")


def live(rights: Rights, subject: Subject, at_ns: int) -> tuple[bool, str]:
    answer = rights.decide(subject, Action.LIVE_VIEW, HERE, at_ns)
    assert answer.must_journal
    return answer.permitted, answer.rule


def test_a_designated_and_approved_agent_watches(rights, noon):
    assert live(rights, AGENT, noon) == (True, "room-watches")


@pytest.mark.parametrize(
    ("change", "day", "rule"),
    [
        ({"approval": None}, "2027-06-01", "acc-1.no-approval"),
        ({}, "2026-12-31", "acc-1.no-approval"),
        ({"approval": replace(AGENT.approval, ends_on=date(2027, 6, 1))}, "2027-06-01", "acc-1.no-approval"),
        ({"approval": replace(AGENT.approval, inquiry_on=date(2022, 6, 1))}, "2027-06-01", "acc-1.no-approval"),
        ({"approval": replace(AGENT.approval, inquiry_on=date(2027, 6, 2))}, "2027-06-01", "acc-1.no-approval"),
        ({"designation": replace(AGENT.designation, service="dsi")}, "2027-06-01", "acc-1.not-designated"),
        ({}, "2030-01-01", "acc-1.not-designated"),
        ({"strong_login": False}, "2027-06-01", "acc-6.strong-login"),
    ],
)
def test_without_each_of_his_papers_at_that_date_he_does_not(rights, at, change, day, rule):
    assert live(rights, replace(AGENT, **change), at(f"{day} 12:00")) == (False, rule)


def test_an_inquiry_counts_until_the_day_it_is_five_years_old(rights, at):
    old = replace(AGENT, approval=replace(AGENT.approval, inquiry_on=date(2022, 6, 2)))
    assert live(rights, old, at("2027-06-02 00:00") - 1)[0]
    assert not live(rights, old, at("2027-06-02 00:00"))[0]


def test_a_suspended_approval_counts_no_more_at_the_very_next_question(rights, noon):
    stop = Interruption(InterruptionKind.SUSPENDED, noon, "AP 44")
    suspended = replace(AGENT, approval=replace(AGENT.approval, interruptions=(stop,)))
    assert live(rights, suspended, noon - 1)[0]
    assert live(rights, suspended, noon) == (False, "acc-1.no-approval")


def test_a_municipal_police_officer_needs_a_designation_and_no_approval(rights, noon):
    police = replace(AGENT, approval=None, is_municipal_police=True)
    assert live(rights, police, noon)[0]
    assert not live(rights, replace(police, designation=None), noon)[0]


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_camera_is_seen_only_where_both_papers_name_its_commune(paper, at, data):
    towns = [CommuneId(name) for name in ("metz", "woippy", "ars")]
    chosen = st.frozensets(st.sampled_from(towns))
    designated, approved, town = data.draw(chosen), data.draw(chosen), data.draw(st.sampled_from(towns))
    camera = replace(paper.cameras[0], commune=town)
    service = replace(paper.services[0], commune=town)
    rights = Rights(AuthorisationRegister(replace(paper, cameras=(camera,), services=(service,))))
    agent = replace(
        AGENT,
        designation=replace(AGENT.designation, communes=designated),
        approval=replace(AGENT.approval, communes=approved),
    )
    for action in (Action.LIVE_VIEW, Action.WALL_SHOW, Action.PTZ_MOVE, Action.CAMERA_LIST):
        answer = rights.decide(agent, action, HERE, at("2027-06-01 12:00"))
        assert answer.permitted is (town in designated & approved)


def test_a_camera_that_may_not_be_watched_says_why_to_who_asks(register_with, at):
    answer = Rights(register_with()).decide(
        AGENT, Action.LIVE_VIEW, Resource(camera=CameraId("cam-9")), at("2027-06-01")
    )
    assert not answer.permitted
    ended = Rights(register_with(authorisations=())).decide(AGENT, Action.WALL_SHOW, HERE, at("2027-06-01 12:00"))
    assert (ended.permitted, ended.source) == (False, "CSI L252-1")
    assert "arrêté" in ended.reason.fr


@pytest.mark.parametrize("action", sorted(PAST))
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.JUDICIAL_OFFICER, Role.EVIDENCE_CLERK, Role.DPO}))
def test_no_way_leads_into_the_past_for_who_sees_live_only(rights, noon, case, role, action):
    """With all the papers there are, and somebody else's released case in hand."""
    everything = Resource(CAMERA, case.spans[0][1], METZ, None, case, Signature("x", Role.DPO), None, "curious")
    answer = rights.decide(replace(AGENT, role=role, communes=frozenset({METZ})), action, everything, noon)
    assert (answer.permitted, answer.must_journal) == (False, True)
    assert answer.rule.startswith("acc-3.")
    assert "relecture" in answer.reason.fr or "passé" in answer.reason.fr


def test_an_officer_replays_his_own_released_case_within_the_act(rights, noon, case):
    camera, span = case.spans[0]
    asked = Resource(camera=camera, span=span, case=case)
    assert rights.decide(OFFICER, Action.REPLAY, asked, noon).permitted
    refusals = {
        "acc-3.case-not-released": replace(asked, case=replace(case, is_released=False)),
        "exp-2.outside-the-act": replace(asked, span=Span(span.from_ns, span.to_ns + 1)),
        "exp-1.not-this-persons-case": replace(asked, case=replace(case, officer="Marie Curie")),
    }
    for rule, resource in refusals.items():
        answer = rights.decide(OFFICER, Action.REPLAY, resource, noon)
        assert (answer.permitted, answer.rule) == (False, rule)
    one_before = replace(asked, span=Span(span.from_ns - 1, span.to_ns))
    other_camera = replace(asked, camera=CameraId("cam-0500"))
    for resource in (one_before, other_camera, replace(asked, span=None), replace(asked, case=None)):
        assert not rights.decide(OFFICER, Action.REPLAY, resource, noon).permitted


def test_the_dpo_replays_for_a_person_filmed_only(rights, noon, case):
    dpo = Subject("Denis", Role.DPO, True)
    asked = Resource(camera=CAMERA, span=case.spans[0][1], case=case)
    assert not rights.decide(dpo, Action.REPLAY, asked, noon).permitted
    theirs = replace(asked, case=replace(case, is_access_request=True))
    assert rights.decide(dpo, Action.REPLAY, theirs, noon).permitted
    assert not rights.decide(OFFICER, Action.REPLAY, theirs, noon).permitted


def test_a_recipient_is_cleared_by_name_and_the_order_names_his_service(register_with, order, noon):
    named = Rights(register_with(authorisations=(replace(order, recipients=frozenset({"dipn-57"})),)))
    someone = Subject("Luc", Role.RECIPIENT, True, clearance=Clearance("hab-7", "dipn-57", YEARS))
    deport = DeportFacts("Luc", (CAMERA,), Span(noon, noon + NS_PER_MINUTE))
    here = replace(HERE, deport=deport)
    assert named.decide(someone, Action.DEPORT_VIEW, here, noon).permitted
    unnamed = Rights(register_with())
    stopped = replace(someone.clearance, interruptions=(Interruption(InterruptionKind.SUSPENDED, noon, "note 3"),))
    for rights, who in (
        (unnamed, someone),
        (named, replace(someone, clearance=None)),
        (named, replace(someone, clearance=replace(someone.clearance, service="cic"))),
        (named, replace(someone, clearance=stopped)),
    ):
        answer = rights.decide(who, Action.DEPORT_VIEW, here, noon)
        assert (answer.permitted, answer.rule) == (False, "acc-4.not-cleared")
    for other in (
        None,
        replace(deport, recipient="Lucie"),
        replace(deport, cameras=(CameraId("cam-0500"),)),
        replace(deport, span=Span(noon - NS_PER_MINUTE, noon)),
        replace(deport, span=Span(noon + 1, noon + NS_PER_MINUTE)),
    ):
        answer = named.decide(someone, Action.DEPORT_VIEW, replace(HERE, deport=other), noon)
        assert (answer.permitted, answer.rule) == (False, "ops-4.no-open-deport")


@pytest.mark.parametrize("action", sorted(VIDEO))
@pytest.mark.parametrize("role", [Role.MAYOR, Role.INTEGRATOR])
def test_a_mayor_and_an_integrator_have_no_video_permission(rights, noon, case, role, action):
    everything = Resource(
        CAMERA, case.spans[0][1], METZ, Purpose.TRAFFIC_FLOW, case, Signature("x", Role.DPO), None, "because"
    )
    status = replace(AGENT, role=role, is_municipal_police=True, communes=frozenset({METZ}))
    assert not rights.decide(status, action, everything, noon).permitted


def test_a_technician_sees_pictures_only_accompanied_and_for_an_hour(rights, noon):
    technician = Subject("Tom", Role.TECH_ADMIN, True)
    hour = Companion("Claire", Role.ROOM_CHIEF, Span(noon, noon + 60 * NS_PER_MINUTE))
    asked = Resource(camera=CAMERA, companion=hour, reason="WO-12")
    assert rights.decide(technician, Action.MAINTENANCE_VIEW, asked, noon).permitted
    assert not rights.decide(technician, Action.LIVE_VIEW, asked, noon).permitted
    longer = Span(noon, noon + 61 * NS_PER_MINUTE)
    for wrong in (None, replace(hour, person="TOM"), replace(hour, role=Role.INTEGRATOR), replace(hour, span=longer)):
        refusal = rights.decide(technician, Action.MAINTENANCE_VIEW, replace(asked, companion=wrong), noon)
        assert refusal.rule == "acc-6.not-accompanied"
    after = noon + 60 * NS_PER_MINUTE
    assert not rights.decide(technician, Action.MAINTENANCE_VIEW, asked, after).permitted
    assert not rights.decide(technician, Action.MAINTENANCE_VIEW, replace(asked, reason=" "), noon).permitted


def test_who_prepared_an_extract_does_not_release_it(rights, noon, case):
    manager = Subject("Claire Petit", Role.CSU_MANAGER, True)
    asked = Resource(case=case, first=Signature("Hugo", Role.EVIDENCE_CLERK))
    assert rights.decide(manager, Action.CASE_RELEASE, asked, noon).permitted
    for first in (None, Signature(" claire  PETIT", Role.EVIDENCE_CLERK), Signature("Hugo", Role.OPERATOR)):
        answer = rights.decide(manager, Action.CASE_RELEASE, replace(asked, first=first), noon)
        assert (answer.permitted, answer.rule) == (False, "exp-9.second-person")


def test_a_ticket_needs_its_purpose_on_this_very_camera(register_with, order, noon):
    agent = replace(AGENT, role=Role.VERBALISER, swearing=SWORN)
    asked = Resource(camera=CAMERA, purpose=Purpose.ROAD_OFFENCES, offence=OffenceClass.DRIVING)
    permit = designated(order.number)
    elsewhere = Rights(register_with(ticketing=(permit,)))
    assert elsewhere.decide(agent, Action.TICKET_OPEN, asked, noon).rule == "aut-4.purpose"
    for_roads = (replace(order, purposes=frozenset({Purpose.ROAD_OFFENCES})),)
    allowed = Rights(register_with(authorisations=for_roads, ticketing=(permit,)))
    assert allowed.decide(agent, Action.TICKET_OPEN, asked, noon).permitted
    assert not allowed.decide(AGENT, Action.TICKET_OPEN, asked, noon).permitted
    assert not allowed.decide(agent, Action.TICKET_OPEN, HERE, noon).permitted
    waste = replace(asked, purpose=Purpose.WASTE_DUMPING, offence=OffenceClass.WASTE)
    assert allowed.decide(agent, Action.TICKET_OPEN, waste, noon).rule == "aut-4.purpose"


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"classes": frozenset({OffenceClass.PARKING})},
        {"communes": frozenset({CommuneId("woippy")})},
        {"term": Agreement("carte 7", date(2027, 1, 1), date(2027, 6, 1))},
        {"term": Agreement("carte 7", date(2027, 6, 2), date(2030, 1, 1))},
    ],
)
def test_who_is_not_sworn_for_that_class_in_that_commune_on_that_day_opens_none(register_with, order, noon, change):
    asked = Resource(camera=CAMERA, purpose=Purpose.ROAD_OFFENCES, offence=OffenceClass.DRIVING)
    for_roads = (replace(order, purposes=frozenset({Purpose.ROAD_OFFENCES})),)
    rights = Rights(register_with(authorisations=for_roads, ticketing=(designated(order.number),)))
    swearing = None if change is None else replace(SWORN, **change)
    agent = replace(AGENT, role=Role.VERBALISER, swearing=swearing)
    assert rights.decide(agent, Action.TICKET_OPEN, asked, noon).rule == "vvb-2.not-sworn"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (None, "n'est pas désignée"),
        ({"order": "2020-1"}, "n'est pas celui qui la régit"),
        ({"antai": Agreement("ANTAI 9", date(2027, 1, 1), date(2027, 6, 1))}, "ANTAI 9"),
        ({"ends_on": date(2027, 6, 1)}, "n'est pas désignée"),
        ({"from_day": date(2027, 6, 2)}, "n'est pas désignée"),
        ({"camera": CameraId("cam-0013")}, "n'est pas désignée"),
    ],
)
def test_a_camera_that_no_paper_designates_on_that_day_is_used_for_none(register_with, order, noon, change, why):
    asked = Resource(camera=CAMERA, purpose=Purpose.ROAD_OFFENCES, offence=OffenceClass.DRIVING)
    for_roads = (replace(order, purposes=frozenset({Purpose.ROAD_OFFENCES})),)
    permits = () if change is None else (replace(designated(order.number), **change),)
    rights = Rights(register_with(authorisations=for_roads, ticketing=permits))
    agent = replace(AGENT, role=Role.VERBALISER, swearing=SWORN)
    decision = rights.decide(agent, Action.TICKET_OPEN, asked, noon)
    assert decision.rule == "vvb-3.not-designated"
    assert why in decision.reason.fr


@pytest.mark.parametrize("missing", ["order", "council_resolution", "room", "signs", "antai"])
def test_a_camera_is_not_designated_by_half_a_paper(missing):
    nothing = {"signs": (), "antai": Agreement(" ", date(2027, 1, 1), date(2030, 1, 1))}
    with pytest.raises(AuthorisationUnusable):
        replace(designated("A 1"), **{missing: nothing.get(missing, " ")})
    with pytest.raises(PeopleUnusable):
        replace(SWORN, prefect_file="")


def test_figures_of_a_commune_are_its_own(rights, noon):
    mayor = Subject("Mme le maire", Role.MAYOR, True, communes=frozenset({METZ}))
    assert rights.decide(mayor, Action.STATISTICS_READ, Resource(commune=METZ), noon).permitted
    for other in (Resource(commune=CommuneId("woippy")), Resource()):
        assert not rights.decide(mayor, Action.STATISTICS_READ, other, noon).permitted
