"""The audit journal over HTTP, for whoever controls: a page of entries for a reason, and whether the chain holds.

Nothing here counts what a person did (LOG-6). Who reads says why and under which number, and that is an entry itself
(LOG-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Protocol

from fastapi import FastAPI, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from csu.console.access import Asked, Door, Question, opens
from csu.console.gate import ASKED
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Resource
from csu.governance.journal_entry import DataSpan, Ground, JournalEntry, Operation, Outcome
from csu.governance.journal_search import FoundEntry, JournalPage, JournalQuery
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words

BODY_BYTES_MAX = 4096
NUMBER_END = 1 << 53
SPANS_TOLD_MAX = 8
"""Cameras told of one entry; how many more there are is told too."""
STATE_STANDS_S = 600.0
"""A page asks again and again how far a verification is: one entry each ten minutes."""


class ReadingGround(StrEnum):
    """For what the journal may be read (CNIL 2021-122: security and control). Closed: supervision of work is none."""

    CONTROL = "control"
    INCIDENT = "incident"
    ACCESS_REQUEST = "access_request"
    REQUISITION = "requisition"


def _nothing_personal(text: str) -> str:
    if personal_data_in(text):
        raise ValueError("this looks like data of a filmed person")
    return text


Reference = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,31}$"), AfterValidator(_nothing_personal)
]
"""The number of the control, request or incident: what the journal keeps of why."""
_Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/@-]{0,64}$")]


class SearchTold(BaseModel):
    """What is looked for, and why. Days are of Paris, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ground: ReadingGround
    reference: Reference
    person: _Identifier = ""
    operation: Operation | None = None
    camera: _Identifier = ""
    case: _Identifier = ""
    from_day: date | None = None
    to_day: date | None = None
    before: Annotated[int, Field(ge=1, lt=NUMBER_END)] | None = None

    def query(self) -> JournalQuery:
        camera = CameraId(self.camera) if self.camera else None
        return JournalQuery(self.person, self.operation, camera, self.case, self.from_day, self.to_day, self.before)


class JournalSpanAnswer(BaseModel):
    """A camera; a stretch of its past, or its present."""

    camera: str
    from_ns: Nanoseconds | None
    to_ns: Nanoseconds | None


class JournalEntryAnswer(BaseModel):
    """One entry, as it was written. `ended`: what became of it; None: that is not told, or not yet."""

    number: int
    at_ns: Nanoseconds
    operation: Operation
    author: str
    role: str
    outcome: Outcome
    ended: Outcome | None
    refusal: str
    ground: Ground | None
    reference: str
    case: str
    data: list[JournalSpanAnswer]
    more_data: int
    recipient: str
    subject: str
    sha256: str


class JournalPageAnswer(BaseModel):
    """Newest first. `go_on_before`: to look further back; None: all was looked through."""

    entries: list[JournalEntryAnswer]
    go_on_before: int | None


class FindingAnswer(BaseModel):
    """One thing that is not as it was written."""

    where: str
    what: Words


class VerdictAnswer(BaseModel):
    """What a verification found. `anchors` None: no place elsewhere is declared, so that a cut end would not show."""

    holds: bool
    rows: int
    days: int
    days_purged: int
    anchors: int | None
    stamps_verified: int
    stamps_unchecked: int
    rows_not_anchored: int
    findings: list[FindingAnswer]


@dataclass(frozen=True, slots=True)
class Verification:
    """Where the verification of the whole journal stands."""

    began_at_ns: Nanoseconds | None = None
    is_running: bool = False
    ended_at_ns: Nanoseconds | None = None
    verdict: VerdictAnswer | None = None
    failed: Words | None = None
    """Why there is no verdict of the last one."""


class VerificationAnswer(BaseModel):
    """The same, as it is told."""

    began_at_ns: Nanoseconds | None
    is_running: bool
    ended_at_ns: Nanoseconds | None
    verdict: VerdictAnswer | None
    failed: Words | None


