"""What lies before a wall that no longer draws: nothing of a street, and words that say so. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.wall.drawing.windows import WindowPlan

GROUND, INK = (74, 10, 12), (255, 214, 214)
WORDS = ("MUR FIGÉ", "Les images ne sont pas en direct")
"""The wall's own lettering is French."""
EVERY_PX = 640


def cover_over(width_px: int, height_px: int, plans: Iterable[WindowPlan]) -> NDArray[np.uint8]:
    """A framebuffer that covers every part of these windows with whole words. uint8 (height, width, 3), RGB."""
    picture = np.empty((height_px, width_px, 3), np.uint8)
    picture[:] = GROUND
    for plan in plans:
        for part in plan.parts:
            at = part.framebuffer
            rows, columns = slice(int(at.top), int(at.bottom)), slice(int(at.left), int(at.right))
            picture[rows, columns] = cover_picture(int(at.width), int(at.height))
    return picture


def cover_picture(width_px: int, height_px: int) -> NDArray[np.uint8]:
    """uint8 (height, width, 3), RGB: the words again and again, so that each panel shows some."""
    picture = np.empty((height_px, width_px, 3), np.uint8)
    picture[:] = GROUND
    face = cv2.FontFace("sans")
    columns, rows = max(1, width_px // EVERY_PX), max(1, height_px // (EVERY_PX // 2))
    for row in range(rows):
        for column in range(columns):
            middle, top = (column + 0.5) * width_px / columns, (row + 0.5) * height_px / rows
            for line, (text, size) in enumerate(zip(WORDS, (34, 17), strict=True)):
                left, _, wide, _ = cv2.getTextSize((0, 0), text, (0, 0), face, size, weight=600)
                at = int(middle - wide / 2 - left), int(top + line * 34)
                cv2.putText(picture, text, at, INK, face, size, weight=600)
    return picture
