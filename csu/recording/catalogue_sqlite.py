"""The catalogue as one SQLite file per UTC day, named after it: a day is dropped by one unlink."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from csu.hal.words import Words
from csu.recording.day_pages import DayPages, database_failed
from csu.recording.days import few_days, of_another_version
from csu.recording.errors import CatalogueError
from csu.recording.kept_coverage import KeptCoverage
from csu.recording.schema import BEFORE_STAMPS, HEAD, SQLITE, UnknownVersion, migrate, stamp_new, version_of

DAYS_OPEN_MAX = 40
"""Files kept open for reading: a whole lawful month and what is being destroyed. Three descriptors each."""
DAYS_WRITTEN_MAX = 4
"""Files kept open after a write; an older one is closed, which folds its log into it."""

COVERAGE_FILE = "coverage.sqlite"
"""What is kept of days that were dropped, beside the days."""

_SUFFIX = ".sqlite"
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])")


class SqliteDays:
    """One file a day in one directory."""

    def __init__(self, directory: Path, *, durable: bool) -> None:
        """Makes the directory. Raises CatalogueError."""
        self._directory = directory
        self._durable = durable
        self._open: OrderedDict[date, tuple[DayPages, str, int]] = OrderedDict()
        """With the name and the number of the file it opened."""
        self._written: OrderedDict[date, None] = OrderedDict()
        kept = directory / COVERAGE_FILE
        self.coverage = KeptCoverage(_engine_of(kept, durable=durable), SQLITE.coverage, str(kept), kept.exists)
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogueError(
                Words(
                    f"le dossier ne peut pas être créé : {error.strerror}",
                    f"the directory cannot be made: {error.strerror}",
                ),
                where=str(directory),
                what_to_do=Words(
                    "Vérifiez le dossier du catalogue et ses droits",
                    "Check the configured catalogue directory and its rights",
                ),
            ) from error

    def day(self, day: date) -> DayPages:
        pages = self._opened(day)
        if day not in self._written:
            self._written[day] = None
            if len(self._written) > DAYS_WRITTEN_MAX:
                oldest, _ = self._written.popitem(last=False)
                if oldest in self._open:
                    self._open[oldest][0].close()  # it opens again by itself when it is read
        self._written.move_to_end(day)
        return pages

    def between(self, first: date, last: date) -> Iterator[DayPages]:
        for day in few_days(first, last) or self.list():
            if first <= day <= last and self._path(day).exists():
                yield self._opened(day)

    def list(self) -> list[date]:
        try:
            found = os.listdir(self._directory)
        except FileNotFoundError:
            return []
        names = (name[:10] for name in found if name[10:] == _SUFFIX)
        return sorted(date.fromisoformat(name) for name in names if _DAY.fullmatch(name))

    def forget(self, day: date) -> None:
        self._written.pop(day, None)
        if day in self._open:
            self._open.pop(day)[0].close()

    def drop(self, day: date) -> bool:
        path = self._path(day)
        self.forget(day)
        was_there = path.exists()
        try:
            # The day is listed as long as its main file is there: that goes last, so that a power cut between the two
            # leaves work to do again and never a log that a new file of this name would take for its own.
            for suffix in ("-wal", "-shm", ""):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            directory = os.open(self._directory, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise CatalogueError(
                Words(
                    f"le jour n'a pas pu être supprimé : {error.strerror}",
                    f"the day could not be dropped: {error.strerror}",
                ),
                where=str(path),
                what_to_do=Words(
                    "Vérifiez les droits et l'état de ce volume, puis recommencez",
                    "Check rights and health of this volume, then try again",
                ),
            ) from error
        return was_there

    def prepare(self, today: date) -> None:
        """Nothing: a file is made by its first manifest."""

    def close(self) -> None:
        for pages, *_ in self._open.values():
            pages.close()
        self._open.clear()
        self._written.clear()

    def _path(self, day: date) -> Path:
        return self._directory / f"{day.isoformat()}{_SUFFIX}"

    def _opened(self, day: date) -> DayPages:
        opened = self._open.get(day)
        if opened is not None and opened[2] != _file_number(opened[1]):
            self.forget(day)  # dropped by another process: what we wrote now would go with the old file
            opened = None
        if opened is None:
            path = self._path(day)
            opened = self._open[day] = (_open_file(path, durable=self._durable), str(path), _file_number(path))
            if len(self._open) > DAYS_OPEN_MAX:
                self.forget(next(iter(self._open)))
        self._open.move_to_end(day)
        return opened[0]


def _file_number(path: Path | str) -> int:
    """Of the file that has this name now; 0: none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def _engine_of(path: Path, *, durable: bool) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}")
    # What nobody would find again after a crash needs no log on disk, from which each page is then written once more.
    journal, synchronous = ("WAL", "FULL") if durable else ("MEMORY", "OFF")

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:  # the driver's own connection, which SQLAlchemy hides
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute(f"PRAGMA synchronous={synchronous}")

    return engine


def _open_file(path: Path, *, durable: bool) -> DayPages:
    engine = _engine_of(path, durable=durable)
    try:
        with engine.begin() as connection:
            _bring_up_to_date(connection)
    except sa.exc.SQLAlchemyError as error:
        engine.dispose()
        raise database_failed(error, str(path)) from error
    except UnknownVersion as error:
        engine.dispose()
        raise of_another_version(str(path), error) from error
    return DayPages(engine, SQLITE, str(path), one_writer=True)


def _bring_up_to_date(connection: sa.Connection) -> None:
    if version_of(connection) == HEAD:
        return
    # By hand, because the driver begins no transaction for DDL: a file is whole, stamp included, or not there.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if not sa.inspect(connection).get_table_names():
        SQLITE.metadata.create_all(connection, checkfirst=False)
        stamp_new(connection)
    else:
        migrate(connection, unstamped_is=BEFORE_STAMPS)
