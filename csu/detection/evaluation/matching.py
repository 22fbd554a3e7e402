"""Signals beside what truly happened: which event each one told of, and which told of nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, inf, log

from csu.hal.analysis import EventType
from csu.hal.clock import NS_PER_S, Nanoseconds

TOLERANCE_NS = 2 * NS_PER_S
"""A signal this much before its event, or this much after its end, still tells of it."""
_SURE = 0.95


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that truly took place in a zone: what a signal should have told, once, while it lasted."""

    type: EventType
    zone: str
    begin_ns: Nanoseconds
    """From when it is an event by the law's words and the zone's parameters: delays count from here."""
    end_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Told:
    """A signal, as far as it is judged."""

    type: EventType
    zone: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Hit:
    """An event and the signal that told of it."""

    event: Happened
    signal: Told

    @property
    def delay_s(self) -> float:
        """Below 0: told before it was an event, within the tolerance."""
        return (self.signal.at_ns - self.event.begin_ns) / NS_PER_S


@dataclass(frozen=True, slots=True)
class Matched:
    """Each event is in `hits` or `missed`, each signal in `hits`, `again` or `false`; each once."""

    hits: tuple[Hit, ...]
    missed: tuple[Happened, ...]
    again: tuple[Told, ...]
    """Told of an event that had been told: no false signal, and one too many."""
    false: tuple[Told, ...]


def match(events: Iterable[Happened], signals: Iterable[Told], tolerance_ns: Nanoseconds = TOLERANCE_NS) -> Matched:
    """Pair them by type, zone and time; one event has one signal.

    As many pairs as there can be: each signal, in order of time, takes the event that is over first (Glover 1967).
    """
    at_place: dict[tuple[EventType, str], list[Happened]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.end_ns, event.begin_ns)):
        at_place[event.type, event.zone].append(event)
    open_events = {place: list(there) for place, there in at_place.items()}
    hits, again, false = [], [], []
    for signal in sorted(signals, key=lambda signal: signal.at_ns):
        place = signal.type, signal.zone
        taken = next((event for event in open_events.get(place, ()) if _tells(signal, event, tolerance_ns)), None)
        if taken is not None:
            open_events[place].remove(taken)
            hits.append(Hit(taken, signal))
        elif any(_tells(signal, event, tolerance_ns) for event in at_place.get(place, ())):
            again.append(signal)
        else:
            false.append(signal)
    missed = sorted((event for left in open_events.values() for event in left), key=lambda event: event.begin_ns)
    return Matched(tuple(hits), tuple(missed), tuple(again), tuple(false))


def _tells(signal: Told, event: Happened, tolerance_ns: Nanoseconds) -> bool:
    return event.begin_ns - tolerance_ns <= signal.at_ns <= event.end_ns + tolerance_ns


@dataclass(slots=True)
class Score:
    """What a type of event came to over many clips."""

    camera_hours: float = 0.0
    """Time of the pictures in which the type was looked for."""
    hits: int = 0
    missed: int = 0
    again: int = 0
    false: int = 0
    delays_s: list[float] = field(default_factory=list)

    def add(self, matched: Matched, camera_hours: float) -> None:
        """Count what one clip gave. `matched`: of this type only."""
        self.camera_hours += camera_hours
        self.hits += len(matched.hits)
        self.missed += len(matched.missed)
        self.again += len(matched.again)
        self.false += len(matched.false)
        self.delays_s += [hit.delay_s for hit in matched.hits]

    @property
    def events(self) -> int:
        return self.hits + self.missed

    @property
    def recall(self) -> float | None:
        """None: nothing happened that could have been told."""
        return self.hits / self.events if self.events else None

    @property
    def precision(self) -> float | None:
        """Of signals that tell something new. None: there was no signal."""
        told = self.hits + self.false
        return self.hits / told if told else None

    @property
    def false_per_camera_hour(self) -> float | None:
        """None: it was looked for in no picture."""
        return self.false / self.camera_hours if self.camera_hours else None

    @property
    def false_per_camera_hour_at_most(self) -> float:
        """What the true rate is below, with 95 % certainty (Poisson): few hours prove little, and this says so."""
        return poisson_upper(self.false, _SURE) / self.camera_hours if self.camera_hours else inf

    def delay_s(self, share: float) -> float | None:
        """The delay that this share of the told events had at most; None where none was told."""
        return quantile(self.delays_s, share)


def of_type(matched: Matched, kind: EventType) -> Matched:
    """Of `matched`, what concerns this type."""
    return Matched(
        tuple(hit for hit in matched.hits if hit.event.type is kind),
        tuple(event for event in matched.missed if event.type is kind),
        tuple(signal for signal in matched.again if signal.type is kind),
        tuple(signal for signal in matched.false if signal.type is kind),
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def poisson_upper(seen: int, sure: float) -> float:
    """The mean above which `seen` or fewer would be seen with a chance below `1 - sure`."""
    from scipy.stats import chi2

    return -log(1 - sure) if seen == 0 else float(chi2.ppf(sure, 2 * (seen + 1)) / 2)
