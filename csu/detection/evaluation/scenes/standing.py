"""What does not move: drawn once over the place, and again over whoever passes behind it."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes import solids, wares
from csu.detection.evaluation.scenes.actors import Make
from csu.detection.evaluation.scenes.dice import Dice, clouds
from csu.detection.evaluation.scenes.painting import Canvas, ground_blot
from csu.detection.evaluation.scenes.place import Kind, Place, Thing
from csu.detection.evaluation.scenes.view import View

Picture = NDArray[np.uint8]
_TALL_M = {Kind.POST: 6.5, Kind.BOLLARD: 0.95, Kind.FLAGPOLE: 7.0}


@dataclass(frozen=True)
class Standing:
    """`mask`: its pixels within `box` (left, top, right, bottom)."""

    away_m: float
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]


def standing_things(place: Place, view: View, day: Picture, sun: tuple[float, float]) -> list[Standing]:
    """Draws the place's things into `day`, far ones first, and says where each one is."""
    found = []
    for thing in sorted(place.things, key=lambda each: -_away_m(each, view)):
        canvas = Canvas(day, np.zeros(day.shape[:2], np.uint8))
        _shade(canvas, thing, view)
        if thing.kind is Kind.TREE:
            _tree(canvas, thing, view)
        else:
            faces = solids.put(_solid(thing), thing.at, thing.turn_deg)
            solids.draw(canvas, 1, view, faces, 1.0, sun)
        rows, columns = np.nonzero(canvas.ids)
        if len(rows):
            box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
            mask = canvas.ids[box[1] : box[3], box[0] : box[2]] > 0
            found.append(Standing(_away_m(thing, view), box, mask))
    return found


def _away_m(thing: Thing, view: View) -> float:
    return hypot(thing.at[0] - view.pose.x_m, thing.at[1] - view.pose.y_m)


def _solid(thing: Thing) -> solids.Solid:
    if thing.kind is Kind.BENCH:
        return wares.bench()
    if thing.kind is Kind.BIN:
        return wares.underground_bin()
    if thing.kind in (Kind.CAR, Kind.VAN):
        return wares.vehicle(Make.CAR if thing.kind is Kind.CAR else Make.VAN, thing.seed)
    return wares.post(_TALL_M[thing.kind], 0.12 if thing.kind is Kind.BOLLARD else 0.09)


def _shade(canvas: Canvas, thing: Thing, view: View) -> None:
    wide = {Kind.CAR: 1.1, Kind.VAN: 1.2, Kind.BENCH: 0.6, Kind.BIN: 0.5, Kind.TREE: 1.6}.get(thing.kind, 0.15)
    deep = {Kind.CAR: 2.3, Kind.VAN: 2.8, Kind.BENCH: 1.0}.get(thing.kind, wide)
    turn = radians(thing.turn_deg)
    ahead, right = np.array([sin(turn), cos(turn), 0.0]) * deep, np.array([cos(turn), -sin(turn), 0.0]) * wide
    middle = np.array([*thing.at, 0.0])
    points = np.stack([middle + a * ahead + b * right for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))])
    shown, depth = view.seen(points)
    if depth.min() > 0.5:
        ground_blot(canvas, shown, 0.42)


def _tree(canvas: Canvas, thing: Thing, view: View) -> None:
    """A trunk and a crown of many round tufts, lit from above."""
    dice = Dice(thing.seed + 900)
    scale = view.px_per_m(*thing.at)
    foot, crown = view.on_ground(*thing.at), view.on_ground(*thing.at, 4.6)
    thick = max(2, round(0.28 * scale))
    for picture, tone in ((canvas.bgr, (48.0, 62.0, 78.0)), (canvas.ids, (1.0,))):
        ends = tuple((int(x * 16), int(y * 16)) for x, y in (foot, crown))
        cv2.line(picture, ends[0], ends[1], tone, thick, cv2.LINE_8, 4)
    for n in range(70):
        x = crown[0] + dice.within(f"x{n}", -1.9, 1.9) * scale
        height = dice.within(f"y{n}", -1.3, 2.0)
        at = (int(x * 16), int((crown[1] - height * scale) * 16))
        light = 0.7 + 0.22 * height + dice.within(f"t{n}", -0.12, 0.12)
        tone = (44 * light, 92 * light, 66 * light)
        radius = int(dice.within(f"r{n}", 0.3, 0.65) * scale * 16)
        cv2.circle(canvas.bgr, at, radius, tone, -1, cv2.LINE_AA, 4)
        cv2.circle(canvas.ids, at, radius, 1.0, -1, cv2.LINE_8, 4)
    crowned = canvas.ids > 0
    height_px, width_px = canvas.ids.shape
    leaves = 0.72 + 0.5 * clouds(height_px, width_px, max(3.0, 0.16 * scale), thing.seed)
    canvas.bgr[crowned] = np.clip(canvas.bgr[crowned] * leaves[crowned][:, None], 0, 255).astype(np.uint8)
