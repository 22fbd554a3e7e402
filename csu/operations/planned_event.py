"""Events of the street that are known beforehand: demonstrations, markets, matches; what they ask of the room. Pure.

An event names places and cameras, never people: opinions are sensitive data (OPS-5). It is planned, runs and ends by
its dates; a person closes it with a report, or calls it off before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite

from csu.governance.decision import Decision
from csu.governance.purposes import Purpose
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.personal_data import personal_data_in, unfit_for_a_place
from csu.hal.words import Words
from csu.operations.watch import WATCHING_MIN

LASTS_NS_MAX = 31 * 24 * 3600 * NS_PER_S
"""As a programme of the wall."""
CAMERAS_MAX, POINTS_MAX, REFERENCE_SIGNS_MAX, REASON_SIGNS_MAX, STAFF_MAX = 64, 64, 60, 200, 50

Place = tuple[float, float]
"""Metres east and north, of the site's origin."""


class EventRefused(CsuError):
    """The event asks for what it may not have, or is not told as it must be. Nothing changed."""


class EventKind(StrEnum):
    """What happens there."""

    DEMONSTRATION = "demonstration"
    MARKET = "market"
    MATCH = "match"
    FESTIVAL = "festival"
    CEREMONY = "ceremony"

    @property
    def words(self) -> Words:
        """As the log says it."""
        return _KINDS[self]


_KINDS = {
    EventKind.DEMONSTRATION: Words("manifestation", "demonstration"),
    EventKind.MARKET: Words("marché", "market"),
    EventKind.MATCH: Words("match", "match"),
    EventKind.FESTIVAL: Words("fête", "festival"),
    EventKind.CEREMONY: Words("cérémonie", "ceremony"),
}


class EventState(StrEnum):
    """How far it is."""

    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"
    REPORTED = "reported"
    CALLED_OFF = "called_off"


class EventOutcome(StrEnum):
    """How it went, in one word: what happened stands in the operations log."""

    CALM = "calm"
    INCIDENTS = "incidents"
    BROKEN_OFF = "broken_off"

    @property
    def words(self) -> Words:
        """As the log says it."""
        return _OUTCOMES[self]


_OUTCOMES = {
    EventOutcome.CALM: Words("sans incident", "without an incident"),
    EventOutcome.INCIDENTS: Words("avec incidents", "with incidents"),
    EventOutcome.BROKEN_OFF: Words("interrompue", "broken off"),
}


