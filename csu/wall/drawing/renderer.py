"""Draws a scene: takes new pictures, uploads them, draws, and measures how old they were when they showed.

One draw call per size of picture, one for everything written over them. Draws only when something changed: a new
picture, a state that a picture's age reached, another scene, the clock's next second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.frames import ClearPictureRefused
from csu.hal.wall import TilePicture, TileSource, TileState, WallError, WallReading, WallScene, WallTile
from csu.hal.words import Words
from csu.wall.drawing.freshness import NEVER_NS, Freshness, believed_stamp
from csu.wall.drawing.overlay import BACKGROUND, wall_zone
from csu.wall.drawing.overlay_pass import OverlayPass
from csu.wall.drawing.picture_pool import PicturePool, PlacedPicture
from csu.wall.drawing.read_back import read_tiles
from csu.wall.drawing.surface import Surface
from csu.wall.model.layout import Rectangle, fit_picture

LATENCIES_MAX = 4096
"""Ages kept for the reading: the newest ones."""
EPOCH_LIFE_NS = 600 * NS_PER_S
"""The shaders count seconds in 32-bit floats: from an epoch this young on, they are exact to 0.1 ms."""
POOL_BYTES_MAX = 4 << 30
"""Memory of the card for pictures. 100 tiles of 1080p in two sizes take 0.6 GiB."""

_NO_PICTURE: tuple[int, int] = (2, 2)
"""Size class of the tiles that had no picture yet; nothing is ever uploaded to it."""


@dataclass(slots=True)
class _Shown:
    """A tile and the picture in it. Its layer in every pool is its index in the scene."""

    tile: WallTile
    place: Rectangle
    size_px: tuple[int, int] = _NO_PICTURE
    bt709: bool = False
    full_range: bool = False
    sequence: int = -1
    stamp_ns: Nanoseconds = NEVER_NS


class WallRenderer:
    """The wall of one process. Not for many threads: GL belongs to the one that made it."""

    def __init__(self, surface: Surface, source: TileSource, clock: Clock, freshness: Freshness | None = None) -> None:
        self._surface, self._source, self._clock = surface, source, clock
        self._freshness = freshness or Freshness()
        self._zone = wall_zone()
        self._shown: list[_Shown] = []
        self._pools: dict[tuple[int, int], PicturePool] = {}
        self._stamps: dict[CameraId, tuple[int, Nanoseconds]] = {}
        self._epoch_ns = clock.now_ns()
        self._drawn_states: list[TileState] | None = None
        self._drawn_second = -1
        self.frames_drawn = 0
        self.draw_calls = 0
        """Of the last frame."""
        self.latencies_ms: deque[float] = deque(maxlen=LATENCIES_MAX)
        self.show(WallScene(surface.width_px, surface.height_px, ()))

    def show(self, scene: WallScene) -> None:
        """Draw this scene from now on. Raises WallError when it is not of the surface's size."""
        if (scene.width_px, scene.height_px) != (self._surface.width_px, self._surface.height_px):
            size = f"{scene.width_px}x{scene.height_px} px"
            raise WallError(
                Words(f"une scène de {size}", f"a scene of {size}"),
                where=f"wall/{self._surface.width_px}x{self._surface.height_px}",
                what_to_do=Words("Composez la scène à la taille du mur", "Lay the scene out for the size of the wall"),
            )
        self._surface.begin()
        for pool in self._pools.values():
            pool.delete()
        self._pools.clear()
        self._shown = [
            _Shown(tile, Rectangle(tile.left_px, tile.top_px, tile.width_px, tile.height_px)) for tile in scene.tiles
        ]
        self._overlay = OverlayPass(scene, self._zone)
        self._place_pictures()
        self._drawn_states, self._drawn_second = None, -1

    def tick(self) -> bool:
        """Take what is new and draw if anything changed. True when it drew."""
        self._surface.begin()
        fresh = self._take_new_pictures()
        now_ns = self._clock.now_ns()
        states = [self._freshness.state(now_ns - shown.stamp_ns) for shown in self._shown]
        second = now_ns // NS_PER_S
        if not fresh and states == self._drawn_states and second == self._drawn_second:
            return False
        if second != self._drawn_second:
            self._overlay.set_time(now_ns)
        self._draw(now_ns)
        self._drawn_states, self._drawn_second = states, second
        ended_at_ns = self._clock.now_ns()
        self.latencies_ms.extend((ended_at_ns - captured_at_ns) / NS_PER_MS for captured_at_ns in fresh)
        return True

    def pixels(self) -> NDArray[np.uint8]:
        """The wall, drawn now: uint8 (height, width, 3), RGB, top row first."""
        self._drawn_states = None
        self.tick()
        return self._surface.read_rgb()

    def read(self) -> WallReading:
        """Draw, read the pixels back, and say what they show."""
        tiles = read_tiles(self.pixels(), [(shown.tile, shown.place) for shown in self._shown])
        return WallReading(
            self._clock.now_ns(), self._surface.renderer, self.frames_drawn, tiles, tuple(self.latencies_ms)
        )

    def png(self) -> bytes:
        """The wall, drawn now, as a PNG."""
        bgr = cv2.cvtColor(self.pixels(), cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        if not done:
            raise WallError(
                Words("l'image du mur n'a pas pu être encodée", "the picture of the wall could not be encoded"),
                where="wall",
                what_to_do=Words("Vérifiez la mémoire et réessayez", "Check memory and try again"),
            )
        return data.tobytes()

    def _take_new_pictures(self) -> list[Nanoseconds]:
        """Upload what is new; the capture times of what the wall never showed before."""
        fresh: list[Nanoseconds] = []
        for layer, shown in enumerate(self._shown):
            camera = shown.tile.camera
            picture = self._source.newest(camera, shown.sequence)
            if picture is None:
                continue
            if not isinstance(picture, TilePicture):
                raise ClearPictureRefused(picture, where=f"wall/{camera}")
            self._fit(shown, picture)
            self._pools[shown.size_px].upload(layer, picture.planes)  # at once: the planes are ours until `newest`
            shown.sequence = picture.sequence
            known = self._stamps.get(camera)
            if known is None or known[0] != picture.sequence:  # else: shown before, in another scene or tile
                known = (picture.sequence, believed_stamp(picture.captured_at_ns, self._clock.now_ns()))
                self._stamps[camera] = known
                fresh.append(picture.captured_at_ns)
            shown.stamp_ns = known[1]
        return fresh

    def _fit(self, shown: _Shown, picture: TilePicture) -> None:
        planes = picture.planes
        size_px = (planes.width_px, planes.height_px)
        if (size_px, planes.is_bt709, planes.full_range) == (shown.size_px, shown.bt709, shown.full_range):
            return
        shown.size_px, shown.bt709, shown.full_range = size_px, planes.is_bt709, planes.full_range
        shown.place = fit_picture(shown.tile, *size_px)
        self._place_pictures()

    def _place_pictures(self) -> None:
        """Make the pools that the sizes call for, drop the others, and say what is drawn where."""
        sizes = {shown.size_px for shown in self._shown}
        for size in self._pools.keys() - sizes:
            self._pools.pop(size).delete()
        memory = sum(width * height * 3 // 2 * len(self._shown) for width, height in sizes)
        if memory > POOL_BYTES_MAX:
            tiles, mib = len(self._shown), memory >> 20
            raise WallError(
                Words(
                    f"{tiles} vignettes de {len(sizes)} tailles d'image demandent {mib} Mio",
                    f"{tiles} tiles in {len(sizes)} sizes of picture need {mib} MiB",
                ),
                where="wall",
                what_to_do=Words(
                    "Montrez les flux secondaires des caméras, ou moins de vignettes",
                    "Show the sub streams of the cameras, or fewer tiles",
                ),
            )
        for size in sizes:
            if size not in self._pools:
                self._pools[size] = PicturePool(self._surface.context, *size, capacity=len(self._shown))
            self._pools[size].place(
                [
                    PlacedPicture(layer, shown.place, shown.bt709, shown.full_range)
                    for layer, shown in enumerate(self._shown)
                    if shown.size_px == size
                ]
            )

    def _draw(self, now_ns: Nanoseconds) -> None:
        if now_ns - self._epoch_ns > EPOCH_LIFE_NS:
            self._epoch_ns = now_ns
        stamps_s = np.array([(shown.stamp_ns - self._epoch_ns) / NS_PER_S for shown in self._shown], np.float32)
        uniforms: dict[str, Any] = {
            "u_wall_px": (self._surface.width_px, self._surface.height_px),
            "u_now_s": (now_ns - self._epoch_ns) / NS_PER_S,
            "u_stale_s": self._freshness.stale_after_ns / NS_PER_S,
            "u_no_signal_s": self._freshness.no_signal_after_ns / NS_PER_S,
        }
        gloo.set_state(depth_test=False, cull_face=False, blend=False)
        gloo.clear(color=tuple(level / 255 for level in BACKGROUND))
        for size, pool in self._pools.items():
            chosen = [index for index, shown in enumerate(self._shown) if shown.size_px == size]
            pool.draw(stamps_s[chosen], uniforms)
        gloo.set_state(blend=True, blend_func=("src_alpha", "one_minus_src_alpha"))
        self.draw_calls = len(self._pools) + self._overlay.draw(stamps_s, uniforms)
        self._surface.end()
        self.frames_drawn += 1
