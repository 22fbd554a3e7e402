"""The one gate of the console: who asks, may they, is it written down? Only then does a route hear of the request.

`close_with` puts it around every route of an application, and refuses an application with a route that says not what it
is for. What leads nowhere comes through here as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from csu.console.access import Access, Asked, Door, Question, Unknown, door_of
from csu.console.lookout import AskAgain, BodyAgain, BoundedBody, Lookout, Sent, Withdrawn, whole_body
from csu.console.metrics import ConsoleCounts
from csu.console.refusals import ConsoleError, Denied, Refusal, Refused
from csu.console.room import RoomView
from csu.governance import OUT_OF_SCOPE, PAST, Action, Decision, Resource, Subject, role_can
from csu.governance.journal_desk import Ticket
from csu.governance.journal_entry import JournalEntry, Outcome
from csu.governance.journaled_actions import OPERATION_OF
from csu.governance.roles import OUTGOING
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.ingest.board import CameraStatus

PASSED, SUBJECT, ASKED = "csu.gate", "csu.subject", "csu.asked"
"""Marks in the ASGI scope: the gate was here; who it let in; what was decided upon (and nothing else may be served)."""
ADMITTED_AT_NS = "csu.at_ns"
"""When: the instant that the decision holds for."""
STRANGERS_PER_MINUTE_MAX = 60
"""Requests of nobody that are journaled; more are refused all the same, and counted."""
STANDING_MAX = 4096
_NOBODY, _NO_ROLE = "nobody", "none"
_SENT = frozenset({Action.TICKET_SEND})
_TWO_PERSONS = "exp-9.second-person"


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Admission:
    subject: Subject
    asked: Asked
    decision: Decision
    at_ns: Nanoseconds
    is_standing: bool = False
    """Permitted and journaled a moment ago."""


class Gate:
    """Asks for every request, and again every `ask_again_s` while something is being sent (ACC-2, AUT-6)."""

    def __init__(
        self, room: RoomView, clock: Clock, access: Access, counts: ConsoleCounts, *, ask_again_s: float
    ) -> None:
        self._room, self._clock, self._access, self._counts = room, clock, access, counts
        self._ask_again_ns = int(ask_again_s * NS_PER_S)
        self._standing: dict[object, Nanoseconds] = {}
        self._strangers: list[Nanoseconds] = []
        self._reached: dict[tuple[Subject, Action, CommuneId | None], tuple[Nanoseconds, bool]] = {}

    def around(self, handle: ASGIApp, door: Door, methods: Collection[str] | None) -> ASGIApp:
        """`handle`, reached only through the gate. `methods`: those of an HTTP route; None: its own affair."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            scope[PASSED] = door.name
            if door.is_for_anybody:
                if not _allows(scope, methods):
                    raise Refused(Refusal.METHOD_REFUSED, where=door.name)
                await handle(scope, BoundedBody(receive), send)
                return
            try:
                subject = await self._identified(scope, door)
                body = b""
                if door.body_bytes_max:
                    body = await self._body(receive, door, subject)
                    receive = BodyAgain(body, receive)
                admission = await self._admit(scope, door, methods, subject, body)
                scope[SUBJECT], scope[ASKED] = admission.subject, admission.asked
                scope[ADMITTED_AT_NS] = admission.at_ns
                await self._serve(handle, door, admission, scope, receive, send)
            except ClientDisconnect:
                return  # before it said what it wants
            except Refused as refused:
                if scope["type"] != "websocket":
                    raise
                # Before the handshake: HTTP 403, and no frame is ever exchanged.
                self._counts.refused.labels(refused.refusal.code).inc()
                await send({"type": "websocket.close", "code": refused.refusal.value.close_code, "reason": ""})

        return guarded

    def listed(self, subject: Subject, cameras: Sequence[CameraStatus]) -> list[CameraStatus]:
        """Those of `cameras` that this person may know of (COM-3)."""
        return [line for line in cameras if self.reaches(subject, Action.CAMERA_LIST, line.record.commune)]

    def reaches(self, subject: Subject, action: Action, commune: CommuneId | None) -> bool:
        """Whether this person may do that in a commune (None: at all): to cut a list. As old as a standing yes."""
        now_ns = self._clock.monotonic_ns()
        asked_at_ns, may = self._reached.get((subject, action, commune), (None, False))
        if asked_at_ns is None or now_ns - asked_at_ns >= self._ask_again_ns:
            may = self._access.rights.decide(subject, action, Resource(commune=commune), self._clock.now_ns()).permitted
            _make_room(self._reached)
            self._reached[subject, action, commune] = (now_ns, may)
        return may

    def communes(self, subject: Subject, cameras: Sequence[CameraStatus]) -> frozenset[CommuneId]:
        """The communes of `cameras` that this person may know of (COM-3)."""
        there = {line.record.commune for line in cameras}
        return frozenset(commune for commune in there if self.reaches(subject, Action.CAMERA_LIST, commune))

    def permits(self, subject: Subject, action: Action, camera: CameraId) -> bool:
        """Whether this person may do that to a camera now: for what is only proposed to him. Not journaled."""
        return self._access.rights.decide(subject, action, Resource(camera=camera), self._clock.now_ns()).permitted

    # -- before -------------------------------------------------------------------------------------------------------

    async def _identified(self, scope: Scope, door: Door) -> Subject:
        subject = self._access.identity.subject(HTTPConnection(scope), self._clock.now_ns())
        if subject is None:
            await self._note_stranger(door)
            raise Refused(Refusal.NOT_IDENTIFIED, where=door.name)
        return subject

    async def _body(self, receive: Receive, door: Door, subject: Subject) -> bytes:
        try:
            return await whole_body(receive, door.body_bytes_max)
        except HTTPException as error:
            await self._note_refusal(door, subject, Asked(), f"console.{Refusal.BODY_TOO_LARGE.code}")
            raise Refused(Refusal.BODY_TOO_LARGE, where=door.name) from error

    async def _admit(
        self, scope: Scope, door: Door, methods: Collection[str] | None, subject: Subject, body: bytes
    ) -> _Admission:
        connection, at_ns = HTTPConnection(scope), self._clock.now_ns()
        asked = await door.about(self._question(connection, subject, door, at_ns, body))
        standing = (subject, door.name, asked)
        if self._standing.get(standing, 0) > self._clock.monotonic_ns() and _allows(scope, methods):
            permitted = Decision(True, Words("", ""), "", must_journal=True)
            return _Admission(subject, asked, permitted, at_ns, is_standing=True)
        decision = self._decide(subject, door.action, asked.resources, at_ns)
        refused = _refusal(scope, door, methods, decision)
        hidden = _hidden(subject, door, asked, decision)
        if hidden is not None:
            rule = OUT_OF_SCOPE if hidden.is_there else f"console.{hidden.refusal.code}"
            await self._note_refusal(door, subject, asked, rule)
            raise Refused(hidden.refusal, where=hidden.where)
        if refused is not None:
            rule = decision.rule if isinstance(refused, Denied) else f"console.{refused.refusal.code}"
            await self._note_refusal(door, subject, asked, rule)
            raise refused
        return _Admission(subject, asked, decision, at_ns)

    def _question(
        self, connection: HTTPConnection, subject: Subject, door: Door, at_ns: Nanoseconds, body: bytes
    ) -> Question:
        desk = self._access.desk
        path, query = connection.path_params, connection.query_params
        return Question(subject, path, query, self._room, desk, at_ns, door.action, body)

    def _decide(self, subject: Subject, action: Action, resources: Sequence[Resource], at_ns: Nanoseconds) -> Decision:
        """The first refusal, else the last grant."""
        decision = Decision(False, Words("rien n'est demandé", "nothing is asked for"), "csu", rule="csu.nothing-asked")
        for resource in resources:
            decision = self._access.rights.decide(subject, action, resource, at_ns)
            if not decision.permitted:
                break
        return decision

    async def _note_stranger(self, door: Door) -> None:
        now_ns = self._clock.monotonic_ns()
        self._strangers = [at_ns for at_ns in self._strangers if now_ns - at_ns < NS_PER_MINUTE]
        if len(self._strangers) >= STRANGERS_PER_MINUTE_MAX:
            self._counts.strangers_unjournaled.inc()
            return
        self._strangers.append(now_ns)
        await self._note_refusal(door, None, Asked(), "console.not_identified")

    async def _note_refusal(self, door: Door, subject: Subject | None, asked: Asked, rule: str) -> None:
        """Write the attempt down. Raises Refused when that cannot be done: it is refused all the same."""
        try:
            await self._access.journal.record(_entry(door, subject, asked, Outcome.REFUSED, rule))
        except CsuError as error:
            raise Refused(Refusal.JOURNAL_UNAVAILABLE, where="journal", cause=error) from error

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _serve(
        self, handle: ASGIApp, door: Door, admission: _Admission, scope: Scope, receive: Receive, send: Send
    ) -> None:
        sent = Sent(send, hashes=door.action in PAST | OUTGOING | _SENT)
        ask = self._asking(door, scope, admission)
        lookout = Lookout(sent, ask, self._clock, every_ns=self._ask_again_ns, is_socket=scope["type"] == "websocket")

        async def served() -> None:
            try:
                await handle(scope, BoundedBody(receive), lookout)
            except* (Withdrawn, ClientDisconnect):  # naked, or in the groups of who streams
                await sent.cut(reader_is_there=lookout.is_withdrawn)

        if not admission.decision.must_journal or admission.is_standing:
            await served()
            return
        is_over = False
        try:
            async with AsyncExitStack() as stack:
                ticket = await self._begin(stack, door, admission)
                self._stand(door, admission)
                await served()
                ticket.outcome, ticket.sha256 = sent.outcome, sent.sha256
                is_over = True
        except CsuError:
            if not is_over:
                raise
            self._counts.ends_unjournaled.inc()  # the deed is written down, its end is not

    async def _begin(self, stack: AsyncExitStack, door: Door, admission: _Admission) -> Ticket:
        try:
            entry = _entry(door, admission.subject, admission.asked, Outcome.GRANTED)
            return await stack.enter_async_context(self._access.journal.before(entry))
        except CsuError as error:
            raise Refused(Refusal.JOURNAL_UNAVAILABLE, where="journal", cause=error) from error

    def _stand(self, door: Door, admission: _Admission) -> None:
        if door.stands_s:
            _make_room(self._standing)
            until_ns = self._clock.monotonic_ns() + int(door.stands_s * NS_PER_S)
            self._standing[admission.subject, door.name, admission.asked] = until_ns

    def _asking(self, door: Door, scope: Scope, admission: _Admission) -> AskAgain:
        """The same question again: the same person, still with the same right? A withdrawal is journaled."""
        before, asked = admission.subject, admission.asked

        async def ask() -> Refused | None:
            at_ns = self._clock.now_ns()
            subject = self._access.identity.subject(HTTPConnection(scope), at_ns)
            if subject is None or (subject.person, subject.role) != (before.person, before.role):
                await self._note_refusal(door, before, asked, "console.session-ended")
                return Refused(Refusal.NOT_IDENTIFIED, where=door.name)
            decision = self._decide(subject, door.action, asked.resources, at_ns)
            if decision.permitted:
                return None
            await self._note_refusal(door, before, asked, decision.rule)
            return Denied(decision, where=door.name)

        return ask


