"""Surfaces before a camera as outlines in its picture, each wide enough for every pose it may truly have.

All quads of all poses at once. What cannot show is left out early; what passes beside the camera is cut to the pyramid
that it may see, so that nothing behind the lens is turned inside out. An outline is the convex hull of boxes around
its corners, as wide as `margins.Reach` says: 1 / z is linear in the picture over a flat surface, so a hull of boxes
around the corners holds the box around every point between them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csu.hal.view_geometry import Floats, bend
from csu.masking.geometry import NEAR_M, Quads, cut
from csu.masking.margins import Reach

_PLAIN_FROM_M = 1.0
"""Quads with a corner nearer than this before the lens are cut; others may reach out of the picture as they are."""
_PLAIN_TO = 1.5
"""Through a bent lens: quads that reach out of the pyramid by more than this much of it are cut."""
_BOWS_PX, _PARTS = (1.0, 16.0), (1, 4, 8)
"""Into how many pieces an edge is divided that bends by up to the first of these, the second, more."""

Corners = NDArray[np.float64]
"""(n, k, 2): points in pixels from the middle of the picture. A shape is their convex hull."""


def outlines(
    reaches: Sequence[Reach], quads: Quads, *, from_lens: bool, raster_px: float, outward: Floats | None = None
) -> list[Corners] | None:
    """The outlines of all quads from all poses, in groups of one number of points each.

    `from_lens`: the quads are metres from the lens, wherever it is, and no error of its place matters. `raster_px`:
    how much wider, for who draws them. `outward` (n, 3): quads that no ray of the picture can meet from this side are
    left out (zeros: never). None: something is so near that no outline holds it, or further than numbers go.
    """
    if len(quads) == 0:
        return []
    sight = _Sight(reaches, from_lens=from_lens, raster_px=raster_px)
    flat = np.ascontiguousarray(quads.transpose(2, 1, 0).reshape(3, -1))
    axes = sight.axes.transpose(1, 0, 2)
    points = (axes.reshape(-1, 3) @ flat).reshape(3, len(reaches), 4, -1)
    if not from_lens:
        points -= np.matmul(axes[:, :, None, :], sight.place[None, :, :, None])
    if not np.isfinite(points).all():
        return None
    shows = _may_show(points, sight)
    if outward is not None:
        shows &= ~_turns_its_back(outward, sight)
    pose, quad = np.nonzero(shows)
    shapes = points[:, pose, :, quad].transpose(0, 2, 1)
    plain: NDArray[np.bool_] = shapes[:, :, 2].min(axis=1) >= _PLAIN_FROM_M
    if sight.is_bent:
        plain &= ~_leaves(shapes, sight, pose)
    found: list[Corners] = []
    if plain.any():
        found += _widened(shapes[plain], pose[plain], sight)
    if not plain.all():
        rest = ~plain
        near, near_pose = cut(shapes[rest], _pyramid(sight, pose[rest]))
        if len(near):
            if (near[:, :, 2] < NEAR_M).any():
                return None
            found += _widened(near, pose[rest][near_pose], sight)
    return found


class _Sight:
    """The reaches of all poses, as columns of one length."""

    def __init__(self, reaches: Sequence[Reach], *, from_lens: bool, raster_px: float) -> None:
        self.axes = np.array([reach.axes for reach in reaches])
        self.place = np.array([reach.place for reach in reaches])
        self.focal_px = np.array([reach.focal_px for reach in reaches])
        self.k1 = np.array([reach.k1 for reach in reaches])
        self.const_px = np.array([reach.const_px for reach in reaches]) + raster_px
        self.slope = np.array([reach.slope for reach in reaches])
        share = 0.0 if from_lens else 1.0
        self.gap_m = share * np.array([reach.gap_m for reach in reaches])
        self.behind_m = share * np.array([reach.behind_m for reach in reaches])
        self.is_bent = bool(self.k1.any())
        self.has_gap = bool(self.gap_m.any())


def _may_show(points: Floats, sight: _Sight) -> NDArray[np.bool_]:
    """(poses, quads): not wholly outside one side of the pyramid."""
    seen: NDArray[np.bool_] = points[2].max(axis=1) >= -sight.behind_m[:, None]
    for axis in range(2):
        side = points[2] * sight.slope[:, axis, None, None]
        gap = -sight.gap_m[:, axis, None]
        seen &= (side - points[axis]).max(axis=1) >= gap
        seen &= (side + points[axis]).max(axis=1) >= gap
    return seen


def _turns_its_back(outward: Floats, sight: _Sight) -> NDArray[np.bool_]:
    """(poses, quads): every ray of the pyramid goes the way the quad faces."""
    x, y = sight.slope[:, 0], sight.slope[:, 1]
    rays = np.stack([np.stack([sx * x, sy * y, np.ones_like(x)], axis=1) for sx in (-1, 1) for sy in (-1, 1)], axis=1)
    along = rays @ sight.axes @ outward.T
    return np.asarray((along > 0).all(axis=1))


def _leaves(shapes: Floats, sight: _Sight, pose: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(n,): shapes with a corner far outside the pyramid."""
    limit = shapes[:, :, 2:] * sight.slope[pose][:, None] * _PLAIN_TO + sight.gap_m[pose][:, None]
    return np.asarray((np.abs(shapes[:, :, :2]) > limit).any(axis=(1, 2)))


