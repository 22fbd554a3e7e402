"""A network as a `Detector`: parts of a picture in, objects in pixels of the picture out. The same picture, the same
answer: nothing of one picture is kept for the next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csu.detection.models.decoders import DECODERS, Raw
from csu.detection.models.errors import ModelMissing
from csu.detection.models.model_file import DEFAULT_MODEL, ModelFile, read_model_file
from csu.detection.models.regions import LOOKS_MAX, Laid, Region, lay, looks_for, shown_pixels, tiles_of
from csu.detection.models.runtimes import Network, load
from csu.detection.models.suppression import kept_boxes, shares_of_smaller
from csu.detection.observed import CLASSES, NO_DETECTIONS, Boxes, Detections

TILES = 2
"""Side by side, for a whole picture: fewer false boxes than by one look, for twice the time (decision 0093)."""
BELONGS = 0.3
"""Of the smaller of both: what a box and a region must share for the box to be in the region."""
EDGE_PX = 2.0
"""A box that comes so near the inner edge of a part was cut there."""


class NetworkDetector:
    """Objects by a network, for one thread at a time. Raises what `load` raises when it is made; no picture's size
    makes it raise."""

    def __init__(
        self, model: ModelFile, *, tiles: int = TILES, looks_max: int = LOOKS_MAX, network: Network | None = None
    ) -> None:
        """`tiles`: looks at a whole picture. `looks_max`: at regions, however many; 2 cost half and find less."""
        self._model, self._tiles, self._looks_max = model, tiles, looks_max
        self._network = load(model) if network is None else network
        self._decoder = DECODERS[model.decoder]
        self._thresholds = np.array([model.thresholds.get(kind, 2.0) for kind in CLASSES], np.float32)
        self._class_of = {number: CLASSES.index(kind) for number, kind in model.class_of.items()}

    @property
    def sha256(self) -> str:
        return self._model.sha256

    @property
    def model(self) -> ModelFile:
        return self._model

    @property
    def place(self) -> str:
        """What it runs on: an execution provider, or CPU."""
        return self._network.place

    def detect(self, bgr: NDArray[np.uint8], regions: Sequence[Region] | None) -> Detections:
        """Objects in a (h, w, 3) picture, best first in each class. With `regions`: those that lie in one of them; it
        is looked at with what is around it. Boxes end at the picture's edges."""
        height, width = bgr.shape[:2]
        if min(height, width) == 0:
            return NO_DETECTIONS
        if regions is None:
            looks = tiles_of((width, height), self._tiles)
        else:
            looks = looks_for(regions, (width, height), self._model.input, self._looks_max)
        found = [self._look(bgr, look) for look in looks]
        if not found:
            return NO_DETECTIONS
        boxes, scores, classes, cut = (np.concatenate(parts) for parts in zip(*found, strict=True))
        look_of = np.repeat(np.arange(len(found)), [len(each[1]) for each in found])
        if regions is not None:
            inside = _belongs(boxes, regions)
            boxes, scores, classes, cut, look_of = (
                boxes[inside], scores[inside], classes[inside], cut[inside], look_of[inside],
            )  # fmt: skip
        kept = kept_boxes(boxes, scores, classes, cut, look_of if self._decoder.is_final else None)
        return Detections(boxes[kept], scores[kept], classes[kept])

    def _look(
        self, bgr: NDArray[np.uint8], look: Region
    ) -> tuple[Boxes, NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
        """Boxes above their threshold in pixels of the picture, scores, classes, and whether the part's edge cut it."""
        shown = self._model.input
        laid = lay(look, shown)
        pixels = shown_pixels(bgr, laid, shown)
        raw = self._decoder.decode(self._network.run(self._arranged(pixels)), shown, len(self._model.labels))
        classes = np.array([self._class_of.get(int(label), -1) for label in raw.labels], np.int64)
        wanted = (classes >= 0) & (raw.scores >= self._thresholds[classes])
        return self._within(raw, wanted, classes, laid, bgr.shape[:2])

    def _arranged(self, pixels: NDArray[Any]) -> NDArray[Any]:
        shape = self._network.shape
        ordered = pixels if shape.channels_last else pixels.transpose(2, 0, 1)
        return np.ascontiguousarray(ordered[None], np.uint8 if shape.is_byte else np.float32)

    @staticmethod
    def _within(
        raw: Raw, wanted: NDArray[np.bool_], classes: NDArray[np.int64], laid: Laid, size: tuple[int, ...]
    ) -> tuple[Boxes, NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
        left, top, right, bottom = laid.region
        boxes = laid.to_picture(raw.boxes[wanted])
        boxes[:, 0::2] = boxes[:, 0::2].clip(left, right)
        boxes[:, 1::2] = boxes[:, 1::2].clip(top, bottom)
        inner = np.array([left > 0, top > 0, right < size[1], bottom < size[0]])
        cut = (inner & (np.abs(boxes - np.array(laid.region)) <= EDGE_PX)).any(axis=1)
        solid = (boxes[:, 2] - boxes[:, 0] >= 1) & (boxes[:, 3] - boxes[:, 1] >= 1)
        return boxes[solid], raw.scores[wanted][solid], classes[wanted][solid], cut[solid]


def default_detector(*, tiles: int = TILES) -> NetworkDetector:
    """The network that csu brings. Raises ModelMissing with the line that installs it."""
    return NetworkDetector(read_model_file(DEFAULT_MODEL), tiles=tiles)


def default_weights() -> str:
    """sha256 of the weights of the network that csu brings; empty: they are not on this machine. None are opened."""
    try:
        return read_model_file(DEFAULT_MODEL).sha256
    except ModelMissing:
        return ""


def open_detector(path: Path, *, tiles: int = TILES) -> NetworkDetector:
    """The network of a `model.toml`. Raises CsuError, whatever is wrong with it."""
    return NetworkDetector(read_model_file(path), tiles=tiles)


def _belongs(boxes: Boxes, regions: Sequence[Region]) -> NDArray[np.bool_]:
    if not len(regions):
        return np.zeros(len(boxes), np.bool_)
    shares = shares_of_smaller(boxes, np.array(regions, np.float32).reshape(-1, 4))
    return np.asarray((shares >= BELONGS).any(axis=1))
