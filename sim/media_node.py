"""A media node of the simulated city (level L0): a cohort of cameras behind `MediaNode`, with a link and a power line.

What it has to say is worked out when it can be heard: during a cut of its link it goes on recording, keeps its
messages, and delivers them in order afterwards; the last one before the cut comes twice, its receipt was lost with it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
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
from sim.cohort import CohortCamera
from sim.intervals import Interval, union
from sim.served import Epoch, Given, Served

KEPT_DURING_A_CUT_NS = NS_PER_DAY
"""Older manifests are given up while the link is cut: a node's own disk has an end. They are counted."""
LOST_AFTER_NS = 6 * NS_PER_S
"""A camera that sends nothing for so long is told as lost: the read time-out of a session, and one try again."""
LIVE_AFTER_NS = 500 * NS_PER_MS
NODE_LOST_AFTER_NS = 2 * NS_PER_S
FROZEN_AFTER_NS = 20 * NS_PER_S
"""A node that says nothing for so long is taken for lost, and another one is started in its place."""


_AUDIO = Words("1 piste son offerte, refusée", "1 audio track offered, refused")
_SILENT = Words(f"aucun paquet en {LOST_AFTER_NS // NS_PER_S} s", f"no packet in {LOST_AFTER_NS // NS_PER_S} s")
_DISK = Words("le disque a refusé", "the disk refused")
_LOST = Words("des paquets sont perdus", "packets were lost")
_DOWN = Words("le nœud est en panne", "the node is down")
_NO_POWER = Words("panne de courant", "power lost")
_FROZEN = Words(f"rien en {FROZEN_AFTER_NS // NS_PER_S} s", f"nothing in {FROZEN_AFTER_NS // NS_PER_S} s")
_CUT = Words("sa liaison est coupée", "its link is cut")


_NEVER_NS = 2**62


class NodeUnreachable(CsuError):
    """The node is down, or the link to it is cut."""


@dataclass(frozen=True, slots=True)
class Slowness:
    """In [start_ns, end_ns) a link takes `delay_ns` more for each message."""

    start_ns: Nanoseconds
    end_ns: Nanoseconds
    delay_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Telling:
    """A node has something to tell of a camera, if it then sends pictures."""

    camera: CameraId
    at_ns: Nanoseconds
    kind: CameraEventKind
    detail: Words = NO_WORDS


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
    half_open: tuple[Interval, ...] = ()
    """What the node says does not arrive; it hears the centre."""
    lossy: tuple[Interval, ...] = ()
    """Receipts are lost: every second manifest comes twice."""
    slow: tuple[Slowness, ...] = ()
    freezes: tuple[Interval, ...] = ()
    """The node stands still; another takes its place, and when it thaws it goes on as if nothing had been."""
    tells: tuple[Telling, ...] = ()
    """What it will tell of its cameras besides, by time."""

    @property
    def troubled(self) -> tuple[Interval, ...]:
        """When its link is not as it should be."""
        slow = ((slow.start_ns, slow.end_ns) for slow in self.slow)
        return union([*self.cuts, *self.half_open, *self.lossy, *slow])

    @property
    def silent(self) -> tuple[Interval, ...]:
        """When nothing that it says arrives."""
        return union([*self.cuts, *self.half_open])

    @property
    def unreachable(self) -> tuple[Interval, ...]:
        """When it cannot be told anything."""
        return union([*self.cuts, *self.crashes])


def _when_sending(camera: CohortCamera, at_ns: Nanoseconds) -> Nanoseconds:
    """That instant, or when the camera sends again: a node says nothing of pictures that it does not get."""
    for outage in camera.outages:
        if outage.start_ns <= at_ns < outage.end_ns + LIVE_AFTER_NS:
            at_ns = camera.next_gop_ns(outage.end_ns) + LIVE_AFTER_NS
    return at_ns


