"""The wall in a process of its own: a `csu.hal.wall.WallOutput` whose pixels are drawn elsewhere.

Commands go through a pipe and are answered in order; pictures come through the shared pictures and never through the
pipe. The wall goes on drawing whatever the rest of the centre does, and a wall that dies takes nothing with it: the
next call says so, and `start` begins anew with the same scene.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, TypeAlias

from csu.cluster.shared_pictures import SharedPicturesReader, SharedPicturesSpec
from csu.hal.clock import NS_PER_S
from csu.hal.errors import CsuError
from csu.hal.wall import WallError, WallReading, WallScene
from csu.hal.words import Words
from csu.machine import SystemClock
from csu.wall.drawing.surface import Backend

if TYPE_CHECKING:
    from csu.wall.drawing.renderer import WallRenderer

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 20.0
"""A wall that does not answer for so long hangs: it is ended, so that no frozen picture passes for a live one."""
STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class WallProcessOptions:
    """What the wall's process is told when it starts."""

    pictures: SharedPicturesSpec
    width_px: int
    height_px: int
    backend: Backend
    frames_per_s: float
    allow_software: bool


@dataclass(frozen=True, slots=True)
class _Show:
    scene: WallScene


@dataclass(frozen=True, slots=True)
class _Read:
    pass


@dataclass(frozen=True, slots=True)
class _Png:
    pass


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Command: TypeAlias = _Show | _Read | _Png | _Stop
_Answer: TypeAlias = WallReading | bytes | str | CsuError | None


