"""What the centre says of its shifts and visits to the console. Values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from csu.governance import Span
from csu.hal.clock import Nanoseconds
from csu.operations import Absence, HandoverNote, RosterFault, Shift


@dataclass(frozen=True, slots=True)
class Agent:
    """Who may be on a shift."""

    account: str
    name: str
    is_chief: bool = False


@dataclass(frozen=True, slots=True)
class ServiceNow:
    """Shifts and handovers at an instant, as one person asks."""

    at_ns: Nanoseconds
    agents: tuple[Agent, ...]
    """None: nobody knows who works here, and any name may stand in the roster."""
    shifts: tuple[Shift, ...]
    absences: tuple[Absence, ...]
    planned_over: tuple[Span, ...]
    set_by: str
    set_at_ns: Nanoseconds
    ahead: tuple[RosterFault, ...]
    """Where fewer than two are to be there, in the next days; none where no roster is kept."""
    watching: tuple[str, ...]
    is_short: bool
    notes: Mapping[int, tuple[HandoverNote, str]]
    """The last ones by number, each with its text; the oldest first."""
    owed: str
    """The shift whose note the person who asks should write, or have signed, before he leaves; empty: none."""
