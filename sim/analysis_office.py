"""The law of analysis in the simulated city: the regime, the orders of its events, an attested model, what was drawn.

It states what the centre goes by, and keeps apart, from the scenario alone, when each camera may be looked at: what the
centre makes of its orders is judged against that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from csu.centre import CameraDrawing
from csu.centre.rooms.analysis_plan import CameraToAnalyse
from csu.centre.rooms.analysis_room import AnalysisRoom
from csu.hal.analysis import AnalysisZone, EventType, ZoneRule
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from sim.intervals import Interval, difference, union
from sim.orders import start_of_day_ns

TESTED = tuple(each for each in EventType if each is not EventType.WEAPON)
"""What the simulated model was tested for: no attested weights for weapons exist."""
WEIGHTS, _VERSION, _ATTESTATION = "5e" * 32, "1.0", "SIM-ATT-1"
_CORNERS = ((0.1, 0.2), (0.9, 0.2), (0.9, 0.9), (0.1, 0.9))
_FOR_EVER_NS: Nanoseconds = 2**62
_LANE = ((0.2, 0.5), (0.8, 0.5))


@dataclass(frozen=True, slots=True)
class CityOrder:
    """A prefect's order of an event: its cameras may be looked at in [from_ns, to_ns), for these types."""

    number: str
    event: str
    commune: CommuneId
    cameras: tuple[CameraId, ...]
    types: tuple[EventType, ...]
    from_ns: Nanoseconds
    to_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class RegimeDays:
    """The law that allows analysis, first and last day, both included."""

    first: date
    last: date


class AnalysisOffice:
    """Prefecture, registers and drawings. Give `state` the centre's `AnalysisLaw.state`."""

    def __init__(
        self,
        cameras: Mapping[CameraId, CommuneId],
        orders: Sequence[CityOrder],
        regime: RegimeDays | None,
        clock: Clock,
        begins_ns: Nanoseconds,
        weights: str = WEIGHTS,
    ) -> None:
        """`weights`: sha256 of those that the orders name."""
        self._weights = weights
        self._orders, self._regime, self._clock, self._begins_ns = tuple(orders), regime, clock, begins_ns
        self._withdrawn_ns: dict[str, Nanoseconds] = {}
        self._stops: list[tuple[Nanoseconds, Nanoseconds | None]] = []
        self.state: Callable[[str], None] = lambda text: None
        self.room: AnalysisRoom | None = None
        """Of the centre that lives now."""
        self.cameras = [CameraToAnalyse(camera, commune, None) for camera, commune in cameras.items()]
        self.drawings = {camera: _drawing(camera, begins_ns) for camera in cameras}

    @property
    def reached(self) -> AnalysisRoom:
        """The room, for who acts in it. Raises LookupError when the scenario has no analysis."""
        if self.room is None:
            raise LookupError("no analysis in this run: the scenario needs `analysis:`")
        return self.room

    def text(self) -> str:
        """What the centre goes by now, as JSON."""
        signed = datetime.fromtimestamp(self._begins_ns // NS_PER_S, UTC).date() - timedelta(days=1)
        orders = {
            each.number: {
                "order": _order(each, signed, self._weights),
                "recorded_ns": self._begins_ns,
                "recorded_by": "csu-manager",
                "withdrawn_ns": self._withdrawn_ns.get(each.number),
                "why_withdrawn": "retire par le prefet" if each.number in self._withdrawn_ns else "",
            }
            for each in self._orders
        }
        return json.dumps(
            {
                "regime": {"regime": None if self._regime is None else _regime(self._regime)},
                "orders": {"standing": orders},
                "models": {"known": {self._weights: _model(signed, self._weights)}, "withdrawn": []},
            }
        )

    def lawful(self, camera: CameraId) -> tuple[Interval, ...]:
        """When a camera may be looked at, by the scenario: an order, a law, no switch thrown, no order withdrawn."""
        spans = [
            (each.from_ns, min(each.to_ns, self._withdrawn_ns.get(each.number, each.to_ns)))
            for each in self._orders
            if camera in each.cameras
        ]
        if self._regime is None:
            return ()
        first_ns = start_of_day_ns(self._regime.first)
        last_ns = start_of_day_ns(self._regime.last + timedelta(days=1))
        stops = [(from_ns, _FOR_EVER_NS if to_ns is None else to_ns) for from_ns, to_ns in self._stops]
        return difference(union(spans), [(-_FOR_EVER_NS, first_ns), (last_ns, _FOR_EVER_NS), *stops])

    def ends_ns(self, event: str) -> Nanoseconds | None:
        """When an event's order ends, or the law before it; None: no law, or it was withdrawn."""
        order = next(each for each in self._orders if each.event == event)
        if self._regime is None or order.number in self._withdrawn_ns:
            return None
        return min(order.to_ns, start_of_day_ns(self._regime.last + timedelta(days=1)))

    def is_ordered(self, camera: CameraId, order: str, type: EventType) -> bool:
        """Whether that order is about that camera and type."""
        return any(each.number == order and camera in each.cameras and type in each.types for each in self._orders)

    # -- what happens -------------------------------------------------------------------------------------------------

    def withdraw(self, commune: CommuneId) -> None:
        """The prefect takes back what he ordered for a commune."""
        for each in self._orders:
            if each.commune == commune:
                self._withdrawn_ns.setdefault(each.number, self._clock.now_ns())
        self.state(self.text())

    def thrown(self) -> None:
        """Somebody threw the kill switch."""
        self._stops.append((self._clock.now_ns(), None))

    def put_back(self) -> None:
        """It was put back."""
        from_ns, _ = self._stops.pop()
        self._stops.append((from_ns, self._clock.now_ns()))


def _drawing(camera: CameraId, at_ns: Nanoseconds) -> CameraDrawing:
    zone = AnalysisZone("zone", _CORNERS, _LANE)
    return CameraDrawing(camera, "chef de salle", at_ns, tuple(ZoneRule(zone, each) for each in TESTED))


def _order(order: CityOrder, signed: date, weights: str) -> dict[str, Any]:
    return {
        "number": order.number,
        "ordered_on": signed.isoformat(),
        "event": order.event,
        "event_kind": "recreational",
        "from_ns": order.from_ns,
        "to_ns": order.to_ns,
        "communes": [order.commune],
        "place": f"abords de {order.event}",
        "cameras": list(order.cameras),
        "types": [each.value for each in order.types],
        "tool": {"sha256": weights, "version": _VERSION, "attestation": _ATTESTATION},
    }


def _regime(regime: RegimeDays) -> dict[str, str]:
    return {
        "law": "loi simulée, art. 10",
        "official_journal": "JORF n° 0116 du 20 mai 2023, texte n° 1",
        "valid_from": regime.first.isoformat(),
        "valid_until": regime.last.isoformat(),
    }


def _model(attested: date, weights: str) -> dict[str, Any]:
    figures = {"events": 100, "precision": 0.9, "recall": 0.9, "false_per_camera_hour": 0.5, "delay_s": 2.0}
    return {
        "sha256": weights,
        "name": "simulé",
        "version": _VERSION,
        "parameters": [],
        "results": [{"type": each.value, **figures, "dataset": "simulé"} for each in TESTED],
        "attestation": _ATTESTATION,
        "attested_by": "ministère simulé",
        "attested_on": attested.isoformat(),
    }