class WallProcess:
    """A `WallOutput`. `backend` "offscreen" needs no display; "window" needs an X server."""

    def __init__(
        self,
        pictures: SharedPicturesSpec,
        width_px: int,
        height_px: int,
        *,
        backend: Backend = "offscreen",
        frames_per_s: float = 10.0,
        allow_software: bool = False,
    ) -> None:
        if not 0 < frames_per_s <= 120:
            raise ValueError(f"{frames_per_s} frames a second: a wall draws more than 0 and at most 120")
        self._options = WallProcessOptions(pictures, width_px, height_px, backend, frames_per_s, allow_software)
        self._scene: WallScene | None = None
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        # One exchange at a time, also when an awaiting task is cancelled while its thread still waits for the answer.
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that draws; None when there is none."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Begin to draw; returns once the surface is open. Raises WallError with what is missing. Idempotent."""
        await asyncio.to_thread(self._start)

    async def show(self, scene: WallScene) -> None:
        """Show this scene from the next frame on; before `start`, from the first. Raises WallError."""
        unknown = [tile.camera for tile in scene.tiles if tile.camera not in self._options.pictures.cameras]
        if unknown:
            names = ", ".join(unknown)
            raise WallError(
                Words(f"aucune image partagée de {names}", f"no pictures are shared of {names}"),
                where=self._where,
                what_to_do=Words("Ne montrez que les caméras de ce mur", "Show cameras of this wall only"),
            )
        if (scene.width_px, scene.height_px) != (self._options.width_px, self._options.height_px):
            raise WallError(
                Words(
                    f"une scène de {scene.width_px}x{scene.height_px} px",
                    f"a scene of {scene.width_px}x{scene.height_px} px",
                ),
                where=self._where,
                what_to_do=Words("Composez la scène à la taille du mur", "Lay the scene out for the size of the wall"),
            )
        if self._process is not None:
            await asyncio.to_thread(self._ask, _Show(scene))
        self._scene = scene

    async def read(self) -> WallReading:
        """What the pixels show. Raises WallError when the wall is not running, died or hangs."""
        answer = await asyncio.to_thread(self._ask, _Read())
        if not isinstance(answer, WallReading):
            raise self._end(_strange(answer))
        return answer

    async def picture_png(self) -> bytes:
        """The wall as a PNG. Raises WallError when the wall is not running, died or hangs."""
        answer = await asyncio.to_thread(self._ask, _Png())
        if not isinstance(answer, bytes):
            raise self._end(_strange(answer))
        return answer

    async def stop(self) -> None:
        """End the process. Idempotent; also tidies up after one that died."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        with self._turn:
            if self._process is not None:
                return
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(target=_run, args=(theirs, self._options), name="csu-wall", daemon=True)
            process.start()
            theirs.close()  # else the end of the process would not close the pipe
            self._process, self._pipe = process, ours
            self._receive(START_TIMEOUT_S)
            if self._scene is not None:
                self._exchange(_Show(self._scene))

    def _ask(self, command: _Command) -> _Answer:
        with self._turn:
            return self._exchange(command)

    def _exchange(self, command: _Command) -> _Answer:
        if self._pipe is None:
            raise self._not_running()
        try:
            self._pipe.send(command)
        except OSError:
            pass  # it is gone, and may have said why: that is read next
        return self._receive(ANSWER_TIMEOUT_S)

    def _receive(self, timeout_s: float) -> _Answer:
        if self._pipe is None:
            raise self._not_running()
        try:
            if not self._pipe.poll(timeout_s):
                raise self._end(
                    Words(
                        f"n'a pas répondu en {timeout_s:g} s et a été arrêté",
                        f"did not answer in {timeout_s:g} s and was ended",
                    )
                )
            answer: _Answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._end(Words("s'est arrêté de lui-même", "ended by itself")) from error
        if isinstance(answer, CsuError):  # it says why, and is ending
            self._end(Words("a échoué", "failed"))
            raise answer
        return answer

    def _stop(self) -> None:
        with self._turn:
            if self._pipe is None:
                return
            try:
                self._pipe.send(_Stop())
            except OSError:
                pass  # already gone
            if self._process is not None:
                self._process.join(STOP_TIMEOUT_S)
            self._end(Words("a été arrêté", "was stopped"))

    def _not_running(self) -> WallError:
        return WallError(
            Words("le mur ne tourne pas", "the wall is not running"),
            where=self._where,
            what_to_do=Words("Démarrez-le", "Start it"),
        )

    def _end(self, what: Words) -> WallError:
        """Whatever state it is in, no process is left. The error to raise, if any is due."""
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        code: int | None = None
        if process is not None:
            process.join(0.5)  # one that ended by itself gets to leave its exit code
            if process.is_alive():
                process.kill()
                process.join()
            code = process.exitcode
        return WallError(
            Words(
                f"le processus du mur {what.fr} (code de sortie {code})",
                f"the wall's process {what.en} (exit code {code})",
            ),
            where=self._where,
            what_to_do=Words(
                "Relancez-le : il montre la même scène ; s'il s'arrête encore, lisez ses messages ci-dessus",
                "Start it again: it shows the same scene; if it ends again, read its log lines above",
            ),
        )

    @property
    def _where(self) -> str:
        return f"wall/{self._options.backend}/{self._options.width_px}x{self._options.height_px}"


def _strange(answer: _Answer) -> Words:
    name = type(answer).__name__
    return Words(f"a donné une réponse inattendue ({name})", f"gave an unexpected answer ({name})")


def _run(pipe: Connection, options: WallProcessOptions) -> None:
    """The life of the wall's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the centre decides when the wall ends
    try:
        _draw_until_stopped(pipe, options)
    except CsuError as error:
        _tell(pipe, error)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the centre is gone: nobody is left to draw for


def _draw_until_stopped(pipe: Connection, options: WallProcessOptions) -> None:
    from csu.wall.drawing.surface import open_surface

    surface = open_surface(options.backend, options.width_px, options.height_px, allow_software=options.allow_software)
    from csu.wall.drawing.renderer import WallRenderer

    clock = SystemClock()
    reader = SharedPicturesReader.attach(options.pictures)
    renderer = WallRenderer(surface, reader, clock)
    pipe.send(surface.renderer)
    period_ns = round(NS_PER_S / options.frames_per_s)
    next_ns = clock.monotonic_ns()
    while True:
        if pipe.poll(max(0.0, (next_ns - clock.monotonic_ns()) / NS_PER_S)):
            command: _Command = pipe.recv()
            if isinstance(command, _Stop):
                break
            pipe.send(_obey(renderer, command))
        now_ns = clock.monotonic_ns()
        if now_ns >= next_ns:
            renderer.tick()
            next_ns = max(next_ns + period_ns, clock.monotonic_ns())  # a late draw is not made up for
    reader.close()
    surface.close()


def _obey(renderer: WallRenderer, command: _Command) -> _Answer:
    if isinstance(command, _Show):
        renderer.show(command.scene)
        return None
    return renderer.read() if isinstance(command, _Read) else renderer.png()


def _tell(pipe: Connection, error: CsuError) -> None:
    try:
        pipe.send(error)
    except OSError:
        os.write(2, f"wall: {error}\n".encode())
