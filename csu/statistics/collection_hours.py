"""When should an underground bin be emptied? A rule that says its reasons; people decide. A pure core.

It goes through an average week by the deposits told for each hour: from one collection to the next it lets the bin
fill until `fill_at` of its capacity would be passed, and takes the latest hour before that at which a lorry may come:
no hour of the night, none of the busiest of that day. It tries each hour as the first, and keeps the plan with the
fewest collections, then the one that stays emptiest, then the quietest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csu.hal.words import NO_WORDS, Words

WEEK_HOURS = 168
DAYS_FR = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class CollectionTerms:
    """What a lorry must respect. All [D]: the commune says its own."""

    fill_at: float = 0.8
    """Share of the capacity at which the bin should have been emptied."""
    margin: float = 1.25
    """By how much a day may surpass the average one."""
    night: frozenset[int] = frozenset({22, 23, 0, 1, 2, 3, 4, 5, 6})
    """Hours without lorries, for noise."""
    busiest_avoided: int = 3
    """Of each day, so many hours: people are at the bin then."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection a week: on that weekday (0: Monday), within that hour."""

    weekday: int
    hour: int
    fill_share: float
    """How full the bin is then, on average, margin included; above 1: it overflows before."""
    why: Words


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """A week of collections, in order. None, with a reason, where too little is known."""

    collections: tuple[Collection, ...] = ()
    why_none: Words = NO_WORDS


@dataclass(frozen=True, slots=True)
class _Week:
    """An average week, seen as a ring of 168 hours."""

    deposits: tuple[float, ...]
    limit: float
    capacity: float
    allowed: frozenset[int]
    quiet: frozenset[int]

    def filled(self, from_hour: int, to_hour: int) -> float:
        """Deposits from the beginning of one hour to that of another one."""
        return sum(self.deposits[hour % WEEK_HOURS] for hour in range(from_hour, to_hour))

    def next_after(self, last: int) -> int:
        """The hour to come again after a collection at `last`: a week later at most."""
        full = next(
            (hour for hour in range(last + 1, last + WEEK_HOURS) if self.filled(last, hour + 1) > self.limit),
            last + WEEK_HOURS,
        )
        for those in (self.quiet, self.allowed):
            fits = [hour for hour in range(last + 1, full + 1) if hour % WEEK_HOURS in those]
            if fits:
                return fits[-1]
        return next(hour for hour in range(full, last + 2 * WEEK_HOURS) if hour % WEEK_HOURS in self.allowed)

    def plan_from(self, first: int) -> list[int]:
        """Hours from `first` on, for a week."""
        hours = [first]
        while (following := self.next_after(hours[-1])) < first + WEEK_HOURS:
            hours.append(following)
        return hours

    def fills(self, hours: Sequence[int]) -> list[float]:
        """What is in the bin when each comes: the last of the week comes before the first."""
        before = [hours[-1] - WEEK_HOURS, *hours[:-1]]
        return [self.filled(since, at) for since, at in zip(before, hours, strict=True)]

    def cost(self, hours: Sequence[int]) -> tuple[int, float, float, int]:
        """What makes one plan worse than another."""
        disturbed = sum(self.deposits[hour % WEEK_HOURS] for hour in hours)
        return len(hours), max(self.fills(hours)), disturbed, hours[0]


def collection_plan(
    deposits: Sequence[Sequence[float | None]], capacity: int | None, terms: CollectionTerms | None = None
) -> CollectionPlan:
    """By the deposits of an average week: 7 days, Monday first, of 24 hours. None: not told."""
    terms = terms or CollectionTerms()
    if capacity is None:
        return CollectionPlan(why_none=Words("capacité de la borne inconnue", "the bin's capacity is unknown"))
    known = [hour for day in deposits for hour in day if hour is not None]
    if len(known) < WEEK_HOURS:
        missing = WEEK_HOURS - len(known)
        why = Words(f"{missing} heures de la semaine sans chiffre", f"{missing} hours of the week without a figure")
        return CollectionPlan(why_none=why)
    if sum(known) == 0:
        return CollectionPlan(why_none=Words("aucun dépôt", "no deposit"))
    week = _week(tuple(known), capacity, terms)
    if not week.allowed:
        return CollectionPlan(why_none=Words("aucune heure permise", "no hour is allowed"))
    hours = min((week.plan_from(first) for first in sorted(week.quiet or week.allowed)), key=week.cost)
    found = [_collection(week, at, filled, terms) for at, filled in zip(hours, week.fills(hours), strict=True)]
    return CollectionPlan(tuple(sorted(found, key=lambda each: (each.weekday, each.hour))))


def _week(known: tuple[float, ...], capacity: int, terms: CollectionTerms) -> _Week:
    allowed = frozenset(hour for hour in range(WEEK_HOURS) if hour % 24 not in terms.night)
    busy = frozenset(24 * day + hour for day in range(7) for hour in _busiest(known[24 * day : 24 * day + 24], terms))
    deposits = tuple(each * terms.margin for each in known)
    return _Week(deposits, terms.fill_at * capacity, capacity, allowed, allowed - busy)


def _busiest(day: Sequence[float], terms: CollectionTerms) -> list[int]:
    """The hours of a day that most is brought in, of those in which a lorry may come."""
    open_hours = [hour for hour in range(24) if hour not in terms.night and day[hour] > 0]
    return sorted(open_hours, key=lambda hour: (-day[hour], hour))[: terms.busiest_avoided]


def _collection(week: _Week, at: int, filled: float, terms: CollectionTerms) -> Collection:
    weekday, hour = divmod(at % WEEK_HOURS, 24)
    share = filled / week.capacity
    unscaled = [each / terms.margin for each in week.deposits[24 * weekday : 24 * weekday + 24]]
    busy = sorted(_busiest(unscaled, terms))
    fr = [f"remplie à {share:.0%} (moyenne et {terms.margin - 1:.0%} de marge), seuil {terms.fill_at:.0%}"]
    en = [f"{share:.0%} full (average and a margin of {terms.margin - 1:.0%}), threshold {terms.fill_at:.0%}"]
    if share > 1:
        fr.append("elle déborde avant : aucune heure permise plus tôt")
        en.append("it overflows before: no earlier hour is allowed")
    if busy and at % WEEK_HOURS in week.quiet:
        fr.append(f"évite {', '.join(f'{each} h' for each in busy)}, où l'on dépose le plus")
        en.append(f"avoids {', '.join(f'{each}:00' for each in busy)}, when most is brought")
    if terms.night:
        day = [each for each in range(24) if each not in terms.night]
        fr.append(f"camions de {day[0]} h à {day[-1] + 1} h seulement")
        en.append(f"lorries from {day[0]}:00 to {day[-1] + 1}:00 only")
    return Collection(weekday, hour, share, Words(" ; ".join(fr), "; ".join(en)))
