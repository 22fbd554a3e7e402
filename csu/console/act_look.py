"""The door where an act is looked at while it is being typed: what would reject it, and what a reader would ask."""

from __future__ import annotations

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict

from csu.console.access import Door, opens
from csu.console.case_answers import RequisitionTold
from csu.console.case_reach import CaseReach
from csu.console.cases import READ_STANDS_S, there
from csu.console.gate import ADMITTED_AT_NS, SUBJECT
from csu.evidence import Around, CameraSpan, Weight, look_at
from csu.governance import Action, Subject, role_can
from csu.hal.words import Words


class RemarkAnswer(BaseModel):
    """One thing to know before the act is filed. `span`: which of its stretches; null: the act as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Weight
    span: int | None
    words: Words


def add_look_door(app: FastAPI, reach: CaseReach) -> None:
    """Into `app` itself."""

    @app.post("/api/acts/look")
    @opens(Door("acts/look", Action.CASE_FILE, stands_s=READ_STANDS_S))
    async def look(request: Request, act: RequisitionTold) -> list[RemarkAnswer]:
        """What there is to say of an act that is not filed yet. Nothing is registered."""
        desk, subject, now_ns = there(reach.desk), request.scope[SUBJECT], request.scope[ADMITTED_AT_NS]
        told = act.requisition()
        known = reach.cameras(subject, now_ns)
        around = Around(now_ns, known, desk.dies_at_ns, lambda span: _locked_by(reach, subject, span, now_ns))
        return [RemarkAnswer(weight=each.weight, span=each.span, words=each.words) for each in look_at(told, around)]


def _locked_by(reach: CaseReach, subject: Subject, span: CameraSpan, now_ns: int) -> tuple[str, ...]:
    """Cases that keep some of it: told to who may read the register, of the cases that he may know of."""
    if not role_can(subject.role, Action.LEGAL_REGISTER_READ):
        return ()
    keep = [case for case in there(reach.desk).cases() if any(span.touches(kept) for kept in case.protects(now_ns))]
    return tuple(case.case for case in reach.cases(subject, keep, now_ns))
