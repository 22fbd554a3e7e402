"""Planned events over HTTP: demonstrations, markets, matches; their cameras, their scene on the wall, their staff.

A list is cut to the asker's communes; an event of another commune is refused as one that does not exist (COM-3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Protocol, Self

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from csu.console.access import Asked, Door, Question, opens
from csu.console.gate import ADMITTED_AT_NS, SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Purpose, Resource, Span, Subject
from csu.governance.purposes import purpose_words
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words
from csu.operations import (
    EventKind,
    EventOutcome,
    EventRefused,
    EventState,
    PlannedEvent,
)
from csu.operations.planned_event import (
    CAMERAS_MAX,
    LASTS_NS_MAX,
    POINTS_MAX,
    REASON_SIGNS_MAX,
    REFERENCE_SIGNS_MAX,
    STAFF_MAX,
    Place,
)
from csu.operations.watch import WATCHING_MIN

BODY_BYTES_MAX = 16 << 10
NS_MAX, METRES_MAX = 1 << 62, 200_000.0
Number = Annotated[int, Path(ge=1, lt=1 << 53)]
Metres = Annotated[float, Field(ge=-METRES_MAX, le=METRES_MAX, allow_inf_nan=False)]
Points = Annotated[list[tuple[Metres, Metres]], Field(max_length=POINTS_MAX)]
Commune = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]{0,63}$")]
OVER_MAX = 100
"""Events that are over and are shown: the newest."""


class EventDesk(Protocol):
    """What the console needs of the centre's planned events."""

    def events(self) -> Mapping[int, PlannedEvent]:
        """All, by number."""
        ...

    def scenes(self) -> Mapping[str, str]:
        """Of the wall, and how people call them."""
        ...

    def fewest_planned(self, span: Span) -> int:
        """How many the roster has when they are fewest."""
        ...

    def proposed(
        self, kind: EventKind, commune: CommuneId, route: Sequence[Place], perimeter: Sequence[Place]
    ) -> Sequence[CameraId]:
        """Cameras that see the route or the perimeter."""
        ...

    async def enter(self, event: PlannedEvent, number: int | None = None) -> int:
        """A new one, or another in the place of `number`. Raises EventRefused; KeyError."""
        ...

    async def call_off(self, number: int, person: str) -> None:
        """Raises EventRefused; KeyError."""
        ...

    async def report(self, number: int, outcome: EventOutcome, person: str) -> None:
        """Raises EventRefused; KeyError."""
        ...


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AreaAsked(_Asked):
    """Where it goes by, or what it is inside of: x east and y north, in metres of the site's origin."""

    kind: EventKind
    commune: Commune
    route: Points = []
    perimeter: Points = []


class EventAsked(AreaAsked):
    """An event as the chief enters it. Nothing of persons: `place` is a street or a square, never a cause."""

    place: Annotated[str, Field(max_length=120)]
    from_ns: Annotated[int, Field(ge=0, le=NS_MAX)]
    to_ns: Annotated[int, Field(ge=0, le=NS_MAX)]
    cameras: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=CAMERAS_MAX)] = []
    purpose: Purpose
    close_reason: Annotated[str, Field(max_length=REASON_SIGNS_MAX)] = ""
    reference: Annotated[str, Field(max_length=REFERENCE_SIGNS_MAX)] = ""
    scene: Annotated[str, Field(max_length=64)] = ""
    staff_wanted: Annotated[int, Field(ge=WATCHING_MIN, le=STAFF_MAX)] = WATCHING_MIN

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if not 0 < self.to_ns - self.from_ns <= LASTS_NS_MAX:
            raise ValueError("an event ends after it begins, within 31 days")
        return self

    def event(self, by: str) -> PlannedEvent:
        """As the core takes it."""
        return PlannedEvent(
            kind=self.kind,
            commune=CommuneId(self.commune),
            place=self.place.strip(),
            span=Span(self.from_ns, self.to_ns),
            cameras=tuple(CameraId(each) for each in self.cameras),
            purpose=self.purpose,
            by=by,
            route=tuple(self.route),
            perimeter=tuple(self.perimeter),
            close_reason=self.close_reason.strip(),
            reference=self.reference.strip(),
            scene=self.scene,
            staff_wanted=self.staff_wanted,
        )


