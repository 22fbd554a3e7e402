"""Things put down and left, and what only looks like it. The zone says a short age: 10 s, not the 60 s of the field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import hypot

from csu.detection.evaluation.scenes.actors import Actor, Bag, Course, Walker, stay, walk
from csu.detection.evaluation.scenes.clip import Clip, Conditions, TrueEvent
from csu.detection.evaluation.scenes.happening import STEP_S, box_at, rectangle, zone_on
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.suites import cameras as seen
from csu.detection.evaluation.scenes.suites.cameras import Camera
from csu.detection.evaluation.scenes.suites.passers import passers
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import EventType, ZoneRule

AGE_S, AWAY_M, AWAY_S = 10.0, 3.0, 6.0
_PARAMETERS = (("age_s", AGE_S), ("owner_distance_m", AWAY_M), ("owner_away_s", AWAY_S))
_SECONDS = 25.0
_RING = rectangle((-5.5, 15.5), (6.0, 29.0))
_FAR = (((-9.0, 31.0), (10.0, 31.5)), ((-9.0, 33.5), (10.0, 33.0)))
_STREET_FAR = (((-6.2, 24.0), (-6.4, 44.0)),)
_SUITCASE, _RUCKSACK, _HOLDALL = (0.45, 0.28, 0.66), (0.36, 0.28, 0.48), (0.7, 0.32, 0.34)


def _left(
    name: str,
    camera: Camera,
    conditions: Conditions,
    about: str,
    wanted: Sequence[Actor],
    seed: int,
    count: int = 2,
    near: Sequence[tuple[Spot, Spot]] = (),
) -> Clip:
    place, pose = camera
    view = View(pose, 640, 360)
    ring = rectangle((-3.8, 15.0), (7.5, 30.0)) if place.name == "street" else _RING
    zone = zone_on(view, "parvis", ring)
    ways = near or (_STREET_FAR if place.name == "street" else _FAR)
    actors = (*wanted, *passers(seed, ways, _SECONDS, count, view, place.name))
    rule = ZoneRule(zone, EventType.ABANDONED_OBJECT, _PARAMETERS)
    kind = EventType.ABANDONED_OBJECT
    clip = Clip(name, place, pose, _SECONDS, actors, kind, conditions, (rule,), about=about, seed=seed)
    return replace(clip, events=tuple(_events(clip)))


def _events(clip: Clip) -> list[TrueEvent]:
    """A bag that somebody carried, as soon as it is AGE_S old and nobody was near for AWAY_S, until it is taken."""
    found = []
    for bag in clip.actors:
        if not isinstance(bag, Bag) or bag.carrier is None:
            continue
        alone_s, t_s = 0.0, bag.put_s
        while t_s < clip.seconds and bag.stands(t_s):
            alone_s = 0.0 if _somebody_near(clip, bag.at, t_s) else alone_s + STEP_S
            if t_s - bag.put_s >= AGE_S and alone_s >= AWAY_S:
                end = min(clip.seconds, bag.taken_s or clip.seconds)
                box = box_at(clip.view, bag.at, bag.size_m[2], bag.size_m[0])
                kind, zone = EventType.ABANDONED_OBJECT, clip.rules[0].zone.zone
                found.append(TrueEvent(kind, zone, clip.at_ns(t_s), clip.at_ns(end), box))
                break
            t_s += STEP_S
    return found


def _somebody_near(clip: Clip, spot: Spot, t_s: float) -> bool:
    for actor in clip.actors:
        held = actor.at(t_s) if isinstance(actor, Walker) else None
        if held is not None and hypot(held.placed.spot[0] - spot[0], held.placed.spot[1] - spot[1]) < AWAY_M:
            return True
    return False


def _puts_down(at: Spot, come: Spot, go: Spot, look: int, begin_s: float = 2.0) -> tuple[Walker, Bag]:
    """Comes with a bag, stops, puts it down, goes. The bag's carrier is the first actor of the clip."""
    beside = (at[0] - 0.35, at[1] + 0.1)
    course = walk(begin_s, come, beside, beside, beside, go, speed_m_s=1.4)
    put_s = course.points[1][0] + 1.0
    return Walker(course, look), Bag(at, put_s, carrier=0, size_m=_SUITCASE, look=look)


