"""The law of analysis on the simulated street, when it is asked for: an invented law, an order of an invented event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from csu.hal.analysis import AnalysisZone, EventType, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from sim.analysis_office import AnalysisOffice, CityOrder, RegimeDays
from sim.street import Post
from sim.street_camera import camera_id, commune_id

HOURS = 6
TYPES = (EventType.RESTRICTED_ZONE, EventType.PERSON_DOWN)
ZONE = AnalysisZone("abords", ((0.02, 0.55), (0.98, 0.55), (0.98, 0.98), (0.02, 0.98)))


class _Opening:
    """When the street opened: all that is stated of it."""

    def __init__(self, at_ns: Nanoseconds) -> None:
        self._at_ns = at_ns

    def now_ns(self) -> Nanoseconds:
        return self._at_ns

    def monotonic_ns(self) -> Nanoseconds:
        return self._at_ns


def street_law(posts: Sequence[Post], at_ns: Nanoseconds, weights: str) -> str:
    """What the centre goes by, as JSON: these cameras, for the next hours. `weights`: sha256 of its network."""
    opening: Clock = _Opening(at_ns)
    today = datetime.fromtimestamp(at_ns // NS_PER_S, UTC).date()
    from_ns = at_ns // NS_PER_MINUTE * NS_PER_MINUTE
    communes = {camera_id(post): commune_id(post.commune) for post in posts}
    orders = [
        CityOrder(
            f"SIM-2026-{number}",
            "Fête de la rue simulée",
            commune,
            tuple(camera for camera, of in communes.items() if of == commune),
            TYPES,
            from_ns,
            from_ns + HOURS * 60 * NS_PER_MINUTE,
        )
        for number, commune in enumerate(dict.fromkeys(communes.values()), start=1)
    ]
    regime = RegimeDays(today - timedelta(days=1), today + timedelta(days=30))
    return AnalysisOffice(communes, orders, regime, opening, at_ns, weights).text()


def street_zones(posts: Sequence[Post]) -> dict[CameraId, tuple[ZoneRule, ...]]:
    """The ground before each of these cameras."""
    return {camera_id(post): tuple(ZoneRule(ZONE, type) for type in TYPES) for post in posts}
