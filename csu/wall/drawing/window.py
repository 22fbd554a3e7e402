"""A wall in windows: the framebuffer is drawn once, and each window shows its part of it at the end of each draw.

The pictures' memory is shared by all windows; a framebuffer object is not, so each has one of its own over the same
pixels. Windows of one X screen only: GLX shares nothing between screens, and GLFW opens windows on one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from OpenGL import GL
from vispy import app

from csu.hal.wall import WallError
from csu.hal.words import Words
from csu.wall.drawing.offscreen import OffscreenSurface
from csu.wall.drawing.windows import WindowPlan
from csu.wall.model.wall import Rect

TITLE = "Mur d'images"


class _Window:
    """One window. The first opens the context whose memory the others share, and waits for its screen's next picture;
    the others do not, else a wall of four windows would draw a picture in four."""

    def __init__(self, plan: WindowPlan, first: Any = None) -> None:
        place = plan.place
        shared = {} if first is None else {"shared": first.context}
        self.plan = plan
        self.canvas = app.Canvas(
            title=TITLE, size=(int(place.width), int(place.height)), show=True, resizable=False, decorate=False,
            position=(int(place.left), int(place.top)), vsync=first is None, **shared,
        )  # fmt: skip
        self.is_gone = False
        self.canvas.events.close.connect(self._note_close)
        self._framebuffer: Any = None

    def blit(self, picture: int, height_px: int) -> None:
        """Copy its parts of the wall's picture (a texture of this height) to what is shown next."""
        self.canvas.set_current()
        if self._framebuffer is None:
            self._framebuffer = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, self._framebuffer)
        # At each draw anew: what another context drew is seen from where it is attached on.
        GL.glFramebufferTexture2D(GL.GL_READ_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, picture, 0)
        GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, 0)
        if not self.plan.is_filled:
            GL.glClearColor(0, 0, 0, 1)
            GL.glClear(GL.GL_COLOR_BUFFER_BIT)
        width, height = self.canvas.physical_size
        across, down = width / self.plan.place.width, height / self.plan.place.height
        for part in self.plan.parts:
            at = part.window
            seen = Rect(at.left * across, at.top * down, at.width * across, at.height * down)
            corners = *_from_below(part.framebuffer, height_px), *_from_below(seen, height)
            GL.glBlitFramebuffer(*corners, GL.GL_COLOR_BUFFER_BIT, GL.GL_LINEAR)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, 0)

    def _note_close(self, _event: object) -> None:
        self.is_gone = True


class WindowSurface(OffscreenSurface):
    """Windows in GLX contexts that share their memory. See `csu.wall.drawing.surface.Surface`."""

    def __init__(self, width_px: int, height_px: int, plans: Sequence[WindowPlan]) -> None:
        """`plans`: at least one, from `plan_windows`."""
        first = _Window(plans[0])
        self._windows = [first, *(_Window(plan, first.canvas) for plan in plans[1:])]
        super().__init__(width_px, height_px, first.canvas)

    def begin(self) -> None:
        self.canvas.app.process_events()
        for window in self._windows:
            if window.is_gone:
                raise _closed(window.plan)
        super().begin()

    def end(self) -> None:
        self._framebuffer.deactivate()
        super().end()  # the drawing is done before another context looks at it
        picture = self.context.shared.parser.get_object(self._picture.id).handle
        for window in self._windows:
            window.blit(picture, self.height_px)
            GL.glFinish()
        for window in self._windows:  # the first waits for its screen, the others follow at once
            window.canvas.set_current()
            window.canvas.swap_buffers()
            GL.glFinish()

    def close(self) -> None:
        super().close()
        for window in self._windows:
            window.canvas.close()


def _from_below(rect: Rect, height_px: int) -> tuple[int, int, int, int]:
    """Left, bottom, right, top as GL counts, from the lower edge of what is `height_px` high."""
    return round(rect.left), round(height_px - rect.bottom), round(rect.right), round(height_px - rect.top)


def _closed(plan: WindowPlan) -> WallError:
    at = f"{plan.place.width:g}x{plan.place.height:g}+{plan.place.left:g}+{plan.place.top:g}"
    return WallError(
        Words(
            f"la fenêtre du mur a été fermée ({at} ; écrans : {plan.panels})",
            f"the wall's window was closed ({at}; panels: {plan.panels})",
        ),
        where="wall/window",
        what_to_do=Words("Relancez le mur", "Start the wall again"),
    )
