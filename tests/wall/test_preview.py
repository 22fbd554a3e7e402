"""The small picture of the whole wall: as it hangs, with the states and ages of the wall, put together of nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from csu.cluster.wall_preview import composed, planes_of
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.wall import NodeScene, TileReading, TileState, WallError, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.hal.words import Words
from csu.wall.drawing.emergency import EmergencyWall
from csu.wall.drawing.patterns import checker
from csu.wall.drawing.preview_plan import (
    PREVIEW_PX_MAX,
    PreviewPicture,
    PreviewPlan,
    i420_of,
    plans_of_wall,
)
from csu.wall.drawing.read_back import SeenPiece, read_tiles
from csu.wall.drawing.upright import Upright
from csu.wall.model import Bezel, Node, Panel, Rect, Wall, area_mm, fit_piece
from tests.wall.drawn_builders import NODE, TILES, fill, scene_of, turned_wall
from tests.wall.preview_builders import plan_of_panel

if TYPE_CHECKING:
    from conftest import FilledSource, SetClock

    from csu.wall.drawing.preview import PreviewedWall

Planes = Callable[..., YuvPlanes]
PLAN = plans_of_wall(turned_wall())[NODE]
OTHER = WallNodeId("other")
TWO_S = 2 * NS_PER_S
"""From then on nothing of it may be seen."""
SIZES = [(640, 360), (333, 187)]
"""Of the pictures that `fill` puts there."""


def rgb_of(picture: PreviewPicture | None) -> NDArray[np.uint8]:
    assert picture is not None
    return np.asarray(cv2.cvtColor(picture.i420, cv2.COLOR_YUV2RGB_I420), np.uint8)


def read(rgb: NDArray[np.uint8], scene: NodeScene, plan: PreviewPlan) -> dict[str, TileReading]:
    """What each tile of the wall shows in the preview."""
    seen = []
    for piece in plan.of_scene(scene).pieces:
        number = int(piece.camera.removeprefix("cam-")) if piece.camera else 0
        fitted = fit_piece(piece, *SIZES[number % 2])
        if piece.camera is not None and fitted is not None:
            seen.append(SeenPiece(piece.tile, piece.camera, piece.z, piece.corners_px, fitted))
    return {tile.tile: tile for tile in read_tiles(rgb, seen)}


def test_every_tile_of_a_wall_of_turned_panels_is_read_right_in_the_preview(
    previewed: PreviewedWall, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    scene = scene_of()
    previewed.show(scene)
    fill(source, clock, planes, frame=7)
    tiles = read(rgb_of(previewed.preview(PLAN)), scene, PLAN)
    assert len(tiles) == 9
    hidden = {"d1", "d2"}  # another tile lies over the mark of one, and beside that of the other
    for name, tile in tiles.items():
        assert tile.state is TileState.LIVE, name
        if name not in hidden:
            assert (tile.seen_camera_number, tile.seen_frame_number) == (int(tile.camera[-4:]), 7), name


def test_tiles_lie_in_the_preview_where_the_page_lays_them_by_shares_of_the_wall() -> None:
    wall, whole = turned_wall(), turned_wall().visible_mm
    scene = PLAN.of_scene(scene_of())
    for tile in TILES:
        mm = area_mm(wall, tile.rect, tile.anchor)
        left, right = ((side - whole.left) / whole.width * PLAN.width_px for side in (mm.left, mm.right))
        top, bottom = ((side - whole.top) / whole.height * PLAN.height_px for side in (mm.top, mm.bottom))
        pieces = [Upright.of(piece.corners_px) for piece in scene.pieces if piece.tile == tile.tile]
        assert {(piece.across, piece.down) for piece in pieces} == {((1, 0), (0, 1))}, "upright, however it hangs"
        boxes = [piece.box for piece in pieces]
        assert min(columns.start for _, columns in boxes) == pytest.approx(left, abs=3)
        assert max(columns.stop for _, columns in boxes) == pytest.approx(right, abs=3)
        assert min(rows.start for rows, _ in boxes) == pytest.approx(top, abs=3)
        assert max(rows.stop for rows, _ in boxes) == pytest.approx(bottom, abs=3)


def test_a_picture_that_the_wall_was_first_to_take_is_new_to_the_preview(
    previewed: PreviewedWall, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    scene = scene_of()
    previewed.show(scene)
    for frame in (5, 6):
        fill(source, clock, planes, frame=frame)
        previewed.tick()
        tiles = read(rgb_of(previewed.preview(PLAN)), scene, PLAN)
        assert {tiles[name].seen_frame_number for name in ("a1", "a2", "b1", "c1", "wide")} == {frame}


@pytest.mark.nightly
def test_a_preview_leaves_the_wall_as_it_is(
    previewed: PreviewedWall, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    previewed.show(scene_of())
    fill(source, clock, planes)
    before = previewed.pixels()
    previewed.preview(PLAN)
    fill(source, clock, planes, frame=6)
    previewed.preview(PLAN)
    assert previewed.tick(), "a picture that the preview was first to take is new to the wall"
    assert len(previewed.latencies_ms) == 18, "and counted as such"
    previewed.preview(None)
    fill(source, clock, planes, frame=5)
    assert np.array_equal(before, previewed.pixels())


def test_pictures_age_in_the_preview_as_they_do_on_the_wall(
    previewed: PreviewedWall, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    """Also for who comes when the camera has long stopped, and also if its clock is ahead of ours.

    Read before 4:2:0: the patterns of states are exact, and chroma of half the size is not.
    """
    scene = scene_of()
    scene = replace(
        scene,
        pieces=tuple(
            replace(piece, shown_until_ns=clock.at_ns + NS_PER_S if piece.tile == "a1" else None)
            for piece in scene.pieces
        ),
    )
    previewed.show(scene)
    fill(source, clock, planes)
    ahead = CameraId("cam-0003")
    source.put(ahead, planes(333, 187, seed=3, mark=(3, 5)), clock.at_ns + 3600 * NS_PER_S)
    previewed.tick()
    for later_s, state in ((3, TileState.STALE), (11, TileState.NO_SIGNAL)):
        clock.at_ns += later_s * NS_PER_S
        tiles = read(previewed.drawn_small(PLAN), scene, PLAN)
        assert tiles.pop("a1").state is TileState.FORBIDDEN
        assert {tile.state for tile in tiles.values()} == {state}
    previewed.preview(None)
    tiles = read(previewed.drawn_small(PLAN), scene, PLAN)
    assert tiles["b1"].state is TileState.NO_SIGNAL


@pytest.mark.nightly
def test_a_card_without_room_to_draw_it_twice_shrinks_what_it_drew(
    previewed: PreviewedWall,
    source: FilledSource,
    clock: SetClock,
    planes: Planes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = scene_of()
    previewed.show(scene)
    fill(source, clock, planes)
    full = WallError(Words("plein", "full"), where="wall", what_to_do=Words("moins", "less"))
    monkeypatch.setattr("csu.wall.drawing.preview.SmallSurface.begin", lambda _: (_ for _ in ()).throw(full))
    tiles = read(rgb_of(previewed.preview(PLAN)), scene, PLAN)
    assert [tiles[name].seen_camera_number for name in ("a1", "b1", "c1", "over")] == [1, 3, 4, 8]
    assert "shrunk" in caplog.text


@pytest.mark.nightly
def test_a_wall_without_gl_has_a_preview_too(source: FilledSource, clock: SetClock, planes: Planes) -> None:
    scene = scene_of()
    wall = EmergencyWall(1280, 720, source, clock)
    wall.show(scene)
    fill(source, clock, planes)
    tiles = read(rgb_of(wall.preview(PLAN)), scene, PLAN)
    assert [tiles[name].seen_camera_number for name in ("a1", "b1", "c1")] == [1, 3, 4]
    assert wall.preview(None) is None


# -- where panels lie -------------------------------------------------------------------------------------------------


def two_nodes(enabled: bool = True) -> Wall:
    """3,840 px wide and 1,080 high, two panels of a node each, 20 mm between what they show."""
    bezel = Bezel(10, 10, 10, 10)
    panels = (
        Panel(WallPanelId("left"), Rect(0, 0, 980, 560), (1920, 1080), NODE, bezel_mm=bezel),
        Panel(WallPanelId("right"), Rect(980, 0, 980, 560), (1920, 1080), OTHER, bezel_mm=bezel, enabled=enabled),
    )
    return Wall("two", panels, (Node(NODE, (WallPanelId("left"),)), Node(OTHER, (WallPanelId("right"),))))


def test_the_preview_has_the_shape_of_what_is_seen_of_the_wall() -> None:
    wall, plans = two_nodes(), plans_of_wall(two_nodes())
    sizes = {(plan.width_px, plan.height_px) for plan in plans.values()}
    ((width, height),) = sizes
    assert width == PREVIEW_PX_MAX[0]
    assert width / height == pytest.approx(wall.visible_mm.width / wall.visible_mm.height, rel=0.01)
    (left,), (right,) = plans[NODE].places, plans[OTHER].places
    assert (left.left_px, right.left_px + right.width_px) == (0, width)
    assert right.left_px - left.width_px == pytest.approx(20 / 1940 * width, abs=2), "the gap of the bezels"


@pytest.mark.parametrize(("width_px", "height_px"), [(3840, 2160), (640, 360), (1283, 719), (7680, 1080), (1080, 7680)])
def test_a_preview_is_no_larger_than_its_bound_nor_than_the_wall_and_x264_takes_its_sides(
    width_px: int, height_px: int
) -> None:
    plan = plan_of_panel(width_px, height_px)
    assert plan.width_px <= min(PREVIEW_PX_MAX[0], width_px + 2)
    assert plan.height_px <= min(PREVIEW_PX_MAX[1], height_px + 2)
    assert (plan.width_px % 4, plan.height_px % 4) == (0, 0)
    assert plan.width_px / plan.height_px == pytest.approx(width_px / height_px, rel=0.02)


def test_a_panel_known_to_be_dark_is_dark_in_the_preview() -> None:
    plans = plans_of_wall(two_nodes(enabled=False))
    assert plans[OTHER].places == ()
    assert plans[NODE].width_px == plans_of_wall(two_nodes())[NODE].width_px


# -- several nodes become one picture ---------------------------------------------------------------------------------


def drawn(plan: PreviewPlan, level: int, at_ns: int) -> PreviewPicture:
    return PreviewPicture(i420_of(np.full((plan.height_px, plan.width_px, 3), level, np.uint8)), at_ns)


def test_the_parts_of_two_nodes_become_one_picture_as_old_as_the_older() -> None:
    plans = [plans_of_wall(two_nodes())[node] for node in (NODE, OTHER)]
    now_ns = 100 * NS_PER_S
    whole = composed(plans, [drawn(plans[0], 60, now_ns - 5), drawn(plans[1], 200, now_ns - 9)], now_ns)
    rgb = rgb_of(whole)
    assert whole is not None
    assert whole.drawn_at_ns == now_ns - 9
    middle = rgb.shape[0] // 2
    assert rgb[middle, 20].tolist() == pytest.approx([60] * 3, abs=3)
    assert rgb[middle, -20].tolist() == pytest.approx([200] * 3, abs=3)
    assert rgb[middle, rgb.shape[1] // 2].tolist() == [0, 0, 0], "between two panels"


def test_the_panels_of_a_node_that_stands_still_are_covered_and_the_others_go_on() -> None:
    plans = [plans_of_wall(two_nodes())[node] for node in (NODE, OTHER)]
    now_ns = 100 * NS_PER_S
    old_ns = now_ns - TWO_S
    for missing in (drawn(plans[1], 200, old_ns), None):
        whole = composed(plans, [drawn(plans[0], 60, now_ns), missing], now_ns)
        assert whole is not None
        assert whole.drawn_at_ns == now_ns
        place, rgb = plans[1].places[0], rgb_of(whole)
        there = (
            slice(place.top_px, place.top_px + place.height_px),
            slice(place.left_px, place.left_px + place.width_px),
        )
        expected = checker(*np.mgrid[0 : rgb.shape[0], 0 : rgb.shape[1]])[there]
        assert np.abs(rgb[there].astype(int) - expected).max() <= 6
        assert rgb[20, 20].tolist() == pytest.approx([60] * 3, abs=3)
    assert composed(plans, [drawn(plans[0], 60, old_ns), None], now_ns) is None, "all of it stands still"


def test_a_picture_that_is_old_is_never_sent_again() -> None:
    plan = plan_of_panel(64, 36)
    now_ns = 100 * NS_PER_S
    young, old = drawn(plan, 60, now_ns - NS_PER_S), drawn(plan, 60, now_ns - TWO_S)
    assert composed([plan], [young], now_ns) is young
    assert composed([plan], [old], now_ns) is None


def test_the_planes_of_a_picture_are_views_of_it() -> None:
    i420 = np.zeros((72 * 3 // 2, 128), np.uint8)
    y, u, v = planes_of(i420)
    assert (y.shape, u.shape, v.shape) == ((72, 128), (36, 64), (36, 64))
    u[:], v[:] = 1, 2
    assert i420[72:90].tolist() == [[1] * 128] * 18
    assert i420[90:].tolist() == [[2] * 128] * 18
