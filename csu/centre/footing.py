"""What every part of the control plane stands on: time, chance, fault points, threads for the disk, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from csu.centre.events import CentreCounts, CentreEvent, Trouble
from csu.hal.chance import Chance, Chaos, Ids
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

RETRY_FIRST_S, RETRY_LAST_S = 1.0, 30.0
LOOK_AGAIN_S = 0.01

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ports:
    """What the control plane needs of a world besides its devices."""

    clock: Clock
    chance: Chance
    ids: Ids
    chaos: Chaos


class Footing:
    """One per centre; its parts share it."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.counts = CentreCounts()
        self._listeners: list[tuple[Callable[[CentreEvent], None], frozenset[type]]] = []
        self._listeners_of: dict[type, tuple[Callable[[CentreEvent], None], ...]] = {}
        """By the type of event: nine of ten events are manifests taken, and few care for them."""

    def now(self) -> Nanoseconds:
        return self.ports.clock.now_ns()

    def listen(self, listener: Callable[[CentreEvent], None], kinds: Collection[type] = ()) -> None:
        """Tell `listener` every event from now on, in order, before the next thing happens. It must not block.

        `kinds`: only events of these types.
        """
        self._listeners.append((listener, frozenset(kinds)))
        self._listeners_of.clear()

    def tell(self, event: CentreEvent) -> None:
        kind = type(event)
        listeners = self._listeners_of.get(kind)
        if listeners is None:
            listeners = tuple(listener for listener, kinds in self._listeners if not kinds or kind in kinds)
            self._listeners_of[kind] = listeners
        if kind is Trouble:
            self.counts.troubles += 1
        for listener in listeners:
            listener(event)

    def tell_all(self, events: Iterable[CentreEvent]) -> None:
        for event in events:
            self.tell(event)

    def tell_trouble(self, where: str, what: Words) -> None:
        self.tell(Trouble(where, what, self.now()))

    async def chaos(self, point: str) -> None:
        """A fault point: nothing in production."""
        await self.ports.chaos(point)

    async def in_executor(self, call: Callable[[], _T]) -> _T:
        """For what blocks."""
        return await asyncio.get_running_loop().run_in_executor(None, call)

    def until_s(self, due_ns: Nanoseconds | None) -> float | None:
        """How long to sleep for what is due then; None: for ever. Never nothing: a core that does not do what is due
        may not make its shell spin."""
        return None if due_ns is None else max(LOOK_AGAIN_S, (due_ns - self.now()) / NS_PER_S)

    def retry_after_s(self, name: str, failures: int) -> float:
        """Doubling, with jitter, never more than RETRY_LAST_S: 46 nodes must not come back in step."""
        longest = min(RETRY_FIRST_S * 2 ** min(failures - 1, 10), RETRY_LAST_S)
        return self.ports.chance.stream(f"{name}/{failures}").uniform(longest / 2, longest)


def words_of(error: OSError | CsuError, place: str) -> Words:
    """What a failure is told as, beside the place it is told of."""
    return error.trouble.beside(place) if isinstance(error, CsuError) else Words.same(str(error))
