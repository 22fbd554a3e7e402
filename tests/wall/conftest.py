"""A clock one sets, a source one fills, pictures one can tell apart, and one GL surface for all tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import Nanoseconds
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import YuvPlanes
from csu.hal.wall import NodeScene, TilePicture
from csu.wall import grid_scene
from csu.wall.drawing.surface import Surface, open_surface

if TYPE_CHECKING:
    from csu.wall.drawing.preview import PreviewedWall
    from csu.wall.drawing.renderer import WallRenderer

START_NS = 1_795_528_800_000_000_000
WIDTH_PX, HEIGHT_PX = 1280, 720


@dataclass
class SetClock:
    """Time stands still until a test moves it."""

    at_ns: Nanoseconds = START_NS

    def now_ns(self) -> Nanoseconds:
        return self.at_ns

    def monotonic_ns(self) -> Nanoseconds:
        return self.at_ns


@dataclass
class FilledSource:
    """A TileSource in memory."""

    pictures: dict[CameraId, TilePicture] = field(default_factory=dict)

    def put(self, camera: CameraId, planes: YuvPlanes, captured_at_ns: Nanoseconds) -> None:
        before = self.pictures.get(camera)
        self.pictures[camera] = TilePicture(planes, before.sequence + 1 if before else 1, captured_at_ns)

    def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
        picture = self.pictures.get(camera)
        return picture if picture is not None and picture.sequence > after_sequence else None


def build_records(count: int, name: str = "Rue de la Forêt") -> list[CameraRecord]:
    return [
        CameraRecord(CameraId(f"cam-{n:04}"), n, f"{name} {n}", CommuneId("57463"), ViewType.WIDE)
        for n in range(1, count + 1)
    ]


def build_planes(
    width_px: int = 640,
    height_px: int = 360,
    *,
    seed: int = 0,
    mark: tuple[int, int] | None = None,
    full_range: bool = False,
    bt709: bool | None = None,
) -> YuvPlanes:
    """Soft coloured waves of their own for each seed: no two cameras look alike. `mark`: camera and frame number."""
    rows, columns = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    phase = seed * 1.7
    y = 118 + 60 * np.sin(columns / width_px * 5 + phase) * np.cos(rows / height_px * 4 - phase)
    half = (slice(None, None, 2), slice(None, None, 2))
    u = 128 + 45 * np.sin(columns[half] / width_px * 3 + 2 * phase)
    v = 128 + 45 * np.cos(rows[half] / height_px * 3 + 3 * phase)
    luma, blue, red = (plane.astype(np.uint8) for plane in (y, u, v))
    planes = YuvPlanes(luma, blue, red, full_range=full_range, bt709=bt709)
    if mark is not None:
        draw_mark(planes, *mark)
    return planes


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def source() -> FilledSource:
    return FilledSource()


@pytest.fixture
def records() -> Callable[..., list[CameraRecord]]:
    return build_records


@pytest.fixture
def planes() -> Callable[..., YuvPlanes]:
    return build_planes


@pytest.fixture(scope="session")
def surface() -> Iterator[Surface]:
    """EGL, in software where there is no card. One per process: vispy binds to its platform once."""
    surface = open_surface("offscreen", WIDTH_PX, HEIGHT_PX, allow_software=True)
    yield surface
    surface.close()


@pytest.fixture
def renderer(surface: Surface, source: FilledSource, clock: SetClock) -> WallRenderer:
    from csu.wall.drawing.renderer import WallRenderer

    return WallRenderer(surface, source, clock)


@pytest.fixture
def grid(surface: Surface) -> NodeScene:
    """Four cameras."""
    return grid_scene(build_records(4), surface.width_px, surface.height_px)


@pytest.fixture
def previewed(surface: Surface, source: FilledSource, clock: SetClock) -> PreviewedWall:
    from csu.wall.drawing.preview import PreviewedWall

    return PreviewedWall(surface, source, clock)
