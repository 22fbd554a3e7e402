"""The registers of a running centre: opened before anything is done, looked after each minute, closed last.

Each minute: has somebody touched the journal? its head and the legal register's are noted elsewhere, each hour with a
stamp; each hour the days of the journal that reached its retention go. What fails is told and tried again: it stops
nothing but itself. A journal that cannot be written stops what it would tell of, and that is told where it happens.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from csu.centre.events import Trouble
from csu.centre.registers.settings import RegisterSettings
from csu.governance import (
    Anchoring,
    AuditJournal,
    CentreKey,
    Journal,
    JournalAlert,
    JournalDesk,
    JournalEntry,
    LegalRegister,
    LocalDoctrine,
    legal_register,
)
from csu.governance.journal_desk import BATCH_MAX
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.governance.mask_entries import Note
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

EVERY_S = NS_PER_MINUTE / NS_PER_S
PURGE_EVERY_NS = 60 * NS_PER_MINUTE
TELL_AGAIN_NS = 60 * NS_PER_MINUTE
"""A failure that lasts is told once an hour, not once a minute."""
CLOCK_JUMP_NS_MAX = 10 * NS_PER_MINUTE
"""A clock that leaps further makes no day of the journal old: none goes until the centre starts again."""
LAST_ANCHOR_WITHIN_S = 15.0
"""At a stop: a volume that hangs must not keep a centre from stopping."""

Tell = Callable[[Trouble], None]


@dataclass(frozen=True, slots=True)
class Registers:
    """What whoever acts needs of them."""

    journal: JournalDesk
    legal: LegalRegister
    """For one thread at a time: who destroys and who hands over."""
    key: CentreKey
    keeper: RegisterKeeper


@asynccontextmanager
async def open_registers(
    data_directory: Path, settings: RegisterSettings, *, clock: Clock, tell: Tell, every_s: float = EVERY_S
) -> AsyncIterator[Registers]:
    """Open both, and look after them while inside; on the way out their heads are noted a last time.

    `tell` is called on the loop. Raises CsuError when one cannot be opened: without them nothing may be done; BadInput
    for settings that cannot be.
    """
    loop = asyncio.get_running_loop()

    def alert(found: JournalAlert) -> None:
        loop.call_soon_threadsafe(tell, Trouble(found.where, found.what, clock.now_ns()))

    elsewhere = settings.elsewhere(data_directory)
    key = await asyncio.to_thread(CentreKey.load_or_make, data_directory / "centre" / "key.pem")
    async with AsyncExitStack() as stack:
        kept = await asyncio.to_thread(AuditJournal, data_directory / "journal", key, alert)
        journal = JournalDesk(kept, key, clock, elsewhere)
        stack.push_async_callback(journal.close)
        path = data_directory / "register.sqlite"
        legal = await asyncio.to_thread(LegalRegister, path, key)
        stack.callback(legal.close)
        anchoring = None if elsewhere is None else Anchoring(legal_register.CHAIN, key, elsewhere)
        keeper = RegisterKeeper(journal, path, anchoring, settings, clock, tell)
        keeping = asyncio.create_task(keeper.run(every_s), name="registers")
        stack.push_async_callback(_end, keeper, keeping)
        yield Registers(journal, legal, key, keeper)


async def _end(keeper: RegisterKeeper, keeping: asyncio.Task[None]) -> None:
    keeping.cancel()
    await asyncio.wait([keeping])
    await keeper.anchor_at_stop()
    if not keeping.cancelled():
        keeping.result()  # a defect ended it before: it is raised here, and was told when it happened


class RegisterKeeper:
    """Looks after the registers. `round` is what it does each minute."""

    def __init__(
        self,
        journal: JournalDesk,
        legal: Path,
        anchoring: Anchoring | None,
        settings: RegisterSettings,
        clock: Clock,
        tell: Tell,
    ) -> None:
        """`anchoring`: of the legal register; the desk has the journal's. None: nothing is noted elsewhere."""
        self._journal, self._legal, self._anchoring = journal, legal, anchoring
        self._settings, self._clock, self._tell_now = settings, clock, tell
        self._told: dict[str, tuple[Words, Nanoseconds]] = {}
        self._purged_ns: Nanoseconds | None = None
        self._began = clock.now_ns(), clock.monotonic_ns()

    async def run(self, every_s: float) -> None:
        """Until cancelled. A defect is told at once: nobody waits for this task."""
        if self._anchoring is None:
            self._tell("anchors", _NOWHERE)
        try:
            while True:
                await asyncio.sleep(every_s)
                await self.round()
        except Exception as error:
            self._tell("registers", Words.same(f"{type(error).__name__}: {error}"))
            raise

    async def round(self) -> None:
        """Look, anchor, purge: each by itself, so that none keeps another from being done."""
        await self._try("journal", self._look)
        await self._try("journal/retention", self._purge)
        await self._try("anchors", self._anchor)
        await self._try("anchors/register", self._anchor_legal)

    async def anchor_at_stop(self) -> None:
        """The last heads. What cannot be noted is told, and the centre stops all the same."""
        try:
            async with asyncio.timeout(LAST_ANCHOR_WITHIN_S):
                await self._try("anchors", lambda: self._anchor(now=True))
                await self._try("anchors/register", lambda: self._anchor_legal(now=True))
        except TimeoutError:
            self._tell("anchors", _NOT_IN_TIME)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _try(self, where: str, deed: Callable[[], Awaitable[object]]) -> None:
        try:
            await deed()
        except CsuError as error:
            self._tell(where, error.trouble.beside(where))
        else:
            self._told.pop(where, None)

    def _tell(self, where: str, what: Words) -> None:
        now_ns = self._clock.now_ns()
        before = self._told.get(where)
        if before is None or before[0] != what or not 0 <= now_ns - before[1] < TELL_AGAIN_NS:
            self._told[where] = what, now_ns
            self._tell_now(Trouble(where, what, now_ns))

    async def _look(self) -> None:
        await self._journal.look()

    async def _anchor(self, *, now: bool = False) -> None:
        await self._journal.anchor(now=now)

    async def _anchor_legal(self, *, now: bool = False) -> None:
        anchoring = self._anchoring
        if anchoring is None:
            return
        at_ns = self._clock.now_ns()

        def note() -> None:
            sequence, head = legal_register.head_of(self._legal)
            anchoring.note(sequence, head, at_ns, now=now)

        await asyncio.get_running_loop().run_in_executor(None, note)

    async def _purge(self) -> None:
        now_ns = self._clock.now_ns()
        leap_ns = now_ns - self._began[0] - (self._clock.monotonic_ns() - self._began[1])
        if leap_ns > CLOCK_JUMP_NS_MAX:
            self._tell("journal/retention", _LEAPT)
            return
        if self._purged_ns is None or now_ns - self._purged_ns >= PURGE_EVERY_NS:
            await self._journal.work(lambda journal: journal.purge(self._settings.retention, now_ns))
            self._purged_ns = now_ns


