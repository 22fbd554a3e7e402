"""May this camera record, be watched, be used for that, at that instant? A pure core over the orders and agreements.

- Without an order in force that covers the camera: no (AUT-1, AUT-2).
- Of several, the newest in force governs: it replaces the older for the cameras it covers. When it is suspended or
  withdrawn the older does not come back: what a prefect stopped is stopped (AUT-6).
- A camera works only where the prefect was told beforehand that it stands, and inside the perimeter if the order knows
  no list that names it (AUT-3).
- Nothing here ends what is stored: footage recorded in time goes on expiring by `csu.governance.retention`.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from math import hypot

from pydantic import TypeAdapter, ValidationError
from shapely import Point, Polygon

from csu.governance.authorisations import (
    Authorisation,
    AuthorisationFacts,
    GovernedCamera,
    InterruptionKind,
    Notification,
    Placement,
    ServiceLevel,
    TicketingPermit,
)
from csu.governance.decision import Decision, granted, refused
from csu.governance.doctrine import LocalDoctrine
from csu.governance.errors import AuthorisationUnusable
from csu.governance.legal_calendar import day_in_paris
from csu.governance.purposes import Purpose, purpose_words
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

PLACE_TOLERANCE_M = 10.0
"""A camera that stands farther than this from every place notified has been moved [D]: a survey errs by a few metres,
the other side of a street is farther."""
WARNING_DAYS = (180, 90, 30)
"""Days before the end of an order [D] (AUT-2)."""


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """An order ends soon. Tell it once for each `stage_days`."""

    number: str
    end_day: date
    days_left: int
    stage_days: int


class AuthorisationRegister:
    """Decides over one state of the facts. Raises AuthorisationUnusable when they contradict each other."""

    def __init__(self, facts: AuthorisationFacts) -> None:
        self.facts = facts
        self._cameras = {each.camera: each for each in facts.cameras}
        if len(self._cameras) != len(facts.cameras):
            raise _twice("une caméra y est deux fois", "a camera is in it twice")
        if len({each.number for each in facts.authorisations}) != len(facts.authorisations):
            raise _twice("un numéro d'arrêté y est deux fois", "a number of an order is in it twice")
        self._notified: dict[CameraId, list[Notification]] = defaultdict(list)
        for notification in facts.notifications:
            self._notified[notification.camera].append(notification)
        self._services = defaultdict(list)
        for service in facts.services:
            self._services[service.commune].append(service)
        newest_first = sorted(
            facts.authorisations, key=lambda each: (each.valid_from, each.ordered_on, each.number), reverse=True
        )
        self._newest_first = [(each, each.span) for each in newest_first]
        self._in_order = [(each, each.span) for each in facts.authorisations]
        self._changes_known: dict[CameraId, tuple[Nanoseconds, ...]] = {}
        self._areas = {each.number: [Polygon(ring) for ring in each.perimeters_m] for each in facts.authorisations}
        for number, areas in self._areas.items():
            if not all(area.is_valid and area.area > 0 for area in areas):
                raise _twice("un périmètre se recoupe", "a perimeter crosses itself", number)

    def governing(self, camera: CameraId, at_ns: Nanoseconds) -> Authorisation | None:
        """The order whose terms hold for this camera then, interrupted or not; None: none covers it."""
        known = self._cameras.get(camera)
        if known is None:
            return None
        place = known.placement(at_ns)
        return next(
            (each for each, span in self._newest_first if span.holds(at_ns) and self._covers(each, camera, place)), None
        )

    def may_record(self, camera: CameraId, at_ns: Nanoseconds) -> Decision:
        """Whether its pictures may be taken in and stored at that instant."""
        known = self._cameras.get(camera)
        if known is None:
            return refused("aucune pièce ne connaît cette caméra", "no paper knows this camera", "CSI L252-1")
        order = self.governing(camera, at_ns)
        if order is None:
            return self._why_none(known, at_ns)
        stop = order.interruption(at_ns)
        if stop is not None:
            gone = stop.kind is InterruptionKind.WITHDRAWN
            fr, en = ("retiré", "withdrawn") if gone else ("suspendu", "suspended")
            return refused(
                f"l'arrêté {order.number} est {fr} ({stop.reference})",
                f"order {order.number} is {en} ({stop.reference})",
                "CSI R253-2",
            )
        for check in (self._agreement, self._place_told, self._commune):
            refusal = check(known, at_ns)
            if refusal is not None:
                return refusal
        return granted(f"arrêté {order.number}", f"order {order.number}", "CSI L252-1")

    def may_stand(self, camera: CameraId, x_m: float, y_m: float, at_ns: Nanoseconds) -> Decision:
        """Whether it may work where it was found to stand, in the site's metres: where its papers say it stands."""
        known = self._cameras.get(camera)
        place = known.placement(at_ns) if known is not None else None
        away_m = hypot(place.x_m - x_m, place.y_m - y_m) if place is not None else None
        if away_m is not None and away_m <= PLACE_TOLERANCE_M:
            return granted("à l'emplacement de ses pièces", "where its papers say", "CSI R252-3")
        how_far = "?" if away_m is None else f"{away_m:.0f}"
        return refused(
            f"elle est à {how_far} m de l'emplacement dont le préfet a été informé",
            f"it stands {how_far} m from the place that the prefect was told of",
            "CSI R252-3, R252-11",
        )

    def may_view_live(self, camera: CameraId, at_ns: Nanoseconds) -> Decision:
        """Whether anybody may watch it then: what is not watched 24 hours a day is not watched at all (COM-2)."""
        recorded = self.may_record(camera, at_ns)
        if not recorded.permitted:
            return recorded
        known = self._cameras[camera]
        if self.level(known.commune, at_ns) is not ServiceLevel.STORAGE_AND_WATCH:
            return refused(
                f"{known.commune} n'a confié que le stockage : pas de direct",
                f"{known.commune} has agreed to storage only: no live picture",
                "CSI L132-14 ; COM-2",
            )
        return recorded

    def may_use(self, camera: CameraId, purpose: Purpose, at_ns: Nanoseconds) -> Decision:
        """Whether the camera serves that purpose then. For what is more than watching: `PURPOSE_OF` a `Use` (AUT-4)."""
        recorded = self.may_record(camera, at_ns)
        order = self.governing(camera, at_ns)
        if not recorded.permitted or order is None:
            return recorded
        said = purpose_words(purpose)
        if purpose in order.purposes:
            return granted(f"arrêté {order.number} : {said.fr}", f"order {order.number}: {said.en}", "CSI L251-2")
        return refused(
            f"l'arrêté {order.number} n'a pas cette finalité : {said.fr}",
            f"order {order.number} has not this purpose: {said.en}",
            "CSI L251-2",
        )

    def ticketing(self, camera: CameraId, at_ns: Nanoseconds) -> TicketingPermit | None:
        """The paper by which it may be used for video enforcement then; None: none does (VVB-3)."""
        return next((each for each in self.facts.ticketing if each.camera == camera and each.span.holds(at_ns)), None)

    def may_ticket(self, camera: CameraId, at_ns: Nanoseconds) -> Decision:
        """Whether it may be used for video enforcement then. For which offences: `may_use` (VVB-3)."""
        recorded = self.may_record(camera, at_ns)
        order, permit = self.governing(camera, at_ns), self.ticketing(camera, at_ns)
        if not recorded.permitted or order is None:
            return recorded
        if permit is None:
            return refused(
                "la caméra n'est pas désignée pour la vidéoverbalisation",
                "the camera is not designated for video enforcement",
                "VVB-3",
            )
        if permit.order != order.number:
            return refused(
                f"l'arrêté {permit.order}, qui la désigne, n'est pas celui qui la régit ({order.number})",
                f"order {permit.order}, which designates it, is not the one that governs it ({order.number})",
                "VVB-3",
            )
        if not permit.antai.span.holds(at_ns):
            return refused(
                f"la convention {permit.antai.reference} avec l'ANTAI n'est pas en cours",
                f"convention {permit.antai.reference} with the ANTAI is not in force",
                "VVB-3",
            )
        return granted(f"arrêté {order.number}", f"order {order.number}", "VVB-3")

    def level(self, commune: CommuneId, at_ns: Nanoseconds) -> ServiceLevel | None:
        """What a commune has agreed to then; of two agreements, the lesser. None: to nothing."""
        levels = [each.level for each in self._services[commune] if each.agreement.span.holds(at_ns)]
        return min(levels, key=list(ServiceLevel).index, default=None)

    def commune_of(self, camera: CameraId) -> CommuneId | None:
        """Where the paper says the camera stands; None: no paper knows it."""
        known = self._cameras.get(camera)
        return known.commune if known else None

    def next_change_ns(self, camera: CameraId, after_ns: Nanoseconds) -> Nanoseconds | None:
        """The next instant at which an answer about this camera may differ: stop and start there, not at a poll."""
        changes = self._changes(camera)
        later = bisect_right(changes, after_ns)
        return changes[later] if later < len(changes) else None

    def recorded_until_ns(self, camera: CameraId, at_ns: Nanoseconds) -> Nanoseconds | None:
        """The first instant after `at_ns` at which it may no longer be recorded; None: these papers set no end.

        For one that may be recorded at `at_ns`: its node stops then by itself, cut off or not (AUT-2).
        """
        changes = self._changes(camera)
        later = changes[bisect_right(changes, at_ns) :]
        return next((change for change in later if not self.may_record(camera, change).permitted), None)

    def governed_pieces(self, camera: CameraId, span: Span) -> tuple[tuple[Span, Authorisation | None], ...]:
        """`span` cut where another order begins to govern, each piece with its order."""
        changes = self._changes(camera)
        inside = changes[bisect_right(changes, span.from_ns) : bisect_left(changes, span.to_ns)]
        cuts = (span.from_ns, *inside, span.to_ns)
        return tuple(
            (Span(start, end), self.governing(camera, start)) for start, end in zip(cuts, cuts[1:], strict=False)
        )

    def shortest_days(self, doctrine: LocalDoctrine) -> int:
        """The fewest days that an order or the doctrine gives footage: before, nothing expires."""
        return min([doctrine.retention_days_max, *(each.retention_days for each in self.facts.authorisations)])

    def warnings(self, at_ns: Nanoseconds) -> tuple[ExpiryWarning, ...]:
        """Orders in force that end within 180 days, each at the stage it has reached (AUT-2)."""
        today, last_stage = day_in_paris(at_ns), max(WARNING_DAYS)
        due = [
            (each, (each.end_day - today).days)
            for each, span in self._in_order
            if span.holds(at_ns) and (each.end_day - today).days <= last_stage
        ]
        return tuple(
            ExpiryWarning(each.number, each.end_day, left, min(stage for stage in WARNING_DAYS if left <= stage))
            for each, left in due
        )

    # -- why not ------------------------------------------------------------------------------------------------------

    def _covers(self, order: Authorisation, camera: CameraId, place: Placement | None) -> bool:
        if camera in order.cameras:
            return True
        return place is not None and any(
            area.contains(Point(place.x_m, place.y_m)) for area in self._areas[order.number]
        )

    def _why_none(self, known: GovernedCamera, at_ns: Nanoseconds) -> Decision:
        place = known.placement(at_ns)
        named = [each for each, _ in self._newest_first if self._covers(each, known.camera, place)]
        ended = [each for each in named if each.span.to_ns <= at_ns]
        if ended:
            last = max(ended, key=lambda each: each.span.to_ns)
            return refused(
                f"l'arrêté {last.number} a pris fin le {last.end_day}",
                f"order {last.number} ended on {last.end_day}",
                "CSI L252-4",
            )
        if named:
            first = min(named, key=lambda each: each.valid_from)
            return refused(
                f"l'arrêté {first.number} ne vaut qu'à partir du {first.valid_from}",
                f"order {first.number} holds from {first.valid_from} only",
                "CSI L252-1",
            )
        if any(each.perimeters_m for each, span in self._newest_first if span.holds(at_ns)):
            return refused(
                "la caméra est hors de tout périmètre autorisé",
                "the camera is outside every authorised perimeter",
                "CSI R252-3",
            )
        return refused(
            "aucun arrêté préfectoral ne couvre cette caméra", "no prefectural order covers this camera", "CSI L252-1"
        )

    def _agreement(self, known: GovernedCamera, at_ns: Nanoseconds) -> Decision | None:
        if not known.third_party or any(each.span.holds(at_ns) for each in known.agreements):
            return None
        return refused(
            f"aucune convention avec {known.third_party} n'est en cours",
            f"no agreement with {known.third_party} is in force",
            "AUT-6",
        )

    def _place_told(self, known: GovernedCamera, at_ns: Nanoseconds) -> Decision | None:
        place = known.placement(at_ns)
        if place is None:
            return refused("la caméra n'est pas encore posée", "the camera stands nowhere yet", "CSI R252-11")
        since = day_in_paris(place.since_ns)
        for told in self._notified[known.camera]:
            near = hypot(told.x_m - place.x_m, told.y_m - place.y_m) <= PLACE_TOLERANCE_M
            if near and told.dated_on <= since:
                return None
        return refused(
            f"le préfet n'a pas été informé de cet emplacement avant le {since}",
            f"the prefect was not told of this place before {since}",
            "CSI R252-3, R252-11",
        )

    def _commune(self, known: GovernedCamera, at_ns: Nanoseconds) -> Decision | None:
        if self.level(known.commune, at_ns) is not None:
            return None
        return refused(
            f"aucune convention avec {known.commune} n'est en cours",
            f"no agreement with {known.commune} is in force",
            "CSI L132-14 ; COM-1",
        )

    def _changes(self, camera: CameraId) -> tuple[Nanoseconds, ...]:
        """All instants at which an answer about the camera may differ, in order."""
        known = self._cameras.get(camera)
        if known is None:
            return ()
        if camera not in self._changes_known:
            spans = [span for _, span in self._newest_first]
            spans += [stop.span for order, _ in self._newest_first for stop in order.interruptions]
            spans += [each.agreement.span for each in self._services[known.commune]]
            spans += [each.span for each in known.agreements]
            ends = {at for span in spans for at in (span.from_ns, span.to_ns)}
            self._changes_known[camera] = tuple(sorted(ends | {each.since_ns for each in known.placements}))
        return self._changes_known[camera]


