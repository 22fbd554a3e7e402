"""A media node's own process: a thread per camera, an account each minute, orders from the parent.

Started by `csu.cluster.embedded` as `python -m csu.cluster.media_process <fd>`; it ends, with its segments closed, when
it is told to or when the parent is gone.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence

import cv2

from csu.cluster.edge_auditors import EdgeAuditors
from csu.cluster.edge_route import edge_route
from csu.cluster.engine_route import engine_route
from csu.cluster.floor_door import FloorDoor
from csu.cluster.left_over import Recovery
from csu.cluster.live_muxer import LiveOutlet
from csu.cluster.outbox import Outbox
from csu.cluster.segment_sink import SegmentSink, segment_table
from csu.cluster.shared_pictures import SharedPicturesWriter
from csu.cluster.view_keeper import ViewKeepers
from csu.cluster.volumes import VolumesDisk
from csu.cluster.wire import Alive, Assign, Begin, Order, Ready, Stop, Stopped, TellPose, Watch, receive_order
from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.disk import Disk
from csu.hal.keys import KeyStore
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, Manifest
from csu.hal.words import Words
from csu.ingest import CameraPipeline, EdgeRoute, MaskRoute, Outlets, PictureSink, add_counts
from csu.machine import LocalDisk, SystemChance, SystemClock
from csu.recording import ClosedSegment
from csu.recording.chain import HeadStore
from csu.recording.head_store import LocalHeads
from csu.recording.key_store import LocalKeyStore, key_secret

ALIVE_EVERY_S = 2.0
STOP_S_MAX = 4.0
"""How long threads may take to close their segments: one read time-out and a slow disk's sync."""

_log = logging.getLogger(__name__)


