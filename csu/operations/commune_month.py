"""What a month came to for one commune, and for all: figures only, never a person (COM-4). A pure core.

Everything is counted in a way that adds up: the figures of the communes are the centre's, to the last nanosecond. What
is handed to a commune (`published`) names no count from one to four: in a village, one alarm is somebody's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from csu.hal.alarms import AlarmKind
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE
from csu.recording.availability import Availability, CameraDay, total_of

SMALL_BELOW = 5
"""[D]: COM-4 wants small counts suppressed and gives no figure; five is what public statistics use."""
_HOUR_NS = 60 * NS_PER_MINUTE


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

    days: Sequence[CameraDay] = ()
    commune_of: Mapping[CameraId, CommuneId] = field(default_factory=dict)
    alarms: Sequence[AlarmGroup] = ()
    requisitions: Sequence[frozenset[CameraId]] = ()
    """Of each act that came in: the cameras it names."""

    def communes(self) -> list[CommuneId]:
        """Every commune that anything is known of, by name."""
        return sorted({*self.commune_of.values(), *(group.commune for group in self.alarms)})


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


def figures_of(facts: MonthFacts, commune: CommuneId) -> MonthFigures:
    """The month of one commune."""
    days = [each for each in facts.days if facts.commune_of.get(each.camera) == commune]
    groups = [group for group in facts.alarms if group.commune == commune]
    raised: Counter[AlarmKind] = Counter()
    for group in groups:
        raised[group.kind] += group.raised
    return MonthFigures(
        len({each.camera for each in days if each.availability.expected_ns}),
        total_of(days),
        +raised,
        sum(group.confirmed for group in groups),
        sum(any(facts.commune_of.get(camera) == commune for camera in act) for act in facts.requisitions),
    )


def centre_figures(facts: MonthFacts) -> MonthFigures:
    """The month of the whole centre, counted from the facts and not from its communes' figures."""
    known = [each for each in facts.days if each.camera in facts.commune_of]
    raised: Counter[AlarmKind] = Counter()
    for group in facts.alarms:
        raised[group.kind] += group.raised
    return MonthFigures(
        len({each.camera for each in known if each.availability.expected_ns}),
        total_of(known),
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


def together(figures: Iterable[MonthFigures]) -> MonthFigures:
    """All of them added up."""
    return sum(figures, MonthFigures())
