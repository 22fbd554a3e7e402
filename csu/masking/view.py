"""Is this still the view that was signed off? Covered, defocused, turned or knocked cameras, found in masked pictures.

A pure core. It compares what the camera sees with what it saw while it learned: a mask drawn for one view hides nothing
in another (PRV-6). What it keeps of a view is a map of local contrast, 160x90, in which nothing that moves remains.
"""

from __future__ import annotations

import io
import zipfile
from collections import deque
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from math import cos, hypot, log, radians, remainder, tan

import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import Plane
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.masking.cover import Cover
from csu.masking.view_look import AS_LEARNED, SMALL_PX, ClearPart, Look, ViewState, clear_part, compare, look_at

LOOK_EVERY_NS = 2 * NS_PER_S
"""A look costs about 2 ms of CPU: some 0.1 % of a core a camera."""
LEARN_LOOKS = 8
MOVED_LOOKS, DEFOCUSED_LOOKS, COVERED_LOOKS = 5, 8, 15
"""Looks in a row that must agree: 10, 16 and 30 s. A bus that stops before a camera does not cover it."""
VIEWS_KEPT = 16
"""Poses of one PTZ camera whose view is remembered: its presets. The one seen longest ago is forgotten."""
ANGLE_DEG_MIN = 0.15
"""A smaller turn is not told from wind and encoder: measured precision 0.03 degrees on rendered streets."""
BESIDE_DEG, BESIDE_FOCAL_SHARE = 0.1, 0.005
"""Told poses closer than these are one view: a good head's repeatability."""
_ADAPT = 0.05
_STEPS = 32.0
"""A remembered contrast is kept in steps of 1/32: it lies within about +-4."""


@dataclass(frozen=True, slots=True)
class ViewChange:
    """The view became another. `detail`: for a person."""

    state: ViewState
    detail: Words


@dataclass(slots=True)
class _View:
    """What is remembered of one pose."""

    pose: Pose
    learned: list[Look] = field(default_factory=list)
    reference: Look | None = None


class ViewWatch:
    """Watches one camera. `look` at its masked pictures; say from which pose they are told to be (None: it moves)."""

    def __init__(self, angle_deg: float, memory: bytes | None = None) -> None:
        """`angle_deg`: how far the camera may turn before its masks no longer hold (`PoseBounds.angle_deg`).

        `memory`: what an earlier watch of the same mask set gave. Raises ValueError when it is nothing of the kind.
        """
        self._angle_deg = max(angle_deg, ANGLE_DEG_MIN)
        self._views = _recalled(memory) if memory is not None else []
        self._looked_at_ns: Nanoseconds | None = None
        self._part_of: tuple[Cover, ClearPart | None] | None = None
        self._recent: deque[tuple[ViewState, Words]] = deque(maxlen=COVERED_LOOKS)
        self.state = ViewState.LEARNING
        self.is_suspect = False
        """The last look found nothing that proves the camera still: its picture is not to be shown until one does."""
        self.views_learned = len(self._views)
        """Grows with every view learned: there is more to remember."""

    def wants(self, at_ns: Nanoseconds) -> bool:
        """Is it time for another look?"""
        return self._looked_at_ns is None or not 0 <= at_ns - self._looked_at_ns < LOOK_EVERY_NS

    def look(self, luma: Plane, cover: Cover, pose: Pose | None, at_ns: Nanoseconds) -> ViewChange | None:
        """Look at a masked picture's luma, in full size; the change, if any. `pose.focal_px` is for this size."""
        self._looked_at_ns = at_ns
        if pose is None or cover.is_whole:
            return None
        view = self._view_from(pose)
        part = self._clear_part(cover)
        if part is None:
            return None
        seen = look_at(luma, part)
        if view.reference is None:
            _learn(view, seen)
            self.views_learned += view.reference is not None
            return self._become(ViewState.SAME, AS_LEARNED) if view.reference is not None else None
        scale = SMALL_PX[0] / cover.width_px
        found = compare(view.reference, seen, pose.focal_px * scale * tan(radians(self._angle_deg)))
        if found.state is ViewState.SAME:
            view.reference = _adapted(view.reference, seen)
        self._recent.append((found.state, found.words))
        self.is_suspect = not found.is_still
        return self._conclude()

    def memory(self) -> bytes:
        """The views learned so far, some 10 kB each: a camera turned while its node was down is found by them."""
        return _remembered(view for view in self._views if view.reference is not None)

    def _clear_part(self, cover: Cover) -> ClearPart | None:
        """Kept while the cover is the same one: a fixed camera has one for ever, a PTZ at rest for as long."""
        if self._part_of is None or self._part_of[0] is not cover:
            self._part_of = cover, clear_part(cover)
        return self._part_of[1]

    def _view_from(self, pose: Pose) -> _View:
        """The view remembered of this pose, or of one a hair beside it: a head does not come back exactly."""
        view = next((known for known in self._views if _is_beside(known.pose, pose)), None)
        if view is None:
            view = _View(pose)
        else:
            self._views.remove(view)
        self._views = [*self._views[-(VIEWS_KEPT - 1) :], view]
        return view

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


