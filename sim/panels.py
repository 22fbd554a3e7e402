"""Alarm panels and the police contact of the simulated city."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from heapq import heapify, heappop, heappush

from csu.hal.alarms import PanelId, PanelMessage
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.dispatch import DispatchCall, DispatchError, DispatchReceipt
from csu.hal.words import Words
from sim.intervals import Interval

REPEAT_AFTER_NS = 10 * NS_PER_S
REPEATS_MAX = 360
"""An hour of repeats; then the panel gives up, and says so by a counter."""


class SimPanel:
    """One panel: it repeats each message until it hears that it was taken."""

    def __init__(
        self, panel: PanelId, clock: Clock, messages: Sequence[PanelMessage], receipts_lost: Sequence[Interval] = ()
    ) -> None:
        """`receipts_lost`: when acknowledgements do not reach the panel."""
        self._panel = panel
        self._clock = clock
        self._receipts_lost = tuple(receipts_lost)
        self._due = [(message.raised_at_ns, message.sequence, message) for message in messages]
        heapify(self._due)
        self._sent: dict[int, int] = {}
        self._heard: set[int] = set()
        self.given_up = 0
        self.on_acknowledged: Callable[[PanelMessage], None] = lambda message: None
        """Called with each acknowledgement the centre gives, heard or not: where an oracle looks at the disk."""

    @property
    def panel(self) -> PanelId:
        return self._panel

    @property
    def repeats(self) -> int:
        """Messages sent again so far."""
        return sum(sent - 1 for sent in self._sent.values())

    async def messages(self) -> AsyncIterator[PanelMessage]:
        """See AlarmPanel.messages. Never ends."""
        while True:
            if not self._due:
                await asyncio.Event().wait()  # a panel with nothing more to say
            due_ns, sequence, message = self._due[0]
            await asyncio.sleep(max(0, due_ns - self._clock.now_ns()) / NS_PER_S)
            heappop(self._due)
            if sequence in self._heard:
                continue
            self._sent[sequence] = sent = self._sent.get(sequence, 0) + 1
            if sent <= REPEATS_MAX:
                heappush(self._due, (self._clock.now_ns() + REPEAT_AFTER_NS, sequence, message))
            else:
                self.given_up += 1
            yield message

    async def acknowledge(self, message: PanelMessage) -> None:
        """See AlarmPanel.acknowledge."""
        self.on_acknowledged(message)
        if not self._are_receipts_lost(self._clock.now_ns()):
            self._heard.add(message.sequence)

    def _are_receipts_lost(self, at_ns: Nanoseconds) -> bool:
        return any(start_ns <= at_ns < end_ns for start_ns, end_ns in self._receipts_lost)


class SimDispatch:
    """The police contact: it answers after some seconds, sometimes not at all, sometimes only after it has heard."""

    def __init__(self, clock: Clock, chance: Chance, *, silent_share: float = 0.05) -> None:
        """`silent_share`: calls that get no answer; in half of them the call was heard all the same."""
        self._clock = clock
        self._chance = chance
        self._silent_share = silent_share
        self.received: dict[str, DispatchCall] = {}
        self.asked = 0

    async def notify(self, call: DispatchCall) -> DispatchReceipt:
        """See Dispatch.notify."""
        self.asked += 1
        fate = self._chance.uniform(0, 1)
        await asyncio.sleep(self._chance.uniform(0.5, 6.0))
        if fate >= self._silent_share / 2:
            self.received.setdefault(call.call, call)
        if fate < self._silent_share:
            raise DispatchError(
                Words("pas de réponse", "no answer"),
                where=call.service,
                what_to_do=Words("Rappelez, ou téléphonez", "Call again, or by telephone"),
            )
        return DispatchReceipt(call.call, f"{call.service} 1", self._clock.now_ns())
