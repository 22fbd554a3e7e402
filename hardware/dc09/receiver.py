"""The receiver at work: one AlarmPanel for all accounts that dial it.

A frame is judged (`acceptance`), written, delivered to the engine, and acknowledged on the wire when the engine has
acknowledged all that it raised. Until then the panel hears nothing and repeats, which delivers the same messages again.

A panel's own time-out is 5 to 20 s; see `receipts` for how long an answer is owed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.device_events import DeviceEvent, EventKind
from csu.hal.words import Words
from hardware.dc09.acceptance import Acceptance, Instant, Refused, Repeated, Taken
from hardware.dc09.belief import Origin
from hardware.dc09.doors import Address, Channel, Connections, open_doors
from hardware.dc09.errors import FramesNotKept
from hardware.dc09.frames import Unreadable
from hardware.dc09.memory import Entry, Sighting
from hardware.dc09.notices import Counts, Notice
from hardware.dc09.reasons import Reason
from hardware.dc09.receipts import Receipts
from hardware.dc09.settings import ReceiverSettings, keys_of
from hardware.dc09.store import Batch, FrameStore, Kept
from hardware.dc09.supervision import SupervisedPath, Supervision
from hardware.event_queue import EventQueue

AGAIN_S = 30.0
"""A message that the engine did not acknowledge is delivered again, whether its panel repeats it or not."""
COPY_WITHIN_S = 1.0
"""What comes by an account's other path so soon is a copy; later, it is a repeat."""
LOOK_S = 1.0
"""How often silence is looked for, at the least."""
UNWRITTEN_MAX = 8_192
RETRY_S = 1.0


