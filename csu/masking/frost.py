"""Frosted glass: a fixed pattern for who finds a flat patch ugly. It is made from a number, not from any picture.

The same for every camera, frame and machine: integer arithmetic only, so that two nodes never differ by a rounding. It
stands still in the picture, hence costs an encoder next to nothing between two key frames.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

TILE_PX = 512
"""The pattern repeats after so many pixels, without a seam."""
CONTRAST_LEVELS = 9
"""The farthest any pixel is from the slate: seen as glass from a chair, not mistaken for something behind it."""

_SEED = 0x4D45545A
_VEIL_RADIUS_PX, _GRAIN_RADIUS_PX = 14, 3
_VEIL_SHARE, _GRAIN_SHARE = 2, 1
_PASSES = 3
"""Three box means one after the other are a Gaussian to the eye."""


@cache
def frost_tile() -> NDArray[np.int16]:
    """Levels to add to the fill's luma: int16 (TILE_PX, TILE_PX), in [-CONTRAST_LEVELS, CONTRAST_LEVELS]; read-only."""
    veil = _levels(_smooth(_noise(_SEED), _VEIL_RADIUS_PX), 1 << 12)
    grain = _levels(_smooth(_noise(_SEED + 1), _GRAIN_RADIUS_PX), 1 << 12)
    tile = _levels(_VEIL_SHARE * veil + _GRAIN_SHARE * grain, CONTRAST_LEVELS).astype(np.int16)
    tile.flags.writeable = False
    return tile


def _noise(seed: int) -> NDArray[np.int64]:
    """A hash of each place (MurmurHash3's finaliser), 0 to 255. Arithmetic, not chance: this must never change."""
    place = np.arange(TILE_PX * TILE_PX, dtype=np.uint32) + np.uint32(seed)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        place = (place ^ (place >> np.uint32(shift))) * np.uint32(factor)
    return (place ^ (place >> np.uint32(16))).astype(np.int64).reshape(TILE_PX, TILE_PX) & 255


def _smooth(pattern: NDArray[np.int64], radius_px: int) -> NDArray[np.int64]:
    """Box sums along both axes, around the edges: what leaves on the right comes in on the left."""
    size = 2 * radius_px + 1
    around = np.arange(-radius_px - 1, TILE_PX + radius_px)
    for axis in (0, 1) * _PASSES:
        running = np.cumsum(pattern.take(around, axis, mode="wrap"), axis, dtype=np.int64)
        pattern = running.take(np.arange(size, size + TILE_PX), axis) - running.take(np.arange(TILE_PX), axis)
    return pattern


def _levels(pattern: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """Stretched to -reach .. +reach, in whole numbers."""
    low, high = int(pattern.min()), int(pattern.max())
    return (pattern - low) * (2 * reach + 1) // (high - low + 1) - reach
