"""The prefect's order without which no picture is analysed: for which event, when, where, on what, with which tool.

Loi n° 2023-380, art. 10; décret n° 2023-828 (VSA-1, VSA-2). An order is recorded, and may be withdrawn; nothing of it
is ever changed. It permits nothing before it is recorded here, whatever its dates say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError
from shapely import Point, Polygon

from csu.governance.authorisations import Ring
from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.errors import AnalysisOrderRefused, AnalysisOrdersBroken, AnalysisOrdersNotKept
from csu.governance.event_ledger import EventKind, EventLedger
from csu.governance.legal_calendar import day_in_paris, in_paris, one_month_after
from csu.governance.spans import Span
from csu.hal.analysis import EventType
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.personal_data import personal_data_in, unfit_for_a_place
from csu.hal.words import Words

CAMERAS_MAX = 512
"""Of one order: as many as one entry of the journal can name."""
REASON_SIGNS_MAX = 200
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,31}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PublicEvent(StrEnum):
    """What the experiment is open to: a closed list of the law. There is no "town centre, all year"."""

    SPORTING = "sporting"
    RECREATIONAL = "recreational"
    CULTURAL = "cultural"


@dataclass(frozen=True, slots=True)
class NamedTool:
    """The tool that an order lets run: these weights, under that attestation, and no others (décret, art. 13-14)."""

    sha256: str
    """Of its weights."""
    version: str
    attestation: str
    """Reference of the Interior ministry's attestation of conformity."""


@dataclass(frozen=True, slots=True)
class AnalysisOrder:
    """One order. Raises AnalysisOrderRefused for what none can say."""

    number: str
    """Letters, digits and `./-`: as the journal writes it."""
    ordered_on: date
    event: str
    """As the order calls it: `Mondial Air Ballons`."""
    event_kind: PublicEvent
    from_ns: Nanoseconds
    """First instant, a whole minute."""
    to_ns: Nanoseconds
    """First instant at which it no longer holds, a whole minute, a month later at most."""
    communes: tuple[CommuneId, ...]
    place: str
    """As the order names it: the event and its surroundings."""
    cameras: tuple[CameraId, ...]
    types: tuple[EventType, ...]
    tool: NamedTool
    ring_m: Ring = ()
    """Bounds of the place in the site's metres; none: only the named cameras bound it."""

    def __post_init__(self) -> None:
        for name, wrong, fr, en in self._faults():
            if wrong:
                raise _refused(f"{self.number or '?'}/{name}", Words(fr, en))

    @property
    def span(self) -> Span:
        return Span(self.from_ns, self.to_ns)

    def reaches(self, place_m: tuple[float, float] | None) -> bool:
        """Whether a camera that stands there is within its bounds. None: nobody knows where it stands."""
        return not self.ring_m or (place_m is not None and Polygon(self.ring_m).covers(Point(place_m)))

    def _faults(self) -> Iterator[tuple[str, bool, str, str]]:
        number, event, tool = self.number, self.event, self.tool
        bad_number = not _NUMBER.fullmatch(number) or bool(personal_data_in(number))
        yield "number", bad_number, "un numéro d'arrêté : lettres, chiffres, ./-", "a number: letters, digits, ./-"
        bad_event = not event.strip() or bool(unfit_for_a_place(event))
        yield "event", bad_event, "l'événement n'est pas nommé", "the event is not named"
        bad_place = not self.place.strip() or bool(unfit_for_a_place(self.place))
        yield "place", bad_place, "le lieu n'est pas nommé", "the place is not named"
        yield "communes", not _each_once(self.communes), "aucune commune, ou deux fois", "no commune, or one twice"
        yield "to_ns", self.to_ns <= self.from_ns, "il finit avant de commencer", "it ends before it begins"
        too_long = self.to_ns > one_month_after(self.from_ns)
        yield "to_ns", too_long, "il dure plus d'un mois", "it lasts more than a month"
        ragged = bool(self.from_ns % NS_PER_MINUTE or self.to_ns % NS_PER_MINUTE)
        yield "from_ns", ragged, "il commence et finit à une minute", "it begins and ends at a minute"
        unsigned = self.ordered_on > day_in_paris(self.from_ns)
        yield "ordered_on", unsigned, "il vaut avant d'être signé", "it holds before it is signed"
        few = _each_once(self.cameras) and len(self.cameras) <= CAMERAS_MAX
        yield (
            "cameras",
            not few,
            f"de 1 à {CAMERAS_MAX} caméras, chacune une fois",
            f"1 to {CAMERAS_MAX} cameras, each once",
        )
        yield "types", not _each_once(self.types), "aucun type d'événement, ou deux fois", "no event type, or one twice"
        yield "ring_m", not _is_area(self.ring_m), "le périmètre n'est pas un polygone", "the bounds are no polygon"
        yield "tool", not _SHA256.fullmatch(tool.sha256), "les poids ne sont pas désignés", "no weights are named"
        unattested = not tool.attestation.strip() or not tool.version.strip()
        yield "tool", unattested, "il ne cite aucune attestation de conformité", "it names no attestation of conformity"


@dataclass(frozen=True, slots=True)
class AnalysisOrderRecorded:
    """An order was typed in; it holds from then on, within its dates."""

    order: AnalysisOrder
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class AnalysisOrderWithdrawn:
    """The prefect took it back, or it should not have been recorded: it holds no more, and never again."""

    number: str
    reason: str
    by: str
    at_ns: Nanoseconds


