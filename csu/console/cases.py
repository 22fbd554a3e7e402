"""The requisition desk over HTTP: register an act, take its steps, and the only two ways by which the past is seen.

Thin: who may is the gate's, what the case allows is the desk's. Footage is what the gate decided upon, not what the
request says: a route reads `Asked`, never the URL again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from csu.console.access import Asked, Door, Question, Unknown, opens
from csu.console.case_answers import (
    CaseAnswer,
    HandOverTold,
    PrepareTold,
    ReasonTold,
    RequisitionTold,
    case_answer,
    ns_of,
)
from csu.console.evidence_desk import EvidenceDesk, facts_of
from csu.console.gate import ASKED, SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.evidence import CameraSpan, Case
from csu.governance import Action, CaseFacts, Resource, Signature, Span, SpanUnusable, Subject
from csu.governance.journal_entry import CAMERAS_MAX, DataSpan, Ground
from csu.hal.camera import CameraId, CommuneId
from csu.hal.personal_data import personal_data_in

CASE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
Listed = Callable[[Request, Iterable[CameraId]], bool]
CaseName = Annotated[str, Path(pattern=CASE_PATTERN, description="Number of the case, as the desk gave it")]
_INSTANT: TypeAdapter[AwareDatetime] = TypeAdapter(AwareDatetime)
_SEALED: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
_PICTURES: dict[int | str, dict[str, Any]] = {200: {"content": {"video/mp4": {}}}}


# -- what a request is about ------------------------------------------------------------------------------------------


def _facts(question: Question) -> CaseFacts | None:
    name = question.path.get("case", "")
    found = next((case for case in question.desk.cases() if case.case == name), None) if question.desk else None
    return None if found is None else facts_of(found)


def _asked(facts: CaseFacts, resources: tuple[Resource, ...], data: tuple[DataSpan, ...]) -> Asked:
    ground = Ground.ACCESS_REQUEST if facts.is_access_request else Ground.REQUISITION
    return Asked(resources, data[:CAMERAS_MAX], ground, facts.case, facts.officer)


def _all_of(facts: CaseFacts) -> tuple[DataSpan, ...]:
    return tuple(DataSpan(camera, span) for camera, span in facts.spans)


async def _step(question: Question) -> Asked:
    """A step of a case, by two where it takes two."""
    facts, name = _facts(question), str(question.path.get("case", ""))
    if question.desk is None:
        return Asked()
    if facts is None:
        return Asked(unknown=Unknown(Refusal.CASE_UNKNOWN, name, is_there=False))
    first = question.desk.signed_before(facts.case, question.action)
    communes = communes_of(question.room, (camera for camera, _ in facts.spans)) or (None,)
    resources = tuple(Resource(commune=commune, case=facts, first=first) for commune in communes)
    return replace(_asked(facts, resources, _all_of(facts)), unknown=Unknown(Refusal.CASE_UNKNOWN, name))


def communes_of(room: RoomView, cameras: Iterable[CameraId]) -> tuple[CommuneId, ...]:
    """Where these stand; of a camera that the room does not know, nothing is said."""
    wanted = set(cameras)
    return tuple(dict.fromkeys(line.record.commune for line in room.cameras() if line.record.camera in wanted))


async def _new_case(question: Question) -> Asked:
    """A case that is not there yet: its number goes into the journal, if it can be nothing but a number."""
    name = str(question.path.get("case", ""))
    is_number = re.fullmatch(CASE_PATTERN, name) is not None and personal_data_in(name) is None
    return Asked(ground=Ground.REQUISITION, case=name if is_number and any(map(str.isdigit, name)) else "")


async def _whole_case(question: Question) -> Asked:
    """Every stretch that the act names; each is asked for."""
    facts = _facts(question)
    if facts is None:
        return Asked()
    resources = tuple(Resource(camera=camera, span=span, case=facts) for camera, span in facts.spans)
    return _asked(facts, resources or (Resource(case=facts),), _all_of(facts))


async def _stretch(question: Question) -> Asked:
    """One camera, from and to as asked. What cannot be read is no stretch, and no stretch lies in an act."""
    facts = _facts(question)
    if facts is None:
        return Asked()
    camera, span = CameraId(str(question.path.get("camera", ""))), span_of(question)
    known = any(each == camera for each, _ in facts.spans)
    data = (DataSpan(camera, span),) if known else ()
    return _asked(facts, (Resource(camera=camera, span=span, case=facts),), data)


def span_of(question: Question) -> Span | None:
    told = [question.query.getlist(name) for name in ("from_at", "to_at")]
    if any(len(values) != 1 for values in told):
        return None
    try:
        start, end = (_INSTANT.validate_python(values[0]) for values in told)
        return Span(ns_of(start), ns_of(end))
    except (ValidationError, SpanUnusable, OverflowError):
        return None


# -- the doors --------------------------------------------------------------------------------------------------------


def add_case_doors(app: FastAPI, desk: EvidenceDesk | None, room: RoomView, gate: Gate) -> None:
    """All routes of cases, into `app` itself: an included router would answer beside the gate."""
    _add_readings(app.router, desk, listed_by_commune(room, gate))
    _add_steps(app.router, desk)
    _add_signed_steps(app.router, desk)
    _add_footage(app.router, desk)


def listed_by_commune(room: RoomView, gate: Gate) -> Listed:
    """Whether who asks may read of something that is about these cameras: of all of them (COM-3)."""

    def listed(request: Request, cameras: Iterable[CameraId]) -> bool:
        subject: Subject = request.scope[SUBJECT]
        communes = communes_of(room, cameras)
        return all(gate.reaches(subject, Action.LEGAL_REGISTER_READ, commune) for commune in communes)

    return listed


def _add_readings(router: APIRouter, desk: EvidenceDesk | None, listed: Listed) -> None:
    @router.get("/api/cases")
    @opens(Door("cases/list", Action.LEGAL_REGISTER_READ))
    async def cases(request: Request) -> list[CaseAnswer]:
        """Every case of the asker's communes and where it stands."""
        found = there(desk).cases()
        return [case_answer(case) for case in found if listed(request, (span.camera for span in case.act.spans))]

    @router.get("/api/cases/{case}")
    @opens(Door("cases/one", Action.LEGAL_REGISTER_READ, _step))
    async def one(case: CaseName) -> CaseAnswer:
        """One case."""
        return case_answer(_found(desk, case))

    @router.put("/api/cases/{case}", status_code=201)
    @opens(Door("cases/file", Action.CASE_FILE, _new_case))
    async def file(request: Request, case: CaseName, act: RequisitionTold) -> CaseAnswer:
        """Register an act as it came, complete or not. 409: the number is taken."""
        if request.scope[ASKED].case != case:
            raise Refused(Refusal.REQUEST_INVALID, where="case")  # the journal could not name it
        return case_answer(await there(desk).receive(case, act.requisition(), signature_of(request)))