class OutcomeAsked(_Asked):
    """How it went."""

    outcome: EventOutcome


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class EventReportAnswer(_Answer):
    """What is told of it when it is over: figures of the room."""

    outcome: EventOutcome
    by: str
    at_ns: Nanoseconds
    fewest_planned: int
    entries: int
    alarms: int
    calls: int


class EventAnswer(_Answer):
    """One event. `fewest_planned`: of the roster, while it lasts; none when it is over."""

    number: int
    state: EventState
    kind: EventKind
    commune: str
    place: str
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    route: list[tuple[float, float]]
    perimeter: list[tuple[float, float]]
    cameras: list[CameraId]
    purpose: Purpose
    close_reason: str
    reference: str
    scene: str
    staff_wanted: int
    fewest_planned: int | None
    by: str
    called_off_by: str
    report: EventReportAnswer | None


class PurposeTold(_Answer):
    """One of the eleven of the law."""

    purpose: Purpose
    words: Words


class SceneNamed(_Answer):
    """What the wall can show."""

    scene: str
    name: str


class EventsAnswer(_Answer):
    """The events of the asker's communes, those that run or come first, and what a new one may choose from."""

    at_ns: Nanoseconds
    may_set: bool
    events: list[EventAnswer]
    scenes: list[SceneNamed]
    purposes: list[PurposeTold]


def add_event_doors(app: FastAPI, events: EventDesk | None, gate: Gate) -> None:
    """Into `app` itself. None: this centre keeps none; its doors say so."""
    desk = _Events(events, gate)
    _add_readings(app, desk)
    _add_deeds(app, desk)


class _Events:
    """The desk, as one person may see it."""

    def __init__(self, desk: EventDesk | None, gate: Gate) -> None:
        self._desk, self._gate = desk, gate

    @property
    def desk(self) -> EventDesk:
        """Raises Refused."""
        if self._desk is None:
            raise Refused(Refusal.EVENTS_ABSENT, where="planned-events")
        return self._desk

    def one(self, request: Request, number: int) -> PlannedEvent:
        """Raises Refused: 404 for one that is none, and for one of a commune that is not the asker's."""
        subject: Subject = request.scope[SUBJECT]
        event = self.desk.events().get(number)
        if event is None or not self._gate.reaches(subject, Action.EVENT_SET, event.commune):
            raise Refused(Refusal.EVENT_UNKNOWN, where="planned-events")
        return event

    def answer(self, request: Request) -> EventsAnswer:
        subject: Subject = request.scope[SUBJECT]
        now_ns: Nanoseconds = request.scope[ADMITTED_AT_NS]
        seen = {
            number: event
            for number, event in self.desk.events().items()
            if self._gate.reaches(subject, Action.EVENT_READ, event.commune)
        }
        lines = [self._line(number, event, now_ns) for number, event in seen.items()]
        return EventsAnswer(
            at_ns=now_ns,
            may_set=self._gate.reaches(subject, Action.EVENT_SET, None),
            events=[*_next_first(lines, _OPEN), *_next_first(lines, _OVER)[::-1][:OVER_MAX]],
            scenes=[SceneNamed(scene=scene, name=name) for scene, name in self.desk.scenes().items()],
            purposes=[PurposeTold(purpose=purpose, words=purpose_words(purpose)) for purpose in Purpose],
        )

    def _line(self, number: int, event: PlannedEvent, now_ns: Nanoseconds) -> EventAnswer:
        report = event.report
        return EventAnswer(
            number=number,
            state=event.state(now_ns),
            kind=event.kind,
            commune=event.commune,
            place=event.place,
            from_ns=event.span.from_ns,
            to_ns=event.span.to_ns,
            route=list(event.route),
            perimeter=list(event.perimeter),
            cameras=list(event.cameras),
            purpose=event.purpose,
            close_reason=event.close_reason,
            reference=event.reference,
            scene=event.scene,
            staff_wanted=event.staff_wanted,
            fewest_planned=self.desk.fewest_planned(event.span) if event.state(now_ns) in _STAFFED else None,
            by=event.by,
            called_off_by=event.called_off_by,
            report=None
            if report is None
            else EventReportAnswer(
                outcome=report.outcome,
                by=report.by,
                at_ns=report.at_ns,
                fewest_planned=report.fewest_planned,
                entries=report.entries,
                alarms=report.alarms,
                calls=report.calls,
            ),
        )


