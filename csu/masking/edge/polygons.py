"""From a cover to the few polygons a camera can burn in: they hide all of it, and as little more as they can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from csu.hal.camera import OnboardMask
from csu.masking.cover import CELL_PX, Cover

MASK_COLOURS_YUV: Final = ((64, 132, 125), (104, 124, 131))
"""The two greys a camera is asked for in turn, so that a wall of the mask's colour does not pass for a mask twice. Near
neutral: BT.601 and BT.709 then agree within two levels. Further apart than any tolerance of an audit."""

EDGE_MARGIN_PX = 4
"""How far a polygon reaches beyond the cover: an encoder smears the scene over the first pixels of a mask (117 levels
at 300 kbit/s), and cameras round corners. 4 px further in, 13 levels are left (decision 0023)."""

EXTRA_SHARE_MAX = 0.2
"""Of the picture: what polygons may hide beyond the cover before the engine's exact mask is the better one."""

PARTS_MAX = 96
"""Rectangles a cover may consist of: pairs of them are tried with each other."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A polygon to be, in cells, and what it hides beyond the cells it was made for."""

    shape: Polygon
    extra: float


def edge_masks(
    cover: Cover, masks_max: int, corners_max: int, colour_yuv: tuple[int, int, int]
) -> tuple[OnboardMask, ...] | None:
    """Convex polygons of at most `corners_max` corners, at most `masks_max`, that contain all of `cover`.

    None when the camera's own masks are no use: too few, the whole picture, or `EXTRA_SHARE_MAX` exceeded. () when
    nothing is to be hidden.
    """
    if not cover.cells.any():
        return ()
    rectangles = _rectangles(cover)
    if masks_max < 1 or corners_max < 4 or cover.is_whole or len(rectangles) > PARTS_MAX:
        return None
    frame = shapely.box(0, 0, cover.width_px / CELL_PX, cover.height_px / CELL_PX)
    margin = EDGE_MARGIN_PX / CELL_PX
    boxes = [shapely.box(x0 - margin, y0 - margin, x1 + margin, y1 + margin) for x0, y0, x1, y1 in rectangles]
    whole = shapely.union_all(boxes)
    parts = _merged([_Part(_within(box, frame), 0.0) for box in boxes], whole, frame, masks_max, corners_max)
    hidden = shapely.union_all([part.shape for part in parts])
    if (hidden.area - whole.intersection(frame).area) / frame.area > EXTRA_SHARE_MAX:
        return None
    scale = np.array([CELL_PX / cover.width_px, CELL_PX / cover.height_px])
    return tuple(
        OnboardMask(f"csu-{number}", _corners(part.shape, scale), colour_yuv) for number, part in enumerate(parts, 1)
    )


def has_known_colour(masks: Sequence[OnboardMask]) -> bool:
    """Whether all masks have one of the two colours, and the same: an audit knows no other."""
    return len({mask.colour_yuv for mask in masks}) <= 1 and all(m.colour_yuv in MASK_COLOURS_YUV for m in masks)


def _rectangles(cover: Cover) -> list[tuple[int, int, int, int]]:
    """The cover's cells as rectangles (x0, y0, x1, y1): runs of a row, joined with equal runs of the row above."""
    done: list[tuple[int, int, int, int]] = []
    growing: dict[tuple[int, int], int] = {}
    for row in range(cover.cells.shape[0] + 1):
        cells = cover.cells[row] if row < cover.cells.shape[0] else np.zeros(cover.cells.shape[1], np.bool_)
        steps = np.flatnonzero(np.diff(np.concatenate(([0], cells.astype(np.int8), [0])))).reshape(-1, 2)
        runs = {(int(left), int(right)) for left, right in steps}
        done += [(left, top, right, row) for (left, right), top in growing.items() if (left, right) not in runs]
        growing = {run: growing.get(run, row) for run in runs}
    return sorted(done, key=lambda rectangle: (rectangle[1], rectangle[0]))


