"""Chance that is a pure function: the same seed and name give the same number in every run and process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dice:
    """Numbers by name. No state: asking twice gives the same answer, asking for more shifts nothing else."""

    seed: int

    def uniform(self, name: str, low: float, high: float) -> float:
        """A float in [low, high)."""
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return low + (high - low) * (int.from_bytes(digest, "big") / 2**64)

    def integer(self, name: str, low: int, high: int) -> int:
        """An int in [low, high], both included."""
        return int(self.uniform(name, low, high + 1))

    def choice(self, name: str, among: Sequence[T]) -> T:
        """One of `among`."""
        return among[self.integer(name, 0, len(among) - 1)]


def grain(width_px: int, height_px: int, seed: int) -> NDArray[np.uint8]:
    """A fixed texture of bytes, shape (height, width), by integer hashing: what asphalt and plaster look like."""
    count = np.arange(width_px * height_px, dtype=np.uint64) + np.uint64(seed & 0xFFFFFFFF)
    mixed = count * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return (mixed & np.uint64(0xFF)).astype(np.uint8).reshape(height_px, width_px)
