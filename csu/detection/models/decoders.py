"""What a network puts out, read as boxes in pixels of what it was shown. One function a family of networks.

`outputs`: by name, in the graph's order. A shape that is none of the family's is refused: half-understood outputs would
be boxes that nothing stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.detection.models.errors import refused
from csu.detection.models.model_file import DecoderName, NetworkInput
from csu.detection.observed import Boxes
from csu.hal.words import Words

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
STRIDES = (8, 16, 32)
"""Of YOLOX's three grids, in pixels of its input (Megvii, yolox/utils/demo_utils.py)."""
SURE = 1e-4
"""Less than this is no detection; padding has 0."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Boxes in pixels of the network's input, whatever their score. labels: (n,), as the network numbers them."""

    boxes: Boxes
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]


Decode: TypeAlias = Callable[[Outputs, NetworkInput, int], Raw]
"""Outputs, what was shown, how many labels the network has."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """How one family is read. `asks_size`: its second input `orig_target_sizes` is (1, 2) int64, width and height.
    `is_final`: one box a thing already; boxes of one look at the same pixels do not suppress each other."""

    decode: Decode
    asks_size: bool = False
    is_final: bool = False


def _yolox(outputs: Outputs, shown: NetworkInput, labels: int) -> Raw:
    """(1, n, 5 + labels): centre and log size in strides, objectness, one score a label; sigmoids are in the graph."""
    (told,) = _of_shapes(outputs, (1, None, 5 + labels))
    grids = []
    for stride in STRIDES:
        ys, xs = np.mgrid[0 : shown.height // stride, 0 : shown.width // stride]
        grids.append(np.stack([xs.ravel(), ys.ravel(), np.full(xs.size, stride)], axis=1))
    grid = np.concatenate(grids).astype(np.float32)
    if len(grid) != told.shape[1]:
        raise _not_of_family(outputs, f"(1, {len(grid)}, {5 + labels})")
    rows = told[0].astype(np.float32)
    centre, half = (rows[:, :2] + grid[:, :2]) * grid[:, 2:], np.exp(np.minimum(rows[:, 2:4], 20)) * grid[:, 2:] / 2
    scores = rows[:, 4:5] * rows[:, 5:]
    best = scores.argmax(axis=1)
    return _raw(np.hstack([centre - half, centre + half]), scores[np.arange(len(rows)), best], best)


def _detr(outputs: Outputs, shown: NetworkInput, labels: int) -> Raw:
    """RT-DETR and D-FINE with their post-processing: labels (1, n), boxes (1, n, 4), scores (1, n), by name. They were
    asked for the size of what they were shown, so boxes are in its pixels."""
    del shown, labels
    named = _named(outputs, "labels", "boxes", "scores")
    count = named["scores"].shape[-1]
    kinds, boxes, scores = _of_shapes(named, (1, count), (1, count, 4), (1, count))
    return _raw(boxes[0], scores[0], kinds[0])


def _ssd7(outputs: Outputs, shown: NetworkInput, labels: int) -> Raw:
    """(1, 1, n, 7): picture, label, score, left, top, right, bottom in [0, 1]; a picture below 0 ends the list."""
    del labels
    (told,) = _of_shapes(outputs, (1, 1, None, 7))
    rows = told[0, 0]
    ends = np.flatnonzero(rows[:, 0] < 0)
    rows = rows[: ends[0]] if len(ends) else rows
    return _raw(rows[:, 3:] * _scale(shown), rows[:, 2], rows[:, 1])


def _atss(outputs: Outputs, shown: NetworkInput, labels: int) -> Raw:
    """boxes (n, 5): left, top, right, bottom in pixels of the input, score; labels (n,), by name."""
    del shown, labels
    named = _named(outputs, "boxes", "labels")
    boxes, kinds = _of_shapes(named, (named["boxes"].shape[0], 5), (named["boxes"].shape[0],))
    return _raw(boxes[:, :4], boxes[:, 4], kinds)


def _tfssd(outputs: Outputs, shown: NetworkInput, labels: int) -> Raw:
    """TensorFlow's object detection graphs: detection_boxes (1, n, 4) top, left, bottom, right in [0, 1],
    detection_scores and detection_classes (1, n), num_detections (1,), by name."""
    del labels
    named = _named(outputs, "detection_boxes", "detection_scores", "detection_classes", "num_detections")
    count = named["detection_boxes"].shape[1]
    boxes, scores, kinds, told = _of_shapes(named, (1, count, 4), (1, count), (1, count), (1,))
    used = slice(0, max(0, min(count, int(told[0]))))
    return _raw(boxes[0, used][:, [1, 0, 3, 2]] * _scale(shown), scores[0, used], kinds[0, used])


DECODERS: Mapping[DecoderName, Decoder] = MappingProxyType({
    DecoderName.YOLOX: Decoder(_yolox),
    DecoderName.DETR: Decoder(_detr, asks_size=True, is_final=True),
    DecoderName.SSD7: Decoder(_ssd7),
    DecoderName.ATSS: Decoder(_atss),
    DecoderName.TFSSD: Decoder(_tfssd),
})  # fmt: skip


def _raw(boxes: NDArray[Any], scores: NDArray[Any], labels: NDArray[Any]) -> Raw:
    """What can be a box: finite numbers, a score."""
    boxes, scores = boxes.astype(np.float32), scores.astype(np.float32)
    usable = np.isfinite(boxes).all(axis=1) & (scores > SURE) & (scores <= 1.0 + 1e-3)
    return Raw(boxes[usable], np.minimum(scores[usable], 1.0), labels[usable].astype(np.int64))


def _scale(shown: NetworkInput) -> NDArray[np.float32]:
    return np.array([shown.width, shown.height] * 2, np.float32)


def _named(outputs: Outputs, *names: str) -> Outputs:
    if set(outputs) != set(names):
        raise _not_of_family(outputs, ", ".join(names))
    return {name: outputs[name] for name in names}


def _of_shapes(outputs: Outputs, *shapes: Sequence[int | None]) -> list[NDArray[Any]]:
    """The outputs in this order and of these shapes (None: any). Raises ModelRefused for anything else, and for one
    output more: what nobody reads could be about whoever is in the picture."""
    arrays = list(outputs.values())
    fits = len(arrays) == len(shapes) and all(
        len(array.shape) == len(shape) and all(w is None or h == w for h, w in zip(array.shape, shape, strict=True))
        for array, shape in zip(arrays, shapes, strict=True)
    )
    if not fits:
        raise _not_of_family(outputs, " ".join(map(str, shapes)).replace("None", "n"))
    return arrays


def _not_of_family(outputs: Outputs, wanted: str) -> Exception:
    got = ", ".join(f"{name} {array.shape}" for name, array in outputs.items())
    return refused(
        Words(f"sorties {got} au lieu de {wanted}", f"outputs {got} instead of {wanted}"),
        "model.toml",
        Words("Corrigez decoder ou labels, ou exportez autrement", "Correct decoder or labels, or export otherwise"),
    )
