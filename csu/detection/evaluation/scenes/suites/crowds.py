"""Crowds: that run, of a sudden or all along, that stand too dense; and crowds that do neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import cos, hypot, pi, sin

import numpy as np

from csu.detection.evaluation.scenes.actors import Actor, Course, Placed, Walker, walk
from csu.detection.evaluation.scenes.clip import Clip, Conditions, TrueEvent
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.happening import is_in, rectangle, spans, zone_on
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.suites import cameras as seen
from csu.detection.evaluation.scenes.suites.cameras import Camera
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import AnalysisZone, EventType, PictureBox, ZoneRule

PEOPLE, SPEED_M_S = 8, 2.5
"""Defaults of the rule for crowd movement: fewer or slower is none."""
DENSE_PER_M2, DENSE_S = 3.0, 5.0
"""The zone says 5 s, not the 10 s of the field: a clip is short."""
_MOVE_S, _DENSE_CLIP_S = 16.0, 16.0
_RING = rectangle((-7.0, 15.0), (7.5, 30.0))


def _spread(seed: int, count: int, middle: Spot, half_m: Spot) -> list[Spot]:
    """Places on a jittered grid: nobody stands in anybody."""
    dice = Dice(seed)
    columns = max(1, round((count * half_m[0] / half_m[1]) ** 0.5))
    rows = -(-count // columns)
    found = []
    for n in range(count):
        i, j = n % columns, n // columns
        x = middle[0] + half_m[0] * (2 * (i + 0.5 + dice.within(f"x{n}", -0.28, 0.28)) / columns - 1)
        y = middle[1] + half_m[1] * (2 * (j + 0.5 + dice.within(f"y{n}", -0.28, 0.28)) / rows - 1)
        found.append((x, y))
    return found


def _strolls_then_runs(
    seed: int, count: int, middle: Spot, runs_s: float, way: Callable[[Spot], Spot], speed_m_s: float = 3.3
) -> list[Walker]:
    """A crowd that comes from both sides within 7 s and strolls until `runs_s`; then each runs the way that `way` says
    (a unit vector)."""
    dice = Dice(seed)
    found = []
    for n, spot in enumerate(_spread(seed, count, middle, (4.8, 4.6))):
        turn = dice.within(f"t{n}", 0, 2 * pi)
        pace = dice.within(f"p{n}", 0.25, 0.7)
        there_s = dice.within(f"a{n}", 6.0, 8.0)
        start = (
            spot[0] - cos(turn) * pace * min(runs_s - there_s, 7),
            spot[1] - sin(turn) * pace * min(runs_s - there_s, 7),
        )
        far = 11.5 if start[0] > middle[0] else -11.5
        came_s = there_s - abs(far - start[0]) / 1.9
        until_s = runs_s + dice.within(f"d{n}", 0.0, 0.7)
        dx, dy = way(spot)
        end = (spot[0] + dx * 30, spot[1] + dy * 30)
        speed = speed_m_s * dice.within(f"v{n}", 0.9, 1.12)
        points = ((came_s, far, start[1]), (there_s, *start), (until_s, *spot), (until_s + 30 / speed, *end))
        found.append(Walker(Course(points), n % 10 + 300, dice.within(f"h{n}", 1.6, 1.84)))
    return found


def _flow(
    seed: int, count: int, seconds: float, speed_m_s: float, leftwards: bool = False, first_s: float = 0.5
) -> list[Walker]:
    """A crowd that crosses the view in one direction, abreast and behind one another."""
    dice = Dice(seed)
    found = []
    for n in range(count):
        y = 16.5 + 12 * dice.share(f"y{n}")
        begin = first_s + (seconds - 2) * n / count
        ends = ((-10.0, y), (10.5, y + dice.within(f"e{n}", -1, 1)))
        course = walk(
            begin, *(ends[::-1] if leftwards else ends), speed_m_s=speed_m_s * dice.within(f"v{n}", 0.9, 1.12)
        )
        found.append(Walker(course, n % 10 + 300, dice.within(f"h{n}", 1.6, 1.84)))
    return found


def _in_zone(clip: Clip, view: View, zone: AnalysisZone, t_s: float) -> list[Placed]:
    """Who is in the zone (without their swaying)."""
    there = []
    for actor in clip.actors:
        placed = actor.course.at(t_s) if isinstance(actor, Walker) else None
        if placed is not None:
            there.append(placed)
    if not there:
        return []
    shown, _ = view.seen(np.array([(*placed.spot, 0.0) for placed in there]))
    shares = ((shown + 0.5) / np.array(clip.size_px)).tolist()
    return [placed for placed, (x, y) in zip(there, shares, strict=True) if is_in(zone, (x, y))]


def _box(clip: Clip, zone: AnalysisZone) -> PictureBox:
    xs, ys = zip(*zone.corners, strict=True)
    return PictureBox(min(xs), min(ys), max(xs), max(ys))


def _move(name: str, camera: Camera, conditions: Conditions, about: str, people: Sequence[Walker], seed: int) -> Clip:
    place, pose = camera
    view = View(pose, 640, 360)
    zone = zone_on(view, "esplanade", _RING)
    kind = EventType.CROWD_MOVEMENT
    clip = Clip(
        name, place, pose, _MOVE_S, tuple(people), kind, conditions, (ZoneRule(zone, kind),), about=about, seed=seed
    )

    def runs(t_s: float) -> bool:
        speeds = [placed.speed_m_s for placed in _in_zone(clip, view, zone, t_s)]
        return len(speeds) >= PEOPLE and sum(speeds) / len(speeds) > SPEED_M_S

    found = [span for span in spans(runs, clip.seconds, 3.0, 0.2) if span[1] - span[0] >= 1.0]
    return replace(
        clip,
        events=tuple(TrueEvent(kind, zone.zone, clip.at_ns(a), clip.at_ns(b), _box(clip, zone)) for a, b in found),
    )


def crowd_movement() -> list[Clip]:
    """Seven that run, six that do not."""
    kind = "crowd_movement"

    def away(spot: Spot) -> Spot:
        dx, dy = spot[0] - 0.5, spot[1] - 26.0
        length = max(hypot(dx, dy), 0.1)
        return dx / length, dy / length

    right, left, near = (lambda _: (0.98, 0.2)), (lambda _: (-0.98, 0.18)), (lambda _: (0.25, -0.97))
    found = [
        _move(
            f"{kind}_sun_8m",
            seen.WIDE_8,
            seen.DAY,
            "a crowd runs off to the right",
            _strolls_then_runs(1, 14, (-2.5, 22.0), 11.0, right),
            91,
        ),
        _move(
            f"{kind}_grey_11m",
            seen.WIDE_11,
            seen.GREY,
            "runs off to the left",
            _strolls_then_runs(2, 26, (2.5, 23.0), 11.0, left),
            92,
        ),
        _move(
            f"{kind}_rain_8m",
            seen.WIDE_8,
            seen.RAIN,
            "runs towards the camera",
            _strolls_then_runs(3, 14, (0.0, 25.5), 10.0, near, 3.0),
            93,
        ),
        _move(
            f"{kind}_night_8m",
            seen.WIDE_8,
            seen.NIGHT,
            "runs off at night",
            _strolls_then_runs(4, 13, (-2.5, 21.5), 11.0, right),
            94,
        ),
        _move(
            f"{kind}_apart_11m",
            seen.WIDE_11,
            seen.DAY,
            "all run apart, away from one place",
            _strolls_then_runs(5, 30, (0.5, 23.0), 11.0, away, 3.0),
            95,
        ),
        _move(
            f"{kind}_stream_4m",
            seen.WIDE_4,
            seen.SHAKE,
            "a stream of people runs through",
            _flow(6, 30, 12.0, 3.6, first_s=3.0),
            96,
        ),
        _move(
            f"{kind}_exposure_11m",
            seen.WIDE_11,
            seen.EXPOSURE,
            "runs off while exposure swings",
            _strolls_then_runs(7, 16, (2.0, 22.5), 11.0, left),
            97,
        ),
    ]
    found += [
        _move(
            f"{kind}_not_walks_8m",
            seen.WIDE_8,
            seen.DAY,
            "a stream of people walks through",
            _flow(11, 24, 14.0, 1.35),
            101,
        ),
        _move(
            f"{kind}_not_stands_11m",
            seen.WIDE_11,
            seen.GREY,
            "a crowd stands about",
            _strolls_then_runs(12, 26, (0.5, 23.0), 60.0, right),
            102,
        ),
        _move(
            f"{kind}_not_few_8m",
            seen.WIDE_8,
            seen.DAY,
            "four joggers pass a standing crowd",
            [*_flow(13, 4, 10.0, 3.2), *_strolls_then_runs(14, 10, (1.0, 24.0), 60.0, right)],
            103,
        ),
        _move(
            f"{kind}_not_night_8m",
            seen.WIDE_8,
            seen.RAINY_NIGHT,
            "people hurry in the rain, at night",
            _flow(17, 16, 14.0, 1.75),
            105,
        ),
        _move(
            f"{kind}_not_exposure_11m",
            seen.WIDE_11,
            replace(seen.EXPOSURE, shake_px=0.6),
            "a crowd strolls",
            _strolls_then_runs(18, 22, (0.0, 23.0), 60.0, right),
            106,
        ),
    ]
    return found


# ------------------------------------------------------------------------------------------------------------- density
_AREA_LOW, _AREA_HIGH = (-1.6, 20.5), (2.0, 24.5)
_AREA_M2 = (_AREA_HIGH[0] - _AREA_LOW[0]) * (_AREA_HIGH[1] - _AREA_LOW[1])


def _standing(seed: int, per_m2: float, leave_s: float | None = None, fill_s: float = 8.0) -> list[Actor]:
    """A crowd in the zone of that density. It comes within `fill_s`; it begins to leave at `leave_s`."""
    dice = Dice(seed)
    count = round(per_m2 * _AREA_M2)
    middle = ((_AREA_LOW[0] + _AREA_HIGH[0]) / 2, (_AREA_LOW[1] + _AREA_HIGH[1]) / 2)
    half = ((_AREA_HIGH[0] - _AREA_LOW[0]) / 2 - 0.1, (_AREA_HIGH[1] - _AREA_LOW[1]) / 2 - 0.1)
    found: list[Actor] = []
    for n, spot in enumerate(_spread(seed, count, middle, half)):
        look = n % 10 + 300
        tall = dice.within(f"h{n}", 1.6, 1.84)
        until = 60.0 if leave_s is None else leave_s + dice.within(f"l{n}", 0, 3)
        start = (spot[0] + (-9 if n % 2 else 9), spot[1] + dice.within(f"s{n}", -2, 2))
        comes_s = dice.within(f"b{n}", 0.0, max(fill_s - 6.5, 0.01))
        comes = walk(comes_s, start, spot, speed_m_s=1.5)
        goes: tuple[tuple[float, float, float], ...] = ()
        if leave_s is not None:
            goes = walk(until, spot, (spot[0] + (9 if n % 2 else -9), spot[1] + 1), speed_m_s=1.5).points
        course = Course((*comes.points, *(goes or ((until, *spot),))))
        found.append(Walker(course, look, tall, sways_m=0.07))
    return found


def _dense(name: str, camera: Camera, conditions: Conditions, about: str, people: Sequence[Actor], seed: int) -> Clip:
    place, pose = camera
    view = View(pose, 640, 360)
    zone = zone_on(view, "podium", rectangle(_AREA_LOW, _AREA_HIGH))
    kind = EventType.CROWD_DENSITY
    rule = ZoneRule(zone, kind, (("duration_s", DENSE_S),))
    clip = Clip(name, place, pose, _DENSE_CLIP_S, tuple(people), kind, conditions, (rule,), about=about, seed=seed)

    def is_dense(t_s: float) -> bool:
        return len(_in_zone(clip, view, zone, t_s)) >= DENSE_PER_M2 * _AREA_M2

    found = [span for span in spans(is_dense, clip.seconds, 3.0, 0.2) if span[1] - span[0] >= DENSE_S]
    events = (TrueEvent(kind, zone.zone, clip.at_ns(max(a, 0.01)), clip.at_ns(b), _box(clip, zone)) for a, b in found)
    return replace(clip, events=tuple(events))


def crowd_density() -> list[Clip]:
    """Six that are too dense (3.4 to 4.2 people a square metre), six that are not (up to 2)."""
    kind = "crowd_density"
    return [
        _dense(f"{kind}_sun_8m", seen.WIDE_8, seen.DAY, "fills to 3.6 a square metre", _standing(1, 3.6), 111),
        _dense(f"{kind}_grey_11m", seen.WIDE_11, seen.GREY, "fills to 3.8", _standing(2, 3.8), 112),
        _dense(f"{kind}_night_8m", seen.WIDE_8, seen.NIGHT, "fills to 3.8 at night", _standing(3, 3.8), 113),
        _dense(f"{kind}_rain_11m", seen.WIDE_11, seen.RAIN, "fills to 4.2 in the rain", _standing(4, 4.2), 114),
        _dense(f"{kind}_leaves_8m", seen.WIDE_8, seen.CLOUD, "fills to 4, a cloud passes", _standing(5, 4.0), 115),
        _dense(
            f"{kind}_exposure_11m",
            seen.WIDE_11,
            seen.EXPOSURE,
            "fills to 3.5, exposure swings",
            _standing(6, 3.5),
            116,
        ),
        _dense(f"{kind}_not_one_8m", seen.WIDE_8, seen.DAY, "one a square metre", _standing(11, 1.0), 121),
        _dense(f"{kind}_not_two_11m", seen.WIDE_11, seen.GREY, "two a square metre", _standing(12, 2.0), 122),
        _dense(
            f"{kind}_not_short_8m",
            seen.WIDE_8,
            seen.DAY,
            "four a square metre for some seconds",
            _standing(13, 4.0, 7.6),
            123,
        ),
        _dense(
            f"{kind}_not_stream_8m", seen.WIDE_8, seen.RAIN, "a stream walks through", _flow(14, 28, 20.0, 1.4), 124
        ),
        _dense(
            f"{kind}_not_shadow_8m",
            seen.WIDE_8,
            seen.LEAVES,
            "shade of leaves and three people",
            _standing(16, 0.2),
            126,
        ),
    ]
