"""Precautionary holds over HTTP: the room asks, another person places, time ends them (EXP-4)."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import FastAPI, Path, Query, Request
from pydantic import AwareDatetime

from csu.console.access import Asked, Door, Question, Unknown, opens
from csu.console.case_answers import HoldAnswer, ReasonTold, hold_answer
from csu.console.cases import CASE_PATTERN, listed_by_commune, signature_of, span_of, there
from csu.console.evidence_desk import EvidenceDesk
from csu.console.gate import ASKED, Gate
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.evidence import CameraSpan, Hold, HoldRequested
from csu.governance import Action, Resource, Span
from csu.governance.journal_entry import DataSpan, Ground
from csu.hal.camera import CameraId
from csu.hal.personal_data import personal_data_in

HoldName = Annotated[str, Path(pattern=CASE_PATTERN, description="Number of the hold, with a digit in it")]


async def _asked_for(question: Question) -> Asked:
    """A stretch of a camera that is known, under a number that can be nothing but one."""
    hold, camera = str(question.path.get("hold", "")), CameraId(str(question.path.get("camera", "")))
    is_number = re.fullmatch(CASE_PATTERN, hold) is not None and any(map(str.isdigit, hold))
    reference = hold if is_number and personal_data_in(hold) is None else ""
    known = any(line.record.camera == camera for line in question.room.cameras())
    span = span_of(question)
    data = (DataSpan(camera, span),) if known else ()
    return Asked((Resource(camera=camera, span=span),), data, Ground.INCIDENT, reference=reference)


async def _placed(question: Question) -> Asked:
    """What the room asked for, for the reason it gave."""
    name = str(question.path.get("hold", ""))
    found = _request_of(question.desk, name)
    if found is None:
        return _no_hold(question, name)
    span, camera = Span(found.span.from_ns, found.span.to_ns), found.span.camera
    resource = Resource(camera=camera, span=span, reason=found.reason)
    unknown = Unknown(Refusal.HOLD_UNKNOWN, name)
    return Asked((resource,), (DataSpan(camera, span),), Ground.INCIDENT, reference=found.hold, unknown=unknown)


def _no_hold(question: Question, name: str) -> Asked:
    unknown = Unknown(Refusal.HOLD_UNKNOWN, name, is_there=False)
    return Asked(unknown=None if question.desk is None else unknown)


async def _ended(question: Question) -> Asked:
    """A hold that was placed, and who placed it."""
    desk, hold = question.desk, str(question.path.get("hold", ""))
    found = None if desk is None else next((each for each in desk.holds() if each.hold == hold), None)
    if desk is None or found is None:
        return _no_hold(question, hold)
    span, camera = Span(found.span.from_ns, found.span.to_ns), found.span.camera
    first = desk.signed_before(hold, question.action)
    resource = Resource(camera=camera, span=span, first=first, reason=found.reason)
    unknown = Unknown(Refusal.HOLD_UNKNOWN, hold)
    return Asked((resource,), (DataSpan(camera, span),), Ground.INCIDENT, reference=hold, unknown=unknown)


def add_hold_doors(app: FastAPI, desk: EvidenceDesk | None, room: RoomView, gate: Gate) -> None:
    """All routes of holds, into `app` itself."""
    listed = listed_by_commune(room, gate)

    @app.get("/api/holds")
    @opens(Door("holds/list", Action.LEGAL_REGISTER_READ))
    async def holds(request: Request) -> list[HoldAnswer]:
        """Every hold of the asker's communes: asked for, placed, taken over by a requisition, dead."""
        found: list[Hold | HoldRequested] = [*there(desk).hold_requests(), *there(desk).holds()]
        return [hold_answer(each) for each in found if listed(request, [each.span.camera])]

    @app.put("/api/cameras/{camera}/holds/{hold}", status_code=201)
    @opens(Door("holds/request", Action.HOLD_REQUEST, _asked_for))
    async def request_hold(
        request: Request,
        camera: str,
        hold: HoldName,
        told: ReasonTold,
        from_at: Annotated[AwareDatetime, Query(description="Start, ISO 8601 with offset")],
        to_at: Annotated[AwareDatetime, Query(description="End, not included")],
    ) -> HoldAnswer:
        """The room chief asks that a past stretch be kept until the police come. 409: too late, or a taken number."""
        asked: Asked = request.scope[ASKED]
        if not asked.data:
            raise Refused(Refusal.CAMERA_UNKNOWN, where=camera)
        (data,) = asked.data
        if data.span is None or not asked.reference:
            raise Refused(Refusal.REQUEST_INVALID, where="holds")
        span = CameraSpan(data.camera, data.span.from_ns, data.span.to_ns)
        return hold_answer(await there(desk).request_hold(hold, span, told.reason, signature_of(request)))

    @app.post("/api/holds/{hold}/place")
    @opens(Door("holds/place", Action.HOLD_PLACE, _placed))
    async def place_hold(request: Request, hold: HoldName) -> HoldAnswer:
        """Place what the room asked for: it is kept until a requisition comes, never past the legal ceiling."""
        if _request_of(there(desk), hold) is None:
            raise Refused(Refusal.HOLD_UNKNOWN, where=hold)
        return hold_answer(await there(desk).place_hold(hold, signature_of(request)))

    @app.post("/api/holds/{hold}/end")
    @opens(Door("holds/end", Action.HOLD_END, _ended))
    async def end_hold(request: Request, hold: HoldName, told: ReasonTold) -> HoldAnswer:
        """It is not needed after all: another person than who placed it says why. Its footage lives as any other."""
        return hold_answer(await there(desk).end_hold(hold, told.reason, signature_of(request)))


def _request_of(desk: EvidenceDesk | None, hold: str) -> HoldRequested | None:
    return None if desk is None else next((each for each in desk.hold_requests() if each.hold == hold), None)
