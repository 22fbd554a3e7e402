"""Draws scenes: takes new pictures, uploads them, draws, and measures how old they were when they showed.

One draw call per size of picture, one for everything written over them. Draws only when something changed: a state
that a picture's age reached, another scene, the clock's next second, a fade, an alarm that blinks; and where a few
pictures, a clock or a border did, only there: so each picture can be drawn when it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.wall import NodeScene, TileSource, TileState, WallError, WallReading
from csu.hal.words import Words
from csu.wall.drawing.depth import levels_of
from csu.wall.drawing.direct_gl import COLOUR_BUFFER, DEPTH_BUFFER, SCISSOR_TEST
from csu.wall.drawing.freshness import Freshness
from csu.wall.drawing.overlay import blink, wall_zone
from csu.wall.drawing.read_back import read_tiles
from csu.wall.drawing.stage import Place, Programs, Stage
from csu.wall.drawing.surface import Surface

LATENCIES_MAX = 4096
"""Ages kept for the reading: the newest ones."""
PLACES_MAX = 16
"""With more places that changed the whole wall is drawn: all corners are computed for each place anew."""
PLACES_SHARE_MAX = 0.75
"""So it is when they are more of the wall."""
EPOCH_LIFE_NS = 600 * NS_PER_S
"""The shaders count seconds in 32-bit floats: from an epoch this young on, they are exact to 0.1 ms."""


class WallRenderer:
    """The wall of one process. Not for many threads: GL belongs to the one that made it."""

    def __init__(
        self,
        surface: Surface,
        source: TileSource,
        clock: Clock,
        freshness: Freshness | None = None,
        *,
        picture_every_ns: Nanoseconds = 0,
    ) -> None:
        """`picture_every_ns`: of each camera at most, see `Pace`."""
        self._picture_every_ns = picture_every_ns
        self._surface, self._source, self._clock = surface, source, clock
        self._freshness = freshness or Freshness()
        self._zone = wall_zone()
        self._stamps: dict[CameraId, tuple[int, Nanoseconds]] = {}
        self._epoch_ns = clock.now_ns()
        self._drawn: tuple[list[TileState] | None, int] = (None, 0)
        self.frames_drawn = 0
        self.draw_calls = 0
        """Of the last frame."""
        self.drew_all = True
        """Whether the last frame was of the whole wall and not of a few places."""
        self.latencies_ms: deque[float] = deque(maxlen=LATENCIES_MAX)
        surface.begin()
        self._programs = Programs.make(surface.context)
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
        if _bare(scene) == _bare(self._stage.scene):
            if self._stage.renew(scene):
                self._drawn = None, 0
            return
        self._drawn = None, 0
        self._let_go()
        if scene.fade_ns > 0 and self._stage.scene.pieces:
            self._leaving, self._fade_from_ns = self._stage, self._clock.monotonic_ns()
        else:
            self._stage.delete()
        self._stage = self._staged(scene)

    def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown may be shown until then. Nothing is drawn anew for it, and a fade goes on."""
        self._stage.renew(self._stage.scene.leased(until_ns))

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
            self._surface.context.flush_commands()
            return False
        is_whole = self._stage.follow_time(now_ns) or drawn[0] != self._drawn[0] or self._leaving is not None
        places = self._stage.take_touched()
        self.drew_all = is_whole or len(places) > PLACES_MAX
        self._draw(now_ns, None if self.drew_all or self._share(places) > PLACES_SHARE_MAX else places)
        self._drawn = drawn
        ended_at_ns = self._clock.now_ns()
        self.latencies_ms.extend((ended_at_ns - captured_at_ns) / NS_PER_MS for captured_at_ns in fresh)
        return True

    def pixels(self) -> NDArray[np.uint8]:
        """The wall as it is now: uint8 (height, width, 3), RGB, top row first."""
        self.tick()
        return self._surface.read_rgb()

    def read(self) -> WallReading:
        """Draw what changed, read the pixels back, and say what they show."""
        pixels = self.pixels()
        tiles = read_tiles(pixels, self._stage.seen_pieces())
        return WallReading(
            self._clock.now_ns(), self._surface.renderer, self.frames_drawn, tiles, tuple(self.latencies_ms)
        )

    def _staged(self, scene: NodeScene) -> Stage:
        return Stage(scene, self._programs, self._freshness, self._zone, self._stamps, self._picture_every_ns)

    def _let_go(self) -> None:
        if self._leaving is not None:
            self._leaving.delete()
            self._leaving = None

    def _draw(self, now_ns: Nanoseconds, places: Sequence[Place] | None) -> None:
        """`places`: of what changed; None: all did."""
        if now_ns - self._epoch_ns > EPOCH_LIFE_NS:
            self._epoch_ns = now_ns
        programs = self._programs
        self._surface.context.flush_commands()  # what vispy still has to do: from here on GL is called directly
        for program in (programs.overlay, programs.tiles):
            program.use()
            program.set("u_wall_px", float(self._surface.width_px), float(self._surface.height_px))
            program.set("u_now_s", (now_ns - self._epoch_ns) / NS_PER_S)
            program.set("u_stale_s", self._freshness.stale_after_ns / NS_PER_S)
            program.set("u_no_signal_s", self._freshness.no_signal_after_ns / NS_PER_S)
            program.set("u_blink", blink(now_ns))
        gl = programs.gl
        self.draw_calls = 0
        if places is None:
            self._draw_once(now_ns)
        else:
            gl.glEnable(SCISSOR_TEST)
            for place in places:
                gl.glScissor(*place)
                self._draw_once(now_ns)
            gl.glDisable(SCISSOR_TEST)
        self._surface.end()
        self.frames_drawn += 1

    def _draw_once(self, now_ns: Nanoseconds) -> None:
        """With the uniforms as they are, wherever may be drawn."""
        stage, gl = self._stage, self._programs.gl
        gl.glDepthMask(1)
        deep = self._leaving is not None or levels_of(stage.scene) > 1
        gl.glClearColor(*(level / 255 for level in stage.scene.background), 1.0)
        gl.glClear(COLOUR_BUFFER | DEPTH_BUFFER if deep else COLOUR_BUFFER)
        share = self._share_of_fade()
        if self._leaving is not None:
            self._leaving.follow_time(now_ns)
            self.draw_calls += self._leaving.draw(self._epoch_ns, (1.0 - share, 0.0), with_overlay=False)
            gl.glClear(DEPTH_BUFFER)
        self.draw_calls += stage.draw(self._epoch_ns, (share, 1.0))

    def _share(self, places: Sequence[Place]) -> float:
        pixels = sum(width * height for _, _, width, height in places)
        return pixels / (self._surface.width_px * self._surface.height_px)

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
    """Without what changes in place: labels, and how long pieces may be shown."""
    return replace(scene, pieces=tuple(replace(piece, label="", shown_until_ns=None) for piece in scene.pieces))
