"""One scene on the graphics card: its newest pictures, where they lie, what is written over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np
from vispy import gloo

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.frames import ClearPictureRefused
from csu.hal.wall import NodeScene, TilePicture, TileSource, TileState, WallError
from csu.hal.words import Words
from csu.wall.drawing.depth import depth_of, ground_depth, levels_of
from csu.wall.drawing.freshness import NEVER_NS, Freshness, believed_stamp
from csu.wall.drawing.overlay_pass import OverlayPass
from csu.wall.drawing.overlay_sheet import SceneSheet, is_over
from csu.wall.drawing.picture_pool import PicturePool, PlacedPicture
from csu.wall.drawing.read_back import SeenPiece
from csu.wall.drawing.shaders import OVERLAY_FRAGMENT, OVERLAY_VERTEX, TILE_FRAGMENT, TILE_VERTEX
from csu.wall.model.fitting import FittedPiece, fit_piece

POOL_BYTES_MAX = 4 << 30
"""Memory of the card for pictures. 100 tiles of 1080p in two sizes take 0.6 GiB."""
FAR_S = 1e9
"""An age, or a right, without end."""

_NO_PICTURE: tuple[int, int] = (2, 2)
"""Size class of the cameras that had no picture yet, and of grounds; nothing is ever uploaded to it."""


@dataclass(slots=True)
class Feed:
    """A camera of the scene and its newest picture. Its layer in every pool is its place among the feeds."""

    camera: CameraId
    layer: int
    size_px: tuple[int, int] = _NO_PICTURE
    bt709: bool = False
    full_range: bool = False
    wholly_masked: bool = False
    sequence: int = -1
    stamp_ns: Nanoseconds = NEVER_NS


@dataclass(slots=True)
class Programs:
    """The two programs, made once: every pool and scene draws with them."""

    tiles: Any
    overlay: Any

    @staticmethod
    def make() -> Programs:
        """On the context that is current."""
        return Programs(gloo.Program(TILE_VERTEX, TILE_FRAGMENT), gloo.Program(OVERLAY_VERTEX, OVERLAY_FRAGMENT))

    def set(self, name: str, value: Any) -> None:
        """A uniform of both."""
        self.tiles[name] = self.overlay[name] = value


class Stage:
    """One scene. `stamps`: what was seen before of each camera (sequence, stamp), shared by all scenes of a wall."""

    def __init__(
        self,
        scene: NodeScene,
        context: Any,
        programs: Programs,
        freshness: Freshness,
        zone: tzinfo,
        stamps: dict[CameraId, tuple[int, Nanoseconds]],
    ) -> None:
        self.scene = scene
        self._context, self._programs, self._freshness, self._stamps = context, programs, freshness, stamps
        cameras = dict.fromkeys(piece.camera for piece in scene.pieces if piece.camera is not None)
        self._feeds = {camera: Feed(camera, layer) for layer, camera in enumerate(cameras)}
        self._pools: dict[tuple[int, int], PicturePool] = {}
        self._fitted: dict[int, FittedPiece] = {}
        self._overlay = OverlayPass(programs.overlay, SceneSheet(scene), zone)
        self._told = gloo.Texture2D(
            shape=(1, max(1, len(scene.pieces)), 4), format="rgba", internalformat="rgba32f", interpolation="nearest"
        )
        self._over = frozenset[int]()
        self._second: Nanoseconds = -1
        self._is_placed = False

    @property
    def blinks(self) -> bool:
        """Whether something changes each half second."""
        return any(overlay.style == "alarm" for overlay in self.scene.overlays)

    def take_new(self, source: TileSource, clock: Clock) -> list[Nanoseconds]:
        """Upload what is new; the capture times of what the wall never showed before."""
        fresh: list[Nanoseconds] = []
        for feed in self._feeds.values():
            picture = source.newest(feed.camera, feed.sequence)
            if picture is None:
                continue
            if not isinstance(picture, TilePicture):
                raise ClearPictureRefused(picture, where=f"wall/{feed.camera}")
            self._fit(feed, picture)
            self._pools[feed.size_px].upload(feed.layer, picture.planes)  # at once: they are ours until `newest`
            feed.sequence, feed.wholly_masked = picture.sequence, picture.wholly_masked
            known = self._stamps.get(feed.camera)
            if known is None or known[0] != picture.sequence:  # else: shown before, in another scene
                known = (picture.sequence, believed_stamp(picture.captured_at_ns, clock.now_ns()))
                self._stamps[feed.camera] = known
                fresh.append(picture.captured_at_ns)
            feed.stamp_ns = known[1]
        return fresh

    def states(self, now_ns: Nanoseconds) -> list[TileState]:
        """Of every piece; NO_SIGNAL where none is shown."""
        return [
            self._freshness.state(
                now_ns - feed.stamp_ns, wholly_masked=feed.wholly_masked, may_show=_may_show(until, now_ns)
            )
            if feed is not None
            else TileState.NO_SIGNAL
            for feed, until in self._judged()
        ]

    def follow_time(self, now_ns: Nanoseconds) -> None:
        """Write the clocks anew, and leave out overlays that are over."""
        over = frozenset(i for i, overlay in enumerate(self.scene.overlays) if is_over(overlay, now_ns))
        if not self._is_placed:
            self._place_pictures()
        second = now_ns // NS_PER_S
        if self._over != over or not self._is_placed:
            self._overlay.write(self._fitted, now_ns)
            self._over, self._is_placed = over, True
        elif second != self._second:
            self._overlay.set_time(now_ns)
        self._second = second

    def set_labels(self, scene: NodeScene) -> None:
        """`scene` differs from this one in its labels, and in how long it may be shown."""
        for index, (old, new) in enumerate(zip(self.scene.pieces, scene.pieces, strict=True)):
            if old.label != new.label and index in self._overlay.sheet.label_rows:
                self._overlay.set_label(index, new.label)
        self.scene = scene

    def draw(self, epoch_ns: Nanoseconds, cover: tuple[float, float], *, with_overlay: bool = True) -> int:
        """Draw what is current; the number of draw calls. `cover`: of live pictures, of all else."""
        told = np.full((1, max(1, len(self.scene.pieces)), 4), (-FAR_S, FAR_S, 0, 0), np.float32)
        for index, (feed, until) in enumerate(self._judged()):
            if feed is not None:
                stamp_s = max(-FAR_S, (feed.stamp_ns - epoch_ns) / NS_PER_S)
                until_s = FAR_S if until is None else max(-FAR_S, (until - epoch_ns) / NS_PER_S)
                told[0, index] = (stamp_s, until_s, feed.wholly_masked, 0)
        self._told.set_data(told)
        tiles, overlay = self._programs.tiles, self._programs.overlay
        tiles["u_told"] = overlay["u_told"] = self._told
        tiles["u_cover"] = cover
        tiles["u_background"] = tuple(level / 255 for level in self.scene.background)
        deep = levels_of(self.scene) > 1
        fades = cover != (1.0, 1.0)
        gloo.set_state(depth_test=deep, cull_face=False, blend=fades, blend_func=("src_alpha", "one_minus_src_alpha"))
        gloo.set_depth_func("lequal")
        for pool in self._pools.values():
            pool.draw()
        if not with_overlay:
            return len(self._pools)
        gloo.set_state(blend=True, blend_func=("src_alpha", "one_minus_src_alpha"))
        gloo.set_depth_mask(False)
        calls = len(self._pools) + self._overlay.draw()
        gloo.set_depth_mask(True)
        return calls

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

    def _judged(self) -> list[tuple[Feed | None, Nanoseconds | None]]:
        feeds = self._feeds
        return [
            (feeds[piece.camera] if piece.camera is not None else None, piece.shown_until_ns)
            for piece in self.scene.pieces
        ]

    def _fit(self, feed: Feed, picture: TilePicture) -> None:
        planes = picture.planes
        size_px = (planes.width_px, planes.height_px)
        if (size_px, planes.is_bt709, planes.full_range) == (feed.size_px, feed.bt709, feed.full_range):
            return
        feed.size_px, feed.bt709, feed.full_range = size_px, planes.is_bt709, planes.full_range
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
            self._pools[size] = PicturePool(self._context, self._programs.tiles, *size, capacity=len(self._feeds))

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


def _may_show(until_ns: Nanoseconds | None, now_ns: Nanoseconds) -> bool:
    return until_ns is None or now_ns < until_ns


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
