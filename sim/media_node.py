"""A media node of the simulated city (level L0): a cohort of cameras behind `MediaNode`, with a link and a power line.

What it has to say is worked out when it can be heard: during a cut of its link it goes on recording, keeps its
messages, and delivers them in order afterwards; the last one before the cut comes twice, its receipt was lost with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import (
    Assignment,
    CameraEvent,
    CameraEventKind,
    GapCause,
    Manifest,
    NodeId,
    NodeLost,
    NodeMessage,
)
from csu.hal.place import PoseReading
from csu.hal.words import NO_WORDS, Words
from sim.cohort import Cohort, CohortCamera
from sim.intervals import Interval

KEPT_DURING_A_CUT_NS = NS_PER_DAY
"""Older manifests are given up while the link is cut: a node's own disk has an end. They are counted."""
LOST_AFTER_NS = 6 * NS_PER_S
"""A camera that sends nothing for so long is told as lost: the read time-out of a session, and one try again."""
LIVE_AFTER_NS = 500 * NS_PER_MS
NODE_LOST_AFTER_NS = 2 * NS_PER_S


_AUDIO = Words("1 piste son offerte, refusée", "1 audio track offered, refused")
_SILENT = Words(f"aucun paquet en {LOST_AFTER_NS // NS_PER_S} s", f"no packet in {LOST_AFTER_NS // NS_PER_S} s")
_DISK = Words("le disque a refusé", "the disk refused")
_LOST = Words("des paquets sont perdus", "packets were lost")
_DOWN = Words("le nœud est en panne", "the node is down")
_CUT = Words("sa liaison est coupée", "its link is cut")


class NodeUnreachable(CsuError):
    """The node is down, or the link to it is cut."""


@dataclass(frozen=True, slots=True)
class NodePlan:
    """What will happen to the node itself. Intervals are disjoint and in order."""

    report_delay_ns: Nanoseconds = NS_PER_S
    """From a minute's end to its manifest."""
    cuts: tuple[Interval, ...] = ()
    crashes: tuple[Interval, ...] = ()
    """From the crash until the node could be started again."""
    microphones: frozenset[CameraId] = frozenset()
    """Cameras that offer an audio track."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One life of the node: recording began, and the node stopped or crashed."""

    begun_ns: Nanoseconds
    ended_ns: Nanoseconds | None = None


