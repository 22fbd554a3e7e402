"""The papers of a simulated world: one order a commune, its cameras told of to the prefect, its agreement. As JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds

VIEWERS = ("csu-demonstration", "police-municipale")
"""The services that simulated orders let view; the first is that of who sits at a demonstration."""
PURPOSES = ("persons_property", "road_offences", "traffic_flow", "waste_dumping")
_SINCE_DAYS = 30
"""Simulated orders hold since so many days."""


@dataclass(frozen=True, slots=True)
class PaperCamera:
    """A camera as its papers know it, in the metres of the site."""

    camera: CameraId
    commune: CommuneId
    x_m: float = 0.0
    y_m: float = 0.0
    third_party: str = ""
    """Whose feed it is."""
    third_party_until: date | None = None
    """First day its agreement with them no longer holds; None: as long as its commune's."""
    tickets: bool = False
    """Its order designates it for video enforcement too."""
    moves: tuple[tuple[Nanoseconds, float, float], ...] = ()
    """Since when it stands elsewhere (x_m, y_m), of which no prefect was told."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """A prefect stops the order of a commune; `to_ns` None: until he says otherwise."""

    commune: CommuneId
    from_ns: Nanoseconds
    to_ns: Nanoseconds | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class PaperTerms:
    """What is special about a commune; the rest has the terms of everybody."""

    retention_days: int = 30
    minimum_days: int = 0
    watched: bool = True
    """False: its agreement is for storage only (COM-2)."""
    from_day: date | None = None
    """First day of its order and agreement; None: a month ago."""
    ends_on: date | None = None
    """First day its order no longer holds; None: in a year."""
    leaves_on: date | None = None
    """First day its agreement no longer holds; None: in a year."""


@dataclass(frozen=True, slots=True)
class PapersOf:
    """All that the papers are made of."""

    cameras: Sequence[PaperCamera]
    at_ns: Nanoseconds
    """An instant at which they hold."""
    terms: Mapping[CommuneId, PaperTerms] = field(default_factory=dict)
    suspensions: Sequence[Suspension] = ()
    viewers: Sequence[str] = VIEWERS
    recipients: Sequence[str] = ()
    """Outside services that every order lets view (L252-3)."""


def papers_text(of: PapersOf) -> str:
    """The JSON that a centre takes its orders from (`csu.hal.site.Site.papers`)."""
    today = datetime.fromtimestamp(of.at_ns // NS_PER_S, UTC).date()
    communes = dict.fromkeys(each.commune for each in of.cameras)
    told = {
        "authorisations": [_order(of, commune, today) for commune in communes],
        "cameras": [_camera(of, each, today) for each in of.cameras],
        "notifications": [_notification(of, each, today) for each in of.cameras],
        "services": [_service(of, commune, today) for commune in communes],
    }
    ticketing = [_ticketing(of, each, today) for each in of.cameras if each.tickets]
    return json.dumps(told | {"ticketing": ticketing} if ticketing else told)


def _terms(of: PapersOf, commune: CommuneId) -> PaperTerms:
    return of.terms.get(commune, PaperTerms())


def _since(of: PapersOf, commune: CommuneId, today: date) -> date:
    return _terms(of, commune).from_day or today - timedelta(days=_SINCE_DAYS)


def _order(of: PapersOf, commune: CommuneId, today: date) -> dict[str, Any]:
    terms, since = _terms(of, commune), _since(of, commune, today)
    ends_on = terms.ends_on or today + timedelta(days=365)
    return {
        "number": f"sim-{commune}",
        "ordered_on": since.isoformat(),
        "valid_from": since.isoformat(),
        "ends_on": ends_on.isoformat(),
        "purposes": list(PURPOSES),
        "retention_days": terms.retention_days,
        "minimum_days": terms.minimum_days,
        "viewers": list(of.viewers),
        "commission_opinion": f"sim-avis-{commune}",
        "cameras": [each.camera for each in of.cameras if each.commune == commune],
        "recipients": list(of.recipients),
        "interruptions": [_interruption(each) for each in of.suspensions if each.commune == commune],
    }


def _interruption(stop: Suspension) -> dict[str, Any]:
    return {
        "kind": "withdrawn" if stop.withdrawn else "suspended",
        "from_ns": stop.from_ns,
        "reference": f"sim-decision-{stop.commune}",
        "to_ns": stop.to_ns,
    }


def _camera(of: PapersOf, camera: PaperCamera, today: date) -> dict[str, Any]:
    since_ns = (_since(of, camera.commune, today) - date(1970, 1, 1)).days * NS_PER_DAY
    told: dict[str, Any] = {
        "camera": camera.camera,
        "commune": camera.commune,
        "placements": [
            {"since_ns": at_ns, "x_m": x_m, "y_m": y_m}
            for at_ns, x_m, y_m in ((since_ns, camera.x_m, camera.y_m), *camera.moves)
        ],
    }
    if camera.third_party:
        agreement = _service(of, camera.commune, today)["agreement"]
        if camera.third_party_until is not None:
            agreement |= {"ends_on": camera.third_party_until.isoformat()}
        told |= {"third_party": camera.third_party, "agreements": [agreement]}
    return told


def _notification(of: PapersOf, camera: PaperCamera, today: date) -> dict[str, Any]:
    return {
        "camera": camera.camera,
        "dated_on": (_since(of, camera.commune, today) - timedelta(days=1)).isoformat(),
        "x_m": camera.x_m,
        "y_m": camera.y_m,
        "reference": f"sim-information-{camera.camera}",
    }


def _ticketing(of: PapersOf, camera: PaperCamera, today: date) -> dict[str, Any]:
    since = _since(of, camera.commune, today)
    dates = {"from_day": since.isoformat(), "ends_on": (today + timedelta(days=365)).isoformat()}
    return {
        "camera": camera.camera,
        "order": f"sim-{camera.commune}",
        "council_resolution": f"sim-deliberation-{camera.commune}",
        "signs": [f"sim-panneau-{camera.camera}"],
        "antai": {"reference": f"sim-antai-{camera.commune}", **dates},
        "room": "sim-salle-pve",
        **dates,
    }


def _service(of: PapersOf, commune: CommuneId, today: date) -> dict[str, Any]:
    terms = _terms(of, commune)
    return {
        "commune": commune,
        "level": "storage_and_watch" if terms.watched else "storage_only",
        "agreement": {
            "reference": f"sim-convention-{commune}",
            "from_day": _since(of, commune, today).isoformat(),
            "ends_on": (terms.leaves_on or today + timedelta(days=365)).isoformat(),
        },
    }
