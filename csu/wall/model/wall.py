"""The wall as it hangs: panels in millimetres, what drives them, and where a point of a panel is in a framebuffer.

One coordinate space: millimetres before the wall, y down. Whatever is shown lies in it; pixels follow from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations
from math import floor

from csu.hal.wall import Point, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.hal.words import Words
from csu.wall.model.faults import FaultKind, ModelFault, WallUnusable

TOUCH_MM = 0.01
"""Overlaps up to that are what is left of a division."""
SQUARE_SHARE_MAX = 0.03
"""How much wider than high a pixel may be: data sheets round to a millimetre or two."""
FRAMEBUFFER_PX_MAX = 32_768
"""A side of what a graphics card of today draws into."""


def whole_px(px: float) -> float:
    """The nearest whole pixel. Halves go up, also those that a division left a little short: edges that are one edge
    come to one pixel."""
    return float(floor(px + 0.5 + 1e-6))


@dataclass(frozen=True, slots=True)
class Rect:
    """In millimetres of the wall, or in shares of what it is relative to."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def area(self) -> float:
        return self.width * self.height

    def overlap(self, other: Rect) -> Rect | None:
        """What both have in common; None when it is no more than a touch."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        width, height = min(self.right, other.right) - left, min(self.bottom, other.bottom) - top
        return Rect(left, top, width, height) if width > TOUCH_MM and height > TOUCH_MM else None

    def holds(self, other: Rect) -> bool:
        """Whether `other` lies in it, but for a touch."""
        return (
            min(other.left - self.left, other.top - self.top) >= -TOUCH_MM
            and min(self.right - other.right, self.bottom - other.bottom) >= -TOUCH_MM
        )


@dataclass(frozen=True, slots=True)
class Bezel:
    """How wide the frame of a panel is at each side, as it hangs."""

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


class Rotation(IntEnum):
    """How far a panel was turned clockwise before it was hung, in degrees."""

    UPRIGHT = 0
    RIGHT = 90
    OVER = 180
    LEFT = 270


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `rect_mm` is its outside, bezel included, as it hangs; `px` what its cable carries, before turning."""

    panel: WallPanelId
    rect_mm: Rect
    px: tuple[int, int]
    node: WallNodeId
    output_px: tuple[int, int] = (0, 0)
    """Left and top of its pixels in the node's framebuffer."""
    rotation: Rotation = Rotation.UPRIGHT
    bezel_mm: Bezel = Bezel()
    enabled: bool = True
    """One that is not is known to be dark: scenes keep their places, and nothing is drawn for it."""
    monitor: str = ""
    """What the X server calls it (`DP-1`); "": its pixels lie on the X screen as they do in the framebuffer."""

    @property
    def visible_mm(self) -> Rect:
        """What of it shows pictures."""
        rect, bezel = self.rect_mm, self.bezel_mm
        width, height = rect.width - bezel.left - bezel.right, rect.height - bezel.top - bezel.bottom
        return Rect(rect.left + bezel.left, rect.top + bezel.top, width, height)

    @property
    def seen_px(self) -> tuple[int, int]:
        """Its pixels as it hangs: across and down."""
        across, down = self.px
        return (down, across) if self.rotation in (Rotation.RIGHT, Rotation.LEFT) else (across, down)

    @property
    def mm_per_px(self) -> tuple[float, float]:
        """Across and down, as it hangs."""
        visible, (across, down) = self.visible_mm, self.seen_px
        return visible.width / across, visible.height / down

    def seen_at(self, x_mm: float, y_mm: float) -> Point:
        """A point of the wall in this panel's pixels as it hangs, to the nearest whole one."""
        visible, (across, down) = self.visible_mm, self.mm_per_px
        return whole_px((x_mm - visible.left) / across), whole_px((y_mm - visible.top) / down)

    def framebuffer_at(self, seen: Point) -> Point:
        """A point in its pixels as it hangs, in the node's framebuffer."""
        (x, y), (across, down), (left, top) = seen, self.seen_px, self.output_px
        turned = {
            Rotation.UPRIGHT: (x, y),
            Rotation.RIGHT: (y, across - x),
            Rotation.OVER: (across - x, down - y),
            Rotation.LEFT: (down - y, x),
        }[self.rotation]
        return left + turned[0], top + turned[1]

    def output(self) -> Rect:
        """Its pixels in the framebuffer."""
        return Rect(*self.output_px, *self.px)


@dataclass(frozen=True, slots=True)
class Node:
    """A machine and its graphics card; `heads`: the panels at its connectors, in the order of the connectors."""

    node: WallNodeId
    heads: tuple[WallPanelId, ...]
    host: str = "localhost"
    gpu_index: int = 0
    display: str = ""
    """The X screen of its windows (`:0.1`); "": the one that DISPLAY names there."""


@dataclass(frozen=True, slots=True)
class Wall:
    """All panels of one wall. Raises WallUnusable when they cannot hang or be driven like this."""

    wall: str
    panels: tuple[Panel, ...]
    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        for fault in wall_faults(self.panels, self.nodes):
            raise WallUnusable.by(fault, self.wall)

    @property
    def visible_mm(self) -> Rect:
        """The least rectangle around all that can be seen: what a scene's shares are shares of."""
        seen = [panel.visible_mm for panel in self.panels]
        left, top = min(rect.left for rect in seen), min(rect.top for rect in seen)
        return Rect(left, top, max(rect.right for rect in seen) - left, max(rect.bottom for rect in seen) - top)

    def panel(self, name: WallPanelId) -> Panel:
        """Raises KeyError."""
        return {panel.panel: panel for panel in self.panels}[name]

    def framebuffer_px(self, node: WallNodeId) -> tuple[int, int]:
        """Width and height that hold all outputs of a node."""
        outputs = [panel.output() for panel in self.panels if panel.node == node]
        return int(max(rect.right for rect in outputs)), int(max(rect.bottom for rect in outputs))


