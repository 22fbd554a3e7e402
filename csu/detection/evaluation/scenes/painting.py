"""Sprites and shadows onto a picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.sprites import MASTER_PX, Sprite

Picture = NDArray[np.uint8]
Point = tuple[float, float]
Tint = tuple[float, float, float]
Box = tuple[float, float, float, float]
SHADOW = 0.46
"""How much darker a shadow in the sun is."""


@dataclass(frozen=True)
class Canvas:
    """A picture being drawn. `ids`: which actor each pixel belongs to, 0 for nobody."""

    bgr: Picture
    ids: Picture


@dataclass(frozen=True, slots=True)
class Drawn:
    """One thing that was drawn. `pixels`: what it covered then; `whole_px`: what it would have without the edge."""

    number: int
    box: Box
    pixels: int
    whole_px: float


def _cut(box: Box, width: int, height: int) -> tuple[int, int, int, int] | None:
    left, top = max(int(box[0]) - 1, 0), max(int(box[1]) - 1, 0)
    right, bottom = min(int(box[2]) + 2, width), min(int(box[3]) + 2, height)
    return (left, top, right, bottom) if right - left > 1 and bottom - top > 1 else None


def stamp(
    canvas: Canvas, number: int, sprite: Sprite, foot_px: tuple[float, float], tall_px: float, light: Tint
) -> Drawn | None:
    """Draws a sprite that stands at `foot_px` and whose body's length is `tall_px`. `light`: factors of b, g, r."""
    height, width = canvas.ids.shape
    x, y = foot_px
    box = tuple(at + share * tall_px for at, share in zip((x, y, x, y), sprite.box, strict=True))
    cut = _cut((box[0], box[1], box[2], box[3]), width, height)
    if cut is None:
        return None
    level = 0
    scale = tall_px / MASTER_PX
    while scale < 0.62 and level + 1 < len(sprite.levels):
        level, scale = level + 1, scale * 2
    half = 2.0**level
    left, top, right, bottom = cut
    ax, ay = sprite.anchor[0] / half, sprite.anchor[1] / half
    move = np.array([[scale, 0, x - left - ax * scale], [0, scale, y - top - ay * scale]], np.float32)
    drawn = cv2.warpAffine(sprite.levels[level], move, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    alpha = drawn[:, :, 3]
    under = canvas.bgr[top:bottom, left:right]
    clear = cv2.merge([255 - alpha] * 3)
    body = cv2.multiply(drawn[:, :, :3], np.array((*light, 1.0)))
    canvas.bgr[top:bottom, left:right] = cv2.add(cv2.multiply(under, clear, scale=1 / 255), body)
    solid = alpha > 127
    canvas.ids[top:bottom, left:right][solid] = number
    return Drawn(number, (box[0], box[1], box[2], box[3]), int(np.count_nonzero(solid)), sprite.solid * tall_px**2)


def cast(canvas: Canvas, sprite: Sprite, foot_px: Point, tip_px: Point, tall_px: float) -> None:
    """Its shadow on the ground: from the foot to where the head's shadow falls."""
    height, width = canvas.ids.shape
    level = min(2, len(sprite.levels) - 1)
    size = MASTER_PX / 2.0**level
    (x, y), (tx, ty) = foot_px, tip_px
    up = ((tx - x) / size, (ty - y) / size)
    side = tall_px / size
    if abs(up[0]) < 0.25 * side:  # the sun before or behind us: the shadow is as wide as the body
        side_x, side_y = side, 0.0
    else:
        side_x, side_y = side * 0.25, side * 0.16 * (1 if up[0] < 0 else -1)
    ax, ay = sprite.anchor[0] / 2.0**level, sprite.anchor[1] / 2.0**level
    reach = 0.5 * tall_px
    box = (min(x, tx) - reach, min(y, ty) - 0.3 * reach, max(x, tx) + reach, max(y, ty) + 0.3 * reach)
    cut = _cut(box, width, height)
    if cut is None:
        return
    left, top, right, bottom = cut
    move = np.array(
        [[side_x, -up[0], x - left - side_x * ax + up[0] * ay], [side_y, -up[1], y - top - side_y * ax + up[1] * ay]],
        np.float32,
    )
    alpha = cv2.warpAffine(sprite.shade, move, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    darken(canvas, np.asarray(alpha, np.uint8), left, top)


def darken(canvas: Canvas, alpha: Picture, left: int, top: int, share: float = SHADOW) -> None:
    """Makes the ground darker by `share` where `alpha` is 255."""
    height, width = alpha.shape
    under = canvas.bgr[top : top + height, left : left + width]
    kept = 255 - cv2.convertScaleAbs(alpha, alpha=share)
    canvas.bgr[top : top + height, left : left + width] = cv2.multiply(under, cv2.merge([kept] * 3), scale=1 / 255)


def ground_blot(canvas: Canvas, hull: NDArray[np.float64], share: float) -> None:
    """A soft dark patch: `hull` (n, 2) px, convex."""
    height, width = canvas.ids.shape
    low, high = hull.min(axis=0) - 3, hull.max(axis=0) + 3
    cut = _cut((float(low[0]), float(low[1]), float(high[0]), float(high[1])), width, height)
    if cut is None:
        return
    left, top, right, bottom = cut
    alpha = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(alpha, ((hull - (left, top)) * 16).astype(np.int32), 255.0, cv2.LINE_AA, 4)
    darken(canvas, np.asarray(cv2.GaussianBlur(alpha, (5, 5), 0), np.uint8), left, top, share)


def contact(canvas: Canvas, foot_px: Point, tall_px: float) -> None:
    """The dark spot under whoever stands somewhere, in any light."""
    blot = _blot(max(3, round(tall_px * 0.13)))
    tall, wide = blot.shape
    height, width = canvas.ids.shape
    left, top = round(foot_px[0] - wide / 2), round(foot_px[1] - tall / 2)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + wide, width), min(top + tall, height)
    if x1 > x0 and y1 > y0:
        darken(canvas, blot[y0 - top : y1 - top, x0 - left : x1 - left], x0, y0, 0.38)


@lru_cache(maxsize=64)
def _blot(half_px: int) -> Picture:
    """A soft flat ellipse, twice `half_px` wide."""
    flat = max(2, round(half_px * 0.36))
    sheet = np.zeros((2 * flat + 5, 2 * half_px + 5), np.uint8)
    cv2.ellipse(sheet, (half_px + 2, flat + 2), (half_px, flat), 0, 0, 360, 255.0, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(sheet, (5, 5), 0), np.uint8)
