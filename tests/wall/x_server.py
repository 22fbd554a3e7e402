"""An X server of our own: screens that are read from outside, monitors on them, windows that somebody closes."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csu.hal.wall import NodeScene
from csu.wall.drawing.read_back import SeenPiece
from csu.wall.drawing.x_library import POINTER, MonitorInfo, open_display, x11, xrandr
from csu.wall.model import Rect, fit_piece

LATE_S = 2.0
"""What a machine with many times more work than processors may take to run a process whose time has come."""
_CLIENT_MESSAGE = 33


@dataclass(frozen=True)
class XServer:
    """`display`: `:7`; its screens are `:7.0`, `:7.1`..."""

    display: str
    directory: Path

    def pixels(self, screen: int = 0) -> NDArray[np.uint8]:
        """What is on a screen: uint8 (height, width, 3), RGB. The file is in X's window dump format."""
        data = (self.directory / f"Xvfb_screen{screen}").read_bytes()
        header = struct.unpack(">25I", data[:100])
        header_bytes, width, height, stride, colours = header[0], header[4], header[5], header[12], header[19]
        rows = np.frombuffer(data, np.uint8, stride * height, header_bytes + 12 * colours).reshape(height, stride)
        return np.ascontiguousarray(rows[:, : 4 * width].reshape(height, width, 4)[..., 2::-1])

    def plug_in(self, monitors: Mapping[str, Rect]) -> None:
        """Monitors at these places of the first screen, as `xrandr --setmonitor` makes them."""
        x, randr = x11(), xrandr()
        x.XInternAtom.restype, x.XInternAtom.argtypes = ctypes.c_ulong, [POINTER, ctypes.c_char_p, ctypes.c_int]
        randr.XRRSetMonitor.argtypes = [POINTER, ctypes.c_ulong, ctypes.POINTER(MonitorInfo)]
        opened = open_display(x, self.display)
        try:
            root = x.XRootWindow(opened, x.XDefaultScreen(opened))
            count = ctypes.c_int()
            randr.XRRGetMonitors(opened, root, 1, ctypes.byref(count))
            for name, at in monitors.items():
                atom = x.XInternAtom(opened, name.encode(), 0)
                places = (int(at.left), int(at.top), int(at.width), int(at.height))
                info = MonitorInfo(atom, 0, 0, 0, *places, 100, 100, None)
                randr.XRRSetMonitor(opened, root, ctypes.byref(info))
            x.XSync(opened, 0)
        finally:
            x.XCloseDisplay(opened)

    def close_window(self, at: Rect) -> None:
        """Ask the window at this place to close, as a window manager does when somebody clicks."""
        x = x11()
        opened = open_display(x, self.display)
        try:
            window = _window_at(x, opened, at)
            x.XInternAtom.restype, x.XInternAtom.argtypes = ctypes.c_ulong, [POINTER, ctypes.c_char_p, ctypes.c_int]
            message = _ClientMessage(
                _CLIENT_MESSAGE, 0, 1, opened, window, x.XInternAtom(opened, b"WM_PROTOCOLS", 0), 32
            )
            message.data[0] = x.XInternAtom(opened, b"WM_DELETE_WINDOW", 0)
            event = _Event(message=message)
            x.XSendEvent.argtypes = [POINTER, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.POINTER(_Event)]
            x.XSendEvent(opened, window, 0, 0, ctypes.byref(event))
            x.XSync(opened, 0)
        finally:
            x.XCloseDisplay(opened)


@contextmanager
def x_server(directory: Path, *screens: str) -> Iterator[XServer]:
    """`screens`: `800x600` each, 24 bit."""
    read_end, write_end = os.pipe()
    # -noreset: else it refuses new clients once the last one left.
    command = ["Xvfb", "-displayfd", str(write_end), "-noreset", "-nolisten", "tcp", "-fbdir", str(directory)]
    for number, size in enumerate(screens):
        command += ["-screen", str(number), f"{size}x24"]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL, cwd=directory)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as numbers:
            number = numbers.readline().strip()
        assert number, "Xvfb did not start"
        yield XServer(f":{number}", directory)
    finally:
        server.terminate()
        server.wait(10)


def shown_pieces(scene: NodeScene, width_px: int, height_px: int) -> list[SeenPiece]:
    """Where a scene's pictures of this size lie: for the reading of a screen."""
    fitted = [(piece, fit_piece(piece, width_px, height_px)) for piece in scene.pieces]
    return [
        SeenPiece(piece.tile, piece.camera, piece.z, piece.corners_px, lies)
        for piece, lies in fitted
        if piece.camera is not None and lies is not None
    ]


def at_place(rect: Rect) -> tuple[slice, slice]:
    """Its rows and columns in a picture."""
    return slice(int(rect.top), int(rect.bottom)), slice(int(rect.left), int(rect.right))


async def until(holds: Callable[[], bool], within_s: float = 20) -> float:
    """How long it took."""
    began_s = time.monotonic()
    while not holds():
        assert time.monotonic() < began_s + within_s, "it did not come"
        await asyncio.sleep(0.05)
    return time.monotonic() - began_s


class _ClientMessage(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
    ]


class _Event(ctypes.Union):
    _fields_ = [("message", _ClientMessage), ("pad", ctypes.c_long * 24)]


class _WindowAttributes(ctypes.Structure):
    _fields_ = [
        ("x", ctypes.c_int),
        ("y", ctypes.c_int),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("rest", ctypes.c_long * 30),
    ]


def _window_at(x: Any, opened: Any, at: Rect) -> int:
    """The window of this place and size that lies on the first screen itself."""
    word = ctypes.c_ulong
    x.XQueryTree.argtypes = [POINTER, word, *[POINTER] * 4]
    x.XGetWindowAttributes.argtypes = [POINTER, word, ctypes.POINTER(_WindowAttributes)]
    root, parent, count, children = word(), word(), ctypes.c_uint(), ctypes.POINTER(word)()
    x.XQueryTree(
        opened, x.XRootWindow(opened, x.XDefaultScreen(opened)), ctypes.byref(root), ctypes.byref(parent),
        ctypes.byref(children), ctypes.byref(count),
    )  # fmt: skip
    found: list[tuple[int, int, int, int]] = []
    for index in range(count.value):
        attributes = _WindowAttributes()
        x.XGetWindowAttributes(opened, children[index], ctypes.byref(attributes))
        found.append((attributes.x, attributes.y, attributes.width, attributes.height))
        if found[-1] == (at.left, at.top, at.width, at.height):
            return int(children[index])
    raise AssertionError(f"no window at {at}: {found}")
