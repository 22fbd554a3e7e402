"""The register of access requests of a running centre: steps that are kept when they return, and certificates (DPO-2).

Nothing here holds a picture back from its destruction: the requisition desk's case does, while there is one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from csu.centre.in_turn import InTurn
from csu.console.dpo import RequestStands
from csu.evidence import Case, LegalBasis
from csu.governance import CameraSpan, CentreKey, LegalRegister, RuledPiece, Span, expiry_of
from csu.governance.access_ledger import AccessLedger
from csu.governance.access_requests import (
    AccessDecision,
    AccessRequest,
    AccessRequests,
    CaseLinked,
    IdentityChecked,
    IdentityProof,
    Motive,
    RequestDecided,
    RequestEvent,
    RequestReceived,
    ViewingHeld,
)
from csu.governance.certificates import AccessCertificate
from csu.governance.errors import AccessRequestRefused
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.words import Words

FILE = "access-requests.sqlite"

Cases = Callable[[], Sequence[Case]]
CommuneOf = Callable[[CameraId], CommuneId | None]
RulesOf = Callable[[CameraId, Span], Sequence[RuledPiece]]
"""Under which rules a stretch was captured."""


class RequestsOfCentre:
    """See `csu.console.dpo.RequestDesk`. `register`: the file of the legal register, which says what is destroyed."""

    def __init__(
        self,
        path: Path,
        key: CentreKey,
        clock: Clock,
        *,
        register: Path,
        cases: Cases,
        commune_of: CommuneOf,
        rules_of: RulesOf,
    ) -> None:
        self._path, self._key, self._clock, self._register = path, key, clock, register
        self._cases, self._commune_of, self._rules_of = cases, commune_of, rules_of
        self._in_turn = InTurn()
        self._ledger: AccessLedger | None = None

    async def requests(self) -> Sequence[RequestStands]:
        """Open ones first, by when their answer is due. Raises CsuError."""
        held = await self._in_turn(self._read)
        found = sorted(held.requests.values(), key=lambda each: (each.decided is not None, each.due_at_ns))
        return [self._stands(each) for each in found]

    async def receive(
        self, request: str, place: str, spans: Sequence[CameraSpan], received_at_ns: Nanoseconds, person: str
    ) -> RequestStands:
        """A request came. Raises AccessRequestRefused; CsuError: nothing changed."""
        commune = self._commune(request, spans)
        now_ns = self._clock.now_ns()
        event = RequestReceived(request, commune, place, tuple(spans), received_at_ns, person, now_ns)
        return await self._decide(request, lambda _: event)

    async def identify(self, request: str, proof: IdentityProof, person: str) -> RequestStands:
        """The person proved who he is. Raises as `receive`."""
        event = IdentityChecked(request, proof, person, self._clock.now_ns())
        return await self._decide(request, lambda _: event)

    async def link(self, request: str, case: str, person: str) -> RequestStands:
        """To a case of right of access that the requisition desk has. Raises as `receive`."""
        known = next((each for each in self._cases() if each.case == case), None)
        if known is None or known.act.basis is not LegalBasis.GDPR_ACCESS:
            raise _refused(
                request,
                Words(
                    "ce dossier n'existe pas, ou n'est pas de droit d'accès", "no such case, or not of right of access"
                ),
            )
        event = CaseLinked(request, case, person, self._clock.now_ns())
        return await self._decide(request, lambda _: event)

    async def decide(self, request: str, decision: AccessDecision, motive: Motive | None, person: str) -> RequestStands:
        """Without pictures: with certificates. Raises as `receive`; CertificateRefused while any is left."""

        def event(held: AccessRequests) -> RequestDecided:
            proofs = self._certificates(held.of(request)) if decision is AccessDecision.NO_PICTURES else ()
            return RequestDecided(request, decision, motive, person, self._clock.now_ns(), proofs)

        return await self._decide(request, event)

    async def viewed(self, request: str, held_at_ns: Nanoseconds, person: str) -> RequestStands:
        """The person saw what concerns him. Raises as `receive`."""
        event = ViewingHeld(request, held_at_ns, person, self._clock.now_ns())
        return await self._decide(request, lambda _: event)

    async def certificate(self, request: str, number: int) -> AccessCertificate | None:
        """One of those that answered it, from 1; None: there is none. Raises CsuError."""
        found = (await self._in_turn(self._read)).requests.get(request)
        kept = () if found is None or found.decided is None else found.decided.certificates
        return AccessCertificate(**json.loads(kept[number - 1])) if 1 <= number <= len(kept) else None

    def close(self) -> None:
        """Release the file."""
        if self._ledger is not None:
            self._ledger.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _commune(self, request: str, spans: Iterable[CameraSpan]) -> CommuneId:
        """The one commune of all cameras: its mayor is who answers (COM-5)."""
        communes = {self._commune_of(each.camera) for each in spans}
        if len(communes) != 1 or None in communes:
            raise _refused(
                request,
                Words(
                    "une caméra est inconnue, ou d'une autre commune : une demande par responsable",
                    "a camera is unknown, or of another commune: one request for each controller",
                ),
            )
        return next(commune for commune in communes if commune is not None)

    def _stands(self, request: AccessRequest) -> RequestStands:
        ends = [self._expiry_ns(each) for each in request.received.spans]
        left = [at_ns for at_ns in ends if at_ns is not None and at_ns > self._clock.now_ns()]
        return RequestStands(request, min(left) if left else None)

    def _expiry_ns(self, asked: CameraSpan) -> Nanoseconds | None:
        """When the first of these pictures goes by itself; None: no rule is known."""
        pieces = self._rules_of(asked.camera, asked.span)
        return expiry_of(pieces) if pieces else None

    async def _decide(self, request: str, make: Callable[[AccessRequests], RequestEvent]) -> RequestStands:
        def decided() -> AccessRequest:
            kept = self._open()
            kept.decide(lambda held: [make(held)])
            return kept.value.of(request)

        return self._stands(await asyncio.shield(self._in_turn(decided)))

    def _certificates(self, request: AccessRequest) -> tuple[str, ...]:
        """By the legal register: opened for this alone, its chain followed. Raises CertificateRefused."""
        register = LegalRegister(self._register, self._key)
        try:
            now_ns = self._clock.now_ns()
            made = (register.access_certificate(each, request.number, now_ns) for each in request.received.spans)
            return tuple(certificate.to_json() for certificate in made)
        finally:
            register.close()

    def _read(self) -> AccessRequests:
        ledger = self._open()
        ledger.catch_up()
        return ledger.value

    def _open(self) -> AccessLedger:
        if self._ledger is None:
            self._ledger = AccessLedger(self._path, self._key)
        return self._ledger


def _refused(where: str, what: Words) -> AccessRequestRefused:
    return AccessRequestRefused(
        what,
        where=f"access/{where}",
        what_to_do=Words("Corrigez, puis recommencez ; rien n'a changé", "Correct it, then try again; nothing changed"),
    )
