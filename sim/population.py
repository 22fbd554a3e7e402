"""The people outside: traffic and footfall by the hour, bins that are filled, demonstrations along a route, incidents.

Models in closed form, drawn by hour and place: small enough for a whole city at level L0, where nobody sees them. They
are the ground truth that detection is later judged by; what they do to cameras and panels now is told by words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, Nanoseconds
from csu.notation.quantities import DurationRange, Rate
from sim.draws import arrivals, duration_within
from sim.intervals import Interval

HOUR_NS = 60 * NS_PER_MINUTE
FOOTFALL = (2, 1, 1, 1, 2, 6, 20, 55, 70, 60, 65, 75, 95, 90, 75, 75, 85, 100, 95, 70, 45, 30, 18, 8)
"""Of the busiest hour, per cent, hour by hour on a weekday (UTC). Ours [D]: two rushes and lunch."""
TRAFFIC = (6, 4, 3, 3, 6, 20, 55, 95, 100, 70, 62, 65, 72, 70, 66, 72, 88, 100, 92, 60, 40, 28, 18, 10)
SUNDAY_SHARE = 0.45
BUSIEST_PEOPLE_PER_MINUTE = 24.0
BUSIEST_CARS_PER_MINUTE = 18.0
BINS_PER_CAMERA_DAY = 3.0
INCIDENTS_PER_CAMERA_DAY = 0.02


class IncidentKind(StrEnum):
    """What may happen in a street, in the words in which a room tells it."""

    DUMPING = "dumping"
    """Somebody leaves bags or a mattress beside a bin."""
    FIGHT = "fight"
    FALL = "fall"
    DAMAGE = "damage"
    OBSTRUCTION = "obstruction"


_KINDS = (IncidentKind.DUMPING,) * 6 + (IncidentKind.OBSTRUCTION,) * 3 + tuple(IncidentKind)[1:4]
_LASTS = DurationRange(NS_PER_MINUTE // 2, 20 * NS_PER_MINUTE)


@dataclass(frozen=True, slots=True)
class Incident:
    """[start_ns, end_ns) something happens in front of a camera."""

    camera: CameraId
    kind: IncidentKind
    start_ns: Nanoseconds
    end_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class March:
    """A demonstration goes along a route, camera after camera, at walking pace."""

    route: tuple[CameraId, ...]
    start_ns: Nanoseconds
    lasts_ns: Nanoseconds
    people: int

    @property
    def end_ns(self) -> Nanoseconds:
        return self.start_ns + self.lasts_ns

    def passes(self, camera: CameraId) -> Interval | None:
        """When it goes by: its head arrives, its tail has left. None: it is not on the route."""
        if camera not in self.route:
            return None
        step_ns = self.lasts_ns // (len(self.route) + 1)
        arrives_ns = self.start_ns + self.route.index(camera) * step_ns
        return arrives_ns, arrives_ns + 2 * step_ns

    def perimeter(self, at_ns: Nanoseconds) -> frozenset[CameraId]:
        """The cameras that it goes by at that instant."""
        return frozenset(c for c in self.route if (span := self.passes(c)) is not None and span[0] <= at_ns < span[1])

    def people_per_minute(self, camera: CameraId, at_ns: Nanoseconds) -> float:
        """How many of it go by a camera, each once over the whole march."""
        span = self.passes(camera)
        if span is None or not span[0] <= at_ns < span[1]:
            return 0.0
        return self.people / ((span[1] - span[0]) / NS_PER_MINUTE)


class Population:
    """Who is about in front of each camera, at any instant, the same whenever it is asked."""

    def __init__(self, cameras: Sequence[CameraId], chance: Chance, marches: Sequence[March] = ()) -> None:
        self._busy = {camera: chance.stream(f"busy/{camera}").uniform(0.1, 1.0) for camera in cameras}
        self._chance = chance
        self._marches = tuple(marches)

    def march(self, march: March) -> None:
        """A demonstration is announced."""
        self._marches = (*self._marches, march)

    def people_per_minute(self, camera: CameraId, at_ns: Nanoseconds) -> float:
        """Footfall: by the hour and the day, and what a march brings or takes away.

        Passers-by keep away from where a march goes by, and come back behind it.
        """
        usual = self._busy[camera] * BUSIEST_PEOPLE_PER_MINUTE * share_of_hour(FOOTFALL, at_ns)
        marching = sum(march.people_per_minute(camera, at_ns) for march in self._marches)
        return marching + (usual * 0.2 if marching else usual)

    def cars_per_minute(self, camera: CameraId, at_ns: Nanoseconds) -> float:
        """Traffic: none where a march goes by."""
        if any(camera in march.perimeter(at_ns) for march in self._marches):
            return 0.0
        return self._busy[camera] * BUSIEST_CARS_PER_MINUTE * share_of_hour(TRAFFIC, at_ns)

    def bin_deposits(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Iterator[Nanoseconds]:
        """When somebody uses the bin in front of a camera: by day and by footfall, day after day."""
        for day_ns in range(from_ns // NS_PER_DAY * NS_PER_DAY, to_ns, NS_PER_DAY):
            stream = self._chance.stream(f"bin/{camera}/{day_ns // NS_PER_DAY}")
            for after_ns in arrivals(_a_day(BINS_PER_CAMERA_DAY * 2), NS_PER_DAY, stream):
                at_ns, is_used = day_ns + after_ns, stream.uniform(0, 1)
                if is_used < share_of_hour(FOOTFALL, at_ns) and from_ns <= at_ns < to_ns:
                    yield at_ns

    def incidents(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Iterator[Incident]:
        """What happens in front of a camera, by start of its day and then by chance."""
        for day_ns in range(from_ns // NS_PER_DAY * NS_PER_DAY, to_ns, NS_PER_DAY):
            stream = self._chance.stream(f"incidents/{camera}/{day_ns // NS_PER_DAY}")
            for after_ns in arrivals(_a_day(INCIDENTS_PER_CAMERA_DAY), NS_PER_DAY, stream):
                kind = _KINDS[stream.integer(0, len(_KINDS) - 1)]
                start_ns = day_ns + after_ns
                end_ns = start_ns + duration_within(_LASTS, stream)
                if from_ns <= start_ns < to_ns:
                    yield Incident(camera, kind, start_ns, end_ns)


def share_of_hour(shares: Sequence[int], at_ns: Nanoseconds) -> float:
    """Of the busiest hour of a weekday, in [0, 1]: between two hours it changes evenly."""
    day, of_day_ns = divmod(at_ns, NS_PER_DAY)
    hour, of_hour_ns = divmod(of_day_ns, HOUR_NS)
    before, after = shares[hour], shares[(hour + 1) % 24]
    share = (before + (after - before) * of_hour_ns / HOUR_NS) / 100
    is_sunday = (day + 3) % 7 == 6  # 1 January 1970 was a Thursday
    return share * SUNDAY_SHARE if is_sunday else share


def _a_day(count: float) -> Rate:
    return Rate(count / (NS_PER_DAY / 1e9))
