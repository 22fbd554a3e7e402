"""Which polygons a camera is asked for, and what is read back of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.masking import Cover
from csu.masking.edge import MASK_COLOURS_YUV, edge_masks, missing_in

GREY = MASK_COLOURS_YUV[0]


@st.composite
def blocky_covers(draw: st.DrawFn) -> Cover:
    """A few rectangles, some of them at the picture's border; sizes that are no whole number of cells too."""
    width, height = draw(st.sampled_from([(640, 360), (640, 368), (352, 290)]))
    cells = np.zeros((-(-height // 16), -(-width // 16)), np.bool_)
    for _ in range(draw(st.integers(1, 6))):
        top, left = draw(st.integers(0, cells.shape[0] - 1)), draw(st.integers(0, cells.shape[1] - 1))
        cells[top : top + draw(st.integers(1, 9)), left : left + draw(st.integers(1, 9))] = True
    return Cover(width, height, cells)


@given(blocky_covers(), st.integers(1, 10), st.integers(4, 8))
@settings(max_examples=60, deadline=None)
def test_the_polygons_hide_the_whole_cover_and_are_such_as_the_camera_takes(
    cover: Cover, masks_max: int, corners_max: int
) -> None:
    masks = edge_masks(cover, masks_max, corners_max, GREY)
    if masks is None:
        return
    assert len(masks) <= masks_max
    for mask in masks:
        shape = shapely.Polygon(mask.corners)
        assert 3 <= len(mask.corners) <= corners_max
        assert shape.is_valid
        assert shape.area == pytest.approx(shape.convex_hull.area)
        assert all(0 <= share <= 1 for corner in mask.corners for share in corner)
    assert missing_in(cover, masks, masks) is None


def test_few_masks_are_joined_rather_than_left_out(bench) -> None:
    areas = []
    for masks_max in (8, 3):
        masks = edge_masks(bench.cover, masks_max, 4, GREY)
        assert masks is not None
        assert len(masks) <= masks_max
        areas.append(shapely.union_all([shapely.Polygon(mask.corners) for mask in masks]).area)
    assert bench.cover.share < areas[0] < areas[1]
    assert areas[0] < bench.cover.share + 0.05


def test_a_camera_without_masks_or_with_too_few_is_left_to_the_engine() -> None:
    cells = np.zeros((23, 40), np.bool_)
    cells[0, 0] = cells[0, -1] = cells[-1, 0] = cells[-1, -1] = True
    corners = Cover(640, 368, cells)
    assert edge_masks(corners, 0, 4, GREY) is None
    assert edge_masks(corners, 1, 4, GREY) is None
    assert len(edge_masks(corners, 4, 4, GREY) or ()) == 4
    assert edge_masks(Cover.whole(640, 368), 8, 4, GREY) is None
    assert edge_masks(Cover.nothing(640, 368), 8, 4, GREY) == ()


def test_what_a_camera_adapted_dropped_or_repainted_is_named(bench) -> None:
    masks = bench.masks
    assert missing_in(bench.cover, masks, tuple(reversed(masks))) is None
    dropped = missing_in(bench.cover, masks, masks[1:])
    assert dropped is not None
    assert f"{len(masks) - 1} read back, {len(masks)} asked for" in dropped.en
    repainted = [replace(masks[0], colour_yuv=(180, 90, 160)), *masks[1:]]
    assert "colour" in missing_in(bench.cover, masks, repainted).en
    assert missing_in(bench.cover, masks, ()) is not None


@pytest.mark.parametrize("by_px", [6, 8])
def test_a_polygon_made_smaller_by_some_pixels_is_seen_in_what_is_read_back(bench, by_px: int) -> None:
    small = []
    for mask in bench.masks:
        shape = shapely.Polygon(np.array(mask.corners) * (640, 368)).buffer(-by_px, join_style="mitre")
        corners = shapely.get_coordinates(shape)[:-1] / (640, 368)
        small.append(replace(mask, corners=tuple((float(x), float(y)) for x, y in corners)))
    assert missing_in(bench.cover, bench.masks, small) is not None


def test_a_crossed_polygon_hides_nothing(bench) -> None:
    a, b, c, d = bench.masks[0].corners
    crossed = replace(bench.masks[0], corners=(a, c, b, d))
    assert missing_in(bench.cover, bench.masks, (crossed, *bench.masks[1:])) is not None
