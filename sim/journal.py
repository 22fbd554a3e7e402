"""The audit journal of a simulated centre: in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from csu.centre.purge_ports import JournalEntry
from csu.hal.disk import DiskError
from csu.hal.words import Words


class JournalStandIn:
    """Remembers what was granted and how it ended; can be out of order."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.ended: list[bool] = []
        self.is_down = False

    def before(self, entry: JournalEntry) -> AbstractAsyncContextManager[Any]:
        """See Journal.before."""
        return self._before(entry)

    async def record(self, entry: JournalEntry) -> None:
        """See Journal.record."""
        if self.is_down:
            raise DiskError(Words.same("journal unavailable"), where="journal", what_to_do=Words.same(""))
        self.entries.append(entry)

    @asynccontextmanager
    async def _before(self, entry: JournalEntry) -> AsyncIterator[None]:
        if self.is_down:
            raise DiskError(Words.same("journal unavailable"), where="journal", what_to_do=Words.same(""))
        self.entries.append(entry)
        try:
            yield
        except BaseException:
            self.ended.append(False)
            raise
        self.ended.append(True)
