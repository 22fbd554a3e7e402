"""A scene painted on the processor, without GL: what the reference and the emergency wall have in common.

Where a picture lies, what its age makes of it and what is written over it are decided by the same values as on the
card; how a picture is sampled is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import YuvPlanes
from csu.hal.wall import NodeScene, TilePicture, TileState
from csu.wall.drawing.depth import depth_of
from csu.wall.drawing.freshness import STATE_CODES, Freshness
from csu.wall.drawing.overlay import blink
from csu.wall.drawing.overlay_sheet import NEAREST, SceneSheet
from csu.wall.drawing.patterns import HATCHES, STATE_COLOURS, checker, stripes, under_hatch
from csu.wall.drawing.read_back import SeenPiece
from csu.wall.drawing.shaders import BLINKING, HEAT, LETTER, TONED
from csu.wall.drawing.upright import Upright
from csu.wall.model.fitting import FittedPiece, fit_piece

Image: TypeAlias = NDArray[np.float32]
"""(height, width, 3), RGB, 0 to 255."""
Sampled: TypeAlias = Callable[[YuvPlanes, FittedPiece, int, int], Image]
"""A picture as a piece shows it, upright: planes, what of it, width and height in pixels."""


@dataclass(slots=True)
class _Layer:
    """What is written at one depth: its colour, and how much of what lies below is still seen."""

    colour: Image
    clear: NDArray[np.float32]

    def over(self, image: Image) -> None:
        written = self.clear[..., 0] < 1
        image[written] = image[written] * self.clear[written] + self.colour[written]


class Painter:
    """Paints one scene, again and again. `pictures` are read when it paints."""

    def __init__(
        self, scene: NodeScene, freshness: Freshness, zone: tzinfo, sampled: Sampled, *, band: str = ""
    ) -> None:
        """`band`: written across every panel."""
        self.scene = scene
        self._freshness, self._zone, self._sampled = freshness, zone, sampled
        self._sheet = SceneSheet(scene, band)
        self._depths = depth_of(scene)
        self._written: tuple[object, dict[float, _Layer]] | None = None
        self._fitted: dict[int, FittedPiece] = {}

    def paint(
        self, pictures: Mapping[CameraId, TilePicture], stamps: Mapping[CameraId, Nanoseconds], now_ns: Nanoseconds
    ) -> Image:
        """The framebuffer. `stamps`: from when each picture ages; a camera that is not in it has none yet."""
        scene = self.scene
        image: Image = np.empty((scene.height_px, scene.width_px, 3), np.float32)
        image[:] = scene.background
        self._fit(pictures)
        states = self.states(pictures, stamps, now_ns)
        layers = self._layers(states, now_ns)
        for depth in sorted(set(self._depths), reverse=True):
            for index, piece in enumerate(scene.pieces):
                if self._depths[index] == depth and piece.camera is not None:
                    self._paint_piece(image, index, pictures.get(piece.camera), states[index], depth)
            if depth in layers:
                layers[depth].over(image)
        if NEAREST in layers:
            layers[NEAREST].over(image)
        return image

    def states(
        self, pictures: Mapping[CameraId, TilePicture], stamps: Mapping[CameraId, Nanoseconds], now_ns: Nanoseconds
    ) -> list[TileState]:
        """Of each piece; NO_SIGNAL where none is shown or came yet."""
        found = []
        for piece in self.scene.pieces:
            stamp = stamps.get(piece.camera) if piece.camera is not None else None
            may_show = piece.shown_until_ns is None or now_ns < piece.shown_until_ns
            masked = piece.camera is not None and piece.camera in pictures and pictures[piece.camera].wholly_masked
            age_ns = self._freshness.no_signal_after_ns if stamp is None else now_ns - stamp
            found.append(self._freshness.state(age_ns, wholly_masked=masked, may_show=may_show))
        return found

    def seen_pieces(self) -> list[SeenPiece]:
        """For the reading of the pixels."""
        return [
            SeenPiece(piece.tile, piece.camera, piece.z, piece.corners_px, self._fitted[index])
            for index, piece in enumerate(self.scene.pieces)
            if piece.camera is not None and index in self._fitted
        ]

    def _fit(self, pictures: Mapping[CameraId, TilePicture]) -> None:
        self._fitted = {}
        for index, piece in enumerate(self.scene.pieces):
            if piece.camera is None:
                continue
            picture = pictures.get(piece.camera)
            fitted: FittedPiece | None = FittedPiece(piece.corners_px, piece.tile_at)
            if picture is not None:
                fitted = fit_piece(piece, picture.planes.width_px, picture.planes.height_px)
            if fitted is not None:
                self._fitted[index] = fitted

    def _paint_piece(
        self, image: Image, index: int, picture: TilePicture | None, state: TileState, depth: float
    ) -> None:
        if depth < max(self._depths):
            Upright.of(self.scene.pieces[index].corners_px).view(image)[:] = self.scene.background
        if index not in self._fitted:
            return
        fitted = self._fitted[index]
        upright = Upright.of(fitted.corners_px)
        there, (rows, columns) = upright.view(image), upright.places()
        if state is TileState.FORBIDDEN:
            there[:] = stripes(rows, columns)
        elif state is TileState.NO_SIGNAL or picture is None:
            there[:] = checker(rows, columns)
        else:
            seen = self._sampled(picture.planes, fitted, upright.width_px, upright.height_px)
            there[:] = under_hatch(HATCHES[state], seen, rows, columns) if state in HATCHES else seen

    def _layers(self, states: Sequence[TileState], now_ns: Nanoseconds) -> dict[float, _Layer]:
        """What is written, kept until something of it changes."""
        key = (tuple(states), now_ns // (NS_PER_S // 2), tuple(self._fitted.items()))
        if self._written is not None and self._written[0] == key:
            return self._written[1]
        layers: dict[float, _Layer] = {}
        corners = self._sheet.all_corners(self._fitted, now_ns, self._zone).reshape(-1, 4)
        depths = np.array([*set(self._depths), NEAREST], np.float32)
        exact = [*set(self._depths), NEAREST]
        for quad in corners:
            when, piece = float(quad["a_piece"][0, 2]), int(quad["a_piece"][0, 0])
            if when >= 0 and STATE_CODES[states[piece]] != when:
                continue
            if when == TONED and states[piece] is not TileState.LIVE:
                quad["a_colour"][:, :3] = STATE_COLOURS[states[piece]][:3]
            depth = exact[int(np.argmin(np.abs(depths - quad["a_piece"][0, 1])))]
            if depth not in layers:
                size = self.scene.height_px, self.scene.width_px
                layers[depth] = _Layer(np.zeros((*size, 3), np.float32), np.ones((*size, 1), np.float32))
            self._paint_quad(layers[depth], quad, now_ns)
        self._written = key, layers
        return layers

    def _paint_quad(self, layer: _Layer, quad: NDArray[np.void], now_ns: Nanoseconds) -> None:
        place = quad["a_position_px"].astype(np.float64)
        right, down = place[1] - place[0], place[2] - place[0]
        if not (right.any() and down.any()):
            return
        low, high = place.min(axis=0), place.max(axis=0)
        size = np.array([self.scene.width_px, self.scene.height_px])
        first = np.clip(np.ceil(low - 0.5).astype(int), 0, size)
        last = np.clip(np.ceil(high - 0.5).astype(int), 0, size)
        if (last <= first).any():
            return
        xs = np.arange(first[0], last[0]) + 0.5 - place[0, 0]
        ys = np.arange(first[1], last[1]) + 0.5 - place[0, 1]
        across = (xs[None] * right[0] + ys[:, None] * right[1]) / (right @ right)
        along = (xs[None] * down[0] + ys[:, None] * down[1]) / (down @ down)
        at = quad["a_at"].astype(np.float64)
        at_x = at[0, 0] + across * (at[1, 0] - at[0, 0]) + along * (at[2, 0] - at[0, 0])
        at_y = at[0, 1] + across * (at[1, 1] - at[0, 1]) + along * (at[2, 1] - at[0, 1])
        colour, ink = self._ink(quad, at_x, at_y, now_ns)
        there = slice(first[1], last[1]), slice(first[0], last[0])
        cover = ink[..., None].astype(np.float32)
        layer.colour[there] = layer.colour[there] * (1 - cover) + colour * 255 * cover
        layer.clear[there] *= 1 - cover

    def _ink(
        self, quad: NDArray[np.void], at_x: NDArray[np.float64], at_y: NDArray[np.float64], now_ns: Nanoseconds
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Colour and cover of each pixel, as the overlay's shader has them."""
        colour, shape = quad["a_colour"][0], quad["a_shape"][0].astype(np.float64)
        alpha = float(colour[3])
        if shape[3] == LETTER:
            atlas = self._sheet.letters.atlas.pixels
            return colour[:3], atlas[at_y.astype(int), at_x.astype(int)] * (alpha / 255)
        if shape[3] == HEAT:
            heat = _bilinear(self._sheet.heats_levels()[int(shape[0])], at_x, at_y) / 255
            steps = (heat * 4 - 2, 2 - np.abs(heat * 4 - 2), 2 - heat * 4)
            return np.stack(steps, axis=-1).clip(0, 1).astype(np.float32), alpha * np.minimum(1, heat * 2)
        if shape[3] == BLINKING:
            alpha *= blink(now_ns)
        x, y = np.abs(at_x) - shape[0] + shape[2], np.abs(at_y) - shape[1] + shape[2]
        off = np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0) - shape[2]
        return colour[:3], alpha * np.clip(0.5 - off, 0, 1)


def _bilinear(plane: NDArray[np.uint8], at_x: NDArray[np.float64], at_y: NDArray[np.float64]) -> NDArray[np.float64]:
    """`plane` at shares of its width and height, edges repeated."""
    rows, columns = plane.shape
    x, y = at_x * columns - 0.5, at_y * rows - 0.5
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right_share, low_share = x - left, y - top
    lefts, rights = np.clip(left, 0, columns - 1), np.clip(left + 1, 0, columns - 1)
    tops, lows = np.clip(top, 0, rows - 1), np.clip(top + 1, 0, rows - 1)
    high = plane[tops, lefts] * (1 - right_share) + plane[tops, rights] * right_share
    low = plane[lows, lefts] * (1 - right_share) + plane[lows, rights] * right_share
    return np.asarray(high * (1 - low_share) + low * low_share)
