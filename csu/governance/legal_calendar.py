"""The calendar of the law: days, months and years, from an instant to an instant (docs/decisions/0031).

Instants are ns UTC. The law counts days and months, which are days and months of French legal time (décret 78-855); the
requirements ask for arithmetic in UTC (RET-6). Around midnight, month ends and DST nights the two give different
instants. Whoever may not keep longer takes the earlier of all readings, whoever must keep takes the later: nobody with
a calendar, and nobody with a UTC script, finds a second too many.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from csu.hal.clock import NS_PER_S, Nanoseconds

PARIS = ZoneInfo("Europe/Paris")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONES: tuple[tzinfo, ...] = (UTC, PARIS)


def one_month_after(at_ns: Nanoseconds) -> Nanoseconds:
    """The earliest instant that can be called one calendar month later: same day of the next month, same hour.

    A day the next month does not have becomes its last one: 31 January -> 28 or 29 February, same hour (RET-1).
    """
    return min(_readings(at_ns, _next_month))


def days_after(at_ns: Nanoseconds, days: int) -> Nanoseconds:
    """The earliest instant that can be called `days` days later: of 24 hours each, or of the calendar in Paris."""
    return min(_readings(at_ns, lambda wall: wall + timedelta(days=days)))


def days_after_at_latest(at_ns: Nanoseconds, days: int) -> Nanoseconds:
    """The latest instant that can be called `days` days later: for a minimum, which binds until then."""
    return max(_readings(at_ns, lambda wall: wall + timedelta(days=days)))


def start_of_day(day: date) -> Nanoseconds:
    """The first instant of a day in Paris: an order valid from that day holds from then on."""
    return _to_ns(datetime(day.year, day.month, day.day, tzinfo=PARIS))


def instant_in_paris(day: date, minute_of_day: int) -> Nanoseconds:
    """When the clocks of Paris show that minute of that day (1,440: midnight after it): the first of two in October; an
    hour later for one that March does not have."""
    return _to_ns(datetime(day.year, day.month, day.day, tzinfo=PARIS) + timedelta(minutes=minute_of_day))


def day_in_paris(at_ns: Nanoseconds) -> date:
    """The day that an instant belongs to in Paris."""
    return _wall(at_ns, PARIS).date()


def hour_in_paris(at_ns: Nanoseconds) -> int:
    """The hour that the clocks of Paris show: 2 twice in the October night, never in the March one."""
    return _wall(at_ns, PARIS).hour


def years_after(day: date, years: int) -> date:
    """The same day, years later; 29 February becomes 28 February."""
    year = day.year + years
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


def in_paris(at_ns: Nanoseconds) -> str:
    """For people: `2027-03-28 03:00:00 +02:00`. The offset tells the two hours of the October night apart."""
    wall = _wall(at_ns, PARIS)
    return f"{wall:%Y-%m-%d %H:%M:%S} {wall.isoformat()[-6:]}"


def _next_month(wall: datetime) -> datetime:
    year, month = (wall.year + 1, 1) if wall.month == 12 else (wall.year, wall.month + 1)
    return wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))


def _readings(at_ns: Nanoseconds, move: Callable[[datetime], datetime]) -> list[Nanoseconds]:
    """`move` done on the wall clocks of UTC and of Paris. An hour that there is twice, or not, is read both ways."""
    rest_ns = at_ns % NS_PER_S
    moved = ((move(_wall(at_ns, zone).replace(tzinfo=None)), zone) for zone in _ZONES)
    return [_to_ns(wall.replace(tzinfo=zone, fold=fold)) + rest_ns for wall, zone in moved for fold in (0, 1)]


def _wall(at_ns: Nanoseconds, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(seconds=at_ns // NS_PER_S)).astimezone(zone)


def _to_ns(wall: datetime) -> Nanoseconds:
    since = wall.astimezone(UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS_PER_S
