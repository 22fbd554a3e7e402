"""One scene on the graphics card: its newest pictures, where they lie, what is written over them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeAlias

from vispy import gloo

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.frames import ClearPictureRefused
from csu.hal.wall import Corners, NodeScene, TilePicture, TileSource, TileState, WallError
from csu.hal.words import Words
from csu.wall.drawing.depth import depth_of, ground_depth, levels_of
from csu.wall.drawing.direct_gl import (
    BLEND,
    DEPTH_TEST,
    FLOAT,
    LEQUAL,
    ONE_MINUS_SRC_ALPHA,
    RGBA,
    SRC_ALPHA,
    TEXTURE_2D,
    UNPACK_ALIGNMENT,
    DirectGl,
    DirectProgram,
)
from csu.wall.drawing.freshness import NEVER_NS, Freshness, believed_stamp
from csu.wall.drawing.overlay_pass import ATLAS_UNIT, HEAT_UNIT, OverlayPass
from csu.wall.drawing.overlay_sheet import SceneSheet, is_over
from csu.wall.drawing.pace import Pace
from csu.wall.drawing.picture_pool import CHROMA_UNIT, LUMA_UNIT, PicturePool, PlacedPicture
from csu.wall.drawing.read_back import SeenPiece
from csu.wall.drawing.shaders import OVERLAY_FRAGMENT, OVERLAY_VERTEX, TILE_FRAGMENT, TILE_VERTEX
from csu.wall.drawing.upright import Upright
from csu.wall.model.fitting import FittedPiece, fit_piece

POOL_BYTES_MAX = 4 << 30
"""Memory of the card for pictures. 100 tiles of 1080p in two sizes take 0.6 GiB."""
FAR_S = 1e9
"""An age, or a right, without end."""

_NO_PICTURE: tuple[int, int] = (2, 2)
"""Size class of the cameras that had no picture yet, and of grounds; nothing is ever uploaded to it."""
_TOLD_UNIT = 0


Place: TypeAlias = tuple[int, int, int, int]
"""Of the framebuffer, as GL counts its pixels: left, bottom, width, height."""


@dataclass(slots=True)
class Feed:
    """A camera of the scene and its newest picture. Its layer in every pool is its place among the feeds."""

    camera: CameraId
    layer: int
    pace: Pace
    size_px: tuple[int, int] = _NO_PICTURE
    kind: object = None
    """Of its newest picture: what the following were made of."""
    bt709: bool = False
    full_range: bool = False
    wholly_masked: bool = False
    places: tuple[Place, ...] = ()
    """Where it is seen."""
    sequence: int = -1
    stamp_ns: Nanoseconds = NEVER_NS


@dataclass(slots=True)
class Programs:
    """The two programs, made once: every pool and scene draws with them."""

    gl: DirectGl
    tiles: DirectProgram
    overlay: DirectProgram

    @staticmethod
    def make(context: Any) -> Programs:
        """On the context that is current."""
        gl = DirectGl(context)
        tiles = {"u_told": _TOLD_UNIT, "u_luma": LUMA_UNIT, "u_chroma": CHROMA_UNIT}
        overlay = {"u_told": _TOLD_UNIT, "u_atlas": ATLAS_UNIT, "u_heat": HEAT_UNIT}
        return Programs(
            gl,
            DirectProgram(gl, TILE_VERTEX, TILE_FRAGMENT, tiles),
            DirectProgram(gl, OVERLAY_VERTEX, OVERLAY_FRAGMENT, overlay),
        )


class Stage:
    """One scene. `stamps`: what was seen before of each camera (sequence, stamp), shared by all scenes of a wall.
    `picture_every_ns`: of each camera at most, see `Pace`."""

    def __init__(
        self,
        scene: NodeScene,
        programs: Programs,
        freshness: Freshness,
        zone: tzinfo,
        stamps: dict[CameraId, tuple[int, Nanoseconds]],
        picture_every_ns: Nanoseconds = 0,
    ) -> None:
        self.scene = scene
        self._gl, self._programs, self._freshness, self._stamps = programs.gl, programs, freshness, stamps
        cameras = dict.fromkeys(piece.camera for piece in scene.pieces if piece.camera is not None)
        self._feeds = {camera: Feed(camera, layer, Pace(picture_every_ns)) for layer, camera in enumerate(cameras)}
        self._pools: dict[tuple[int, int], PicturePool] = {}
        self._fitted: dict[int, FittedPiece] = {}
        for camera, feed in self._feeds.items():
            feed.places = tuple(_place(piece.corners_px, scene) for piece in scene.pieces if piece.camera == camera)
        self._touched: dict[Place, None] = {}
        self._clock_places = [_place(overlay.corners_px, scene) for overlay in scene.overlays if overlay.corners_px]
        self._blinking = _blinking(scene)
        self._feed_of = [self._feeds[piece.camera] if piece.camera is not None else None for piece in scene.pieces]
        self._overlay = OverlayPass(self._gl, programs.overlay, SceneSheet(scene), zone)
        self._told = gloo.Texture2D(
            shape=(1, max(1, len(scene.pieces)), 4), format="rgba", internalformat="rgba32f", interpolation="nearest"
        )
        self._told_name = self._gl.name_of(self._told)
        self._texels = ctypes.c_float * (4 * len(scene.pieces))
        self._over = frozenset[int]()
        self._second = self._half = -1
        self._is_placed = False

    @property
    def blinks(self) -> bool:
        """Whether something changes each half second."""
        return bool(self._blinking)

    def take_new(self, source: TileSource, clock: Clock) -> list[Nanoseconds]:
        """Upload what is new; the capture times of what the wall never showed before."""
        fresh: list[Nanoseconds] = []
        now_ns = clock.now_ns()
        self._gl.glPixelStorei(UNPACK_ALIGNMENT, 1)
        for feed in self._feeds.values():
            picture = source.newest(feed.camera, feed.pace.after(feed.sequence, now_ns))
            if picture is None:
                continue
            if not isinstance(picture, TilePicture):
                raise ClearPictureRefused(picture, where=f"wall/{feed.camera}")
            if not feed.pace.takes(picture.sequence, now_ns):
                continue
            self._fit(feed, picture)
            self._pools[feed.size_px].upload(feed.layer, picture.planes)  # at once: they are ours until `newest`
            feed.sequence, feed.wholly_masked = picture.sequence, picture.wholly_masked
            known = self._stamps.get(feed.camera)
            if known is None or known[0] != picture.sequence:  # else: shown before, in another scene
                known = (picture.sequence, believed_stamp(picture.captured_at_ns, now_ns))
                self._stamps[feed.camera] = known
                fresh.append(picture.captured_at_ns)
            feed.stamp_ns = known[1]
            self._touched.update(dict.fromkeys(feed.places))
        self._gl.glPixelStorei(UNPACK_ALIGNMENT, 4)  # as vispy believes it to be
        return fresh

    def take_touched(self) -> list[Place]:
        """Where something changed since the last call, as far as `follow_time` said nothing else."""
        places = list(self._touched)
        self._touched.clear()
        return places

    def states(self, now_ns: Nanoseconds) -> list[TileState]:
        """Of every piece; NO_SIGNAL where none is shown."""
        return [
            self._freshness.state(
                now_ns - feed.stamp_ns,
                wholly_masked=feed.wholly_masked,
                may_show=piece.shown_until_ns is None or now_ns < piece.shown_until_ns,
            )
            if feed is not None
            else TileState.NO_SIGNAL
            for feed, piece in zip(self._feed_of, self.scene.pieces, strict=True)
        ]

    def follow_time(self, now_ns: Nanoseconds) -> bool:
        """Write the clocks anew, and leave out overlays that are over. True when all has to be drawn again."""
        over = frozenset(i for i, overlay in enumerate(self.scene.overlays) if is_over(overlay, now_ns))
        if not self._is_placed:
            self._place_pictures()
        second = now_ns // NS_PER_S
        is_new = self._over != over or not self._is_placed
        if is_new:
            self._overlay.write(self._fitted, now_ns)
            self._over, self._is_placed = over, True
        elif second != self._second:
            self._overlay.set_time(now_ns)
            self._touched.update(dict.fromkeys(self._clock_places))
        half = now_ns // (NS_PER_S // 2)
        if half != self._half:
            self._touched.update(dict.fromkeys(self._blinking))
        self._second, self._half = second, half
        return is_new

    def renew(self, scene: NodeScene) -> bool:
        """`scene` differs from this one in its labels and in how long pieces may be shown, and in nothing else. True
        when a label did: that is seen at once."""
        changed = False
        for index, (old, new) in enumerate(zip(self.scene.pieces, scene.pieces, strict=True)):
            if old.label != new.label and index in self._overlay.sheet.label_rows:
                self._overlay.set_label(index, new.label)
                changed = True
        self.scene = scene
        return changed

    def draw(self, epoch_ns: Nanoseconds, cover: tuple[float, float], *, with_overlay: bool = True) -> int:
        """Draw what is current; the number of draw calls. `cover`: of live pictures, of all else."""
        gl, (tiles, overlay) = self._gl, (self._programs.tiles, self._programs.overlay)
        self._tell(epoch_ns)
        tiles.use()
        tiles.set("u_cover", *cover)
        tiles.set("u_background", *(level / 255 for level in self.scene.background))
        (gl.glEnable if levels_of(self.scene) > 1 else gl.glDisable)(DEPTH_TEST)
        (gl.glEnable if cover != (1.0, 1.0) else gl.glDisable)(BLEND)
        gl.glBlendFunc(SRC_ALPHA, ONE_MINUS_SRC_ALPHA)
        gl.glDepthFunc(LEQUAL)
        calls = sum(pool.draw() for pool in self._pools.values())
        if not with_overlay:
            return calls
        gl.glEnable(BLEND)
        gl.glDepthMask(0)
        overlay.use()
        calls += self._overlay.draw()
        gl.glDepthMask(1)
        return calls

    def _tell(self, epoch_ns: Nanoseconds) -> None:
        """Say what each piece is judged by."""
        self._gl.glBindTexture(TEXTURE_2D, self._told_name)
        if not self.scene.pieces:
            return
        told: list[float] = []
        for feed, piece in zip(self._feed_of, self.scene.pieces, strict=True):
            if feed is None:
                told += (-FAR_S, FAR_S, 0.0, 0.0)
                continue
            until_ns = piece.shown_until_ns
            stamp_s = max(-FAR_S, (feed.stamp_ns - epoch_ns) / NS_PER_S)
            until_s = FAR_S if until_ns is None else max(-FAR_S, (until_ns - epoch_ns) / NS_PER_S)
            told += (stamp_s, until_s, 1.0 if feed.wholly_masked else 0.0, 0.0)
        texels = self._texels(*told)
        self._gl.glTexSubImage2D(TEXTURE_2D, 0, 0, 0, len(told) // 4, 1, RGBA, FLOAT, ctypes.byref(texels))

    def seen_pieces(self) -> list[SeenPiece]:
        """For the reading of the pixels: each piece that shows a camera, and where its picture lies."""
        return [
            SeenPiece(piece.tile, piece.camera, piece.z, piece.corners_px, self._fitted[index])
            for index, piece in enumerate(self.scene.pieces)
            if piece.camera is not None and index in self._fitted
        ]

    def delete(self) -> None:
        """Give the memory of the card back."""
        for pool in self._pools.values():
            pool.delete()
        self._pools.clear()
        self._overlay.delete()
        self._told.delete()

    def _fit(self, feed: Feed, picture: TilePicture) -> None:
        planes = picture.planes
        kind = planes.y.shape, planes.bt709, planes.full_range
        if kind == feed.kind:
            return
        feed.kind, feed.size_px = kind, (planes.width_px, planes.height_px)
        feed.bt709, feed.full_range = planes.is_bt709, planes.full_range
        self._is_placed = False
        self._make_pools()

    def _make_pools(self) -> None:
        """Make the pools that the sizes call for and drop the others."""
        sizes = {feed.size_px for feed in self._feeds.values()}
        if levels_of(self.scene) > 1:
            sizes.add(_NO_PICTURE)
        for size in self._pools.keys() - sizes:
            self._pools.pop(size).delete()
        memory = sum(width * height * 3 // 2 * len(self._feeds) for width, height in sizes)
        if memory > POOL_BYTES_MAX:
            raise _too_much(len(self._feeds), len(sizes), memory)
        for size in sizes - self._pools.keys():
            self._pools[size] = PicturePool(self._gl, self._programs.tiles, *size, capacity=len(self._feeds))

    def _place_pictures(self) -> None:
        """Say what is drawn where."""
        self._make_pools()
        depths, levels = depth_of(self.scene), levels_of(self.scene)
        lowest = max(depths, default=0.0)
        placed: dict[tuple[int, int], list[PlacedPicture]] = {size: [] for size in self._pools}
        self._fitted.clear()
        for index, piece in enumerate(self.scene.pieces):
            if piece.camera is None:
                continue
            feed, whole = self._feeds[piece.camera], FittedPiece(piece.corners_px, piece.tile_at)
            is_seen = feed.size_px != _NO_PICTURE
            fitted = fit_piece(piece, *feed.size_px) if is_seen else whole
            if depths[index] < lowest:
                deep = ground_depth(depths[index], levels)
                placed[_NO_PICTURE].append(PlacedPicture(0, whole, index, deep, is_ground=True))
            if fitted is not None:
                self._fitted[index] = fitted
                placed[feed.size_px].append(
                    PlacedPicture(feed.layer, fitted, index, depths[index], feed.bt709, feed.full_range)
                )
        for size, pool in self._pools.items():
            pool.place(placed[size])


def _blinking(scene: NodeScene) -> list[Place]:
    tiles = {overlay.tile for overlay in scene.overlays if overlay.style == "alarm"}
    return [_place(piece.corners_px, scene) for piece in scene.pieces if piece.tile in tiles or None in tiles]


def _place(corners: Corners, scene: NodeScene) -> Place:
    rows, columns = Upright.of(corners).box
    return columns.start, scene.height_px - rows.stop, columns.stop - columns.start, rows.stop - rows.start


def _too_much(cameras: int, sizes: int, memory: int) -> WallError:
    mib = memory >> 20
    return WallError(
        Words(
            f"{cameras} caméras de {sizes} tailles d'image demandent {mib} Mio",
            f"{cameras} cameras in {sizes} sizes of picture need {mib} MiB",
        ),
        where="wall",
        what_to_do=Words(
            "Montrez les flux secondaires des caméras, ou moins de vignettes",
            "Show the sub streams of the cameras, or fewer tiles",
        ),
    )
