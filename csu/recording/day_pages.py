"""The pages of one UTC day in a database: written, found, summed, and marked where their files were destroyed.

The same statements for a SQLite file of that day and for a PostgreSQL partition of it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.media import Gap, Manifest, NodeId
from csu.hal.words import Words
from csu.recording.errors import CatalogueError
from csu.recording.kept import CatalogueTotals, Destruction, DestructionReason, KeptPage
from csu.recording.marks import Marks
from csu.recording.pages import Page, SegmentRow, gaps_of, pages_of, rows_of, segments_of
from csu.recording.schema import IS_LONG, IS_SHORT, LONG_NS, Tables

PAGES_AT_ONCE = 256
"""Pages read per statement when a whole day is walked: no long transaction, and no day in memory at once."""


_PAGE_COLUMNS = ("minute_ns", "node", "node_epoch", "sequence", *Page._fields)
"""All that are written, as `_row` gives them; the database numbers the page."""


class DayPages:
    """One day. Calls block and must not overlap. Every one raises CatalogueError when the database fails."""

    def __init__(
        self,
        engine: sa.Engine,
        tables: Tables,
        where: str,
        *,
        day: int | None = None,
        reader: sa.Engine | None = None,
        one_writer: bool = False,
    ) -> None:
        """`day`: its number when the tables hold more than one. `where`: what an error names. `one_writer`: the engine
        is this day's alone, so a connection may be kept for what is written each minute."""
        self._engine, self._reader = engine, reader or engine
        self._keeps_writer = one_writer
        self._writer: sa.Connection | None = None
        self._tables = tables
        self._where = where
        self._day = {} if day is None else {"day": day}
        self._days = tuple(self._day.values())
        self._find = _find_statements(tables)
        self._state = self._state_of()
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        self._insert_page = _insert_page(engine, tables.page, (*self._day, *_PAGE_COLUMNS))
        self._rosters: dict[tuple[CameraId, ...], int] = {}

    # -- writing ------------------------------------------------------------------------------------------------------

    def record(self, manifests: Sequence[Manifest]) -> None:
        """One transaction; manifests already there are left as they are."""
        try:
            pages = pages_of(manifests)
            with self._writing() as connection:
                rows = [self._row(connection, *each) for each in zip(manifests, pages, strict=True)]
                statement = self._insert_page
                connection.exec_driver_sql(statement.text, [statement.parameters(row) for row in rows])
        except sa.exc.SQLAlchemyError as error:
            self._rosters.clear()  # what the lost transaction had numbered is not there
            raise self._error(error) from error

    def destroy(self, what: Destruction, cameras: Collection[CameraId]) -> CatalogueTotals:
        """Mark what `what` took of these cameras and nothing had marked yet; returns its sums.

        Only in pages that are there now: a manifest that comes later tells of files that nobody has destroyed yet.
        """
        until = self._read(self._only(sa.select(sa.func.max(self._tables.page.c.page))))[0][0]
        taken, hit = CatalogueTotals(), set[CameraId]()
        for page in self.pages(what.from_ns, what.to_ns, cameras, until=until):
            living = page.begun_in(what.from_ns, what.to_ns, set(cameras)) & (page.destroyed_at_ns == 0)
            hit.update(page.roster[index] for index in np.unique(page.table.camera[living]).tolist())
            taken += page.sums(living)
        if not hit:
            return taken
        row = {
            "pages_until": until,
            "from_ns": what.from_ns,
            "to_ns": what.to_ns,
            "at_ns": what.at_ns,
            "reason": what.reason.value,
            "reference": what.reference,
            **self._day,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    self._insert(self._tables.destroyed), [{**row, "camera": camera} for camera in sorted(hit)]
                )
        except sa.exc.SQLAlchemyError as error:
            raise self._error(error) from error
        return taken

    # -- reading ------------------------------------------------------------------------------------------------------

    def segments(
        self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds, *, with_destroyed: bool
    ) -> list[SegmentRow]:
        """Segments that hold a part of [from_ns, to_ns), in no order."""
        try:
            with self._reader.connect() as connection:
                return self._segments(connection, camera, from_ns, to_ns, with_destroyed=with_destroyed)
        except sa.exc.SQLAlchemyError as error:
            raise self._error(error) from error

    def gaps(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Gap]:
        """Gaps that touch [from_ns, to_ns), in no order."""
        return [
            Gap(camera, start_ns, end_ns, cause)
            for row in self._read(self._find.gaps, self._bounds(camera, from_ns, to_ns))
            for position, start_ns, end_ns, cause in gaps_of(row.gaps)
            if position == row.position and start_ns < to_ns and end_ns > from_ns
        ]

    def totals(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> CatalogueTotals:
        """Sums for what begins in [from_ns, to_ns), destroyed or not."""
        page = self._tables.page
        inside = sa.and_(page.c.from_ns >= from_ns, page.c.to_ns <= to_ns)
        touching = sa.and_(page.c.from_ns < to_ns, page.c.to_ns >= from_ns)
        sums = [
            sa.func.coalesce(sa.func.sum(column), 0)
            for column in (page.c.segment_count, page.c.recorded_ms, page.c.size_bytes, page.c.gap_count)
        ]
        total = CatalogueTotals(*map(int, self._read(self._only(sa.select(*sums).where(inside)))[0]))
        edge = sa.select(page.c.segment_count, page.c.columns, page.c.segments, page.c.gaps)
        for row in self._read(self._only(edge.where(touching, sa.not_(inside)))):
            table = segments_of(row.segments, row.segment_count, row.columns)
            begins = (table.start_ns >= from_ns) & (table.start_ns < to_ns)
            total += CatalogueTotals(
                int(begins.sum()),
                int(table.duration_ms[begins].sum(dtype=np.int64)),
                int(table.size_bytes[begins].sum()),
                sum(from_ns <= start_ns < to_ns for _, start_ns, _, _ in gaps_of(row.gaps)),
            )
        return total

    def pages(
        self,
        from_ns: Nanoseconds,
        to_ns: Nanoseconds,
        cameras: Collection[CameraId] | None = None,
        *,
        until: int | None = None,
    ) -> Iterator[KeptPage]:
        """Pages that touch [from_ns, to_ns) and may hold one of `cameras` (None: all), in the order of writing.

        What is destroyed is known of the segments that begin in [from_ns, to_ns). `until`: the last page's number.
        """
        page = self._tables.page
        columns = [page.c.page, page.c.node, page.c.roster, page.c.segment_count, page.c.columns, page.c.segments]
        query = self._only(sa.select(*columns, page.c.gaps))
        query = query.where(page.c.from_ns < to_ns, page.c.to_ns >= from_ns).order_by(page.c.page).limit(PAGES_AT_ONCE)
        rosters = self._all_rosters()
        if cameras is not None:
            named = [number for number, roster in rosters.items() if any(camera in cameras for camera in roster)]
            if len(named) < len(rosters):
                query = query.where(page.c.roster.in_(named))
        if until is not None:
            query = query.where(page.c.page <= until)
        marked, last = self._marks_in(from_ns, to_ns), -1
        marks: dict[tuple[CameraId, ...], Marks] = {}
        while rows := self._read(query.where(page.c.page > last)):
            last = int(rows[-1].page)
            if any(row.roster not in rosters for row in rows):
                rosters = self._all_rosters()
            for row in rows:
                roster = rosters[row.roster]
                table = segments_of(row.segments, row.segment_count, row.columns)
                if roster not in marks:
                    marks[roster] = Marks(marked, dict(enumerate(roster)))
                gone = marks[roster].destroyed_at_ns(table, row.page)
                gaps = tuple(Gap(roster[at], start, end, cause) for at, start, end, cause in gaps_of(row.gaps))
                yield KeptPage(NodeId(row.node), roster, table, gone, gaps)

    def cameras(self) -> set[CameraId]:
        """Those that any page of this day may speak of."""
        return {camera for roster in self._all_rosters().values() for camera in roster}

    def version(self) -> tuple[str, int, int]:
        """(where, newest page, number of marks): nothing else of a day changes."""
        state = self._read(self._state)[0]
        return self._where, int(state.newest or 0), int(state.marks)

    def destructions(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Destruction]:
        """What was marked of this camera in [from_ns, to_ns), in no order."""
        return [
            Destruction(row.from_ns, row.to_ns, row.at_ns, DestructionReason(row.reason), row.reference)
            for row in self._read(self._find.marks, self._bounds(camera, from_ns, to_ns))
            if row.from_ns < to_ns and row.to_ns > from_ns
        ]

    def close(self) -> None:
        """Let go of the connections, which fold the log into a SQLite file. The next call makes new ones."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._engine.dispose()

    # -- inside -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction: committed at the end, rolled back by an error."""
        if not self._keeps_writer:
            with self._engine.begin() as connection:
                yield connection
            return
        if self._writer is None:
            self._writer = self._engine.connect()
        with self._writer.begin():
            yield self._writer

    def _segments(
        self,
        connection: sa.Connection,
        camera: CameraId,
        from_ns: Nanoseconds,
        to_ns: Nanoseconds,
        *,
        with_destroyed: bool,
    ) -> list[SegmentRow]:
        found: list[SegmentRow] = []
        bounds = self._bounds(camera, from_ns, to_ns)
        marks: Sequence[sa.Row[Any]] | None = None
        for row in connection.execute(self._find.segments, bounds).all():
            table = segments_of(row.segments, row.segment_count, row.columns)
            ends_ns = table.start_ns + table.duration_ms.astype(np.int64) * NS_PER_MS
            chosen = (table.camera == row.position) & (table.start_ns < to_ns) & (ends_ns > from_ns)
            if not chosen.any():
                continue
            if marks is None:
                marks = connection.execute(self._find.marks, bounds).all()
            gone = Marks(marks, {row.position: camera}).destroyed_at_ns(table, row.page)
            if not with_destroyed:
                chosen &= gone == 0
            found += rows_of(table, chosen, {row.position: camera}, NodeId(row.node), gone)
        return found

    def _row(self, connection: sa.Connection, manifest: Manifest, page: Page) -> tuple[Any, ...]:
        """The values of `_PAGE_COLUMNS`, behind the day if the tables hold several."""
        roster = self._rosters.get(page.roster)
        if roster is None:
            roster = self._rosters[page.roster] = self._keep_roster(connection, page.roster)
        minute_ns, node, epoch, sequence = manifest.minute_ns, manifest.node, manifest.node_epoch, manifest.sequence
        return (*self._days, minute_ns, node, epoch, sequence, roster, *page[1:])

    def _keep_roster(self, connection: sa.Connection, cameras: tuple[CameraId, ...]) -> int:
        """The number of this list of cameras on this day; given when it is new."""
        roster, roster_camera = self._tables.roster, self._tables.roster_camera
        digest = hashlib.sha256("\0".join(cameras).encode()).digest()
        query = self._only(sa.select(roster.c.roster).where(roster.c.digest == digest), roster)
        known = connection.execute(query).scalar()
        if known is not None:
            return int(known)
        new = self._insert(roster).values(**self._day, digest=digest).returning(roster.c.roster)
        number = int(connection.execute(new).scalar_one())
        if cameras:
            rows = [
                {**self._day, "camera": camera, "roster": number, "position": index}
                for index, camera in enumerate(cameras)
            ]
            connection.execute(self._insert(roster_camera), rows)
        return number

    def _all_rosters(self) -> Mapping[int, tuple[CameraId, ...]]:
        table = self._tables.roster_camera
        query = self._only(sa.select(table.c.roster, table.c.camera), table)
        cameras: dict[int, list[CameraId]] = defaultdict(list)
        for row in self._read(query.order_by(table.c.roster, table.c.position)):
            cameras[row.roster].append(CameraId(row.camera))
        # A list of no camera has no row, and its pages no segment.
        return defaultdict(tuple, {number: tuple(of_roster) for number, of_roster in cameras.items()})

    def _marks_in(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Sequence[sa.Row[Any]]:
        table = self._tables.destroyed
        return self._read(self._only(sa.select(table).where(table.c.from_ns < to_ns, table.c.to_ns > from_ns), table))

    def _state_of(self) -> sa.Select[Any]:
        """(newest page, number of marks): asked for each minute, of each hour that expires."""
        page, destroyed = self._tables.page, self._tables.destroyed
        newest = self._only(sa.select(sa.func.max(page.c.page)))
        marks = self._only(sa.select(sa.func.count()).select_from(destroyed), destroyed)
        return sa.select(newest.scalar_subquery().label("newest"), marks.scalar_subquery().label("marks"))

    def _only(self, query: sa.Select[Any], table: sa.Table | None = None) -> sa.Select[Any]:
        """The query, about this day."""
        table = self._tables.page if table is None else table
        return query.where(table.c.day == self._day["day"]) if self._day else query

    def _bounds(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> dict[str, object]:
        return {"camera": camera, "from_ns": from_ns, "to_ns": to_ns, "after_ns": from_ns - LONG_NS, **self._day}

    def _read(self, query: sa.Executable, parameters: Mapping[str, object] | None = None) -> Sequence[sa.Row[Any]]:
        try:
            with self._reader.connect() as connection:
                return connection.execute(query, parameters or {}).all()
        except sa.exc.SQLAlchemyError as error:
            raise self._error(error) from error

    def _error(self, error: sa.exc.SQLAlchemyError) -> CatalogueError:
        return database_failed(error, self._where)


def database_failed(error: sa.exc.SQLAlchemyError, where: str) -> CatalogueError:
    """The database's own words as the catalogue's error."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    return CatalogueError(
        Words(f"le catalogue a refusé : {reason}", f"the catalogue failed: {reason}"),
        where=where,
        what_to_do=Words(
            "Vérifiez la place, les droits et l'état de ce volume ; les enregistrements ne sont pas touchés",
            "Check space, rights and health of this volume; the files on the media disks are not harmed",
        ),
    )


class _Insert(NamedTuple):
    """A statement as the driver takes it: 2.3 million rows in 35 simulated days need not go through SQLAlchemy's types,
    which change nothing of numbers, text and bytes."""

    text: str
    names: tuple[str, ...]
    """Of the values, in their order; empty: the driver takes them in that order, without names."""

    def parameters(self, values: tuple[Any, ...]) -> Any:
        return dict(zip(self.names, values, strict=True)) if self.names else values


def _insert_page(engine: sa.Engine, page: sa.Table, names: tuple[str, ...]) -> _Insert:
    """Rows that are there already are left as they are."""
    insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    compiled = insert(page).on_conflict_do_nothing().compile(engine, column_keys=list(names))
    if compiled.positiontup is None:
        return _Insert(str(compiled), names)
    if tuple(compiled.positiontup) != names:
        raise AssertionError(f"the table has its columns in another order than {names}")
    return _Insert(str(compiled), ())


class _Find(NamedTuple):
    """Statements about one camera, built once. Parameters: camera, from_ns, to_ns, after_ns; day if kept by day."""

    segments: sa.CompoundSelect[Any]
    gaps: sa.CompoundSelect[Any]
    marks: sa.Select[Any]


@cache
def _find_statements(tables: Tables) -> _Find:
    page, of_camera, destroyed = tables.page, tables.roster_camera, tables.destroyed
    camera, day = sa.bindparam("camera", type_=sa.String), sa.bindparam("day", type_=sa.Integer)
    from_ns, to_ns, after_ns = (sa.bindparam(name, type_=sa.BigInteger) for name in ("from_ns", "to_ns", "after_ns"))

    def found(*columns: sa.Column[Any], having: sa.ColumnElement[bool] | None = None) -> sa.CompoundSelect[Any]:
        base = sa.select(*columns, of_camera.c.position).join(of_camera, of_camera.c.roster == page.c.roster)
        base = base if having is None else base.where(having)
        base = base.where(of_camera.c.camera == camera, page.c.from_ns < to_ns, page.c.to_ns > from_ns)
        if tables.by_day:
            base = base.where(page.c.day == day, of_camera.c.day == day)
        return sa.union_all(base.where(IS_SHORT, page.c.from_ns > after_ns), base.where(IS_LONG))

    marks = sa.select(destroyed).where(destroyed.c.camera == camera)
    return _Find(
        found(page.c.page, page.c.node, page.c.segment_count, page.c.columns, page.c.segments),
        found(page.c.gaps, having=page.c.gap_count > 0),
        marks.where(destroyed.c.day == day) if tables.by_day else marks,
    )
