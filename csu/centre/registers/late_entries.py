"""What never waits for the journal, and is told to it as soon as it can be: hiding more, halting a camera (0032).

Everything else is the other way round: the entry first, and no deed without it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from csu.governance.journal_desk import Journal
from csu.governance.journal_entry import JournalEntry
from csu.hal.errors import CsuError
from csu.hal.words import Words

WAITING_MAX = 16_384
"""Entries of deeds that are done and not journaled yet: a dozen for each of 1,300 cameras."""
AGAIN_EVERY_S = 1.0


class LateEntries:
    """In the order of the deeds. Run `run` beside whoever adds, and `finish` when nobody does any more."""

    def __init__(self, journal: Journal, tell: Callable[[Words], None]) -> None:
        self._journal, self._tell = journal, tell
        self._waiting: deque[JournalEntry] = deque()
        self._turn = asyncio.Lock()
        self._some = asyncio.Event()
        self._told = False
        self.lost = 0
        """Entries that found no room to wait in, or were left when the centre stopped: told, each time."""

    async def add(self, entry: JournalEntry) -> None:
        """What `entry` tells of is done. It is written now, or later; the first failure is told."""
        if len(self._waiting) >= WAITING_MAX:
            self._lose(1)
            return
        self._waiting.append(entry)
        await self._write()

    async def run(self) -> None:
        """Write what waits as soon as the journal can; until cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(AGAIN_EVERY_S)
            await self._write()

    async def finish(self) -> None:
        """A last try."""
        await self._write()
        if self._waiting:
            self._lose(len(self._waiting))
            self._waiting.clear()

    async def _write(self) -> None:
        async with self._turn:
            while self._waiting:
                try:
                    await self._journal.record(self._waiting[0])
                except CsuError as error:
                    self._some.set()
                    if not self._told:
                        self._told = True
                        self._tell(error.trouble.what)
                    return
                self._waiting.popleft()
            self._some.clear()
            self._told = False

    def _lose(self, count: int) -> None:
        self.lost += count
        what = Words(f"faits et jamais journalisés : {count}", f"done and never journaled: {count}")
        self._tell(what)
