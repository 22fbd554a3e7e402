"""Where tiles go: everything is shown, nothing overlaps, pictures keep their shape."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.wall import OverlayKind, WallError
from csu.wall import grid_scene
from csu.wall.model.layout import grid, header_px

SIZES = st.sampled_from([(1280, 720), (1920, 1080), (3840, 2160), (7680, 2160), (1080, 1920)])


@given(st.integers(1, 100), SIZES)
def test_every_camera_has_one_tile_of_16_by_9_inside_the_wall_and_over_no_other(
    count: int, size: tuple[int, int]
) -> None:
    tiles = grid(count, *size)
    taken: set[tuple[int, int]] = set()
    for tile in tiles:
        assert tile.left_px >= 0
        assert header_px(size[1]) <= tile.top_px, "the band of the clock is covered"
        assert tile.right_px <= size[0]
        assert tile.bottom_px <= size[1]
        assert abs(tile.height_px - tile.width_px * 9 / 16) < 1
        taken.add((tile.left_px, tile.top_px))
    assert len(taken) == len(tiles) == count
    for left, right in zip(tiles, tiles[1:], strict=False):
        if left.top_px == right.top_px:
            assert left.right_px < right.left_px, "no separator"
        else:
            assert left.bottom_px < right.top_px, "no separator"


def test_eight_cameras_on_720_lines_fill_the_height_with_three_rows() -> None:
    tiles = grid(8, 1280, 720)
    assert len({tile.top_px for tile in tiles}) == 3
    assert tiles[0].height_px >= 220


def test_an_empty_wall_is_a_wall() -> None:
    assert grid(0, 1280, 720) == ()
    assert grid_scene([], 1280, 720).pieces == ()


def test_too_many_cameras_are_refused_with_the_size_they_would_get() -> None:
    with pytest.raises(WallError, match=r"78x43 px.*80x45"):
        grid(196, 1280, 720)


@given(st.integers(1, 100), SIZES)
def test_a_grid_is_drawn_to_the_pixel_where_it_was_laid(count: int, size: tuple[int, int]) -> None:
    scene = grid_scene(_records(count), *size)
    for piece, tile in zip(scene.pieces, grid(count, *size), strict=True):
        assert piece.corners_px[0] == (tile.left_px, tile.top_px)
        assert piece.corners_px[3] == (tile.right_px, tile.bottom_px)
    (header,) = scene.overlays
    assert (header.kind, header.text) == (OverlayKind.HEADER, f"{count} caméra{'s' if count > 1 else ''}")
    assert header.corners_px == ((0, 0), (size[0], 0), (0, header_px(size[1])), (size[0], header_px(size[1])))


def test_the_label_carries_number_and_name(records: Callable[..., list[CameraRecord]]) -> None:
    assert grid_scene(records(1), 1280, 720).pieces[0].label == "001 · Rue de la Forêt 1"


def _records(count: int) -> list[CameraRecord]:
    return [
        CameraRecord(CameraId(f"cam-{n:04}"), n, "Rue", CommuneId("57463"), ViewType.WIDE) for n in range(1, count + 1)
    ]
