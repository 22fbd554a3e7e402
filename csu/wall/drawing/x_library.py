"""Xlib and RandR by ctypes: what of them is used, with its types, and the word for a display that cannot be used."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

from csu.hal.wall import WallError
from csu.hal.words import Words

POINTER: Any = ctypes.c_void_p
_NUMBER: Any = ctypes.c_int
_COUNT: Any = ctypes.c_uint
_WORD: Any = ctypes.c_ulong


class MonitorInfo(ctypes.Structure):
    """XRRMonitorInfo."""

    _fields_ = [
        ("name", ctypes.c_ulong),
        ("primary", ctypes.c_int),
        ("automatic", ctypes.c_int),
        ("outputs_count", ctypes.c_int),
        ("left_px", ctypes.c_int),
        ("top_px", ctypes.c_int),
        ("width_px", ctypes.c_int),
        ("height_px", ctypes.c_int),
        ("width_mm", ctypes.c_int),
        ("height_mm", ctypes.c_int),
        ("outputs", ctypes.c_void_p),
    ]


def open_display(x: Any, display: str) -> Any:
    """A connection to this X screen; "": the one that DISPLAY names. Raises WallError."""
    opened = x.XOpenDisplay(display.encode() or None)
    if not opened:
        raise no_display(display or "DISPLAY")
    return opened


def x11() -> Any:
    """Xlib. Raises WallError when it is not there."""
    x = _load("X11")
    for function, result, arguments in (
        (x.XOpenDisplay, POINTER, [ctypes.c_char_p]),
        (x.XDefaultScreen, _NUMBER, [POINTER]),
        (x.XDefaultDepth, _NUMBER, [POINTER, _NUMBER]),
        (x.XDefaultVisual, POINTER, [POINTER, _NUMBER]),
        (x.XDefaultGC, POINTER, [POINTER, _NUMBER]),
        (x.XRootWindow, _WORD, [POINTER, _NUMBER]),
        (x.XCreateSimpleWindow, _WORD, [POINTER, _WORD, _NUMBER, _NUMBER, *[_COUNT] * 3, _WORD, _WORD]),
        (x.XChangeWindowAttributes, _NUMBER, [POINTER, _WORD, _WORD, POINTER]),
        (x.XCreateImage, POINTER, [POINTER, POINTER, _COUNT, _NUMBER, _NUMBER, POINTER,
                                   _COUNT, _COUNT, _NUMBER, _NUMBER]),
        (x.XPutImage, _NUMBER, [POINTER, _WORD, POINTER, POINTER, *[_NUMBER] * 4, _COUNT, _COUNT]),
        (x.XMapRaised, _NUMBER, [POINTER, _WORD]),
        (x.XUnmapWindow, _NUMBER, [POINTER, _WORD]),
        (x.XGetAtomName, POINTER, [POINTER, _WORD]),
        (x.XSync, _NUMBER, [POINTER, _NUMBER]),
        (x.XFree, _NUMBER, [POINTER]),
        (x.XCloseDisplay, _NUMBER, [POINTER]),
    ):  # fmt: skip
        function.restype, function.argtypes = result, arguments
    return x


def xrandr() -> Any:
    """RandR. Raises WallError when it is not there."""
    randr = _load("Xrandr")
    randr.XRRGetMonitors.restype = ctypes.POINTER(MonitorInfo)
    randr.XRRGetMonitors.argtypes = [POINTER, _WORD, _NUMBER, ctypes.POINTER(ctypes.c_int)]
    randr.XRRFreeMonitors.restype, randr.XRRFreeMonitors.argtypes = None, [ctypes.POINTER(MonitorInfo)]
    return randr


def no_display(what: str) -> WallError:
    """Says what cannot be used."""
    return WallError(
        Words(f"pas d'écran X utilisable ({what})", f"no X display that can be used ({what})"),
        where="wall/window",
        what_to_do=Words("Démarrez un serveur X (DISPLAY), 24 bits", "Start an X server (DISPLAY), 24 bit"),
    )


def _load(library: str) -> Any:
    name = ctypes.util.find_library(library)
    if name is None:
        raise no_display(f"lib{library}")
    return ctypes.CDLL(name)
