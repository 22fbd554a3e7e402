"""Each family's outputs, put out by a toy network and read through each runtime that can run it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from csu.detection.models import ModelRefused, NetworkDetector, read_model_file
from csu.detection.models.decoders import STRIDES
from csu.detection.models.runtimes import Shape
from csu.detection.observed import CLASSES, Detections
from csu.hal.analysis import ObjectClass
from tests.detection.models.toys import SIDES, network, toy, written

PERSON, CAR = CLASSES.index(ObjectClass.PERSON), CLASSES.index(ObjectClass.CAR)
WIDTH, HEIGHT = SIDES
RUNTIMES = ("onnxruntime", "openvino", "cv2dnn")
PICTURE = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.uint8)
"""Twice the toys' input: what they tell at (8, 6) lies at (16, 12)."""


def found(folder: Path, outputs: dict, picture: np.ndarray = PICTURE, **changes) -> Detections:
    return NetworkDetector(toy(folder, outputs, **changes), tiles=1).detect(picture, None)


def f32(*rows) -> np.ndarray:
    return np.array(rows, np.float32)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_ssd7_is_read_until_a_picture_below_nought(tmp_path, runtime):
    rows = f32([0, 1, 0.9, 0.125, 0.25, 0.5, 0.75], [0, 0, 0.8, 0.5, 0.5, 1, 1], [-1, 0, 0.9, 0, 0, 1, 1])
    seen = found(tmp_path, {"out": rows[None, None]}, runtime=runtime)
    assert seen.classes.tolist() == [PERSON, CAR]
    np.testing.assert_allclose(seen.boxes, [[64, 48, 128, 96], [16, 24, 64, 72]], atol=1e-3)
    np.testing.assert_allclose(seen.scores, [0.8, 0.9], atol=1e-6)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_atss_is_in_pixels_of_what_it_was_shown(tmp_path, runtime):
    outputs = {"boxes": f32([8, 6, 24, 30, 0.9], [0, 0, 0, 0, 0]), "labels": np.array([1, 0], np.int64)}
    seen = found(tmp_path, outputs, runtime=runtime, decoder="atss")
    np.testing.assert_allclose(seen.boxes, [[16, 12, 48, 60]], atol=1e-3)
    assert seen.classes.tolist() == [CAR]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_yolox_is_its_grid_its_strides_and_both_scores(tmp_path, runtime):
    cells = [(WIDTH // stride, HEIGHT // stride) for stride in STRIDES]
    rows = np.zeros((sum(w * h for w, h in cells), 7), np.float32)
    at = cells[0][0] * cells[0][1] + 1 * cells[1][0] + 2  # stride 16, row 1, column 2
    rows[at] = [0.5, 0.25, np.log(2.0), np.log(1.0), 0.9, 0.1, 0.8]
    seen = found(tmp_path, {"out": rows[None]}, runtime=runtime, decoder="yolox", input=INPUT | {"letterbox": True})
    assert seen.classes.tolist() == [CAR]
    np.testing.assert_allclose(seen.scores, [0.72], atol=1e-5)
    np.testing.assert_allclose(seen.boxes, [[48, 24, 112, 56]], atol=1e-3)  # centre (40, 20), 32 x 16, times two


@pytest.mark.parametrize("runtime", RUNTIMES[:2])
def test_detr_is_asked_for_the_size_of_what_it_was_shown_and_is_final(tmp_path, runtime):
    outputs = {
        "labels": np.array([[0, 0, 1]], np.int64),
        "boxes": f32([[0.25, 0.5, 0.5, 1.0], [0.25, 0.5, 0.52, 1.0], [0, 0, 0.1, 0.1]]),
        "scores": f32([0.9, 0.8, 0.1]),
    }
    seen = found(tmp_path, outputs, runtime=runtime, decoder="detr", size_input=True)
    np.testing.assert_allclose(seen.boxes, [[32, 48, 64, 96], [32, 48, 66.56, 96]], atol=1e-3)


def test_detr_through_opencv_is_refused_because_it_feeds_one_input(tmp_path):
    outputs = {"labels": np.zeros((1, 1), np.int64), "boxes": f32([[0, 0, 1, 1]]), "scores": f32([0.9])}
    with pytest.raises(ModelRefused, match="one input only"):
        found(tmp_path, outputs, runtime="cv2dnn", decoder="detr", size_input=True)


@pytest.mark.parametrize("runtime", RUNTIMES[:2])
def test_tfssd_is_top_left_bottom_right_and_as_many_as_it_says(tmp_path, runtime):
    outputs = {
        "detection_boxes": f32([[0.25, 0.125, 0.75, 0.5], [0, 0, 1, 1]]),
        "detection_scores": f32([0.9, 0.9]),
        "detection_classes": f32([1, 1]),
        "num_detections": f32(1),
    }
    seen = found(tmp_path, outputs, runtime=runtime, decoder="tfssd", first_label=1)
    np.testing.assert_allclose(seen.boxes, [[16, 24, 64, 72]], atol=1e-3)
    assert seen.classes.tolist() == [PERSON]


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("rgb", "told"), [(False, 0.1), (True, 0.3)])
def test_a_network_is_shown_its_colours_its_mean_and_its_deviation(tmp_path, runtime, rgb, told):
    """The toy adds the mean of what it was shown to its score: only the first colour is left after the means."""
    picture = np.zeros_like(PICTURE)
    picture[:] = [100, 0, 200]  # blue, green, red
    mean = [70, 0, 200] if not rgb else [110, 0, 100]
    content = network({"out": np.array([[[[0, 0, 0, 0, 0, 1, 1]]]], np.float32)}, seen="out")
    path = written(
        tmp_path, content, runtime=runtime, decoder="ssd7", thresholds={"person": 0.05, "car": 0.05},
        input=INPUT | {"rgb": rgb, "mean": mean, "std": [100, 100, 100]},
    )  # fmt: skip
    seen = NetworkDetector(read_model_file(path), tiles=1)._network.run(blob(picture, mean, rgb))
    assert seen["out"].ravel()[2] == pytest.approx(told, abs=1e-5)
    shown = []
    detector = NetworkDetector(read_model_file(path), tiles=1, network=Watching(shown))
    detector.detect(picture, None)
    np.testing.assert_allclose(shown[0], blob(picture, mean, rgb), atol=1e-6)


class Watching:
    """A network that keeps what it is shown."""

    place = "here"

    def __init__(self, shown: list) -> None:
        self.shape, self._shown = Shape(channels_last=False, is_byte=False), shown

    def run(self, picture):
        self._shown.append(picture)
        return {"out": np.zeros((1, 1, 0, 7), np.float32)}


def blob(picture: np.ndarray, mean: list, rgb: bool) -> np.ndarray:
    """The same by OpenCV's own way to a network's input."""
    small = cv2.resize(picture, SIDES).astype(np.float32)
    small = small[..., ::-1] if rgb else small
    return np.ascontiguousarray(((small - np.float32(mean)) / np.float32(100)).transpose(2, 0, 1)[None])


@pytest.mark.parametrize(
    ("decoder", "outputs"),
    [
        ("ssd7", {"out": np.zeros((1, 1, 3, 6), np.float32)}),
        ("yolox", {"out": np.zeros((1, 63, 86), np.float32)}),  # more scores than labels: what would they tell?
        ("yolox", {"out": np.zeros((1, 10, 7), np.float32)}),
        ("atss", {"boxes": np.zeros((3, 5), np.float32), "labels": np.zeros(2, np.int64)}),
        ("ssd7", {"out": np.zeros((1, 1, 1, 7), np.float32), "more": np.zeros((1, 128), np.float32)}),
    ],
)
def test_outputs_that_are_not_the_familys_are_refused_and_not_half_read(tmp_path, decoder, outputs):
    with pytest.raises(ModelRefused, match="outputs"):
        found(tmp_path, outputs, decoder=decoder)


INPUT = {"width": WIDTH, "height": HEIGHT}
