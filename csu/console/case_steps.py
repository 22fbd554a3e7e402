"""Which steps of a case a person may take now, and why not: what a page offers, asked as the doors will ask."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from csu.console.access import RightsDesk
from csu.console.evidence_desk import EvidenceDesk, facts_of
from csu.evidence import Case, CaseState
from csu.evidence.holds_and_locks import is_destruction_due
from csu.governance import Action, Resource, Subject, role_can
from csu.hal.clock import Nanoseconds
from csu.hal.words import NO_WORDS, Words


class CaseStep(StrEnum):
    """The doors of one case, by the last word of their path."""

    CHECK = "check"
    REJECT = "reject"
    LOCK = "lock"
    PREPARE = "prepare"
    RELEASE = "release"
    RETURN = "return"
    OFFER = "offer"
    HAND_OVER = "hand-over"
    SEAL = "seal"
    RECEIPT = "receipt"
    END_LOCK = "end-lock"
    COPY_DESTROYED = "copy-destroyed"
    FOOTAGE = "footage"
    PACKAGE = "package"
    COPY = "copy"


def _at(*states: CaseState) -> Callable[[Case], bool]:
    return lambda case: case.state in states and not case.lock_ended_by


_S, _A = CaseState, Action
_LIVE, _RELEASED = _at(_S.LOCKED, _S.PREPARED, _S.VALIDATED), _at(_S.VALIDATED, _S.HANDED_OVER)
_STEPS: dict[CaseStep, tuple[Action, Callable[[Case], bool]]] = {
    CaseStep.CHECK: (_A.CASE_CHECK, _at(_S.RECEIVED)),
    CaseStep.REJECT: (_A.CASE_CHECK, _at(_S.RECEIVED)),
    CaseStep.LOCK: (_A.LOCK_PLACE, _at(_S.CHECKED)),
    CaseStep.PREPARE: (_A.CASE_PREPARE, _at(_S.LOCKED)),
    CaseStep.RELEASE: (_A.CASE_RELEASE, _at(_S.PREPARED)),
    CaseStep.RETURN: (_A.CASE_RELEASE, _at(_S.PREPARED)),
    CaseStep.OFFER: (_A.HAND_OVER, _at(_S.VALIDATED)),
    CaseStep.HAND_OVER: (_A.HAND_OVER, _at(_S.VALIDATED)),
    CaseStep.SEAL: (_A.SEAL_ADD, lambda case: _at(_S.VALIDATED)(case) and case.offered is not None),
    CaseStep.RECEIPT: (_A.RECEIPT_SIGN, lambda case: _at(_S.VALIDATED)(case) and bool(case.offered and case.seal)),
    CaseStep.END_LOCK: (_A.LOCK_END, _LIVE),
    CaseStep.COPY_DESTROYED: (_A.COPY_DESTROY, is_destruction_due),
    CaseStep.FOOTAGE: (_A.REPLAY, _RELEASED),
    CaseStep.PACKAGE: (_A.REPLAY, _RELEASED),
    CaseStep.COPY: (_A.EXPORT, _RELEASED),
}
_OF_ITS_STRETCHES = frozenset({Action.REPLAY, Action.EXPORT, Action.HAND_OVER})


def steps_of(
    case: Case, subject: Subject, rights: RightsDesk, desk: EvidenceDesk, at_ns: Nanoseconds
) -> dict[CaseStep, Words]:
    """The steps that this state has and this role can take at all; each with why not now, empty: it may be asked for.

    The door asks again: of every stretch, where this asks of one a camera.
    """
    found = {}
    for step, (action, applies) in _STEPS.items():
        if not applies(case) or not role_can(subject.role, action):
            continue
        refusals = (
            decision
            for resource in _resources(case, action, desk)
            if not (decision := rights.decide(subject, action, resource, at_ns)).permitted
        )
        refused = next(refusals, None)
        found[step] = NO_WORDS if refused is None else refused.reason
    return found


def _resources(case: Case, action: Action, desk: EvidenceDesk) -> list[Resource]:
    facts = facts_of(case)
    if action not in _OF_ITS_STRETCHES:
        return [Resource(case=facts, first=desk.signed_before(case.case, action))]
    first_of = dict(reversed(facts.spans))
    return [Resource(camera=camera, span=span, case=facts) for camera, span in first_of.items()]
