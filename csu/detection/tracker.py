"""Objects followed from picture to picture by where they are and how they move, and by nothing else.

Association in two steps as ByteTrack does it (Zhang et al., ECCV 2022): sure detections first, then unsure ones for
tracks still without; a constant-velocity course between them. There is no appearance, on purpose: what recognises a
person who left and came back would be an embedding of a person (VSA-5). Measured beside ByteTrack in
benchmarks/RESULTS.md, section 11. Pure: pictures' times in, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from csu.detection.ground import GroundView
from csu.detection.observed import CLASSES, Detections, Tracked
from csu.hal.analysis import ObjectClass
from csu.hal.clock import Nanoseconds

Floats = NDArray[np.float64]
_S = 1e-9
"""Seconds in a nanosecond."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Defaults measured on PETS S2.L1 with the default network, whose own threshold is 0.25 (RESULTS, section 11)."""

    score_sure: float = 0.3
    score_unsure: float = 0.12
    """What is below is no detection."""
    score_new: float = 0.35
    """A track begins with that."""
    hits_min: int = 3
    """A track is told from its third detection on,"""
    told_after_s: float = 0.35
    """and that long after its first: what flickers for a moment is nobody."""
    likeness_sure: float = 0.15
    likeness_unsure: float = 0.35
    """The least likeness (overlap, and nearness by size) of a track and a detection, in each step."""
    lost_s: float = 3.0
    """A track that was not seen for so long, and missed by two looks, has ended; one that is not told yet, after the
    two looks."""
    gone_s: float = 8.0
    """So has one that nobody looked for meanwhile."""
    place: float = 0.6
    course: float = 0.25
    """Alpha and beta of the filter: the share of what was not expected that moves the box, and its velocity."""
    reach_sizes: float = 0.3
    """How far a detection may lie from where it is expected, in sizes (root of the box's area),"""
    reach_sizes_per_s: float = 1.2
    """and that much more a second since the last;"""
    reach_new_sizes_per_s: float = 6.0
    """while the course of a track is not known yet: a runner goes 4 of his a second, a car 6 of its."""
    smooth_s: float = 0.6
    """Time constant of a velocity in metres."""


DEFAULT_SETTINGS = TrackerSettings()


@dataclass(slots=True)
class _Tracks:
    """Everything known of n objects, column by column."""

    track: NDArray[np.int64]
    box: Floats
    """(n, 4) px, as of the last picture."""
    speed: Floats
    """(n, 4) px/s of each side."""
    hits: NDArray[np.int64]
    missed: NDArray[np.int64]
    """Looks of the detector since it was found."""
    first_ns: NDArray[np.int64]
    seen_ns: NDArray[np.int64]
    before_ns: NDArray[np.int64]
    """When it was found before that."""
    votes: Floats
    """(n, classes): sum of scores."""
    foot_m: Floats
    """(n, 2), when it was seen last; NaN: not known."""
    speed_m: Floats
    """(n, 2) m/s; NaN: not known."""

    @staticmethod
    def new(first: int, at_ns: Nanoseconds, boxes: Floats, votes: Floats) -> _Tracks:
        n = len(boxes)
        at, unknown = np.full(n, at_ns, np.int64), np.full((n, 2), np.nan)
        return _Tracks(
            np.arange(first, first + n),
            boxes,
            np.zeros((n, 4)),
            np.ones(n, np.int64),
            np.zeros(n, np.int64),
            at,
            at.copy(),
            at.copy(),
            votes,
            unknown,
            unknown.copy(),
        )

    def only(self, keep: NDArray[np.bool_]) -> _Tracks:
        return self if keep.all() else _Tracks(*(getattr(self, name)[keep] for name in self.__slots__))

    def joined(self, other: _Tracks) -> _Tracks:
        both = ((getattr(self, name), getattr(other, name)) for name in self.__slots__)
        return _Tracks(*(np.concatenate(pair) for pair in both)) if len(other.track) else self