def wall_faults(panels: Sequence[Panel], nodes: Sequence[Node]) -> Iterator[ModelFault]:
    """Everything that keeps these from being a wall."""
    if not panels:
        yield ModelFault(FaultKind.NO_PANEL, ("panels",), Words("aucun écran", "no panel"))
    yield from _names_twice("panels", "panel", [panel.panel for panel in panels])
    yield from _names_twice("nodes", "node", [node.node for node in nodes])
    yield from _monitors_twice(panels)
    yield from _wiring(panels, nodes)
    for index, panel in enumerate(panels):
        yield from _of_itself(panel, index)
    for (_, one), (second, other) in combinations(enumerate(panels), 2):
        if one.rect_mm.overlap(other.rect_mm) is not None:
            what = Words(f"{other.panel} recouvre {one.panel}", f"{other.panel} overlaps {one.panel}")
            bezels = Words(
                "rect_mm est l'extérieur, cadre compris : mesurez encore", "rect_mm is the outside, with the bezel"
            )
            yield ModelFault(FaultKind.PANELS_OVERLAP, ("panels", second, "rect_mm"), what, bezels)
        if one.node == other.node and one.output().overlap(other.output()) is not None:
            what = Words(
                f"{other.panel} et {one.panel} prennent les mêmes pixels de {one.node}",
                f"{other.panel} and {one.panel} take the same pixels of {one.node}",
            )
            yield ModelFault(FaultKind.OUTPUTS_OVERLAP, ("panels", second, "output_px"), what)


def _names_twice(key: str, name: str, given: Sequence[str]) -> Iterator[ModelFault]:
    for index, one in enumerate(given):
        if one in given[:index]:
            what = Words(f"{one!r} est déjà pris", f"{one!r} is already taken")
            yield ModelFault(FaultKind.NAMED_TWICE, (key, index, name), what)


def _monitors_twice(panels: Sequence[Panel]) -> Iterator[ModelFault]:
    given: set[tuple[WallNodeId, str]] = set()
    for index, panel in enumerate(panels):
        if panel.monitor and (panel.node, panel.monitor) in given:
            taken = panel.monitor
            what = Words(f"{taken!r} de {panel.node} est déjà pris", f"{taken!r} of {panel.node} is already taken")
            yield ModelFault(FaultKind.NAMED_TWICE, ("panels", index, "monitor"), what)
        given.add((panel.node, panel.monitor))


def _wiring(panels: Sequence[Panel], nodes: Sequence[Node]) -> Iterator[ModelFault]:
    known = ", ".join(node.node for node in nodes)
    for index, panel in enumerate(panels):
        if panel.node not in {node.node for node in nodes}:
            what = Words(
                f"le nœud {panel.node!r} n'existe pas ; il y a : {known}",
                f"there is no node {panel.node!r}; there are: {known}",
            )
            yield ModelFault(FaultKind.UNKNOWN_NODE, ("panels", index, "node"), what)
    for index, node in enumerate(nodes):
        driven = {panel.panel for panel in panels if panel.node == node.node}
        if not driven or set(node.heads) != driven or len(set(node.heads)) != len(node.heads):
            listed = ", ".join(sorted(driven)) or "-"
            what = Words(
                f"les écrans qui nomment {node.node} sont : {listed}", f"the panels that name {node.node} are: {listed}"
            )
            then = Words("Accordez heads et node, ou ôtez heads", "Make heads and node agree, or take heads out")
            yield ModelFault(FaultKind.HEADS_DIFFER, ("nodes", index, "heads"), what, then)


def _of_itself(panel: Panel, index: int) -> Iterator[ModelFault]:
    visible, output = panel.visible_mm, panel.output()
    if max(output.right, output.bottom) > FRAMEBUFFER_PX_MAX:
        most = FRAMEBUFFER_PX_MAX
        what = Words(f"le tampon dépasserait {most} px", f"the framebuffer would be larger than {most} px")
        yield ModelFault(FaultKind.FRAMEBUFFER_TOO_LARGE, ("panels", index, "output_px"), what)
    if visible.width <= TOUCH_MM or visible.height <= TOUCH_MM:
        what = Words("le cadre couvre tout l'écran", "the bezel covers the whole panel")
        yield ModelFault(FaultKind.BEZEL_COVERS_ALL, ("panels", index, "bezel_mm"), what)
        return
    across, down = panel.mm_per_px
    if max(across, down) / min(across, down) > 1 + SQUARE_SHARE_MAX:
        what = Words(
            f"des pixels de {across:.3f} x {down:.3f} mm : ni carrés, ni presque",
            f"pixels of {across:.3f} x {down:.3f} mm: not square, nor nearly",
        )
        then = Words(
            "Vérifiez rotation, px et les millimètres (partie visible)",
            "Check rotation, px and the visible millimetres",
        )
        yield ModelFault(FaultKind.PIXELS_NOT_SQUARE, ("panels", index, "px"), what, then)
