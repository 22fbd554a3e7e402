"""The catalogue: where every recorded second of every camera is, and why the others are missing.

One SQLite file per UTC day, named after it, or one PostgreSQL partition; retention of a day is one unlink, or one drop.
One row (a page) per manifest, because 1,300 cameras close 1.9 million segments a day and a manifest holds some fifty of
them (decisions 0010, 0034).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MS, Nanoseconds
from csu.hal.media import Gap, Manifest
from csu.recording.catalogue_sqlite import SqliteDays
from csu.recording.coverage import Account
from csu.recording.day_pages import DayPages
from csu.recording.days import Days, day_number, utc_day
from csu.recording.errors import CatalogueError
from csu.recording.kept import CameraSums, CatalogueTotals, Destruction, DestructionReason, KeptPage, LivingSegments
from csu.recording.pages import SegmentRow, rows_of

ALWAYS_NS = (-(2**62), 2**62)
"""Longer than any clock was ever wrong."""


class Catalogue:
    """Calls block and must not overlap: give it an executor of one thread. Each raises CatalogueError when it fails.

    A manifest goes into the day of its minute. Segments are found by their camera's own time: one whose camera clock
    was wrong by more than a day is found only under the day on which it was recorded.
    """

    def __init__(self, days: Path | Days, *, durable: bool = True) -> None:
        """A directory: SQLite files in it. `durable=False` neither syncs nor keeps a log: for simulations,
        whose files nobody reads after a crash, which may spoil them."""
        self._days = SqliteDays(days, durable=durable) if isinstance(days, Path) else days

    # -- writing ------------------------------------------------------------------------------------------------------

    def record(self, manifests: Sequence[Manifest]) -> None:
        """Write manifests: one transaction per day they belong to (as a rule one). Durable when this returns.

        A manifest already there (same node, node epoch and sequence) is left as it is. Raises CatalogueError: then no
        manifest of that day was written, and the same call may be made again.
        """
        by_day: dict[int, list[Manifest]] = {}
        for manifest in manifests:
            by_day.setdefault(manifest.minute_ns // NS_PER_DAY, []).append(manifest)
        for given in by_day.values():
            day = utc_day(given[0].minute_ns)
            try:
                self._days.day(day).record(given)
            except CatalogueError:
                self._days.forget(day)
                raise

    def destroy(
        self,
        cameras: Collection[CameraId],
        from_ns: Nanoseconds,
        to_ns: Nanoseconds,
        *,
        reason: DestructionReason,
        at_ns: Nanoseconds,
        reference: str = "",
    ) -> CatalogueTotals:
        """Say that the files of these cameras that begin in [from_ns, to_ns) are gone; returns what newly is.

        Called after the keys and files went. They stay in the catalogue, marked, until their day is dropped. Saying it
        again changes nothing; files of manifests that come later are living until it is said again.
        """
        what = Destruction(from_ns, to_ns, at_ns, reason, reference)
        return sum((day.destroy(what, cameras) for day in self._touching(from_ns, to_ns)), CatalogueTotals())

    def drop_day(self, day: date) -> bool:
        """Forget a UTC day wholly: its pages, gaps and marks. False: it was not there, or no longer.

        Made again after a failure, it ends what it began. Look at `living_of_day` first: files of which no catalogue
        speaks are found again only by reading the disks; and `keep_coverage`, which is computed from its pages.
        """
        return self._days.drop(day)

    def keep_coverage(self, day: date, cameras: Collection[CameraId] | None = None) -> None:
        """Before a UTC day is dropped: `accounts` goes on answering for it, of these cameras (None: of all).

        Again, it changes nothing.
        """
        first, last = ALWAYS_NS
        if cameras is None:
            cameras = {camera for pages in self._days.between(day, day) for camera in pages.cameras()}
        self._days.coverage.keep(day_number(day), _accounts(cameras, first, last, self._pages_of(day, cameras)))

    def prepare(self, now_ns: Nanoseconds) -> None:
        """Make ready for today and the days after (PostgreSQL: partitions). Daily; `record` does it too, if need be."""
        self._days.prepare(utc_day(now_ns))

    # -- one camera ---------------------------------------------------------------------------------------------------

    def segments(
        self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds, *, with_destroyed: bool = False
    ) -> list[SegmentRow]:
        """Segments that hold a part of [from_ns, to_ns), by start. `with_destroyed`: also those whose file is gone."""
        rows = [
            row
            for day in self._touching(from_ns, to_ns)
            for row in day.segments(camera, from_ns, to_ns, with_destroyed=with_destroyed)
        ]
        return sorted(rows, key=lambda row: row.start_ns)

    def at(self, camera: CameraId, instant_ns: Nanoseconds) -> SegmentRow | None:
        """The segment that holds this instant, None if there is none. The newest, if a corrected clock made two."""
        rows = self.segments(camera, instant_ns, instant_ns + 1)
        return rows[-1] if rows else None

    def gaps(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Gap]:
        """Gaps that nodes declared and that touch [from_ns, to_ns), by start."""
        gaps = [gap for day in self._touching(from_ns, to_ns) for gap in day.gaps(camera, from_ns, to_ns)]
        return sorted(gaps, key=lambda gap: gap.start_ns)

    def destructions(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Destruction]:
        """What was destroyed of a camera in [from_ns, to_ns), by start; a stretch over midnight is told once."""
        found = {mark for day in self._touching(from_ns, to_ns) for mark in day.destructions(camera, from_ns, to_ns)}
        return sorted(found, key=lambda mark: (mark.from_ns, mark.at_ns))

    # -- many cameras -------------------------------------------------------------------------------------------------

    def totals(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> CatalogueTotals:
        """Sums over all cameras for what begins in [from_ns, to_ns), destroyed since or not."""
        return sum((day.totals(from_ns, to_ns) for day in self._touching(from_ns, to_ns)), CatalogueTotals())

    def listing(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None = None
    ) -> Iterator[SegmentRow]:
        """Living segments that begin in [from_ns, to_ns), of these cameras or of all, in no order.

        Page by page, so a day of 1,300 cameras fits; the catalogue may be changed meanwhile.
        """
        for page in self._pages(from_ns, to_ns, cameras):
            chosen = page.begun_in(from_ns, to_ns, cameras) & (page.destroyed_at_ns == 0)
            yield from rows_of(page.table, chosen, dict(enumerate(page.roster)), page.node)

    def living_segments(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None = None
    ) -> LivingSegments:
        """`listing`, as columns."""
        numbers: dict[CameraId, int] = {}
        numbers_of: dict[tuple[CameraId, ...], NDArray[np.int32]] = {}
        columns = [(np.empty(0, np.int32), *(np.empty(0, np.int64),) * 3)]
        for page in self._pages(from_ns, to_ns, cameras):
            rows = np.flatnonzero(page.begun_in(from_ns, to_ns, cameras) & (page.destroyed_at_ns == 0))
            if not len(rows):
                continue
            if page.roster not in numbers_of:
                given = [numbers.setdefault(camera, len(numbers)) for camera in page.roster]
                numbers_of[page.roster] = np.array(given, np.int32)
            table = page.table
            start_ns, length_ms = table.start_ns[rows], np.maximum(table.duration_ms[rows], 1).astype(np.int64)
            camera = numbers_of[page.roster][table.camera[rows]]
            columns.append((camera, start_ns, start_ns + length_ms * NS_PER_MS, table.size_bytes[rows]))
        camera, start_ns, end_ns, size_bytes = (np.concatenate(column) for column in zip(*columns, strict=True))
        present, index = np.unique(camera, return_inverse=True)
        every = list(numbers)
        named = tuple(every[number] for number in present.tolist())
        return LivingSegments(named, index.astype(np.int32), start_ns, end_ns, size_bytes)

    def sums_by_camera(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None = None
    ) -> dict[CameraId, CameraSums]:
        """What each camera recorded in [from_ns, to_ns), and how much of it lives; every page is read once."""
        sums: dict[tuple[CameraId, ...], NDArray[np.int64]] = {}
        for page in self._pages(from_ns, to_ns, cameras):
            of_roster = sums.setdefault(page.roster, np.zeros((len(page.roster), 4), np.int64))
            begun = np.flatnonzero(page.begun_in(from_ns, to_ns, cameras))
            table = page.table
            columns = (1, table.duration_ms[begun], table.size_bytes[begun], page.destroyed_at_ns[begun] == 0)
            for number, column in enumerate(columns):
                np.add.at(of_roster[:, number], table.camera[begun], column)
        total: dict[CameraId, NDArray[np.int64]] = {}
        for roster, of_roster in sums.items():
            for camera, row in zip(roster, of_roster, strict=True):
                total[camera] = total.get(camera, 0) + row
        return {
            camera: CameraSums(CatalogueTotals(*row[:3].tolist()), int(row[3]))
            for camera, row in total.items()
            if row[0]
        }

    def version(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> tuple[tuple[str, int, int], ...]:
        """Another value as soon as anything that is known of [from_ns, to_ns) is another. Cheap to ask for."""
        return tuple(day.version() for day in self._touching(from_ns, to_ns))

    def living(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None = None
    ) -> CatalogueTotals:
        """Sums of `listing`: what is still to be destroyed."""
        return sum(
            (
                page.sums(page.begun_in(from_ns, to_ns, cameras) & (page.destroyed_at_ns == 0))
                for page in self._pages(from_ns, to_ns, cameras)
            ),
            CatalogueTotals(),
        )

    def living_of_day(self, day: date, cameras: Collection[CameraId] | None = None) -> CatalogueTotals:
        """Sums of what `drop_day` would forget although its files are there, by whatever clock. All zero: drop it."""
        first, last = ALWAYS_NS
        return sum(
            (
                page.sums(page.begun_in(first, last, cameras) & (page.destroyed_at_ns == 0))
                for page in self._pages_of(day, cameras)
            ),
            CatalogueTotals(),
        )

    def accounts(
        self, cameras: Collection[CameraId], from_ns: Nanoseconds, to_ns: Nanoseconds
    ) -> dict[CameraId, Account]:
        """What is known of these cameras in [from_ns, to_ns), destroyed since or not: for `csu.recording.coverage`.

        Every page is read once for all cameras. Of dropped days it is what `keep_coverage` kept.
        """
        found = _accounts(cameras, from_ns, to_ns, self._pages(from_ns, to_ns, cameras))
        days = day_number(utc_day(max(0, from_ns - NS_PER_DAY))), day_number(utc_day(max(to_ns, from_ns) + NS_PER_DAY))
        kept = self._days.coverage.accounts(cameras, days, from_ns, to_ns)
        return found | {camera: found[camera].beside(account) for camera, account in kept.items()}

    # -- days ---------------------------------------------------------------------------------------------------------

    def days(self) -> list[date]:
        """The UTC days of which anything is kept, the oldest first."""
        return self._days.list()

    def close(self) -> None:
        """Let go of files and connections. The next call opens what it needs."""
        self._days.coverage.close()
        self._days.close()

    def _pages_of(self, day: date, cameras: Collection[CameraId] | None) -> Iterator[KeptPage]:
        for pages in self._days.between(day, day):
            yield from pages.pages(*ALWAYS_NS, cameras)

    def _pages(
        self, from_ns: Nanoseconds, to_ns: Nanoseconds, cameras: Collection[CameraId] | None
    ) -> Iterator[KeptPage]:
        for day in self._touching(from_ns, to_ns):
            yield from day.pages(from_ns, to_ns, cameras)

    def _touching(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Iterator[DayPages]:
        """Days that may know of [from_ns, to_ns): a segment across midnight is kept with the next day."""
        return self._days.between(utc_day(max(0, from_ns - NS_PER_DAY)), utc_day(max(to_ns, from_ns) + NS_PER_DAY))


def _accounts(
    cameras: Collection[CameraId], from_ns: Nanoseconds, to_ns: Nanoseconds, pages: Iterable[KeptPage]
) -> dict[CameraId, Account]:
    number_of = {camera: number for number, camera in enumerate(cameras)}
    numbers_of: dict[tuple[CameraId, ...], NDArray[np.int32]] = {}
    gaps: dict[CameraId, list[Gap]] = {camera: [] for camera in cameras}
    found = [(np.empty(0, np.int32), np.empty((0, 2), np.int64))]
    for page in pages:
        numbers = numbers_of.get(page.roster)
        if numbers is None:
            numbers = np.array([number_of.get(camera, -1) for camera in page.roster], np.int32)
            numbers_of[page.roster] = numbers
        table = page.table
        ends_ns = table.start_ns + table.duration_ms.astype(np.int64) * NS_PER_MS
        of_row = numbers[table.camera]
        chosen = (table.start_ns < to_ns) & (ends_ns > from_ns) & (of_row >= 0)
        found.append((of_row[chosen], np.column_stack((table.start_ns[chosen], ends_ns[chosen]))))
        for gap in page.gaps:
            if gap.camera in gaps and gap.start_ns < to_ns and gap.end_ns > from_ns:
                gaps[gap.camera].append(gap)
    of_all = np.concatenate([numbers for numbers, _ in found])
    order = np.argsort(of_all, kind="stable")
    stretches = np.concatenate([pieces for _, pieces in found])[order]
    cuts = np.searchsorted(of_all[order], np.arange(len(number_of) + 1))
    return {
        camera: Account(stretches[cuts[number] : cuts[number + 1]], tuple(gaps[camera]))
        for camera, number in number_of.items()
    }
