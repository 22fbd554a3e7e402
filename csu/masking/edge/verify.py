"""Does a decoded picture show the mask wherever something must be hidden? Pixel by pixel; a doubt is a no.

How far a pixel may be from the mask's colour was measured on real encodes, 45 kbit/s to 6 Mbit/s (decision 0023): deep
inside a mask the codec changes 2 levels, at its rim up to 117.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.frames import Chroma, Plane, YuvPlanes
from csu.hal.words import Words
from csu.masking.cover import CELL_PX, Cover

DEEP_LEVELS = 10
RIM_LEVELS = 40
CELL_LEVELS = 3
"""The mean of a whole cell: a mask that lets 2 % of the scene through shifts it by more where the scene is bright."""
_UNSEEN = 255

Depth = NDArray[np.int32]
"""How deep each pixel lies inside the cover."""


@dataclass(frozen=True, slots=True)
class _Depths:
    """How deep inside the cover tolerances begin, in pixels of the picture looked at."""

    rim_px: int
    deep_px: int


RECORDED = _Depths(rim_px=0, deep_px=4)
"""The stream that is kept. Its polygons reach `EDGE_MARGIN_PX` beyond the cover, so all of the cover is looked at."""
OTHER = _Depths(rim_px=4, deep_px=12)
"""Other streams and snapshots: scaled, so that a mask's rim lies across the codec's blocks; nothing of them is kept."""

SHAPE_TOLERANCE = 0.02
"""Of the ratio of sides. A stream of another shape was cut or squeezed, and nobody knows which."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What each sample of a plane's window may be, both included."""

    low: Plane
    high: Plane

    def first_beyond(self, window: Plane) -> tuple[int, int] | None:
        """(x, y) of the first sample that is not within them; None when all are."""
        within = cv2.inRange(window, self.low, self.high)
        if cv2.countNonZero(within) == within.size:
            return None
        y, x = np.unravel_index(int(np.argmin(within)), within.shape)
        return int(x), int(y)


