"""A media node in a process of this machine: the parent's side, a `MediaNode` and a `LiveRelay`."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from csu.cluster.live_relay import LiveDesk
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.cluster.wire import (
    HEADER,
    Alive,
    Assign,
    Begin,
    FragmentOf,
    Order,
    Ready,
    Report,
    Stop,
    Stopped,
    TellPose,
    Watch,
    body_bytes,
    pack,
    unpack_report,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import Assignment, LiveFragment, Manifest, NodeId, NodeLost, NodeMessage
from csu.hal.place import PoseReading
from csu.hal.words import Words
from csu.machine import SystemClock

NODE_ENVIRONMENT = {**os.environ, "MALLOC_ARENA_MAX": "2"}
"""glibc would keep an arena for each camera's thread: 16 recorders then add 6.8 MiB each instead of 3.1 (measured)."""
READY_S_MAX = 30.0
"""Importing FFmpeg and OpenCV takes 1 s, on a loaded machine ten times as long."""
SILENCE_S_MAX = 20.0
"""A process says it is alive every 2 s. One that says nothing for so long hangs: it is killed, and lost."""
FOLLOWS_NS = NS_PER_S
"""A gap that begins so soon after what was told follows it: a camera's thread begins a little later than asked."""
STOP_S_MAX = 10.0
MESSAGES_WAITING_MAX = 10_000
"""Messages nobody has taken yet. When full, the process is left to wait, and drops live fragments first."""
ORDERS_WAITING_BYTES_MAX = 1 << 20
"""Beyond this the process takes no orders: pose readings are left out (a stale pose masks the whole picture)."""


