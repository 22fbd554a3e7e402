"""Where each panel of a wall lies in the small picture of the whole wall that a browser gets. Pure.

The picture is the wall as it hangs, bezels and gaps left dark: panels that hang turned come out upright.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import Nanoseconds
from csu.hal.wall import Corners, NodeScene, Point, SceneOverlay, ScenePiece, WallNodeId
from csu.wall.drawing.upright import Upright
from csu.wall.model.placing import corners_of
from csu.wall.model.wall import Panel, Rect, Wall, whole_px

PREVIEW_PX_MAX = (1280, 720)
"""Width and height: x264 takes 4 ms for such a picture, a browser shows it beside a list (notes on the wall, 7)."""
STEP_PX = 4
"""Sides are whole multiples, places half of that: chroma planes have half the size, and PyAV wants heights by four."""


@dataclass(frozen=True, slots=True)
class PanelPlace:
    """A panel's pixels in the framebuffer, corners as people see them, and where they come to lie in the preview."""

    corners_px: Corners
    left_px: int
    top_px: int
    width_px: int
    height_px: int

    def holds(self, corners: Corners) -> bool:
        """Whether they lie on this panel."""
        (x0, y0), (x1, y1) = self.corners_px[0], self.corners_px[3]
        return all(min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1) for x, y in corners)

    def moved(self, corners: Corners) -> Corners | None:
        """The same corners in the preview; None when less than a pixel is left of them."""
        top_left, top_right, bottom_left, bottom_right = (self._at(corner) for corner in corners)
        if top_left[0] == bottom_right[0] or top_left[1] == bottom_right[1]:
            return None
        return top_left, top_right, bottom_left, bottom_right

    def _at(self, corner: Point) -> Point:
        seen = Upright.of(self.corners_px)
        x, y = corner[0] - seen.origin[0], corner[1] - seen.origin[1]
        right, down = x * seen.across[0] + y * seen.across[1], x * seen.down[0] + y * seen.down[1]
        return (
            self.left_px + whole_px(right * self.width_px / seen.width_px),
            self.top_px + whole_px(down * self.height_px / seen.height_px),
        )


@dataclass(frozen=True, slots=True)
class PreviewPlan:
    """What one node draws of the preview: its own panels. All nodes of a wall have one size of picture."""

    width_px: int
    height_px: int
    places: tuple[PanelPlace, ...]

    def of_scene(self, scene: NodeScene) -> NodeScene:
        """`scene` as it lies in the preview. It is cut to: a fade of the wall is not repeated."""
        pieces = [moved for piece in scene.pieces for moved in self._piece(piece)]
        overlays = [moved for overlay in scene.overlays for moved in self._overlay(overlay)]
        return NodeScene(self.width_px, self.height_px, tuple(pieces), tuple(overlays), scene.background)

    def of_pixels(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A framebuffer that was drawn, shrunk: for a wall that cannot draw twice."""
        small = np.zeros((self.height_px, self.width_px, 3), np.uint8)
        for place in self.places:
            upright = np.ascontiguousarray(Upright.of(place.corners_px).view(rgb))
            shrunk = cv2.resize(upright, (place.width_px, place.height_px), interpolation=cv2.INTER_AREA)
            small[place.top_px :, place.left_px :][: place.height_px, : place.width_px] = shrunk
        return small

    def _piece(self, piece: ScenePiece) -> list[ScenePiece]:
        corners = self._moved(piece.corners_px)
        return [] if corners is None else [replace(piece, corners_px=corners)]

    def _overlay(self, overlay: SceneOverlay) -> list[SceneOverlay]:
        if overlay.corners_px is None:
            return [overlay]
        corners = self._moved(overlay.corners_px)
        return [] if corners is None else [replace(overlay, corners_px=corners)]

    def _moved(self, corners: Corners) -> Corners | None:
        place = next((place for place in self.places if place.holds(corners)), None)
        return None if place is None else place.moved(corners)


@dataclass(frozen=True, slots=True)
class PreviewPicture:
    """One node's part of the preview. `i420`: uint8 (height * 3 / 2, width), BT.601, limited range."""

    i420: NDArray[np.uint8]
    drawn_at_ns: Nanoseconds
    """When the wall's process began to draw it."""


def i420_of(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (height, width, 3) as `PreviewPicture.i420`."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2YUV_I420), np.uint8)


def plans_of_wall(wall: Wall) -> dict[WallNodeId, PreviewPlan]:
    """Of each node. Left out: panels that are known to be dark; their place stays dark."""
    seen = wall.visible_mm
    finest = min(min(panel.mm_per_px) for panel in wall.panels)
    width, height = preview_px(seen.width / seen.height, (seen.width / finest, seen.height / finest))
    places: dict[WallNodeId, list[PanelPlace]] = {node.node: [] for node in wall.nodes}
    for panel in wall.panels:
        if panel.enabled:
            places[panel.node].append(_place(panel, seen, width, height))
    return {node: PreviewPlan(width, height, tuple(each)) for node, each in places.items()}


def preview_px(aspect: float, px_max: tuple[float, float]) -> tuple[int, int]:
    """Width and height of the preview: no larger than PREVIEW_PX_MAX, nor than what it is a preview of."""
    width_max, height_max = min(PREVIEW_PX_MAX[0], px_max[0]), min(PREVIEW_PX_MAX[1], px_max[1])
    width = min(width_max, height_max * aspect)
    return tuple(max(STEP_PX, round(side / STEP_PX) * STEP_PX) for side in (width, width / aspect))  # type: ignore[return-value]


def _place(panel: Panel, seen: Rect, width_px: int, height_px: int) -> PanelPlace:
    across, down = panel.seen_px
    corners = tuple(panel.framebuffer_at(corner) for corner in corners_of(Rect(0, 0, across, down)))
    visible = panel.visible_mm
    left, right = ((side - seen.left) / seen.width * width_px for side in (visible.left, visible.right))
    top, bottom = ((side - seen.top) / seen.height * height_px for side in (visible.top, visible.bottom))
    x0, x1, y0, y1 = (2 * round(side / 2) for side in (left, right, top, bottom))
    return PanelPlace((corners[0], corners[1], corners[2], corners[3]), x0, y0, max(2, x1 - x0), max(2, y1 - y0))
