"""What is on paper: prefects' orders, notifications, agreements (CSI L251-2 to L252-5, R252-3, R252-11, L132-14).

Values only; `AuthorisationRegister` decides with them. Everything is per camera, per order and per date: nothing here
is a setting of the centre. Dates are days in Paris: an order holds from the first instant of its first day, and ends
at the first instant of the day it ends on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite
from typing import TypeAlias

from csu.governance.errors import AuthorisationUnusable
from csu.governance.legal_calendar import start_of_day, years_after
from csu.governance.purposes import Purpose
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

YEARS_MAX = 5
"""L252-4."""
RETENTION_DAYS_MAX = 31
"""No month has more days (L252-5); shorter months are the calendar's affair."""
FAR_NS: Nanoseconds = 2**62
"""An end that nobody has set (2116)."""

Ring: TypeAlias = tuple[tuple[float, float], ...]
"""Corners (x, y) in the site's metres (docs/decisions/0021), at least 3, not closed."""


class InterruptionKind(StrEnum):
    """How a prefect stops an order before its end (AUT-6, R253-2)."""

    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Interruption:
    """From `from_ns` the order permits nothing, until `to_ns`. None: no end is set; a withdrawal never has one."""

    kind: InterruptionKind
    from_ns: Nanoseconds
    reference: str
    to_ns: Nanoseconds | None = None

    def __post_init__(self) -> None:
        if self.kind is InterruptionKind.WITHDRAWN and self.to_ns is not None:
            raise _unusable(self.reference, "un retrait n'a pas de fin", "a withdrawal has no end")

    @property
    def span(self) -> Span:
        return Span(self.from_ns, FAR_NS if self.to_ns is None else self.to_ns)


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A prefectural order (arrêté). Raises AuthorisationUnusable for what no order can say."""

    number: str
    ordered_on: date
    valid_from: date
    purposes: frozenset[Purpose]
    """Of the closed list of eleven (L251-2)."""
    retention_days: int
    viewers: frozenset[str]
    """Services whose designated agents may view (L252-2)."""
    commission_opinion: str
    """Reference of the opinion of the departmental commission (L252-1)."""
    ends_on: date | None = None
    """The first day it no longer holds; None: five years after `valid_from` (L252-4). Never later."""
    minimum_days: int = 0
    """No manual purge before (L252-5 al. 2); 0: the order sets none."""
    cameras: frozenset[CameraId] = frozenset()
    perimeters_m: tuple[Ring, ...] = ()
    """Instead of a list, or beside it: within these every notified place is authorised (R252-3)."""
    recipients: frozenset[str] = frozenset()
    """Outside services that it lets view: police, gendarmerie, customs, fire (L252-3). Empty: requisition only."""
    interruptions: tuple[Interruption, ...] = ()

    def __post_init__(self) -> None:
        for wrong, fr, en in self._faults():
            if wrong:
                raise _unusable(self.number or "?", fr, en)

    def _faults(self) -> tuple[tuple[bool, str, str], ...]:
        five = years_after(self.valid_from, YEARS_MAX)
        return (
            (not self.number.strip(), "l'arrêté n'a pas de numéro", "the order has no number"),
            (not self.commission_opinion.strip(), "il manque l'avis de la commission", "the opinion is missing"),
            (self.ordered_on > self.valid_from, "il vaut avant d'être signé", "it holds before it is signed"),
            (not self.valid_from < self.end_day <= five, "il vaut de 1 jour à 5 ans", "it lasts 1 day to 5 years"),
            (not self.purposes, "il ne dit aucune finalité", "it states no purpose"),
            (
                not 1 <= self.retention_days <= RETENTION_DAYS_MAX,
                "la conservation va de 1 à 31 jours",
                "retention is 1 to 31 days",
            ),
            (
                not 0 <= self.minimum_days <= self.retention_days,
                "le minimum dépasse la durée de conservation",
                "the minimum exceeds the retention",
            ),
            (
                not (self.cameras or self.perimeters_m),
                "il ne couvre ni caméra ni périmètre",
                "it covers neither a camera nor a perimeter",
            ),
            (
                not all(_is_ring(ring) for ring in self.perimeters_m),
                "un périmètre n'est pas un polygone",
                "a perimeter is no polygon",
            ),
        )

    @property
    def end_day(self) -> date:
        return self.ends_on if self.ends_on is not None else years_after(self.valid_from, YEARS_MAX)

    @property
    def span(self) -> Span:
        """From its first instant until it ends, interruptions not counted."""
        return Span(start_of_day(self.valid_from), start_of_day(self.end_day))

    def interruption(self, at_ns: Nanoseconds) -> Interruption | None:
        """What stops it at that instant: a withdrawal before a suspension."""
        now = [each for each in self.interruptions if each.span.holds(at_ns)]
        return max(now, key=lambda each: each.kind is InterruptionKind.WITHDRAWN, default=None)


@dataclass(frozen=True, slots=True)
class Notification:
    """The prefect was told where a camera is to stand and from when, before it is used there (R252-3, R252-11)."""

    camera: CameraId
    dated_on: date
    x_m: float
    y_m: float
    reference: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Since when a camera stands and works at a place, until its next placement."""

    since_ns: Nanoseconds
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """A dated convention: with a third party whose feed this is (AUT-6), or with a commune (COM-1)."""

    reference: str
    from_day: date
    ends_on: date
    """The first day it no longer holds."""

    @property
    def span(self) -> Span:
        return Span(start_of_day(self.from_day), start_of_day(self.ends_on))


