"""What a request to the requisition desk is about, found out before anything is decided."""

from __future__ import annotations

import re

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from csu.console.access import Asked, Question
from csu.console.case_answers import ns_of
from csu.console.case_reach import CaseReach
from csu.console.evidence_desk import facts_of, officer_of
from csu.governance import CaseFacts, Resource, Span, SpanUnusable
from csu.governance.journal_entry import CAMERAS_MAX, DataSpan, Ground
from csu.hal.camera import CameraId
from csu.hal.personal_data import personal_data_in

CASE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
_INSTANT: TypeAdapter[AwareDatetime] = TypeAdapter(AwareDatetime)


class CaseQuestions:
    """`Asked.case` names a case that is there and that the asker may know of, or (`new_case`) one to come."""

    def __init__(self, reach: CaseReach) -> None:
        self._reach = reach

    async def step(self, question: Question) -> Asked:
        """A step of a case, by two where it takes two."""
        facts = self._facts(question)
        if facts is None or question.desk is None:
            return Asked()
        first = question.desk.signed_before(facts.case, question.action)
        return _asked(facts, (Resource(case=facts, first=first),), _all_of(facts))

    async def own(self, question: Question) -> Asked:
        """The asker's own cases, in one list; the first stands for all."""
        desk, person = question.desk, question.subject.person
        mine = [] if desk is None else [case for case in desk.cases() if officer_of(case) == person]
        return Asked((Resource(case=facts_of(mine[0]) if mine else _nothing_yet(person)),), ground=Ground.REQUISITION)

    async def new_case(self, question: Question) -> Asked:
        """A case that is not there yet: its number goes into the journal, if it can be nothing but a number."""
        name = str(question.path.get("case", ""))
        is_number = re.fullmatch(CASE_PATTERN, name) is not None and personal_data_in(name) is None
        return Asked(ground=Ground.REQUISITION, case=name if is_number and any(map(str.isdigit, name)) else "")

    async def whole_case(self, question: Question) -> Asked:
        """Every stretch that the act names; each is asked for."""
        facts = self._facts(question)
        if facts is None:
            return Asked()
        resources = tuple(Resource(camera=camera, span=span, case=facts) for camera, span in facts.spans)
        return _asked(facts, resources or (Resource(case=facts),), _all_of(facts))

    async def stretch(self, question: Question) -> Asked:
        """One camera, from and to as asked. What cannot be read is no stretch, and no stretch lies in an act."""
        facts = self._facts(question)
        if facts is None:
            return Asked()
        camera, span = CameraId(str(question.path.get("camera", ""))), span_of(question)
        known = any(each == camera for each, _ in facts.spans)
        data = (DataSpan(camera, span),) if known else ()
        return _asked(facts, (Resource(camera=camera, span=span, case=facts),), data)

    def _facts(self, question: Question) -> CaseFacts | None:
        name = str(question.path.get("case", ""))
        found = self._reach.case(question.subject, name, question.at_ns)
        return None if found is None else facts_of(found)


def span_of(question: Question) -> Span | None:
    """The stretch that a query tells; None: it cannot be read."""
    told = [question.query.getlist(name) for name in ("from_at", "to_at")]
    if any(len(values) != 1 for values in told):
        return None
    try:
        start, end = (_INSTANT.validate_python(values[0]) for values in told)
        return Span(ns_of(start), ns_of(end))
    except (ValidationError, SpanUnusable, OverflowError):
        return None


def _asked(facts: CaseFacts, resources: tuple[Resource, ...], data: tuple[DataSpan, ...]) -> Asked:
    ground = Ground.ACCESS_REQUEST if facts.is_access_request else Ground.REQUISITION
    return Asked(resources, data[:CAMERAS_MAX], ground, facts.case, facts.officer)


def _all_of(facts: CaseFacts) -> tuple[DataSpan, ...]:
    return tuple(DataSpan(camera, span) for camera, span in facts.spans)


def _nothing_yet(person: str) -> CaseFacts:
    """Of who filed nothing: his own list is empty, and his."""
    return CaseFacts("", False, (), person, False)
