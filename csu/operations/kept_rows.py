"""Numbered things of one kind in a SQLite file: what a room keeps of its plans, notes, visits, events.

Whoever writes one waits until it is on disk. A file that holds what nobody wrote is told, and is not read on.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Generic, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from csu.hal.errors import CsuError
from csu.hal.words import Words

Kept = TypeVar("Kept")


class RowNotKept(CsuError):
    """It could not be read or written. Nothing changed."""


class RowsBroken(CsuError):
    """The file is not what was written."""


class KeptRows(Generic[Kept]):
    """One table of one file. Calls block; one object is used by one thread at a time."""

    def __init__(self, path: Path, table: str, kind: type[Kept], *, durable: bool = True) -> None:
        """Open or begin it. Raises RowNotKept. `durable=False` does not sync: for what nobody reads after a crash."""
        self._path, self._adapter = path, TypeAdapter(kind)
        self._rows = sa.Table(
            table,
            sa.MetaData(),
            sa.Column("number", sa.Integer, primary_key=True),
            sa.Column("body", sa.String, nullable=False),
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(f"sqlite:///{path}")
            with self._engine.begin() as connection:
                if not durable:
                    connection.exec_driver_sql("PRAGMA synchronous=OFF")
                self._rows.create(connection, checkfirst=True)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise self._not_kept(error) from error

    def load(self) -> dict[int, Kept]:
        """All, by number, in order. Raises RowNotKept, RowsBroken."""
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(sa.select(self._rows).order_by(self._rows.c.number)).all()
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(error) from error
        try:
            return {number: self._adapter.validate_json(body) for number, body in rows}
        except (ValidationError, CsuError) as error:
            raise RowsBroken(
                Words("ce fichier n'est pas ce qui a été écrit", "this file is not what was written"),
                where=f"{self._path.name}/{self._rows.name}",
                what_to_do=Words("Reprenez-le d'une sauvegarde", "Restore it from a backup"),
            ) from error

    def save(self, number: int, value: Kept) -> None:
        """Write it, in the place of what had that number; durable when this returns. Raises RowNotKept."""
        body = self._adapter.dump_json(value).decode()
        statement = f"INSERT OR REPLACE INTO {self._rows.name} (number, body) VALUES (?, ?)"  # noqa: S608 - our own names
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(statement, (number, body))
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(error) from error

    def erase(self, numbers: Collection[int]) -> None:
        """Take these away; durable when this returns. Raises RowNotKept."""
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
                connection.execute(sa.delete(self._rows).where(self._rows.c.number.in_(numbers)))
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(error) from error

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    def _not_kept(self, error: Exception) -> RowNotKept:
        why = type(error).__name__
        return RowNotKept(
            Words(f"cela n'a pas pu être écrit ou lu ({why})", f"it could not be written or read ({why})"),
            where=f"{self._path.name}/{self._rows.name}",
            what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
        )
