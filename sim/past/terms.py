"""How long footage may live, worked out again from the words of the law, and not by the engine that is judged by it."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Nanoseconds

_PARIS = ZoneInfo("Europe/Paris")
_HOUR_NS = 60 * NS_PER_MINUTE


def expiry_ns(start_ns: Nanoseconds, end_ns: Nanoseconds, days: int) -> Nanoseconds:
    """When a file that holds [start_ns, end_ns) is to be gone: with the first of its instants that is to go.

    Each goes so many days after its capture, by the clock of UTC or of Paris, or a calendar month after: the earliest.
    At a full hour the term may fall back: the 29th of January and the 28th both end on the 28th of February.
    """
    next_ns = (start_ns // _HOUR_NS + 1) * _HOUR_NS
    first_ns = start_ns + _life_of_hour(start_ns // _HOUR_NS, days)
    return first_ns if end_ns <= next_ns else min(first_ns, next_ns + _life_of_hour(next_ns // _HOUR_NS, days))


def first_expiry_ns(hour_ns: Nanoseconds, days: int) -> Nanoseconds:
    """The least `expiry_ns` of a file that begins in this hour UTC."""
    hour = hour_ns // _HOUR_NS
    return hour_ns + min(_life_of_hour(hour, days), _HOUR_NS + _life_of_hour(hour + 1, days))


def last_expiry_ns(day_ns: Nanoseconds, days: int) -> Nanoseconds:
    """When every instant of a UTC day is to be gone. `day_ns`: its first."""
    hours = range(day_ns // _HOUR_NS, day_ns // _HOUR_NS + 24)
    return max((hour + 1) * _HOUR_NS + _life_of_hour(hour, days) for hour in hours)


def shortest_life_ns(days: int) -> Nanoseconds:
    """No file lives less: February, and the night in which the clocks of Paris go forward."""
    return min(days, 28) * NS_PER_DAY - _HOUR_NS


@lru_cache(maxsize=4096)  # the clock of Paris changes at full hours
def _life_of_hour(hour: int, days: int) -> Nanoseconds:
    ends = [at for zone in (UTC, _PARIS) for at in _ends(datetime.fromtimestamp(hour * 3600, zone), days)]
    return (int(min(ends)) - hour * 3600) * NS_PER_S


def _ends(captured: datetime, days: int) -> Iterator[float]:
    """As seconds since 1970; an hour that comes twice, both times."""
    wall = captured.replace(tzinfo=None)
    year, following = wall.year + wall.month // 12, wall.month % 12 + 1
    month = wall.replace(year=year, month=following, day=min(wall.day, monthrange(year, following)[1]))
    for ends in (wall + timedelta(days=days), month):
        for fold in (0, 1):
            yield ends.replace(tzinfo=captured.tzinfo, fold=fold).timestamp()
