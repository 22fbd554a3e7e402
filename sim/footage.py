"""A small town's footage on disks in memory, and what stands around the purge: an evidence room, a journal, copies.

Level L0.5: the files are sealed and named as a recorder's are; what they hold is not H.264 but a line a second, which
says when it was filmed. So a cut at 10:00 can be told from one at 10:01, without a picture.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from simpy import Environment

from csu.centre.events import Trouble
from csu.centre.purge.ports import Footage, Protection, PurgeCounts, PurgePorts, Span
from csu.centre.purge.purge import Purge
from csu.hal.camera import CameraId, CommuneId
from csu.hal.chance import Chaos
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.disk import Disk, DiskError
from csu.hal.media import Manifest, NodeId, SegmentTable
from csu.hal.words import Words
from sim.disk import MemoryDisk
from sim.loop import SimLoop
from sim.ports import VirtualClock

SEGMENT_NS = NS_PER_MINUTE


def lines_of(span: Span) -> bytes:
    """What a file of this stretch holds: one line for each whole second that begins in it."""
    first = -(-span.from_ns // NS_PER_S)
    return b"".join(b"%d\n" % second for second in range(first, -(-span.to_ns // NS_PER_S)))


class Recorder:
    """Writes a camera's minutes to the disk of its commune, and accounts for them as a node does."""

    def __init__(self, disk_of: Callable[[CommuneId], Disk], communes: Mapping[CameraId, CommuneId]) -> None:
        self._disk_of, self._communes = disk_of, communes
        self._sequence = 0

    def film(self, camera: CameraId, span: Span, *, with_files: bool = True) -> list[Manifest]:
        """One segment a minute; a manifest an hour. `with_files`: else the catalogue alone knows of them."""
        disk = self._disk_of(self._communes[camera])
        by_hour: dict[Nanoseconds, list[Footage]] = defaultdict(list)
        for start_ns in range(span.from_ns, span.to_ns, SEGMENT_NS):
            piece = Span(start_ns, min(start_ns + SEGMENT_NS, span.to_ns))
            content = lines_of(piece)
            footage = Footage(camera, self._communes[camera], piece, len(content))
            if with_files:
                with_content(disk, footage.name, content)
            by_hour[start_ns // (60 * NS_PER_MINUTE)].append(footage)
        return [self._manifest(camera, each) for each in by_hour.values()]

    def _manifest(self, camera: CameraId, footage: Sequence[Footage]) -> Manifest:
        n = len(footage)
        start_ns = np.array([each.span.from_ns for each in footage], np.int64)
        length_ms = [(each.span.to_ns - each.span.from_ns) // NS_PER_MS for each in footage]
        zeros = np.zeros(n, np.int32)
        table = SegmentTable(
            zeros,
            start_ns,
            np.array(length_ms, np.int32),
            np.array([each.size_bytes for each in footage], np.int64),
            np.ones(n, np.int32),
            zeros,
            np.zeros((n, 32), np.uint8),
        )
        self._sequence += 1
        minute_ns = int(start_ns[0]) // NS_PER_MINUTE * NS_PER_MINUTE
        return Manifest(NodeId("n1"), 1, self._sequence - 1, minute_ns, (camera,), table)


def with_content(disk: Disk, name: str, content: bytes) -> None:
    """A committed file."""
    file = disk.create(name)
    file.write(content)
    file.commit()


class EvidenceRoom:
    """Holds, locks, and copies of what is locked, on a disk of their own. Cuts by the second, as the real one by the
    key frame: it must read the original, so its key must live."""

    def __init__(self, disk_of: Callable[[CommuneId], Disk], store: MemoryDisk) -> None:
        self._disk_of, self.store = disk_of, store
        self.holds: list[tuple[CameraId, Span, Nanoseconds]] = []
        """With the instant at which each dies."""
        self.locks: dict[str, tuple[CameraId, Span]] = {}
        self.ended: list[str] = []
        """Cases whose lock has ended and whose copy is still there."""
        self.registered: list[str] = []
        self.is_refusing = False
        self._preserved: dict[str, dict[Span, str]] = {}

    def protection(self, now_ns: Nanoseconds) -> Protection:
        """See EvidenceKeeper.protection."""
        holds: dict[CameraId, tuple[Span, ...]] = {}
        for camera, span, dies_ns in self.holds:
            if now_ns < dies_ns:
                holds[camera] = (*holds.get(camera, ()), span)
        locks: dict[CameraId, tuple[Span, ...]] = {}
        for case, (camera, span) in self.locks.items():
            if case not in self.ended:
                locks[camera] = (*locks.get(camera, ()), span)
        there = set(self.store.names())
        safe = {
            name: tuple(span for span, copy in copies.items() if copy in there)
            for name, copies in self._preserved.items()
        }
        return Protection(holds, locks, safe)

    def preserve(self, footage: Footage, spans: Sequence[Span]) -> None:
        """See EvidenceKeeper.preserve."""
        if self.is_refusing:
            raise DiskError(Words.same("evidence store full"), where="evidence", what_to_do=Words.same(""))
        with self._disk_of(footage.commune).open(footage.name) as file:
            lines = file.read().splitlines(keepends=True)
        for span in spans:
            copy = f"{footage.camera}/{span.from_ns}-{span.to_ns}"
            if copy not in self.store.names():
                kept = b"".join(line for line in lines if span.holds(int(line) * NS_PER_S))
                with_content(self.store, copy, kept)
            self._preserved.setdefault(footage.name, {})[span] = copy

    def release(self, case: str) -> None:
        """The package was handed over and receipted: its lock ends, its copies are to go."""
        self.ended.append(case)

    def unlocked(self, now_ns: Nanoseconds) -> Sequence[str]:
        """See EvidenceKeeper.unlocked."""
        return [case for case in self.ended if case not in self.registered]

    def destroy(self, case: str, now_ns: Nanoseconds) -> None:
        """See EvidenceKeeper.destroy. What another case still locks stays."""
        camera, span = self.locks[case]
        others = [each for name, each in self.locks.items() if name not in self.ended]
        for name in self.store.names(f"{camera}/"):
            start, _, end = name.rpartition("/")[2].partition("-")
            mine = int(start) < span.to_ns and span.from_ns < int(end)
            theirs = any(
                camera == other and int(start) < part.to_ns and part.from_ns < int(end) for other, part in others
            )
            if mine and not theirs:
                self.store.remove(name)
        self.registered.append(case)

    def seconds(self) -> list[int]:
        """Every second that the store holds, of any camera."""
        return sorted(int(line) for name in self.store.names() for line in self.store.open(name).read().split())


class Crash(BaseException):
    """The process dies here: nothing behind this point happens."""


class CrashAt:
    """A `Chaos` that lets the process die at the n-th fault point it passes; 0: never."""

    def __init__(self, passes: int = 0) -> None:
        self.left = passes
        self.passed: list[str] = []

    async def __call__(self, point: str) -> None:
        self.passed.append(point)
        self.left -= 1
        if self.left == 0:
            raise Crash(point)


@dataclass(slots=True)
class Town:
    """All that outlives a process, and a purge over it in virtual time. `run` is one life of the process."""

    ports: PurgePorts
    """Its clock and chaos are replaced in each life."""
    told: list[Trouble] = field(default_factory=list)
    counts: PurgeCounts = field(default_factory=PurgeCounts)
    clock: VirtualClock | None = None
    """Of the life that runs, or ran last."""

    def run(
        self,
        from_ns: Nanoseconds,
        to_ns: Nanoseconds,
        *,
        chaos: Chaos | None = None,
        look: Mapping[Nanoseconds, Callable[[Purge], object]] | None = None,
        dies_ns: Nanoseconds | None = None,
    ) -> PurgeCounts:
        """Start the purge at one instant and let it run to another. `look`: called at these instants in between.

        `dies_ns`: when the task of the purge dies; that which watches it lives on. Raises what ends the process.
        """
        env = Environment(initial_time=0)
        loop = SimLoop(env)
        self.clock = VirtualClock(env, from_ns)
        ports = replace(self.ports, clock=self.clock, chaos=chaos or CrashAt(), tell=self.told.append)
        try:
            loop.run_until_complete(self._live(ports, from_ns, to_ns, look or {}, dies_ns))
        finally:
            loop.close()
        return self.counts

    async def _live(
        self,
        ports: PurgePorts,
        from_ns: Nanoseconds,
        to_ns: Nanoseconds,
        look: Mapping[Nanoseconds, Callable[[Purge], object]],
        dies_ns: Nanoseconds | None,
    ) -> None:
        purge = Purge(ports)
        self.counts = purge.counts
        await purge.start()
        tasks = [asyncio.create_task(purge.run()), asyncio.create_task(purge.watch())]
        stops: dict[Nanoseconds, Callable[[Purge], object]] = {**look, to_ns: lambda _: None}
        if dies_ns is not None:
            stops[dies_ns] = lambda _: tasks[0].cancel()
        try:
            for at_ns in sorted(stops):
                await _until((at_ns - from_ns) / NS_PER_S, tasks)
                stops[at_ns](purge)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _until(at_s: float, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Sleep until the world is so old, whatever the centre's clock says. A task that dies ends it, if not cancelled."""
    sleeping = asyncio.create_task(asyncio.sleep(at_s - asyncio.get_running_loop().time()))
    while not sleeping.done():
        alive = [task for task in tasks if not task.done()]
        await asyncio.wait([sleeping, *alive], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done() and not task.cancelled():
                sleeping.cancel()
                task.result()
