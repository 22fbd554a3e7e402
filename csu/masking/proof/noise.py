"""Pictures' worth of chance: a key drawn from a `Chance`, and arithmetic from there."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from csu.hal.chance import Chance

_STEP, _MIX_1, _MIX_2 = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def noise(chance: Chance, shape: tuple[int, ...], low: int = 0, high: int = 255) -> NDArray[np.uint8]:
    """Levels from `low` to `high`, both included, each as likely as the next (SplitMix64)."""
    key = np.uint64(chance.integer(0, 2**63))
    place = (np.arange(1, prod(shape) + 1, dtype=np.uint64) * _STEP) ^ key
    place = (place ^ (place >> np.uint64(30))) * _MIX_1
    place = (place ^ (place >> np.uint64(27))) * _MIX_2
    place ^= place >> np.uint64(31)
    return (low + (place % np.uint64(high - low + 1)).astype(np.int64)).astype(np.uint8).reshape(shape)


def blocks(chance: Chance, shape: tuple[int, int], size_px: int, low: int = 0, high: int = 255) -> NDArray[np.uint8]:
    """As `noise`, in squares of `size_px`: footage that an encoder can carry."""
    small = noise(chance, (-(-shape[0] // size_px), -(-shape[1] // size_px)), low, high)
    return small.repeat(size_px, 0).repeat(size_px, 1)[: shape[0], : shape[1]]
