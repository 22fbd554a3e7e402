"""The witness: hears all that the centre tells, and keeps what the oracles need. It decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
from csu.hal.media import Gap, Manifest, NodeId
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


class Witness:
    """Give `hear` to the centre's listeners; call `settle` once at the end."""

    def __init__(self, cameras: Sequence[CameraId], begins_ns: Nanoseconds, clock: Clock) -> None:
        self._clock = clock
        self.cameras = tuple(cameras)
        self.begins_ns = begins_ns
        self.taken = Taken()
        self.manifests: Counter[tuple[NodeId, int, int]] = Counter()
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
        self._rosters: dict[tuple[CameraId, ...], NDArray[np.int64]] = {}
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
        self.manifests[manifest.node, manifest.node_epoch, manifest.sequence] += 1
        self._durations.append(table.duration_ms)
        self._sizes.append(table.size_bytes)
        if len(self._durations) >= _BATCH:
            self._sum_batch()
        for gap in manifest.gaps:
            self.gaps.setdefault(gap.camera, []).append(gap)
        roster = self._rosters.get(manifest.cameras)
        if roster is None:
            roster = np.array([self._index[camera] for camera in manifest.cameras], np.int64)
            self._rosters[manifest.cameras] = roster
        index = roster[table.camera]
        if len(table) == len(roster) and self._until_ns[index].tobytes() == table.start_ns.tobytes():
            self._until_ns[index] = table.start_ns + np.multiply(table.duration_ms, NS_PER_MS, dtype=np.int64)
            return
        rows = zip(index.tolist(), table.start_ns.tolist(), table.duration_ms.tolist(), strict=True)
        for camera, start_ns, duration_ms in sorted(rows):
            self._note(self.cameras[camera], camera, start_ns, start_ns + duration_ms * NS_PER_MS)

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
