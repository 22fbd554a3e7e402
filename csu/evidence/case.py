"""One requisition from its arrival to the destruction of the centre's copy (requirements, 2.3). Pure.

RECEIVED -> CHECKED -> LOCKED -> PREPARED -> VALIDATED -> HANDED_OVER -> CLOSED; RECEIVED -> REJECTED. Besides, a
package found wrong goes back from PREPARED to LOCKED, and a magistrate may end a lock: LOCKED, PREPARED or VALIDATED
-> CLOSED once the copy is destroyed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from csu.evidence.case_events import (
    CaseChecked,
    CaseEvent,
    CaseLocked,
    CaseReceived,
    CaseRejected,
    CopyDestroyed,
    HandOver,
    HandOverOffered,
    LockEnded,
    LockFlagged,
    PackageHandedOver,
    PackagePrepared,
    PackageReturned,
    PackageValidated,
    RecipientCopyGone,
    SealAdded,
)
from csu.evidence.errors import CaseRefused
from csu.evidence.requisition import Requisition
from csu.evidence.spans import CameraSpan
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words


class CaseState(StrEnum):
    """Where a requisition stands."""

    RECEIVED = "received"
    CHECKED = "checked"
    REJECTED = "rejected"
    LOCKED = "locked"
    PREPARED = "prepared"
    VALIDATED = "validated"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"

    @property
    def words(self) -> Words:
        """As people say it of a case."""
        return _STATE_WORDS[self]


_STATE_WORDS = {
    CaseState.RECEIVED: Words("reçue", "received"),
    CaseState.CHECKED: Words("vérifiée", "checked"),
    CaseState.REJECTED: Words("rejetée", "rejected"),
    CaseState.LOCKED: Words("verrouillée", "locked"),
    CaseState.PREPARED: Words("préparée", "prepared"),
    CaseState.VALIDATED: Words("validée", "validated"),
    CaseState.HANDED_OVER: Words("remise", "handed over"),
    CaseState.CLOSED: Words("close, copie détruite", "closed, copy destroyed"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One case as its events made it."""

    case: str
    act: Requisition
    state: CaseState
    received_by: str
    received_at_ns: Nanoseconds
    reasons: tuple[Words, ...] = ()
    """Why it was rejected."""
    locked_at_ns: Nanoseconds | None = None
    lock_dies_at_ns: Nanoseconds | None = None
    lock_ended_by: str = ""
    """The magistrate's instruction, when one ended the lock before a hand-over."""
    exports: tuple[PackagePrepared, ...] = ()
    """Every package made, also those found wrong: the export journal of this case (EXP-8)."""
    validated_by: str = ""
    offered: HandOver | None = None
    """What lies ready for the officer to sign for; his receipt and seal are not in it."""
    seal: str = ""
    """The number that he gave for what is offered."""
    handed_over: PackageHandedOver | None = None
    recipient_copy_gone: bool = False
    destroyed: CopyDestroyed | None = None
    flagged_at_ns: Nanoseconds | None = None
    history: tuple[CaseEvent, ...] = ()
    """All that happened to it, in order: who and when."""

    @property
    def is_live(self) -> bool:
        """Whether its lock keeps footage: from LOCKED until hand-over, or until a magistrate ends it."""
        return self.state in (CaseState.LOCKED, CaseState.PREPARED, CaseState.VALIDATED) and not self.lock_ended_by

    def protects(self, now_ns: Nanoseconds) -> tuple[CameraSpan, ...]:
        """What its lock keeps from destruction now."""
        is_dead = self.lock_dies_at_ns is not None and now_ns >= self.lock_dies_at_ns
        return self.act.spans if self.is_live and not is_dead else ()

    def require(self, *states: CaseState) -> None:
        """Raises CaseRefused unless the case is in one of these states and its lock was not ended."""
        if self.state in states and not self.lock_ended_by:
            return
        french = " ou ".join(state.words.fr for state in states)
        english = " or ".join(state.words.en for state in states)
        is_at = Words(f"l'affaire est {self.state.words.fr}", f"the case is {self.state.words.en}")
        if self.lock_ended_by:
            is_at = Words("un magistrat a mis fin au verrou", "a magistrate ended the lock")
        raise refused(self.case, is_at, Words(f"Il faut qu'elle soit {french}", f"It must be {english}"))


def begun(event: CaseReceived) -> Case:
    """The case that an act begins."""
    return Case(event.case, event.act, CaseState.RECEIVED, event.by, event.at_ns, history=(event,))


def after(case: Case, event: CaseEvent) -> Case:
    """The case after one more event. Raises CaseRefused for one that cannot follow: a forged or torn store."""
    return replace(_after(case, event), history=(*case.history, event))