def close_with(gate: Gate, app: FastAPI, nowhere: Door) -> None:
    """Put every route of `app` behind the gate. Raises ConsoleError for one that has no door."""
    for route in app.router.routes:
        door = door_of([getattr(route, "endpoint", None), getattr(route, "app", None)])
        if door is None or not isinstance(route, APIRoute | APIWebSocketRoute | Mount):
            raise _doorless(route)
        methods = route.methods if isinstance(route, APIRoute) else None
        route.handle = gate.around(route.handle, door, methods)  # type: ignore[method-assign, assignment]
    app.router.redirect_slashes = False
    app.router.default = gate.around(_leads_nowhere, nowhere, None)


async def _leads_nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise Refused(Refusal.NOT_FOUND, where=scope["path"])


def _refusal(scope: Scope, door: Door, methods: Collection[str] | None, decision: Decision) -> Refused | None:
    if door.is_closed:
        leads_to_the_past = door.action in PAST | OUTGOING
        if leads_to_the_past:
            return Denied(decision, where=door.name, refusal=Refusal.REPLAY_CLOSED)
        return Refused(Refusal.NOT_FOUND, where=scope["path"])
    if not decision.permitted:
        kind = Refusal.SECOND_PERSON if decision.rule == _TWO_PERSONS else Refusal.NOT_PERMITTED
        return Denied(decision, where=door.name, refusal=kind)
    return None if _allows(scope, methods) else Refused(Refusal.METHOD_REFUSED, where=door.name)