def _is_beside(a: Pose, b: Pose) -> bool:
    pan_deg = remainder(a.pan_deg - b.pan_deg, 360.0) * cos(radians(a.tilt_deg))
    turned_deg = hypot(pan_deg, a.tilt_deg - b.tilt_deg) + abs(remainder(a.roll_deg - b.roll_deg, 360.0))
    return turned_deg <= BESIDE_DEG and abs(log(a.focal_px / b.focal_px)) <= BESIDE_FOCAL_SHARE


_NEEDED = {
    ViewState.MOVED: MOVED_LOOKS,
    ViewState.DEFOCUSED: DEFOCUSED_LOOKS,
    ViewState.COVERED: COVERED_LOOKS,
    ViewState.SAME: MOVED_LOOKS,
}


def _learn(view: _View, seen: Look) -> None:
    """The median of some looks: what moves is not in it."""
    view.learned.append(seen)
    if len(view.learned) < LEARN_LOOKS:
        return
    contrast = np.median([look.contrast for look in view.learned], axis=0).astype(np.float32)
    sharpness = float(np.median([look.sharpness for look in view.learned]))
    valid = np.logical_and.reduce([look.valid for look in view.learned])
    view.reference = Look(contrast, valid, sharpness)
    view.learned.clear()


def _adapted(reference: Look, seen: Look) -> Look:
    """The day goes on: light moves into the reference, slowly. Only where both can be seen."""
    both = reference.valid & seen.valid
    share = (both * _ADAPT).astype(np.float32)
    return Look(
        reference.contrast + share * (seen.contrast - reference.contrast),
        reference.valid,
        reference.sharpness + _ADAPT * (seen.sharpness - reference.sharpness),
    )


def _remembered(views: Iterable[_View]) -> bytes:
    arrays: dict[str, NDArray[np.generic]] = {}
    for index, view in enumerate(views):
        if view.reference is not None:
            steps = np.clip(np.round(view.reference.contrast * _STEPS), -127, 127).astype(np.int8)
            arrays[f"{index}/contrast"] = steps
            arrays[f"{index}/valid"] = np.packbits(view.reference.valid)
            arrays[f"{index}/numbers"] = np.array([*astuple(view.pose), view.reference.sharpness])
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _recalled(file: bytes) -> list[_View]:
    try:
        with np.load(io.BytesIO(file), allow_pickle=False) as arrays:
            count = len(arrays.files) // 3
            return [
                _recalled_view(arrays[f"{index}/contrast"], arrays[f"{index}/valid"], arrays[f"{index}/numbers"])
                for index in range(count)
            ]
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"not the views of a camera ({error})") from error


def _recalled_view(steps: NDArray[np.int8], bits: NDArray[np.uint8], numbers: NDArray[np.float64]) -> _View:
    width, height = SMALL_PX
    valid = np.unpackbits(bits)[: width * height].reshape(height, width).astype(np.bool_)
    if steps.shape != valid.shape:
        raise ValueError("a remembered view has another size")
    *pose, sharpness = (float(number) for number in numbers)
    return _View(Pose(*pose), reference=Look(steps.astype(np.float32) / np.float32(_STEPS), valid, sharpness))
