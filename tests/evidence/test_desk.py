"""The requisition desk: states, bounds, holds that die, locks that share, four eyes, and what leaves against what."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.evidence import (
    CameraSpan,
    CaseRefused,
    CaseState,
    EvidenceInputRefused,
    Habilitation,
    HandOver,
    LegalBasis,
    Officer,
    ReleaseRefused,
    RequisitionDesk,
    event_from_json,
    event_to_json,
    faults_of,
)
from csu.evidence.spans import united, without
from csu.governance.legal_calendar import one_month_after
from csu.hal.camera import CameraId

S = 1_000_000_000
MINUTE, DAY = 60 * S, 86_400 * S
T0 = 1_795_341_600 * S
CAM, OTHER = CameraId("cam-0012"), CameraId("cam-0013")
TWENTY = CameraSpan(CAM, T0, T0 + 20 * MINUTE)
GIVEN = HandOver(Officer("Martin", "Maj.", "CIAT Metz", "123456"), "DVD-R 0042", False, "", 2, "reçu 17", "scellé 3")


class Kept:
    """A desk and the store beside it: what is done is stored, then applied."""

    def __init__(self) -> None:
        self.desk = RequisitionDesk(lambda _, captured_ns: one_month_after(captured_ns))
        self.stored: list[str] = []

    def do(self, events) -> None:
        for event in events:
            self.stored.append(json.dumps(event_to_json(event)))
            self.desk.apply(event)

    def to(self, case: str, act, state: CaseState, at_ns: int = T0 + DAY) -> None:
        """Bring a new case to a state, the ordinary way."""
        way = [
            lambda: self.desk.receive(case, act, by="anna", at_ns=at_ns),
            lambda: self.desk.check(case, by="anna", at_ns=at_ns),
            lambda: self.desk.lock(case, by="anna", at_ns=at_ns),
            lambda: self.desk.prepare(case, act.spans, "cd" * 32, by="anna", at_ns=at_ns),
            lambda: self.desk.validate(case, by="bruno", at_ns=at_ns),
            lambda: self.desk.hand_over(case, GIVEN, by="bruno", at_ns=at_ns),
            lambda: self.desk.copy_destroyed(case, certificate="cert 9", by="anna", at_ns=at_ns),
        ]
        states = [s for s in CaseState if s is not CaseState.REJECTED]
        for step in way[: states.index(state) + 1]:
            self.do(step())
        assert self.desk.case(case).state is state


def replay(events) -> RequisitionDesk:
    """A desk after a restart."""
    desk = RequisitionDesk(lambda _, captured_ns: one_month_after(captured_ns))
    for event in events:
        desk.apply(event_from_json(event))
    return desk


@pytest.fixture
def kept() -> Kept:
    return Kept()


def instants(spans) -> set[int]:
    return {minute for span in spans for minute in range(span.from_ns // MINUTE, span.to_ns // MINUTE)}


# -- the act ----------------------------------------------------------------------------------------------------------

INCOMPLETE = {
    "basis": {"basis": None},
    "number": {"number": " "},
    "signature": {"is_signed": False},
    "scan": {"act_sha256": ""},
    "no interval": {"spans": ()},
    "reversed interval": {"spans": (CameraSpan(CAM, T0, T0 - 1),)},
    "empty interval": {"spans": (CameraSpan(CAM, T0, T0),)},
    "officer's name": {"officer": Officer("", "Maj.", "CIAT", "1")},
    "rank": {"officer": Officer("Martin", "", "CIAT", "1")},
    "unit": {"officer": Officer("Martin", "Maj.", "", "1")},
    "matricule": {"officer": Officer("Martin", "Maj.", "CIAT", "")},
    "magistrate": {"authorised_by": ""},
    "whole day just in case": {"spans": (CameraSpan(CAM, T0, T0 + DAY),)},
    "no habilitation": {"basis": LegalBasis.L252_3_HABILITATED},
    "habilitation over": {"basis": LegalBasis.L252_3_HABILITATED, "habilitation": Habilitation("h 1", 0, 1)},
}


@pytest.mark.parametrize("missing", INCOMPLETE)
def test_an_incomplete_act_is_rejected_with_its_reason_and_releases_nothing(kept, act, missing):
    kept.to("c1", replace(act(TWENTY), **INCOMPLETE[missing]), CaseState.RECEIVED)
    kept.do(kept.desk.check("c1", by="anna", at_ns=T0))
    found = kept.desk.case("c1")
    assert found.state is CaseState.REJECTED
    assert [bool(reason) for reason in found.reasons] == [True]
    assert kept.desk.protected(T0 + DAY) == ()
    for refused in (
        lambda: kept.desk.lock("c1", by="anna", at_ns=T0),
        lambda: kept.desk.prepare("c1", (TWENTY,), "cd" * 32, by="anna", at_ns=T0 + DAY),
        lambda: kept.desk.require_release("c1", (TWENTY,), T0 + DAY),
    ):
        with pytest.raises(CaseRefused):
            refused()


def test_every_reason_is_told_at_once(act):
    assert len(faults_of(replace(act(), basis=None, number="", is_signed=False))) == 4


@pytest.mark.parametrize("basis", list(LegalBasis))
def test_a_complete_act_of_every_basis_passes(act, basis):
    habilitation = Habilitation("arrêté 12", 0, T0 + 400 * DAY)
    assert faults_of(act(TWENTY, basis=basis, habilitation=habilitation)) == ()


def test_a_long_interval_needs_its_reason_in_writing(act):
    day = CameraSpan(CAM, T0, T0 + DAY)
    assert faults_of(act(day)) != ()
    assert faults_of(act(day, proportionality="tournée du suspect, PV 12")) == ()


# -- bounds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        CameraSpan(CAM, T0 - S, T0 + 20 * MINUTE),
        CameraSpan(CAM, T0, T0 + 20 * MINUTE + S),
        CameraSpan(CAM, T0, T0 + 20 * MINUTE + 1),
        CameraSpan(OTHER, T0, T0 + 20 * MINUTE),
    ],
)
def test_release_is_bounded_by_the_act(kept, act, asked):
    kept.to("c1", act(TWENTY), CaseState.LOCKED)
    kept.desk.require_release("c1", (TWENTY,), T0 + DAY)
    kept.desk.require_release("c1", (CameraSpan(CAM, T0 + S, T0 + 2 * S),), T0 + DAY)
    with pytest.raises(ReleaseRefused):
        kept.desk.require_release("c1", (asked,), T0 + DAY)
    with pytest.raises(ReleaseRefused):
        kept.desk.prepare("c1", (asked,), "cd" * 32, by="anna", at_ns=T0 + DAY)


def test_a_future_interval_is_a_scheduled_lock_and_no_export(kept, act):
    now = T0 - DAY
    kept.to("c1", act(TWENTY), CaseState.LOCKED, at_ns=now)
    (lock,) = kept.desk.locks(now)
    assert (lock.span, lock.is_scheduled) == (TWENTY, True)
    for at_ns in (now, T0 + 20 * MINUTE - 1):
        with pytest.raises(ReleaseRefused, match="not passed"):
            kept.desk.prepare("c1", (TWENTY,), "cd" * 32, by="anna", at_ns=at_ns)
    assert not kept.desk.locks(TWENTY.to_ns)[0].is_scheduled
    kept.do(kept.desk.prepare("c1", (TWENTY,), "cd" * 32, by="anna", at_ns=TWENTY.to_ns))


# -- locks ------------------------------------------------------------------------------------------------------------


def test_a_lock_holds_exactly_its_camera_and_interval(kept, act):
    kept.to("c1", act(TWENTY), CaseState.LOCKED)
    long_after = T0 + 200 * DAY
    assert kept.desk.protected(long_after) == (TWENTY,)
    assert not any(span.holds(T0 - 1) or span.holds(TWENTY.to_ns) for span in kept.desk.protected(long_after))


def test_a_second_requisition_joins_the_lock_and_the_lock_ends_with_the_last(kept, act):
    kept.to("c1", act(TWENTY), CaseState.LOCKED)
    kept.to("c2", act(CameraSpan(CAM, T0 + 5 * MINUTE, T0 + 10 * MINUTE)), CaseState.LOCKED, at_ns=T0 + 90 * DAY)
    at = T0 + 100 * DAY
    assert [lock.cases for lock in kept.desk.locks(at)] == [("c1",), ("c1", "c2"), ("c1",)]
    kept.do(kept.desk.prepare("c1", (TWENTY,), "cd" * 32, by="anna", at_ns=at))
    kept.do(kept.desk.validate("c1", by="bruno", at_ns=at))
    kept.do(kept.desk.hand_over("c1", GIVEN, by="bruno", at_ns=at))
    assert instants(kept.desk.protected(at)) == instants((CameraSpan(CAM, T0 + 5 * MINUTE, T0 + 10 * MINUTE),))
    ((case, gone),) = kept.desk.destruction_due(at)
    assert case == "c1"
    assert instants(gone) == instants((TWENTY,)) - instants(kept.desk.protected(at))
    kept.do(kept.desk.copy_destroyed("c1", certificate="cert 1", by="anna", at_ns=at))
    kept.do(kept.desk.end_lock("c2", instruction="soit-transmis 12", by="anna", at_ns=at))
    assert kept.desk.protected(at) == ()
    kept.do(kept.desk.copy_destroyed("c2", certificate="cert 2", by="anna", at_ns=at))
    assert [case.state for case in kept.desk.cases] == [CaseState.CLOSED, CaseState.CLOSED]


def test_only_a_judicial_act_passes_the_ceiling(kept, act):
    habilitated = act(TWENTY, basis=LegalBasis.L252_3_HABILITATED, habilitation=Habilitation("h", 0, T0 + 9 * DAY))
    kept.to("c1", habilitated, CaseState.LOCKED)
    ceiling = one_month_after(T0)
    assert kept.desk.protected(ceiling - 1) == (TWENTY,)
    assert kept.desk.protected(ceiling) == ()


def test_a_lock_older_than_twelve_months_is_flagged_once(kept, act):
    kept.to("c1", act(TWENTY), CaseState.LOCKED)
    assert kept.desk.tick(T0 + 364 * DAY) == []
    events = kept.desk.tick(T0 + 370 * DAY)
    assert [type(event).__name__ for event in events] == ["LockFlagged"]
    kept.do(events)
    assert kept.desk.tick(T0 + 371 * DAY) == []


# -- precautionary holds ----------------------------------------------------------------------------------------------


def test_a_hold_never_outlives_the_ceiling_and_reminds_before(kept):
    kept.do(kept.desk.place_hold("h1", TWENTY, reason="incident-7", by="anna", at_ns=T0 + DAY))
    dies = one_month_after(T0)
    told = []
    for at in range(T0 + DAY, dies + 2 * DAY, DAY // 4):
        events = kept.desk.tick(at)
        told += [(type(e).__name__, getattr(e, "days_left", None), (dies - at) // DAY) for e in events]
        kept.do(events)
        assert bool(kept.desk.protected(at)) == (at < dies)
    assert told[0] == ("HoldReminded", 7, 7)
    assert told[1] == ("HoldReminded", 2, 2)
    assert told[2][0] == "HoldDied"
    assert len(told) == 3


def test_a_hold_dies_even_if_nobody_ticks(kept):
    kept.do(kept.desk.place_hold("h1", TWENTY, reason="incident-7", by="anna", at_ns=T0 + DAY))
    assert kept.desk.protected(one_month_after(T0)) == ()


def test_a_requisition_takes_the_hold_over(kept, act):
    kept.do(kept.desk.place_hold("h1", TWENTY, reason="incident-7", by="anna", at_ns=T0 + DAY))
    kept.to("c1", act(TWENTY), CaseState.LOCKED, at_ns=T0 + 2 * DAY)
    assert kept.desk.holds[0].taken_by == "c1"
    assert kept.desk.protected(T0 + 300 * DAY) == (TWENTY,)


@pytest.mark.parametrize(
    ("span", "reason", "at_ns"),
    [
        (TWENTY, "", T0 + DAY),
        (CameraSpan(CAM, T0, T0), "x", T0 + DAY),
        (TWENTY, "x", T0 + MINUTE),
        (TWENTY, "x", T0 + 32 * DAY),
    ],
)
def test_a_hold_without_reason_interval_or_time_left_is_refused(kept, span, reason, at_ns):
    with pytest.raises(CaseRefused):
        kept.desk.place_hold("h1", span, reason=reason, by="anna", at_ns=at_ns)


# -- four eyes, hand-over, destruction --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["anna", "ANNA", " an na", "ａｎｎａ", ""])
def test_who_prepared_does_not_release(kept, act, name):
    kept.to("c1", act(TWENTY), CaseState.PREPARED)
    with pytest.raises(CaseRefused):
        kept.desk.validate("c1", by=name, at_ns=T0 + DAY)


def test_a_package_found_wrong_is_prepared_again_and_both_are_in_the_journal(kept, act):
    kept.to("c1", act(TWENTY), CaseState.PREPARED)
    kept.do(kept.desk.return_package("c1", reason="mauvaise caméra", by="bruno", at_ns=T0 + DAY))
    kept.do(kept.desk.prepare("c1", (TWENTY,), "ef" * 32, by="bruno", at_ns=T0 + DAY))
    with pytest.raises(CaseRefused):
        kept.desk.validate("c1", by="bruno", at_ns=T0 + DAY)
    kept.do(kept.desk.validate("c1", by="anna", at_ns=T0 + DAY))
    assert [each.package_sha256[:2] for each in kept.desk.exports(CAM)] == ["cd", "ef"]
    assert kept.desk.exports(OTHER) == ()


INCOMPLETE_HAND_OVERS = {
    "support": {"support": ""},
    "copies": {"copies": 0},
    "receipt": {"receipt": " "},
    "seal": {"seal": ""},
    "officer": {"officer": Officer("")},
    "why rewritable": {"is_rewritable": True},
}


@pytest.mark.parametrize("missing", INCOMPLETE_HAND_OVERS)
def test_nothing_is_handed_over_without_its_trace(kept, act, missing):
    kept.to("c1", act(TWENTY), CaseState.VALIDATED)
    incomplete = replace(GIVEN, **INCOMPLETE_HAND_OVERS[missing])
    with pytest.raises(CaseRefused, match="missing"):
        kept.desk.hand_over("c1", incomplete, by="bruno", at_ns=T0 + DAY)
    assert kept.desk.case("c1").state is CaseState.VALIDATED


def test_hand_over_needs_two_persons_before(kept, act):
    kept.to("c1", act(TWENTY), CaseState.PREPARED)
    with pytest.raises(CaseRefused):
        kept.desk.hand_over("c1", GIVEN, by="bruno", at_ns=T0 + DAY)


def test_after_the_receipt_the_copy_is_due_for_destruction_and_its_certificate_closes_the_case(kept, act):
    kept.to("c1", act(TWENTY), CaseState.HANDED_OVER)
    assert kept.desk.protected(T0 + DAY) == ()
    assert kept.desk.destruction_due(T0 + DAY) == (("c1", (TWENTY,)),)
    with pytest.raises(CaseRefused):
        kept.desk.copy_destroyed("c1", certificate="", by="anna", at_ns=T0 + DAY)
    kept.do(kept.desk.copy_destroyed("c1", certificate="cert 9", by="anna", at_ns=T0 + DAY))
    assert kept.desk.case("c1").state is CaseState.CLOSED
    assert kept.desk.destruction_due(T0 + DAY) == ()


def test_a_recipient_s_copy_has_its_own_month(kept, act):
    habilitated = act(TWENTY, basis=LegalBasis.L252_3_HABILITATED, habilitation=Habilitation("h", 0, T0 + 9 * DAY))
    kept.to("c1", habilitated, CaseState.HANDED_OVER, at_ns=T0 + DAY)
    kept.to("c2", act(TWENTY), CaseState.HANDED_OVER, at_ns=T0 + DAY)
    due = one_month_after(T0 + DAY)
    assert kept.desk.recipient_copies_overdue(due - 1) == ()
    assert [case.case for case in kept.desk.recipient_copies_overdue(due)] == ["c1"]
    kept.do(kept.desk.recipient_copy_gone("c1", by="dpo", at_ns=due))
    assert kept.desk.recipient_copies_overdue(due) == ()


# -- the store --------------------------------------------------------------------------------------------------------


def test_a_restart_brings_every_case_and_hold_back(kept, act):
    kept.do(kept.desk.place_hold("h1", TWENTY, reason="incident-7", by="anna", at_ns=T0 + DAY))
    for number, state in enumerate(state for state in CaseState if state is not CaseState.REJECTED):
        kept.to(f"c{number}", act(TWENTY, proportionality="é"), state)
    again = replay([json.loads(line) for line in kept.stored])
    assert (again.cases, again.holds) == (kept.desk.cases, kept.desk.holds)


@pytest.mark.parametrize(
    "kind", ["PackageHandedOver", "PackageValidated", "PackagePrepared", "CaseLocked", "CopyDestroyed"]
)
def test_a_forged_store_is_refused(kept, act, kind):
    """Events that skip a state, or one person's two signatures, do not come back from a store that somebody edited."""
    kept.to("c1", act(TWENTY), CaseState.CLOSED)
    events = [json.loads(line) for line in kept.stored]
    forged = [event for event in events if event["event"] in ("CaseReceived", kind)]
    with pytest.raises(CaseRefused):
        replay(forged)


