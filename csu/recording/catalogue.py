"""The catalogue: where every recorded second of every camera is, and why the others are missing.

One SQLite file per UTC day, named after it; retention of a day is one unlink. One row (a page) per manifest, because
1,300 cameras close 1.9 million segments a day and a manifest holds some fifty of them (decision 0010).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MS, Nanoseconds
from csu.hal.media import Gap, Manifest, NodeId
from csu.hal.words import Words
from csu.recording.errors import CatalogueError
from csu.recording.pages import SegmentRow, gaps_of, page_of, rows_of, segments_of

DAYS_OPEN_MAX = 4
"""Files kept open: today, yesterday's late manifests, and two that someone looks at."""

_metadata = sa.MetaData()
_roster = sa.Table(
    "roster",
    _metadata,
    sa.Column("roster", sa.Integer, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
)
_roster_camera = sa.Table(
    "roster_camera",
    _metadata,
    sa.Column("camera", sa.String, primary_key=True),
    sa.Column("roster", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
_page = sa.Table(
    "page",
    _metadata,
    sa.Column("page", sa.Integer, primary_key=True),
    sa.Column("minute_ns", sa.BigInteger, nullable=False),
    sa.Column("node", sa.String, nullable=False),
    sa.Column("node_epoch", sa.Integer, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("roster", sa.Integer, nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("segment_count", sa.Integer, nullable=False),
    sa.Column("recorded_ms", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("gap_count", sa.Integer, nullable=False),
    sa.Column("counts", sa.String, nullable=False),
    sa.Column("gaps", sa.String, nullable=False),
    sa.Column("segments", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("node", "node_epoch", "sequence"),
    sa.Index("page_by_roster", "roster", "from_ns"),
)
_insert_page = insert(_page).on_conflict_do_nothing()


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


class Catalogue:
    """All day files of one directory. Calls block and must not overlap: give it an executor of one thread.

    A manifest goes into the file of its minute. Segments are found by their camera's own time: one whose camera clock
    was wrong by more than a day is found only under the day on which it was recorded.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        """`durable=False` leaves the syncing to the host: for simulations. Raises CatalogueError."""
        self._directory = directory
        self._durable = durable
        self._open_days: OrderedDict[str, _Day] = OrderedDict()
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueError(
                Words(
                    f"le dossier ne peut pas être créé : {error.strerror}",
                    f"the directory cannot be made: {error.strerror}",
                ),
                where=str(directory),
                what_to_do=Words(
                    "Vérifiez le dossier du catalogue et ses droits",
                    "Check the configured catalogue directory and its rights",
                ),
            ) from error

    def record(self, manifests: Sequence[Manifest]) -> None:
        """Write manifests: one transaction per day they belong to (as a rule one). Durable when this returns.

        A manifest already there (same node, node epoch and sequence) is left as it is. Raises CatalogueError: then no
        manifest of that day was written, and the same call may be made again.
        """
        by_day: dict[str, list[Manifest]] = {}
        for manifest in manifests:
            by_day.setdefault(_day_name(manifest.minute_ns), []).append(manifest)
        for name, given in by_day.items():
            self._day(name).record(given)

    def segments(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[SegmentRow]:
        """Segments that hold a part of [from_ns, to_ns), by start. Raises CatalogueError."""
        rows = [row for day in self._days(from_ns, to_ns) for row in day.segments(camera, from_ns, to_ns)]
        return sorted(rows, key=lambda row: row.start_ns)

    def at(self, camera: CameraId, instant_ns: Nanoseconds) -> SegmentRow | None:
        """The segment that holds this instant, None if there is none. The newest, if a corrected clock made two."""
        rows = self.segments(camera, instant_ns, instant_ns + 1)
        return rows[-1] if rows else None

    def gaps(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Gap]:
        """Gaps that nodes declared and that touch [from_ns, to_ns), by start. Raises CatalogueError."""
        gaps = [gap for day in self._days(from_ns, to_ns) for gap in day.gaps(camera, from_ns, to_ns)]
        return sorted(gaps, key=lambda gap: gap.start_ns)

    def totals(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> CatalogueTotals:
        """Sums over all cameras for what begins in [from_ns, to_ns). Raises CatalogueError."""
        return sum((day.totals(from_ns, to_ns) for day in self._days(from_ns, to_ns)), CatalogueTotals())

    def close(self) -> None:
        """Close all files. The next call opens what it needs."""
        for day in self._open_days.values():
            day.close()
        self._open_days.clear()

    def _days(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Iterator[_Day]:
        """Existing day files that may know of [from_ns, to_ns): a segment across midnight is in the next day's file."""
        last = _day_name(max(to_ns, from_ns) + NS_PER_DAY)
        first = _day_name(max(0, from_ns - NS_PER_DAY))
        for path in sorted(self._directory.glob("????-??-??.sqlite")):
            if first <= path.stem <= last:
                yield self._day(path.stem)

    def _day(self, name: str) -> _Day:
        day = self._open_days.get(name)
        if day is None:
            day = _Day(self._directory / f"{name}.sqlite", durable=self._durable)
            self._open_days[name] = day
            if len(self._open_days) > DAYS_OPEN_MAX:
                self._open_days.popitem(last=False)[1].close()
        self._open_days.move_to_end(name)
        return day


class _Day:
    """One day's file."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self._rosters: dict[tuple[CameraId, ...], int] = {}
        self._engine = sa.create_engine(f"sqlite:///{path}")
        synchronous = "FULL" if durable else "OFF"

        @sa.event.listens_for(self._engine, "connect")
        def _set_up(connection: Any, _record: object) -> None:  # the driver's own connection, which SQLAlchemy hides
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={synchronous}")

        try:
            with self._engine.begin() as connection:
                _metadata.create_all(connection)
        except sa.exc.SQLAlchemyError as error:
            raise self._error(error) from error

    def record(self, manifests: Sequence[Manifest]) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(_insert_page, [self._row(connection, manifest) for manifest in manifests])
        except sa.exc.SQLAlchemyError as error:
            self._rosters.clear()  # what the lost transaction had numbered is not there
            raise self._error(error) from error

    def segments(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[SegmentRow]:
        found: list[SegmentRow] = []
        columns = (_page.c.node, _page.c.segment_count, _page.c.segments, _roster_camera.c.position)
        for row in self._pages_of(camera, from_ns, to_ns, *columns):
            table = segments_of(row.segments, row.segment_count)
            ends_ns = table.start_ns + table.duration_ms.astype(np.int64) * NS_PER_MS
            chosen = (table.camera == row.position) & (table.start_ns < to_ns) & (ends_ns > from_ns)
            found += rows_of(table, chosen, camera, NodeId(row.node))
        return found

    def gaps(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Gap]:
        return [
            Gap(camera, start_ns, end_ns, cause)
            for row in self._pages_of(camera, from_ns, to_ns, _page.c.gaps, _roster_camera.c.position)
            for position, start_ns, end_ns, cause in gaps_of(row.gaps)
            if position == row.position and start_ns < to_ns and end_ns > from_ns
        ]

    def totals(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> CatalogueTotals:
        inside = sa.and_(_page.c.from_ns >= from_ns, _page.c.to_ns <= to_ns)
        touching = sa.and_(_page.c.from_ns < to_ns, _page.c.to_ns >= from_ns)
        sums = [
            sa.func.coalesce(sa.func.sum(column), 0)
            for column in (_page.c.segment_count, _page.c.recorded_ms, _page.c.size_bytes, _page.c.gap_count)
        ]
        total = CatalogueTotals(*self._read(sa.select(*sums).where(inside))[0])
        edge = sa.select(_page.c.segment_count, _page.c.segments, _page.c.gaps).where(touching, sa.not_(inside))
        for row in self._read(edge):
            table = segments_of(row.segments, row.segment_count)
            begins = (table.start_ns >= from_ns) & (table.start_ns < to_ns)
            total += CatalogueTotals(
                int(begins.sum()),
                int(table.duration_ms[begins].sum(dtype=np.int64)),
                int(table.size_bytes[begins].sum()),
                sum(from_ns <= start_ns < to_ns for _, start_ns, _, _ in gaps_of(row.gaps)),
            )
        return total

    def close(self) -> None:
        self._engine.dispose()

    def _row(self, connection: sa.Connection, manifest: Manifest) -> dict[str, object]:
        page = page_of(manifest)
        roster = self._rosters.get(page.roster)
        if roster is None:
            roster = self._rosters[page.roster] = _keep_roster(connection, page.roster)
        return {
            "minute_ns": manifest.minute_ns,
            "node": manifest.node,
            "node_epoch": manifest.node_epoch,
            "sequence": manifest.sequence,
            "roster": roster,
            "from_ns": page.from_ns,
            "to_ns": page.to_ns,
            "segment_count": page.segment_count,
            "recorded_ms": page.recorded_ms,
            "size_bytes": page.size_bytes,
            "gap_count": page.gap_count,
            "counts": page.counts,
            "gaps": page.gaps,
            "segments": page.segments,
        }

    def _pages_of(
        self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds, *columns: sa.Column[Any]
    ) -> Sequence[sa.Row[Any]]:
        return self._read(
            sa.select(*columns)
            .join(_roster_camera, _roster_camera.c.roster == _page.c.roster)
            .where(_roster_camera.c.camera == camera, _page.c.from_ns < to_ns, _page.c.to_ns > from_ns)
        )

    def _read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).all()
        except sa.exc.SQLAlchemyError as error:
            raise self._error(error) from error

    def _error(self, error: sa.exc.SQLAlchemyError) -> CatalogueError:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        return CatalogueError(
            Words(f"le catalogue a refusé : {reason}", f"the catalogue failed: {reason}"),
            where=str(self._path),
            what_to_do=Words(
                "Vérifiez la place, les droits et l'état de ce volume ; les enregistrements ne sont pas touchés",
                "Check space, rights and health of this volume; the files on the media disks are not harmed",
            ),
        )


def _keep_roster(connection: sa.Connection, cameras: tuple[CameraId, ...]) -> int:
    """The number of this list of cameras in this file; given when it is new."""
    digest = hashlib.sha256("\0".join(cameras).encode()).digest()
    known = connection.execute(sa.select(_roster.c.roster).where(_roster.c.digest == digest)).scalar()
    if known is not None:
        return int(known)
    number = int(connection.execute(insert(_roster).values(digest=digest).returning(_roster.c.roster)).scalar_one())
    if cameras:
        rows = [{"camera": camera, "roster": number, "position": index} for index, camera in enumerate(cameras)]
        connection.execute(insert(_roster_camera), rows)
    return number


def _day_name(instant_ns: Nanoseconds) -> str:
    try:
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=instant_ns // NS_PER_DAY)
    except OverflowError:
        return "9999-12-31"
    return f"{day:%Y-%m-%d}"
