"""A picture of a scene on its wall, from the model alone: panels with bezels, tiles, who is in them, a scale. No GL."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.wall.directing.programme import SlotId, SlotRule
from csu.wall.model.placing import Part, spread, spread_tile
from csu.wall.model.scene import Overlay, Scene, SourceRef, Tile
from csu.wall.model.wall import Rect, Wall

WIDTH_PX = 1920
MARGIN_PX = 40
SCALE_PX = 34
"""Below the wall: its length in millimetres."""

_ROOM, _BEZEL, _DARK, _INK = (52, 48, 45), (20, 20, 22), (70, 60, 120), (235, 235, 235)
_TILES = {
    SlotRule.FIXED: (92, 74, 58),
    SlotRule.PRIORITY: (70, 92, 58),
    SlotRule.TOUR: (92, 92, 40),
    SlotRule.ALARM_SPOT: (48, 52, 120),
    SlotRule.ROUTE_HEAD: (120, 60, 92),
    SlotRule.ROUTE_TAIL: (96, 60, 80),
    SlotRule.PERIMETER: (92, 92, 40),
}
"""Blue, green, red."""
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class _Sheet:
    """Millimetres of the wall on a picture."""

    def __init__(self, wall: Wall) -> None:
        rects = [panel.rect_mm for panel in wall.panels]
        left, top = min(rect.left for rect in rects), min(rect.top for rect in rects)
        width, height = max(rect.right for rect in rects) - left, max(rect.bottom for rect in rects) - top
        self._origin = left, top
        self.px_per_mm = min((WIDTH_PX - 2 * MARGIN_PX) / width, 2 * WIDTH_PX / height)
        size = round(height * self.px_per_mm) + 2 * MARGIN_PX + SCALE_PX, WIDTH_PX, 3
        self.pixels: NDArray[np.uint8] = np.full(size, _ROOM, np.uint8)

    def box(self, rect: Rect) -> tuple[int, int, int, int]:
        left, top = self._origin
        at = (rect.left - left, rect.top - top, rect.right - left, rect.bottom - top)
        x1, y1, x2, y2 = (MARGIN_PX + round(each * self.px_per_mm) for each in at)
        return x1, y1, x2, y2

    def fill(self, rect: Rect, colour: tuple[int, int, int], edge: tuple[int, int, int] | None = None) -> None:
        x1, y1, x2, y2 = self.box(rect)
        cv2.rectangle(self.pixels, (x1, y1), (x2 - 1, y2 - 1), colour, cv2.FILLED)
        if edge is not None:
            cv2.rectangle(self.pixels, (x1, y1), (x2 - 1, y2 - 1), edge, 1)

    def write(self, text: str, left: int, baseline: int, width_px: int, size: float = 0.42) -> None:
        """As much of it as there is room for."""
        while text and cv2.getTextSize(text, _FONT, size, 1)[0][0] > width_px:
            text = text[:-1]
        cv2.putText(self.pixels, text, (left, baseline), _FONT, size, _INK, 1, cv2.LINE_AA)


def preview(wall: Wall, scene: Scene, cameras: Mapping[SlotId, CameraId | None]) -> NDArray[np.uint8]:
    """uint8 (height, 1920, 3), blue first. Raises KeyError for a scene of another wall."""
    sheet = _Sheet(wall)
    for panel in wall.panels:
        sheet.fill(panel.rect_mm, _BEZEL)
        sheet.fill(panel.visible_mm, scene.background[::-1] if panel.enabled else _DARK)
    for tile in sorted(scene.tiles, key=lambda tile: tile.z):
        for part in spread_tile(wall, tile).parts:
            _draw_part(sheet, tile, part, cameras.get(tile.tile))
    for overlay in scene.overlays:
        _draw_overlay(sheet, wall, overlay)
    for panel in wall.panels:
        x1, _, x2, y2 = sheet.box(panel.rect_mm)
        turned = f", {panel.rotation.value} deg" if panel.rotation else ""
        sheet.write(f"{panel.panel}: {panel.px[0]}x{panel.px[1]} px{turned}, {panel.node}", x1, y2 + 16, x2 - x1)
    _draw_scale(sheet)
    return sheet.pixels


def _draw_part(sheet: _Sheet, tile: Tile, part: Part, camera: CameraId | None) -> None:
    sheet.fill(part.mm, _TILES[tile.slot.rule], (200, 200, 200))
    x1, y1, x2, _ = sheet.box(part.mm)
    room = x2 - x1 - 8
    sheet.write(tile.tile, x1 + 4, y1 + 15, room)
    shown = camera or "-"
    rule = "" if isinstance(tile.source, SourceRef) else f" ({tile.slot.rule.value})"
    sheet.write(shown + rule, x1 + 4, y1 + 30, room)
    if part.at.area < 1 - 1e-6:
        at = part.at
        text = f"{at.left:.2f}..{at.right:.2f} x {at.top:.2f}..{at.bottom:.2f}"
        sheet.write(text, x1 + 4, y1 + 45, room)


def _draw_overlay(sheet: _Sheet, wall: Wall, overlay: Overlay) -> None:
    if overlay.rect is None:
        return
    for part in spread(wall, overlay.rect, overlay.anchor).parts:
        sheet.fill(part.mm, (40, 40, 40), (120, 120, 120))
        x1, y1, x2, y2 = sheet.box(part.mm)
        sheet.write(overlay.kind.value, x1 + 4, (y1 + y2) // 2 + 5, x2 - x1 - 8)


def _draw_scale(sheet: _Sheet) -> None:
    step = next(step for step in (100, 200, 500, 1000, 2000, 5000) if step * sheet.px_per_mm > 50 or step == 5000)
    y, right = sheet.pixels.shape[0] - SCALE_PX // 2, WIDTH_PX - MARGIN_PX
    cv2.line(sheet.pixels, (MARGIN_PX, y), (right, y), _INK, 1)
    for count in range(int((right - MARGIN_PX) / (step * sheet.px_per_mm)) + 1):
        x = MARGIN_PX + round(count * step * sheet.px_per_mm)
        cv2.line(sheet.pixels, (x, y - 5), (x, y + 5), _INK, 1)
        sheet.write(f"{count * step} mm", x + 4, y - 4, 100)
