"""Restricted zones and lanes: who goes in, who goes against, and who only seems to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from csu.detection.evaluation.scenes.actors import Actor, Course, Make, Placed, Vehicle, Walker, stay, walk
from csu.detection.evaluation.scenes.clip import BEGIN_NS, Clip, Conditions, TrueEvent
from csu.detection.evaluation.scenes.happening import (
    At,
    against,
    box_at,
    in_zone,
    rectangle,
    spans,
    zone_on,
)
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.suites import cameras as seen
from csu.detection.evaluation.scenes.suites.cameras import Camera
from csu.detection.evaluation.scenes.suites.passers import passers
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import AnalysisZone, EventType, ZoneRule

CLEAR_S = 3.0
"""The rules' own default: two stays less than that apart are one event."""
_SECONDS = 13.0
_SIZE = (640, 360)


def _placed(actor: Actor) -> At:
    if isinstance(actor, Vehicle):
        return actor.course.at
    assert isinstance(actor, Walker)  # noqa: S101 - the suites put nothing else here

    def at(t_s: float) -> Placed | None:
        held = actor.at(t_s)
        return None if held is None else held.placed

    return at


def _events(
    clip: Clip, zone: AnalysisZone, kind: EventType, lane: tuple[Spot, Spot] | None, least: float
) -> tuple[TrueEvent, ...]:
    """Stays in the zone (for a lane: going against it there) of at least `least` seconds, joined."""
    view = clip.view
    tests: list[tuple[Callable[[float], bool], At]] = []
    for actor in clip.actors:
        at = _placed(actor)
        inside = in_zone(view, zone, at)
        if lane is None:
            tests.append((inside, at))
        else:
            speed = 2.0 if isinstance(actor, Vehicle) else 0.5
            tests.append((_both(inside, against(lane, at, speed)), at))
    long = [span for test, _ in tests for span in spans(test, clip.seconds) if span[1] - span[0] >= least]

    def holds(t_s: float) -> bool:
        return any(begin <= t_s < end for begin, end in long)

    found = []
    for begin, end in spans(holds, clip.seconds, CLEAR_S):
        then = begin + 0.06
        spot = next(placed.spot for test, at in tests if test(then) and (placed := at(then)) is not None)
        found.append(
            TrueEvent(
                kind,
                zone.zone,
                BEGIN_NS + round(begin * 1e9),
                BEGIN_NS + round(end * 1e9),
                box_at(view, spot, 1.72, 0.7),
            )
        )
    return tuple(found)


def _both(one: Callable[[float], bool], other: Callable[[float], bool]) -> Callable[[float], bool]:
    return lambda t_s: one(t_s) and other(t_s)


# ------------------------------------------------------------------------------------------------------ restricted zone
_RINGS: dict[int, tuple[Spot, ...]] = {
    8: rectangle((1.0, 20.5), (7.0, 27.0)),
    4: rectangle((-1.0, 17.0), (4.5, 26.0)),
    11: rectangle((-4.0, 21.0), (3.0, 27.0)),
    6: rectangle((-3.6, 19.0), (1.5, 29.0)),
}
_AROUND: dict[int, tuple[tuple[Spot, Spot], ...]] = {
    8: (((-9.0, 18.5), (10.0, 18.5)), ((-10.0, 29.5), (12.0, 29.5)), ((-2.5, 15.0), (-5.5, 36.0))),
    4: (((-9.0, 15.0), (8.0, 14.0)), ((-10.0, 28.5), (10.0, 28.5)), ((-4.0, 13.0), (-7.0, 36.0))),
    11: (((-9.0, 18.0), (8.0, 18.0)), ((-10.0, 29.5), (9.0, 29.5)), ((5.2, 16.0), (6.5, 33.0))),
    6: (((4.8, 17.0), (5.6, 40.0)), ((5.6, 14.0), (6.2, 40.0)), ((-6.0, 22.0), (-6.4, 42.0))),
}


def _restricted(
    name: str, camera: Camera, conditions: Conditions, about: str, wanted: Sequence[Actor], seed: int, count: int = 3
) -> Clip:
    place, pose = camera
    number = int(pose.z_m)
    view = View(pose, *_SIZE)
    zone = zone_on(view, "cour", _RINGS[number])
    actors = (*wanted, *passers(seed, _AROUND[number], _SECONDS, count, view, place.name))
    rule = ZoneRule(zone, EventType.RESTRICTED_ZONE)
    clip = Clip(
        name, place, pose, _SECONDS, actors, EventType.RESTRICTED_ZONE, conditions, (rule,), about=about, seed=seed
    )
    return replace(clip, events=_events(clip, zone, EventType.RESTRICTED_ZONE, None, 1.0))


