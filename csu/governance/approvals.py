"""What makes a person one who may see: designation, prefect's approval, clearance (CSI L132-14-1, L252-2, L252-3).

Each is personal, dated, and bounded in space. Values only; `Rights` decides with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from csu.governance.authorisations import Agreement, Interruption
from csu.governance.legal_calendar import start_of_day, years_after
from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds

INQUIRY_YEARS_MAX = 5
"""The administrative inquiry is redone at least that often (L132-14-1)."""


class ApprovalFault(StrEnum):
    """Why an approval does not count now."""

    NOT_YET = "not_yet"
    ENDED = "ended"
    INTERRUPTED = "interrupted"
    INQUIRY_TOO_OLD = "inquiry_too_old"


@dataclass(frozen=True, slots=True)
class Designation:
    """The centre named this person to view, for a service that the orders let view (L252-2)."""

    service: str
    """As in `Authorisation.viewers`."""
    communes: frozenset[CommuneId]
    term: Agreement


@dataclass(frozen=True, slots=True)
class PrefectApproval:
    """The agrément of a territorial agent who is not of the municipal police (ACC-1, ACC-2)."""

    number: str
    prefecture: str
    communes: frozenset[CommuneId]
    from_day: date
    ends_on: date
    """The first day it no longer holds."""
    inquiry_on: date
    interruptions: tuple[Interruption, ...] = ()

    def fault(self, at_ns: Nanoseconds) -> ApprovalFault | None:
        """None: it counts at that instant."""
        if at_ns < start_of_day(self.from_day):
            return ApprovalFault.NOT_YET
        if at_ns >= start_of_day(self.ends_on):
            return ApprovalFault.ENDED
        if any(each.span.holds(at_ns) for each in self.interruptions):
            return ApprovalFault.INTERRUPTED
        if not start_of_day(self.inquiry_on) <= at_ns < start_of_day(years_after(self.inquiry_on, INQUIRY_YEARS_MAX)):
            return ApprovalFault.INQUIRY_TOO_OLD
        return None


@dataclass(frozen=True, slots=True)
class Clearance:
    """The habilitation of one member of an outside service (L252-3): named, dated, never a service account (ACC-4)."""

    reference: str
    service: str
    """As in `Authorisation.recipients`."""
    term: Agreement
    interruptions: tuple[Interruption, ...] = ()

    def counts(self, at_ns: Nanoseconds) -> bool:
        stopped = any(each.span.holds(at_ns) for each in self.interruptions)
        return self.term.span.holds(at_ns) and not stopped
