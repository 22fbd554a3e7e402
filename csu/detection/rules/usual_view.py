"""What a zone usually looks like, without what stands in it now: tells what was put there from what was taken away."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Boxes, Observed
from csu.detection.rules.zone import Box, Points
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import Plane

SIDE_PX_MAX = 480
"""Of the kept view."""
EVERY_NS = NS_PER_S // 4
LIGHT_STEP = 3
"""The light is told by every third cell of every third row."""
LEARNED = 0.04
"""Weight of a new look."""
DIFFERENCE_MIN = 12.0
"""Luma by which something is another thing."""
STRONGER = 1.15
"""The outline of what was put there is so much stronger now than it was."""
UNLIKE_CELLS_MIN = 6
OUTLINE_MIN = 0.08
"""Share of a box that must be outline, or nothing can be said."""


class UsualView:
    """A small luma picture of a zone's surroundings. It holds no picture of anybody: what is covered is not learned."""

    def __init__(self, corners_px: Points) -> None:
        left, top = np.floor(corners_px.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(corners_px.max(axis=0)).astype(int).tolist()
        margin = max(8, (bottom - top) // 8)  # what stands at the zone's upper edge is higher than it
        self._left, self._top = max(left - margin, 0), max(top - 2 * margin, 0)
        self._right, self._bottom = right + margin, bottom + margin
        self._factor = max(1, ceil(max(self._right - self._left, self._bottom - self._top) / SIDE_PX_MAX))
        self.forget()

    def forget(self) -> None:
        """Nothing is known."""
        self._usual: NDArray[np.float32] | None = None
        self._known: NDArray[np.uint8] | None = None
        self._now: NDArray[np.float32] | None = None
        self._looked_ns: Nanoseconds | None = None
        self._light = 1.0
        """By how much brighter than now it usually is."""

    def look(self, luma: Plane, covered: Boxes, at_ns: Nanoseconds) -> bool:
        """Learn what `covered` (n, 4) px leaves open; four times a second at most. Whether it looked."""
        if self._looked_ns is not None and at_ns - self._looked_ns < EVERY_NS:
            return False
        self._looked_ns = at_ns
        crop = luma[self._top : self._bottom, self._left : self._right]
        size = (max(crop.shape[1] // self._factor, 1), max(crop.shape[0] // self._factor, 1))
        self._now = now = cv2.resize(crop, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        clear = np.full(now.shape, 255, np.uint8)
        for box in covered:
            left, top, right, bottom = self._cells(box.tolist(), 2)
            clear[top:bottom, left:right] = 0
        if self._usual is None or self._known is None or self._usual.shape != now.shape:
            self._usual, self._known = now.copy(), clear
            return True
        cv2.accumulateWeighted(now, self._usual, LEARNED, mask=clear)
        fresh = (clear > 0) & (self._known == 0)
        self._usual[fresh] = now[fresh]
        self._known |= clear
        usual, now = self._usual[::LIGHT_STEP, ::LIGHT_STEP], now[::LIGHT_STEP, ::LIGHT_STEP]
        self._light = float(np.median(usual)) / max(float(np.median(now)), 1.0)
        return True

    def looked_after(self, at_ns: Nanoseconds) -> bool:
        """Whether the view now is of that instant or later."""
        return self._looked_ns is not None and self._looked_ns >= at_ns

    def difference(self, box: Box) -> float | None:
        """Share of `box` that looks unlike usual; None: not known."""
        found = self._patches(box, 0)
        return None if found is None else float(np.mean(_unlike(*found)))

    def unlike_within(self, box: Box) -> Box | None:
        """The part of a box (px) that looks unlike usual; the box itself where that is not known; None: no part."""
        found = self._patches(box, 0)
        if found is None:
            return box
        count, _, stats, _ = cv2.connectedComponentsWithStats(_unlike(*found).astype(np.uint8), connectivity=8)
        if count < 2:
            return None
        largest = stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))]
        if largest[cv2.CC_STAT_AREA] < UNLIKE_CELLS_MIN:
            return None
        left, top, _, _ = self._cells(box, 0)
        x, y = left + int(largest[cv2.CC_STAT_LEFT]), top + int(largest[cv2.CC_STAT_TOP])
        right, bottom = x + int(largest[cv2.CC_STAT_WIDTH]), y + int(largest[cv2.CC_STAT_HEIGHT])
        factor, smear = self._factor, self._factor / 2  # by half a cell on each side the blur makes it too large
        return (
            self._left + x * factor + smear,
            self._top + y * factor + smear,
            self._left + right * factor - smear,
            self._top + bottom * factor - smear,
        )

    def is_added(self, box: Box) -> bool | None:
        """Whether what is unlike usual has its outline in the picture now (put there), not in the usual one (taken
        away). None: not known, or no outline to judge by."""
        found = self._patches(box, 3)
        if found is None:
            return None
        now, usual = found
        unlike = _unlike(now, usual).astype(np.uint8)
        outline = cv2.morphologyEx(unlike, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        if np.count_nonzero(outline) < OUTLINE_MIN * outline.size:
            return None
        return bool(_edges(now)[outline].sum() > STRONGER * _edges(usual)[outline].sum())

    def _patches(self, box: Box, margin: int) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """The box now, brought to the usual light, and as it usually is."""
        if self._usual is None or self._known is None or self._now is None:
            return None
        left, top, right, bottom = self._cells(box, margin)
        known = self._known[top:bottom, left:right]
        if known.size < 9 or np.count_nonzero(known) < 0.9 * known.size:
            return None
        return self._now[top:bottom, left:right] * self._light, self._usual[top:bottom, left:right]

    def _cells(self, box: Box | list[float], margin: int) -> tuple[int, int, int, int]:
        left, top, right, bottom = box
        return (
            max(int((left - self._left) // self._factor) - margin, 0),
            max(int((top - self._top) // self._factor) - margin, 0),
            max(ceil((right - self._left) / self._factor) + margin, 0),
            max(ceil((bottom - self._top) / self._factor) + margin, 0),
        )


def covered(seen: Observed) -> Boxes:
    """(n, 4) px: whatever stands or moves, which is not how it usually looks."""
    tracks = np.array([each.box for each in seen.tracks], np.float32).reshape(-1, 4)
    return np.concatenate([seen.motion.moving, seen.motion.still, tracks]).astype(np.float32)


def _unlike(now: NDArray[np.float32], usual: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(cv2.absdiff(cv2.blur(now, (3, 3)), cv2.blur(usual, (3, 3))) > DIFFERENCE_MIN)


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(picture, (3, 3), 0)
    return np.asarray(
        cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)), np.float32
    )
