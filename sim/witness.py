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
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.media import Gap, Manifest, NodeId, each_camera_once
from sim.intervals import Interval

_BATCH = 256
"""Columns are summed that many at once: a sum costs the same for 28 numbers as for 7,000."""


@dataclass(slots=True)
class Taken:
    """Sums over the manifests that the centre took."""

    manifests: int = 0
    segments: int = 0
    recorded_ms: int = 0
    size_bytes: int = 0
    gaps: int = 0


class Sequences:
    """Which manifests were taken, by node and epoch. Flat over any run: numbers that follow one another are one number."""

    def __init__(self) -> None:
        self.taken_of: Counter[NodeId] = Counter()
        """Manifests by node, each time it was taken."""
        self.twice: Counter[tuple[NodeId, int, int]] = Counter()
        """How often more than once: (node, epoch, sequence)."""
        self._next: dict[tuple[NodeId, int], int] = {}
        self._skipped: set[tuple[NodeId, int, int]] = set()

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


class _Roster(NamedTuple):
    """A list of cameras that manifests come with, looked up once."""

    index: NDArray[np.int64]
    """Of each of them among the witness's."""
    places: NDArray[np.int64] | slice
    """The same; a slice where they stand side by side."""
    everyone: NDArray[np.int32]
    """`SegmentTable.camera` of a minute in which each camera closed one segment."""


class Witness:
    """Give `hear` to the centre's listeners; call `settle` once at the end."""

    def __init__(self, cameras: Sequence[CameraId], begins_ns: Nanoseconds) -> None:
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
        self.alarms_acked: dict[AlarmId, Nanoseconds] = {}
        self.alarms_escalated: dict[AlarmId, Nanoseconds] = {}
        self.refused = 0
        self._index = {camera: index for index, camera in enumerate(self.cameras)}
        self._rosters: dict[tuple[CameraId, ...], _Roster] = {}
        self._until_ns = np.full(len(self.cameras), begins_ns, np.int64)
        self._durations: list[NDArray[np.int32]] = []
        self._sizes: list[NDArray[np.int64]] = []

    def hear(self, event: CentreEvent) -> None:
        """Take one event in."""
        if isinstance(event, ManifestTaken):
            self._hear_manifest(event.manifest)
            return
        self.events[type(event).__name__] += 1
        if isinstance(event, CameraChanged):
            self.states.setdefault(event.camera, []).append((event.at_ns, event.after))
        elif isinstance(event, AlarmRaised):
            self.alarms_raised[event.alarm.alarm] += 1
        elif isinstance(event, AlarmAcknowledged):
            self.alarms_acked[event.alarm.alarm] = event.alarm.acked_at_ns or 0
        elif isinstance(event, AlarmEscalated):
            self.alarms_escalated[event.alarm.alarm] = event.alarm.escalated_at_ns or 0
        elif isinstance(event, ManifestRefused):
            self.refused += 1

    def settle(self, ends_ns: Nanoseconds) -> None:
        """The run is over: what is missing up to `ends_ns` is missing."""
        self._sum_batch()
        for index, camera in enumerate(self.cameras):
            self._note(camera, index, ends_ns, ends_ns)

    def recorded_until_ns(self) -> NDArray[np.int64]:
        """Per camera, where its last segment ended."""
        return self._until_ns.copy()

    def _hear_manifest(self, manifest: Manifest) -> None:
        table = manifest.segments
        self.taken.manifests += 1
        self.taken.segments += len(table)
        self.taken.gaps += len(manifest.gaps)
        self.manifests.add(manifest.node, manifest.node_epoch, manifest.sequence)
        self._durations.append(table.duration_ms)
        self._sizes.append(table.size_bytes)
        if len(self._durations) >= _BATCH:
            self._sum_batch()
        for gap in manifest.gaps:
            self.gaps.setdefault(gap.camera, []).append(gap)
        roster = self._rosters.get(manifest.cameras) or self._new_roster(manifest.cameras)
        until_ns = self._until_ns[roster.places]
        as_usual = table.camera is roster.everyone or table.camera.tobytes() == roster.everyone.tobytes()
        if as_usual and until_ns.tobytes() == table.start_ns.tobytes():
            self._until_ns[roster.places] = table.start_ns + np.multiply(table.duration_ms, NS_PER_MS, dtype=np.int64)
            return
        index = roster.index[table.camera]
        ends_ns = table.start_ns + np.multiply(table.duration_ms, NS_PER_MS, dtype=np.int64)
        goes_on = (np.bincount(table.camera)[table.camera] == 1) & (self._until_ns[index] == table.start_ns)
        self._until_ns[index[goes_on]] = ends_ns[goes_on]
        others = np.flatnonzero(~goes_on)
        rows = zip(index[others].tolist(), table.start_ns[others].tolist(), ends_ns[others].tolist(), strict=True)
        for camera, start_ns, end_ns in sorted(rows):
            self._note(self.cameras[camera], camera, start_ns, end_ns)

    def _new_roster(self, cameras: tuple[CameraId, ...]) -> _Roster:
        index = np.array([self._index[camera] for camera in cameras], np.int64)
        places: NDArray[np.int64] | slice = index
        if len(index) and (np.diff(index) == 1).all():
            places = slice(int(index[0]), int(index[-1]) + 1)
        roster = self._rosters[cameras] = _Roster(index, places, each_camera_once(len(cameras)))
        return roster

    def _note(self, camera: CameraId, index: int, start_ns: Nanoseconds, end_ns: Nanoseconds) -> None:
        until_ns = int(self._until_ns[index])
        if start_ns > until_ns:
            self.holes.setdefault(camera, []).append((until_ns, start_ns))
        elif start_ns < until_ns:
            self.overlaps.append((camera, start_ns))
        self._until_ns[index] = max(until_ns, end_ns)

    def _sum_batch(self) -> None:
        if self._durations:
            self.taken.recorded_ms += int(np.concatenate(self._durations).sum(dtype=np.int64))
            self.taken.size_bytes += int(np.concatenate(self._sizes).sum(dtype=np.int64))
            self._durations, self._sizes = [], []
