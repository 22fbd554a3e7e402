"""Precautionary holds over HTTP: the room asks, another person places, time ends them (EXP-4)."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from fastapi import FastAPI, Path, Query, Request
from pydantic import AwareDatetime

from csu.console.access import Asked, Door, Question, Unknown, opens
from csu.console.case_answers import HoldAnswer, ReasonTold, hold_answer
from csu.console.case_questions import CASE_PATTERN, span_of
from csu.console.case_reach import CaseReach
from csu.console.cases import READ_STANDS_S, signature_of, there
from csu.console.gate import ADMITTED_AT_NS, ASKED, SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.evidence import CameraSpan, Hold, HoldRequested
from csu.governance import Action, Resource, Span
from csu.governance.journal_entry import DataSpan, Ground
from csu.hal.camera import CameraId
from csu.hal.personal_data import personal_data_in

_HoldT = TypeVar("_HoldT", Hold, HoldRequested)
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


def _no_hold(question: Question) -> Asked:
    unknown = Unknown(Refusal.HOLD_UNKNOWN, str(question.path.get("hold", "")), is_there=False)
    return Asked(unknown=None if question.desk is None else unknown)


class HoldQuestions:
    """What a request about a hold that is there is about; one that the asker may not know of is not there."""

    def __init__(self, reach: CaseReach) -> None:
        self._reach = reach

    async def placed(self, question: Question) -> Asked:
        """What the room asked for, for the reason it gave."""
        found = self._of(question, HoldRequested)
        if found is None:
            return _no_hold(question)
        span, camera = Span(found.span.from_ns, found.span.to_ns), found.span.camera
        resource = Resource(camera=camera, span=span, reason=found.reason)
        return Asked((resource,), (DataSpan(camera, span),), Ground.INCIDENT, reference=found.hold)

    async def ended(self, question: Question) -> Asked:
        """A hold that was placed, and who placed it."""
        found = self._of(question, Hold)
        if question.desk is None or found is None:
            return _no_hold(question)
        span, camera = Span(found.span.from_ns, found.span.to_ns), found.span.camera
        first = question.desk.signed_before(found.hold, question.action)
        resource = Resource(camera=camera, span=span, first=first, reason=found.reason)
        return Asked((resource,), (DataSpan(camera, span),), Ground.INCIDENT, reference=found.hold)

    def _of(self, question: Question, kind: type[_HoldT]) -> _HoldT | None:
        name = str(question.path.get("hold", ""))
        seen = self._reach.holds(question.subject, question.at_ns)
        return next((each for each in seen if isinstance(each, kind) and each.hold == name), None)


def add_hold_doors(app: FastAPI, reach: CaseReach) -> None:
    """All routes of holds, into `app` itself."""
    questions = HoldQuestions(reach)

    @app.get("/api/holds")
    @opens(Door("holds/list", Action.LEGAL_REGISTER_READ, stands_s=READ_STANDS_S))
    async def holds(request: Request) -> list[HoldAnswer]:
        """Every hold of the asker's communes: asked for, placed, taken over by a requisition, dead."""
        there(reach.desk)
        return [hold_answer(each) for each in reach.holds(request.scope[SUBJECT], request.scope[ADMITTED_AT_NS])]

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
        return hold_answer(await there(reach.desk).request_hold(hold, span, told.reason, signature_of(request)))

    @app.post("/api/holds/{hold}/place")
    @opens(Door("holds/place", Action.HOLD_PLACE, questions.placed))
    async def place_hold(request: Request, hold: HoldName) -> HoldAnswer:
        """Place what the room asked for: it is kept until a requisition comes, never past the legal ceiling."""
        if request.scope[ASKED].reference != hold:
            raise Refused(Refusal.HOLD_UNKNOWN, where=hold)
        return hold_answer(await there(reach.desk).place_hold(hold, signature_of(request)))

    @app.post("/api/holds/{hold}/end")
    @opens(Door("holds/end", Action.HOLD_END, questions.ended))
    async def end_hold(request: Request, hold: HoldName, told: ReasonTold) -> HoldAnswer:
        """It is not needed after all: another person than who placed it says why. Its footage lives as any other."""
        return hold_answer(await there(reach.desk).end_hold(hold, told.reason, signature_of(request)))
