"""Video enforcement over HTTP (VVB-1 to VVB-6): the agent watches live, takes, measures, types, signs, hands over.

A picture comes in by no door of these: stills are taken from what the agent's own session is being sent. None of them
knows an alarm, a signal, a case or an instant of the past.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, NoReturn, Protocol

from fastapi import FastAPI, Path, Request, WebSocket
from fastapi.responses import Response

from csu.console.access import About, Asked, Door, Question, Unknown, one_camera, opens
from csu.console.enforcement_answers import (
    DraftAnswer,
    EnforcementAnswer,
    MarkAsked,
    OpenAsked,
    PaintAsked,
    RecordAnswer,
    SignAsked,
    ViewAsked,
    camera_for_tickets,
    draft_answer,
    enforcement_answer,
    record_answer,
)
from csu.console.gate import SUBJECT, Gate
from csu.console.live import Viewers
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import Resource, Span, Subject
from csu.governance.journal_entry import DataSpan, Ground
from csu.governance.roles import Action
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Clock
from csu.hal.errors import CsuError
from csu.hal.media import LiveFragment
from csu.hal.words import Words
from csu.operations.enforcement import (
    Blot,
    Draft,
    KeptTicket,
    Offence,
    TicketRecord,
    TicketRefused,
    TicketUnknown,
    View,
    offence_named,
)

BODY_BYTES_MAX = 4_096
CENTRE = "cnt:rennes"
"""The recipient of a record, as the journal names it: the Centre national de traitement."""
PLACE = "tickets"

DraftName = Annotated[str, Path(pattern=r"^[\w-]{1,64}$")]
RecordName = Annotated[str, Path(pattern=r"^[\w-]{1,64}$")]
StillNumber = Annotated[int, Path(ge=1, le=9)]


class EnforcementDesk(Protocol):
    """What the console needs of the centre's video enforcement."""

    def cameras(self) -> Sequence[CameraId]:
        """Those that some paper designates now."""
        ...

    def why_not(self, account: str, camera: CameraId) -> Mapping[str, Words | None]:
        """Of each offence why that agent may not record it there now; None: he may."""
        ...

    def session_camera(self, account: str, session: str) -> CameraId | None:
        """Which camera his session shows; None: it is over, or not his."""
        ...

    def draft(self, account: str) -> Draft | None:
        """The one that he has not signed yet."""
        ...

    def records(self, account: str) -> Sequence[KeptTicket]:
        """What he signed and is still there, the newest first."""
        ...

    def own(self, account: str, record: str) -> KeptTicket | None:
        """His own of that name."""
        ...

    def watch(
        self, camera: CameraId, account: str
    ) -> AbstractAsyncContextManager[tuple[str, AsyncIterator[LiveFragment]]]:
        """His live session: its name, and its fragments. Raises KeyError."""
        ...

    async def still(self, account: str, draft: str, number: int) -> bytes:
        """As JPEG. Raises TicketRefused."""
        ...

    async def open(self, account: str, session: str, offence: str) -> Draft:
        """Raises TicketRefused."""
        ...

    async def take(self, account: str, draft: str, view: View) -> Draft:
        """Raises TicketRefused."""
        ...

    async def paint(self, account: str, draft: str, still: int, blots: Sequence[Blot]) -> Draft:
        """Raises TicketRefused."""
        ...

    async def mark(self, account: str, draft: str, corners: Sequence[tuple[float, float]]) -> Draft:
        """Raises TicketRefused."""
        ...

    async def stop(self, account: str, draft: str, view: View) -> Draft:
        """Raises TicketRefused."""
        ...

    async def drop(self, account: str, draft: str) -> None:
        """Raises TicketRefused."""
        ...

    async def sign(self, account: str, draft: str, *, plate: str, country: str, place: str) -> TicketRecord:
        """Raises TicketRefused; CsuError: nothing is signed."""
        ...

    async def package(self, account: str, record: str) -> bytes:
        """For the ticket centre. Raises TicketUnknown; CsuError: it is not what was signed, or cannot be read."""
        ...


def add_enforcement_doors(
    app: FastAPI, desk: EnforcementDesk | None, room: RoomView, gate: Gate, clock: Clock, viewers: Viewers
) -> None:
    """Into `app` itself. None: this centre has none; its doors say so."""
    _add_reading(app, desk, room, gate, clock)
    _add_live(app, desk, room, clock, viewers)
    _add_stills(app, desk)
    _add_standing(app, desk)
    _add_signature(app, desk)