class EdgeVerifier:
    """Looks at pictures of one size of one camera. Never changes once made: any thread may use it."""

    def __init__(
        self, cover: Cover, colour_yuv: tuple[int, int, int], size_px: tuple[int, int], *, is_recorded: bool
    ) -> None:
        """`cover`: what must be hidden, in the recorded stream's size; `size_px`: (width, height) of the pictures."""
        self._size = size_px
        self._is_unlike = not _is_same_shape(size_px, (cover.width_px, cover.height_px))
        self._is_empty = not cover.cells.any()
        depth, depths = _depth_px(cover, size_px), RECORDED if is_recorded else OTHER
        self._is_too_small = not is_recorded and _has_too_thin_part(depth, depths.rim_px)
        self._window = top, bottom, left, right = _window(depth > 0)
        cut = depth[top:bottom, left:right]
        tolerances = tuple(_tolerance(each, depths) for each in (cut, _halved(cut), _halved(cut)))
        colours = {full_range: as_shown(colour_yuv, full_range=full_range) for full_range in (False, True)}
        self._bounds = {
            full_range: tuple(_bounds(value, tolerance) for value, tolerance in zip(colour, tolerances, strict=True))
            for full_range, colour in colours.items()
        }
        whole_cells = _whole_cells(cut > depths.deep_px) if is_recorded else np.zeros((0, 0), np.bool_)
        self._cells_shape = whole_cells.shape if whole_cells.any() else None
        levels = np.where(whole_cells, CELL_LEVELS, _UNSEEN).astype(np.uint8)
        self._cell_bounds = {full_range: _bounds(colour[0], levels) for full_range, colour in colours.items()}

    def missing(self, planes: YuvPlanes) -> Words | None:
        """None when every pixel that must be hidden shows the mask; else where it does not. Reads only."""
        if not planes.is_sound or planes.depth_bits != 8 or planes.chroma is not Chroma.C420:
            return _OTHER_FORMAT
        if (planes.width_px, planes.height_px) != self._size or self._is_unlike:
            return _UNLIKE
        if self._is_empty:
            return None
        if self._is_too_small:
            return _TOO_SMALL
        top, bottom, left, right = self._window
        luma = planes.y[top:bottom, left:right]
        half = (slice(top // 2, (bottom + 1) // 2), slice(left // 2, (right + 1) // 2))
        windows = ((luma, 1), (planes.u[half], 2), (planes.v[half], 2))
        for bounds, (window, step) in zip(self._bounds[planes.full_range], windows, strict=True):
            found = bounds.first_beyond(window)
            if found is not None:
                return _bare(left + found[0] * step, top + found[1] * step)
        found = self._shifted_cell(luma, self._cell_bounds[planes.full_range])
        return None if found is None else _bare(left + found[0], top + found[1])

    def _shifted_cell(self, luma: Plane, bounds: _Bounds) -> tuple[int, int] | None:
        """The first whole cell whose mean is off: what a mask that is not quite opaque does."""
        if self._cells_shape is None:
            return None
        rows, columns = self._cells_shape
        means = cv2.resize(luma[: rows * CELL_PX, : columns * CELL_PX], (columns, rows), interpolation=cv2.INTER_AREA)
        found = bounds.first_beyond(np.asarray(means, np.uint8))
        return None if found is None else (found[0] * CELL_PX, found[1] * CELL_PX)


def as_shown(colour_yuv: tuple[int, int, int], *, full_range: bool) -> tuple[int, int, int]:
    """A limited-range colour as a stream of either range holds it."""
    if not full_range:
        return colour_yuv
    y, u, v = colour_yuv
    return round((y - 16) * 255 / 219), 128 + round((u - 128) * 255 / 224), 128 + round((v - 128) * 255 / 224)


def _window(inside: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) around all that is inside, beginning on a cell of the recorded stream."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if len(rows) == 0:
        return 0, 0, 0, 0
    top, left = int(rows[0]) // CELL_PX * CELL_PX, int(columns[0]) // CELL_PX * CELL_PX
    return top, int(rows[-1]) + 1, left, int(columns[-1]) + 1


def _tolerance(depth: Depth, depths: _Depths) -> NDArray[np.uint8]:
    levels = np.full(depth.shape, _UNSEEN, np.uint8)
    levels[depth > depths.rim_px] = RIM_LEVELS
    levels[depth > depths.deep_px] = DEEP_LEVELS
    return levels


def _bounds(value: int, tolerance: NDArray[np.uint8]) -> _Bounds:
    low, high = value - tolerance.astype(int), value + tolerance.astype(int)
    return _Bounds(low.clip(0, 255).astype(np.uint8), high.clip(0, 255).astype(np.uint8))


def _halved(depth: Depth) -> Depth:
    """Of each chroma sample: that of the least deep pixel it colours."""
    even = np.pad(depth, ((0, depth.shape[0] % 2), (0, depth.shape[1] % 2)), mode="edge") if depth.size else depth
    return np.minimum(np.minimum(even[::2, ::2], even[1::2, ::2]), np.minimum(even[::2, 1::2], even[1::2, 1::2]))


def _depth_px(cover: Cover, size_px: tuple[int, int]) -> Depth:
    """How deep each pixel lies inside the cover: 0 outside, 1 beside a pixel that is outside. The picture's own border
    is none of the cover's: a mask goes on behind it."""
    width, height = size_px
    columns = ((np.arange(width) + 0.5) * cover.width_px / width).astype(int) // CELL_PX
    rows = ((np.arange(height) + 0.5) * cover.height_px / height).astype(int) // CELL_PX
    inside = cover.cells[np.ix_(rows, columns)].astype(np.uint8)
    if inside.all():
        return np.full(inside.shape, width + height, np.int32)
    rim = OTHER.deep_px + 1
    framed = cv2.copyMakeBorder(inside, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.distanceTransform(framed, cv2.DIST_C, 3)[rim:-rim, rim:-rim], np.int32)


def _has_too_thin_part(depth: Depth, rim_px: int) -> bool:
    """Whether some part of the cover is nowhere deep enough to be looked at: a picture too small proves nothing."""
    count, labels = cv2.connectedComponents((depth > 0).astype(np.uint8))
    deepest = np.zeros(count, np.int32)
    np.maximum.at(deepest, np.asarray(labels, np.int32).ravel(), depth.ravel())
    return bool((deepest[1:] <= rim_px).any())


def _whole_cells(deep: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = deep.shape[0] // CELL_PX, deep.shape[1] // CELL_PX
    blocks = deep[: rows * CELL_PX, : columns * CELL_PX].reshape(rows, CELL_PX, columns, CELL_PX)
    return np.asarray(blocks.all(axis=(1, 3)))


def _is_same_shape(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return abs(a[0] * b[1] / (a[1] * b[0]) - 1) <= SHAPE_TOLERANCE


def _bare(x_px: int, y_px: int) -> Words:
    return Words(
        f"l'image ne montre pas le masque en {x_px},{y_px} px",
        f"the picture does not show the mask at {x_px},{y_px} px",
    )


_OTHER_FORMAT = Words("l'image n'est pas en 4:2:0 sur 8 bits", "the picture is not 8-bit 4:2:0")
_UNLIKE = Words(
    "l'image a une autre forme que le flux enregistré", "the picture has another shape than the recorded one"
)
_TOO_SMALL = Words(
    "l'image est trop petite pour que l'on y voie les masques", "the picture is too small to show the masks"
)
