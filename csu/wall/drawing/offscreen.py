"""A wall without a window: a framebuffer on the graphics card, or in software on a machine without one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from OpenGL import GL
from vispy import app, gloo


class OffscreenSurface:
    """The wall's own framebuffer in an EGL context. See `csu.wall.drawing.surface.Surface`."""

    def __init__(self, width_px: int, height_px: int, canvas: Any = None) -> None:
        self.width_px, self.height_px = width_px, height_px
        self.canvas = canvas or app.Canvas(size=(64, 64), show=False)
        self.canvas.set_current()
        self.context = self.canvas.context
        self.renderer = str(gloo.gl.glGetParameter(gloo.gl.GL_RENDERER))
        self._picture = gloo.Texture2D(shape=(height_px, width_px, 4), format="rgba", internalformat="rgba8")
        depth = gloo.RenderBuffer((height_px, width_px), "depth")  # which of two tiles lies above
        self._framebuffer = gloo.FrameBuffer(color=self._picture, depth=depth)
        self._closed = False

    def begin(self) -> None:
        self.canvas.set_current()
        self._framebuffer.activate()
        gloo.set_viewport(0, 0, self.width_px, self.height_px)

    def end(self) -> None:
        self.context.flush_commands()
        GL.glFinish()

    def read_rgb(self) -> NDArray[np.uint8]:
        self.begin()
        self.context.flush_commands()
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
        pixels = np.empty((self.height_px, self.width_px, 3), np.uint8)
        GL.glReadPixels(0, 0, self.width_px, self.height_px, GL.GL_RGB, GL.GL_UNSIGNED_BYTE, pixels)
        return pixels[::-1]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.canvas.close()