def _pyramid(sight: _Sight, pose: NDArray[np.intp]) -> list[tuple[Floats, Floats]]:
    """Its five half spaces, for each shape."""
    planes = []
    for axis in range(2):
        for sign in (1.0, -1.0):
            normal = np.zeros((len(pose), 3))
            normal[:, axis], normal[:, 2] = sign, sight.slope[pose, axis]
            planes.append((normal, sight.gap_m[pose, axis]))
    forward = np.zeros((len(pose), 3))
    forward[:, 2] = 1.0
    return [*planes, (forward, sight.behind_m[pose])]


def _widened(shapes: Floats, pose: NDArray[np.intp], sight: _Sight) -> list[Corners]:
    depth = shapes[:, :, 2:]
    flat = shapes[:, :, :2] / depth
    focal = sight.focal_px[pose][:, None, None]
    margin = sight.const_px[pose][:, None]
    if sight.is_bent:
        return _bent(flat, depth, focal, margin, sight.gap_m[pose][:, None], sight.k1[pose])
    if sight.has_gap:
        margin = margin + focal * sight.gap_m[pose][:, None] / depth
    return [_boxes(flat * focal, margin)]


def _bent(flat: Floats, depth: Floats, focal: Floats, margin: Floats, gap: Floats, k1: Floats) -> list[Corners]:
    """As `_widened` through a bent lens. Straight edges bow: by at most l^2 / 8 times the second derivative of the
    distortion, which is at most 6 |k1| r on the way (2 |k1| r beyond the lens's limit)."""
    near = gap / depth.min(axis=1, keepdims=True)  # one width for a shape: between its corners nothing is linear now
    reach_2 = (np.abs(flat).max(axis=1) + near[:, 0]) ** 2
    radius_2 = reach_2.sum(axis=1)
    along = np.where(k1 <= 0, 1.0, 1 + 3 * k1 * radius_2)[:, None, None]
    across = np.where(k1 <= 0, np.minimum(0.5, -k1 * radius_2), k1 * radius_2)[:, None, None]
    margin = margin + focal * (along * near + across * near[:, :, ::-1])
    edge = np.roll(flat, -1, axis=1) - flat
    bow = 0.75 * np.abs(k1) * np.sqrt(radius_2) * (edge * edge).sum(axis=2).max(axis=1) * focal[:, 0, 0]
    found: list[Corners] = []
    class_of = sum((bow > limit).astype(np.int8) for limit in _BOWS_PX)
    for number, parts in enumerate(_PARTS):
        which = np.asarray(class_of == number)
        if not which.any():
            continue
        share = (np.arange(parts) / parts)[:, None]
        points = (flat[which][:, :, None] + edge[which][:, :, None] * share).reshape(int(which.sum()), -1, 2)
        shown = bend(points, k1[which][:, None]) * focal[which]
        found.append(_boxes(shown, margin[which] + (bow[which] / parts**2)[:, None, None]))
    return found


def _boxes(points: Corners, margin: Floats) -> Corners:
    """(n, k, 2) -> (n, 4 k, 2): the corners of a box around each point. margin: half sides, broadcast."""
    low, high = points - margin, points + margin
    mixed = np.stack([low[..., 0], high[..., 1]], axis=-1), np.stack([high[..., 0], low[..., 1]], axis=-1)
    return np.concatenate([low, high, *mixed], axis=1)
