"""The picture of a place with nobody in it, by casting a ray for every pixel."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.dice import Floats, clouds, hashed
from csu.detection.evaluation.scenes.place import Band, Ground, Place, Wall
from csu.detection.evaluation.scenes.view import View

Picture = NDArray[np.uint8]
Rays = tuple[Floats, Floats, Floats]

_STEP = 2
"""Rays for a pixel, each way."""
_PLASTER = np.array(
    [(172, 196, 208), (150, 178, 200), (186, 190, 190), (140, 158, 186), (160, 186, 182), (120, 140, 176)],
    np.float32,
)
_SHOPS = np.array([(60, 50, 120), (120, 80, 40), (50, 90, 60), (70, 70, 74), (110, 110, 150)], np.float32)


@lru_cache(maxsize=6)
def backdrop(place: Place, view: View) -> Picture:
    """(h, w, 3), by day, without the things of the place. The answer is shared: do not write into it."""
    rays = view.rays(_STEP).astype(np.float32)
    shape = rays.shape[:2]
    eye = view.eye.astype(np.float32)
    picture = _sky(rays)
    far = np.full(shape, np.inf, np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        down = np.where(rays[:, :, 2] < -1e-4, -eye[2] / rays[:, :, 2], np.inf).astype(np.float32)
    on_ground = np.isfinite(down)
    x = eye[0] + down[on_ground] * rays[on_ground][:, 0]
    y = eye[1] + down[on_ground] * rays[on_ground][:, 1]
    picture[on_ground] = _ground(place, x, y, view)
    far[on_ground] = down[on_ground]
    for wall in place.walls:
        _raise_wall(picture, far, wall, rays, eye)
    depth = np.where(np.isfinite(far), far, 400.0)
    haze = np.clip(depth / 500, 0, 0.35)[:, :, None]
    hazy = (picture * (1 - haze) + 200 * haze).astype(np.float32)
    small = cv2.resize(hazy, (view.width_px, view.height_px), interpolation=cv2.INTER_AREA)
    shown = np.clip(small, 0, 255).astype(np.uint8)
    shown.flags.writeable = False
    return shown


def _sky(rays: Floats) -> Floats:
    height, width = rays.shape[:2]
    up = np.clip(rays[:, :, 2] / np.linalg.norm(rays, axis=2) * 3, 0, 1)[:, :, None]
    drift = clouds(height, width, width / 5, 77)[:, :, None]
    blue = np.array([224, 205, 186], np.float32) * (1 - up) + np.array([214, 168, 130], np.float32) * up
    return np.asarray(blue + (235 - blue) * np.clip(drift * 1.6 - 0.5, 0, 1), np.float32)


def _noise_at(x: Floats, y: Floats, cell_m: float, seed: int) -> Floats:
    """Soft noise over the ground, [0, 1]: the four corners of its cell, blended."""
    u, v = x / cell_m, y / cell_m
    column, row = np.floor(u), np.floor(v)
    a, b = u - column, v - row
    a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
    i, j = column.astype(np.int32), row.astype(np.int32)
    low = hashed(i, j, seed) * (1 - a) + hashed(i + 1, j, seed) * a
    high = hashed(i, j + 1, seed) * (1 - a) + hashed(i + 1, j + 1, seed) * a
    return np.asarray(low * (1 - b) + high * b, np.float32)


def _ground(place: Place, x: Floats, y: Floats, view: View) -> Floats:
    away = np.hypot(x - view.pose.x_m, y - view.pose.y_m)
    near = np.clip(1.6 - away / 45, 0.15, 1.0)  # fine things fade where a pixel holds many
    coarse = _noise_at(x, y, 4.0, place.seed) * 0.6 + _noise_at(x, y, 0.9, place.seed + 1) * 0.4 - 0.5
    fine = (_noise_at(x, y, 0.11, place.seed + 2) - 0.5) * near
    tone = np.zeros((len(x), 3), np.float32)
    for band in (Band(place.base, (-1e4, -1e4), (1e4, 1e4)), *place.bands):
        inside = _inside(band, x, y)
        if not inside.any():
            continue
        tone[inside] = _paint(band.ground, x[inside], y[inside], near[inside], place.seed)
    tone += (coarse * 26 + fine * 30)[:, None]
    for low, high in place.shades:
        inside = (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1])
        tone[inside] *= np.array([0.66, 0.60, 0.56], np.float32)
    return tone


def _inside(band: Band, x: Floats, y: Floats) -> NDArray[np.bool_]:
    inside = (x >= band.low[0]) & (x < band.high[0]) & (y >= band.low[1]) & (y < band.high[1])
    if band.dashed_m:
        along = y if band.high[1] - band.low[1] > band.high[0] - band.low[0] else x
        inside &= np.mod(along, 2 * band.dashed_m) < band.dashed_m
    return np.asarray(inside, np.bool_)


def _paint(ground: Ground, x: Floats, y: Floats, near: Floats, seed: int) -> Floats:
    if ground is Ground.PAVING:
        width, length = 0.9, 0.6
        row = np.floor(y / length)
        shifted = x / width + np.mod(row, 2) * 0.5
        tile = hashed(np.floor(shifted).astype(np.int32), row.astype(np.int32), seed + 5)
        joint = (np.mod(shifted, 1) < 0.035) | (np.mod(y / length, 1) < 0.05)
        light = 146 + (tile - 0.5) * 22 * near - 34 * joint * near
        return np.stack([light * 0.94, light * 0.99, light * 1.03], axis=1)
    if ground is Ground.GRASS:
        blade = _noise_at(x, y, 0.06, seed + 9)
        return np.stack([62 + 22 * blade, 112 + 40 * blade, 88 + 30 * blade], axis=1)
    level = {Ground.ASPHALT: 98.0, Ground.KERB: 176.0, Ground.MARK: 214.0}[ground]
    light = np.full(len(x), level, np.float32)
    if ground is Ground.ASPHALT:
        light += (_noise_at(x, y, 0.05, seed + 13) - 0.5) * 26 * near
        crack = np.abs(_noise_at(x, y, 2.3, seed + 17) - 0.5) < 0.012
        light -= 22 * crack * near
    return np.stack([light * 1.02, light, light * 0.98], axis=1)


def _raise_wall(picture: Floats, far: Floats, wall: Wall, rays: Floats, eye: Floats) -> None:
    """Draws a row of houses where it is nearer than what was drawn."""
    start, end = np.array(wall.start, np.float32), np.array(wall.end, np.float32)
    length = float(np.hypot(*(end - start)))
    along = (end - start) / length
    normal = np.array([-along[1], along[0]], np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = ((start - eye[:2]) @ normal) / (rays[:, :, 0] * normal[0] + rays[:, :, 1] * normal[1])
        hit = np.where(reach > 0.2, reach, np.inf)
        s = (eye[0] + hit * rays[:, :, 0] - start[0]) * along[0] + (eye[1] + hit * rays[:, :, 1] - start[1]) * along[1]
        z = eye[2] + hit * rays[:, :, 2]
    block = np.floor(s / 11.0)
    with np.errstate(invalid="ignore"):
        met = np.isfinite(hit) & (s >= 0) & (s <= length) & (z >= 0) & (hit < far)
    s_met, z_met, house = s[met], z[met], block[met].astype(np.int32)
    tall = wall.height_m * (0.82 + 0.36 * hashed(house, house, wall.seed))
    kept = z_met <= tall
    met[met] = kept
    s_met, z_met, house = s_met[kept], z_met[kept], house[kept]
    picture[met] = _facade(s_met, z_met, house, tall[kept], wall.seed)
    far[met] = hit[met]


def _facade(s: Floats, z: Floats, house: NDArray[np.int32], tall: Floats, seed: int) -> Floats:
    kind = hashed(house, house * 3 + 1, seed + 1)
    tone = _PLASTER[(kind * len(_PLASTER)).astype(np.int32)].copy()
    tone *= (0.92 + 0.1 * _noise_at(s, z, 1.7, seed))[:, None]
    axis = 2.2 + 0.9 * hashed(house, house * 5, seed + 2)
    column, floor = np.floor(s / axis), np.floor((z - 3.6) / 3.0)
    u, v = np.mod(s / axis, 1), np.mod((z - 3.6) / 3.0, 1)
    upper = z > 3.6
    frame = upper & (np.abs(u - 0.5) < 0.26) & (v > 0.24) & (v < 0.84) & (z < tall - 0.9)
    glass = upper & (np.abs(u - 0.5) < 0.21) & (v > 0.28) & (v < 0.80) & (z < tall - 0.9) & (np.abs(u - 0.5) > 0.012)
    lit = hashed(column.astype(np.int32), floor.astype(np.int32), seed + 3)
    tone[frame] = tone[frame] * 0.4 + 140
    pane = np.stack([70 + 70 * lit, 62 + 62 * lit, 56 + 56 * lit], axis=1)
    tone[glass] = pane[glass]
    tone[upper & (v < 0.05)] *= 0.86
    tone[z > tall - 0.35] *= 0.72
    shop = _SHOPS[(hashed(house, house * 7, seed + 4) * len(_SHOPS)).astype(np.int32)]
    ground_floor = z < 3.6
    tone[ground_floor] = tone[ground_floor] * 0.75
    sign = (z > 2.8) & (z < 3.4) & (kind > 0.35)
    tone[sign] = shop[sign]
    display = (z > 0.5) & (z < 2.7) & (np.mod(s / 3.6, 1) > 0.12) & (kind > 0.35)
    tone[display] = (pane * 0.62)[display]
    door = (z < 2.3) & (np.mod(s, 11.0) > 1.0) & (np.mod(s, 11.0) < 2.0)
    tone[door] = shop[door] * 0.5
    tone[z < 0.35] *= 0.7
    tone[np.mod(s, 11.0) < 0.1] *= 0.75
    return tone
