"""Quads on the card: their corners, which of them are drawn, and how a program reads them. One draw call."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from csu.wall.drawing.direct_gl import (
    ARRAY_BUFFER,
    ELEMENT_ARRAY_BUFFER,
    FLOAT,
    TRIANGLES,
    UNSIGNED_INT,
    DirectGl,
    DirectProgram,
    address_of,
)


class Quads:
    """Corners on the card, four a quad, and how a program reads them: all are drawn in one call."""

    def __init__(self, gl: DirectGl, program: DirectProgram, corners: NDArray[np.void]) -> None:
        """(4 n,) of a structure of float32 whose fields are named as the program's attributes."""
        self._gl = gl
        self._quads = len(corners) // 4
        self._count = 6 * self._quads
        self._corners = gloo.VertexBuffer(corners)
        self._indices = gloo.IndexBuffer(quad_indices(np.arange(self._quads)))
        corners_name, self._indices_name = gl.name_of(self._corners), gl.name_of(self._indices)
        self._corners_name, self._stride = corners_name, corners.dtype.itemsize
        self._array = ctypes.c_uint()
        gl.glGenVertexArrays(1, ctypes.byref(self._array))
        gl.glBindVertexArray(self._array)
        gl.glBindBuffer(ARRAY_BUFFER, corners_name)
        for name, (field, offset, *_) in (corners.dtype.fields or {}).items():
            place = gl.glGetAttribLocation(program.name, name.encode())
            if place >= 0:  # one that the compiler found unused has none
                gl.glEnableVertexAttribArray(place)
                gl.glVertexAttribPointer(place, field.itemsize // 4, FLOAT, 0, self._stride, offset)
        gl.glBindBuffer(ELEMENT_ARRAY_BUFFER, self._indices_name)
        gl.glBindVertexArray(0)
        gl.glBindBuffer(ELEMENT_ARRAY_BUFFER, 0)

    def put(self, corners: NDArray[np.void], first: int) -> None:
        """Write some anew, now: `first` is the first corner."""
        gl = self._gl
        gl.glBindBuffer(ARRAY_BUFFER, self._corners_name)
        gl.glBufferSubData(ARRAY_BUFFER, first * self._stride, corners.nbytes, address_of(corners))

    def show(self, shown: NDArray[np.bool_]) -> None:
        """(n,): draw these, in their order, and no others."""
        indices = quad_indices(np.flatnonzero(shown))
        self._count = len(indices)
        if self._count:
            gl = self._gl
            gl.glBindBuffer(ELEMENT_ARRAY_BUFFER, self._indices_name)
            gl.glBufferSubData(ELEMENT_ARRAY_BUFFER, 0, indices.nbytes, address_of(indices))
            gl.glBindBuffer(ELEMENT_ARRAY_BUFFER, 0)

    def draw(self) -> int:
        """Draw with the program in use; the number of draw calls."""
        if not self._count:
            return 0
        gl = self._gl
        gl.glBindVertexArray(self._array)
        gl.glDrawElements(TRIANGLES, self._count, UNSIGNED_INT, None)
        gl.glBindVertexArray(0)  # vispy knows nothing of it, and binds buffers of its own
        return 1

    def delete(self) -> None:
        """Give the memory of the card back."""
        self._gl.glDeleteVertexArrays(1, ctypes.byref(self._array))
        self._corners.delete()
        self._indices.delete()


def quad_indices(quads: NDArray[np.integer[Any]]) -> NDArray[np.uint32]:
    """Two triangles for each of these groups of four corners."""
    first = quads.astype(np.uint32)[:, None] * np.uint32(4)
    return (first + np.array([0, 1, 2, 2, 1, 3], np.uint32)).reshape(-1)
