"""A media node with cameras of level L1: the link and the power line of `CohortMediaNode`, and behind them real rooms.

Its cameras of level L0 stay closed forms. Those of level L1 are taken in, masked and recorded by the code that ships
(`csu.centre.media.inline_media`), inline: the node brings them up to date each second of virtual time, and whenever an
order or an account asks. Files are real, and manifests tell of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from csu.centre.media.inline_media import (
    Account,
    ClosedSegment,
    InlineCamera,
    InlineNode,
    accounted_until,
    add_counts,
    segment_table,
)
from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.media import Assignment, CameraEvent, Manifest, NodeId, SegmentTable
from sim.cohort import CohortCamera
from sim.levels.cast import PixelPlan
from sim.levels.disk import NodeDisk
from sim.levels.posts import PICTURE_EVERY_NS, Mount
from sim.levels.stream import Course, PixelStream, course_of
from sim.levels.witness import PixelWitness
from sim.media_node import CohortMediaNode, NodePlan
from sim.served import Served


class StepClock:
    """The time of what is being done now: it may be behind the world's, and never goes back."""

    def __init__(self, at_ns: Nanoseconds) -> None:
        self._at_ns = self._begins_ns = at_ns

    def now_ns(self) -> Nanoseconds:
        return self._at_ns

    def monotonic_ns(self) -> Nanoseconds:
        return self._at_ns - self._begins_ns

    def go(self, at_ns: Nanoseconds) -> None:
        """It is then, or later already."""
        self._at_ns = max(self._at_ns, at_ns)


_Account: TypeAlias = tuple[CameraId, Account, list[ClosedSegment]]


@dataclass(slots=True)
class _Camera:
    """One camera that is being served."""

    inline: InlineCamera
    stream: PixelStream
    mount: Mount
    due_ns: Nanoseconds
    posed_ns: Nanoseconds
    is_over: bool = False

    @property
    def ends_ns(self) -> Nanoseconds | None:
        return self.inline.assignment.until_ns


@dataclass(frozen=True, slots=True)
class Studio:
    """What the nodes of a run share. `directory`: of their keys."""

    plans: Mapping[CameraId, PixelPlan]
    directory: Path
    chance: Chance
    begins_ns: Nanoseconds
    witness: PixelWitness


