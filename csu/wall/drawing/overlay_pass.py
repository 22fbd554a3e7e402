"""One draw call for all that is written over the pictures of a scene."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from csu.hal.clock import Nanoseconds
from csu.hal.wall import HEAT_COLUMNS, HEAT_ROWS
from csu.wall.drawing.overlay_sheet import SceneSheet
from csu.wall.drawing.picture_pool import quad_indices, texture_array
from csu.wall.model.fitting import FittedPiece


class OverlayPass:
    """A scene's quads on the card. A label or the clock changes in place; the rest when a picture's place does."""

    def __init__(self, program: Any, sheet: SceneSheet, zone: tzinfo) -> None:
        self.sheet = sheet
        self._program, self._zone = program, zone
        atlas = sheet.letters.atlas.pixels
        self._atlas = gloo.Texture2D(
            atlas[:, :, None], format="red", internalformat="r8", interpolation="nearest", wrapping="clamp_to_edge"
        )
        self._heat = texture_array((max(1, len(sheet.heats)), HEAT_ROWS, HEAT_COLUMNS))
        if sheet.heats:
            self._heat.set_data(sheet.heats_levels()[..., None], copy=True)
        self._corners: Any = None
        self._indices: Any = None
        self._quads = 0

    def write(self, fitted: Mapping[int, FittedPiece], now_ns: Nanoseconds) -> None:
        """All anew: `fitted` says where the picture of each piece lies."""
        corners = self.sheet.all_corners(fitted, now_ns, self._zone)
        self.delete_quads()
        self._quads = len(corners) // 4
        if self._quads:
            self._corners = gloo.VertexBuffer(corners)
            self._indices = gloo.IndexBuffer(quad_indices(self._quads))

    def set_time(self, now_ns: Nanoseconds) -> None:
        """Write the clocks anew."""
        corners, first = self.sheet.clock_corners(now_ns, self._zone)
        self._put(corners, first)

    def set_label(self, piece: int, label: str) -> None:
        """Write one label anew."""
        corners, first = self.sheet.label_corners(piece, label)
        self._put(corners, first)

    def _put(self, corners: NDArray[np.void], first: int) -> None:
        if len(corners):
            self._corners.set_subdata(corners, offset=first, copy=False)

    def draw(self) -> int:
        """Draw; the number of draw calls."""
        if not self._quads:
            return 0
        atlas = self.sheet.letters.atlas.pixels
        self._program["u_atlas"], self._program["u_atlas_px"] = self._atlas, (atlas.shape[1], atlas.shape[0])
        self._program["u_heat"] = self._heat
        self._program.bind(self._corners)
        self._program.draw("triangles", self._indices)
        return 1

    def delete_quads(self) -> None:
        for thing in (self._corners, self._indices):
            if thing is not None:
                thing.delete()
        self._corners = self._indices = None

    def delete(self) -> None:
        """Give the memory of the card back."""
        self.delete_quads()
        self._atlas.delete()
        self._heat.delete()
