"""Calls to the police and the fire brigade: queued on disk once a person confirmed an alarm, sent until a named person
took them, then noted in the alarm (OPS-3). The decisions are the outbox's (`csu.operations.dispatch`)."""

from __future__ import annotations

import asyncio

from csu.alarms import Alarm, AlarmAdvanced, AlarmId, AlarmState, PoliceCall
from csu.centre.events import CentreEvent
from csu.centre.footing import Footing, words_of
from csu.centre.rooms.alarm_room import AlarmRoom
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.dispatch import Dispatch, DispatchError, DispatchReceipt
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations import (
    INCIDENT_OF,
    POLICE,
    SERVICE_OF,
    CallEscalated,
    CallNotKept,
    CallProgress,
    CallTaken,
    DispatchOutbox,
    Incident,
    OutboxCall,
    OutboxStore,
    SendCall,
    call_about,
)
from csu.operations.dispatch import SEND_AGAIN_NS

EVERY_S = 1.0
"""How often the outbox is asked while anything waits."""


class Calls:
    """One per centre that has contacts. `open` it after the alarms, then `run` it."""

    def __init__(self, footing: Footing, dispatch: Dispatch, store: OutboxStore, alarms: AlarmRoom) -> None:
        self._footing, self._dispatch, self._store, self._alarms = footing, dispatch, store, alarms
        self._outbox = DispatchOutbox()
        self._confirmed: dict[AlarmId, int] = {}
        """Confirmed alarms whose police are not noted yet, and how often their call could not be queued or noted."""
        self._writing = asyncio.Lock()
        self._woken = asyncio.Event()
        self._noted: dict[AlarmId, str] = {}
        """Alarms of which people noted whom they told: their calls, if still under way, are taken by him."""
        footing.listen(self._hear, (AlarmAdvanced,))

    @property
    def waiting(self) -> list[OutboxCall]:
        """Calls nobody took, in the order they were made."""
        return self._outbox.waiting

    def known(self) -> list[tuple[OutboxCall, CallProgress]]:
        """Those that nobody took, and the last that somebody did, by when they were made."""
        return self._outbox.known()

    async def again(self, call: str) -> None:
        """Try its contacts once more, whatever the disk says. Raises CallRefused."""
        again = self._outbox.again(call, self._footing.now())
        self._woken.set()
        try:
            await self._save(again.call)
        except CsuError as error:
            self._footing.tell_trouble(call, words_of(error, call))
        self._footing.tell(again)

    async def open(self) -> None:
        """Begin with what is on disk: calls nobody took are sent again, confirmed alarms without a call get theirs."""
        self._outbox = DispatchOutbox((await self._footing.in_executor(self._store.load)).calls)
        for alarm in self._alarms.desk.unfinished():
            if alarm.state is AlarmState.CONFIRMED:
                self._confirmed[alarm.alarm] = 0
        self._woken.set()

    async def telephoned(self, call: str, taken_by: str) -> None:
        """People reached `taken_by` by telephone. Raises ReceiptRefused; CallNotKept: not written, it still waits."""
        taken = self._outbox.telephoned(call, taken_by, self._footing.now())
        if taken is not None:
            await self._take(taken)

    async def run(self) -> None:
        """Queue, send, note. For ever; sleeps while nothing waits."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._woken.wait()
                unwritten: set[tuple[str, CommuneId]] = set()
                for name in list(self._confirmed):
                    await self._follow(name, unwritten)
                for told in self._outbox.tick(self._footing.now()):
                    if isinstance(told, SendCall):
                        self._footing.tell(told)
                        group.create_task(self._send(told), name=f"call {told.call.call}")
                    else:
                        group.create_task(self._escalate(told), name=f"call {told.call.call.call}")
                if not self._outbox.waiting and not self._confirmed:
                    self._woken.clear()
                else:
                    await asyncio.sleep(EVERY_S)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _hear(self, event: CentreEvent) -> None:
        if not isinstance(event, AlarmAdvanced):
            return
        step = event.alarm.steps[-1]
        if step.to is AlarmState.CONFIRMED:
            self._confirmed[event.alarm.alarm] = 0
        elif step.police is not None and not step.police.call:
            self._noted[event.alarm.alarm] = step.police.taken_by
        self._woken.set()

    async def _follow(self, name: AlarmId, unwritten: set[tuple[str, CommuneId]]) -> None:
        """A confirmed alarm gets its call; once a person took the call, the alarm says who. Tried until it is done.

        `unwritten`: services and communes of which the disk refused a call just now: those behind it wait, in order.
        """
        known, noted = self._outbox.call(name), self._noted.get(name)
        try:
            if noted is not None:
                if known is not None:
                    await self.telephoned(name, noted)
            elif known is None:
                await self._queue_in_order(self._alarms.desk.alarm(name), unwritten)
                return
            elif known.is_taken:
                note = PoliceCall(known.call.service, known.taken_by, known.call.call)
                await self._alarms.advance(name, AlarmState.POLICE_INFORMED, known.call.called_by, note)
            else:
                return
            del self._confirmed[name]
            self._noted.pop(name, None)
        except CsuError as error:
            if not self._confirmed[name]:  # told once: the alarm's ladder calls the chief, who telephones
                self._footing.tell_trouble(name, words_of(error, name))
            self._confirmed[name] += 1

    async def _queue_in_order(self, alarm: Alarm, unwritten: set[tuple[str, CommuneId]]) -> None:
        lane = SERVICE_OF.get(alarm.message.kind, POLICE), alarm.message.commune
        if lane in unwritten:
            return
        try:
            await self._queue(alarm, lane[0])
        except CallNotKept:
            unwritten.add(lane)
            raise

    async def _queue(self, alarm: Alarm, service: str) -> None:
        message, now_ns = alarm.message, self._footing.now()
        call = call_about(
            alarm.alarm,
            INCIDENT_OF.get(message.kind, Incident.BY_VOICE),
            commune=message.commune,
            service=service,
            site=message.site,
            by=alarm.steps[-1].by,
            now_ns=now_ns,
        )
        queued = self._outbox.queue(call, self._dispatch.contacts(service, message.commune), now_ns)
        if queued is None:
            return
        try:
            await self._save(queued.call)
        except CsuError:
            self._outbox.undo(queued.call)
            raise
        self._outbox.keep(queued.call)
        self._footing.tell(queued)

    async def _send(self, command: SendCall) -> None:
        """One sending. Without a receipt there is nothing to tell: the outbox sends again, and tells who is silent."""
        try:
            async with asyncio.timeout(SEND_AGAIN_NS / NS_PER_S):
                await self._footing.chaos("dispatch.send")
                receipt = await self._dispatch.notify(command.call, command.contact)
        except (TimeoutError, OSError, DispatchError):
            self._footing.counts.calls_unanswered += 1
            return
        await self._receive(receipt)

    async def _receive(self, receipt: DispatchReceipt) -> None:
        try:
            taken = self._outbox.receive(receipt, self._footing.now())
            if taken is not None:
                await self._take(taken)
        except CsuError as error:
            self._footing.tell_trouble(receipt.call, words_of(error, receipt.call))

    async def _take(self, taken: CallTaken) -> None:
        try:
            await self._save(taken.call)
        except CsuError:
            self._outbox.undo(taken.call)
            raise
        self._outbox.keep(taken.call)
        self._footing.tell(taken)
        self._woken.set()

    async def _escalate(self, told: CallEscalated) -> None:
        """The next contact is tried whatever the disk says; what was not written is written with the next change."""
        try:
            await self._save(told.call)
        except CsuError as error:
            self._footing.tell_trouble(told.call.call.call, words_of(error, told.call.call.call))
        self._footing.tell(told)

    async def _save(self, call: OutboxCall) -> None:
        """In the order of the decisions. Raises CallNotKept."""
        async with self._writing:
            try:
                await self._footing.chaos("calls.save")
                await self._footing.in_executor(lambda: self._store.save(call))
            except OSError as error:
                what = Words(f"l'appel n'a pas pu être écrit ({error})", f"the call could not be written ({error})")
                todo = Words("Téléphonez ; vérifiez le volume", "Telephone; check the volume")
                raise CallNotKept(what, where=call.call.call, what_to_do=todo) from error
