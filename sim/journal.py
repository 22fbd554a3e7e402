"""The audit journal of a simulated centre: in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from csu.centre.purge.ports import JournalEntry
from csu.hal.chance import Chaos
from csu.hal.disk import DiskError
from csu.hal.words import Words


class JournalStandIn:
    """Remembers what was granted and how it ended; can be out of order, and has a fault point `journal.write`."""

    def __init__(self, chaos: Chaos | None = None) -> None:
        self._chaos = chaos
        self.entries: list[JournalEntry] = []
        self.ended: list[bool] = []
        self.is_down = False

    def before(self, entry: JournalEntry) -> AbstractAsyncContextManager[Any]:
        """See Journal.before."""
        return self._before(entry)

    async def record(self, entry: JournalEntry) -> None:
        """See Journal.record."""
        await self._write(entry)

    @asynccontextmanager
    async def _before(self, entry: JournalEntry) -> AsyncIterator[None]:
        await self._write(entry)
        try:
            yield
        except BaseException:
            self.ended.append(False)
            raise
        self.ended.append(True)

    async def _write(self, entry: JournalEntry) -> None:
        try:
            if self._chaos is not None:
                await self._chaos("journal.write")
        except OSError as error:
            raise _unavailable() from error
        if self.is_down:
            raise _unavailable()
        self.entries.append(entry)


def _unavailable() -> DiskError:
    return DiskError(Words.same("journal unavailable"), where="journal", what_to_do=Words.same(""))
