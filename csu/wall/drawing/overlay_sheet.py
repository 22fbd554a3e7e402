"""All that is written over one scene, as corners in one order: signs and labels, what pictures carry, borders, clocks.

Pure arrays: the GL overlay and the emergency wall draw the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import Nanoseconds
from csu.hal.wall import HEAT_COLUMNS, HEAT_ROWS, NodeScene, OverlayKind, SceneOverlay, ScenePiece
from csu.wall.drawing.depth import depth_of
from csu.wall.drawing.overlay import (
    LABEL_QUADS,
    Lettering,
    band_sheet,
    border_sheet,
    change_label,
    clock_sheet,
    label_sheet,
    picture_sheet,
    piece_sheet,
)
from csu.wall.drawing.sheet import Frame, Sheet
from csu.wall.drawing.upright import Upright
from csu.wall.model.fitting import FittedPiece

_CLOCKS = (OverlayKind.CLOCK, OverlayKind.HEADER)
_IN_PICTURES = (OverlayKind.BOX, OverlayKind.HEAT)
NEAREST = -0.999


class SceneSheet:
    """The quads of a scene's overlays and where in them labels and clocks are. One per scene."""

    def __init__(self, scene: NodeScene, band: str = "") -> None:
        """`band`: written across every panel, below the labels of its first tiles."""
        self._scene, self._band = scene, band
        self.letters = Lettering.of(scene)
        depths = depth_of(scene)
        self._frames = [
            Frame(Upright.of(piece.corners_px), index, depth)
            for index, (piece, depth) in enumerate(zip(scene.pieces, depths, strict=True))
        ]
        self.overlays: tuple[SceneOverlay, ...] = scene.overlays
        self.heats: list[bytes] = [overlay.heat for overlay in scene.overlays if overlay.kind is OverlayKind.HEAT]
        self._pieces = Sheet()
        self.label_rows: dict[int, int] = {}
        """Of the pieces that bear one: the quad where it begins."""
        self._clocks_at = 0
        self._labels = [piece.label for piece in scene.pieces]
        self._write_pieces()

    def heats_levels(self) -> NDArray[np.uint8]:
        """(zones, rows, columns)."""
        return np.frombuffer(b"".join(self.heats), np.uint8).reshape(-1, HEAT_ROWS, HEAT_COLUMNS)

    def all_corners(self, fitted: Mapping[int, FittedPiece], now_ns: Nanoseconds, zone: tzinfo) -> NDArray[np.void]:
        """(4 n,) of `sheet.CORNER`; `fitted`: where the picture of each piece lies, of those that have one.

        Those that are over are left out.
        """
        sheet = Sheet()
        layer = 0
        for overlay in self.overlays:
            if overlay.kind is OverlayKind.HEAT:
                layer += 1
            if overlay.kind not in _IN_PICTURES or is_over(overlay, now_ns):
                continue
            for index in self._of(overlay):
                place = fitted.get(index)
                if place is not None:
                    frame = Frame(Upright.of(place.corners_px), index, self._frames[index].depth)
                    picture_sheet(sheet, frame, place, overlay, layer - 1, self.letters)
        for overlay in self.overlays:
            if overlay.kind is OverlayKind.BORDER and not is_over(overlay, now_ns):
                for index in self._of(overlay):
                    border_sheet(sheet, self._frames[index], self._scene.pieces[index], overlay.style, self.letters)
        for frame in panel_frames(self._scene) if self._band else ():
            band_sheet(sheet, frame, self._band, self.letters)
        below = np.concatenate([self._piece_corners, sheet.corners()])
        self._clocks_at = len(below)
        return np.concatenate([below, self.clock_corners(now_ns, zone)[0]])

    def clock_corners(self, now_ns: Nanoseconds, zone: tzinfo) -> tuple[NDArray[np.void], int]:
        """The clocks' corners, and the first of them in `all_corners`."""
        sheet = Sheet()
        for overlay in self.overlays:
            if overlay.kind in _CLOCKS and overlay.corners_px is not None:
                frame = Frame(Upright.of(overlay.corners_px), 0, NEAREST)
                clock_sheet(sheet, frame, overlay, self.letters, now_ns, zone)
        return sheet.corners(), self._clocks_at

    def label_corners(self, piece: int, label: str) -> tuple[NDArray[np.void], int]:
        """A label's corners, and the first of them in `all_corners`. Raises KeyError for a piece without one."""
        first, frame = self.label_rows[piece], self._frames[piece]
        corners = self._piece_corners[4 * first : 4 * (first + LABEL_QUADS)]
        if label and self._labels[piece]:
            change_label(corners, frame, label, self.letters)
        else:
            sheet = Sheet()
            is_shown = self._scene.pieces[piece].camera is not None
            label_sheet(sheet, frame, label, self.letters, is_shown=is_shown)
            corners[:] = sheet.corners()
        self._labels[piece] = label
        return corners, 4 * first

    def _write_pieces(self) -> None:
        of_tile: dict[str, list[ScenePiece]] = {}
        for piece in self._scene.pieces:
            of_tile.setdefault(piece.tile, []).append(piece)
        for index, piece in enumerate(self._scene.pieces):
            begins = piece_sheet(self._pieces, self._frames[index], piece, of_tile[piece.tile], self.letters)
            if begins >= 0:
                self.label_rows[index] = begins
        self._piece_corners = self._pieces.corners()

    def _of(self, overlay: SceneOverlay) -> list[int]:
        """The pieces that it is over: of its tile, or all; none that shows nothing."""
        return [
            index
            for index, piece in enumerate(self._scene.pieces)
            if overlay.tile in (None, piece.tile) and piece.camera is not None
        ]


def panel_frames(scene: NodeScene) -> list[Frame]:
    """What the pieces of each panel cover together, as it hangs, before all of them."""
    of_panel: dict[str, list[Upright]] = {}
    for piece in scene.pieces:
        of_panel.setdefault(piece.panel, []).append(Upright.of(piece.corners_px))
    frames = []
    for each in of_panel.values():
        boxes = [upright.box for upright in each]
        top, bottom = min(rows.start for rows, _ in boxes), max(rows.stop for rows, _ in boxes)
        left, right = min(columns.start for _, columns in boxes), max(columns.stop for _, columns in boxes)
        (across, down), turned = (each[0].across, each[0].down), each[0].across[0] == 0
        origin = (left if across[0] + down[0] > 0 else right, top if across[1] + down[1] > 0 else bottom)
        wide, high = (bottom - top, right - left) if turned else (right - left, bottom - top)
        frames.append(Frame(Upright(origin, across, down, wide, high), 0, NEAREST))
    return frames


def is_over(overlay: SceneOverlay, now_ns: Nanoseconds) -> bool:
    """Whether its time has passed."""
    return overlay.until_ns is not None and now_ns >= overlay.until_ns
