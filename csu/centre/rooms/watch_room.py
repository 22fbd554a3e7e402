"""The watch of two at work: who took a post at the wall, who was seen there lately, and what follows when two are not
(OPS-1). The decisions are the watch's (`csu.operations.watch`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from csu.centre.footing import Footing
from csu.operations import Watch, WatchChanged, WatchEvent


class WatchRoom:
    """One wall. Run `run`; whoever is at a post is told to `see`, which workstations do at each key and badge."""

    def __init__(self, footing: Footing, gone: Callable[[str], None], short: Callable[[bool], None]) -> None:
        """`gone`: told who is no longer at the wall; `short`: whether fewer than two are, when that changes."""
        self._footing, self._gone, self._short = footing, gone, short
        self._watch = Watch()
        self._was_short: bool | None = None
        self._woken = asyncio.Event()

    @property
    def watching(self) -> tuple[str, ...]:
        """In the order of their arrival."""
        return self._watch.watching

    @property
    def is_short(self) -> bool:
        """Fewer than two watch; true until two have shown."""
        return self._watch.is_short

    def take_post(self, person: str) -> None:
        """A person is at the wall. Raises ValueError for nobody."""
        self._told(self._watch.arrive(person, self._footing.now()))

    def see(self, person: str) -> None:
        """His workstation saw him."""
        self._told(self._watch.see(person, self._footing.now()))

    def leave_post(self, person: str, *, handed_over: bool, urgent_reason: str) -> None:
        """A person leaves. Raises LeaveRefused: he still watches."""
        self._told(self._watch.leave(person, self._footing.now(), handed_over=handed_over, urgent_reason=urgent_reason))

    async def run(self) -> None:
        """Miss who is not seen any more, and call the chief while the watch is short; sleeps until something is due."""
        while True:
            self._told(self._watch.tick(self._footing.now()))
            self._woken.clear()
            try:
                async with asyncio.timeout(self._footing.until_s(self._watch.due_at_ns())):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def _told(self, events: Sequence[WatchEvent]) -> None:
        """First what follows, then who is told: whoever hears of a short watch finds PTZ restricted already."""
        if self._watch.is_short is not self._was_short:
            self._was_short = self._watch.is_short
            self._short(self._was_short)
        for event in events:
            if isinstance(event, WatchChanged) and event.person and event.person not in event.watching:
                self._gone(event.person)
            self._footing.tell(event)
        if events:
            self._woken.set()
