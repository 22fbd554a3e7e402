"""Walls for tests: grids of small panels with bezels, gaps and any rotation, on one or two nodes."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.wall import WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.wall import Slot, SlotId, SlotRule
from csu.wall.model import Bezel, BezelRule, Node, Panel, Rect, Rotation, SourceRef, Tile, Wall

NO_BEZEL = Bezel()


@dataclass(frozen=True)
class Grid:
    """What the test knows of a wall, told apart from how the wall says it."""

    wall: Wall
    columns: tuple[tuple[float, float], ...]
    """Visible from and to, mm, of each column."""
    rows: tuple[tuple[float, float], ...]
    mm_per_px: float


def grid_wall(across_px, down_px, *, rotations=(), bezel=NO_BEZEL, gap_mm=0.0, mm_per_px=1.0, nodes=()) -> Grid:
    """A panel for each column and row; `rotations`, `nodes`: by panel, repeated."""
    columns, rows, panels = [], [], []
    left = 5.0
    for px in across_px:
        columns.append((left + bezel.left, left + bezel.left + px * mm_per_px))
        left = columns[-1][1] + bezel.right + gap_mm
    top = -3.0
    for px in down_px:
        rows.append((top + bezel.top, top + bezel.top + px * mm_per_px))
        top = rows[-1][1] + bezel.bottom + gap_mm
    taken: dict[str, int] = {}
    for index in range(len(columns) * len(rows)):
        column, row = index % len(columns), index // len(columns)
        rotation = rotations[index % len(rotations)] if rotations else Rotation.UPRIGHT
        seen = across_px[column], down_px[row]
        px = seen if rotation in (Rotation.UPRIGHT, Rotation.OVER) else seen[::-1]
        node = WallNodeId(f"n{nodes[index % len(nodes)] if nodes else 0}")
        (x1, x2), (y1, y2) = columns[column], rows[row]
        outside = Rect(
            x1 - bezel.left, y1 - bezel.top, x2 - x1 + bezel.left + bezel.right, y2 - y1 + bezel.top + bezel.bottom
        )
        output = taken.get(node, 0), 0
        taken[node] = output[0] + px[0]
        panels.append(Panel(WallPanelId(f"p{index}"), outside, px, node, output, rotation, bezel))
    made = tuple(
        Node(WallNodeId(name), tuple(panel.panel for panel in panels if panel.node == name)) for name in sorted(taken)
    )
    return Grid(Wall("w", tuple(panels), made), tuple(columns), tuple(rows), mm_per_px)


@st.composite
def grids(draw) -> Grid:
    sides = st.lists(st.integers(16, 40), min_size=1, max_size=3)
    width = st.sampled_from([0.0, 1.5, 6.0])
    bezel = Bezel(draw(width), draw(width), draw(width), draw(width))
    return grid_wall(
        draw(sides),
        draw(sides),
        rotations=draw(st.lists(st.sampled_from(Rotation), min_size=1, max_size=5)),
        bezel=bezel,
        gap_mm=draw(width),
        mm_per_px=draw(st.sampled_from([0.315, 1.0, 2.7])),
        nodes=draw(st.lists(st.integers(0, 1), min_size=1, max_size=3)),
    )


@st.composite
def rects(draw) -> Rect:
    """In shares, not too thin."""
    share = st.floats(0, 0.8)
    left, top = draw(share), draw(share)
    return Rect(left, top, draw(st.floats(0.15, 1 - left)), draw(st.floats(0.15, 1 - top)))


def tile(rect: Rect, *, name="t", bezel=BezelRule.HIDE, **more) -> Tile:
    given = {"source": SourceRef(CameraId("cam-0001")), "never_split_by_bezel": False} | more
    return Tile(SlotId(name), rect, bezel=bezel, **given)


def spot(rect: Rect, name="spot", **more) -> Tile:
    return Tile(SlotId(name), rect, Slot(SlotId(name), SlotRule.ALARM_SPOT), **more)
