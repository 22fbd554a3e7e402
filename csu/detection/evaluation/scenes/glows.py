"""What shines by itself: flames and smoke, and what is taken for them: beacons, neon, a low sun, a flag, head lamps."""

from __future__ import annotations

from math import cos, pi, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.actors import Glow, Light, Make, Placed, Vehicle
from csu.detection.evaluation.scenes.clip import Daylight
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.painting import Canvas
from csu.detection.evaluation.scenes.view import View
from csu.detection.evaluation.scenes.wares import SIZE_M

Colour = tuple[float, float, float]
_ORANGE: Colour = (18.0, 105.0, 255.0)
_YELLOW: Colour = (70.0, 200.0, 255.0)
_WHITE: Colour = (215.0, 245.0, 255.0)
_BLUE: Colour = (255.0, 120.0, 40.0)
_TONGUES = 7


def shine(canvas: Canvas, view: View, light: Light, t_s: float) -> None:
    """One light at that instant."""
    age_s = t_s - light.begin_s
    x, y = view.on_ground(*light.at, light.height_m)
    scale = view.px_per_m(*light.at)
    if light.glow is Glow.FLAME:
        _flame(canvas, light, (x, y), scale, age_s)
    elif light.glow is Glow.BEACON:
        if (age_s * 2.0) % 1.0 < 0.45:
            _halo(canvas, (x, y), 0.14 * scale, _BLUE)
            _halo(canvas, (x, y), 0.9 * scale, tuple(level * 0.3 for level in _BLUE))
    elif light.glow is Glow.NEON:
        bright = 1.0 if (age_s * 0.7) % 1.0 < 0.7 else 0.35
        _sign(canvas, (x, y), light.size_m * scale, 0.3 * light.size_m * scale, tuple(c * bright for c in _ORANGE))
    elif light.glow is Glow.SUNSET:
        grown = min(1.0, 0.4 + 0.6 * age_s / light.grows_s)
        _sign(canvas, (x, y), light.size_m * scale * grown, 1.2 * scale * grown, _YELLOW)
    else:
        _flag(canvas, (x, y), light.size_m * scale, age_s)


def vehicle_lights(canvas: Canvas, view: View, vehicle: Vehicle, placed: Placed, light: Daylight, t_s: float) -> None:
    """Head and rear lamps at night, a beacon at any time."""
    long, wide, high = SIZE_M[vehicle.make]
    turn = radians(placed.heading_deg + (180 if vehicle.backwards else 0))
    ahead, right = np.array([sin(turn), cos(turn)]), np.array([cos(turn), -sin(turn)])
    spot, (x, y) = np.array(placed.spot), placed.spot
    if vehicle.beacon and (t_s * 2.2 + vehicle.look) % 1.0 < 0.5:
        _halo(canvas, view.on_ground(x, y, high + 0.1), 0.16 * view.px_per_m(*placed.spot), _BLUE)
    if not light.is_night or vehicle.make is Make.BICYCLE:
        return
    towards = view.eye[:2] - spot
    faces_us = float(towards @ ahead) > 0
    lamps = (-0.36, 0.36) if vehicle.make is not Make.MOTORCYCLE else (0.0,)
    end = spot + ahead * (long / 2 if faces_us else -long / 2)
    for share in lamps:
        lamp = end + right * share * wide
        at = view.on_ground(float(lamp[0]), float(lamp[1]), 0.72)
        size = view.px_per_m(float(end[0]), float(end[1]))
        if faces_us:
            _halo(canvas, at, 0.14 * size, _WHITE)
            _halo(canvas, at, 0.75 * size, (70.0, 82.0, 86.0))
        else:
            _halo(canvas, at, 0.12 * size, (30.0, 30.0, 190.0))
    _beam(canvas, view, spot + ahead * long / 2, ahead, right)


def _beam(
    canvas: Canvas, view: View, nose: NDArray[np.float64], ahead: NDArray[np.float64], right: NDArray[np.float64]
) -> None:
    """What the head lamps light of the road, in three steps."""
    for far_m, wide_m, tone in ((11.0, 2.6, 16.0), (7.0, 1.8, 18.0), (4.0, 1.2, 20.0)):
        corners = [nose - right * 0.7, nose + right * 0.7, nose + ahead * far_m + right * wide_m]
        corners.append(nose + ahead * far_m - right * wide_m)
        shown, depth = view.seen(np.array([(x, y, 0.0) for x, y in corners]))
        if depth.min() > 0.5:
            _add(canvas, [shown], (tone * 0.85, tone, tone), 2.0)


def _flame(canvas: Canvas, light: Light, foot: tuple[float, float], scale: float, age_s: float) -> None:
    """Tongues that leap at every picture; their whole grows."""
    dice = Dice(light.seed)
    moment = round(age_s * 25)
    size = light.size_m * scale * (0.3 + 0.7 * min(1.0, age_s / light.grows_s))
    surge = 1.0 + 0.28 * sin(2 * pi * 3.3 * age_s) + 0.2 * sin(2 * pi * 5.7 * age_s + 1)
    if light.smoke:
        _smoke(canvas, light, foot, size, age_s)
    _halo(canvas, (foot[0], foot[1] - 0.3 * size), 2.2 * size, (6.0, 30.0, 60.0))
    for tone, part in ((_ORANGE, 1.0), (_YELLOW, 0.68), (_WHITE, 0.38)):
        tongues = []
        for n in range(_TONGUES):
            aside = (n - (_TONGUES - 1) / 2) / _TONGUES * size * 0.9
            tall = size * part * surge * dice.within(f"{n}/{moment}", 0.55, 1.25) * (1 - abs(aside) / size)
            half = size * 0.15 * (0.6 + 0.6 * part)
            lean = dice.within(f"l{n}/{moment}", -0.25, 0.25) * tall
            x = foot[0] + aside
            tongues.append(
                np.array(
                    [(x - half, foot[1]), (x - half * 0.8, foot[1] - tall * 0.4), (x + lean, foot[1] - tall)]
                    + [(x + half * 0.8, foot[1] - tall * 0.4), (x + half, foot[1])]
                )
            )
        _add(canvas, tongues, tuple(level * 0.8 for level in tone), max(0.8, size * 0.02))


