"""Watches that the wall draws, from outside: a frozen picture is covered within three seconds, whoever is at fault.

The wall writes an instant into a cell of shared memory each time it has drawn or found nothing to draw. The watcher
is a process of its own: it needs neither the wall, nor GL, nor the centre to cover the screens. The centre's side
(`WallProcess`) reads the same cell and ends a frozen wall.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.wall import WallError
from csu.wall.drawing.windows import ONE_WINDOW, NodeScreens

FROZEN_AFTER_S = 2.0
"""A wall that has not drawn for so long is covered; with LOOK_EVERY_S and the drawing of the cover: within 3 s."""
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Pulse:
    """The cell, and the wall's process: shared memory, handed to the processes when they begin."""

    beat_ns: Any
    """Monotonic; 0: it has not drawn yet."""
    wall_pid: Any
    watch_pid: Any
    """The watcher that is ready to cover; 0: none is."""

    @staticmethod
    def make(context: SpawnContext) -> Pulse:
        return Pulse(*(context.RawValue(ctypes.c_int64, 0) for _ in range(3)))

    def beat(self, now_ns: Nanoseconds) -> None:
        """The wall has drawn."""
        self.beat_ns.value = now_ns

    def forget(self) -> None:
        """Another wall begins."""
        self.beat_ns.value = 0
        self.wall_pid.value = 0

    def age_s(self, now_ns: Nanoseconds) -> float:
        """Since it last drew; 0 before it ever did."""
        beat_ns = int(self.beat_ns.value)
        return (now_ns - beat_ns) / NS_PER_S if beat_ns else 0.0


def start_watch(
    context: SpawnContext,
    pulse: Pulse,
    width_px: int,
    height_px: int,
    frozen_after_s: float = FROZEN_AFTER_S,
    screens: NodeScreens = ONE_WINDOW,
) -> BaseProcess:
    """Begin to watch a wall of this size in its windows."""
    arguments = (pulse, width_px, height_px, frozen_after_s, screens, os.getpid())
    process = context.Process(target=_watch, args=arguments, name="csu-wall-watch", daemon=True)
    process.start()
    return process


def _watch(
    pulse: Pulse, width_px: int, height_px: int, frozen_after_s: float, screens: NodeScreens, centre_pid: int
) -> None:
    from csu.wall.drawing.cover import cover_over
    from csu.wall.drawing.x_monitors import windows_of
    from csu.wall.drawing.x_picture import XPicture

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the centre decides when it ends
    try:
        plans = windows_of(width_px, height_px, screens)
        window = XPicture(plans, screens.display)
    except WallError as error:
        os.write(2, f"wall watch: {error}\n".encode())
        raise SystemExit(1) from error
    picture = cover_over(width_px, height_px, plans)
    pulse.watch_pid.value = os.getpid()
    watch_until(
        lambda: os.getppid() != centre_pid,
        lambda: pulse.age_s(time.monotonic_ns()) > frozen_after_s,
        lambda: window.show(picture),
        window.hide,
        lambda: time.sleep(LOOK_EVERY_S),
    )
    # The centre is gone. A wall that draws ends by itself; one that is frozen cannot.
    if pulse.wall_pid.value and pulse.age_s(time.monotonic_ns()) > frozen_after_s:
        os.kill(int(pulse.wall_pid.value), signal.SIGKILL)


def watch_until(
    is_over: Callable[[], bool],
    is_frozen: Callable[[], bool],
    cover: Callable[[], None],
    uncover: Callable[[], None],
    wait: Callable[[], None],
) -> None:
    """Cover while frozen, again at each look (another window may have come above), uncover once."""
    is_covered = False
    while not is_over():
        if is_frozen():
            cover()
            is_covered = True
        elif is_covered:
            uncover()
            is_covered = False
        wait()
