"""Alarms at work: on disk before anybody hears of them, one writer an alarm, ladders climbed in time, led to closing.

The decisions are the desk's (`csu.alarms`). A step is decided when its turn to write has come, so that what is written
last is what was decided last, and events are told in the order of the decisions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from csu.alarms import (
    Alarm,
    AlarmAcknowledged,
    AlarmAdvanced,
    AlarmDesk,
    AlarmEscalated,
    AlarmId,
    AlarmLate,
    AlarmLines,
    AlarmNotKept,
    AlarmState,
    AlarmStore,
    PoliceCall,
    alarm_id,
    alarm_lines,
)
from csu.centre.events import AlarmsQueued
from csu.centre.footing import Footing, words_of
from csu.hal.alarms import AlarmPanel, AlarmPriority, PanelMessage
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

RUNG_WITHIN_S = 1.0
"""Who is called when an alarm waits is called after this long whatever the disk does; its record follows."""


STRANGERS_MAX, ACCOUNT_LENGTH_MAX = 64, 64
"""Unknown accounts that are told by name; whoever makes up more is counted."""


class AlarmRoom:
    """The desk, its store and the panels. `open` it, then run `watch` and `take_from` each panel."""

    def __init__(
        self,
        footing: Footing,
        store: AlarmStore,
        panels: Sequence[AlarmPanel],
        proposed: Callable[[Alarm], tuple[CameraId, ...]],
    ) -> None:
        """`proposed`: the cameras to remove the doubt with, the nearest first, as far as they may be watched now."""
        self._footing, self._store, self._proposed = footing, store, proposed
        self.panels = {panel.panel: panel for panel in panels}
        self.desk = AlarmDesk()
        self._turns: dict[AlarmId, tuple[asyncio.Lock, int]] = {}
        """And how many use it."""
        self._woken = asyncio.Event()
        self._queued: tuple[int, Mapping[AlarmPriority, int]] = (0, {})
        self._strangers: set[str] = set()
        """Accounts that nobody declared, and that were told."""

    async def open(self) -> None:
        """Begin with what is on disk. Raises CsuError."""
        kept = await self._footing.in_executor(self._store.load)
        self.desk = AlarmDesk(kept.unfinished, kept.said)

    def lines(self) -> AlarmLines:
        """What the screen shows of the alarms that nobody took."""
        return alarm_lines(self.desk.open())

    # -- time ---------------------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Tell whoever is to be called when an alarm waits too long; sleeps until one is due. For ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._until_due()
                told_of: dict[AlarmId, list[AlarmEscalated | AlarmLate]] = {}
                for told in self.desk.tick(self._footing.now()):
                    told_of.setdefault(told.alarm.alarm, []).append(told)
                for name, rungs in told_of.items():
                    turn = self._turn(name)
                    if turn.locked():  # an earlier rung is still being written: nobody waits for such a disk
                        self._tell_rungs(rungs)
                        group.create_task(self._note_rungs(name), name=f"ring {name}")
                    else:
                        await turn.acquire()  # at once: it is free
                        group.create_task(self._ring(name, rungs), name=f"ring {name}")
                self._tell_queued()

    async def _until_due(self) -> None:
        wait_s = self._footing.until_s(self.desk.due_at_ns())
        try:
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _ring(self, name: AlarmId, rungs: Sequence[AlarmEscalated | AlarmLate]) -> None:
        """On disk before told, as long as the disk is in no trouble. Its turn has come already."""
        saving = asyncio.create_task(self._save(rungs[-1].alarm), name=f"save {name}")
        try:
            await asyncio.wait({saving}, timeout=RUNG_WITHIN_S)
            self._tell_rungs(rungs)
            await saving
        finally:
            saving.cancel()
            self._pass_on(name)

    async def _note_rungs(self, name: AlarmId) -> None:
        """Write what was told already, with whatever was decided since."""
        await self._turns[name][0].acquire()
        try:
            newest = next((alarm for alarm in self.desk.unfinished() if alarm.alarm == name), None)
            if newest is not None:
                await self._save(newest)
        finally:
            self._pass_on(name)

    def _tell_rungs(self, rungs: Sequence[AlarmEscalated | AlarmLate]) -> None:
        for told in rungs:
            self._footing.counts.alarms_escalated += isinstance(told, AlarmEscalated)
            self._footing.tell(told)

    def _tell_queued(self) -> None:
        lines = self.lines()
        queued = (lines.queued_groups, lines.queued)
        if queued != self._queued:
            self._queued = queued
            self._footing.tell(AlarmsQueued(*queued, self._footing.now()))

    # -- panels -------------------------------------------------------------------------------------------------------

    async def take_from(self, panel: AlarmPanel) -> None:
        """Take what a panel says; acknowledge it once it is on disk. Ends with the panel's messages."""
        async for message in panel.messages():
            if message.panel not in self.panels:
                self._refuse(message)
            elif await self._take(message):
                await panel.acknowledge(message)

    def _refuse(self, message: PanelMessage) -> None:
        """Of an account that nobody declared: neither raised nor acknowledged; told once, and counted."""
        self._footing.counts.alarms_refused += 1
        account = message.panel[:ACCOUNT_LENGTH_MAX]
        if account in self._strangers or len(self._strangers) >= STRANGERS_MAX:
            return
        self._strangers.add(account)
        what = Words(f"message du compte inconnu {account!r}", f"a message of the unknown account {account!r}")
        self._footing.tell_trouble("alarms", what)

    async def _take(self, message: PanelMessage) -> bool:
        """True when the message is safe on disk, and so may be acknowledged to its panel."""
        name = alarm_id(message)
        await self._begin(name)
        try:
            raised = self.desk.take(message, self._footing.now())
            if raised is None:
                self._footing.counts.alarms_repeated += 1
                return True
            if not await self._save(raised.alarm):
                return False
            self.desk.keep(raised.alarm)
            self._footing.counts.alarms_raised += 1
            self._footing.tell(type(raised)(raised.alarm, self._proposed(raised.alarm)))
            return True
        finally:
            self._end(name)

    # -- people -------------------------------------------------------------------------------------------------------

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        """See `Centre.acknowledge`."""
        return await self._step(alarm, lambda now_ns: self.desk.acknowledge(alarm, person, now_ns))

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None) -> Alarm:
        """See `Centre.advance`."""
        return await self._step(alarm, lambda now_ns: self.desk.advance(alarm, to, person, now_ns, police))

    async def _step(self, alarm: AlarmId, decide: Callable[[Nanoseconds], AlarmAcknowledged | AlarmAdvanced]) -> Alarm:
        """Shielded: a person whose browser goes away while his step is written leaves no step half done."""
        self.desk.alarm(alarm)
        return await asyncio.shield(asyncio.ensure_future(self._step_in_turn(alarm, decide)))

    async def _step_in_turn(
        self, alarm: AlarmId, decide: Callable[[Nanoseconds], AlarmAcknowledged | AlarmAdvanced]
    ) -> Alarm:
        await self._begin(alarm)
        try:
            told = decide(self._footing.now())
            if not await self._save(told.alarm):
                self.desk.undo(told.alarm)
                raise AlarmNotKept(
                    Words("l'étape n'a pas pu être écrite", "the step could not be written"),
                    where=alarm,
                    what_to_do=Words("Réessayez ; l'alarme est comme avant", "Try again; the alarm is as before"),
                )
            self.desk.keep(told.alarm)
            self._footing.tell(told)
            return told.alarm
        finally:
            self._end(alarm)

    # -- one writer an alarm ------------------------------------------------------------------------------------------

    async def _begin(self, alarm: AlarmId) -> None:
        """Wait for one's turn with an alarm; nobody is called for it meanwhile."""
        self.desk.hold(alarm)
        turn = self._turn(alarm)
        try:
            await turn.acquire()
        except BaseException:
            self.desk.release(alarm)
            self._leave(alarm)
            raise

    def _end(self, alarm: AlarmId) -> None:
        self.desk.release(alarm)
        self._pass_on(alarm)
        self._woken.set()

    def _turn(self, alarm: AlarmId) -> asyncio.Lock:
        """To be passed on, or left, by whoever asked for it."""
        turn, users = self._turns.get(alarm, (asyncio.Lock(), 0))
        self._turns[alarm] = (turn, users + 1)
        return turn

    def _pass_on(self, alarm: AlarmId) -> None:
        self._turns[alarm][0].release()
        self._leave(alarm)

    def _leave(self, alarm: AlarmId) -> None:
        turn, users = self._turns.pop(alarm)
        if users > 1:
            self._turns[alarm] = (turn, users - 1)

    async def _save(self, alarm: Alarm) -> bool:
        try:
            await self._footing.chaos("alarms.save")
            await self._footing.in_executor(lambda: self._store.save(alarm))
        except (OSError, CsuError) as error:
            self._footing.tell_trouble(alarm.alarm, words_of(error, alarm.alarm))
            return False
        return True
