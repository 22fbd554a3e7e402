"""The requisition desk: every command a person may give about a case or a hold, decided. Pure.

Commands return events and change nothing. Whoever keeps the desk stores the events (legal register, journal), then
gives them to `apply`; a restart applies the stored ones again, through the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from csu.evidence import case as cases_
from csu.evidence import holds_and_locks as locks_
from csu.evidence.case import LOOK, Case, CaseState, refused
from csu.evidence.case_events import (
    CaseChecked,
    CaseLocked,
    CaseReceived,
    CaseRejected,
    CopyDestroyed,
    DeskEvent,
    HandOver,
    HandOverOffered,
    HoldDied,
    HoldEnded,
    HoldPlaced,
    HoldReminded,
    HoldRequested,
    HoldTaken,
    LockEnded,
    LockFlagged,
    PackageHandedOver,
    PackagePrepared,
    PackageReturned,
    PackageValidated,
    RecipientCopyGone,
    SealAdded,
)
from csu.evidence.errors import ReleaseRefused
from csu.evidence.holds_and_locks import EvidenceLock, Hold
from csu.evidence.receipt import receipt_of
from csu.evidence.requisition import LegalBasis, Requisition, faults_of
from csu.evidence.spans import CameraSpan, is_within, paris_text, without
from csu.governance.legal_calendar import one_month_after
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words

CEILING = "CSI L252-5"
"""The instruction that ends a lock without a judicial act: the law's own."""
CEILING_LEAD_NS = 5 * NS_PER_MINUTE
"""Such a lock ends so long before its ceiling: what it keeps must be gone by then, and the purge comes each minute."""
BY_ITSELF = "csu"
"""The author of what time alone brings."""

Ceiling: TypeAlias = Callable[[CameraId, Nanoseconds], Nanoseconds]
"""(camera, capture instant) -> the last lawful instant of that picture without a judicial act: governance's rule."""


