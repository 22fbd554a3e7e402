"""One case in full, as its page shows it: the act, who did what and when, what may be done, what the register says."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from csu.console.case_answers import CaseAnswer, OfficerTold, case_answer
from csu.console.case_steps import CaseStep
from csu.console.evidence_desk import EvidenceDesk
from csu.evidence import Case, CaseEvent, HandOver, Requisition, receipt_of
from csu.evidence import case_events as events
from csu.evidence.desk import CEILING
from csu.evidence.spans import paris_text, utc_text
from csu.governance.register_lines import Transmitted
from csu.hal.words import NO_WORDS, Words


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ActAnswer(_Answer):
    """What the act says beside its stretches."""

    officer: OfficerTold
    act_sha256: str
    is_signed: bool
    authorised_by: str
    habilitation: str
    proportionality: str
    basis_words: Words


class Happened(StrEnum):
    """What happened to a case."""

    RECEIVED = "received"
    CHECKED = "checked"
    REJECTED = "rejected"
    LOCKED = "locked"
    PREPARED = "prepared"
    RETURNED = "returned"
    VALIDATED = "validated"
    OFFERED = "offered"
    SEALED = "sealed"
    HANDED_OVER = "handed_over"
    LOCK_ENDED = "lock_ended"
    DESTROYED = "destroyed"
    RECIPIENT_COPY_GONE = "recipient_copy_gone"
    FLAGGED = "flagged"


class HappenedAnswer(_Answer):
    """One thing that happened: what, when, by whom, and the reference or reason that was given."""

    what: Happened
    words: Words
    at_utc: str
    by: str
    """Empty: time alone."""
    told: Words


class HandOverAnswer(_Answer):
    """What lies ready, or was taken."""

    officer: str
    support: str
    is_rewritable: bool
    why_rewritable: str
    copies: int
    receipt: str
    seal: str


class ReceiptAnswer(_Answer):
    """The words that are signed, and their digest."""

    text: str
    sha256: str


class StepAnswer(_Answer):
    """A step that this person can take at this state; `why` not now, if not."""

    step: CaseStep
    may: bool
    why: Words


class PackageAnswer(_Answer):
    """One package that was made (EXP-8)."""

    sha256: str
    at_utc: str
    by: str
    recipients: list[str]


class RegisterLineAnswer(_Answer):
    """A line of the legal register about this case (R252-11)."""

    office: str
    recipient: str
    at_utc: str
    support: str
    copies: int
    package_sha256: str


class CaseFileAnswer(CaseAnswer):
    """One case, whole."""

    act: ActAnswer
    history: list[HappenedAnswer]
    packages: list[PackageAnswer]
    offered: HandOverAnswer | None
    handed_over: HandOverAnswer | None
    seal: str
    receipt: ReceiptAnswer | None
    certificate: str
    """Of the destruction of the centre's copy."""
    register_lines: list[RegisterLineAnswer]
    steps: list[StepAnswer]


def case_file(
    case: Case,
    desk: EvidenceDesk,
    steps: dict[CaseStep, Words],
    lines: Sequence[Transmitted] = (),
    *,
    tells_others: bool = True,
) -> CaseFileAnswer:
    """The case as its page shows it. `tells_others`: whether the reader may know of other cases."""
    receipt = receipt_of(case)
    return CaseFileAnswer(
        **dict(case_answer(case, desk)),
        act=_act(case.act),
        history=[_happened(event, tells_others) for event in case.history],
        packages=[
            PackageAnswer(
                sha256=each.package_sha256, at_utc=utc_text(each.at_ns), by=each.by, recipients=list(each.recipients)
            )
            for each in case.exports
        ],
        offered=None if case.offered is None else _hand_over(case.offered),
        handed_over=None if case.handed_over is None else _hand_over(case.handed_over.hand_over),
        seal=case.seal,
        receipt=None if receipt is None else ReceiptAnswer(text=receipt.text, sha256=receipt.sha256),
        certificate="" if case.destroyed is None else case.destroyed.certificate,
        register_lines=[_line(line) for line in lines],
        steps=[StepAnswer(step=step, may=why == NO_WORDS, why=why) for step, why in steps.items()],
    )


def _act(act: Requisition) -> ActAnswer:
    officer = act.officer
    return ActAnswer(
        officer=OfficerTold(name=officer.name, rank=officer.rank, unit=officer.unit, number=officer.number),
        act_sha256=act.act_sha256,
        is_signed=act.is_signed,
        authorised_by=act.authorised_by,
        habilitation="" if act.habilitation is None else act.habilitation.reference,
        proportionality=act.proportionality,
        basis_words=NO_WORDS if act.basis is None else act.basis.words,
    )