def abandoned_object() -> list[Clip]:
    """Seven that are left, seven that are not."""
    kind = "abandoned"
    walker, bag = _puts_down((1.5, 21.0), (-6.5, 19.5), (9.5, 24.0), 101)
    other, small = _puts_down((-1.0, 19.5), (7.5, 18.0), (-9.0, 21.0), 103)
    small = replace(small, size_m=_RUCKSACK)
    third, long = _puts_down((2.0, 23.5), (9.0, 26.0), (-9.0, 26.5), 105)
    long = replace(long, size_m=_HOLDALL)
    owner, near = _puts_down((5.6, 20.0), (6.6, 11.0), (5.8, 38.0), 107)
    found = [
        _left(f"{kind}_sun_8m", seen.SQUARE_8, seen.DAY, "a suitcase is left", [walker, bag], 51),
        _left(f"{kind}_grey_4m", seen.SQUARE_4, seen.GREY, "a rucksack is left", [other, small], 52),
        _left(f"{kind}_rain_11m", seen.SQUARE_11, seen.RAIN, "a holdall is left in the rain", [third, long], 53),
        _left(f"{kind}_night_8m", seen.SQUARE_8, seen.NIGHT, "a suitcase, at night", [walker, bag], 54, 1),
        _left(f"{kind}_cloud_8m", seen.SQUARE_8, seen.CLOUD, "a cloud passes over it", [other, small], 55),
        _left(f"{kind}_shake_6m", seen.STREET_6, seen.SHAKE, "on a pavement, the mast shakes", [owner, near], 56, 1),
    ]
    waits = stay(14.0, 40.0, (1.0, 21.2), 200.0)
    stays = Walker(Course((*walk(2.0, (-6.5, 19.5), (1.1, 21.1), speed_m_s=1.4).points[:-1], *waits.points)), 111)
    comes_back = walk(2.0, (-6.5, 19.5), (1.2, 21.1), (1.2, 21.1), (-4.0, 24.0), (-4.0, 24.0), (1.3, 21.2), (9.0, 22.0))
    back_s = comes_back.points[5][0]
    lies = Walker(stay(0.0, 40.0, (2.0, 24.0), 70.0), 115, lies=True)
    arrives = walk(-3.0, (-8.0, 22.0), (2.5, 22.0), speed_m_s=1.5).points
    stands = Walker(Course((*arrives, (60.0, 2.5, 22.0))), 117, sways_m=0.06)
    found += [
        _left(
            f"{kind}_not_owner_8m",
            seen.SQUARE_8,
            seen.DAY,
            "the owner waits beside it",
            [stays, Bag((1.5, 21.0), 8.5, carrier=0, size_m=_SUITCASE, look=4)],
            61,
        ),
        _left(
            f"{kind}_not_fetched_4m",
            seen.SQUARE_4,
            seen.GREY,
            "the owner goes off and fetches it",
            [Walker(comes_back, 112), Bag((1.5, 21.0), comes_back.points[2][0], back_s, 0, _RUCKSACK, 5)],
            62,
        ),
        _left(
            f"{kind}_not_there_11m",
            seen.SQUARE_11,
            seen.RAIN,
            "a thing that stood there from the start",
            [Walker(walk(6.0, (-7.0, 20.0), (7.0, 20.5)), 118), Bag((2.0, 23.0), -1.0, look=6)],
            63,
        ),
        _left(f"{kind}_not_lying_8m", seen.SQUARE_8, seen.DAY, "somebody lies there from the start", [lies], 64, 3),
        _left(
            f"{kind}_not_standing_8m",
            seen.SQUARE_8,
            seen.CLOUD,
            "somebody stands still, a cloud passes",
            [stands],
            66,
            1,
        ),
        _left(
            f"{kind}_not_puddle_4m",
            seen.SQUARE_4,
            seen.PUDDLE,
            "a puddle mirrors who passes",
            [],
            67,
            5,
            (((-9.0, 24.4), (9.0, 24.2)), ((-9.0, 27.0), (9.0, 26.0))),
        ),
    ]
    return found
