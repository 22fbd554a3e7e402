"""Who hides whom: the order in which a painter lays down solids so that nearer ones cover farther ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_APART_M = 1e-6


def painting_order(footprints: list[Floats], eye: tuple[float, float]) -> list[int]:
    """Indices of convex, disjoint footprints (each (k, 2), counter-clockwise), from the farthest to the nearest.

    A line that holds one footprint on one side and the other on the other side decides: whoever stands on the eye's
    side cannot be hidden, so it is painted later. Pairs that no edge parts keep the order of their distances.
    """
    count = len(footprints)
    centre = np.array(eye)
    distance = np.array([float(np.hypot(*(ring.mean(axis=0) - centre))) for ring in footprints])
    before = _must_precede(footprints, centre)
    waiting = before.sum(axis=0)
    left = set(range(count))
    order: list[int] = []
    while left:
        free = [index for index in left if waiting[index] == 0]
        # A ring of mutual hiding cannot be painted right by anybody: break it at the farthest.
        chosen = max(free or left, key=lambda index: (distance[index], index))
        order.append(chosen)
        left.discard(chosen)
        waiting = waiting - before[chosen]
        before[chosen] = False
        before[:, chosen] = False
    return order


def _must_precede(footprints: list[Floats], eye: Floats) -> NDArray[np.bool_]:
    """[i, j]: i may be hidden by j and not the other way round, so i is painted before j."""
    count = len(footprints)
    first = np.zeros((count, count), bool)
    points = np.concatenate(footprints)
    owner = np.concatenate([np.full(len(ring), index) for index, ring in enumerate(footprints)])
    starts = np.searchsorted(owner, np.arange(count))
    for index, ring in enumerate(footprints):
        following = np.roll(ring, -1, axis=0)
        for start, end in zip(ring, following, strict=True):
            normal = np.array([end[1] - start[1], start[0] - end[0]])
            beyond = (points - start) @ normal >= -_APART_M
            parted = np.minimum.reduceat(beyond.astype(np.int8), starts).astype(bool)
            parted[index] = False
            if (eye - start) @ normal > 0:
                first[index, parted] = True  # the eye is beyond this edge, with the others: they may hide this one
            else:
                first[parted, index] = True
    either_way = first & first.T
    first[either_way] = False
    return first


class Hiding:
    """Which of many convex, disjoint footprints may stand between an eye and a place. One for each painter."""

    def __init__(self, footprints: list[Floats]) -> None:
        starts = np.concatenate(footprints)
        ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in footprints])
        self._starts = starts
        self._normals = np.stack([ends[:, 1] - starts[:, 1], starts[:, 0] - ends[:, 0]], axis=1)
        self._first = np.cumsum([0] + [len(ring) for ring in footprints[:-1]])

    def of(self, places: Floats, eye: Floats) -> NDArray[np.bool_]:
        """(m, n): footprint n may hide place m (both in plan, (m, 2) and (2,)).

        It may not when one of its edges has both the eye and the place on its outer side.
        """
        from_eye = np.einsum("ej,ej->e", self._normals, eye - self._starts) > 0
        from_place = places @ self._normals.T > np.einsum("ej,ej->e", self._normals, self._starts)
        free = np.logical_or.reduceat(from_place & from_eye, self._first, axis=1)
        return np.asarray(~free, np.bool_)
