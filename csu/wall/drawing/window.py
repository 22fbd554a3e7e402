"""A wall in a window: the same framebuffer, copied to the window at the end of each draw.

For several screens of one card: one window without decoration over all of them, so that one swap changes them together.
"""

from __future__ import annotations

from OpenGL import GL
from vispy import app

from csu.hal.wall import WallError
from csu.hal.words import Words
from csu.wall.drawing.offscreen import OffscreenSurface

TITLE = "Mur d'images"


class WindowSurface(OffscreenSurface):
    """A window of the wall's size, in a GLX context. See `csu.wall.drawing.surface.Surface`."""

    def __init__(self, width_px: int, height_px: int) -> None:
        canvas = app.Canvas(
            title=TITLE, size=(width_px, height_px), show=True, resizable=False, decorate=False, position=(0, 0)
        )
        super().__init__(width_px, height_px, canvas)
        canvas.events.close.connect(self._note_close)
        self._window_gone = False

    def begin(self) -> None:
        self.canvas.app.process_events()
        if self._window_gone:
            raise WallError(
                Words("la fenêtre du mur a été fermée", "the wall's window was closed"),
                where="wall/window",
                what_to_do=Words("Relancez le mur", "Start the wall again"),
            )
        super().begin()

    def end(self) -> None:
        self.context.flush_commands()
        width, height = self.canvas.physical_size
        framebuffer = self.context.shared.parser.get_object(self._framebuffer.id).handle
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, framebuffer)
        GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, 0)
        GL.glBlitFramebuffer(
            0, 0, self.width_px, self.height_px, 0, 0, width, height, GL.GL_COLOR_BUFFER_BIT, GL.GL_LINEAR
        )
        self._framebuffer.deactivate()
        self.context.flush_commands()
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, 0)
        self.canvas.swap_buffers()
        GL.glFinish()

    def _note_close(self, _event: object) -> None:
        self._window_gone = True
