"""Where the availability of past days stays: a line for each camera and day, in one SQLite file.

It is computed from the catalogue, and can be again as long as that knows the day: what is lost here is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from csu.hal.camera import CameraId
from csu.recording.availability import Availability, CameraDay
from csu.recording.day_pages import database_failed
from csu.recording.errors import CatalogueError

_metadata = sa.MetaData()
_line = sa.Table(
    "camera_day",
    _metadata,
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("camera", sa.String, primary_key=True),
    sa.Column("expected_ns", sa.BigInteger, nullable=False),
    sa.Column("received_ns", sa.BigInteger, nullable=False),
    sa.Column("viewed_ns", sa.BigInteger, nullable=False),
    sa.Column("recorded_ns", sa.BigInteger, nullable=False),
)
_kept = sa.Table("kept_day", _metadata, sa.Column("day", sa.String, primary_key=True))
"""Days whose lines are all there: a day of which nothing was expected has none."""


class AvailabilityStore:
    """One file. Calls block and must not overlap; each raises CatalogueError."""

    def __init__(self, path: Path) -> None:
        """Open or begin it."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                _metadata.create_all(connection)
        except sa.exc.SQLAlchemyError as error:
            self.close()
            raise self._failed(error) from error

    def days(self) -> set[date]:
        """The days that are kept."""
        return {date.fromisoformat(row.day) for row in self._read(sa.select(_kept.c.day))}

    def keep(self, day: date, lines: Sequence[CameraDay]) -> None:
        """All the lines of one day, or none of them, instead of those that were there."""
        rows = [
            {
                "day": day.isoformat(),
                "camera": line.camera,
                "expected_ns": line.availability.expected_ns,
                "received_ns": line.availability.received_ns,
                "viewed_ns": line.availability.viewed_ns,
                "recorded_ns": line.availability.recorded_ns,
            }
            for line in lines
        ]
        try:
            with self._engine.begin() as connection:
                for table in (_line, _kept):
                    connection.execute(sa.delete(table).where(table.c.day == day.isoformat()))
                if rows:
                    connection.execute(sa.insert(_line), rows)
                connection.execute(sa.insert(_kept), [{"day": day.isoformat()}])
        except sa.exc.SQLAlchemyError as error:
            raise self._failed(error) from error

    def sums(self, first: date, last: date) -> dict[CameraId, Availability]:
        """What the kept days from the first to the last come to, a camera."""
        figures = (_line.c.expected_ns, _line.c.received_ns, _line.c.viewed_ns, _line.c.recorded_ns)
        query = (
            sa.select(_line.c.camera, *(sa.func.sum(figure) for figure in figures))
            .where(_line.c.day.between(first.isoformat(), last.isoformat()))
            .group_by(_line.c.camera)
        )
        return {CameraId(row[0]): Availability(*map(int, row[1:])) for row in self._read(query)}

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).all()
        except sa.exc.SQLAlchemyError as error:
            raise self._failed(error) from error

    def _failed(self, error: sa.exc.SQLAlchemyError) -> CatalogueError:
        return database_failed(error, self._path.name)
