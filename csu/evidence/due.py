"""What is due next of a case, from when, and by when: what a desk sorts its day by. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from csu.evidence.case import Case, CaseState
from csu.evidence.holds_and_locks import is_destruction_due
from csu.evidence.spans import CameraSpan
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words


class DueStep(StrEnum):
    """What somebody has to do."""

    CHECK = "check"
    LOCK = "lock"
    PREPARE = "prepare"
    RELEASE = "release"
    OFFER = "offer"
    SEAL = "seal"
    RECEIPT = "receipt"
    COPY_DESTROYED = "copy_destroyed"

    @property
    def words(self) -> Words:
        """As people say it."""
        return _STEP_WORDS[self]


_STEP_WORDS = {
    DueStep.CHECK: Words("vérifier l'acte", "check the act"),
    DueStep.LOCK: Words("verrouiller les images", "lock the footage"),
    DueStep.PREPARE: Words("préparer le paquet", "prepare the package"),
    DueStep.RELEASE: Words("libérer le paquet (autre personne)", "release the package (another person)"),
    DueStep.OFFER: Words("remettre à l'officier", "hand over to the officer"),
    DueStep.SEAL: Words("donner le numéro de scellé (officier)", "give the seal number (officer)"),
    DueStep.RECEIPT: Words("signer le reçu (officier)", "sign the receipt (officer)"),
    DueStep.COPY_DESTROYED: Words("détruire la copie du centre", "destroy the centre's copy"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """One step. `from_ns`: not before (the interval has to pass). `by_ns`: after it, footage or lock is gone."""

    step: DueStep
    from_ns: Nanoseconds | None = None
    by_ns: Nanoseconds | None = None


def due_of(case: Case, dies_at_ns: Callable[[CameraSpan], Nanoseconds | None]) -> Due | None:
    """None: nothing. `dies_at_ns`: when the first picture of a stretch is destroyed unlocked; None: unknown."""
    if is_destruction_due(case):
        return Due(DueStep.COPY_DESTROYED)
    match case.state:
        case CaseState.RECEIVED | CaseState.CHECKED:
            instants = [dies_at_ns(span) for span in case.act.spans if not span.is_empty]
            by_ns = min((each for each in instants if each is not None), default=None)
            return Due(DueStep.CHECK if case.state is CaseState.RECEIVED else DueStep.LOCK, by_ns=by_ns)
        case CaseState.LOCKED:
            from_ns = max((span.to_ns for span in case.act.spans), default=None)
            return Due(DueStep.PREPARE, from_ns, case.lock_dies_at_ns)
        case CaseState.PREPARED:
            return Due(DueStep.RELEASE, by_ns=case.lock_dies_at_ns)
        case CaseState.VALIDATED:
            return Due(_of_hand_over(case), by_ns=case.lock_dies_at_ns)
        case _:
            return None


def _of_hand_over(case: Case) -> DueStep:
    if case.offered is None:
        return DueStep.OFFER
    return DueStep.RECEIPT if case.seal else DueStep.SEAL