def _smoke(canvas: Canvas, light: Light, foot: tuple[float, float], size: float, age_s: float) -> None:
    """Grey puffs that rise, widen and thin out."""
    dice = Dice(light.seed + 7)
    height, width = canvas.ids.shape
    reach = 5.0 * size
    left, top = max(0, int(foot[0] - reach)), max(0, int(foot[1] - reach * 1.6))
    right, bottom = min(width, int(foot[0] + reach)), min(height, int(foot[1]))
    if right - left < 4 or bottom - top < 4:
        return
    part = 4  # smoke is soft: a quarter of the pixels do
    veil = np.zeros(((bottom - top) // part + 1, (right - left) // part + 1), np.uint8)
    for n in range(14):
        life = (age_s + n * 0.35) % 4.9
        if age_s < life:
            continue
        x = foot[0] - left + (dice.within(f"x{n}", -0.3, 0.3) + 0.28 * life) * size
        y = foot[1] - top - size * (0.6 + 1.1 * life)
        puff = np.zeros_like(veil)
        tone = max(0.0, 185 * (1 - life / 4.9))
        radius = size * (0.3 + 0.26 * life) / part
        cv2.circle(puff, (int(x / part * 16), int(y / part * 16)), int(radius * 16), tone, -1, cv2.LINE_AA, 4)
        veil = np.asarray(cv2.max(veil, puff), np.uint8)
    blurred = cv2.GaussianBlur(veil, (0, 0), max(0.8, size * 0.22 / part))
    veil = np.asarray(cv2.resize(blurred, (right - left, bottom - top)), np.uint8)
    under = canvas.bgr[top:bottom, left:right]
    share = veil[:, :, None].astype(np.float32) / 255
    canvas.bgr[top:bottom, left:right] = (under * (1 - share) + np.array((62, 60, 58)) * share).astype(np.uint8)


def _sign(canvas: Canvas, middle: tuple[float, float], wide: float, tall: float, tone: tuple[float, ...]) -> None:
    x, y = middle
    corners = np.array([(x - wide / 2, y), (x + wide / 2, y), (x + wide / 2, y - tall), (x - wide / 2, y - tall)])
    _add(canvas, [corners], tone, max(1.0, 0.06 * wide))


def _flag(canvas: Canvas, top: tuple[float, float], wide: float, age_s: float) -> None:
    """An orange cloth in the wind."""
    upper, lower = [], []
    for n in range(9):
        share = n / 8
        wave = 0.10 * wide * share * sin(2 * pi * (1.3 * age_s - 1.1 * share))
        x = top[0] + wide * share * (0.9 + 0.1 * cos(2 * pi * 0.7 * age_s))
        upper.append((x, top[1] + wave))
        lower.append((x, top[1] + 0.62 * wide + wave))
    cloth = (np.array(upper + lower[::-1]) * 16).astype(np.int32)
    cv2.fillPoly(canvas.bgr, [cloth], (30.0, 110.0, 235.0), cv2.LINE_AA, 4)


def _halo(canvas: Canvas, middle: tuple[float, float], radius: float, tone: tuple[float, ...]) -> None:
    turn = np.linspace(0, 2 * pi, 14, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * max(radius, 0.8) * 0.7 + np.array(middle)
    _add(canvas, [ring], tone, max(0.8, radius * 0.35))


def _add(canvas: Canvas, hulls: list[NDArray[np.float64]], tone: tuple[float, ...], soft_px: float) -> None:
    """Light added where the hulls are, with soft edges; what is very soft is drawn coarsely."""
    height, width = canvas.ids.shape
    rest = 3 * soft_px + 1
    every = np.concatenate(hulls)
    left, top = max(0, int(every[:, 0].min() - rest)), max(0, int(every[:, 1].min() - rest))
    right, bottom = min(width, int(every[:, 0].max() + rest)), min(height, int(every[:, 1].max() + rest))
    if right - left < 2 or bottom - top < 2:
        return
    part = 1 if soft_px < 5 else 4
    light = np.zeros(((bottom - top) // part + 1, (right - left) // part + 1, 3), np.uint8)
    for hull in hulls:
        cv2.fillPoly(light, [((hull - (left, top)) * (16 / part)).astype(np.int32)], tone[:3], cv2.LINE_AA, 4)
    blurred = cv2.GaussianBlur(light, (0, 0), max(0.5, soft_px / part))
    if part > 1:
        blurred = cv2.resize(blurred, (right - left, bottom - top))
    shown = blurred[: bottom - top, : right - left]
    canvas.bgr[top:bottom, left:right] = cv2.add(canvas.bgr[top:bottom, left:right], shown)
