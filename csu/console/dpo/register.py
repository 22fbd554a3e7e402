"""The legal register over HTTP: of any day, what was recorded, destroyed, transmitted, per camera (CSI R252-11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Protocol

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel

from csu.console.access import Asked, Door, Question, opens
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Subject
from csu.governance.journal_entry import DataSpan, Ground
from csu.governance.legal_register import DayAnswer
from csu.governance.register_lines import Destroyed, DestructionRule, Recorded, TransmissionBasis, Transmitted
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds

LINES_MAX = 5_000
"""Of each kind, in one answer: a day of 1,300 cameras, and some."""
Knows = Callable[[Subject, CommuneId], bool]
"""Whether a person may know of the cameras of a commune (COM-3)."""


class RegisterDesk(Protocol):
    """What the console needs of the legal register."""

    async def day(self, day: date, camera: CameraId | None) -> DayAnswer:
        """Raises CsuError."""
        ...

    def commune_of(self, camera: CameraId) -> CommuneId | None:
        """Of a camera that the orders know."""
        ...


class RecordedAnswer(BaseModel):
    """What one camera recorded that day."""

    camera: str
    commune: str
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    recorded_s: int


class DestroyedAnswer(BaseModel):
    """What of that day was destroyed, when, by which rule."""

    commune: str
    cameras: list[str]
    destroyed_at_ns: Nanoseconds
    rule: DestructionRule
    certificate: str
    tiers: list[str]
    kept: list[str]
    """Cameras of which something stays, under a lock."""


class TransmittedAnswer(BaseModel):
    """What of that day left the centre, to whom, on which ground."""

    case: str
    basis: TransmissionBasis
    office: str
    recipient: str
    transmitted_at_ns: Nanoseconds
    cameras: list[str]


class RegisterDayAnswer(BaseModel):
    """Of one day in Paris. `is_cut`: there is more than is told; ask for one camera."""

    day: date
    recorded: list[RecordedAnswer]
    destroyed: list[DestroyedAnswer]
    transmitted: list[TransmittedAnswer]
    is_cut: bool


async def _about(question: Question) -> Asked:
    camera = CameraId(question.query.get("camera", ""))
    known = any(line.record.camera == camera for line in question.room.cameras())
    return Asked(data=(DataSpan(camera),) if known else (), ground=Ground.CONTROL)


def add_register_doors(app: FastAPI, desk: RegisterDesk | None, knows: Knows) -> None:
    """Into `app` itself. None: this centre keeps its register elsewhere; its doors say so."""

    @app.get("/api/register/{day}")
    @opens(Door("register/day", Action.LEGAL_REGISTER_READ, _about))
    async def one_day(
        request: Request, day: date, camera: Annotated[str, Query(pattern=r"^[A-Za-z0-9._:@-]{0,64}$")] = ""
    ) -> RegisterDayAnswer:
        """What was recorded, destroyed and transmitted of a day, of all cameras or one."""
        subject: Subject = request.scope[SUBJECT]
        there = _there(desk)
        found = await there.day(day, CameraId(camera) if camera else None)
        return _answer(found, lambda each: knows(subject, each), there.commune_of)


def _answer(
    found: DayAnswer, knows: Callable[[CommuneId], bool], commune_of: Callable[[CameraId], CommuneId | None]
) -> RegisterDayAnswer:
    def knows_all(line: Transmitted) -> bool:
        """A camera of a commune that nobody knows any more is told to those who may know of any."""
        return all(knows(commune_of(each.camera) or CommuneId("-")) for each in line.footage)

    recorded = [line for line in found.recorded if knows(line.commune)]
    destroyed = [line for line in found.destroyed if knows(line.commune)]
    transmitted = [line for line in found.transmitted if knows_all(line)]
    return RegisterDayAnswer(
        day=found.day,
        recorded=[_recorded(line) for line in recorded[:LINES_MAX]],
        destroyed=[_destroyed(line) for line in destroyed[:LINES_MAX]],
        transmitted=[_transmitted(line) for line in transmitted[:LINES_MAX]],
        is_cut=max(len(recorded), len(destroyed), len(transmitted)) > LINES_MAX,
    )


def _recorded(line: Recorded) -> RecordedAnswer:
    return RecordedAnswer(
        camera=line.camera,
        commune=line.commune,
        from_ns=line.span.from_ns,
        to_ns=line.span.to_ns,
        recorded_s=line.recorded_s,
    )


def _destroyed(line: Destroyed) -> DestroyedAnswer:
    return DestroyedAnswer(
        commune=line.commune,
        cameras=list(line.cameras),
        destroyed_at_ns=line.destroyed_at_ns,
        rule=line.rule,
        certificate=line.certificate,
        tiers=list(line.tiers),
        kept=sorted({each.camera for each in line.kept}),
    )


def _transmitted(line: Transmitted) -> TransmittedAnswer:
    return TransmittedAnswer(
        case=line.case,
        basis=line.basis,
        office=line.office,
        recipient=line.recipient,
        transmitted_at_ns=line.transmitted_at_ns,
        cameras=sorted({each.camera for each in line.footage}),
    )


def _there(desk: RegisterDesk | None) -> RegisterDesk:
    if desk is None:
        raise Refused(Refusal.DPO_ABSENT, where="register")
    return desk
