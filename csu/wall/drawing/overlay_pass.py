"""One draw call for all that is written over the pictures."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from csu.hal.clock import Nanoseconds
from csu.hal.wall import WallScene
from csu.wall.drawing.overlay import Lettering, Sheet, header_sheet, stamps_of, tile_sheet
from csu.wall.drawing.picture_pool import quad_indices
from csu.wall.drawing.shaders import OVERLAY_FRAGMENT, OVERLAY_VERTEX


class OverlayPass:
    """The labels, signs and clock of one scene."""

    def __init__(self, scene: WallScene, zone: tzinfo) -> None:
        self._scene, self._zone = scene, zone
        tile_height = min((tile.height_px for tile in scene.tiles), default=scene.height_px)
        self._letters = Lettering.for_wall(scene.height_px, tile_height)
        self._tiles = Sheet()
        tile_sheet(self._tiles, scene, self._letters)
        self._tile_corners = self._tiles.corners()
        self._tile_of_quad: list[int] = []
        self._program = gloo.Program(OVERLAY_VERTEX, OVERLAY_FRAGMENT)
        atlas = self._letters.atlas.pixels
        self._program["u_atlas"] = gloo.Texture2D(
            atlas[:, :, None], format="red", internalformat="r8", interpolation="nearest", wrapping="clamp_to_edge"
        )
        self._program["u_atlas_px"] = (atlas.shape[1], atlas.shape[0])
        self._stamps: Any = None
        self._indices: Any = None

    def set_time(self, now_ns: Nanoseconds) -> None:
        """Write the clock anew."""
        header = Sheet()
        header_sheet(header, self._scene, self._letters, now_ns, self._zone)
        corners = np.concatenate([self._tile_corners, header.corners()])
        self._tile_of_quad = self._tiles.tiles + header.tiles
        if self._stamps is None or len(corners) != self._stamps.size:
            self._stamps = gloo.VertexBuffer(np.zeros(len(corners), np.float32))
            self._indices = gloo.IndexBuffer(quad_indices(len(corners) // 4))
        self._program.bind(gloo.VertexBuffer(corners))
        self._program["a_stamp_s"] = self._stamps

    def draw(self, stamps_s: NDArray[np.float32], uniforms: dict[str, Any]) -> int:
        """Draw; the number of draw calls. `stamps_s`: one per tile of the scene."""
        if not self._tile_of_quad:
            return 0
        self._stamps.set_data(stamps_of(self._tile_of_quad, stamps_s), copy=True)
        for name, value in uniforms.items():
            self._program[name] = value
        self._program.draw("triangles", self._indices)
        return 1
