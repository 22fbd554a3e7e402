"""Pictures of hits and misses for who reads the report. Small, few, and only ever of what was given to be measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.analysis import EventType
from csu.hal.words import Words

WIDTH_PX = 480
EACH_MAX = 3
"""Pictures kept of one type and verdict: a report stays a few megabytes."""
_JPEG_QUALITY = 72
Bgr = NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Blue, green, red."""
TRUE_COLOUR: Colour = (80, 200, 60)
TOLD_COLOUR: Colour = (30, 140, 255)
FOLLOWED_COLOUR: Colour = (235, 190, 60)
ZONE_COLOUR: Colour = (220, 220, 60)


class Verdict(StrEnum):
    """What a picture shows."""

    HIT = "hit"
    MISSED = "missed"
    FALSE = "false"

    @property
    def words(self) -> Words:
        return {
            Verdict.HIT: Words("trouvé", "found"),
            Verdict.MISSED: Words("manqué", "missed"),
            Verdict.FALSE: Words("faux signalement", "false signal"),
        }[self]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn over a picture. Shares of the picture, 0 to 1."""

    zones: Sequence[Sequence[tuple[float, float]]] = ()
    lines: Sequence[tuple[tuple[float, float], tuple[float, float]]] = ()
    true: Sequence[tuple[float, float, float, float]] = ()
    told: Sequence[tuple[float, float, float, float]] = ()
    followed: Sequence[tuple[float, float, float, float]] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG and what it is about."""

    type: EventType
    verdict: Verdict
    clip: str
    at_s: float
    jpeg: bytes


def drawn(bgr: Bgr, drawing: Drawing, width_px: int = WIDTH_PX) -> bytes:
    """`bgr` no wider than `width_px`, with its drawing, as JPEG. `bgr` is left as it is."""
    height, width = bgr.shape[:2]
    shown_width = min(width_px, width)
    size = (shown_width, max(1, round(height * shown_width / width)))
    shown: Bgr = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
    for corners in drawing.zones:
        cv2.polylines(shown, [_px(corners, size)], True, ZONE_COLOUR, 1, cv2.LINE_AA)
    for start, end in drawing.lines:
        at = _px((start, end), size)
        cv2.arrowedLine(shown, tuple(map(int, at[0])), tuple(map(int, at[1])), ZONE_COLOUR, 2, cv2.LINE_AA, 0, 0.04)
    for boxes, colour in (
        (drawing.followed, FOLLOWED_COLOUR),
        (drawing.true, TRUE_COLOUR),
        (drawing.told, TOLD_COLOUR),
    ):
        for left, top, right, bottom in boxes:
            at = _px(((left, top), (right, bottom)), size)
            cv2.rectangle(shown, tuple(map(int, at[0])), tuple(map(int, at[1])), colour, 1 + (boxes is drawing.told))
    good, data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not good:
        raise ValueError(f"OpenCV could not write {shown.shape} as JPEG")
    return np.asarray(data, np.uint8).tobytes()


def _px(points: Sequence[tuple[float, float]], size: tuple[int, int]) -> NDArray[np.int32]:
    return np.rint(np.asarray(points, np.float64) * size).astype(np.int32)


@dataclass(slots=True)
class Album:
    """The first few pictures of each type and verdict, from as many clips as there are."""

    kept: dict[tuple[EventType, Verdict], list[Picture]] = field(default_factory=lambda: defaultdict(list))

    def wants(self, kind: EventType, verdict: Verdict, clip: str) -> bool:
        """Whether there is room for one, and none of this clip yet."""
        there = self.kept[kind, verdict]
        return len(there) < EACH_MAX and all(picture.clip != clip for picture in there)

    def keep(self, picture: Picture) -> None:
        """Keep it, if it is wanted."""
        if self.wants(picture.type, picture.verdict, picture.clip):
            self.kept[picture.type, picture.verdict].append(picture)

    def of(self, kind: EventType) -> list[Picture]:
        """Hits, misses, false ones of a type."""
        return [picture for verdict in Verdict for picture in self.kept.get((kind, verdict), ())]
