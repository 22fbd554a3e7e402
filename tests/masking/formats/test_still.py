"""Stills: of masked pictures only, in true colours, no larger than asked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from csu.hal.frames import Chroma, ClearPictureRefused, YuvPlanes
from csu.masking import Cover, mask, still_of


def flat(y: int, u: int, v: int, **colours) -> YuvPlanes:
    chroma = np.full((45, 80), u, np.uint8), np.full((45, 80), v, np.uint8)
    return YuvPlanes(np.full((90, 160), y, np.uint8), *chroma, **colours)


@pytest.fixture
def masked(frame_of):
    def make(planes: YuvPlanes):
        return mask(frame_of(planes), Cover.nothing(planes.width_px, planes.height_px), 1, 42)

    return make


def shown(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.requirement("PRV-3")
def test_there_is_no_still_of_a_clear_picture(frame_of, noise_in, format_of):
    clear = frame_of(noise_in(format_of(8, Chroma.C420, False), 1, 64, 48))
    for offered in (clear, clear.planes, clear.planes.y, None):
        with pytest.raises(ClearPictureRefused):
            still_of(offered, 64)


@pytest.mark.parametrize(
    ("planes", "bgr"),
    [
        (flat(16, 128, 128), (0, 0, 0)),
        (flat(235, 128, 128), (255, 255, 255)),
        (flat(0, 128, 128, full_range=True), (0, 0, 0)),
        (flat(255, 128, 128, full_range=True), (255, 255, 255)),
        (flat(63, 102, 240, bt709=True), (0, 0, 255)),  # red, ITU-R BT.709
        (flat(81, 90, 240, bt709=False), (0, 0, 255)),  # red, ITU-R BT.601
        (flat(76, 85, 255, full_range=True, bt709=False), (0, 0, 255)),  # red, JFIF
    ],
)
def test_colours_are_those_of_the_matrix_and_range_that_are_declared(masked, planes, bgr):
    assert abs(shown(still_of(masked(planes), 160, lossless=True)).astype(int) - bgr).max() <= 2


@pytest.mark.parametrize(("width_px_max", "size"), [(160, (90, 160)), (80, (45, 80)), (1000, (90, 160)), (1, (1, 1))])
def test_a_still_keeps_its_proportions_and_is_never_enlarged(masked, width_px_max, size):
    for lossless in (False, True):
        assert shown(still_of(masked(flat(90, 128, 128)), width_px_max, lossless=lossless)).shape[:2] == size


@pytest.mark.parametrize("lossless", [False, True])
def test_pictures_that_differ_under_the_cover_have_the_same_still(noise_in, frame_of, some_cover, format_of, lossless):
    cover, sent = some_cover(3, 161, 91), format_of(8, Chroma.C420, False)
    stills = []
    for seed in (1, 2):
        planes = noise_in(sent, 1, 161, 91)
        for plane, cell in ((planes.y, 16), (planes.u, 8), (planes.v, 8)):
            hidden = np.kron(cover.cells, np.ones((cell, cell), bool))[: plane.shape[0], : plane.shape[1]]
            plane[hidden] = seed * 50
        stills.append(still_of(mask(frame_of(planes), cover, 1, 42), 80, lossless=lossless))
    assert stills[0] == stills[1]


def test_a_still_of_no_width_is_refused(masked):
    with pytest.raises(ValueError, match="no pixel"):
        still_of(masked(flat(90, 128, 128)), 0)
