"""How far one camera's own masks are believed, and what must be looked at next. A pure core.

Nothing is believed when a connection, an assignment or a picture size begins; a failure holds until the control plane
brings another plan; an audit that is late counts as none.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import YuvPlanes
from csu.hal.media import EdgePlan
from csu.hal.words import Words

LATE_AFTER_AUDITS = 3
"""How many times `audit_every_s` may pass since the last audit before it is worth nothing."""
AUDIT_EVERY_S_MIN = 1.0
"""A plan that asks for more is given this: each audit opens every stream of the camera."""

Missing = Callable[[YuvPlanes], Words | None]
"""Looks at a picture of another stream: None when it shows the masks."""


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """What an auditor must look at, and with which eyes. `since` names what it is about: a later beginning voids it."""

    plan: EdgePlan
    missing: Missing
    since: int


class EdgeTrust:
    """Asked by the camera's thread, fed by that thread and by an auditor's: `lock` keeps the two apart."""

    def __init__(self, lock: AbstractContextManager[bool]) -> None:
        self._lock = lock
        self._plan: EdgePlan | None = None
        self._missing: Missing | None = None
        self._since = 0
        self._failed: Words | None = None
        self._audited_at_ns: Nanoseconds | None = None
        self._is_under_audit = False

    def begin(self, plan: EdgePlan, missing: Missing) -> None:
        """A connection, an assignment or a size begins: all is to be looked at again. A failure of this plan stays."""
        with self._lock:
            if plan != self._plan:
                self._failed = None
            self._plan, self._missing = plan, missing
            self._start_over()

    def end(self) -> None:
        """The connection is over, or nothing is left to the camera any more."""
        with self._lock:
            self._missing = None
            self._start_over()

    def fail(self, why: Words) -> None:
        """The recorded stream did not show the masks."""
        with self._lock:
            self._failed = self._failed or why

    def order(self, now_ns: Nanoseconds) -> AuditOrder | None:
        """The audit that is due, if one is; it is then under way until `audited`."""
        with self._lock:
            plan, missing = self._plan, self._missing
            if plan is None or missing is None or self._failed or self._is_under_audit:
                return None
            if self._audited_at_ns is not None and now_ns - self._audited_at_ns < _every_ns(plan):
                return None
            self._is_under_audit = True
            return AuditOrder(plan, missing, self._since)

    def audited(self, order: AuditOrder, now_ns: Nanoseconds, why: Words | None) -> None:
        """The audit's result: None when every stream and the snapshot showed the masks."""
        with self._lock:
            if order.since != self._since:
                return
            self._is_under_audit = False
            if why is None:
                self._audited_at_ns = now_ns
            else:
                self._failed = self._failed or why

    @property
    def failure(self) -> Words | None:
        """Why this plan is not believed any more."""
        return self._failed

    def holds(self, now_ns: Nanoseconds) -> bool:
        """Whether the camera's other streams were seen masked, since the beginning and not too long ago."""
        with self._lock:
            plan, audited_at_ns = self._plan, self._audited_at_ns
            if plan is None or self._missing is None or self._failed or audited_at_ns is None:
                return False
            return now_ns - audited_at_ns < LATE_AFTER_AUDITS * _every_ns(plan)

    def _start_over(self) -> None:
        self._since += 1
        self._audited_at_ns = None
        self._is_under_audit = False


def _every_ns(plan: EdgePlan) -> Nanoseconds:
    return round(max(AUDIT_EVERY_S_MIN, plan.audit_every_s) * NS_PER_S)
