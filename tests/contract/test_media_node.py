"""What every media node must do, whoever made it. A new node joins by one more entry in `BINDINGS`."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from simpy import Environment

from csu.cluster.embedded import EmbeddedMediaNode
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS
from csu.hal.errors import CsuError
from csu.hal.media import (
    Assignment,
    CameraEvent,
    CameraEventKind,
    Manifest,
    MediaNode,
    NodeId,
    NodeLost,
    NodeMessage,
)
from csu.hal.place import Pose, PoseReading
from sim.cohort import CohortCamera
from sim.endpoints import EndpointSpec, RtspFarm
from sim.levels.cast import PixelPlan
from sim.levels.node import PixelMediaNode, Studio
from sim.levels.posts import pose_of
from sim.levels.witness import PixelWitness
from sim.loop import SimLoop
from sim.media_node import CohortMediaNode, NodePlan
from sim.ports import SeededChance, VirtualClock


@dataclass(frozen=True)
class Bench:
    """A node that has not been started, and three cameras that work."""

    node: MediaNode
    assignments: Sequence[Assignment]


@dataclass(frozen=True)
class Binding:
    """How to get a node of one kind. `settle_s`: seconds of its own time in which a live camera records something."""

    name: str
    open: Callable[[], AbstractAsyncContextManager[Bench]]
    run: Callable[[Coroutine[object, object, None]], None]
    settle_s: float
    changes_cameras: bool = True
    """False: a simulated node that takes its cameras once a start."""
    starts_again: bool = True
    """False: a simulated node that begins again after a crash only."""

    def __str__(self) -> str:
        return self.name


@asynccontextmanager
async def embedded() -> AsyncIterator[Bench]:
    """A child process, and cameras on real sockets."""
    specs = [EndpointSpec(f"cam-{n}", n, width_px=128, height_px=96) for n in (1, 2, 3)]
    with RtspFarm(specs) as farm, tempfile.TemporaryDirectory() as directory:
        assignments = [
            Assignment(
                CameraRecord(CameraId(spec.camera), spec.number, spec.camera, CommuneId("metz"), ViewType.WIDE),
                farm.address(spec.camera), None, False, (), 2.5, 1,
            )
            for spec in specs
        ]  # fmt: skip
        node = EmbeddedMediaNode(NodeId("node-1"), Path(directory))
        try:
            yield Bench(node, assignments)
        finally:
            await node.stop()


@asynccontextmanager
async def cohort() -> AsyncIterator[Bench]:
    """A simulated node (level L0), on virtual time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    cameras = []
    for n in (1, 2, 3):
        record = CameraRecord(CameraId(f"cam-{n}"), n, f"cam-{n}", CommuneId("metz"), ViewType.WIDE)
        assignment = Assignment(record, StreamAddress("sim://x"), None, False, (), 2.5, 1)
        cameras.append(CohortCamera(assignment, gop_phase_ns=n * 100 * NS_PER_MS, mean_bits_per_s=2_000_000))
    clock = VirtualClock(loop.env, epoch_ns=1_795_392_000_000_000_000)
    node = CohortMediaNode(NodeId("node-1"), clock, cameras, NodePlan())
    yield Bench(node, [camera.assignment for camera in cameras])


@asynccontextmanager
async def pixels() -> AsyncIterator[Bench]:
    """The same with pictures, by the rooms that ship (level L1)."""
    async with cohort() as bench:
        described = bench.node
        assert isinstance(described, CohortMediaNode)
        clock = described._clock
        cameras = list(described._cameras.values())
        plans = {each.camera: PixelPlan(each.camera, pose_of(n, turns=False), None) for n, each in enumerate(cameras)}
        with tempfile.TemporaryDirectory() as directory:
            studio = Studio(plans, Path(directory), SeededChance("contract"), clock.now_ns(), PixelWitness({}))
            node = PixelMediaNode(NodeId("node-1"), clock, cameras, NodePlan(), studio)
            yield Bench(node, bench.assignments)


