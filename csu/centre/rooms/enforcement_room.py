"""Video enforcement at work: live sessions over the relay, the desk's decisions, records kept, and gone in their time.

The decisions are the desk's (`csu.operations.enforcement`). No other room of the centre has a way in here (VVB-1).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from csu.centre.events import CentreEvent, Trouble
from csu.governance import (
    BY_CSU,
    Action,
    DataSpan,
    Decision,
    Ground,
    Journal,
    JournalEntry,
    Operation,
    People,
    Resource,
    Role,
    Span,
    Subject,
    TicketingPermit,
)
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.chance import Ids
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import MaskedFrame
from csu.hal.media import LiveFragment, LiveRelay
from csu.hal.words import Words
from csu.operations.enforcement import (
    OFFENCES,
    Blot,
    DeskPorts,
    Draft,
    Enforcement,
    KeptTicket,
    TicketRecord,
    TicketStore,
    View,
    picture_of,
)

_Done = TypeVar("_Done")

TICKETS = "tickets"
"""Where a trouble of theirs is told."""
DESTROY_EVERY_S = 600.0


class HeldPictures(Protocol):
    """`csu.cluster.session_pictures.SessionPictures`."""

    def begin(self, session: str, camera: CameraId) -> None: ...

    def offer(self, session: str, fragment: LiveFragment) -> None: ...

    def end(self, session: str) -> None: ...

    def newest(self, session: str) -> MaskedFrame | None: ...


class Papers(Protocol):
    """`csu.centre.papers.Papers`: the rules, by the papers of now."""

    def decide(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> Decision: ...


@dataclass(frozen=True, slots=True)
class EnforcementParts:
    """What the room stands on."""

    clock: Clock
    ids: Ids
    journal: Journal
    papers: Papers
    permit: Callable[[CameraId, Nanoseconds], TicketingPermit | None]
    people: Callable[[], People]
    """The list as it is now."""
    records: Mapping[CameraId, CameraRecord]
    relay: LiveRelay
    pictures: HeldPictures
    shred: Callable[[Sequence[str], Nanoseconds], None]
    """Destroy the keys of past days of which no file is left; given are the files that are. Raises CsuError."""
    tell: Callable[[CentreEvent], None]


class EnforcementRoom:
    """A `csu.console.enforcement.EnforcementDesk`. One deed at a time; pictures are decoded in a thread."""

    def __init__(self, store: TicketStore, parts: EnforcementParts) -> None:
        self._store, self._parts = store, parts
        ports = DeskPorts(
            parts.ids,
            parts.pictures,
            store,
            parts.papers,
            self._agent,
            parts.permit,
            lambda camera: parts.records.get(camera),
        )
        self._desk = Enforcement(ports)
        self._turn = asyncio.Lock()
        self._in_trouble = False

    # -- what is read -------------------------------------------------------------------------------------------------

    def cameras(self) -> Sequence[CameraId]:
        """Those that some paper designates now."""
        now_ns = self._parts.clock.now_ns()
        return [camera for camera in self._parts.records if self._parts.permit(camera, now_ns) is not None]

    def why_not(self, account: str, camera: CameraId) -> Mapping[str, Words | None]:
        """Of each offence of the table why that agent may not record it there now; None: he may."""
        now_ns = self._parts.clock.now_ns()
        return {each.offence: self._desk.why_not(account, camera, each, now_ns) for each in OFFENCES}

    def session_camera(self, account: str, session: str) -> CameraId | None:
        """Which camera his session shows; None: it is over, or not his."""
        return self._desk.camera_of(account, session)

    def draft(self, account: str) -> Draft | None:
        """The one that he has not signed yet."""
        return self._desk.draft_of(account, self._parts.clock.now_ns())

    async def still(self, account: str, draft: str, number: int) -> bytes:
        """One of its stills as JPEG. Raises TicketRefused."""
        taken = self._desk.draft(account, draft, self._parts.clock.now_ns()).still(number)
        return await asyncio.to_thread(picture_of, taken)

    def records(self, account: str) -> Sequence[KeptTicket]:
        """What he signed and is still there, the newest first."""
        mine = [each for each in self._store.tickets().values() if each.signed.account == account]
        return [each for each in reversed(mine) if each.destroyed_at_ns is None]

    # -- what the agent does ------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def watch(self, camera: CameraId, account: str) -> AsyncIterator[tuple[str, AsyncIterator[LiveFragment]]]:
        """His live session: its name, and its fragments. Raises KeyError: no such camera."""
        async with self._parts.relay.watch(camera) as fragments:
            session = self._desk.begin(account, camera, self._parts.clock.now_ns()).session
            self._parts.pictures.begin(session, camera)
            try:
                yield session, self._held(session, fragments)
            finally:
                self._desk.end(session)
                self._parts.pictures.end(session)

    async def open(self, account: str, session: str, offence: str) -> Draft:
        """See Enforcement.open."""
        return await self._do(lambda now_ns: self._desk.open(account, session, offence, now_ns))

    async def take(self, account: str, draft: str, view: View) -> Draft:
        """See Enforcement.take."""
        return await self._do(lambda now_ns: self._desk.take(account, draft, view, now_ns))

    async def paint(self, account: str, draft: str, still: int, blots: Sequence[Blot]) -> Draft:
        """See Enforcement.paint."""
        return await self._do(lambda now_ns: self._desk.paint(account, draft, still, blots, now_ns))

    async def mark(self, account: str, draft: str, corners: Sequence[tuple[float, float]]) -> Draft:
        """See Enforcement.mark."""
        return await self._do(lambda now_ns: self._desk.mark(account, draft, corners, now_ns))

    async def stop(self, account: str, draft: str, view: View) -> Draft:
        """See Enforcement.stop."""
        return await self._do(lambda now_ns: self._desk.stop(account, draft, view, now_ns))

    async def drop(self, account: str, draft: str) -> None:
        """See Enforcement.drop."""
        await self._do(lambda now_ns: self._desk.drop(account, draft, now_ns))

    async def sign(self, account: str, draft: str, *, plate: str, country: str, place: str) -> TicketRecord:
        """See Enforcement.sign. What was begun is gone through with, although who asked went away."""
        return await asyncio.shield(
            self._do(
                lambda now_ns: self._desk.sign(account, draft, plate=plate, country=country, place=place, now_ns=now_ns)
            )
        )

    def own(self, account: str, record: str) -> KeptTicket | None:
        """His own of that name; None: there is none."""
        return next((each for each in self.records(account) if each.signed.record == record), None)

    async def package(self, account: str, record: str) -> bytes:
        """For the ticket centre. Raises TicketUnknown, TicketsBroken, TicketsNotKept."""
        return await self._do(lambda now_ns: self._store.send(account, record, now_ns))

    # -- life ---------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Destroy what is due, now and then. For ever."""
        while True:
            await self.destroy_due()
            await asyncio.sleep(DESTROY_EVERY_S)

    async def destroy_due(self) -> None:
        """Each journaled first. What cannot be done is told, and tried again next time."""
        try:
            for ticket in self._store.due(self._parts.clock.now_ns()):
                await self._parts.journal.record(_destruction(ticket))
                await self._do(partial(self._store.destroy, ticket))
            await self._do(self._shred)
            self._in_trouble = False
        except CsuError as error:
            if not self._in_trouble:
                self._parts.tell(Trouble(TICKETS, error.trouble.words, self._parts.clock.now_ns()))
            self._in_trouble = True

    # -- inside -------------------------------------------------------------------------------------------------------

    def _shred(self, now_ns: Nanoseconds) -> None:
        kept = (each for each in self._store.tickets().values() if each.destroyed_at_ns is None)
        self._parts.shred([each.signed.file for each in kept], now_ns)

    async def _do(self, deed: Callable[[Nanoseconds], _Done]) -> _Done:
        async with self._turn:
            return await asyncio.to_thread(deed, self._parts.clock.now_ns())

    async def _held(self, session: str, fragments: AsyncIterator[LiveFragment]) -> AsyncIterator[LiveFragment]:
        async for fragment in fragments:
            yield fragment
            self._parts.pictures.offer(session, fragment)  # only what was sent to him may be taken

    def _agent(self, account: str, now_ns: Nanoseconds) -> Subject | None:
        """The door asked for a strong login already: here it is who he is that counts."""
        subject = self._parts.people().find(account, Role.VERBALISER, now_ns)
        return None if subject is None else replace(subject, strong_login=True)


def _destruction(ticket: KeptTicket) -> JournalEntry:
    signed = ticket.signed
    return JournalEntry(
        Operation.PURGE,
        BY_CSU.account,
        BY_CSU.role,
        ground=Ground.RETENTION,
        reference=signed.record,
        data=(DataSpan(CameraId(signed.camera), Span(signed.observed_from_ns, signed.observed_to_ns + 1)),),
        subject="tickets",
        sha256=signed.sha256,
    )
