"""Fires that begin, and lights, cloth and lamps that look like one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from csu.detection.evaluation.scenes.actors import Actor, Glow, Light, Make, Vehicle, Walker, stay, walk
from csu.detection.evaluation.scenes.clip import Clip, Conditions, TrueEvent
from csu.detection.evaluation.scenes.happening import box_at
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.suites import cameras as seen
from csu.detection.evaluation.scenes.suites.cameras import Camera
from csu.detection.evaluation.scenes.suites.passers import passers
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import AnalysisZone, EventType, ZoneRule

_SECONDS = 12.0
_WAYS = (((-9.0, 31.0), (10.0, 31.5)), ((-9.0, 33.5), (10.0, 33.0)))


def _fire(
    name: str, camera: Camera, conditions: Conditions, about: str, wanted: Sequence[Actor], seed: int, count: int = 1
) -> Clip:
    place, pose = camera
    view = View(pose, 640, 360)
    zone = AnalysisZone("image", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    ways = (((5.5, 14.0), (6.0, 40.0)),) if place.name == "street" else _WAYS
    actors = (*wanted, *(passers(seed, ways, _SECONDS, count, view, place.name) if place.name != "avenue" else ()))
    kind = EventType.FIRE_START
    clip = Clip(name, place, pose, _SECONDS, actors, kind, conditions, (ZoneRule(zone, kind),), about=about, seed=seed)
    events = [
        TrueEvent(
            kind,
            zone.zone,
            clip.at_ns(actor.begin_s),
            clip.at_ns(_SECONDS),
            box_at(view, actor.at, actor.size_m * 1.2, actor.size_m),
        )
        for actor in wanted
        if isinstance(actor, Light) and actor.glow is Glow.FLAME
    ]
    return replace(clip, events=tuple(events))


def _flame(at: Spot, begin_s: float, size_m: float, seed: int, smoke: bool = True) -> Light:
    return Light(Glow.FLAME, at, begin_s, 60.0, size_m, grows_s=7.0, smoke=smoke, seed=seed)


def fire_start() -> list[Clip]:
    """Six fires, eight that are none."""
    kind = "fire"
    beacon = Vehicle(stay(-1.0, 60.0, (2.0, 26.0), 185.0), Make.VAN, 2, beacon=True)
    found = [
        _fire(
            f"{kind}_sun_8m",
            seen.WIDE_8,
            seen.DAY,
            "a heap burns, with smoke",
            [_flame((2.0, 23.0), 4.0, 1.3, 1)],
            151,
        ),
        _fire(f"{kind}_grey_4m", seen.WIDE_4, seen.GREY, "a heap burns", [_flame((-1.5, 21.0), 4.0, 1.2, 2)], 152),
        _fire(f"{kind}_night_8m", seen.WIDE_8, seen.NIGHT, "burns at night", [_flame((1.0, 24.0), 4.0, 1.1, 3)], 153),
        _fire(
            f"{kind}_rain_11m", seen.WIDE_11, seen.RAIN, "burns in the rain", [_flame((0.5, 22.5), 4.0, 1.4, 4)], 154
        ),
        _fire(
            f"{kind}_bin_8m",
            seen.WIDE_8,
            seen.EXPOSURE,
            "a small one, exposure swings",
            [_flame((3.0, 21.0), 4.0, 0.8, 5, smoke=False)],
            155,
        ),
        _fire(
            f"{kind}_street_6m",
            seen.STREET_6,
            seen.NIGHT,
            "beside a parked car at night",
            [_flame((-1.6, 27.0), 4.0, 1.3, 6)],
            156,
        ),
    ]
    found += [
        _fire(
            f"{kind}_not_lamps_6m",
            seen.STREET_6,
            seen.NIGHT,
            "head lamps come near at night",
            [Vehicle(walk(2.0 + 4 * n, (-1.3, 90.0), (-1.3, 4.0), speed_m_s=8.0), Make.CAR, 20 + n) for n in range(3)],
            161,
        ),
        _fire(
            f"{kind}_not_avenue_7m",
            seen.AVENUE_7,
            seen.RAINY_NIGHT,
            "traffic in the rain at night",
            [
                Vehicle(walk(1.0 + 3 * n, (-40.0, 23.0), (40.0, 23.0), speed_m_s=9.0), Make.CAR, 30 + n)
                for n in range(4)
            ],
            162,
        ),
        _fire(
            f"{kind}_not_neon_8m",
            seen.WIDE_8,
            seen.NIGHT,
            "an orange neon sign goes on and blinks",
            [Light(Glow.NEON, (6.0, 39.0), 4.0, 60.0, 3.0, 2.2)],
            163,
        ),
        _fire(
            f"{kind}_not_sunset_8m",
            seen.WIDE_8,
            seen.DAY,
            "the low sun grows in a window and on the ground",
            [Light(Glow.SUNSET, (-5.0, 38.0), 3.0, 60.0, 2.4, 1.0, 9.0)],
            164,
        ),
        _fire(f"{kind}_not_beacon_8m", seen.WIDE_8, seen.GREY, "a van with blue lights stands there", [beacon], 165),
        _fire(
            f"{kind}_not_vest_8m",
            seen.WIDE_8,
            seen.DAY,
            "people in orange vests work there",
            [
                Walker(walk(2.0, (-5.0, 22.0), (2.0, 22.5), *[(2.0, 22.5)] * 3, (7.0, 23.0)), 171, vest=True),
                Walker(stay(-1.0, 60.0, (3.0, 23.5), 200.0), 172, vest=True, sways_m=0.25),
            ],
            166,
        ),
        _fire(
            f"{kind}_not_flag_4m",
            seen.WIDE_4,
            seen.DAY,
            "an orange flag in the wind",
            [Light(Glow.FLAG, (2.0, 26.0), -1.0, 60.0, 1.2, 3.6)],
            167,
        ),
        _fire(f"{kind}_not_cloud_8m", seen.WIDE_8, seen.CLOUD, "a cloud passes, the sun comes back", [], 168, 4),
    ]
    return found
