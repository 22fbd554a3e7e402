"""The counts of a running centre: slots are taken in, kept, and read when they may be. No alarm or wall hears of them.

A slot is kept when its counter was set, by a decision, and its camera's papers permitted it all through the slot
(AUT-4); what is refused is told once an hour, as a trouble of the counter. Nothing of a slot is told while it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from csu.centre.events import Trouble
from csu.centre.in_turn import InTurn
from csu.centre.papers import Papers
from csu.governance import CentreKey, Decision, day_in_paris, start_of_day
from csu.governance.signs import SignRegister
from csu.hal.analysis import SlotCount
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.commune_papers import communes_of
from csu.statistics import (
    Counter,
    CounterKind,
    CounterLedger,
    Counters,
    CountsOfCamera,
    CountStore,
    Kept,
    Series,
    ToldDay,
    counted_now,
    figures,
    may_count,
    readable_at_ns,
)
from csu.statistics.count_store import FILE as COUNTS_FILE
from csu.statistics.count_store import KEPT_DAYS
from csu.statistics.counter_ledger import FILE as COUNTERS_FILE
from csu.statistics.publication import usable

STATISTICS = "statistics"
"""Where a trouble of theirs is told."""
WAITING_MAX = 20_000
"""Slots that wait to be written; more are not taken in."""
GATHER_S = 1.0
"""What comes in within that time is written together."""
AGAIN_S = 30.0
"""When writing failed."""
AHEAD_NS_MAX = NS_PER_MINUTE
"""The clock of a node may be that far ahead."""
TELL_AGAIN_NS = 60 * NS_PER_MINUTE
TOLD_MAX = 1_000
FORGET_EVERY_NS = 60 * NS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class StatisticsHome:
    """What the room works with."""

    data_directory: Path
    clock: Clock
    papers: Papers
    key: CentreKey
    signs: Callable[[], Awaitable[SignRegister]]
    """The register of signs, as it stands."""
    name: Callable[[CommuneId], str]
    """Of a commune, as people say it."""
    tell: Callable[[Trouble], None]


@asynccontextmanager
async def keep_statistics(home: StatisticsHome) -> AsyncIterator[StatisticsRoom]:
    """The room; while inside, what it takes is written. Raises CsuError when its files cannot be opened."""
    ledger = await asyncio.to_thread(CounterLedger, home.data_directory / COUNTERS_FILE, home.key)
    try:
        store = await asyncio.to_thread(CountStore, home.data_directory / COUNTS_FILE)
    except CsuError:
        ledger.close()
        raise
    room = StatisticsRoom(home, ledger, store)
    writing = asyncio.create_task(room.run(), name="statistics")
    try:
        yield room
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await room.try_to_write()
        ledger.close()
        store.close()


@dataclass(slots=True)
class StatisticsRoom:
    """A `csu.console.statistics.StatisticsDesk`. One for each centre, used from its event loop."""

    home: StatisticsHome
    ledger: CounterLedger
    store: CountStore
    _waiting: list[SlotCount] = field(init=False, default_factory=list)
    _came: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _in_turn: InTurn = field(init=False, default_factory=InTurn)
    """One thread at a time uses the files."""
    _writing: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _told: dict[str, Nanoseconds] = field(init=False, default_factory=dict)
    _forgot_ns: Nanoseconds | None = field(init=False, default=None)

    # -- taking in ----------------------------------------------------------------------------------------------------

    def take(self, slot: SlotCount) -> None:
        """A slot of an analysis node. It is judged and written soon, in a thread; call it on the loop."""
        if len(self._waiting) >= WAITING_MAX:
            self._trouble(STATISTICS, Words("trop de tranches attendent d'être écrites", "too many slots wait"))
            return
        self._waiting.append(slot)
        self._came.set()

    async def run(self) -> None:
        """Write what comes, and destroy what is too old, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FORGET_EVERY_NS / NS_PER_S):
                    await self._came.wait()
            await asyncio.sleep(GATHER_S)
            if not await self.try_to_write():
                await asyncio.sleep(AGAIN_S)

    async def try_to_write(self) -> bool:
        """Once. What fails is told, and waits on."""
        try:
            await self.write()
            await self._forget()
        except CsuError as error:
            self._trouble(STATISTICS, error.trouble.words)
            return False
        return True

    async def write(self) -> None:
        """All that waits: kept, or refused and told. Raises CsuError: it goes on waiting."""
        async with self._writing:
            self._came.clear()
            slots = tuple(self._waiting)
            if not slots:
                return
            counters, signs = await self._counters(), await self.home.signs()
            good = []
            for slot in slots:
                why = self._fault(slot, counters, signs)
                if why is None:
                    good.append(slot)
                else:
                    self._trouble(f"{STATISTICS}/{slot.counter}", why)
            kept = await self._in_turn(lambda: self.store.append(good))
            del self._waiting[: len(slots)]
        for slot, what in zip(good, kept, strict=True):
            if what is Kept.OTHER:
                why = Words("deux comptes pour une tranche : le premier reste", "two counts of a slot: the first stays")
                self._trouble(f"{STATISTICS}/{slot.counter}", why)

    # -- for who assigns analyses -------------------------------------------------------------------------------------

    async def counted_now(self) -> Mapping[CameraId, CountsOfCamera]:
        """What each camera may count now. Raises CsuError: then nothing may be counted."""
        counters, signs = await self._counters(), await self.home.signs()
        return counted_now(counters.counters, self.home.papers.register, signs, self.home.clock.now_ns())

    # -- for who reads ------------------------------------------------------------------------------------------------

    def communes(self) -> Sequence[CommuneId]:
        """All that the papers name, by name."""
        return communes_of(self.home.papers.register, ())

    def name(self, commune: CommuneId) -> str:
        """As people say it; its identifier where nobody wrote it down."""
        return self.home.name(commune)

    async def counters(self, commune: CommuneId) -> Sequence[Counter]:
        """Those of a commune, by kind and place; also those that are over. Raises CsuError."""
        commune_of = self.home.papers.register.commune_of
        found = [each for each in (await self._counters()).counters if commune_of(each.camera) == commune]
        kinds = list(CounterKind)
        return sorted(found, key=lambda each: (kinds.index(each.kind), each.place, each.counter))

    async def standing(self, counter: Counter) -> Decision:
        """Whether it counts now, and why. Raises CsuError."""
        return may_count(counter, self.home.papers.register, await self.home.signs(), self.home.clock.now_ns())

    def last_day(self) -> date:
        """Today: the last day of which something may be told."""
        return day_in_paris(self.home.clock.now_ns())

    def first_day(self) -> date:
        """The first day that is kept."""
        return self.last_day() - timedelta(days=KEPT_DAYS - 1)

    async def told(self, counters: Sequence[Counter], first: date, last: date) -> list[ToldDay]:
        """What may be read of those counters, for the days from `first` to `last`. Raises CsuError."""
        now_ns = self.home.clock.now_ns()
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        found: list[ToldDay] = []
        for counter in counters:  # one turn each: who takes in slots does not wait for a long question
            found += await self._in_turn(partial(self._told_of, counter, days, now_ns))
        return found

    # -- inside -------------------------------------------------------------------------------------------------------

    def _told_of(self, counter: Counter, days: Sequence[date], now_ns: Nanoseconds) -> list[ToldDay]:
        found: list[ToldDay] = []
        for day in days:
            from_ns, to_ns = start_of_day(day), start_of_day(day + timedelta(days=1))
            from_ns, to_ns = max(from_ns, counter.span.from_ns), min(to_ns, counter.span.to_ns)
            length_ns = counter.slot_s * NS_PER_S
            readable = [at for at in range(from_ns, to_ns, length_ns) if readable_at_ns(at, counter.slot_s) <= now_ns]
            if not readable:
                continue
            slots = self.store.slots(counter.counter, from_ns, readable[-1] + length_ns)
            known = {(slot.counted, slot.slot_ns): slot for slot in slots if usable(slot, counter.slot_s)}
            for counted in counter.counted:
                mine = [known.get((counted, at)) for at in readable]
                for forward in counter.directions:
                    counts = (None if slot is None else slot.forward if forward else slot.backward for slot in mine)
                    told = figures(counts, from_ns, counter.slot_s)
                    found.append(ToldDay(Series(counter.counter, counted, forward), day, told))
        return found

    async def _counters(self) -> Counters:
        def read() -> Counters:
            self.ledger.catch_up()
            return self.ledger.state

        return await self._in_turn(read)

    def _fault(self, slot: SlotCount, counters: Counters, signs: SignRegister) -> Words | None:
        """Why it is not kept; None: it is."""
        counter, now_ns = counters.named(slot.counter), self.home.clock.now_ns()
        if counter is None or counter.camera != slot.camera:
            return Words("personne n'a décidé ce comptage", "nobody decided on this count")
        end_ns = slot.slot_ns + slot.slot_s * NS_PER_S
        shape = (slot.slot_s, slot.counted in counter.counted, slot.slot_ns % (slot.slot_s * NS_PER_S))
        share_fits = 0 <= slot.seen_share <= 1
        if shape != (counter.slot_s, True, 0) or min(slot.forward, slot.backward) < 0 or not share_fits:
            return Words("cette tranche n'est pas de ce compteur", "this slot is not of this counter")
        if end_ns > now_ns + AHEAD_NS_MAX:
            return Words("cette tranche n'est pas finie", "this slot is not over")
        if now_ns >= readable_at_ns(slot.slot_ns, slot.slot_s):
            return Words("arrivée trop tard : la lacune reste", "came too late: the gap stays")
        for at_ns in (slot.slot_ns, end_ns - 1):
            permitted = may_count(counter, self.home.papers.register, signs, at_ns)
            if not permitted:
                return permitted.reason
        return None

    async def _forget(self) -> None:
        now_ns = self.home.clock.now_ns()
        if self._forgot_ns is not None and 0 <= now_ns - self._forgot_ns < FORGET_EVERY_NS:
            return
        await self._in_turn(lambda: self.store.forget_before(now_ns - KEPT_DAYS * NS_PER_DAY))
        self._forgot_ns = now_ns

    def _trouble(self, where: str, what: Words) -> None:
        now_ns, key = self.home.clock.now_ns(), f"{where} {what.en}"
        before = self._told.get(key)
        if before is None or not 0 <= now_ns - before < TELL_AGAIN_NS:
            if len(self._told) > TOLD_MAX:
                self._told.clear()
            self._told[key] = now_ns
            self.home.tell(Trouble(where, what, now_ns))
