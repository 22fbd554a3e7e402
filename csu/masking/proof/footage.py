"""What cameras of the proof send: pictures in each format, with a canary where nobody may look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MS
from csu.hal.frames import CaptureTime, Chroma, ClearFrame, Plane, YuvPlanes
from csu.masking.proof.courses import START_NS
from csu.masking.proof.noise import blocks

CAMERA = CameraId("proof")
NUMBER = 1
FRAMES_PER_S = 25.0
_FRAME_NS = 40 * NS_PER_MS

Where = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PictureKind:
    """The format a camera sends."""

    depth_bits: int = 8
    chroma: Chroma = Chroma.C420
    full_range: bool = False

    def __str__(self) -> str:
        return f"{self.depth_bits} bit {self.chroma} {'full' if self.full_range else 'limited'}"


KINDS = tuple(
    PictureKind(bits, chroma, full_range) for bits in (8, 10) for chroma in Chroma for full_range in (False, True)
)


def clear_frame(planes: YuvPlanes, sequence: int) -> ClearFrame:
    """One picture of the camera of the proof."""
    return ClearFrame(CAMERA, sequence, CaptureTime(START_NS + sequence * _FRAME_NS, from_camera=True), planes)


def street(chance: Chance, width_px: int, height_px: int, sequence: int, kind: PictureKind) -> YuvPlanes:
    """A picture of moving blocks; the same chance and sequence give the same one."""
    dice = chance.stream("street")
    shapes = _shapes(width_px, height_px, kind.chroma)
    y, u, v = (np.roll(blocks(dice, shape, 8, 30, 220), 2 * sequence, axis=1) for shape in shapes)
    return _of_kind(y, u, v, kind)


def canary(width_px: int, height_px: int, kind: PictureKind) -> YuvPlanes:
    """A picture that is far from any fill in all three planes, at each pixel."""
    luma, colour = _shapes(width_px, height_px, kind.chroma)[:2]
    rows, columns = np.indices(luma)
    y = np.where((rows // 4 + columns // 4) % 2, 170, 235).astype(np.uint8)
    return _of_kind(y, np.full(colour, 40, np.uint8), np.full(colour, 220, np.uint8), kind)


def laid_over(outside: YuvPlanes, inside: YuvPlanes, where: Where) -> YuvPlanes:
    """`inside` at the luma pixels `where` (height, width), and at each chroma sample that lies over one of them."""

    def blend(a: Plane, b: Plane) -> Plane:
        rows, columns = -(-where.shape[0] // a.shape[0]), -(-where.shape[1] // a.shape[1])
        padded = np.pad(where, ((0, a.shape[0] * rows - where.shape[0]), (0, a.shape[1] * columns - where.shape[1])))
        touched = padded.reshape(a.shape[0], rows, a.shape[1], columns).any(axis=(1, 3))
        return np.where(touched, b, a)

    y, u, v = (blend(a, b) for a, b in zip(_all(outside), _all(inside), strict=True))
    return YuvPlanes(y, u, v, outside.full_range, outside.bt709, outside.depth_bits)


def pixels_of(cells: NDArray[np.bool_], width_px: int, height_px: int, cell_px: int = 16) -> Where:
    """The luma pixels of cells, looked up one by one: apart from `Cover.stencil`."""
    return np.asarray(cells[np.ix_(np.arange(height_px) // cell_px, np.arange(width_px) // cell_px)], np.bool_)


def _of_kind(y: Plane, u: Plane, v: Plane, kind: PictureKind) -> YuvPlanes:
    """8-bit levels as samples of that kind. A decoder's planes have padded rows, and so have these."""

    def padded(plane: Plane) -> Plane:
        samples = plane if kind.depth_bits == 8 else plane.astype(np.uint16) * 4 + (plane & 3)
        rows = np.zeros((plane.shape[0], plane.shape[1] + 13), samples.dtype)
        rows[:, : plane.shape[1]] = samples
        return rows[:, : plane.shape[1]]

    return YuvPlanes(padded(y), padded(u), padded(v), full_range=kind.full_range, depth_bits=kind.depth_bits)


def _shapes(width_px: int, height_px: int, chroma: Chroma) -> tuple[tuple[int, int], ...]:
    half = (width_px + 1) // 2
    colour = ((height_px + 1) // 2, half) if chroma is Chroma.C420 else (height_px, half)
    return (height_px, width_px), colour, colour


def _all(planes: YuvPlanes) -> tuple[Plane, Plane, Plane]:
    return planes.y, planes.u, planes.v
