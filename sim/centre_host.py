"""The machine that the centre runs on: it may lose its power, and builds the centre anew from its files.

A crash cancels the centre's tasks, drops its memory, and lets nothing of the dead centre write or speak any more: a
step that was under way fails at the next fault point. What its databases committed is there again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import asdict
from typing import Any

from csu.centre import (
    Alarm,
    AlarmId,
    AlarmState,
    Author,
    CameraChanged,
    CameraState,
    Centre,
    CentreEvent,
    PoliceCall,
)
from csu.hal.camera import Camera, CameraId, PtzVelocity
from csu.hal.chance import Chaos
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words
from sim.intervals import Interval
from sim.media_node import CohortMediaNode
from sim.vocabulary import ChanceFault, Happening, LastingTelling, Stage, Telling, Trouble, Word

WRITTEN_EVERY_S = 0.05
Hears = Callable[[CentreEvent], None]


class CentreDown(CsuError):
    """Nobody answers: the centre's machine has no power."""


class _Life:
    """Fault points of one life of the centre: when it is over nothing passes them."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos
        self.is_over = False

    async def __call__(self, point: str) -> None:
        self._require_power()
        await self._chaos(point)
        self._require_power()

    def only_alive(self, hear: Hears) -> Hears:
        return lambda event: None if self.is_over else hear(event)

    def _require_power(self) -> None:
        if self.is_over:
            raise OSError("the machine lost its power")


class CentreHost:
    """One machine. Await `run`; people reach the centre through it (see sim.people.Room)."""

    def __init__(
        self,
        build: Callable[[Chaos], Centre],
        chaos: Chaos,
        clock: Clock,
        nodes: Sequence[CohortMediaNode],
        listeners: Sequence[Hears],
        beside: Callable[[Centre, Hears], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """`build`: a centre over the machine's files, with these fault points. `beside`: what else runs on the machine
        in each life of the centre, and tells the same listeners."""
        self._build, self._chaos, self._clock = build, chaos, clock
        self._nodes = tuple(nodes)
        self._listeners: list[tuple[Hears, Collection[type]]] = [(hear, ()) for hear in listeners]
        self._beside, self._besides = beside, set[asyncio.Task[None]]()
        self._life = _Life(chaos)
        self._up = asyncio.Event()
        self._counted: Counter[str] = Counter()
        self._is_falling = False
        self.downtimes: list[Interval] = []
        """When nobody could reach the centre."""
        self.centre = build(self._life)

    def listen(self, hear: Hears, kinds: Collection[type] = ()) -> None:
        """Before `run`: as Centre.listen, over all lives."""
        self._listeners.append((hear, kinds))

    async def run(self) -> None:
        """Run the centre, over and over, until it ends by itself."""
        self._begin()
        while True:
            life, running = self._life, self._running
            await asyncio.wait({running, *self._besides}, return_when=asyncio.FIRST_COMPLETED)
            if not life.is_over:
                for ended in [task for task in self._besides if task.done()]:
                    ended.result()  # what failed there is a defect
                if not running.done():
                    self._besides = {task for task in self._besides if not task.done()}
                    continue
                self._end_besides()
                return await running
            await self._up.wait()

    async def crash(self, down_s: float) -> None:
        """Lose the power for so long; its nodes end with it. A machine that is down already stays so."""
        if self._is_falling:
            return
        self._is_falling = True
        while self.centre.counts.manifests_taken != self.centre.counts.manifests_written:
            await asyncio.sleep(WRITTEN_EVERY_S)
        down_since_ns = self._clock.now_ns()
        self._up.clear()
        self._life.is_over = True
        self._running.cancel()
        self._end_besides()
        await asyncio.wait({self._running})
        self._counted += Counter(asdict(self.centre.counts))
        for node in self._nodes:
            node.lose_centre()
        self._screens_go_dark()
        await asyncio.sleep(down_s)
        self._life = _Life(self._chaos)
        self.centre = self._build(self._life)
        self.downtimes.append((down_since_ns, self._clock.now_ns()))
        self._begin()
        self._is_falling = False

    @property
    def counts(self) -> dict[str, int]:
        """What was counted over all lives."""
        return {name: count + self._counted[name] for name, count in asdict(self.centre.counts).items()}

    def _begin(self) -> None:
        for hear, kinds in self._listeners:
            self.centre.listen(self._life.only_alive(hear), kinds)
        self._running = asyncio.create_task(self.centre.run(), name="centre")
        if self._beside is not None:
            beside = self._beside(self.centre, self._life.only_alive(self._tell))
            self._besides.add(asyncio.create_task(beside, name="beside the centre"))
        self._up.set()

    def _tell(self, event: CentreEvent) -> None:
        for hear, kinds in self._listeners:
            if not kinds or type(event) in kinds:
                hear(event)

    def _end_besides(self) -> None:
        while self._besides:
            self._besides.pop().cancel()

    def _screens_go_dark(self) -> None:
        """Nothing is shown as live any more; the next board begins with cameras that start."""
        why, now_ns = Words("le centre est arrêté", "the centre is down"), self._clock.now_ns()
        for line in self.centre.board.all():
            if line.state is CameraState.LIVE:
                change = CameraChanged(line.record.camera, line.state, CameraState.STARTING, now_ns, why)
                self._tell(change)

    # -- what people do -----------------------------------------------------------------------------------------------

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        """See Room.acknowledge. Raises CsuError."""
        return await self._reached().acknowledge(alarm, person)

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm:
        """See Room.advance. Raises CsuError."""
        return await self._reached().advance(alarm, to, person, police)

    async def move(self, camera: Camera, velocity: PtzVelocity, by: Author) -> None:
        """See Centre.move. Raises CsuError."""
        await self._reached().move(camera, velocity, by)

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        """See Centre.keep_moving. Raises CsuError."""
        self._reached().keep_moving(camera, by)

    async def halt(self, camera: Camera, by: Author) -> None:
        """See Centre.halt. Raises CsuError."""
        await self._reached().halt(camera, by)

    def take_post(self, person: str) -> None:
        if self._up.is_set():
            self.centre.take_post(person)

    def seen_at_post(self, person: str) -> None:
        """A centre that began anew knows nobody: whoever is seen takes his post again."""
        if self._up.is_set():
            (self.centre.seen_at_post if person in self.centre.watching else self.centre.take_post)(person)

    def leave_post(self, person: str, *, handed_over: bool = True, urgent_reason: str = "") -> None:
        if self._up.is_set():
            self.centre.leave_post(person, handed_over=handed_over, urgent_reason=urgent_reason)

    def _reached(self) -> Centre:
        if not self._up.is_set():
            raise CentreDown(
                Words("le centre ne répond pas", "the centre does not answer"),
                where="centre",
                what_to_do=Words("Attendez son redémarrage", "Wait until it is up again"),
            )
        return self.centre


async def _crash(happening: Happening[Any], stage: Stage) -> None:
    await stage.model(CentreHost).crash((happening.end_ns - happening.start_ns) / NS_PER_S)


_SAID = Words("le centre perd son courant et redémarre", "the centre loses its power and starts again")
_SHOWS = Words(
    "Le vrai centre, rebâti de ses fichiers ; il tombe quand le catalogue est écrit, ses nœuds avec lui",
    "The real centre, rebuilt from its files; it falls when the catalogue is written, its nodes with it",
)
STORY_WORDS: tuple[Word[Telling], ...] = (Word("centre_crash", _SAID, LastingTelling, _SHOWS, _crash),)
FAULT_WORDS: tuple[Word[Trouble], ...] = (Word("centre_crash", _SAID, ChanceFault, _SHOWS, _crash),)
