"""Keys of days and packages of cases, of a level where nothing is sealed and no picture is computed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from csu.centre.in_process import ExportOrder, StoredSegment
from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.keys import KeyName, utc_day


class DayKeys:
    """Which communes' days have a key: see `csu.centre.purge.ports.PurgeKeys`."""

    def __init__(self) -> None:
        self._kept: set[KeyName] = set()
        self._shredded: set[KeyName] = set()

    def make(self, commune: CommuneId, at_ns: Nanoseconds) -> None:
        """Something is recorded there on that day: it has a key, unless that was destroyed."""
        key = KeyName(commune, utc_day(at_ns))
        if key not in self._shredded:
            self._kept.add(key)

    def kept(self) -> Sequence[KeyName]:
        return sorted(self._kept)

    def came_back(self) -> Sequence[KeyName]:
        return ()

    def shred(self, commune: CommuneId, day: date) -> None:
        self._kept.discard(KeyName(commune, day))
        self._shredded.add(KeyName(commune, day))

    def is_shredded(self, commune: CommuneId, day: date) -> bool:
        return KeyName(commune, day) in self._shredded


class DescribedPackages:
    """Packages without pictures: each is the list of what it would hold. See `csu.centre.desk.room.PackageKeeper`."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def require_authority(self) -> None:
        """There is no time-stamp here, and nothing that could be taken for evidence."""

    def make(self, order: ExportOrder, segments: Iterable[StoredSegment], recipients: Sequence[str]) -> str:
        content = f"{order.case} {order.spans} {order.exporter}".encode()
        sha256 = hashlib.sha256(content).hexdigest()
        self._held[sha256] = content
        return sha256

    def is_there(self, sha256: str) -> bool:
        return sha256 in self._held

    def read(self, sha256: str) -> Iterator[bytes]:
        yield self._held[sha256]

    def remove(self, sha256: str) -> int:
        return len(self._held.pop(sha256, b""))