class Tracker:
    """The tracks of one analysis. Their numbers count from 1 and mean nothing outside of it."""

    def __init__(self, ground: GroundView | None = None, settings: TrackerSettings = DEFAULT_SETTINGS) -> None:
        self._ground, self._settings = ground, settings
        self._next = 1
        self.reset()

    def reset(self) -> None:
        """Forget every track; numbers go on."""
        self._at_ns: Nanoseconds | None = None
        self._tracks = _Tracks.new(self._next, 0, np.zeros((0, 4)), np.zeros((0, len(CLASSES))))

    def expected(self, at_ns: Nanoseconds) -> Floats:
        """(n, 4) px: where every track will be, also those that are not told yet. A detector must look there."""
        if self._at_ns is None:
            return self._tracks.box
        return self._tracks.box + self._tracks.speed * ((at_ns - self._at_ns) * _S)

    def step(self, at_ns: Nanoseconds, found: Detections | None, *, by_motion: bool = False) -> Sequence[Tracked]:
        """The tracks in a picture after what a detector found in it; None: it did not look, they go their course.

        `by_motion`: told by what moves alone, so that who is not in it was not looked for, and may stand still.

        Raises ValueError when time does not advance.
        """
        if self._at_ns is not None and at_ns <= self._at_ns:
            raise ValueError(f"a picture of {at_ns} after one of {self._at_ns}")
        self._tracks.box = self.expected(at_ns)
        self._at_ns = at_ns
        if found is not None:
            self._associate(at_ns, found, by_motion=by_motion)
        tracks, settings = self._tracks, self._settings
        since_s, is_missed = (at_ns - tracks.seen_ns) * _S, tracks.missed > 1
        lost = is_missed & ((since_s > settings.lost_s) | (tracks.hits < settings.hits_min)) | (
            since_s > settings.gone_s
        )
        self._tracks = tracks.only(~lost)
        return self._told(at_ns, self._on_ground(at_ns))

    def _associate(self, at_ns: Nanoseconds, found: Detections, *, by_motion: bool) -> None:
        settings, tracks, boxes, scores = self._settings, self._tracks, found.boxes.astype(np.float64), found.scores
        sure = np.flatnonzero(scores >= settings.score_sure)
        free = np.arange(len(tracks.track))
        of_sure, matched = self._match(at_ns, free, boxes[sure], found.classes[sure], settings.likeness_sure)
        self._follow(at_ns, of_sure, found, boxes, sure[matched])
        seen = np.zeros(len(free), bool)
        seen[of_sure] = True
        unsure = np.flatnonzero((scores < settings.score_sure) & (scores >= settings.score_unsure))
        if len(unsure):
            free = np.flatnonzero(~seen & (tracks.missed < 3))
            of_unsure, matched_unsure = self._match(
                at_ns, free, boxes[unsure], found.classes[unsure], settings.likeness_unsure
            )
            self._follow(at_ns, of_unsure, found, boxes, unsure[matched_unsure])
            seen[of_unsure] = True
        if not by_motion:
            tracks.missed[~seen] += 1
            tracks.speed[~seen] *= _FADE
        new = np.delete(sure, matched)
        new = new[scores[new] >= settings.score_new]
        votes = np.zeros((len(new), len(CLASSES)))
        votes[np.arange(len(new)), found.classes[new]] = scores[new]
        self._tracks = tracks.joined(_Tracks.new(self._next, at_ns, boxes[new], votes))
        self._next += len(new)

    def _match(
        self,
        at_ns: Nanoseconds,
        free: NDArray[np.intp],
        boxes: Floats,
        classes: NDArray[np.int64],
        likeness_min: float,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which of the free tracks is which box: indices of tracks, and of `boxes`."""
        if not len(free) or not len(boxes):
            return _NONE, _NONE
        tracks, settings = self._tracks, self._settings
        ours = tracks.box[free]
        elapsed_s = (at_ns - tracks.seen_ns[free]) * _S
        pace = np.where(tracks.hits[free] > 1, settings.reach_sizes_per_s, settings.reach_new_sizes_per_s)
        likeness = _likeness(ours, boxes, settings.reach_sizes + pace * np.minimum(elapsed_s, 1.0))
        apart = _DRIVES[tracks.votes[free].argmax(axis=1)][:, None] != _DRIVES[classes][None]
        likeness[apart | (likeness < likeness_min)] = 0.0
        ours_index, theirs = linear_sum_assignment(likeness, maximize=True)
        alike = likeness[ours_index, theirs] > 0
        return free[ours_index[alike]], theirs[alike]

    def _follow(
        self, at_ns: Nanoseconds, which: NDArray[np.intp], found: Detections, boxes: Floats, to: NDArray[np.intp]
    ) -> None:
        """Alpha-beta: move tracks towards what was found."""
        if not len(which):
            return
        tracks, settings = self._tracks, self._settings
        elapsed_s = np.asarray((at_ns - tracks.seen_ns[which]) * _S, np.float64)
        apart = boxes[to] - tracks.box[which]
        k = tracks.hits[which] + 1.0  # the first gains are those of a straight line through all k detections
        tracks.box[which] += np.maximum(settings.place, (4 * k - 2) / (k * (k + 1)))[:, None] * apart
        course = np.maximum(settings.course, 6 / (k * (k + 1)))
        speed = tracks.speed[which] + apart * (course / elapsed_s)[:, None]
        middle = (speed[:, :2] + speed[:, 2:]) / 2  # a box mostly goes as a whole
        tracks.speed[which] = 0.3 * speed + 0.7 * np.concatenate([middle, middle], axis=1)
        tracks.hits[which] += 1
        tracks.missed[which] = 0
        tracks.votes[which, found.classes[to]] += found.scores[to]
        tracks.before_ns[which] = tracks.seen_ns[which]
        tracks.seen_ns[which] = at_ns

    def _on_ground(self, at_ns: Nanoseconds) -> Floats | None:
        """(n, 2) m: where every track stands; and how fast those go that were found in this picture."""
        tracks = self._tracks
        if self._ground is None or not len(tracks.track):
            return None
        feet_m = self._ground.to_ground(_feet(tracks.box))
        which = np.flatnonzero(tracks.seen_ns == at_ns)
        if len(which):
            elapsed_s = np.maximum(at_ns - tracks.before_ns[which], 1)[:, None] * _S
            now = (feet_m[which] - tracks.foot_m[which]) / elapsed_s
            before = tracks.speed_m[which]
            share = 1 - np.exp(-elapsed_s / self._settings.smooth_s)
            tracks.speed_m[which] = np.where(np.isnan(before), now, before + share * (now - before))
            tracks.foot_m[which] = feet_m[which]
        return feet_m

    def _told(self, at_ns: Nanoseconds, feet_m: Floats | None) -> list[Tracked]:
        tracks = self._tracks
        known_ns = tracks.seen_ns - tracks.first_ns
        told = np.flatnonzero((tracks.hits >= self._settings.hits_min) & (known_ns >= self._settings.told_after_s / _S))
        if not len(told):
            return []
        boxes, speed = tracks.box[told], tracks.speed[told]
        unknown: list[None] = [None] * len(told)
        feet: Sequence[tuple[float, float] | None] = unknown
        heights: Sequence[float | None] = unknown
        if self._ground is not None and feet_m is not None:
            heads = _feet(boxes)
            heads[:, 1] = boxes[:, 1]
            feet = _pairs(feet_m[told])
            heights = [high if high == high else None for high in self._ground.heights_m(feet_m[told], heads).tolist()]
        return [
            Tracked(track, CLASSES[kind], box, foot, speed_m if foot else None, px_s, first, seen_ns == at_ns, high)
            for track, kind, box, foot, speed_m, px_s, first, seen_ns, high in zip(
                tracks.track[told].tolist(),
                tracks.votes[told].argmax(axis=1).tolist(),
                map(tuple, boxes.tolist()),
                feet,
                _pairs(tracks.speed_m[told]),
                map(tuple, ((speed[:, :2] + speed[:, 2:]) / 2).tolist()),
                tracks.first_ns[told].tolist(),
                tracks.seen_ns[told].tolist(),
                heights,
                strict=True,
            )
        ]


_NONE = np.zeros(0, np.intp)
_DRIVES = np.array([kind in (ObjectClass.CAR, ObjectClass.BUS, ObjectClass.TRUCK) for kind in CLASSES])
"""By class: who walks does not become a car. A rider may be taken for a person, and a lorry for a bus."""
_FADE = 0.95
"""Of a course that a look of the detector did not confirm."""


def _feet(boxes: Floats) -> Floats:
    """(n, 2): the middle of each lower edge."""
    feet = boxes[:, 2:].copy()
    feet[:, 0] = (boxes[:, 0] + boxes[:, 2]) / 2
    return feet


def _pairs(points: Floats) -> list[tuple[float, float] | None]:
    return [None if x != x or y != y else (x, y) for x, y in points.tolist()]


def _likeness(ours: Floats, theirs: Floats, reach: Floats) -> Floats:
    """(n, m): overlap by union, and up to 0.3 for nearness: 1 where the middles meet, 0 at `reach` (n,) sizes."""
    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    common = np.maximum(high - low, 0.0).prod(axis=2)
    size, other = (ours[:, 2:] - ours[:, :2]).prod(axis=1), (theirs[:, 2:] - theirs[:, :2]).prod(axis=1)
    overlap = common / (size[:, None] + other[None] - common + 1e-9)
    apart = (ours[:, None, :2] + ours[:, None, 2:] - theirs[None, :, :2] - theirs[None, :, 2:]) / 2
    sizes = np.hypot(apart[..., 0], apart[..., 1]) / np.sqrt(np.maximum(size, 1.0))[:, None]
    return np.asarray(overlap + 0.3 * np.maximum(1 - sizes / reach[:, None], 0.0), np.float64)
