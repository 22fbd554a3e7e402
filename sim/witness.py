"""The witness: hears all that the centre tells, and keeps what the oracles need. It decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csu.centre import (
    AlarmAcknowledged,
    AlarmEscalated,
    AlarmId,
    AlarmRaised,
    CameraChanged,
    CameraState,
    CentreEvent,
    ManifestRefused,
    ManifestTaken,
    Trouble,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Clock, Nanoseconds
from csu.hal.media import Gap, Manifest, NodeId, SegmentTable
from sim.intervals import Interval

_BATCH = 64
"""A node's minutes are looked at that many at once: a column costs the same for 28 numbers as for 1,800."""


@dataclass(slots=True)
class Taken:
    """Sums over the manifests that the centre took."""

    manifests: int = 0
    segments: int = 0
    recorded_ms: int = 0
    size_bytes: int = 0
    gaps: int = 0


class Sequences:
    """Which manifests were taken, by node and epoch. Flat over any run: what follows one another is one number."""

    def __init__(self) -> None:
        self.taken_of: Counter[NodeId] = Counter()
        """Manifests by node, each time it was taken."""
        self.twice: Counter[tuple[NodeId, int, int]] = Counter()
        """How often more than once: (node, epoch, sequence)."""
        self._next: dict[tuple[NodeId, int], int] = {}
        self._skipped: set[tuple[NodeId, int, int]] = set()

    def add_all(self, manifests: Sequence[Manifest]) -> None:
        """Some of one node were taken, in this order."""
        first, count = manifests[0], len(manifests)
        node, epoch, begins = first.node, first.node_epoch, first.sequence
        follow = [manifest.sequence for manifest in manifests] == list(range(begins, begins + count))
        same_epoch = follow and [manifest.node_epoch for manifest in manifests].count(epoch) == count
        if same_epoch and self._next.get((node, epoch), 0) == begins:
            self.taken_of[node] += count
            self._next[node, epoch] = begins + count
            return
        for manifest in manifests:
            self.add(node, manifest.node_epoch, manifest.sequence)

    def add(self, node: NodeId, epoch: int, sequence: int) -> None:
        """One was taken."""
        self.taken_of[node] += 1
        expected = self._next.get((node, epoch), 0)
        if sequence >= expected:
            self._skipped.update((node, epoch, skipped) for skipped in range(expected, sequence))
            self._next[node, epoch] = sequence + 1
        elif (node, epoch, sequence) in self._skipped:
            self._skipped.remove((node, epoch, sequence))
        else:
            self.twice[node, epoch, sequence] += 1


class _Run(NamedTuple):
    """Minutes of a node that are still to be looked at, together: a column costs as much for one as for many."""

    roster: tuple[CameraId, ...]
    places: NDArray[np.int64]
    """Of each of the roster among the witness's cameras."""
    manifests: list[Manifest]


