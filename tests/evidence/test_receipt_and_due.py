"""What the desk's page stands on: what is due next, the receipt an officer signs, an act looked at as it is typed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csu.evidence import (
    Around,
    CameraSpan,
    CaseRefused,
    CaseState,
    DueStep,
    HandOver,
    LegalBasis,
    Officer,
    Requisition,
    RequisitionDesk,
    Weight,
    due_of,
    look_at,
    receipt_of,
)
from csu.evidence import desk as desk_module
from csu.evidence.case_events import CaseLocked
from csu.hal.camera import CameraId

from .test_desk import CAM, DAY, GIVEN, MINUTE, OTHER, T0, TWENTY, Kept, S

OFFICER = Officer("Durand", "Maj.", "CIAT Metz", "0123456")
ACT = Requisition(LegalBasis.CPP_60_1, "PV 1", OFFICER, T0, (TWENTY,), "ab" * 32, is_signed=True)
OFFERED = HandOver(OFFICER, "BD-R 77", False, "", 2, "", "")
NOW = T0 + DAY


@pytest.fixture
def kept() -> Kept:
    return Kept()


def ready(kept: Kept) -> None:
    """Released, on its support, and sealed."""
    kept.to("2026-1", ACT, CaseState.VALIDATED)
    kept.do(kept.desk.offer("2026-1", OFFERED, by="anna", at_ns=NOW))
    kept.do(kept.desk.add_seal("2026-1", seal=" S-12 ", by="opj:0123456", at_ns=NOW))


@pytest.mark.requirement("EXP-9")
def test_the_officer_signs_the_words_he_read_and_it_is_handed_over_with_support_copies_receipt_and_seal(kept) -> None:
    ready(kept)
    receipt = receipt_of(kept.desk.case("2026-1"))
    for told in ("PV 1", "BD-R 77", "Exemplaires : 2", "Scellé : S-12", "cd" * 32, "anna", "bruno", "0123456", CAM):
        assert told in receipt.text
    kept.do(kept.desk.sign_receipt("2026-1", sha256=receipt.sha256, by="opj:0123456", at_ns=NOW))
    case = kept.desk.case("2026-1")
    assert (case.state, case.handed_over.by) == (CaseState.HANDED_OVER, "opj:0123456")
    assert case.handed_over.hand_over == replace(OFFERED, receipt=receipt.sha256, seal="S-12")
    assert receipt_of(case) == receipt, "the same words can be made again for ever"


@pytest.mark.parametrize("missing", [{"support": " "}, {"copies": 0}, {"is_rewritable": True}])
def test_nothing_lies_ready_while_something_is_missing(kept, missing) -> None:
    kept.to("2026-1", ACT, CaseState.VALIDATED)
    with pytest.raises(CaseRefused):
        kept.desk.offer("2026-1", replace(OFFERED, **missing), by="anna", at_ns=NOW)


def test_a_support_that_was_changed_asks_for_a_new_seal_and_a_new_reading(kept) -> None:
    ready(kept)
    read = receipt_of(kept.desk.case("2026-1")).sha256
    kept.do(kept.desk.offer("2026-1", replace(OFFERED, support="BD-R 78"), by="anna", at_ns=NOW))
    assert receipt_of(kept.desk.case("2026-1")) is None
    kept.do(kept.desk.add_seal("2026-1", seal="S-12", by="opj:0123456", at_ns=NOW))
    with pytest.raises(CaseRefused):
        kept.desk.sign_receipt("2026-1", sha256=read, by="opj:0123456", at_ns=NOW)


@pytest.mark.parametrize("who", ["anna", "Bruno", " "])
def test_who_made_or_released_the_package_does_not_sign_for_it_nor_does_nobody(kept, who) -> None:
    ready(kept)
    receipt = receipt_of(kept.desk.case("2026-1"))
    if not who.strip():
        receipt = replace(receipt, sha256="")
    with pytest.raises(CaseRefused):
        kept.desk.sign_receipt("2026-1", sha256=receipt.sha256, by=who, at_ns=NOW)


def test_no_seal_and_no_receipt_before_the_clerk_put_it_ready(kept) -> None:
    kept.to("2026-1", ACT, CaseState.VALIDATED)
    with pytest.raises(CaseRefused):
        kept.desk.add_seal("2026-1", seal="S-12", by="opj:0123456", at_ns=NOW)
    with pytest.raises(CaseRefused):
        kept.desk.sign_receipt("2026-1", sha256="0" * 64, by="opj:0123456", at_ns=NOW)


def a_support_may_be_changed_under_the_seal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RequisitionDesk, "sign_receipt", lambda self, case, **told: [])


def who_made_it_may_receive_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(desk_module.cases_, "same_person", lambda one, other: False)


@pytest.mark.parametrize(
    ("plant", "caught"),
    [
        (
            a_support_may_be_changed_under_the_seal,
            test_a_support_that_was_changed_asks_for_a_new_seal_and_a_new_reading,
        ),
        (
            who_made_it_may_receive_it,
            lambda kept: test_who_made_or_released_the_package_does_not_sign_for_it_nor_does_nobody(kept, "anna"),
        ),
    ],
)
def test_a_planted_defect_is_found(kept, monkeypatch, plant, caught) -> None:
    plant(monkeypatch)
    with pytest.raises((pytest.fail.Exception, AssertionError)):
        caught(kept)


@pytest.mark.requirement("EXP-1")
def test_a_person_rejects_with_a_reason_and_what_is_missing_is_told_besides(kept) -> None:
    kept.do(kept.desk.receive("2026-1", replace(ACT, number=""), by="anna", at_ns=NOW))
    with pytest.raises(CaseRefused):
        kept.desk.reject("2026-1", reason=" ", by="anna", at_ns=NOW)
    kept.do(kept.desk.reject("2026-1", reason="signature inconnue du parquet", by="anna", at_ns=NOW))
    case = kept.desk.case("2026-1")
    assert case.state is CaseState.REJECTED
    assert [reason.fr for reason in case.reasons] == [
        "signature inconnue du parquet",
        "le numéro de procédure manque",
    ]


def test_the_history_says_who_and_when_of_every_state(kept) -> None:
    kept.to("2026-1", ACT, CaseState.CLOSED)
    history = kept.desk.case("2026-1").history
    assert [type(event).__name__ for event in history] == [
        *("CaseReceived", "CaseChecked", "CaseLocked", "PackagePrepared"),
        *("PackageValidated", "PackageHandedOver", "CopyDestroyed"),
    ]
    assert [event.by for event in history] == ["anna", "anna", "anna", "anna", "bruno", "bruno", "anna"]
    assert {event.at_ns for event in history} == {NOW}


def test_each_state_says_what_is_due_next(kept) -> None:
    wanted = [
        (CaseState.RECEIVED, DueStep.CHECK),
        (CaseState.CHECKED, DueStep.LOCK),
        (CaseState.LOCKED, DueStep.PREPARE),
        (CaseState.PREPARED, DueStep.RELEASE),
        (CaseState.VALIDATED, DueStep.OFFER),
        (CaseState.HANDED_OVER, DueStep.COPY_DESTROYED),
    ]
    for number, (state, step) in enumerate(wanted):
        kept.to(f"2026-{number}", ACT, state)
        assert due_of(kept.desk.case(f"2026-{number}"), lambda span: span.from_ns + 29 * DAY).step is step
    kept.to("2026-9", ACT, CaseState.CLOSED)
    assert due_of(kept.desk.case("2026-9"), lambda span: None) is None


def test_the_officer_is_asked_for_his_seal_and_then_for_his_signature(kept) -> None:
    kept.to("2026-1", ACT, CaseState.VALIDATED)
    kept.do(kept.desk.offer("2026-1", OFFERED, by="anna", at_ns=NOW))
    assert due_of(kept.desk.case("2026-1"), lambda span: None).step is DueStep.SEAL
    kept.do(kept.desk.add_seal("2026-1", seal="S-12", by="opj:0123456", at_ns=NOW))
    assert due_of(kept.desk.case("2026-1"), lambda span: None).step is DueStep.RECEIPT


def test_what_is_not_locked_is_due_before_its_first_picture_is_destroyed(kept) -> None:
    later = CameraSpan(OTHER, T0 + DAY, T0 + DAY + MINUTE)
    kept.to("2026-1", replace(ACT, spans=(later, TWENTY)), CaseState.RECEIVED)
    due = due_of(kept.desk.case("2026-1"), lambda span: None if span.camera == "x" else span.from_ns + 29 * DAY)
    assert due.by_ns == T0 + 29 * DAY


@pytest.mark.requirement("EXP-2")
def test_a_future_interval_is_locked_at_once_and_prepared_when_it_has_passed(kept) -> None:
    ahead = CameraSpan(CAM, NOW + DAY, NOW + DAY + MINUTE)
    kept.to("2026-1", replace(ACT, spans=(ahead,)), CaseState.LOCKED)
    case = kept.desk.case("2026-1")
    assert any(isinstance(event, CaseLocked) for event in case.history)
    assert due_of(case, lambda span: None).from_ns == ahead.to_ns


def remarks(*spans: CameraSpan, act: Requisition = ACT, **around: object) -> list[tuple[Weight, int | None, str]]:
    told = Around(NOW, {CAM, OTHER}, lambda span: span.from_ns + 29 * DAY, lambda span: ())
    looked = look_at(replace(act, spans=spans), replace(told, **around))
    return [(each.weight, each.span, each.words.fr) for each in looked]


def test_an_act_in_order_has_no_remark() -> None:
    assert remarks(TWENTY) == []


@pytest.mark.parametrize(
    ("span", "weight", "told"),
    [
        (replace(TWENTY, to_ns=T0 + 181 * MINUTE), Weight.WARNING, "3 h 01 d'une caméra"),
        (replace(TWENTY, to_ns=NOW + MINUTE, from_ns=NOW), Weight.NOTE, "verrou programmé"),
        (replace(TWENTY, camera=CameraId("cam-9")), Weight.WARNING, "caméra inconnue"),
        (replace(TWENTY, from_ns=T0 - 40 * DAY, to_ns=T0 - 40 * DAY + S), Weight.WARNING, "détruites depuis"),
        (replace(TWENTY, from_ns=NOW - 28 * DAY, to_ns=NOW - 28 * DAY + S), Weight.WARNING, "verrouillez avant"),
    ],
)
def test_what_was_probably_not_meant_is_asked_about_by_stretch(span, weight, told) -> None:
    ((found, index, words),) = remarks(span)
    assert (found, index) == (weight, 0)
    assert told in words


def test_what_would_reject_the_act_comes_first_and_overlaps_and_other_locks_are_noted() -> None:
    told = remarks(TWENTY, TWENTY, act=replace(ACT, is_signed=False), locked_by=lambda span: ("2026-7",))
    assert told[0] == (Weight.FAULT, None, "l'acte n'est pas signé")
    assert [words for _, index, words in told if index == 1] == [
        "déjà verrouillé : 2026-7 (EXP-5)",
        "recoupe un autre intervalle de l'acte",
    ]


def test_an_act_received_tomorrow_or_with_a_reversed_stretch_is_asked_about() -> None:
    assert remarks(TWENTY, act=replace(ACT, received_at_ns=NOW + S)) == [
        (Weight.WARNING, None, "la date de réception est dans l'avenir")
    ]
    told = remarks(replace(TWENTY, to_ns=T0))
    assert (Weight.WARNING, 0, "la fin n'est pas après le début") in told
    assert told[0][0] is Weight.FAULT


def test_what_was_given_by_hand_stays_as_it_was(kept) -> None:
    """The paper receipt goes on beside the signed one."""
    kept.to("2026-1", ACT, CaseState.VALIDATED)
    kept.do(kept.desk.hand_over("2026-1", GIVEN, by="anna", at_ns=NOW))
    assert kept.desk.case("2026-1").handed_over.hand_over == GIVEN