def test_one_person_s_two_signatures_do_not_come_back_from_a_store(kept, act):
    kept.to("c1", act(TWENTY), CaseState.VALIDATED)
    with pytest.raises(CaseRefused):
        replay([json.loads(line.replace("bruno", "anna")) for line in kept.stored])


@pytest.mark.parametrize(
    "stored", [{}, {"event": "Everything"}, {"event": "HoldDied"}, {"event": "HoldDied", "hold": []}]
)
def test_what_is_no_event_is_refused(stored):
    with pytest.raises(EvidenceInputRefused):
        event_from_json(stored)


# -- the algebra ------------------------------------------------------------------------------------------------------

spans_strategy = st.lists(
    st.builds(
        lambda camera, start, length: CameraSpan(CameraId(camera), start * MINUTE, (start + length) * MINUTE),
        st.sampled_from(["a", "b"]),
        st.integers(0, 30),
        st.integers(0, 10),
    ),
    max_size=6,
)


def minutes(spans) -> set[tuple[str, int]]:
    return {(span.camera, at) for span in spans for at in range(span.from_ns // MINUTE, span.to_ns // MINUTE)}


@given(spans_strategy, spans_strategy)
def test_what_is_left_is_what_was_there_and_not_taken(some, taken):
    assert minutes(without(some, taken)) == minutes(some) - minutes(taken)
    assert minutes(united(some)) == minutes(some)
    assert len(united(some)) <= len([span for span in some if not span.is_empty])
