"""Shapes before a camera: what they are, and the cutting of flat ones by planes.

Nothing hides anything here: a tree or a wall in front of a dwelling may be gone tomorrow, so what stands behind it is
outlined all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csu.hal.errors import BadInput
from csu.hal.view_geometry import Floats

NEAR_M = 0.05
"""Shapes are cut at this distance before the lens; what comes nearer in the picture hides the whole of it."""

Quads = NDArray[np.float64]
"""(n, 4, 3): four corners in world metres, in order around the edge. A repeated corner makes a triangle."""


class BuildingUnusable(BadInput):
    """A building or a zone cannot be drawn: the pictures around it must be wholly masked."""


def cut(shapes: Floats, planes: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, NDArray[np.intp]]:
    """Flat convex shapes (n, k, 3) cut by half spaces: what is left, (m, k + len(planes), 3), and of which, (m,).

    Sutherland-Hodgman for all shapes at once. A half space is (normal (n, 3), offset (n,)): normal . p + offset >= 0
    is kept. Each edge owns two slots, its first corner and its crossing; empty slots repeat another corner, which
    leaves the outline as it was.
    """
    kept = np.arange(len(shapes))
    for normal, offset in planes:
        over = np.matmul(shapes, normal[kept][:, :, None])[..., 0] + offset[kept][:, None]
        inside = over >= 0
        seen = inside.any(axis=1)
        shapes, over, inside, kept = shapes[seen], over[seen], inside[seen], kept[seen]
        over_2, crosses = np.roll(over, -1, axis=1), inside != np.roll(inside, -1, axis=1)
        share = over / np.where(crosses, over - over_2, 1.0)
        crossing = shapes + share[..., None] * (np.roll(shapes, -1, axis=1) - shapes)
        count, corners = inside.shape
        slots, used = np.empty((count, 2 * corners, 3)), np.empty((count, 2 * corners), bool)
        slots[:, 0::2], slots[:, 1::2] = shapes, crossing
        used[:, 0::2], used[:, 1::2] = inside, crosses
        order = np.argsort(~used, axis=1, kind="stable")[:, : corners + 1]  # a cut adds one corner at most
        last = np.minimum(np.arange(corners + 1), used.sum(axis=1)[:, None] - 1)
        order = np.take_along_axis(order, last, axis=1)
        shapes = np.take_along_axis(slots, order[..., None], axis=1)
    return shapes, kept
