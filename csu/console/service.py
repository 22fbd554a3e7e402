"""Shifts and handovers over HTTP: the roster, who will not be there, the note that the next team signs (OPS-1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol, Self

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from csu.console.access import Door, opens
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.console.service_now import ServiceNow
from csu.governance import Action, Span, Subject
from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.words import Words
from csu.operations import (
    Absence,
    FaultKind,
    HandoverNote,
    HandoverRefused,
    LogEntryRefused,
    RosterFault,
    RosterRefused,
    Shift,
)

NS_MAX = 1 << 62
OVER_NS_MAX = 35 * NS_PER_DAY
SHIFT_NS_MAX = 24 * 3600 * 10**9
Instant = Annotated[int, Field(ge=0, le=NS_MAX)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w][\w ./-]{0,39}$")]
Person = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\W_][\w .'-]{0,63}$")]
Number = Annotated[int, Path(ge=1, lt=1 << 53)]


class ServiceDesk(Protocol):
    """What the console needs of the centre's shifts."""

    async def now(self, person: str) -> ServiceNow:
        """All of it, as that person asks."""
        ...

    def faults_of(self, shifts: Sequence[Shift], over: Span) -> Sequence[RosterFault]:
        """What would be wrong with that plan. Raises RosterRefused."""
        ...

    async def set_roster(self, shifts: Sequence[Shift], over: Span, person: str) -> None:
        """Raises RosterRefused: the old one stands."""
        ...

    async def note_absence(self, absence: Absence, person: str) -> Sequence[RosterFault]:
        """Out: where fewer than two are left. Raises RosterRefused for who does not work here."""
        ...

    async def end_absence(self, absence: Absence, person: str) -> None:
        """Raises RosterRefused when it was not noted."""
        ...

    async def write_note(self, text: str, person: str, shift: str = "") -> int:
        """Raises HandoverRefused, LogEntryRefused."""
        ...

    async def sign_note(self, number: int, person: str) -> None:
        """Raises HandoverRefused; KeyError: no such note."""
        ...


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StretchAsked(_Asked):
    """From one instant to another."""

    from_ns: Instant
    to_ns: Instant

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not 0 < self.to_ns - self.from_ns <= OVER_NS_MAX:
            raise ValueError("it ends after it begins, within 35 days")
        return self

    @property
    def span(self) -> Span:
        return Span(self.from_ns, self.to_ns)


class ShiftAsked(StretchAsked):
    """One team, under a name that no other has."""

    shift: Name
    people: Annotated[list[Person], Field(max_length=30)]


class RosterAsked(StretchAsked):
    """The plan of a stretch: all shifts that begin in it."""

    shifts: Annotated[list[ShiftAsked], Field(max_length=200)]


class AbsenceAsked(StretchAsked):
    """Who will not be there; why is nobody's affair."""

    person: Person


class NoteAsked(_Asked):
    """What the outgoing team leaves. `shift`: of which; empty: of the one that the writer ends."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]
    shift: Name | Annotated[str, StringConstraints(max_length=0)] = ""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class AgentAnswer(_Answer):
    """Who may be on a shift."""

    account: str
    name: str
    is_chief: bool


class ShiftAnswer(_Answer):
    """One team. `is_on`: now."""

    shift: str
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    people: list[str]
    is_on: bool


class AbsenceAnswer(_Answer):
    """Who will not be there."""

    person: str
    from_ns: Nanoseconds
    to_ns: Nanoseconds


class FaultAnswer(_Answer):
    """Something wrong with a plan, or a hole of it that comes."""

    kind: FaultKind
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    who: list[str]
    words: Words


class SignatureAnswer(_Answer):
    """Who has read the note."""

    person: str
    at_ns: Nanoseconds


class NoteAnswer(_Answer):
    """A note between two teams. `may_sign`: the asker is one who has still to. `open_alarms`: how many; which,
    the alarms' own doors tell to those whose communes they are of (COM-3)."""

    number: int
    shift: str
    by: str
    log_entry: int
    text: str
    open_alarms: int
    written_at_ns: Nanoseconds
    signatures: list[SignatureAnswer]
    waiting: list[str]
    is_acknowledged: bool
    is_late: bool
    may_sign: bool


class ServiceAnswer(_Answer):
    """Shifts and handovers as they are. `planned_over`: for which stretches there is a plan."""

    at_ns: Nanoseconds
    person: str
    agents: list[AgentAnswer]
    shifts: list[ShiftAnswer]
    absences: list[AbsenceAnswer]
    planned_over: list[tuple[Nanoseconds, Nanoseconds]]
    set_by: str
    set_at_ns: Nanoseconds
    ahead: list[FaultAnswer]
    watching: list[str]
    is_short: bool
    notes: list[NoteAnswer]
    owed: str


def add_service_doors(app: FastAPI, service: ServiceDesk | None) -> None:
    """Into `app` itself. None: this centre keeps no roster; its doors say so."""
    _add_roster(app, service)
    _add_notes(app, service)


