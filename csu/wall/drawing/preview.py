"""The whole wall drawn once more, small, for people elsewhere: in the wall's own process, by the thread that draws.

So a wall that stopped has no preview either, and what ages on the wall ages in the preview: the same pictures, the same
shaders, a framebuffer and letters of its own size. It costs nothing while nobody asks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import Clock
from csu.hal.wall import NodeScene, TileSource
from csu.wall.drawing.freshness import Freshness
from csu.wall.drawing.offscreen import OffscreenSurface
from csu.wall.drawing.preview_plan import PreviewPicture, PreviewPlan, i420_of
from csu.wall.drawing.renderer import WallRenderer
from csu.wall.drawing.surface import Surface


class SmallSurface(OffscreenSurface):
    """A second framebuffer in the context of another surface. Never left current."""

    def __init__(self, beside: Surface, width_px: int, height_px: int) -> None:
        super().__init__(width_px, height_px, beside.canvas)

    def read_rgb(self) -> NDArray[np.uint8]:
        pixels = super().read_rgb()
        self._framebuffer.deactivate()
        self.context.flush_commands()
        return pixels


class PreviewedWall(WallRenderer):
    """A wall that is drawn small as well when asked. Programs and framebuffer stay once they were made, pictures do
    not: a wall that nobody watches from elsewhere keeps none twice."""

    def __init__(self, surface: Surface, source: TileSource, clock: Clock, freshness: Freshness | None = None) -> None:
        super().__init__(surface, source, clock, freshness)
        self._small: WallRenderer | None = None
        self._placed: NodeScene | None = None

    def preview(self, plan: PreviewPlan | None) -> PreviewPicture | None:
        """The wall as it is now, by `plan`; None: nobody watches any more. Raises WallError."""
        if plan is None:
            self._placed = None
            if self._small is not None:
                self._small.show(NodeScene(self._small_px[0], self._small_px[1], ()))
            return None
        self.tick()  # the wall comes first: from when a picture ages is what it saw
        small = self._beside(plan)
        small._stamps.update(self._stamps)
        if self._placed is not self._stage.scene:
            self._placed = self._stage.scene
            small.show(plan.of_scene(self._placed))
        drawn_at_ns = self._clock.now_ns()
        return PreviewPicture(i420_of(small.pixels()), drawn_at_ns)

    def _beside(self, plan: PreviewPlan) -> WallRenderer:
        size = plan.width_px, plan.height_px
        if self._small is None or self._small_px != size:
            small = SmallSurface(self._surface, *size)
            self._small, self._small_px = WallRenderer(small, self._source, self._clock, self._freshness), size
        return self._small
