"""Alarms over HTTP: those that wait, the person who takes one and brings it to its end (OPS-3). Nothing of the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    PoliceCall,
    due_at_ns,
)
from csu.console.access import About, Asked, Door, Question, opens
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


class StepAsked(BaseModel):
    """The next step. `service`, `taken_by`: who took the call, of POLICE_INFORMED by telephone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: AlarmState
    service: Annotated[str, Field(max_length=64)] = ""
    taken_by: Annotated[str, Field(max_length=64)] = ""


def add_alarm_doors(app: FastAPI, alarms: AlarmRoom | None, gate: Gate) -> None:
    """The routes of alarms, into `app` itself. None: this centre has none; its doors say so."""

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
        """Every alarm that waits for a person, oldest first; of the asker's communes, where he has some only."""
        subject: Subject = request.scope[SUBJECT]
        found = _there(alarms).open_alarms()
        return [alarm_answer(alarm) for alarm in found if may_hear(subject, alarm)]

    @app.post("/api/alarms/{panel}/{sequence}/acknowledge")
    @opens(Door("alarms/acknowledge", Action.ALARM_ACK, _one_alarm(alarms)))
    async def acknowledge(request: Request, panel: PanelName, sequence: MessageNumber) -> AlarmAnswer:
        """The person who asks takes the alarm. 404: none of that name waits; 409: somebody has it already."""
        subject: Subject = request.scope[SUBJECT]
        name, room = AlarmId(f"{panel}/{sequence}"), _there(alarms)
        if any(alarm.alarm == name and not may_hear(subject, alarm) for alarm in room.open_alarms()):
            raise Refused(Refusal.ALARM_UNKNOWN, where="alarm")  # of a commune that is not theirs (COM-3)
        try:
            return alarm_answer(await room.acknowledge(name, subject.person))
        except AlarmUnknown as error:
            raise Refused(Refusal.ALARM_UNKNOWN, where="alarm", cause=error) from error
        except AlarmStepRefused as error:
            raise Refused(Refusal.ALARM_TAKEN, where="alarm", cause=error) from error

    @app.get("/api/alarms/desk")
    @opens(Door("alarms/desk", Action.ALARM_ACK, stands_s=LIST_STANDS_S))
    async def desk(request: Request, cameras_of: Annotated[str, Query(max_length=100)] = "") -> list[AlarmOnDesk]:
        """Every alarm that is not closed, the most urgent first; of the asker's communes, where he has some only.

        `cameras_of`: the alarm of which cameras are proposed; of all of a storm they would take too long.
        """
        subject: Subject = request.scope[SUBJECT]
        found = [alarm for alarm in _there(alarms).unfinished() if may_hear(subject, alarm)]
        return [
            on_desk(alarm, cameras_for(subject, alarm) if alarm.alarm == cameras_of else None)
            for alarm in sorted(found, key=lambda alarm: alarm.haste)
        ]

    @app.post("/api/alarms/{panel}/{sequence}/advance")
    @opens(Door("alarms/advance", Action.ALARM_QUALIFY, _one_alarm(alarms)))
    async def advance(request: Request, panel: PanelName, sequence: MessageNumber, asked: StepAsked) -> AlarmAnswer:
        """The person who asks takes it one step further. 409: from where it stands there is no such step."""
        subject: Subject = request.scope[SUBJECT]
        name, room = AlarmId(f"{panel}/{sequence}"), _there(alarms)
        if any(alarm.alarm == name and not may_hear(subject, alarm) for alarm in room.unfinished()):
            raise Refused(Refusal.ALARM_UNKNOWN, where="alarm")  # of a commune that is not theirs (COM-3)
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
        if found is None:
            return Asked(ground=Ground.ALARM)
        return Asked((Resource(commune=found.message.commune),), ground=Ground.ALARM)

    return about


def may_hear(subject: Subject, alarm: Alarm) -> bool:
    """Whether it rings in one of his communes, where he has some only (COM-3)."""
    papers = subject.designation
    return papers is None or not papers.communes or alarm.message.commune in papers.communes


def _there(alarms: AlarmRoom | None) -> AlarmRoom:
    if alarms is None:
        raise Refused(Refusal.ALARMS_ABSENT, where="/api/alarms")
    return alarms