def _add_roster(app: FastAPI, service: ServiceDesk | None) -> None:
    @app.get("/api/service")
    @opens(Door("service", Action.POST_READ))
    async def now(request: Request) -> ServiceAnswer:
        """The roster, the holes of it that come, who watches, and the last handover notes."""
        return await _answer(request, service)

    @app.put("/api/service/roster")
    @opens(Door("service/roster", Action.ROSTER_SET))
    async def set_roster(request: Request, asked: RosterAsked) -> ServiceAnswer:
        """The plan of a stretch takes the place of what was planned for it. 409: it leaves the wall to fewer than two,
        or breaks another rule; the old one stands."""
        try:
            await _there(service).set_roster(_shifts(asked), asked.span, _person(request))
        except RosterRefused as error:
            raise Refused(Refusal.ROSTER_REFUSED, where="service", cause=error) from error
        return await _answer(request, service)

    @app.post("/api/service/roster/check")
    @opens(Door("service/check", Action.ROSTER_SET))
    async def check(asked: RosterAsked) -> list[FaultAnswer]:
        """All that would be wrong with a plan; nothing is set. 409: a shift that is none."""
        try:
            return [_fault(fault) for fault in _there(service).faults_of(_shifts(asked), asked.span)]
        except RosterRefused as error:
            raise Refused(Refusal.ROSTER_REFUSED, where="service", cause=error) from error

    @app.post("/api/service/absences", status_code=201)
    @opens(Door("service/absence", Action.ROSTER_SET))
    async def absent(request: Request, asked: AbsenceAsked) -> ServiceAnswer:
        """Somebody will not be there: noted, whatever follows; what is left to fewer than two is told."""
        try:
            await _there(service).note_absence(Absence(asked.person, asked.span), _person(request))
        except RosterRefused as error:
            raise Refused(Refusal.ROSTER_REFUSED, where="service", cause=error) from error
        return await _answer(request, service)

    @app.post("/api/service/absences/end")
    @opens(Door("service/absence-end", Action.ROSTER_SET))
    async def back(request: Request, asked: AbsenceAsked) -> ServiceAnswer:
        """He will be there after all. 409: nobody said that he would not."""
        try:
            await _there(service).end_absence(Absence(asked.person, asked.span), _person(request))
        except RosterRefused as error:
            raise Refused(Refusal.ROSTER_REFUSED, where="service", cause=error) from error
        return await _answer(request, service)


def _add_notes(app: FastAPI, service: ServiceDesk | None) -> None:
    @app.post("/api/service/notes", status_code=201)
    @opens(Door("service/note", Action.LOGBOOK_WRITE))
    async def write(request: Request, asked: NoteAsked) -> ServiceAnswer:
        """The note of the outgoing team; its text stands in the operations log. 409: the log may not hold that."""
        try:
            await _there(service).write_note(asked.text, _person(request), asked.shift)
        except (HandoverRefused, LogEntryRefused) as error:
            raise Refused(Refusal.NOTE_REFUSED, where="service", cause=error) from error
        return await _answer(request, service)

    @app.post("/api/service/notes/{number}/sign")
    @opens(Door("service/sign", Action.LOGBOOK_WRITE))
    async def sign(request: Request, number: Number) -> ServiceAnswer:
        """The person who asks has read it. 404: no such note; 409: he is not of the incoming team."""
        try:
            await _there(service).sign_note(number, _person(request))
        except KeyError as error:
            raise Refused(Refusal.NOTE_UNKNOWN, where="service") from error
        except HandoverRefused as error:
            raise Refused(Refusal.NOTE_REFUSED, where="service", cause=error) from error
        return await _answer(request, service)


async def _answer(request: Request, service: ServiceDesk | None) -> ServiceAnswer:
    person = _person(request)
    told = await _there(service).now(person)
    return ServiceAnswer(
        at_ns=told.at_ns,
        person=person,
        agents=[AgentAnswer(account=each.account, name=each.name, is_chief=each.is_chief) for each in told.agents],
        shifts=[
            ShiftAnswer(
                shift=each.shift,
                from_ns=each.span.from_ns,
                to_ns=each.span.to_ns,
                people=list(each.people),
                is_on=each.span.holds(told.at_ns),
            )
            for each in told.shifts
        ],
        absences=[
            AbsenceAnswer(person=each.person, from_ns=each.span.from_ns, to_ns=each.span.to_ns)
            for each in told.absences
        ],
        planned_over=[(each.from_ns, each.to_ns) for each in told.planned_over],
        set_by=told.set_by,
        set_at_ns=told.set_at_ns,
        ahead=[_fault(fault) for fault in told.ahead],
        watching=list(told.watching),
        is_short=told.is_short,
        notes=[_note(number, note, text, person, told.at_ns) for number, (note, text) in told.notes.items()],
        owed=told.owed,
    )


def _note(number: int, note: HandoverNote, text: str, person: str, now_ns: Nanoseconds) -> NoteAnswer:
    return NoteAnswer(
        number=number,
        shift=note.shift,
        by=note.by,
        log_entry=note.log_entry,
        text=text,
        open_alarms=len(note.open_alarms),
        written_at_ns=note.written_at_ns,
        signatures=[SignatureAnswer(person=each.person, at_ns=each.at_ns) for each in note.signatures],
        waiting=list(note.waiting),
        is_acknowledged=note.is_acknowledged,
        is_late=note.is_late(now_ns),
        may_sign=person in note.waiting,
    )


def _fault(fault: RosterFault) -> FaultAnswer:
    span = fault.span
    return FaultAnswer(kind=fault.kind, from_ns=span.from_ns, to_ns=span.to_ns, who=list(fault.who), words=fault.words)


def _shifts(asked: RosterAsked) -> list[Shift]:
    return [Shift(each.shift, each.span, tuple(each.people)) for each in asked.shifts]


def _person(request: Request) -> str:
    subject: Subject = request.scope[SUBJECT]
    return subject.person


def _there(service: ServiceDesk | None) -> ServiceDesk:
    if service is None:
        raise Refused(Refusal.ROOM_ABSENT, where="service")
    return service
