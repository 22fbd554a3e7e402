"""The past of a centre and its doors in one process and one event loop, over whatever tiers and keys it is given.

What `past` puts together over this machine's volumes is put together here by the same functions over a world's. No
server, no thread, no key file of a day.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from csu.centre.desk.opening import Closed, DeskParts, put_together
from csu.centre.desk.room import DeskRoom, PackageKeeper
from csu.centre.desk.sources import Sources
from csu.centre.papers import LawOfPast, Papers
from csu.centre.past import EVERY_S, PurgeHome, keep_minutes, purge_of
from csu.centre.purge.ports import PurgeKeys
from csu.centre.purge.purge import Purge
from csu.centre.purge.tiers import Tier
from csu.centre.registers.registers import Registers, Tell, open_registers
from csu.centre.registers.settings import ANCHOR_FILE, RegisterSettings
from csu.console import (
    Access,
    Accounts,
    Claims,
    ConsoleSettings,
    RoomCounters,
    RoomHealth,
    RoomView,
    SignedTokens,
    create_app,
    make_token,
)
from csu.evidence import ExportOrder, StoredSegment
from csu.governance import (
    Agreement,
    AnchorFile,
    Designation,
    LocalDoctrine,
    Role,
    Subject,
)
from csu.governance.journal_desk import Journal, JournalDesk, Ticket
from csu.governance.journal_entry import JournalEntry, JournalRow, Operation, Outcome
from csu.governance.journal_verify import verify_journal
from csu.governance.legal_register import verify_register
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.chance import Chaos
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.disk import Disk
from csu.recording import Catalogue, CatalogueTotals
from csu.recording.destruction import Footage
from csu.recording.kept import CameraSums, LivingSegments

__all__ = [
    "Agreement",
    "CameraSums",
    "CatalogueTotals",
    "Claims",
    "Designation",
    "ExportOrder",
    "Footage",
    "InProcess",
    "Journal",
    "JournalDesk",
    "JournalEntry",
    "JournalRow",
    "LivingSegments",
    "Operation",
    "Outcome",
    "PastWorld",
    "Role",
    "RoomCounters",
    "RoomHealth",
    "RoomView",
    "Span",
    "StoredSegment",
    "Subject",
    "Ticket",
    "open_in_process",
]


@dataclass(frozen=True, slots=True)
class PastWorld:
    """What a world gives. `catalogue`: an object of its own, over the same days as the centre's."""

    directory: Path
    elsewhere: Path
    """Where heads are noted: not below `directory`."""
    clock: Clock
    chaos: Chaos
    retention_days_max: int
    """The doctrine's: no footage lives longer."""
    papers: Papers
    catalogue: Catalogue
    tiers: Sequence[Tier]
    keys: PurgeKeys
    evidence_store: Disk
    packages: PackageKeeper
    records: Mapping[CameraId, CameraRecord]
    stored: Callable[[Footage], StoredSegment | None]
    """The segment to be cut for the evidence store; None: there is nothing to cut."""
    tell: Tell
    journal_of: Callable[[JournalDesk], Journal]
    """The journal as all of the centre is to see it."""
    registers_every_s: float = EVERY_S


class InProcess:
    """An opened past. `run` it in a task beside the centre."""

    def __init__(self, world: PastWorld, registers: Registers, journal: Journal, desk: DeskRoom, purge: Purge) -> None:
        self._world, self._registers = world, registers
        self.journal, self.desk, self.purge = journal, desk, purge

    async def run(self) -> None:
        """Until cancelled: a round of the purge and a tick of the desk each minute. What fails is told."""
        await keep_minutes(self.purge, self.desk.tick, self._world.tell, self._world.clock)

    def console(self, room: RoomView, accounts: Accounts) -> FastAPI:
        """The console around `room`: an ASGI application that believes tokens of `token`."""
        identity = SignedTokens(self._registers.key.public, accounts)
        access = Access(self._world.papers, identity, self.journal, self.desk)
        return create_app(room, clock=self._world.clock, settings=ConsoleSettings(), access=access)

    def token(self, claims: Claims) -> str:
        """What a login would give."""
        return make_token(self._registers.key, claims)

    @property
    def certificates(self) -> int:
        return self.purge.counts.certificates

    async def anchor(self) -> None:
        """Note both heads now. Raises CsuError."""
        await self._registers.keeper.anchor_at_stop()

    def verify(self) -> tuple[list[str], int, int]:
        """Findings of journal and register, rows of the journal, and how many of them no anchor covers. Blocks."""
        world, key = self._world, self._registers.key.public
        anchors = AnchorFile(world.elsewhere / ANCHOR_FILE).anchors()
        verdict = verify_journal(world.directory / "journal", key, anchors)
        legal = verify_register(world.directory / "register.sqlite", key, anchors)
        found = [f"{each.where}: {each.what.en}" for each in (*verdict.findings, *legal)]
        return found, verdict.rows, verdict.unanchored


def open_in_process(world: PastWorld) -> AbstractAsyncContextManager[InProcess]:
    """Open registers, desk and purge over `world`; all that has expired is destroyed before it is given.

    Raises CsuError when one cannot be opened.
    """
    return _opened(world)


@asynccontextmanager
async def _opened(world: PastWorld) -> AsyncIterator[InProcess]:
    law = LawOfPast(world.papers, LocalDoctrine(retention_days_max=world.retention_days_max))
    settings = RegisterSettings(anchors=(world.elsewhere,))
    async with AsyncExitStack() as stack:
        registers = await stack.enter_async_context(
            open_registers(
                world.directory, settings, clock=world.clock, tell=world.tell, every_s=world.registers_every_s
            )
        )
        journal = world.journal_of(registers.journal)
        parts = DeskParts(
            world.directory,
            world.clock,
            registers.journal,
            registers.key,
            registers.legal,
            world.packages,
            world.evidence_store,
            lambda spans, now_ns: Sources((), (), (), (), ()),  # at this level there are no pictures to cut
            world.stored,
            world.records,
            "CSU",
            law.ceiling_ns,
            law.expiry_ns,
            alone=lambda: purge.alone,
            past_is_clean=lambda: purge.is_clean,
            tell=world.tell,
        )
        room, keeper = await put_together(stack, parts, _closing_soon)
        home = PurgeHome(
            world.clock,
            world.chaos,
            journal,
            world.catalogue,
            world.keys,
            world.tiers,
            registers.legal,
            world.records,
            law,
            world.tell,
        )
        purge = purge_of(home, keeper)
        await purge.start()
        yield InProcess(world, registers, journal, room, purge)


def _closing_soon(room: DeskRoom) -> Closed:
    """Where the purge has no thread of its own it cannot wait for the room: a task closes the case."""
    closing: set[asyncio.Task[None]] = set()

    def closed(case: str, certificate: str, now_ns: Nanoseconds) -> None:
        task = asyncio.get_running_loop().create_task(room.close(case, certificate, now_ns), name=f"close {case}")
        closing.add(task)
        task.add_done_callback(closing.discard)

    return closed
