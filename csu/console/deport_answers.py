"""What the doors of image deport answer (OPS-4). Instants are ns UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import NO_WORDS, Words
from csu.operations import Deport, DeportEnd, DeportLine, DeportRecipient, DeportStep, Incident


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class RecipientAnswer(_Answer):
    """One cleared person of an outside service."""

    account: str
    name: str
    service: str
    clearance: str
    cleared_until_ns: Nanoseconds


class DeportedCamera(_Answer):
    """A camera of a deport. `watching`: screens that show it now by it; `is_withdrawn`: it is not shown any more."""

    camera: CameraId
    number: int
    name: str
    commune: str
    watching: int
    is_withdrawn: bool


class DeportLineAnswer(_Answer):
    """One thing that happened to it."""

    step: DeportStep
    at_ns: Nanoseconds
    by: str
    reason: str
    until_ns: Nanoseconds | None
    cameras: list[CameraId]
    why: DeportEnd | None


class DeportAnswer(_Answer):
    """One deport, as the room knows it. `why`: of one that ended."""

    deport: str
    what: Incident
    words: Words
    """What was declared, as people say it."""
    alarm: str
    event: str
    recipient: RecipientAnswer
    cameras: list[DeportedCamera]
    """Those of the asker's communes."""
    others: int
    """Cameras of it in other communes."""
    from_ns: Nanoseconds
    until_ns: Nanoseconds
    seconds_left: float
    is_open: bool
    why: DeportEnd | None
    why_words: Words
    lines: list[DeportLineAnswer]


class DeportsAnswer(_Answer):
    """All of them, the newest first. `minutes_max`: how far ahead an end may lie."""

    now_ns: Nanoseconds
    minutes_max: int
    deports: list[DeportAnswer]


class ReceivedCamera(_Answer):
    """A camera that its recipient may see now."""

    camera: CameraId
    number: int
    name: str
    commune: str


class MineAnswer(_Answer):
    """A deport as its recipient knows it. No camera of one that is over."""

    deport: str
    words: Words
    started_by: str
    cameras: list[ReceivedCamera]
    from_ns: Nanoseconds
    until_ns: Nanoseconds
    seconds_left: float
    is_open: bool
    ended_ns: Nanoseconds | None
    why: DeportEnd | None
    why_words: Words


def recipient_answer(recipient: DeportRecipient) -> RecipientAnswer:
    return RecipientAnswer(
        account=recipient.account,
        name=recipient.name,
        service=recipient.service,
        clearance=recipient.clearance,
        cleared_until_ns=recipient.cleared_until_ns,
    )


def deport_answer(
    deport: Deport, records: Sequence[CameraRecord], watching: Mapping[CameraId, int], now_ns: Nanoseconds
) -> DeportAnswer:
    """`records`: of those of its cameras that the asker may know of."""
    shown, known = set(deport.shown), {record.camera for record in records}
    return DeportAnswer(
        deport=deport.deport,
        what=deport.what,
        words=deport.what.words,
        alarm=deport.alarm,
        event=deport.event,
        recipient=recipient_answer(deport.recipient),
        cameras=[
            DeportedCamera(
                camera=record.camera,
                number=record.number,
                name=record.name,
                commune=record.commune,
                watching=watching.get(record.camera, 0),
                is_withdrawn=record.camera not in shown,
            )
            for record in records
        ],
        others=len(deport.cameras) - len(records),
        from_ns=deport.from_ns,
        until_ns=deport.until_ns,
        seconds_left=seconds_left(deport, now_ns),
        is_open=deport.is_open,
        why=deport.last.why,
        why_words=_why_words(deport),
        lines=[_line(line, known) for line in deport.lines],
    )


def mine_answer(deport: Deport, records: Sequence[CameraRecord], now_ns: Nanoseconds) -> MineAnswer:
    """`records`: of the cameras that it shows."""
    left_s = seconds_left(deport, now_ns)
    return MineAnswer(
        deport=deport.deport,
        words=deport.what.words,
        started_by=deport.lines[0].by,
        cameras=[
            ReceivedCamera(camera=each.camera, number=each.number, name=each.name, commune=each.commune)
            for each in records
            if left_s > 0
        ],
        from_ns=deport.from_ns,
        until_ns=deport.until_ns,
        seconds_left=left_s,
        is_open=deport.is_open and left_s > 0,
        ended_ns=None if deport.is_open else deport.last.at_ns,
        why=deport.last.why,
        why_words=_why_words(deport),
    )


def seconds_left(deport: Deport, now_ns: Nanoseconds) -> float:
    """Until it ends by itself; 0: it did."""
    return max(0, deport.until_ns - now_ns) / NS_PER_S if deport.is_open else 0.0


def _why_words(deport: Deport) -> Words:
    return NO_WORDS if deport.last.why is None else deport.last.why.words


def _line(line: DeportLine, known: set[CameraId]) -> DeportLineAnswer:
    return DeportLineAnswer(
        step=line.step,
        at_ns=line.at_ns,
        by=line.by,
        reason=line.reason,
        until_ns=line.until_ns,
        cameras=[camera for camera in line.cameras if camera in known],
        why=line.why,
    )
