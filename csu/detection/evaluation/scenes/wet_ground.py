"""Ground that changes under a clip: a puddle that mirrors, shade of leaves that moves in the wind."""

from __future__ import annotations

from math import pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.dice import clouds
from csu.detection.evaluation.scenes.painting import Canvas, darken
from csu.detection.evaluation.scenes.place import Kind, Place
from csu.detection.evaluation.scenes.view import View

Picture = NDArray[np.uint8]
_SWING_PX = 6


class Puddle:
    """Water on the ground: what stands behind it shows upside down in it."""

    def __init__(self, place: Place, view: View) -> None:
        turn = np.linspace(0, 2 * pi, 24, endpoint=False)
        x, y = place.puddle
        ring = np.stack([x + 2.6 * np.cos(turn), y + 1.5 * np.sin(turn), np.zeros(24)], axis=1)
        shown, _ = view.seen(ring)
        self._left, self._top = max(0, int(shown[:, 0].min())), max(0, int(shown[:, 1].min()))
        self._right = min(view.width_px, int(shown[:, 0].max()) + 1)
        self._bottom = min(view.height_px, int(shown[:, 1].max()) + 1)
        mask = np.zeros((self._bottom - self._top, self._right - self._left), np.uint8)
        inner = ((shown - (self._left, self._top)) * 16).astype(np.int32)
        cv2.fillConvexPoly(mask, inner, 255.0, cv2.LINE_AA, 4)
        self._share = cv2.GaussianBlur(mask, (5, 5), 0)[:, :, None].astype(np.float32) / 255 * 0.5

    def over(self, canvas: Canvas) -> None:
        """Mirrors what was drawn above its far edge."""
        tall = min(self._bottom - self._top, self._top)
        above = canvas.bgr[self._top - tall : self._top, self._left : self._right][::-1]
        here = canvas.bgr[self._top : self._top + tall, self._left : self._right]
        share = self._share[:tall]
        mirrored = cv2.blur(above, (3, 5)).astype(np.float32)
        here[:] = (here * (1 - share) + mirrored * share).astype(np.uint8)


class Leaves:
    """Dappled shade around the trees of a place."""

    def __init__(self, place: Place, view: View, seed: int) -> None:
        mask = np.zeros((view.height_px, view.width_px), np.uint8)
        turn = np.linspace(0, 2 * pi, 24, endpoint=False)
        for thing in place.things:
            if thing.kind is Kind.TREE:
                x, y = thing.at[0] * 0.45, thing.at[1] - 12.0  # their shade falls towards the camera
                ring = np.stack([x + 4.2 * np.cos(turn), y + 3.6 * np.sin(turn), np.zeros(24)], axis=1)
                shown, _ = view.seen(ring)
                cv2.fillConvexPoly(mask, (shown * 16).astype(np.int32), 255.0, cv2.LINE_AA, 4)
        self._mask = cv2.GaussianBlur(mask, (9, 9), 0)
        rest = 2 * _SWING_PX
        dapples = clouds(view.height_px + rest, view.width_px + rest, 11, seed)
        self._dapples = (np.clip((dapples - 0.42) * 5, 0, 1) * 255).astype(np.uint8)

    def over(self, canvas: Canvas, t_s: float) -> None:
        """As the wind has it at that instant."""
        height, width = self._mask.shape
        x = _SWING_PX + round(_SWING_PX * 0.8 * sin(2 * pi * t_s / 2.7))
        y = _SWING_PX + round(_SWING_PX * 0.5 * sin(2 * pi * t_s / 1.9))
        shade = cv2.multiply(self._dapples[y : y + height, x : x + width], self._mask, scale=1 / 255)
        darken(canvas, np.asarray(shade, np.uint8), 0, 0, 0.42)