AnalysisOrderEvent: TypeAlias = AnalysisOrderRecorded | AnalysisOrderWithdrawn


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """An order as it stands in the register."""

    order: AnalysisOrder
    recorded_ns: Nanoseconds
    recorded_by: str
    withdrawn_ns: Nanoseconds | None = None
    why_withdrawn: str = ""

    @property
    def begins_ns(self) -> Nanoseconds:
        """From when it permits anything."""
        return max(self.order.from_ns, self.recorded_ns)

    @property
    def ends_ns(self) -> Nanoseconds:
        """The first instant at which it permits nothing any more; not after `begins_ns`: it never did."""
        return self.order.to_ns if self.withdrawn_ns is None else min(self.order.to_ns, self.withdrawn_ns)

    def holds(self, at_ns: Nanoseconds) -> bool:
        return self.begins_ns <= at_ns < self.ends_ns


@dataclass(frozen=True, slots=True)
class AnalysisOrders:
    """All orders that were ever recorded, by number. Folded from the events of the register."""

    standing: Mapping[str, StandingOrder] = field(default_factory=dict)
    _naming: dict[CameraId, tuple[StandingOrder, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        naming: dict[CameraId, list[StandingOrder]] = {}
        for _, each in sorted(self.standing.items()):
            for camera in each.order.cameras:
                naming.setdefault(camera, []).append(each)
        object.__setattr__(self, "_naming", {camera: tuple(named) for camera, named in naming.items()})

    def with_event(self, event: AnalysisOrderEvent) -> AnalysisOrders:
        """And one more. Raises AnalysisOrderRefused: nobody answers for it, a number twice, an order that is over."""
        if not event.by.strip():
            raise _refused("by", Words("il manque qui le déclare", "who declares it is missing"))
        if isinstance(event, AnalysisOrderWithdrawn):
            return self._without(event)
        order = event.order
        if order.number in self.standing:
            raise _refused(order.number, Words("ce numéro a déjà servi", "this number was used before"))
        if order.ordered_on > day_in_paris(event.at_ns):
            raise _refused(order.number, Words("il n'est pas encore signé", "it is not signed yet"))
        if order.to_ns <= event.at_ns:
            ended = in_paris(order.to_ns)
            raise _refused(order.number, Words(f"il a pris fin ({ended})", f"it is over ({ended})"))
        return AnalysisOrders({**self.standing, order.number: StandingOrder(order, event.at_ns, event.by)})

    def naming(self, camera: CameraId) -> tuple[StandingOrder, ...]:
        """The orders that name a camera, in force or not, by number."""
        return self._naming.get(camera, ())

    def _without(self, event: AnalysisOrderWithdrawn) -> AnalysisOrders:
        known = self.standing.get(event.number)
        if known is None or known.withdrawn_ns is not None:
            raise _refused(
                event.number, Words("cet arrêté n'existe pas, ou plus", "there is no such order, or no more")
            )
        if not 3 <= len(event.reason.strip()) <= REASON_SIGNS_MAX or personal_data_in(event.reason):
            raise _refused(event.number, Words("pourquoi est-il retiré ?", "why is it withdrawn?"))
        gone = StandingOrder(known.order, known.recorded_ns, known.recorded_by, event.at_ns, event.reason)
        return AnalysisOrders({**self.standing, event.number: gone})


FORM = ChainForm("analysis_order_event", first_link=sha256_hex("csu orders for analysis, 1"), sealed=True)
_ORDER = TypeAdapter(AnalysisOrder)


class AnalysisOrderLedger(EventLedger[AnalysisOrders, AnalysisOrderEvent]):
    """The orders for analysis of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises AnalysisOrdersBroken, AnalysisOrdersNotKept."""
        super().__init__(path, key, _KIND)


def order_from(text: str) -> AnalysisOrder:
    """An order from JSON, fields as in `AnalysisOrder`. Raises AnalysisOrderRefused: a ninth type, an unknown field."""
    try:
        return _ORDER.validate_json(text, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"]) or "?"
        raise _refused(where, Words.same(str(first["msg"]))) from error


def order_text(order: AnalysisOrder) -> str:
    """The JSON that `order_from` reads."""
    return _ORDER.dump_json(order).decode()


def _each_once(names: Iterable[object]) -> bool:
    """At least one, and none of them twice or empty."""
    told = [str(name) for name in names]
    return bool(told) and all(told) and len(set(told)) == len(told)


def _is_area(ring: Ring) -> bool:
    if not ring:
        return True
    if len(ring) < 3 or not all(isfinite(number) for corner in ring for number in corner):
        return False
    area = Polygon(ring)
    return bool(area.is_valid and area.area > 0)


def _refused(where: str, what: Words) -> AnalysisOrderRefused:
    return AnalysisOrderRefused(
        what,
        where=f"analysis_orders/{where}",
        what_to_do=Words(
            "Corrigez la saisie d'après l'arrêté ; rien n'est analysé d'ici là",
            "Correct the entry by the order; until then nothing is analysed",
        ),
    )


def _broken(where: str) -> AnalysisOrdersBroken:
    return AnalysisOrdersBroken(
        Words("le registre des arrêtés d'analyse a été modifié hors de csu", "the orders were changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié ; d'ici là toute analyse est éteinte",
            "Restore the file from a backup and find out who changed it; until then all analysis is off",
        ),
    )


def _not_kept(where: str, error: Exception) -> AnalysisOrdersNotKept:
    why = type(error).__name__
    return AnalysisOrdersNotKept(
        Words(f"les arrêtés d'analyse ne peuvent être lus ou écrits ({why})", f"the orders cannot be kept ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND: EventKind[AnalysisOrders, AnalysisOrderEvent] = EventKind(
    FORM,
    (AnalysisOrderRecorded, AnalysisOrderWithdrawn),
    AnalysisOrders(),
    ChainTroubles(_broken, _not_kept),
)
