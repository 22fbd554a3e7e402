"""Visitors of the room over HTTP: who comes in, beside whom, and when he went (ACC-6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from csu.console.access import Door, opens
from csu.console.gate import ADMITTED_AT_NS, SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Subject
from csu.hal.clock import Nanoseconds
from csu.operations import Visit, VisitPurpose, VisitRefused
from csu.operations.visits import NAME_SIGNS_MAX

SHOWN_MAX = 200
LIST_STANDS_S = 30.0
Number = Annotated[int, Path(ge=1, lt=1 << 53)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_SIGNS_MAX)]


class VisitDesk(Protocol):
    """What the console needs of the register of visitors."""

    def visits(self) -> Mapping[int, Visit]:
        """All that are kept, by number."""
        ...

    async def enter(self, visit: Visit) -> int:
        """Somebody comes in; the number of his visit."""
        ...

    async def leave(self, number: int, person: str) -> None:
        """He went. Raises KeyError for no such visit, VisitRefused when he had gone."""
        ...


class VisitAsked(BaseModel):
    """Who comes in. `beside`: the agent who accompanies him."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    of: Name
    purpose: VisitPurpose
    beside: Name


class VisitAnswer(BaseModel):
    """One visit. `left_at_ns` none: he is inside."""

    model_config = ConfigDict(frozen=True)

    number: int
    name: str
    of: str
    purpose: VisitPurpose
    beside: str
    entered_at_ns: Nanoseconds
    left_at_ns: Nanoseconds | None
    recorded_by: str


def add_visit_doors(app: FastAPI, visits: VisitDesk | None) -> None:
    """Into `app` itself. None: this centre has no room; its doors say so."""

    @app.get("/api/visits")
    @opens(Door("visits", Action.VISIT_RECORD, stands_s=LIST_STANDS_S))
    async def read() -> list[VisitAnswer]:
        """Who is in the room, then who was, the newest first; the last 200."""
        return _answer(_there(visits))

    @app.post("/api/visits", status_code=201)
    @opens(Door("visits/enter", Action.VISIT_RECORD))
    async def enter(request: Request, asked: VisitAsked) -> list[VisitAnswer]:
        """Somebody comes in. 409: it is not told as it must be."""
        try:
            at_ns: Nanoseconds = request.scope[ADMITTED_AT_NS]
            visit = Visit(asked.name, asked.of, asked.purpose, asked.beside, at_ns, _person(request))
        except VisitRefused as error:
            raise Refused(Refusal.VISIT_REFUSED, where="visits", cause=error) from error
        await _there(visits).enter(visit)
        return _answer(_there(visits))

    @app.post("/api/visits/{number}/left")
    @opens(Door("visits/left", Action.VISIT_RECORD))
    async def left(request: Request, number: Number) -> list[VisitAnswer]:
        """He went. 404: no such visit; 409: he had gone."""
        try:
            await _there(visits).leave(number, _person(request))
        except KeyError as error:
            raise Refused(Refusal.VISIT_UNKNOWN, where="visits") from error
        except VisitRefused as error:
            raise Refused(Refusal.VISIT_REFUSED, where="visits", cause=error) from error
        return _answer(_there(visits))


def _answer(visits: VisitDesk) -> list[VisitAnswer]:
    newest_first = sorted(visits.visits().items(), key=lambda each: (not each[1].is_inside, -each[0]))
    return [
        VisitAnswer(
            number=number,
            name=visit.name,
            of=visit.of,
            purpose=visit.purpose,
            beside=visit.beside,
            entered_at_ns=visit.entered_at_ns,
            left_at_ns=visit.left_at_ns,
            recorded_by=visit.recorded_by,
        )
        for number, visit in newest_first[:SHOWN_MAX]
    ]


def _person(request: Request) -> str:
    subject: Subject = request.scope[SUBJECT]
    return subject.person


def _there(visits: VisitDesk | None) -> VisitDesk:
    if visits is None:
        raise Refused(Refusal.ROOM_ABSENT, where="visits")
    return visits
