"""Two looks at a masked picture, compared: has the camera moved, does it still see sharply, does it see at all?

Pure. Only what is not masked is looked at: a mask's border stays where it is when a camera turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import hypot
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.frames import Plane
from csu.hal.words import Words
from csu.masking.cover import CELL_PX, Cover

SMALL_PX = (160, 90)

_TILES = (6, 8)
"""Rows and columns: they divide SMALL_PX."""
_TILE_PX_MIN = 60
_TEXTURE_MIN = 0.25
_VALID_SHARE_MIN = 0.05
"""Of the picture: with less to see, nothing can be said."""
_SAME_RHO, _FIRM_RHO, _ALIGNED_RHO = 0.5, 0.85, 0.5
_FIRM_TILES = 4
_EXPLAINED_RHO = 0.04
_CONTRAST_FLOOR = 6.0
_MEAN_PX, _SPREAD_PX = 4.0, 6.0
"""How far around a pixel its mean and its spread are taken (standard deviation of the blur)."""

Grey: TypeAlias = NDArray[np.float32]
Valid: TypeAlias = NDArray[np.bool_]


class ViewState(StrEnum):
    """What a camera's view is like."""

    LEARNING = "learning"
    SAME = "same"
    MOVED = "moved"
    DEFOCUSED = "defocused"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class Look:
    """One small picture, made comparable: local contrast is normalised, so that a change of light is none of view."""

    contrast: Grey
    valid: Valid
    sharpness: float
    """Variance of the Laplacian where valid."""


AS_LEARNED = Words("la vue est celle qui a été apprise", "the view is the one that was learned")
_COVERED = Words("la vue est cachée, en tout ou en grande partie", "the view is hidden, all or most of it")
_DEFOCUSED = Words("l'image n'est plus nette", "the picture is no longer sharp")
_OTHER_VIEW = Words("la caméra regarde ailleurs", "the camera looks elsewhere")


@dataclass(frozen=True, slots=True)
class ClearPart:
    """What of a small picture is not masked: the same for every look under one cover."""

    valid: Valid
    weight: Grey
    near: Grey
    wide: Grey
    """`weight`, blurred as the picture is for its mean and for its spread."""
    inner: Valid
    """Where an edge is none of a mask's."""


