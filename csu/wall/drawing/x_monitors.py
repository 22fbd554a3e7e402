"""Asks the X server where its monitors are, and lays the wall's windows over them."""

from __future__ import annotations

import ctypes
import os

from csu.wall.drawing.windows import Monitor, NodeScreens, WindowPlan, plan_windows, scaled
from csu.wall.drawing.x_library import no_display, open_display, x11, xrandr
from csu.wall.model.wall import Rect


def windows_of(width_px: int, height_px: int, screens: NodeScreens) -> tuple[WindowPlan, ...]:
    """The windows of a framebuffer of this size. Raises WallError: no display, or a monitor that is not there."""
    monitors = x_monitors(screens.display) if screens.names_monitors else ()
    return plan_windows(width_px, height_px, screens.panels, monitors)


def tell_scaled(plans: tuple[WindowPlan, ...]) -> None:
    """A line for each panel whose monitor runs at another size: its picture is not sharp, and somebody should know."""
    for part in scaled(plans):
        asked, has = part.framebuffer, part.window
        os.write(
            2,
            f"wall: panel {part.panel} has {asked.width:g}x{asked.height:g} px in the wall's file and its monitor runs "
            f"at {has.width:g}x{has.height:g}: scaled\n".encode(),
        )


def x_monitors(display: str = "") -> tuple[Monitor, ...]:
    """Those that are on, by the names of `xrandr --listmonitors`. Raises WallError."""
    x, randr = x11(), xrandr()
    opened = open_display(x, display)
    try:
        root = x.XRootWindow(opened, x.XDefaultScreen(opened))
        count = ctypes.c_int()
        found = randr.XRRGetMonitors(opened, root, 1, ctypes.byref(count))
        if not found:
            raise no_display("RandR 1.5")
        try:
            return tuple(
                Monitor(
                    _name(x, opened, found[index].name),
                    Rect(found[index].left_px, found[index].top_px, found[index].width_px, found[index].height_px),
                )
                for index in range(count.value)
            )
        finally:
            randr.XRRFreeMonitors(found)
    finally:
        x.XCloseDisplay(opened)


def _name(x: ctypes.CDLL, opened: int, atom: int) -> str:
    name = x.XGetAtomName(opened, atom)
    try:
        return ctypes.string_at(name).decode(errors="replace")
    finally:
        x.XFree(name)