def _merged(parts: list[_Part], whole: BaseGeometry, frame: Polygon, masks_max: int, corners_max: int) -> list[_Part]:
    """Join the two parts that hide least more together, until there are few enough and no join is free."""
    joined = {
        (a, b): _joined(parts[a], parts[b], whole, frame, corners_max) for b in range(len(parts)) for a in range(b)
    }
    alive = dict(enumerate(parts))
    while joined:
        pair = min(joined, key=lambda key: joined[key].extra - alive[key[0]].extra - alive[key[1]].extra)
        cost = joined[pair].extra - alive[pair[0]].extra - alive[pair[1]].extra
        if len(alive) <= masks_max and cost > 1e-6:
            break
        new, number = joined[pair], max(alive) + 1
        alive.pop(pair[0]), alive.pop(pair[1])
        joined = {key: part for key, part in joined.items() if not set(key) & set(pair)}
        joined |= {(other, number): _joined(part, new, whole, frame, corners_max) for other, part in alive.items()}
        alive[number] = new
    return list(alive.values())


def _joined(a: _Part, b: _Part, whole: BaseGeometry, frame: Polygon, corners_max: int) -> _Part:
    hull = shapely.convex_hull(shapely.union(a.shape, b.shape))
    shape = _with_corners(hull, corners_max, frame)
    return _Part(shape, float(shape.area - shapely.intersection(shape, whole).area))


def _with_corners(hull: BaseGeometry, corners_max: int, frame: Polygon) -> Polygon:
    """A convex polygon of at most `corners_max` corners around `hull`, inside the picture.

    An edge is taken away by lengthening its neighbours until they meet, the least area first; where they would meet
    outside the picture, a rectangle does.
    """
    corners = np.asarray(shapely.get_coordinates(shapely.simplify(hull, 1e-9)))[:-1]
    if shapely.is_ccw(shapely.linearrings(corners)):
        corners = corners[::-1]
    while len(corners) > corners_max:
        best: tuple[float, int, np.ndarray] | None = None
        for i in range(len(corners)):
            a, b, c, d = (corners[(i + k) % len(corners)] for k in range(4))
            meet = _meeting(a, b, d, c)
            if meet is None or not _is_inside(meet, frame):
                continue
            added = abs(float(np.cross(np.append(meet - b, 0), np.append(c - b, 0))[2])) / 2
            if best is None or added < best[0]:
                best = added, i, meet
        if best is None:
            return shapely.box(*hull.bounds)
        _, i, meet = best
        kept = [k for k in range(len(corners)) if k not in ((i + 1) % len(corners), (i + 2) % len(corners))]
        corners = _convex(np.vstack([corners[kept], meet]))
    shape = Polygon(corners)
    bounds = shapely.box(*hull.bounds)
    return shape if shape.area < bounds.area and shape.buffer(1e-6).contains(hull) else bounds


def _convex(points: np.ndarray) -> np.ndarray:
    corners = np.asarray(shapely.get_coordinates(shapely.convex_hull(shapely.multipoints(points))))[:-1]
    return corners[::-1] if shapely.is_ccw(shapely.linearrings(corners)) else corners


def _meeting(a: np.ndarray, b: np.ndarray, d: np.ndarray, c: np.ndarray) -> np.ndarray | None:
    """Where the line from a through b, and the line from d through c, meet beyond b and c; None when they do not."""
    along, other = b - a, c - d
    cross = along[0] * other[1] - along[1] * other[0]
    if abs(cross) < 1e-9:
        return None
    gap = d - a
    t = (gap[0] * other[1] - gap[1] * other[0]) / cross
    s = (gap[0] * along[1] - gap[1] * along[0]) / cross
    return a + t * along if t >= 1 and s >= 1 else None


def _is_inside(point: np.ndarray, frame: Polygon) -> bool:
    x0, y0, x1, y1 = frame.bounds
    return bool(x0 <= point[0] <= x1 and y0 <= point[1] <= y1)


def _within(box: Polygon, frame: Polygon) -> Polygon:
    x0, y0, x1, y1 = box.bounds
    left, top, right, bottom = frame.bounds
    return shapely.box(max(x0, left), max(y0, top), min(x1, right), min(y1, bottom))


def _corners(shape: Polygon, scale: np.ndarray) -> tuple[tuple[float, float], ...]:
    points = np.clip(shapely.get_coordinates(shape)[:-1] * scale, 0.0, 1.0)
    return tuple((float(x), float(y)) for x, y in points)
