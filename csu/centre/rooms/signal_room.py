"""Signals in a centre: from the analysis to the wall and to the people who judge them; and nowhere else (VSA-6, VSA-7).

It has no way to an alarm, a call, a deport, a ticket or a case: a person who sees something acts there by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from csu.centre.events import AnalysisChanged, CentreEvent, SignalOver, SignalRaised, SignalShown, Trouble
from csu.centre.in_turn import InTurn
from csu.detection.signals import (
    Dismissal,
    Performance,
    Qualification,
    Signal,
    SignalDesk,
    SignalDismissed,
    SignalEvent,
    SignalExpired,
    SignalId,
    SignalNotKept,
    SignalOutcome,
    SignalQualified,
    SignalRefused,
    SignalStore,
    outcome_of,
    performances,
)
from csu.detection.signals import SignalRaised as Raised
from csu.hal.camera import CameraId
from csu.hal.chance import Ids
from csu.hal.clock import NS_PER_DAY, Clock, Nanoseconds

SIGNALS = "signals"
"""Where a trouble of theirs is told."""
LOOK_EVERY_S = 1.0
REPORT_DAYS = 30
UNWRITTEN_MAX = 10_000


class AttentionOnWall(Protocol):
    """What of the wall a signal may do: bring its camera up, and let it go."""

    def signal(self, signal: str, camera: CameraId) -> None: ...

    def end_signal(self, signal: str) -> None: ...


class SignalRoom:
    """One per centre, on its event loop. Hand its `hear` what the centre tells, and `run` it."""

    def __init__(
        self,
        store: SignalStore,
        wall: AttentionOnWall,
        *,
        is_day: Callable[[CameraId, Nanoseconds], bool],
        clock: Clock,
        ids: Ids,
        tell: Callable[[CentreEvent], None],
    ) -> None:
        """`is_day`: whether the sun was up at a camera at an instant, for the report."""
        self._store, self._wall, self._is_day = store, wall, is_day
        self._clock, self._tell = clock, tell
        self._desk = SignalDesk(ids)
        self._files = InTurn()
        self._unwritten: dict[SignalId, SignalOutcome] = {}
        self._ended: set[CameraId] = set()
        """Whose analysis ended: what was being judged then does not wait again."""
        self._is_troubled = False
        self.lost = 0
        """Outcomes that could not be written and found no room to wait: told."""

    def waiting(self) -> Sequence[Signal]:
        """What a person may judge now, oldest first."""
        return self._desk.waiting()

    def due_at_ns(self, signal: Signal) -> Nanoseconds:
        """When it goes, unjudged."""
        return self._desk.ends_at_ns(signal)

    def hear(self, event: CentreEvent) -> None:
        """What analysis said, and where it ended."""
        now_ns = self._clock.now_ns()
        if isinstance(event, SignalRaised):
            self._ended.discard(event.signal.camera)
            try:
                self._came(self._desk.take(event.signal, now_ns))
            except SignalRefused as error:
                self._tell(Trouble(f"{SIGNALS}/{event.signal.camera}", error.trouble.words, now_ns))
        elif isinstance(event, AnalysisChanged):
            if event.is_analysed:
                self._ended.discard(event.camera)
            else:
                self._ended.add(event.camera)
                self._came(self._desk.withdraw(now_ns, {event.camera}))

    async def judge(
        self, signal: SignalId, outcome: Qualification | Dismissal, person: str
    ) -> SignalQualified | SignalDismissed:
        """What that person says of it. Raises SignalUnknown, JudgementRefused; SignalNotKept: it waits as before."""
        now_ns = self._clock.now_ns()
        judged: SignalQualified | SignalDismissed
        if isinstance(outcome, Qualification):
            judged = self._desk.qualify(signal, person, outcome, now_ns)
        else:
            judged = self._desk.dismiss(signal, person, outcome, now_ns)
        before = self._unwritten.pop(signal, None)  # that it waits must not be written after what became of it
        try:
            await self._files(lambda: self._store.save([outcome_of(judged)], now_ns))
        except SignalNotKept:
            self._waits_again(judged, before)
            raise
        self._over(judged.signal)
        return judged

    async def report(self) -> tuple[Nanoseconds, Nanoseconds, Sequence[Performance]]:
        """[from, to) and how each type did in the last days, as people judged it (VSA-8). Raises SignalNotKept."""
        to_ns = self._clock.now_ns()
        from_ns = to_ns - REPORT_DAYS * NS_PER_DAY
        await self._write()
        outcomes = await self._files(lambda: self._store.outcomes(from_ns, to_ns))
        return from_ns, to_ns, performances(outcomes, self._is_day)

    async def run(self) -> None:
        """Let go what nobody judged, and write what became of signals; for ever."""
        while True:
            self._came(self._desk.tick(self._clock.now_ns()))
            await self._write()
            await asyncio.sleep(LOOK_EVERY_S)

    async def finish(self) -> None:
        """A last try to write."""
        self._came(self._desk.withdraw(self._clock.now_ns()))
        await self._write()

    def _came(self, events: Iterable[SignalEvent]) -> None:
        for event in events:
            outcome = outcome_of(event)
            if len(self._unwritten) < UNWRITTEN_MAX or outcome.signal in self._unwritten:
                self._unwritten[outcome.signal] = outcome
            else:
                self.lost += 1
            if isinstance(event, Raised):
                self._wall.signal(outcome.signal, outcome.camera)
                self._tell(SignalShown(outcome.signal, outcome.camera, outcome.type, self._clock.now_ns()))
            elif isinstance(event, SignalExpired):
                self._over(event.signal)

    def _waits_again(self, judged: SignalQualified | SignalDismissed, before: SignalOutcome | None) -> None:
        self._desk.undo(judged)
        if before is not None:
            self._unwritten.setdefault(before.signal, before)
        if self._ended:
            self._came(self._desk.withdraw(self._clock.now_ns(), self._ended))

    def _over(self, signal: Signal) -> None:
        self._wall.end_signal(signal.signal)
        self._tell(SignalOver(signal.signal, signal.told.camera, self._clock.now_ns()))

    async def _write(self) -> None:
        """What became of signals; not in the way of anybody: a store that fails is told once, and tried again."""
        if not self._unwritten:
            return
        writing, now_ns = dict(self._unwritten), self._clock.now_ns()
        try:
            await self._files(lambda: self._store.save(list(writing.values()), now_ns))
        except SignalNotKept as error:
            if not self._is_troubled:
                self._is_troubled = True
                self._tell(Trouble(SIGNALS, error.trouble.words, now_ns))
            return
        self._is_troubled = False
        for signal, outcome in writing.items():
            if self._unwritten.get(signal) == outcome:
                del self._unwritten[signal]
