"""The past of a simulated city: the real registers, purge, desk and console over files in closed form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from csu.centre import CameraStatus, Centre, Papers, Trouble
from csu.centre.in_process import (
    Footage,
    InProcess,
    Journal,
    JournalDesk,
    PastWorld,
    RoomCounters,
    RoomHealth,
    StoredSegment,
    open_in_process,
)
from csu.centre.purge.ports import PurgeCounts
from csu.hal.camera import CameraId
from csu.hal.chance import Chance, Chaos
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.media import LiveFragment, Manifest, NodeId
from sim.city import City, CityNode
from sim.cohort import Cohort
from sim.disk import MemoryDisk
from sim.judgement import Judgement
from sim.oracles.access import AccessOracle
from sim.oracles.past import CatalogueIsTheDisk, PastOracle
from sim.oracles.registers import judge_journal_unbroken
from sim.past.acts import Acts
from sim.past.catalogue import Dropped, PurgeCatalogue
from sim.past.door import JournalHeard
from sim.past.people import DeskPeople
from sim.past.shelves import DayKeys, DescribedPackages
from sim.past.tier import HOUR_NS, CityTier
from sim.past.visitors import Accounts, Requisitioned, Visitors
from sim.past.words import COPIED, HELD, LOCKED, ORDER_DAYS, REFUSED, PastSpec
from sim.vocabulary import Signal

REGISTERS_EVERY_S = 600.0
REGISTERS_LOOKS_MAX = 1000
"""A real centre looks after its registers each minute; the same look costs as much here, and finds as much: so many in
a run at most."""
LOOK_AFTER_NS = 20 * NS_PER_S
"""Into each minute: the purge's round of this minute is over by then."""


class HasCentre(Protocol):
    """The machine of the centre: the one that lives now."""

    centre: Centre


