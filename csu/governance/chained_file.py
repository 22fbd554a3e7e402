"""A file that only grows: SQLite rows, each bound to the one before it. So the mask ledger, journal and register.

Guards stand before the rows (`csu.governance.chain_guards`); in a sealed form every row carries a signature too. None
stops who owns the disk; the chain, the signatures and the anchors tell on him.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from csu.governance.chain_guards import TRIGGERS, ChainForm, guards_of, guards_stand, restrict
from csu.hal.errors import CsuError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ChainRow:
    """One row. `digest` binds it and all before it; `signature` is hexadecimal, empty in a form that is not sealed."""

    sequence: int
    kind: str
    body: str
    digest: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class ChainTroubles:
    """How the owner of a file tells of it."""

    broken: Callable[[str], CsuError]
    """The file is not what was written; at which place."""
    not_kept: Callable[[str, Exception], CsuError]
    """It cannot be read or written now."""


def sha256_hex(text: str) -> str:
    """SHA-256 of the UTF-8 text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def link(head: str, sequence: int, kind: str, body: str) -> str:
    """A row's digest: it binds the row and all before it."""
    return sha256_hex(f"{head}\n{sequence}\n{kind}\n{body}")


class ChainedFile:
    """One file of a chain. Several processes may share it; one object is used by one thread at a time. Calls block."""

    def __init__(
        self,
        path: Path,
        form: ChainForm,
        troubles: ChainTroubles,
        *,
        sign: Callable[[str], str] | None = None,
        after: tuple[int, str] | None = None,
    ) -> None:
        """Open or begin the file; nothing is read yet. `after`: the row of an earlier file that this one goes on from.

        `sign`: digest -> signature, for a sealed form that is written to. Raises what `troubles` tells.
        """
        self.path = path
        self._form, self._troubles, self._sign = form, troubles, sign
        self._begin = after or (0, form.first_link)
        self._metadata = sa.MetaData()
        self._rows = _rows_of(form, self._metadata)
        self.forget()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise troubles.not_kept(path.name, error) from error
        # The driver must not begin transactions of its own: each begins with the write lock, so that who decides
        # decides on the newest state. A sealed file has one connection, so that it sees what others commit.
        pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if form.sealed else {}
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None}, **pool)
        try:
            if form.sealed:
                self._told(self._lay_out_sealed)
                sa.event.listen(self._engine, "connect", restrict)
            else:
                self.locked(self._lay_out)
            self._seen_version = self._data_version() if form.sealed else 0
        except BaseException:
            self.close()
            raise

    @property
    def sequence(self) -> int:
        """The number of the newest row read or written."""
        return self._sequence

    @property
    def head(self) -> str:
        """The digest of that row. Noted elsewhere, it proves later that no row was cut off the end."""
        return self._head

    def forget(self) -> None:
        """Back to before the first row, to read all again."""
        self._sequence, self._head = self._begin

    def locked(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Do `work` in one transaction with the write lock: all of it, or nothing, and then `head` is as before."""
        before = self._sequence, self._head

        def inside() -> _T:
            with self._engine.begin() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return work(connection)

        try:
            return self._told(inside)
        except BaseException:
            self._sequence, self._head = before
            raise

    def read_on(self, connection: sa.Connection) -> Iterator[ChainRow]:
        """The rows behind the last one read, each checked; the head moves on when the next one is asked for.

        Raises `broken` for one that does not belong, and when the last one read is no longer there as it was.
        """
        begun, _ = self._begin
        query = sa.select(self._rows).where(self._rows.c.sequence >= self._sequence).order_by(self._rows.c.sequence)
        rows = (ChainRow(*row) for row in connection.execute(query))
        if self._sequence > begun:
            last = next(rows, None)
            if last is None or (last.sequence, last.digest) != (self._sequence, self._head):
                raise self._troubles.broken(f"{self.path.name}#{self._sequence}")
        for row in rows:
            if row.sequence != self._sequence + 1 or row.digest != link(self._head, row.sequence, row.kind, row.body):
                raise self._troubles.broken(f"{self.path.name}#{row.sequence}")
            yield row
            self._sequence, self._head = row.sequence, row.digest

    def append(self, connection: sa.Connection, made: Iterable[tuple[str, str]]) -> list[ChainRow]:
        """Add rows of (kind, body), inside `locked` and after reading on."""
        rows = []
        for kind, body in made:
            sequence = self._sequence + 1
            digest = link(self._head, sequence, kind, body)
            rows.append(ChainRow(sequence, kind, body, digest, self._sign(digest) if self._sign else ""))
            self._sequence, self._head = sequence, digest
        columns = [column.name for column in self._rows.columns]
        if rows:
            connection.execute(sa.insert(self._rows), [{name: getattr(row, name) for name in columns} for row in rows])
        return rows

    def text(self, connection: sa.Connection, digest: str) -> str | None:
        """A text kept under its digest, unchecked; None: there is none."""
        query = f"SELECT body FROM {self._form.texts} WHERE digest = ?"  # noqa: S608 - our own
        body = connection.exec_driver_sql(query, (digest,)).scalar()
        return None if body is None else str(body)

    def keep_text(self, connection: sa.Connection, digest: str, body: str) -> None:
        """Keep a text under its digest, once."""
        insert = f"INSERT INTO {self._form.texts} (digest, body) VALUES (?, ?)"  # noqa: S608 - our own
        connection.exec_driver_sql(insert, (digest, body))

    def newest(self) -> int:
        """The number of the newest row in the file, read or not."""
        query = sa.select(sa.func.max(self._rows.c.sequence))
        return self._ask(lambda connection: int(connection.execute(query).scalar() or 0))

    def select(self, where: str, values: tuple[object, ...] = ()) -> list[ChainRow]:
        """Rows by a condition in SQL over `kind`, `body`..., in order."""
        columns = ", ".join(column.name for column in self._rows.columns)
        query = f"SELECT {columns} FROM {self._form.table} WHERE {where} ORDER BY sequence"  # noqa: S608 - our own
        return self._ask(lambda connection: [ChainRow(*row) for row in connection.exec_driver_sql(query, values)])

    def changed_by_others(self) -> bool:
        """True once after each time somebody else committed anything to a sealed file."""
        version = self._data_version()
        changed, self._seen_version = version != self._seen_version, version
        return changed

    def is_guarded(self) -> bool:
        """Whether every trigger is still there, as csu laid it out."""
        return self._ask(lambda connection: guards_stand(self._form, connection.exec_driver_sql(TRIGGERS)))

    def attempts(self) -> list[tuple[int, str, str]]:
        """(number, instant, deed) of each refused attempt to change a row of a sealed file, as SQLite noted it."""
        query = f"SELECT attempt, at, deed FROM {self._form.table}_attempt ORDER BY attempt"  # noqa: S608 - our own
        return self._ask(lambda connection: [tuple(row) for row in connection.exec_driver_sql(query)])

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ask(self, question: Callable[[sa.Connection], _T]) -> _T:
        def inside() -> _T:
            with self._engine.connect() as connection:
                return question(connection)

        return self._told(inside)

    def _told(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except sa.exc.OperationalError as error:
            raise self._troubles.not_kept(self.path.name, error) from error
        except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:  # no database, or one that refuses us
            raise self._troubles.broken(self.path.name) from error

    def _data_version(self) -> int:
        return self._ask(lambda connection: int(connection.exec_driver_sql("PRAGMA data_version").scalar() or 0))

    def _lay_out(self, connection: sa.Connection) -> None:
        self._metadata.create_all(connection)
        for number, index in enumerate(self._form.indexes):
            name = f"{self._form.table}_by_{number}"
            connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {name} ON {self._form.table} ({index})")
        for guard in guards_of(self._form):
            connection.exec_driver_sql(guard)

    def _lay_out_sealed(self) -> None:
        """Through a connection of its own, before csu's is restricted."""
        engine = sa.create_engine(f"sqlite:///{self.path}", connect_args={"isolation_level": None})
        try:
            with engine.connect() as connection:
                there = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
                if connection.exec_driver_sql(there, (self._form.table,)).scalar():
                    return  # laid out before: what is missing since then was taken away, and is to be told
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                self._lay_out(connection)
                connection.exec_driver_sql("COMMIT")
        finally:
            engine.dispose()


def read_rows(
    path: Path, form: ChainForm, where: str = "TRUE", values: tuple[object, ...] = (), *, newest: int | None = None
) -> Iterator[ChainRow]:
    """The rows of a file as they lie there, unchecked and in order, without writing to it. Raises sqlite3.Error.

    `newest`: so many at most, and the newest first.
    """
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        last = ", signature" if form.sealed else ""
        order = "sequence" if newest is None else f"sequence DESC LIMIT {int(newest)}"
        query = f"SELECT sequence, kind, body, digest{last} FROM {form.table} WHERE {where} ORDER BY {order}"  # noqa: S608
        for row in connection.execute(query, values):
            yield ChainRow(*row)
    finally:
        connection.close()


def is_guarded(path: Path, form: ChainForm) -> bool:
    """Whether every trigger of a file is there, without writing to it. Raises sqlite3.Error."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        return guards_stand(form, connection.execute(TRIGGERS))
    finally:
        connection.close()


def _rows_of(form: ChainForm, metadata: sa.MetaData) -> sa.Table:
    columns: list[sa.Column[Any]] = [
        sa.Column("sequence", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("kind", "body", "digest")),
    ]
    if form.sealed:
        columns.append(sa.Column("signature", sa.String, nullable=False))
        sa.Table(
            f"{form.table}_attempt",
            metadata,
            sa.Column("attempt", sa.Integer, primary_key=True),
            sa.Column("at", sa.String, nullable=False),
            sa.Column("deed", sa.String, nullable=False),
        )
    if form.texts:
        sa.Table(
            form.texts,
            metadata,
            sa.Column("digest", sa.String, primary_key=True),
            sa.Column("body", sa.String, nullable=False),
        )
    return sa.Table(form.table, metadata, *columns)