class CohortMediaNode:
    """One node. `history` and the counters are the ground truth that the oracles compare the centre with."""

    def __init__(self, node: NodeId, clock: Clock, cameras: Sequence[CohortCamera], plan: NodePlan) -> None:
        self._node = node
        self._clock = clock
        self._cameras = {camera.camera: camera for camera in cameras}
        self._plan = plan
        self._epoch = 0
        self._cohort: Cohort | None = None
        self._lost_since_ns: dict[CameraId, Nanoseconds] = {}
        self._is_up = False
        self._stopping = False
        self._wake: asyncio.Future[None] | None = None
        self.history: list[Epoch] = []
        self.manifests_sent = 0
        self.manifests_sent_again = 0
        self.manifests_given_up = 0
        self.tried_ns: list[Nanoseconds] = []
        """When the centre asked it to start, whether or not it could."""
        self.on_filmed: Callable[[Manifest], None] = lambda manifest: None
        """Called with each account of what lies on its disk, heard or not."""

    @property
    def node(self) -> NodeId:
        return self._node

    async def start(self) -> None:
        """See MediaNode.start. Raises NodeUnreachable."""
        self.tried_ns.append(self._clock.now_ns())
        self._require_reachable()
        self._epoch += 1
        self._cohort = None
        self._is_up, self._stopping = True, False

    async def assign(self, assignments: Sequence[Assignment]) -> None:
        """See MediaNode.assign. Raises NodeUnreachable; another set within one epoch is not simulated here."""
        self._require_reachable()
        names = tuple(assignment.record.camera for assignment in assignments)
        if not self._is_up:
            raise self._unreachable(Words("il n'a pas été démarré", "it was not started"))
        if self._cohort is not None and names != self._cohort.cameras:
            raise self._unreachable(
                Words("il prend ses caméras une fois par démarrage", "a cohort takes its cameras once per start")
            )
        if self._cohort is None:
            begun_ns = -(-self._clock.now_ns() // NS_PER_MS) * NS_PER_MS
            cameras = [replace(self._cameras[given.record.camera], assignment=given) for given in assignments]
            self._cohort = Cohort(cameras, begun_ns, self._lost_since_ns)
            self.history.append(Epoch(begun_ns))

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """See MediaNode.pose. There is no picture at level L0, so there is nothing to mask."""

    async def stop(self) -> None:
        """See MediaNode.stop."""
        self._stopping = True
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def messages(self) -> AsyncIterator[NodeMessage]:
        """See MediaNode.messages. Ends after NodeLost too; `start` then begins a new epoch."""
        if self._cohort is None:
            return
        cohort, sequence = self._cohort, 0
        begun_ns = self.history[-1].begun_ns
        events = self._events(begun_ns)
        crash_ns = min((at_ns for at_ns, _ in self._plan.crashes if at_ns >= begun_ns), default=None)
        minute_ns = begun_ns // NS_PER_MINUTE * NS_PER_MINUTE
        sent: Manifest | None = None
        while True:
            manifest_due_ns = minute_ns + NS_PER_MINUTE + self._plan.report_delay_ns
            due_ns = min(manifest_due_ns, events[-1].at_ns) if events else manifest_due_ns
            if crash_ns is not None and crash_ns <= due_ns:
                await self._until(crash_ns)
                if self._stopping:
                    break
                self._crash(cohort, crash_ns)
                heard_ns = await self._heard(crash_ns + NODE_LOST_AFTER_NS)
                yield NodeLost(self._node, heard_ns, Words("panne de courant", "power lost"))
                return
            await self._until(due_ns)
            if self._stopping:
                break
            delayed = await self._heard(due_ns) > due_ns
            if delayed and sent is not None:
                self.manifests_sent_again += 1
                yield sent
                sent = None
            if due_ns < manifest_due_ns:
                yield events.pop()
                continue
            message = self._manifest(cohort, sequence, minute_ns, minute_ns + NS_PER_MINUTE)
            sequence, minute_ns = sequence + 1, minute_ns + NS_PER_MINUTE
            if self._clock.now_ns() - due_ns > KEPT_DURING_A_CUT_NS:
                self.manifests_given_up += 1
                continue
            if not self._is_cut(self._clock.now_ns()) and not delayed:
                sent = message
            yield message
        async for message in self._last_words(cohort, sequence, minute_ns):
            yield message

    async def _last_words(self, cohort: Cohort, sequence: int, minute_ns: Nanoseconds) -> AsyncIterator[Manifest]:
        """The manifests of what is left, once they can be heard; the segments end now."""
        now_ns = self._clock.now_ns() // NS_PER_MS * NS_PER_MS
        self._end_epoch(now_ns)
        await self._heard(now_ns)
        while minute_ns + NS_PER_MINUTE <= now_ns:
            yield self._manifest(cohort, sequence, minute_ns, minute_ns + NS_PER_MINUTE)
            sequence, minute_ns = sequence + 1, minute_ns + NS_PER_MINUTE
        yield self._manifest(cohort, sequence, minute_ns, now_ns, last=True)
        self._cohort, self._is_up, self._lost_since_ns = None, False, {}

    def _manifest(
        self, cohort: Cohort, sequence: int, minute_ns: Nanoseconds, until_ns: Nanoseconds, *, last: bool = False
    ) -> Manifest:
        segments, gaps = cohort.account(until_ns, last=last)
        self.manifests_sent += 1
        manifest = Manifest(self._node, self._epoch, sequence, minute_ns, cohort.cameras, segments, gaps)
        self.on_filmed(manifest)
        return manifest

    def _crash(self, cohort: Cohort, at_ns: Nanoseconds) -> None:
        """What was recorded and not yet announced is lost with the open segments: the next epoch owns up to it."""
        self._lost_since_ns = cohort.accounted_until_ns()
        self._end_epoch(at_ns)
        self._cohort, self._is_up = None, False

    def _end_epoch(self, at_ns: Nanoseconds) -> None:
        self.history[-1] = Epoch(self.history[-1].begun_ns, at_ns)

    def _events(self, begun_ns: Nanoseconds) -> list[CameraEvent]:
        """All that the cameras of this epoch will have told, latest first."""
        told = [event for camera in self._cohort_cameras() for event in self._events_of(camera, begun_ns)]
        return sorted(told, key=lambda event: (event.at_ns, event.camera), reverse=True)

    def _cohort_cameras(self) -> list[CohortCamera]:
        return [self._cameras[name] for name in self._cohort.cameras] if self._cohort is not None else []

    def _events_of(self, camera: CohortCamera, begun_ns: Nanoseconds) -> list[CameraEvent]:
        event = partial(CameraEvent, self._node, camera.camera)
        told = []
        if camera.camera in self._plan.microphones:
            told.append(event(CameraEventKind.AUDIO_OFFERED, begun_ns + LIVE_AFTER_NS, _AUDIO))
        outages = [outage for outage in camera.outages if outage.end_ns > begun_ns]
        is_live, live_due_ns = False, camera.next_gop_ns(begun_ns) + LIVE_AFTER_NS
        for outage in outages:
            if not is_live and live_due_ns < outage.start_ns:
                told.append(event(CameraEventKind.LIVE, live_due_ns, NO_WORDS))
                is_live = True
            resumed_ns = camera.next_gop_ns(outage.end_ns)
            if outage.cause is GapCause.CAMERA_LOST and resumed_ns - outage.start_ns > LOST_AFTER_NS:
                lost_at_ns = max(outage.start_ns, begun_ns) + LOST_AFTER_NS
                told.append(event(CameraEventKind.LOST, lost_at_ns, _SILENT))
                is_live = False
            elif outage.cause is GapCause.DISK and outage.start_ns >= begun_ns:
                told.append(event(CameraEventKind.DISK_TROUBLE, outage.start_ns + LIVE_AFTER_NS, _DISK))
            elif outage.cause is GapCause.PACKETS_LOST:
                told.append(event(CameraEventKind.PACKETS_LOST, resumed_ns, _LOST))
            live_due_ns = resumed_ns + LIVE_AFTER_NS
        if not is_live:
            told.append(event(CameraEventKind.LIVE, live_due_ns, NO_WORDS))
        return told

    # -- link and power -----------------------------------------------------------------------------------------------

    def _is_cut(self, at_ns: Nanoseconds) -> bool:
        return any(start_ns <= at_ns < end_ns for start_ns, end_ns in self._plan.cuts)

    def _require_reachable(self) -> None:
        now_ns = self._clock.now_ns()
        down = any(start_ns <= now_ns < end_ns for start_ns, end_ns in self._plan.crashes)
        if down or self._is_cut(now_ns):
            raise self._unreachable(_DOWN if down else _CUT)

    def _unreachable(self, why: Words) -> NodeUnreachable:
        return NodeUnreachable(why, where=self._node, what_to_do=Words("Relancez le nœud", "Start the node again"))

    async def _heard(self, at_ns: Nanoseconds) -> Nanoseconds:
        """Wait until what is said at `at_ns` can be heard in the centre; returns when that is."""
        heard_ns = at_ns
        for start_ns, end_ns in self._plan.cuts:
            if start_ns <= heard_ns < end_ns:
                heard_ns = end_ns
        delay_ns = heard_ns - self._clock.now_ns()
        if delay_ns > 0:
            await asyncio.sleep(delay_ns / NS_PER_S)
        return heard_ns

    async def _until(self, at_ns: Nanoseconds) -> None:
        """Wait for an instant, or for `stop`."""
        delay_ns = at_ns - self._clock.now_ns()
        if delay_ns <= 0 or self._stopping:
            return
        loop = asyncio.get_running_loop()
        self._wake = wake = loop.create_future()
        timer = loop.call_later(delay_ns / NS_PER_S, _settle, wake)
        try:
            await wake
        finally:
            timer.cancel()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
