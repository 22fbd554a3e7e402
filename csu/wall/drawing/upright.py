"""A rectangle of the framebuffer as people see it: panels may hang turned, what is drawn on them turns with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from csu.hal.wall import Corners, Point

_Pixel = TypeVar("_Pixel", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Upright:
    """Where its seen top left is, which way of the framebuffer is right and down (unit steps), and its seen size."""

    origin: Point
    across: Point
    down: Point
    width_px: int
    height_px: int

    @staticmethod
    def of(corners: Corners) -> Upright:
        """Of whole pixels, turned by quarters, not mirrored. Raises ValueError for any other corners."""
        top_left, top_right, bottom_left, _ = corners
        across, width = _step(top_left, top_right)
        down, height = _step(top_left, bottom_left)
        if across[0] * down[1] - across[1] * down[0] != 1:
            raise ValueError(f"{corners}: no rectangle, or a mirrored one")
        return Upright(top_left, across, down, width, height)

    def at(self, x: float, y: float) -> Point:
        """A seen place in the framebuffer."""
        (left, top), across, down = self.origin, self.across, self.down
        return left + x * across[0] + y * down[0], top + x * across[1] + y * down[1]

    @property
    def box(self) -> tuple[slice, slice]:
        """Its rows and columns of the framebuffer."""
        (x0, y0), (x1, y1) = self.origin, self.at(self.width_px, self.height_px)
        left, top = int(min(x0, x1)), int(min(y0, y1))
        return slice(top, int(max(y0, y1))), slice(left, int(max(x0, x1)))

    def view(self, framebuffer: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """What of `framebuffer` (height, width, ...) is in it, as seen; writing there writes into the framebuffer."""
        seen = framebuffer[self.box]
        if self.across[0] == 0:
            seen = seen.swapaxes(0, 1)
        if sum(self.down) < 0:
            seen = seen[::-1]
        return seen[:, ::-1] if sum(self.across) < 0 else seen

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column in the framebuffer of each of its pixels: (height, width) as seen."""
        rows, columns = self.box
        row, column = np.mgrid[rows, columns]
        moved = Upright(self._moved(rows.start, columns.start), self.across, self.down, self.width_px, self.height_px)
        return moved.view(row), moved.view(column)

    def _moved(self, top: int, left: int) -> Point:
        return self.origin[0] - left, self.origin[1] - top


def _step(first: Point, second: Point) -> tuple[Point, int]:
    x, y = second[0] - first[0], second[1] - first[1]
    length = abs(x) + abs(y)
    if (x and y) or not length or length % 1 or first[0] % 1 or first[1] % 1:
        raise ValueError(f"from {first} to {second}: not along the pixels")
    return (x / length, y / length), int(length)