def _add_steps(router: APIRouter, desk: EvidenceDesk | None) -> None:
    """Steps that need nothing but a name: POST /api/cases/{case}/check and the like. 409: not in this state."""

    def step(name: str, action: Action, told: str, take: Callable[[str, Signature], Awaitable[Case]]) -> None:
        @router.post(f"/api/cases/{{case}}/{name}", name=name, description=told)
        @opens(Door(f"cases/{name}", action, _step))
        async def taken(request: Request, case: CaseName) -> CaseAnswer:
            _found(desk, case)
            return case_answer(await take(case, signature_of(request)))

    step("check", Action.CASE_CHECK, "Look the act through: checked, or rejected with every reason", _Late(desk).check)
    step("lock", Action.LOCK_PLACE, "Keep exactly the act's instants from destruction", _Late(desk).lock)
    step("release", Action.CASE_RELEASE, "Another person than who prepared it releases it", _Late(desk).release)


class _Late:
    """The desk's commands, looked up when they are given: a centre without a desk still has the doors."""

    def __init__(self, desk: EvidenceDesk | None) -> None:
        self._desk = desk

    async def check(self, case: str, by: Signature) -> Case:
        return await there(self._desk).check(case, by)

    async def lock(self, case: str, by: Signature) -> Case:
        return await there(self._desk).lock(case, by)

    async def release(self, case: str, by: Signature) -> Case:
        return await there(self._desk).validate(case, by)


