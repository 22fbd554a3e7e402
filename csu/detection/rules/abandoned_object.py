"""A thing was put down and whoever put it down has gone (décret 2023-828, art. 3, 1o).

In the field 62 % of such signals were false: people of the street, street furniture, reflections (SNCF, committee's
report of January 2025). So what may be a person, a vehicle or a part of either is not told, and what was taken away
is not either; a thing that this hides is missed, and a person looks anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot

import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Boxes, Ground, Observed, Tracked
from csu.detection.parameters import AbandonedObjectParameters
from csu.detection.rules.of_zone import Holding, OfZone
from csu.detection.rules.usual_view import UsualView, covered
from csu.detection.rules.zone import (
    VEHICLES,
    Box,
    ZoneOnPicture,
    box_of,
    boxes_of,
    covered_by,
    feet_px,
    hidden_at,
    inside_of,
    middles_px,
    overlaps,
)
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.clock import NS_PER_S, Nanoseconds

SAME = 0.3
"""Overlap of two boxes from which they are the same thing."""
SAME_THING = 0.5
"""From which a still blob is the thing that was there: who put it down and stood over it was a larger one."""
GAP_NS = 3 * NS_PER_S
"""So long a thing may be missed by the gate."""
BEHIND_NS = 60 * NS_PER_S
"""So long it may be hidden by what moves before it, or be known by its look alone between two words of the gate."""
OVER_NS = 3 * NS_PER_S // 2
THINGS_MAX = 32
REFUSED_NS = 600 * NS_PER_S
"""Where something stood that is no thing, its parts are none either, for so long after it was last seen."""
PERSON_M = 1.2
"""Of a person's size: told only when somebody was seen to leave it."""
UPRIGHT_SHAPE = 1.5
"""So many times as high as wide, and of a person's size: as somebody who stands. Never told."""
LYING_WIDTH_M, LYING_SHAPE = 1.2, 1.8
"""So wide, and so many times as wide as high: as somebody who lies."""
STANDING_HEIGHT_M, STANDING_WIDTH_M = 1.0, 1.1
"""A still blob at least so high and at most so wide may be somebody who stands still, whom no detector looks at."""
STIRS_MAX = 3
"""In so many different seconds it stirred by itself: a thing does not."""
RESTLESS = 0.5
STIRS_AFTER_NS = 2 * NS_PER_S
SETTLED_M, SUCCESSOR_M, SUCCESSOR_NS = 1.2, 4.0, 4 * NS_PER_S
"""Who was lost so near is still there, unless somebody is found within that distance and time: himself, gone on."""
FOUND_NS = 10 * NS_PER_S
FOLLOWED = 0.15
"""Overlap of what moves with where it was in the picture before, from which it is the same."""
BLOBS_MAX = 48
GRAIN = 2.0
"""Cells of the gate by which its boxes may be too large on each side."""
PARKED_M_S = 0.5


@dataclass(slots=True)
class _Thing:
    box: Box
    foot_m: tuple[float, float]
    size_m: float
    since_ns: Nanoseconds
    gate_ns: Nanoseconds
    """When the gate last said it."""
    near_ns: Nanoseconds
    """When somebody was last within the owner's distance."""
    over_ns: Nanoseconds = 0
    near: set[int] = field(default_factory=set)
    was_left: bool = False
    pictures: int = 0
    stirring: int = 0
    stirs: set[int] = field(default_factory=set)
    """The seconds in which it stirred."""
    is_refused: bool = False
    born_unlike: float | None = None
    is_added: bool | None = None


@dataclass(slots=True)
class _Sight:
    """Where and when somebody was seen last, and where what moved from there is now."""

    foot_m: tuple[float, float]
    at_ns: Nanoseconds
    moved_to: Box
    has_gone: bool = False


