"""The whole wall drawn once more, small, for people elsewhere: in the wall's own process, by the thread that draws.

So a wall that stopped has no preview either, and what ages on the wall ages in the preview: the same pictures, the same
shaders, a framebuffer and letters of its own size. It costs nothing while nobody asks.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray
from OpenGL.error import Error as GLError

from csu.hal.clock import Clock, Nanoseconds
from csu.hal.wall import NodeScene, TileSource, WallError
from csu.wall.drawing.freshness import Freshness
from csu.wall.drawing.offscreen import OffscreenSurface
from csu.wall.drawing.preview_plan import PreviewPicture, PreviewPlan, i420_of
from csu.wall.drawing.renderer import WallRenderer
from csu.wall.drawing.surface import Surface

_log = logging.getLogger(__name__)


class SmallSurface(OffscreenSurface):
    """A second framebuffer in the context of another surface: `leave` it when it is drawn."""

    def __init__(self, beside: Surface, width_px: int, height_px: int) -> None:
        super().__init__(width_px, height_px, beside.canvas)

    def leave(self) -> None:
        """The wall's own framebuffer is current again."""
        self._framebuffer.deactivate()
        self.context.flush_commands()


class PreviewedWall(WallRenderer):
    """A wall that is drawn small as well when asked. Programs and framebuffer stay once they were made, pictures do
    not: a wall that nobody watches from elsewhere keeps none twice."""

    def __init__(
        self,
        surface: Surface,
        source: TileSource,
        clock: Clock,
        freshness: Freshness | None = None,
        *,
        picture_every_ns: Nanoseconds = 0,
    ) -> None:
        """See `WallRenderer`."""
        super().__init__(surface, source, clock, freshness, picture_every_ns=picture_every_ns)
        self._small: tuple[SmallSurface, WallRenderer] | None = None
        self._placed: NodeScene | None = None
        self._is_shrunk = False
        """The card has no room to draw it twice: what it drew is shrunk instead, at many times the cost."""

    def preview(self, plan: PreviewPlan | None) -> PreviewPicture | None:
        """The wall as it is now, by `plan`; None: nobody watches any more. Raises WallError."""
        if plan is None:
            self._forget()
            return None
        drawn_at_ns = self._clock.now_ns()
        if not self._is_shrunk:
            try:
                return PreviewPicture(i420_of(self.drawn_small(plan)), drawn_at_ns)
            except (WallError, RuntimeError, GLError) as error:
                _log.warning("the preview of the wall cannot be drawn, the wall itself is shrunk: %s", error)
                self._is_shrunk = True
        return PreviewPicture(i420_of(plan.of_pixels(self.pixels())), drawn_at_ns)

    def drawn_small(self, plan: PreviewPlan) -> NDArray[np.uint8]:
        """uint8 (height, width, 3), RGB. Raises WallError, and what GL raises, when the card has no room for it."""
        scene = self._stage.scene
        if self._small is None:
            surface = SmallSurface(self._surface, plan.width_px, plan.height_px)
            self._small = surface, WallRenderer(surface, self._source, self._clock, self._freshness)
        surface, small = self._small
        try:
            # From when a picture ages is what the wall saw: one it has shown for long is not new to who comes later.
            small._stamps.update(self._stamps)
            if self._placed is not scene:
                small.show(plan.of_scene(scene))
                self._placed = scene
            return small.pixels()
        finally:
            surface.leave()

    def _forget(self) -> None:
        self._placed = None
        if self._small is not None:
            surface, small = self._small
            small.show(NodeScene(surface.width_px, surface.height_px, ()))
            surface.leave()
