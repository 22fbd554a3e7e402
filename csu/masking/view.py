"""Is this still the view that was signed off? Covered, defocused, turned or knocked cameras, found in masked pictures.

A pure core. It looks at small grey pictures, only where they are not masked, and compares them with what the camera saw
while it learned: a mask drawn for one view hides nothing in another (PRV-6). What it keeps is a grey 160x90 average in
memory, in which nothing that moves remains; no picture.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from math import hypot, radians, tan
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import Plane
from csu.hal.words import Words
from csu.masking.cover import CELL_PX, Cover

SMALL_PX = (160, 90)
LOOK_EVERY_NS = 2 * NS_PER_S
"""A look costs about 3 ms of CPU: some 0.15 % of a core a camera."""
LEARN_LOOKS = 8
MOVED_LOOKS, DEFOCUSED_LOOKS, COVERED_LOOKS = 5, 8, 15
"""Looks in a row that must agree: 10, 16 and 30 s. A bus that stops before a camera does not cover it."""
VIEWS_KEPT = 16
"""Poses of one PTZ camera whose view is remembered: its presets. The one seen longest ago is forgotten."""
ANGLE_DEG_MIN = 0.15
"""A smaller turn is not told from wind and encoder: measured precision 0.03 degrees on rendered streets."""

_TILES = (6, 8)
_TILE_PX_MIN = 60
_TEXTURE_MIN = 0.25
_VALID_SHARE_MIN = 0.05
"""Of the picture: with less to see, nothing can be said."""
_SAME_RHO, _FIRM_RHO, _ALIGNED_RHO = 0.5, 0.85, 0.5
_FIRM_TILES = 4
_EXPLAINED_RHO = 0.04
_CONTRAST_FLOOR = 6.0
_ADAPT = 0.05

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
class ViewChange:
    """The view became another. `detail`: for a person."""

    state: ViewState
    detail: Words


@dataclass(frozen=True, slots=True)
class _Look:
    """One small picture, made comparable: local contrast is normalised, so that a change of light is none of view."""

    grey: Grey
    contrast: Grey
    valid: Valid
    sharpness: float
    """Variance of the Laplacian where valid."""


@dataclass(slots=True)
class _View:
    """What is remembered of one pose."""

    learned: list[_Look] = field(default_factory=list)
    reference: _Look | None = None


class ViewWatch:
    """Watches one camera. `look` at its masked pictures; say under which `pose_key` (None: the camera moves now)."""

    def __init__(self, angle_deg: float) -> None:
        """`angle_deg`: how far the camera may turn before its masks no longer hold (`PoseBounds.angle_deg`)."""
        self._angle_deg = max(angle_deg, ANGLE_DEG_MIN)
        self._views: OrderedDict[Hashable, _View] = OrderedDict()
        self._looked_at_ns: Nanoseconds | None = None
        self._recent: deque[tuple[ViewState, Words]] = deque(maxlen=COVERED_LOOKS)
        self.state = ViewState.LEARNING

    def wants(self, at_ns: Nanoseconds) -> bool:
        """Is it time for another look?"""
        return self._looked_at_ns is None or not 0 <= at_ns - self._looked_at_ns < LOOK_EVERY_NS

    def look(
        self, luma: Plane, cover: Cover, focal_px: float, pose_key: Hashable | None, at_ns: Nanoseconds
    ) -> ViewChange | None:
        """Look at a masked picture's luma (full size); the change, if there is one."""
        self._looked_at_ns = at_ns
        if pose_key is None or cover.is_whole:
            return None
        view = self._views.setdefault(pose_key, _View())
        self._views.move_to_end(pose_key)
        while len(self._views) > VIEWS_KEPT:
            self._views.popitem(last=False)
        seen = _look_at(luma, cover)
        if seen is None:
            return None
        if view.reference is None:
            _learn(view, seen)
            return self._become(ViewState.SAME, _AS_LEARNED) if view.reference is not None else None
        scale = SMALL_PX[0] / cover.width_px
        found, words = _compare(view.reference, seen, focal_px * scale * tan(radians(self._angle_deg)))
        if found is ViewState.SAME:
            view.reference = _adapted(view.reference, seen)
        self._recent.append((found, words))
        return self._conclude()

    def _conclude(self) -> ViewChange | None:
        for state, looks in _NEEDED.items():
            last = list(self._recent)[-looks:]
            if len(last) == looks and all(found is state for found, _ in last):
                return self._become(state, last[-1][1])
        return None

    def _become(self, state: ViewState, words: Words) -> ViewChange | None:
        if state is self.state:
            return None
        told = self.state is not ViewState.LEARNING or state is not ViewState.SAME
        self.state = state
        return ViewChange(state, words) if told else None


_NEEDED = {
    ViewState.MOVED: MOVED_LOOKS,
    ViewState.DEFOCUSED: DEFOCUSED_LOOKS,
    ViewState.COVERED: COVERED_LOOKS,
    ViewState.SAME: MOVED_LOOKS,
}
_AS_LEARNED = Words("la vue est celle qui a été apprise", "the view is the one that was learned")
_COVERED = Words("la vue est cachée, en tout ou en grande partie", "the view is hidden, all or most of it")
_DEFOCUSED = Words("l'image n'est plus nette", "the picture is no longer sharp")
_OTHER_VIEW = Words("la caméra regarde ailleurs", "the camera looks elsewhere")


