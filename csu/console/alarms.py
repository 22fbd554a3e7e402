"""Alarms over HTTP: those that wait, the person who takes one and brings it to its end (OPS-3). Nothing of the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from csu.alarms import (
    NEXT,
    Alarm,
    AlarmId,
    AlarmState,
    AlarmStep,
    AlarmStepRefused,
    AlarmUnknown,
    Contact,
    DeskLine,
    PoliceCall,
    desk_lines,
    due_at_ns,
)
from csu.console.access import About, Asked, Door, Question, Unknown, opens
from csu.console.gate import SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Resource, Subject
from csu.governance.journal_entry import Ground
from csu.hal.alarms import AlarmKind, AlarmPriority
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds

PanelName = Annotated[str, Path(pattern=r"^[\w.-]{1,64}$")]
MessageNumber = Annotated[int, Path(ge=0, lt=1 << 63)]
LIST_STANDS_S = 30.0
LIST_MOST, NEWEST_MOST = 500, 20
"""Of a list that somebody asks for; of those that a page rings for."""


class AlarmRoom(Protocol):
    """What the console needs of the centre's alarms."""

    def open_alarms(self) -> Sequence[Alarm]:
        """Alarms that nobody took, oldest first."""
        ...

    def unfinished(self) -> Sequence[Alarm]:
        """All that are not closed, oldest first."""
        ...

    def cameras_for(self, alarm: AlarmId, may_view: Callable[[CameraId], bool]) -> Sequence[CameraId]:
        """Proposed for the removal of doubt to a person who may view them, the nearest first. Raises AlarmUnknown."""
        ...

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        """A person takes one. Raises AlarmUnknown, AlarmStepRefused; AlarmNotKept: it stays open."""
        ...

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm:
        """A person takes it one step further. Raises AlarmUnknown, AlarmStepRefused; AlarmNotKept: it is as before."""
        ...


class AlarmAnswer(BaseModel):
    """One alarm as the page shows it. Instants are ms UTC."""

    model_config = ConfigDict(frozen=True)

    alarm: str
    panel: str
    sequence: int
    commune: str
    site: str
    kind: AlarmKind
    priority: AlarmPriority
    state: AlarmState
    raised_ms: int
    acked_by: str


class StepAnswer(BaseModel):
    """Who brought an alarm there, and when. `service`, `taken_by`: of the call to the police."""

    model_config = ConfigDict(frozen=True)

    to: AlarmState
    at_ns: Nanoseconds
    by: str
    service: str = ""
    taken_by: str = ""


class AlarmOnDesk(AlarmAnswer):
    """An alarm and how far it came. `next`: the steps there are."""

    since_ns: Nanoseconds
    """Since when it stands there."""
    due_ns: Nanoseconds | None
    """When somebody else is told that it stands there still; None: nobody is."""
    told: list[Contact]
    """Who was told already that it stands there too long."""
    steps: list[StepAnswer]
    next: list[AlarmState]
    cameras: list[CameraId] | None
    """Proposed to the asker, the nearest first; None: he did not ask for those of this alarm."""


class LineAnswer(BaseModel):
    """A line of a person's list. `more`: alarms of the same site that have no line."""

    alarm: AlarmOnDesk
    more: int


class DeskAnswer(BaseModel):
    """A bounded list of the asker's alarms, the most urgent first; the rest is counted."""

    lines: list[LineAnswer]
    total: int
    waiting: int
    """Of all: nobody took them."""
    hidden: int
    """Of sites that have no line."""
    hidden_waiting: int


class BellAnswer(BaseModel):
    """What every page rings for: how many wait, the most urgent of them, and the newest, in order of their coming."""

    waiting: int
    first: AlarmAnswer | None
    newest: list[AlarmAnswer]


