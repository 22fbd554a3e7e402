"""The operations log of a running centre (OPS-2): it writes what happens by itself, and what people say.

Nothing that happened is left out because a disk was slow: what cannot be written waits, is told, and is tried again;
after a crash the lines of the alarms that are still open are made good.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from csu.alarms import Alarm
from csu.centre.control import Centre
from csu.centre.events import CentreEvent, Trouble
from csu.centre.rooms.log_lines import HEARD, lines_of, lines_of_alarm
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations import Draft, LogbookEntry, LogEntryRefused, OperationsLog

LOG = "operations-log"
FILE = "operations-log.sqlite"
WAITING_MAX = 10_000
"""Lines that may wait for the disk: a storm of an hour."""
RETRY_S = 1.0

_T = TypeVar("_T")


class LogRoom:
    """One per centre. `hear` its events, `run` it, `close` it."""

    def __init__(self, path: Path, *, clock: Clock, tell: Callable[[Trouble], None]) -> None:
        """Blocks. Raises LogBroken, LogNotKept."""
        self._log, self._clock, self._tell = OperationsLog(path), clock, tell
        self._turn = asyncio.Lock()
        """One thread at a time."""
        self._waiting: deque[Draft] = deque()
        self._woken = asyncio.Event()
        self._in_trouble = False
        self.written = 0
        """Lines since the start."""

    # -- what happens -------------------------------------------------------------------------------------------------

    def hear(self, event: CentreEvent) -> None:
        """Write it down, if the log says anything of it. Does not block."""
        try:
            drafts = [*lines_of(event)]
        except LogEntryRefused as error:
            self._tell(Trouble(LOG, error.trouble.words, self._clock.now_ns()))
            return
        for draft in drafts:
            self._wait(draft)

    async def open(self, unfinished: Iterable[Alarm]) -> None:
        """Make good what a crash kept from being written of these alarms. Raises CsuError."""
        for alarm in unfinished:
            written = {entry.entry.text for entry in await self.of_alarm(alarm.alarm)}
            written |= {draft.text for draft in self._waiting if draft.alarm == alarm.alarm}
            for draft in lines_of_alarm(alarm):
                if draft.text not in written:
                    self._wait(draft)

    async def run(self) -> None:
        """Write what waits, for ever; in the order in which it happened."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                try:
                    await self.write(self._waiting[0])
                except CsuError as error:
                    if not self._in_trouble:
                        self._tell(Trouble(LOG, error.trouble.words, self._clock.now_ns()))
                    self._in_trouble = True
                    await asyncio.sleep(RETRY_S)
                    continue
                self._in_trouble = False
                self._waiting.popleft()

    # -- what people say and read -------------------------------------------------------------------------------------

    async def write(self, draft: Draft) -> LogbookEntry:
        """An entry; durable when this returns. Raises LogEntryRefused, LogNotKept, LogBroken."""
        entry = await self._ask(lambda: self._log.write(draft, self._clock.now_ns()))
        self.written += 1
        return entry

    async def newest(self, most: int, before: int | None = None) -> Sequence[LogbookEntry]:
        """The last ones, or the last below a number, in order. Raises CsuError."""
        return await self._ask(lambda: self._log.newest(most, before))

    async def reading(self, number: int) -> Sequence[LogbookEntry]:
        """An entry and its corrections; none: no such number. Raises CsuError."""
        return await self._ask(lambda: self._log.reading(number))

    async def of_alarm(self, alarm: str) -> Sequence[LogbookEntry]:
        """All that was written about an alarm. Raises CsuError."""
        return await self._ask(lambda: self._log.of_alarm(alarm))

    def close(self) -> None:
        """Release the file."""
        self._log.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _wait(self, draft: Draft) -> None:
        if len(self._waiting) >= WAITING_MAX:
            what = Words("une ligne n'a jamais été écrite", "a line was never written")
            self._tell(Trouble(LOG, what, self._clock.now_ns()))
            return
        self._waiting.append(draft)
        self._woken.set()

    async def _ask(self, question: Callable[[], _T]) -> _T:
        async with self._turn:
            return await asyncio.to_thread(question)


@asynccontextmanager
async def keep_log(
    centre: Centre, data_directory: Path, *, clock: Clock, tell: Callable[[Trouble], None]
) -> AsyncIterator[LogRoom]:
    """The log of a centre that is about to run. Begin before it does: nothing it tells may be missed. Raises LogBroken,
    LogNotKept."""
    room = await asyncio.to_thread(lambda: LogRoom(data_directory / FILE, clock=clock, tell=tell))

    async def follow() -> None:
        await centre.opened.wait()
        await room.open(centre.desk.unfinished())
        await room.run()

    centre.listen(room.hear, HEARD)
    following = asyncio.create_task(follow(), name="operations log")
    try:
        yield room
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        room.close()
