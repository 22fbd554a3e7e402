"""The trace of a run: one hash over everything the centre was told and told, each with its instant.

Two runs of one scenario and seed have one hash, on any machine and under any PYTHONHASHSEED; so it proves that a run
can be played again.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from operator import attrgetter
from struct import Struct
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.centre import CentreEvent, ManifestTaken
from csu.hal.clock import Clock
from csu.hal.media import Manifest, NodeId, SegmentTable

_Columns: TypeAlias = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]
_NUMBERS = Struct("<8q").pack
_MANIFEST = int.from_bytes(b"manifest", "little")
"""So that no line of words is taken for one."""
_same_each_minute: Callable[[SegmentTable], _Columns] = attrgetter(
    "camera", "duration_ms", "mask_epoch", "clock_offset_ms"
)
MARK_EVERY = 10_000
"""A digest is kept after that many events: two runs that differ are compared mark by mark."""


class Trace:
    """Give `hear` to the centre's listeners."""

    def __init__(self, clock: Clock, run_directory: str, keep: range = range(0)) -> None:
        """`run_directory`: a path that errors may tell; it is another in each run, so it is taken out.

        `keep`: the events (counted from 0) whose words are kept, to be compared with another run's.
        """
        self._clock = clock
        self._keep = keep
        self._run_directory = run_directory
        self._hash = blake2b(digest_size=16)
        self._usual: dict[NodeId, tuple[_Columns, bytes]] = {}
        """What a node's minutes are alike in, and the words of it: as a rule the very arrays of the minute before."""
        self.events = 0
        self.marks: list[str] = []
        self.lines: list[str] = []

    def hear(self, event: CentreEvent) -> None:
        """Add one event, with the virtual instant at which it was told."""
        if self.events in self._keep:
            self.lines.append(f"{self._clock.now_ns()} {event!r}".replace(self._run_directory, ""))
        if isinstance(event, ManifestTaken):
            self._add_manifest(event.manifest)
        else:
            self.add(repr(event).replace(self._run_directory, ""))
        self.events += 1
        if self.events % MARK_EVERY == 0:
            self.marks.append(self.digest())

    def add(self, words: str) -> None:
        """Add a line of text."""
        self._hash.update(f"{self._clock.now_ns()} {words}\n".encode())

    def digest(self) -> str:
        """The hash so far, hexadecimal."""
        return self._hash.hexdigest()

    def _add_manifest(self, manifest: Manifest) -> None:
        table = manifest.segments
        camera, duration_ms, mask_epoch, offset_ms = columns = _same_each_minute(table)
        known = self._usual.get(manifest.node)
        if (
            known is not None
            and known[0][0] is camera
            and known[0][1] is duration_ms
            and known[0][2] is mask_epoch
            and known[0][3] is offset_ms
        ):
            alike = known[1]
        else:
            content = b"".join([column.tobytes() for column in columns])
            alike = blake2b(content, digest_size=16).digest() + manifest.node.encode()
            if not any(column.flags.writeable for column in columns):
                self._usual[manifest.node] = columns, alike
        told = manifest.node_epoch, manifest.sequence, manifest.minute_ns
        counts = len(manifest.cameras), len(camera), len(manifest.gaps)
        numbers = _NUMBERS(_MANIFEST, self._clock.now_ns(), *told, *counts)
        parts = [numbers, alike, table.start_ns.tobytes(), table.size_bytes.tobytes()]
        if manifest.gaps:
            parts.append(repr(manifest.gaps).encode())
        self._hash.update(b"".join(parts))
