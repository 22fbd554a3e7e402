"""The catalogue as the purge of a simulated city has it: of the part whose past is kept, and what of it was dropped."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from csu.centre import Catalogue
from csu.centre.in_process import CameraSums, CatalogueTotals, LivingSegments
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, Clock, Nanoseconds


@dataclass(slots=True)
class Dropped:
    """Days that are no longer in the catalogue, and what they held when they went."""

    cameras: frozenset[CameraId]
    """Those of which the catalogue goes on knowing when they were recorded."""
    totals: CatalogueTotals = CatalogueTotals()
    """Of what begins in the run."""
    days: dict[date, Nanoseconds] = field(default_factory=dict)
    """With the instant at which each went."""

    def touches(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """Whether something that was recorded in [from_ns, to_ns) may have gone with one of the days.

        The file of a day holds what its minutes told of, which may have begun in the day before.
        """
        begins = (_begin_ns(day) for day in self.days)
        return any(begin_ns - NS_PER_DAY < to_ns and from_ns < begin_ns + NS_PER_DAY for begin_ns in begins)


NOTHING_DROPPED = Dropped(frozenset())


class PurgeCatalogue(Catalogue):
    """See Catalogue: an object of the purge's own. What it asks of all cameras, it asks of those of its part."""

    def __init__(
        self, directory: Path, cameras: Collection[CameraId], clock: Clock, begins_ns: Nanoseconds, ends_ns: Nanoseconds
    ) -> None:
        """`cameras`: of the part. [begins_ns, ends_ns): the run."""
        super().__init__(directory, durable=False)
        self._clock, self._span = clock, (begins_ns, ends_ns)
        self.dropped = Dropped(frozenset(cameras))

    def living_segments(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None = None
    ) -> LivingSegments:
        """See Catalogue.living_segments."""
        return super().living_segments(from_ns, to_ns, self._ours(cameras))

    def sums_by_camera(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None = None
    ) -> dict[CameraId, CameraSums]:
        """See Catalogue.sums_by_camera."""
        return super().sums_by_camera(from_ns, to_ns, self._ours(cameras))

    def living_of_day(self, day: date, cameras: Collection[CameraId] | None = None) -> CatalogueTotals:
        """See Catalogue.living_of_day."""
        return super().living_of_day(day, self._ours(cameras))

    def keep_coverage(self, day: date, cameras: Collection[CameraId] | None = None) -> None:
        """See Catalogue.keep_coverage."""
        super().keep_coverage(day, self._ours(cameras))

    def drop_day(self, day: date) -> bool:
        """See Catalogue.drop_day. What the day held is counted, so that nothing is lost unseen."""
        day_ns = _begin_ns(day)
        from_ns, to_ns = max(self._span[0], day_ns - NS_PER_DAY), min(self._span[1], day_ns + 2 * NS_PER_DAY)
        before = self.totals(from_ns, to_ns)
        was_there = super().drop_day(day)
        self.dropped.totals += _less(before, self.totals(from_ns, to_ns))
        self.dropped.days[day] = self._clock.now_ns()
        return was_there

    def _ours(self, cameras: Collection[CameraId] | None) -> Collection[CameraId]:
        return self.dropped.cameras if cameras is None else cameras


def _begin_ns(day: date) -> Nanoseconds:
    return (day - date(1970, 1, 1)).days * NS_PER_DAY


def _less(before: CatalogueTotals, after: CatalogueTotals) -> CatalogueTotals:
    return CatalogueTotals(
        before.segments - after.segments,
        before.recorded_ms - after.recorded_ms,
        before.bytes - after.bytes,
        before.gaps - after.gaps,
    )
