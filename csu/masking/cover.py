"""A cover: which 16-pixel cells of a picture may not be seen.

Cells, not pixels: 16 luma pixels are one H.264 macroblock and 8 chroma pixels, so no cell shares a block or a chroma
sample with its neighbour. A cover is grown by one whole cell, because a decoder's deblocking and prediction smear
across the edge (notes on media, section 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, hypot, radians, tan

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Building, Pose, PoseBounds
from csu.masking.geometry import BuildingUnusable, Quads, dwelling_surfaces, outlines
from csu.masking.surfaces import Surfaces

CELL_PX = 16
FINE_PX = 4
"""Outlines are drawn on a grid of this step, then any touched cell is taken: exact to one fine step."""

_SUBPIXEL_BITS = 4
_COORDINATE_MAX = 1 << 29
"""cv2 takes int32 corners with sub-pixel bits; an outline that goes further cannot be drawn truly."""

Cells = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CoverMargins:
    """How far the truth may be from what we are told.

    `angle_deg`: error of the camera's direction, any axis. 0.2 degrees holds the quantisation of the pose cache (0.05)
    and the settling tolerance (0.1) of `CoverPolicy` with a rest for the calibration.
    """

    angle_deg: float = 0.2


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
    margins: CoverMargins | None = None,
) -> Cover:
    """What must be hidden from a camera that looks from `pose`: every dwelling above ground + `mask_above_m`.

    Fails closed: a pose or a building that is not usable gives the whole picture. No building gives no cover.
    """
    try:
        surfaces = dwelling_surfaces(buildings, mask_above_m)
    except BuildingUnusable:
        return Cover.whole(width_px, height_px)  # the wholly masked picture is how this shows; setup reports the data
    return cover_of_surfaces(pose, surfaces, width_px, height_px, margins)


def cover_of_surfaces(
    pose: Pose, surfaces: Quads, width_px: int, height_px: int, margins: CoverMargins | None = None
) -> Cover:
    """As `cover_of`, for surfaces computed once for many poses."""
    if not pose.is_finite():
        return Cover.whole(width_px, height_px)
    if len(surfaces) == 0:
        return Cover.nothing(width_px, height_px)
    margin_px = _margin_px(pose, width_px, height_px, (margins or CoverMargins()).angle_deg)
    if margin_px >= max(width_px, height_px):
        return Cover.whole(width_px, height_px)
    fine = _draw(outlines(surfaces, pose, width_px, height_px), width_px, height_px, margin_px)
    return Cover.whole(width_px, height_px) if fine is None else Cover(width_px, height_px, _cells_touched(fine))


def cover_of_path(
    path: Sequence[Pose], surfaces: Surfaces, width_px: int, height_px: int, bounds: PoseBounds
) -> Cover:
    """The union of what must be hidden from every pose on the path, and from every pose within `bounds` of those.

    Between two poses pan goes the shorter way round; tilt, roll, place and the logarithm of the focal length go
    straight. One pose is a fixed camera. Fails closed: no pose, or one that cannot be used, gives the whole picture.
    """
    plain = not (bounds.position_m or bounds.focal_share or bounds.k1) and len(set(path)) == 1 and path[0].k1 == 0
    if not plain or surfaces.unusable:
        return Cover.whole(width_px, height_px)
    return cover_of_surfaces(path[0], surfaces.quads, width_px, height_px, CoverMargins(bounds.angle_deg))


def _margin_px(pose: Pose, width_px: int, height_px: int, angle_deg: float) -> float:
    """An angle in pixels where it is largest: a pinhole's corner, where a radian spans f * (1 + tan^2)."""
    slope = hypot(width_px, height_px) / 2 / pose.focal_px
    return float(pose.focal_px * (1 + slope * slope) * tan(radians(angle_deg)))


def _draw(corners_px: NDArray[np.float64], width_px: int, height_px: int, margin_px: float) -> Cells | None:
    """Outlines on the fine grid, widened by margin and drawing error (one step); None when one is too far out."""
    rows, columns = cell_shape(width_px, height_px)
    reach = ceil(margin_px / FINE_PX) + 1
    per_cell = CELL_PX // FINE_PX
    # The grid has a rim, so that what lies just outside the picture widens into it.
    grid = np.zeros((rows * per_cell + 2 * reach, columns * per_cell + 2 * reach), np.uint8)
    step_corners = (corners_px + 0.5) / FINE_PX - 0.5 + reach
    low, high = step_corners.min(axis=1), step_corners.max(axis=1)
    meets = (high >= -1).all(axis=1) & (low[:, 0] <= grid.shape[1]) & (low[:, 1] <= grid.shape[0])
    scaled = np.round(step_corners[meets] * (1 << _SUBPIXEL_BITS))
    if not np.isfinite(scaled).all() or (np.abs(scaled) > _COORDINATE_MAX).any():
        return None
    for outline in scaled.astype(np.int32):
        cv2.fillConvexPoly(grid, outline, 255, shift=_SUBPIXEL_BITS)
    widened = cv2.dilate(grid, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return np.asarray(widened[reach:-reach, reach:-reach] > 0)


def _cells_touched(fine: Cells) -> Cells:
    """Cells that hold a marked fine step, grown by one cell on every side."""
    per_cell = CELL_PX // FINE_PX
    rows, columns = fine.shape[0] // per_cell, fine.shape[1] // per_cell
    touched = fine.reshape(rows, per_cell, columns, per_cell).any(axis=(1, 3))
    return np.asarray(cv2.dilate(np.asarray(touched, np.uint8), np.ones((3, 3), np.uint8)) > 0)
