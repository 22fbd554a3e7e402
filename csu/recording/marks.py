"""What the catalogue says of files that were destroyed: marks of stretches, laid over the segments of a page. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.media import SegmentTable

_LIVES_NS = np.int64(2**62)


class Marks:
    """Of some cameras, by their index in a table: rows of `destroyed`. A day of 1,300 cameras has 31,000."""

    def __init__(self, rows: Sequence[sa.Row[Any]], cameras: Mapping[int, CameraId]) -> None:
        index_of = {camera: index for index, camera in cameras.items()}
        ours = [row for row in rows if row.camera in index_of]
        self._camera = np.array([index_of[CameraId(row.camera)] for row in ours], np.int32)
        columns = [(row.from_ns, row.to_ns, row.pages_until, row.at_ns) for row in ours]
        self._from_ns, self._to_ns, self._until, self._at_ns = np.array(columns, np.int64).reshape(-1, 4).T

    def destroyed_at_ns(self, table: SegmentTable, page: int) -> NDArray[np.int64]:
        """(n,): when each segment's file was destroyed, by the first who said it; 0 if nobody did."""
        if not len(self._camera) or not len(table):
            return np.zeros(len(table), np.int64)
        first_ns, last_ns = table.start_ns.min(), table.start_ns.max()
        near = np.flatnonzero((self._from_ns <= last_ns) & (self._to_ns > first_ns) & (self._until >= page))
        start_ns = table.start_ns[:, None]
        hit = (table.camera[:, None] == self._camera[near]) & (start_ns >= self._from_ns[near])
        hit &= start_ns < self._to_ns[near]
        at_ns: NDArray[np.int64] = np.where(hit, self._at_ns[near], _LIVES_NS).min(axis=1, initial=_LIVES_NS)
        return np.where(at_ns == _LIVES_NS, 0, at_ns)
