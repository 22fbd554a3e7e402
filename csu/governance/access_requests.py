"""Requests of access by people who were filmed (CSI L253-5, GDPR art. 15; DPO-2). Folded from its events.

The register holds no name and no copy of a paper: the letter stays in the DPO's own file, under the same number. A
request keeps no picture from its destruction (RET-1): only a case of right of access, opened at the requisition desk
while the pictures are there, lets them be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from csu.governance.errors import AccessRequestRefused
from csu.governance.legal_calendar import one_month_after
from csu.governance.register_lines import CameraSpan
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.personal_data import personal_data_in, unfit_for_a_place
from csu.hal.words import Words

SPANS_MAX = 16
SPAN_NS_MAX = NS_PER_DAY
"""A person names a day at most; who asks for a month names no passage of his own [D]."""
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,23}", re.ASCII)


class IdentityProof(StrEnum):
    """How the person proved to be the one filmed. No copy is kept (DPO-2)."""

    DOCUMENT_SHOWN = "document_shown"
    ELECTRONIC = "electronic"
    """A State identity service, or a qualified signature."""
    REPRESENTATIVE = "representative"
    """A lawyer or guardian, with the mandate and the person's own proof."""


class AccessDecision(StrEnum):
    """What is answered."""

    GRANTED = "granted"
    PARTIAL = "partial"
    """Viewed with third parties hidden, or without some passages."""
    REFUSED = "refused"
    NO_PICTURES = "no_pictures"
    """They were destroyed, or never recorded: a certificate says so."""


class Motive(StrEnum):
    """Why it is refused, or granted in part only: the law's own list, and two of form. Closed."""

    STATE_SECURITY = "state_security"
    PUBLIC_SECURITY = "public_security"
    PENDING_PROCEEDINGS = "pending_proceedings"
    THIRD_PARTIES = "third_parties"
    IDENTITY_NOT_PROVED = "identity_not_proved"
    EXCESSIVE = "excessive"


class RequestState(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    EXAMINED = "examined"
    """The identity is proved; the answer is due."""
    TO_VIEW = "to_view"
    """Granted, not viewed yet."""
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A person asks for pictures of himself."""

    request: str
    """Its number, that of the DPO's own file: `DA-2026-0007`."""
    commune: CommuneId
    """Where it was filmed: the controller who answers."""
    place: str
    spans: tuple[CameraSpan, ...]
    received_at_ns: Nanoseconds
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class IdentityChecked:
    """The person proved who he is."""

    request: str
    proof: IdentityProof
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class RequestDecided:
    """What is answered. `certificates`: of destruction, as they were signed, when there are no pictures."""

    request: str
    decision: AccessDecision
    motive: Motive | None
    by: str
    at_ns: Nanoseconds
    certificates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseLinked:
    """The case of right of access that the requisition desk opened for it."""

    request: str
    case: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class ViewingHeld:
    """The person saw what concerns him, at the centre, third parties hidden. No copy was given."""

    request: str
    held_at_ns: Nanoseconds
    by: str
    at_ns: Nanoseconds


RequestEvent: TypeAlias = RequestReceived | IdentityChecked | RequestDecided | CaseLinked | ViewingHeld


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One request, as it stands."""

    received: RequestReceived
    proof: IdentityProof | None = None
    case: str = ""
    decided: RequestDecided | None = None
    viewed_at_ns: Nanoseconds | None = None

    @property
    def number(self) -> str:
        return self.received.request

    @property
    def due_at_ns(self) -> Nanoseconds:
        """The last lawful instant of the answer: a month (GDPR art. 12(3)), by the earliest reading."""
        return one_month_after(self.received.received_at_ns)

    @property
    def state(self) -> RequestState:
        if self.decided is None:
            return RequestState.RECEIVED if self.proof is None else RequestState.EXAMINED
        shows = self.decided.decision in (AccessDecision.GRANTED, AccessDecision.PARTIAL)
        return RequestState.TO_VIEW if shows and self.viewed_at_ns is None else RequestState.ANSWERED

    def is_late(self, now_ns: Nanoseconds) -> bool:
        """Nothing was answered in time."""
        return self.decided is None and now_ns > self.due_at_ns


@dataclass(frozen=True, slots=True)
class AccessRequests:
    """All requests, by number."""

    requests: Mapping[str, AccessRequest] = field(default_factory=dict)

    def with_event(self, event: RequestEvent) -> AccessRequests:
        """And one more step. Raises AccessRequestRefused for one that may not follow: then nothing changes."""
        if not event.by.strip():
            raise _refused(event.request, Words("il manque qui le fait", "who does it is missing"))
        if isinstance(event, RequestReceived):
            made = _received(event, self.requests)
        else:
            made = _next(self.of(event.request), event)
        return AccessRequests({**self.requests, event.request: made})

    def of(self, request: str) -> AccessRequest:
        """The request of that number. Raises AccessRequestRefused."""
        found = self.requests.get(request)
        if found is None:
            raise _refused(request, Words("cette demande n'existe pas", "there is no such request"))
        return found


def _received(event: RequestReceived, known: Mapping[str, AccessRequest]) -> AccessRequest:
    number = event.request
    if not _NUMBER.fullmatch(number) or not any(map(str.isdigit, number)) or personal_data_in(number):
        raise _refused("request", Words("ce n'est pas un numéro de demande", "this is no number of a request"))
    if number in known:
        raise _refused(number, Words("ce numéro est pris", "this number is taken"))
    if (unfit := unfit_for_a_place(event.place)) is not None:
        raise _refused(number, Words(f"le lieu ne convient pas : {unfit.fr}", f"the place will not do: {unfit.en}"))
    if not 1 <= len(event.spans) <= SPANS_MAX:
        raise _refused(number, Words(f"de 1 à {SPANS_MAX} intervalles", f"1 to {SPANS_MAX} intervals"))
    if any(each.span.to_ns - each.span.from_ns > SPAN_NS_MAX for each in event.spans):
        raise _refused(number, Words("un intervalle dépasse un jour", "an interval is longer than a day"))
    if event.received_at_ns > event.at_ns or any(each.span.to_ns > event.received_at_ns for each in event.spans):
        raise _refused(number, Words("cela n'a pas encore eu lieu", "that has not happened yet"))
    return AccessRequest(event)


def _next(request: AccessRequest, event: IdentityChecked | RequestDecided | CaseLinked | ViewingHeld) -> AccessRequest:
    match event:
        case IdentityChecked():
            if request.decided is not None:
                raise _refused(request.number, Words("il est déjà répondu", "it is answered already"))
            return replace(request, proof=event.proof)
        case CaseLinked():
            return _linked(request, event)
        case RequestDecided():
            return _decided(request, event)
        case ViewingHeld():
            return _viewed(request, event)


def _linked(request: AccessRequest, event: CaseLinked) -> AccessRequest:
    if request.proof is None:
        raise _refused(request.number, _NO_PROOF)
    if not event.case.strip():
        raise _refused(request.number, Words("le dossier n'est pas nommé", "the case is not named"))
    return replace(request, case=event.case)


def _decided(request: AccessRequest, event: RequestDecided) -> AccessRequest:
    number, shows = request.number, event.decision in (AccessDecision.GRANTED, AccessDecision.PARTIAL)
    if request.decided is not None:
        raise _refused(number, Words("il est déjà répondu", "it is answered already"))
    if request.proof is None and event.motive is not Motive.IDENTITY_NOT_PROVED:
        raise _refused(number, _NO_PROOF)
    if event.decision in (AccessDecision.REFUSED, AccessDecision.PARTIAL) and event.motive is None:
        raise _refused(number, Words("le motif manque : il est dû à la personne", "the motive is missing: it is owed"))
    if event.decision in (AccessDecision.GRANTED, AccessDecision.NO_PICTURES) and event.motive is not None:
        raise _refused(number, Words("cette réponse n'a pas de motif", "this answer has no motive"))
    if shows and not request.case:
        raise _refused(
            number,
            Words(
                "aucun dossier de droit d'accès ne garde ces images : faites-le ouvrir d'abord",
                "no case of right of access keeps these pictures: have it opened first",
            ),
        )
    if (event.decision is AccessDecision.NO_PICTURES) is not bool(event.certificates):
        raise _refused(number, Words("sans images, un certificat le dit", "without pictures, a certificate says so"))
    return replace(request, decided=event)


def _viewed(request: AccessRequest, event: ViewingHeld) -> AccessRequest:
    if request.state is not RequestState.TO_VIEW or request.decided is None:
        raise _refused(request.number, Words("aucune consultation n'est accordée", "no viewing is granted"))
    if not request.decided.at_ns <= event.held_at_ns <= event.at_ns:
        raise _refused(request.number, Words("cette date est impossible", "this date cannot be"))
    return replace(request, viewed_at_ns=event.held_at_ns)


_NO_PROOF = Words("l'identité n'est pas vérifiée", "the identity is not checked")


def _refused(where: str, what: Words) -> AccessRequestRefused:
    return AccessRequestRefused(
        what,
        where=f"access/{where}",
        what_to_do=Words("Corrigez, puis recommencez ; rien n'a changé", "Correct it, then try again; nothing changed"),
    )
