"""The catalogue in PostgreSQL: every table partitioned by UTC day, a day dropped by detaching its partitions.

For a centre whose services are on several machines, or that backs up its databases in one way. `CSU_DATABASE_URL` says
where; without it the catalogue is a SQLite file a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.recording.catalogue import Catalogue
from csu.recording.day_pages import DayPages, database_failed
from csu.recording.days import day_number, few_days, of_another_version
from csu.recording.kept_coverage import KeptCoverage
from csu.recording.schema import HEAD, POSTGRESQL, UnknownVersion, migrate, version_of

DATABASE_URL = "CSU_DATABASE_URL"
"""The environment variable that chooses PostgreSQL: `postgresql://user@host/base`."""

DAYS_AHEAD = 2
"""Partitions made beforehand: a database that refuses new tables is noticed two days before it matters."""
_TABLES = ("page", "destroyed", "roster_camera", "roster")
"""The pages go first: what is left after a failure knows of no segment."""
_LOCK = 0x637375  # "csu": one process at a time changes tables
_PARTITIONS = sa.text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid)"
    " AND relname ~ '^(page|destroyed|roster_camera|roster)_[0-9]{8}$'"
)
_STATE = sa.text(
    "SELECT inhdetachpending FROM pg_class LEFT JOIN pg_inherits ON inhrelid = pg_class.oid"
    " WHERE relname = :name AND pg_table_is_visible(pg_class.oid)"
)


def open_catalogue(directory: Path, database_url: str | None = None) -> Catalogue:
    """The catalogue a centre is configured for: `database_url`, as a rule the value of `CSU_DATABASE_URL`; None or
    empty: SQLite files in `directory`. Raises BadInput for another kind of URL, CatalogueError."""
    return Catalogue(PostgresDays(database_url) if database_url else directory)


class PostgresDays:
    """One partition of each table a day. Migrates the database to this version when it is opened."""

    def __init__(self, url: str) -> None:
        """Raises BadInput for a URL that is not PostgreSQL's, CatalogueError when the database does not answer."""
        self._engine = sa.create_engine(_address(url), pool_size=2, max_overflow=2)
        # Reads are single statements: no BEGIN and ROLLBACK around each, which are two more round trips.
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._where = self._engine.url.render_as_string(hide_password=True)
        self.coverage = KeptCoverage(self._engine, POSTGRESQL.coverage, self._where, lambda: True)
        self._there: dict[date, DayPages] = {}
        """Days whose partitions we made or saw."""
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                if version_of(connection) != HEAD:
                    migrate(connection)
        except sa.exc.SQLAlchemyError as error:
            raise database_failed(error, self._where) from error
        except UnknownVersion as error:
            raise of_another_version(self._where, error) from error

    def day(self, day: date) -> DayPages:
        pages = self._there.get(day)
        if pages is None:
            self._make(day)
            pages = self._there[day] = self._pages(day)
        return pages

    def between(self, first: date, last: date) -> Iterator[DayPages]:
        for day in few_days(first, last) or self.list():
            if first <= day <= last:
                yield self._there.get(day) or self._pages(day)

    def list(self) -> list[date]:
        try:
            with self._reader.connect() as connection:
                names = connection.execute(_PARTITIONS).scalars().all()
        except sa.exc.SQLAlchemyError as error:
            raise database_failed(error, self._where) from error
        return sorted({datetime.strptime(name[-8:], "%Y%m%d").date() for name in names})  # noqa: DTZ007 - a day

    def drop(self, day: date) -> bool:
        """Readers go on meanwhile: the partitions are detached concurrently, which waits for who reads them."""
        self._there.pop(day, None)
        was_there = False
        try:
            with self._reader.connect() as connection:
                for table in _TABLES:
                    was_there |= _drop_partition(connection, table, _name(table, day))
        except sa.exc.SQLAlchemyError as error:
            raise database_failed(error, self._where) from error
        return was_there

    def forget(self, day: date) -> None:
        self._there.pop(day, None)

    def prepare(self, today: date) -> None:
        for offset in range(DAYS_AHEAD + 1):
            self.day(today + timedelta(days=offset))

    def close(self) -> None:
        self._there.clear()
        self._engine.dispose()

    def _pages(self, day: date) -> DayPages:
        return DayPages(self._engine, POSTGRESQL, f"{self._where} {day}", day=day_number(day), reader=self._reader)

    def _make(self, day: date) -> None:
        """All partitions of a day, or none. Attached after they were made: that locks no reader out."""
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                for table in reversed(_TABLES):
                    _make_partition(connection, table, _name(table, day), day_number(day))
        except sa.exc.SQLAlchemyError as error:
            raise database_failed(error, self._where) from error


def _make_partition(connection: sa.Connection, table: str, name: str, number: int) -> None:
    state = connection.execute(_STATE, {"name": name}).all()
    if state and state[0][0] is False:
        return
    if state:  # a drop that was cut short: what was to go must not come back with the new day
        if state[0][0]:
            raise sa.exc.InvalidRequestError(f"{name} is being detached: drop that day again first")
        connection.execute(sa.text(f"DROP TABLE {name}"))
    connection.execute(sa.text(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE)"))
    connection.execute(sa.text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({number})"))


def _drop_partition(connection: sa.Connection, table: str, name: str) -> bool:
    """On a connection that commits each statement: each step can be the last, and the next call goes on after it."""
    state = connection.execute(_STATE, {"name": name}).all()
    if not state:
        return False
    if state[0][0] is not None:
        how = "FINALIZE" if state[0][0] else "CONCURRENTLY"
        connection.execute(sa.text(f"ALTER TABLE {table} DETACH PARTITION {name} {how}"))
    connection.execute(sa.text(f"DROP TABLE {name}"))
    return True


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise _not_postgresql() from error
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise _not_postgresql()
    return address.set(drivername="postgresql+psycopg")


def _not_postgresql() -> BadInput:
    return BadInput(
        Words("ce n'est pas l'adresse d'une base PostgreSQL", "this is not the address of a PostgreSQL database"),
        where=DATABASE_URL,
        what_to_do=Words(
            "Écrivez postgresql://utilisateur@hôte/base, ou retirez la variable : un fichier SQLite par jour",
            "Write postgresql://user@host/base, or remove the variable: a SQLite file per day",
        ),
    )