def clear_part(cover: Cover) -> ClearPart | None:
    """None when too little of the picture is unmasked."""
    hidden = cover.cells.astype(np.uint8).repeat(CELL_PX // 4, 0).repeat(CELL_PX // 4, 1)
    quarter = hidden[: -(-cover.height_px // 4), : -(-cover.width_px // 4)]
    clear = cv2.resize(quarter * 255, SMALL_PX, interpolation=cv2.INTER_AREA) == 0
    valid = cv2.erode(clear.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if valid.mean() < _VALID_SHARE_MIN:
        return None
    weight = valid.astype(np.float32)
    near, wide = (np.maximum(_blurred(weight, sigma_px), 1e-3) for sigma_px in (_MEAN_PX, _SPREAD_PX))
    inner = cv2.erode(weight, np.ones((3, 3), np.uint8)) > 0
    return ClearPart(np.asarray(valid), weight, near, wide, np.asarray(inner))


def look_at(luma: Plane, part: ClearPart) -> Look:
    """Look at a picture where its cover leaves it clear."""
    small = cv2.resize(luma, SMALL_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    # Blurs leave out what is masked: a mask's border stays where it is when the camera turns, and would hide the turn.
    mean = _blurred(small * part.weight, _MEAN_PX) / part.near
    apart = np.asarray((small - mean) * part.weight, np.float32)
    spread = np.sqrt(_blurred(apart * apart, _SPREAD_PX) / part.wide)
    contrast = (apart / (spread + _CONTRAST_FLOOR)).astype(np.float32)
    edges = cv2.Laplacian(small, cv2.CV_32F)[part.inner]
    return Look(contrast, part.valid, float(edges.var()) if len(edges) else 0.0)


def _blurred(picture: Grey, sigma_px: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


@dataclass(frozen=True, slots=True)
class Finding:
    """One look against the reference. `is_still`: something proves that the camera looks where it looked."""

    state: ViewState
    words: Words
    is_still: bool


def compare(reference: Look, seen: Look, shift_px_max: float) -> Finding:
    """What became of the view. `shift_px_max`: how far it may have turned, in small pixels."""
    valid = reference.valid & seen.valid
    tiles = _tiles(reference.contrast, seen.contrast, valid)
    is_still = tiles.firm >= _FIRM_TILES  # whatever stands before it, that much lies exactly where it lay
    if tiles.textured and tiles.dead >= 0.5 * tiles.textured:
        return Finding(ViewState.COVERED, _COVERED, is_still)
    if seen.sharpness < 0.2 * reference.sharpness:
        coarse = _correlation(_blurred(reference.contrast, 2), _blurred(seen.contrast, 2), valid)
        if coarse > 0.5:
            return Finding(ViewState.DEFOCUSED, _DEFOCUSED, is_still=True)
        return Finding(ViewState.COVERED, _COVERED, is_still)
    moved_px = _moved_px(reference.contrast, seen.contrast, valid)
    if moved_px is not None and moved_px > shift_px_max:
        ratio = moved_px / shift_px_max
        words = Words(
            f"la caméra a tourné de {ratio:.1f} fois ce que tolèrent ses masques",
            f"the camera turned by {ratio:.1f} times what its masks bear",
        )
        return Finding(ViewState.MOVED, words, is_still=False)
    if moved_px is None and tiles.same <= 0.35 * tiles.textured:
        if is_still:
            return Finding(ViewState.COVERED, _COVERED, is_still=True)
        return Finding(ViewState.MOVED, _OTHER_VIEW, is_still=False)
    return Finding(ViewState.SAME, AS_LEARNED, is_still=True)


def _moved_px(reference: Grey, seen: Grey, valid: Valid) -> float | None:
    """How far the farthest corner of the picture moved, in small pixels; None when the two cannot be aligned."""
    before = _correlation(reference, seen, valid)
    dx = dy = 0.0
    if before < 0.05:
        (dx, dy), _ = cv2.phaseCorrelate(reference * valid, seen * valid)
    begin = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    until = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-4)
    try:
        after, warp = cv2.findTransformECC(
            reference, seen, begin, cv2.MOTION_EUCLIDEAN, until, valid.astype(np.uint8), 3
        )
    except cv2.error:
        return None  # OpenCV's way to say that the two pictures have nothing in common
    if after < _ALIGNED_RHO:
        return None
    width, height = SMALL_PX
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    apart = corners @ np.asarray(warp, np.float64).T - corners[:, :2]
    farthest_px = float(max(hypot(x, y) for x, y in apart))
    # A turn explains what is seen better than none does; what explains nothing (the lamps go on) is no turn.
    return farthest_px if after - before > _EXPLAINED_RHO * min(1.0, farthest_px) else 0.0


@dataclass(slots=True)
class _Tiles:
    """Parts of the picture that had something to show, and what became of them."""

    textured: int = 0
    same: int = 0
    firm: int = 0
    """Exactly as they were: whatever stands elsewhere, the camera has not moved."""
    dead: int = 0
    """They show nothing any more."""


def _tiles(reference: Grey, seen: Grey, valid: Valid) -> _Tiles:
    """All tiles at once, by their sums: a loop over 48 of them took more than half of a look."""
    count = np.maximum(_of_tiles(valid), 1.0)
    a, b = np.where(valid, reference, 0.0), np.where(valid, seen, 0.0)
    mean_a, mean_b = _of_tiles(a) / count, _of_tiles(b) / count
    spread_a = np.sqrt(np.maximum(_of_tiles(a * a) / count - mean_a**2, 0.0))
    spread_b = np.sqrt(np.maximum(_of_tiles(b * b) / count - mean_b**2, 0.0))
    size = spread_a * spread_b * count
    together = _of_tiles(a * b) - mean_a * mean_b * count
    likeness = np.divide(together, size, out=np.zeros_like(size), where=size > 1e-9)
    textured = (count >= _TILE_PX_MIN) & (spread_a >= _TEXTURE_MIN)
    return _Tiles(
        textured=int(np.count_nonzero(textured)),
        same=int(np.count_nonzero(textured & (likeness > _SAME_RHO))),
        firm=int(np.count_nonzero(textured & (likeness > _FIRM_RHO))),
        dead=int(np.count_nonzero(textured & (spread_b < 0.3 * spread_a))),
    )


def _of_tiles(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """The sum over each tile."""
    (rows, columns), (width, height) = _TILES, SMALL_PX
    parts = values.reshape(rows, height // rows, columns, width // columns)
    return np.asarray(parts.sum(axis=(1, 3), dtype=np.float64))


def _correlation(a: Grey, b: Grey, valid: Valid) -> float:
    first, second = a[valid] - a[valid].mean(), b[valid] - b[valid].mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size > 1e-9 else 0.0
