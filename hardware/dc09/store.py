"""What the receiver must know after a restart: the frames it took, and the messages that the engine has not got yet.

One SQLite file, one writer. A batch is one transaction, so that a thousand frames a second share a sync. Calls block.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.words import Words
from hardware.dc09.errors import FramesNotKept
from hardware.dc09.memory import REMEMBERED_NS, Entry, Sighting

VERSION = 1
_LAYOUT = """
CREATE TABLE IF NOT EXISTS entry (
    name BLOB PRIMARY KEY, account TEXT NOT NULL, path TEXT NOT NULL, sequence INTEGER NOT NULL, content BLOB NOT NULL,
    stamped_at_ns INTEGER, heard_at_ns INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sighting (
    digest BLOB PRIMARY KEY, frame BLOB NOT NULL, heard_at_ns INTEGER NOT NULL, entry BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, entry BLOB, panel TEXT NOT NULL, commune TEXT NOT NULL,
    site TEXT NOT NULL, kind TEXT NOT NULL, raised_at_ns INTEGER NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0
);
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written together."""

    sightings: Sequence[Sighting] = ()
    own: Sequence[PanelMessage] = ()
    acknowledged: Sequence[int] = ()
    forget_at_ns: Nanoseconds | None = None
    """Then: what is old by this instant, and acknowledged, is forgotten."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was on disk."""

    sightings: Sequence[Sighting]
    own: Sequence[PanelMessage]
    """Messages of the receiver's own that the engine has not got."""
    next_number: int


class FrameStore:
    """Opened for one receiver; `durable` by the time `write` returns."""

    def __init__(self, path: Path) -> None:
        """Raises FramesNotKept."""
        self._where = path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._told():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA busy_timeout = 2000")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise sqlite3.DatabaseError(f"version {version} > {VERSION}")
            self._db.executescript(_LAYOUT)
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def load(self, now_ns: Nanoseconds, first_number: int = 0) -> Kept:
        """What a receiver begins with. The next message's number is never below one that was given.

        A file that is new begins at the milliseconds of its clock, or at `first_number`: a desk that knows the numbers
        of a file that was lost must not take new alarms for old ones. Raises FramesNotKept.
        """
        with self._told():
            given = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'message'").fetchone()
            messages: dict[bytes | None, list[tuple[PanelMessage, bool]]] = {}
            for number, entry, panel, commune, site, kind, raised, done in self._db.execute(
                "SELECT sequence, entry, panel, commune, site, kind, raised_at_ns, acknowledged FROM message "
                "ORDER BY sequence"
            ):
                message = PanelMessage(
                    PanelId(panel), number, CommuneId(commune), site, AlarmKind(kind), raised_at_ns=raised
                )
                messages.setdefault(entry, []).append((message, bool(done)))
            entries = {row[0]: _entry_of(row, messages.get(row[0], ())) for row in self._rows("entry")}
            sightings = [
                Sighting(digest, frame, heard, entries[entry])
                for digest, frame, heard, entry in self._rows("sighting")
                if entry in entries
            ]
        sightings.sort(key=lambda sighting: sighting.heard_at_ns)
        own = [message for message, done in messages.get(None, ()) if not done]
        return Kept(sightings, own, given[0] + 1 if given else first_number or now_ns // NS_PER_MS)

    def _rows(self, table: str) -> Iterator[Any]:
        return self._db.execute(f"SELECT * FROM {table}")  # noqa: S608 - one of our own two

    def write(self, batch: Batch) -> None:
        """Durable when this returns. Raises FramesNotKept: nothing of the batch was kept."""
        entries = {sighting.entry.name: sighting.entry for sighting in batch.sightings}
        raised: list[tuple[bytes | None, PanelMessage]] = [
            (entry.name, message) for entry in entries.values() if not entry.is_written for message in entry.messages
        ]
        raised += [(None, message) for message in batch.own]
        with self._told(), self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", map(_entry_row, entries.values())
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO sighting VALUES (?, ?, ?, ?)",
                [(each.digest, each.frame, each.heard_at_ns, each.entry.name) for each in batch.sightings],
            )
            self._db.executemany(
                "INSERT INTO message (sequence, entry, panel, commune, site, kind, raised_at_ns) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(m.sequence, entry, m.panel, m.commune, m.site, m.kind.value, m.raised_at_ns) for entry, m in raised],
            )
            self._db.executemany(
                "UPDATE message SET acknowledged = 1 WHERE sequence = ?", [(number,) for number in batch.acknowledged]
            )
            if batch.forget_at_ns is not None:
                self._forget(batch.forget_at_ns)

    def _forget(self, now_ns: Nanoseconds) -> None:
        pending = "SELECT entry FROM message WHERE acknowledged = 0 AND entry IS NOT NULL"
        for table, name in (("sighting", "entry"), ("entry", "name")):
            self._db.execute(
                f"DELETE FROM {table} WHERE heard_at_ns < ? AND {name} NOT IN ({pending})",  # noqa: S608 - ours
                (now_ns - REMEMBERED_NS,),
            )
        self._db.execute(
            "DELETE FROM message WHERE acknowledged = 1 AND (entry IS NULL OR entry NOT IN (SELECT name FROM entry))"
        )

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise FramesNotKept(
                Words(f"le fichier des trames DC-09 a refusé : {error}", f"the file of DC-09 frames refused: {error}"),
                where=self._where,
                what_to_do=Words(
                    "Vérifiez le volume du récepteur ; les centrales répètent",
                    "Check the receiver's volume; the panels repeat",
                ),
            ) from error


def _entry_row(entry: Entry) -> tuple[object, ...]:
    account = f"{entry.account:X}"  # up to 64 bits, one more than SQLite's integers
    stamped, heard = entry.stamped_at_ns, entry.heard_at_ns
    return entry.name, account, entry.path, entry.sequence, entry.content, stamped, heard


def _entry_of(row: Any, messages: Iterable[tuple[PanelMessage, bool]]) -> Entry:
    name, account, path, sequence, content, stamped, heard = row
    told = list(messages)
    raised = tuple(message for message, _ in told)
    waiting = {message.sequence for message, done in told if not done}
    return Entry(name, int(account, 16), path, sequence, content, stamped, heard, raised, waiting, is_written=True)
