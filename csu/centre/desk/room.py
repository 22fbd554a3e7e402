"""The requisition desk of a running centre: a command is decided, stored, applied, journaled and, where the law wants
it, registered before it returns (docs/decisions/0037).

A shell around `csu.evidence.RequisitionDesk`. Packages are made in the executor, one at a time, from what is on disk:
nothing is asked of the recorders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

from csu.centre.desk.lines import NOTED_AS, entry_of, export_entry, told_of, transmitted
from csu.centre.desk.register import DeskRegister
from csu.centre.desk.sources import Sources
from csu.centre.events import Trouble
from csu.console.evidence_desk import Preparing
from csu.evidence import (
    CameraSpan,
    Case,
    CaseState,
    DeskEvent,
    ExportOrder,
    HandOver,
    Hold,
    JournalExtract,
    JournalLine,
    Requisition,
    RequisitionDesk,
    StoredSegment,
)
from csu.evidence.case import refused
from csu.evidence.case_events import CaseLocked, HoldPlaced, HoldRequested, PackageHandedOver, PackagePrepared
from csu.evidence.desk import Ceiling
from csu.evidence.desk_store import DeskStore
from csu.evidence.seal import recipients_of
from csu.evidence.spans import is_within, united
from csu.evidence.stretch import stretch
from csu.governance import Action, JournalDesk, LegalRegister, Role, Signature
from csu.governance.journal_extract import newest_about, rows_of_case
from csu.governance.register_lines import Transmitted
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words

NOTES = "desk/"
"""Subjects of the journal's entries about stored events: `desk/<number>/<event>`, with its digest."""
CLOSED_WITHIN_S = 60.0
_T = TypeVar("_T")


class PackageKeeper(Protocol):
    """What the desk needs of `evidence_packages.Packages`. Calls block; each raises CsuError."""

    def require_authority(self) -> object: ...

    def make(self, order: ExportOrder, segments: Iterable[StoredSegment], recipients: Sequence[str]) -> str: ...

    def is_there(self, sha256: str) -> bool: ...

    def read(self, sha256: str) -> Iterator[bytes]: ...

    def remove(self, sha256: str) -> int: ...


_RELEASED = (CaseState.VALIDATED, CaseState.HANDED_OVER)


@dataclass(slots=True)
class _Making:
    """A package that is being made: counted by the thread that makes it."""

    since_ns: Nanoseconds
    done: int = 0
    of: int = 0

    def each(self, sources: Sources) -> Iterator[StoredSegment]:
        for segment in sources.segments:
            yield segment
            self.done += 1


@dataclass(frozen=True, slots=True)
class DeskPorts:
    """What the desk needs of the rest of the centre. `register`: an object of its own."""

    clock: Clock
    journal: JournalDesk
    register: LegalRegister
    store: DeskStore
    packages: PackageKeeper
    ceiling: Ceiling
    expires: Ceiling
    """When a picture that nobody locks is destroyed."""
    records: Mapping[CameraId, CameraRecord]
    centre: str
    public_key: str
    """Of the journal, raw Ed25519, hexadecimal."""
    find: Callable[[Sequence[CameraSpan], Nanoseconds], Awaitable[Sources]]
    erase: Callable[[str, Nanoseconds], Awaitable[None]]
    """Destroys and registers what the evidence store keeps of a case whose copy is due. Raises CsuError."""
    alone: Callable[[], asyncio.Lock]
    """Held while a round of the purge runs: between its decision and its deed nothing is locked or held."""
    past_is_clean: Callable[[], bool]
    """Whether all that had expired when the centre began is gone: before, no past is served."""
    tell: Callable[[Trouble], None]