class CameraWorker:
    """One camera's thread with all that belongs to it."""

    def __init__(self, pipeline: CameraPipeline, segments: SegmentSink, live: LiveOutlet) -> None:
        self.pipeline = pipeline
        self.segments = segments
        self.live = live
        self._thread: threading.Thread | None = None

    @property
    def camera(self) -> CameraId:
        return self.pipeline.camera

    def start(self, after: CameraWorker | None = None) -> None:
        """Begin; first wait for the thread of `after`, the same camera's former worker."""

        def run() -> None:
            if after is not None:
                after.join(STOP_S_MAX)
            self.pipeline.run()

        self._thread = threading.Thread(target=run, name=f"camera {self.camera}", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """True when the thread has ended."""
        if self._thread is None:
            return True
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()


class MediaProcess:
    """The node: which cameras it serves, and its account of each minute. One thread calls it."""

    def __init__(
        self,
        begin: Begin,
        outbox: Outbox,
        *,
        clock: Clock,
        chance: Chance,
        disk: Disk,
        route: MaskRoute,
        pictures: PictureSink | None,
        edge: EdgeRoute | None = None,
        keys: KeyStore | None = None,
        heads: HeadStore | None = None,
        recovery: Recovery | None = None,
    ) -> None:
        self._begin = begin
        self._outbox = outbox
        self._clock = clock
        self._chance = chance
        self._disk = disk
        self._route = route
        self._pictures = pictures
        self._edge = edge
        self._keys = keys
        self._heads = heads
        self._recovery = recovery
        self._auditors = EdgeAuditors(clock)
        self._workers: dict[CameraId, CameraWorker] = {}
        self._leaving: list[CameraWorker] = []
        self._sequence = 0
        self._lost_since_ns = dict(begin.accounted_until_ns)
        self._minute_ns = clock.now_ns() // NS_PER_MINUTE * NS_PER_MINUTE

    def obey(self, order: Order) -> None:
        """Do what the parent asks; `Stop` is the caller's affair."""
        if isinstance(order, Assign):
            self._assign(order.assignments)
        elif isinstance(order, TellPose) and (worker := self._workers.get(order.camera)) is not None:
            worker.pipeline.pose(order.reading)
        elif isinstance(order, Watch) and (worker := self._workers.get(order.camera)) is not None:
            worker.live.watch(order.on)

    def seconds_to_next_deed(self) -> float:
        """When `account` or `end_what_is_over` is due."""
        ends_ns = [worker.pipeline.assignment.until_ns for worker in self._workers.values()]
        due_ns = min([self._minute_ns + NS_PER_MINUTE, *(end_ns for end_ns in ends_ns if end_ns is not None)])
        return max(0.0, (due_ns - self._clock.now_ns()) / NS_PER_S)

    def end_what_is_over(self) -> None:
        """Stop cameras whose order has ended, whether or not the centre can still be reached (AUT-2)."""
        now_ns = self._clock.now_ns()
        given = [worker.pipeline.assignment for worker in self._workers.values()]
        kept = [each for each in given if each.until_ns is None or each.until_ns > now_ns]
        if len(kept) < len(given):
            self._assign(kept)

    def account(self) -> None:
        """Send the manifest of each minute that is over."""
        while self._clock.now_ns() >= self._minute_ns + NS_PER_MINUTE:
            end_ns = self._minute_ns + NS_PER_MINUTE
            self._send_manifest(self._minute_ns, end_ns)
            self._minute_ns = max(end_ns, self._clock.now_ns() // NS_PER_MINUTE * NS_PER_MINUTE)
        dropped = self._outbox.take_live_dropped()
        if dropped:
            _log.warning("node %s: %d live fragments were dropped: the parent is slow", self._begin.node, dropped)

    def stop(self) -> None:
        """Close every segment, send the last manifest."""
        workers = [*self._workers.values(), *self._leaving]
        for worker in workers:
            worker.pipeline.ask_to_stop()
        deadline_ns = self._clock.monotonic_ns() + round(STOP_S_MAX * NS_PER_S)
        for worker in workers:
            if not worker.join((deadline_ns - self._clock.monotonic_ns()) / NS_PER_S):
                _log.error(
                    "camera %s: its thread did not end in %g s; its last segment is lost", worker.camera, STOP_S_MAX
                )
        self._auditors.stop()
        self.account()
        self._send_manifest(self._minute_ns, self._clock.now_ns())

    def _assign(self, assignments: Sequence[Assignment]) -> None:
        wanted = {assignment.record.camera: assignment for assignment in assignments}
        for camera, worker in list(self._workers.items()):
            assignment = wanted.get(camera)
            if assignment is not None and assignment.address == worker.pipeline.assignment.address:
                if assignment != worker.pipeline.assignment:
                    worker.pipeline.reassign(assignment)
                self._audit(worker)
                continue
            worker.pipeline.ask_to_stop()
            self._auditors.forget(camera, worker.pipeline.edge_trust)
            self._leaving.append(self._workers.pop(camera))
        for camera, assignment in wanted.items():
            if camera not in self._workers:
                worker = self._worker(assignment)
                former = next((leaving for leaving in self._leaving if leaving.camera == camera), None)
                self._workers[camera] = worker
                worker.start(former)
                self._audit(worker)

    def _audit(self, worker: CameraWorker) -> None:
        """From now on its other streams are looked at, if it is to mask by itself."""
        if self._edge is not None and worker.pipeline.assignment.edge is not None:
            self._auditors.watch(worker.camera, worker.pipeline.edge_trust)

    def _worker(self, assignment: Assignment) -> CameraWorker:
        camera = assignment.record.camera

        def tell(kind: CameraEventKind) -> Callable[[Words], None]:
            return lambda words: self._tell(CameraEvent(self._begin.node, camera, kind, self._clock.now_ns(), words))

        segments = SegmentSink(assignment.record, self._disk, self._keys, self._heads, tell(CameraEventKind.RATE_LOW))
        route = FloorDoor(self._route, tell(CameraEventKind.SIZE_LOW))
        if self._recovery is not None:
            self._recovery.ask(assignment.record.camera, segments.recovered)
        live = LiveOutlet(assignment.record.camera, self._outbox.put_live)
        pipeline = CameraPipeline(
            self._begin.node,
            assignment,
            Outlets(route, segments, live, self._pictures_for(assignment.record.camera), self._edge),
            clock=self._clock,
            chance=self._chance,
            tell=self._tell,
            lock=threading.Lock(),
            lost_since_ns=self._lost_since_ns.pop(assignment.record.camera, None),
        )
        return CameraWorker(pipeline, segments, live)

    def _pictures_for(self, camera: CameraId) -> PictureSink | None:
        """The wall's memory, if it has a place for this camera: one without is recorded all the same."""
        spec = self._begin.pictures
        return self._pictures if spec is not None and camera in spec.cameras else None

    def _tell(self, event: CameraEvent) -> None:
        self._outbox.put(event)

    def _send_manifest(self, minute_ns: Nanoseconds, until_ns: Nanoseconds) -> None:
        workers = [*self._workers.values(), *self._leaving]
        still_leaving = [worker for worker in self._leaving if not worker.join(0)]  # asked before the account is taken
        accounts = [worker.pipeline.take_account(until_ns) for worker in workers]
        closed: list[ClosedSegment] = [segment for worker in workers for segment in worker.segments.take()]
        cameras = tuple(dict.fromkeys(worker.camera for worker in workers))
        self._outbox.put(
            Manifest(
                self._begin.node,
                self._begin.node_epoch,
                self._sequence,
                minute_ns,
                cameras,
                segment_table(cameras, closed),
                tuple(gap for account in accounts for gap in account.gaps),
                add_counts(account.counts for account in accounts),
            )
        )
        self._sequence += 1
        self._leaving = still_leaving


def serve(orders_from: socket.socket, reports_to: socket.socket) -> None:
    """Serve the parent at the other ends until it says stop or is gone."""
    begin = receive_order(orders_from)
    if not isinstance(begin, Begin):
        return
    outbox = Outbox(reports_to)
    clock = SystemClock()

    def tell_of_view(camera: CameraId, kind: CameraEventKind, detail: Words) -> None:
        outbox.put(CameraEvent(begin.node, camera, kind, clock.now_ns(), detail))

    views = ViewKeepers(tell_of_view, LocalDisk(begin.views_directory) if begin.views_directory is not None else None)
    disk = VolumesDisk.of(begin.media_directory, begin.volumes_note, clock=clock)
    keys = _keys(begin, disk)
    node = MediaProcess(
        begin,
        outbox,
        clock=clock,
        chance=SystemChance(f"{begin.node}/{begin.node_epoch}"),
        disk=disk,
        route=engine_route(views),
        pictures=SharedPicturesWriter.attach(begin.pictures) if begin.pictures is not None else None,
        edge=edge_route(views),
        keys=keys,
        heads=LocalHeads(begin.heads_directory) if begin.heads_directory is not None else None,
        recovery=Recovery(disk, keys),
    )
    orders: queue.Queue[Order | None] = queue.Queue(maxsize=1024)
    threading.Thread(target=_read_orders, args=(orders_from, orders), name="orders", daemon=True).start()
    outbox.put(Ready())
    said_alive_ns = clock.monotonic_ns()
    while True:
        try:
            order = orders.get(timeout=min(ALIVE_EVERY_S, node.seconds_to_next_deed()))
        except queue.Empty:
            pass
        else:
            if order is None or isinstance(order, Stop):
                break
            node.obey(order)
        node.end_what_is_over()
        node.account()
        # By the clock, not by the silence of the parent: poses of PTZ cameras come without a pause.
        if clock.monotonic_ns() - said_alive_ns >= ALIVE_EVERY_S * NS_PER_S:
            said_alive_ns = clock.monotonic_ns()
            outbox.put(Alive())
    node.stop()
    outbox.put(Stopped())
    outbox.close(STOP_S_MAX)


def _keys(begin: Begin, disk: VolumesDisk) -> KeyStore | None:
    """Raises BadInput for keys that are not apart from the media: the node does not begin."""
    if begin.keys_directory is None:
        return None
    apart = (begin.media_directory, *(volume.directory for volume in disk.volumes()))
    return LocalKeyStore(begin.keys_directory, away_from=apart, secret=key_secret(os.environ))


def _read_orders(connection: socket.socket, orders: queue.Queue[Order | None]) -> None:
    while True:
        order = receive_order(connection)
        orders.put(order)
        if order is None or isinstance(order, Stop):
            return


def main() -> None:
    """The process: two arguments, the numbers of the inherited sockets for orders and for reports."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when to stop
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    cv2.setNumThreads(1)  # a thread per camera is enough of them
    with socket.socket(fileno=int(sys.argv[1])) as orders, socket.socket(fileno=int(sys.argv[2])) as reports:
        serve(orders, reports)


if __name__ == "__main__":
    main()
