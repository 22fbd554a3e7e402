"""The wall without a graphics card: the same scene, states and letters by the processor, and a band that says so.

For when GL is lost: fewer pictures a second, no fade, plain sampling. What it shows is read back as the other wall is.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.frames import ClearPictureRefused, YuvPlanes
from csu.hal.wall import NodeScene, TilePicture, TileSource, WallReading
from csu.wall.drawing.freshness import Freshness, believed_stamp
from csu.wall.drawing.overlay import wall_zone
from csu.wall.drawing.painting import Image, Painter
from csu.wall.drawing.read_back import read_tiles
from csu.wall.model.fitting import FittedPiece

BAND = "MUR DE SECOURS : carte graphique perdue, images au ralenti"
"""The wall's own lettering is French."""
RENDERER = "OpenCV (mur de secours)"
LATENCIES_MAX = 4096
_WEIGHTS = {True: (0.2126, 0.0722), False: (0.299, 0.114)}


class Shows(Protocol):
    """Where the picture goes."""

    def show(self, rgb: NDArray[np.uint8]) -> None:
        """uint8 (height, width, 3)."""
        ...


class EmergencyWall:
    """Draws as `WallRenderer` does, without GL. `window`: where it is seen; None: it is only read."""

    def __init__(
        self,
        width_px: int,
        height_px: int,
        source: TileSource,
        clock: Clock,
        window: Shows | None = None,
        freshness: Freshness | None = None,
    ) -> None:
        self._source, self._clock, self._window = source, clock, window
        self._freshness, self._zone = freshness or Freshness(), wall_zone()
        self._pictures: dict[CameraId, TilePicture] = {}
        self._stamps: dict[CameraId, Nanoseconds] = {}
        self._painter = self._for(NodeScene(width_px, height_px, ()))
        self._drawn: object = None
        self._rgb: NDArray[np.uint8] = np.zeros((height_px, width_px, 3), np.uint8)
        self.frames_drawn = 0
        self.drew_all = True
        """Each frame is of the whole wall."""
        self.latencies_ms: deque[float] = deque(maxlen=LATENCIES_MAX)

    def show(self, scene: NodeScene) -> None:
        """Draw this scene from now on; it is cut to."""
        self._painter = self._for(scene)
        self._drawn = None

    def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown may be shown until then."""
        self._painter.scene = self._painter.scene.leased(until_ns)

    def tick(self) -> bool:
        """Take what is new and draw if anything changed. True when it drew."""
        fresh = self._take_new()
        now_ns = self._clock.now_ns()
        drawn = (self._painter.states(self._pictures, self._stamps, now_ns), now_ns // (NS_PER_S // 2))
        if not fresh and drawn == self._drawn:
            return False
        image = self._painter.paint(self._pictures, self._stamps, now_ns)
        self._rgb = np.rint(image).clip(0, 255).astype(np.uint8)
        if self._window is not None:
            self._window.show(self._rgb)
        self._drawn = drawn
        self.frames_drawn += 1
        ended_at_ns = self._clock.now_ns()
        self.latencies_ms.extend((ended_at_ns - captured) / NS_PER_MS for captured in fresh)
        return True

    def pixels(self) -> NDArray[np.uint8]:
        """The wall, drawn now: uint8 (height, width, 3), RGB."""
        self._drawn = None
        self.tick()
        return self._rgb

    def read(self) -> WallReading:
        """Draw, and say what the pixels show."""
        tiles = read_tiles(self.pixels(), self._painter.seen_pieces())
        return WallReading(self._clock.now_ns(), RENDERER, self.frames_drawn, tiles, tuple(self.latencies_ms))

    def _for(self, scene: NodeScene) -> Painter:
        return Painter(scene, self._freshness, self._zone, sampled_quickly, band=BAND)

    def _take_new(self) -> list[Nanoseconds]:
        fresh = []
        for camera in dict.fromkeys(piece.camera for piece in self._painter.scene.pieces if piece.camera is not None):
            before = self._pictures.get(camera)
            picture = self._source.newest(camera, before.sequence if before is not None else -1)
            if picture is None:
                continue
            if not isinstance(picture, TilePicture):
                raise ClearPictureRefused(picture, where=f"wall/{camera}")
            self._pictures[camera] = picture.kept()
            self._stamps[camera] = believed_stamp(picture.captured_at_ns, self._clock.now_ns())
            fresh.append(picture.captured_at_ns)
        return fresh


def sampled_quickly(planes: YuvPlanes, fitted: FittedPiece, width_px: int, height_px: int) -> Image:
    """Bilinear by OpenCV, plane by plane, then one matrix over bytes."""
    (left, top), (right, bottom) = fitted.picture_at[0], fitted.picture_at[3]
    sampled = []
    for plane, share in ((planes.y, 1.0), (planes.u, 0.5), (planes.v, 0.5)):
        wide, high = planes.width_px * share, planes.height_px * share
        across, down = (right - left) * wide / width_px, (bottom - top) * high / height_px
        onto = np.array(
            [[across, 0, left * wide + across / 2 - 0.5], [0, down, top * high + down / 2 - 0.5]], np.float64
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        sampled.append(cv2.warpAffine(plane, onto, (width_px, height_px), flags=flags, borderMode=cv2.BORDER_REPLICATE))
    rgb = cv2.transform(cv2.merge(sampled), _to_rgb(planes))
    return np.asarray(rgb, np.float32)


def _to_rgb(planes: YuvPlanes) -> NDArray[np.float64]:
    """(3, 4): red, green, blue from y, u, v and 1 (ITU-T H.273)."""
    red, blue = _WEIGHTS[planes.is_bt709]
    green = 1 - red - blue
    black, luma, chroma = (0, 1.0, 1.0) if planes.full_range else (16, 255 / 219, 255 / 224)
    from_u, from_v = 2 * (1 - blue) * chroma, 2 * (1 - red) * chroma
    rows = np.array([[luma, 0.0, from_v], [luma, -from_u * blue / green, -from_v * red / green], [luma, from_u, 0.0]])
    return np.column_stack([rows, rows @ np.array([-black, -128.0, -128.0])])