class NodeError(CsuError):
    """The media node's process cannot be started, or is not running."""


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
        return self._life.pid if self._life is not None and self._life.is_running else None

    async def start(self) -> None:
        """See MediaNode.start. Raises NodeError."""
        if self._life is not None and self._life.is_running:
            raise NodeError(
                Words("le nœud tourne déjà", "the node runs already"),
                where=self._node,
                what_to_do=Words("Arrêtez-le d'abord", "Stop it first"),
            )
        self._epoch = max(self._epoch + 1, self._clock.now_ns() // NS_PER_S)
        self._cameras = frozenset()
        self._desk.end()
        life = _Life(self._node, self._desk, self._clock)
        accounted_until_ns = dict(self._accounted_until_ns)
        await life.begin(
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
        if self._life is None or not self._life.is_running:
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
        await self._life.order(Assign(tuple(assignments)))

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """See MediaNode.pose. A node that does not run has no picture to mask: nothing happens then."""
        if self._life is not None and camera in self._cameras:
            self._life.order_if_room(TellPose(camera, reading))

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
            await self._life.stop()
        self._desk.end()

    def watch(self, camera: CameraId) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        """See LiveRelay.watch."""
        if camera not in self._cameras:
            raise KeyError(camera)
        return self._desk.watch(camera)

    def _ask_to_watch(self, camera: CameraId, on: bool) -> None:
        if self._life is not None and self._life.is_running:
            self._life.order_now(Watch(camera, on))


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

    def __init__(self, node: NodeId, desk: LiveDesk, clock: Clock) -> None:
        self.messages: asyncio.Queue[NodeMessage | None] = asyncio.Queue(MESSAGES_WAITING_MAX)
        """None is the end."""
        self._node = node
        self._desk = desk
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reports: asyncio.StreamWriter | None = None
        """The other side of the reports' socket: never written to, kept to be closed."""
        self._listening: asyncio.Task[None] | None = None
        self._epoch = 0
        self._stopping = False
        self._said_goodbye = False
        self._silent = False

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def is_running(self) -> bool:
        return self._listening is not None and not self._listening.done() and not self._stopping

    async def begin(self, begin: Begin) -> None:
        """Start the process and wait until it listens. Raises NodeError."""
        self._epoch = begin.node_epoch
        # Two sockets: asyncio closes a transport whose write fails, with all that was not yet read from it. An order to
        # a process that has just ended would cost its last manifest.
        orders, their_orders = socket.socketpair()
        reports, their_reports = socket.socketpair()
        with their_orders, their_reports:
            theirs = (their_orders.fileno(), their_reports.fileno())
            command = [sys.executable, "-m", "csu.cluster.media_process", *map(str, theirs)]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                command,
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=NODE_ENVIRONMENT,
            )
        _, self._writer = await asyncio.open_connection(sock=orders)
        reader, self._reports = await asyncio.open_connection(sock=reports)
        try:
            await self.order(begin)
            async with asyncio.timeout(READY_S_MAX):
                first = await _receive(reader)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            code = await self._end_process(0)
            name = type(error).__name__
            raise NodeError(
                Words(
                    f"son processus n'a pas démarré ({name}, code de sortie {code})",
                    f"its process did not begin ({name}, exit code {code})",
                ),
                where=self._node,
                what_to_do=Words(
                    "Lisez ses messages sur stderr : le dossier des médias et les images partagées doivent exister",
                    "Look at its messages on stderr: the media directory and the shared pictures must exist",
                ),
            ) from None
        assert isinstance(first, Ready)  # noqa: S101 - our own module's first word
        self._listening = asyncio.create_task(self._listen(reader), name=f"node {self._node}")

    async def order(self, order: Order) -> None:
        """Send an order; waits while the process is slow. One that is gone is told as NodeLost, not here."""
        if self._writer is not None:
            with suppress(OSError):
                self._writer.write(pack(order))
                await self._writer.drain()

    def order_now(self, order: Order) -> None:
        """Send an order without waiting."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(pack(order))

    def order_if_room(self, order: Order) -> None:
        """Send an order unless the process is behind: the next one says it better."""
        if self._writer is not None and self._writer.transport.get_write_buffer_size() < ORDERS_WAITING_BYTES_MAX:
            self.order_now(order)

    async def stop(self) -> None:
        """Ask for the end and wait for it; kill what does not come to it."""
        if self._listening is None:
            return
        if not self._stopping:
            self._stopping = True
            self.order_now(Stop())
        done, _ = await asyncio.wait([self._listening], timeout=STOP_S_MAX)
        if not done and self._process is not None:
            self._process.kill()
            await asyncio.wait([self._listening], timeout=STOP_S_MAX)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                async with asyncio.timeout(SILENCE_S_MAX):
                    report = await _receive(reader)
                await self._hear(report)
        except TimeoutError:
            self._silent = True
        except (asyncio.IncompleteReadError, OSError, ValueError):
            pass  # the end of the process, told below with its exit code
        code = await self._end_process(STOP_S_MAX if self._said_goodbye else 0.5)
        self._desk.end()
        if not self._said_goodbye:
            why = _SILENT if self._silent else _ending(code)
            await self.messages.put(NodeLost(self._node, self._epoch, self._clock.now_ns(), why))
        await self.messages.put(None)

    async def _hear(self, report: Report) -> None:
        if isinstance(report, FragmentOf):
            self._desk.hear(report.camera, report.fragment)
        elif isinstance(report, Stopped):
            self._said_goodbye = True
        elif not isinstance(report, Ready | Alive):
            await self.messages.put(report)

    async def _end_process(self, patience_s: float) -> int | None:
        """Make sure the process is gone; its exit code."""
        for side in (self._writer, self._reports):
            if side is not None:
                side.close()
        if self._process is None:
            return None
        try:
            return await asyncio.to_thread(self._process.wait, patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)


async def _receive(reader: asyncio.StreamReader) -> Report:
    header = await reader.readexactly(HEADER.size)
    return unpack_report(await reader.readexactly(body_bytes(header)))


_SILENT = Words(
    f"nœud muet pendant {SILENCE_S_MAX:g} s, et arrêté", f"it said nothing for {SILENCE_S_MAX:g} s and was killed"
)


def _ending(code: int | None) -> Words:
    if code is not None and code < 0:
        return Words(
            f"son processus a été tué par le signal {-code} (code de sortie {code})",
            f"its process was killed by signal {-code} (exit code {code})",
        )
    return Words(
        f"son processus s'est arrêté de lui-même (code de sortie {code})",
        f"its process ended by itself (exit code {code})",
    )