def _add_signed_steps(router: APIRouter, desk: EvidenceDesk | None) -> None:
    @router.post("/api/cases/{case}/prepare")
    @opens(Door("cases/prepare", Action.CASE_PREPARE, _step))
    async def prepare(request: Request, case: CaseName, told: PrepareTold) -> CaseAnswer:
        """Make the package of what the act names, sealed to the officer's key."""
        _found(desk, case)
        return case_answer(await there(desk).prepare(case, told.recipients, signature_of(request)))

    @router.post("/api/cases/{case}/return")
    @opens(Door("cases/return", Action.CASE_RELEASE, _step))
    async def return_package(request: Request, case: CaseName, told: ReasonTold) -> CaseAnswer:
        """The second person found the package wrong: it is to be prepared again."""
        _found(desk, case)
        return case_answer(await there(desk).return_package(case, told.reason, signature_of(request)))

    @router.post("/api/cases/{case}/hand-over")
    @opens(Door("cases/hand-over", Action.HAND_OVER, _whole_case))
    async def hand_over(request: Request, case: CaseName, told: HandOverTold) -> CaseAnswer:
        """It leaves, against a receipt and a seal number."""
        _found(desk, case)
        return case_answer(await there(desk).hand_over(case, told.hand_over(), signature_of(request)))

    @router.post("/api/cases/{case}/end-lock")
    @opens(Door("cases/end-lock", Action.LOCK_END, _step))
    async def end_lock(request: Request, case: CaseName, told: ReasonTold) -> CaseAnswer:
        """A magistrate ends the lock: the reason is the reference of the instruction."""
        _found(desk, case)
        return case_answer(await there(desk).end_lock(case, told.reason, signature_of(request)))

    @router.post("/api/cases/{case}/copy-destroyed")
    @opens(Door("cases/copy-destroyed", Action.COPY_DESTROY, _step))
    async def copy_destroyed(request: Request, case: CaseName, told: ReasonTold) -> CaseAnswer:
        """The centre's copy is gone: the reason is the number of the certificate."""
        _found(desk, case)
        return case_answer(await there(desk).copy_destroyed(case, told.reason, signature_of(request)))


def _add_footage(router: APIRouter, desk: EvidenceDesk | None) -> None:
    @router.get("/api/cases/{case}/package", response_class=StreamingResponse, responses=_SEALED)
    @opens(Door("cases/package", Action.REPLAY, _whole_case))
    async def package(case: CaseName) -> StreamingResponse:
        """The sealed package of a released case, for who requisitioned."""
        return await _streamed(there(desk).package(_found(desk, case).case), "application/octet-stream")

    @router.get("/api/cases/{case}/copy", response_class=StreamingResponse, responses=_SEALED)
    @opens(Door("cases/copy", Action.EXPORT, _whole_case))
    async def copy(case: CaseName) -> StreamingResponse:
        """The same, for the clerk who puts it on the support."""
        return await _streamed(there(desk).package(_found(desk, case).case), "application/octet-stream")

    @router.get("/api/cases/{case}/footage/{camera}", response_class=StreamingResponse, responses=_PICTURES)
    @opens(Door("cases/footage", Action.PAST_STREAM, _stretch))
    async def footage(
        request: Request,
        case: CaseName,
        camera: str,
        from_at: Annotated[AwareDatetime, Query(description="Start, ISO 8601 with offset")],
        to_at: Annotated[AwareDatetime, Query(description="End, not included")],
    ) -> StreamingResponse:
        """Masked pictures of one stretch that lies in the act, of a released case."""
        asked: Asked = request.scope[ASKED]
        (resource,) = asked.resources
        if resource.camera is None or resource.span is None:
            raise Refused(Refusal.REQUEST_INVALID, where="footage")
        span = CameraSpan(resource.camera, resource.span.from_ns, resource.span.to_ns)
        return await _streamed(there(desk).footage(_found(desk, case).case, span), "video/mp4")


def there(desk: EvidenceDesk | None) -> EvidenceDesk:
    if desk is None:
        raise Refused(Refusal.CASES_ABSENT, where="cases")
    return desk


def _found(desk: EvidenceDesk | None, case: str) -> Case:
    found = next((each for each in there(desk).cases() if each.case == case), None)
    if found is None:
        raise Refused(Refusal.CASE_UNKNOWN, where=case)
    return found


def signature_of(request: Request) -> Signature:
    subject: Subject = request.scope[SUBJECT]
    return Signature(subject.person, subject.role)


async def _streamed(pieces: AsyncIterator[bytes], media_type: str) -> StreamingResponse:
    """An answer that begins only when the first piece is there: what fails at once is told as what it is."""
    first = await anext(pieces, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return StreamingResponse(whole(), media_type=media_type)
