"""Cases as JSON: what is asked of the requisition desk, and what it answers. Instants are ISO 8601 with an offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from csu.console.evidence_desk import EvidenceDesk, Preparing
from csu.evidence import (
    CameraSpan,
    Case,
    CaseState,
    Due,
    DueStep,
    Habilitation,
    HandOver,
    Hold,
    HoldRequested,
    LegalBasis,
    Officer,
    Requisition,
    due_of,
)
from csu.evidence.spans import utc_text
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words

SPANS_MAX = 512
"""As many as one entry of the journal names; a larger act is registered as several cases."""
RECIPIENTS_MAX = 8
Short = Annotated[str, StringConstraints(max_length=200)]


def _nothing_personal(text: str) -> str:
    if personal_data_in(text):
        raise ValueError("this looks like data of a filmed person")
    return text


CameraName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,63}$"), AfterValidator(_nothing_personal)
]
Number = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{0,24}$"), AfterValidator(_nothing_personal)]
"""What the journal will have to name: it takes no other (LOG-5)."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SpanTold(_Told):
    """A stretch of one camera's time. May be wrong: the act is then rejected for it, with the reason."""

    camera: CameraName
    from_at: AwareDatetime
    to_at: AwareDatetime

    def span(self) -> CameraSpan:
        return CameraSpan(CameraId(self.camera), ns_of(self.from_at), ns_of(self.to_at))


class OfficerTold(_Told):
    """Who asks, or who receives."""

    name: Short
    rank: Short = ""
    unit: Short = ""
    number: Number = ""

    def officer(self) -> Officer:
        return Officer(self.name, self.rank, self.unit, self.number)


class HabilitationTold(_Told):
    """The designation of an agent by his service (L252-3)."""

    reference: Short
    from_at: AwareDatetime
    to_at: AwareDatetime

    def habilitation(self) -> Habilitation:
        return Habilitation(self.reference, ns_of(self.from_at), ns_of(self.to_at))


class RequisitionTold(_Told):
    """The act as it was received: what it does not say is left out, and found missing when it is checked."""

    basis: LegalBasis | None = None
    number: Short = ""
    officer: OfficerTold
    received_at: AwareDatetime
    spans: Annotated[tuple[SpanTold, ...], Field(max_length=SPANS_MAX)] = ()
    act_sha256: Sha256 = ""
    is_signed: bool = False
    authorised_by: Short = ""
    habilitation: HabilitationTold | None = None
    proportionality: Annotated[str, StringConstraints(max_length=2000)] = ""

    def requisition(self) -> Requisition:
        given = self.habilitation
        return Requisition(
            self.basis,
            self.number,
            self.officer.officer(),
            ns_of(self.received_at),
            tuple(span.span() for span in self.spans),
            self.act_sha256,
            self.is_signed,
            self.authorised_by,
            None if given is None else given.habilitation(),
            self.proportionality,
        )


class HandOverTold(_Told):
    """How the package leaves the centre (EXP-9)."""

    officer: OfficerTold
    support: Short
    is_rewritable: bool
    why_rewritable: Short = ""
    copies: Annotated[int, Field(ge=0, le=100)]
    receipt: Short
    seal: Short

    def hand_over(self) -> HandOver:
        told = (self.support, self.is_rewritable, self.why_rewritable, self.copies, self.receipt, self.seal)
        return HandOver(self.officer.officer(), *told)


class PrepareTold(_Told):
    """To whom the package is sealed: public age keys (`age1...`, `ssh-ed25519 ...`), the officer's first."""

    recipients: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)], ...],
        Field(min_length=1, max_length=RECIPIENTS_MAX),
    ]


class ReasonTold(_Told):
    """Why: of a package that goes back, the instruction that ends a lock, the certificate of a destruction."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class SealTold(_Told):
    """The number of the scellé, as the officer gives it."""

    seal: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class ReceiptTold(_Told):
    """The receipt that was read, by its digest: what changed meanwhile is not signed."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class OfferTold(_Told):
    """What lies ready for the officer who asked. Receipt and seal are his to give."""

    support: Short
    is_rewritable: bool
    why_rewritable: Short = ""
    copies: Annotated[int, Field(ge=0, le=100)]

    def hand_over(self, officer: Officer) -> HandOver:
        return HandOver(officer, self.support, self.is_rewritable, self.why_rewritable, self.copies, "", "")


