"""Who is at the wall when: teams that come each day at their hour, and whoever is away. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from csu.hal.clock import NS_PER_DAY, Nanoseconds
from sim.intervals import Interval, difference, union


@dataclass(frozen=True, slots=True)
class Team:
    """So many people, each day from this time of day (UTC) on."""

    starts_ns: Nanoseconds
    lasts_ns: Nanoseconds
    people: int


@dataclass(frozen=True, slots=True)
class Operator:
    """A person and when he is to be at the wall; intervals are disjoint and in order."""

    name: str
    duty: tuple[Interval, ...]

    def is_on_duty(self, at_ns: Nanoseconds) -> bool:
        return any(start_ns <= at_ns < end_ns for start_ns, end_ns in self.duty)

    def next_duty_ns(self, at_ns: Nanoseconds) -> Nanoseconds | None:
        """When his next stretch begins, at that instant or later; None: never again."""
        return next((start_ns for start_ns, _ in self.duty if start_ns >= at_ns), None)


def roster(
    teams: Sequence[Team],
    operators: int,
    begins_ns: Nanoseconds,
    ends_ns: Nanoseconds,
    absences: Sequence[Interval] = (),
) -> tuple[Operator, ...]:
    """Everybody with his hours. Without teams `operators` people are there all the time.

    `absences`: when nobody is in the room, whatever the plan says.
    """
    if not teams:
        duty = difference([(begins_ns, ends_ns)], absences)
        return tuple(Operator(f"operateur-{number}", duty) for number in range(1, operators + 1))
    day_ns = begins_ns // NS_PER_DAY * NS_PER_DAY
    found = []
    for letter, team in zip("abcdefghijklmnopqrstuvwxyz", teams, strict=False):
        starts = range(day_ns - NS_PER_DAY + team.starts_ns, ends_ns, NS_PER_DAY)
        spans = [(max(at_ns, begins_ns), min(at_ns + team.lasts_ns, ends_ns)) for at_ns in starts]
        duty = difference(union(spans), absences)
        found += [Operator(f"equipe-{letter}-{number}", duty) for number in range(1, team.people + 1)]
    return tuple(found)
