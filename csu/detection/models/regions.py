"""Which parts of a picture a network is shown, how they lie in its input, and where its boxes lie in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from math import ceil
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.models.model_file import NetworkInput
from csu.detection.observed import Boxes

Region: TypeAlias = tuple[int, int, int, int]
"""left, top, right, bottom in whole pixels of the picture, right and bottom excluded."""
CONTEXT = 0.75
"""Of its size, added on each side of what moved: the default network knows persons that fill 1/4 to 2/3 of what it is
shown, and loses one in five of those that fill less (decision 0093)."""
FINEST = 0.4
"""Of the input's width: a smaller part is not enlarged further, it holds no more than that."""
LOOKS_MAX = 4
"""Each look costs as much as one at the whole picture: what moves in more places is looked at together."""
OVERLAP = 0.25
"""Of a tile's width, shared with the next: who stands on the seam is whole in one of both."""
JOIN = 1.0
"""Times the area of two parts: so large may the one be that replaces them. A look costs the same, whatever its size."""
COARSE = 1.5
"""Times a tile's area: where a look that shows several things became larger than that, tiles show them finer."""
MANY = 12
"""Regions that are fitted together one by one. More of them are a flood: fitting them would cost more than a look."""
PAD = 114
"""YOLOX's grey around a picture that does not fill its input."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A region in a network's input: input pixel = (picture pixel - region's corner) * scale."""

    region: Region
    scale: tuple[float, float]

    def to_picture(self, boxes: Boxes) -> Boxes:
        """(n, 4) in pixels of the input -> of the picture, not cut at its edges."""
        sx, sy = self.scale
        left, top = self.region[:2]
        by, moved = np.array([sx, sy, sx, sy]), np.array([left, top, left, top])
        return np.asarray(boxes.astype(np.float64) / by + moved, np.float32)

    def to_input(self, boxes: Boxes) -> Boxes:
        """The other way."""
        sx, sy = self.scale
        left, top = self.region[:2]
        by, moved = np.array([sx, sy, sx, sy]), np.array([left, top, left, top])
        return np.asarray((boxes.astype(np.float64) - moved) * by, np.float32)


def lay(region: Region, shown: NetworkInput) -> Laid:
    """How a region lies in the input: stretched over it, or as large as fits with its shape kept."""
    width, height = region[2] - region[0], region[3] - region[1]
    sx, sy = shown.width / width, shown.height / height
    return Laid(region, (min(sx, sy),) * 2 if shown.letterbox else (sx, sy))


def shown_pixels(bgr: NDArray[np.uint8], laid: Laid, shown: NetworkInput) -> NDArray[Any]:
    """(h, w, 3) of the input's size: bytes, or floats where the network wants mean and deviation taken away."""
    left, top, right, bottom = laid.region
    width = max(1, min(shown.width, round((right - left) * laid.scale[0])))
    height = max(1, min(shown.height, round((bottom - top) * laid.scale[1])))
    small = cv2.resize(bgr[top:bottom, left:right], (width, height), interpolation=cv2.INTER_LINEAR)
    if (width, height) != (shown.width, shown.height):
        canvas = np.full((shown.height, shown.width, 3), PAD, np.uint8)
        canvas[:height, :width] = small
        small = canvas
    if shown.rgb:
        small = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    if shown.mean == (0, 0, 0) and shown.std == (1, 1, 1):
        return np.ascontiguousarray(small)
    return ((small - np.array(shown.mean, np.float32)) / np.array(shown.std, np.float32)).astype(np.float32)


def tiles_of(size_px: tuple[int, int], columns: int, rows: int = 1) -> list[Region]:
    """The whole picture, in equal parts that overlap."""
    across, down = _spans(size_px[0], columns), _spans(size_px[1], rows)
    return [(left, top, right, bottom) for top, bottom in down for left, right in across]


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    part = min(length, round(length / (count - (count - 1) * OVERLAP)))
    starts = [round(each * (length - part) / max(1, count - 1)) for each in range(count)]
    return [(start, start + part) for start in starts]


def looks_for(
    regions: Sequence[Region], size_px: tuple[int, int], shown: NetworkInput, most: int = LOOKS_MAX
) -> list[Region]:
    """Parts of the picture that show every region whole with what is around it: at most `most`, and one more where the
    whole picture is restless. No region, no look."""
    inside = sorted({cut for each in regions if (cut := _cut(each, size_px)) is not None})
    if len(inside) > MANY:
        return _tiled(inside, size_px, shown, most)
    looks = sorted({_with_context(each, size_px, shown) for each in inside})
    while len(looks) > 1:
        growth, both, one, other = min(
            (_area(both) / (_area(one) + _area(other)), both, one, other)
            for one, other in combinations(looks, 2)
            for both in [_shaped(_around(one, other), size_px, shown)]
        )
        if growth > JOIN and len(looks) <= most:
            break
        looks = sorted({*looks, both} - {one, other} | {both})
    tile = tiles_of(size_px, *_grid(most))[0]
    is_coarse = len(inside) > most and max(map(_area, looks)) > COARSE * _area(tile)
    return _tiled(inside, size_px, shown, most) if is_coarse else looks


def _tiled(inside: Sequence[Region], size_px: tuple[int, int], shown: NetworkInput, most: int) -> list[Region]:
    """Tiles for what fits in one, and one look at all that is larger: so that small things are not lost in a flood of
    shadows, nor somebody near by cut in two."""
    tiles = tiles_of(size_px, *_grid(most))
    large = [each for each in inside if not any(_holds(tile, each) for tile in tiles)]
    small = [each for each in inside if each not in large]
    looks = {tile for tile in tiles if any(_holds(tile, each) for each in small)}
    if large:
        looks.add(_with_context(reduce(_around, large), size_px, shown))
    return sorted(looks)


def _grid(most: int) -> tuple[int, int]:
    """Columns and rows: with four looks, quarters."""
    rows = 2 if most >= 4 else 1
    return max(1, most // rows), rows


def _holds(part: Region, region: Region) -> bool:
    return part[0] <= region[0] and part[1] <= region[1] and part[2] >= region[2] and part[3] >= region[3]


def _cut(region: Region, size_px: tuple[int, int]) -> Region | None:
    left, top, right, bottom = region
    cut = max(0, left), max(0, top), min(size_px[0], right), min(size_px[1], bottom)
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


def _with_context(region: Region, size_px: tuple[int, int], shown: NetworkInput) -> Region:
    left, top, right, bottom = region
    x, y = round((right - left) * CONTEXT), round((bottom - top) * CONTEXT)
    around = max(0, left - x), max(0, top - y), min(size_px[0], right + x), min(size_px[1], bottom + y)
    return _shaped(around, size_px, shown)


def _shaped(region: Region, size_px: tuple[int, int], shown: NetworkInput) -> Region:
    """Around it, of the shape of the input where the picture is large enough, within the picture."""
    left, top, right, bottom = region
    shape = shown.width / shown.height
    wide = max(right - left, (bottom - top) * shape, shown.width * FINEST)
    width, height = min(size_px[0], ceil(wide)), min(size_px[1], ceil(wide / shape))
    x = min(max(0, (left + right - width) // 2), size_px[0] - width)
    y = min(max(0, (top + bottom - height) // 2), size_px[1] - height)
    return x, y, x + width, y + height


def _around(one: Region, other: Region) -> Region:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _area(region: Region) -> int:
    return (region[2] - region[0]) * (region[3] - region[1])
