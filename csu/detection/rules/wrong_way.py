"""A person or a vehicle that goes against the common direction of a lane (décret 2023-828, art. 3, 3o)."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians

from csu.detection.observed import Observed, Tracked
from csu.detection.parameters import WrongWayParameters
from csu.detection.rules.of_zone import Holding, OfZone
from csu.detection.rules.restricted_zone import kinds_watched
from csu.detection.rules.zone import ZoneOnPicture
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.clock import NS_PER_S, Nanoseconds

FORGIVEN_NS = NS_PER_S // 2
"""One poor velocity or a missed picture does not end a course against the lane."""


@dataclass(slots=True)
class _Course:
    since_ns: Nanoseconds
    last_ns: Nanoseconds
    from_m: tuple[float, float]
    is_missed: bool = False
    """The detector looked and did not find it since."""
    held: bool = False
    """It was seen to go that far: until it is lost the event goes on."""


class WrongWay(OfZone):
    """The event is the lane's: a second one behind the first is the same event, until the lane was clear."""

    TYPE = EventType.WRONG_WAY
    VERSION = 2

    def __init__(self, zone: ZoneOnPicture, parameters: WrongWayParameters, lane_m: tuple[float, float]) -> None:
        """`lane_m`: the common direction on the ground, of length 1."""
        super().__init__(zone, parameters.clear_s)
        self._parameters = parameters
        self._lane = lane_m
        self._kinds = kinds_watched(parameters.persons, parameters.vehicles)
        self._courses: dict[int, _Course] = {}

    def _holds(self, seen: Observed) -> Holding | None:
        duration_ns = self._parameters.duration_s * NS_PER_S
        holding: list[tuple[_Course, Tracked, float]] = []
        for each in self._zone.tracks_in(seen, self._kinds):
            course = self._courses.get(each.track)
            if not each.is_seen:  # where it is only expected begins nothing: a course goes on into any lane
                if course is not None and (course.held or not course.is_missed):
                    course.last_ns = seen.at_ns
                    holding += [(course, each, 1.0)] * course.held
                continue
            if each.foot_m is None or not self._is_against(each):
                continue
            course = self._courses.setdefault(each.track, _Course(seen.at_ns, seen.at_ns, each.foot_m))
            course.last_ns, course.is_missed = seen.at_ns, False
            way = self._along(each.foot_m[0] - course.from_m[0], each.foot_m[1] - course.from_m[1])
            needed = self._of(each, self._parameters.person_distance_m, self._parameters.vehicle_distance_m)
            if seen.at_ns - course.since_ns >= duration_ns and way >= needed:
                course.held = True
                holding.append((course, each, way / needed))
        for course in self._courses.values():
            course.is_missed |= seen.detected and course.last_ns < seen.at_ns
        self._courses = {
            track: course for track, course in self._courses.items() if seen.at_ns - course.last_ns <= FORGIVEN_NS
        }
        if not holding:
            return None
        farthest = max(share for _, _, share in holding)
        return Holding(
            min(course.since_ns for course, _, _ in holding),
            [each.box for _, each, _ in holding],
            1 - 0.5 / farthest,
        )

    def _is_against(self, track: Tracked) -> bool:
        if track.velocity_m_s is None:
            return False
        against, speed = self._along(*track.velocity_m_s), hypot(*track.velocity_m_s)
        least = self._of(track, self._parameters.person_speed_m_s, self._parameters.vehicle_speed_m_s)
        return against >= least and against >= speed * cos(radians(self._parameters.angle_deg))

    def _along(self, x: float, y: float) -> float:
        """How much of (x, y) goes against the lane."""
        return -(x * self._lane[0] + y * self._lane[1])

    @staticmethod
    def _of(track: Tracked, person: float, vehicle: float) -> float:
        return person if track.kind is ObjectClass.PERSON else vehicle

    def _forget(self) -> None:
        self._courses.clear()
