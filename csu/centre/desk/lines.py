"""What the requisition desk tells elsewhere: entries of the journal, lines of the legal register, alerts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from csu.console.evidence_desk import officer_of
from csu.evidence import CameraSpan, Case, HandOver, LegalBasis, RequisitionDesk
from csu.evidence.case_events import (
    DeskEvent,
    HoldDied,
    HoldEnded,
    HoldPlaced,
    HoldReminded,
    HoldRequested,
    HoldTaken,
    LockEnded,
    LockFlagged,
)
from csu.evidence.desk import BY_ITSELF
from csu.evidence.desk_store import StoredEvent
from csu.evidence.spans import paris_text
from csu.governance import Signature
from csu.governance import register_lines as lines
from csu.governance.journal_entry import CAMERAS_MAX, DataSpan, Ground, JournalEntry, Operation
from csu.governance.register_lines import TransmissionBasis, Transmitted
from csu.governance.spans import Span
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

_GROUNDS = {
    LegalBasis.GDPR_ACCESS: Ground.ACCESS_REQUEST,
    LegalBasis.L252_3_HABILITATED: Ground.RECIPIENT_L252_3,
}
NOTED_AS = (Operation.CASE, Operation.HOLD)
"""The operations of entries that `entry_of` makes."""
SYSTEM = "system"
_OF_A_HOLD = HoldRequested | HoldPlaced | HoldReminded | HoldEnded | HoldDied


def entry_of(stored: StoredEvent, subject: str, by: Signature | None) -> JournalEntry:
    """The journal's note of one stored event: its number, kind and digest, so that a cut end is found later."""
    event = stored.event
    hold = event.hold if isinstance(event, HoldTaken | _OF_A_HOLD) else ""
    spans = (event.span,) if isinstance(event, HoldRequested | HoldPlaced) else ()
    return JournalEntry(
        Operation.HOLD if hold else Operation.CASE,
        BY_ITSELF if by is None else by.person,
        SYSTEM if by is None else by.role.value,
        reference=hold,
        case="" if isinstance(event, _OF_A_HOLD) else event.case,
        data=_data(spans),
        subject=f"{subject}/{type(event).__name__}",
        sha256=stored.digest,
    )


def export_entry(case: Case, spans: Sequence[CameraSpan], by: Signature) -> JournalEntry:
    """The entry that stands before a package is made, and that the package encloses (LOG-3, EXP-8)."""
    ground = Ground.REQUISITION if case.act.basis is None else _GROUNDS.get(case.act.basis, Ground.REQUISITION)
    return JournalEntry(
        Operation.EXPORT,
        by.person,
        by.role.value,
        ground=ground,
        case=case.case,
        data=_data(spans),
        recipient=officer_of(case) or f"case:{case.case}",
    )


def transmitted(case: Case, given: HandOver, at_ns: Nanoseconds) -> Transmitted:
    """The legal register's line of a hand-over (LOG-1, EXP-9). Raises RegisterLineRefused."""
    act, package = case.act, case.exports[-1]
    return Transmitted(
        case.case,
        TransmissionBasis(act.basis.value.lower() if act.basis is not None else ""),
        act.authorised_by.strip() or act.officer.unit.strip() or act.officer.name.strip(),
        given.officer.number.strip() or act.officer.number.strip() or given.officer.name.strip(),
        at_ns,
        tuple(lines.CameraSpan(span.camera, Span(span.from_ns, span.to_ns)) for span in package.spans),
        package.package_sha256,
        given.support.strip(),
        given.copies,
    )


def told_of(event: DeskEvent, desk: RequisitionDesk) -> tuple[str, Words] | None:
    """(where, what) of an event that a person must hear of; None: of none."""
    match event:
        case HoldReminded():
            held = next(each for each in desk.holds if each.hold == event.hold)
            at, days = paris_text(held.dies_at_ns)[:16], event.days_left
            return event.hold, Words(
                f"ce gel ({held.span.camera}) meurt dans {days} jours, le {at}, sans réquisition (EXP-4)",
                f"this hold ({held.span.camera}) dies in {days} days, on {at}, without a requisition (EXP-4)",
            )
        case HoldDied():
            return event.hold, Words(
                "ce gel est mort au plafond légal : ses images sont détruites (EXP-4)",
                "this hold died at the legal ceiling: its footage is destroyed (EXP-4)",
            )
        case LockEnded():
            return event.case, Words(
                "le verrou prend fin au plafond légal : aucun acte judiciaire ne le porte (CSI L252-5)",
                "the lock ends at the legal ceiling: no judicial act carries it (CSI L252-5)",
            )
        case LockFlagged():
            return event.case, Words(
                "ce verrou a plus de 12 mois : demandez s'il tient encore (EXP-6)",
                "this lock is older than 12 months: ask whether it still holds (EXP-6)",
            )
        case _:
            return None


def _data(spans: Sequence[CameraSpan]) -> tuple[DataSpan, ...]:
    return tuple(DataSpan(span.camera, Span(span.from_ns, span.to_ns)) for span in spans[:CAMERAS_MAX])
