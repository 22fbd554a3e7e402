"""The wall in a process of its own: a `csu.hal.wall.WallOutput` whose pixels are drawn elsewhere.

Commands go through a pipe and are answered in order; pictures come through the shared pictures and never through the
pipe. The wall goes on drawing whatever the rest of the centre does, and a wall that dies takes nothing with it: the
next call says so, and `start` begins anew with the same scene. One that freezes is covered (`wall_watch`), ended and
started again from here; one that died twice within a minute comes back without GL, and says so.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np

from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.cluster.wall_drawing import Answer, Command, Pixels, Read, Renew, Show, Stop, WallProcessOptions, run_wall
from csu.cluster.wall_watch import FROZEN_AFTER_S, LOOK_EVERY_S, Pulse, start_watch
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.wall import NodeScene, WallError, WallReading
from csu.hal.words import Words
from csu.machine import SystemClock
from csu.wall.drawing.png import png_of
from csu.wall.drawing.surface import Backend
from csu.wall.drawing.windows import ONE_WINDOW, NodeScreens

START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 20.0
"""A wall that does not answer for so long hangs: it is ended, so that no frozen picture passes for a live one."""
STOP_TIMEOUT_S = 5.0


ENDED_AFTER_S = 8.0
"""A wall that has not drawn for so long is ended and started again; it was covered long before [D]."""
WATCH_AGAIN_NS = 2 * NS_PER_S
"""A watcher that ended is replaced at most so often."""
DEATHS_WITHIN_NS = 60 * NS_PER_S
"""Two deaths within so long: the third wall does without GL."""


def _on_stderr(error: WallError) -> None:
    os.write(2, f"wall: {error}\n".encode())


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
        frozen_after_s: float = FROZEN_AFTER_S,
        ended_after_s: float = ENDED_AFTER_S,
        screens: NodeScreens = ONE_WINDOW,
        tell: Callable[[WallError], None] = _on_stderr,
    ) -> None:
        """`screens`: where the windows lie.

        `tell`: who hears, in a thread of ours, that a frozen wall was ended and started again."""
        if not 0 < frames_per_s <= 120:
            raise ValueError(f"{frames_per_s} frames a second: a wall draws more than 0 and at most 120")
        self._options = WallProcessOptions(
            pictures, width_px, height_px, backend, frames_per_s, allow_software, screens=screens
        )
        self._frozen_after_s, self._ended_after_s, self._tell = frozen_after_s, ended_after_s, tell
        self._scene: NodeScene | None = None
        self._until_ns: Nanoseconds | None = None
        """Until when it may be shown, once that was renewed."""
        self._process: BaseProcess | None = None
        self._watch: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._clock = SystemClock()
        self._context = multiprocessing.get_context("spawn")
        self._pulse = Pulse.make(self._context)
        self._watch_due_ns: Nanoseconds = 0
        self._deaths: deque[Nanoseconds] = deque(maxlen=2)
        self._tender: threading.Thread | None = None
        self._over = threading.Event()
        # One exchange at a time, also when an awaiting task is cancelled while its thread still waits for the answer.
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process that draws; None when there is none."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Begin to draw; returns once the surface is open. Raises WallError with what is missing. Idempotent."""
        await asyncio.to_thread(self._start)

    async def show(self, scene: NodeScene) -> None:
        """Show this scene from the next frame on; before `start`, from the first. Raises WallError."""
        cameras = dict.fromkeys(piece.camera for piece in scene.pieces if piece.camera is not None)
        unknown = [camera for camera in cameras if camera not in self._options.pictures.cameras]
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
            await asyncio.to_thread(self._ask, Show(scene))
        self._scene, self._until_ns = scene, None

    async def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown may be shown until then. Raises WallError when the wall is not running, died or hangs."""
        await asyncio.to_thread(self._ask, Renew(until_ns))
        self._until_ns = until_ns

    async def read(self) -> WallReading:
        """What the pixels show. Raises WallError when the wall is not running, died or hangs."""
        answer = await asyncio.to_thread(self._ask, Read())
        if not isinstance(answer, WallReading):
            raise self._end(_strange(answer))
        return answer

    async def picture_png(self) -> bytes:
        """The wall as a PNG. Raises WallError when the wall is not running, died or hangs."""
        answer = await asyncio.to_thread(self._ask, Pixels())
        if not isinstance(answer, np.ndarray):
            raise self._end(_strange(answer))
        return await asyncio.to_thread(png_of, answer)  # here: the wall goes on drawing meanwhile

    async def stop(self) -> None:
        """End the process. Idempotent; also tidies up after one that died."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        with self._turn:
            if self._tender is None:
                self._over.clear()
            if self._process is None:
                self._begin()
            if self._tender is None:
                self._tender = threading.Thread(target=self._tend, name="wall tender", daemon=True)
                self._tender.start()

    def _begin(self) -> None:
        ours, theirs = self._context.Pipe()
        self._pulse.forget()
        options = replace(self._options, emergency=self._dies_often())
        process = self._context.Process(
            target=run_wall, args=(theirs, options, self._pulse), name="csu-wall", daemon=True
        )
        process.start()
        theirs.close()  # else the end of the process would not close the pipe
        self._process, self._pipe = process, ours
        self._keep_watched()  # it begins while the wall does
        self._receive(START_TIMEOUT_S)
        self._options = replace(self._options, had_gl=True)
        self._await_watch()
        if self._scene is not None:
            self._exchange(Show(self._scene))
            if self._until_ns is not None:
                self._exchange(Renew(self._until_ns))

    def _tend(self) -> None:
        """End a wall that is frozen and start it again; keep it watched."""
        while not self._over.wait(LOOK_EVERY_S):
            process = self._process
            if process is None or self._pulse.age_s(self._clock.monotonic_ns()) <= self._ended_after_s:
                if self._turn.acquire(blocking=False):  # who holds it may wait for an answer of a wall that froze
                    try:
                        self._keep_watched()
                    finally:
                        self._turn.release()
                continue
            process.kill()  # whoever waits for an answer learns of it at once
            with self._turn:
                if self._over.is_set() or self._process not in (process, None):
                    continue
                told = self._end(
                    Words(
                        f"ne dessinait plus depuis {self._ended_after_s:g} s et a été arrêté, puis relancé",
                        f"had not drawn for {self._ended_after_s:g} s; it was ended and started again",
                    )
                )
                try:
                    self._begin()
                except WallError as error:
                    told = error
            self._tell(told)

    def _keep_watched(self) -> None:
        """Only what is seen on a screen can be covered: the others give no picture while they are frozen."""
        if self._options.backend != "window" or self._over.is_set() or self._process is None:
            return
        now_ns = self._clock.monotonic_ns()
        if (self._watch is None or not self._watch.is_alive()) and now_ns >= self._watch_due_ns:
            self._watch_due_ns = now_ns + WATCH_AGAIN_NS
            size = self._options.width_px, self._options.height_px
            self._watch = start_watch(self._context, self._pulse, *size, self._frozen_after_s, self._options.screens)

    def _await_watch(self) -> None:
        """No picture is shown in a window before somebody is ready to cover it. Raises WallError."""
        until_ns = self._clock.monotonic_ns() + round(START_TIMEOUT_S * NS_PER_S)
        while self._options.backend == "window" and not self._is_watched and not self._over.is_set():
            if self._clock.monotonic_ns() > until_ns:
                raise self._end(Words("n'a pas trouvé de veilleur", "found nobody to watch it"))
            self._keep_watched()
            self._over.wait(LOOK_EVERY_S)

    @property
    def _is_watched(self) -> bool:
        watch = self._watch
        return watch is not None and watch.is_alive() and watch.pid == int(self._pulse.watch_pid.value)

    def _dies_often(self) -> bool:
        return len(self._deaths) == 2 and self._clock.monotonic_ns() - self._deaths[0] < DEATHS_WITHIN_NS

    def _ask(self, command: Command) -> Answer:
        with self._turn:
            return self._exchange(command)

    def _exchange(self, command: Command) -> Answer:
        if self._pipe is None:
            raise self._not_running()
        try:
            self._pipe.send(command)
        except OSError:
            pass  # it is gone, and may have said why: that is read next
        return self._receive(ANSWER_TIMEOUT_S)

    def _receive(self, timeout_s: float) -> Answer:
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
            answer: Answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._end(Words("s'est arrêté de lui-même", "ended by itself")) from error
        if isinstance(answer, CsuError):  # it says why, and is ending
            self._end(Words("a échoué", "failed"))
            raise answer
        return answer

    def _stop(self) -> None:
        self._over.set()
        with self._turn:
            if self._pipe is not None:
                try:
                    self._pipe.send(Stop())
                except OSError:
                    pass  # already gone
                if self._process is not None:
                    self._process.join(STOP_TIMEOUT_S)
                self._end(Words("a été arrêté", "was stopped"))
            if self._watch is not None:
                self._watch.kill()
                self._watch.join()
                self._watch = None
            tender, self._tender = self._tender, None
        if tender is not None:
            tender.join()

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
            if code is not None and code < 0:
                self._deaths.append(self._clock.monotonic_ns())
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


def _strange(answer: Answer) -> Words:
    name = type(answer).__name__
    return Words(f"a donné une réponse inattendue ({name})", f"gave an unexpected answer ({name})")
