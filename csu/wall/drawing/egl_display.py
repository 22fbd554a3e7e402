"""Which EGL device draws a wall without a window: a graphics card before anything else.

vispy takes EGL's default display, which is X11 on Debian (and fails without a server) or whatever driver comes first.
So the devices are listed and vispy is handed the one that was chosen.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from csu.hal.wall import WallError
from csu.hal.words import Words

_EGL_EXTENSIONS = 0x3055
_EGL_PLATFORM_DEVICE = 0x313F
_EGL_PLATFORM_SURFACELESS = 0x31DD
_DEVICES_MAX = 32
_SOFTWARE_DEVICE = "EGL_MESA_device_software"
_NVIDIA_DEVICE = "EGL_NV_device_cuda"


def point_vispy_at(allow_software: bool) -> None:
    """Make vispy's EGL backend use the best display there is. Raises WallError when there is none."""
    from vispy.ext import egl

    for display in _displays(egl, allow_software):
        handle = ctypes.c_void_p(display)
        try:
            egl.eglInitialize(handle)
        except RuntimeError:
            continue  # a device without a driver: the next one
        egl.eglGetDisplay = lambda *_ignored, handle=handle: handle
        return
    raise WallError(
        Words(
            "aucun périphérique EGL ne peut dessiner" + ("" if allow_software else " (rendu logiciel non permis)"),
            "no EGL device can draw" + ("" if allow_software else " (software rendering is not allowed)"),
        ),
        where="wall/offscreen",
        what_to_do=Words(
            "Installez un pilote : celui de la carte graphique, ou libegl-mesa0 et libgl1-mesa-dri (rendu logiciel)",
            "Install a driver: the graphics card's, or libegl-mesa0 and libgl1-mesa-dri for software rendering",
        ),
    )


def _displays(egl: Any, allow_software: bool) -> Iterator[int]:
    """Display handles, best first; those in software last, and only if they are allowed."""
    platform_display = _function(
        egl, b"eglGetPlatformDisplayEXT", ctypes.c_void_p, ctypes.c_uint, *[ctypes.c_void_p] * 2
    )
    if platform_display is None:
        return
    devices = sorted(_devices(egl), key=lambda device: _rank(device[1]))
    for pointer, extensions in devices:
        if allow_software or _SOFTWARE_DEVICE not in extensions:
            if display := platform_display(_EGL_PLATFORM_DEVICE, pointer, None):
                yield display
    if allow_software and (display := platform_display(_EGL_PLATFORM_SURFACELESS, None, None)):
        yield display


def _devices(egl: Any) -> list[tuple[int, str]]:
    """(handle, extensions) of each device; empty when the library cannot list them."""
    query = _function(egl, b"eglQueryDevicesEXT", ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    describe = _function(egl, b"eglQueryDeviceStringEXT", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)
    if query is None or describe is None:
        return []
    handles, count = (ctypes.c_void_p * _DEVICES_MAX)(), ctypes.c_int()
    if not query(_DEVICES_MAX, handles, ctypes.byref(count)):
        return []
    found = [handle for handle in handles[: count.value] if handle]
    return [(handle, (describe(handle, _EGL_EXTENSIONS) or b"").decode("ascii", "replace")) for handle in found]


def _rank(extensions: str) -> int:
    if _NVIDIA_DEVICE in extensions:
        return 0
    return 2 if _SOFTWARE_DEVICE in extensions else 1


def _function(egl: Any, name: bytes, result: Any, *arguments: Any) -> Callable[..., Any] | None:
    lookup = egl._lib.eglGetProcAddress
    lookup.restype, lookup.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    address = lookup(name)
    return ctypes.CFUNCTYPE(result, *arguments)(address) if address else None
