"""Light and weather over a finished picture: gain, noise, rain, clouds, leaves, a mast in the wind."""

from __future__ import annotations

from math import pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.clip import Conditions, Daylight
from csu.detection.evaluation.scenes.dice import Dice, Floats, bell, clouds
from csu.detection.evaluation.scenes.place import Kind, Place
from csu.detection.evaluation.scenes.view import View

Picture = NDArray[np.uint8]

NOISE = {Daylight.SUN: 2.0, Daylight.OVERCAST: 2.4, Daylight.NIGHT: 5.0, Daylight.INFRARED: 4.5}
"""Standard deviation in levels: what is left of a sensor's noise in a sub-stream."""
_LEVEL = {Daylight.SUN: 1.0, Daylight.OVERCAST: 0.86, Daylight.NIGHT: 0.42, Daylight.INFRARED: 0.66}
TINT = {
    Daylight.SUN: (0.97, 1.0, 1.03),
    Daylight.OVERCAST: (1.04, 1.0, 0.95),
    Daylight.NIGHT: (0.92, 1.0, 1.07),
    Daylight.INFRARED: (1.0, 1.0, 1.0),
}
_FIELDS, _SLACK = 3, 48


class Lamps:
    """How bright it is everywhere: shares of full daylight, per pixel of what stands there (h, w)."""

    def __init__(self, place: Place, view: View, conditions: Conditions) -> None:
        shape = (view.height_px, view.width_px)
        level = _LEVEL[conditions.light]
        self.map: Floats = np.full(shape, level, np.float32)
        if not conditions.light.is_night:
            return
        rays = view.rays().astype(np.float32)
        down = rays[:, :, 2] < -0.01
        reach = np.where(down, -view.pose.z_m / np.where(down, rays[:, :, 2], -1), 60.0).astype(np.float32)
        reach = np.minimum(reach, 90.0)
        x, y = view.pose.x_m + reach * rays[:, :, 0], view.pose.y_m + reach * rays[:, :, 1]
        if conditions.light is Daylight.INFRARED:
            away = np.hypot(x - view.pose.x_m, y - view.pose.y_m)
            self.map = np.asarray(level * (0.35 + 1.5 / (1 + (away / 22) ** 2)), np.float32)
            return
        posts = [thing.at for thing in place.things if thing.kind is Kind.POST]
        glow = np.full(shape, 0.55, np.float32)
        for px, py in [*posts, (view.pose.x_m, view.pose.y_m + 15)]:
            glow += 1.7 / (1 + ((x - px) ** 2 + (y - py) ** 2) / 40)
        self.map = np.asarray(level * np.minimum(glow, 2.2), np.float32)

    def at(self, x_px: float, y_px: float) -> float:
        height, width = self.map.shape
        return float(self.map[min(max(int(y_px), 0), height - 1), min(max(int(x_px), 0), width - 1)])


class Weather:
    """What lies between the place and the decoder. Its own chance for every picture, by the picture's number."""

    def __init__(self, conditions: Conditions, width_px: int, height_px: int, seed: int) -> None:
        self._conditions = conditions
        self._size = (width_px, height_px)
        self._dice = Dice(seed)
        spread = NOISE[conditions.light] * (1.25 if conditions.rain else 1.0)
        tall, wide = height_px + _SLACK, width_px + _SLACK
        self._noise: list[Picture] = []
        for n in range(_FIELDS):
            luma = bell(tall, wide, seed * 31 + n)
            chroma = cv2.GaussianBlur(bell(tall, wide, seed * 37 + n), (0, 0), 1.2) * 1.6
            grey = 128 + spread * luma
            tinted = np.stack([grey + 0.5 * spread * chroma, grey, grey - 0.5 * spread * chroma], axis=2)
            kept = np.repeat(grey[:, :, None], 3, axis=2) if conditions.light is Daylight.INFRARED else tinted
            self._noise.append(np.clip(kept, 0, 255).astype(np.uint8))
        self._rain = _streaks(tall, wide, seed) if conditions.rain else None
        self._cloud = _cloud(height_px, width_px, seed) if conditions.cloud else None

    def over(self, picture: Picture, number: int, t_s: float) -> Picture:
        """The picture as the camera sends it."""
        conditions, dice = self._conditions, self._dice
        width, height = self._size
        if self._cloud is not None:
            left = int(max(0.0, min(1.0, t_s / 14.0)) * (self._cloud.shape[1] - width))
            picture = np.asarray(cv2.multiply(picture, self._cloud[:, left : left + width], scale=1 / 255), np.uint8)
        if self._rain is not None:
            x, y = dice.whole(f"rx{number}", 0, _SLACK - 1), dice.whole(f"ry{number}", 0, _SLACK - 1)
            picture = np.asarray(cv2.add(picture, self._rain[y : y + height, x : x + width]), np.uint8)
        if conditions.shake_px:
            move = np.array([[1, 0, self._bell(f"sx{number}")], [0, 1, self._bell(f"sy{number}")]], np.float32)
            move[:, 2] *= conditions.shake_px
            picture = np.asarray(
                cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
            )
        gain = 1.0 + conditions.exposure * sin(2 * pi * t_s / 9.0) if conditions.exposure else 1.0
        if conditions.light is Daylight.INFRARED:
            grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
        x, y = dice.whole(f"nx{number}", 0, _SLACK - 1), dice.whole(f"ny{number}", 0, _SLACK - 1)
        noise = self._noise[number % _FIELDS][y : y + height, x : x + width]
        return np.asarray(cv2.addWeighted(picture, gain, noise, 1.0, -128.0), np.uint8)

    def _bell(self, name: str) -> float:
        return sum(self._dice.share(f"{name}/{n}") for n in range(4)) * 1.732 - 3.464


def lit(picture: Picture, lamps: Lamps, light: Daylight) -> Picture:
    """A place by day as it looks in that light."""
    tint = np.array(TINT[light], np.float32)
    shown = picture.astype(np.float32) * lamps.map[:, :, None] * tint
    return np.asarray(np.clip(shown, 0, 255).astype(np.uint8))


def _streaks(height: int, width: int, seed: int) -> Picture:
    dice = Dice(seed)
    sheet = np.zeros((height, width), np.uint8)
    for n in range(height * width // 1400):
        x, y = dice.within(f"x{n}", 0, width), dice.within(f"y{n}", -20, height)
        long = dice.within(f"l{n}", 7, 22)
        tone = dice.within(f"t{n}", 14, 46)
        end = (int((x - long * 0.16) * 16), int((y + long) * 16))
        cv2.line(sheet, (int(x * 16), int(y * 16)), end, tone, 1, cv2.LINE_AA, 4)
    return np.repeat(cv2.GaussianBlur(sheet, (3, 3), 0)[:, :, None], 3, axis=2)


def _cloud(height: int, width: int, seed: int) -> Picture:
    """A wide sheet: light, then shade with soft edges, then light."""
    long = width * 3
    across = np.linspace(0, 3, long, dtype=np.float32)
    edge = clouds(height, long, width / 4, seed)
    along = across[None, :] + 0.5 * edge
    depth = np.clip((along - 1.15) * 4, 0, 1) * np.clip((2.3 - along) * 4, 0, 1)
    return np.repeat(np.clip(255 * (1 - 0.42 * depth), 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
