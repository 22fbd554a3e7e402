"""Somebody who walked falls and stays down, and people who sit, crouch, lie or bend for other reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from csu.detection.evaluation.scenes.actors import FALLING_S, Actor, Bag, Course, Walker, stay, walk
from csu.detection.evaluation.scenes.clip import Clip, Conditions, TrueEvent
from csu.detection.evaluation.scenes.happening import box_at, rectangle, zone_on
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.suites import cameras as seen
from csu.detection.evaluation.scenes.suites.cameras import Camera
from csu.detection.evaluation.scenes.suites.passers import passers
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import EventType, ZoneRule

_SECONDS = 16.0
_RING = rectangle((-7.0, 14.5), (10.5, 31.0))
_AROUND = (((-9.0, 30.5), (11.0, 31.0)), ((-9.0, 33.0), (10.0, 32.5)))


def _fall(
    name: str, camera: Camera, conditions: Conditions, about: str, wanted: Sequence[Actor], seed: int, count: int = 2
) -> Clip:
    place, pose = camera
    view = View(pose, 640, 360)
    ring = rectangle((-7.5, 15.0), (8.5, 40.0)) if place.name == "street" else _RING
    ways = (((-6.2, 24.0), (-6.4, 44.0)),) if place.name == "street" else _AROUND
    zone = zone_on(view, "place", ring)
    actors = (*wanted, *passers(seed, ways, _SECONDS, count, view, place.name))
    rule = ZoneRule(zone, EventType.PERSON_DOWN)
    clip = Clip(name, place, pose, _SECONDS, actors, EventType.PERSON_DOWN, conditions, (rule,), about=about, seed=seed)
    return replace(clip, events=tuple(_events(clip)))


def _events(clip: Clip) -> list[TrueEvent]:
    """From when the body is down until the clip is over."""
    found = []
    for actor in clip.actors:
        if isinstance(actor, Walker) and actor.falls_s is not None:
            down_s = actor.falls_s + FALLING_S
            held = actor.at(down_s)
            if held is not None:
                box = box_at(clip.view, held.placed.spot, 0.6, 1.6)
                zone = clip.rules[0].zone.zone
                found.append(TrueEvent(EventType.PERSON_DOWN, zone, clip.at_ns(down_s), clip.at_ns(clip.seconds), box))
    return found


def falls(begin_s: float, start: Spot, where: Spot, look: int, speed_m_s: float = 1.3) -> Walker:
    """Walks there, falls, and lies."""
    course = walk(begin_s, start, where, speed_m_s=speed_m_s)
    there_s = course.points[-1][0]
    return Walker(Course((*course.points, (there_s + 60.0, *where))), look, falls_s=there_s)


def _crouches(look: int) -> Walker:
    course = walk(1.0, (-6.0, 21.0), (1.0, 21.5), *[(1.0, 21.5)] * 5, (9.0, 22.5))
    return Walker(course, look, crouches_s=(course.points[1][0] + 0.4, course.points[6][0] - 0.4))


def person_down() -> list[Clip]:
    """Eight who fall, seven who do not."""
    kind = "person_down"
    found = [
        _fall(
            f"{kind}_sun_8m",
            seen.SQUARE_8,
            seen.DAY,
            "walks across and falls",
            [falls(1.0, (-7.5, 20.0), (1.0, 21.0), 121)],
            71,
        ),
        _fall(
            f"{kind}_grey_4m",
            seen.SQUARE_4,
            seen.GREY,
            "falls, walking away from the camera",
            [falls(1.0, (2.5, 11.0), (1.5, 20.5), 122)],
            72,
        ),
        _fall(
            f"{kind}_night_8m",
            seen.SQUARE_8,
            seen.NIGHT,
            "falls at night",
            [falls(1.0, (8.5, 22.0), (0.5, 21.5), 123)],
            73,
            1,
        ),
        _fall(
            f"{kind}_rain_11m",
            seen.SQUARE_11,
            seen.RAIN,
            "slips in the rain",
            [falls(1.0, (-6.5, 24.0), (1.5, 23.0), 124)],
            74,
        ),
        _fall(
            f"{kind}_cloud_8m",
            seen.SQUARE_8,
            seen.CLOUD,
            "falls while a cloud passes",
            [falls(2.0, (8.0, 19.0), (-0.5, 19.5), 125)],
            75,
        ),
        _fall(
            f"{kind}_shake_6m",
            seen.STREET_6,
            seen.SHAKE,
            "falls on the pavement",
            [falls(1.0, (8.8, 31.0), (5.2, 24.0), 126)],
            76,
            1,
        ),
        _fall(
            f"{kind}_running_4m",
            seen.SQUARE_4,
            seen.DAY,
            "runs and falls",
            [falls(2.5, (-7.0, 24.0), (2.0, 22.0), 128, 2.8)],
            78,
        ),
    ]
    on_bench = Walker(stay(0.0, 30.0, (8.4, 29.8), 200.0), 131, sits=True)
    to_bench = walk(1.5, (11.0, 24.0), (7.9, 28.6), (8.4, 29.8)).points
    sits_down = Walker(Course((*to_bench, (60.0, 8.39, 29.77))), 132, crouches_s=(to_bench[-1][0], 60.0))
    found += [
        _fall(f"{kind}_not_crouch_8m", seen.SQUARE_8, seen.DAY, "crouches to tie a shoe", [_crouches(133)], 81),
        _fall(f"{kind}_not_bench_8m", seen.SQUARE_8, seen.GREY, "sits on a bench all the time", [on_bench], 82),
        _fall(f"{kind}_not_sits_8m", seen.SQUARE_8, seen.CLOUD, "walks to a bench and sits down", [sits_down], 83, 1),
        _fall(
            f"{kind}_not_lying_11m",
            seen.SQUARE_11,
            seen.RAIN,
            "lies there from the start, others pass",
            [
                Walker(stay(0.0, 30.0, (2.5, 23.0), 60.0), 134, lies=True),
                Walker(walk(4.0, (-7.0, 21.0), (7.5, 21.5)), 135),
            ],
            84,
        ),
        _fall(
            f"{kind}_not_bag_4m",
            seen.SQUARE_4,
            seen.DAY,
            "puts a bag down and goes on",
            [
                Walker(walk(1.0, (-6.5, 20.0), (0.5, 20.5), (0.5, 20.5), (8.0, 21.5)), 136),
                Bag((0.9, 20.4), 6.8, carrier=0, size_m=(0.7, 0.32, 0.34), look=2),
            ],
            85,
        ),
        _fall(
            f"{kind}_not_edge_8m",
            seen.SQUARE_8,
            seen.SHAKE,
            "people leave the picture at its lower edge",
            [
                Walker(walk(0.5 + 1.4 * n, (-8.0, 25.0), (-3.0 + 2 * n, 22.0), (-2.5 + 2 * n, 11.0)), 137 + n)
                for n in range(4)
            ],
            86,
            1,
        ),
    ]
    return found
