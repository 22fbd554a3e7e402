"""Where the outcomes of signals are kept, for a bounded time: the record of how well each type does (VSA-8)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from csu.detection.signals.signal import SignalId, SignalNotKept, SignalOutcome, outcome_named
from csu.hal.analysis import EventType
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.words import Words

VERSION = 1
"""Of the file's layout, in SQLite's `user_version`."""
KEPT_DAYS = 400
"""[D]: a year's report, and a month to write it."""

_metadata = sa.MetaData()
OUTCOMES = sa.Table(
    "signal_outcome",
    _metadata,
    sa.Column("signal", sa.String, primary_key=True),
    sa.Column("camera", sa.String, nullable=False),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("zone", sa.String, nullable=False),
    sa.Column("minute_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("outcome", sa.String, nullable=False),
    sa.Column("judged_by", sa.String, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("rule_version", sa.String, nullable=False),
    sa.Column("prefect_order", sa.String, nullable=False),
)
"""The whole of what is kept. One more column is a decision (VSA-6, LOG-5): a test holds this list."""


class SignalStore:
    """One SQLite file of outcomes. Calls block: the centre makes them in its executor."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Open or begin the file. Raises SignalNotKept for one that a newer csu wrote.

        `durable=False` does not sync: for simulations, whose files nobody reads after a crash."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        if not durable:
            sa.event.listen(self._engine, "connect", _without_syncing)
        try:
            with self._engine.begin() as connection:
                _lay_out(connection, path.name)
        except BaseException:
            self.close()
            raise

    def save(self, outcomes: Sequence[SignalOutcome], now_ns: Nanoseconds) -> None:
        """Write what became of signals, all or none, and forget what is past its time. Of one signal the last word
        counts. Durable when this returns. Raises SignalNotKept."""
        rows = [_row(each) for each in outcomes]
        try:
            with self._engine.begin() as connection:
                if rows:
                    given = insert(OUTCOMES)
                    written = {name: given.excluded[name] for name in ("outcome", "judged_by")}
                    connection.execute(given.on_conflict_do_update(index_elements=["signal"], set_=written), rows)
                _forget(connection, now_ns)
        except sa.exc.SQLAlchemyError as error:
            what = type(error).__name__
            raise SignalNotKept(
                Words(f"l'avis n'a pas pu être écrit ({what})", f"the judgement could not be written ({what})"),
                where=", ".join(each.signal for each in outcomes[:3]) or "signals",
                what_to_do=Words(
                    "Vérifiez le volume des signalements, puis réessayez",
                    "Check the volume of the signals, then try again",
                ),
            ) from error

    def outcomes(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[SignalOutcome]:
        """Those of the minutes in [from_ns, to_ns), oldest first."""
        asked = (
            sa.select(OUTCOMES)
            .where(OUTCOMES.c.minute_ns >= from_ns, OUTCOMES.c.minute_ns < to_ns)
            .order_by(OUTCOMES.c.minute_ns, OUTCOMES.c.signal)
        )
        with self._engine.connect() as connection:
            return [_outcome(row) for row in connection.execute(asked)]

    def forget(self, now_ns: Nanoseconds) -> None:
        """Drop what is older than KEPT_DAYS, when there is nothing to save either. Raises SignalNotKept."""
        self.save((), now_ns)

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def _forget(connection: sa.Connection, now_ns: Nanoseconds) -> None:
    connection.execute(sa.delete(OUTCOMES).where(OUTCOMES.c.minute_ns < now_ns - KEPT_DAYS * NS_PER_DAY))


def _without_syncing(connection: Any, _record: object) -> None:  # the driver's own connection
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")


def _lay_out(connection: sa.Connection, name: str) -> None:
    version = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
    if version > VERSION:
        raise SignalNotKept(
            Words(
                f"ce fichier est d'un csu plus récent (version {version})", f"a newer csu wrote it (version {version})"
            ),
            where=name,
            what_to_do=Words("Mettez csu à jour, ou rendez-lui son fichier", "Update csu, or give it its own file"),
        )
    _metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")


def _row(outcome: SignalOutcome) -> dict[str, object]:
    return {
        "signal": outcome.signal,
        "camera": outcome.camera,
        "type": EventType(outcome.type).value,
        "zone": outcome.zone,
        "minute_ns": outcome.minute_ns,
        "outcome": outcome.outcome.value,
        "judged_by": outcome.judged_by,
        "model": outcome.model,
        "rule_version": outcome.rule_version,
        "prefect_order": outcome.order,
    }


def _outcome(row: sa.Row[Any]) -> SignalOutcome:
    fields = row._mapping
    return SignalOutcome(
        signal=SignalId(fields["signal"]),
        camera=CameraId(fields["camera"]),
        type=EventType(fields["type"]),
        zone=fields["zone"],
        minute_ns=fields["minute_ns"],
        outcome=outcome_named(fields["outcome"]),
        judged_by=fields["judged_by"],
        model=fields["model"],
        rule_version=fields["rule_version"],
        order=fields["prefect_order"],
    )