def _hand_over(given: HandOver) -> HandOverAnswer:
    return HandOverAnswer(
        officer=given.officer.words(),
        support=given.support,
        is_rewritable=given.is_rewritable,
        why_rewritable=given.why_rewritable,
        copies=given.copies,
        receipt=given.receipt,
        seal=given.seal,
    )


def _line(line: Transmitted) -> RegisterLineAnswer:
    return RegisterLineAnswer(
        office=line.office,
        recipient=line.recipient,
        at_utc=utc_text(line.transmitted_at_ns),
        support=line.support,
        copies=line.copies,
        package_sha256=line.package_sha256,
    )


_H = Happened
_WORDS = {
    _H.RECEIVED: Words("acte enregistré", "act registered"),
    _H.CHECKED: Words("acte vérifié", "act checked"),
    _H.REJECTED: Words("acte rejeté", "act rejected"),
    _H.LOCKED: Words("images verrouillées", "footage locked"),
    _H.PREPARED: Words("paquet préparé", "package prepared"),
    _H.RETURNED: Words("paquet renvoyé", "package sent back"),
    _H.VALIDATED: Words("paquet libéré", "package released"),
    _H.OFFERED: Words("prêt à être remis", "ready to be handed over"),
    _H.SEALED: Words("scellé donné", "seal given"),
    _H.HANDED_OVER: Words("remis contre reçu", "handed over against a receipt"),
    _H.LOCK_ENDED: Words("verrou levé", "lock ended"),
    _H.DESTROYED: Words("copie du centre détruite", "the centre's copy destroyed"),
    _H.RECIPIENT_COPY_GONE: Words("copie du destinataire détruite", "the recipient's copy destroyed"),
    _H.FLAGGED: Words("verrou de plus de 12 mois", "lock older than 12 months"),
}


def _happened(event: CaseEvent, tells_others: bool) -> HappenedAnswer:
    what, told = _what(event, tells_others)
    by = "" if isinstance(event, events.LockFlagged) else event.by
    return HappenedAnswer(what=what, words=_WORDS[what], at_utc=utc_text(event.at_ns), by=by, told=told)


def _what(event: CaseEvent, tells_others: bool) -> tuple[Happened, Words]:
    match event:
        case events.CaseReceived():
            return _H.RECEIVED, NO_WORDS
        case events.CaseChecked():
            return _H.CHECKED, NO_WORDS
        case events.CaseRejected():
            french, english = "; ".join(r.fr for r in event.reasons), "; ".join(r.en for r in event.reasons)
            return _H.REJECTED, Words(french, english)
        case events.CaseLocked():
            return _H.LOCKED, _of_lock(event, tells_others)
        case events.PackagePrepared():
            return _H.PREPARED, Words.same(f"SHA-256 {event.package_sha256}")
        case events.PackageReturned():
            return _H.RETURNED, Words.same(event.reason)
        case events.PackageValidated():
            return _H.VALIDATED, NO_WORDS
        case _:
            return _what_of_the_end(event)


def _what_of_the_end(event: CaseEvent) -> tuple[Happened, Words]:
    match event:
        case events.HandOverOffered():
            return _H.OFFERED, Words.same(event.hand_over.support)
        case events.SealAdded():
            return _H.SEALED, Words.same(event.seal)
        case events.PackageHandedOver():
            given = event.hand_over
            return _H.HANDED_OVER, Words.same(f"{given.officer.words()} · {given.support}")
        case events.LockEnded():
            is_law = event.instruction == CEILING
            law = Words(f"plafond légal ({CEILING})", f"legal ceiling ({CEILING})")
            return _H.LOCK_ENDED, law if is_law else Words.same(event.instruction)
        case events.CopyDestroyed():
            return _H.DESTROYED, Words.same(event.certificate)
        case events.RecipientCopyGone():
            return _H.RECIPIENT_COPY_GONE, NO_WORDS
        case _:
            return _H.FLAGGED, NO_WORDS


def _of_lock(event: events.CaseLocked, tells_others: bool) -> Words:
    others = ", ".join(event.joins) if tells_others else ""
    french = [f"avec {others} (EXP-5)"] if others else []
    english = [f"with {others} (EXP-5)"] if others else []
    if event.dies_at_ns is not None:
        until = paris_text(event.dies_at_ns)[:16].replace("T", " ")
        french.append(f"jusqu'au {until} au plus")
        english.append(f"until {until} at the latest")
    return Words(" ; ".join(french), "; ".join(english))