_OPEN = frozenset({EventState.RUNNING, EventState.PLANNED, EventState.ENDED})
"""Somebody has still to do with it."""
_STAFFED = frozenset({EventState.RUNNING, EventState.PLANNED})
_OVER = frozenset(EventState) - _OPEN


def _next_first(lines: Sequence[EventAnswer], states: frozenset[EventState]) -> list[EventAnswer]:
    return sorted((line for line in lines if line.state in states), key=lambda line: (line.from_ns, line.number))


def _add_readings(app: FastAPI, events: _Events) -> None:
    @app.get("/api/planned-events")
    @opens(Door("planned-events", Action.EVENT_READ))
    async def read(request: Request) -> EventsAnswer:
        """Events of the asker's communes: those that run, those to come, those that are over."""
        return events.answer(request)

    @app.post("/api/planned-events/cameras")
    @opens(Door("planned-events/cameras", Action.EVENT_SET, _commune_told, body_bytes_max=BODY_BYTES_MAX))
    async def proposed(asked: AreaAsked) -> list[CameraId]:
        """Cameras of the commune near the route, in the order of the way, or near the perimeter; of a demonstration its
        wide views (OPS-5)."""
        return list(events.desk.proposed(asked.kind, CommuneId(asked.commune), asked.route, asked.perimeter))


def _add_deeds(app: FastAPI, events: _Events) -> None:
    @app.post("/api/planned-events", status_code=201)
    @opens(Door("planned-events/enter", Action.EVENT_SET, _commune_told, body_bytes_max=BODY_BYTES_MAX))
    async def enter(request: Request, asked: EventAsked) -> EventsAnswer:
        """A new event. 409: it asks for what it may not have; nothing changed."""
        try:
            await events.desk.enter(asked.event(_person(request)))
        except EventRefused as error:
            raise Refused(Refusal.EVENT_REFUSED, where=error.trouble.where, cause=error) from error
        return events.answer(request)

    @app.put("/api/planned-events/{number}")
    @opens(Door("planned-events/change", Action.EVENT_SET, _commune_told, body_bytes_max=BODY_BYTES_MAX))
    async def change(request: Request, number: Number, asked: EventAsked) -> EventsAnswer:
        """Another in its place. 404: no such event; 409: it is over, or asks for what it may not have."""
        before = events.one(request, number)
        event = replace(asked.event(_person(request)), called_off_by=before.called_off_by, report=before.report)
        try:
            await events.desk.enter(event, number)
        except EventRefused as error:
            raise Refused(Refusal.EVENT_REFUSED, where=error.trouble.where, cause=error) from error
        return events.answer(request)

    @app.post("/api/planned-events/{number}/call-off")
    @opens(Door("planned-events/call-off", Action.EVENT_SET))
    async def call_off(request: Request, number: Number) -> EventsAnswer:
        """It does not take place, or no longer; its scene leaves the wall. 404: no such event; 409: it is over."""
        events.one(request, number)
        try:
            await events.desk.call_off(number, _person(request))
        except EventRefused as error:
            raise Refused(Refusal.EVENT_REFUSED, where=error.trouble.where, cause=error) from error
        return events.answer(request)

    @app.post("/api/planned-events/{number}/report")
    @opens(Door("planned-events/report", Action.EVENT_SET))
    async def report(request: Request, number: Number, asked: OutcomeAsked) -> EventsAnswer:
        """Close it, with figures of the room. 404: no such event; 409: it has not ended, or is closed."""
        events.one(request, number)
        try:
            await events.desk.report(number, asked.outcome, _person(request))
        except EventRefused as error:
            raise Refused(Refusal.EVENT_REFUSED, where=error.trouble.where, cause=error) from error
        return events.answer(request)


async def _commune_told(question: Question) -> Asked:
    """The commune that the body names."""
    try:
        told = json.loads(question.body)
    except (ValueError, RecursionError):
        told = None
    named = told.get("commune", "") if isinstance(told, dict) else ""
    # Also one that has no camera: whoever is of some communes only has nothing to say about it.
    return Asked((Resource(commune=CommuneId(named)),)) if isinstance(named, str) and named else Asked()


def _person(request: Request) -> str:
    subject: Subject = request.scope[SUBJECT]
    return subject.person
