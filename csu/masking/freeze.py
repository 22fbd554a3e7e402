"""A picture that stands still while the head turns shows an old view: every pose since it first came counts. Pure.

An encoder that is stuck sends one picture again and again, with new times (PRV-5). Nobody can tell it from a live
picture of a view that looks the same. So a picture may be any of those before it that it cannot be told from, and its
mask holds the poses of them all. Where the head rests that is the one pose, and nothing more is masked. A picture that
stops when the readings do is believed: one that froze at the very end of a turn is the one miss.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import hypot, log2, remainder
from typing import NoReturn, final

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.frames import ClearPictureRefused, YuvPlanes
from csu.hal.place import Pose
from csu.masking.cover import PATH_POSES_MAX
from csu.masking.track import SPAN_DEG_MAX, TREMBLE_DEG, TREMBLE_DOUBLINGS, PoseSpan

BLOCKS = (64, 36)
"""Pictures are compared by the means of so many blocks, across and down: what an encoder adds and leaves out is fine
detail, what a turn changes is not."""
LEVELS_MOVED = 20
"""A block has moved when its mean differs by more."""
SHARE_CHANGED = 0.1
"""Two pictures surely are two when more of their blocks differ. One picture encoded twice differs in fewer, and so does
one with a clock, pan and tilt written over it (decision 0061)."""
SETTLED_NS = NS_PER_S
"""What an encoder may take to bring a picture that has come to rest to its full quality."""
LEVELS_PASSED, SHARE_PASSED = 12, 0.05
"""The same of a camera at rest whose picture has settled, of all blocks that moved one after the other: the trace of
passers-by grows, a clock moves the blocks that it is written on."""
STOP_TOGETHER_NS = 300 * NS_PER_MS
"""A camera whose picture has been the same for no longer than this when its readings first have it at rest has stopped,
and did not freeze: a reading's time, the margins of a picture's date, and the pictures at the end of a turn that look
as those at rest do. What froze in it is missed by what the head went in it (decision 0061)."""
STAYS_KEPT = 8
"""Older ones are taken together."""

_SAMPLED_ROWS = 270
"""Rows that are looked at, about, and as many columns for each: each fourth at 1080p."""

Sketch = NDArray[np.int16]


def sketch_of(planes: YuvPlanes) -> Sketch:
    """The means of BLOCKS parts of the luma, in 8 bits: int16 (36, 64)."""
    step = max(1, planes.height_px // _SAMPLED_ROWS)
    sampled = planes.y[::step, ::step] >> (planes.depth_bits - 8)
    return cv2.resize(sampled.astype(np.uint8), BLOCKS, interpolation=cv2.INTER_AREA).astype(np.int16)


def are_two(a: Sketch, b: Sketch) -> bool:
    """Are these surely two pictures, and not one that was encoded twice, its clock ticking?"""
    return float((np.abs(a - b) > LEVELS_MOVED).mean()) > SHARE_CHANGED


@dataclass(slots=True)
class _Stay:
    """Pictures one after the other, and the poses they were taken from."""

    newest: Sketch
    path: tuple[Pose, ...]
    angle_deg: float
    focal_share: float
    rests_since_ns: Nanoseconds | None
    since_ns: Nanoseconds
    """When the first of all that the newest may be was taken, at the earliest."""
    is_lost: bool = False
    """Of one of them nobody knew where the camera looked."""
    settled: Sketch | None = None
    moved: NDArray[np.bool_] | None = None
    """Blocks that have differed from `settled` at any time since."""


@final
class FreezeWatch:
    """Of one camera that turns, over all its connections. For each picture: `look`, then `since`. One thread's.

    It holds sketches of clear pictures; like a `ClearFrame`, it does not leave its process.
    """

    def __init__(self) -> None:
        self._stays: list[_Stay] = []
        """Of the pictures that the newest may be, oldest first."""
        self._seen: Sketch | None = None
        self._last: Pose | None = None
        """The newest pose that was known, of whatever picture."""

    def __reduce__(self) -> NoReturn:
        raise ClearPictureRefused(self, where="csu.masking.freeze")

    def look(self, planes: YuvPlanes) -> None:
        """The next picture. It shows nothing of before the last one that it surely is not."""
        self._seen = sketch_of(planes)
        for place in reversed(range(len(self._stays))):
            if are_two(self._stays[place].newest, self._seen):
                del self._stays[: place + 1]
                return

    def since(self, span: PoseSpan | None, from_ns: Nanoseconds) -> PoseSpan | None:
        """Every pose that the picture may show, given those of its own while, which began at `from_ns`; None: any.

        A while that nobody can tell of counts as rest if the camera rests after it where it was before it.
        """
        if self._seen is None:
            return None
        if span is None:
            self._keep(_Stay(self._seen, (), 0.0, 0.0, None, from_ns, is_lost=True))
            return None
        if self._last is None or (span.at_rest and _is_beside(span.path, self._last)):
            from_ns = min([from_ns, *(stay.since_ns for stay in self._stays if stay.is_lost)])
            self._stays = [replace(stay, is_lost=False) for stay in self._stays if stay.path]
        self._keep(_Stay(self._seen, span.path, span.angle_deg, span.focal_share, span.rests_since_ns, from_ns))
        if any(stay.is_lost for stay in self._stays):
            return None
        self._last = span.path[-1]
        return span if len(self._stays) == 1 and span.at_rest else self._joined()

    def _keep(self, stay: _Stay) -> None:
        before = self._stays[-1] if self._stays else None
        if before is None or not _is_one_rest(before, stay):
            self._stays.append(stay)
        else:
            before.newest = stay.newest
            if len(self._stays) > 1 and _is_proved_live(before, stay.since_ns):
                del self._stays[:-1]
        self._believe_a_stop()
        if len(self._stays) > STAYS_KEPT:
            self._stays[:2] = [_taken_together(*self._stays[:2])]

    def _believe_a_stop(self) -> None:
        """Where picture and readings stopped together, nothing is left of the way. The picture may be of its end."""
        rest = self._stays[-1]
        since_ns = min(stay.since_ns for stay in self._stays)
        if rest.rests_since_ns is not None and since_ns >= rest.rests_since_ns - STOP_TOGETHER_NS:
            rest.since_ns = since_ns  # or by little moves, one after the other, it would never grow old
            del self._stays[:-1]

    def _joined(self) -> PoseSpan | None:
        path = tuple(pose for stay in self._stays for pose in stay.path)
        angle_deg = max(stay.angle_deg for stay in self._stays) + TREMBLE_DEG
        if len(self._stays[0].path) > PATH_POSES_MAX or _extent_deg(path) + 2 * angle_deg > SPAN_DEG_MAX:
            return None
        path = _thinned(path)
        if len(path) > PATH_POSES_MAX:
            return None
        focal_share = (1 + max(stay.focal_share for stay in self._stays)) * 2.0**TREMBLE_DOUBLINGS - 1
        return PoseSpan(path, angle_deg, focal_share)


def _is_one_rest(before: _Stay, now: _Stay) -> bool:
    if before.is_lost or now.is_lost:
        return not before.path and not now.path
    is_at_rest = before.rests_since_ns is not None and now.rests_since_ns is not None
    return is_at_rest and _is_beside(now.path, before.path[0])


def _is_proved_live(rest: _Stay, now_ns: Nanoseconds) -> bool:
    """Has so much passed by, one after the other, that pictures were surely taken since the camera came to rest?"""
    if now_ns - rest.since_ns < SETTLED_NS:
        return False
    if rest.settled is None or rest.moved is None:
        rest.settled, rest.moved = rest.newest, np.zeros(BLOCKS[::-1], np.bool_)
    rest.moved |= np.abs(rest.settled - rest.newest) > LEVELS_PASSED
    return float(rest.moved.mean()) > SHARE_PASSED


def _taken_together(older: _Stay, newer: _Stay) -> _Stay:
    """One stay for two: it is over when its newest picture surely is another."""
    path = older.path
    if not any(_is_beside(newer.path, pose) for pose in path):
        path = _thinned(path + newer.path)[: PATH_POSES_MAX + 1]
    angle_deg, focal_share = max(older.angle_deg, newer.angle_deg), max(older.focal_share, newer.focal_share)
    is_lost = older.is_lost or newer.is_lost
    return _Stay(newer.newest, path, angle_deg, focal_share, None, min(older.since_ns, newer.since_ns), is_lost)


def _is_beside(path: tuple[Pose, ...], pose: Pose) -> bool:
    """Is all of it within what a head that holds still trembles from `pose`?"""
    return all(
        hypot(remainder(a.pan_deg - pose.pan_deg, 360.0), a.tilt_deg - pose.tilt_deg) <= TREMBLE_DEG
        and abs(log2(a.focal_px / pose.focal_px)) <= TREMBLE_DOUBLINGS
        for a in path
    )


def _unrolled(path: tuple[Pose, ...]) -> NDArray[np.float64]:
    """(poses, 3): pan, each turn taken the shorter way round, tilt, doublings of the focal length."""
    pans = [path[0].pan_deg]
    for a, b in pairwise(path):
        pans.append(pans[-1] + remainder(b.pan_deg - a.pan_deg, 360.0))
    return np.array([(pan, pose.tilt_deg, log2(pose.focal_px)) for pan, pose in zip(pans, path, strict=True)])


def _extent_deg(path: tuple[Pose, ...]) -> float:
    """How far a path reaches, pan and tilt together."""
    pan_deg, tilt_deg, _ = np.ptp(_unrolled(path), axis=0)
    return hypot(pan_deg, tilt_deg)


def _thinned(path: tuple[Pose, ...]) -> tuple[Pose, ...]:
    """Without the poses that lie within a tremble of the chord of those around them. What is so near a chord is convex:
    it holds the ways between those poses too, in whatever order they were gone."""
    if len(path) < 3:
        return path
    places, kept, end = _unrolled(path), [0], len(path) - 1
    while (first := kept[-1]) < end:
        # Whiles overlap, so that paths go back a little: the farthest is tried first, and then ever nearer ones.
        nearer = (first + step for step in (16, 8, 4, 2, 1) if first + step < end)
        tried = (last for last in (end, *nearer) if _is_near_chord(places[first:last], places[first], places[last]))
        kept.append(next(tried))
    return tuple(path[place] for place in kept)


def _is_near_chord(places: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    way = b - a
    length = float(way[:2] @ way[:2])
    share = np.clip((places - a)[:, :2] @ way[:2] / length, 0.0, 1.0) if length > 0 else np.zeros(len(places))
    off = np.abs(places - (a + share[:, None] * way))
    return bool((np.hypot(off[:, 0], off[:, 1]) <= TREMBLE_DEG).all() and (off[:, 2] <= TREMBLE_DOUBLINGS).all())
