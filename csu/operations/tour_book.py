"""What guard tours saw, kept for as long as a shift is accounted for: a restart loses no report (OPS-6)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from pydantic import TypeAdapter

from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.guard_tour import TourReport

KEPT_NS = 30 * NS_PER_DAY
"""[D]: a report names who went round; its shift is long accounted for by then."""

_metadata = sa.MetaData()
_report = sa.Table(
    "tour_report",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("ended_at_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("body", sa.String, nullable=False),
)
_BODY = TypeAdapter(TourReport)


class TourNotKept(CsuError):
    """The report could not be written: it is told to whoever listens, and lost with the centre's life."""


class TourBook:
    """One SQLite file of reports. Calls block."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        with self._engine.begin() as connection:
            _metadata.create_all(connection)

    def keep(self, report: TourReport) -> None:
        """Durable when this returns; what is older than KEPT_NS goes. Raises TourNotKept."""
        row = {"ended_at_ns": report.ended_at_ns, "body": _BODY.dump_json(report).decode()}
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(_report), row)
                connection.execute(sa.delete(_report).where(_report.c.ended_at_ns < report.ended_at_ns - KEPT_NS))
        except sa.exc.SQLAlchemyError as error:
            why = type(error).__name__
            raise TourNotKept(
                Words(f"le compte rendu n'a pas pu être écrit ({why})", f"the report could not be written ({why})"),
                where=report.tour,
                what_to_do=Words(
                    "Notez-la à la main courante ; vérifiez le volume", "Log it by hand; check the volume"
                ),
            ) from error

    def since(self, from_ns: Nanoseconds) -> Sequence[TourReport]:
        """Those that ended from then on, the oldest first."""
        query = sa.select(_report.c.body).where(_report.c.ended_at_ns >= from_ns).order_by(_report.c.number)
        with self._engine.connect() as connection:
            return [_BODY.validate_json(body) for body in connection.execute(query).scalars()]

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()
