"""Destroying pixels alone, 1080p with a quarter covered: csu's fill beside what people write first, and beside a blur.

What the transcode hides in the cost of decoding and encoding: milliseconds of one picture, all three planes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import HEIGHT_PX, WIDTH_PX, clear_frame
from csu.hal.frames import YuvPlanes
from csu.masking import CELL_PX, Cover, Fill, fill_yuv, mask
from csu.masking.fill import destroy

PICTURES, ROUNDS = 100, 5
WHAT, UNIT = "fill 25 % of a 1080p picture (facades)", "ms a picture"
WHOLE_WAY = "lent planes to masked planes, 1080p, 25 % (facades)"

Measure = Callable[..., float]


def facades() -> Cover:
    """Two slopes towards the middle of the picture."""
    rows, columns = np.indices((-(-HEIGHT_PX // CELL_PX), -(-WIDTH_PX // CELL_PX)))
    away = np.abs(columns - columns.shape[1] / 2) / (columns.shape[1] / 2)
    return Cover(WIDTH_PX, HEIGHT_PX, (rows < rows.shape[0] * (0.05 + 0.45 * away)) & (away > 0.25))


def hidden(cover: Cover) -> tuple[np.ndarray, np.ndarray]:
    """What is covered, at full and at half size, bool."""
    luma = cover.cells.repeat(CELL_PX, 0).repeat(CELL_PX, 1)[:HEIGHT_PX, :WIDTH_PX]
    return luma, luma[::2, ::2]


def with_fill(fill: Fill, cover: Cover) -> Callable[[YuvPlanes], None]:
    return lambda planes: destroy(planes, cover, fill)


def with_index(cover: Cover) -> Callable[[YuvPlanes], None]:
    luma, chroma = hidden(cover)

    def index(planes: YuvPlanes) -> None:
        for plane, where, value in zip(
            (planes.y, planes.u, planes.v), (luma, chroma, chroma), fill_yuv(False), strict=True
        ):
            plane[where] = value

    return index


def with_blur(cover: Cover) -> Callable[[YuvPlanes], None]:
    luma, chroma = (where.astype(np.uint8) * 255 for where in hidden(cover))

    def blur(planes: YuvPlanes) -> None:
        for plane, where in zip((planes.y, planes.u, planes.v), (luma, chroma, chroma), strict=True):
            cv2.copyTo(cv2.GaussianBlur(plane, (0, 0), 16), where, plane)

    return blur


SUBJECTS: dict[str, tuple[Callable[[Cover], Callable[[YuvPlanes], None]], int]] = {
    "csu, constant": (lambda cover: with_fill(Fill.CONSTANT, cover), PICTURES),
    "csu, frosted": (lambda cover: with_fill(Fill.FROSTED, cover), PICTURES),
    "NumPy, boolean index": (with_index, PICTURES),
    "OpenCV, Gaussian of 16 px (can be undone)": (with_blur, 4),
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_filling(subject: str, measure: Measure, pictures: tuple[YuvPlanes, ...], scoreboard: Scoreboard) -> None:
    cover = facades()
    make, count = SUBJECTS[subject]
    work = make(cover)
    own = YuvPlanes(pictures[0].y.copy(), pictures[0].u.copy(), pictures[0].v.copy())
    work(own)  # textures and stencils are made once

    def fill_many(_: Path) -> YuvPlanes:
        for _each in range(count):
            work(own)
        return own

    def check(planes: YuvPlanes, _: Path) -> None:
        luma, _chroma = hidden(cover)
        if "Gaussian" not in subject:
            assert np.abs(planes.y[luma].astype(int) - fill_yuv(False)[0]).max() <= 9
        assert np.array_equal(planes.y[~luma], pictures[0].y[~luma])

    scoreboard.add(WHAT, subject, measure(fill_many, check, ROUNDS) * 1e3 / count, UNIT)


@pytest.mark.parametrize("sent", ["8 bit 4:2:0", "10 bit 4:2:2"])
def test_masking(sent: str, measure: Measure, pictures: tuple[YuvPlanes, ...], scoreboard: Scoreboard) -> None:
    cover, lent = facades(), _padded(pictures[0], deep=sent.startswith("10"))
    clear = clear_frame(lent, 0)
    mask(clear, cover, 1, 1)

    def mask_many(_: Path) -> YuvPlanes:
        for _each in range(PICTURES):
            made = mask(clear, cover, 1, 1)
        return made.planes

    def check(planes: YuvPlanes, _: Path) -> None:
        luma, _chroma = hidden(cover)
        assert (planes.y[luma] == fill_yuv(False)[0]).all()
        assert np.array_equal(planes.y[~luma], pictures[0].y[~luma])

    scoreboard.add(WHOLE_WAY, f"csu, {sent}", measure(mask_many, check, ROUNDS) * 1e3 / PICTURES, UNIT)


def test_copying_alone(measure: Measure, pictures: tuple[YuvPlanes, ...], scoreboard: Scoreboard) -> None:
    lent = _padded(pictures[0], deep=False)

    def copy_many(_: Path) -> list[np.ndarray]:
        for _each in range(PICTURES):
            made = [plane.copy() for plane in (lent.y, lent.u, lent.v)]
        return made

    def check(made: list[np.ndarray], _: Path) -> None:
        assert np.array_equal(made[0], pictures[0].y)

    scoreboard.add(WHOLE_WAY, "NumPy, a copy of 8 bit 4:2:0", measure(copy_many, check, ROUNDS) * 1e3 / PICTURES, UNIT)


def _padded(planes: YuvPlanes, *, deep: bool) -> YuvPlanes:
    """As a decoder lends them: rows 64 samples longer than the picture."""

    def lend(plane: np.ndarray) -> np.ndarray:
        samples = plane.astype(np.uint16) << 2 if deep else plane
        return np.pad(samples, ((0, 0), (0, 64)))[:, : plane.shape[1]]

    if not deep:
        return YuvPlanes(lend(planes.y), lend(planes.u), lend(planes.v))
    u, v = (lend(plane.repeat(2, axis=0)) for plane in (planes.u, planes.v))
    return YuvPlanes(lend(planes.y), u, v, depth_bits=10)
