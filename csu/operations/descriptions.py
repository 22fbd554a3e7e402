"""What the operations log says of persons, kept apart so that it can go: short, for 30 days at most (OPS-2)."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.words import Words
from csu.operations.operations_log import LogEntryRefused, LogNotKept

KEPT_NS = 30 * NS_PER_DAY
"""[D]: OPS-2 wants a period of its own; this one is that of the pictures."""
CHARACTERS_MAX = 200

_metadata = sa.MetaData()
_description = sa.Table(
    "description",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("expires_at_ns", sa.BigInteger, nullable=False),
)


class Descriptions:
    """One SQLite file of descriptions by entry of the log; what is erased is overwritten. Calls block."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        sa.event.listen(self._engine, "connect", lambda given, _: given.execute("PRAGMA secure_delete = ON"))
        with self._engine.begin() as connection:
            _metadata.create_all(connection)

    def keep(self, number: int, text: str, now_ns: Nanoseconds) -> None:
        """Describe a person of entry `number`, until KEPT_NS from now. Raises LogEntryRefused, LogNotKept."""
        if not 1 <= len(text.strip()) <= CHARACTERS_MAX:
            raise LogEntryRefused(
                Words(
                    f"un signalement a de 1 à {CHARACTERS_MAX} signes", f"a description has 1 to {CHARACTERS_MAX} signs"
                ),
                where=f"log/{number}",
                what_to_do=Words(
                    "N'écrivez que ce qui sert à l'intervention", "Write only what the intervention needs"
                ),
            )
        row = {"number": number, "text": text, "expires_at_ns": now_ns + KEPT_NS}
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_description), row)
        except sa.exc.SQLAlchemyError as error:
            raise LogNotKept(
                Words("le signalement n'a pas pu être écrit", "the description could not be written"),
                where=f"log/{number}",
                what_to_do=Words(
                    "Une entrée n'en a qu'un ; sinon vérifiez le volume", "One an entry; or check the volume"
                ),
            ) from error

    def of(self, number: int, now_ns: Nanoseconds) -> str | None:
        """The description of an entry; None: there is none, or its time is over, erased yet or not."""
        query = sa.select(_description.c.text).where(
            _description.c.number == number, _description.c.expires_at_ns > now_ns
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def purge(self, now_ns: Nanoseconds) -> int:
        """Erase those whose time is over; how many."""
        with self._engine.begin() as connection:
            return connection.execute(sa.delete(_description).where(_description.c.expires_at_ns <= now_ns)).rowcount

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()
