"""One stage: so many cameras recorded by media nodes for so long, and what came of it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.crowd.footage import Footage, read_footage
from benchmarks.crowd.town import STEP_NS, Route, assignments
from benchmarks.crowd.usage import Lag, Sample, lag_between, rates, sample
from csu.cluster.child import CHILD_ENVIRONMENT
from csu.cluster.embedded import EmbeddedMediaNode
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, GapCause, Manifest, NodeId, NodeLost
from csu.machine import SystemClock
from csu.recording import Catalogue
from sim.endpoints import EndpointSpec, RtspFarm

COME_S_MAX = 120.0
SETTLE_S = 5.0
BEHIND_S_MAX = 1.0
"""A camera's newest picture at the stop: one that is older shows a queue that grows, and a longer run would lose."""
LEFT_OUT_SHARE_MAX = 0.001
"""Of the pictures. Sources that leave out more did not put the load on the engine that the count says."""
_NODE_WATCH = Path(__file__).parent / "node_watch"
_HARMLESS = (GapCause.STARTING, GapCause.STOPPED)
_CLOCK = SystemClock()

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """How a stage is run."""

    route: Route
    per_node: int
    """Cameras a media process."""
    scratch: Path
    """Where footage lies until it was counted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stage found."""

    cameras: int
    seconds: float
    failures: tuple[str, ...]
    """Why the count does not hold; empty when it does."""
    footage: Footage | None
    samples: tuple[Sample, ...]
    lag: Lag
    left_out: int
    """Pictures the sources did not send, because they were late."""
    gaps: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    came_s: float = 0.0
    """Until the last camera was recorded by its route."""
    behind_s: float = 0.0
    load: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.failures

    def cores(self, name: str) -> float:
        """Mean cores in use, of one of the CPU fields of a sample."""
        found = rates((self.samples[0], self.samples[-1]), name) if len(self.samples) > 1 else [0.0]
        return found[0]

    @property
    def engine_ms(self) -> float:
        """CPU of the nodes, ms for each second of each stream."""
        return self.cores("engine_cpu_s") * 1000 / self.cameras


async def run_stage(
    farm: RtspFarm, crowd: Sequence[EndpointSpec], setting: Setting, seconds: float, say: Say
) -> Outcome:
    """Record the cameras of `crowd` for `seconds`, once all are there; then read the disk. Leaves nothing behind."""
    directory = Path(mkdtemp(prefix="crowd-", dir=setting.scratch))
    try:
        return await _Stage(farm, crowd, setting, directory, say).run(seconds)
    finally:
        await asyncio.to_thread(shutil.rmtree, directory)


