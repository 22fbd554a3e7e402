"""Alarm panels and the police contact of the simulated city, and the words by which a scenario silences the police."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Clock, Nanoseconds
from csu.hal.dispatch import DispatchCall, DispatchError, DispatchReceipt
from csu.hal.words import Words
from sim.intervals import Interval
from sim.vocabulary import ChanceFault, Happening, LastingTelling, Signal, Stage, Telling, Trouble, Word

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
        self._said: dict[int, PanelMessage] = {}
        self._heard: set[int] = set()
        self._again: deque[PanelMessage] = deque()
        self._stirred = asyncio.Event()
        self.given_up = 0
        self.said_again = 0
        self.on_acknowledged: Callable[[PanelMessage], None] = lambda message: None
        """Called with each acknowledgement the centre gives, heard or not: where an oracle looks at the disk."""
        self.tell: Callable[[Signal], None] = lambda signal: None
        """Called when a message is first sent: the world's own word, before the centre has heard it."""

    @property
    def panel(self) -> PanelId:
        return self._panel

    @property
    def repeats(self) -> int:
        """Messages sent again so far."""
        return sum(sent - 1 for sent in self._sent.values())

    @property
    def said(self) -> int:
        """How many messages it has sent."""
        return len(self._sent)

    def say_as_strangers(self, count: int) -> None:
        """Say so many things in the names of accounts that no panel has."""
        now_ns = self._clock.now_ns()
        for number in range(1, count + 1):
            account = PanelId(f"inconnu-{number}")
            self._again.append(PanelMessage(account, number, CommuneId("?"), "?", AlarmKind.INTRUSION, now_ns))
        self.said_again += count
        self._stirred.set()

    def plan(self, messages: Sequence[PanelMessage]) -> None:
        """It will say these too."""
        for message in messages:
            heappush(self._due, (message.raised_at_ns, message.sequence, message))
        self._stirred.set()

    def say_again(self, count: int, *, forged: bool = False) -> None:
        """Say the last `count` heard messages again, long afterwards; forged: under their numbers, other words."""
        for sequence in sorted(self._heard)[-count:]:
            message = self._said[sequence]
            if forged:
                kind = AlarmKind.TEST if message.kind is not AlarmKind.TEST else AlarmKind.FIRE
                message = replace(message, kind=kind, site="?", raised_at_ns=message.raised_at_ns - NS_PER_DAY)
            self._again.append(message)
        self.said_again += len(self._again)
        self._stirred.set()

    async def messages(self) -> AsyncIterator[PanelMessage]:
        """See AlarmPanel.messages. Never ends."""
        while True:
            await self._until_due()
            if self._again:
                yield self._again.popleft()
                continue
            _, sequence, message = heappop(self._due)
            if sequence in self._heard:
                continue
            self._said[sequence] = message
            self._sent[sequence] = sent = self._sent.get(sequence, 0) + 1
            if sent == 1:
                self.tell(_rung(message, self._clock.now_ns()))
            if sent <= REPEATS_MAX:
                heappush(self._due, (self._clock.now_ns() + REPEAT_AFTER_NS, sequence, message))
            else:
                self.given_up += 1
            yield message

    async def _until_due(self) -> None:
        """Wait for what is due next, or for something to say again; a panel may have nothing more to say."""
        while not self._again:
            delay_ns = self._due[0][0] - self._clock.now_ns() if self._due else None
            if delay_ns is not None and delay_ns <= 0:
                return
            self._stirred.clear()
            try:
                async with asyncio.timeout(None if delay_ns is None else delay_ns / NS_PER_S):
                    await self._stirred.wait()
            except TimeoutError:
                return

    async def acknowledge(self, message: PanelMessage) -> None:
        """See AlarmPanel.acknowledge."""
        self.on_acknowledged(message)
        if not self._are_receipts_lost(self._clock.now_ns()):
            self._heard.add(message.sequence)

    def _are_receipts_lost(self, at_ns: Nanoseconds) -> bool:
        return any(start_ns <= at_ns < end_ns for start_ns, end_ns in self._receipts_lost)


