"""What no wall can show is told, each by its kind; what can be shown is not complained of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csu.hal.camera import CameraId
from csu.hal.wall import OverlayKind, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.wall import PlanUnusable, SlotId, SlotRule
from csu.wall.model import (
    Bezel,
    BezelRule,
    FaultKind,
    Node,
    Overlay,
    Panel,
    Rect,
    Rotation,
    Scene,
    SourceRef,
    Tile,
    Transition,
    TransitionKind,
    Wall,
    WallUnusable,
    scene_faults,
    spread_tile,
    wall_faults,
)
from csu.wall.model.scene import CUT
from tests.wall.model_builders import grid_wall, spot, tile

F = FaultKind
LEFT = Panel(
    WallPanelId("left"), Rect(0, 0, 1216, 700), (3840, 2160), WallNodeId("a"), bezel_mm=Bezel(8, 12.5, 8, 12.5)
)
RIGHT = replace(LEFT, panel=WallPanelId("right"), rect_mm=Rect(1216, 0, 1216, 700), output_px=(3840, 0))
NODE = Node(WallNodeId("a"), (WallPanelId("left"), WallPanelId("right")))
WALL = Wall("w", (LEFT, RIGHT), (NODE,))
HALF = Rect(0, 0, 0.5, 0.5)
ON_LEFT, ON_RIGHT = {"anchor": LEFT.panel}, {"anchor": RIGHT.panel}


def kinds(*tiles: Tile, overlays=(), wall=WALL, cameras=None) -> list[FaultKind]:
    return [fault.kind for fault in scene_faults(wall, (*tiles, spot(HALF, **ON_LEFT)), overlays, cameras)]


@pytest.mark.parametrize(
    ("panels", "nodes", "kind"),
    [
        ((), (), F.NO_PANEL),
        ((LEFT, replace(RIGHT, panel=LEFT.panel)), (replace(NODE, heads=(LEFT.panel,)),), F.NAMED_TWICE),
        ((LEFT, RIGHT), (NODE, NODE), F.NAMED_TWICE),
        ((LEFT, replace(RIGHT, node=WallNodeId("b"))), (replace(NODE, heads=(LEFT.panel,)),), F.UNKNOWN_NODE),
        ((LEFT, RIGHT), (replace(NODE, heads=(LEFT.panel,)),), F.HEADS_DIFFER),
        ((LEFT, RIGHT), (NODE, Node(WallNodeId("idle"), ())), F.HEADS_DIFFER),
        ((LEFT, replace(RIGHT, rect_mm=Rect(1215, 0, 1216, 700))), (NODE,), F.PANELS_OVERLAP),
        ((LEFT, replace(RIGHT, output_px=(3839, 0))), (NODE,), F.OUTPUTS_OVERLAP),
        ((LEFT, replace(RIGHT, output_px=(30_000, 0))), (NODE,), F.FRAMEBUFFER_TOO_LARGE),
        ((LEFT, replace(RIGHT, bezel_mm=Bezel(700, 0, 516, 0))), (NODE,), F.BEZEL_COVERS_ALL),
        ((LEFT, replace(RIGHT, rotation=Rotation.LEFT)), (NODE,), F.PIXELS_NOT_SQUARE),
    ],
)
def test_what_cannot_hang_or_be_driven_is_no_wall(panels, nodes, kind) -> None:
    assert {fault.kind for fault in wall_faults(panels, nodes)} == {kind}
    with pytest.raises(WallUnusable):
        Wall("w", panels, nodes)


def test_panels_that_touch_and_nodes_with_framebuffers_of_their_own_are_fine() -> None:
    other = replace(RIGHT, node=WallNodeId("b"), output_px=(0, 0))
    nodes = (replace(NODE, heads=(LEFT.panel,)), Node(WallNodeId("b"), (RIGHT.panel,)))
    wall = Wall("w", (LEFT, other), nodes)
    assert [wall.framebuffer_px(node.node) for node in nodes] == [(3840, 2160), (3840, 2160)]
    assert WALL.framebuffer_px(NODE.node) == (7680, 2160)


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        (tile(HALF, name="spot", **ON_RIGHT), F.NAMED_TWICE),
        (tile(HALF, anchor=WallPanelId("middle")), F.UNKNOWN_PANEL),
        (tile(Rect(0.5, 0.5, 0.6, 0.5), **ON_RIGHT), F.OFF_THE_WALL),
        (tile(Rect(0.4, 0.5, 0.2, 0.5), never_split_by_bezel=True), F.SPLIT_BY_BEZEL),
        (tile(Rect(0.5, 0, 0.02, 0.04), **ON_RIGHT), F.TOO_SMALL),
        (tile(Rect(0.25, 0.25, 0.5, 0.5), **ON_LEFT), F.TILES_OVERLAP),
        (tile(Rect(0.2, 0, 0.5, 1)), F.TILES_OVERLAP),
    ],
)
def test_what_this_wall_cannot_show_is_told(shown: Tile, kind: FaultKind) -> None:
    assert kinds(shown) == [kind]


def test_tiles_may_touch_lie_above_and_span_when_they_say_so() -> None:
    assert (
        kinds(tile(Rect(0.5, 0, 0.5, 0.5), **ON_LEFT), tile(Rect(0.1, 0.1, 0.2, 0.2), name="above", z=1, **ON_LEFT))
        == []
    )
    assert kinds(tile(Rect(0, 0.5, 1, 0.5), bezel=BezelRule.SKIP)) == []


def test_a_wall_of_unlike_panels() -> None:
    coarse = replace(RIGHT, px=(1920, 1080))
    assert kinds(tile(Rect(0, 0.5, 1, 0.5)), wall=Wall("w", (LEFT, coarse), (NODE,))) == [F.DENSITY_DIFFERS]
    lower = replace(RIGHT, rect_mm=Rect(1216, 300, 1216, 700))
    stairs = Wall("w", (LEFT, lower), (NODE,))
    assert kinds(tile(Rect(0.3, 0, 0.4, 1), z=1, bezel=BezelRule.SKIP), wall=stairs) == [F.HOLE]
    assert kinds(tile(Rect(0.3, 0, 0.4, 1), z=1), wall=stairs) == []
    assert kinds(tile(Rect(0.6, 0, 0.2, 0.2), z=1), wall=stairs) == [F.OFF_THE_WALL]


def test_cameras_and_overlays_that_there_are_not() -> None:
    unknown = Tile(SlotId("t"), HALF, SourceRef(CameraId("cam-0999")), RIGHT.panel)
    assert kinds(unknown, cameras={CameraId("cam-0001")}) == [F.UNKNOWN_CAMERA]
    assert kinds(unknown, cameras=None) == []
    clock = Overlay(OverlayKind.CLOCK, rect=Rect(0, 0.9, 1, 0.1), anchor=LEFT.panel)
    assert kinds(overlays=(clock, Overlay(OverlayKind.LABEL), Overlay(OverlayKind.BORDER, SlotId("spot")))) == []
    assert kinds(overlays=(replace(clock, anchor=None),)) == [F.SPLIT_BY_BEZEL]
    assert kinds(overlays=(replace(clock, anchor=WallPanelId("x")),)) == [F.UNKNOWN_PANEL]
    assert kinds(overlays=(Overlay(OverlayKind.CLOCK), Overlay(OverlayKind.BORDER, SlotId("x")))) == [
        F.OFF_THE_WALL,
        F.UNKNOWN_TILE,
    ]


def test_a_scene_without_an_alarm_spot_is_no_scene() -> None:
    assert [fault.kind for fault in scene_faults(WALL, [tile(HALF, **ON_LEFT)])] == [F.NO_ALARM_SPOT]
    with pytest.raises(PlanUnusable):
        _ = Scene("s", (tile(HALF, **ON_LEFT),)).slots


def test_a_scene_gives_the_director_its_slots_and_an_alarm_is_cut_to() -> None:
    fade = Transition(TransitionKind.FADE, 400_000_000)
    scene = Scene("s", (spot(HALF, **ON_LEFT), tile(HALF, **ON_RIGHT)), transition=fade)
    assert [(slot.slot, slot.rule) for slot in scene.slots.slots] == [
        ("spot", SlotRule.ALARM_SPOT),
        ("t", SlotRule.FIXED),
    ]
    assert scene.coming_up(for_alarm=True) == CUT
    assert scene.coming_up(for_alarm=False) == fade


def test_a_spanning_tile_is_as_high_as_on_its_finest_panel() -> None:
    grid = grid_wall([100, 100], [50], mm_per_px=0.5)
    assert spread_tile(grid.wall, tile(Rect(0, 0, 1, 0.5), bezel=BezelRule.SKIP)).px == pytest.approx((200, 25))