class PixelMediaNode(CohortMediaNode):
    """See CohortMediaNode."""

    def __init__(
        self, node: NodeId, clock: Clock, cameras: Sequence[CohortCamera], plan: NodePlan, studio: Studio
    ) -> None:
        super().__init__(node, clock, cameras, plan)
        self._studio = studio
        self._courses: dict[CameraId, Course] = {
            camera.camera: course_of(camera, studio.plans[camera.camera].faults)
            for camera in cameras
            if camera.camera in studio.plans
        }
        self._mounts = {
            camera: Mount(studio.plans[camera], studio.begins_ns, studio.chance.stream(f"tour/{camera}"))
            for camera in self._courses
        }
        self._at = StepClock(studio.begins_ns)
        self._disk = NodeDisk(self._disk_refuses)
        self._rooms = self._new_rooms()
        self._real: dict[CameraId, _Camera] = {}
        self._accounts: list[_Account] = []
        """Of cameras that were let go, for the next manifest."""
        self._minutes: dict[Nanoseconds, list[_Account]] = {}
        """Accounts taken at the end of each minute, until they can be heard."""
        self._minute_ends_ns = (studio.begins_ns // NS_PER_MINUTE + 1) * NS_PER_MINUTE
        self._accounted_ns: dict[CameraId, Nanoseconds] = {}
        self._told: list[CameraEvent] = []

    async def assign(self, assignments: Sequence[Assignment]) -> None:
        """See MediaNode.assign. Raises NodeUnreachable."""
        self._go_on(self._clock.now_ns())
        if self._served is None:
            self._minutes = {}  # of the time in which it was down
        await super().assign(assignments)
        wanted = {a.record.camera: a for a in assignments if a.record.camera in self._courses}
        for camera in [camera for camera in self._real if camera not in wanted]:
            self._let_go(camera)
        for camera, assignment in wanted.items():
            if camera in self._real:
                self._real[camera].inline.reassign(assignment)
            else:
                self._begin(assignment)

    # -- what the node has to say -------------------------------------------------------------------------------------

    async def _until(self, at_ns: Nanoseconds) -> None:
        """As before; each second the cameras go on, and what they tell is due at once."""
        while self._real and not self._stopping and self._clock.now_ns() < at_ns:
            step_ns = min(at_ns, self._clock.now_ns() + PICTURE_EVERY_NS)
            await super()._until(step_ns)
            self._go_on(self._clock.now_ns())
            if self._tell_now() or self._clock.now_ns() < step_ns:
                return
        await super()._until(at_ns)

    def _tell_now(self) -> bool:
        told, self._told = self._told, []
        if told:
            due = [*self._due_events, *told]
            self._due_events = sorted(due, key=lambda event: (event.at_ns, event.camera), reverse=True)
        return bool(told)

    def _events_of(self, camera: CohortCamera, begun_ns: Nanoseconds) -> list[CameraEvent]:
        """Real cameras tell by themselves."""
        return [] if camera.camera in self._courses else super()._events_of(camera, begun_ns)

    def _manifest(
        self, served: Served, sequence: int, minute_ns: Nanoseconds, until_ns: Nanoseconds, *, last: bool = False
    ) -> Manifest:
        self._go_on(until_ns)
        if last:
            for camera in list(self._real):
                self._let_go(camera)
        self._tell_now()
        described = super()._manifest(served, sequence, minute_ns, until_ns, last=last)
        accounts = self._minutes.pop(until_ns, [])
        if last:
            accounts += self._take(until_ns)
        closed = [segment for _, _, segments in accounts for segment in segments]
        gaps = [gap for _, account, _ in accounts for gap in account.gaps]
        self._look_at(closed)
        names = (*described.cameras, *(name for name, _, _ in accounts))
        cameras = tuple(dict.fromkeys(names))
        kept = self._without_real(described)
        manifest = replace(
            described,
            cameras=cameras,
            segments=_joined(kept.segments, segment_table(cameras, closed)),
            gaps=(*kept.gaps, *gaps),
            counts=add_counts(account.counts for _, account, _ in accounts),
        )
        self._accounted_ns |= accounted_until(manifest, self._accounted_ns)
        return manifest

    def _without_real(self, manifest: Manifest) -> Manifest:
        """The closed form of the cameras of level L0 alone."""
        real = np.array([camera in self._courses for camera in manifest.cameras], np.bool_)
        keep = ~real[manifest.segments.camera]
        columns = {name: getattr(manifest.segments, name)[keep] for name in SegmentTable.__slots__}
        gaps = tuple(gap for gap in manifest.gaps if gap.camera not in self._courses)
        return replace(manifest, segments=SegmentTable(**columns), gaps=gaps)

    def _look_at(self, closed: Sequence[ClosedSegment]) -> None:
        for segment in closed:
            with self._rooms.open(segment.name) as file:
                self._studio.witness.recorded(segment.camera, segment.start_ns, file)
        self._disk.make_room()

    def _crash(self, served: Served, at_ns: Nanoseconds) -> None:
        """The current is gone: open files too, and all that was not announced."""
        self._go_on(at_ns)
        super()._crash(served, at_ns)
        self._disk.power_cut()
        for camera, real in self._real.items():
            real.inline.drop()
            self._lost_since_ns[camera] = self._accounted_ns.get(camera, self._studio.begins_ns)
        self._real, self._accounts, self._minutes, self._told = {}, [], {}, []
        self._rooms = self._new_rooms()

    # -- its real cameras ---------------------------------------------------------------------------------------------

    def _new_rooms(self) -> InlineNode:
        keys = self._studio.directory / "keys" / self._node
        chance = self._studio.chance.stream(f"node/{self._node}")
        return InlineNode(self._node, self._disk, keys, clock=self._at, chance=chance, tell=self._hear)

    def _hear(self, event: CameraEvent) -> None:
        self._told.append(event)

    def _begin(self, assignment: Assignment) -> None:
        camera, now_ns = assignment.record.camera, -(-self._clock.now_ns() // NS_PER_MS) * NS_PER_MS
        self._at.go(now_ns)
        cohort_camera, mount = self._cameras[camera], self._mounts[camera]
        stream = PixelStream(
            cohort_camera,
            self._courses[camera],
            mount,
            self._at,
            self._studio.begins_ns,
            self._studio.witness,
            has_microphone=camera in self._plan.microphones,
        )
        lost_since_ns = self._lost_since_ns.pop(camera, None)
        inline = self._rooms.camera(assignment, stream, self._studio.witness, lost_since_ns)
        self._accounted_ns.setdefault(camera, now_ns)
        self._real[camera] = _Camera(inline, stream, mount, now_ns, now_ns - NS_PER_S)

    def _let_go(self, camera: CameraId) -> None:
        real = self._real.pop(camera)
        real.inline.end()
        self._accounts.append((camera, *real.inline.take(self._at.now_ns())))

    def _go_on(self, until_ns: Nanoseconds) -> None:
        """Bring all real cameras up to date; at the end of each minute their account is taken, heard or not."""
        while self._minute_ends_ns <= until_ns:
            self._play(self._minute_ends_ns)
            self._minutes[self._minute_ends_ns] = self._take(self._minute_ends_ns)
            self._minute_ends_ns += NS_PER_MINUTE
        self._play(until_ns)

    def _take(self, until_ns: Nanoseconds) -> list[_Account]:
        accounts = [*self._accounts, *((name, *real.inline.take(until_ns)) for name, real in self._real.items())]
        self._accounts = []
        return accounts

    def _play(self, until_ns: Nanoseconds) -> None:
        """In the order in which things happen."""
        while True:
            due = [(real.due_ns, camera) for camera, real in self._real.items() if not real.is_over]
            over = [(r.ends_ns, c) for c, r in self._real.items() if r.ends_ns is not None and r.ends_ns <= until_ns]
            at_ns, camera = min([*due, *over], default=(until_ns, CameraId("")))
            if at_ns >= until_ns and not over:
                self._at.go(until_ns)
                return
            self._at.go(at_ns)
            if (at_ns, camera) in over:
                self._let_go(camera)
            else:
                self._step(self._real[camera])

    def _step(self, real: _Camera) -> None:
        now_ns = self._at.now_ns()
        for reading in real.mount.readings(real.posed_ns, now_ns):
            real.inline.pose(reading)
        real.posed_ns = now_ns
        wait_s = real.inline.step()
        if wait_s is None:
            real.is_over = True
        else:
            real.due_ns = now_ns + round(wait_s * 1000) * NS_PER_MS if wait_s else real.stream.due_ns()

    def _disk_refuses(self, camera: CameraId) -> bool:
        now_ns = self._at.now_ns()
        return any(start_ns <= now_ns < end_ns for start_ns, end_ns in self._courses[camera].full)


def _joined(first: SegmentTable, second: SegmentTable) -> SegmentTable:
    if not len(second):
        return first
    columns = {n: np.concatenate([getattr(first, n), getattr(second, n)]) for n in SegmentTable.__slots__}
    return SegmentTable(**columns)
