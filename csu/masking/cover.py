"""A cover: which 16-pixel cells of a picture may not be seen.

Cells, not pixels: 16 luma pixels are one H.264 macroblock and 8 chroma pixels, so no cell shares a block or a chroma
sample with its neighbour. A cover is grown by one whole cell, because a decoder's deblocking and prediction smear
across the edge (notes on media, section 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Building, Pose, PoseBounds, Zone
from csu.masking.geometry import BuildingUnusable
from csu.masking.margins import Reach, reach_of, steps_along
from csu.masking.outlines import Corners, outlines
from csu.masking.surfaces import Surfaces, forbidden_surfaces

CELL_PX = 16
FINE_PX = 4
"""Outlines are drawn on a grid of this step, then any touched cell is taken."""

RASTER_PX = FINE_PX
"""Outlines are widened by this, because a drawn line may be one step off."""

PATH_POSES_MAX = 64
"""A path with more corners is not followed: a mount reports each 100 ms, and is not believed for 6 s."""

_SUBPIXEL_BITS = 4
_COORDINATE_MAX = 1 << 29
"""cv2 takes int32 corners with sub-pixel bits; an outline that goes further cannot be drawn truly."""

Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Stencil:
    """A cover at pixel size, cut to the rectangle that holds all of it. 255: destroy."""

    top_px: int
    left_px: int
    luma: NDArray[np.uint8]
    chroma: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Cover:
    """The cells of a picture that are destroyed (True). cells: bool, (ceil(height/16), ceil(width/16)), read-only."""

    width_px: int
    height_px: int
    cells: Cells

    def __post_init__(self) -> None:
        shape = cell_shape(self.width_px, self.height_px)
        if self.cells.shape != shape or self.cells.dtype != np.bool_:
            raise ValueError(f"a cover of {self.width_px}x{self.height_px} needs bool cells of shape {shape}")
        cells = self.cells.copy()
        cells.flags.writeable = False
        object.__setattr__(self, "cells", cells)

    @staticmethod
    def whole(width_px: int, height_px: int) -> Cover:
        """The cover that leaves nothing: what is used whenever something is not known (PRV-5)."""
        return Cover(width_px, height_px, np.ones(cell_shape(width_px, height_px), np.bool_))

    @staticmethod
    def nothing(width_px: int, height_px: int) -> Cover:
        """The cover that hides nothing. Only for a known pose with no dwelling in sight."""
        return Cover(width_px, height_px, np.zeros(cell_shape(width_px, height_px), np.bool_))

    @cached_property
    def share(self) -> float:
        """Share of the cells that are covered, 0 to 1."""
        return float(self.cells.mean())

    @cached_property
    def is_whole(self) -> bool:
        return bool(self.cells.all())

    @cached_property
    def stencil(self) -> Stencil | None:
        """The cover at pixel size for luma and for 4:2:0 chroma; None when nothing is covered."""
        rows, columns = np.flatnonzero(self.cells.any(axis=1)), np.flatnonzero(self.cells.any(axis=0))
        if len(rows) == 0:
            return None
        cut = self.cells[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8) * 255
        top, left = int(rows[0]) * CELL_PX, int(columns[0]) * CELL_PX
        luma = cut.repeat(CELL_PX, axis=0).repeat(CELL_PX, axis=1)
        chroma = cut.repeat(CELL_PX // 2, axis=0).repeat(CELL_PX // 2, axis=1)
        chroma_height, chroma_width = (self.height_px + 1) // 2, (self.width_px + 1) // 2
        return Stencil(
            top,
            left,
            np.ascontiguousarray(luma[: self.height_px - top, : self.width_px - left]),
            np.ascontiguousarray(chroma[: chroma_height - top // 2, : chroma_width - left // 2]),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cover):
            return NotImplemented
        same_size = (self.width_px, self.height_px) == (other.width_px, other.height_px)
        return same_size and bool(np.array_equal(self.cells, other.cells))

    def __hash__(self) -> int:
        return hash((self.width_px, self.height_px, self.cells.tobytes()))


def cell_shape(width_px: int, height_px: int) -> tuple[int, int]:
    """(rows, columns) of the cells of a picture. Raises ValueError for a size without pixels."""
    if width_px < 1 or height_px < 1:
        raise ValueError(f"a picture of {width_px}x{height_px} has no pixel")
    return -(-height_px // CELL_PX), -(-width_px // CELL_PX)


def cover_of(
    pose: Pose,
    buildings: Iterable[Building],
    width_px: int,
    height_px: int,
    mask_above_m: float,
    *,
    zones: Iterable[Zone] = (),
    bounds: PoseBounds | None = None,
) -> Cover:
    """What must be hidden from a camera that looks from `pose`: dwellings above ground + `mask_above_m`, and zones.

    Fails closed: a pose, a building or a zone that is not usable gives the whole picture. Nothing around: no cover.
    """
    try:
        surfaces = forbidden_surfaces(buildings, zones, mask_above_m)
    except BuildingUnusable:
        return Cover.whole(width_px, height_px)  # the wholly masked picture is how this shows; setup reports the data
    return cover_of_path((pose,), surfaces, width_px, height_px, bounds or PoseBounds())


def cover_of_path(path: Sequence[Pose], surfaces: Surfaces, width_px: int, height_px: int, bounds: PoseBounds) -> Cover:
    """The union of what must be hidden from every pose on the path, and from every pose within `bounds` of those.

    Between two poses pan goes the shorter way round; tilt, roll, place, k1 and the logarithm of the focal length go
    straight. One pose is a fixed camera. Fails closed: no pose, one that cannot be used, a surface too near to be drawn
    truly, bounds too wide to prove anything: the whole picture. No surface: no cover.
    """
    whole = Cover.whole(width_px, height_px)
    if not 0 < len(path) <= PATH_POSES_MAX or not all(pose.is_finite() for pose in path):
        return whole
    if len(surfaces) == 0:
        return Cover.nothing(width_px, height_px)
    reaches = _reaches(path, width_px, height_px, bounds)
    if reaches is None:
        return whole
    grid = _grid(width_px, height_px)
    for place, some in _by_place(reaches).items():
        here = surfaces.seen_from(*place, bounds.position_m)
        if here is None or not _draw(some, here, grid, width_px, height_px):
            return whole
    cells = _cells_touched(grid)
    ends_px = min(reach.lens_ends_px for reach in reaches)
    if ends_px < hypot(width_px, height_px) / 2 + 1:
        cells |= _cells_beyond(ends_px, width_px, height_px)
    return Cover(width_px, height_px, _grown(cells))


def _reaches(path: Sequence[Pose], width_px: int, height_px: int, bounds: PoseBounds) -> list[Reach] | None:
    steps = steps_along(path, width_px, height_px)
    if steps is None:
        return None
    reaches: list[Reach] = []
    for pose, half in steps:
        reach = reach_of(pose, half, bounds, width_px, height_px)
        if reach is None or max(reach.const_px) >= max(width_px, height_px):
            return None
        reaches.append(reach)
    return reaches


def _by_place(reaches: Sequence[Reach]) -> dict[tuple[float, float, float], list[Reach]]:
    places: dict[tuple[float, float, float], list[Reach]] = {}
    for reach in reaches:
        places.setdefault(reach.place, []).append(reach)
    return places


def _grid(width_px: int, height_px: int) -> NDArray[np.uint8]:
    rows, columns = cell_shape(width_px, height_px)
    per_cell = CELL_PX // FINE_PX
    return np.zeros((rows * per_cell, columns * per_cell), np.uint8)


def _draw(reaches: Sequence[Reach], here: Surfaces, grid: NDArray[np.uint8], width_px: int, height_px: int) -> bool:
    """Draw all outlines; False when one cannot be drawn truly."""
    for quads, outward, from_lens in ((here.quads, here.outward, False), (here.rays, None, True)):
        groups = outlines(reaches, quads, from_lens=from_lens, raster_px=RASTER_PX, outward=outward)
        if groups is None:
            return False
        for corners in groups:
            if not _fill(corners, grid, width_px, height_px):
                return False
    return True


def _fill(corners_px: Corners, grid: NDArray[np.uint8], width_px: int, height_px: int) -> bool:
    scale = (1 << _SUBPIXEL_BITS) / FINE_PX
    scaled = corners_px * scale
    scaled += np.array([width_px / 2, height_px / 2]) * scale - (1 << _SUBPIXEL_BITS) / 2
    reach = float(np.abs(scaled).max(initial=0.0))
    if not reach < _COORDINATE_MAX:  # not a number, too
        return False
    for outline in np.rint(scaled).astype(np.int32):
        cv2.fillConvexPoly(grid, cv2.convexHull(outline), 255, cv2.LINE_8, _SUBPIXEL_BITS)
    return True


def _cells_touched(fine: NDArray[np.uint8]) -> Cells:
    """Cells that hold a marked fine step."""
    in_fours = fine.view(np.uint32)  # a cell is four fine steps wide
    return np.asarray((in_fours[0::4] | in_fours[1::4] | in_fours[2::4] | in_fours[3::4]) > 0)


def _cells_beyond(radius_px: float, width_px: int, height_px: int) -> Cells:
    """Cells with a pixel so far from the middle that the lens is not known there. One pixel of guard."""
    rows, columns = cell_shape(width_px, height_px)
    y, x = (
        np.abs((np.arange(n)[:, None] + (0, 1)) * CELL_PX - side / 2).max(axis=1)
        for n, side in ((rows, height_px), (columns, width_px))
    )
    return np.asarray(np.hypot(x[None, :], y[:, None]) > radius_px - 1)


def _grown(cells: Cells) -> Cells:
    """Cells and their neighbours on every side."""
    return np.asarray(cv2.dilate(np.asarray(cells, np.uint8), np.ones((3, 3), np.uint8)) > 0)
