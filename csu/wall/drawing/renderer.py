"""Draws scenes: takes new pictures, uploads them, draws, and measures how old they were when they showed.

One draw call per size of picture, one for everything written over them. Draws only when something changed: a new
picture, a state that a picture's age reached, another scene, the clock's next second, a fade, an alarm that blinks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.wall import NodeScene, TileSource, TileState, WallError, WallReading
from csu.hal.words import Words
from csu.wall.drawing.depth import levels_of
from csu.wall.drawing.freshness import Freshness
from csu.wall.drawing.overlay import blink, wall_zone
from csu.wall.drawing.read_back import read_tiles
from csu.wall.drawing.stage import Programs, Stage
from csu.wall.drawing.surface import Surface

LATENCIES_MAX = 4096
"""Ages kept for the reading: the newest ones."""
EPOCH_LIFE_NS = 600 * NS_PER_S
"""The shaders count seconds in 32-bit floats: from an epoch this young on, they are exact to 0.1 ms."""


class WallRenderer:
    """The wall of one process. Not for many threads: GL belongs to the one that made it."""

    def __init__(self, surface: Surface, source: TileSource, clock: Clock, freshness: Freshness | None = None) -> None:
        self._surface, self._source, self._clock = surface, source, clock
        self._freshness = freshness or Freshness()
        self._zone = wall_zone()
        self._stamps: dict[CameraId, tuple[int, Nanoseconds]] = {}
        self._epoch_ns = clock.now_ns()
        self._drawn: tuple[list[TileState], int] | None = None
        self.frames_drawn = 0
        self.draw_calls = 0
        """Of the last frame."""
        self.latencies_ms: deque[float] = deque(maxlen=LATENCIES_MAX)
        surface.begin()
        self._programs = Programs.make()
        self._stage = self._staged(NodeScene(surface.width_px, surface.height_px, ()))
        self._leaving: Stage | None = None
        self._fade_from_ns: Nanoseconds = 0

    def show(self, scene: NodeScene) -> None:
        """Draw this scene from now on. Raises WallError when it is not of the surface's size."""
        if (scene.width_px, scene.height_px) != (self._surface.width_px, self._surface.height_px):
            size = f"{scene.width_px}x{scene.height_px} px"
            raise WallError(
                Words(f"une scène de {size}", f"a scene of {size}"),
                where=f"wall/{self._surface.width_px}x{self._surface.height_px}",
                what_to_do=Words("Composez la scène à la taille du mur", "Lay the scene out for the size of the wall"),
            )
        self._surface.begin()
        self._drawn = None
        if _bare(scene) == _bare(self._stage.scene):
            self._stage.set_labels(scene)
            return
        self._let_go()
        if scene.fade_ns > 0 and self._stage.scene.pieces:
            self._leaving, self._fade_from_ns = self._stage, self._clock.monotonic_ns()
        else:
            self._stage.delete()
        self._stage = self._staged(scene)

    def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown may be shown until then. Nothing is drawn anew for it, and a fade goes on."""
        self._stage.scene = self._stage.scene.leased(until_ns)

    def tick(self) -> bool:
        """Take what is new and draw if anything changed. True when it drew."""
        self._surface.begin()
        fresh = self._stage.take_new(self._source, self._clock)
        if self._leaving is not None:
            self._leaving.take_new(self._source, self._clock)
        now_ns = self._clock.now_ns()
        halves = now_ns // (NS_PER_S // 2)
        drawn = (self._stage.states(now_ns), halves if self._stage.blinks else halves // 2)
        if not fresh and drawn == self._drawn and self._leaving is None:
            return False
        self._stage.follow_time(now_ns)
        self._draw(now_ns)
        self._drawn = drawn
        ended_at_ns = self._clock.now_ns()
        self.latencies_ms.extend((ended_at_ns - captured_at_ns) / NS_PER_MS for captured_at_ns in fresh)
        return True

    def pixels(self) -> NDArray[np.uint8]:
        """The wall, drawn now: uint8 (height, width, 3), RGB, top row first."""
        self._drawn = None
        self.tick()
        return self._surface.read_rgb()

    def read(self) -> WallReading:
        """Draw, read the pixels back, and say what they show."""
        pixels = self.pixels()
        tiles = read_tiles(pixels, self._stage.seen_pieces())
        return WallReading(
            self._clock.now_ns(), self._surface.renderer, self.frames_drawn, tiles, tuple(self.latencies_ms)
        )

    def _staged(self, scene: NodeScene) -> Stage:
        context = self._surface.context
        return Stage(scene, context, self._programs, self._freshness, self._zone, self._stamps)

    def _let_go(self) -> None:
        if self._leaving is not None:
            self._leaving.delete()
            self._leaving = None

    def _draw(self, now_ns: Nanoseconds) -> None:
        if now_ns - self._epoch_ns > EPOCH_LIFE_NS:
            self._epoch_ns = now_ns
        stage, programs = self._stage, self._programs
        programs.set("u_wall_px", (self._surface.width_px, self._surface.height_px))
        programs.set("u_now_s", (now_ns - self._epoch_ns) / NS_PER_S)
        programs.set("u_stale_s", self._freshness.stale_after_ns / NS_PER_S)
        programs.set("u_no_signal_s", self._freshness.no_signal_after_ns / NS_PER_S)
        programs.overlay["u_blink"] = blink(now_ns)
        gloo.set_depth_mask(True)
        deep = self._leaving is not None or levels_of(stage.scene) > 1
        gloo.clear(color=tuple(level / 255 for level in stage.scene.background), depth=1.0 if deep else False)
        share = self._share_of_fade()
        self.draw_calls = 0
        if self._leaving is not None:
            self._leaving.follow_time(now_ns)
            self.draw_calls = self._leaving.draw(self._epoch_ns, (1.0 - share, 0.0), with_overlay=False)
            gloo.clear(color=False, depth=1.0)
        self.draw_calls += stage.draw(self._epoch_ns, (share, 1.0))
        self._surface.end()
        self.frames_drawn += 1

    def _share_of_fade(self) -> float:
        """How far the scene has come up; 1: wholly. Live pictures only: what says a state is cut to."""
        if self._leaving is None:
            return 1.0
        gone_ns = self._clock.monotonic_ns() - self._fade_from_ns
        share = gone_ns / self._stage.scene.fade_ns
        if not 0 <= share < 1:
            self._let_go()
            return 1.0
        return share


def _bare(scene: NodeScene) -> NodeScene:
    """Without what a scene may change and stay the same: labels, and until when it may be shown."""
    return replace(scene, pieces=tuple(replace(piece, label="", shown_until_ns=None) for piece in scene.pieces))
