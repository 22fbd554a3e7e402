"""Where calls are kept before they are sent: after a restart none is lost, and none gets a second key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.dispatch import REMEMBERED_MAX, OutboxCall

_metadata = sa.MetaData()
_call = sa.Table(
    "outbox_call",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("call", sa.String, nullable=False, unique=True),
    sa.Column("body", sa.String, nullable=False),
)
_BODY = TypeAdapter(OutboxCall)
_IS_WAITING = "json_extract(body, '$.taken_at_ns') IS NULL"
_WAITING = sa.select(_call).where(sa.text(_IS_WAITING))
_TAKEN = sa.select(_call).where(sa.text(f"NOT ({_IS_WAITING})")).order_by(_call.c.number.desc()).limit(REMEMBERED_MAX)


@dataclass(frozen=True, slots=True)
class KeptCalls:
    """What is on disk, as far as an outbox must know it."""

    calls: tuple[OutboxCall, ...]
    """Those nobody took, and the last REMEMBERED_MAX that somebody did, in the order they were made."""
    older: int
    """How many more were taken long ago; the file keeps them."""


class CallNotKept(CsuError):
    """The call could not be written: it is not sent. Telephone."""


class OutboxStore:
    """One SQLite file of calls, in the order they were made. Calls block: the centre makes them in its executor."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """`durable=False` does not sync: for simulations, whose files nobody reads after a crash."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        if not durable:
            sa.event.listen(self._engine, "connect", _without_syncing)
        with self._engine.begin() as connection:
            _metadata.create_all(connection)
            connection.exec_driver_sql(
                f"CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox_call (number) WHERE {_IS_WAITING}"
            )

    def save(self, call: OutboxCall) -> None:
        """Write the call as it is now; durable when this returns. Raises CallNotKept."""
        body = _BODY.dump_json(call).decode()
        statement = (
            "INSERT INTO outbox_call (call, body) VALUES (?, ?) ON CONFLICT (call) DO UPDATE SET body = excluded.body"
        )
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(statement, (call.call.call, body))
        except sa.exc.SQLAlchemyError as error:
            why = type(error).__name__
            raise CallNotKept(
                Words(f"l'appel n'a pas pu être écrit ({why})", f"the call could not be written ({why})"),
                where=call.call.call,
                what_to_do=Words("Téléphonez ; vérifiez le volume", "Telephone; check the volume"),
            ) from error

    def load(self) -> KeptCalls:
        """What a restarted outbox begins with: as long as what waits and what it remembers, however old the file is."""
        with self._engine.connect() as connection:
            waiting = connection.execute(_WAITING).all()
            taken = connection.execute(_TAKEN).all()
            count = connection.execute(sa.select(sa.func.count()).select_from(_call)).scalar_one()
        rows = sorted([*waiting, *taken], key=lambda row: row.number)
        return KeptCalls(tuple(_BODY.validate_json(row.body) for row in rows), count - len(rows))

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def _without_syncing(connection: Any, _record: object) -> None:  # the driver's own connection
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")
