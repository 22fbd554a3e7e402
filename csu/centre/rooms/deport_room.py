"""Image deport at work (OPS-4): journaled and on disk before a picture leaves, closed by itself when it must.

The decisions are the book's (`csu.operations.deport_book`). What shows less is done at once and written as soon as the
disk and the journal can.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Protocol

from csu.alarms import Alarm, AlarmId, AlarmState
from csu.centre.events import CentreEvent, Trouble
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.deport_entries import entry_of, facts_of
from csu.governance import (
    Action,
    Author,
    Decision,
    DeportFacts,
    Journal,
    People,
    Resource,
    Role,
    Span,
    Subject,
)
from csu.governance.journal_entry import BY_CSU
from csu.hal.camera import CameraId
from csu.hal.chance import Ids
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.media import LiveFragment, LiveRelay
from csu.hal.words import Words
from csu.operations import (
    Deport,
    DeportAsked,
    DeportBook,
    DeportChanged,
    DeportNotKept,
    DeportRecipient,
    DeportRule,
    DeportStore,
)
from csu.operations.deport import deport_refused, deport_unknown

DEPORTS = "deports"
"""Where a trouble of theirs is told."""
LOOK_EVERY_S = 1.0
RIGHTS_EVERY_NS = 5 * NS_PER_S
"""How soon a withdrawal of clearance, order or agreement counts; ACC-2 and AUT-6 allow 60 s."""
_OVER = frozenset({AlarmState.FALSE, AlarmState.TECHNICAL, AlarmState.CLOSED})
"""Alarms after which nothing goes on."""
NOBODY = Decision(
    False,
    Words("ce compte n'est plus ouvert à un destinataire", "this account is open to no recipient any more"),
    "CSI L252-3 ; ACC-2",
    rule="acc-2.no-account",
)


class Papers(Protocol):
    """`csu.centre.papers.Papers`: the rules, by the papers of now."""

    def decide(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> Decision: ...


@dataclass(frozen=True, slots=True)
class DeportParts:
    """What a room of deports stands on."""

    clock: Clock
    ids: Ids
    journal: Journal
    papers: Papers
    people: Callable[[], People]
    """The list as it is now."""
    alarms: Callable[[], Sequence[Alarm]]
    """Those that are not closed."""
    relay: LiveRelay
    minutes_max: int
    """By the doctrine."""
    tell: Callable[[CentreEvent], None]


class DeportRoom:
    """All deports of a running centre (`csu.console.deport.DeportDesk`). `open` it after the alarms, then `run` it."""

    def __init__(self, store: DeportStore, parts: DeportParts) -> None:
        self._store, self._parts = store, parts
        self._book = DeportBook(minutes_max=parts.minutes_max)
        self._turn = asyncio.Lock()
        """One change that is written before it counts, at a time."""
        self._writing = asyncio.Lock()
        """The newest is what is written last."""
        self._unwritten: dict[str, Deport] = {}
        self._woken, self._changed = asyncio.Event(), asyncio.Event()
        self._watching: Counter[tuple[str, CameraId]] = Counter()
        self._rights_at_ns: Nanoseconds | None = None
        self._in_trouble = self._is_opened = False
        self._late = LateEntries(parts.journal, lambda why: self._trouble(why))

    # -- what is read ----------------------------------------------------------------------------------------------

    @property
    def minutes_max(self) -> int:
        """How far ahead an end may lie."""
        return self._parts.minutes_max

    def deports(self) -> Sequence[Deport]:
        """The open ones and those that ended lately, oldest first."""
        return self._book.all()

    def watching(self, deport: str) -> Mapping[CameraId, int]:
        """The cameras of it that are being looked at now, and by how many screens."""
        return {camera: count for (name, camera), count in self._watching.items() if name == deport and count}

    def recipients(self) -> Sequence[DeportRecipient]:
        """Who is cleared now, by name. Whether for a camera, its order says."""
        now_ns = self._parts.clock.now_ns()
        found = (self._recipient(person.account, now_ns) for person in self._parts.people())
        return [recipient for recipient in found if recipient is not None]

    def goes_on(self, alarm: str) -> bool:
        """Whether an alarm of that name is open, and not found false."""
        return any(each.alarm == alarm and each.state not in _OVER for each in self._parts.alarms())

    # -- what the chief asks ---------------------------------------------------------------------------------------

    async def start(self, asked: DeportAsked, recipient: str, by: Author) -> Deport:
        """Open one. Raises DeportRefused; DeportNotKept, JournalUnavailable: nothing is opened."""
        self._require_opened()
        name, now_ns = self._parts.ids.new("deport"), self._parts.clock.now_ns()
        whom = self._recipient(recipient, now_ns)
        if whom is None:
            why = "aucun destinataire habilité ne porte ce nom", "no cleared recipient has this name"
            raise deport_refused("deport", DeportRule.RECIPIENT, *why)
        async with self._turn:
            goes_on = self.goes_on(asked.alarm) if asked.alarm else bool(asked.event)
            closed = self._closed(asked.cameras, whom, now_ns)
            proposed = self._book.start(name, asked, whom, by.account, now_ns, goes_on=goes_on, closed=closed)
            return await self._open(proposed, by)

    async def prolong(self, deport: str, minutes: int, reason: str, by: Author) -> Deport:
        """It lasts until so many minutes from now. Raises DeportUnknown, DeportRefused; DeportNotKept,
        JournalUnavailable: it ends when it did."""
        async with self._turn:
            proposed = self._book.prolong(deport, minutes, by.account, reason, self._parts.clock.now_ns())
            return await self._open(proposed, by)

    async def stop(self, deport: str, reason: str, by: Author) -> Deport:
        """It ends now, whatever disk and journal say. One that is over stays so. Raises DeportUnknown, DeportRefused:
        the reason may not be kept."""
        ended = self._book.stop(deport, by.account, reason, self._parts.clock.now_ns())
        if ended is not None:
            self._lessened([ended])
            await self._write_down(ended, by)
            await self._save()
        return self._book.deport(deport)

    # -- what the recipient sees -----------------------------------------------------------------------------------

    def facts(self, deport: str, account: str) -> DeportFacts | None:
        """What the rights are asked about; None: that person has no such deport open."""
        found = next((each for each in self._book.open() if each.deport == deport), None)
        if found is None or found.recipient.account != account or not found.shown:
            return None
        return facts_of(found)

    @asynccontextmanager
    async def watch(self, deport: str, camera: CameraId, account: str) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        """Follow a camera while the deport shows it to that person. Raises DeportUnknown; KeyError: no such camera."""
        if not self._shows(deport, camera, account):
            raise deport_unknown(deport)
        async with self._parts.relay.watch(camera) as fragments:
            self._watching[deport, camera] += 1
            try:
                yield self._while_open(fragments, deport, camera, account)
            finally:
                self._watching[deport, camera] -= 1

    async def closed(self, deport: str, camera: CameraId, account: str) -> None:
        """Returns once that person is no longer to be shown that camera by it: at once, if he is not."""
        while self._shows(deport, camera, account):
            changed = self._changed
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await changed.wait()

    # -- life ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Go on with those on disk, to the same end. Call it once the alarms are on the desk. Raises DeportNotKept."""
        kept = await asyncio.to_thread(self._store.load)
        self._book = DeportBook(kept, minutes_max=self._parts.minutes_max)
        self._is_opened = True
        await self._look()
        for resumed in self._book.resume(self._parts.clock.now_ns()):
            self._lessened([resumed])
            await self._write_down(resumed, BY_CSU)
        await self._save()

    async def run(self) -> None:
        """End what is to end, each second while any is open. For ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._late.run(), name="deports' late entries")
            while True:
                await self._look()
                await self._save()
                if not self._book.open() and not self._unwritten:
                    await self._woken.wait()
                self._woken.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._woken.wait()

    async def finish(self) -> None:
        """A last try to write what waits."""
        await self._save()
        await self._late.finish()

    # -- inside ----------------------------------------------------------------------------------------------------

    async def _open(self, proposed: Deport, by: Author) -> Deport:
        """Journal, then disk, then it counts."""
        await self._parts.journal.record(entry_of(proposed, by))
        async with self._writing:
            await asyncio.to_thread(lambda: self._store.save(proposed))
        if not self._book.keep(proposed):
            self._unwritten[proposed.deport] = self._book.deport(proposed.deport)  # it ended meanwhile: that is true
            await self._save()
            raise deport_refused(proposed.deport, DeportRule.OVER, "ce déport est terminé", "this deport is over")
        self._tell(proposed)
        return proposed

    async def _look(self) -> None:
        now_ns = self._parts.clock.now_ns()
        asks_rights = self._rights_at_ns is None or abs(now_ns - self._rights_at_ns) >= RIGHTS_EVERY_NS
        if asks_rights:
            self._rights_at_ns = now_ns
        alarms = {alarm.alarm: alarm.state for alarm in self._parts.alarms()} if self._book.open() else {}
        changed = self._book.tick(
            now_ns,
            lambda deport: not deport.alarm or alarms.get(AlarmId(deport.alarm), AlarmState.CLOSED) not in _OVER,
            (lambda deport, camera: self._refusal(deport, camera, now_ns)) if asks_rights else None,
        )
        self._lessened(changed)
        for deport in changed:
            await self._write_down(deport, BY_CSU)

    def _refusal(self, deport: Deport, camera: CameraId, now_ns: Nanoseconds) -> str:
        decision = self._decide(deport.recipient.account, camera, facts_of(deport), now_ns)
        return "" if decision.permitted else decision.rule

    def _closed(
        self, cameras: Sequence[CameraId], recipient: DeportRecipient, now_ns: Nanoseconds
    ) -> dict[CameraId, Words]:
        facts = DeportFacts(recipient.account, tuple(cameras), Span(now_ns, now_ns + NS_PER_S))
        decisions = {camera: self._decide(recipient.account, camera, facts, now_ns) for camera in cameras}
        return {camera: decision.reason for camera, decision in decisions.items() if not decision.permitted}

    def _decide(self, account: str, camera: CameraId, facts: DeportFacts, now_ns: Nanoseconds) -> Decision:
        """By the papers of now; an account that is nobody's, or suspended, sees nothing."""
        subject = self._parts.people().find(account, Role.RECIPIENT, now_ns)
        if subject is None:
            return NOBODY
        resource = Resource(camera=camera, deport=facts)
        return self._parts.papers.decide(replace(subject, strong_login=True), Action.DEPORT_VIEW, resource, now_ns)

    def _recipient(self, account: str, now_ns: Nanoseconds) -> DeportRecipient | None:
        people = self._parts.people()
        subject, person = people.find(account, Role.RECIPIENT, now_ns), people.person(account)
        clearance = subject.clearance if subject is not None else None
        if person is None or clearance is None or not clearance.counts(now_ns):
            return None
        term = clearance.term.span
        return DeportRecipient(account, person.name, clearance.service, clearance.reference, term.from_ns, term.to_ns)

    def _shows(self, deport: str, camera: CameraId, account: str) -> bool:
        return self._book.shows(deport, account, camera, self._parts.clock.now_ns())

    async def _while_open(
        self, fragments: AsyncIterator[LiveFragment], deport: str, camera: CameraId, account: str
    ) -> AsyncIterator[LiveFragment]:
        async for fragment in fragments:
            if not self._shows(deport, camera, account):
                return
            yield fragment

    def _lessened(self, deports: Sequence[Deport]) -> None:
        """These show less, or nothing, from now on: who watches is cut; they are to be written."""
        for deport in deports:
            self._unwritten[deport.deport] = deport
            self._tell(deport)

    def _tell(self, deport: Deport) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self._woken.set()
        self._parts.tell(DeportChanged(deport))

    async def _write_down(self, deport: Deport, by: Author) -> None:
        await self._late.add(entry_of(deport, by))

    async def _save(self) -> None:
        """Write what is not on disk as it is; told once, tried again each second."""
        async with self._writing:
            for name, deport in list(self._unwritten.items()):
                try:
                    await asyncio.to_thread(self._store.save, deport)
                except DeportNotKept as error:
                    if not self._in_trouble:
                        self._trouble(error.trouble.words)
                    self._in_trouble = True
                    return
                if self._unwritten[name] is deport:
                    del self._unwritten[name]
            self._in_trouble = False

    def _trouble(self, what: Words) -> None:
        self._parts.tell(Trouble(DEPORTS, what, self._parts.clock.now_ns()))

    def _require_opened(self) -> None:
        if not self._is_opened:
            what = Words("les déports ne sont pas encore relus", "the deports are not read yet")
            raise DeportNotKept(what, where=DEPORTS, what_to_do=Words("Réessayez dans un instant", "Try again soon"))
