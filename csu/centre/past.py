"""What the law wants around what is recorded: the journal before, destruction on its day, the register after.

Opened and closed with a centre. What the requisition desk holds or locks is left alone or kept elsewhere. No orders of
a prefect are bound to it yet: footage lives as long as the doctrine and the law's month allow, whichever is shorter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from csu.centre.desk_opening import DeskHome, OpenedDesk, open_desk
from csu.centre.desk_room import DeskRoom
from csu.centre.events import Trouble
from csu.centre.evidence_signing import EvidenceSettings
from csu.centre.purge import Purge
from csu.centre.purge_ports import PurgePorts
from csu.centre.purge_tiers import DirectoryTier
from csu.governance import (
    AuditJournal,
    AuthorisationFacts,
    AuthorisationRegister,
    CentreKey,
    JournalAlert,
    JournalDesk,
    LegalRegister,
    LocalDoctrine,
    rules_over,
)
from csu.governance.retention import RuledPiece, ceiling_of
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.chance import Chaos
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock
from csu.hal.errors import CsuError
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore

EVERY_S = NS_PER_MINUTE / NS_PER_S

Tell = Callable[[Trouble], None]


@dataclass(frozen=True, slots=True)
class Past:
    """What keeps the past, for whoever acts on it."""

    journal: JournalDesk
    desk: DeskRoom


@asynccontextmanager
async def keep_past(
    data_directory: Path,
    *,
    clock: Clock,
    chaos: Chaos,
    doctrine: LocalDoctrine,
    catalogue: Catalogue,
    keys: LocalKeyStore,
    records: Mapping[CameraId, CameraRecord],
    evidence_keys: LocalKeyStore,
    evidence: EvidenceSettings,
    tell: Tell,
) -> AsyncIterator[Past]:
    """The journal and the requisition desk; while inside, what has expired is destroyed each minute.

    `catalogue`: the purge's own object. `tell` may be called from any thread. Raises CsuError when the journal, the
    register or the desk cannot be opened: without them nothing may be done.
    """
    loop = asyncio.get_running_loop()
    communes = {camera: record.commune for camera, record in records.items()}

    def alert(found: JournalAlert) -> None:
        loop.call_soon_threadsafe(tell, Trouble(found.where, found.what, clock.now_ns()))

    key = await asyncio.to_thread(CentreKey.load_or_make, data_directory / "centre" / "key.pem")
    async with AsyncExitStack() as stack:
        kept = await asyncio.to_thread(AuditJournal, data_directory / "journal", key, alert)
        journal = JournalDesk(kept, key, clock)
        stack.push_async_callback(journal.close)
        register = await asyncio.to_thread(LegalRegister, data_directory / "register.sqlite", key)
        stack.callback(register.close)
        orders = AuthorisationRegister(AuthorisationFacts())

        def rules(camera: CameraId, span: Span) -> tuple[RuledPiece, ...]:
            return rules_over(orders, doctrine, camera, span)

        desk = await open_desk(
            stack,
            DeskHome(
                data_directory,
                clock,
                journal,
                key,
                catalogue,
                register,
                keys,
                evidence_keys,
                records,
                evidence,
                lambda camera, at_ns: ceiling_of(rules(camera, Span(at_ns, at_ns + 1))),
                alone=lambda: purge.alone,
                past_is_clean=lambda: purge.is_clean,
                tell=tell,
            ),
        )
        purge = Purge(
            PurgePorts(
                clock=clock,
                chaos=chaos,
                journal=journal,
                catalogue=catalogue,
                keys=keys,
                tiers=[DirectoryTier(data_directory / "media")],
                evidence=desk.keeper,
                register=register,
                rules=rules,
                cameras=lambda: communes,
                shortest_days=lambda: doctrine.retention_days_max,
                tell=tell,
            )
        )
        (data_directory / "media").mkdir(parents=True, exist_ok=True)
        await desk.tick(clock.now_ns())
        try:
            await purge.start()
        except CsuError as error:  # the rounds go on trying; the desk serves nothing of the past meanwhile
            tell(Trouble("purge", error.trouble.beside("purge"), clock.now_ns()))
        keeping = asyncio.create_task(_keep(purge, desk, journal, tell, clock), name="past")
        stack.push_async_callback(_end, keeping)
        yield Past(journal, desk.room)


async def _keep(purge: Purge, desk: OpenedDesk, journal: JournalDesk, tell: Tell, clock: Clock) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(purge.run(), name="purge")
        group.create_task(purge.watch(), name="purge watch")
        while True:
            await asyncio.sleep(EVERY_S)
            for where, look in (("journal", journal.look), ("desk", lambda: desk.tick(clock.now_ns()))):
                try:
                    await look()
                except CsuError as error:
                    tell(Trouble(where, error.trouble.beside(where), clock.now_ns()))


async def _end(keeping: asyncio.Task[None]) -> None:
    keeping.cancel()
    try:
        await keeping
    except asyncio.CancelledError:
        return