class CityPast:
    """Build it, `open` it around the centre, `run` it beside; `judge` at the end."""

    def __init__(
        self,
        spec: PastSpec,
        city: City,
        clock: Clock,
        chance: Chance,
        chaos: Chaos,
        papers: Papers,
        directory: Path,
        tell: Callable[[Trouble], None],
        duration_ns: Nanoseconds,
        tell_signal: Callable[[Signal], None],
    ) -> None:
        """`directory`: of the run; the centre's catalogue lies in it. `tell_signal`: for expectations."""
        self._spec, self._city, self._clock, self._chance = spec, city, clock, chance
        self._papers, self._chaos, self._tell, self._duration_ns = papers, chaos, tell, duration_ns
        self._directory, self._tell_signal = directory, tell_signal
        self._communes = {each.camera: each.assignment.record.commune for each in city.cameras}
        self._kept = [each for each in city.communes if not spec.communes or each.name in spec.communes]
        cameras = [camera for commune in self._kept for camera in commune.cameras]
        self._cameras = frozenset(camera.camera for camera in cameras)
        now_ns = clock.now_ns()
        self._catalogue = PurgeCatalogue(directory / "catalogue", self._cameras, clock, now_ns, now_ns + duration_ns)
        self._keys = DayKeys()
        self._keyed: dict[NodeId, int] = {}
        """The hour for which the keys of what a node films were last seen to."""
        self.tier = CityTier(cameras)
        self.past_oracle = PastOracle(self.tier, clock, spec.kept_days, ORDER_DAYS)
        self.tier.on_destroyed = self.past_oracle.destroyed
        self.access_oracle = AccessOracle()
        self.people = DeskPeople({each.name: [camera.camera for camera in each.cameras] for each in self._kept})
        self._opened: InProcess | None = None
        self._heard: JournalHeard | None = None
        self._registers: Judgement | None = None
        self.counts = PurgeCounts()

    def keeps(self, node: CityNode) -> bool:
        """Whether this node films anything of the part whose past is kept: give it `film`."""
        return any(camera.camera in self._cameras for camera in node.cameras)

    def film(self, manifest: Manifest) -> None:
        """A node closed these segments."""
        self.tier.film(manifest)
        hour = manifest.minute_ns // HOUR_NS
        if self._keyed.get(manifest.node) != hour:
            self._keyed[manifest.node] = hour
            self._make_keys(manifest)

    @property
    def dropped(self) -> Dropped:
        """Days that the purge took out of the catalogue."""
        return self._catalogue.dropped

    @property
    def journal(self) -> Journal:
        """The centre's. Once it is open."""
        assert self._heard is not None  # noqa: S101 - `open` comes first
        return self._heard

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Everything is there while inside. Raises CsuError."""
        self._record_before()
        async with open_in_process(self._world()) as opened:
            self._opened = opened
            yield
            await opened.anchor()
            self.counts = opened.purge.counts
            findings, rows, unanchored = opened.verify()
            heard = self._heard.written if self._heard is not None else 0
            self._registers = judge_journal_unbroken(findings, rows, heard, unanchored)
        self._opened = None

    async def run(self, host: HasCentre) -> None:
        """Until cancelled: the purge, the desk, visitors, and a look at the disk each minute."""
        opened, heard = self._opened, self._heard
        assert opened is not None  # noqa: S101 - `open` comes first
        assert heard is not None  # noqa: S101
        accounts = Accounts([each.commune for each in self._city.communes], self._clock)
        app = opened.console(_RoomWithoutPictures(host, self._clock), accounts)
        visitors = Visitors(
            opened,
            app,
            heard,
            accounts,
            self._communes,
            self._clock,
            self._chance.stream("visitors"),
            self.access_oracle,
            self.past_oracle.keep,
        )
        self.people.desk = _Desk(visitors)
        async with asyncio.TaskGroup() as group:
            group.create_task(opened.run(), name="past")
            group.create_task(visitors.come(self._spec.asks.per_s), name="visitors")
            group.create_task(self._look(), name="disk oracle")
            if self._spec.acts is not None:
                acts = Acts(self._spec.acts, self.tier, self.people, self._clock, self._chance.stream("acts"))
                group.create_task(acts.come(self._tell_act), name="acts")

    def judge(self, ends_ns: Nanoseconds) -> tuple[Judgement, ...]:
        """The run is over."""
        kept, chance = self.past_oracle.kept, self._chance.stream("hours")
        disk = CatalogueIsTheDisk(self.tier, ends_ns, self._spec.kept_days, ORDER_DAYS)
        catalogue = disk.judge(self._catalogue, kept, chance)
        registers = () if self._registers is None else (self._registers,)
        return (*self.past_oracle.judge(), catalogue, *self.access_oracle.judge(), *registers)

    def close(self) -> None:
        """Let go of the files."""
        self._catalogue.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        while True:
            now_ns = self._clock.now_ns()
            await asyncio.sleep((NS_PER_MINUTE - (now_ns - LOOK_AFTER_NS) % NS_PER_MINUTE) / NS_PER_S)
            self.past_oracle.look()

    def _tell_act(self, camera: CameraId, is_hold: bool, is_kept: bool) -> None:
        fields = {"camera": str(camera), "commune": str(self._communes[camera]), "event": ""}
        kind = REFUSED if not is_kept else HELD if is_hold else LOCKED
        self._tell_signal(Signal(kind, self._clock.now_ns(), fields))

    def _record_before(self) -> None:
        """What earlier days left: the stretch that expires first, so that a short run sees it go."""
        now_ns = self._clock.now_ns()
        begin_ns = (now_ns - self._spec.kept_days * NS_PER_DAY) // NS_PER_MINUTE * NS_PER_MINUTE + 2 * NS_PER_MINUTE
        length_ns = min(self._spec.before, self._duration_ns) // NS_PER_MINUTE * NS_PER_MINUTE
        for commune in self._kept:
            cohort = Cohort(commune.cameras, begin_ns)
            manifests = []
            for number, minute_ns in enumerate(range(begin_ns, begin_ns + length_ns, NS_PER_MINUTE)):
                end_ns = minute_ns + NS_PER_MINUTE
                segments, gaps = cohort.account(end_ns, last=end_ns >= begin_ns + length_ns)
                manifests.append(
                    Manifest(NodeId(f"{commune.commune}-before"), 1, number, minute_ns, cohort.cameras, segments, gaps)
                )
            for manifest in manifests:
                self.tier.film(manifest)
                self._make_keys(manifest)
            self._catalogue.record(manifests)

    def _make_keys(self, manifest: Manifest) -> None:
        """For each commune that it films: small ones may share a node."""
        communes = dict.fromkeys(self._communes[camera] for camera in manifest.cameras if camera in self._cameras)
        for start_ns in {int(at) // NS_PER_DAY * NS_PER_DAY for at in manifest.segments.start_ns.tolist()}:
            for commune in communes:
                self._keys.make(commune, start_ns)

    def _world(self) -> PastWorld:
        records = {camera.camera: camera.assignment.record for each in self._kept for camera in each.cameras}
        return PastWorld(
            directory=_made(self._directory / "centre"),
            elsewhere=_made(self._directory / "elsewhere"),
            clock=self._clock,
            chaos=self._chaos,
            retention_days_max=self._spec.kept_days,
            papers=self._papers,
            catalogue=self._catalogue,
            tiers=[self.tier],
            keys=self._keys,
            evidence_store=MemoryDisk(),
            packages=DescribedPackages(),
            records=records,
            stored=self._stored,
            tell=self._tell,
            journal_of=self._listen_to,
            registers_every_s=max(REGISTERS_EVERY_S, self._duration_ns / NS_PER_S / REGISTERS_LOOKS_MAX),
        )

    def _listen_to(self, journal: JournalDesk) -> Journal:
        self._heard = JournalHeard(journal)
        return self._heard

    def _stored(self, footage: Footage) -> StoredSegment | None:
        """The purge asks for a segment of which locked parts go into the evidence store: nothing of it is a picture."""
        self.past_oracle.preserved.add((footage.camera, footage.span.from_ns))
        fields = {"camera": footage.camera, "commune": footage.commune}
        self._tell_signal(Signal(COPIED, self._clock.now_ns(), fields))
        return None


class _Desk:
    """See `sim.past.people.TakesRequests`."""

    def __init__(self, visitors: Visitors) -> None:
        self._visitors = visitors

    async def requisition(self, case: str, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        return await self._visitors.requisition(Requisitioned(case, camera, from_ns, to_ns))

    async def hold(self, hold: str, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        return await self._visitors.hold(hold, camera, from_ns, to_ns)


class _Relay:
    """Two fragments of no picture, for whoever the gate let in."""

    def watch(self, camera: CameraId) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        return self._watch(camera)

    @asynccontextmanager
    async def _watch(self, camera: CameraId) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        async def fragments() -> AsyncIterator[LiveFragment]:
            for is_init in (True, False):
                yield LiveFragment(b"L0", is_init, not is_init, 0, "avc1.42C01E")

        yield fragments()


class _RoomWithoutPictures:
    """The centre as the console sees it (`csu.console.RoomView`), at a level without pictures."""

    def __init__(self, host: HasCentre, clock: Clock) -> None:
        self._host, self._clock = host, clock
        self._began_ns = clock.now_ns()
        self.relay = _Relay()

    def cameras(self) -> Sequence[CameraStatus]:
        return self._host.centre.board.all()

    def health(self) -> RoomHealth:
        centre = self._host.centre
        up = centre.nodes_up()
        return RoomHealth(True, "sim", self._began_ns, up, up, centre.heard_at_ns)

    def marks(self) -> dict[str, int]:
        """Nothing is told of: pages ask again and again."""
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        return None

    def watch_wall(self) -> None:
        return None


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory
