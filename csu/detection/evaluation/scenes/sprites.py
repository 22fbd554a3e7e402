"""Bodies as pictures: limbs with light and shade, clothes, hair; drawn once for each stance, then taken by scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, pi, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.body import J, Stance, joints
from csu.detection.evaluation.scenes.dice import Dice, clouds

Colour = tuple[int, int, int]
"""Blue, green, red."""
Picture = NDArray[np.uint8]

MASTER_PX = 132
"""Height of a body as it is drawn; shown ones are smaller, taken from this one halved."""
MARGIN = 0.14
_CLOTH_PX = 640
_DOWN_STEP_DEG = 8.0
HEADINGS = 16
"""A body is drawn turned in steps of 360 / HEADINGS degrees."""
_RING = np.array([[cos(2 * pi * n / 10), sin(2 * pi * n / 10)] for n in range(10)], np.float32)
_TONES = ((_RING, 0.7), (_RING * 0.78 - (0.10, 0.05), 0.95), (_RING * 0.48 - (0.26, 0.13), 1.2))
"""A part's rim, its flank, its lit side: the ring of each circle of its hull, and how bright."""
_THIN_PX = 4.5
"""What is thinner has a rim and a lit side only."""
_COATS: tuple[Colour, ...] = (
    *((60, 45, 40), (96, 56, 32), (40, 42, 112), (46, 70, 48), (46, 46, 50), (34, 30, 84), (70, 66, 74)),
    *((30, 30, 34), (98, 56, 76), (40, 70, 104), (52, 40, 36), (84, 52, 30), (222, 220, 216), (66, 44, 40)),
)
_TROUSERS: tuple[Colour, ...] = (
    *((88, 58, 40), (44, 42, 42), (64, 60, 58), (44, 58, 74), (56, 40, 32), (34, 34, 36), (104, 78, 56)),
)
_SKINS: tuple[Colour, ...] = ((150, 180, 222), (120, 156, 204), (92, 124, 172), (60, 84, 124), (44, 60, 92))
_HAIRS: tuple[Colour, ...] = ((26, 28, 32), (40, 60, 92), (72, 122, 168), (140, 140, 144), (30, 40, 60))
_VEST: Colour = (30, 120, 245)


@lru_cache(maxsize=1)
def _cloth() -> Picture:
    """Folds and weave, 128 where they change nothing."""
    soft, fine = clouds(_CLOTH_PX, _CLOTH_PX, 9, 5), clouds(_CLOTH_PX, _CLOTH_PX, 3, 6)
    sheet = (128 * (0.80 + 0.28 * soft + 0.12 * fine)).astype(np.uint8)
    return np.repeat(sheet[:, :, None], 3, axis=2)


@dataclass(frozen=True, slots=True)
class Look:
    """What a body wears. Nothing of it tells who it is."""

    coat: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    long_coat: bool = False
    pack: bool = False
    stout: float = 1.0
    seed: int = 0


def look(number: int, *, vest: bool = False, infrared: bool = False) -> Look:
    """The look of that number. `vest`: an orange working vest. `infrared`: as a camera's own lamps show it: most
    cloth is bright, whatever its colour."""
    dice = Dice(number)
    worn = Look(
        coat=_VEST if vest else dice.one_of("coat", _COATS),
        trousers=dice.one_of("trousers", _TROUSERS),
        skin=dice.one_of("skin", _SKINS),
        hair=dice.one_of("hair", _HAIRS),
        long_coat=not vest and dice.share("long") < 0.12,
        pack=dice.share("pack") < 0.15,
        stout=dice.within("stout", 0.92, 1.16),
        seed=number,
    )
    if not infrared:
        return worn
    coat, trousers = dice.one_of("infrared", ((232, 64), (214, 52), (198, 70), (48, 44), (52, 150)))
    return replace(worn, coat=(coat,) * 3, trousers=(trousers,) * 3, skin=(210,) * 3, hair=(70,) * 3)


@dataclass(frozen=True, slots=True)
class Sprite:
    """A drawn thing. `levels`: premultiplied BGRA at MASTER_PX, then halved again and again.

    `anchor`: where it stands, px of the first level; `box`: what is drawn of it, relative to the anchor, in heights.
    `shade`: the alpha of the third level, for its shadow; `solid`: pixels it covers where its height is 1 px.
    """

    levels: tuple[Picture, ...]
    anchor: tuple[float, float]
    box: tuple[float, float, float, float]
    shade: Picture
    solid: float


