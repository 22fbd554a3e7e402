"""The patterns of states, as numbers shared by the shader that draws, the emergency wall, and the reader that checks.

They are exact to one level and no video makes them by chance: a guess from colours alone took 19 of 200 live pictures
for a state, the exact test none (notes on the wall). They follow the framebuffer's pixels, however a panel hangs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.hal.wall import TileState

Pixels: TypeAlias = NDArray[np.int16]
"""(..., 3): red, green, blue."""
Places: TypeAlias = NDArray[np.int64]
"""(...): rows or columns of the framebuffer."""

CHECKER_PX = 16
CHECKER_DARK = (20, 21, 26)
CHECKER_LIGHT = (31, 33, 41)

STRIPE_PX = 12
STRIPE_DARK = (34, 12, 14)
STRIPE_LIGHT = (58, 18, 20)

HATCH_EVERY_PX, HATCH_WIDE_PX = 48, 6
HATCH_MIX = 0.6
GREY = 0.6
"""What is left of the light of a picture under a hatch."""


@dataclass(frozen=True, slots=True)
class Hatch:
    """Stripes over a grey picture. `falls`: from the top left to the bottom right."""

    colour: tuple[int, int, int]
    falls: bool


HATCHES = {TileState.STALE: Hatch((242, 140, 0), falls=False), TileState.MASKED: Hatch((90, 120, 236), falls=True)}

Colour: TypeAlias = tuple[float, float, float, float]
"""Red, green, blue and cover, 0 to 1."""

STATE_COLOURS: dict[TileState, Colour] = {
    TileState.LIVE: (0.25, 0.83, 0.47, 1.0),
    TileState.STALE: (0.98, 0.64, 0.13, 1.0),
    TileState.NO_SIGNAL: (0.95, 0.35, 0.35, 1.0),
    TileState.MASKED: (0.55, 0.66, 0.98, 1.0),
    TileState.FORBIDDEN: (0.95, 0.35, 0.35, 1.0),
}
"""Of words, dots and edges."""

LOWER_SHARE = 0.35
"""Share of the picture, from its bottom, where no label is ever drawn: the states are read there."""
AGREEMENT = 0.98
"""Share of the pixels that must follow the pattern."""
_LEVELS_OFF = 2


def checker(rows: Places, columns: Places) -> Pixels:
    """NO_SIGNAL, at these places."""
    light = ((rows // CHECKER_PX + columns // CHECKER_PX) % 2).astype(bool)
    return _either(light, CHECKER_LIGHT, CHECKER_DARK)


def stripes(rows: Places, columns: Places) -> Pixels:
    """FORBIDDEN, at these places."""
    return _either((rows + columns) // STRIPE_PX % 2 == 1, STRIPE_LIGHT, STRIPE_DARK)


def hatched(hatch: Hatch, rows: Places, columns: Places) -> NDArray[np.bool_]:
    """Where the stripes of a hatch lie."""
    along = columns - rows if hatch.falls else rows + columns
    return np.asarray(along % HATCH_EVERY_PX < HATCH_WIDE_PX)


def state_of_pixels(seen: Pixels, rows: Places, columns: Places) -> TileState:
    """The state that these pixels of a picture show; the lower part of it, see LOWER_SHARE. None at all: NO_SIGNAL."""
    if not rows.size:
        return TileState.NO_SIGNAL  # a picture too thin to be told is not called live
    for state, exact in ((TileState.NO_SIGNAL, checker), (TileState.FORBIDDEN, stripes)):
        if _agrees(np.abs(seen - exact(rows, columns)).max(axis=-1)):
            return state
    for state, hatch in HATCHES.items():
        # Under a hatch the picture is grey, so the differences between the colours are those of the hatch alone.
        lies = hatched(hatch, rows, columns)
        red, green, blue = hatch.colour
        off_red = np.abs(seen[..., 0] - seen[..., 2] - np.where(lies, HATCH_MIX * (red - blue), 0))
        off_green = np.abs(seen[..., 1] - seen[..., 2] - np.where(lies, HATCH_MIX * (green - blue), 0))
        if _agrees(np.maximum(off_red, off_green)):
            return state
    return TileState.LIVE


def without_hatch(hatch: Hatch, seen: Pixels, rows: Places, columns: Places) -> NDArray[np.uint8]:
    """The grey picture with the hatch taken off again.

    Under 200 px of width the hatch covers whole cells of a frame mark; its colour and share are known.
    """
    blue = seen[..., 2].astype(np.float32)
    below = (blue - HATCH_MIX * hatch.colour[2]) / (1 - HATCH_MIX)
    return np.asarray(np.clip(np.where(hatched(hatch, rows, columns), below, blue), 0, 255), np.uint8)


def under_hatch(hatch: Hatch, rgb: NDArray[np.float32], rows: Places, columns: Places) -> NDArray[np.float32]:
    """A picture (..., 3) as the shader draws it in that state."""
    grey = (rgb @ np.array([0.299, 0.587, 0.114], np.float32) * np.float32(GREY))[..., None]
    mixed = grey * (1 - HATCH_MIX) + np.array(hatch.colour, np.float32) * HATCH_MIX
    return np.asarray(np.where(hatched(hatch, rows, columns)[..., None], mixed, grey), np.float32)


def _agrees(off: NDArray[np.floating] | NDArray[np.integer]) -> bool:
    return bool(np.mean(off <= _LEVELS_OFF) >= AGREEMENT)


def _either(where: NDArray[np.bool_], one: tuple[int, int, int], other: tuple[int, int, int]) -> Pixels:
    return np.where(where[..., None], np.array(one, np.int16), np.array(other, np.int16))
