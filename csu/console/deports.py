"""Image deport over HTTP (OPS-4, ACC-4): the chief opens, prolongs and closes; the room knows; one named person sees.

A deport, camera or alarm of another commune is refused like one that does not exist. No door of these turns a camera or
shows the past.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request, WebSocket
from pydantic import BaseModel, ConfigDict, Field

from csu.console.access import Door, opens
from csu.console.alarms import AlarmRoom
from csu.console.deport_answers import (
    DeportAnswer,
    DeportsAnswer,
    MineAnswer,
    RecipientAnswer,
    deport_answer,
    mine_answer,
    recipient_answer,
)
from csu.console.deport_questions import heard, prolong_told, start_told, stop_told, view_told
from csu.console.gate import SUBJECT, Gate
from csu.console.live import Viewers, close_socket, until_one_ends
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import Action, Author, DeportFacts, Role, Subject
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock
from csu.hal.media import LiveFragment
from csu.operations import Deport, DeportAsked, DeportRecipient, DeportRefused, DeportUnknown, Incident
from csu.operations.deport import CAMERAS_MAX, MINUTES_USUALLY

BODY_BYTES_MAX = 8_192
TOLD_AFTER_NS = 12 * 3_600 * NS_PER_S
"""How long its recipient still reads of a deport that ended."""
_NO_ALARM = "-"
"""Names no alarm."""

DeportName = Annotated[str, Path(pattern=r"^[\w-]{1,64}$")]
CameraName = Annotated[str, Field(max_length=64)]
Reference = Annotated[str, Field(max_length=64, pattern=r"^([A-Za-z0-9][A-Za-z0-9._:/@-]*)?$")]
Reason = Annotated[str, Field(max_length=2_000)]


class DeportDesk(Protocol):
    """What the console needs of the centre's deports."""

    @property
    def minutes_max(self) -> int:
        """How far ahead an end may lie."""
        ...

    def deports(self) -> Sequence[Deport]:
        """The open ones and those that ended lately, oldest first."""
        ...

    def watching(self, deport: str) -> Mapping[CameraId, int]:
        """The cameras of it that are being looked at now, and by how many screens."""
        ...

    def recipients(self) -> Sequence[DeportRecipient]:
        """Who is cleared now."""
        ...

    def facts(self, deport: str, account: str) -> DeportFacts | None:
        """What the rights are asked about; None: that person has no such deport open."""
        ...

    async def start(self, asked: DeportAsked, recipient: str, by: Author) -> Deport:
        """Raises DeportRefused; CsuError: it is not opened."""
        ...

    async def prolong(self, deport: str, minutes: int, reason: str, by: Author) -> Deport:
        """Raises DeportUnknown, DeportRefused; CsuError: it ends when it did."""
        ...

    async def stop(self, deport: str, reason: str, by: Author) -> Deport:
        """Raises DeportUnknown, DeportRefused: the reason may not be kept."""
        ...

    def watch(
        self, deport: str, camera: CameraId, account: str
    ) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        """Follow a camera of it. Raises DeportUnknown, KeyError."""
        ...

    async def closed(self, deport: str, camera: CameraId, account: str) -> None:
        """Returns once that camera is no longer to be shown to that person by it."""
        ...


class StartAsked(BaseModel):
    """One of `alarm` and `event` says which incident. `minutes`: until it ends by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Incident
    recipient: Annotated[str, Field(max_length=64)]
    cameras: Annotated[list[CameraName], Field(min_length=1, max_length=CAMERAS_MAX)]
    reason: Reason
    alarm: Reference = ""
    event: Reference = ""
    minutes: Annotated[int, Field(ge=1, lt=1 << 31)] = MINUTES_USUALLY


class ProlongAsked(BaseModel):
    """It ends so many minutes from now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason
    minutes: Annotated[int, Field(ge=1, lt=1 << 31)] = MINUTES_USUALLY