def sprite(worn: Look, stance: Stance, turn_deg: float, down_deg: float) -> Sprite:
    """Turned by `turn_deg` (0: its back to us; clockwise seen from above), seen from `down_deg` above; in steps."""
    return draw_body(worn, stance, round(turn_deg / 360 * HEADINGS) % HEADINGS, round(down_deg / _DOWN_STEP_DEG))


@lru_cache(maxsize=1500)
def draw_body(worn: Look, stance: Stance, heading: int, above: int) -> Sprite:
    """One body, seen from afar (parallel rays). `heading`, `above`: in steps. Kept: about 60 kB each."""
    at = joints(stance)
    turn, down = radians(heading * 360 / HEADINGS), radians(above * _DOWN_STEP_DEG)
    right = at[:, 0] * sin(turn) - at[:, 1] * cos(turn)
    away = at[:, 0] * cos(turn) + at[:, 1] * sin(turn)
    up = at[:, 2] * cos(down) + away * sin(down)
    near = at[:, 2] * sin(down) - away * cos(down)
    left, top = float(right.min()) - MARGIN, float(up.max()) + MARGIN
    width = int((right.max() + MARGIN - left) * MASTER_PX) + 1
    height = int((top - up.min() + MARGIN) * MASTER_PX) + 1
    shown = np.stack([(right - left) * MASTER_PX, (top - up) * MASTER_PX], axis=1).astype(np.float32)
    paint = _Paint(np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8))
    _Body(worn, shown, near, front=-cos(turn) * cos(down)).draw(paint)
    return _finished(paint, (-left * MASTER_PX, top * MASTER_PX), worn.seed)


def _finished(paint: _Paint, anchor: tuple[float, float], seed: int) -> Sprite:
    """Folds and grain over all of it, edges softened, halved down to what is shown far away."""
    height, width = paint.alpha.shape
    cloth, x, y = _cloth(), seed * 37 % (_CLOTH_PX - width), seed * 61 % (_CLOTH_PX - height)
    folded = cv2.multiply(paint.colour, cloth[y : y + height, x : x + width], scale=1 / 128)
    alpha = cv2.GaussianBlur(paint.alpha, (3, 3), 0)
    colour = cv2.multiply(cv2.GaussianBlur(folded, (3, 3), 0), cv2.merge([alpha] * 3), scale=1 / 255)
    first = cv2.merge([colour, alpha])  # premultiplied: edges do not shine
    levels: list[Picture] = [np.asarray(first, np.uint8)]
    while min(levels[-1].shape[:2]) > 12:
        levels.append(np.asarray(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8))
    rows, columns = np.nonzero(paint.alpha > 127)
    box = (
        (float(columns.min()) - anchor[0]) / MASTER_PX,
        (float(rows.min()) - anchor[1]) / MASTER_PX,
        (float(columns.max()) + 1 - anchor[0]) / MASTER_PX,
        (float(rows.max()) + 1 - anchor[1]) / MASTER_PX,
    )
    solid = float(len(rows)) / MASTER_PX**2
    return Sprite(tuple(levels), anchor, box, np.ascontiguousarray(levels[min(2, len(levels) - 1)][:, :, 3]), solid)


@dataclass(frozen=True, slots=True)
class _Paint:
    colour: Picture
    alpha: Picture

    def shape(self, circles: Sequence[tuple[float, float, float]], colour: Colour, light: float = 1.0) -> None:
        """The hull around circles (x, y, r), px: dark at its rim, bright towards the light (up and left)."""
        round_ = np.array(circles, np.float32)
        middles, radii = round_[:, None, :2], round_[:, None, 2:]
        thick = max(radius for _, _, radius in circles) > _THIN_PX
        for ring, shine in _TONES if thick else _TONES[::2]:
            points = middles + radii * ring
            hull = cv2.convexHull((points.reshape(-1, 2) * 16).astype(np.int32))
            tone = tuple(min(255.0, level * shine * light) for level in colour)
            cv2.fillConvexPoly(self.colour, hull, tone, cv2.LINE_8, 4)
            if ring is _RING:
                cv2.fillConvexPoly(self.alpha, hull, 255.0, cv2.LINE_AA, 4)


