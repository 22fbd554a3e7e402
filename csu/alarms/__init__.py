"""Alarms of the communes' buildings: intake without loss or double, acknowledgement in time, escalation.

In: panel messages, what people do, `now_ns`. Out: what to keep, what to show, whom to call. Doubt removal comes later.
"""

from csu.alarms.desk import (
    Alarm,
    AlarmAcknowledged,
    AlarmDesk,
    AlarmEscalated,
    AlarmEvent,
    AlarmId,
    AlarmNotKept,
    AlarmRaised,
    AlarmState,
    AlarmUnknown,
)
from csu.alarms.store import AlarmStore

__all__ = [
    "Alarm",
    "AlarmAcknowledged",
    "AlarmDesk",
    "AlarmEscalated",
    "AlarmEvent",
    "AlarmId",
    "AlarmNotKept",
    "AlarmRaised",
    "AlarmState",
    "AlarmStore",
    "AlarmUnknown",
]
