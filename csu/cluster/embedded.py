"""A media node in a process of this machine: the parent's side, a `MediaNode` and a `LiveRelay`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from csu.cluster.child import Child, NodeError
from csu.cluster.live_relay import LiveDesk
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.cluster.wire import Assign, Begin, FragmentOf, Report, TellPose, Watch
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.media import Assignment, CameraEvent, LiveFragment, Manifest, NodeId, NodeLost, NodeMessage
from csu.hal.place import PoseReading
from csu.hal.words import Words
from csu.machine import SystemClock

FOLLOWS_NS = NS_PER_S
"""A gap that begins so soon after what was told follows it: a camera's thread begins a little later than asked."""
MESSAGES_WAITING_MAX = 10_000
"""Messages nobody has taken yet. When full, the process is left to wait, and drops live fragments first."""


class EmbeddedMediaNode:
    """One child process with a thread per camera. All calls come from one event loop."""

    def __init__(
        self,
        node: NodeId,
        media_directory: Path,
        pictures: SharedPicturesSpec | None = None,
        clock: Clock | None = None,
        views_directory: Path | None = None,
        keys_directory: Path | None = None,
        heads_directory: Path | None = None,
        volumes_note: Path | None = None,
    ) -> None:
        """`pictures`: where the wall finds masked pictures; None: there is no wall.

        `views_directory`: where the views of its cameras are remembered over restarts; None: nowhere.
        `keys_directory`: of the keys that seal its segments; None: they are not sealed (a bench, not a centre).
        `heads_directory`: of the heads of its cameras' chains; None: its segments are in no chain.
        `volumes_note`: where the centre notes its volumes; None: `media_directory` alone, whatever lies there.
        """
        self._node = node
        self._media_directory = media_directory
        self._pictures = pictures
        self._views_directory = views_directory
        self._keys_directory = keys_directory
        self._heads_directory = heads_directory
        self._volumes_note = volumes_note
        self._clock = clock or SystemClock()
        self._epoch = self._clock.now_ns() // NS_PER_S - 1  # grows over restarts of the parent too
        self._life: _Life | None = None
        self._cameras: frozenset[CameraId] = frozenset()
        self._accounted_until_ns: dict[CameraId, Nanoseconds] = {}
        self._desk = LiveDesk(self._ask_to_watch)

    @property
    def node(self) -> NodeId:
        return self._node

    @property
    def epoch(self) -> int:
        """The newest epoch: that of the running process, or of the last one."""
        return self._epoch

    @property
    def pid(self) -> int | None:
        """The process; None when it does not run."""
        return self._life.child.pid if self._life is not None and self._life.child.is_running else None

    async def start(self) -> None:
        """See MediaNode.start. Raises NodeError."""
        if self._life is not None and self._life.child.is_running:
            raise NodeError(
                Words("le nœud tourne déjà", "the node runs already"),
                where=self._node,
                what_to_do=Words("Arrêtez-le d'abord", "Stop it first"),
            )
        self._epoch = max(self._epoch + 1, self._clock.now_ns() // NS_PER_S)
        self._cameras = frozenset()
        self._desk.end()
        life = _Life(self._node, self._epoch, self._desk, self._clock)
        accounted_until_ns = dict(self._accounted_until_ns)
        await life.child.begin(
            Begin(
                self._node,
                self._epoch,
                self._media_directory,
                self._pictures,
                accounted_until_ns,
                self._views_directory,
                self._keys_directory,
                self._heads_directory,
                self._volumes_note,
            )
        )
        self._life = life

    async def assign(self, assignments: Sequence[Assignment]) -> None:
        """See MediaNode.assign. Raises NodeError when the node does not run."""
        if self._life is None or not self._life.child.is_running:
            raise NodeError(
                Words("le nœud ne tourne pas", "the node does not run"),
                where=self._node,
                what_to_do=Words("Démarrez-le d'abord", "Start it first"),
            )
        cameras = frozenset(assignment.record.camera for assignment in assignments)
        for gone in self._cameras - cameras:
            self._desk.end(gone)
        self._cameras = cameras
        for camera in cameras:
            self._accounted_until_ns.setdefault(camera, self._clock.now_ns())
        await self._life.child.order(Assign(tuple(assignments)))

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """See MediaNode.pose. A node that does not run has no picture to mask: nothing happens then."""
        if self._life is not None and camera in self._cameras:
            self._life.child.order_if_room(TellPose(camera, reading))

    async def messages(self) -> AsyncIterator[NodeMessage]:
        """See MediaNode.messages. Ends after NodeLost too; `start` then begins a new epoch."""
        life = self._life
        while life is not None:
            message = await life.messages.get()
            if message is None:
                life.messages.put_nowait(None)  # for whoever asks again
                return
            if isinstance(message, Manifest):
                self._accounted_until_ns |= accounted_until(message, self._accounted_until_ns)
            yield message

    async def stop(self) -> None:
        """See MediaNode.stop."""
        if self._life is not None:
            await self._life.child.stop()
        self._desk.end()

    def watch(self, camera: CameraId) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        """See LiveRelay.watch."""
        if camera not in self._cameras:
            raise KeyError(camera)
        return self._desk.watch(camera)

    def _ask_to_watch(self, camera: CameraId, on: bool) -> None:
        if self._life is not None and self._life.child.is_running:
            self._life.child.order_now(Watch(camera, on))


def accounted_until(manifest: Manifest, before: Mapping[CameraId, Nanoseconds]) -> dict[CameraId, Nanoseconds]:
    """For each camera the manifest names, up to where everything is told of it, when `before` was told already.

    A gap that does not follow what was told lies beyond a segment that is still open: with the node that is lost too.
    """
    segments = manifest.segments
    ends_ns = (segments.start_ns + segments.duration_ms.astype("int64") * NS_PER_MS).tolist()
    until_ns = {camera: before[camera] for camera in manifest.cameras if camera in before}
    for index, end_ns in zip(segments.camera.tolist(), ends_ns, strict=True):
        camera = manifest.cameras[index]
        until_ns[camera] = max(end_ns, until_ns.get(camera, 0))
    for gap in sorted(manifest.gaps, key=lambda gap: gap.start_ns):
        known_ns = until_ns.get(gap.camera, before.get(gap.camera, gap.start_ns))
        if gap.start_ns <= known_ns + FOLLOWS_NS:
            until_ns[gap.camera] = max(gap.end_ns, known_ns)
    return until_ns


class _Life:
    """One epoch: a process from its birth to its end."""

    def __init__(self, node: NodeId, epoch: int, desk: LiveDesk, clock: Clock) -> None:
        self.messages: asyncio.Queue[NodeMessage | None] = asyncio.Queue(MESSAGES_WAITING_MAX)
        """None is the end."""
        self._node = node
        self._epoch = epoch
        self._desk = desk
        self._clock = clock
        self.child = Child("csu.cluster.media_process", node, hear=self._hear, ended=self._end)

    async def _hear(self, report: Report) -> None:
        if isinstance(report, FragmentOf):
            self._desk.hear(report.camera, report.fragment)
        elif isinstance(report, Manifest | CameraEvent):
            await self.messages.put(report)

    async def _end(self, why: Words | None) -> None:
        self._desk.end()
        if why is not None:
            await self.messages.put(NodeLost(self._node, self._epoch, self._clock.now_ns(), why))
        await self.messages.put(None)