def _hidden(subject: Subject, door: Door, asked: Asked, decision: Decision) -> Unknown | None:
    """What is asked for, if to this person there is no such thing: none there is, or in a commune that is not his."""
    unknown = asked.unknown
    if unknown is None or not role_can(subject.role, door.action):
        return None
    return unknown if not unknown.is_there or OUT_OF_SCOPE in decision.rules else None


def _allows(scope: Scope, methods: Collection[str] | None) -> bool:
    return methods is None or scope.get("method") in methods


def _entry(door: Door, subject: Subject | None, asked: Asked, outcome: Outcome, rule: str = "") -> JournalEntry:
    """Raises JournalEntryRefused (a CsuError) for what may not be written: then it is not done either."""
    return JournalEntry(
        OPERATION_OF[door.action],
        _NOBODY if subject is None else subject.person,
        _NO_ROLE if subject is None else subject.role.value,
        outcome,
        refusal=rule,
        ground=asked.ground,
        reference=asked.reference,
        case=asked.case,
        data=asked.data,
        recipient=asked.recipient,
        subject=f"console/{door.name}",
    )


def _make_room(held: dict[_Key, _Value]) -> None:
    """The oldest goes when there are too many: it will be asked again."""
    while len(held) >= STANDING_MAX:
        del held[next(iter(held))]


def _doorless(route: BaseRoute) -> ConsoleError:
    path = str(getattr(route, "path", route))
    return ConsoleError(
        Words("cette route ne dit pas à quoi elle sert", "this route does not say what it is for"),
        where=path,
        what_to_do=Words("Donnez-lui une porte : @opens(Door(...))", "Give it a door: @opens(Door(...))"),
    )
