"""The catalogue's tables, and how a database of an older version becomes one of this version (Alembic).

SQLite: one file a day, so a day needs no column. PostgreSQL: every table is partitioned by `day`, UTC days since 1970,
so that a day leaves with all that was known of it. A new SQLite file is made at once and stamped; anything older, and
PostgreSQL always, goes through `migrations`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from csu.hal.clock import NS_PER_MINUTE

HEAD = "0004"
"""The newest migration (a test holds it against the folder)."""
BEFORE_STAMPS = "0001"
"""What a SQLite file is that carries no stamp and yet has pages."""

LONG_NS = 10 * NS_PER_MINUTE
"""Nearly every page spans three minutes. Those that span more than this (a gap of hours, a camera clock that is wrong)
have an index of their own, so that a look-up reads a few pages and not all since midnight."""
IS_LONG = sa.text(f"to_ns - from_ns > {LONG_NS}")
"""As literal text: SQLite uses a partial index only for the very condition it was made with."""
IS_SHORT = sa.text(f"to_ns - from_ns <= {LONG_NS}")


SUMMED = ("segment_count", "recorded_ms", "size_bytes", "gap_count")
"""In the index too: sums over a month then read 100 MB of it and not the pages themselves, a hundred times as much."""


class UnknownVersion(Exception):
    """The database carries a stamp that no migration of this csu has: a newer one wrote it."""


class Tables(NamedTuple):
    """The tables of one kind of database."""

    metadata: sa.MetaData
    roster: sa.Table
    roster_camera: sa.Table
    page: sa.Table
    destroyed: sa.Table
    coverage: sa.Table
    """What is kept of days that were dropped: in PostgreSQL beside the partitions, in SQLite in a file of its own."""
    by_day: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the tables of one kind of database tell days apart."""

    by_day: bool

    @property
    def day(self) -> tuple[str, ...]:
        """What a key begins with."""
        return ("day",) if self.by_day else ()

    @property
    def options(self) -> dict[str, Any]:
        return {"postgresql_partition_by": "LIST (day)"} if self.by_day else {}

    @property
    def reference(self) -> type[sa.Integer]:
        """Of a column that holds a number which the database gave."""
        return sa.BigInteger if self.by_day else sa.Integer

    def days(self) -> list[sa.Column[Any]]:
        return [sa.Column("day", sa.Integer, nullable=False) for _ in self.day]

    def number(self, name: str) -> list[Any]:
        """A number the database gives, and the primary key made of it."""
        if self.by_day:
            return [
                sa.Column(name, sa.BigInteger, sa.Identity(always=True), nullable=False),
                sa.PrimaryKeyConstraint("day", name),
            ]
        return [sa.Column(name, sa.Integer, primary_key=True)]


def _tables(*, by_day: bool) -> Tables:
    metadata, kind = sa.MetaData(), _Kind(by_day)
    return Tables(
        metadata,
        _roster(metadata, kind),
        _roster_camera(metadata, kind),
        _page(metadata, kind),
        _destroyed(metadata, kind),
        _coverage(metadata if by_day else sa.MetaData()),
        by_day,
    )


def _roster(metadata: sa.MetaData, kind: _Kind) -> sa.Table:
    return sa.Table(
        "roster",
        metadata,
        *kind.days(),
        *kind.number("roster"),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint(*kind.day, "digest"),
        **kind.options,
    )


def _roster_camera(metadata: sa.MetaData, kind: _Kind) -> sa.Table:
    return sa.Table(
        "roster_camera",
        metadata,
        *kind.days(),
        sa.Column("camera", sa.String, nullable=False),
        sa.Column("roster", kind.reference, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(*kind.day, "camera", "roster"),
        sqlite_with_rowid=False,
        **kind.options,
    )


def _page(metadata: sa.MetaData, kind: _Kind) -> sa.Table:
    return sa.Table(
        "page",
        metadata,
        *kind.days(),
        *kind.number("page"),
        sa.Column("minute_ns", sa.BigInteger, nullable=False),
        sa.Column("node", sa.String, nullable=False),
        sa.Column("node_epoch", sa.Integer, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("roster", kind.reference, nullable=False),
        sa.Column("from_ns", sa.BigInteger, nullable=False),
        sa.Column("to_ns", sa.BigInteger, nullable=False),
        sa.Column("segment_count", sa.Integer, nullable=False),
        sa.Column("recorded_ms", sa.BigInteger, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("gap_count", sa.Integer, nullable=False),
        sa.Column("counts", sa.String, nullable=False),
        sa.Column("gaps", sa.String, nullable=False),
        sa.Column("segments", sa.LargeBinary, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False, server_default="0"),
        # What is written together lies together in both: a minute of 46 nodes changes the last leaf of each, not 46.
        sa.UniqueConstraint(*kind.day, "minute_ns", "node", "node_epoch", "sequence"),
        sa.Index("page_by_time", "from_ns", "to_ns", "roster", *SUMMED),
        sa.Index("page_long", "roster", "from_ns", "to_ns", sqlite_where=IS_LONG, postgresql_where=IS_LONG),
        **kind.options,
    )


def _destroyed(metadata: sa.MetaData, kind: _Kind) -> sa.Table:
    return sa.Table(
        "destroyed",
        metadata,
        *kind.days(),
        sa.Column("camera", sa.String, nullable=False),
        sa.Column("from_ns", sa.BigInteger, nullable=False),
        sa.Column("to_ns", sa.BigInteger, nullable=False),
        sa.Column("pages_until", sa.BigInteger, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.PrimaryKeyConstraint(*kind.day, "camera", "from_ns", "to_ns", "pages_until"),
        **kind.options,
    )


def _coverage(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "coverage",
        metadata,
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("camera", sa.String, nullable=False),
        sa.Column("recorded", sa.LargeBinary, nullable=False),
        sa.Column("gaps", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("day", "camera"),
    )


SQLITE = _tables(by_day=False)
POSTGRESQL = _tables(by_day=True)


def version_of(connection: sa.Connection) -> str | None:
    """The stamp of this database; None when it carries none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def stamp_new(connection: sa.Connection) -> None:
    """Say of a database just made from these tables that it is of this version."""
    connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY NOT NULL)"))
    connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def migrate(connection: sa.Connection, *, unstamped_is: str | None = None) -> None:
    """Bring an older database to this version, inside the connection's transaction. `unstamped_is`: what it is when it
    carries no stamp; None: empty. Raises UnknownVersion, and what the database raises."""
    from alembic import command  # only who meets an older database pays for loading it
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        if unstamped_is is not None and version_of(connection) is None:
            command.stamp(config, unstamped_is)
        command.upgrade(config, "head")
    except CommandError as error:
        raise UnknownVersion(str(error)) from error