def noting(journal: Journal) -> Note:
    """Entries from a thread beside the loop of `journal`: call it on the loop, and what it gives anywhere else."""
    loop = asyncio.get_running_loop()

    async def record(entries: Sequence[JournalEntry]) -> None:
        for at in range(0, len(entries), BATCH_MAX):
            await asyncio.gather(*(journal.record(entry) for entry in entries[at : at + BATCH_MAX]))

    return lambda entries: asyncio.run_coroutine_threadsafe(record(entries), loop).result()


async def journal_start(
    journal: Journal, settings: RegisterSettings, doctrine: LocalDoctrine, *, masks_head: str
) -> None:
    """What the centre starts with, before it starts. Raises JournalUnavailable: then it does not.

    `masks_head`: empty where the register of masks cannot be read, and everything is masked.
    """
    held = json.dumps(asdict(doctrine), sort_keys=True)
    await journal.record(deed_entry(OwnDeed.START))
    await journal.record(deed_entry(OwnDeed.DOCTRINE, sha256=hashlib.sha256(held.encode()).hexdigest()))
    await journal.record(deed_entry(OwnDeed.JOURNAL_RETENTION, str(settings.retention.days)))
    await journal.record(deed_entry(OwnDeed.MASK_REGISTER, sha256=masks_head))


async def journal_stop(journal: Journal, tell: Tell, clock: Clock) -> None:
    """That the centre stops. It stops whether or not that can be written; what cannot be is told."""
    try:
        await journal.record(deed_entry(OwnDeed.STOP))
    except CsuError as error:
        tell(Trouble("journal", error.trouble.beside("journal"), clock.now_ns()))


_NOWHERE = Words(
    "les registres ne sont ancrés nulle part ailleurs : une fin coupée ne se verrait pas (CSU_ANCHORS)",
    "the registers are anchored nowhere else: a cut end would not show (CSU_ANCHORS)",
)
_NOT_IN_TIME = Words("la dernière tête n'a pas pu être notée à temps", "the last head could not be noted in time")
_LEAPT = Words(
    "l'horloge a sauté : aucun jour du journal n'est détruit avant que le centre ne redémarre",
    "the clock leapt: no day of the journal goes before the centre starts again",
)
