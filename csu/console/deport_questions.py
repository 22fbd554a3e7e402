"""What the rights are asked about a deport: each of its cameras; of the rest only what the centre knows (OPS-4)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from csu.console.access import About, Asked, Question, Unknown
from csu.console.alarms import AlarmRoom
from csu.console.gate import Gate
from csu.console.refusals import Refusal
from csu.governance import Action, DeportFacts, Resource, Subject
from csu.governance.journal_entry import DataSpan, Ground
from csu.hal.camera import CameraId
from csu.operations import Deport
from csu.operations.deport import CAMERAS_MAX


class Told(Protocol):
    """What of the centre's deports is needed here."""

    def deports(self) -> Sequence[Deport]: ...

    def facts(self, deport: str, account: str) -> DeportFacts | None: ...


def start_told(alarms: AlarmRoom | None, gate: Gate) -> About:
    """Of who opens one."""

    async def about(question: Question) -> Asked:
        """Each camera that the body names; of the rest what the centre knows."""
        told = _object(question.body)
        named = [each for each in _list(told.get("cameras")) if isinstance(each, str)][: CAMERAS_MAX + 1]
        alarm, reason = told.get("alarm"), told.get("reason")
        is_known = isinstance(alarm, str) and heard(alarms, gate, question.subject, alarm)
        return _asked(
            question,
            [CameraId(camera) for camera in dict.fromkeys(named)],
            reason if isinstance(reason, str) else "",
            Ground.ALARM if is_known else Ground.INCIDENT,
            str(alarm) if is_known else "",
        )

    return about


def prolong_told(desk: Told | None) -> About:
    """Of who prolongs one."""

    async def about(question: Question) -> Asked:
        """Each camera that goes on being shown; one of another commune is none."""
        reason = _object(question.body).get("reason")
        found = _named(desk, question)
        cameras = [] if found is None else found.shown
        asked = _asked(question, cameras, reason if isinstance(reason, str) else "", Ground.INCIDENT, "", found)
        return replace(asked, unknown=_unknown(desk, found))

    return about


def stop_told(desk: Told | None, gate: Gate) -> About:
    """Of who closes one."""

    async def about(question: Question) -> Asked:
        """A commune of it that is the asker's, if one is: who knows of it may close it."""
        found = _named(desk, question)
        if found is None:
            return Asked(ground=Ground.INCIDENT, unknown=_unknown(desk, found))
        communes = [line.record.commune for line in question.room.cameras() if line.record.camera in found.cameras]
        his = (each for each in communes if gate.reaches(question.subject, Action.DEPORT_STOP, each))
        return Asked(
            (Resource(commune=next(his, min(communes, default=None))),),
            tuple(DataSpan(camera) for camera in found.shown),
            Ground.INCIDENT,
            recipient=found.recipient.account,
            reference=found.reference,
            unknown=_unknown(desk, found),
        )

    return about


def view_told(desk: Told | None) -> About:
    """Of who wants to see."""

    async def about(question: Question) -> Asked:
        """The camera of the path, by the asker's own deport of that name; nothing of the URL otherwise."""
        camera, account = CameraId(str(question.path.get("camera", ""))), question.subject.person
        facts = None if desk is None else desk.facts(str(question.path.get("deport", "")), account)
        if facts is None or camera not in facts.cameras:
            return Asked((Resource(camera=camera),), ground=Ground.RECIPIENT_L252_3)
        found = _named(desk, question)
        reference = "" if found is None else found.reference
        return Asked(
            (Resource(camera=camera, deport=facts),),
            (DataSpan(camera),),
            Ground.RECIPIENT_L252_3,
            recipient=account,
            reference=reference,
        )

    return about


def _asked(
    question: Question,
    cameras: Sequence[CameraId],
    reason: str,
    ground: Ground,
    reference: str,
    deport: Deport | None = None,
) -> Asked:
    known = {line.record.camera for line in question.room.cameras()}
    return Asked(
        tuple(Resource(camera=camera, reason=reason) for camera in cameras) or (Resource(reason=reason),),
        tuple(DataSpan(camera) for camera in cameras if camera in known),
        ground,
        recipient="" if deport is None else deport.recipient.account,
        reference=reference or ("" if deport is None else deport.reference),
    )


def _named(desk: Told | None, question: Question) -> Deport | None:
    name = str(question.path.get("deport", ""))
    return None if desk is None else next((each for each in desk.deports() if each.deport == name), None)


def _unknown(desk: Told | None, found: Deport | None) -> Unknown | None:
    return None if desk is None else Unknown(Refusal.DEPORT_UNKNOWN, "deport", is_there=found is not None)


def heard(alarms: AlarmRoom | None, gate: Gate, subject: Subject, alarm: str) -> bool:
    """Whether an alarm of that name is open in his communes."""
    waiting = () if alarms is None else alarms.unfinished()
    communes = (each.message.commune for each in waiting if each.alarm == alarm)
    return any(gate.reaches(subject, Action.ALARM_ACK, commune) for commune in communes)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []
