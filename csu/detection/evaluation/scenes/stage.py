"""Plays a clip: draws what moves over the place, far things first, and tells what is true of every picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, hypot, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes import glows, solids, wares
from csu.detection.evaluation.scenes.actors import Bag, Held, Light, Make, Placed, Posture, Vehicle, Walker
from csu.detection.evaluation.scenes.backdrop import backdrop
from csu.detection.evaluation.scenes.body import Pace, Stance
from csu.detection.evaluation.scenes.clip import Clip, Daylight, Shot, TrueObject
from csu.detection.evaluation.scenes.painting import SHADOW, Box, Canvas, Drawn, cast, contact, stamp
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.sprites import Look, Sprite, look, sprite
from csu.detection.evaluation.scenes.standing import Standing, standing_things
from csu.detection.evaluation.scenes.weather import TINT, Lamps, Weather, lit
from csu.detection.evaluation.scenes.wet_ground import Leaves, Puddle

Picture = NDArray[np.uint8]
_SUN_HEIGHT_DEG = 45.0
_TWO_WHEELED = (Make.BICYCLE, Make.MOTORCYCLE)


@dataclass(frozen=True)
class _Act:
    """One thing to draw. `spot`: what it stands on; `posture`: for the truth."""

    number: int
    away_m: float
    spot: Spot
    posture: Posture
    draw: Callable[[Canvas], Drawn | None]
    shadow: Callable[[Canvas], None]
    told: bool = True


class Stage:
    """One clip being played. Pictures may be asked in any order."""

    def __init__(self, clip: Clip) -> None:
        self._clip, self._view = clip, clip.view
        infrared = clip.conditions.light is Daylight.INFRARED
        self._looks: dict[int, Look] = {
            n: look(actor.look, vest=actor.vest, infrared=infrared)
            for n, actor in enumerate(clip.actors)
            if isinstance(actor, Walker)
        }
        self._solids = wares.Wares()
        self._lamps = Lamps(clip.place, self._view, clip.conditions)
        turn = radians(clip.place.sun_deg)
        self._sun = (sin(turn), cos(turn))
        day = np.array(backdrop(clip.place, self._view))
        self._standing = sorted(standing_things(clip.place, self._view, day, self._sun), key=lambda each: -each.away_m)
        self._empty = lit(day, self._lamps, clip.conditions.light)
        self._weather = Weather(clip.conditions, self._view.width_px, self._view.height_px, clip.seed)
        self._puddle = Puddle(clip.place, self._view) if clip.conditions.puddle else None
        self._leaves = Leaves(clip.place, self._view, clip.seed) if clip.conditions.leaves else None
        self._ids = np.zeros((self._view.height_px, self._view.width_px), np.uint8)

    def shot(self, t_s: float) -> Shot:
        """The picture of that instant and the truth of it."""
        clip = self._clip
        self._ids[:] = 0
        canvas = Canvas(self._empty.copy(), self._ids)
        if self._leaves is not None:
            self._leaves.over(canvas, t_s)
        acts = sorted(self._acts(t_s), key=lambda act: -act.away_m)
        for act in acts:
            act.shadow(canvas)
        drawn: dict[int, Drawn] = {}
        waiting = list(self._standing)
        for act in acts:
            while waiting and waiting[0].away_m >= act.away_m:
                self._restore(canvas, waiting.pop(0), drawn)
            done = act.draw(canvas)
            if done is not None:
                drawn[act.number] = done
        for thing in waiting:
            self._restore(canvas, thing, drawn)
        if self._puddle is not None:
            self._puddle.over(canvas)
        objects = tuple(self._true(act, drawn[act.number]) for act in acts if act.told and act.number in drawn)
        picture = self._weather.over(canvas.bgr, round(t_s * clip.fps), t_s)
        return Shot(clip.at_ns(t_s), picture, objects)

    def _restore(self, canvas: Canvas, thing: Standing, drawn: dict[int, Drawn]) -> None:
        """What stands nearer than what was drawn covers it again."""
        left, top, right, bottom = thing.box
        for done in drawn.values():
            x0, y0, x1, y1 = done.box
            if x0 < right and x1 > left and y0 < bottom and y1 > top:
                canvas.bgr[top:bottom, left:right][thing.mask] = self._empty[top:bottom, left:right][thing.mask]
                canvas.ids[top:bottom, left:right][thing.mask] = 0
                return

    def _true(self, act: _Act, done: Drawn) -> TrueObject:
        width, height = self._clip.size_px
        left, top = max(done.box[0], 0.0), max(done.box[1], 0.0)
        right, bottom = min(done.box[2], float(width)), min(done.box[3], float(height))
        part = self._ids[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
        seen = np.count_nonzero(part == act.number) / max(done.whole_px, 1.0)
        kind = self._clip.actors[act.number - 1].kind  # type: ignore[union-attr]
        return TrueObject(act.number, kind, (left, top, right, bottom), act.spot, act.posture, min(1.0, float(seen)))

    # ------------------------------------------------------------------------------------------------- what there is
    def _acts(self, t_s: float) -> list[_Act]:
        found: list[_Act] = []
        for index, actor in enumerate(self._clip.actors):
            if isinstance(actor, Walker):
                held = actor.at(t_s)
                if held is not None:
                    found.append(self._person(index, actor, held))
            elif isinstance(actor, Vehicle):
                placed = actor.course.at(t_s)
                if placed is not None:
                    found.append(self._vehicle(index, actor, placed, t_s))
            elif isinstance(actor, Bag):
                act = self._bag(index, actor, t_s)
                if act is not None:
                    found.append(act)
            elif actor.begin_s <= t_s < actor.end_s:
                found.append(self._light(index, actor, t_s))
        return found

    def _away_m(self, spot: Spot) -> float:
        return hypot(spot[0] - self._view.pose.x_m, spot[1] - self._view.pose.y_m)

    def _light_at(self, foot: Spot) -> tuple[float, float, float]:
        level = self._lamps.at(*foot)
        b, g, r = TINT[self._clip.conditions.light]
        return level * b, level * g, level * r

    def _person(self, index: int, walker: Walker, held: Held) -> _Act:
        view, spot = self._view, held.placed.spot
        turn = held.placed.heading_deg - view.bearing_deg(*spot)
        drawn_body = sprite(self._looks[index], held.stance, turn, view.down_deg(*spot))
        foot, tall = view.on_ground(*spot, held.lift_m), walker.tall_m * view.px_per_m(*spot)
        light = self._light_at(foot)

        def draw(canvas: Canvas) -> Drawn | None:
            return stamp(canvas, index + 1, drawn_body, foot, tall, light)

        def shadow(canvas: Canvas) -> None:
            self._body_shadow(canvas, drawn_body, spot, tall, walker.tall_m)

        return _Act(index + 1, self._away_m(spot), spot, held.posture, draw, shadow)

    def _body_shadow(self, canvas: Canvas, body: Sprite, spot: Spot, tall_px: float, tall_m: float) -> None:
        foot = self._view.on_ground(*spot)
        light = self._clip.conditions.light
        if light is Daylight.SUN and not self._in_shade(spot):
            long = tall_m / tan(radians(_SUN_HEIGHT_DEG))
            tip = self._view.on_ground(spot[0] - self._sun[0] * long, spot[1] - self._sun[1] * long)
            cast(canvas, body, foot, tip, tall_px)
        contact(canvas, foot, tall_px)

    def _in_shade(self, spot: Spot) -> bool:
        return any(low[0] < spot[0] < high[0] and low[1] < spot[1] < high[1] for low, high in self._clip.place.shades)

    def _vehicle(self, index: int, vehicle: Vehicle, placed: Placed, t_s: float) -> _Act:
        view, spot = self._view, placed.spot
        heading = placed.heading_deg + (180 if vehicle.backwards else 0)
        door = vehicle.door_s is not None and vehicle.door_s[0] <= t_s < vehicle.door_s[1]
        faces = solids.put(self._solids.of(vehicle.make, vehicle.look, door), spot, heading)
        level = self._light_at(view.on_ground(*spot))[1]
        long, wide, high = wares.SIZE_M[vehicle.make]

        def draw(canvas: Canvas) -> Drawn | None:
            drawn = solids.draw(canvas, index + 1, view, faces, level, self._sun)
            if vehicle.make in _TWO_WHEELED:
                drawn = self._rider(canvas, index, vehicle, placed, drawn)
            if drawn is not None:
                glows.vehicle_lights(canvas, view, vehicle, placed, self._clip.conditions.light, t_s)
            return drawn

        def shadow(canvas: Canvas) -> None:
            self._solid_shadow(canvas, spot, heading, (long, wide, high))

        return _Act(index + 1, self._away_m(spot), spot, Posture.UPRIGHT, draw, shadow)

    def _rider(
        self, canvas: Canvas, index: int, vehicle: Vehicle, placed: Placed, wheels: Drawn | None
    ) -> Drawn | None:
        view, spot = self._view, placed.spot
        worn = look(vehicle.look + 500, infrared=self._clip.conditions.light is Daylight.INFRARED)
        turn = placed.heading_deg - view.bearing_deg(*spot)
        drawn_body = sprite(worn, Stance(Pace.SIT), turn, view.down_deg(*spot))
        foot, tall = view.on_ground(*spot, 0.34), 1.72 * view.px_per_m(*spot)
        rider = stamp(canvas, index + 1, drawn_body, foot, tall, self._light_at(view.on_ground(*spot)))
        if wheels is None or rider is None:
            return rider or wheels
        box = _around(wheels.box, rider.box)
        rows, columns = slice(max(0, int(box[1])), int(box[3]) + 1), slice(max(0, int(box[0])), int(box[2]) + 1)
        part = canvas.ids[rows, columns]
        pixels = int(np.count_nonzero(part == index + 1))
        return Drawn(index + 1, box, pixels, 0.85 * (wheels.whole_px + rider.whole_px))

    def _solid_shadow(self, canvas: Canvas, spot: Spot, heading: float, size_m: tuple[float, float, float]) -> None:
        long, wide, high = size_m
        turn = radians(heading)
        ahead, right = (
            np.array([sin(turn), cos(turn), 0.0]) * long / 2,
            np.array([cos(turn), -sin(turn), 0.0]) * wide / 2,
        )
        middle = np.array([*spot, 0.0])
        points = np.stack([middle + a * ahead + b * right for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))])
        if self._clip.conditions.light is not Daylight.SUN or self._in_shade(spot):
            solids.blot_hull(canvas, self._view, points, 0.4)
            return
        reach = high / tan(radians(_SUN_HEIGHT_DEG))
        fallen = points - np.array([self._sun[0] * reach, self._sun[1] * reach, 0.0])
        solids.blot_hull(canvas, self._view, np.concatenate([points, fallen]), SHADOW)

    def _bag(self, index: int, bag: Bag, t_s: float) -> _Act | None:
        spot, heading, lift, stands = bag.at, bag.turn_deg, 0.0, bag.stands(t_s)
        if not stands:
            carrier = None if bag.carrier is None or t_s >= bag.put_s else self._clip.actors[bag.carrier]
            held = carrier.at(t_s) if isinstance(carrier, Walker) else None
            if held is None:
                return None
            heading = held.placed.heading_deg
            turn = radians(heading + 90)
            spot = (held.placed.spot[0] + 0.32 * sin(turn), held.placed.spot[1] + 0.32 * cos(turn))
            lift = max(0.02, 0.72 - bag.size_m[2])
        faces = solids.put(self._solids.bag(bag.size_m, bag.look), spot, heading, lift)
        level = self._light_at(self._view.on_ground(*spot))[1]

        def draw(canvas: Canvas) -> Drawn | None:
            return solids.draw(canvas, index + 1, self._view, faces, level, self._sun)

        def shadow(canvas: Canvas) -> None:
            self._solid_shadow(canvas, spot, heading, bag.size_m)

        return _Act(index + 1, self._away_m(spot), spot, Posture.UPRIGHT, draw, shadow, told=stands)

    def _light(self, index: int, light: Light, t_s: float) -> _Act:
        def draw(canvas: Canvas) -> Drawn | None:
            glows.shine(canvas, self._view, light, t_s)
            return None

        return _Act(index + 1, self._away_m(light.at), light.at, Posture.UPRIGHT, draw, lambda _: None, told=False)


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