class DeskRoom:
    """A `csu.console.EvidenceDesk`. Calls come from one event loop, `close_case` from any other thread."""

    def __init__(self, ports: DeskPorts) -> None:
        """Replay the stored events. Raises CaseRefused, DeskBroken: events that the rules do not allow."""
        self._ports = ports
        self._loop = asyncio.get_running_loop()
        self._turn, self._exporting = asyncio.Lock(), asyncio.Lock()
        self._signed: dict[tuple[str, Action], Signature] = {}
        self._register = DeskRegister(ports.register)
        self._preparing: dict[str, _Making] = {}
        self.desk = RequisitionDesk(ports.ceiling)
        for stored in ports.store.events:
            self._apply(stored.event, stored.role)

    async def open(self) -> None:
        """What the journal last noted must be there, and every hand-over in the legal register. Raises CsuError."""
        noted = await self._read_journal(lambda journal: newest_about(journal, NOTES, NOTED_AS))
        if noted is not None:
            self._ports.store.require(int(noted.subject.split("/")[1]), noted.sha256)
        await self._settle()

    # -- what is -------------------------------------------------------------------------------------------------------

    def cases(self) -> Sequence[Case]:
        return self.desk.cases

    def holds(self) -> Sequence[Hold]:
        return self.desk.holds

    def hold_requests(self) -> Sequence[HoldRequested]:
        return self.desk.hold_requests

    def dies_at_ns(self, span: CameraSpan) -> Nanoseconds | None:
        """See EvidenceDesk.dies_at_ns."""
        return self._ports.expires(span.camera, span.from_ns) if span.camera in self._ports.records else None

    def preparing(self, case: str) -> Preparing | None:
        """See EvidenceDesk.preparing."""
        making = self._preparing.get(case)
        return None if making is None else Preparing(making.since_ns, making.done, making.of)

    async def transmitted(self, case: str) -> Sequence[Transmitted]:
        """See EvidenceDesk.transmitted."""
        return await self._register.lines_of(self.desk.case(case))

    def signed_before(self, case: str, action: Action) -> Signature | None:
        return self._signed.get((case, action))

    # -- steps ---------------------------------------------------------------------------------------------------------

    async def receive(self, case: str, act: Requisition, by: Signature) -> Case:
        return await self._case(case, by, lambda who, at: self.desk.receive(case, act, by=who, at_ns=at))

    async def check(self, case: str, by: Signature) -> Case:
        return await self._case(case, by, lambda who, at: self.desk.check(case, by=who, at_ns=at))

    async def reject(self, case: str, reason: str, by: Signature) -> Case:
        return await self._case(case, by, lambda who, at: self.desk.reject(case, reason=reason, by=who, at_ns=at))

    async def lock(self, case: str, by: Signature) -> Case:
        """Waits for a round of the purge to end: what it took was gone before, what it left is locked."""
        async with self._ports.alone():
            return await self._case(case, by, lambda who, at: self.desk.lock(case, by=who, at_ns=at))

    async def prepare(self, case: str, recipients: Sequence[str], by: Signature) -> Case:
        """Raises ReleaseRefused, ExportFailed, EvidenceInputRefused as well: then there is no package."""
        self._require_clean(case)
        recipients_of(recipients)
        self._ports.packages.require_authority()
        async with self._exporting:
            with self._made_known(case) as making:
                return await self._prepared(case, recipients, by, making)

    async def _prepared(self, case: str, recipients: Sequence[str], by: Signature, making: _Making) -> Case:
        now_ns = self._ports.clock.now_ns()
        found = self.desk.case(case)
        found.require(CaseState.LOCKED)
        spans = united(found.act.spans)
        self.desk.require_release(case, spans, now_ns)
        sources = await self._ports.find(spans, now_ns)
        making.of = len(sources.segments)
        async with self._ports.journal.before(export_entry(found, spans, by)) as ticket:
            order = await self._order(found, spans, sources, by, now_ns)
            sha256 = await asyncio.to_thread(self._ports.packages.make, order, making.each(sources), recipients)
            ticket.sha256 = sha256
            try:
                return await self._case(
                    case,
                    by,
                    lambda who, at: self.desk.prepare(case, spans, sha256, by=who, at_ns=at, recipients=recipients),
                )
            except BaseException:
                if all(each.package_sha256 != sha256 for each in self.desk.case(case).exports):
                    self._ports.packages.remove(sha256)
                raise

    async def return_package(self, case: str, reason: str, by: Signature) -> Case:
        returned = await self._case(
            case, by, lambda who, at: self.desk.return_package(case, reason=reason, by=who, at_ns=at)
        )
        await asyncio.to_thread(self._ports.packages.remove, returned.exports[-1].package_sha256)
        return returned

    async def validate(self, case: str, by: Signature) -> Case:
        self._require_package(self.desk.case(case))
        return await self._case(case, by, lambda who, at: self.desk.validate(case, by=who, at_ns=at))

    async def hand_over(self, case: str, hand_over: HandOver, by: Signature) -> Case:
        return await self._handed(case, by, lambda who, at: self.desk.hand_over(case, hand_over, by=who, at_ns=at))

    async def offer(self, case: str, hand_over: HandOver, by: Signature) -> Case:
        """What the legal register would refuse is not offered either."""

        def decide(who: str, at_ns: Nanoseconds) -> list[DeskEvent]:
            events = self.desk.offer(case, hand_over, by=who, at_ns=at_ns)
            transmitted(self.desk.case(case), hand_over, at_ns)
            return events

        return await self._case(case, by, decide)

    async def add_seal(self, case: str, seal: str, by: Signature) -> Case:
        return await self._case(case, by, lambda who, at: self.desk.add_seal(case, seal=seal, by=who, at_ns=at))

    async def sign_receipt(self, case: str, sha256: str, by: Signature) -> Case:
        return await self._handed(
            case, by, lambda who, at: self.desk.sign_receipt(case, sha256=sha256, by=who, at_ns=at)
        )

    async def _handed(self, case: str, by: Signature, decide: Callable[[str, Nanoseconds], list[DeskEvent]]) -> Case:
        def registrable(who: str, at_ns: Nanoseconds) -> list[DeskEvent]:
            events = decide(who, at_ns)
            for event in events:
                if isinstance(event, PackageHandedOver):  # what the register would refuse is not handed over
                    transmitted(self.desk.case(case), event.hand_over, at_ns)
            return events

        handed = await self._case(case, by, registrable)
        await self._settle()
        return handed

    async def end_lock(self, case: str, instruction: str, by: Signature) -> Case:
        return await self._case(
            case, by, lambda who, at: self.desk.end_lock(case, instruction=instruction, by=who, at_ns=at)
        )

    async def copy_destroyed(self, case: str, certificate: str, by: Signature) -> Case:
        """Destroys what is still there first; where the purge was here before, the case is closed and says so."""
        now_ns = self._ports.clock.now_ns()
        self.desk.copy_destroyed(case, certificate=certificate, by=by.person, at_ns=now_ns)
        await asyncio.to_thread(self._erase_packages, case)
        await self._ports.erase(case, now_ns)
        return await self._case(
            case, by, lambda who, at: self.desk.copy_destroyed(case, certificate=certificate, by=who, at_ns=at)
        )

    def close_case(self, case: str, certificate: str, now_ns: Nanoseconds) -> None:
        """The purge destroyed the pieces: the packages go too, and the case closes. From a thread of the executor.

        Blocks. Raises CsuError.
        """
        self._erase_packages(case)
        asyncio.run_coroutine_threadsafe(self.close(case, certificate, now_ns), self._loop).result(CLOSED_WITHIN_S)

    # -- holds ---------------------------------------------------------------------------------------------------------

    async def request_hold(self, hold: str, span: CameraSpan, reason: str, by: Signature) -> HoldRequested:
        await self._do(by, lambda who, at: self.desk.request_hold(hold, span, reason=reason, by=who, at_ns=at))
        return next(each for each in self.desk.hold_requests if each.hold == hold)

    async def place_hold(self, hold: str, by: Signature) -> Hold:
        """Waits as `lock` does."""
        async with self._ports.alone():
            await self._do(by, lambda who, at: self.desk.grant_hold(hold, by=who, at_ns=at))
        return next(each for each in self.desk.holds if each.hold == hold)

    async def end_hold(self, hold: str, reason: str, by: Signature) -> Hold:
        await self._do(by, lambda who, at: self.desk.end_hold(hold, reason=reason, by=who, at_ns=at))
        return next(each for each in self.desk.holds if each.hold == hold)

    async def tick(self) -> None:
        """Call it each minute: what time alone brings is stored, journaled and told. Raises CsuError."""
        await self._settle()
        for event in await self._do(None, lambda who, at: self.desk.tick(at)):
            told = told_of(event, self.desk)
            if told is not None:
                self._ports.tell(Trouble(told[0], told[1], self._ports.clock.now_ns()))

    # -- footage -------------------------------------------------------------------------------------------------------

    async def package(self, case: str) -> AsyncIterator[bytes]:
        """See EvidenceDesk.package."""
        self._require_clean(case)
        found = self.desk.case(case)
        _require_released(found)
        async for piece in _in_thread(self._ports.packages.read(self._require_package(found))):
            yield piece

    async def footage(self, case: str, span: CameraSpan) -> AsyncIterator[bytes]:
        """See EvidenceDesk.footage."""
        self._require_clean(case)
        found = self.desk.case(case)
        _require_released(found)
        if span.is_empty or not is_within([span], found.act.spans):
            raise refused(case, Words("hors de l'acte", "outside the act"), _NOTHING)
        sources = await self._ports.find([span], self._ports.clock.now_ns())
        async for piece in _in_thread(stretch(sources.segments, span)):
            yield piece

    # -- inside --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _made_known(self, case: str) -> Iterator[_Making]:
        making = self._preparing[case] = _Making(self._ports.clock.now_ns())
        try:
            yield making
        finally:
            del self._preparing[case]

    async def _case(self, case: str, by: Signature, decide: Callable[[str, Nanoseconds], Sequence[DeskEvent]]) -> Case:
        await self._do(by, decide)
        return self.desk.case(case)

    async def _do(
        self, by: Signature | None, decide: Callable[[str, Nanoseconds], Sequence[DeskEvent]]
    ) -> Sequence[DeskEvent]:
        """Decide, store, apply, journal: in this order, one command at a time, and not torn apart by who hangs up."""
        return await asyncio.shield(asyncio.ensure_future(self._done(by, decide)))

    async def _done(
        self, by: Signature | None, decide: Callable[[str, Nanoseconds], Sequence[DeskEvent]]
    ) -> Sequence[DeskEvent]:
        role = None if by is None else by.role
        async with self._turn:
            events = decide("" if by is None else by.person, self._ports.clock.now_ns())
            if not events:
                return ()
            stored = await asyncio.to_thread(self._ports.store.append, events, role)
            for each in stored:
                self._apply(each.event, role)
            for each in stored:
                await self._ports.journal.record(entry_of(each, f"{NOTES}{each.sequence}", by))
        return events

    def _apply(self, event: DeskEvent, role: Role | None) -> None:
        self.desk.apply(event)
        if role is not None and isinstance(event, CaseLocked):
            self._signed[event.case, Action.LOCK_END] = Signature(event.by, role)
        if role is not None and isinstance(event, HoldPlaced):
            self._signed[event.hold, Action.HOLD_END] = Signature(event.by, role)
        if role is not None and isinstance(event, PackagePrepared):
            self._signed[event.case, Action.CASE_RELEASE] = Signature(event.by, role)

    async def close(self, case: str, certificate: str, now_ns: Nanoseconds) -> None:
        """Its copy is destroyed and certified. Idempotent."""
        if self.desk.case(case).state is CaseState.CLOSED:
            return
        await self._do(
            None, lambda who, at: self.desk.copy_destroyed(case, certificate=certificate, by="csu", at_ns=now_ns)
        )

    async def _order(
        self, found: Case, spans: Sequence[CameraSpan], sources: Sources, by: Signature, now_ns: Nanoseconds
    ) -> ExportOrder:
        since = datetime.fromtimestamp(found.received_at_ns // NS_PER_S, UTC).date()
        rows = await self._read_journal(lambda journal: tuple(rows_of_case(journal, found.case, since)))
        cameras = dict.fromkeys(span.camera for span in spans)
        return ExportOrder(
            found.case,
            found.act,
            tuple(spans),
            by.person,
            now_ns,
            self._ports.centre,
            tuple(self._ports.records[camera] for camera in cameras if camera in self._ports.records),
            sources.chains,
            JournalExtract(tuple(JournalLine(*row) for row in rows), self._ports.public_key),
            sources.unlinked,
            sources.gaps,
            sources.absent,
        )

    def _erase_packages(self, case: str) -> None:
        for each in self.desk.case(case).exports:
            self._ports.packages.remove(each.package_sha256)

    async def _read_journal(self, read: Callable[[Path], _T]) -> _T:
        """Beside who writes to it, not in their turn."""
        directory = await self._ports.journal.work(lambda kept: kept.directory)
        return await asyncio.to_thread(read, directory)

    async def _settle(self) -> None:
        await self._register.settle(self.desk.cases)

    def _require_clean(self, case: str) -> None:
        if not self._ports.past_is_clean():
            raise refused(
                case,
                Words("des images échues ne sont pas encore détruites", "expired footage is not yet destroyed"),
                Words(
                    "Rien du passé ne sort avant : voyez l'alerte « retention », puis recommencez",
                    "Nothing of the past leaves before: see the alert `retention`, then try again",
                ),
            )

    def _require_package(self, found: Case) -> str:
        sha256 = found.exports[-1].package_sha256 if found.exports else ""
        if not sha256 or not self._ports.packages.is_there(sha256):
            raise refused(found.case, Words("le paquet n'est pas là", "the package is not there"), _NOTHING)
        return sha256


def _require_released(found: Case) -> None:
    """The console asked; the desk asks again: nothing leaves on one answer."""
    if found.state not in _RELEASED or found.lock_ended_by:
        raise refused(found.case, Words("dossier non libéré", "the case is not released"), _NOTHING)


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


_NOTHING = Words("Rien n'est sorti", "Nothing left")
