"""Windows that show a picture out of memory, over everything else, with X alone: no GL is needed, or trusted.

What lies before a frozen wall, and what the emergency wall is seen through.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.wall.drawing.windows import WindowPlan
from csu.wall.drawing.x_library import no_display, open_display, x11
from csu.wall.model.wall import Rect

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
    """A wall's windows on an X screen; hidden until it shows. Raises WallError when there is none."""

    def __init__(self, plans: Sequence[WindowPlan], display: str = "") -> None:
        """`display`: "" is the X screen that DISPLAY names."""
        self._x = x11()
        self._display = open_display(self._x, display)
        screen = self._x.XDefaultScreen(self._display)
        self._depth = self._x.XDefaultDepth(self._display, screen)
        if self._depth not in (24, 32):
            raise no_display(f"{self._depth} bit")
        self._visual = self._x.XDefaultVisual(self._display, screen)
        self._pen = self._x.XDefaultGC(self._display, screen)
        root = self._x.XRootWindow(self._display, screen)
        self._windows = [(self._window(root, plan.place), plan) for plan in plans]

    def show(self, rgb: NDArray[np.uint8]) -> None:
        """Show this framebuffer above all windows: uint8 (height, width, 3). Returns once the server has it."""
        for window, plan in self._windows:
            self._put(window, _seen_through(plan, rgb))
        self._x.XSync(self._display, 0)

    def hide(self) -> None:
        """Let what lies below be seen."""
        for window, _ in self._windows:
            self._x.XUnmapWindow(self._display, window)
        self._x.XSync(self._display, 0)

    def close(self) -> None:
        """Idempotent."""
        if self._display:
            self._x.XCloseDisplay(self._display)
            self._display = None

    def _window(self, root: int, place: Rect) -> int:
        at = int(place.left), int(place.top), int(place.width), int(place.height)
        window: int = self._x.XCreateSimpleWindow(self._display, root, *at, 0, 0, 0)
        wanted = _Attributes(override_redirect=1)  # no window manager has a say
        self._x.XChangeWindowAttributes(self._display, window, _OVERRIDE_REDIRECT, ctypes.byref(wanted))
        return window

    def _put(self, window: int, pixels: NDArray[np.uint8]) -> None:
        height, width, _ = pixels.shape
        image = self._x.XCreateImage(
            self._display, self._visual, self._depth, _Z_PIXMAP, 0, pixels.ctypes.data, width, height, 32, 0
        )
        self._x.XMapRaised(self._display, window)
        self._x.XPutImage(self._display, window, self._pen, image, 0, 0, 0, 0, width, height)
        self._x.XSync(self._display, 0)
        self._x.XFree(image)  # the pixels are ours


def _seen_through(plan: WindowPlan, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A window's pixels: uint8 (height, width, 4), blue first; black where it shows nothing."""
    pixels = np.zeros((int(plan.place.height), int(plan.place.width), 4), np.uint8)
    for part in plan.parts:
        seen = rgb[_slices(part.framebuffer)]
        place = _slices(part.window)
        height, width = pixels[place].shape[:2]
        if seen.shape[:2] != (height, width):
            seen = np.asarray(cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
        pixels[place][..., :3] = seen[..., ::-1]
    return pixels


def _slices(rect: Rect) -> tuple[slice, slice]:
    """Its rows and columns."""
    return slice(int(rect.top), int(rect.bottom)), slice(int(rect.left), int(rect.right))
