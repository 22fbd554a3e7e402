"""Where the wall is drawn: a framebuffer of the wall's size, with a window in front of it or none.

A process draws on one surface, chosen once: vispy and PyOpenGL bind to a platform when they are first imported.
The wall is always drawn into our own framebuffer and then copied to the window, so that what is read back does not
depend on another window lying on top.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.hal.wall import WallError
from csu.hal.words import Words
from csu.wall.drawing.windows import ONE_WINDOW, NodeScreens

Backend: TypeAlias = Literal["offscreen", "window"]

SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swrast", "software rasterizer", "swiftshader")

_selected: Backend | None = None


class Surface(Protocol):
    """A framebuffer to draw on. All calls from the thread that opened it."""

    renderer: str
    """The GL renderer's own name."""
    width_px: int
    height_px: int
    canvas: Any
    """vispy's Canvas."""
    context: Any
    """vispy's GLContext."""

    def begin(self) -> None:
        """Make it current: what is drawn from now on lands here. Raises WallError when its window was closed."""
        ...

    def end(self) -> None:
        """Finish the drawing and show it. Returns once the last pixel is there."""
        ...

    def read_rgb(self) -> NDArray[np.uint8]:
        """What was drawn: uint8 (height, width, 3), top row first."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


def open_surface(
    backend: Backend,
    width_px: int,
    height_px: int,
    *,
    allow_software: bool = False,
    screens: NodeScreens = ONE_WINDOW,
) -> Surface:
    """The surface to draw on. A renderer in software is refused unless it was asked for: 100 cameras would crawl.

    `screens`: where the panels hang, for windows.

    Raises WallError: no GL here, no display or monitor, only a software renderer, or a second kind of surface in one
    process.
    """
    try:
        _select(backend, allow_software, screens.display)
        surface = _make(backend, width_px, height_px, screens)
    except (ImportError, OSError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise WallError(
            Words(f"pas d'OpenGL pour ce mur : {said}", f"no OpenGL for this kind of wall: {said}"),
            where=f"wall/{backend}",
            what_to_do=_WHAT_A_WALL_NEEDS[backend],
        ) from error
    if is_software(surface.renderer) and not allow_software:
        surface.close()
        raise WallError(
            Words(
                f"les images seraient dessinées par le processeur ({surface.renderer})",
                f"pictures would be drawn by the processor ({surface.renderer})",
            ),
            where=f"wall/{backend}",
            what_to_do=Words(
                "Installez le pilote de la carte graphique, ou permettez le rendu logiciel pour un petit mur",
                "Install the driver of the graphics card, or allow software rendering for a small wall",
            ),
        )
    return surface


_WHAT_A_WALL_NEEDS: dict[Backend, Words] = {
    "offscreen": Words(
        "Installez csu[wall], libegl1 et libgl1 avec un pilote (libegl-mesa0, libgl1-mesa-dri)",
        "Install csu[wall], libegl1 and libgl1 with a driver (libegl-mesa0, libgl1-mesa-dri)",
    ),
    "window": Words(
        "Installez csu[wall], libegl1 et libgl1 avec un pilote, et démarrez un serveur X (DISPLAY)",
        "Install csu[wall], libegl1 and libgl1 with a driver, and start an X server (DISPLAY)",
    ),
}


def is_software(renderer: str) -> bool:
    """True when this renderer draws on the processor."""
    return any(name in renderer.lower() for name in SOFTWARE_RENDERERS)


def _select(backend: Backend, allow_software: bool, display: str) -> None:
    global _selected
    if _selected == backend:
        return
    if _selected is not None:
        raise WallError(
            Words(f"ce processus dessine déjà en {_selected}", f"this process already draws {_selected}"),
            where=f"wall/{backend}",
            what_to_do=Words("Prenez un autre processus", "Use another process"),
        )
    if "OpenGL" in sys.modules:
        raise WallError(
            Words(
                "OpenGL a été importé avant le choix du genre de mur",
                "OpenGL was imported before the kind of wall was chosen",
            ),
            where=f"wall/{backend}",
            what_to_do=Words(
                "Appelez d'abord open_surface : OpenGL choisit sa plateforme à l'import",
                "Call open_surface first: OpenGL looks its functions up through a platform chosen on import",
            ),
        )
    if backend == "window" and display:
        os.environ["DISPLAY"] = display  # GLFW asks nobody else
    os.environ["PYOPENGL_PLATFORM"] = "egl" if backend == "offscreen" else "glx"
    import vispy

    from csu.wall.drawing.picture_pool import teach_vispy_texture_arrays

    if backend == "offscreen":
        from csu.wall.drawing.egl_display import point_vispy_at

        point_vispy_at(allow_software)
        vispy.use(app="egl", gl="gl+")
    else:
        import glfw

        glfw.init_hint(glfw.PLATFORM, glfw.PLATFORM_X11)
        vispy.use(app="glfw", gl="gl+")
    teach_vispy_texture_arrays()
    _selected = backend


def _make(backend: Backend, width_px: int, height_px: int, screens: NodeScreens) -> Surface:
    if backend == "offscreen":
        from csu.wall.drawing.offscreen import OffscreenSurface

        return OffscreenSurface(width_px, height_px)
    from csu.wall.drawing.window import WindowSurface
    from csu.wall.drawing.x_monitors import tell_scaled, windows_of

    plans = windows_of(width_px, height_px, screens)
    tell_scaled(plans)
    return WindowSurface(width_px, height_px, plans)
