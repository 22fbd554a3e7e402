"""The wall of a running centre: its director hears what happens, and what it decides is journaled and then shown.

The decisions are the director's (`csu.wall.director`). Nothing comes up that the journal does not know; what must come
off the wall waits for no journal (COM-2, AUT-6).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from csu.alarms import Alarm, AlarmAdvanced, AlarmRaised, AlarmState
from csu.centre.control import Centre
from csu.centre.events import CameraRightsChanged, CentreEvent, Trouble
from csu.centre.wall_plan import laid_out, shown_of
from csu.governance import Journal, JournalEntry, JournalEntryRefused
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.wall import WallOutput
from csu.hal.words import Words
from csu.ingest.board import CameraChanged, CameraState
from csu.operations import WatchChanged
from csu.wall import (
    AlarmEnded,
    AlarmOpened,
    SceneChanged,
    SignalHeard,
    TileChanged,
    WallDecision,
    WallDirector,
    WallInput,
    WallPlan,
    WatchHeard,
)

TICK_S = 1.0
"""How often the director is asked what time and rights changed."""
ENTRIES_MAX = 4096
"""Decisions that may wait for the journal: a wall of 64 tiles that changes for ten minutes without one."""
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
    ) -> None:
        """`tell`: who hears its decisions and troubles. `size_px`: of the wall, width and height."""
        self._centre, self._output, self._clock, self._journal, self._tell = centre, output, clock, journal, tell
        self._records: Mapping[CameraId, CameraRecord] = {record.camera: record for record in records}
        self._size_px = size_px
        self._director = WallDirector(plan, lambda camera, now_ns: centre.may_watch(camera))
        self._heard: list[WallInput] = []
        self._woken = asyncio.Event()
        self._entries: deque[JournalEntry] = deque()
        self._shown: Shown | None = None
        self._in_trouble = False

    @property
    def director(self) -> WallDirector:
        """To ask why a slot shows what it shows."""
        return self._director

    async def open(self) -> None:
        """Show the first scene, by what holds now. Raises CsuError when it cannot be journaled or shown."""
        centre = self._centre
        self._heard.append(WatchHeard(centre.is_short_of_watch))
        self._heard += [
            SignalHeard(status.record.camera, False) for status in centre.board.all() if _is_lost(status.state)
        ]
        self._heard += [_opened(alarm, centre.cameras_for(alarm.alarm)) for alarm in centre.desk.unfinished()]
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

    # -- inside -------------------------------------------------------------------------------------------------------

    def _hear(self, event: CentreEvent) -> None:
        if isinstance(event, AlarmRaised):
            self._heard.append(_opened(event.alarm, event.cameras))
        elif isinstance(event, AlarmAdvanced) and event.alarm.state is AlarmState.CLOSED:
            self._heard.append(AlarmEnded(event.alarm.alarm))
        elif isinstance(event, CameraChanged):
            self._heard.append(SignalHeard(event.camera, not _is_lost(event.after)))
        elif isinstance(event, WatchChanged):
            self._heard.append(WatchHeard(event.is_short))
        elif not isinstance(event, CameraRightsChanged):
            return
        self._woken.set()

    def _decide(self) -> None:
        now_ns, heard, self._heard = self._clock.now_ns(), self._heard, []
        for told in heard:
            try:
                self._decided(self._director.hear(told, now_ns))
            except CsuError as error:
                self._tell(Trouble(WALL, error.trouble.words, now_ns))
        self._decided(self._director.tick(now_ns))

    def _decided(self, decisions: Sequence[WallDecision]) -> None:
        for decision in decisions:
            self._tell(decision)
        for entry in _entries_of(decisions):
            if len(self._entries) >= ENTRIES_MAX:
                self._entries.popleft()
                what = Words("décision du mur jamais journalisée", "a decision of the wall was never journaled")
                self._tell(Trouble(WALL, what, self._clock.now_ns()))
            self._entries.append(entry)

    async def _follow(self) -> None:
        wanted = shown_of(self._director.tiles)
        try:
            await self._record()
        except CsuError as error:
            up = {camera for camera, _ in self._shown or ()}
            wanted = tuple((camera, is_alarm) for camera, is_alarm in wanted if camera in up)
            await self._try_to_show(wanted)
            self._troubled(error)
            return
        await self._try_to_show(wanted)

    async def _try_to_show(self, wanted: Shown) -> None:
        try:
            await self._show(wanted)
        except CsuError as error:
            self._troubled(error)
        else:
            self._in_trouble = False

    def _troubled(self, error: CsuError) -> None:
        if not self._in_trouble:
            self._in_trouble = True
            self._tell(Trouble(WALL, error.trouble.words, self._clock.now_ns()))

    async def _record(self) -> None:
        while self._entries:
            await self._journal.record(self._entries[0])
            self._entries.popleft()

    async def _show(self, wanted: Shown) -> None:
        if wanted != self._shown:
            await self._output.show(laid_out(wanted, self._records, *self._size_px))
            self._shown = wanted


def _opened(alarm: Alarm, cameras: tuple[CameraId, ...]) -> AlarmOpened:
    return AlarmOpened(alarm.alarm, alarm.priority, cameras, alarm.taken_at_ns)


def _is_lost(state: CameraState) -> bool:
    return state not in (CameraState.LIVE, CameraState.STARTING)


def _entries_of(decisions: Sequence[WallDecision]) -> list[JournalEntry]:
    """One entry for each cause of a batch, with the cameras that came up or went for it."""
    by_cause: dict[tuple[str, str, str], list[CameraId]] = {}
    for decision in decisions:
        if isinstance(decision, SceneChanged):
            by_cause.setdefault((decision.scene, decision.cause.kind.value, decision.cause.ref), [])
        elif isinstance(decision, TileChanged):
            cameras = by_cause.setdefault((decision.scene, decision.cause.kind.value, decision.cause.ref), [])
            cameras += [camera for camera in (decision.camera, decision.was) if camera and camera not in cameras]
    return [_entry(*cause, cameras) for cause, cameras in by_cause.items()]


def _entry(scene: str, kind: str, ref: str, cameras: Sequence[CameraId]) -> JournalEntry:
    """The cause's own name is left out when it is none that a journal may hold: the event tells it."""
    try:
        return deed_entry(OwnDeed.WALL, f"{scene}/{kind}/{ref}" if ref else f"{scene}/{kind}", cameras=cameras)
    except JournalEntryRefused:
        return deed_entry(OwnDeed.WALL, f"{scene}/{kind}", cameras=cameras)
