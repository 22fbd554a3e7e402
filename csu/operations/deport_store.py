"""Where deports are kept: one that is on disk is the one that a restarted centre goes on with, to the same end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from csu.hal.words import Words
from csu.operations.deport import Deport, DeportNotKept
from csu.operations.deport_book import REMEMBERED_MAX

_metadata = sa.MetaData()
_deport = sa.Table(
    "deport",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("deport", sa.String, nullable=False, unique=True),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("body", sa.String, nullable=False),
)
_BODY = TypeAdapter(Deport)
_OPEN = sa.select(_deport).where(_deport.c.is_open)
_ENDED = sa.select(_deport).where(~_deport.c.is_open).order_by(_deport.c.number.desc()).limit(REMEMBERED_MAX)
_SAVE = (
    "INSERT INTO deport (deport, is_open, body) VALUES (?, ?, ?)"
    " ON CONFLICT (deport) DO UPDATE SET is_open = excluded.is_open, body = excluded.body"
)


class DeportStore:
    """One SQLite file of deports, in the order they were opened. Calls block."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet: `load` begins the file, or tells what is wrong with it."""
        self._path = path
        self._engine = sa.create_engine(f"sqlite:///{path}")

    def save(self, deport: Deport) -> None:
        """Write it as it is now; durable when this returns. Raises DeportNotKept."""
        row: tuple[Any, ...] = (deport.deport, deport.is_open, _BODY.dump_json(deport).decode())
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(_SAVE, row)
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(deport.deport, error) from error

    def load(self) -> list[Deport]:
        """All that are open, and the last REMEMBERED_MAX that ended, oldest first. Raises DeportNotKept."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._engine.begin() as connection:
                _metadata.create_all(connection)
                rows = [*connection.execute(_OPEN), *connection.execute(_ENDED)]
            return [_BODY.validate_json(row.body) for row in sorted(rows, key=lambda row: row.number)]
        except (sa.exc.SQLAlchemyError, OSError, ValueError) as error:
            raise self._not_kept(self._path.name, error) from error

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    def _not_kept(self, where: str, error: Exception) -> DeportNotKept:
        self._engine.dispose()  # the next try opens the file anew: somebody may have put it right
        why = type(error).__name__
        return DeportNotKept(
            Words(f"les déports ne peuvent être lus ou écrits ({why})", f"deports cannot be read or written ({why})"),
            where=where,
            what_to_do=Words("Vérifiez le volume ; aucun déport ne s'ouvre", "Check the volume; no deport opens"),
        )
