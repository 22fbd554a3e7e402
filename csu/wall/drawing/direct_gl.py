"""The GL functions that run for each picture and each frame, called in the library itself.

vispy makes context, programs, textures and buffers. Its queue of commands and PyOpenGL's wrappers cost more than the
work there is between two frames: 1.1 of 1.4 ms of a frame of 48 tiles, raster aside. So what is done once goes through
vispy, and what is done 25 times a second comes here. Errors are asked for once a frame and not after each call:
PyOpenGL asks after the `glFinish` of `Surface.end`, and raises what any of these calls had done.

PyOpenGL binds to a platform when it is first imported, and `csu.wall.drawing.surface` chooses that platform later: so
it is imported when a wall is made, not before.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, cast

from numpy.typing import NDArray
from vispy import gloo

TEXTURE_2D, TEXTURE_2D_ARRAY, TEXTURE_0 = 0x0DE1, 0x8C1A, 0x84C0
SCISSOR_TEST, DEPTH_TEST, BLEND, LEQUAL, SRC_ALPHA, ONE_MINUS_SRC_ALPHA = 0x0C11, 0x0B71, 0x0BE2, 0x0203, 0x0302, 0x0303
COLOUR_BUFFER, DEPTH_BUFFER = 0x4000, 0x0100
RED, RGBA, UNSIGNED_BYTE, FLOAT, UNSIGNED_INT = 0x1903, 0x1908, 0x1401, 0x1406, 0x1405
UNPACK_ALIGNMENT = 0x0CF5
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, TRIANGLES = 0x8892, 0x8893, 0x0004

_INT, _NAME, _SIZE, _AT, _FLOAT, _FLAG = (
    ctypes.c_int, ctypes.c_uint, ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_float, ctypes.c_ubyte,
)  # fmt: skip
_FUNCTIONS: dict[str, list[Any]] = {
    "glActiveTexture": [_NAME],
    "glBindBuffer": [_NAME, _NAME],
    "glBindTexture": [_NAME, _NAME],
    "glBindVertexArray": [_NAME],
    "glBlendFunc": [_NAME, _NAME],
    "glBufferSubData": [_NAME, _SIZE, _SIZE, _AT],
    "glClear": [_NAME],
    "glClearColor": [_FLOAT] * 4,
    "glDeleteVertexArrays": [_INT, _AT],
    "glDepthFunc": [_NAME],
    "glDepthMask": [_FLAG],
    "glDisable": [_NAME],
    "glDrawElements": [_NAME, _INT, _NAME, _AT],
    "glEnable": [_NAME],
    "glEnableVertexAttribArray": [_NAME],
    "glGenVertexArrays": [_INT, _AT],
    "glPixelStorei": [_NAME, _INT],
    "glScissor": [_INT] * 4,
    "glTexSubImage2D": [_NAME, *[_INT] * 5, _NAME, _NAME, _AT],
    "glTexSubImage3D": [_NAME, *[_INT] * 7, _NAME, _NAME, _AT],
    "glUniform1f": [_INT, _FLOAT],
    "glUniform1i": [_INT, _INT],
    "glUniform2f": [_INT, *[_FLOAT] * 2],
    "glUniform3f": [_INT, *[_FLOAT] * 3],
    "glVertexAttribPointer": [_NAME, _INT, _NAME, _FLAG, _INT, _AT],
}
_LOCATIONS = "glGetAttribLocation", "glGetUniformLocation"


class DirectGl:
    """The functions, under their own names, on whatever context is current. Arguments are converted, not checked."""

    def __init__(self, context: Any) -> None:
        """`context`: vispy's, which makes the things that are used here."""
        from OpenGL.platform import PLATFORM  # see above

        self._context = context
        for name, types in _FUNCTIONS.items():
            function = PLATFORM.GL[name]  # by key: a function of our own, whose types are nobody else's
            function.argtypes, function.restype = types, None
            setattr(self, name, function)
        for name in _LOCATIONS:
            function = PLATFORM.GL[name]
            function.argtypes, function.restype = [_NAME, ctypes.c_char_p], _INT
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        """Only for those that are not there."""
        raise AttributeError(f"{name} is not among the GL functions that are called directly")

    def bind(self, unit: int, target: int, texture: int) -> None:
        """Have a sampler's unit read this texture; what is bound next goes to the first unit again."""
        self.glActiveTexture(TEXTURE_0 + unit)
        self.glBindTexture(target, texture)
        self.glActiveTexture(TEXTURE_0)

    def made(self, thing: Any) -> Any:
        """What vispy keeps of a program, texture or buffer, once it exists on the card; `handle` is GL's name of it."""
        self._context.glir.associate(thing.glir)
        self._context.flush_commands()
        return self._context.shared.parser.get_object(thing.id)

    def name_of(self, thing: Any) -> int:
        """What GL calls a texture or buffer of vispy's."""
        return int(self.made(thing).handle)


class DirectProgram:
    """A program of vispy's. Uniforms are set at once, and only when they changed."""

    def __init__(self, gl: DirectGl, vertex: str, fragment: str, units: Mapping[str, int]) -> None:
        """`units`: the texture unit of each sampler."""
        self._gl = gl
        self._program = gloo.Program(vertex, fragment)
        self._made = gl.made(self._program)
        self.name = int(self._made.handle)
        self._places: dict[str, int] = {}
        self._values: dict[str, tuple[float, ...]] = {}
        self._setters = (gl.glUniform1f, gl.glUniform2f, gl.glUniform3f)
        self.use()
        for name, unit in units.items():
            gl.glUniform1i(gl.glGetUniformLocation(self.name, name.encode()), unit)

    def use(self) -> None:
        """Draw with it from now on."""
        self._made.activate()  # vispy remembers which program is current

    def set(self, name: str, *values: float) -> None:
        """One to three floats. Of the program that is in use. One that the program does not have is let pass."""
        if self._values.get(name) == values:
            return
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = self._gl.glGetUniformLocation(self.name, name.encode())
        self._setters[len(values) - 1](place, *values)
        self._values[name] = values


def address_of(array: NDArray[Any]) -> int:
    """Where a contiguous array begins. Four times as fast as numpy says it, for one that may be written to."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(cast(Any, array)))
    except TypeError:  # read-only memory
        return int(array.__array_interface__["data"][0])