class AbandonedObject(OfZone):
    """Needs metres: sizes, and how far the owner is."""

    TYPE = EventType.ABANDONED_OBJECT
    VERSION = 2

    def __init__(self, zone: ZoneOnPicture, parameters: AbandonedObjectParameters, ground: Ground) -> None:
        super().__init__(zone, parameters.clear_s)
        self._parameters = parameters
        self._ground = ground
        self._view = UsualView(zone.corners_px)
        self._forget()

    def _forget(self) -> None:
        self._things: list[_Thing] = []
        self._refused: list[tuple[Box, Nanoseconds]] = []
        self._people: dict[int, _Sight] = {}
        self._lost: list[_Sight] = []
        self._found: list[_Sight] = []
        """Who appeared of late: a tracker tells that it lost somebody seconds after it found him again."""
        self._standing: list[tuple[Box, tuple[float, float]]] = []
        """Who may stand still there: still blobs of a person's shape, and where on the ground."""
        self._view.forget()

    def _holds(self, seen: Observed) -> Holding | None:
        people = [each for each in seen.tracks if each.kind is ObjectClass.PERSON]
        self._follow_people(people, seen)
        things = np.array([thing.box for thing in self._things], np.float32).reshape(-1, 4)
        if self._view.look(seen.planes.y, np.concatenate([covered(seen), things]), seen.at_ns):
            self._standing = self._sort(seen)
        told: list[_Thing] = []
        for thing in self._things:
            self._watch(thing, people, seen)
            if self._is_left(thing, seen.at_ns):
                told.append(thing)
        self._things = [thing for thing in self._things if self._is_there(thing, seen)]
        if not told:
            return None
        age_s = max(seen.at_ns - thing.since_ns for thing in told) / NS_PER_S
        return Holding(
            min(thing.since_ns for thing in told),
            [thing.box for thing in told],
            1 - 0.5 * self._parameters.age_s / age_s,
        )

    def _follow_people(self, people: list[Tracked], seen: Observed) -> None:
        """Who was lost near a thing may sit or lie there, unseen, until he is found near the place or seen to go."""
        now = {each.track: _Sight(each.foot_m, seen.at_ns, each.box) for each in people if each.is_seen and each.foot_m}
        found = [where for track, where in now.items() if track not in self._people]
        self._lost = [lost for lost in self._lost if not any(_is_successor(where, lost) for where in found)]
        self._found = [each for each in (*self._found, *found) if seen.at_ns - each.at_ns <= FOUND_NS]
        self._people |= now
        known = {each.track for each in people}
        for track in [track for track in self._people if track not in known]:
            lost = self._people.pop(track)
            if not lost.has_gone and not any(_is_successor(where, lost) for where in self._found):
                self._lost.append(lost)
        self._lost = [lost for lost in self._lost if not lost.has_gone][-2 * THINGS_MAX :]
        self._watch_who_goes(people, seen)

    def _watch_who_goes(self, people: list[Tracked], seen: Observed) -> None:
        """The gate sees somebody go whom the detector does not find: what moves from where he was, step by step."""
        moving = seen.motion.moving
        for each in people:
            if each.is_seen and len(moving):
                moving = moving[overlaps(moving, each.box) < SAME]
        if not len(moving):
            return
        far_m = self._parameters.owner_distance_m
        for lost in (*self._people.values(), *self._lost):
            if lost.at_ns == seen.at_ns or lost.has_gone:
                continue
            likeness = overlaps(moving, lost.moved_to)
            best = int(likeness.argmax())
            if likeness[best] < FOLLOWED:
                continue
            lost.moved_to = box_of(moving[best])
            foot_m = self._ground.to_ground(feet_px(moving[best : best + 1]))[0]
            lost.has_gone = _distance(_point(foot_m), lost.foot_m) >= far_m
            if lost.has_gone:
                for thing in self._things:
                    thing.was_left = thing.was_left or _distance(lost.foot_m, thing.foot_m) < far_m

    def _sort(self, seen: Observed) -> list[tuple[Box, tuple[float, float]]]:
        """Take the zone's still blobs: things, what is none, and what may be somebody who stands still (returned)."""
        blobs = seen.motion.still
        if len(blobs):
            feet = feet_px(blobs)
            blobs = blobs[self._zone.holds(feet) & ~hidden_at(seen, middles_px(blobs))][:BLOBS_MAX]
        standing: list[tuple[Box, tuple[float, float]]] = []
        for box in self._unlike(blobs):
            left, top, right, bottom = box
            scale = self._ground.px_per_m(((left + right) / 2, bottom))
            foot_m = self._ground.to_ground(feet_px(boxes_of(box)))[0]
            if scale <= 0 or not np.isfinite(foot_m).all():
                continue
            width_m, height_m = (right - left) / scale, (bottom - top) / scale
            if height_m >= STANDING_HEIGHT_M and width_m <= STANDING_WIDTH_M:
                standing.append((box, _point(foot_m)))
            is_upright = height_m >= PERSON_M and height_m >= UPRIGHT_SHAPE * width_m
            is_lying = width_m >= LYING_WIDTH_M and width_m >= LYING_SHAPE * height_m
            size_m = max(width_m, height_m)
            if size_m > self._parameters.size_max_m or is_lying:
                self._refuse(box, seen.at_ns)
            elif not is_upright and size_m >= self._parameters.size_min_m and not self._is_of_refused(box, seen.at_ns):
                self._take(box, _point(foot_m), size_m, seen.at_ns)
        if len(seen.motion.moving):  # what stood there has gone, or somebody goes before it and it is seen again
            moving = seen.motion.moving
            self._refused = [each for each in self._refused if float(covered_by(moving, each[0]).max()) < SAME]
        return standing

    def _unlike(self, blobs: Boxes) -> list[Box]:
        """Of the gate's blobs what looks unlike usual: the gate joins a thing and the ghost of who stood over it."""
        found = (self._view.unlike_within(box_of(row)) for row in blobs)
        return [box for box in found if box is not None]

    def _take(self, box: Box, foot_m: tuple[float, float], size_m: float, at_ns: Nanoseconds) -> None:
        for thing in self._things:
            if float(overlaps(boxes_of(thing.box), box)[0]) >= SAME_THING:
                thing.gate_ns = at_ns
                return
        if len(self._things) < THINGS_MAX:
            self._things.append(_Thing(box, foot_m, size_m, at_ns, at_ns, at_ns))

    def _refuse(self, box: Box, at_ns: Nanoseconds) -> None:
        left = [
            (each, last_ns)
            for each, last_ns in self._refused
            if at_ns - last_ns <= REFUSED_NS and float(overlaps(boxes_of(each), box)[0]) < 0.7
        ]
        self._refused = [*left[-THINGS_MAX:], (box, at_ns)]
        for thing in self._things:
            if float(inside_of(boxes_of(thing.box), box)[0]) >= 0.5:
                thing.is_refused = True

    def _is_of_refused(self, box: Box, at_ns: Nanoseconds) -> bool:
        for index, (each, last_ns) in enumerate(self._refused):
            if at_ns - last_ns <= REFUSED_NS and float(inside_of(boxes_of(box), each)[0]) >= 0.5:
                self._refused[index] = (each, at_ns)
                return True
        return False

    def _watch(self, thing: _Thing, people: list[Tracked], seen: Observed) -> None:
        at_ns, far_m = seen.at_ns, self._parameters.owner_distance_m
        if thing.born_unlike is None and self._view.looked_after(thing.since_ns):
            thing.born_unlike = self._view.difference(thing.box)
        for each in people:
            if float(covered_by(boxes_of(each.box), thing.box)[0]) >= SAME:
                thing.over_ns = at_ns
            if each.foot_m is None:
                continue
            if _distance(each.foot_m, thing.foot_m) < far_m:
                thing.near_ns = at_ns
                thing.near.add(each.track)
            elif each.track in thing.near and each.is_seen:
                thing.was_left = True
        if any(
            _distance(lost.foot_m, thing.foot_m) < SETTLED_M and lost.at_ns >= thing.since_ns - GAP_NS
            for lost in self._lost
            if at_ns - lost.at_ns > SUCCESSOR_NS
        ):
            thing.near_ns = at_ns
        for box, foot_m in self._standing:
            is_itself = float(overlaps(boxes_of(thing.box), box)[0]) >= SAME
            if not is_itself and _distance(foot_m, thing.foot_m) < far_m:
                thing.near_ns = at_ns
        self._watch_stirs(thing, seen)
        for each in seen.tracks:
            is_parked = each.kind in VEHICLES and (each.velocity_m_s is None or hypot(*each.velocity_m_s) < PARKED_M_S)
            if is_parked and float(covered_by(boxes_of(each.box), thing.box)[0]) >= 0.6:
                thing.is_refused = True

    def _watch_stirs(self, thing: _Thing, seen: Observed) -> None:
        """Whether it moves by itself, now and then. What never rests is the mast in the wind, or a flag."""
        moving = seen.motion.moving
        if seen.at_ns - thing.since_ns < STIRS_AFTER_NS or thing.over_ns == seen.at_ns:
            return
        thing.pictures += 1
        if not len(moving):
            return
        left, top, right, bottom = thing.box
        grain_px = GRAIN * seen.size_px[0] / seen.motion.energy.shape[1]
        within = inside_of(moving, (left - grain_px, top - grain_px, right + grain_px, bottom + grain_px))
        if bool(np.any((within >= 0.8) & (covered_by(moving, thing.box) >= 0.15))):
            thing.stirs.add(seen.at_ns // NS_PER_S)
            thing.stirring += 1
            thing.gate_ns = seen.at_ns

    def _is_left(self, thing: _Thing, at_ns: Nanoseconds) -> bool:
        parameters = self._parameters
        if (
            thing.is_refused
            or (len(thing.stirs) >= STIRS_MAX and thing.stirring < RESTLESS * thing.pictures)
            or at_ns - thing.since_ns < parameters.age_s * NS_PER_S
            or at_ns - thing.near_ns < parameters.owner_away_s * NS_PER_S
            or at_ns - thing.over_ns < OVER_NS
            or (thing.size_m >= PERSON_M and not thing.was_left)
        ):
            return False
        if thing.is_added is None:
            thing.is_added = self._view.is_added(thing.box)
        return thing.is_added is True

    def _is_there(self, thing: _Thing, seen: Observed) -> bool:
        """By the gate's word; behind what moves; or, once the gate took it for a part of the street, by its look."""
        away_ns = seen.at_ns - thing.gate_ns
        if away_ns <= GAP_NS:
            return True
        is_behind = bool(len(seen.motion.moving)) and float(covered_by(seen.motion.moving, thing.box).max()) >= SAME
        if is_behind:
            return away_ns <= BEHIND_NS
        now = self._view.difference(thing.box)
        if now is None or not thing.born_unlike or now < 0.5 * thing.born_unlike:
            return False
        thing.gate_ns = seen.at_ns - GAP_NS
        return True


def _is_successor(found: _Sight, lost: _Sight) -> bool:
    if found.at_ns < lost.at_ns:
        return False
    is_soon = found.at_ns - lost.at_ns <= SUCCESSOR_NS
    distance_m = _distance(found.foot_m, lost.foot_m)
    return distance_m <= SETTLED_M or (is_soon and distance_m <= SUCCESSOR_M)


def _point(foot_m: NDArray[np.float64]) -> tuple[float, float]:
    return float(foot_m[0]), float(foot_m[1])


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])