class _Stage:
    def __init__(
        self, farm: RtspFarm, crowd: Sequence[EndpointSpec], setting: Setting, directory: Path, say: Say
    ) -> None:
        self._farm, self._crowd, self._setting, self._directory, self._say = farm, crowd, setting, directory, say
        self._events: list[CameraEvent | NodeLost] = []
        self._gaps: list[tuple[CameraId, Nanoseconds, GapCause]] = []
        self._manifests: list[Manifest] = []
        self._there: set[CameraId] = set()
        self._catalogue = Catalogue(directory / "catalogue")
        self._writing = asyncio.Lock()
        """A catalogue is one thread's at a time."""
        self._lags = directory / "lags"
        self._lags.mkdir()

    async def run(self, seconds: float) -> Outcome:
        given = assignments(self._farm, self._crowd, self._setting.route)
        count = -(-len(given) // self._setting.per_node)
        nodes = [self._node(number) for number in range(1, count + 1)]
        hearing: list[asyncio.Task[None]] = []
        begun_ns = _CLOCK.now_ns()
        samples: list[Sample] = []
        failures: list[str] = []
        left_out: Counter[str] = Counter()
        from_ns = until_ns = stopped_ns = begun_ns
        came_s = 0.0
        try:
            with _watched_nodes(self._lags):
                await asyncio.gather(*(node.start() for node in nodes))
            hearing = [asyncio.create_task(self._hear(node)) for node in nodes]
            begun_ns = _CLOCK.now_ns()
            await self._assign(nodes, given)
            came_s = (_CLOCK.now_ns() - begun_ns) / NS_PER_S
            if len(self._there) < len(given):
                failures.append(f"{len(given) - len(self._there)} cameras were not there after {came_s:.0f} s")
            else:
                await asyncio.sleep(SETTLE_S)
                before = self._left_out()
                samples = await self._sampled(nodes, seconds)
                left_out = self._left_out() - before
                from_ns, until_ns = samples[0].at_ns, samples[-1].at_ns
                await asyncio.sleep(BEHIND_S_MAX)  # what was captured by then may come until now
            stopped_ns = _CLOCK.now_ns()
        except (OSError, CsuError) as error:
            failures.append(f"a process ended, or did not begin: {error}")
        finally:
            await asyncio.gather(*(node.stop() for node in nodes))
            await asyncio.gather(*hearing)
            await asyncio.to_thread(self._catalogue.close)
        return await asyncio.to_thread(
            self._outcome, samples, failures, left_out, (from_ns, until_ns, stopped_ns), came_s
        )

    def _node(self, number: int) -> EmbeddedMediaNode:
        at = self._directory
        return EmbeddedMediaNode(
            NodeId(f"node-{number}"),
            at / "media",
            views_directory=at / "views",
            keys_directory=at / "keys",
            heads_directory=at / "chains",
        )

    async def _assign(self, nodes: Sequence[EmbeddedMediaNode], given: Sequence[Assignment]) -> None:
        for index, node in enumerate(nodes):  # dealt in turn, as a centre does
            await node.assign(given[index :: len(nodes)])
        try:
            async with asyncio.timeout(COME_S_MAX):
                while len(self._there) < len(given) and not self._lost:
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return

    @property
    def _lost(self) -> bool:
        return any(isinstance(event, NodeLost) for event in self._events)

    async def _sampled(self, nodes: Sequence[EmbeddedMediaNode], seconds: float) -> list[Sample]:
        pids = [node.pid for node in nodes if node.pid is not None]
        samples = [sample(_CLOCK.now_ns(), pids, self._farm.pid)]
        end_ns = samples[0].at_ns + round(seconds * NS_PER_S)
        while samples[-1].at_ns < end_ns and not self._lost:
            await asyncio.sleep(min(1.0, max(0.01, (end_ns - samples[-1].at_ns) / NS_PER_S)))
            samples.append(sample(_CLOCK.now_ns(), pids, self._farm.pid))
            if len(samples) % 30 == 0:
                engine, machine = (rates(samples[-30:], name) for name in ("engine_cpu_s", "machine_busy_s"))
                used = f"engine {sum(engine) / len(engine):.2f}, machine {sum(machine) / len(machine):.2f} cores"
                self._say(f"    {len(samples)} s: {used}, load {samples[-1].load:.1f}")
        return samples

    async def _hear(self, node: EmbeddedMediaNode) -> None:
        sign = CameraEventKind.MASK_VERIFIED if self._setting.route is Route.EDGE else CameraEventKind.LIVE
        async for message in node.messages():
            if isinstance(message, Manifest):
                self._manifests.append(message)
                self._gaps += [(gap.camera, gap.end_ns, gap.cause) for gap in message.gaps]
                async with self._writing:
                    await asyncio.to_thread(self._catalogue.record, [message])
                continue
            self._events.append(message)
            if isinstance(message, CameraEvent) and message.kind is sign:
                self._there.add(message.camera)

    def _left_out(self) -> Counter[str]:
        counts = self._farm.counts()
        return Counter({spec.camera: counts[spec.camera].pictures_late for spec in self._crowd})

    def _outcome(
        self,
        samples: Sequence[Sample],
        failures: list[str],
        left_out: Counter[str],
        when_ns: tuple[Nanoseconds, Nanoseconds, Nanoseconds],
        came_s: float,
    ) -> Outcome:
        from_ns, until_ns, stopped_ns = when_ns
        seconds = (until_ns - from_ns) / NS_PER_S
        gaps = Counter(str(cause) for _, end_ns, cause in self._gaps if end_ns > from_ns and cause not in _HARMLESS)
        events = Counter(str(event.kind) if isinstance(event, CameraEvent) else "node_lost" for event in self._events)
        footage, behind_s = None, 0.0
        if samples:
            cameras = [spec.camera for spec in self._crowd]
            footage = read_footage(
                self._directory / "media", self._directory / "keys", cameras, from_ns, until_ns, STEP_NS
            )
            behind_s = (stopped_ns - min(footage.newest_ns.values())) / NS_PER_S
            failures += self._losses(footage, left_out, gaps, behind_s)
        lag = lag_between(self._lags, from_ns, until_ns)
        return Outcome(
            len(self._crowd), seconds, tuple(failures), footage, tuple(samples), lag, left_out.total(),
            dict(gaps), dict(events), came_s, behind_s, os.getloadavg()[0],
        )  # fmt: skip

    def _losses(self, footage: Footage, left_out: Counter[str], gaps: Counter[str], behind_s: float) -> list[str]:
        total, found = footage.total, []
        lost = {
            camera: count.missing - left_out[camera]
            for camera, count in footage.lossy.items()
            if count.missing > left_out[camera]
        }
        if lost:
            found.append(f"{sum(lost.values())} pictures lost, of {len(lost)} cameras")
        if left_out.total() > LEFT_OUT_SHARE_MAX * total.kept:
            found.append(f"the sources left out {left_out.total()} pictures")
        if total.twice:
            found.append(f"{total.twice} pictures stand twice")
        if total.broken_files:
            found.append(f"{total.broken_files} broken files")
        found += [
            f"{number} gaps: {cause}"
            for cause, number in gaps.items()
            if cause != GapCause.PACKETS_LOST or number > left_out.total()  # what was not sent is told, and rightly
        ]
        if behind_s > BEHIND_S_MAX:
            found.append(f"recording was {behind_s:.1f} s behind at the end")
        rows = sum(len(manifest.segments) for manifest in self._manifests)
        if rows != footage.files:
            found.append(f"{footage.files} files on the disk, {rows} in the manifests")
        return found


@contextmanager
def _watched_nodes(directory: Path) -> Iterator[None]:
    """Nodes that begin inside have a thread that looks how late threads wake."""
    before = dict(CHILD_ENVIRONMENT)
    path = os.pathsep.join([str(_NODE_WATCH), *filter(None, [before.get("PYTHONPATH")])])
    CHILD_ENVIRONMENT.update({"PYTHONPATH": path, "CSU_LAG_DIRECTORY": str(directory)})
    try:
        yield
    finally:
        CHILD_ENVIRONMENT.clear()
        CHILD_ENVIRONMENT.update(before)