def _add_reading(app: FastAPI, desk: EnforcementDesk | None, room: RoomView, gate: Gate, clock: Clock) -> None:
    @app.get("/api/enforcement")
    @opens(Door("enforcement", Action.TICKET_READ, stands_s=30.0))
    async def enforcement(request: Request) -> EnforcementAnswer:
        """The designated cameras of the agent's communes, the table, his draft and his own records."""
        there, subject = _there(desk), _subject(request)
        designated = set(there.cameras())
        records = [line.record for line in gate.listed(subject, room.cameras()) if line.record.camera in designated]
        account = subject.person
        cameras = [camera_for_tickets(record, there.why_not(account, record.camera)) for record in records]
        return enforcement_answer(clock.now_ns(), cameras, there.draft(account), there.records(account))


def _add_live(app: FastAPI, desk: EnforcementDesk | None, room: RoomView, clock: Clock, viewers: Viewers) -> None:
    @app.websocket("/ws/enforcement/{camera}")
    @opens(Door("enforcement/live", Action.LIVE_VIEW, one_camera))
    async def live(websocket: WebSocket, camera: str) -> None:
        """As `/ws/live/{camera}`; the text names the session too, and the centre's clock before each key frame."""
        subject: Subject = websocket.scope[SUBJECT]
        name, told_of = CameraId(camera), dict[str, object]()

        @asynccontextmanager
        async def watching() -> AsyncIterator[AsyncIterator[LiveFragment]]:
            record = next((line.record for line in room.cameras() if line.record.camera == name), None)
            async with AsyncExitStack() as stack:
                try:
                    if record is None:
                        raise KeyError(camera)
                    there = _there(desk)
                    session, fragments = await stack.enter_async_context(there.watch(name, subject.person))
                except KeyError as error:
                    raise Refused(Refusal.CAMERA_UNKNOWN, where=PLACE) from error
                told_of.update(camera=name, number=record.number, session=session)
                yield fragments

        def told(fragment: LiveFragment) -> dict[str, object] | None:
            if not (fragment.is_init or fragment.is_key):
                return None
            return {**told_of, "codec": fragment.codec, "now_ms": clock.now_ns() // NS_PER_MS}

        await viewers.serve(websocket, camera, watching, told)


def _add_stills(app: FastAPI, desk: EnforcementDesk | None) -> None:
    @app.post("/api/enforcement/drafts")
    @opens(Door("enforcement/open", Action.TICKET_OPEN, _opening(desk), body_bytes_max=BODY_BYTES_MAX))
    async def open_one(request: Request, told: OpenAsked) -> DraftAnswer:
        """Open one, with a first still of what the session shows now. 409: a condition is missing; see which."""
        try:
            return draft_answer(await _there(desk).open(_account(request), told.session, told.offence))
        except TicketRefused as error:
            _refuse(error)

    @app.post("/api/enforcement/drafts/{draft}/stills")
    @opens(Door("enforcement/still", Action.SNAPSHOT, _of_draft(desk)))
    async def take(request: Request, draft: DraftName, told: ViewAsked) -> DraftAnswer:
        """One more still of what the same session shows now."""
        try:
            return draft_answer(await _there(desk).take(_account(request), draft, told.view))
        except TicketRefused as error:
            _refuse(error)

    @app.get(
        "/api/enforcement/drafts/{draft}/stills/{number}",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    @opens(Door("enforcement/picture", Action.SNAPSHOT, _of_draft(desk)))
    async def picture(request: Request, draft: DraftName, number: StillNumber) -> Response:
        """A still of one's own draft, as it will be signed."""
        try:
            data = await _there(desk).still(_account(request), draft, number)
        except TicketRefused as error:
            _refuse(error)
        return Response(data, media_type="image/jpeg")

    @app.post("/api/enforcement/drafts/{draft}/stills/{number}/paint")
    @opens(Door("enforcement/paint", Action.SNAPSHOT, _of_draft(desk)))
    async def paint(request: Request, draft: DraftName, number: StillNumber, told: PaintAsked) -> DraftAnswer:
        """Paint over who passes by; for good."""
        try:
            blots = [Blot(each.left, each.top, each.right, each.bottom) for each in told.parts]
            return draft_answer(await _there(desk).paint(_account(request), draft, number, blots))
        except TicketRefused as error:
            _refuse(error)


def _add_standing(app: FastAPI, desk: EnforcementDesk | None) -> None:
    @app.post("/api/enforcement/drafts/{draft}/standing")
    @opens(Door("enforcement/standing", Action.SNAPSHOT, _of_draft(desk)))
    async def mark(request: Request, draft: DraftName, told: MarkAsked) -> DraftAnswer:
        """The agent drew where the vehicle stands: it is timed from the first still on."""
        try:
            return draft_answer(await _there(desk).mark(_account(request), draft, told.corners))
        except TicketRefused as error:
            _refuse(error)

    @app.post("/api/enforcement/drafts/{draft}/standing/stop")
    @opens(Door("enforcement/standing-stop", Action.SNAPSHOT, _of_draft(desk)))
    async def stop(request: Request, draft: DraftName, told: ViewAsked) -> DraftAnswer:
        """It still stands there: the second view is taken, the timer stops. 409: too soon."""
        try:
            return draft_answer(await _there(desk).stop(_account(request), draft, told.view))
        except TicketRefused as error:
            _refuse(error)


def _add_signature(app: FastAPI, desk: EnforcementDesk | None) -> None:
    @app.post("/api/enforcement/drafts/{draft}/sign")
    @opens(Door("enforcement/sign", Action.TICKET_OPEN, _of_draft(desk)))
    async def sign(request: Request, draft: DraftName, told: SignAsked) -> RecordAnswer:
        """Sign it. 409: a condition is missing, and nothing is signed."""
        there, account = _there(desk), _account(request)
        try:
            made = await there.sign(account, draft, plate=told.plate, country=told.country, place=told.place)
        except TicketRefused as error:
            _refuse(error)
        kept = there.own(account, made.record)
        if kept is None:
            raise Refused(Refusal.TICKET_UNKNOWN, where=PLACE)
        return record_answer(kept)

    @app.post("/api/enforcement/drafts/{draft}/drop", status_code=204)
    @opens(Door("enforcement/drop", Action.TICKET_READ))
    async def drop(request: Request, draft: DraftName) -> None:
        """Record nothing: its stills are gone."""
        try:
            await _there(desk).drop(_account(request), draft)
        except TicketRefused as error:
            _refuse(error)

    @app.post(
        "/api/enforcement/records/{record}/package",
        response_class=Response,
        responses={200: {"content": {"application/zip": {}}}},
    )
    @opens(Door("enforcement/package", Action.TICKET_SEND, _of_record(desk)))
    async def package(request: Request, record: RecordName) -> Response:
        """One's own record for the ticket centre, sealed (docs/ticket-package.md)."""
        try:
            data = await _there(desk).package(_account(request), record)
        except TicketUnknown as error:
            raise Refused(Refusal.TICKET_UNKNOWN, where=PLACE, cause=error) from error
        headers = {"content-disposition": f'attachment; filename="{record}.zip"'}
        return Response(data, media_type="application/zip", headers=headers)


# -- what the rights are asked about ----------------------------------------------------------------------------------


def _opening(desk: EnforcementDesk | None) -> About:
    async def about(question: Question) -> Asked:
        """The camera that the named session shows, and the offence, if the table has it."""
        told = _object(question.body)
        camera = None if desk is None else desk.session_camera(question.subject.person, str(told.get("session", "")))
        return _asked(camera, offence_named(str(told.get("offence", ""))))

    return about


def _of_draft(desk: EnforcementDesk | None) -> About:
    async def about(question: Question) -> Asked:
        """Camera and offence of one's own draft; there is no other."""
        found = None if desk is None else desk.draft(question.subject.person)
        if found is None or found.draft != question.path.get("draft"):
            unknown = Unknown(Refusal.TICKET_UNKNOWN, PLACE, is_there=False)
            return Asked(unknown=None if desk is None else unknown, ground=Ground.LIVE_WATCH)
        return _asked(found.camera, found.offence)

    return about


def _of_record(desk: EnforcementDesk | None) -> About:
    async def about(question: Question) -> Asked:
        """One's own record of that name; there is no other."""
        name = str(question.path.get("record", ""))
        found = None if desk is None else desk.own(question.subject.person, name)
        if found is None:
            unknown = Unknown(Refusal.TICKET_UNKNOWN, PLACE, is_there=False)
            return Asked(unknown=None if desk is None else unknown, ground=Ground.LIVE_WATCH)
        signed = found.signed
        seen = DataSpan(CameraId(signed.camera), Span(signed.observed_from_ns, signed.observed_to_ns + 1))
        return Asked((Resource(),), (seen,), Ground.LIVE_WATCH, recipient=CENTRE, reference=signed.record)

    return about


def _asked(camera: CameraId | None, offence: Offence | None) -> Asked:
    kind = None if offence is None else offence.kind
    resource = Resource(camera=camera, purpose=None if kind is None else kind.purpose, offence=kind)
    return Asked((resource,), () if camera is None else (DataSpan(camera),), Ground.LIVE_WATCH)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _refuse(error: CsuError) -> NoReturn:
    raise Refused(Refusal.TICKET_REFUSED, where=PLACE, cause=error) from error


def _subject(request: Request) -> Subject:
    subject: Subject = request.scope[SUBJECT]
    return subject


def _account(request: Request) -> str:
    return _subject(request).person


def _there(desk: EnforcementDesk | None) -> EnforcementDesk:
    if desk is None:
        raise Refused(Refusal.TICKETS_ABSENT, where=PLACE)
    return desk
