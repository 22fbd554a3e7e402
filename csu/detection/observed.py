"""What the steps of an analysis hand to each other, picture by picture. Nothing of it outlives its analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from csu.hal.analysis import EventType, ObjectClass, PictureBox
from csu.hal.clock import Nanoseconds
from csu.hal.frames import YuvPlanes

Boxes = NDArray[np.float32]
"""(n, 4): left, top, right, bottom in pixels of the analysed picture."""
CLASSES: tuple[ObjectClass, ...] = tuple(ObjectClass)
"""What a class id of `Detections` counts in."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What the motion gate says of one picture. `moving`, `still`: (n, 4) px. `still`: not background, not moving."""

    moving: Boxes
    still: Boxes
    scene_changed: bool
    """Another view, light or exposure: everything learned was dropped, nothing can be told of this picture."""
    energy: NDArray[np.uint8]
    """(rows, columns) of the gate's small picture: 255 where it moved."""
    changed: NDArray[np.uint8] | None = None
    """The same: 255 where it is not background, moving or not; None: not told."""
    luma: NDArray[np.uint8] | None = None
    """The same: the small picture itself, and"""
    usual: NDArray[np.uint8] | None = None
    """what it is when nothing is there. Both valid until the next picture; None: not told."""
    edges: NDArray[np.uint8] | None = None
    """The same: 255 at an edge that the background has not. A cloud's shade has none; None: not told."""


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector found. boxes: (n, 4) px; scores: (n,) in [0, 1]; classes: (n,) indices in `CLASSES`."""

    boxes: Boxes
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


NO_DETECTIONS = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


class Detector(Protocol):
    """A network, or anything else that tells objects in a picture."""

    @property
    def sha256(self) -> str:
        """Of its weights, as the register of models knows it."""
        ...

    def detect(self, bgr: NDArray[np.uint8], regions: Sequence[tuple[int, int, int, int]] | None) -> Detections:
        """Objects in a (h, w, 3) picture; only within `regions` (left, top, right, bottom px) when they are given."""
        ...


@dataclass(frozen=True, slots=True)
class Tracked:
    """An object followed over pictures, for as long as it is in view. `track` counts from 1 in each analysis anew and
    means nothing outside it: it is never written, sent or compared (VSA-5, STA-2)."""

    track: int
    kind: ObjectClass
    box: tuple[float, float, float, float]
    """Pixels: left, top, right, bottom."""
    foot_m: tuple[float, float] | None
    """Where it stands, in the site's metres; None: not calibrated, or beyond the horizon."""
    velocity_m_s: tuple[float, float] | None
    velocity_px_s: tuple[float, float]
    first_ns: Nanoseconds
    is_seen: bool
    """False: followed by its course only, not detected in this picture."""
    height_m: float | None = None
    """By its box, if it stands upright on the ground."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One picture after gate, detector and tracker."""

    at_ns: Nanoseconds
    size_px: tuple[int, int]
    """(width, height)"""
    motion: Motion
    tracks: Sequence[Tracked]
    detected: bool
    """Whether the detector looked at this picture; if not, `tracks` are where they were expected."""
    planes: YuvPlanes
    """The masked picture itself, for rules that look at colour (fire). Valid during this step only."""
    hidden: NDArray[np.uint8] | None = None
    """(rows, columns) like `Motion.energy`: 255 where the mask hides the picture, nothing is to be told there."""


class Ground(Protocol):
    """The plane on which people walk, seen by one camera. Picture points are px, ground points the site's metres."""

    def to_ground(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) -> (n, 2); NaN where the ray goes above the horizon."""
        ...

    def to_picture(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) -> (n, 2); NaN behind the camera."""
        ...

    def px_per_m(self, foot_px: tuple[float, float]) -> float:
        """How many pixels high one upright metre is that stands there; 0 where nothing can."""
        ...


class MotionClasses(Protocol):
    """What tells objects from the gate's motion alone: a vehicle by its size on the ground."""

    def added(self, found: Detections, motion: Motion, ground: Ground, size_px: tuple[int, int]) -> Detections:
        """What the detector found in a picture of `size_px` (width, height), and what else moved of a known size."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says when its event begins. A rule says it once, and again only after the event was over."""

    type: EventType
    zone: str
    since_ns: Nanoseconds
    at_ns: Nanoseconds
    boxes: tuple[PictureBox, ...]
    score: float


class Rule(Protocol):
    """One type in one zone of one camera. Pure: pictures' times in, findings out."""

    @property
    def version(self) -> str:
        """`wrong_way/1`: grows with every change of what it does."""
        ...

    def step(self, seen: Observed) -> Sequence[Finding]: ...

    def reset(self) -> None:
        """Forget all that was seen: the view changed."""
        ...