class Asked(NamedTuple):
    """One sending of a call, as it came in."""

    at_ns: Nanoseconds
    call: DispatchCall
    contact: str


class SimDispatch:
    """The police contact: it answers after some seconds, sometimes not at all, sometimes only after it has heard."""

    def __init__(self, clock: Clock, chance: Chance, *, silent_share: float = 0.05, taken_by: str = "") -> None:
        """`silent_share`: calls that get no answer; in half of them the call was heard all the same. `taken_by`: who
        answers; empty: the service's first."""
        self._clock = clock
        self._chance = chance
        self._silent_share = silent_share
        self._taken_by = taken_by
        self._silences = 0
        self._called: set[str] = set()
        self.tries: list[Asked] = []
        """All that came in, heard or not."""
        self.received: dict[str, DispatchCall] = {}
        """What took effect, by key."""
        self.heard_ns: dict[str, Nanoseconds] = {}
        """When it did."""
        self.receipts_ns: dict[str, Nanoseconds] = {}
        """When each call's first receipt was given."""
        self.tell: Callable[[Signal], None] = lambda signal: None

    @property
    def asked(self) -> int:
        """How many sendings came in."""
        return len(self.tries)

    def fall_silent(self) -> None:
        """Hear nothing and answer nobody, until `answer_again` was asked as often."""
        self._silences += 1

    def answer_again(self) -> None:
        self._silences -= 1

    def contacts(self, service: str, commune: CommuneId) -> tuple[str, ...]:
        """See Dispatch.contacts: the duty room, then the one of the department."""
        return (f"{service}/{commune}", f"{service}/departement")

    async def notify(self, call: DispatchCall, contact: str = "") -> DispatchReceipt:
        """See Dispatch.notify."""
        is_new = call.call not in self._called
        self._called.add(call.call)
        self.tries.append(Asked(self._clock.now_ns(), call, contact))
        self.tell(_of_call("police.asked", call, self._clock.now_ns()))
        if is_new:
            self.tell(_of_call("police.called", call, self._clock.now_ns()))
        fate = self._chance.uniform(0, 1)
        await asyncio.sleep(self._chance.uniform(0.5, 6.0))
        if fate >= self._silent_share / 2 and not self._silences:
            if call.call not in self.received:
                self.tell(_of_call("police.informed", call, self._clock.now_ns()))
                self.heard_ns[call.call] = self._clock.now_ns()
            self.received.setdefault(call.call, call)
        if fate < self._silent_share or self._silences:
            raise DispatchError(
                Words("pas de réponse", "no answer"),
                where=call.service,
                what_to_do=Words("Rappelez, ou téléphonez", "Call again, or by telephone"),
            )
        self.receipts_ns.setdefault(call.call, self._clock.now_ns())
        return DispatchReceipt(call.call, self._taken_by or f"{call.service} 1", self._clock.now_ns())


def _rung(message: PanelMessage, now_ns: Nanoseconds) -> Signal:
    alarm = f"{message.panel}/{message.sequence}"
    return Signal("alarm.rung", now_ns, {"alarm": alarm, "commune": message.commune, "kind": message.kind.value})


def _of_call(kind: str, call: DispatchCall, now_ns: Nanoseconds) -> Signal:
    return Signal(kind, now_ns, {"call": call.call, "commune": call.commune})


async def _silence(happening: Happening[Telling | Trouble], stage: Stage) -> None:
    dispatch = stage.model(SimDispatch)
    dispatch.fall_silent()
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
    dispatch.answer_again()


_SILENT = Words("la police ne répond pas", "the police do not answer")
STORY_WORDS: tuple[Word[Telling], ...] = (Word("police_silent", _SILENT, LastingTelling, plays=_silence),)
FAULT_WORDS: tuple[Word[Trouble], ...] = (Word("police_silent", _SILENT, ChanceFault, plays=_silence),)
