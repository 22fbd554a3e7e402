"""A centre on virtual time with scripted devices: what the tests of the control plane stand on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simpy

from csu.alarms import AlarmStore
from csu.centre import Catalogue, Centre, CentreEvent, Papers, Ports
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraError, CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import CsuError
from csu.hal.media import Assignment, Gap, Manifest, NodeId, NodeMessage, SegmentTable
from csu.hal.place import Pose, PoseReading
from csu.hal.words import Words
from sim.journal import JournalStandIn
from sim.loop import SimLoop
from sim.papers import PaperCamera, PapersOf, papers_text
from sim.ports import CountingIds, SeededChance, VirtualClock

EPOCH_NS = 1_795_000_000 * NS_PER_S  # an instant in November 2026, on a whole minute


def assignment(number: int, node: str = "n1", commune: str = "Orval") -> Assignment:
    record = CameraRecord(CameraId(f"cam-{number:04d}"), number, f"{node} {number}", CommuneId(commune), ViewType.WIDE)
    return Assignment(record, StreamAddress("rtsp://127.0.0.1/x"), None, False, (), 2.5, 1)


def manifest(
    node: str, epoch: int, sequence: int, cameras: Sequence[CameraId], missing: Sequence[Gap] = ()
) -> Manifest:
    absent = {gap.camera for gap in missing}
    index = np.array([i for i, camera in enumerate(cameras) if camera not in absent], np.int32)
    n = len(index)
    minute_ns = EPOCH_NS + sequence * NS_PER_MINUTE
    table = SegmentTable(
        camera=index,
        start_ns=np.full(n, minute_ns, np.int64),
        duration_ms=np.full(n, 60_000, np.int32),
        size_bytes=np.full(n, 1000, np.int64),
        mask_epoch=np.ones(n, np.int32),
        clock_offset_ms=np.zeros(n, np.int32),
        sha256=np.zeros((n, 32), np.uint8),
    )
    return Manifest(NodeId(node), epoch, sequence, minute_ns, tuple(cameras), table, tuple(missing))


Script = Callable[["ScriptedNode"], AsyncIterator[NodeMessage]]


class ScriptedNode:
    """A media node that says what its script says, once per `start`."""

    def __init__(self, name: str, *scripts: Script) -> None:
        self.node = NodeId(name)
        self.starts = 0
        self.assigned: tuple[Assignment, ...] = ()
        self.all_assigned: list[tuple[Assignment, ...]] = []
        self.refusals = 0
        """How many of the next assignments fail."""
        self.poses: list[PoseReading | None] = []
        self._scripts = scripts
        self._stopped = asyncio.Event()

    async def start(self) -> None:
        self.starts += 1

    async def assign(self, assignments: Sequence[Assignment]) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            what = Words("le nœud ne prend pas l'ordre", "the node does not take the order")
            raise CsuError(what, where=self.node, what_to_do=Words("Réessayez", "Try again"))
        self.assigned = tuple(assignments)
        self.all_assigned.append(self.assigned)

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        self.poses.append(reading)

    async def messages(self) -> AsyncIterator[NodeMessage]:
        if self.starts <= len(self._scripts):
            async for message in self._scripts[self.starts - 1](self):
                yield message
        else:
            await self._stopped.wait()

    async def stop(self) -> None:
        self._stopped.set()


def papers_for(records: Sequence[CameraRecord], at_ns: int, **of: Any) -> Papers:
    """Orders and agreements that let all of these be recorded and watched; `of` as in `PapersOf`."""
    cameras = [PaperCamera(record.camera, record.commune) for record in records]
    return Papers.stated(papers_text(PapersOf(cameras, at_ns, **of)))


class ScriptedPanel:
    """An alarm panel that repeats each message until it is acknowledged."""

    def __init__(self, sequences: Sequence[int], *, every_s: float = 5.0) -> None:
        self.panel = PanelId("panel-1")
        self.acknowledged: list[int] = []
        self._sequences = list(sequences)
        self._every_s = every_s

    async def messages(self) -> AsyncIterator[PanelMessage]:
        while True:
            for sequence in self._sequences:
                if sequence not in self.acknowledged:
                    yield PanelMessage(self.panel, sequence, CommuneId("Orval"), "École", AlarmKind.FIRE, EPOCH_NS)
            await asyncio.sleep(self._every_s)

    async def acknowledge(self, message: PanelMessage) -> None:
        self.acknowledged.append(message.sequence)


@dataclass
class FailingPoints:
    """A Chaos that raises OSError at `point` the first `times` times, and holds up the next calls by `delays_s`."""

    failures: dict[str, int] = field(default_factory=dict)
    delays_s: dict[str, list[float]] = field(default_factory=dict)

    async def __call__(self, point: str) -> None:
        if self.delays_s.get(point):
            await asyncio.sleep(self.delays_s[point].pop(0))
        if self.failures.get(point, 0) > 0:
            self.failures[point] -= 1
            raise OSError(f"planned trouble at {point}")


class Stage:
    """Builds a centre on virtual time and plays it for a while."""

    def __init__(self, directory: Path) -> None:
        self.env = simpy.Environment(initial_time=0)
        self.loop = SimLoop(self.env)
        self.clock = VirtualClock(self.env, EPOCH_NS)
        self.chaos = FailingPoints()
        self.journal = JournalStandIn()
        self.events: list[CentreEvent] = []
        self.catalogue = Catalogue(directory / "catalogue")
        self.store = AlarmStore(directory / "alarms.sqlite")

    def centre(self, nodes: Sequence[ScriptedNode], cameras: int = 2, **more: Any) -> Centre:
        """Each node gets `cameras` cameras, numbered on; `communes`: of those that do not stand in Orval, by number."""
        given, number, communes = {}, 1, more.pop("communes", {})
        for node in nodes:
            numbers = range(number, number + cameras)
            given[node.node] = [assignment(each, node.node, communes.get(each, "Orval")) for each in numbers]
            number += cameras
        cameras = [each.record for of_node in given.values() for each in of_node]
        cameras += [camera.record for camera, _ in more["awaited"].all()] if "awaited" in more else []
        more = {"papers": papers_for(cameras, self.clock.now_ns()), **more}
        centre = Centre(
            ports=Ports(self.clock, SeededChance("stage"), CountingIds(), self.chaos),
            nodes=nodes,
            assignments=given,
            catalogue=self.catalogue,
            alarm_store=self.store,
            journal=self.journal,
            **more,
        )
        centre.listen(self.events.append)
        return centre

    def play(self, centre: Centre, seconds: float, act: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Run the centre for `seconds` of virtual time, then stop it properly."""

        async def whole() -> None:
            running = asyncio.create_task(centre.run())
            try:
                if act is not None:
                    await act()
                await asyncio.sleep(seconds)
                assert not running.done(), "the centre ended by itself"
            finally:
                await centre.stop()
                await running

        self.loop.run_until_complete(whole())

    def two_watch(self, centre: Centre) -> None:
        """For 45 s: without them operators and tours turn no camera (OPS-1)."""
        for person in ("agent-1", "agent-2"):
            centre.take_post(person)

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def stage_at() -> type[Stage]:
    """`stage_at(directory)`: one for each example of a property."""
    return Stage


