"""A scene on its wall, drawn once from given pictures, and judged from its pixels: whose they are, and how exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.frame_mark import FrameMark, read_mark
from csu.hal.wall import NodeScene, TilePicture, TileReading, TileState, WallError, WallNodeId, WallReading
from csu.hal.wall_panel import WallPanelId
from csu.hal.words import Words
from csu.wall.drawing.overlay import wall_zone
from csu.wall.drawing.png import png_of
from csu.wall.drawing.reference import reference
from csu.wall.drawing.surface import open_surface
from csu.wall.drawing.upright import Upright
from csu.wall.model import Panel, Rect, Wall
from csu.wall.model.placing import corners_of

ROOM, BEZEL = (45, 48, 52), (22, 20, 20)
MARGIN_MM = 40.0
SEEN_WIDTH_PX = 1920
"""Of a picture of a wall of several nodes."""


@dataclass(frozen=True, slots=True)
class DrawnTile:
    """One tile: what its pixels say, and what the picture that was given to it says."""

    reading: TileReading
    given: FrameMark | None

    @property
    def is_correct(self) -> bool:
        """The right camera and the right picture of it, live, by the pixels."""
        seen = self.reading
        given = self.given
        return (
            given is not None
            and seen.state is TileState.LIVE
            and (seen.seen_camera_number, seen.seen_frame_number) == (given.camera_number, given.frame_number)
        )


@dataclass(frozen=True, slots=True)
class DrawnWall:
    """All framebuffers, and the judgement. `levels_off_max`: the pixel farthest from the reference."""

    renderer: str
    framebuffers: Mapping[WallNodeId, NDArray[np.uint8]]
    tiles: tuple[DrawnTile, ...]
    psnr_db: float
    levels_off_max: float


def panel_seen(
    wall: Wall, name: WallPanelId, framebuffers: Mapping[WallNodeId, NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """What people see of a panel: uint8 (height, width, 3), RGB, upright."""
    panel = wall.panel(name)
    return _upright(panel).view(framebuffers[panel.node])


class _Given:
    """A source that has these pictures and no others."""

    def __init__(self, pictures: Mapping[CameraId, TilePicture]) -> None:
        self._pictures = pictures

    def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
        picture = self._pictures.get(camera)
        return picture if picture is not None and picture.sequence > after_sequence else None


@dataclass(frozen=True, slots=True)
class _Instant:
    """A clock that stands still."""

    at_ns: Nanoseconds

    def now_ns(self) -> Nanoseconds:
        return self.at_ns

    def monotonic_ns(self) -> Nanoseconds:
        return self.at_ns


def draw_wall(
    scenes: Mapping[WallNodeId, NodeScene],
    pictures: Mapping[CameraId, TilePicture],
    now_ns: Nanoseconds,
    *,
    allow_software: bool,
) -> DrawnWall:
    """Draw each node's scene as it is at `now_ns`, with GL and by the reference. Raises WallError."""
    framebuffers: dict[WallNodeId, NDArray[np.uint8]] = {}
    tiles: list[DrawnTile] = []
    squares, pixels, most, renderer = 0.0, 0, 0.0, ""
    for node, scene in scenes.items():
        surface = open_surface("offscreen", scene.width_px, scene.height_px, allow_software=allow_software)
        from csu.wall.drawing.renderer import WallRenderer  # once the surface has chosen GL's platform

        drawer = WallRenderer(surface, _Given(pictures), _Instant(now_ns))
        drawer.show(scene)
        framebuffers[node] = drawn = drawer.pixels().copy()
        readings = drawer.read().tiles
        renderer = surface.renderer
        surface.close()
        tiles += [DrawnTile(each, _mark(pictures.get(each.camera))) for each in readings]
        off = np.abs(drawn - reference(scene, pictures, now_ns, wall_zone()))
        squares, pixels = squares + float(np.square(off, dtype=np.float64).sum()), pixels + off.size
        most = max(most, float(off.max()))
    psnr_db = inf if squares == 0 else float(10 * np.log10(255**2 * pixels / squares))
    return DrawnWall(renderer, framebuffers, tuple(tiles), psnr_db, most)


def read_together(readings: Sequence[WallReading]) -> WallReading:
    """What several nodes show, as one wall. A tile that lies on two nodes is read on each."""
    first = readings[0]
    return replace(
        first,
        at_ns=max(each.at_ns for each in readings),
        frames_drawn=sum(each.frames_drawn for each in readings),
        tiles=tuple(tile for each in readings for tile in each.tiles),
        latencies_ms=tuple(latency for each in readings for latency in each.latencies_ms),
    )


def png_of_wall(wall: Wall, pngs: Mapping[WallNodeId, bytes]) -> bytes:
    """The wall as it hangs, from the PNG of each node's framebuffer; SEEN_WIDTH_PX wide. Raises WallError."""
    drawn = {node: _pixels(png) for node, png in pngs.items()}
    return png_of(picture_of_wall(wall, drawn, SEEN_WIDTH_PX))


def _pixels(png: bytes) -> NDArray[np.uint8]:
    read = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if read is None:
        raise WallError(
            Words("ce n'est pas une image PNG", "this is no PNG picture"),
            where="wall",
            what_to_do=Words("Mettez cette machine du mur à jour", "Bring that machine of the wall up to date"),
        )
    return np.ascontiguousarray(read[..., ::-1], np.uint8)


def picture_of_wall(
    wall: Wall, framebuffers: Mapping[WallNodeId, NDArray[np.uint8]], width_px: int
) -> NDArray[np.uint8]:
    """The wall as it hangs, bezels and all: uint8 (height, width_px, 3), RGB."""
    rects = [panel.rect_mm for panel in wall.panels]
    left, top = min(rect.left for rect in rects) - MARGIN_MM, min(rect.top for rect in rects) - MARGIN_MM
    wide = max(rect.right for rect in rects) + MARGIN_MM - left
    high = max(rect.bottom for rect in rects) + MARGIN_MM - top
    px_per_mm = width_px / wide
    picture = np.empty((round(high * px_per_mm), width_px, 3), np.uint8)
    picture[:] = ROOM

    def place(rect: Rect) -> tuple[slice, slice]:
        x0, y0 = round((rect.left - left) * px_per_mm), round((rect.top - top) * px_per_mm)
        x1, y1 = round((rect.right - left) * px_per_mm), round((rect.bottom - top) * px_per_mm)
        return slice(y0, y1), slice(x0, x1)

    for panel in wall.panels:
        picture[place(panel.rect_mm)] = BEZEL
        there = picture[place(panel.visible_mm)]
        seen = np.ascontiguousarray(panel_seen(wall, panel.panel, framebuffers))
        there[:] = cv2.resize(seen, (there.shape[1], there.shape[0]), interpolation=cv2.INTER_AREA)
    return picture


def _upright(panel: Panel) -> Upright:
    width, height = panel.seen_px
    corners = [panel.framebuffer_at(at) for at in corners_of(Rect(0, 0, width, height))]
    return Upright.of((corners[0], corners[1], corners[2], corners[3]))


def _mark(picture: TilePicture | None) -> FrameMark | None:
    return read_mark(picture.planes.y) if picture is not None else None