class StopAsked(BaseModel):
    """Why, if there is something to say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason = ""


def add_deport_doors(
    app: FastAPI,
    desk: DeportDesk | None,
    room: RoomView,
    gate: Gate,
    clock: Clock,
    viewers: Viewers,
    alarms: AlarmRoom | None,
) -> None:
    """Into `app` itself. None: this centre has none; its doors say so."""
    shown = _Shown(room, gate, clock)
    _add_readings(app, desk, shown)
    _add_deeds(app, desk, shown, alarms)
    _add_pictures(app, desk, clock, room, viewers)


class _Shown:
    """Deports as one person may know of them."""

    def __init__(self, room: RoomView, gate: Gate, clock: Clock) -> None:
        self._room, self.gate, self.clock = room, gate, clock

    def to(self, subject: Subject, deport: Deport, watching: Mapping[CameraId, int]) -> DeportAnswer | None:
        """None: none of its cameras is of his communes (COM-3)."""
        listed = {line.record.camera: line.record for line in self.gate.listed(subject, self._room.cameras())}
        records = [listed[camera] for camera in deport.cameras if camera in listed]
        return deport_answer(deport, records, watching, self.clock.now_ns()) if records else None

    def to_recipient(self, deport: Deport) -> MineAnswer:
        records = {line.record.camera: line.record for line in self._room.cameras()}
        shown = [records[camera] for camera in deport.shown if camera in records]
        return mine_answer(deport, shown, self.clock.now_ns())


def _add_readings(app: FastAPI, desk: DeportDesk | None, shown: _Shown) -> None:
    @app.get("/api/deports")
    @opens(Door("deports", Action.DEPORT_READ))
    async def deports(request: Request) -> DeportsAnswer:
        """The open ones and those that ended lately, the newest first; of the asker's communes."""
        subject, there = _subject(request), _there(desk)
        answers = [shown.to(subject, each, there.watching(each.deport)) for each in reversed(there.deports())]
        return DeportsAnswer(
            now_ns=shown.clock.now_ns(),
            minutes_max=there.minutes_max,
            deports=[answer for answer in answers if answer is not None],
        )

    @app.get("/api/deports/recipients")
    @opens(Door("deports/recipients", Action.DEPORT_STOP, stands_s=30.0))
    async def recipients() -> list[RecipientAnswer]:
        """Who is cleared by name now. Whether for a camera, its order says when it is asked for."""
        return [recipient_answer(each) for each in _there(desk).recipients()]

    @app.get("/api/deports/mine")
    @opens(Door("deports/mine", Action.ACCOUNT_READ))
    async def mine(request: Request) -> list[MineAnswer]:
        """Those that are for the asker, the newest first; ended ones for some hours."""
        subject = _subject(request)
        if subject.role is not Role.RECIPIENT:
            return []
        since_ns = shown.clock.now_ns() - TOLD_AFTER_NS
        his = [each for each in _there(desk).deports() if each.recipient.account == subject.person]
        return [shown.to_recipient(each) for each in reversed(his) if each.is_open or each.last.at_ns >= since_ns]