class Dc09Receiver:
    """See AlarmPanel. Use `open_receiver`."""

    def __init__(
        self,
        settings: ReceiverSettings,
        core: Acceptance,
        store: FrameStore,
        clock: Clock,
        tell: Callable[[Notice], None],
    ) -> None:
        self._settings, self._core, self._store, self._clock, self._hears = settings, core, store, clock, tell
        self._events = EventQueue()
        self._names = {account.number: account.account for account in settings.accounts}
        self._supervision = Supervision(
            [
                SupervisedPath(account.number, path.name, path.silent_after_s)
                for account in settings.accounts
                for path in account.paths
                if path.silent_after_s is not None
            ],
            clock.monotonic_ns(),
        )
        self._connections = Connections(settings.limits)
        self._unwritten: list[Sighting] = []
        self._unwritten_own: list[PanelMessage] = []
        self._unwritten_done: list[int] = []
        self._write_wanted = asyncio.Event()
        self._out: dict[int, PanelMessage] = {}
        self._out_wanted = asyncio.Event()
        self._delivered_at_ns: dict[int, Nanoseconds] = {}
        self._receipts = Receipts()
        self._is_closing = False
        self._forget_at_ns: Nanoseconds | None = None
        self._fault: BaseException | None = None
        self._counts = Counts(reasons=core.tally.counts)
        self.addresses: Mapping[str, Address] = {}
        """Where each door listens."""
        self._deliver(message for message, _ in core.pending.values())

    @property
    def panel(self) -> PanelId:
        return self._settings.panel_id

    @property
    def counts(self) -> Counts:
        return self._counts

    @property
    def connections(self) -> Connections:
        return self._connections

    @property
    def remembered(self) -> int:
        """Frames in memory."""
        return len(self._core.memory)

    @property
    def pending(self) -> int:
        """Messages that the engine has not acknowledged."""
        return len(self._core.pending)

    # -- the engine's side ---------------------------------------------------------------------------------------------

    async def messages(self) -> AsyncIterator[PanelMessage]:
        """See AlarmPanel.messages. Never ends; what nobody acknowledged before a restart comes first.

        Raises whatever brought the receiver down: an engine does not listen to a deaf one.
        """
        while True:
            while not self._out:
                if self._fault is not None:
                    raise self._fault
                self._out_wanted.clear()
                await self._out_wanted.wait()
            number = next(iter(self._out))
            self._delivered_at_ns[number] = self._clock.monotonic_ns()
            yield self._out.pop(number)

    async def acknowledge(self, message: PanelMessage) -> None:
        """See AlarmPanel.acknowledge. The panel hears of it when all that its frame raised is acknowledged."""
        if message.sequence not in self._core.pending:
            return
        entry = self._core.acknowledge(message.sequence)
        self._out.pop(message.sequence, None)
        self._delivered_at_ns.pop(message.sequence, None)
        self._unwritten_done.append(message.sequence)
        self._write_wanted.set()
        if entry is not None:
            self._pay(entry)

    @property
    def place(self) -> str:
        """See DeviceEvents: where what the receiver tells of itself and of its accounts is told."""
        return "alarms"

    @property
    def sounds_dropped(self) -> int:
        """See DeviceEvents."""
        return self._counts.reasons[Reason.SOUND]

    def events(self) -> AsyncIterator[DeviceEvent]:
        """See DeviceEvents.events: what is refused, and of whom; paths that fell silent, and that are back."""
        return self._events.events()

    def _tell(self, notice: Notice) -> None:
        self._hears(notice)
        self._events.put(notice.event)

    def _deliver(self, messages: Iterable[PanelMessage]) -> None:
        for message in messages:
            self._out.setdefault(message.sequence, message)
        self._out_wanted.set()

    # -- the panels' side ----------------------------------------------------------------------------------------------

    def hear(self, frame: bytes | Unreadable, origin: Origin, channel: Channel) -> bool:
        """One frame from a socket. False: whoever sent it is not listened to now."""
        at = self._now()
        if len(self._unwritten) >= UNWRITTEN_MAX:
            self._core.tally.note(Reason.BUSY, None, at.steady_ns)
            return False
        verdict = self._core.judge(frame, origin, at)
        if isinstance(verdict, Taken):
            self._take(verdict, channel, at)
        elif isinstance(verdict, Repeated):
            self._take_again(verdict, channel, at)
        else:
            self._refuse(verdict, channel, at)
            return verdict.reason is not Reason.FLOOD
        return True

    def _take(self, verdict: Taken, channel: Channel, at: Instant) -> None:
        entry = verdict.sighting.entry
        self._counts.taken += 1
        self._heard(entry.account, entry.path, at)
        for reason in verdict.warnings:
            self._note(reason, entry.account, at)
        if not entry.is_kept:
            channel.send(verdict.receipt.at(at.now_ns))
            self._counts.acknowledged += 1
            return
        self._receipts.owe(entry, channel, verdict.receipt, at)
        self._unwritten.append(verdict.sighting)
        self._write_wanted.set()

    def _take_again(self, verdict: Repeated, channel: Channel, at: Instant) -> None:
        entry = verdict.entry
        self._counts.repeated += 1
        if verdict.is_alive:
            self._heard(entry.account, verdict.path, at)
        if verdict.sighting is not None:
            self._unwritten.append(verdict.sighting)
            self._write_wanted.set()
        self._receipts.owe(entry, channel, verdict.receipt, at)
        if entry.is_done:
            self._pay(entry)
        elif entry.is_written:
            before_ns = at.steady_ns - (0 if verdict.is_same_path else int(COPY_WITHIN_S * NS_PER_S))
            waiting = [message for message in entry.messages if message.sequence in entry.waiting]
            self._deliver([m for m in waiting if self._delivered_at_ns.get(m.sequence, at.steady_ns) <= before_ns])

    def _refuse(self, verdict: Refused, channel: Channel, at: Instant) -> None:
        self._note(verdict.reason, verdict.account, at)
        if verdict.answer:
            channel.send(verdict.answer)

    def _note(self, reason: Reason, account: int | None, at: Instant) -> None:
        if self._core.tally.note(reason, account, at.steady_ns) and reason.alarm is not None:
            self._say(reason.alarm, account, Notice(at.now_ns, reason.words))

    def _say(self, kind: AlarmKind, account: int | None, notice: Notice) -> None:
        """An alarm of the receiver's own, and what it is about."""
        message = self._core.say(kind, account, notice.at_ns)
        self._unwritten_own.append(message)
        self._write_wanted.set()
        name = "" if account is None else self._names[account]
        self._tell(replace(notice, account=name, number=message.sequence))

    def _heard(self, account: int, path: str, at: Instant) -> None:
        if self._supervision.heard(account, path, at.steady_ns) is not None:
            self._counts.paths_back += 1
            words = Words(f"chemin {path} : de retour", f"path {path}: back")
            kind = EventKind.PATH_SILENT
            self._tell(Notice(at.now_ns, words, self._names[account], kind=kind, path=path, holds=False))

    def _pay(self, entry: Entry) -> None:
        self._counts.acknowledged += self._receipts.pay(entry, self._now())

    # -- the disk's side -----------------------------------------------------------------------------------------------

    async def write(self) -> None:
        """Write what waits, all of it at once, and go on from there, until `stop_writing`."""
        while not self._is_closing:
            await self._write_wanted.wait()
            self._write_wanted.clear()
            if not await self._write_batch() and not self._is_closing:
                await asyncio.sleep(RETRY_S)
                self._write_wanted.set()

    def stop_writing(self) -> None:
        """Once more, and no more."""
        self._is_closing = True
        self._write_wanted.set()

    async def _write_batch(self) -> bool:
        sightings, self._unwritten = self._unwritten, []
        own, self._unwritten_own = self._unwritten_own, []
        done, self._unwritten_done = self._unwritten_done, []
        batch, self._forget_at_ns = Batch(sightings, own, done, self._forget_at_ns), None
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._store.write, batch)
        except FramesNotKept as error:
            self._unwritten_own, self._unwritten_done = own + self._unwritten_own, done + self._unwritten_done
            self._not_written(sightings, error)
            return False
        self._deliver(own)
        for sighting in sightings:
            entry = sighting.entry
            if not entry.is_written:
                entry.is_written = True
                self._deliver(entry.messages)
            if entry.is_done:
                self._pay(entry)
        return True

    def _not_written(self, sightings: list[Sighting], error: FramesNotKept) -> None:
        """As if these frames had never come, nor their repeats since: the panels repeat."""
        at = self._now()
        self._counts.not_kept += len(sightings)
        lost = {sighting.entry for sighting in sightings if not sighting.entry.is_written}
        for entry in lost:
            self._core.not_written(entry)
            self._receipts.drop(entry)
        self._unwritten = [sighting for sighting in self._unwritten if sighting.entry not in lost]
        self._core.tally.note(Reason.BUSY, None, at.steady_ns)
        self._tell(Notice(at.now_ns, error.trouble.words, kind=EventKind.NOT_KEPT))

    # -- time ----------------------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Tell of silent paths, deliver again what is not acknowledged, forget what is old. For ever."""
        forget_at_ns = self._clock.monotonic_ns() + NS_PER_MINUTE
        while True:
            at = self._now()
            due_ns = self._supervision.due_at_ns()
            wait_s = LOOK_S if due_ns is None else min(LOOK_S, (due_ns - at.steady_ns) / NS_PER_S)
            await asyncio.sleep(max(0.01, wait_s))
            at = self._now()
            self._tell_silence(at)
            self._deliver_again(at.steady_ns)
            self._receipts.drop_late(at)
            if at.steady_ns >= forget_at_ns:
                forget_at_ns += NS_PER_MINUTE
                self._forget_at_ns = at.now_ns
                self._write_wanted.set()

    def _tell_silence(self, at: Instant) -> None:
        for path in self._supervision.due(at.steady_ns):
            self._counts.paths_silent += 1
            is_last = len(self._supervision.silent(path.account)) == self._supervised(path.account)
            last = Words(" ; plus aucun autre", "; no other left") if is_last else Words("", "")
            words = Words(f"chemin {path.path} : muet{last.fr}", f"path {path.path}: silent{last.en}")
            notice = Notice(at.now_ns, words, kind=EventKind.PATH_SILENT, path=path.path)
            self._say(AlarmKind.TECHNICAL, path.account, notice)

    def _supervised(self, number: int) -> int:
        account = next(account for account in self._settings.accounts if account.number == number)
        return sum(path.silent_after_s is not None for path in account.paths)

    def _deliver_again(self, steady_ns: Nanoseconds) -> None:
        late_ns = steady_ns - int(AGAIN_S * NS_PER_S)
        late = [number for number, at_ns in self._delivered_at_ns.items() if at_ns <= late_ns]
        self._deliver([self._core.pending[number][0] for number in late if number in self._core.pending])

    def ended(self, task: asyncio.Task[None]) -> None:
        """`write` or `watch` is over: expected, or a fault that the engine is told of."""
        if not task.cancelled() and task.exception() is not None:
            self._fault = task.exception()
            self._out_wanted.set()

    def _now(self) -> Instant:
        return Instant(self._clock.now_ns(), self._clock.monotonic_ns())


