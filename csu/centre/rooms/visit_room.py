"""The register of visitors of a running centre (ACC-6): who is in the room, who was; erased a year later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from csu.centre.events import CentreEvent
from csu.hal.clock import Clock
from csu.operations import KeptRows, Visit, VisitTold


class VisitRoom:
    """One per centre. Building it blocks, and erases what is old."""

    def __init__(self, path: Path, *, clock: Clock, tell: Callable[[CentreEvent], None]) -> None:
        """Raises RowNotKept, RowsBroken."""
        self._clock, self._tell, self._turn = clock, tell, asyncio.Lock()
        self._rows = KeptRows(path, "visit", Visit)
        self._visits = self._rows.load()
        self._newest = max(self._visits, default=0)
        self._rows.erase(self._forgotten())

    def visits(self) -> Mapping[int, Visit]:
        """All that are kept, by number."""
        return self._visits

    async def enter(self, visit: Visit) -> int:
        """Somebody comes in; the number of his visit. Raises RowNotKept: nothing is written, and he waits outside."""
        async with self._turn:
            now_ns, number = self._clock.now_ns(), self._newest + 1
            await asyncio.to_thread(self._rows.erase, self._forgotten())
            await asyncio.to_thread(self._rows.save, number, visit)
            self._visits[number], self._newest = visit, number
            self._tell(VisitTold(number, visit, visit.recorded_by, now_ns))
            return number

    async def leave(self, number: int, person: str) -> None:
        """He went, says `person`. Raises KeyError for no such visit, VisitRefused when he had gone; RowNotKept."""
        async with self._turn:
            now_ns = self._clock.now_ns()
            gone = self._visits[number].left(now_ns)
            await asyncio.to_thread(self._rows.save, number, gone)
            self._visits[number] = gone
            self._tell(VisitTold(number, gone, person, now_ns))

    def close(self) -> None:
        """Release the file."""
        self._rows.close()

    def _forgotten(self) -> list[int]:
        """Those that are to be erased, out of memory already."""
        now_ns = self._clock.now_ns()
        old = [number for number, visit in self._visits.items() if visit.is_to_be_erased(now_ns)]
        for number in old:
            del self._visits[number]
        return old
