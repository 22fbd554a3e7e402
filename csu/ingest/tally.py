"""What a camera's thread has done since it was last asked: counts and gaps, handed over whole."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.media import FrameCounts, Gap, GapCause
from csu.ingest.gaps import GapLedger


@dataclass(frozen=True, slots=True)
class Account:
    """One camera's part of a manifest."""

    gaps: tuple[Gap, ...]
    counts: FrameCounts


class Tally:
    """Written by the camera's thread, taken by the node's: `lock` keeps the two apart."""

    def __init__(self, camera: CameraId, now_ns: Nanoseconds, lock: AbstractContextManager[bool]) -> None:
        self._lock = lock
        self._gaps = GapLedger(camera, now_ns)
        self._counts: dict[str, int] = {}

    def count(self, name: str, number: int = 1) -> None:
        """Add to the field `name` of FrameCounts."""
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + number

    def recording(self, at_ns: Nanoseconds) -> None:
        """See GapLedger.recording."""
        with self._lock:
            self._gaps.recording(at_ns)

    def interrupted(self, at_ns: Nanoseconds, cause: GapCause) -> None:
        """See GapLedger.interrupted."""
        with self._lock:
            self._gaps.interrupted(at_ns, cause)

    def hole(self, start_ns: Nanoseconds, end_ns: Nanoseconds, cause: GapCause) -> None:
        """See GapLedger.hole."""
        with self._lock:
            self._gaps.hole(start_ns, end_ns, cause)

    def take(self, until_ns: Nanoseconds) -> Account:
        """Everything since the last call; the next account begins empty."""
        with self._lock:
            counts, self._counts = FrameCounts(**self._counts), {}
            return Account(self._gaps.take(until_ns), counts)


def add_counts(counts: Iterable[FrameCounts]) -> FrameCounts:
    """Field by field."""
    given = list(counts)
    return FrameCounts(**{f.name: sum(getattr(count, f.name) for count in given) for f in fields(FrameCounts)})
