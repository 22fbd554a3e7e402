"""Quads being gathered for the one draw of all that is written over pictures. Pure arrays, no GL.

Each is given in the pixels of a frame as people see it, and comes out in the framebuffer, turned as the panel is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from csu.wall.drawing.lettering import GlyphAtlas, TextStyle
from csu.wall.drawing.patterns import Colour
from csu.wall.drawing.shaders import BLINKING, HEAT, LETTER, TONED
from csu.wall.drawing.upright import Upright

ALWAYS = -1.0
"""`when`: whatever the state. Else a state's code, or TONED: always, in the state's colour unless it is live."""

CORNER = np.dtype(
    [
        ("a_position_px", np.float32, 2),
        ("a_at", np.float32, 2),
        ("a_colour", np.float32, 4),
        ("a_shape", np.float32, 4),
        ("a_piece", np.float32, 3),
    ]
)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where quads go, whose age they follow (the texel of a piece), how deep they lie."""

    upright: Upright
    piece: int = 0
    depth: float = -1.0


@dataclass(slots=True)
class Sheet:
    """Rows: left, top, width, height (seen), 4 of `a_at`, 4 of colour, 4 of shape, 3 of `a_piece`, 6 of the frame."""

    rows: list[tuple[float, ...]] = field(default_factory=list)

    def box(
        self, frame: Frame, left: float, top: float, width: float, height: float, colour: Colour,
        *, radius: float = 0.0, when: float = ALWAYS, blinking: bool = False,
    ) -> None:  # fmt: skip
        """A filled rectangle with round corners; a disc when the radius is half its side."""
        half_width, half_height = width / 2, height / 2
        at = (-half_width, -half_height, half_width, half_height)
        shape = (half_width, half_height, radius, BLINKING if blinking else 0.0)
        self.rows.append((left, top, width, height, *at, *colour, *shape, *_piece(frame, when)))

    def text(
        self, frame: Frame, atlas: GlyphAtlas, style: TextStyle, text: str, left: int, baseline: int, colour: Colour,
        *, when: float = ALWAYS,
    ) -> None:  # fmt: skip
        """A line of text; `left` and `baseline` are whole pixels, so that letters stay sharp."""
        tail = (*colour, 0.0, 0.0, 0.0, LETTER, *_piece(frame, when))
        self.rows += [
            (x, y, glyph.width_px, glyph.height_px, glyph.atlas_x, glyph.atlas_y,
             glyph.atlas_x + glyph.width_px, glyph.atlas_y + glyph.height_px, *tail)
            for glyph, x, y in atlas.place(style, text, left, baseline)
        ]  # fmt: skip

    def heat(
        self, frame: Frame, place: tuple[float, float, float, float], at: tuple[float, float, float, float],
        layer: int, cover: float, when: float,
    ) -> None:  # fmt: skip
        """What of a heat zone (`at`: left, top, right, bottom, shares of it) lies where (left, top, width, height)."""
        self.rows.append((*place, *at, 1.0, 1.0, 1.0, cover, float(layer), 0.0, 0.0, HEAT, *_piece(frame, when)))

    def edges(
        self, frame: Frame, sides: tuple[bool, bool, bool, bool], colour: Colour, thick: int,
        *, when: float = ALWAYS, blinking: bool = False,
    ) -> None:  # fmt: skip
        """The edges of a frame: left, top, right, bottom, those that there are."""
        width, height = frame.upright.width_px, frame.upright.height_px
        places = (
            (0, thick, thick, height - 2 * thick),
            (0, 0, width, thick),
            (width - thick, thick, thick, height - 2 * thick),
            (0, height - thick, width, thick),
        )
        for drawn, place in zip(sides, places, strict=True):
            if drawn:
                self.box(frame, *place, colour, when=when, blinking=blinking)

    def fill_up(self, frame: Frame, first: int, quads: int, colour: Colour) -> None:
        """Make the rows from `first` on `quads`: cut off what is over, add letters that cover nothing."""
        del self.rows[first + quads :]
        letter = (*(0.0,) * 8, *colour, 0.0, 0.0, 0.0, LETTER, *_piece(frame, ALWAYS))
        self.rows += [letter] * (first + quads - len(self.rows))

    def corners(self) -> NDArray[np.void]:
        """(4 n,) of CORNER: top left, top right, bottom left, bottom right of each quad as seen."""
        rows = np.array(self.rows, np.float32).reshape(-1, 25)
        corners = np.empty((len(rows), 4), CORNER)
        x, y = rows[:, [0]] + rows[:, [2]] * _RIGHT, rows[:, [1]] + rows[:, [3]] * _DOWN
        corners["a_position_px"] = (
            rows[:, None, 19:21] + x[..., None] * rows[:, None, 21:23] + y[..., None] * rows[:, None, 23:25]
        )
        corners["a_at"] = rows[:, _AT_CORNERS]
        corners["a_colour"], corners["a_shape"] = rows[:, None, 8:12], rows[:, None, 12:16]
        corners["a_piece"] = rows[:, None, 16:19]
        return corners.reshape(-1)


__all__ = ["ALWAYS", "CORNER", "TONED", "Colour", "Frame", "Sheet"]

_RIGHT, _DOWN = np.array([0, 1, 0, 1], np.float32), np.array([0, 0, 1, 1], np.float32)
_AT_CORNERS = np.array([[4, 5], [6, 5], [4, 7], [6, 7]])
"""Of a row: which numbers of `a_at` each corner has."""


def _piece(frame: Frame, when: float) -> tuple[float, ...]:
    upright = frame.upright
    return (float(frame.piece), frame.depth, when, *upright.origin, *upright.across, *upright.down)
