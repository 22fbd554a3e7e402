"""A media node without a process and without threads: each of its cameras goes on by a step when it is told to.

It is composed as in a node's own process (`csu.cluster.media_process`): the pipeline with its tries and its account,
the mask route with its view watch, the recorder with its seal. Left out: live fragments (nobody watches), masks of the
cameras' own, and the floors of TEC-1 and TEC-2, which pictures small enough for virtual time cannot meet.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from csu.cluster.embedded import accounted_until
from csu.cluster.engine_route import engine_route
from csu.cluster.live_muxer import LiveOutlet
from csu.cluster.segment_sink import SegmentSink, segment_table
from csu.cluster.view_keeper import ViewKeepers
from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.disk import Disk
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, NodeId
from csu.hal.place import PoseReading
from csu.hal.words import Words
from csu.ingest import Account, CameraPipeline, EventSink, Outlets, PictureSink, add_counts
from csu.ingest.backoff import DELAY_S_MAX
from csu.ingest.fed import STREAM_HZ, FedPacket, FedStream, StreamEnded, fed_by
from csu.ingest.session import SILENCE_NS_MAX
from csu.masking.view import LEARN_LOOKS, LOOK_EVERY_NS
from csu.recording import ClosedSegment
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody

__all__ = [
    "DELAY_S_MAX",
    "LEARN_LOOKS",
    "LOOK_EVERY_NS",
    "SILENCE_NS_MAX",
    "STREAM_HZ",
    "Account",
    "ClosedSegment",
    "FedPacket",
    "FedStream",
    "InlineCamera",
    "InlineNode",
    "StreamEnded",
    "accounted_until",
    "add_counts",
    "segment_table",
]


class InlineNode:
    """What the cameras of a node share. All calls come from one thread."""

    def __init__(
        self, node: NodeId, disk: Disk, keys_directory: Path, *, clock: Clock, chance: Chance, tell: EventSink
    ) -> None:
        """`disk`: where segments lie, sealed with the keys of `keys_directory`; `tell`: hears what is told at once."""
        self._node = node
        self._disk = disk
        self._keys = LocalKeyStore(keys_directory)
        self._clock = clock
        self._chance = chance
        self._tell = tell
        self._views = ViewKeepers(self._tell_of_view)

    def camera(
        self,
        assignment: Assignment,
        stream: FedStream,
        pictures: PictureSink,
        lost_since_ns: Nanoseconds | None = None,
    ) -> InlineCamera:
        """Serve a camera from now on. `pictures`: the wall's place; `lost_since_ns`: see CameraPipeline."""
        camera = assignment.record.camera
        segments = SegmentSink(assignment.record, self._disk, self._keys)
        live = LiveOutlet(camera, lambda _, fragment: None)
        pipeline = CameraPipeline(
            self._node,
            assignment,
            Outlets(engine_route(self._views), segments, live, pictures),
            clock=self._clock,
            chance=self._chance,
            tell=self._tell,
            lock=nullcontext(True),
            lost_since_ns=lost_since_ns,
            open_stream=fed_by(stream),
        )
        return InlineCamera(pipeline, segments)

    def open(self, name: str) -> BinaryIO:
        """A recorded segment, its seal opened. Raises DiskError."""
        return SealedDisk(self._disk, self._keys, nobody).open(name)

    def _tell_of_view(self, camera: CameraId, kind: CameraEventKind, detail: Words) -> None:
        self._tell(CameraEvent(self._node, camera, kind, self._clock.now_ns(), detail))


class InlineCamera:
    """One camera of an InlineNode."""

    def __init__(self, pipeline: CameraPipeline, segments: SegmentSink) -> None:
        self._pipeline = pipeline
        self._segments = segments
        self._steps = pipeline.steps()

    @property
    def assignment(self) -> Assignment:
        """The newest."""
        return self._pipeline.assignment

    def step(self) -> float | None:
        """See CameraPipeline.steps; None: it has ended."""
        return next(self._steps, None)

    def reassign(self, assignment: Assignment) -> None:
        """See CameraPipeline.reassign."""
        self._pipeline.reassign(assignment)

    def pose(self, reading: PoseReading | None) -> None:
        """See CameraPipeline.pose."""
        self._pipeline.pose(reading)

    def end(self) -> None:
        """Let it go: its segment is closed."""
        self._pipeline.ask_to_stop()
        for _ in self._steps:
            pass

    def drop(self) -> None:
        """Its machine is gone: whatever it still tries, its disk must not take any more."""
        self._steps.close()

    def take(self, until_ns: Nanoseconds) -> tuple[Account, list[ClosedSegment]]:
        """What was missed and what was closed since the last call."""
        return self._pipeline.take_account(until_ns), self._segments.take()