def _add_deeds(app: FastAPI, desk: DeportDesk | None, shown: _Shown, alarms: AlarmRoom | None) -> None:
    def answered(request: Request, deport: Deport) -> DeportAnswer:
        answer = shown.to(_subject(request), deport, _there(desk).watching(deport.deport))
        if answer is None:
            raise Refused(Refusal.DEPORT_UNKNOWN, where="deport")
        return answer

    @app.post("/api/deports")
    @opens(Door("deports/start", Action.DEPORT_START, start_told(alarms, shown.gate), body_bytes_max=BODY_BYTES_MAX))
    async def start(request: Request, told: StartAsked) -> DeportAnswer:
        """Open one. 409: no such incident, no such recipient, a camera that may not be shown to him, too long."""
        is_heard = not told.alarm or heard(alarms, shown.gate, _subject(request), told.alarm)
        asked = DeportAsked(
            told.what,
            tuple(CameraId(camera) for camera in told.cameras),
            told.reason,
            told.alarm if is_heard else _NO_ALARM,
            told.event,
            told.minutes,
        )
        try:
            return answered(request, await _there(desk).start(asked, told.recipient, _author(request)))
        except DeportRefused as error:
            raise Refused(Refusal.DEPORT_REFUSED, where="deport", cause=error) from error

    @app.post("/api/deports/{deport}/prolong")
    @opens(Door("deports/prolong", Action.DEPORT_START, prolong_told(desk), body_bytes_max=BODY_BYTES_MAX))
    async def prolong(request: Request, deport: DeportName, told: ProlongAsked) -> DeportAnswer:
        """It ends so many minutes from now. 409: it is over, or that would be too long."""
        try:
            there = _there(desk)
            return answered(request, await there.prolong(deport, told.minutes, told.reason, _author(request)))
        except DeportUnknown as error:
            raise Refused(Refusal.DEPORT_UNKNOWN, where="deport", cause=error) from error
        except DeportRefused as error:
            raise Refused(Refusal.DEPORT_REFUSED, where="deport", cause=error) from error

    @app.post("/api/deports/{deport}/stop")
    @opens(Door("deports/stop", Action.DEPORT_STOP, stop_told(desk, shown.gate)))
    async def stop(request: Request, deport: DeportName, told: StopAsked) -> DeportAnswer:
        """It ends now; one that is over stays so. 404: none of that name in the asker's communes."""
        try:
            return answered(request, await _there(desk).stop(deport, told.reason, _author(request)))
        except DeportUnknown as error:
            raise Refused(Refusal.DEPORT_UNKNOWN, where="deport", cause=error) from error
        except DeportRefused as error:
            raise Refused(Refusal.DEPORT_REFUSED, where="deport", cause=error) from error


def _add_pictures(app: FastAPI, desk: DeportDesk | None, clock: Clock, room: RoomView, viewers: Viewers) -> None:
    @app.websocket("/ws/deport/{deport}/{camera}")
    @opens(Door("deports/view", Action.DEPORT_VIEW, view_told(desk)))
    async def view(websocket: WebSocket, deport: str, camera: str) -> None:
        subject: Subject = websocket.scope[SUBJECT]
        name, account, there = CameraId(camera), subject.person, _there(desk)
        record = next((line.record for line in room.cameras() if line.record.camera == name), None)

        def watch() -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
            if record is None:
                raise Refused(Refusal.CAMERA_UNKNOWN, where="deport")
            return there.watch(deport, name, account)

        def told(fragment: LiveFragment) -> dict[str, object] | None:
            if record is None or not (fragment.is_init or fragment.is_key):
                return None
            now_ms = clock.now_ns() // NS_PER_MS
            return {"camera": name, "number": record.number, "codec": fragment.codec, "now_ms": now_ms}

        async def until_closed() -> None:
            await there.closed(deport, name, account)
            raise Refused(Refusal.DEPORT_OVER, where="deport")

        try:
            serving = viewers.serve(websocket, camera, watch, told)
            await until_one_ends(hearing=until_closed(), sending=serving)
        except Refused as refused:
            await close_socket(websocket, refused)
        except DeportUnknown as error:
            await close_socket(websocket, Refused(Refusal.DEPORT_OVER, where="deport", cause=error))
        except KeyError:
            await close_socket(websocket, Refused(Refusal.CAMERA_UNKNOWN, where="deport"))


def _subject(request: Request) -> Subject:
    subject: Subject = request.scope[SUBJECT]
    return subject


def _author(request: Request) -> Author:
    subject = _subject(request)
    return Author(subject.person, subject.role.value)


def _there(desk: DeportDesk | None) -> DeportDesk:
    if desk is None:
        raise Refused(Refusal.DEPORTS_ABSENT, where="deport")
    return desk