class CohortMediaNode:
    """One node. `history` and the counters are the ground truth that the oracles compare the centre with."""

    def __init__(self, node: NodeId, clock: Clock, cameras: Sequence[CohortCamera], plan: NodePlan) -> None:
        self._node = node
        self._clock = clock
        self._cameras = {camera.camera: camera for camera in cameras}
        self._plan = plan
        self._silent, self._troubled = plan.silent, plan.troubled
        self._thawed: list[tuple[Nanoseconds, Manifest]] = []
        """What frozen owners say when they thaw, by time: accounts of an epoch that is over."""
        self._epoch = 0
        self._served: Served | None = None
        self._due_events: list[CameraEvent] = []
        """What its cameras will have told, latest first."""
        self._lost_since_ns: dict[CameraId, Nanoseconds] = {}
        self._is_up = False
        self._stopping = False
        self._wake: asyncio.Future[None] | None = None
        self.history: list[Epoch] = []
        self.manifests_sent = 0
        self.manifests_sent_again = 0
        self.manifests_given_up = 0
        self.manifests_of_old_owners = 0
        self.tried_ns: list[Nanoseconds] = []
        """When the centre asked it to start, whether or not it could."""
        self.on_filmed: Callable[[Manifest], None] = lambda manifest: None
        """Called with each account of what lies on its disk, heard or not."""
        self.on_pose: Callable[[CameraId, PoseReading | None], None] = lambda camera, reading: None
        """Called with all that the centre says of a camera that turns."""

    @property
    def node(self) -> NodeId:
        return self._node

    async def start(self) -> None:
        """See MediaNode.start. Raises NodeUnreachable."""
        self.tried_ns.append(self._clock.now_ns())
        self._require_reachable()
        self._epoch += 1
        self._served = None
        self._is_up, self._stopping = True, False

    async def assign(self, assignments: Sequence[Assignment]) -> None:
        """See MediaNode.assign. Raises NodeUnreachable."""
        self._require_reachable()
        if not self._is_up:
            raise self._unreachable(Words("il n'a pas été démarré", "it was not started"))
        at_ns = -(-self._clock.now_ns() // NS_PER_MS) * NS_PER_MS
        cameras = [replace(self._cameras[given.record.camera], assignment=given) for given in assignments]
        if self._served is None:
            self._served, self._due_events = Served(cameras, at_ns, self._lost_since_ns), []
            self.history.append(Epoch(at_ns))
        else:
            self._served.give(cameras, at_ns)
        epoch = self.history[-1]
        came = [camera for camera in cameras if not epoch.serves(camera.camera, at_ns)]
        ends_ns = {a.record.camera: a.until_ns and a.until_ns // NS_PER_MS * NS_PER_MS for a in assignments}
        epoch.given.append(Given(at_ns, ends_ns))
        events = [event for camera in came for event in self._events_of(camera, at_ns)]
        kept = [event for event in self._due_events if event.camera not in {camera.camera for camera in came}]
        self._due_events = sorted([*kept, *events], key=lambda event: (event.at_ns, event.camera), reverse=True)
        self._stir()

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """See MediaNode.pose. There is no picture at level L0, so there is nothing to mask: it is passed on."""
        self.on_pose(camera, reading)

    async def stop(self) -> None:
        """See MediaNode.stop."""
        self._stopping = True
        self._stir()

    def lose_centre(self) -> None:
        """The centre is gone: the node ends with it, and what it has not told is lost."""
        if self._served is not None:
            now_ns = self._clock.now_ns() // NS_PER_MS * NS_PER_MS
            announced_ns = self._served.at_ns
            self._crash(self._served, now_ns)
            self.history[-1].announced_ns = announced_ns

    async def messages(self) -> AsyncIterator[NodeMessage]:
        """See MediaNode.messages. Ends after NodeLost too; `start` then begins a new epoch."""
        if self._served is None:
            return
        served, sequence = self._served, 0
        epoch = self.history[-1]
        begun_ns = epoch.begun_ns
        ends = [*self._plan.crashes, *self._plan.freezes]
        crash_ns = min((at_ns for at_ns, _ in ends if at_ns >= begun_ns), default=None)
        minute_ns = begun_ns // NS_PER_MINUTE * NS_PER_MINUTE
        sent: Manifest | None = None
        well_until_ns: Nanoseconds = 0
        while True:
            told_ns = minute_ns + NS_PER_MINUTE + self._plan.report_delay_ns
            if told_ns >= well_until_ns:
                well_until_ns = self._well_until_ns(told_ns, crash_ns)
            if told_ns < well_until_ns and self._nothing_else_by(told_ns):
                await self._until(told_ns)
                if self._stopping:
                    break
                now_ns = self._clock.now_ns()
                if now_ns < told_ns:
                    continue  # another set of cameras came
                if now_ns == told_ns:
                    sent = self._manifest(served, sequence, minute_ns, minute_ns + NS_PER_MINUTE)
                    sequence, minute_ns = sequence + 1, minute_ns + NS_PER_MINUTE
                    yield sent
                    continue
            manifest_due_ns = self._arrives_ns(told_ns)
            while self._due_events and not epoch.serves(self._due_events[-1].camera, self._due_events[-1].at_ns):
                self._due_events.pop()
            due_ns = min(manifest_due_ns, self._due_events[-1].at_ns) if self._due_events else manifest_due_ns
            if crash_ns is not None and crash_ns <= due_ns:
                await self._until(crash_ns)
                if self._stopping:
                    break
                if self._clock.now_ns() < crash_ns:
                    continue
                self._crash(served, crash_ns)
                self._thaw_later(served, sequence, minute_ns, crash_ns)
                is_frozen = any(start_ns == crash_ns for start_ns, _ in self._plan.freezes)
                after_ns, why = (FROZEN_AFTER_NS, _FROZEN) if is_frozen else (NODE_LOST_AFTER_NS, _NO_POWER)
                heard_ns = await self._heard(crash_ns + after_ns)
                yield NodeLost(self._node, self._epoch, heard_ns, why)
                return
            await self._until(due_ns)
            if self._stopping:
                break
            if self._clock.now_ns() < due_ns:
                continue  # another set of cameras came
            delayed = self._is_cut(due_ns) and await self._heard(due_ns) > due_ns
            if delayed and sent is not None:
                self.manifests_sent_again += 1
                yield sent
                sent = None
            if due_ns < manifest_due_ns:
                yield self._due_events.pop()
                continue
            while self._thawed and self._thawed[0][0] <= self._clock.now_ns():
                self.manifests_of_old_owners += 1
                yield self._thawed.pop(0)[1]
            message = self._manifest(served, sequence, minute_ns, minute_ns + NS_PER_MINUTE)
            sequence, minute_ns = sequence + 1, minute_ns + NS_PER_MINUTE
            if self._clock.now_ns() - due_ns > KEPT_DURING_A_CUT_NS:
                self.manifests_given_up += 1
                continue
            if not delayed and not self._is_cut(self._clock.now_ns()):
                sent = message
            yield message
            if sequence % 2 and _within(self._plan.lossy, due_ns):
                self.manifests_sent_again += 1
                yield message
        async for message in self._last_words(served, sequence, minute_ns):
            yield message

    async def _last_words(self, served: Served, sequence: int, minute_ns: Nanoseconds) -> AsyncIterator[Manifest]:
        """The manifests of what is left, once they can be heard; the segments end now."""
        now_ns = self._clock.now_ns() // NS_PER_MS * NS_PER_MS
        self._end_epoch(now_ns)
        await self._heard(now_ns)
        while minute_ns + NS_PER_MINUTE <= now_ns:
            yield self._manifest(served, sequence, minute_ns, minute_ns + NS_PER_MINUTE)
            sequence, minute_ns = sequence + 1, minute_ns + NS_PER_MINUTE
        yield self._manifest(served, sequence, minute_ns, now_ns, last=True)
        self._served, self._is_up, self._lost_since_ns = None, False, {}

    def _manifest(
        self, served: Served, sequence: int, minute_ns: Nanoseconds, until_ns: Nanoseconds, *, last: bool = False
    ) -> Manifest:
        cameras, segments, gaps = served.account(until_ns, last=last)
        self.manifests_sent += 1
        manifest = Manifest(self._node, self._epoch, sequence, minute_ns, cameras, segments, gaps)
        self.on_filmed(manifest)
        return manifest

    def _crash(self, served: Served, at_ns: Nanoseconds) -> None:
        """What was recorded and not yet announced is lost with the open segments: the next epoch owns up to it."""
        self._lost_since_ns = served.accounted_until_ns()
        self._end_epoch(at_ns)
        self._served, self._is_up = None, False

    def _thaw_later(self, served: Served, sequence: int, minute_ns: Nanoseconds, at_ns: Nanoseconds) -> None:
        """A node that freezes now says later what it had not said: the minute in which it froze, as its own."""
        thaw_ns = next((end_ns for start_ns, end_ns in self._plan.freezes if start_ns == at_ns), None)
        if thaw_ns is None:
            return
        until_ns = minute_ns + NS_PER_MINUTE
        cameras, segments, gaps = served.account(min(until_ns, max(at_ns, minute_ns)), last=True)
        manifest = Manifest(self._node, self._epoch, sequence, minute_ns, cameras, segments, gaps)
        self._thawed = sorted([*self._thawed, (thaw_ns, manifest)], key=lambda due: due[0])

    def _end_epoch(self, at_ns: Nanoseconds) -> None:
        self.history[-1].ended_ns = at_ns

    def _events_of(self, camera: CohortCamera, begun_ns: Nanoseconds) -> list[CameraEvent]:
        """All that it will have told from then on, should it be served so long."""
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
        told += [
            event(said.kind, at_ns, said.detail)
            for said in self._plan.tells
            if said.camera == camera.camera and (at_ns := _when_sending(camera, said.at_ns)) >= begun_ns + LIVE_AFTER_NS
        ]
        return told

    def _nothing_else_by(self, at_ns: Nanoseconds) -> bool:
        """Whether neither a camera's event nor an old owner's account comes before then."""
        events, thawed = self._due_events, self._thawed
        return not (events and events[-1].at_ns < at_ns) and not (thawed and thawed[0][0] <= at_ns)

    # -- link and power -----------------------------------------------------------------------------------------------

    def _well_until_ns(self, at_ns: Nanoseconds, crash_ns: Nanoseconds | None) -> Nanoseconds:
        """From `at_ns` until then the link is as it should be and the node lives: `at_ns` itself if it is not."""
        if _within(self._troubled, at_ns):
            return at_ns
        later = bisect_right(self._troubled, (at_ns, _NEVER_NS))
        next_ns = self._troubled[later][0] if later < len(self._troubled) else _NEVER_NS
        return next_ns if crash_ns is None else min(next_ns, crash_ns)

    def _is_cut(self, at_ns: Nanoseconds) -> bool:
        return _within(self._silent, at_ns)

    def _arrives_ns(self, at_ns: Nanoseconds) -> Nanoseconds:
        """When what is said at `at_ns` comes out of a link that may be slow."""
        delays = (slow.delay_ns for slow in self._plan.slow if slow.start_ns <= at_ns < slow.end_ns)
        return at_ns + max(delays, default=0)

    def _require_reachable(self) -> None:
        now_ns = self._clock.now_ns()
        down = _within(self._plan.crashes, now_ns)
        if down or _within(self._plan.cuts, now_ns):
            raise self._unreachable(_DOWN if down else _CUT)

    def _unreachable(self, why: Words) -> NodeUnreachable:
        return NodeUnreachable(why, where=self._node, what_to_do=Words("Relancez le nœud", "Start the node again"))

    async def _heard(self, at_ns: Nanoseconds) -> Nanoseconds:
        """Wait until what is said at `at_ns` can be heard in the centre; returns when that is."""
        heard_ns = at_ns
        for start_ns, end_ns in self._silent:
            if start_ns <= heard_ns < end_ns:
                heard_ns = end_ns
        delay_ns = heard_ns - self._clock.now_ns()
        if delay_ns > 0:
            await asyncio.sleep(delay_ns / NS_PER_S)
        return heard_ns

    def _stir(self) -> None:
        if self._wake is not None:
            _settle(self._wake)

    async def _until(self, at_ns: Nanoseconds) -> None:
        """Wait for an instant, or for `stop`, or for another set of cameras."""
        delay_ns = at_ns - self._clock.now_ns()
        if delay_ns <= 0 or self._stopping:
            return
        loop = asyncio.get_running_loop()
        self._wake = wake = loop.create_future()
        timer = loop.call_later(delay_ns / NS_PER_S, _settle, wake)
        try:
            await wake
        finally:
            if self._clock.now_ns() < at_ns:
                timer.cancel()


def _within(intervals: Sequence[Interval], at_ns: Nanoseconds) -> bool:
    """Of disjoint intervals in order."""
    later = bisect_right(intervals, (at_ns, _NEVER_NS))
    return later > 0 and at_ns < intervals[later - 1][1]


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