_FACTS = TypeAdapter(AuthorisationFacts)


def facts_from(text: str) -> AuthorisationFacts:
    """Facts from JSON, fields as in `AuthorisationFacts`. Raises AuthorisationUnusable: a twelfth purpose, an unknown
    field, an order that lasts six years."""
    try:
        return _FACTS.validate_json(text, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise AuthorisationUnusable(
            Words.same(str(first["msg"])),
            where="/".join(str(part) for part in first["loc"]) or "?",
            what_to_do=Words(
                "Corrigez la saisie ; d'ici là, la caméra n'enregistre pas",
                "Correct the entry; until then the camera does not record",
            ),
        ) from error


def facts_text(facts: AuthorisationFacts) -> str:
    """The JSON that `facts_from` reads: equal facts have equal texts, in every process."""
    told = _FACTS.dump_python(facts, mode="json")
    for order in told["authorisations"]:
        for name in ("purposes", "viewers", "cameras", "recipients"):  # sets, which have no order of their own
            order[name] = sorted(order[name])
    if not told["ticketing"]:  # the text of who uses none of it is the one of before there was any
        del told["ticketing"]
    return json.dumps(told, indent=1, ensure_ascii=False)


def _twice(fr: str, en: str, where: str = "authorisations") -> AuthorisationUnusable:
    return AuthorisationUnusable(
        Words(fr, en),
        where=where,
        what_to_do=Words("Vérifiez la saisie des arrêtés", "Check how the orders were entered"),
    )
