"""What a camera says it burns in, against what must be hidden: cameras adapt, drop and reorder masks without a word."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely import Polygon

from csu.hal.camera import OnboardMask
from csu.hal.words import Words
from csu.masking.cover import CELL_PX, Cover

ROUNDING_PX = 0.25
"""Corners travel as decimal numbers: this much of a pixel is not a polygon made smaller."""
NAMED_MAX = 3


def missing_in(required: Cover, pushed: Sequence[OnboardMask], read_back: Sequence[OnboardMask]) -> Words | None:
    """None when the polygons `read_back` hide every cell of `required` in the colour that was pushed; else what lacks.

    Only what they hide counts, not their names or order. A polygon that is none (crossed, fewer than three corners, not
    a number) hides nothing.
    """
    asked = {mask.colour_yuv for mask in pushed}
    if any(mask.colour_yuv not in asked for mask in read_back):
        return Words("la caméra a changé la couleur de ses masques", "the camera changed the colour of its masks")
    size = (required.width_px, required.height_px)
    shapes = [shape for mask in read_back if (shape := _polygon(mask, size)) is not None]
    hidden = shapely.union_all(shapes).buffer(ROUNDING_PX, join_style="mitre") if shapes else Polygon()
    shapely.prepare(hidden)
    rows, columns = required.cells.nonzero()
    if len(rows) == 0:
        return None
    x0, y0 = columns * CELL_PX, rows * CELL_PX
    cells = shapely.box(x0, y0, (x0 + CELL_PX).clip(max=size[0]), (y0 + CELL_PX).clip(max=size[1]))
    bare = ~shapely.contains(hidden, cells)
    count = int(bare.sum())
    if count == 0:
        return None
    where = ", ".join(f"{x},{y}" for x, y in zip(x0[bare][:NAMED_MAX], y0[bare][:NAMED_MAX], strict=True))
    has, asked_for = len(shapes), len(pushed)
    return Words(
        f"ses masques ({has} relus, {asked_for} demandés) laissent voir {count} cases, dont {where} px",
        f"its masks ({has} read back, {asked_for} asked for) leave {count} cells bare, among them {where} px",
    )


def _polygon(mask: OnboardMask, size_px: tuple[int, int]) -> Polygon | None:
    if len(mask.corners) < 3:
        return None
    shape = Polygon([(x * size_px[0], y * size_px[1]) for x, y in mask.corners])
    return shape if shape.is_valid and shape.area > 0 else None
