"""How long an alarm may stay in a state, and who is told when it stays longer (OPS-3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from csu.alarms.alarm import Alarm, AlarmState, Contact
from csu.hal.alarms import AlarmPriority
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds

ACKNOWLEDGE_WITHIN_NS = 30 * NS_PER_S
ESCALATE_AFTER_NS = 60 * NS_PER_S
MANAGER_AFTER_NS = 3 * NS_PER_MINUTE
"""[D]: the chief did not take it either."""
DOUBT_BEGUN_WITHIN_NS = 60 * NS_PER_S
"""[D]: who took an alarm looks at it."""
QUALIFIED_WITHIN_NS = {
    AlarmPriority.P1: 2 * NS_PER_MINUTE,
    AlarmPriority.P2: 5 * NS_PER_MINUTE,
    AlarmPriority.P3: 15 * NS_PER_MINUTE,
    AlarmPriority.P4: 60 * NS_PER_MINUTE,
}
"""[D]: from the beginning of doubt removal."""
INFORMED_WITHIN_NS = 60 * NS_PER_S
"""[D]: OPS-3 says "at once"."""


@dataclass(frozen=True, slots=True)
class Rung:
    """`to` is told once the alarm has been `after_ns` in its state."""

    after_ns: Nanoseconds
    to: Contact


_UNTAKEN = (
    Rung(ACKNOWLEDGE_WITHIN_NS, Contact.ROOM),
    Rung(ESCALATE_AFTER_NS, Contact.ROOM_CHIEF),
    Rung(MANAGER_AFTER_NS, Contact.CSU_MANAGER),
)
_UNINFORMED = (Rung(INFORMED_WITHIN_NS, Contact.ROOM_CHIEF), Rung(MANAGER_AFTER_NS, Contact.CSU_MANAGER))
LADDERS: Mapping[tuple[AlarmPriority, AlarmState], tuple[Rung, ...]] = {
    (priority, state): ladder
    for priority in AlarmPriority
    for state, ladder in {
        AlarmState.RAISED: _UNTAKEN,
        AlarmState.ACKED: (Rung(DOUBT_BEGUN_WITHIN_NS, Contact.ROOM_CHIEF),),
        AlarmState.DOUBT_REMOVAL: (Rung(QUALIFIED_WITHIN_NS[priority], Contact.ROOM_CHIEF),),
        AlarmState.CONFIRMED: _UNINFORMED,
    }.items()
}
"""Each ladder from its lowest rung. A state without one waits for nobody: it only wants closing."""


def next_rung(alarm: Alarm) -> Rung | None:
    """The first rung of its state's ladder that it has not reached; None: nobody else is to be told."""
    told = sum(escalation.state is alarm.state for escalation in alarm.escalations)
    ladder = LADDERS.get((alarm.priority, alarm.state), ())
    return ladder[told] if told < len(ladder) else None


def due_at_ns(alarm: Alarm) -> Nanoseconds | None:
    """When somebody is to be told of it next, if nothing happens before."""
    rung = next_rung(alarm)
    return None if rung is None else alarm.since_ns + rung.after_ns
