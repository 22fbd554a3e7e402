"""The files of a city in closed form: which segments lie on disk, a byte each. 56 million files are 56 MB.

A file that begins where its camera's minute rolls over and lasts the minute is a bit; any other is kept as it is. What
is filmed comes from the nodes' own accounts, what is destroyed from the purge: the catalogue is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.media import Manifest
from sim.cohort import CohortCamera

HOUR_NS = 60 * NS_PER_MINUTE
_MINUTE_MS = NS_PER_MINUTE // NS_PER_MS
_BATCH = 256
FILE_BYTES = 1
"""What the tier says a file held: sizes are the catalogue's affair."""

Destroyed = Callable[[CameraId, Nanoseconds, Nanoseconds], None]
"""(camera, start_ns, end_ns) of a file that goes now."""


class CityTier:
    """See `csu.centre.purge.tiers.Tier`. Give `film` to every node's accounts."""

    name = "main"

    def __init__(self, cameras: Sequence[CohortCamera]) -> None:
        self._cameras = [camera.camera for camera in cameras]
        self._index = {camera: index for index, camera in enumerate(self._cameras)}
        self._phase_ns = np.array([camera.roll_over_ns % NS_PER_MINUTE for camera in cameras], np.int64)
        self._hours: dict[int, NDArray[np.bool_]] = {}
        """By hour since 1970: (cameras, 60), True while the file that begins in that minute is there."""
        self._in_order: list[int] | None = []
        """All hours of which anything is there; None: to be sorted again."""
        self._odd: dict[int, dict[tuple[int, int], int]] = {}
        """By hour: (camera, start in ms) -> end in ms, of files that are not whole minutes."""
        self._rosters: dict[tuple[CameraId, ...], NDArray[np.int64]] = {}
        self._waiting: list[Manifest] = []
        self._hour_of: dict[str, int] = {}
        self.on_destroyed: Destroyed = lambda camera, start_ns, end_ns: None
        self.filmed = 0
        self.destroyed = 0

    def film(self, manifest: Manifest) -> None:
        """A node closed these segments: they lie on its disk from now on."""
        self._waiting.append(manifest)
        if len(self._waiting) >= _BATCH:
            self.settle()

    def settle(self) -> None:
        """Take in what waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        camera = np.concatenate([self._roster(each)[each.segments.camera] for each in waiting])
        start_ns = np.concatenate([each.segments.start_ns for each in waiting])
        length_ms = np.concatenate([each.segments.duration_ms for each in waiting])
        ours = camera >= 0
        if not ours.all():
            camera, start_ns, length_ms = camera[ours], start_ns[ours], length_ms[ours]
        self.filmed += len(camera)
        plain = (start_ns % NS_PER_MINUTE == self._phase_ns[camera]) & (length_ms == _MINUTE_MS)
        hours, minutes = start_ns // HOUR_NS, start_ns % HOUR_NS // NS_PER_MINUTE
        for hour in np.unique(hours).tolist():
            then = plain & (hours == hour)
            if then.any():
                self._bits(hour)[camera[then], minutes[then]] = True
        odd = np.flatnonzero(~plain)
        for row in odd.tolist():
            start_ms = int(start_ns[row]) // NS_PER_MS
            end_ms = start_ms + int(length_ms[row])
            hour = int(hours[row])
            if hour not in self._odd:
                self._odd[hour], self._in_order = {}, None
            self._odd[hour][int(camera[row]), start_ms] = end_ms

    # -- what the purge asks ------------------------------------------------------------------------------------------

    def days(self) -> list[date]:
        """See Tier.days."""
        self.settle()
        return sorted({_day(hour) for hour in self._sorted()})

    def cameras(self, day: date) -> list[CameraId]:
        """See Tier.cameras."""
        self.settle()
        found: set[int] = set()
        for hour in _hours_of(day):
            if hour in self._hours:
                found.update(np.flatnonzero(self._hours[hour].any(axis=1)).tolist())
            found.update(camera for camera, _ in self._odd.get(hour, ()))
        return sorted(self._cameras[index] for index in found)

    def names(
        self, day: date | None = None, camera: CameraId | None = None, hours: Collection[int] | None = None
    ) -> list[str]:
        """See Tier.names."""
        self.settle()
        days = self.days() if day is None else [day]
        wanted = None if camera is None else self._index.get(camera, -1)
        return sorted(
            _name(self._cameras[index], start_ns)
            for each in days
            for hour in _hours_of(each)
            if hours is None or hour % 24 in hours
            for index, start_ns, _ in self._of_hour(hour, wanted)
        )

    def held(self, names: Sequence[str]) -> set[str]:
        """See Tier.held."""
        self.settle()
        return {name for name in names if self._end_ms(name) is not None}

    def destroy(self, names: Sequence[str]) -> int:
        """See Tier.destroy."""
        self.settle()
        gone, hours = 0, dict[int, None]()
        for name in names:
            end_ms = self._end_ms(name)
            if end_ms is None:
                continue
            hour, index, start_ms = self._place(name)
            if self._odd.get(hour, {}).pop((index, start_ms), None) is None:
                self._hours[hour][index, start_ms % (60 * _MINUTE_MS) // _MINUTE_MS] = False
            gone += 1
            hours[hour] = None
            self.on_destroyed(self._cameras[index], start_ms * NS_PER_MS, end_ms * NS_PER_MS)
        self._forget_empty(hours)
        self.destroyed += gone
        return gone * FILE_BYTES

    # -- what the oracles ask -----------------------------------------------------------------------------------------

    def hours_ns(self) -> Iterator[Nanoseconds]:
        """The hours in which a file begins that is there, by their first instant, the oldest first.

        Of the last minutes some may still be waiting: who looks for what is old needs none of them.
        """
        return (hour * HOUR_NS for hour in self._sorted())

    def begun(self, hour_ns: Nanoseconds, by_ns: Nanoseconds) -> Iterable[tuple[CameraId, Nanoseconds, Nanoseconds]]:
        """(camera, start_ns, end_ns) of every file that is there and began in that hour, at `by_ns` or before."""
        bits, hour = self._hours.get(hour_ns // HOUR_NS), hour_ns // HOUR_NS
        if bits is not None:
            starts_ns = hour_ns + np.arange(60) * NS_PER_MINUTE + self._phase_ns[:, None]
            for index, minute in np.argwhere(bits & (starts_ns <= by_ns)).tolist():
                start_ns = int(starts_ns[index, minute])
                yield self._cameras[index], start_ns, start_ns + NS_PER_MINUTE
        for (index, start_ms), end_ms in self._odd.get(hour, {}).items():
            if start_ms * NS_PER_MS <= by_ns:
                yield self._cameras[index], start_ms * NS_PER_MS, end_ms * NS_PER_MS

    def of_camera(
        self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds
    ) -> Iterable[tuple[Nanoseconds, Nanoseconds]]:
        """(start_ns, end_ns) of the files of one camera that hold an instant of [from_ns, to_ns)."""
        self.settle()
        for hour in range((from_ns - NS_PER_MINUTE) // HOUR_NS, to_ns // HOUR_NS + 1):
            for _, start_ns, end_ns in self._of_hour(hour, self._index[camera]):
                if start_ns < to_ns and from_ns < end_ns:
                    yield start_ns, end_ns

    def count(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> int:
        """Files that begin in [from_ns, to_ns), whole hours."""
        self.settle()
        hours = range(from_ns // HOUR_NS, to_ns // HOUR_NS)
        return sum(int(self._hours[hour].sum()) if hour in self._hours else 0 for hour in hours) + sum(
            len(self._odd.get(hour, ())) for hour in hours
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _bits(self, hour: int) -> NDArray[np.bool_]:
        found = self._hours.get(hour)
        if found is None:
            found = self._hours[hour] = np.zeros((len(self._cameras), 60), np.bool_)
            self._in_order = None
        return found

    def _roster(self, manifest: Manifest) -> NDArray[np.int64]:
        roster = self._rosters.get(manifest.cameras)
        if roster is None:
            roster = np.array([self._index.get(camera, -1) for camera in manifest.cameras], np.int64)
            self._rosters[manifest.cameras] = roster
        return roster

    def _of_hour(self, hour: int, wanted: int | None) -> Iterable[tuple[int, Nanoseconds, Nanoseconds]]:
        bits = self._hours.get(hour)
        if bits is not None:
            rows = bits if wanted is None else bits[wanted : wanted + 1]
            for row, minute in np.argwhere(rows).tolist():
                index = row if wanted is None else wanted
                start_ns = hour * HOUR_NS + minute * NS_PER_MINUTE + int(self._phase_ns[index])
                yield index, start_ns, start_ns + NS_PER_MINUTE
        for (index, start_ms), end_ms in self._odd.get(hour, {}).items():
            if wanted is None or index == wanted:
                yield index, start_ms * NS_PER_MS, end_ms * NS_PER_MS

    def _place(self, name: str) -> tuple[int, int, int]:
        """(hour, camera, start in ms) of `2026-11-23/cam-0012/20261123T051201.250Z.mp4`."""
        told = name[-24:]
        hour = self._hour_of.get(told[:11])
        if hour is None:
            if len(self._hour_of) > 4096:
                self._hour_of.clear()
            begin = datetime.strptime(told[:11], "%Y%m%dT%H").replace(tzinfo=UTC)
            hour = self._hour_of[told[:11]] = int(begin.timestamp()) // 3600
        seconds = int(told[11:13]) * 60 + int(told[13:15])
        start_ms = hour * 60 * _MINUTE_MS + seconds * 1000 + int(told[16:19])
        return hour, self._index[CameraId(name[11:-25])], start_ms

    def _end_ms(self, name: str) -> int | None:
        hour, index, start_ms = self._place(name)
        odd = self._odd.get(hour)
        if odd is not None and (index, start_ms) in odd:
            return odd[index, start_ms]
        bits = self._hours.get(hour)
        minute, phase_ms = divmod(start_ms % (60 * _MINUTE_MS), _MINUTE_MS)
        is_plain = bits is not None and phase_ms == int(self._phase_ns[index]) // NS_PER_MS and bits[index, minute]
        return start_ms + _MINUTE_MS if is_plain else None

    def _sorted(self) -> list[int]:
        if self._in_order is None:
            self._in_order = sorted({*self._hours, *self._odd})
        return self._in_order

    def _forget_empty(self, hours: Iterable[int]) -> None:
        for hour in hours:
            bits, odd = self._hours.get(hour), self._odd.get(hour)
            if bits is not None and not bits.any():
                del self._hours[hour]
                self._in_order = None
            if odd is not None and not odd:
                del self._odd[hour]
                self._in_order = None


def _hours_of(day: date) -> range:
    first = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // 3600
    return range(first, first + 24)


def _day(hour: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).date()


def _name(camera: CameraId, start_ns: Nanoseconds) -> str:
    """As `csu.recording.segment_name` (a test holds them equal)."""
    begin = datetime.fromtimestamp(start_ns // NS_PER_S, UTC)
    return f"{begin:%Y-%m-%d}/{camera}/{begin:%Y%m%dT%H%M%S}.{start_ns // NS_PER_MS % 1000:03}Z.mp4"
