"""The wall of the simulated city: what its renderer was told to show, and a renderer that dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.wall import NodeScene, WallError, WallReading
from csu.hal.words import Words
from sim.vocabulary import ChanceFault, Happening, LastingTelling, Signal, SignalKind, Stage, Telling, Trouble, Word

WIDTH_PX, HEIGHT_PX = 1920, 1080


class SimWall:
    """A `csu.hal.wall.WallOutput` as `WallProcess` is one: who died says so once, and shows nothing until `start`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._has_process = self._is_alive = True
        self._broken = 0
        self._kept: NodeScene | None = None
        self.tell: Callable[[Signal], None] = lambda signal: None

    @property
    def shown(self) -> NodeScene | None:
        """What people see; None: a dark wall."""
        return self._kept if self._is_alive else None

    def die(self) -> None:
        """Its process is gone, and cannot be started until `mend` was asked as often."""
        self._broken += 1
        self._is_alive = False
        self._say("wall.died")

    def mend(self) -> None:
        self._broken -= 1

    async def start(self) -> None:
        if self._has_process and self._is_alive:
            return
        if self._broken:
            self._has_process = False
            raise _error(Words("le mur ne démarre pas", "the wall does not start"))
        self._has_process = self._is_alive = True
        if self._kept is not None:
            self._say("wall.shows")

    async def show(self, scene: NodeScene) -> None:
        if self._has_process:
            self._answer()
        self._kept = scene
        if self._is_alive:
            self._say("wall.shows")

    async def renew(self, until_ns: Nanoseconds) -> None:
        self._answer()

    async def read(self) -> WallReading:
        self._answer()
        return WallReading(self._clock.now_ns(), "L0", 0, (), ())

    async def picture_png(self) -> bytes:
        raise _error(Words("pas d'image au niveau L0", "no picture at level L0"))

    async def stop(self) -> None:
        self._has_process = self._is_alive = False

    def _answer(self) -> None:
        if not self._is_alive:
            self._has_process = False
            raise _error(Words("le processus du mur s'est arrêté", "the wall's process ended"))

    def _say(self, kind: str) -> None:
        self.tell(Signal(kind, self._clock.now_ns(), {"wall": "wall"}))


def _error(what: Words) -> WallError:
    return WallError(what, where="wall", what_to_do=Words("Relancez-le", "Start it again"))


async def _die(happening: Happening[Any], stage: Stage) -> None:
    wall = stage.model(SimWall)
    wall.die()
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
    wall.mend()


_DIES = Words("ce qui dessine le mur s'arrête", "what draws the wall ends")
_SHOWS = Words(
    "L0 : le vrai directeur du mur devant un mur éteint ; les pixels : tests/wall",
    "L0: the real wall director before a dark wall; pixels: tests/wall",
)
STORY_WORDS: tuple[Word[Telling], ...] = (Word("wall_renderer_dies", _DIES, LastingTelling, _SHOWS, _die),)
FAULT_WORDS: tuple[Word[Trouble], ...] = (Word("wall_renderer_dies", _DIES, ChanceFault, _SHOWS, _die),)
SIGNALS = (
    SignalKind("wall.died", Words("le mur s'éteint", "the wall goes dark"), "wall"),
    SignalKind("wall.shows", Words("le mur montre une scène", "the wall shows a scene"), "wall"),
)
