"""What a month came to for one commune, and for all: figures only, never a person (COM-4). A pure core.

Everything is counted in a way that adds up: the figures of the communes are the centre's, to the last nanosecond. What
is handed to a commune (`published`) names no count from one to four: in a village, one alarm is somebody's.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from csu.hal.alarms import AlarmKind
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE
from csu.recording.availability import Availability

SMALL_BELOW = 5
"""[D]: COM-4 wants small counts suppressed and gives no figure; five is what public statistics use."""
_HOUR_NS = 60 * NS_PER_MINUTE


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar in Paris."""

    year: int
    number: int

    @staticmethod
    def of(day: date) -> Month:
        """The month that a day lies in."""
        return Month(day.year, day.month)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first.replace(day=monthrange(self.year, self.number)[1])

    def before(self, months: int) -> Month:
        """So many months earlier."""
        count = self.year * 12 + self.number - 1 - months
        return Month(count // 12, count % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class AlarmGroup:
    """Alarms of one kind, in one commune: how many came, and how many of them turned out to be true."""

    commune: CommuneId
    kind: AlarmKind
    raised: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What is known of a month, before anybody adds it up."""

    cameras: Mapping[CameraId, Availability] = field(default_factory=dict)
    """Of each, over the days that were measured."""
    commune_of: Mapping[CameraId, CommuneId] = field(default_factory=dict)
    alarms: Sequence[AlarmGroup] = ()
    requisitions: Sequence[frozenset[CameraId]] = ()
    """Of each act that came in: the cameras it names."""


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One commune's month, or several communes' together."""

    cameras: int = 0
    """That were to be recorded at any time of it."""
    availability: Availability = Availability()
    raised: Mapping[AlarmKind, int] = field(default_factory=dict)
    confirmed: int = 0
    requisitions: int = 0
    """Acts that name a camera of the commune: one that names two communes counts in each."""

    def __add__(self, other: MonthFigures) -> MonthFigures:
        return MonthFigures(
            self.cameras + other.cameras,
            self.availability + other.availability,
            Counter(self.raised) + Counter(other.raised),
            self.confirmed + other.confirmed,
            self.requisitions + other.requisitions,
        )

    @property
    def recorded_hours(self) -> float:
        """Of all its cameras together."""
        return self.availability.recorded_ns / _HOUR_NS

    def as_they_are(self) -> PublishedFigures:
        """Nothing left out: of the whole centre, for whoever may read of all its communes."""
        return PublishedFigures(
            self.cameras,
            self.availability,
            self.recorded_hours,
            dict(sorted(self.raised.items())),
            sum(self.raised.values()),
            self.confirmed,
            self.requisitions,
        )


def figures_by_commune(facts: MonthFacts) -> dict[CommuneId, MonthFigures]:
    """The month of each commune that anything is known of, by name."""
    found: defaultdict[CommuneId, MonthFigures] = defaultdict(MonthFigures)
    for commune in facts.commune_of.values():
        found[commune] += MonthFigures()
    for camera, availability in facts.cameras.items():
        if camera in facts.commune_of:
            found[facts.commune_of[camera]] += MonthFigures(int(availability.expected_ns > 0), availability)
    for group in facts.alarms:
        raised = {group.kind: group.raised} if group.raised else {}
        found[group.commune] += MonthFigures(raised=raised, confirmed=group.confirmed)
    for act in facts.requisitions:
        for commune in {facts.commune_of[camera] for camera in act if camera in facts.commune_of}:
            found[commune] += MonthFigures(requisitions=1)
    return dict(sorted(found.items()))


def centre_figures(facts: MonthFacts) -> MonthFigures:
    """The month of the whole centre, counted from the facts and not from its communes' figures."""
    known = [availability for camera, availability in facts.cameras.items() if camera in facts.commune_of]
    raised: Counter[AlarmKind] = Counter()
    for group in facts.alarms:
        raised[group.kind] += group.raised
    return MonthFigures(
        sum(availability.expected_ns > 0 for availability in known),
        sum(known, Availability()),
        +raised,
        sum(group.confirmed for group in facts.alarms),
        sum(len({facts.commune_of[camera] for camera in act & facts.commune_of.keys()}) for act in facts.requisitions),
    )


@dataclass(frozen=True, slots=True)
class PublishedFigures:
    """A month as it may be read: a count that is None is one to four, or would tell one."""

    cameras: int
    availability: Availability
    recorded_hours: float
    raised: Mapping[AlarmKind, int | None]
    """The kinds that came at all."""
    alarms: int | None
    confirmed: int | None
    requisitions: int | None


def published(figures: MonthFigures) -> PublishedFigures:
    """Those of `figures` that name nobody. Nothing that was left out can be had back by taking away from a sum."""
    raised = {kind: suppressed(figures.raised[kind]) for kind in sorted(figures.raised) if figures.raised[kind]}
    all_alarms = sum(figures.raised.values())
    alarms = None if None in raised.values() else suppressed(all_alarms)
    others = suppressed(all_alarms - figures.confirmed)
    return PublishedFigures(
        figures.cameras,
        figures.availability,
        figures.recorded_hours,
        raised,
        alarms,
        None if others is None else suppressed(figures.confirmed),
        suppressed(figures.requisitions),
    )


def suppressed(count: int) -> int | None:
    """The count, or None for one to four. None at all is told: it is nobody."""
    return None if 0 < count < SMALL_BELOW else count
