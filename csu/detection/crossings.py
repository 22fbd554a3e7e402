"""What is counted, told from tracks by geometry alone: a line that a foot crossed, whether someone is at a bin.

It is handed to a `Counter` as it happens and forgotten: which track it was is nowhere told (STA-2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from csu.detection.observed import Tracked
from csu.detection.rules.zone import ZoneOnPicture, foot_px
from csu.hal.analysis import AnalysisZone, BinPlace, CountLine, ObjectClass
from csu.hal.clock import Nanoseconds

Point = tuple[float, float]

BAND_HEIGHTS, BAND_MIN_PX = 0.1, 2.0
"""A foot has changed sides when it is that far beyond the line, in heights of its box and in pixels: boxes tremble."""


class Counter(Protocol):
    """Where counts go. It adds up, and keeps nothing of who was counted (STA-2)."""

    def crossed(self, counter: str, object_class: ObjectClass, forward: bool, at_ns: Nanoseconds) -> None:
        """Someone or something crossed a `CountLine`."""
        ...

    def someone_at(self, bin_name: str, someone: bool, at_ns: Nanoseconds) -> None:
        """Whether anybody is within reach of a `BinPlace`, picture by picture: what a deposit is, is not said here."""
        ...


@dataclass(slots=True)
class _Side:
    """Where a track's foot was when it was last clear of a line, and on which side: -1 left, 1 right."""

    side: int
    at: Point
    done: bool = False


@dataclass(slots=True)
class Crossings:
    """One camera's lines and bins. One count for each track and line, whichever way it wanders afterwards.

    Raises ZoneRefused for a bin whose corners make no place on the picture.
    """

    lines: Sequence[CountLine]
    bins: Sequence[BinPlace]
    size_px: tuple[int, int]
    _sides: dict[tuple[str, int], _Side] = field(default_factory=dict)
    _places: tuple[ZoneOnPicture, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._places = tuple(ZoneOnPicture(AnalysisZone(each.bin, each.corners), self.size_px) for each in self.bins)

    def step(self, tracks: Sequence[Tracked], at_ns: Nanoseconds, counter: Counter) -> None:
        """Take the tracks of a picture. Those that are only expected somewhere cross nothing."""
        here = {track.track for track in tracks}
        self._sides = {key: side for key, side in self._sides.items() if key[1] in here}
        for track in tracks:
            if not track.is_seen:
                continue
            for line in self.lines:
                if track.kind in line.classes:
                    self._at_line(line, track, at_ns, counter)
        feet = np.array([foot_px(track) for track in tracks if track.kind is ObjectClass.PERSON]).reshape(-1, 2)
        for place in self._places:
            counter.someone_at(place.name, bool(place.holds(feet).any()), at_ns)

    def reset(self) -> None:
        """Forget on which side anyone was: the view changed."""
        self._sides.clear()

    def _px(self, point: Point) -> Point:
        return point[0] * self.size_px[0], point[1] * self.size_px[1]

    def _at_line(self, line: CountLine, track: Tracked, at_ns: Nanoseconds, counter: Counter) -> None:
        foot, high_px = foot_px(track), track.box[3] - track.box[1]
        start, end = self._px(line.start), self._px(line.end)
        beyond_px = side_of(foot, start, end)
        if abs(beyond_px) < max(BAND_MIN_PX, BAND_HEIGHTS * high_px):
            return
        side = 1 if beyond_px > 0 else -1
        known = self._sides.setdefault((line.line, track.track), _Side(side, foot))
        if known.side != side and not known.done and meet(known.at, foot, start, end):
            known.done = True
            counter.crossed(line.line, track.kind, side > 0, at_ns)
        known.side, known.at = side, foot


def side_of(point: Point, start: Point, end: Point) -> float:
    """How far a picture point is to the right of a line, seen from `start` towards `end`; negative to its left.

    In the unit of the points, y down. A line without length has no sides: 0.
    """
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = (along_x * along_x + along_y * along_y) ** 0.5
    return (along_x * (point[1] - start[1]) - along_y * (point[0] - start[0])) / length if length else 0.0


def meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the way from `a` to `b` and the piece from `c` to `d` cross each other."""
    return side_of(a, c, d) * side_of(b, c, d) <= 0 and side_of(c, a, b) * side_of(d, a, b) <= 0