def _look_at(luma: Plane, cover: Cover) -> _Look | None:
    """None when too little of the picture is unmasked."""
    small = cv2.resize(luma, SMALL_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    hidden = cover.cells.astype(np.uint8).repeat(CELL_PX // 4, 0).repeat(CELL_PX // 4, 1)
    quarter = hidden[: -(-cover.height_px // 4), : -(-cover.width_px // 4)]
    clear = cv2.resize(quarter * 255, SMALL_PX, interpolation=cv2.INTER_AREA) == 0
    valid = cv2.erode(clear.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if valid.mean() < _VALID_SHARE_MIN:
        return None
    # Blurs leave out what is masked: a mask's border stays where it is when the camera turns, and would hide the turn.
    weight = valid.astype(np.float32)
    mean = _blurred(small * weight, 4) / np.maximum(_blurred(weight, 4), 1e-3)
    apart = np.asarray((small - mean) * weight, np.float32)
    spread = np.sqrt(_blurred(apart * apart, 6) / np.maximum(_blurred(weight, 6), 1e-3))
    contrast = (apart / (spread + _CONTRAST_FLOOR)).astype(np.float32)
    inner = cv2.erode(weight, np.ones((3, 3), np.uint8)) > 0
    edges = cv2.Laplacian(small, cv2.CV_32F)[inner]
    return _Look(small, contrast, np.asarray(valid), float(edges.var()) if len(edges) else 0.0)


def _blurred(picture: Grey, sigma_px: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def _learn(view: _View, seen: _Look) -> None:
    """The median of some looks: what moves is not in it."""
    if view.learned and not np.array_equal(view.learned[0].valid, seen.valid):
        view.learned.clear()
    view.learned.append(seen)
    if len(view.learned) < LEARN_LOOKS:
        return
    grey, contrast = (
        np.median([getattr(look, name) for look in view.learned], axis=0).astype(np.float32)
        for name in ("grey", "contrast")
    )
    sharpness = float(np.median([look.sharpness for look in view.learned]))
    view.reference = _Look(grey, contrast, seen.valid, sharpness)
    view.learned.clear()


def _adapted(reference: _Look, seen: _Look) -> _Look:
    """The day goes on: light moves into the reference, slowly. Only where both can be seen."""
    both = reference.valid & seen.valid
    share = (both * _ADAPT).astype(np.float32)
    return _Look(
        reference.grey + share * (seen.grey - reference.grey),
        reference.contrast + share * (seen.contrast - reference.contrast),
        reference.valid,
        reference.sharpness + _ADAPT * (seen.sharpness - reference.sharpness),
    )


def _compare(reference: _Look, seen: _Look, shift_px_max: float) -> tuple[ViewState, Words]:
    """One look against the reference. `shift_px_max`: in small pixels."""
    valid = reference.valid & seen.valid
    tiles = _tiles(reference.contrast, seen.contrast, valid)
    if tiles.textured and tiles.dead >= 0.5 * tiles.textured:
        return ViewState.COVERED, _COVERED
    if seen.sharpness < 0.2 * reference.sharpness:
        coarse = _correlation(_blurred(reference.contrast, 2), _blurred(seen.contrast, 2), valid)
        return (ViewState.DEFOCUSED, _DEFOCUSED) if coarse > 0.5 else (ViewState.COVERED, _COVERED)
    moved_px = _moved_px(reference.contrast, seen.contrast, valid)
    if moved_px is not None and moved_px > shift_px_max:
        ratio = moved_px / shift_px_max
        return ViewState.MOVED, Words(
            f"la caméra a tourné de {ratio:.1f} fois ce que tolèrent ses masques",
            f"the camera turned by {ratio:.1f} times what its masks bear",
        )
    if moved_px is None and tiles.same <= 0.35 * tiles.textured:
        # Something stands before it, or it looks elsewhere: what still lies exactly where it lay tells.
        return (ViewState.COVERED, _COVERED) if tiles.firm >= _FIRM_TILES else (ViewState.MOVED, _OTHER_VIEW)
    return ViewState.SAME, _AS_LEARNED


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
    rows, columns = _TILES
    found = _Tiles()
    for top in _cuts(SMALL_PX[1], rows):
        for left in _cuts(SMALL_PX[0], columns):
            part, a, b = valid[top, left], reference[top, left], seen[top, left]
            if part.sum() < _TILE_PX_MIN or float(a[part].std()) < _TEXTURE_MIN:
                continue
            likeness = _correlation(a, b, part)
            found.textured += 1
            found.dead += float(b[part].std()) < 0.3 * float(a[part].std())
            found.same += likeness > _SAME_RHO
            found.firm += likeness > _FIRM_RHO
    return found


def _cuts(length: int, parts: int) -> list[slice]:
    edges = np.linspace(0, length, parts + 1).astype(int).tolist()
    return [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]


def _correlation(a: Grey, b: Grey, valid: Valid) -> float:
    first, second = a[valid] - a[valid].mean(), b[valid] - b[valid].mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size > 1e-9 else 0.0