@dataclass(frozen=True, slots=True)
class EventReport:
    """What is told of it when it is over: figures of the room, of nobody."""

    outcome: EventOutcome
    by: str
    at_ns: Nanoseconds
    fewest_planned: int
    """Of the roster, while it lasted."""
    entries: int
    """Of the operations log, meanwhile: of the whole room, as the next two."""
    alarms: int
    calls: int


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One event, as the chief entered it. `check` it before it is kept."""

    kind: EventKind
    commune: CommuneId
    place: str
    """A street, a square, a stadium. Of a demonstration as well: never what it is for."""
    span: Span
    cameras: tuple[CameraId, ...]
    """Those that watch over it; along a route in the order of the way."""
    purpose: Purpose
    """Why these cameras may be used for it: a purpose of each of them (AUT-4)."""
    by: str
    route: tuple[Place, ...] = ()
    perimeter: tuple[Place, ...] = ()
    close_reason: str = ""
    """Of a demonstration: why there is more than an overview (OPS-5)."""
    reference: str = ""
    """The prefecture's: of the declaration of a demonstration, of an order."""
    scene: str = ""
    """What the wall shows meanwhile; empty: as always."""
    staff_wanted: int = WATCHING_MIN
    called_off_by: str = ""
    report: EventReport | None = None

    def state(self, now_ns: Nanoseconds) -> EventState:
        """By its dates, and by what people said of it."""
        if self.called_off_by:
            return EventState.CALLED_OFF
        if self.report is not None:
            return EventState.REPORTED
        if now_ns < self.span.from_ns:
            return EventState.PLANNED
        return EventState.RUNNING if now_ns < self.span.to_ns else EventState.ENDED

    def called_off(self, person: str, now_ns: Nanoseconds) -> PlannedEvent:
        """It does not take place, or no longer. Raises EventRefused when it is over."""
        if self.state(now_ns) not in (EventState.PLANNED, EventState.RUNNING):
            raise _refused("state", Words("il est terminé ou annulé", "it is over or called off"))
        return replace(self, called_off_by=person)

    def reported(self, report: EventReport) -> PlannedEvent:
        """It is closed. Raises EventRefused before it has ended, and when it was closed before."""
        if self.state(report.at_ns) is not EventState.ENDED:
            raise _refused("state", Words("il n'est pas à clore", "it is not to be closed now"))
        return replace(self, report=report)


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What the centre knows, to judge an event by."""

    records: Sequence[CameraRecord]
    may_use: Callable[[CameraId, Purpose, Span], Decision]
    """Whether a camera may be watched for that purpose, all that time."""
    scenes: Sequence[str]
    """Those that the wall can show."""


def check(event: PlannedEvent, facts: EventFacts, now_ns: Nanoseconds) -> None:
    """Raises EventRefused for the first thing that is wrong with it."""
    _check_texts(event)
    _check_dates(event, now_ns)
    _check_shape(event)
    if not WATCHING_MIN <= event.staff_wanted <= STAFF_MAX:
        raise _refused(
            "staff_wanted", Words(f"de {WATCHING_MIN} à {STAFF_MAX} agents", f"{WATCHING_MIN} to {STAFF_MAX} agents")
        )
    if event.scene and event.scene not in facts.scenes:
        raise _refused("scene", Words("le mur n'a pas cette scène", "the wall has no such scene"))
    _check_cameras(event, facts)


def _check_texts(event: PlannedEvent) -> None:
    if not event.place.strip():
        raise _refused("place", Words("dites où", "say where"))
    if (unfit := unfit_for_a_place(event.place)) is not None:
        raise _refused("place", unfit)
    for field, text, most in (
        ("reference", event.reference, REFERENCE_SIGNS_MAX),
        ("close_reason", event.close_reason, REASON_SIGNS_MAX),
    ):
        if len(text) > most or not text.isprintable():
            raise _refused(field, Words(f"{most} signes visibles au plus", f"{most} visible signs at most"))
        if found := personal_data_in(text):
            raise _refused(field, Words.same(found))
    if event.kind is EventKind.DEMONSTRATION and not event.reference.strip():
        raise _refused(
            "reference",
            Words(
                "une manifestation annoncée a un numéro de déclaration (CSI L211-1)",
                "a demonstration that is announced has the number of its declaration (CSI L211-1)",
            ),
        )


def _check_dates(event: PlannedEvent, now_ns: Nanoseconds) -> None:
    if event.span.to_ns <= now_ns:
        raise _refused("span", Words("il est déjà fini", "it is over already"))
    if event.span.to_ns - event.span.from_ns > LASTS_NS_MAX:
        raise _refused("span", Words("plus de 31 jours", "more than 31 days"))


def _check_shape(event: PlannedEvent) -> None:
    points = (*event.route, *event.perimeter)
    if event.route and event.perimeter:
        raise _refused("route", Words("un parcours ou un périmètre", "a route or a perimeter"))
    if len(points) > POINTS_MAX or not all(isfinite(number) for point in points for number in point):
        raise _refused("route", Words(f"{POINTS_MAX} points au plus", f"{POINTS_MAX} points at most"))
    if len(event.route) == 1 or 0 < len(event.perimeter) < 3:
        raise _refused("route", Words("un parcours a 2 points, un périmètre 3", "a route has 2 points, a perimeter 3"))


def _check_cameras(event: PlannedEvent, facts: EventFacts) -> None:
    if len(set(event.cameras)) < len(event.cameras) or len(event.cameras) > CAMERAS_MAX:
        raise _refused(
            "cameras", Words(f"{CAMERAS_MAX} caméras au plus, chacune une fois", f"{CAMERAS_MAX} at most, each once")
        )
    if event.commune not in {record.commune for record in facts.records}:
        raise _refused("commune", Words("aucune caméra n'est de cette commune", "no camera is of this commune"))
    known = {record.camera: record for record in facts.records}
    for camera in event.cameras:
        record = known.get(camera)
        if record is None or record.commune != event.commune:
            raise _refused(camera, Words("elle n'est pas de cette commune", "it is not of this commune"))
        is_close = event.kind is EventKind.DEMONSTRATION and record.view is not ViewType.WIDE
        if is_close and not event.close_reason.strip():
            raise _refused(
                camera,
                Words(
                    "une manifestation se voit de loin : dites pourquoi un plan étroit",
                    "a demonstration is seen from afar: say why a narrow view",
                ),
            )
        allowed = facts.may_use(camera, event.purpose, event.span)
        if not allowed.permitted:
            raise _refused(camera, allowed.reason)


def _refused(field: str, what: Words) -> EventRefused:
    return EventRefused(
        what,
        where=f"event/{field}",
        what_to_do=Words("Corrigez l'événement ; rien n'a changé", "Put the event right; nothing changed"),
    )
