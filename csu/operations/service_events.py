"""What is told of shifts, handovers, visits and planned events: for the operations log and whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from csu.governance.spans import Span
from csu.hal.clock import Nanoseconds
from csu.operations.planned_event import PlannedEvent
from csu.operations.roster import RosterFault
from csu.operations.visits import Visit


@dataclass(frozen=True, slots=True)
class RosterSet:
    """Another plan holds for this stretch."""

    over: Span
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class AbsenceTold:
    """Somebody will not be there, or will after all; why is nobody's affair. `holes`: stretches it leaves to fewer
    than two."""

    person: str
    span: Span
    is_back: bool
    holes: int
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HoleAhead:
    """Fewer than two will be there soon: told before it comes."""

    fault: RosterFault
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class NoteSigned:
    """One of the incoming team has the note. `waiting`: who did not sign yet."""

    shift: str
    log_entry: int
    person: str
    waiting: tuple[str, ...]
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class NoteLate:
    """Somebody should have signed it by now."""

    shift: str
    log_entry: int
    waiting: tuple[str, ...]
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class VisitTold:
    """Somebody came into the room, or went."""

    number: int
    visit: Visit
    by: str
    at_ns: Nanoseconds


class EventDeed(StrEnum):
    """What became of a planned event."""

    PLANNED = "planned"
    CHANGED = "changed"
    BEGAN = "began"
    ENDED = "ended"
    CALLED_OFF = "called_off"
    REPORTED = "reported"


@dataclass(frozen=True, slots=True)
class EventTold:
    """A planned event goes on. `by`: empty where its dates did it."""

    number: int
    event: PlannedEvent
    deed: EventDeed
    by: str
    at_ns: Nanoseconds


ServiceEvent: TypeAlias = RosterSet | AbsenceTold | HoleAhead | NoteSigned | NoteLate | VisitTold | EventTold
