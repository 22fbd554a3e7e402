"""Running a real media node against simulated cameras on real sockets, and listening to all it says."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from csu.cluster.embedded import EmbeddedMediaNode
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, FrameCounts, Gap, Manifest, NodeId, NodeLost
from csu.recording import check_segment


def build_assignment(camera: str, number: int, address: StreamAddress, **changes: object) -> Assignment:
    """A camera without a pose: wholly masked."""
    record = CameraRecord(CameraId(camera), number, camera, CommuneId("metz"), ViewType.WIDE)
    assignment = Assignment(record, address, None, False, (), 2.5, 1)
    return dataclasses.replace(assignment, **changes)  # type: ignore[arg-type]


@dataclass
class Heard:
    """All that a node said in one run."""

    events: list[CameraEvent] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)
    lost: list[NodeLost] = field(default_factory=list)

    def of(self, camera: str) -> list[CameraEvent]:
        return [event for event in self.events if event.camera == camera]

    def kinds(self, camera: str) -> list[CameraEventKind]:
        """But for SIZE_LOW: cameras of a bench film small pictures on purpose."""
        return [event.kind for event in self.of(camera) if event.kind is not CameraEventKind.SIZE_LOW]

    def told(self, camera: str, kind: CameraEventKind) -> str:
        """The first line told of that kind, in English; empty when none was."""
        return next((event.detail.en for event in self.of(camera) if event.kind is kind), "")

    def gaps(self, camera: str) -> list[Gap]:
        return [gap for manifest in self.manifests for gap in manifest.gaps if gap.camera == camera]

    def segments(self, camera: str) -> list[tuple[int, int]]:
        """(start_ns, duration_ms) of each closed segment."""
        return [
            (int(m.segments.start_ns[row]), int(m.segments.duration_ms[row]))
            for m in self.manifests
            for row in range(len(m.segments))
            if m.cameras[m.segments.camera[row]] == camera
        ]

    def clock_offset_ms(self, camera: str) -> int:
        """Of the camera's first segment."""
        return next(
            int(m.segments.clock_offset_ms[row])
            for m in self.manifests
            for row in range(len(m.segments))
            if m.cameras[m.segments.camera[row]] == camera
        )

    def count(self, name: str) -> int:
        return sum(getattr(manifest.counts, name) for manifest in self.manifests)

    @property
    def counts(self) -> FrameCounts:
        return FrameCounts(**{f.name: self.count(f.name) for f in dataclasses.fields(FrameCounts)})

    async def listen(self, node: EmbeddedMediaNode) -> None:
        async for message in node.messages():
            if isinstance(message, Manifest):
                self.manifests.append(message)
            elif isinstance(message, NodeLost):
                self.lost.append(message)
            else:
                self.events.append(message)

    async def until(self, what: Callable[[Heard], bool], timeout_s: float = 20.0) -> None:
        """Wait until `what` holds. Raises TimeoutError, with what was heard."""
        try:
            async with asyncio.timeout(timeout_s):
                while not what(self):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError("\n".join(str(event) for event in [*self.events, *self.lost])) from None


Scene = Callable[[EmbeddedMediaNode, Heard], Awaitable[None]]
RunNode = Callable[..., Heard]


def run_node(
    directory: Path, assignments: Sequence[Assignment], scene: Scene, pictures: SharedPicturesSpec | None = None
) -> Heard:
    """Start a node with `assignments`, play `scene`, stop it; all that was heard, the last manifest included."""

    async def play() -> Heard:
        node, heard = EmbeddedMediaNode(NodeId("node-1"), directory, pictures), Heard()
        await node.start()
        listening = asyncio.create_task(heard.listen(node))
        try:
            await node.assign(assignments)
            await scene(node, heard)
        finally:
            await node.stop()
            await listening
        return heard

    return asyncio.run(play())


@pytest.fixture(scope="session")
def node_run() -> RunNode:
    return run_node


@pytest.fixture(scope="session")
def heard_builder() -> type[Heard]:
    return Heard


@pytest.fixture(scope="session")
def assignment_of() -> Callable[..., Assignment]:
    return build_assignment


@pytest.fixture(scope="session")
def all_playable() -> Callable[[Path], int]:
    """Check every file of a media directory; how many there are."""

    def check(directory: Path) -> int:
        files = [path for path in directory.rglob("*") if path.is_file()]
        for file in files:
            with file.open("rb") as opened:
                found = check_segment(opened)
            assert found.playable, f"{file.name}: {found.problem}"
        return len(files)

    return check
