"""The wall of a running centre: its director hears what happens, and what it decides is journaled and then shown.

The decisions are the director's (`csu.wall.directing.director`). Nothing comes up that the journal does not know; what
must come off the wall waits for no journal (COM-2, AUT-6).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from csu.alarms import AlarmAdvanced, AlarmId, AlarmRaised
from csu.centre.control import Centre
from csu.centre.events import CameraRightsChanged, CentreEvent, Trouble
from csu.centre.rooms.wall_journal import entry_of
from csu.centre.rooms.wall_plan import laid_out, shown_of
from csu.governance import Journal, JournalEntry
from csu.governance.journal_desk import BATCH_MAX
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.wall import WallOutput
from csu.hal.words import Words
from csu.ingest.board import CameraChanged, CameraState
from csu.operations import WatchChanged
from csu.wall import (
    AlarmEnded,
    AlarmOpened,
    Programme,
    ProgrammeSet,
    SignalHeard,
    ViewersHeard,
    WallDecision,
    WallDirector,
    WallInput,
    WallPlan,
    WatchHeard,
)

TICK_S = 1.0
"""How often the director is asked what time and rights changed."""
LOOK_EVERY_NS = 10 * NS_PER_S
"""How often a wall with nothing new to show is asked whether it still draws [D]."""
ENTRIES_MAX = 4096
"""Decisions that may wait for the journal: of a wall of 64 tiles all of which change each minute, for an hour."""
WALL = "wall"

Shown = tuple[tuple[CameraId, bool], ...]


class WallRoom:
    """One wall. `open` it before `run`."""

    def __init__(
        self,
        centre: Centre,
        output: WallOutput,
        plan: WallPlan,
        records: Sequence[CameraRecord],
        *,
        clock: Clock,
        journal: Journal,
        tell: Callable[[CentreEvent], None],
        size_px: tuple[int, int],
        programmes: Sequence[Programme] = (),
    ) -> None:
        """`tell`: who hears its decisions and troubles. `size_px`: of the wall, width and height. `programmes`: those
        that are planned."""
        self._centre, self._output, self._clock, self._journal, self._tell = centre, output, clock, journal, tell
        self._records: Mapping[CameraId, CameraRecord] = {record.camera: record for record in records}
        self._size_px = size_px
        self._director = WallDirector(plan, lambda camera, now_ns: centre.may_watch(camera))
        self._programmes = tuple(programmes)
        self._heard: list[WallInput] = []
        self._alarms: set[AlarmId] = set()
        self._woken = asyncio.Event()
        self._entries: deque[JournalEntry] = deque()
        self._shown: Shown | None = None
        self._is_dark = False
        """It shows nothing, or nobody knows what."""
        self._look_due_ns: Nanoseconds = 0
        self._in_trouble = False

    @property
    def director(self) -> WallDirector:
        """To ask why a slot shows what it shows."""
        return self._director

    async def open(self) -> None:
        """Show the first scene, by what holds now. Raises CsuError when it cannot be journaled or shown."""
        centre = self._centre
        self._heard += [WatchHeard(centre.is_short_of_watch), ViewersHeard(frozenset(centre.watching))]
        self._heard += [ProgrammeSet(programme) for programme in self._programmes]
        self._heard += [
            SignalHeard(status.record.camera, False) for status in centre.board.all() if _is_lost(status.state)
        ]
        centre.listen(self._hear)
        self._decide()
        await self._record()
        await self._show(shown_of(self._director.tiles))

    async def run(self) -> None:
        """Follow what happens, for ever. What fails is told once and tried again each second."""
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            self._decide()
            await self._follow()

    def hear(self, told: WallInput) -> None:
        """What a person asks: decided now, after all that happened before; journaled and then shown as all decisions
        are. Raises WallRequestRefused, or BadInput for a scene or a camera that is none: the wall is as it was."""
        self._decide()
        self._decided(self._director.hear(told, self._clock.now_ns()))
        self._woken.set()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _hear(self, event: CentreEvent) -> None:
        if isinstance(event, CameraChanged):
            self._heard.append(SignalHeard(event.camera, not _is_lost(event.after)))
        elif isinstance(event, WatchChanged):
            self._heard += [WatchHeard(event.is_short), ViewersHeard(frozenset(event.watching))]
        elif not isinstance(event, CameraRightsChanged | AlarmRaised | AlarmAdvanced):
            return
        self._woken.set()

    def _decide(self) -> None:
        now_ns, heard, self._heard = self._clock.now_ns(), [*self._heard, *self._alarms_changed()], []
        for told in heard:
            try:
                self._decided(self._director.hear(told, now_ns))
            except CsuError as error:
                self._tell(Trouble(WALL, error.trouble.words, now_ns))
        self._decided(self._director.tick(now_ns))

    def _alarms_changed(self) -> list[WallInput]:
        """What the desk holds is what wants a spot: also what a centre that starts finds there."""
        desk = self._centre.desk
        unfinished = {alarm.alarm: alarm for alarm in desk.unfinished()}
        ended = [name for name in self._alarms if name not in unfinished]
        opened = [alarm for name, alarm in unfinished.items() if name not in self._alarms and not desk.is_held(name)]
        self._alarms.difference_update(ended)
        self._alarms.update(alarm.alarm for alarm in opened)
        return [
            *(AlarmEnded(name) for name in ended),
            *(
                AlarmOpened(each.alarm, each.priority, self._centre.cameras_for(each.alarm), each.taken_at_ns)
                for each in opened
            ),
        ]

    def _decided(self, decisions: Sequence[WallDecision]) -> None:
        for decision in decisions:
            self._tell(decision)
        for entry in filter(None, map(entry_of, decisions)):
            if len(self._entries) >= ENTRIES_MAX:
                self._entries.popleft()
                what = Words("décision du mur jamais journalisée", "a decision of the wall was never journaled")
                self._tell(Trouble(WALL, what, self._clock.now_ns()))
            self._entries.append(entry)

    async def _follow(self) -> None:
        wanted = shown_of(self._director.tiles)
        failed: CsuError | None = None
        try:
            await self._record()
        except CsuError as error:
            failed = error
            up = {camera for camera, _ in self._shown or ()}
            wanted = tuple((camera, is_alarm) for camera, is_alarm in wanted if camera in up)
        try:
            await self._show(wanted)
        except CsuError as error:
            failed = await self._begin_anew(wanted) or error
        if failed is not None and not self._in_trouble:
            self._tell(Trouble(WALL, failed.trouble.words, self._clock.now_ns()))
        self._in_trouble = failed is not None

    async def _record(self) -> None:
        """All that waits: what waits together is one commit. Raises CsuError; what was not written waits on."""
        while self._entries:
            batch = [self._entries.popleft() for _ in range(min(BATCH_MAX, len(self._entries)))]
            ends = await asyncio.gather(*map(self._journal.record, batch), return_exceptions=True)
            failed = [(entry, end) for entry, end in zip(batch, ends, strict=True) if isinstance(end, BaseException)]
            self._entries.extendleft(entry for entry, _ in reversed(failed))
            for _, error in failed:
                raise error

    async def _show(self, wanted: Shown) -> None:
        """Raises CsuError, also for a wall that died since it last answered."""
        now_ns = self._clock.monotonic_ns()
        if self._is_dark:
            await self._output.start()  # idempotent
        if wanted != self._shown or self._is_dark:
            await self._output.show(laid_out(wanted, self._records, *self._size_px))
            self._shown, self._is_dark = wanted, False
        elif now_ns < self._look_due_ns:
            return
        else:
            await self._output.read()
        self._look_due_ns = now_ns + LOOK_EVERY_NS

    async def _begin_anew(self, wanted: Shown) -> CsuError | None:
        """Start a wall that died, with what holds now. What fails is tried again each second."""
        self._is_dark = True
        try:
            await self._show(wanted)
        except CsuError as error:
            return error
        return None


def _is_lost(state: CameraState) -> bool:
    return state not in (CameraState.LIVE, CameraState.STARTING)
