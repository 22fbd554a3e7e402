"""What each node draws, against an oracle that paints: framebuffers filled piece by piece, cut into the panels' outputs
and turned as the panels hang, must show each point of a tile where the wall has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.wall import NodeScene, PictureFit, ScenePiece, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.wall import SlotId
from csu.wall.model import (
    Bezel,
    BezelRule,
    Rect,
    Rotation,
    Scene,
    fit_piece,
    place,
    spread_tile,
)
from csu.wall.model.placing import is_less_than_a_pixel
from tests.wall.model_builders import Grid, grid_wall, grids, rects, tile

FULL = Rect(0, 0, 1, 1)


def painted(scene: NodeScene) -> np.ndarray:
    """(height, width, 3): the tile's share across and down at each pixel's middle, and how often it was drawn."""
    seen = np.full((scene.height_px, scene.width_px, 3), np.nan)
    seen[..., 2] = 0
    for piece in scene.pieces:
        (x, y), across, down = (np.array(piece.corners_px[i]) for i in (0, 1, 2))
        (left, top), (right, bottom) = piece.tile_at[0], piece.tile_at[3]
        to_right, to_bottom = across - (x, y), down - (x, y)
        x1, y1 = np.min(piece.corners_px, axis=0).astype(int)
        x2, y2 = np.max(piece.corners_px, axis=0).astype(int)
        assert 0 <= x1 < x2 <= scene.width_px
        assert 0 <= y1 < y2 <= scene.height_px
        rows, columns = np.mgrid[y1:y2, x1:x2] + 0.5
        for axis, (start, end, along) in enumerate(((left, right, to_right), (top, bottom, to_bottom))):
            share = ((columns - x) * along[0] + (rows - y) * along[1]) / np.dot(along, along)
            seen[y1:y2, x1:x2, axis] = start + share * (end - start)
        seen[y1:y2, x1:x2, 2] += 1
    return seen


def as_it_hangs(grid: Grid, scenes: dict[WallNodeId, NodeScene], index: int) -> np.ndarray:
    panel = grid.wall.panels[index]
    left, top = panel.output_px
    output = painted(scenes[panel.node])[top : top + panel.px[1], left : left + panel.px[0]]
    return np.rot90(output, -panel.rotation // 90)


def length(start: float, end: float, visible, *, skip: bool) -> float:
    """Of what the tile shows along one axis, mm."""
    return sum(max(0.0, min(other, end) - max(one, start)) for one, other in visible) if skip else end - start


def shares(places: np.ndarray, start: float, end: float, visible, *, skip: bool) -> np.ndarray:
    """Of millimetres along one axis: where they are in what the tile shows, by the test's own account."""
    if not skip:
        return (places - start) / (end - start)
    seen = [(max(one, start), min(other, end)) for one, other in visible if max(one, start) < min(other, end)]
    before = sum((np.clip(places - one, 0, other - one) for one, other in seen), np.zeros_like(places))
    return before / max(length(start, end, visible, skip=True), 1e-9)