class RequisitionDesk:
    """All cases and holds of one centre."""

    def __init__(self, ceiling: Ceiling) -> None:
        self._ceiling = ceiling
        self._cases: dict[str, Case] = {}
        self._holds: dict[str, Hold] = {}
        self._requests: dict[str, HoldRequested] = {}

    # -- what is -------------------------------------------------------------------------------------------------------

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases, in the order they came."""
        return tuple(self._cases.values())

    @property
    def holds(self) -> tuple[Hold, ...]:
        """All holds, in the order they were placed."""
        return tuple(self._holds.values())

    @property
    def hold_requests(self) -> tuple[HoldRequested, ...]:
        """What the room asked to be held and nobody has placed, in order."""
        return tuple(self._requests.values())

    def case(self, case: str) -> Case:
        """One case. Raises CaseRefused for a number nobody registered."""
        found = self._cases.get(case)
        if found is None:
            what_to_do = Words("Enregistrez d'abord l'acte", "Register the act first")
            raise refused(case, Words("affaire inconnue", "no such case"), what_to_do)
        return found

    def protected(self, now_ns: Nanoseconds) -> tuple[CameraSpan, ...]:
        """Every instant that retention must leave alone now."""
        return locks_.protected(self.cases, self.holds, now_ns)

    def locks(self, now_ns: Nanoseconds) -> tuple[EvidenceLock, ...]:
        """The locks that hold now, each with all its cases."""
        return locks_.locks_of(self.cases, now_ns)

    def destruction_due(self, now_ns: Nanoseconds) -> tuple[tuple[str, tuple[CameraSpan, ...]], ...]:
        """(case, what of the evidence store goes): jobs to do, then `copy_destroyed`."""
        due = [case for case in self.cases if locks_.is_destruction_due(case)]
        return tuple((case.case, locks_.to_destroy(case, self.cases, now_ns)) for case in due)

    def exports(self, camera: CameraId | None = None) -> tuple[PackagePrepared, ...]:
        """Every export ever made, of one camera or of all (EXP-8)."""
        made = sorted((each for case in self.cases for each in case.exports), key=lambda each: each.at_ns)
        return tuple(e for e in made if camera is None or any(span.camera == camera for span in e.spans))

    def recipient_copies_overdue(self, now_ns: Nanoseconds) -> tuple[Case, ...]:
        """The DPO's list (RET-5)."""
        return locks_.recipient_copies_overdue(self.cases, now_ns)

    def require_release(self, case: str, spans: Sequence[CameraSpan], now_ns: Nanoseconds) -> None:
        """The door of every export and every replay: exactly what the act names, once it is past.

        Raises CaseRefused (no locked case), ReleaseRefused (outside the act, or not yet filmed): then not one frame.
        """
        found = self.case(case)
        found.require(CaseState.LOCKED, CaseState.PREPARED, CaseState.VALIDATED)
        outside = without(spans, found.act.spans)
        if outside or not spans:
            raise _outside(case, outside)
        if any(span.to_ns > now_ns for span in spans):
            raise ReleaseRefused(
                Words("l'intervalle n'est pas encore passé", "the interval has not passed yet"),
                where=case,
                what_to_do=Words(
                    "Le verrou est programmé : exportez après la fin de l'intervalle",
                    "The lock is scheduled: export after the end of the interval",
                ),
            )

    # -- what people ask -----------------------------------------------------------------------------------------------

    def receive(self, case: str, act: Requisition, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """Register an act as it came, complete or not. Raises CaseRefused for a number that is taken."""
        if case in self._cases or not case.strip():
            raise refused(
                case,
                Words("ce numéro d'affaire est pris, ou vide", "this case number is taken, or empty"),
                Words("Donnez-en un autre", "Give another"),
            )
        return [CaseReceived(case, act, by, at_ns)]

    def check(self, case: str, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """Look the act through: CHECKED, or REJECTED with every reason (EXP-1)."""
        found = self.case(case)
        found.require(CaseState.RECEIVED)
        faults = faults_of(found.act)
        return [CaseRejected(case, faults, by, at_ns) if faults else CaseChecked(case, by, at_ns)]

    def reject(self, case: str, *, reason: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """A person finds what no program can: a forged signature, an officer that his unit does not know."""
        found = self.case(case)
        found.require(CaseState.RECEIVED)
        if not reason.strip():
            raise refused(case, Words("le motif manque", "the reason is missing"), Words("Dites-le", "Say why"))
        return [CaseRejected(case, (Words(reason, reason), *faults_of(found.act)), by, at_ns)]

    def lock(self, case: str, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """Keep the act's instants, past or future; join the locks that are there; take over holds it covers."""
        found = self.case(case)
        found.require(CaseState.CHECKED)
        spans = found.act.spans
        joins = tuple(
            other.case
            for other in self.cases
            if any(mine.touches(theirs) for mine in spans for theirs in other.protects(at_ns))
        )
        is_judicial = found.act.basis is not None and found.act.basis.is_judicial
        dies_at_ns = None if is_judicial else min(self._ceiling(span.camera, span.from_ns) for span in spans)
        events: list[DeskEvent] = [CaseLocked(case, spans, joins, dies_at_ns, by, at_ns)]
        for hold in self.holds:
            if hold.protects(at_ns) and is_within([hold.span], spans):
                events.append(HoldTaken(hold.hold, case, at_ns))
        return events

    def prepare(
        self,
        case: str,
        spans: Sequence[CameraSpan],
        package_sha256: str,
        *,
        by: str,
        at_ns: Nanoseconds,
        recipients: Sequence[str] = (),
    ) -> list[DeskEvent]:
        """A package of exactly these spans was made. Raises CaseRefused, ReleaseRefused."""
        self.case(case).require(CaseState.LOCKED)
        self.require_release(case, spans, at_ns)
        if not by.strip() or not package_sha256:
            raise refused(case, Words("qui, et quel paquet ?", "who, and which package?"), Words("Dites-le", "Say so"))
        return [PackagePrepared(case, tuple(spans), package_sha256, by, at_ns, tuple(recipients))]

    def return_package(self, case: str, *, reason: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """The second person found it wrong."""
        self.case(case).require(CaseState.PREPARED)
        return [PackageReturned(case, reason, by, at_ns)]

    def validate(self, case: str, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """The second person verified it and releases it. Raises CaseRefused for who prepared it."""
        found = self.case(case)
        found.require(CaseState.PREPARED)
        cases_.require_two_persons(found, by)
        return [PackageValidated(case, by, at_ns)]

    def hand_over(self, case: str, hand_over: HandOver, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """It leaves, against a receipt. Raises CaseRefused naming all that is missing (EXP-9)."""
        found = self.case(case)
        found.require(CaseState.VALIDATED)
        cases_.require_hand_over(case, hand_over)
        is_habilitated = found.act.basis is LegalBasis.L252_3_HABILITATED
        return [PackageHandedOver(case, hand_over, one_month_after(at_ns) if is_habilitated else None, by, at_ns)]

    def offer(self, case: str, hand_over: HandOver, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """It lies ready for the officer, who signs for it here. Raises CaseRefused naming what is missing."""
        self.case(case).require(CaseState.VALIDATED)
        cases_.require_offer(case, hand_over)
        return [HandOverOffered(case, replace(hand_over, receipt="", seal=""), by, at_ns)]

    def add_seal(self, case: str, *, seal: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """The officer gives the number of the scellé."""
        cases_.require_offered(self.case(case))
        if not seal.strip():
            what = Words("le numéro de scellé manque", "the seal number is missing")
            raise refused(case, what, Words("Donnez-le", "Give it"))
        return [SealAdded(case, seal.strip(), by, at_ns)]

    def sign_receipt(self, case: str, *, sha256: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """The officer signs the receipt of this digest: it is handed over, as `hand_over` does.

        Raises CaseRefused: no seal yet, not the receipt of now, or who prepared or released the package.
        """
        found = self.case(case)
        offered, receipt = cases_.require_offered(found), receipt_of(found)
        if receipt is None or receipt.sha256 != sha256:
            raise refused(
                case,
                Words("ce n'est pas le reçu de maintenant", "this is not the receipt as it stands now"),
                Words("Inscrivez le scellé, relisez le reçu, signez", "Give the seal, read the receipt again, sign"),
            )
        if any(cases_.same_person(by, other) for other in (found.exports[-1].by, found.validated_by)):
            what = Words(
                "qui l'a préparé ou libéré ne le reçoit pas", "who prepared or released it does not receive it"
            )
            raise refused(case, what, Words("L'officier signe lui-même", "The officer signs"))
        return self.hand_over(case, replace(offered, receipt=sha256, seal=found.seal), by=by, at_ns=at_ns)

    def end_lock(self, case: str, *, instruction: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """A magistrate ends the lock: `instruction` names the act that says so."""
        self.case(case).require(CaseState.LOCKED, CaseState.PREPARED, CaseState.VALIDATED)
        if not instruction.strip():
            raise refused(
                case,
                Words("l'instruction du magistrat manque", "the magistrate's instruction is missing"),
                Words("Donnez sa référence", "Give its reference"),
            )
        return [LockEnded(case, instruction, by, at_ns)]

    def copy_destroyed(self, case: str, *, certificate: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """The centre's copy is gone: a line of the legal register, and the case closes."""
        found = self.case(case)
        if not locks_.is_destruction_due(found) or not certificate.strip():
            raise refused(
                case,
                Words("rien n'est à détruire, ou le certificat manque", "nothing is due, or there is no certificate"),
                Words("La copie se détruit après la remise", "The copy is destroyed after the hand-over"),
            )
        return [CopyDestroyed(case, locks_.to_destroy(found, self.cases, at_ns), certificate, by, at_ns)]

    def recipient_copy_gone(self, case: str, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """The recipient told that his copy is destroyed."""
        if self.case(case).handed_over is None:
            raise refused(
                case, Words("rien ne lui a été remis", "nothing was handed to them"), Words("Vérifiez", "Look again")
            )
        return [RecipientCopyGone(case, by, at_ns)]

    def request_hold(self, hold: str, span: CameraSpan, *, reason: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """The room chief saw a fact and asks. Raises CaseRefused for what could not be placed either."""
        self.place_hold(hold, span, reason=reason, by=by, at_ns=at_ns)
        if hold in self._requests:
            raise refused(hold, Words("ce numéro est pris", "this number is taken"), Words("Un autre", "Give another"))
        return [HoldRequested(hold, span, reason, by, at_ns)]

    def grant_hold(self, hold: str, *, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """Place what the room asked for. Raises CaseRefused, also when another person has not asked."""
        asked = self._requests.get(hold)
        if asked is None or cases_.same_person(asked.by, by):
            what = Words("personne d'autre n'a demandé ce gel", "nobody else asked for this hold")
            raise refused(hold, what, Words("Le chef de salle le demande d'abord", "The room chief asks first"))
        return self.place_hold(hold, asked.span, reason=asked.reason, by=by, at_ns=at_ns)

    def end_hold(self, hold: str, *, reason: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """Not needed after all. Raises CaseRefused: it holds nothing, no reason, or the person who placed it."""
        found = self._holds.get(hold)
        if found is None or not found.protects(at_ns) or not reason.strip() or cases_.same_person(found.by, by):
            what = Words(
                "il faut un gel en vigueur, un motif, une autre personne", "a live hold, a reason, another person"
            )
            raise refused(hold, what, Words("Rien n'a changé", "Nothing has changed"))
        return [HoldEnded(hold, reason, by, at_ns)]

    def place_hold(self, hold: str, span: CameraSpan, *, reason: str, by: str, at_ns: Nanoseconds) -> list[DeskEvent]:
        """Keep a past stretch until the police come, never past the ceiling. Raises CaseRefused."""
        dies_at_ns = self._ceiling(span.camera, span.from_ns)
        what = None
        if span.is_empty or span.to_ns > at_ns or not reason.strip() or hold in self._holds:
            what = Words("il faut un intervalle passé, un motif, un numéro", "a past interval, a reason, a number")
        elif dies_at_ns <= at_ns:
            what = Words("le plafond légal est passé", "the legal ceiling has passed")
        if what is not None:
            raise refused(hold, what, Words("Rien n'a été gelé", "Nothing is held"))
        return [HoldPlaced(hold, span, reason, dies_at_ns, by, at_ns)]

    def tick(self, now_ns: Nanoseconds) -> list[DeskEvent]:
        """What time alone brings: reminders, dead holds and locks, locks of over 12 months. Idempotent once applied."""
        events: list[DeskEvent] = []
        for hold in self.holds:
            events += [HoldReminded(hold.hold, days, now_ns) for days in locks_.reminders_due(hold, now_ns)]
            if not hold.is_dead and not hold.taken_by and now_ns >= hold.dies_at_ns:
                events.append(HoldDied(hold.hold, now_ns))
        for case in self.cases:
            if case.is_live and case.lock_dies_at_ns is not None and now_ns >= case.lock_dies_at_ns - CEILING_LEAD_NS:
                events.append(LockEnded(case.case, CEILING, BY_ITSELF, now_ns))
            elif case.flagged_at_ns is None and locks_.is_lock_old(case, now_ns):
                events.append(LockFlagged(case.case, now_ns))
        return events

    def apply(self, event: DeskEvent) -> None:
        """Take a stored event in. Raises CaseRefused for one that the rules do not allow: the store was changed."""
        match event:
            case HoldRequested():
                self._requests[event.hold] = event
            case HoldPlaced():
                self._requests.pop(event.hold, None)
                self._holds[event.hold] = locks_.hold_begun(event)
            case HoldReminded() | HoldTaken() | HoldEnded() | HoldDied() if event.hold in self._holds:
                self._holds[event.hold] = locks_.hold_after(self._holds[event.hold], event)
            case CaseReceived() if event.case not in self._cases:
                self._cases[event.case] = cases_.begun(event)
            case HoldReminded() | HoldTaken() | HoldEnded() | HoldDied():
                raise refused(event.hold, Words("ce gel est inconnu", "no such hold"), LOOK)
            case _:
                self._cases[event.case] = cases_.after(self.case(event.case), event)


def _outside(case: str, outside: Sequence[CameraSpan]) -> ReleaseRefused:
    told = "; ".join(f"{s.camera} {paris_text(s.from_ns)} - {paris_text(s.to_ns)}" for s in outside[:3])
    return ReleaseRefused(
        Words(f"hors de l'acte : {told or 'rien'}", f"outside the act: {told or 'nothing'}"),
        where=case,
        what_to_do=Words(
            "Ne demandez que les caméras et intervalles de l'acte ; pour d'autres il faut un autre acte",
            "Ask only for the act's cameras and intervals; others take another act",
        ),
    )
