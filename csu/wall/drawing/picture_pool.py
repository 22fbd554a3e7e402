"""Pictures of one size on the graphics card: two texture arrays and one draw call for all tiles that show them.

vispy has no texture arrays; the few lines that add them are here. Measured: one upload and one draw per size class cost
2 ms for 48 tiles, where a program per tile cost 9 ms and one scene node per tile 31 ms (notes on the wall).

PyOpenGL binds to a platform when it is first imported, and `csu.wall.drawing.surface` chooses that platform later: so
it is imported when a pool is made, not before. Planes go up through the library's own functions: PyOpenGL's wrapper of
`glTexSubImage3D` cost more than the copy (58 % of a frame of 48 tiles without raster, by profile).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy import gloo
from vispy.gloo import glir
from vispy.gloo.texture import Texture3D

from csu.hal.frames import Plane, YuvPlanes
from csu.wall.model.fitting import FittedPiece

_GL_TEXTURE_2D_ARRAY = 0x8C1A
_GL_RED, _GL_UNSIGNED_BYTE, _GL_UNPACK_ALIGNMENT = 0x1903, 0x1401, 0x0CF5


class _GlirTextureArray(glir.GlirTexture3D):  # type: ignore[misc]  # vispy has no types
    _target = _GL_TEXTURE_2D_ARRAY


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

    def __init__(self, context: Any, program: Any, width_px: int, height_px: int, capacity: int) -> None:
        self.width_px, self.height_px, self.capacity = width_px, height_px, capacity
        self._context, self._program = context, program
        self._chroma_px = ((width_px + 1) // 2, (height_px + 1) // 2)
        self._luma = texture_array((capacity, height_px, width_px))
        self._chroma = texture_array((2 * capacity, self._chroma_px[1], self._chroma_px[0]))
        self._corners: Any = None
        self._indices: Any = None
        self._upload = _plane_upload()
        # The names GL gave them are known once the commands ran.
        self._luma_name, self._chroma_name = self._name_of(self._luma), self._name_of(self._chroma)

    def upload(self, layer: int, planes: YuvPlanes) -> None:
        """Copy a picture to the card, now: vispy's own upload is deferred and would take whatever is there later."""
        if (planes.width_px, planes.height_px) != (self.width_px, self.height_px) or not 0 <= layer < self.capacity:
            raise ValueError(f"{planes.width_px}x{planes.height_px} px, layer {layer}: not of this pool")
        gloo.gl.glPixelStorei(_GL_UNPACK_ALIGNMENT, 1)
        self._upload(self._luma_name, layer, planes.y, 1)
        if _address(planes.v) - _address(planes.u) == planes.u.nbytes and planes.u.flags.c_contiguous:
            self._upload(self._chroma_name, 2 * layer, planes.u, 2)  # as shared pictures have them: V follows on U
        else:
            self._upload(self._chroma_name, 2 * layer, planes.u, 1)
            self._upload(self._chroma_name, 2 * layer + 1, planes.v, 1)
        gloo.gl.glPixelStorei(_GL_UNPACK_ALIGNMENT, 4)

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
        self._corners = gloo.VertexBuffer(corners.reshape(-1))
        self._indices = gloo.IndexBuffer(quad_indices(len(pictures)))

    def draw(self) -> None:
        """One draw call, with the program's uniforms as they are."""
        self._program["u_luma"], self._program["u_chroma"] = self._luma, self._chroma
        self._program.bind(self._corners)
        self._program.draw("triangles", self._indices)

    def delete(self) -> None:
        """Give the memory of the card back."""
        for thing in (self._luma, self._chroma, self._corners, self._indices):
            if thing is not None:
                thing.delete()

    def _name_of(self, texture: Any) -> int:
        self._context.glir.associate(texture.glir)
        self._context.flush_commands()
        return int(self._context.shared.parser.get_object(texture.id).handle)


def quad_indices(count: int) -> NDArray[np.uint32]:
    """Two triangles for each group of four corners."""
    first = np.arange(count, dtype=np.uint32)[:, None] * np.uint32(4)
    return (first + np.array([0, 1, 2, 2, 1, 3], np.uint32)).reshape(-1)


def texture_array(shape: tuple[int, int, int]) -> Any:
    return _TextureArray(
        shape=(*shape, 1), format="red", internalformat="r8", interpolation="linear", wrapping="clamp_to_edge"
    )


def _address(plane: Plane) -> int:
    return int(plane.__array_interface__["data"][0])


def _plane_upload() -> Callable[[int, int, Plane, int], None]:
    """A function (texture name, layer, plane, how many that follow on each other) that copies before it returns."""
    from OpenGL.platform import PLATFORM  # see above

    bind_texture, sub_image = PLATFORM.GL.glBindTexture, PLATFORM.GL.glTexSubImage3D
    bind_texture.argtypes = [ctypes.c_uint, ctypes.c_uint]
    sub_image.argtypes = [ctypes.c_uint, *[ctypes.c_int] * 7, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p]

    def upload(name: int, layer: int, plane: Plane, planes: int) -> None:
        rows = plane if plane.flags.c_contiguous else np.ascontiguousarray(plane)
        height, width = rows.shape
        bind_texture(_GL_TEXTURE_2D_ARRAY, name)
        data = _address(rows)
        sub_image(_GL_TEXTURE_2D_ARRAY, 0, 0, 0, layer, width, height, planes, _GL_RED, _GL_UNSIGNED_BYTE, data)

    return upload