@settings(max_examples=50, deadline=None)
@given(grids(), rects(), st.sampled_from(BezelRule))
def test_each_point_of_a_tile_is_where_the_wall_has_it(grid: Grid, rect: Rect, bezel: BezelRule) -> None:
    placed = place(grid.wall, Scene("s", (tile(rect, bezel=bezel),)), {})
    x1, x2, y1, y2 = grid.columns[0][0], grid.columns[-1][1], grid.rows[0][0], grid.rows[-1][1]
    left, right = x1 + rect.left * (x2 - x1), x1 + rect.right * (x2 - x1)
    top, bottom = y1 + rect.top * (y2 - y1), y1 + rect.bottom * (y2 - y1)
    px, skip = grid.mm_per_px, bezel is BezelRule.SKIP
    for index in range(len(grid.wall.panels)):
        column, row = grid.columns[index % len(grid.columns)], grid.rows[index // len(grid.columns)]
        seen = as_it_hangs(grid, placed, index)
        x = column[0] + (np.arange(seen.shape[1]) + 0.5) * px
        y = row[0] + (np.arange(seen.shape[0]) + 0.5) * px
        is_in = ((left < x) & (x < right))[None, :] & ((top < y) & (y < bottom))[:, None]
        is_near = ((np.abs(x - left) < px) | (np.abs(x - right) < px))[None, :]
        is_near = is_near | ((np.abs(y - top) < px) | (np.abs(y - bottom) < px))[:, None]
        assert (seen[..., 2] <= 1).all()
        assert ((seen[..., 2] == 1) == is_in)[~is_near].all()
        clear = is_in & ~is_near
        across, down = length(left, right, grid.columns, skip=skip) / px, length(top, bottom, grid.rows, skip=skip) / px
        want_x = np.broadcast_to(shares(x, left, right, grid.columns, skip=skip), clear.shape)
        want_y = np.broadcast_to(shares(y, top, bottom, grid.rows, skip=skip)[:, None], clear.shape)
        assert (np.abs(seen[..., 0] - want_x)[clear] * across < 1).all()
        assert (np.abs(seen[..., 1] - want_y)[clear] * down < 1).all()


@settings(max_examples=40, deadline=None)
@given(grids(), rects(), st.sampled_from(BezelRule), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_pieces_lie_within_their_panel_and_each_picture_point_is_shown_once(grid, rect, bezel, u, v) -> None:
    placed = place(grid.wall, Scene("s", (tile(rect, bezel=bezel),)), {})
    pieces = [piece for scene in placed.values() for piece in scene.pieces]
    assume(pieces)
    parts = spread_tile(grid.wall, tile(rect, bezel=bezel)).parts
    area, times = sum(part.at.area for part in parts if is_less_than_a_pixel(part.corners_px)), 0
    for piece in pieces:
        panel = grid.wall.panel(piece.panel)
        (width, height), (left, top) = panel.px, panel.output_px
        assert all(left <= x <= left + width and top <= y <= top + height for x, y in piece.corners_px)
        assert placed[panel.node].width_px >= left + width
        (x1, y1), (x2, y2) = piece.tile_at[0], piece.tile_at[3]
        assert -1e-9 <= x1 < x2 <= 1 + 1e-9
        assert -1e-9 <= y1 < y2 <= 1 + 1e-9
        area += (x2 - x1) * (y2 - y1)
        times += x1 <= u < x2 and y1 <= v < y2
    whole = grid.wall.visible_mm
    x = whole.left + (rect.left + u * rect.width) * whole.width
    y = whole.top + (rect.top + v * rect.height) * whole.height
    if bezel is BezelRule.SKIP:
        assert area == pytest.approx(1)
        assert times <= 1
    else:
        axes = ((x, grid.columns), (y, grid.rows))
        is_seen = all(any(start < at < end for start, end in along) for at, along in axes)
        edges = [abs(at - edge) for at, along in axes for visible in along for edge in visible]
        assert min(edges) < grid.mm_per_px or times == is_seen


@given(st.integers(1, 19), st.integers(1, 12), st.sampled_from(Rotation))
@settings(max_examples=12, deadline=None)
def test_tiles_that_touch_leave_no_seam_and_do_not_overlap(columns: int, rows: int, rotation: Rotation) -> None:
    grid = grid_wall([384], [216], rotations=[rotation], mm_per_px=0.315)
    tiles = tuple(
        tile(Rect(column / columns, row / rows, 1 / columns, 1 / rows), name=f"{column}-{row}")
        for column in range(columns)
        for row in range(rows)
    )
    (scene,) = place(grid.wall, Scene("s", tiles), {}).values()
    times = np.zeros((scene.height_px, scene.width_px), int)
    for piece in scene.pieces:
        (x1, y1), (x2, y2) = np.min(piece.corners_px, axis=0).astype(int), np.max(piece.corners_px, axis=0).astype(int)
        times[y1:y2, x1:x2] += 1
    assert (times == 1).all()


def test_a_turned_panel_is_drawn_turned_back() -> None:
    """By hand: the panel's cable carries 32 x 18; it hangs with what was its left side up."""
    grid = grid_wall([18], [32], rotations=[Rotation.RIGHT])
    (scene,) = place(grid.wall, Scene("s", (tile(Rect(0, 0, 1, 0.25)),)), {}).values()
    assert (scene.width_px, scene.height_px) == (32, 18)
    assert scene.pieces[0].corners_px == ((0, 18), (0, 0), (8, 18), (8, 0))


@pytest.mark.parametrize("rotation", Rotation)
def test_two_nodes_agree_at_the_edge_they_share(rotation: Rotation) -> None:
    grid = grid_wall([40, 40], [30], rotations=[Rotation.UPRIGHT, rotation], nodes=(0, 1))
    placed = place(grid.wall, Scene("s", (tile(Rect(0.13, 0.2, 0.71, 0.6)),)), {})
    left, right = placed[WallNodeId("n0")].pieces[0], placed[WallNodeId("n1")].pieces[0]
    assert left.tile_at[1] == pytest.approx(right.tile_at[0])
    assert left.tile_at[3] == pytest.approx(right.tile_at[2])
    one = as_it_hangs(grid, placed, 0)[:, -1, 2]
    other = as_it_hangs(grid, placed, 1)[:, 0, 2]
    assert list(np.flatnonzero(one)) == list(np.flatnonzero(other)) == list(range(6, 24))


def test_what_lies_higher_is_drawn_last_and_a_dark_panel_gets_nothing() -> None:
    grid = grid_wall([40, 40], [30])
    up = Scene("s", (tile(FULL, name="over", z=2), tile(FULL, name="under")))
    pieces = place(grid.wall, up, {SlotId("over"): CameraId("cam-0002")}, {SlotId("over"): "Gare"})
    assert [piece.tile for piece in pieces[WallNodeId("n0")].pieces] == ["under", "under", "over", "over"]
    shown = {(piece.camera, piece.label) for piece in pieces[WallNodeId("n0")].pieces}
    assert shown == {(None, ""), ("cam-0002", "Gare")}
    dark = replace(grid.wall, panels=(replace(grid.wall.panels[0], enabled=False), grid.wall.panels[1]))
    (scene,) = place(dark, Scene("s", (tile(FULL),)), {}).values()
    (piece,) = scene.pieces
    assert (piece.panel, piece.tile_at[0][0]) == ("p1", 0.5), "what is left keeps its place"


def test_over_a_bezel_hide_leaves_out_what_is_behind_and_skip_leaves_out_nothing() -> None:
    grid = grid_wall([100, 100], [50], bezel=Bezel(10, 10, 10, 10))
    hidden, skipped = (
        place(grid.wall, Scene("s", (tile(FULL, bezel=rule),)), {})[WallNodeId("n0")].pieces for rule in BezelRule
    )
    assert [(piece.tile_at[0][0], piece.tile_at[3][0]) for piece in hidden] == [
        (0, pytest.approx(100 / 220)),
        (pytest.approx(120 / 220), 1),
    ]
    assert [(piece.tile_at[0][0], piece.tile_at[3][0]) for piece in skipped] == [(0, 0.5), (0.5, 1)]
    assert (hidden[0].tile_aspect, skipped[0].tile_aspect) == (220 / 50, 200 / 50)


# -- pictures in pieces ------------------------------------------------------------------------------------------------


def one_piece(width: float, height: float, **more) -> ScenePiece:
    corners = ((0.0, 0.0), (width, 0.0), (0.0, height), (width, height))
    at = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    return ScenePiece("t", WallPanelId("p"), CameraId("c"), 0, corners, at, width / height, **more)


@given(st.integers(80, 900), st.integers(45, 900), st.integers(16, 2000), st.integers(16, 2000))
@settings(max_examples=40, deadline=None)
def test_a_picture_is_whole_centred_and_in_proportion_in_the_one_piece_of_a_rectangle(
    width, height, picture_w, picture_h
) -> None:
    corners = ((33.0, 21.0), (33.0 + width, 21.0), (33.0, 21.0 + height), (33.0 + width, 21.0 + height))
    piece = replace(one_piece(width, height), corners_px=corners)
    fitted = fit_piece(piece, picture_w, picture_h)
    if fitted is None:
        assert min(width / picture_w, height / picture_h) * min(picture_w, picture_h) <= 1.5
        return
    assert np.allclose(fitted.picture_at, piece.tile_at)
    (left, top), (right, bottom) = fitted.corners_px[0], fitted.corners_px[3]
    assert right - left == width or bottom - top == height, "as large as possible"
    assert 0 <= left - 33 <= right - 33 <= width
    assert 0 <= top - 21 <= bottom - 21 <= height, "whole"
    assert abs((right - left) - (bottom - top) * picture_w / picture_h) <= max(1.0, picture_w / picture_h)
    assert abs((left - 33) * 2 + (right - left) - width) <= 1, "centred"
    assert abs((top - 21) * 2 + (bottom - top) - height) <= 1


@given(
    st.sampled_from([PictureFit.CONTAIN, PictureFit.COVER]),
    st.integers(200, 2000),
    st.integers(200, 2000),
    st.integers(160, 4000),
    st.integers(160, 4000),
    st.sampled_from([(0.0, 0.0, 1.0, 1.0), (0.25, 0.1, 0.75, 0.9)]),
)
@settings(max_examples=50, deadline=None)
def test_proportions_are_kept_and_what_is_cropped_is_not_seen(fit, width, height, picture_w, picture_h, crop) -> None:
    fitted = fit_piece(one_piece(width, height, fit=fit, crop=crop), picture_w, picture_h)
    assume(fitted is not None)
    (x1, y1), (x2, y2) = fitted.corners_px[0], fitted.corners_px[3]
    (u1, v1), (u2, v2) = fitted.picture_at[0], fitted.picture_at[3]
    assert crop[0] - 1e-9 <= u1 < u2 <= crop[2] + 1e-9
    assert crop[1] - 1e-9 <= v1 < v2 <= crop[3] + 1e-9
    across, down = (x2 - x1) / ((u2 - u1) * picture_w), (y2 - y1) / ((v2 - v1) * picture_h)
    assert across == pytest.approx(down, rel=2 / min(x2 - x1, y2 - y1))
    if fit is PictureFit.COVER:
        assert (x1, y1, x2, y2) == (0, 0, width, height)
    else:
        assert (u1, v1, u2, v2) == pytest.approx(crop)
        assert x2 - x1 == width or y2 - y1 == height


def test_a_stretched_picture_fills_its_tile_and_is_all_there() -> None:
    fitted = fit_piece(one_piece(300, 100, fit=PictureFit.STRETCH), 640, 360)
    assert fitted is not None
    assert (fitted.corners_px[3], fitted.picture_at[3]) == ((300, 100), (1, 1))


def test_beside_a_contained_picture_a_piece_shows_nothing() -> None:
    grid = grid_wall([40, 160, 40], [90])
    (scene,) = place(grid.wall, Scene("s", (tile(FULL),)), {}).values()
    fitted = [fit_piece(piece, 16, 9) for piece in scene.pieces]
    assert [each is not None for each in fitted] == [False, True, False]
    assert fitted[1] is not None
    assert np.allclose(fitted[1].picture_at, ((0, 0), (1, 0), (0, 1), (1, 1)))
