"""The weights that csu brings, on a picture that is drawn here: a person is found, and an empty street is empty.

How well they do on real pictures is measured, not tested (decision 0093).
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from csu.detection.models import NetworkDetector, default_detector
from csu.detection.models.suppression import shares_of_union
from csu.hal.analysis import ObjectClass

SIZE = (640, 480)
MIDDLE, FOOT = 320, 400


@pytest.fixture(scope="module")
def detector() -> NetworkDetector:
    return default_detector()


def street() -> np.ndarray:
    """A wall with windows over a pavement, in grey with a grain."""
    width, height = SIZE
    down = np.linspace(0, 1, height)[:, None]
    rows, columns = np.indices((height, width))
    grey = np.where(down < 0.4, 150 - 40 * down, 105 + 35 * down) + ((rows * 7919 + columns * 104729) % 23 - 11) * 0.6
    picture = np.dstack([grey, grey + 2, grey + 4]).clip(0, 255).astype(np.uint8)
    cv2.rectangle(picture, (0, 0), (width, 168), (120, 140, 165), -1)
    for x in range(30, width, 110):
        cv2.rectangle(picture, (x, 30), (x + 50, 110), (70, 60, 55), -1)
        cv2.rectangle(picture, (x, 30), (x + 50, 110), (200, 205, 210), 2)
    return np.asarray(cv2.GaussianBlur(picture, (3, 3), 0), np.uint8)


def with_person(picture: np.ndarray, height_px: int) -> np.ndarray:
    """A walker seen from the front, eight heads high."""
    head = height_px / 8
    coat, trousers, skin, dark = (60, 45, 40), (80, 50, 30), (140, 165, 205), (25, 25, 25)

    def limb(start, end, colour, heads):
        ends = [(round(MIDDLE + x * head), round(FOOT - y * head)) for x, y in (start, end)]
        cv2.line(picture, *ends, colour, max(1, round(heads * head)), cv2.LINE_AA)

    for side in (-1, 1):
        limb((0.25 * side, 4), (0.5 * side, 2), trousers, 0.75)
        limb((0.5 * side, 2), (0.75 * side, 0.2), trousers, 0.6)
        limb((0.75 * side, 0.15), (1.0 * side, 0.1), dark, 0.4)
        limb((0.75 * side, 6.4), (1.05 * side, 4.8), coat, 0.5)
        limb((1.05 * side, 4.8), (1.0 * side, 3.7), coat, 0.45)
    axes = (round(0.85 * head), round(1.6 * head))
    cv2.ellipse(picture, (MIDDLE, round(FOOT - 5.2 * head)), axes, 0, 0, 360, coat, -1, cv2.LINE_AA)
    cv2.circle(picture, (MIDDLE, round(FOOT - 7.3 * head)), round(0.55 * head), skin, -1, cv2.LINE_AA)
    return picture


def test_a_drawn_person_is_found_where_he_stands(detector):
    for height in (70, 100):
        truth = np.array([[MIDDLE - 1.25 * height / 8, FOOT - height, MIDDLE + 1.25 * height / 8, FOOT]], np.float32)
        region = tuple(int(side) for side in truth[0])
        seen = detector.detect(with_person(street(), height), [region])
        assert [list(ObjectClass)[each] for each in seen.classes] == [ObjectClass.PERSON], height
        assert shares_of_union(seen.boxes, truth)[0, 0] > 0.5


def test_the_same_picture_has_the_same_answer_to_the_last_bit(detector):
    picture = with_person(street(), 100)
    one, other = (detector.detect(picture, [(280, 290, 360, 410)]) for _ in range(2))
    assert one.boxes.tobytes() == other.boxes.tobytes()
    assert one.scores.tobytes() == other.scores.tobytes()


def test_an_empty_street_is_empty(detector):
    assert len(detector.detect(street(), None).boxes) == 0


def test_the_weights_are_the_pinned_ones_and_tell_persons_only(detector):
    assert detector.sha256 == "7a23982e5825c809853351c9c3e7f7dc05891513ad79b4eded4eea93198cc47a"
    assert set(detector.model.class_of.values()) == {ObjectClass.PERSON}
    assert detector.model.licence == "MIT"