class SpanAnswer(_Told):
    """A stretch of one camera's time, UTC to the nanosecond."""

    camera: str
    from_utc: str
    to_utc: str


class DueAnswer(_Told):
    """What is due next: not before `from_utc`, and before `by_utc`, when footage or lock are gone. Empty: no bound."""

    step: DueStep
    words: Words
    from_utc: str
    by_utc: str


class PreparingAnswer(_Told):
    """A package that is being made: `done` segments of `of`; 0: they are being looked for."""

    since_utc: str
    done: int
    of: int


class CaseAnswer(_Told):
    """One case as it stands."""

    case: str
    state: CaseState
    state_words: Words
    basis: LegalBasis | None
    number: str
    officer: str
    received_utc: str
    spans: list[SpanAnswer]
    reasons: list[Words]
    """Why it was rejected."""
    prepared_by: str
    validated_by: str
    package_sha256: str
    recipients: list[str]
    """Keys that open the newest package."""
    lock_dies_utc: str
    """Of a lock that no judicial act carries; empty: until the case ends."""
    due: DueAnswer | None
    preparing: PreparingAnswer | None


class HoldState(StrEnum):
    """Where a precautionary hold stands."""

    REQUESTED = "requested"
    PLACED = "placed"
    TAKEN = "taken"
    DEAD = "dead"


class HoldAnswer(_Told):
    """One precautionary hold."""

    hold: str
    state: HoldState
    span: SpanAnswer
    reason: str
    by: str
    """Who asked; once placed, who placed it."""
    dies_utc: str
    """The legal ceiling; empty while it is only asked for."""
    case: str
    """The requisition that holds it now."""
    reminded_days: list[int]
    """Reminders that were told: so many days before its end."""


def hold_answer(hold: Hold | HoldRequested) -> HoldAnswer:
    """The hold as it is told."""
    state, dies_utc, case = HoldState.REQUESTED, "", ""
    if isinstance(hold, Hold):
        state = HoldState.DEAD if hold.is_dead else HoldState.TAKEN if hold.taken_by else HoldState.PLACED
        dies_utc, case = utc_text(hold.dies_at_ns), hold.taken_by
    return HoldAnswer(
        hold=hold.hold,
        state=state,
        span=_span_answer(hold.span),
        reason=hold.reason,
        by=hold.by,
        dies_utc=dies_utc,
        case=case,
        reminded_days=list(hold.reminded_days) if isinstance(hold, Hold) else [],
    )


def case_answer(case: Case, desk: EvidenceDesk | None) -> CaseAnswer:
    """The case as it is told. `desk`: the one that runs; None: it is read from its file."""
    newest = case.exports[-1] if case.exports else None
    return CaseAnswer(
        case=case.case,
        state=case.state,
        state_words=case.state.words,
        basis=case.act.basis,
        number=case.act.number,
        officer=case.act.officer.words(),
        received_utc=utc_text(case.act.received_at_ns),
        spans=[_span_answer(span) for span in case.act.spans],
        reasons=list(case.reasons),
        prepared_by=newest.by if newest else "",
        validated_by=case.validated_by,
        package_sha256=newest.package_sha256 if newest else "",
        recipients=list(newest.recipients) if newest else [],
        lock_dies_utc=_utc(case.lock_dies_at_ns),
        due=_due(due_of(case, desk.dies_at_ns if desk is not None else lambda span: None)),
        preparing=_preparing(None if desk is None else desk.preparing(case.case)),
    )


def _due(due: Due | None) -> DueAnswer | None:
    if due is None:
        return None
    return DueAnswer(step=due.step, words=due.step.words, from_utc=_utc(due.from_ns), by_utc=_utc(due.by_ns))


def _preparing(making: Preparing | None) -> PreparingAnswer | None:
    return (
        None if making is None else PreparingAnswer(since_utc=utc_text(making.since_ns), done=making.done, of=making.of)
    )


def _utc(at_ns: Nanoseconds | None) -> str:
    return "" if at_ns is None else utc_text(at_ns)


def _span_answer(span: CameraSpan) -> SpanAnswer:
    return SpanAnswer(camera=span.camera, from_utc=utc_text(span.from_ns), to_utc=utc_text(span.to_ns))


def ns_of(at: datetime) -> Nanoseconds:
    """The instant of an aware date and time, to the microsecond."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1_000
