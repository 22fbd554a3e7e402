"""From a wall, a scene and who is in which tile to what each node draws. Pure.

A tile is cut by the panels it lies on; each part becomes a piece in the framebuffer of its panel's node. Edges go to
whole pixels, so that tiles which touch leave no seam; where a part is in its tile stays exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.wall import Corners, NodeScene, OverlayKind, SceneOverlay, ScenePiece, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.wall.directing.programme import SlotId
from csu.wall.model.scene import BezelRule, Scene, Tile
from csu.wall.model.wall import TOUCH_MM, Panel, Rect, Wall


@dataclass(frozen=True, slots=True)
class Part:
    """What one panel shows of an area of the wall."""

    panel: Panel
    mm: Rect
    at: Rect
    """Where it is in the whole area, in shares of what is to be seen there."""

    @property
    def corners_px(self) -> Corners:
        """In the framebuffer of the panel's node, to whole pixels."""
        left, top = self.panel.seen_at(self.mm.left, self.mm.top)
        right, bottom = self.panel.seen_at(self.mm.right, self.mm.bottom)
        top_left, top_right = self.panel.framebuffer_at((left, top)), self.panel.framebuffer_at((right, top))
        return (
            top_left,
            top_right,
            self.panel.framebuffer_at((left, bottom)),
            self.panel.framebuffer_at((right, bottom)),
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """An area of the wall and the panels it lies on, in the wall's order; also those that are not enabled."""

    mm: Rect
    parts: tuple[Part, ...]
    aspect: float
    """Width by height of what is to be seen there."""
    is_whole: bool
    """Nothing of what is to be seen there falls where no panel is."""

    @property
    def px(self) -> tuple[float, float]:
        """Width and height of the whole on the finest of its panels. Raises ValueError when it lies on none."""
        finest = min(self.parts, key=lambda part: part.panel.mm_per_px[1])
        across, down = finest.panel.mm_per_px
        return finest.mm.width / finest.at.width / across, finest.mm.height / finest.at.height / down


def area_mm(wall: Wall, rect: Rect, anchor: WallPanelId | None) -> Rect:
    """An area given in shares, in millimetres of the wall. Raises KeyError for an unknown panel."""
    whole = wall.visible_mm if anchor is None else wall.panel(anchor).visible_mm
    return Rect(
        whole.left + rect.left * whole.width,
        whole.top + rect.top * whole.height,
        rect.width * whole.width,
        rect.height * whole.height,
    )


def spread(wall: Wall, rect: Rect, anchor: WallPanelId | None = None, bezel: BezelRule = BezelRule.HIDE) -> Spread:
    """Which panels an area lies on, and what of it is on each. Raises KeyError for an unknown panel."""
    mm = area_mm(wall, rect, anchor)
    found = [(panel, part) for panel in wall.panels if (part := mm.overlap(panel.visible_mm)) is not None]
    if bezel is BezelRule.HIDE:
        across, down = _share_of((mm.left, mm.right)), _share_of((mm.top, mm.bottom))
        aspect = mm.width / mm.height
    else:
        columns = _joined([(part.left, part.right) for _, part in found])
        rows = _joined([(part.top, part.bottom) for _, part in found])
        across, down = _share_of(*columns), _share_of(*rows)
        aspect = _length(columns) / _length(rows) if found else mm.width / mm.height
    parts = tuple(Part(panel, part, _at(part, across, down)) for panel, part in found)
    return Spread(mm, parts, aspect, abs(sum(part.at.area for part in parts) - 1) < _WHOLE)


_WHOLE = 1e-3


def spread_tile(wall: Wall, tile: Tile) -> Spread:
    """Raises KeyError for an unknown panel."""
    return spread(wall, tile.rect, tile.anchor, tile.bezel)


def place(
    wall: Wall,
    scene: Scene,
    cameras: Mapping[SlotId, CameraId | None],
    labels: Mapping[SlotId, str] | None = None,
    alarms: Collection[SlotId] = (),
) -> dict[WallNodeId, NodeScene]:
    """What each node draws. A tile that is not in `cameras` shows nothing. Raises KeyError for a scene of another wall.

    `labels`: what is written on each tile. `alarms`: the tiles that show one: they alone get borders of that style, and
    the scene is cut to. Panels that are not enabled get no pieces. Heat zones are not in files: whoever knows them adds
    them to the node's overlays.
    """
    pieces: dict[WallNodeId, list[ScenePiece]] = {node.node: [] for node in wall.nodes}
    for tile in sorted(scene.tiles, key=lambda tile: tile.z):
        camera, whole = cameras.get(tile.tile), spread_tile(wall, tile)
        crop = tile.crop.left, tile.crop.top, tile.crop.right, tile.crop.bottom
        for part in whole.parts:
            corners_px = part.corners_px
            if part.panel.enabled and not is_less_than_a_pixel(corners_px):
                pieces[part.panel.node].append(
                    ScenePiece(
                        tile.tile,
                        part.panel.panel,
                        camera,
                        tile.z,
                        corners_px,
                        corners_of(part.at),
                        whole.aspect,
                        tile.fit,
                        crop,
                        (labels or {}).get(tile.tile, ""),
                    )
                )
    fade_ns = scene.coming_up(for_alarm=bool(alarms)).lasts_ns
    written = _overlays(wall, scene, alarms)
    return {
        node: NodeScene(*wall.framebuffer_px(node), tuple(each), tuple(written[node]), scene.background, fade_ns)
        for node, each in pieces.items()
    }


def _overlays(wall: Wall, scene: Scene, alarms: Collection[SlotId]) -> dict[WallNodeId, list[SceneOverlay]]:
    """Of each node. A tile's are told to every node: who has no piece of it draws nothing."""
    written: dict[WallNodeId, list[SceneOverlay]] = {node.node: [] for node in wall.nodes}
    for overlay in scene.overlays:
        if overlay.kind in (OverlayKind.CLOCK, OverlayKind.HEADER) and overlay.rect is not None:
            for part in spread(wall, overlay.rect, overlay.anchor).parts:
                if part.panel.enabled and not is_less_than_a_pixel(part.corners_px):
                    text = (overlay.text or scene.name) if overlay.kind is OverlayKind.HEADER else ""
                    clock = SceneOverlay(overlay.kind, corners_px=part.corners_px, text=text)
                    written[part.panel.node].append(clock)
        elif overlay.kind is OverlayKind.BORDER:
            tiles = [tile.tile for tile in scene.tiles] if overlay.tile is None else [overlay.tile]
            for tile in tiles:
                if overlay.style != ALARM_STYLE or tile in alarms:
                    for each in written.values():
                        each.append(SceneOverlay(overlay.kind, tile, style=overlay.style))
    return written


ALARM_STYLE = "alarm"
"""Of a border: there while the tile shows an alarm."""


def is_less_than_a_pixel(corners_px: Corners) -> bool:
    """Of a part that is not drawn."""
    first, last = corners_px[0], corners_px[3]
    return first[0] == last[0] or first[1] == last[1]


def corners_of(rect: Rect) -> Corners:
    """In the order of `Corners`."""
    left, top, right, bottom = rect.left, rect.top, rect.right, rect.bottom
    return (left, top), (right, top), (left, bottom), (right, bottom)


_Interval = tuple[float, float]


def _joined(intervals: Iterable[_Interval]) -> list[_Interval]:
    """Their union, in order."""
    joined: list[_Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1] + TOUCH_MM:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _length(intervals: Sequence[_Interval]) -> float:
    return sum(end - start for start, end in intervals)


def _share_of(*intervals: _Interval) -> Callable[[float], float]:
    """Of a place along an axis: the share of the intervals that lies before it."""
    whole = _length(intervals)
    return lambda place: sum(min(max(place - start, 0.0), end - start) for start, end in intervals) / whole


def _at(part: Rect, across: Callable[[float], float], down: Callable[[float], float]) -> Rect:
    left, top = across(part.left), down(part.top)
    return Rect(left, top, across(part.right) - left, down(part.bottom) - top)
