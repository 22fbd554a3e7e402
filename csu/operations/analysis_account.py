"""How many pictures were analysed, by camera and minute: a figure that anybody can read, zero included (VSA-8).

A number per camera and minute, and nothing of what was seen. Kept for a year, so that a prefecture can ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from csu.hal.analysis import AnalysisMinute
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

KEPT_DAYS = 366
"""[D]: longer than any experiment's yearly report looks back."""
_SUMS = ("pictures_looked_at", "pictures_detected", "signals", "unserved_s")
_KEEP = (
    "INSERT INTO analysis_minute (camera, minute_ns, pictures_looked_at, pictures_detected, signals, unserved_s)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (camera, minute_ns) DO UPDATE SET"
    " pictures_looked_at = pictures_looked_at + excluded.pictures_looked_at,"
    " pictures_detected = pictures_detected + excluded.pictures_detected,"
    " signals = signals + excluded.signals, unserved_s = unserved_s + excluded.unserved_s"
)


class AnalysisAccountNotKept(CsuError):
    """The account of analysed pictures could not be read or written now."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """Sums over cameras and minutes. `minutes`: of cameras that were analysed at all."""

    minutes: int = 0
    pictures_looked_at: int = 0
    pictures_detected: int = 0
    signals: int = 0
    unserved_s: float = 0.0


class AnalysisAccount:
    """One SQLite file. Calls block; one object is used by one thread at a time."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Open or begin it. Raises AnalysisAccountNotKept. `durable=False` does not sync: for a simulated run."""
        self._path = path
        metadata = sa.MetaData()
        self._minutes = sa.Table(
            "analysis_minute",
            metadata,
            sa.Column("camera", sa.String, primary_key=True),
            sa.Column("minute_ns", sa.BigInteger, primary_key=True),
            sa.Column("pictures_looked_at", sa.Integer, nullable=False),
            sa.Column("pictures_detected", sa.Integer, nullable=False),
            sa.Column("signals", sa.Integer, nullable=False),
            sa.Column("unserved_s", sa.Float, nullable=False),
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(f"sqlite:///{path}")
            with self._engine.begin() as connection:
                if not durable:
                    connection.exec_driver_sql("PRAGMA synchronous=OFF")
                metadata.create_all(connection)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise self._not_kept(error) from error

    def keep(self, minutes: Sequence[AnalysisMinute]) -> None:
        """Write these, durable when it returns. One that is there already grows: analysis stopped and went on in it."""
        rows: list[tuple[Any, ...]] = [
            (m.camera, m.minute_ns, m.pictures_looked_at, m.pictures_detected, m.signals, m.unserved_s) for m in minutes
        ]
        try:
            with self._engine.begin() as connection:
                if rows:
                    connection.exec_driver_sql(_KEEP, rows)
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(error) from error

    def total(self, from_ns: Nanoseconds, to_ns: Nanoseconds, camera: CameraId | None = None) -> Analysed:
        """Of all cameras or one, in the minutes that begin in [from_ns, to_ns). Raises AnalysisAccountNotKept."""
        rows = self._minutes.c
        asked = sa.select(sa.func.count(), *(sa.func.coalesce(sa.func.sum(rows[name]), 0) for name in _SUMS)).where(
            rows.minute_ns >= from_ns, rows.minute_ns < to_ns
        )
        if camera is not None:
            asked = asked.where(rows.camera == camera)
        try:
            with self._engine.connect() as connection:
                minutes, looked_at, detected, signals, unserved_s = connection.execute(asked).one()
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(error) from error
        return Analysed(int(minutes), int(looked_at), int(detected), int(signals), float(unserved_s))

    def forget_before(self, at_ns: Nanoseconds) -> None:
        """Take away what is older than KEPT_DAYS at that instant. Raises AnalysisAccountNotKept."""
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    sa.delete(self._minutes).where(self._minutes.c.minute_ns < at_ns - KEPT_DAYS * NS_PER_DAY)
                )
        except sa.exc.SQLAlchemyError as error:
            raise self._not_kept(error) from error

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    def _not_kept(self, error: Exception) -> AnalysisAccountNotKept:
        why = type(error).__name__
        return AnalysisAccountNotKept(
            Words(f"le compte des images analysées ne peut être tenu ({why})", f"the account cannot be kept ({why})"),
            where=self._path.name,
            what_to_do=Words("Vérifiez son volume", "Check its volume"),
        )
