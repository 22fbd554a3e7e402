"""What the law wants around what is recorded: the journal before, destruction on its day, the register after.

Opened and closed with a centre. No requisition desk is bound to it yet, so nothing is held or locked; no orders of a
prefect either, so footage lives as long as the doctrine and the law's month allow, whichever is shorter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from csu.centre.events import Trouble
from csu.centre.purge import Purge
from csu.centre.purge_ports import PurgePorts
from csu.centre.volumes import VolumeKeeper
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
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.chance import Chaos
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.recording import Catalogue
from csu.recording.destruction import Footage, Protection
from csu.recording.key_store import LocalKeyStore

EVERY_S = NS_PER_MINUTE / NS_PER_S

Tell = Callable[[Trouble], None]


@asynccontextmanager
async def keep_past(
    data_directory: Path,
    *,
    clock: Clock,
    chaos: Chaos,
    doctrine: LocalDoctrine,
    catalogue: Catalogue,
    keys: LocalKeyStore,
    communes: Mapping[CameraId, CommuneId],
    volumes: VolumeKeeper,
    tell: Tell,
) -> AsyncIterator[JournalDesk]:
    """The journal, for whoever acts; while inside, what has expired is destroyed each minute.

    `volumes`: opened; what the purge clears.

    `catalogue`: the purge's own object. `tell` may be called from any thread. Raises CsuError when the journal or the
    register cannot be opened: without them nothing may be done.
    """
    loop = asyncio.get_running_loop()

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
        purge = Purge(
            PurgePorts(
                clock=clock,
                chaos=chaos,
                journal=journal,
                catalogue=catalogue,
                keys=keys,
                tiers=volumes.tiers(),
                evidence=NoCases(),
                register=register,
                rules=lambda camera, span: rules_over(orders, doctrine, camera, span),
                cameras=lambda: communes,
                shortest_days=lambda: doctrine.retention_days_max,
                tell=tell,
                is_out_of_reach=volumes.is_out_of_reach,
            )
        )
        try:
            await purge.start()
        except CsuError as error:  # the rounds go on trying; nothing of the past is served meanwhile, or ever, here
            tell(Trouble("purge", error.trouble.beside("purge"), clock.now_ns()))
        keeping = asyncio.create_task(_keep(purge, journal, volumes, tell, clock), name="past")
        stack.push_async_callback(_end, keeping)
        yield journal


async def _keep(purge: Purge, journal: JournalDesk, volumes: VolumeKeeper, tell: Tell, clock: Clock) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(volumes.run(purge.start, tell), name="volumes")
        group.create_task(purge.run(), name="purge")
        group.create_task(purge.watch(), name="purge watch")
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await journal.look()
            except CsuError as error:
                tell(Trouble("journal", error.trouble.beside("journal"), clock.now_ns()))


async def _end(keeping: asyncio.Task[None]) -> None:
    keeping.cancel()
    try:
        await keeping
    except asyncio.CancelledError:
        return


class NoCases:
    """A `csu.centre.purge_ports.EvidenceKeeper` where no requisition can come in: nothing is held, locked or kept."""

    def protection(self, now_ns: Nanoseconds) -> Protection:
        """Nothing."""
        return Protection()

    def preserve(self, footage: Footage, spans: Sequence[Span]) -> None:
        """Never asked for."""
        raise AssertionError(f"{footage.name}: preserved without a lock")

    def unlocked(self, now_ns: Nanoseconds) -> Sequence[str]:
        """No case."""
        return ()

    def destroy(self, case: str, now_ns: Nanoseconds) -> None:
        """Never asked for."""
        raise AssertionError(f"{case}: no such case")
