"""Parts of a picture: what lies where in the input lies where in the picture, and every region is seen whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.detection.models import NetworkDetector, read_model_file
from csu.detection.models.model_file import NetworkInput
from csu.detection.models.regions import LOOKS_MAX, PAD, lay, looks_for, shown_pixels, tiles_of
from csu.detection.models.runtimes import Shape
from tests.detection.models.toys import SIDES, network, written

STRETCHED = NetworkInput(300, 300, False, False, (0, 0, 0), (1, 1, 1))
FITTED = replace(STRETCHED, width=416, height=320, letterbox=True)


@st.composite
def pictures(draw):
    width, height = draw(st.integers(16, 1920)), draw(st.integers(16, 1080))
    count = draw(st.integers(0, 16))
    regions = []
    for _ in range(count):
        left, top = draw(st.integers(-20, width - 1)), draw(st.integers(-20, height - 1))
        regions.append((left, top, left + draw(st.integers(1, width)), top + draw(st.integers(1, height))))
    return (width, height), regions


@given(pictures(), st.sampled_from([STRETCHED, FITTED]))
@settings(max_examples=30, deadline=None)
def test_every_region_is_seen_whole_in_few_parts_of_the_picture(picture, shown):
    size, regions = picture
    looks = looks_for(regions, size, shown)
    assert len(looks) <= LOOKS_MAX + 1
    assert all(0 <= look[0] < look[2] <= size[0] and 0 <= look[1] < look[3] <= size[1] for look in looks)
    for left, top, right, bottom in regions:
        cut = max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)
        if cut[0] < cut[2] and cut[1] < cut[3]:
            assert any(a <= cut[0] and b <= cut[1] and c >= cut[2] and d >= cut[3] for a, b, c, d in looks)
    assert looks == looks_for(list(reversed(regions)), size, shown)


@given(pictures(), st.sampled_from([STRETCHED, FITTED]), st.data())
@settings(max_examples=30, deadline=None)
def test_a_box_comes_back_to_where_it_was(picture, shown, data):
    size, regions = picture
    for look in looks_for(regions, size, shown) or tiles_of(size, 2):
        x = sorted(data.draw(st.tuples(*[st.integers(look[0], look[2])] * 2)))
        y = sorted(data.draw(st.tuples(*[st.integers(look[1], look[3])] * 2)))
        box = np.array([[x[0], y[0], x[1], y[1]]], np.float32)
        laid = lay(look, shown)
        there = laid.to_input(box)
        assert (there >= -1e-3).all()
        assert (there <= np.array([shown.width, shown.height] * 2) + 1e-2).all()
        np.testing.assert_allclose(laid.to_picture(there), box, atol=2e-3)


@pytest.mark.parametrize("shown", [STRETCHED, FITTED])
@pytest.mark.parametrize("look", [(0, 0, 640, 480), (100, 50, 700, 350), (10, 20, 110, 420)])
def test_what_is_white_in_the_picture_is_white_where_the_map_says(shown, look):
    """The pixels and the map of boxes are two ways: they must agree to a pixel of the input."""
    bgr = np.zeros((480, 700, 3), np.uint8)
    left, top, right, bottom = look
    x, y = left + (right - left) // 4, top + (bottom - top) // 2
    bgr[y : y + 60, x : x + 30] = 255
    laid = lay(look, shown)
    pixels = shown_pixels(bgr, laid, shown)
    assert pixels.shape == (shown.height, shown.width, 3)
    seen = np.argwhere(pixels[..., 0] > 200)
    (first_y, first_x), (last_y, last_x) = seen.min(axis=0), seen.max(axis=0)
    wanted = laid.to_input(np.array([[x, y, min(x + 30, right), min(y + 60, bottom)]], np.float32))[0]
    np.testing.assert_allclose([first_x, first_y, last_x + 1, last_y + 1], wanted, atol=1.5)


def test_a_letterbox_lies_in_the_top_left_and_the_rest_is_grey():
    pixels = shown_pixels(np.zeros((100, 400, 3), np.uint8), lay((0, 0, 400, 100), FITTED), FITTED)
    assert (pixels[:104] == 0).all()
    assert (pixels[104:] == PAD).all()


def test_tiles_cover_the_picture_and_overlap():
    assert tiles_of((768, 576), 1) == [(0, 0, 768, 576)]
    left, right = tiles_of((768, 576), 2)
    assert (left[0], right[2]) == (0, 768)
    assert left[2] - right[0] > 100
    parts = tiles_of((1920, 1080), 4)
    assert all(one[2] > other[0] for one, other in zip(parts, parts[1:], strict=False))


class Bright:
    """A network that boxes what is white: a person, as sure as told."""

    place = "here"
    shape = Shape(channels_last=True, is_byte=True)

    def __init__(self, score: float = 0.9) -> None:
        self.looks, self._score = 0, score

    def run(self, picture):
        self.looks += 1
        seen = np.argwhere(picture[0, ..., 0] > 128)
        if not len(seen):
            return {"out": np.zeros((1, 1, 0, 7), np.float32)}
        (top, left), (bottom, right) = seen.min(axis=0), seen.max(axis=0) + 1
        width, height = SIDES
        row = [0, 0, self._score, left / width, top / height, right / width, bottom / height]
        return {"out": np.array([[[row]]], np.float32)}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    content = network({"out": np.zeros((1, 1, 1, 7), np.float32)})
    return read_model_file(written(tmp_path_factory.mktemp("toy"), content))


def white(box, size=(200, 150)):
    bgr = np.zeros((size[1], size[0], 3), np.uint8)
    bgr[box[1] : box[3], box[0] : box[2]] = 255
    return bgr


def test_nothing_outside_the_regions_is_told_and_no_region_is_no_look(model):
    network = Bright()
    detector = NetworkDetector(model, network=network)
    picture = white((20, 30, 40, 70))
    assert len(detector.detect(picture, [(15, 25, 45, 75)]).boxes) == 1
    assert len(detector.detect(picture, [(45, 40, 60, 60)]).boxes) == 0, "it was seen around the region, not in it"
    looks = network.looks
    assert len(detector.detect(picture, []).boxes) == 0
    assert network.looks == looks


def test_who_stands_on_the_seam_is_one_person_and_whole(model):
    """Both tiles see him whole or cut: one box remains, the whole one."""
    for left in range(70, 120, 3):
        picture = white((left, 40, left + 18, 90))
        seen = NetworkDetector(model, tiles=2, network=Bright()).detect(picture, None)
        assert len(seen.boxes) == 1, left
        np.testing.assert_allclose(seen.boxes[0], [left, 40, left + 18, 90], atol=3.2)


def test_below_its_threshold_nothing_is_told(model):
    detector = NetworkDetector(model, network=Bright(0.49))
    assert len(detector.detect(white((20, 30, 40, 70)), None).boxes) == 0


def test_the_same_picture_has_the_same_answer(model):
    detector = NetworkDetector(model, network=Bright())
    picture = white((20, 30, 40, 70))
    one, _, again = (detector.detect(each, None) for each in (picture, white((90, 9, 99, 99)), picture))
    for name in ("boxes", "scores", "classes"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3)])
def test_a_picture_of_any_size_is_looked_at(model, size):
    detector = NetworkDetector(model, network=Bright())
    picture = np.full((size[1], size[0], 3), 255, np.uint8)
    assert len(detector.detect(picture, None).boxes) <= 2
    detector.detect(picture, [(0, 0, *size)])
