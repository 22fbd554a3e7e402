"""The frame mark: camera number and frame number, readable by a machine from any rendering of the picture.

A strip of 32 cells along the bottom of the picture: camera number (14 bits), frame number modulo 1024 (10 bits),
CRC-8. It was read without one error in 3,456 renderings down to 80x45 px tiles (notes on the wall). Simulated cameras
draw it in the scene; `csu.masking` draws it on a picture it masks whole, so that even a black tile tells whose it is.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.hal.frames import YuvPlanes

CELLS = 32
CAMERA_NUMBER_MAX = (1 << 14) - 1
FRAME_NUMBER_MODULO = 1 << 10

TOP_SHARE, BOTTOM_SHARE = 0.88, 0.98
"""The strip's rows, as shares of the picture height; a quiet border of 1/60 of the height surrounds it."""

_QUIET, _ZERO, _ONE = 110, 16, 235


@dataclass(frozen=True, slots=True)
class FrameMark:
    """What a mark says."""

    camera_number: int
    frame_number: int
    """Modulo FRAME_NUMBER_MODULO."""


def draw_mark(planes: YuvPlanes, camera_number: int, frame_number: int) -> None:
    """Write the mark into `planes` in place (they must be writable)."""
    if not 0 <= camera_number <= CAMERA_NUMBER_MAX:
        raise ValueError(f"camera number {camera_number} does not fit a frame mark (0 to {CAMERA_NUMBER_MAX})")
    height, width = planes.y.shape
    cell = width / (CELLS + 2)
    top, bottom = int(height * TOP_SHARE) & ~1, int(height * BOTTOM_SHARE) & ~1
    border = height // 60
    planes.y[top - border : bottom + border] = _QUIET
    planes.u[(top - border) // 2 : (bottom + border + 1) // 2] = 128
    planes.v[(top - border) // 2 : (bottom + border + 1) // 2] = 128
    for index, bit in enumerate(_bits(camera_number, frame_number % FRAME_NUMBER_MODULO)):
        planes.y[top:bottom, round((index + 1) * cell) : round((index + 2) * cell)] = _ONE if bit else _ZERO


def read_mark(luma: NDArray[np.uint8], hidden: NDArray[np.bool_] | None = None) -> FrameMark | None:
    """The mark in a grey picture of any size, shape (height, width); None when no valid mark is there.

    `hidden`: pixels of which nothing is known. One cell may be hidden: it is what makes the check hold, and the mark is
    then believed less (one misread in 128 passes instead of one in 256). With more hidden there is no mark.
    """
    height, width = luma.shape
    span = BOTTOM_SHARE - TOP_SHARE
    first = int(height * (TOP_SHARE + 0.2 * span))
    last = max(first + 1, int(height * (BOTTOM_SHARE - 0.25 * span)))
    seen = np.ones((last - first, width), bool) if hidden is None else ~hidden[first:last]
    count = seen.sum(axis=0)
    row = np.where(seen, luma[first:last], 0).sum(axis=0) / np.maximum(count, 1)
    cell = width / (CELLS + 2)
    levels: list[float | None] = []
    for index in range(CELLS):
        left = int((index + 1.3) * cell)
        right = max(left + 1, int(np.ceil((index + 1.7) * cell)))
        known = count[left:right] > 0
        levels.append(float(row[left:right][known].mean()) if known.any() else None)
    read = [level for level in levels if level is not None]
    if len(read) < CELLS - 1 or max(read) - min(read) < 24:
        return None
    threshold = (min(read) + max(read)) / 2  # adaptive: a faded tile keeps its order, not its levels
    for guess in (False, True):
        mark = _mark_of([guess if level is None else level > threshold for level in levels])
        if mark is not None:
            return mark
    return None


def _mark_of(bits: list[bool]) -> FrameMark | None:
    payload = sum(int(bit) << index for index, bit in enumerate(bits[:24]))
    check = sum(int(bit) << index for index, bit in enumerate(bits[24:]))
    if _crc8(payload) != check:
        return None
    return FrameMark(payload & CAMERA_NUMBER_MAX, payload >> 14)


def _bits(camera_number: int, frame_number: int) -> list[int]:
    payload = camera_number | (frame_number << 14)
    check = _crc8(payload)
    return [(payload >> index) & 1 for index in range(24)] + [(check >> index) & 1 for index in range(8)]


def _crc8(payload: int) -> int:
    # Never zero for payload 0: a black strip must not read as a mark.
    return (zlib.crc32(payload.to_bytes(4, "little")) ^ 0x5A) & 0xFF
