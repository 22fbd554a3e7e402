"""Alarms of the communes' buildings: intake without loss or double, and each led by people to its closing, in time.

In: panel messages, what people do, `now_ns`. Out: what to keep, what to show, whom to tell, which cameras to look at.
"""

from csu.alarms.alarm import (
    NEXT,
    PRIORITY_OF,
    Alarm,
    AlarmAcknowledged,
    AlarmAdvanced,
    AlarmEscalated,
    AlarmEvent,
    AlarmId,
    AlarmLate,
    AlarmNotKept,
    AlarmRaised,
    AlarmState,
    AlarmStep,
    AlarmStepRefused,
    AlarmUnknown,
    Contact,
    Escalation,
    PoliceCall,
    alarm_id,
)
from csu.alarms.desk import AlarmDesk
from csu.alarms.escalation import due_at_ns
from csu.alarms.nearest import nearest_cameras
from csu.alarms.store import AlarmStore
from csu.alarms.storm import AlarmGroup, AlarmLines, DeskLine, DeskLines, alarm_lines, desk_lines

__all__ = [
    "NEXT",
    "PRIORITY_OF",
    "Alarm",
    "AlarmAcknowledged",
    "AlarmAdvanced",
    "AlarmDesk",
    "AlarmEscalated",
    "AlarmEvent",
    "AlarmGroup",
    "AlarmId",
    "AlarmLate",
    "AlarmLines",
    "AlarmNotKept",
    "AlarmRaised",
    "AlarmState",
    "AlarmStep",
    "AlarmStepRefused",
    "AlarmStore",
    "AlarmUnknown",
    "Contact",
    "DeskLine",
    "DeskLines",
    "Escalation",
    "PoliceCall",
    "alarm_id",
    "alarm_lines",
    "desk_lines",
    "due_at_ns",
    "nearest_cameras",
]
