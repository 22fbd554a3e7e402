"""Alarms over HTTP: those that wait for a person, and the person who takes one (OPS-3). Nothing of the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict

from csu.alarms import Alarm, AlarmId, AlarmState, AlarmStepRefused, AlarmUnknown
from csu.console.access import About, Asked, Door, Question, opens
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Resource, Subject
from csu.governance.journal_entry import Ground
from csu.hal.alarms import AlarmKind
from csu.hal.clock import NS_PER_MS

PanelName = Annotated[str, Path(pattern=r"^[\w.-]{1,64}$")]
MessageNumber = Annotated[int, Path(ge=0, lt=1 << 63)]
LIST_STANDS_S = 30.0


class AlarmRoom(Protocol):
    """What the console needs of the centre's alarms."""

    def open_alarms(self) -> Sequence[Alarm]:
        """Alarms that nobody took, oldest first."""
        ...

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        """A person takes one. Raises AlarmUnknown, AlarmStepRefused; AlarmNotKept: it stays open."""
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
    state: AlarmState
    raised_ms: int
    acked_by: str


def add_alarm_doors(app: FastAPI, alarms: AlarmRoom | None) -> None:
    """Both routes of alarms, into `app` itself. None: this centre has none; its doors say so."""

    @app.get("/api/alarms")
    @opens(Door("alarms/list", Action.ALARM_ACK, stands_s=LIST_STANDS_S))
    async def waiting(request: Request) -> list[AlarmAnswer]:
        """Every alarm that waits for a person, oldest first; of the asker's communes, where he has some only."""
        subject: Subject = request.scope[SUBJECT]
        found = _there(alarms).open_alarms()
        return [alarm_answer(alarm) for alarm in found if _may_hear(subject, alarm)]

    @app.post("/api/alarms/{panel}/{sequence}/acknowledge")
    @opens(Door("alarms/acknowledge", Action.ALARM_ACK, _one_alarm(alarms)))
    async def acknowledge(request: Request, panel: PanelName, sequence: MessageNumber) -> AlarmAnswer:
        """The person who asks takes the alarm. 404: none of that name waits; 409: somebody has it already."""
        subject: Subject = request.scope[SUBJECT]
        name, room = AlarmId(f"{panel}/{sequence}"), _there(alarms)
        if any(alarm.alarm == name and not _may_hear(subject, alarm) for alarm in room.open_alarms()):
            raise Refused(Refusal.ALARM_UNKNOWN, where="alarm")  # of a commune that is not theirs (COM-3)
        try:
            return alarm_answer(await room.acknowledge(name, subject.person))
        except AlarmUnknown as error:
            raise Refused(Refusal.ALARM_UNKNOWN, where="alarm", cause=error) from error
        except AlarmStepRefused as error:
            raise Refused(Refusal.ALARM_TAKEN, where="alarm", cause=error) from error


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
        state=alarm.state,
        raised_ms=message.raised_at_ns // NS_PER_MS,
        acked_by=alarm.acked_by,
    )


def _one_alarm(alarms: AlarmRoom | None) -> About:
    async def about(question: Question) -> Asked:
        """The commune where it rings; nothing of the URL for one that does not wait."""
        name = f"{question.path.get('panel', '')}/{question.path.get('sequence', '')}"
        waiting = () if alarms is None else alarms.open_alarms()
        found = next((alarm for alarm in waiting if alarm.alarm == name), None)
        if found is None:
            return Asked(ground=Ground.ALARM)
        return Asked((Resource(commune=found.message.commune),), ground=Ground.ALARM)

    return about


def _may_hear(subject: Subject, alarm: Alarm) -> bool:
    papers = subject.designation
    return papers is None or not papers.communes or alarm.message.commune in papers.communes


def _there(alarms: AlarmRoom | None) -> AlarmRoom:
    if alarms is None:
        raise Refused(Refusal.ALARMS_ABSENT, where="/api/alarms")
    return alarms
