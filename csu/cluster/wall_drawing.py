"""The life of the wall's process: open a surface, draw, obey, beat; without GL when GL is lost."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from csu.cluster.shared_pictures import SharedPicturesReader, SharedPicturesSpec
from csu.cluster.wall_watch import Pulse
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.wall import NodeScene, WallError, WallReading
from csu.machine import SystemClock
from csu.wall.drawing.surface import Backend
from csu.wall.drawing.windows import ONE_WINDOW, NodeScreens

BEAT_EVERY_S = 0.5
"""Also a wall that draws seldom beats so often."""
LOOK_EVERY_NS = 5 * NS_PER_MS
"""How long a new picture lies there unseen, at most, while the wall is not drawing."""


@dataclass(frozen=True, slots=True)
class WallProcessOptions:
    """What the wall's process is told when it starts."""

    pictures: SharedPicturesSpec
    width_px: int
    height_px: int
    backend: Backend
    frames_per_s: float
    allow_software: bool
    had_gl: bool = False
    """It drew before: a card that is gone now was lost, and the emergency wall takes its place."""
    emergency: bool = False
    """Do not even try GL."""
    screens: NodeScreens = ONE_WINDOW


@dataclass(frozen=True, slots=True)
class Show:
    scene: NodeScene


@dataclass(frozen=True, slots=True)
class Renew:
    until_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Read:
    pass


@dataclass(frozen=True, slots=True)
class Pixels:
    pass


@dataclass(frozen=True, slots=True)
class Stop:
    pass


Command: TypeAlias = Show | Renew | Read | Pixels | Stop
Answer: TypeAlias = WallReading | NDArray[np.uint8] | str | CsuError | None


class Draws(Protocol):
    """`WallRenderer` or `EmergencyWall`."""

    drew_all: bool
    """Whether the last frame was of the whole wall and not of a few places."""

    def show(self, scene: NodeScene) -> None: ...

    def renew(self, until_ns: Nanoseconds) -> None: ...

    def tick(self) -> bool: ...

    def pixels(self) -> NDArray[np.uint8]: ...

    def read(self) -> WallReading: ...


def run_wall(pipe: Connection, options: WallProcessOptions, pulse: Pulse) -> None:
    """Draw until told to stop, or until the centre is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the centre decides when the wall ends
    pulse.wall_pid.value = os.getpid()
    clock = SystemClock()
    try:
        reader = SharedPicturesReader.attach(options.pictures)

        def emergency() -> Draws:
            return _emergency(options, reader, clock)

        drawer, name = _opened(options, reader, clock, emergency)
        pipe.send(name)
        period_ns = round(NS_PER_S / options.frames_per_s)
        draw_until_stopped(pipe, drawer, emergency, clock=clock, period_ns=period_ns, beat=pulse.beat)
        reader.close()
    except CsuError as error:
        _tell(pipe, error)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the centre is gone: nobody is left to draw for


def draw_until_stopped(
    pipe: Connection,
    drawer: Draws,
    fall_back: Callable[[], Draws],
    *,
    clock: Clock,
    period_ns: Nanoseconds,
    beat: Callable[[Nanoseconds], None],
) -> None:
    """Obey, and draw what is new when it comes; the whole wall once a `period_ns` at most. What GL says when it fails
    is told on stderr, and `fall_back` goes on with the same scene.

    Raises CsuError; EOFError and OSError when the other end of the pipe is gone.
    """
    next_ns = clock.monotonic_ns()
    scene: NodeScene | None = None
    has_gl = True
    while True:
        command: Command | None = None
        if pipe.poll(min(BEAT_EVERY_S, max(0.0, (next_ns - clock.monotonic_ns()) / NS_PER_S))):
            command = pipe.recv()
            if isinstance(command, Stop):
                return
            scene = _kept(scene, command)
        answer: Answer = None
        rest_ns = LOOK_EVERY_NS
        while True:
            try:
                if command is not None:
                    answer = _obey(drawer, command)
                elif clock.monotonic_ns() >= next_ns:
                    if drawer.tick() and drawer.drew_all:
                        rest_ns = period_ns
                break
            except gl_failures() as error:
                if not has_gl:
                    raise
                os.write(2, f"wall: GL is lost, the emergency wall goes on: {error}\n".encode())
                drawer, has_gl = fall_back(), False
                if scene is not None:
                    drawer.show(scene)
        now_ns = clock.monotonic_ns()
        beat(now_ns)
        if command is not None:
            pipe.send(answer)
        elif now_ns >= next_ns:
            next_ns = max(next_ns + rest_ns, now_ns)  # a late draw is not made up for


def _kept(scene: NodeScene | None, command: Command) -> NodeScene | None:
    """What whoever goes on is to show."""
    if isinstance(command, Show):
        return command.scene
    return scene.leased(command.until_ns) if scene is not None and isinstance(command, Renew) else scene


def gl_failures() -> tuple[type[Exception], ...]:
    """How vispy, PyOpenGL and glfw say that card, driver or display are gone; a closed window is not that."""
    errors = sys.modules.get("OpenGL.error")  # not imported here: that would choose a platform
    return (RuntimeError,) if errors is None else (RuntimeError, errors.Error)


def _opened(
    options: WallProcessOptions, reader: SharedPicturesReader, clock: Clock, emergency: Callable[[], Draws]
) -> tuple[Draws, str]:
    """What draws and its name. Raises WallError."""
    from csu.wall.drawing.emergency import RENDERER
    from csu.wall.drawing.surface import open_surface

    if options.emergency:
        return emergency(), RENDERER
    try:
        surface = open_surface(
            options.backend,
            options.width_px,
            options.height_px,
            allow_software=options.allow_software,
            screens=options.screens,
        )
    except WallError as error:
        if not options.had_gl:
            raise
        os.write(2, f"wall: GL is lost, the emergency wall takes its place: {error}\n".encode())
        return emergency(), RENDERER
    from csu.wall.drawing.renderer import WallRenderer

    every_ns = round(NS_PER_S / options.frames_per_s)
    return WallRenderer(surface, reader, clock, picture_every_ns=every_ns), surface.renderer


def _emergency(options: WallProcessOptions, reader: SharedPicturesReader, clock: Clock) -> Draws:
    from csu.wall.drawing.emergency import EmergencyWall
    from csu.wall.drawing.x_monitors import windows_of
    from csu.wall.drawing.x_picture import XPicture

    size = options.width_px, options.height_px
    window = None
    if options.backend == "window":
        window = XPicture(windows_of(*size, options.screens), options.screens.display)
    return EmergencyWall(*size, reader, clock, window)


def _obey(drawer: Draws, command: Command) -> Answer:
    if isinstance(command, Show):
        drawer.show(command.scene)
        return None
    if isinstance(command, Renew):
        drawer.renew(command.until_ns)
        return None
    return drawer.read() if isinstance(command, Read) else drawer.pixels()


def _tell(pipe: Connection, error: CsuError) -> None:
    try:
        pipe.send(error)
    except OSError:
        os.write(2, f"wall: {error}\n".encode())
