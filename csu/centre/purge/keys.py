"""The keys of days: shredded once nothing sealed by them may live and nothing does. Calls block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from csu.centre.purge.lines import SumsKept
from csu.centre.purge.ports import PurgePorts
from csu.centre.purge.scan import cameras_that_hold
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.keys import KeyName, utc_day
from csu.recording.destruction import LEAD_NS, key_due_ns, shortest_life_ns, span_of_utc_day


class PurgeKeysDue:
    """One for each purge."""

    def __init__(self, ports: PurgePorts, sums: SumsKept) -> None:
        self._ports, self._sums = ports, sums
        self._due_ns: dict[KeyName, Nanoseconds] = {}
        self._waits: dict[KeyName, object] = {}
        """Due, and by the catalogue something lives under it (a hold): with the catalogue's version that said so."""
        self._cameras_of: dict[CommuneId, list[CameraId]] | None = None

    def forget(self) -> None:
        """Rules or cameras are others."""
        self._due_ns.clear()
        self._waits.clear()
        self._cameras_of = None

    def find(self, now_ns: Nanoseconds) -> list[KeyName]:
        """Keys that may die now; and destroyed ones whose file a backup brought back.

        One that waits for footage that is kept is named again when the catalogue knows something else of its day.
        """
        keys, by_ns = self._ports.keys, now_ns + LEAD_NS
        last = utc_day(max(0, by_ns - shortest_life_ns(self._ports.shortest_days())))
        kept = (key for key in keys.kept() if key.day <= last)  # of 1,400 a month, 50 may be due
        due = (key for key in kept if self.due_ns(key) <= by_ns and not self._still_waits(key))
        return [*keys.came_back(), *due]

    def shred(self, due: Sequence[KeyName]) -> int:
        """Those of `due` under which nothing lives, by catalogue and by tiers; how many."""
        count = 0
        for key in sorted(due, key=lambda each: each.day):  # what a day recorded is read once
            if self._ports.keys.is_shredded(key.commune, key.day) or not self._lives(key):
                self._ports.keys.shred(key.commune, key.day)
                self._waits.pop(key, None)
                count += 1
        return count

    def due_ns(self, key: KeyName) -> Nanoseconds:
        """See `key_due_ns`; worked out once."""
        if key not in self._due_ns:
            self._due_ns[key] = key_due_ns(key, self._of(key.commune), self._ports.rules)
        return self._due_ns[key]

    def _still_waits(self, key: KeyName) -> bool:
        return key in self._waits and self._waits[key] == self._version(key)

    def _version(self, key: KeyName) -> object:
        span = span_of_utc_day(key.day)
        return self._ports.catalogue.version(span.from_ns, span.to_ns)

    def _lives(self, key: KeyName) -> bool:
        cameras, span = self._of(key.commune), span_of_utc_day(key.day)
        version, sums = self._version(key), self._sums.of(span)
        if any(camera in sums and sums[camera].living for camera in cameras):
            self._waits[key] = version
            return True
        return bool(cameras_that_hold(self._ports.tiers, span, cameras))

    def _of(self, commune: CommuneId) -> Sequence[CameraId]:
        if self._cameras_of is None:
            found: dict[CommuneId, list[CameraId]] = defaultdict(list)
            for camera, its in self._ports.cameras().items():
                found[its].append(camera)
            self._cameras_of = dict(found)
        return self._cameras_of.get(commune, ())
