"""Chance of a clip: a pure function of its seed and of a name. Asking for more shifts nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
T = TypeVar("T")
_ODD, _MIX = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)


@dataclass(frozen=True, slots=True)
class Dice:
    """Numbers by name, without state."""

    seed: int

    def share(self, name: str) -> float:
        """A float in [0, 1)."""
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def within(self, name: str, low: float, high: float) -> float:
        """A float in [low, high)."""
        return low + (high - low) * self.share(name)

    def whole(self, name: str, low: int, high: int) -> int:
        """An int in [low, high], both included."""
        return low + int(self.share(name) * (high - low + 1))

    def one_of(self, name: str, among: Sequence[T]) -> T:
        return among[self.whole(name, 0, len(among) - 1)]


def hashed(column: NDArray[np.int32], row: NDArray[np.int32], seed: int) -> Floats:
    """[0, 1) for every cell (column, row) of a grid, any shape: tiles, windows, grains."""
    mixed = column.astype(np.uint32) * _ODD ^ (row.astype(np.uint32) + np.uint32(seed & 0xFFFF)) * _MIX
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x2C1B3C6D)
    mixed ^= mixed >> np.uint32(12)
    mixed *= np.uint32(0x297A2D39)
    mixed ^= mixed >> np.uint32(15)
    return (mixed >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)


def grain(height_px: int, width_px: int, seed: int) -> Floats:
    """(height, width) in [0, 1), every pixel for itself."""
    column, row = np.meshgrid(np.arange(width_px, dtype=np.int32), np.arange(height_px, dtype=np.int32))
    return hashed(column, row, seed)


def clouds(height_px: int, width_px: int, cell_px: float, seed: int) -> Floats:
    """(height, width) in [0, 1], soft, of features about `cell_px` wide: two octaves."""
    found = np.zeros((height_px, width_px), np.float32)
    for octave, weight in ((1.0, 0.65), (0.5, 0.35)):
        cell = max(cell_px * octave, 1.0)
        small = grain(max(2, int(height_px / cell) + 2), max(2, int(width_px / cell) + 2), seed + int(octave * 7))
        found += weight * np.asarray(cv2.resize(small, (width_px, height_px), interpolation=cv2.INTER_CUBIC))
    return found


def bell(height_px: int, width_px: int, seed: int) -> Floats:
    """(height, width), about normal: mean 0, standard deviation 1."""
    total = sum((grain(height_px, width_px, seed + 101 * n) for n in range(4)), np.zeros((), np.float32))
    return np.asarray((total - 2.0) * np.float32(1.732), np.float32)
