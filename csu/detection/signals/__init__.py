"""What an analysis draws attention to, and what people make of it: signals in; shown, judged and counted ones out.

Nothing else comes out: no call, no alarm, no ticket, no case (VSA-7). Kept are outcomes without anybody (VSA-6).
"""

from csu.detection.signals.daylight import is_day, sun_elevation_deg
from csu.detection.signals.desk import DEFAULT_BOUNDS, SignalBounds, SignalDesk
from csu.detection.signals.performance import Performance, performances
from csu.detection.signals.signal import (
    OUTCOME_WORDS,
    Dismissal,
    JudgementRefused,
    Outcome,
    Qualification,
    Signal,
    SignalDismissed,
    SignalEvent,
    SignalExpired,
    SignalId,
    SignalNotKept,
    SignalOutcome,
    SignalQualified,
    SignalRaised,
    SignalRefused,
    SignalUnknown,
    Unjudged,
    outcome_named,
    outcome_of,
)
from csu.detection.signals.store import KEPT_DAYS, SignalStore

__all__ = [
    "DEFAULT_BOUNDS",
    "KEPT_DAYS",
    "OUTCOME_WORDS",
    "Dismissal",
    "JudgementRefused",
    "Outcome",
    "Performance",
    "Qualification",
    "Signal",
    "SignalBounds",
    "SignalDesk",
    "SignalDismissed",
    "SignalEvent",
    "SignalExpired",
    "SignalId",
    "SignalNotKept",
    "SignalOutcome",
    "SignalQualified",
    "SignalRaised",
    "SignalRefused",
    "SignalStore",
    "SignalUnknown",
    "Unjudged",
    "is_day",
    "outcome_named",
    "outcome_of",
    "performances",
    "sun_elevation_deg",
]
