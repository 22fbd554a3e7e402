"""The days of a catalogue as a port: SQLite files or PostgreSQL partitions, and how a UTC day is counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Protocol

from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.words import Words
from csu.recording.day_pages import DayPages
from csu.recording.errors import CatalogueError
from csu.recording.kept_coverage import KeptCoverage

FEW_DAYS = 8
"""Up to so many days are asked one by one, without looking which of them exist."""

_EPOCH = date(1970, 1, 1)


class Days(Protocol):
    """The days of a catalogue, wherever they are kept."""

    coverage: KeptCoverage
    """What is kept of days that were dropped."""

    def day(self, day: date) -> DayPages:
        """This day, to write to: made when it is not there."""
        ...

    def between(self, first: date, last: date) -> Iterator[DayPages]:
        """Those that are there, from `first` to `last`, both included."""
        ...

    def list(self) -> list[date]:
        """All that are there, the oldest first."""
        ...

    def drop(self, day: date) -> bool:
        """Take this day away, with all that was known of it; False: it was not there."""
        ...

    def forget(self, day: date) -> None:
        """Take nothing for granted of this day that was true before: another process may have dropped it."""
        ...

    def prepare(self, today: date) -> None:
        """Make ready what the next days need."""
        ...

    def close(self) -> None: ...


def of_another_version(where: str, error: Exception) -> CatalogueError:
    """A database that a newer csu wrote."""
    return CatalogueError(
        Words(f"écrit par une autre version de csu ({error})", f"written by another version of csu ({error})"),
        where=where,
        what_to_do=Words("Installez la version qui l'a écrit", "Install the version that wrote it"),
    )


def utc_day(instant_ns: Nanoseconds) -> date:
    """The UTC day of an instant; the last day there is for what lies beyond."""
    try:
        return _EPOCH + timedelta(days=instant_ns // NS_PER_DAY)
    except OverflowError:
        return date.max


def day_number(day: date) -> int:
    """UTC days since 1970-01-01."""
    return (day - _EPOCH).days


def few_days(first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included; none when they are many."""
    count = (last - first).days + 1
    return [first + timedelta(days=offset) for offset in range(count)] if count <= FEW_DAYS else []