class Witness:
    """Give `hear` to the centre's listeners; call `settle` once at the end."""

    def __init__(self, cameras: Sequence[CameraId], begins_ns: Nanoseconds, clock: Clock) -> None:
        self._clock = clock
        self.cameras = tuple(cameras)
        self.begins_ns = begins_ns
        self.taken = Taken()
        self.manifests = Sequences()
        self.events: Counter[str] = Counter()
        self.holes: dict[CameraId, list[Interval]] = {}
        """Time that no segment holds."""
        self.overlaps: list[tuple[CameraId, Nanoseconds]] = []
        """Segments that begin before the one before them ended."""
        self.gaps: dict[CameraId, list[Gap]] = {}
        self.states: dict[CameraId, list[tuple[Nanoseconds, CameraState]]] = {}
        self.alarms_raised: Counter[AlarmId] = Counter()
        self.alarms_shown_ns: dict[AlarmId, Nanoseconds] = {}
        """When each was first shown."""
        self.alarms_acked: dict[AlarmId, Nanoseconds] = {}
        self.alarms_escalated: dict[AlarmId, Nanoseconds] = {}
        self.troubles: dict[str, list[Nanoseconds]] = {}
        """When the centre told a trouble of something, by where it was."""
        self.refused = 0
        self._index = {camera: index for index, camera in enumerate(self.cameras)}
        self._until_ns = np.full(len(self.cameras), begins_ns, np.int64)
        self._runs: dict[NodeId, _Run] = {}

    def hear(self, event: CentreEvent) -> None:
        """Take one event in."""
        if type(event) is ManifestTaken:
            self._hear_manifest(event.manifest)
            return
        self.events[type(event).__name__] += 1
        if isinstance(event, CameraChanged):
            self.states.setdefault(event.camera, []).append((event.at_ns, event.after))
        elif isinstance(event, AlarmRaised):
            self.alarms_raised[event.alarm.alarm] += 1
            self.alarms_shown_ns.setdefault(event.alarm.alarm, self._clock.now_ns())
        elif isinstance(event, AlarmAcknowledged):
            self.alarms_acked[event.alarm.alarm] = event.alarm.acked_at_ns or 0
        elif isinstance(event, AlarmEscalated):
            self.alarms_escalated[event.alarm.alarm] = event.alarm.escalated_at_ns or 0
        elif isinstance(event, Trouble):
            self.troubles.setdefault(event.where, []).append(event.at_ns)
        elif isinstance(event, ManifestRefused):
            self.refused += 1

    def settle(self, ends_ns: Nanoseconds) -> None:
        """The run is over: what is missing up to `ends_ns` is missing."""
        self._look_at_all()
        for index, camera in enumerate(self.cameras):
            self._note(camera, index, ends_ns, ends_ns)

    def recorded_until_ns(self) -> NDArray[np.int64]:
        """Per camera, where its last segment ended."""
        self._look_at_all()
        return self._until_ns.copy()

    def _hear_manifest(self, manifest: Manifest) -> None:
        for gap in manifest.gaps:
            self.gaps.setdefault(gap.camera, []).append(gap)
        run = self._runs.get(manifest.node)
        if run is None or (run.roster is not manifest.cameras and run.roster != manifest.cameras):
            self._look_at_all()  # a camera may have come from another list
            index = np.array([self._index[camera] for camera in manifest.cameras], np.int64)
            run = self._runs[manifest.node] = _Run(manifest.cameras, index, [])
        run.manifests.append(manifest)
        if len(run.manifests) >= _BATCH:
            self._look_at(run)

    def _look_at_all(self) -> None:
        for run in self._runs.values():
            self._look_at(run)

    def _look_at(self, run: _Run) -> None:
        """Each segment of a camera against the end of the one before it."""
        if not run.manifests:
            return
        self.manifests.add_all(run.manifests)
        tables = [manifest.segments for manifest in run.manifests]
        self.taken.manifests += len(tables)
        self.taken.gaps += sum([len(manifest.gaps) for manifest in run.manifests])
        run.manifests.clear()
        camera = np.concatenate([table.camera for table in tables])
        self.taken.segments += len(camera)
        if not len(camera):
            return
        start_ns = np.concatenate([table.start_ns for table in tables])
        duration_ms = np.concatenate([table.duration_ms for table in tables])
        end_ns = _ends_ns(start_ns, duration_ms)
        self.taken.recorded_ms += int(duration_ms.sum(dtype=np.int64))
        self.taken.size_bytes += int(np.concatenate([table.size_bytes for table in tables]).sum(dtype=np.int64))
        # Camera by camera, each as it was told; in 16 bits, which are sorted ten times as fast as in 64.
        order = np.argsort(camera.astype(np.uint16) if len(run.roster) <= 1 << 16 else camera, kind="stable")
        index, start_ns, end_ns = run.places[camera[order]], start_ns[order], end_ns[order]
        first = np.flatnonzero(np.append(True, index[1:] != index[:-1]))
        before_ns = np.append(0, end_ns[:-1])
        before_ns[first] = self._until_ns[index[first]]
        if (start_ns < before_ns).any():  # some overlap, or are not in order: one after the other
            for table in tables:
                self._note_each(run.places[table.camera], table)
            return
        for at in np.flatnonzero(start_ns > before_ns).tolist():
            self.holes.setdefault(self.cameras[index[at]], []).append((int(before_ns[at]), int(start_ns[at])))
        last = np.append(first[1:], len(index)) - 1
        self._until_ns[index[last]] = end_ns[last]

    def _note_each(self, index: NDArray[np.int64], table: SegmentTable) -> None:
        ends_ns = _ends_ns(table.start_ns, table.duration_ms).tolist()
        for camera, start_ns, end_ns in sorted(zip(index.tolist(), table.start_ns.tolist(), ends_ns, strict=True)):
            self._note(self.cameras[camera], camera, start_ns, end_ns)

    def _note(self, camera: CameraId, index: int, start_ns: Nanoseconds, end_ns: Nanoseconds) -> None:
        until_ns = int(self._until_ns[index])
        if start_ns > until_ns:
            self.holes.setdefault(camera, []).append((until_ns, start_ns))
        elif start_ns < until_ns:
            self.overlaps.append((camera, start_ns))
        self._until_ns[index] = max(until_ns, end_ns)


def _ends_ns(start_ns: NDArray[np.int64], duration_ms: NDArray[np.int32]) -> NDArray[np.int64]:
    return start_ns + np.multiply(duration_ms, NS_PER_MS, dtype=np.int64)
