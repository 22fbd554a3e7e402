"""One draw call for all that is written over the pictures of a scene."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from csu.hal.clock import Nanoseconds
from csu.hal.wall import HEAT_COLUMNS, HEAT_ROWS
from csu.wall.drawing.direct_gl import TEXTURE_2D, TEXTURE_2D_ARRAY, DirectGl, DirectProgram
from csu.wall.drawing.overlay_sheet import SceneSheet
from csu.wall.drawing.picture_pool import texture_array
from csu.wall.drawing.quads import Quads
from csu.wall.model.fitting import FittedPiece

ATLAS_UNIT, HEAT_UNIT = 3, 4


class OverlayPass:
    """A scene's quads on the card. A label or the clock changes in place; the rest when a picture's place does.

    Room for letters that are not there is left out of the drawing: it was two quads of five.
    """

    def __init__(self, gl: DirectGl, program: DirectProgram, sheet: SceneSheet, zone: tzinfo) -> None:
        self.sheet = sheet
        self._gl, self._program, self._zone = gl, program, zone
        atlas = sheet.letters.atlas.pixels
        self._atlas_px = float(atlas.shape[1]), float(atlas.shape[0])
        self._atlas = gloo.Texture2D(
            atlas[:, :, None], format="red", internalformat="r8", interpolation="nearest", wrapping="clamp_to_edge"
        )
        self._heat = texture_array((max(1, len(sheet.heats)), HEAT_ROWS, HEAT_COLUMNS))
        if sheet.heats:
            self._heat.set_data(sheet.heats_levels()[..., None], copy=True)
        self._atlas_name, self._heat_name = gl.name_of(self._atlas), gl.name_of(self._heat)
        self._quads: Quads | None = None
        self._inked = np.zeros(0, np.bool_)
        self._is_shown = True

    def write(self, fitted: Mapping[int, FittedPiece], now_ns: Nanoseconds) -> None:
        """All anew: `fitted` says where the picture of each piece lies."""
        corners = self.sheet.all_corners(fitted, now_ns, self._zone)
        self.delete_quads()
        if len(corners):
            self._inked, self._is_shown = _inked(corners), False
            self._quads = Quads(self._gl, self._program, corners)

    def set_time(self, now_ns: Nanoseconds) -> None:
        """Write the clocks anew."""
        corners, first = self.sheet.clock_corners(now_ns, self._zone)
        self._put(corners, first)

    def set_label(self, piece: int, label: str) -> None:
        """Write one label anew."""
        corners, first = self.sheet.label_corners(piece, label)
        self._put(corners, first)

    def _put(self, corners: NDArray[np.void], first: int) -> None:
        if self._quads is None or not len(corners):
            return
        self._quads.put(corners, first)
        inked, before = _inked(corners), self._inked[first // 4 : (first + len(corners)) // 4]
        if self._is_shown and (inked != before).any():
            self._is_shown = False  # told to the card with the next draw, however many labels change until then
        before[:] = inked

    def draw(self) -> int:
        """Draw with the program in use; the number of draw calls."""
        if self._quads is None:
            return 0
        if not self._is_shown:
            self._quads.show(self._inked)
            self._is_shown = True
        self._program.set("u_atlas_px", *self._atlas_px)
        self._gl.bind(ATLAS_UNIT, TEXTURE_2D, self._atlas_name)
        self._gl.bind(HEAT_UNIT, TEXTURE_2D_ARRAY, self._heat_name)
        return self._quads.draw()

    def delete_quads(self) -> None:
        if self._quads is not None:
            self._quads.delete()
        self._quads = None

    def delete(self) -> None:
        """Give the memory of the card back."""
        self.delete_quads()
        self._atlas.delete()
        self._heat.delete()


def _inked(corners: NDArray[np.void]) -> NDArray[np.bool_]:
    """(n,) of (4 n,): which quads cover anything."""
    places = corners["a_position_px"]
    first, last = places[::4], places[3::4]
    return np.asarray((first[:, 0] != last[:, 0]) & (first[:, 1] != last[:, 1]))
