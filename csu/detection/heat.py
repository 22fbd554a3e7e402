"""Where it moved in the last seconds: the zone that a signal shows, and nothing that could show a person."""

from __future__ import annotations

from math import exp

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.analysis import HEAT_COLUMNS, HEAT_ROWS
from csu.hal.clock import NS_PER_S, Nanoseconds

FADE_S = 3.0
"""Time constant by which motion is forgotten."""


class Heat:
    """The gate's energy in `HEAT_ROWS` x `HEAT_COLUMNS` cells, faded."""

    def __init__(self) -> None:
        self._cells = np.zeros((HEAT_ROWS, HEAT_COLUMNS), np.float32)
        self._at_ns: Nanoseconds = 0

    def add(self, energy: NDArray[np.uint8], at_ns: Nanoseconds) -> None:
        """(rows, columns) of the gate's small picture."""
        if not energy.any():
            return
        small = cv2.resize(energy, (HEAT_COLUMNS, HEAT_ROWS), interpolation=cv2.INTER_AREA)
        self._cells = np.maximum(self._faded(at_ns), small)
        self._at_ns = at_ns

    def grid(self, at_ns: Nanoseconds) -> bytes:
        """Levels row by row, the strongest cell 255; empty when nothing moved."""
        cells = self._faded(at_ns)
        strongest = float(cells.max())
        return (cells * (255 / strongest)).round().astype(np.uint8).tobytes() if strongest >= 1 else b""

    def _faded(self, at_ns: Nanoseconds) -> NDArray[np.float32]:
        return np.asarray(self._cells * exp((self._at_ns - at_ns) / (FADE_S * NS_PER_S)), np.float32)
