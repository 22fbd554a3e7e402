"""Pictures of one size on the graphics card: two texture arrays and one draw call for all tiles that show them.

vispy has no texture arrays; the few lines that add them are here. Measured: one upload and one draw per size class cost
2 ms for 48 tiles, where a program per tile cost 9 ms and one scene node per tile 31 ms (notes on the wall).

What remains of an upload is the copy: 1.5 of 1.7 ms of 48 pictures of 640x360, where a plain copy of them takes 1.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from vispy import gloo
from vispy.gloo import glir
from vispy.gloo.texture import Texture3D

from csu.hal.frames import Plane, YuvPlanes
from csu.wall.drawing.direct_gl import (
    RED,
    TEXTURE_2D_ARRAY,
    UNSIGNED_BYTE,
    DirectGl,
    DirectProgram,
    address_of,
)
from csu.wall.drawing.quads import Quads
from csu.wall.model.fitting import FittedPiece

LUMA_UNIT, CHROMA_UNIT = 1, 2


class _GlirTextureArray(glir.GlirTexture3D):  # type: ignore[misc]  # vispy has no types
    _target = TEXTURE_2D_ARRAY


class _TextureArray(Texture3D):  # type: ignore[misc]  # vispy has no types
    _GLIR_TYPE = "Texture2DArray"

    @property
    def glsl_type(self) -> tuple[str, str]:
        return "uniform", "sampler2DArray"


def teach_vispy_texture_arrays() -> None:
    """Make vispy know texture arrays. Call before the first context is made. Idempotent."""
    if "sampler2DArray" in glir.GlirProgram.UTYPEMAP:
        return
    plain_init = glir.GlirParser.__init__

    def init(parser: Any) -> None:
        plain_init(parser)
        parser._classmap["Texture2DArray"] = _GlirTextureArray

    glir.GlirParser.__init__ = init
    glir.GlirProgram.UTYPEMAP["sampler2DArray"] = "glUniform1i"
    gloo.Program._gtypes["sampler2DArray"] = (np.uint32, 1)


_CORNER = np.dtype(
    [
        ("a_position_px", np.float32, 2),
        ("a_luma_at", np.float32, 2),
        ("a_chroma_at", np.float32, 2),
        ("a_picture", np.float32, 4),
        ("a_piece", np.float32, 2),
    ]
)


@dataclass(frozen=True, slots=True)
class PlacedPicture:
    """A picture of the pool in its place on the wall. `piece`: its texel in what pieces are judged by."""

    layer: int
    fitted: FittedPiece
    piece: int
    depth: float = 0.0
    bt709: bool = False
    full_range: bool = False
    is_ground: bool = False
    """No picture but the ground under one: what a piece above others leaves free hides them."""


class PicturePool:
    """`capacity` pictures of `width_px` x `height_px`, drawn by the one program that all pools share."""

    def __init__(self, gl: DirectGl, program: DirectProgram, width_px: int, height_px: int, capacity: int) -> None:
        self.width_px, self.height_px, self.capacity = width_px, height_px, capacity
        self._gl, self._program = gl, program
        self._shape, self._chroma_px = (height_px, width_px), ((width_px + 1) // 2, (height_px + 1) // 2)
        self._luma = texture_array((capacity, height_px, width_px))
        self._chroma = texture_array((2 * capacity, self._chroma_px[1], self._chroma_px[0]))
        self._luma_name, self._chroma_name = gl.name_of(self._luma), gl.name_of(self._chroma)
        self._quads: Quads | None = None

    def upload(self, layer: int, planes: YuvPlanes) -> None:
        """Copy a picture to the card, now: vispy's own upload is deferred and would take whatever is there later.

        GL reads rows that follow on each other: UNPACK_ALIGNMENT is 1.
        """
        y, u, v = planes.y, planes.u, planes.v
        if y.shape != self._shape or not 0 <= layer < self.capacity:
            raise ValueError(f"{planes.width_px}x{planes.height_px} px, layer {layer}: not of this pool")
        gl = self._gl
        gl.glBindTexture(TEXTURE_2D_ARRAY, self._luma_name)
        self._copy(layer, y, 1)
        gl.glBindTexture(TEXTURE_2D_ARRAY, self._chroma_name)
        is_whole = u.flags.c_contiguous and v.flags.c_contiguous and u.shape == v.shape
        if is_whole and address_of(v) - address_of(u) == u.nbytes:
            self._copy(2 * layer, u, 2)  # as shared pictures have them: V follows on U
        else:
            self._copy(2 * layer, u, 1)
            self._copy(2 * layer + 1, v, 1)

    def _copy(self, layer: int, plane: Plane, planes: int) -> None:
        rows = plane if plane.flags.c_contiguous else np.ascontiguousarray(plane)
        height, width = rows.shape
        self._gl.glTexSubImage3D(
            TEXTURE_2D_ARRAY, 0, 0, 0, layer, width, height, planes, RED, UNSIGNED_BYTE, address_of(rows)
        )

    def place(self, pictures: Sequence[PlacedPicture]) -> None:
        """Say which pictures are drawn where, in this order."""
        corners = np.zeros((len(pictures), 4), _CORNER)
        # Chroma planes of an odd size reach half a pixel past the picture.
        share = np.array([self.width_px / (2 * self._chroma_px[0]), self.height_px / (2 * self._chroma_px[1])])
        for corner, picture in zip(corners, pictures, strict=True):
            at = np.array(picture.fitted.picture_at)
            corner["a_position_px"] = picture.fitted.corners_px
            corner["a_luma_at"], corner["a_chroma_at"] = at, at * share
            corner["a_picture"] = (picture.layer, picture.bt709, picture.full_range, picture.is_ground)
            corner["a_piece"] = picture.piece, picture.depth
        self._delete_quads()
        self._quads = Quads(self._gl, self._program, corners.reshape(-1)) if pictures else None

    def draw(self) -> int:
        """With the program in use and its uniforms as they are; the number of draw calls."""
        if self._quads is None:
            return 0
        self._gl.bind(LUMA_UNIT, TEXTURE_2D_ARRAY, self._luma_name)
        self._gl.bind(CHROMA_UNIT, TEXTURE_2D_ARRAY, self._chroma_name)
        return self._quads.draw()

    def delete(self) -> None:
        """Give the memory of the card back."""
        self._delete_quads()
        self._luma.delete()
        self._chroma.delete()

    def _delete_quads(self) -> None:
        if self._quads is not None:
            self._quads.delete()
        self._quads = None


def texture_array(shape: tuple[int, int, int]) -> Any:
    return _TextureArray(
        shape=(*shape, 1), format="red", internalformat="r8", interpolation="linear", wrapping="clamp_to_edge"
    )