@asynccontextmanager
async def open_receiver(
    settings: ReceiverSettings,
    keys: Mapping[str, bytes],
    file: Path,
    clock: Clock,
    *,
    tell: Callable[[Notice], None] = lambda notice: None,
    first_number: int = 0,
) -> AsyncIterator[Dc09Receiver]:
    """Open the doors and listen until the block ends.

    `keys`: AES keys by the names that the settings give them. `file`: its SQLite file, nobody else's. `tell` must not
    block. `first_number`: see FrameStore.load. Raises ReceiverSettingsRefused, FramesNotKept, ReceiverNotOpened.
    """
    of_accounts = keys_of(settings, keys)
    loop = asyncio.get_running_loop()
    store = await loop.run_in_executor(None, FrameStore, file)
    try:
        kept: Kept = await loop.run_in_executor(None, store.load, clock.now_ns(), first_number)
        core = Acceptance(settings, of_accounts, kept.next_number)
        core.restore(kept.sightings, kept.own)
        receiver = Dc09Receiver(settings, core, store, clock, tell)
        async with open_doors(settings.doors, receiver.connections, receiver.hear) as addresses:
            receiver.addresses = addresses
            writing, watching = asyncio.create_task(receiver.write()), asyncio.create_task(receiver.watch())
            for task in (writing, watching):
                task.add_done_callback(receiver.ended)
            try:
                yield receiver
            finally:
                watching.cancel()
                receiver.stop_writing()
                await asyncio.gather(writing, watching, return_exceptions=True)
    finally:
        store.close()