def on_virtual_time(story: Coroutine[object, object, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: SimLoop(Environment(initial_time=0))) as runner:
        runner.run(story)


BINDINGS = [
    Binding("embedded", embedded, asyncio.run, settle_s=1.2),
    Binding("cohort", cohort, on_virtual_time, settle_s=130, changes_cameras=False),
    pytest.param(
        Binding("pixels", pixels, on_virtual_time, settle_s=130, changes_cameras=False),
        marks=pytest.mark.nightly,
        id="pixels",
    ),
]


@pytest.fixture(params=BINDINGS, ids=str)
def binding(request: pytest.FixtureRequest) -> Binding:
    found: Binding = request.param
    return found


@dataclass
class Heard:
    """What a node said in one epoch, in order."""

    messages: list[NodeMessage] = field(default_factory=list)

    async def listen(self, node: MediaNode) -> None:
        async for message in node.messages():
            self.messages.append(message)

    @property
    def manifests(self) -> list[Manifest]:
        return [message for message in self.messages if isinstance(message, Manifest)]

    def live(self) -> set[CameraId]:
        return {m.camera for m in self.messages if isinstance(m, CameraEvent) and m.kind is CameraEventKind.LIVE}

    async def until_live(self, cameras: set[CameraId]) -> None:
        async with asyncio.timeout(20):
            while not cameras <= self.live():
                await asyncio.sleep(0.05)


POSE = Pose(0.0, 0.0, 6.0, 0.0, -10.0, 0.0, 200.0)


def test_a_node_keeps_its_contract_from_one_start_over_the_next(binding: Binding) -> None:
    """One story, because a start costs a second: each step is one rule of `MediaNode`."""
    epochs: list[Heard] = []

    async def live_through(bench: Bench, given: Sequence[Assignment], then: Sequence[Assignment]) -> None:
        heard, node = Heard(), bench.node
        epochs.append(heard)
        await node.start()
        await node.assign(given)
        listening = asyncio.ensure_future(heard.listen(node))
        await heard.until_live({assignment.record.camera for assignment in given})
        await asyncio.sleep(binding.settle_s)
        await node.pose(CameraId("nobody"), PoseReading(POSE, 0, moving=False))
        if then != given:
            await node.assign(then)
            await asyncio.sleep(binding.settle_s)
        await node.stop()
        await node.stop()
        await asyncio.wait_for(listening, 10)  # the messages end after stop

    async def play() -> None:
        async with binding.open() as bench:
            cameras = list(bench.assignments)
            assert isinstance(bench.node, MediaNode)
            await bench.node.pose(cameras[0].record.camera, None)  # not started: ignored
            fewer = [dataclasses.replace(assignment, mask_epoch=2) for assignment in cameras[1:]]
            await live_through(bench, cameras, fewer if binding.changes_cameras else cameras)
            if binding.starts_again:
                await live_through(bench, cameras[:1], cameras[:1])

    binding.run(play())
    one, two, three = (CameraId(f"cam-{n}") for n in (1, 2, 3))
    for heard in epochs:
        _check_epoch(heard)
    assert epochs[0].live() == {one, two, three}
    assert one in {camera for manifest in epochs[0].manifests for camera in manifest.cameras}  # let go, accounted for
    if binding.changes_cameras:
        assert {epoch for m in epochs[0].manifests for epoch in m.segments.mask_epoch.tolist()} == {1, 2}
    if binding.starts_again:
        assert epochs[1].live() == set(epochs[1].manifests[-1].cameras) == {one}
        assert epochs[0].manifests[0].node_epoch < epochs[1].manifests[0].node_epoch


def _check_epoch(heard: Heard) -> None:
    """One epoch; sequences count from 0 without a hole; the last word is an account; what was live was recorded."""
    assert len({manifest.node_epoch for manifest in heard.manifests}) == 1
    assert [manifest.sequence for manifest in heard.manifests] == list(range(len(heard.manifests)))
    assert isinstance(heard.messages[-1], Manifest)
    minutes = [manifest.minute_ns for manifest in heard.manifests]
    assert minutes == sorted(minutes)
    assert all(minute % NS_PER_MINUTE == 0 for minute in minutes)
    assert not any(isinstance(message, NodeLost) for message in heard.messages)
    assert _recorded(heard) == heard.live()
    for manifest in heard.manifests:
        _check_manifest(manifest)


def _check_manifest(manifest: Manifest) -> None:
    """Columns point at cameras of this manifest; nothing overlaps; nothing clear, no dropped picture without a gap."""
    table = manifest.segments
    assert len(set(manifest.cameras)) == len(manifest.cameras)
    assert all(0 <= index < len(manifest.cameras) for index in table.camera.tolist())
    assert all(duration > 0 for duration in table.duration_ms.tolist())
    assert all(gap.start_ns < gap.end_ns and gap.camera in manifest.cameras for gap in manifest.gaps)
    assert manifest.counts.clear_refused == 0
    for index in range(len(manifest.cameras)):
        rows = [row for row in range(len(table)) if table.camera[row] == index]
        spans = sorted((int(table.start_ns[row]), int(table.duration_ms[row]) * NS_PER_MS) for row in rows)
        assert all(start + length <= later + NS_PER_MS for (start, length), (later, _) in itertools.pairwise(spans))


def test_a_node_that_was_not_started_takes_no_cameras() -> None:
    async def play() -> None:
        async with embedded() as bench:
            with pytest.raises(CsuError, match="node-1"):
                await bench.node.assign(bench.assignments)
            await bench.node.stop()  # harmless
            assert [message async for message in bench.node.messages()] == []

    asyncio.run(play())


def _recorded(heard: Heard) -> set[CameraId]:
    return {manifest.cameras[index] for manifest in heard.manifests for index in manifest.segments.camera.tolist()}
