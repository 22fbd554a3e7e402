"""The journal for asyncio: the entry is durable before the first byte, and many callers share one commit.

    async with desk.before(entry) as ticket:      # JournalUnavailable here: nothing happens
        ...send the bytes...                      # an exception here: the entry ends as FAILED

All file work runs in the loop's executor, one batch at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from csu.governance.anchor import Anchor
from csu.governance.anchoring import Anchoring, Elsewhere
from csu.governance.centre_key import CentreKey
from csu.governance.journal import CHAIN, AuditJournal, JournalAlert
from csu.governance.journal_entry import Ended, JournalEntry, JournalRow, Operation, Outcome
from csu.governance.journal_reading import journal_unavailable
from csu.governance.journal_watch import JournalWatch
from csu.governance.register_errors import JournalUnavailable
from csu.hal.clock import Clock
from csu.hal.errors import CsuError

WAITING_MAX = 4_096
"""Entries that wait for a commit; one more is refused, and so is what it was about."""
BATCH_MAX = 512

_T = TypeVar("_T")


@dataclass(slots=True)
class Ticket:
    """A granted action that goes on. Its holder may say how it ends; else it ends as DONE."""

    row: JournalRow
    operation: Operation
    outcome: Outcome = Outcome.DONE
    sha256: str = ""
    """Of what went out."""


class Journal(Protocol):
    """What is needed of a `JournalDesk` by whoever acts."""

    async def record(self, entry: JournalEntry) -> object:
        """Write an entry that needs no end. Raises CsuError: then what it tells of must not happen."""
        ...

    def before(self, entry: JournalEntry) -> AbstractAsyncContextManager[Ticket]:
        """The entry first, the deed inside, its end last. Raises CsuError, before or after."""
        ...


class JournalDesk:
    """One a process. What tampering is found goes to the journal's `on_alert`, from a thread of the executor."""

    def __init__(self, journal: AuditJournal, key: CentreKey, clock: Clock, elsewhere: Elsewhere | None = None) -> None:
        self._journal, self._clock = journal, clock
        self._anchoring = None if elsewhere is None else Anchoring(CHAIN, key, elsewhere)
        self._watch = JournalWatch(journal, key.public)
        self._waiting: list[tuple[JournalEntry | Ended, asyncio.Future[JournalRow]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._closed = False
        self.refused = 0
        """Entries refused because too many waited, or the desk was closed."""
        self.unended = 0
        """Failed actions whose end could not be written either."""

    async def record(self, entry: JournalEntry) -> JournalRow:
        """Write one entry that needs no end: a live selection, a PTZ order, a refused attempt.

        Durable when it returns. Raises JournalUnavailable: then what it tells of must not happen.
        """
        return await self._put(entry)

    @asynccontextmanager
    async def before(self, entry: JournalEntry) -> AsyncIterator[Ticket]:
        """The entry first, the action inside, how it ended last. Raises JournalUnavailable, before or after."""
        if entry.outcome is not Outcome.GRANTED:
            raise ValueError("a refused action has no inside: record it")
        ticket = Ticket(await self._put(entry), entry.operation)
        try:
            yield ticket
        except BaseException:
            ticket.outcome = Outcome.FAILED
            try:
                await asyncio.shield(self._end(ticket))
            except JournalUnavailable:
                self.unended += 1  # what failed first is raised; the entry stands without an end, which tells itself
            raise
        await asyncio.shield(self._end(ticket))

    async def look(self) -> list[JournalAlert]:
        """Call it each minute: what somebody did to the files. Raises JournalUnavailable, JournalBroken."""
        return await self._alone(lambda: self._watch.look(self._clock.now_ns()))

    async def anchor(self, *, now: bool = False) -> Anchor | None:
        """Call it each minute: notes the head elsewhere when that is due, `now` without waiting; None: nothing was.

        What other processes wrote is read first. Raises StampRefused, AnchorUnavailable (see `Anchoring.note`),
        JournalUnavailable.
        """
        if self._anchoring is None:
            return None
        anchoring, at_ns = self._anchoring, self._clock.now_ns()
        sequence, head = await self._alone(lambda: self._journal.catch_up(at_ns))
        return await self._in_executor(lambda: anchoring.note(sequence, head, at_ns, now=now))

    async def work(self, deed: Callable[[AuditJournal], _T]) -> _T:
        """Do something else with the journal, such as `purge`, alone and in the executor."""
        return await self._alone(lambda: deed(self._journal))

    async def close(self) -> None:
        """Write what waits, then release the files. Entries after this are refused."""
        self._closed = True
        if self._writer is not None:
            await asyncio.wait([self._writer])
        await self._alone(self._journal.close)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _end(self, ticket: Ticket) -> None:
        await self._put(Ended(ticket.row.number, ticket.operation, ticket.outcome, ticket.sha256))

    async def _put(self, entry: JournalEntry | Ended) -> JournalRow:
        if self._closed or len(self._waiting) >= WAITING_MAX:
            self.refused += 1
            raise journal_unavailable("journal", TimeoutError())
        future: asyncio.Future[JournalRow] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_all())
        return await future

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                await self._write(batch)
        finally:
            self._writer = None
            for _, future in self._waiting:  # only when this task was cancelled
                _fail(future, journal_unavailable("journal", TimeoutError()))
            self._waiting = []

    async def _write(self, batch: list[tuple[JournalEntry | Ended, asyncio.Future[JournalRow]]]) -> None:
        entries = [entry for entry, _ in batch]
        try:
            rows = await self._alone(lambda: self._journal.append(entries, self._clock.now_ns()))
        except CsuError as error:
            for _, future in batch:
                _fail(future, error)
        except BaseException as error:
            for _, future in batch:
                _fail(future, journal_unavailable("journal", RuntimeError(str(error))))
            raise
        else:
            for (_, future), row in zip(batch, rows, strict=True):
                if not future.done():  # its caller was cancelled: the entry stands
                    future.set_result(row)

    async def _alone(self, work: Callable[[], _T]) -> _T:
        async with self._turn:
            return await self._in_executor(work)

    @staticmethod
    async def _in_executor(work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(None, work)


def _fail(future: asyncio.Future[JournalRow], error: CsuError) -> None:
    if not future.done():
        future.set_exception(error)