@dataclass(frozen=True, slots=True)
class GovernedCamera:
    """A camera as the register of orders knows it."""

    camera: CameraId
    commune: CommuneId
    placements: tuple[Placement, ...]
    third_party: str = ""
    """Whose feed it is (SNCF, a landlord); empty: the commune's own."""
    agreements: tuple[Agreement, ...] = ()
    """With that third party."""

    def placement(self, at_ns: Nanoseconds) -> Placement | None:
        """Where it stands at that instant; None: nowhere yet."""
        past = [each for each in self.placements if each.since_ns <= at_ns]
        return max(past, key=lambda each: each.since_ns, default=None)


class ServiceLevel(StrEnum):
    """What a commune has agreed to (COM-2)."""

    STORAGE_ONLY = "storage_only"
    """Recorded for requisitions; nobody watches."""
    STORAGE_AND_WATCH = "storage_and_watch"


@dataclass(frozen=True, slots=True)
class CommuneService:
    """A commune's agreement with the centre, and its level while it lasts."""

    commune: CommuneId
    level: ServiceLevel
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class TicketingPermit:
    """One camera may be used for video enforcement (VVB-3). Raises AuthorisationUnusable when a paper is missing."""

    camera: CameraId
    order: str
    """Number of the prefect's order that says so: it must be the one that governs the camera then."""
    council_resolution: str
    signs: tuple[str, ...]
    """Numbers of the signs that tell people of it."""
    antai: Agreement
    """The convention with the ANTAI."""
    room: str
    """The room set apart for it."""
    from_day: date
    ends_on: date
    """The first day it no longer holds."""

    def __post_init__(self) -> None:
        told = (self.order, self.council_resolution, self.antai.reference, self.room, *(self.signs or ("",)))
        if not all(text.strip() for text in told):
            raise _unusable(
                f"ticketing/{self.camera}",
                "il faut arrêté, délibération, panneaux, convention ANTAI et salle dédiée",
                "it needs order, council resolution, signs, ANTAI convention and a room of its own",
            )

    @property
    def span(self) -> Span:
        return Span(start_of_day(self.from_day), start_of_day(self.ends_on))


@dataclass(frozen=True, slots=True)
class AuthorisationFacts:
    """All the paper of a centre."""

    authorisations: tuple[Authorisation, ...] = ()
    cameras: tuple[GovernedCamera, ...] = ()
    notifications: tuple[Notification, ...] = ()
    services: tuple[CommuneService, ...] = ()
    ticketing: tuple[TicketingPermit, ...] = ()
    """Cameras flagged for video enforcement; a camera that is not here is used for none."""


def _is_ring(ring: Ring) -> bool:
    return len(ring) >= 3 and all(isfinite(number) for corner in ring for number in corner)


def _unusable(where: str, fr: str, en: str) -> AuthorisationUnusable:
    return AuthorisationUnusable(
        Words(fr, en), where=where, what_to_do=Words("Vérifiez l'arrêté et sa saisie", "Check the order and its entry")
    )