def _after(case: Case, event: CaseEvent) -> Case:
    match event:
        case CaseReceived():
            raise refused(event.case, Words("cette affaire existe déjà", "this case exists already"), LOOK)
        case CaseChecked():
            case.require(CaseState.RECEIVED)
            return replace(case, state=CaseState.CHECKED)
        case CaseRejected():
            case.require(CaseState.RECEIVED)
            return replace(case, state=CaseState.REJECTED, reasons=event.reasons)
        case CaseLocked():
            case.require(CaseState.CHECKED)
            return replace(case, state=CaseState.LOCKED, locked_at_ns=event.at_ns, lock_dies_at_ns=event.dies_at_ns)
        case PackagePrepared():
            case.require(CaseState.LOCKED)
            return replace(case, state=CaseState.PREPARED, exports=(*case.exports, event))
        case PackageReturned():
            case.require(CaseState.PREPARED)
            return replace(case, state=CaseState.LOCKED)
        case PackageValidated():
            case.require(CaseState.PREPARED)
            require_two_persons(case, event.by)
            return replace(case, state=CaseState.VALIDATED, validated_by=event.by)
        case _:
            return _after_the_end(case, event)


def _after_the_end(case: Case, event: CaseEvent) -> Case:
    """The events of a lock's end."""
    match event:
        case HandOverOffered():
            case.require(CaseState.VALIDATED)
            require_offer(case.case, event.hand_over)
            return replace(case, offered=event.hand_over, seal="")
        case SealAdded():
            require_offered(case)
            return replace(case, seal=event.seal)
        case PackageHandedOver():
            case.require(CaseState.VALIDATED)
            require_hand_over(case.case, event.hand_over)
            return replace(case, state=CaseState.HANDED_OVER, handed_over=event)
        case LockEnded():
            case.require(CaseState.LOCKED, CaseState.PREPARED, CaseState.VALIDATED)
            return replace(case, lock_ended_by=event.instruction)
        case CopyDestroyed():
            if not case.lock_ended_by:
                case.require(CaseState.HANDED_OVER)
            return replace(case, state=CaseState.CLOSED, destroyed=event)
        case RecipientCopyGone():
            return replace(case, recipient_copy_gone=True)
        case LockFlagged():
            return replace(case, flagged_at_ns=event.at_ns)
        case _:
            raise refused(case.case, Words("cet événement est inconnu ici", "this event is not known here"), LOOK)


def require_two_persons(case: Case, releaser: str) -> None:
    """Four eyes: who releases a package did not prepare it. Raises CaseRefused."""
    preparer = case.exports[-1].by
    if not releaser.strip() or same_person(releaser, preparer):
        raise refused(
            case.case,
            Words(f"{preparer} a préparé ce paquet", f"{preparer} prepared this package"),
            Words("Une autre personne doit le vérifier et le valider", "Another person must verify and release it"),
        )


def require_hand_over(case: str, given: HandOver) -> None:
    """Raises CaseRefused naming what EXP-9 still wants."""
    receipt = (given.receipt.strip(), Words("le reçu signé", "the signed receipt"))
    seal = (given.seal.strip(), Words("le numéro de scellé", "the seal number"))
    _require_all(case, [*_of_offer(given), receipt, seal])


def require_offer(case: str, given: HandOver) -> None:
    """The same of what only the officer can add to: his receipt and his seal are still to come."""
    _require_all(case, _of_offer(given))


def require_offered(case: Case) -> HandOver:
    """What lies ready to be signed for. Raises CaseRefused."""
    case.require(CaseState.VALIDATED)
    if case.offered is None:
        raise refused(
            case.case,
            Words("rien n'est encore prêt à être remis", "nothing lies ready to be handed over yet"),
            Words("Le gestionnaire inscrit d'abord le support", "The clerk registers the support first"),
        )
    return case.offered


def _of_offer(given: HandOver) -> list[tuple[object, Words]]:
    why = not given.is_rewritable or given.why_rewritable.strip()
    return [
        (given.support.strip(), Words("la référence du support", "the reference of the support")),
        (given.copies >= 1, Words("le nombre de copies", "the number of copies")),
        (given.officer.name.strip(), Words("le nom de qui reçoit", "the name of who receives")),
        (why, Words("pourquoi le support est réinscriptible", "why the support can be rewritten")),
    ]


def _require_all(case: str, wanted: Sequence[tuple[object, Words]]) -> None:
    missing = [words for is_there, words in wanted if not is_there]
    if missing:
        raise refused(
            case,
            Words(
                "il manque : " + ", ".join(words.fr for words in missing),
                "missing: " + ", ".join(words.en for words in missing),
            ),
            Words("Rien ne sort avant que ce soit inscrit", "Nothing leaves before it is registered"),
        )


def same_person(one: str, other: str) -> bool:
    """Names compared without case, spaces and encoding: two signatures are two people, not two spellings."""
    first, second = ("".join(unicodedata.normalize("NFKC", name).casefold().split()) for name in (one, other))
    return first == second


def refused(case: str, what: Words, what_to_do: Words) -> CaseRefused:
    """The one way a case says no."""
    return CaseRefused(what, where=case, what_to_do=what_to_do)


LOOK = Words("Vérifiez le registre des réquisitions", "Look at the register of requisitions")
