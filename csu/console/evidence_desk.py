"""The requisition desk as the console needs it: commands that are stored when they return, and bounded footage.

The rules are `csu.evidence.RequisitionDesk`'s; whoever implements this keeps its events and its packages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from csu.evidence import CameraSpan, Case, CaseState, HandOver, Hold, HoldRequested, LegalBasis, Requisition
from csu.governance import Action, CaseFacts, Signature, Span
from csu.governance.register_lines import Transmitted
from csu.hal.clock import Nanoseconds


@dataclass(frozen=True, slots=True)
class Preparing:
    """A package that is being made: how many segments of how many are in it. `of` 0: they are being looked for."""

    since_ns: Nanoseconds
    done: int
    of: int


class EvidenceDesk(Protocol):
    """Commands raise CaseRefused or ReleaseRefused when the case does not allow it, CsuError for any other trouble.

    `by` is who commands, and as whom: the desk keeps it, and `signed_before` tells it.
    """

    def cases(self) -> Sequence[Case]:
        """All cases, in the order they came."""
        ...

    def dies_at_ns(self, span: CameraSpan) -> Nanoseconds | None:
        """When the first picture of a stretch that nobody locks is destroyed; None: a camera that is not known."""
        ...

    def preparing(self, case: str) -> Preparing | None:
        """What is being made for this case now."""
        ...

    async def transmitted(self, case: str) -> Sequence[Transmitted]:
        """The lines of the legal register about this case."""
        ...

    def signed_before(self, case: str, action: Action) -> Signature | None:
        """Who did the first half of a deed that takes two: who prepared what is to be released, who placed a hold."""
        ...

    async def receive(self, case: str, act: Requisition, by: Signature) -> Case: ...

    async def check(self, case: str, by: Signature) -> Case: ...

    async def reject(self, case: str, reason: str, by: Signature) -> Case: ...

    async def lock(self, case: str, by: Signature) -> Case: ...

    async def prepare(self, case: str, recipients: Sequence[str], by: Signature) -> Case:
        """Make the package of exactly what the act names, sealed to these age keys."""
        ...

    async def return_package(self, case: str, reason: str, by: Signature) -> Case: ...

    async def validate(self, case: str, by: Signature) -> Case: ...

    async def hand_over(self, case: str, hand_over: HandOver, by: Signature) -> Case: ...

    async def offer(self, case: str, hand_over: HandOver, by: Signature) -> Case:
        """It lies ready for the officer, who is to sign for it here: without receipt and seal."""
        ...

    async def add_seal(self, case: str, seal: str, by: Signature) -> Case: ...

    async def sign_receipt(self, case: str, sha256: str, by: Signature) -> Case:
        """The officer signs the receipt of this digest (`csu.evidence.receipt_of`): it is handed over."""
        ...

    async def end_lock(self, case: str, instruction: str, by: Signature) -> Case: ...

    async def copy_destroyed(self, case: str, certificate: str, by: Signature) -> Case: ...

    def holds(self) -> Sequence[Hold]:
        """All holds, in the order they were placed."""
        ...

    def hold_requests(self) -> Sequence[HoldRequested]:
        """What the room asked to be held and nobody has placed."""
        ...

    async def request_hold(self, hold: str, span: CameraSpan, reason: str, by: Signature) -> HoldRequested: ...

    async def place_hold(self, hold: str, by: Signature) -> Hold:
        """Place what another person asked for."""
        ...

    async def end_hold(self, hold: str, reason: str, by: Signature) -> Hold:
        """Another person than who placed it finds that it is not needed."""
        ...

    def package(self, case: str) -> AsyncIterator[bytes]:
        """The sealed package, which only its recipients' keys open."""
        ...

    def footage(self, case: str, span: CameraSpan) -> AsyncIterator[bytes]:
        """Masked fMP4 of exactly `span`, which lies in the act: the console asked."""
        ...


_RELEASED = (CaseState.VALIDATED, CaseState.HANDED_OVER)


def facts_of(case: Case) -> CaseFacts:
    """What the rights ask of a case. Its officer is the account `opj:<number>`; of an access request, who asks."""
    spans = tuple((span.camera, Span(span.from_ns, span.to_ns)) for span in case.act.spans if not span.is_empty)
    is_released = case.state in _RELEASED and not case.lock_ended_by
    is_access = case.act.basis is LegalBasis.GDPR_ACCESS
    return CaseFacts(case.case, is_released, spans, officer_of(case), is_access)


def officer_of(case: Case) -> str:
    """The account of who asked; empty when the act names no number."""
    number = "".join(case.act.officer.number.split())
    return f"opj:{number}" if number else ""
