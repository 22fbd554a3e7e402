"""Where tiles go: everything is shown, nothing overlaps, pictures keep their shape."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.wall import WallError
from csu.wall import grid_scene
from csu.wall.model.layout import header_px

SIZES = st.sampled_from([(1280, 720), (1920, 1080), (3840, 2160), (7680, 2160), (1080, 1920)])


def _records(count: int) -> list[CameraRecord]:
    return [
        CameraRecord(CameraId(f"cam-{n:04}"), n, "Rue", CommuneId("57463"), ViewType.WIDE) for n in range(1, count + 1)
    ]


@given(st.integers(1, 100), SIZES)
def test_every_camera_has_one_tile_of_16_by_9_inside_the_wall_and_over_no_other(
    count: int, size: tuple[int, int]
) -> None:
    scene = grid_scene(_records(count), *size)
    assert [tile.camera_number for tile in scene.tiles] == list(range(1, count + 1))
    taken: set[tuple[int, int]] = set()
    for tile in scene.tiles:
        assert tile.left_px >= 0
        assert header_px(size[1]) <= tile.top_px, "the band of the clock is covered"
        assert tile.left_px + tile.width_px <= size[0]
        assert tile.top_px + tile.height_px <= size[1]
        assert abs(tile.height_px - tile.width_px * 9 / 16) < 1
        taken.add((tile.left_px, tile.top_px))
    assert len(taken) == count
    for left, right in zip(scene.tiles, scene.tiles[1:], strict=False):
        if left.top_px == right.top_px:
            assert left.left_px + left.width_px < right.left_px, "no separator"
        else:
            assert left.top_px + left.height_px < right.top_px, "no separator"


def test_eight_cameras_on_720_lines_fill_the_height_with_three_rows() -> None:
    scene = grid_scene(_records(8), 1280, 720)
    assert len({tile.top_px for tile in scene.tiles}) == 3
    assert scene.tiles[0].height_px >= 220


def test_an_empty_wall_is_a_wall() -> None:
    assert grid_scene([], 1280, 720).tiles == ()


def test_too_many_cameras_are_refused_with_the_size_they_would_get() -> None:
    with pytest.raises(WallError, match=r"78x43 px.*80x45"):
        grid_scene(_records(196), 1280, 720)


def test_the_label_carries_number_and_name(records: Callable[..., list[CameraRecord]]) -> None:
    assert grid_scene(records(1), 1280, 720).tiles[0].label == "001 · Rue de la Forêt 1"