@dataclass(frozen=True, slots=True)
class _Body:
    worn: Look
    at: NDArray[np.float32]
    """(COUNT, 2), px."""
    near: NDArray[np.floating]
    front: float
    """1: faces us; -1: shows its back."""

    def _circle(self, joint: int, radius: float) -> tuple[float, float, float]:
        x, y = self.at[joint]
        return float(x), float(y), radius * MASTER_PX

    def draw(self, paint: _Paint) -> None:
        """Far parts first."""
        parts: list[tuple[float, Callable[[_Paint], None]]]
        parts = [(float(self.near[J.CHEST]) + 0.001, self._trunk), (float(self.near[J.HEAD]) + 0.01, self._head)]
        for side in (0, 1):
            arm = float(self.near[J.ELBOW + side])
            leg = float(self.near[J.KNEE + side] + self.near[J.HIP + side]) / 2
            parts.append((arm + 0.004, self._arm_of(side)))
            parts.append((leg - 0.02, self._leg_of(side)))
        if self.worn.pack:
            parts.append((float(self.near[J.CHEST]) - 0.09 * self.front, self._pack))
        for _, part in sorted(parts, key=lambda each: each[0]):
            part(paint)

    def _leg_of(self, side: int) -> Callable[[_Paint], None]:
        stout, worn = self.worn.stout, self.worn
        shade = 1.0 if self.near[J.KNEE + side] >= self.near[J.KNEE + 1 - side] else 0.78

        def draw(paint: _Paint) -> None:
            paint.shape([self._circle(J.ANKLE + side, 0.026), self._circle(J.TOE + side, 0.02)], (38, 36, 40), shade)
            paint.shape(
                [self._circle(J.KNEE + side, 0.042 * stout), self._circle(J.ANKLE + side, 0.03)], worn.trousers, shade
            )
            paint.shape(
                [self._circle(J.HIP + side, 0.062 * stout), self._circle(J.KNEE + side, 0.043 * stout)],
                worn.trousers,
                shade,
            )

        return draw

    def _arm_of(self, side: int) -> Callable[[_Paint], None]:
        shade = 0.96 if self.near[J.ELBOW + side] >= self.near[J.ELBOW + 1 - side] else 0.74

        def draw(paint: _Paint) -> None:
            paint.shape([self._circle(J.HAND + side, 0.022)], self.worn.skin, shade)
            paint.shape([self._circle(J.ELBOW + side, 0.028), self._circle(J.HAND + side, 0.02)], self.worn.coat, shade)
            paint.shape(
                [self._circle(J.SHOULDER + side, 0.036), self._circle(J.ELBOW + side, 0.03)], self.worn.coat, shade
            )

        return draw

    def _trunk(self, paint: _Paint) -> None:
        stout, coat = self.worn.stout, self.worn.coat
        if self.worn.long_coat:
            knees = [self._circle(J.KNEE, 0.052), self._circle(J.KNEE + 1, 0.052)]
            paint.shape([self._circle(J.HIP, 0.07 * stout), self._circle(J.HIP + 1, 0.07 * stout), *knees], coat, 0.92)
        hips = [self._circle(J.HIP, 0.06 * stout), self._circle(J.HIP + 1, 0.06 * stout)]
        shoulders = [self._circle(J.SHOULDER, 0.042), self._circle(J.SHOULDER + 1, 0.042)]
        paint.shape([*hips, *shoulders, self._circle(J.CHEST, 0.085 * stout)], coat)
        paint.shape([self._circle(J.NECK, 0.032)], self.worn.skin, 0.82)

    def _head(self, paint: _Paint) -> None:
        x, y, _ = self._circle(J.HEAD, 0.0)
        nx, ny, _ = self._circle(J.NECK, 0.0)
        size = MASTER_PX
        up = np.array([x - nx, y - ny])
        up = up / max(float(np.hypot(*up)), 1.0)
        crown = np.array([x, y]) + up * 0.02 * size
        paint.shape(
            [(x, y, 0.056 * size), (x - up[0] * 0.018 * size, y - up[1] * 0.018 * size, 0.05 * size)], self.worn.skin
        )
        back = max(0.0, -self.front)
        hair = [(float(crown[0]), float(crown[1]), 0.056 * size)]
        if back > 0.2:
            hair.append((x, y, 0.056 * size * back))
        paint.shape(hair, self.worn.hair)
        if self.front > 0.1:  # the face, in front of the hair
            fx, fy = np.array([x, y]) - up * 0.022 * size
            paint.shape([(float(fx), float(fy), 0.046 * size)], self.worn.skin, 1.04)

    def _pack(self, paint: _Paint) -> None:
        x, y, _ = self._circle(J.CHEST, 0.0)
        px, py, _ = self._circle(J.PELVIS, 0.0)
        r = 0.07 * MASTER_PX
        paint.shape([(x, y, r), (x + (px - x) * 0.6, y + (py - y) * 0.6, r)], (52, 44, 60), 0.9)