@pytest.fixture
def scripted():
    """The builders of scripted devices, for tests that cannot import this file."""

    class Scripted:
        Node = ScriptedNode
        Panel = ScriptedPanel
        manifest = staticmethod(manifest)
        EPOCH_NS = EPOCH_NS

    return Scripted


class Turret:
    """A PTZ camera that turns from `move` to the Stop that it obeys."""

    def __init__(self, record, clock):
        self.record, self._clock = record, clock
        self.deeds: list[str] = []
        self.is_moving, self.obeys, self.refuses, self.answers_after_s = False, True, False, 0.0

    async def pose(self):
        await asyncio.sleep(self.answers_after_s)
        return PoseReading(Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0), self._clock.now_ns(), moving=self.is_moving)

    async def move(self, velocity):
        self.deeds.append("move")
        self.is_moving = True

    async def go_to(self, pose):
        self.deeds.append("go_to")

    async def stop(self):
        if self.refuses:
            raise CameraError(Words.same("refused"), where=self.record.camera, what_to_do=Words.same(""))
        self.deeds.append("stop")
        self.is_moving &= not self.obeys


@pytest.fixture
def turret():
    """A turning camera in the place of the centre's first."""
    return lambda centre, clock: Turret(centre.board[CameraId("cam-0001")].record, clock)
