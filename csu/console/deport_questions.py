"""What the rights are asked about a deport: each of its cameras; of the rest only what the centre knows (OPS-4)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from csu.console.access import About, Asked, Question
from csu.console.alarms import AlarmRoom, may_hear
from csu.governance import DeportFacts, Resource, Subject
from csu.governance.journal_entry import DataSpan, Ground
from csu.hal.camera import CameraId
from csu.operations import Deport
from csu.operations.deport import CAMERAS_MAX


class Told(Protocol):
    """What of the centre's deports is needed here."""

    def deports(self) -> Sequence[Deport]: ...

    def facts(self, deport: str, account: str) -> DeportFacts | None: ...


def start_told(alarms: AlarmRoom | None) -> About:
    """Of who opens one."""

    async def about(question: Question) -> Asked:
        """Each camera that the body names; of the rest what the centre knows."""
        told = _object(question.body)
        named = [each for each in _list(told.get("cameras")) if isinstance(each, str)][: CAMERAS_MAX + 1]
        alarm, reason = told.get("alarm"), told.get("reason")
        is_known = isinstance(alarm, str) and heard(alarms, question.subject, alarm)
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
        return _asked(question, cameras, reason if isinstance(reason, str) else "", Ground.INCIDENT, "", found)

    return about


def stop_told(desk: Told | None) -> About:
    """Of who closes one."""

    async def about(question: Question) -> Asked:
        found = _named(desk, question)
        data = () if found is None else tuple(DataSpan(camera) for camera in found.shown)
        whom = "" if found is None else found.recipient.account
        return Asked(data=data, ground=Ground.INCIDENT, recipient=whom)

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


def heard(alarms: AlarmRoom | None, subject: Subject, alarm: str) -> bool:
    """Whether an alarm of that name is open in his communes."""
    waiting = () if alarms is None else alarms.unfinished()
    return any(each.alarm == alarm and may_hear(subject, each) for each in waiting)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []
