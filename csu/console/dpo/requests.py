"""Requests of people who were filmed, over HTTP: received, examined, answered within a month, viewed (DPO-2).

No name, address or paper comes through here: the person's letter stays in the DPO's own file, under the same number.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from csu.console.access import Asked, Door, Question, opens
from csu.console.case_answers import SpanTold, ns_of
from csu.console.cases import signature_of
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, CameraSpan, Span
from csu.governance.access_requests import (
    SPANS_MAX,
    AccessDecision,
    AccessRequest,
    IdentityProof,
    Motive,
    RequestState,
)
from csu.governance.certificates import AccessCertificate
from csu.governance.errors import AccessRequestRefused, SpanUnusable
from csu.governance.journal_entry import Ground
from csu.governance.register_errors import CertificateRefused
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.personal_data import PLACE_SIGNS_MAX, personal_data_in

RequestNumber = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{2,23}$")]


@dataclass(frozen=True, slots=True)
class RequestStands:
    """A request, and until when the pictures it asks for live: None: nothing of them is known to be left."""

    request: AccessRequest
    pictures_until_ns: Nanoseconds | None


class RequestDesk(Protocol):
    """What the console needs of the register of requests. Each step raises AccessRequestRefused; CsuError: nothing
    changed."""

    async def requests(self) -> Sequence[RequestStands]:
        """Those that are due first come first."""
        ...

    async def receive(
        self, request: str, place: str, spans: Sequence[CameraSpan], received_at_ns: Nanoseconds, person: str
    ) -> RequestStands: ...

    async def identify(self, request: str, proof: IdentityProof, person: str) -> RequestStands: ...

    async def link(self, request: str, case: str, person: str) -> RequestStands:
        """To a case of right of access that the requisition desk has."""
        ...

    async def decide(self, request: str, decision: AccessDecision, motive: Motive | None, person: str) -> RequestStands:
        """Without pictures: with certificates of destruction. Raises CertificateRefused while any is left."""
        ...

    async def viewed(self, request: str, held_at_ns: Nanoseconds, person: str) -> RequestStands: ...

    async def certificate(self, request: str, number: int) -> AccessCertificate | None:
        """One of those that answered it, from 1; None: there is none."""
        ...


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestTold(_Told):
    """What is asked for. The commune is that of the cameras."""

    place: Annotated[str, StringConstraints(max_length=PLACE_SIGNS_MAX, strip_whitespace=True)]
    received_at: AwareDatetime
    spans: Annotated[tuple[SpanTold, ...], Field(min_length=1, max_length=SPANS_MAX)]


class IdentityTold(_Told):
    """How the person proved who he is. No copy is taken."""

    proof: IdentityProof


class CaseTold(_Told):
    """The case that the requisition desk opened."""

    case: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]


class DecisionTold(_Told):
    """The answer, and why, where the law wants a motive."""

    decision: AccessDecision
    motive: Motive | None = None


class ViewingTold(_Told):
    """When the person looked."""

    held_at: AwareDatetime


class RequestSpanAnswer(BaseModel):
    """A stretch of one camera."""

    camera: str
    from_ns: Nanoseconds
    to_ns: Nanoseconds


class RequestAnswer(BaseModel):
    """One request, as it stands."""

    request: str
    state: RequestState
    commune: str
    place: str
    spans: list[RequestSpanAnswer]
    received_at_ns: Nanoseconds
    due_at_ns: Nanoseconds
    pictures_until_ns: Nanoseconds | None
    proof: IdentityProof | None
    case: str
    decision: AccessDecision | None
    motive: Motive | None
    decided_at_ns: Nanoseconds | None
    viewed_at_ns: Nanoseconds | None
    certificates: int
    """Signed statements that the pictures are gone: a page each."""


async def _of_request(question: Question) -> Asked:
    """Under its number, if it can be nothing but one."""
    number = str(question.path.get("request", ""))
    is_number = any(map(str.isdigit, number)) and len(number) <= 24 and personal_data_in(number) is None
    plain = number.isascii() and number.replace("-", "").isalnum() and not number.startswith("-")
    return Asked(ground=Ground.ACCESS_REQUEST, reference=number if is_number and plain else "")


def add_request_doors(app: FastAPI, desk: RequestDesk | None) -> None:
    """Into `app` itself. None: this centre keeps no such register; its doors say so."""

    async def step(request: str, deed: Callable[[RequestDesk], Awaitable[RequestStands]]) -> RequestAnswer:
        try:
            return _answer(await deed(_there(desk)))
        except (AccessRequestRefused, CertificateRefused, SpanUnusable) as error:
            raise Refused(Refusal.RECORD_REFUSED, where=request, cause=error) from error

    _add_reading(app, desk, step)
    _add_answering(app, step)
    _add_certificates(app, desk)


_Step = Callable[[str, Callable[[RequestDesk], Awaitable[RequestStands]]], Awaitable[RequestAnswer]]


def _add_reading(app: FastAPI, desk: RequestDesk | None, step: _Step) -> None:
    @app.get("/api/access-requests")
    @opens(Door("access/list", Action.ACCESS_REQUEST, stands_s=60.0))
    async def requests() -> list[RequestAnswer]:
        """Every request and where it stands; those that are due first come first."""
        return [_answer(each) for each in await _there(desk).requests()]

    @app.put("/api/access-requests/{request}", status_code=201)
    @opens(Door("access/receive", Action.ACCESS_REQUEST, _of_request))
    async def receive(http: Request, request: RequestNumber, told: RequestTold) -> RequestAnswer:
        """A request came. 409: the number is taken, or it asks for what cannot be."""

        async def deed(there: RequestDesk) -> RequestStands:
            spans = [
                CameraSpan(CameraId(each.camera), Span(ns_of(each.from_at), ns_of(each.to_at))) for each in told.spans
            ]
            return await there.receive(request, told.place, spans, ns_of(told.received_at), signature_of(http).person)

        return await step(request, deed)

    @app.post("/api/access-requests/{request}/identity")
    @opens(Door("access/identity", Action.ACCESS_REQUEST, _of_request))
    async def identity(http: Request, request: RequestNumber, told: IdentityTold) -> RequestAnswer:
        """The person proved who he is; no copy is kept."""
        return await step(request, lambda there: there.identify(request, told.proof, signature_of(http).person))


def _add_certificates(app: FastAPI, desk: RequestDesk | None) -> None:
    @app.get(
        "/api/access-requests/{request}/certificates/{number}",
        response_class=Response,
        responses={200: {"content": {"text/html": {}}}},
    )
    @opens(Door("access/certificate", Action.ACCESS_REQUEST, _of_request))
    async def certificate(request: RequestNumber, number: Annotated[int, Path(ge=1, le=SPANS_MAX)]) -> Response:
        """A page to be printed and given to the person: what is signed, and by which key. 404: there is none."""
        found = await _there(desk).certificate(request, number)
        if found is None:
            raise Refused(Refusal.ENTRY_UNKNOWN, where=request)
        disposition = f'attachment; filename="{request}-{number}.html"'
        return Response(found.to_html(), media_type="text/html", headers={"Content-Disposition": disposition})


def _add_answering(app: FastAPI, step: _Step) -> None:
    @app.post("/api/access-requests/{request}/case")
    @opens(Door("access/case", Action.ACCESS_REQUEST, _of_request))
    async def case(http: Request, request: RequestNumber, told: CaseTold) -> RequestAnswer:
        """The requisition desk has a case of right of access for it: that keeps the pictures while they live."""
        return await step(request, lambda there: there.link(request, told.case, signature_of(http).person))

    @app.post("/api/access-requests/{request}/decision")
    @opens(Door("access/decision", Action.ACCESS_REQUEST, _of_request))
    async def decision(http: Request, request: RequestNumber, told: DecisionTold) -> RequestAnswer:
        """Answer it. 409: a motive, a case or a certificate is missing, or pictures are left."""
        return await step(
            request, lambda there: there.decide(request, told.decision, told.motive, signature_of(http).person)
        )

    @app.post("/api/access-requests/{request}/viewing")
    @opens(Door("access/viewing", Action.ACCESS_REQUEST, _of_request))
    async def viewing(http: Request, request: RequestNumber, told: ViewingTold) -> RequestAnswer:
        """The person saw what concerns him, at the centre; no copy was given."""
        return await step(request, lambda there: there.viewed(request, ns_of(told.held_at), signature_of(http).person))


def _answer(stands: RequestStands) -> RequestAnswer:
    request = stands.request
    received, decided = request.received, request.decided
    return RequestAnswer(
        request=request.number,
        state=request.state,
        commune=received.commune,
        place=received.place,
        spans=[
            RequestSpanAnswer(camera=each.camera, from_ns=each.span.from_ns, to_ns=each.span.to_ns)
            for each in received.spans
        ],
        received_at_ns=received.received_at_ns,
        due_at_ns=request.due_at_ns,
        pictures_until_ns=stands.pictures_until_ns,
        proof=request.proof,
        case=request.case,
        decision=None if decided is None else decided.decision,
        motive=None if decided is None else decided.motive,
        decided_at_ns=None if decided is None else decided.at_ns,
        viewed_at_ns=request.viewed_at_ns,
        certificates=0 if decided is None else len(decided.certificates),
    )


def _there(desk: RequestDesk | None) -> RequestDesk:
    if desk is None:
        raise Refused(Refusal.DPO_ABSENT, where="access")
    return desk