def restricted_zone() -> list[Clip]:
    """Eight who go in, six who do not."""
    kind = "restricted"
    goes_in = Walker(walk(3.0, (-7.5, 23.5), (4.0, 23.5), (4.5, 23.0), (9.5, 24.0)), 7)
    found = [
        _restricted(f"{kind}_sun_8m", seen.SQUARE_8, seen.DAY, "walks through", [goes_in], 11),
        _restricted(
            f"{kind}_grey_8m",
            seen.SQUARE_8,
            seen.GREY,
            "enters, stops, leaves",
            [Walker(walk(4.0, (9.5, 25.5), (4.0, 24.0), (4.0, 24.0), (4.0, 24.0), (4.0, 24.0), (9.5, 22.0)), 9)],
            12,
        ),
        _restricted(
            f"{kind}_night_8m",
            seen.SQUARE_8,
            seen.NIGHT,
            "walks through at night",
            [Walker(walk(5.0, (9.5, 22.0), (-4.0, 25.5)), 31)],
            13,
            1,
        ),
        _restricted(
            f"{kind}_shake_4m",
            seen.SQUARE_4,
            seen.SHAKE,
            "two enter one after the other",
            [Walker(walk(5.0, (7.5, 21.0), (-5.0, 21.5)), 15), Walker(walk(6.0, (-8.5, 24.0), (8.0, 23.0)), 16)],
            14,
            2,
        ),
        _restricted(
            f"{kind}_rain_11m",
            seen.SQUARE_11,
            seen.RAIN,
            "enters in the rain",
            [Walker(walk(5.0, (7.0, 24.0), (-6.0, 24.5)), 18)],
            15,
            2,
        ),
        _restricted(
            f"{kind}_exposure_11m",
            seen.SQUARE_11,
            seen.EXPOSURE,
            "enters while the exposure swings",
            [Walker(walk(6.0, (-7.0, 22.5), (6.0, 26.0)), 20)],
            16,
            2,
        ),
        _restricted(
            f"{kind}_infrared_4m",
            seen.SQUARE_4,
            seen.INFRARED,
            "enters, seen in infrared",
            [Walker(walk(3.5, (-7.5, 20.0), (7.0, 20.5)), 22)],
            17,
            1,
        ),
        _restricted(
            f"{kind}_runner_6m",
            seen.STREET_6,
            seen.DAY,
            "runs across the closed road",
            [Walker(walk(5.5, (8.8, 23.6), (-7.5, 25.5), speed_m_s=3.0), 25)],
            18,
            3,
        ),
    ]
    found += [
        _restricted(
            f"{kind}_not_before_8m",
            seen.SQUARE_8,
            seen.DAY,
            "stands before it: the head covers it, the foot does not",
            [Walker(walk(1.0, (9.0, 17.8), (3.5, 19.4), *[(3.5, 19.4)] * 5, (10.0, 18.8)), 41)],
            21,
            3,
        ),
        _restricted(
            f"{kind}_not_along_11m",
            seen.SQUARE_11,
            seen.RAIN,
            "walks along its edge",
            [Walker(walk(3.0, (-5.2, 17.0), (-5.2, 31.0)), 43), Walker(walk(6.0, (4.3, 30.0), (4.3, 17.0)), 44)],
            22,
            2,
        ),
        _restricted(
            f"{kind}_not_cloud_8m",
            seen.SQUARE_8,
            seen.CLOUD,
            "a cloud's shadow passes, nobody goes in",
            [],
            23,
            3,
        ),
        _restricted(
            f"{kind}_not_night_4m",
            seen.SQUARE_4,
            seen.RAINY_NIGHT,
            "rain at night, people pass behind",
            [],
            24,
            2,
        ),
        _restricted(
            f"{kind}_not_door_6m",
            seen.STREET_6,
            replace(seen.EXPOSURE, shake_px=0.6),
            "a car stands before it, its door opens and shuts; exposure swings, the mast shakes",
            [Vehicle(stay(-1.0, 60.0, (-3.0, 32.5)), Make.CAR, 9, door_s=(5.0, 10.0))],
            25,
            3,
        ),
    ]
    return found


# ------------------------------------------------------------------------------------------------------------ wrong way
_LANE_UP: tuple[Spot, Spot] = ((2.0, 20.0), (2.0, 34.0))
_ROAD = rectangle((0.1, 17.0), (3.9, 40.0))
_LANE_RIGHT: tuple[Spot, Spot] = ((-6.0, 22.0), (6.0, 22.0))
_GATE = rectangle((-6.5, 18.5), (6.5, 26.0))


def _wrong(
    name: str,
    camera: Camera,
    conditions: Conditions,
    about: str,
    wanted: Sequence[Actor],
    seed: int,
    ways: Sequence[tuple[Spot, Spot]] = (),
    count: int = 0,
) -> Clip:
    place, pose = camera
    view = View(pose, *_SIZE)
    is_road = place.name == "street"
    lane = _LANE_UP if is_road else _LANE_RIGHT
    zone = zone_on(view, "sens", _ROAD if is_road else _GATE, lane)
    actors = (*wanted, *passers(seed, ways, _SECONDS, count, view, place.name))
    rule = ZoneRule(zone, EventType.WRONG_WAY)
    clip = Clip(name, place, pose, _SECONDS, actors, EventType.WRONG_WAY, conditions, (rule,), about=about, seed=seed)
    return replace(clip, events=_events(clip, zone, EventType.WRONG_WAY, lane, 1.5))


