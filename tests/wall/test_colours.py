"""The shader's colours against a reference in numpy: every matrix, every range, odd sizes, any place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.frames import YuvPlanes
from csu.hal.wall import NodeScene, ScenePiece
from csu.hal.wall_panel import WallPanelId
from csu.wall.drawing.renderer import WallRenderer
from csu.wall.drawing.surface import Surface
from csu.wall.model import Rect, fit_piece
from csu.wall.model.layout import Rectangle
from csu.wall.model.placing import corners_of
from csu.wall.model.scene import WHOLE_PICTURE

if TYPE_CHECKING:
    from conftest import FilledSource, SetClock

CAMERA = CameraId("cam-0001")
PSNR_MIN = 45.0
"""The wrong matrix gives about 30, a picture moved by one pixel about 35 (both are tried below)."""


def _sample(plane: NDArray[np.uint8], at_x: NDArray[np.float64], at_y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bilinear, edges held; positions in pixels of the plane, pixel centres at halves."""
    height, width = plane.shape
    x, y = np.clip(at_x - 0.5, 0, width - 1), np.clip(at_y - 0.5, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = (x - left)[None, :], (y - top)[:, None]
    values = plane.astype(np.float64)
    upper = values[np.ix_(top, left)] * (1 - fx) + values[np.ix_(top, right)] * fx
    lower = values[np.ix_(below, left)] * (1 - fx) + values[np.ix_(below, right)] * fx
    return np.asarray(upper * (1 - fy) + lower * fy)


def reference(planes: YuvPlanes, place: Rectangle, *, bt709: bool) -> NDArray[np.float64]:
    """What the picture should look like at `place`: float RGB 0-255, from the formulas of the ITU."""
    x = (np.arange(place.width_px) + 0.5) / place.width_px * planes.width_px
    y = (np.arange(place.height_px) + 0.5) / place.height_px * planes.height_px
    luma = _sample(planes.y, x, y)
    cb, cr = _sample(planes.u, x / 2, y / 2) - 128, _sample(planes.v, x / 2, y / 2) - 128
    if not planes.full_range:
        luma, cb, cr = (luma - 16) * 255 / 219, cb * 255 / 224, cr * 255 / 224
    kr, kb = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack([red, green, blue], axis=2), 0, 255)


def psnr(seen: NDArray[np.uint8], expected: NDArray[np.float64]) -> float:
    return float(10 * np.log10(255**2 / np.mean((seen - expected) ** 2)))


@pytest.fixture
def drawn(
    surface: Surface, clock: SetClock, source: FilledSource
) -> Callable[[YuvPlanes], tuple[NDArray[np.uint8], Rectangle]]:
    """Draw one picture at an odd place; the part of it below the labels, and the place of that part."""

    def draw(planes: YuvPlanes) -> tuple[NDArray[np.uint8], Rectangle]:
        corners, at = corners_of(Rect(37, 51, 701, 397)), corners_of(WHOLE_PICTURE)
        piece = ScenePiece("tile-1", WallPanelId("mur"), CAMERA, 0, corners, at, 701 / 397)
        renderer = WallRenderer(surface, source, clock)
        scene = NodeScene(surface.width_px, surface.height_px, (piece,))
        renderer.show(scene)
        source.put(CAMERA, planes, clock.at_ns)
        fitted = fit_piece(piece, planes.width_px, planes.height_px)
        assert fitted is not None
        (left, top), (right, bottom) = fitted.corners_px[0], fitted.corners_px[3]
        place = Rectangle(int(left), int(top), int(right - left), int(bottom - top))
        pixels = renderer.pixels()
        return pixels[place.top_px : place.bottom_px, place.left_px : place.right_px], place

    return draw


def _below_labels(image: NDArray[Any]) -> NDArray[Any]:
    return image[60:-3, 3:-3]


@pytest.mark.parametrize("bt709", [True, False])
@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("size", [(640, 360), (333, 187), (1280, 719)])
def test_colours_are_those_of_the_reference(
    drawn: Callable[..., tuple[NDArray[np.uint8], Rectangle]],
    planes: Callable[..., YuvPlanes],
    size: tuple[int, int],
    full_range: bool,
    bt709: bool,
) -> None:
    picture = planes(*size, seed=3, full_range=full_range, bt709=bt709)
    noise = np.random.default_rng(5).integers(-20, 21, picture.y.shape)
    picture.y[:] = np.clip(picture.y + noise, 0, 255)
    seen, place = drawn(picture)
    expected = reference(picture, place, bt709=bt709)
    wrong = reference(picture, place, bt709=not bt709)
    assert psnr(_below_labels(seen), _below_labels(expected)) >= PSNR_MIN
    assert np.abs(_below_labels(seen) - _below_labels(expected)).max() <= 4
    assert psnr(_below_labels(seen), _below_labels(wrong)) < PSNR_MIN - 5
    moved = np.roll(expected, 1, axis=1)
    assert psnr(_below_labels(seen), _below_labels(moved)) < PSNR_MIN - 5


def test_a_picture_that_names_no_matrix_gets_that_of_its_size(
    drawn: Callable[..., tuple[NDArray[np.uint8], Rectangle]], planes: Callable[..., YuvPlanes]
) -> None:
    for size, bt709 in (((640, 360), False), ((1280, 720), True)):
        picture = planes(*size, seed=3)
        seen, place = drawn(picture)
        assert psnr(_below_labels(seen), _below_labels(reference(picture, place, bt709=bt709))) >= PSNR_MIN
