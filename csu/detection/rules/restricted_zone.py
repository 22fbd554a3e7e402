"""A person or a vehicle in a zone where nobody may be: its foot stays in the polygon (décret 2023-828, art. 3, 4o)."""

from __future__ import annotations

from csu.detection.observed import Observed
from csu.detection.parameters import RestrictedZoneParameters
from csu.detection.rules.of_zone import Holding, OfZone, Window
from csu.detection.rules.zone import VEHICLES, ZoneOnPicture
from csu.hal.analysis import EventType, ObjectClass

SEEN_INSIDE_MIN = 2
"""In so many pictures the detector itself saw it there: a course that is only expected tells nothing."""


class RestrictedZone(OfZone):
    """The event is the zone's: it is over when the zone has been empty for `clear_s`, not when another one comes."""

    TYPE = EventType.RESTRICTED_ZONE
    VERSION = 1

    def __init__(self, zone: ZoneOnPicture, parameters: RestrictedZoneParameters) -> None:
        super().__init__(zone, parameters.clear_s)
        self._parameters = parameters
        self._kinds = kinds_watched(parameters.persons, parameters.vehicles)
        self._stays: dict[int, tuple[Window, int]] = {}

    def _holds(self, seen: Observed) -> Holding | None:
        parameters = self._parameters
        inside = {each.track for each in self._zone.tracks_in(seen, self._kinds)}
        stays: dict[int, tuple[Window, int]] = {}
        holding = []
        for each in seen.tracks:
            if each.kind not in self._kinds:
                continue
            window, times_seen = self._stays.get(each.track) or (Window(parameters.dwell_s), 0)
            if each.is_seen or not seen.detected:
                window.add(seen.at_ns, each.track in inside)
                times_seen += each.is_seen and each.track in inside
            stays[each.track] = window, times_seen
            share = window.share
            is_long = share is not None and share >= parameters.inside_share
            if each.track in inside and is_long and times_seen >= SEEN_INSIDE_MIN:
                holding.append((window.since_ns, each, share or 0.0))
        self._stays = stays
        if not holding:
            return None
        return Holding(
            min(since_ns for since_ns, _, _ in holding),
            [each.box for _, each, _ in holding],
            max(share for _, _, share in holding),
        )

    def _forget(self) -> None:
        self._stays.clear()


def kinds_watched(persons: bool, vehicles: bool) -> frozenset[ObjectClass]:
    """What a zone is drawn for."""
    return (frozenset({ObjectClass.PERSON}) if persons else frozenset()) | (VEHICLES if vehicles else frozenset())
