"""What the law wants of what is recorded: destruction on its day, between the journal and the legal register.

Opened and closed with a centre. Footage lives as long as the order under which it was captured, the law's month and the
doctrine all allow. No requisition desk is bound to it yet, so nothing is held or locked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from csu.centre.events import Trouble
from csu.centre.papers import Papers
from csu.centre.purge import Purge
from csu.centre.purge_ports import PurgePorts
from csu.centre.purge_tiers import DirectoryTier
from csu.centre.registers import Registers
from csu.governance import (
    LocalDoctrine,
    rules_over,
)
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.chance import Chaos
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.recording import Catalogue
from csu.recording.destruction import Footage, Protection
from csu.recording.key_store import LocalKeyStore

Tell = Callable[[Trouble], None]


@asynccontextmanager
async def keep_past(
    data_directory: Path,
    *,
    clock: Clock,
    chaos: Chaos,
    doctrine: LocalDoctrine,
    papers: Papers,
    catalogue: Catalogue,
    keys: LocalKeyStore,
    communes: Mapping[CameraId, CommuneId],
    registers: Registers,
    tell: Tell,
) -> AsyncIterator[None]:
    """While inside, what has expired is destroyed each minute.

    `catalogue`: the purge's own object. `registers.legal` is the purge's while inside.
    """
    async with AsyncExitStack() as stack:
        purge = Purge(
            PurgePorts(
                clock=clock,
                chaos=chaos,
                journal=registers.journal,
                catalogue=catalogue,
                keys=keys,
                tiers=[DirectoryTier(data_directory / "media")],
                evidence=NoCases(),
                register=registers.legal,
                rules=lambda camera, span: rules_over(papers.register, doctrine, camera, span),
                cameras=lambda: communes,
                shortest_days=lambda: papers.register.shortest_days(doctrine),
                tell=tell,
            )
        )
        papers.listen(purge.rules_changed)
        (data_directory / "media").mkdir(parents=True, exist_ok=True)
        try:
            await purge.start()
        except CsuError as error:  # the rounds go on trying; nothing of the past is served meanwhile, or ever, here
            tell(Trouble("purge", error.trouble.beside("purge"), clock.now_ns()))
        keeping = asyncio.create_task(_keep(purge), name="past")
        stack.push_async_callback(_end, keeping)
        yield


async def _keep(purge: Purge) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(purge.run(), name="purge")
        group.create_task(purge.watch(), name="purge watch")


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
