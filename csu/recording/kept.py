"""What the catalogue answers: sums, whole pages, and what is known of files that were destroyed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.media import Gap, NodeId, SegmentTable


@dataclass(frozen=True, slots=True)
class CatalogueTotals:
    """What was recorded in a stretch of time. A segment or gap counts where it begins."""

    segments: int = 0
    recorded_ms: int = 0
    bytes: int = 0
    gaps: int = 0

    def __add__(self, other: CatalogueTotals) -> CatalogueTotals:
        return CatalogueTotals(
            self.segments + other.segments,
            self.recorded_ms + other.recorded_ms,
            self.bytes + other.bytes,
            self.gaps + other.gaps,
        )


class DestructionReason(StrEnum):
    """Why a file that was recorded is no longer on its disk."""

    EXPIRED = "expired"
    """Its time was over (RET-1, RET-2)."""
    RECUT = "recut"
    """A part of it went into the evidence store, the rest was destroyed (EXP-3)."""
    WITHDRAWN = "withdrawn"
    """It should never have been recorded: no valid authorisation (AUT-1)."""
    ORDERED = "ordered"
    """A person had it destroyed after its minimum: a judge, the prefect or the controller said so (RET-3)."""
    LOST = "lost"
    """A disk took it away: a declared loss, not a destruction anyone decided."""


@dataclass(frozen=True, slots=True)
class Destruction:
    """Files of a camera that began in [from_ns, to_ns) and were known at `at_ns` are gone."""

    from_ns: Nanoseconds
    to_ns: Nanoseconds
    at_ns: Nanoseconds
    reason: DestructionReason
    reference: str
    """Number of the certificate or case; no personal data."""


class LivingSegments(NamedTuple):
    """Segments whose files are to be there, as columns, in no order."""

    cameras: tuple[CameraId, ...]
    """Those that have one, by name."""
    camera: NDArray[np.int32]
    """(n,): index into `cameras`."""
    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    """At least one millisecond later."""
    size_bytes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CameraSums:
    """What one camera recorded in a stretch; a segment counts where it begins."""

    recorded: CatalogueTotals
    """Destroyed since or not; gaps are not counted."""
    living: int
    """Segments whose file is to be there."""


class KeptPage(NamedTuple):
    """One page, unpacked."""

    node: NodeId
    roster: tuple[CameraId, ...]
    table: SegmentTable
    destroyed_at_ns: NDArray[np.int64]
    """(n,): when the file of each segment was destroyed; 0: it lives."""
    gaps: tuple[Gap, ...]

    def begun_in(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None
    ) -> NDArray[np.bool_]:
        """(n,): segments of these cameras (None: of all) that begin in [from_ns, to_ns)."""
        begun: NDArray[np.bool_] = (self.table.start_ns >= from_ns) & (self.table.start_ns < to_ns)
        if cameras is None or not begun.any():
            return begun
        ours = np.array([camera in cameras for camera in self.roster], np.bool_)
        return begun & ours[self.table.camera]

    def sums(self, chosen: NDArray[np.bool_]) -> CatalogueTotals:
        """Sums of the chosen segments; no gap."""
        duration_ms, size_bytes = self.table.duration_ms[chosen], self.table.size_bytes[chosen]
        return CatalogueTotals(int(chosen.sum()), int(duration_ms.sum(dtype=np.int64)), int(size_bytes.sum()))
