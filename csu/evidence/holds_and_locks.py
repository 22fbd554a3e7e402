"""What may not be destroyed, for whom, and until when. Pure: cases, holds and `now` in, answers out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from csu.evidence.case import Case, CaseState
from csu.evidence.case_events import HoldDied, HoldEnded, HoldEvent, HoldPlaced, HoldReminded, HoldRequested, HoldTaken
from csu.evidence.spans import CameraSpan, united, without
from csu.governance.legal_calendar import day_in_paris, years_after
from csu.hal.clock import NS_PER_DAY, Nanoseconds

REMINDERS_DAYS = (7, 2)
"""Before a hold dies (EXP-4)."""
LOCK_OLD_YEARS = 1
"""A lock older than 12 months is flagged (EXP-6)."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A precautionary hold: it never outlives the legal ceiling."""

    hold: str
    span: CameraSpan
    reason: str
    by: str
    placed_at_ns: Nanoseconds
    dies_at_ns: Nanoseconds
    reminded_days: tuple[int, ...] = ()
    taken_by: str = ""
    """The case that holds it now."""
    is_dead: bool = False
    """It was ended, or its ceiling came."""

    def protects(self, now_ns: Nanoseconds) -> bool:
        """Whether it keeps its footage now. The ceiling ends it by itself, even if nobody is there to write it down."""
        return not self.is_dead and not self.taken_by and now_ns < self.dies_at_ns


def hold_begun(event: HoldPlaced) -> Hold:
    """The hold that an event places."""
    return Hold(event.hold, event.span, event.reason, event.by, event.at_ns, event.dies_at_ns)


def hold_after(hold: Hold, event: HoldEvent) -> Hold:
    """The hold after one more event."""
    match event:
        case HoldReminded():
            return replace(hold, reminded_days=(*hold.reminded_days, event.days_left))
        case HoldTaken():
            return replace(hold, taken_by=event.case)
        case HoldEnded() | HoldDied():
            return replace(hold, is_dead=True)
        case HoldRequested() | HoldPlaced():
            return hold


@dataclass(frozen=True, slots=True)
class EvidenceLock:
    """One stretch that is kept, and every case that keeps it."""

    span: CameraSpan
    cases: tuple[str, ...]
    is_scheduled: bool
    """Its end lies in the future: there is nothing whole to export yet (EXP-2)."""


def locks_of(cases: Iterable[Case], now_ns: Nanoseconds) -> tuple[EvidenceLock, ...]:
    """The locks that hold now: cut wherever the set of cases changes, so that each says exactly for whom."""
    kept = [(span, case.case) for case in cases for span in case.protects(now_ns)]
    locks = []
    for whole in united(span for span, _ in kept):
        inside = [(span, case) for span, case in kept if span.touches(whole)]
        edges = sorted({edge for span, _ in inside for edge in (span.from_ns, span.to_ns)})
        for from_ns, to_ns in zip(edges, edges[1:], strict=False):
            part = CameraSpan(whole.camera, from_ns, to_ns)
            for_whom = tuple(sorted({case for span, case in inside if span.touches(part)}))
            locks.append(EvidenceLock(part, for_whom, to_ns > now_ns))
    return tuple(locks)


def protected(cases: Iterable[Case], holds: Iterable[Hold], now_ns: Nanoseconds) -> tuple[CameraSpan, ...]:
    """Every instant that retention must leave alone now; what touches it on both sides expires as usual (EXP-3)."""
    locked = [span for case in cases for span in case.protects(now_ns)]
    held = [hold.span for hold in holds if hold.protects(now_ns)]
    return united([*locked, *held])


def to_destroy(case: Case, others: Iterable[Case], now_ns: Nanoseconds) -> tuple[CameraSpan, ...]:
    """What of the evidence store goes with this case: its own, less what another case's lock still holds (EXP-5)."""
    still = [span for other in others if other.case != case.case for span in other.protects(now_ns)]
    return without(case.act.spans, still)


def is_destruction_due(case: Case) -> bool:
    """Whether its lock ended and its copy is still there."""
    return case.state is not CaseState.CLOSED and (case.state is CaseState.HANDED_OVER or bool(case.lock_ended_by))


def is_lock_old(case: Case, now_ns: Nanoseconds) -> bool:
    """Whether it has kept footage for more than 12 months."""
    return (
        case.is_live
        and case.locked_at_ns is not None
        and day_in_paris(now_ns) > years_after(day_in_paris(case.locked_at_ns), LOCK_OLD_YEARS)
    )


def reminders_due(hold: Hold, now_ns: Nanoseconds) -> tuple[int, ...]:
    """Which reminders are to be told now, each once: only the nearest when several fell due together."""
    if not hold.protects(now_ns):
        return ()
    due = [days for days in REMINDERS_DAYS if now_ns >= hold.dies_at_ns - days * NS_PER_DAY]
    nearest = min(due, default=None)
    return () if nearest is None or nearest in hold.reminded_days else (nearest,)


def recipient_copies_overdue(cases: Iterable[Case], now_ns: Nanoseconds) -> tuple[Case, ...]:
    """Cases whose recipient should have destroyed his copy by now (RET-5): the DPO's list."""
    return tuple(
        case
        for case in cases
        if case.handed_over is not None
        and case.handed_over.recipient_copy_until_ns is not None
        and now_ns >= case.handed_over.recipient_copy_until_ns
        and not case.recipient_copy_gone
    )
