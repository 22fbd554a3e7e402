"""Traffic flow and footfall: profiles of the hours and of the days, comparisons. Pure functions of what is told.

Nothing here sees a slot: only `Figure`s that may be read. A figure over several hours is spread evenly over them, one
that is withheld stands for two and a half (the middle of one to four); both are estimates, and are said to be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from csu.governance import hour_in_paris
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.statistics.publication import SMALL_BELOW, Figure, Told, at_least

HOURS = 24
_HOUR_NS = 3600 * NS_PER_S
SMALL_STANDS_FOR = SMALL_BELOW / 2
SEEN_HOUR_MIN = 0.5
"""[D]: an hour that was told less than that, over all its days, has no mean."""
COMMON_HOURS_MIN = 12
"""[D]: two periods are compared when both tell of that many hours of the day."""


@dataclass(frozen=True, slots=True)
class Series:
    """One class, one way across one line; or the deposits of one bin."""

    counter: str
    counted: str
    is_forward: bool


@dataclass(frozen=True, slots=True)
class ToldDay:
    """What is told of a series on one day of Paris: figures without holes between them, as far as it may be read."""

    series: Series
    day: date
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class HourMean:
    """What an hour of the day brings, on average over the days of which it is told. None: told of too little."""

    hour: int
    mean: float | None
    is_estimated: bool = False
    """Part of it was told over several hours together, or withheld."""


@dataclass(frozen=True, slots=True)
class DaySum:
    """A day: at least so many, in how many places more were withheld, and how much of it was not looked at."""

    day: date
    count: int
    withheld: int
    gap_s: float
    told_s: float

    def __add__(self, other: DaySum) -> DaySum:
        return DaySum(
            self.day,
            self.count + other.count,
            self.withheld + other.withheld,
            self.gap_s + other.gap_s,
            self.told_s + other.told_s,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A period beside the one before it: what an average day brings in the `hours` of which both are told. `share`: 0.1
    is a tenth more; None: too little is told, or there was nothing before."""

    before: float
    now: float
    hours: int
    share: float | None


@dataclass(slots=True)
class _Heap:
    """What one hour came to."""

    amount: float = 0.0
    told_ns: float = 0.0
    is_estimated: bool = False


def hours_of(days: Iterable[ToldDay]) -> tuple[HourMean, ...]:
    """The profile of a day of 24 hours of Paris: of one series, its days in any order."""
    return tuple(_mean(hour, heap) for hour, heap in enumerate(_heaps(days, lambda _: 0)[0]))


def hours_of_week(days: Iterable[ToldDay]) -> tuple[tuple[HourMean, ...], ...]:
    """The same for each weekday, Monday first."""
    heaps = _heaps(days, date.weekday)
    return tuple(tuple(_mean(hour, heap) for hour, heap in enumerate(heaps[weekday])) for weekday in range(7))


def added(profiles: Sequence[Sequence[HourMean]]) -> tuple[HourMean, ...]:
    """Several series together: an hour that one of them does not have, the sum does not have either."""
    if not profiles:
        return tuple(HourMean(hour, None) for hour in range(HOURS))
    together = []
    for hour, each in enumerate(zip(*profiles, strict=True)):
        means = [one.mean for one in each if one.mean is not None]
        mean = sum(means) if len(means) == len(each) else None
        together.append(HourMean(hour, mean, any(one.is_estimated for one in each)))
    return tuple(together)


def day_sums(days: Iterable[ToldDay]) -> tuple[DaySum, ...]:
    """A sum for each day, by day, over all that is given."""
    found: dict[date, DaySum] = {}
    for told in days:
        gap_ns = sum(each.to_ns - each.from_ns for each in told.figures if each.told is Told.GAP)
        all_ns = sum(each.to_ns - each.from_ns for each in told.figures)
        withheld = sum(each.told is Told.SMALL for each in told.figures)
        one = DaySum(told.day, at_least(told.figures), withheld, gap_ns / NS_PER_S, (all_ns - gap_ns) / NS_PER_S)
        found[told.day] = found[told.day] + one if told.day in found else one
    return tuple(found[day] for day in sorted(found))


def before(first: date, last: date) -> tuple[date, date]:
    """The period to compare [first, last] with: the same weekdays, as near as can be."""
    weeks = ((last - first).days + 7) // 7
    return first - timedelta(weeks=weeks), last - timedelta(weeks=weeks)


def change(earlier: Sequence[HourMean], later: Sequence[HourMean]) -> Change:
    """How much more comes now than before: gaps are left out on both sides."""
    both = [
        (then.mean, now.mean)
        for then, now in zip(earlier, later, strict=True)
        if then.mean is not None and now.mean is not None
    ]
    then, now = sum(each for each, _ in both), sum(each for _, each in both)
    share = now / then - 1 if then > 0 and len(both) >= COMMON_HOURS_MIN else None
    return Change(then, now, len(both), share)


def _heaps(days: Iterable[ToldDay], of: Callable[[date], int]) -> dict[int, list[_Heap]]:
    """24 heaps for each value of `of`."""
    heaps: dict[int, list[_Heap]] = defaultdict(lambda: [_Heap() for _ in range(HOURS)])
    for told in days:
        these = heaps[of(told.day)]
        for figure in told.figures:
            if figure.told is Told.GAP:
                continue
            amount = SMALL_STANDS_FOR if figure.count is None else figure.count
            pieces = list(_by_hour(figure.from_ns, figure.to_ns))
            for hour, piece_ns in pieces:
                heap = these[hour]
                heap.amount += amount * piece_ns / (figure.to_ns - figure.from_ns)
                heap.told_ns += piece_ns
                heap.is_estimated |= figure.count is None or len(pieces) > 1
    return heaps


def _by_hour(from_ns: Nanoseconds, to_ns: Nanoseconds) -> Iterator[tuple[int, Nanoseconds]]:
    """The hours of Paris that a stretch lies in, and how much of it in each. Its offset from UTC is whole hours."""
    while from_ns < to_ns:
        end_ns = min(to_ns, from_ns - from_ns % _HOUR_NS + _HOUR_NS)
        yield _hour_named(from_ns // _HOUR_NS), end_ns - from_ns
        from_ns = end_ns


@lru_cache(maxsize=10_000)
def _hour_named(hours: int) -> int:
    """The clock's hour in Paris, so many hours after 1970: a year of them is known by heart."""
    return hour_in_paris(hours * _HOUR_NS)


def _mean(hour: int, heap: _Heap) -> HourMean:
    if heap.told_ns < SEEN_HOUR_MIN * _HOUR_NS:
        return HourMean(hour, None)
    return HourMean(hour, heap.amount * _HOUR_NS / heap.told_ns, heap.is_estimated)
