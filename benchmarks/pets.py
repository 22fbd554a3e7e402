"""PETS 2009 S2.L1 as OpenCV's documentation ships it (Debian's opencv-doc): the pictures, and where people are in them.

Neither is ours to pass on. The truth is a table that its user supplies (`CSU_PETS_TRUTH`): `frame,id,left,top,width,
height` in pixels of 768x576, at some pictures of each track; between them it is drawn straight. RESULTS.md says which.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Boxes = NDArray[np.float32]

CLIP = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
TRUTH = "CSU_PETS_TRUTH"
WIDTH_PX, HEIGHT_PX, PICTURES = 768, 576, 250
LEARN_PICTURES = 24
"""Not judged: what walks in the first picture is in every background."""
MOVED_PX, MOVED_PICTURES = 2.5, 3
"""A person moves whose corner went that far in so many pictures; who stands is no motion gate's to tell."""
COVERED = 0.3
"""Share of a person that boxes must cover to have told him."""
BESIDE = (0.3, 0.15)
"""How far beyond a person, in its width and height, a box may lie and still be his: shadows, steps."""
EDGE_PICTURES = 10
"""Before and after a track its person is half in the picture, which the published truth leaves out."""


def pictures(count: int = PICTURES) -> list[Grey]:
    """Luma of the first pictures. Skips the test where the clip is not installed."""
    if not CLIP.exists():
        pytest.skip(f"{CLIP} is not installed (Debian: opencv-doc)")
    clip = cv2.VideoCapture(str(CLIP))
    found = [np.asarray(cv2.cvtColor(clip.read()[1], cv2.COLOR_BGR2GRAY), np.uint8) for _ in range(count)]
    clip.release()
    return found


def scaled(luma: Grey, width_px: int, height_px: int) -> Grey:
    return np.asarray(cv2.resize(luma, (width_px, height_px), interpolation=cv2.INTER_LINEAR), np.uint8)


@dataclass(frozen=True, slots=True)
class Score:
    """Of a motion gate on the judged pictures."""

    recall: float
    """Share of moving persons that were told, picture by picture."""
    false_per_picture: float
    """Boxes at nobody."""
    persons: int


class Truth:
    """Where people are."""

    def __init__(self, path: Path) -> None:
        tracks: dict[int, dict[int, tuple[int, int, int, int]]] = defaultdict(dict)
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                frame, track, left, top, width, height = map(int, line.split(","))
                tracks[track][frame] = (left, top, left + width, top + height)
        self._tracks = {track: dict(sorted(keys.items())) for track, keys in tracks.items()}

    @staticmethod
    def supplied() -> Truth:
        """Skips the test where there is none."""
        path = os.environ.get(TRUTH)
        if not path:
            pytest.skip(f"no truth of PETS S2.L1 at hand: name a table in {TRUTH}")
        return Truth(Path(path))

    def at(self, frame: int, beyond: int = 0) -> dict[int, NDArray[np.float64]]:
        """Boxes by track in a picture (from 1); `beyond`: also so many pictures before and after a track."""
        found = {}
        for track, keys in self._tracks.items():
            frames = list(keys)
            if frames[0] - beyond <= frame <= frames[-1] + beyond:
                sides = np.array(list(keys.values()), np.float64).T
                found[track] = np.array([np.interp(frame, frames, side) for side in sides])
        return found

    def judge(self, boxes_of: Callable[[int], Sequence[NDArray[np.float32]] | Boxes]) -> Score:
        """`boxes_of(frame)`: what a gate tells of each picture in turn, in pixels of 768x576."""
        told = persons = false = 0
        for frame in range(1, PICTURES + 1):
            boxes = boxes_of(frame)
            if frame <= LEARN_PICTURES:
                continue
            before = self.at(frame - MOVED_PICTURES)
            covered = np.zeros((HEIGHT_PX, WIDTH_PX), bool)
            for left, top, right, bottom in boxes:
                covered[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
            for track, box in self.at(frame).items():
                if track in before and np.hypot(*(box - before[track])[:2]) >= MOVED_PX:
                    left, top, right, bottom = np.clip(box, 0, [WIDTH_PX, HEIGHT_PX] * 2).astype(int)
                    persons += 1
                    told += bool(covered[top:bottom, left:right].mean() >= COVERED)
            people = list(self.at(frame, EDGE_PICTURES).values())
            false += sum(not any(_is_his(box, person) for person in people) for box in boxes)
        return Score(told / persons, false / (PICTURES - LEARN_PICTURES), persons)


def _is_his(box: NDArray[np.float32], person: NDArray[np.float64]) -> bool:
    x, y = BESIDE[0] * (person[2] - person[0]), BESIDE[1] * (person[3] - person[1])
    return bool(box[0] < person[2] + x and box[2] > person[0] - x and box[1] < person[3] + y and box[3] > person[1] - y)
