"""Where slot counts stay: a row a slot, counter and class, in one SQLite file, for thirteen months.

It holds nothing but `SlotCount`s (STA-2). What may be read of them `csu.statistics.publication` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from csu.hal.analysis import SlotCount
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

FILE = "counts.sqlite"
KEPT_DAYS = 400
"""[D]: a month beside the same one of the year before."""

_metadata = sa.MetaData()
_slot = sa.Table(
    "slot_count",
    _metadata,
    sa.Column("counter", sa.String, primary_key=True),
    sa.Column("slot_ns", sa.BigInteger, primary_key=True),
    sa.Column("counted", sa.String, primary_key=True),
    sa.Column("camera", sa.String, nullable=False),
    sa.Column("slot_s", sa.Integer, nullable=False),
    sa.Column("forward", sa.Integer, nullable=False),
    sa.Column("backward", sa.Integer, nullable=False),
    sa.Column("seen_share", sa.Float, nullable=False),
    sqlite_with_rowid=False,
)


class CountsNotKept(CsuError):
    """The counts could not be read or written."""


class Kept(StrEnum):
    """What became of a slot."""

    NEW = "new"
    KNOWN = "known"
    """It was there, just so."""
    OTHER = "other"
    """Something else was there, which stays: a figure that may have been told does not change."""


class CountStore:
    """One file. Calls block and must not overlap; each raises CountsNotKept."""

    def __init__(self, path: Path) -> None:
        """Open or begin it."""
        self._path = path
        self._engine = sa.create_engine(f"sqlite:///{path}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._engine.begin() as connection:
                _metadata.create_all(connection)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            self.close()
            raise self._failed(error) from error

    def append(self, slots: Sequence[SlotCount]) -> list[Kept]:
        """All of them or none, durable when this returns; the same slot a second time changes nothing."""
        found: list[Kept] = []
        if not slots:
            return found
        with self._connected() as connection:
            known = {_key(slot): slot for slot in map(_slot_of, connection.execute(_around(slots)))}
            new: list[dict[str, Any]] = []
            for slot in slots:
                before = known.get(_key(slot))
                if before is None:
                    known[_key(slot)] = slot
                    new.append(_row(slot))
                found.append(Kept.NEW if before is None else Kept.KNOWN if before == slot else Kept.OTHER)
            if new:
                connection.execute(sa.insert(_slot), new)
        return found

    def slots(self, counter: str, from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[SlotCount]:
        """Those of one counter that begin in [from_ns, to_ns), in order of time."""
        query = (
            sa.select(_slot)
            .where(_slot.c.counter == counter, _slot.c.slot_ns >= from_ns, _slot.c.slot_ns < to_ns)
            .order_by(_slot.c.slot_ns, _slot.c.counted)
        )
        with self._connected() as connection:
            return [_slot_of(row) for row in connection.execute(query)]

    def first_ns(self, counter: str) -> Nanoseconds | None:
        """The first slot there is of it; None: there is none."""
        query = sa.select(sa.func.min(_slot.c.slot_ns)).where(_slot.c.counter == counter)
        with self._connected() as connection:
            found: Nanoseconds | None = connection.execute(query).scalar()
            return found

    def forget_before(self, at_ns: Nanoseconds) -> int:
        """Destroy what began before; how many rows that were."""
        with self._connected() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            return connection.execute(sa.delete(_slot).where(_slot.c.slot_ns < at_ns)).rowcount

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> CountsNotKept:
        why = type(error).__name__
        return CountsNotKept(
            Words(
                f"les comptages ne peuvent être lus ou écrits ({why})", f"the counts cannot be read or written ({why})"
            ),
            where=self._path.name,
            what_to_do=Words("Vérifiez leur volume ; rien n'a changé", "Check their volume; nothing changed"),
        )


def _key(slot: SlotCount) -> tuple[str, Nanoseconds, str]:
    return slot.counter, slot.slot_ns, slot.counted


def _around(slots: Sequence[SlotCount]) -> sa.Select[Any]:
    """What is there of those counters in that time."""
    times = [slot.slot_ns for slot in slots]
    names = {slot.counter for slot in slots}
    return sa.select(_slot).where(_slot.c.counter.in_(names), _slot.c.slot_ns.between(min(times), max(times)))


def _row(slot: SlotCount) -> dict[str, Any]:
    return {
        "counter": slot.counter,
        "slot_ns": slot.slot_ns,
        "counted": slot.counted,
        "camera": slot.camera,
        "slot_s": slot.slot_s,
        "forward": slot.forward,
        "backward": slot.backward,
        "seen_share": slot.seen_share,
    }


def _slot_of(row: sa.Row[Any]) -> SlotCount:
    return SlotCount(
        CameraId(row.camera),
        row.counter,
        row.counted,
        row.slot_ns,
        row.slot_s,
        row.forward,
        row.backward,
        row.seen_share,
    )
