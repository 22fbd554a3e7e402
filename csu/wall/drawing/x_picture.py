"""A window that shows a picture out of memory, over everything else, with X alone: no GL is needed, or trusted.

What lies before a frozen wall, and what the emergency wall is seen through.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csu.hal.wall import WallError
from csu.hal.words import Words

_OVERRIDE_REDIRECT = 1 << 9
_Z_PIXMAP = 2


class _Attributes(ctypes.Structure):
    _fields_ = [
        ("background_pixmap", ctypes.c_ulong),
        ("background_pixel", ctypes.c_ulong),
        ("border_pixmap", ctypes.c_ulong),
        ("border_pixel", ctypes.c_ulong),
        ("bit_gravity", ctypes.c_int),
        ("win_gravity", ctypes.c_int),
        ("backing_store", ctypes.c_int),
        ("backing_planes", ctypes.c_ulong),
        ("backing_pixel", ctypes.c_ulong),
        ("save_under", ctypes.c_int),
        ("event_mask", ctypes.c_long),
        ("do_not_propagate_mask", ctypes.c_long),
        ("override_redirect", ctypes.c_int),
        ("colormap", ctypes.c_ulong),
        ("cursor", ctypes.c_ulong),
    ]


class XPicture:
    """At the top left of the display that DISPLAY names; hidden until it shows. Raises WallError when there is none."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.width_px, self.height_px = width_px, height_px
        self._x = _library()
        self._display = self._x.XOpenDisplay(None)
        if not self._display:
            raise _no_display("DISPLAY")
        screen = self._x.XDefaultScreen(self._display)
        self._depth = self._x.XDefaultDepth(self._display, screen)
        if self._depth not in (24, 32):
            raise _no_display(f"{self._depth} bit")
        self._visual = self._x.XDefaultVisual(self._display, screen)
        root = self._x.XRootWindow(self._display, screen)
        self._window = self._x.XCreateSimpleWindow(self._display, root, 0, 0, width_px, height_px, 0, 0, 0)
        wanted = _Attributes(override_redirect=1)  # no window manager has a say
        self._x.XChangeWindowAttributes(self._display, self._window, _OVERRIDE_REDIRECT, ctypes.byref(wanted))
        self._pen = self._x.XDefaultGC(self._display, screen)

    def show(self, rgb: NDArray[np.uint8]) -> None:
        """Show this picture above all windows: uint8 (height, width, 3). Returns once the server has it."""
        pixels = np.zeros((self.height_px, self.width_px, 4), np.uint8)
        pixels[..., :3] = rgb[..., ::-1]
        image = self._x.XCreateImage(
            self._display, self._visual, self._depth, _Z_PIXMAP, 0, pixels.ctypes.data,
            self.width_px, self.height_px, 32, 0,
        )  # fmt: skip
        self._x.XMapRaised(self._display, self._window)
        self._x.XPutImage(self._display, self._window, self._pen, image, 0, 0, 0, 0, self.width_px, self.height_px)
        self._x.XSync(self._display, 0)
        self._x.XFree(image)  # the pixels are ours

    def hide(self) -> None:
        """Let what lies below be seen."""
        self._x.XUnmapWindow(self._display, self._window)
        self._x.XSync(self._display, 0)

    def close(self) -> None:
        """Idempotent."""
        if self._display:
            self._x.XCloseDisplay(self._display)
            self._display = None


def _library() -> Any:
    name = ctypes.util.find_library("X11")
    if name is None:
        raise _no_display("libX11")
    x = ctypes.CDLL(name)
    pointer: Any = ctypes.c_void_p
    number: Any = ctypes.c_int
    word: Any = ctypes.c_ulong
    x.XOpenDisplay.restype, x.XOpenDisplay.argtypes = pointer, [ctypes.c_char_p]
    for function, result, arguments in (
        (x.XDefaultScreen, number, [pointer]),
        (x.XDefaultDepth, number, [pointer, number]),
        (x.XDefaultVisual, pointer, [pointer, number]),
        (x.XDefaultGC, pointer, [pointer, number]),
        (x.XRootWindow, word, [pointer, number]),
        (x.XCreateSimpleWindow, word, [pointer, word, number, number, *[ctypes.c_uint] * 3, word, word]),
        (x.XChangeWindowAttributes, number, [pointer, word, word, pointer]),
        (x.XCreateImage, pointer, [pointer, pointer, ctypes.c_uint, number, number, pointer,
                                   ctypes.c_uint, ctypes.c_uint, number, number]),
        (x.XPutImage, number, [pointer, word, pointer, pointer, *[number] * 4, ctypes.c_uint, ctypes.c_uint]),
        (x.XMapRaised, number, [pointer, word]),
        (x.XUnmapWindow, number, [pointer, word]),
        (x.XSync, number, [pointer, number]),
        (x.XFree, number, [pointer]),
        (x.XCloseDisplay, number, [pointer]),
    ):  # fmt: skip
        function.restype, function.argtypes = result, arguments
    return x


def _no_display(what: str) -> WallError:
    return WallError(
        Words(f"pas d'écran X utilisable ({what})", f"no X display that can be used ({what})"),
        where="wall/window",
        what_to_do=Words("Démarrez un serveur X (DISPLAY), 24 bits", "Start an X server (DISPLAY), 24 bit"),
    )
