"""What the law wants of what is recorded: destruction on its day, between the journal and the legal register.

Opened and closed with a centre. Footage lives as long as the order under which it was captured, the law's month and the
doctrine all allow; what the requisition desk holds or locks is left alone or kept elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from csu.centre.desk.opening import DeskHome, OpenedDesk, open_desk
from csu.centre.desk.room import DeskRoom
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.events import Trouble
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.papers import LawOfPast, Papers
from csu.centre.purge.lines import Register
from csu.centre.purge.ports import EvidenceKeeper, PurgeKeys, PurgePorts
from csu.centre.purge.purge import Purge
from csu.centre.purge.tiers import Tier
from csu.centre.registers.registers import Registers
from csu.governance import Journal, LocalDoctrine
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.chance import Chaos
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock
from csu.hal.errors import CsuError
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore

Tell = Callable[[Trouble], None]
EVERY_S = NS_PER_MINUTE / NS_PER_S


@dataclass(frozen=True, slots=True)
class PastHome:
    """What the past of a centre is kept over.

    `catalogue`: the purge's own object, as `registers.legal` is while inside. `volumes`: opened; it clears them.
    """

    data_directory: Path
    clock: Clock
    chaos: Chaos
    doctrine: LocalDoctrine
    papers: Papers
    catalogue: Catalogue
    keys: LocalKeyStore
    records: Mapping[CameraId, CameraRecord]
    evidence_keys: LocalKeyStore
    evidence: EvidenceSettings
    registers: Registers
    volumes: VolumeKeeper
    tell: Tell


@asynccontextmanager
async def keep_past(home: PastHome) -> AsyncIterator[DeskRoom]:
    """The requisition desk; while inside, what has expired is destroyed each minute.

    Raises CsuError when the desk cannot be opened.
    """
    law = LawOfPast(home.papers, home.doctrine)
    async with AsyncExitStack() as stack:
        desk = await open_desk(stack, _desk_home(home, law, lambda: purge))
        purge = purge_of(_purge_home(home, law), desk.keeper)
        await desk.tick(home.clock.now_ns())
        try:
            await purge.start()
        except CsuError as error:  # the rounds go on trying; the desk serves nothing of the past meanwhile
            home.tell(Trouble("purge", error.trouble.beside("purge"), home.clock.now_ns()))
        keeping = asyncio.create_task(_keep(purge, desk, home.volumes, home.tell, home.clock), name="past")
        stack.push_async_callback(_end, keeping)
        yield desk.room


def _desk_home(home: PastHome, law: LawOfPast, purge: Callable[[], Purge]) -> DeskHome:
    """`purge`: asked once the desk is open; it is made with the desk's keeper."""
    return DeskHome(
        home.data_directory,
        home.clock,
        home.registers.journal,
        home.registers.key,
        home.catalogue,
        home.registers.legal,
        home.keys,
        home.volumes.disk,
        home.evidence_keys,
        home.records,
        home.evidence,
        law.ceiling_ns,
        law.expiry_ns,
        alone=lambda: purge().alone,
        past_is_clean=lambda: purge().is_clean,
        tell=home.tell,
    )


@dataclass(frozen=True, slots=True)
class PurgeHome:
    """What a purge is made over, whatever it stands on: a centre's disks, or a simulated city."""

    clock: Clock
    chaos: Chaos
    journal: Journal
    catalogue: Catalogue
    keys: PurgeKeys
    tiers: Sequence[Tier]
    legal: Register
    records: Mapping[CameraId, CameraRecord]
    law: LawOfPast
    tell: Tell
    is_out_of_reach: Callable[[], bool] = lambda: False


def _purge_home(home: PastHome, law: LawOfPast) -> PurgeHome:
    return PurgeHome(
        home.clock,
        home.chaos,
        home.registers.journal,
        home.catalogue,
        home.keys,
        home.volumes.tiers(),
        home.registers.legal,
        home.records,
        law,
        home.tell,
        home.volumes.is_out_of_reach,
    )


def purge_of(home: PurgeHome, evidence: EvidenceKeeper) -> Purge:
    """The purge, which hears of every change of the papers; `start` it."""
    communes = {camera: record.commune for camera, record in home.records.items()}
    purge = Purge(
        PurgePorts(
            clock=home.clock,
            chaos=home.chaos,
            journal=home.journal,
            catalogue=home.catalogue,
            keys=home.keys,
            tiers=home.tiers,
            evidence=evidence,
            register=home.legal,
            rules=home.law.rules,
            cameras=lambda: communes,
            shortest_days=home.law.shortest_days,
            tell=home.tell,
            is_out_of_reach=home.is_out_of_reach,
        )
    )
    home.law.papers.listen(purge.rules_changed)
    return purge


async def keep_minutes(purge: Purge, tick: Callable[[], Awaitable[None]], tell: Tell, clock: Clock) -> None:
    """Until cancelled: a round of the purge and a tick of the desk each minute. What fails is told."""
    async with asyncio.TaskGroup() as group:
        group.create_task(purge.run(), name="purge")
        group.create_task(purge.watch(), name="purge watch")
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await tick()
            except CsuError as error:
                tell(Trouble("desk", error.trouble.beside("desk"), clock.now_ns()))


async def _keep(purge: Purge, desk: OpenedDesk, volumes: VolumeKeeper, tell: Tell, clock: Clock) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(volumes.run(purge.start, tell), name="volumes")
        await keep_minutes(purge, lambda: desk.tick(clock.now_ns()), tell, clock)


async def _end(keeping: asyncio.Task[None]) -> None:
    keeping.cancel()
    try:
        await keeping
    except asyncio.CancelledError:
        return
