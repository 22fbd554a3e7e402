"""What each size of vehicle covers of a counting line's rows, row by row, when its middle is on the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.line_band import STEP_M, LineOnGround
from csu.detection.models.vehicle_sizes import TYPICAL_SIZES, TypicalSize
from csu.hal.analysis import ObjectClass

Floats = NDArray[np.float64]
Part = tuple[float, float]
"""Share of the length, of the height."""
TALL = 0.9
"""Of a height: the top is narrow, and the gate rounds it off."""
PARTS: dict[ObjectClass, tuple[Part, ...]] = {
    ObjectClass.CAR: ((1.0, 0.6), (0.65, 1.0)),
    ObjectClass.MOTORCYCLE: ((1.0, 0.55), (0.4, 1.0)),
    ObjectClass.BICYCLE: ((1.0, 0.5), (0.4, 0.85)),
}
"""A car is lower before and behind, a rider is shorter than what he rides. Others are as high all over."""
VAN: tuple[Part, ...] = ((1.0, 0.7), (0.8, 1.0))
BOX: tuple[Part, ...] = ((1.0, 1.0),)
VAN_M = 2.0


@dataclass(frozen=True, slots=True)
class Outlines:
    """Of every size, standing with its middle at one place of the line."""

    place_m: float
    rear_m: Floats
    """(sizes, rows): where its outline begins in each row, as it drives forward; NaN: not in that row."""
    front_m: Floats


def outlines_of(line: LineOnGround, sizes: Sequence[TypicalSize] = TYPICAL_SIZES) -> tuple[Outlines, ...]:
    """Every half metre of the line."""
    places = np.arange(0, line.length_m + 1e-6, STEP_M)
    return tuple(_standing(line, float(place), sizes) for place in places)


def _standing(line: LineOnGround, place_m: float, sizes: Sequence[TypicalSize]) -> Outlines:
    rear = np.full((len(sizes), len(line.along_m)), np.nan)
    front = rear.copy()
    lean = np.array([np.interp(place_m, line.along_m, line.lean[:, axis]) for axis in (0, 1)]) * line.high_m
    for n, size in enumerate(sizes):
        for long, tall in _parts(size):
            hull = _hull(size.length_m * long, size.width_m, size.height_m * tall * TALL, lean, line.high_m)
            low, high = _rows(hull, line.along_m - place_m)
            rear[n], front[n] = np.fmin(rear[n], low), np.fmax(front[n], high)
    rear[:, ~line.inside] = front[:, ~line.inside] = np.nan
    return Outlines(place_m, rear, front)


def _parts(size: TypicalSize) -> tuple[Part, ...]:
    if size.kind is ObjectClass.CAR and size.height_m >= VAN_M:
        return VAN
    return BOX if size.kind is None else PARTS.get(size.kind, BOX)


def _hull(length_m: float, width_m: float, height_m: float, lean_m: Floats, high_m: float) -> Floats:
    """(n, 2): along and across, its shadow from the camera on the ground, around its middle."""
    corners = np.array([[x, y] for x in (-width_m / 2, width_m / 2) for y in (-length_m / 2, length_m / 2)])
    times = high_m / max(high_m - height_m, 0.1 * high_m)
    top = (corners + lean_m) * times - lean_m
    return np.asarray(cv2.convexHull(np.concatenate([corners, top]).astype(np.float32))[:, 0], np.float64)


def _rows(hull: Floats, along_m: Floats) -> tuple[Floats, Floats]:
    """Where the hull begins and ends in each row."""
    low, high = np.full(len(along_m), np.nan), np.full(len(along_m), np.nan)
    for a, b in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        cut = (a[0] <= along_m) != (b[0] <= along_m)
        across = a[1] + (along_m[cut] - a[0]) / (b[0] - a[0]) * (b[1] - a[1]) if cut.any() else along_m[cut]
        low[cut], high[cut] = np.fmin(low[cut], across), np.fmax(high[cut], across)
    return low, high
