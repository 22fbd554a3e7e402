"""Boxes that were followed beside the true ones: CLEAR MOT figures (Bernardin and Stiefelhagen 2008)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

OVERLAP_MIN = 0.5
"""Intersection over union from which two boxes are of one object."""
Boxes = NDArray[np.float64]
"""(n, 4): left, top, right, bottom px."""


@dataclass(slots=True)
class TrackingScore:
    """Counts over the pictures that were judged."""

    pictures: int = 0
    true_boxes: int = 0
    found: int = 0
    false_boxes: int = 0
    switches: int = 0
    """How often a true object was followed under another number than before."""
    overlap_sum: float = 0.0
    true_objects: set[object] = field(default_factory=set)
    tracks: set[object] = field(default_factory=set)

    @property
    def recall(self) -> float | None:
        return self.found / self.true_boxes if self.true_boxes else None

    @property
    def precision(self) -> float | None:
        told = self.found + self.false_boxes
        return self.found / told if told else None

    @property
    def overlap(self) -> float | None:
        """Mean intersection over union of what was found."""
        return self.overlap_sum / self.found if self.found else None

    @property
    def mota(self) -> float | None:
        """1 is perfect; below 0: more wrong than there are true boxes."""
        wrong = self.true_boxes - self.found + self.false_boxes + self.switches
        return 1 - wrong / self.true_boxes if self.true_boxes else None

    def add(self, other: TrackingScore) -> None:
        """Count another clip's too."""
        self.pictures += other.pictures
        self.true_boxes += other.true_boxes
        self.found += other.found
        self.false_boxes += other.false_boxes
        self.switches += other.switches
        self.overlap_sum += other.overlap_sum
        self.true_objects |= other.true_objects
        self.tracks |= other.tracks


@dataclass(frozen=True, slots=True)
class Paired:
    """One picture: pairs (true, followed), what was not found, what is not there."""

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    false: tuple[int, ...]


class TrackingJudge:
    """Judges the pictures of one clip, in order. `clip` keeps the objects of several clips apart."""

    def __init__(self, clip: str = "", overlap_min: float = OVERLAP_MIN) -> None:
        self.score = TrackingScore()
        self._clip = clip
        self._overlap_min = overlap_min
        self._followed_as: dict[int, int] = {}

    def judge(
        self, truth: Mapping[int, Boxes], followed: Mapping[int, Boxes], not_judged: Boxes | None = None
    ) -> Paired:
        """Judge one picture. Both: number -> one box (4,). `not_judged`: where nothing followed is false.

        Who was paired before stays so while the two still overlap; the others are paired for the greatest overlap.
        """
        paired = self._pair(truth, followed)
        score = self.score
        for true, number in paired.items():
            before = self._followed_as.get(true)
            score.switches += before is not None and before != number
            self._followed_as[true] = number
            score.overlap_sum += overlap_of(truth[true], followed[number])
        taken = set(paired.values())
        false = [number for number, box in followed.items() if number not in taken and not _mostly_in(box, not_judged)]
        score.pictures += 1
        score.true_boxes += len(truth)
        score.found += len(paired)
        score.false_boxes += len(false)
        score.true_objects |= {(self._clip, true) for true in truth}
        score.tracks |= {(self._clip, number) for number in (*taken, *false)}
        missed = tuple(true for true in truth if true not in paired)
        return Paired(tuple(paired.items()), missed, tuple(false))

    def _pair(self, truth: Mapping[int, Boxes], followed: Mapping[int, Boxes]) -> dict[int, int]:
        paired = {
            true: number
            for true in truth
            if (number := self._followed_as.get(true)) in followed
            and number is not None
            and overlap_of(truth[true], followed[number]) >= self._overlap_min
        }
        # two true objects that were followed under one number, one after the other: the better overlap keeps it
        for number in {number for number in paired.values() if list(paired.values()).count(number) > 1}:
            rivals = [true for true in paired if paired[true] == number]
            best = max(rivals, key=lambda true: overlap_of(truth[true], followed[number]))
            for true in rivals:
                if true != best:
                    del paired[true]
        true_left = [true for true in truth if true not in paired]
        numbers_left = [number for number in followed if number not in set(paired.values())]
        if true_left and numbers_left:
            overlaps = np.array([[overlap_of(truth[t], followed[n]) for n in numbers_left] for t in true_left])
            usable = np.where(overlaps >= self._overlap_min, overlaps + 1.0, 0.0)  # one more pair outweighs overlap
            for row, column in zip(*linear_sum_assignment(usable, maximize=True), strict=True):
                if usable[row, column] > 0:
                    paired[true_left[row]] = numbers_left[column]
        return paired


def overlap_of(one: Boxes, other: Boxes) -> float:
    """Intersection over union of two boxes (4,); 0 of boxes without area."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return float(shared / (_area(one) + _area(other) - shared))


def _mostly_in(box: Boxes, regions: Boxes | None) -> bool:
    """Whether half of `box` lies in one of the regions (n, 4)."""
    if regions is None or not len(regions) or _area(box) <= 0:
        return False
    width = np.minimum(regions[:, 2], box[2]) - np.maximum(regions[:, 0], box[0])
    height = np.minimum(regions[:, 3], box[3]) - np.maximum(regions[:, 1], box[1])
    return bool((np.clip(width, 0, None) * np.clip(height, 0, None)).max() >= 0.5 * _area(box))


def _area(box: Boxes) -> float:
    return float(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]))