class JournalReadingDesk(Protocol):
    """What the console needs of the journal's files. Nothing here writes to them."""

    async def search(self, query: JournalQuery) -> JournalPage:
        """One page. Raises CsuError."""
        ...

    def verification(self) -> Verification:
        """Of now; nothing was begun: an empty one."""
        ...

    def begin_verification(self) -> None:
        """In a process of its own; one that runs goes on."""
        ...


async def _reading(question: Question) -> Asked:
    """For which reason, about which camera and case, as far as the centre knows them. Whoever gives none has none."""
    try:
        told = SearchTold.model_validate_json(question.body)
    except ValidationError:
        return Asked()
    known = any(line.record.camera == told.camera for line in question.room.cameras())
    cases = question.desk.cases() if question.desk is not None and told.case else ()
    return Asked(
        (Resource(reason=f"{told.ground.value} {told.reference}"),),
        (DataSpan(CameraId(told.camera)),) if known else (),
        Ground(told.ground.value),
        case=told.case if any(case.case == told.case for case in cases) else "",
        reference=told.reference,
    )


def add_journal_doors(app: FastAPI, desk: JournalReadingDesk | None) -> None:
    """Into `app` itself. None: this centre keeps its journal elsewhere; its doors say so."""

    @app.post("/api/dpo/journal")
    @opens(Door("dpo/journal", Action.JOURNAL_READ, _reading, body_bytes_max=BODY_BYTES_MAX))
    async def search(request: Request, told: SearchTold) -> JournalPageAnswer:
        """A page of entries, newest first, for the reason that is told with it. 403: there is none (LOG-3)."""
        asked: Asked = request.scope[ASKED]
        if not asked.reference:
            raise Refused(Refusal.REQUEST_INVALID, where="journal")
        return _page(await _there(desk).search(told.query()))

    @app.get("/api/dpo/journal/verification")
    @opens(Door("dpo/journal-verification", Action.JOURNAL_VERIFY, stands_s=STATE_STANDS_S))
    async def verification() -> VerificationAnswer:
        """What the last verification of the whole chain found, and whether one runs."""
        return _verification(_there(desk).verification())

    @app.post("/api/dpo/journal/verification", status_code=202)
    @opens(Door("dpo/journal-verify", Action.JOURNAL_VERIFY))
    async def verify() -> VerificationAnswer:
        """Begin one, beside the centre's work: every row, signature, closing and anchor. One that runs goes on."""
        _there(desk).begin_verification()
        return _verification(_there(desk).verification())


def _page(page: JournalPage) -> JournalPageAnswer:
    entries = [answer for each in page.found if (answer := _entry(each)) is not None]
    return JournalPageAnswer(entries=entries, go_on_before=page.go_on_before)


def _entry(found: FoundEntry) -> JournalEntryAnswer | None:
    entry = found.row.entry
    if not isinstance(entry, JournalEntry):
        return None
    return JournalEntryAnswer(
        number=found.row.number,
        at_ns=found.row.at_ns,
        operation=entry.operation,
        author=entry.author,
        role=entry.role,
        outcome=entry.outcome,
        ended=None if found.ended is None else found.ended.outcome,
        refusal=entry.refusal,
        ground=entry.ground,
        reference=entry.reference,
        case=entry.case,
        data=_spans(entry.data[:SPANS_TOLD_MAX]),
        more_data=max(0, len(entry.data) - SPANS_TOLD_MAX),
        recipient=entry.recipient,
        subject=entry.subject,
        sha256=entry.sha256,
    )


def _spans(data: Sequence[DataSpan]) -> list[JournalSpanAnswer]:
    return [
        JournalSpanAnswer(
            camera=each.camera,
            from_ns=None if each.span is None else each.span.from_ns,
            to_ns=None if each.span is None else each.span.to_ns,
        )
        for each in data
    ]


def _verification(state: Verification) -> VerificationAnswer:
    return VerificationAnswer(
        began_at_ns=state.began_at_ns,
        is_running=state.is_running,
        ended_at_ns=state.ended_at_ns,
        verdict=state.verdict,
        failed=state.failed,
    )


def _there(desk: JournalReadingDesk | None) -> JournalReadingDesk:
    if desk is None:
        raise Refused(Refusal.DPO_ABSENT, where="journal")
    return desk