def _with_the_lane(seed: int, count: int, begin_s: float = 0.0) -> list[Actor]:
    """People who go the common way through the gate."""
    return [
        Walker(
            walk(
                begin_s + 2.6 * n,
                (-8.5, 20.0 + 1.5 * (n % 4)),
                (8.5, 20.4 + 1.5 * (n % 4)),
                speed_m_s=1.2 + 0.1 * (n % 3),
            ),
            seed * 30 + n,
        )
        for n in range(count)
    ]


def _drives(begin_s: float, x: float, from_y: float, to_y: float, speed_m_s: float, make: Make, number: int) -> Vehicle:
    return Vehicle(Course(walk(begin_s, (x, from_y), (x, to_y), speed_m_s=speed_m_s).points), make, number)


def wrong_way() -> list[Clip]:
    """Eight against the lane, six that are not."""
    kind = "wrong_way"
    back = ((8.5, 22.5), (-8.5, 22.0))
    found = [
        _wrong(
            f"{kind}_sun_8m",
            seen.SQUARE_8,
            seen.DAY,
            "one comes back through the way out",
            [*_with_the_lane(1, 3), Walker(walk(5.0, *back), 50)],
            31,
        ),
        _wrong(
            f"{kind}_grey_4m",
            seen.SQUARE_4,
            seen.GREY,
            "one comes back",
            [*_with_the_lane(2, 2), Walker(walk(6.0, *back), 52)],
            32,
        ),
        _wrong(
            f"{kind}_night_8m",
            seen.SQUARE_8,
            seen.NIGHT,
            "at night",
            [*_with_the_lane(3, 1), Walker(walk(5.0, *back), 54)],
            33,
        ),
        _wrong(
            f"{kind}_rain_11m",
            seen.SQUARE_11,
            seen.RAIN,
            "runs back in the rain",
            [*_with_the_lane(4, 2), Walker(walk(6.0, *back, speed_m_s=2.6), 56)],
            34,
        ),
        _wrong(
            f"{kind}_car_6m",
            seen.STREET_6,
            seen.DAY,
            "a car comes down the lane that goes up",
            [_drives(0.5, 2.0, 12.0, 90.0, 8.0, Make.CAR, 3), _drives(2.0, 2.0, 100.0, 8.0, 8.0, Make.CAR, 5)],
            36,
            (((5.5, 14.0), (6.0, 40.0)),),
            2,
        ),
        _wrong(
            f"{kind}_van_4m",
            seen.STREET_4,
            seen.EXPOSURE,
            "a van, exposure swings",
            [_drives(0.0, 2.0, 100.0, 8.0, 7.0, Make.VAN, 8)],
            37,
            (((5.5, 14.0), (6.0, 40.0)),),
            2,
        ),
        _wrong(
            f"{kind}_cyclist_6m",
            seen.STREET_6,
            seen.SHAKE,
            "a cyclist rides down the lane that goes up",
            [_drives(1.0, 2.0, 12.0, 90.0, 8.0, Make.CAR, 9), _drives(1.0, 2.4, 62.0, 10.0, 5.0, Make.BICYCLE, 4)],
            38,
        ),
    ]
    found += [
        _wrong(f"{kind}_not_sun_8m", seen.SQUARE_8, seen.DAY, "all go the common way", _with_the_lane(11, 6), 41),
        _wrong(
            f"{kind}_not_across_8m",
            seen.SQUARE_8,
            seen.GREY,
            "people cross the way at right angles",
            [Walker(walk(2.0 + 3 * n, (-3.0 + 2.5 * n, 12.0), (-2.5 + 2.5 * n, 33.0)), 60 + n) for n in range(4)],
            42,
        ),
        _wrong(
            f"{kind}_not_turns_4m",
            seen.SQUARE_4,
            seen.DAY,
            "one turns round for two steps and goes on",
            [Walker(walk(4.0, (-7.0, 21.0), (0.5, 21.5), (-0.2, 21.5), (8.5, 22.0)), 66), *_with_the_lane(12, 2)],
            43,
        ),
        _wrong(
            f"{kind}_not_night_11m",
            seen.SQUARE_11,
            seen.RAINY_NIGHT,
            "rain at night, all go the common way",
            _with_the_lane(13, 3),
            44,
        ),
        _wrong(
            f"{kind}_not_traffic_6m",
            seen.STREET_6,
            seen.CLOUD,
            "traffic keeps to its lanes",
            [
                _drives(1.0, 2.0, 10.0, 95.0, 8.0, Make.CAR, 11),
                _drives(3.0, -2.0, 80.0, 6.0, 8.0, Make.VAN, 12),
                _drives(9.0, 2.0, 10.0, 95.0, 9.0, Make.VAN, 14),
            ],
            45,
            (((5.5, 14.0), (6.0, 40.0)),),
            3,
        ),
    ]
    return found
