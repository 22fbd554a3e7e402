"""What remains known of days that the catalogue dropped: of each camera, when it was recorded and why not (TEC-6).

No file's name, size or hash: stretches and gaps, some 70 bytes a camera and day. With them the coverage ledger of a
dropped day is computed as it was before, for whatever was expected; only what two segments doubled is no longer told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping

import numpy as np
import sqlalchemy as sa

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.media import Gap, GapCause
from csu.recording.coverage import Account, condensed
from csu.recording.day_pages import database_failed


class KeptCoverage:
    """The accounts of dropped days. Calls block and must not overlap; each raises CatalogueError."""

    def __init__(self, engine: sa.Engine, table: sa.Table, where: str, is_there: Callable[[], bool]) -> None:
        """`is_there`: whether anything was ever kept; a table that is not there is made when something is."""
        self._engine, self._table, self._where, self._is_there = engine, table, where, is_there

    def keep(self, day: int, accounts: Mapping[CameraId, Account]) -> None:
        """Of one UTC day (days since 1970). Durable when this returns; what is kept of that day already stays."""
        table = self._table
        try:
            with self._engine.begin() as connection:
                table.create(connection, checkfirst=True)
                known = connection.execute(sa.select(table).where(table.c.day == day)).all()
                merged = {**accounts}
                for row in known:
                    camera = CameraId(row.camera)
                    merged[camera] = _account(row).beside(accounts.get(camera, Account(_NOTHING)))
                connection.execute(sa.delete(table).where(table.c.day == day))
                rows = [_row(day, camera, condensed(account)) for camera, account in sorted(merged.items())]
                if rows:
                    connection.execute(sa.insert(table), rows)
        except sa.exc.SQLAlchemyError as error:
            raise database_failed(error, self._where) from error

    def accounts(
        self, cameras: Collection[CameraId], days: tuple[int, int], from_ns: Nanoseconds, to_ns: Nanoseconds
    ) -> dict[CameraId, Account]:
        """What is kept of these cameras in days from the first to the last and touches [from_ns, to_ns)."""
        if not self._is_there():
            return {}
        table = self._table
        query = sa.select(table).where(table.c.day.between(*days))
        try:
            with self._engine.connect() as connection:
                if not sa.inspect(connection).has_table(table.name):
                    return {}
                rows = connection.execute(query).all()
        except sa.exc.SQLAlchemyError as error:
            raise database_failed(error, self._where) from error
        found: dict[CameraId, Account] = {}
        for row in rows:
            camera = CameraId(row.camera)
            if camera in cameras:
                found[camera] = found.get(camera, Account(_NOTHING)).beside(_account(row).touching(from_ns, to_ns))
        return found

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()


_NOTHING = np.empty((0, 2), np.int64)


def _row(day: int, camera: CameraId, account: Account) -> dict[str, object]:
    gaps = [(gap.start_ns, gap.end_ns, gap.cause.value) for gap in account.gaps]
    recorded = account.recorded_ns.astype("<i8", copy=False).tobytes()
    return {"day": day, "camera": camera, "recorded": recorded, "gaps": json.dumps(gaps, separators=(",", ":"))}


def _account(row: sa.Row[tuple[object, ...]]) -> Account:
    camera = CameraId(row.camera)
    gaps = tuple(Gap(camera, start_ns, end_ns, GapCause(cause)) for start_ns, end_ns, cause in json.loads(row.gaps))
    return Account(np.frombuffer(row.recorded, "<i8").reshape(-1, 2).astype(np.int64), gaps)
