"""Pictures made here: a street of noise in which rectangles walk, and a detector that knows where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from csu.detection.observed import CLASSES, Detections, Finding, Observed
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, ObjectClass, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.wall import TilePicture

WIDTH, HEIGHT = 320, 192
CAMERA = CameraId("cam-0001")
MODEL = "a" * 64
GRAINS = 7
"""Different noises, one after the other."""
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass
class Street:
    """Luma of a still scene with noise; `walkers` are (left, top, right, bottom) px and brighter."""

    seed: int = 1
    noise: float = 2.0
    gain: float = 1.0
    width: int = WIDTH
    height: int = HEIGHT

    def __post_init__(self):
        self.dice = np.random.default_rng(self.seed)
        coarse = self.dice.integers(60, 140, (self.height // 16, self.width // 16)).astype(np.float32)
        self.ground = coarse.repeat(16, axis=0).repeat(16, axis=1)
        self.grain = self.dice.standard_normal((GRAINS, *self.ground.shape), np.float32)
        self.shown = 0

    def luma(self, *walkers, levels=60):
        picture = self.ground.copy()
        for left, top, right, bottom in walkers:
            picture[top:bottom, left:right] += levels
        self.shown += 1
        picture = picture * self.gain + self.noise * self.grain[self.shown % GRAINS]
        return np.clip(picture, 0, 255).astype(np.uint8)


def tile(luma, at_s, *, wholly_masked=False, sequence=1):
    height, width = luma.shape
    grey = np.full((height // 2, width // 2), 128, np.uint8)
    return TilePicture(YuvPlanes(luma, grey, grey), sequence, round(at_s * NS_PER_S), wholly_masked)


def detections(*boxes, kind=ObjectClass.PERSON, score=0.9):
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(boxes), score, np.float32),
        np.full(len(boxes), CLASSES.index(kind), np.int64),
    )


@dataclass
class KnowingDetector:
    """Says what it was told is there, within the regions."""

    here: list = field(default_factory=list)
    kind: ObjectClass = ObjectClass.PERSON
    sha256: str = MODEL
    looks: int = 0
    regions: list = field(default_factory=list)

    def detect(self, bgr, regions):
        assert bgr.ndim == 3
        assert bgr.dtype == np.uint8
        self.looks += 1
        self.regions.append(regions)
        return detections(*self.here, kind=self.kind)


@dataclass
class FirstSeen:
    """A rule that finds each picture with a track."""

    type: EventType = EventType.RESTRICTED_ZONE
    zone: str = "zone"
    version: str = "restricted_zone/1"
    seen: list = field(default_factory=list)
    resets: int = 0

    def step(self, seen: Observed) -> Sequence[Finding]:
        self.seen.append(seen.at_ns)
        return [Finding(self.type, self.zone, seen.at_ns, seen.at_ns, (), 0.5)] if seen.tracks else []

    def reset(self) -> None:
        self.resets += 1


@dataclass
class Noting:
    """A counter that writes down."""

    crossings: list = field(default_factory=list)
    at_bins: list = field(default_factory=list)

    def crossed(self, counter, object_class, forward, at_ns):
        self.crossings.append((counter, object_class, forward, at_ns))

    def someone_at(self, bin_name, someone, at_ns):
        self.at_bins.append((bin_name, someone))


def ordered(until_s=100.0, **more):
    """An assignment with one rule over the whole picture."""
    rule = ZoneRule(AnalysisZone("zone", WHOLE), EventType.RESTRICTED_ZONE)
    return AnalysisAssignment(
        CAMERA, rules=(rule,), until_ns=round(until_s * NS_PER_S), order="2026-1", model=MODEL, **more
    )