class StepAsked(BaseModel):
    """The next step. `service`, `taken_by`: who took the call, of POLICE_INFORMED by telephone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: AlarmState
    service: Annotated[str, Field(max_length=64)] = ""
    taken_by: Annotated[str, Field(max_length=64)] = ""


def add_alarm_doors(app: FastAPI, alarms: AlarmRoom | None, gate: Gate) -> None:
    """The routes of alarms, into `app` itself. None: this centre has none; its doors say so."""

    _add_steps(app, alarms)

    def hears(subject: Subject, alarm: Alarm) -> bool:
        return gate.reaches(subject, Action.ALARM_ACK, alarm.message.commune)

    def cameras_for(subject: Subject, alarm: Alarm) -> list[CameraId]:
        return list(
            _there(alarms).cameras_for(alarm.alarm, lambda camera: gate.permits(subject, Action.LIVE_VIEW, camera))
        )

    def on_desk(alarm: Alarm, cameras: list[CameraId] | None) -> AlarmOnDesk:
        return AlarmOnDesk(
            **alarm_answer(alarm).model_dump(),
            since_ns=alarm.since_ns,
            due_ns=due_at_ns(alarm),
            told=[each.to for each in alarm.escalations if each.state is alarm.state],
            steps=[_step(step) for step in alarm.steps],
            next=sorted(NEXT[alarm.state]),
            cameras=cameras,
        )

    @app.get("/api/alarms")
    @opens(Door("alarms/list", Action.ALARM_ACK, stands_s=LIST_STANDS_S))
    async def waiting(request: Request) -> list[AlarmAnswer]:
        """The alarms of the asker's communes that wait for a person, oldest first; not more than 500."""
        subject: Subject = request.scope[SUBJECT]
        found = (alarm for alarm in _there(alarms).open_alarms() if hears(subject, alarm))
        return [alarm_answer(alarm) for alarm in islice(found, LIST_MOST)]

    @app.get("/api/alarms/bell")
    @opens(Door("alarms/bell", Action.ALARM_ACK, stands_s=LIST_STANDS_S))
    async def bell(request: Request) -> BellAnswer:
        """How many wait in the asker's communes, which is the most urgent, and the newest."""
        subject: Subject = request.scope[SUBJECT]
        found = [alarm for alarm in _there(alarms).open_alarms() if hears(subject, alarm)]
        first = min(found, key=lambda alarm: alarm.haste, default=None)
        return BellAnswer(
            waiting=len(found),
            first=None if first is None else alarm_answer(first),
            newest=[alarm_answer(alarm) for alarm in found[-NEWEST_MOST:]],
        )

    @app.get("/api/alarms/desk")
    @opens(Door("alarms/desk", Action.ALARM_ACK, stands_s=LIST_STANDS_S))
    async def desk(request: Request, cameras_of: Annotated[str, Query(max_length=100)] = "") -> DeskAnswer:
        """The alarms of the asker's communes that are not closed: a bounded list, the rest counted.

        `cameras_of`: the alarm of which cameras are proposed; it has a line in any case, as the asker's own have.
        """
        subject: Subject = request.scope[SUBJECT]
        found = [alarm for alarm in _there(alarms).unfinished() if hears(subject, alarm)]
        told = desk_lines(found, lambda alarm: alarm.alarm == cameras_of or alarm.acked_by == subject.person)

        def line(each: DeskLine) -> LineAnswer:
            alarm = each.alarm
            cameras = cameras_for(subject, alarm) if alarm.alarm == cameras_of else None
            return LineAnswer(alarm=on_desk(alarm, cameras), more=each.more)

        return DeskAnswer(
            lines=[line(each) for each in told.lines],
            total=told.total,
            waiting=told.waiting,
            hidden=told.hidden,
            hidden_waiting=told.hidden_waiting,
        )


def _add_steps(app: FastAPI, alarms: AlarmRoom | None) -> None:
    """What a person does about one alarm."""

    @app.post("/api/alarms/{panel}/{sequence}/acknowledge")
    @opens(Door("alarms/acknowledge", Action.ALARM_ACK, _one_alarm(alarms)))
    async def acknowledge(request: Request, panel: PanelName, sequence: MessageNumber) -> AlarmAnswer:
        """The person who asks takes the alarm. 404: none of that name waits; 409: somebody has it already."""
        subject: Subject = request.scope[SUBJECT]
        name, room = AlarmId(f"{panel}/{sequence}"), _there(alarms)
        try:
            return alarm_answer(await room.acknowledge(name, subject.person))
        except AlarmUnknown as error:
            raise Refused(Refusal.ALARM_UNKNOWN, where="alarm", cause=error) from error
        except AlarmStepRefused as error:
            raise Refused(Refusal.ALARM_TAKEN, where="alarm", cause=error) from error

    @app.post("/api/alarms/{panel}/{sequence}/advance")
    @opens(Door("alarms/advance", Action.ALARM_QUALIFY, _one_alarm(alarms)))
    async def advance(request: Request, panel: PanelName, sequence: MessageNumber, asked: StepAsked) -> AlarmAnswer:
        """The person who asks takes it one step further. 409: from where it stands there is no such step."""
        subject: Subject = request.scope[SUBJECT]
        name, room = AlarmId(f"{panel}/{sequence}"), _there(alarms)
        police = PoliceCall(asked.service, asked.taken_by) if asked.service or asked.taken_by else None
        try:
            return alarm_answer(await room.advance(name, asked.to, subject.person, police))
        except AlarmUnknown as error:
            raise Refused(Refusal.ALARM_UNKNOWN, where="alarm", cause=error) from error
        except AlarmStepRefused as error:
            raise Refused(Refusal.ALARM_STEP_REFUSED, where="alarm", cause=error) from error


def _step(step: AlarmStep) -> StepAnswer:
    police = step.police
    named = {} if police is None else {"service": police.service, "taken_by": police.taken_by}
    return StepAnswer(to=step.to, at_ns=step.at_ns, by=step.by, **named)


def alarm_answer(alarm: Alarm) -> AlarmAnswer:
    """One alarm of the desk."""
    message = alarm.message
    return AlarmAnswer(
        alarm=alarm.alarm,
        panel=message.panel,
        sequence=message.sequence,
        commune=message.commune,
        site=message.site,
        kind=message.kind,
        priority=alarm.priority,
        state=alarm.state,
        raised_ms=message.raised_at_ns // NS_PER_MS,
        acked_by=alarm.acked_by,
    )


def _one_alarm(alarms: AlarmRoom | None) -> About:
    async def about(question: Question) -> Asked:
        """The commune where it rings; nothing of the URL for one that does not wait."""
        name = f"{question.path.get('panel', '')}/{question.path.get('sequence', '')}"
        waiting = () if alarms is None else alarms.unfinished()
        found = next((alarm for alarm in waiting if alarm.alarm == name), None)
        unknown = Unknown(Refusal.ALARM_UNKNOWN, "alarm", is_there=found is not None)
        if found is None:
            return Asked(ground=Ground.ALARM, unknown=None if alarms is None else unknown)
        return Asked((Resource(commune=found.message.commune),), ground=Ground.ALARM, unknown=unknown)

    return about


def _there(alarms: AlarmRoom | None) -> AlarmRoom:
    if alarms is None:
        raise Refused(Refusal.ALARMS_ABSENT, where="/api/alarms")
    return alarms
