"""The work of the room: who watches, who turns which camera, what is written down, whom one calls, what tours saw.

In: what people do, what the world answers, `now_ns`. Out: commands (stop a camera, send a call, look at a camera),
events to journal, alerts, and files that only grow. Whether a person may do it is decided before (`csu.governance`).
"""

from csu.operations.descriptions import Descriptions
from csu.operations.dispatch import (
    INCIDENT_OF,
    CallEscalated,
    CallQueued,
    CallRefused,
    CallTaken,
    DispatchOutbox,
    Incident,
    OutboxCall,
    ReceiptRefused,
    SendCall,
    call_about,
)
from csu.operations.guard_tour import GuardTour, LookAt, TourReport, TourRun, not_seen_in
from csu.operations.handover import HandoverNote, HandoverRefused
from csu.operations.operations_log import (
    Draft,
    EntryKind,
    LogbookEntry,
    LogBroken,
    LogEntryRefused,
    LogNotKept,
    OperationsLog,
)
from csu.operations.outbox_store import CallNotKept, OutboxStore
from csu.operations.ptz_leases import (
    Lease,
    LeaseEnd,
    LeaseEnded,
    LeaseGranted,
    LeaseLost,
    LeaseRefused,
    PtzLeases,
    PtzRank,
    StopCamera,
)
from csu.operations.roster import Absence, FaultKind, Roster, RosterFault, RosterRefused, Shift
from csu.operations.watch import LeaveRefused, ShortWatchAlert, Watch, WatchCause, WatchChanged

__all__ = [
    "INCIDENT_OF",
    "Absence",
    "CallEscalated",
    "CallNotKept",
    "CallQueued",
    "CallRefused",
    "CallTaken",
    "WatchCause",
    "Descriptions",
    "DispatchOutbox",
    "Draft",
    "EntryKind",
    "FaultKind",
    "GuardTour",
    "HandoverNote",
    "HandoverRefused",
    "Incident",
    "Lease",
    "LeaseEnd",
    "LeaseEnded",
    "LeaseGranted",
    "LeaseLost",
    "LeaseRefused",
    "LeaveRefused",
    "LogBroken",
    "LogEntryRefused",
    "LogNotKept",
    "LogbookEntry",
    "LookAt",
    "OperationsLog",
    "OutboxCall",
    "OutboxStore",
    "PtzLeases",
    "PtzRank",
    "ReceiptRefused",
    "Roster",
    "RosterFault",
    "RosterRefused",
    "SendCall",
    "Shift",
    "ShortWatchAlert",
    "StopCamera",
    "TourReport",
    "TourRun",
    "Watch",
    "WatchChanged",
    "call_about",
    "not_seen_in",
]
