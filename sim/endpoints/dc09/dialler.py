"""Simulated alarm panels that dial a receiver: events until they are acknowledged, polls, retries, two paths."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.machine import SystemClock
from sim.endpoints.dc09.line import Line, open_line
from sim.endpoints.dc09.spec import FLOOD_POLLS, DialledPath, DiallerFault, DiallerSpec
from sim.endpoints.dc09.wire import Answer, AnswerUnreadable, envelope, frame, read_answer

BEHIND_NS = 3_600 * NS_PER_S
_CODES = {"SIA-DCS": ("BA", "ZZ", "LF"), "ADM-CID": ("130", "777", "606")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event ended: `word` is ACK, DUH, or empty when the panel gave up."""

    word: str
    tries: int
    path: str = ""


@dataclass(slots=True)
class DiallerCounts:
    """Since it was switched on."""

    frames: int = 0
    words: Counter[str] = field(default_factory=Counter)
    """ACK, NAK, DUH; `silence`; `unreadable`."""


class Dialler:
    """One panel. `raise_event` may be called from several tasks; polls run beside."""

    def __init__(self, spec: DiallerSpec, clock: Clock) -> None:
        self.spec, self._clock = spec, clock
        self.counts = DiallerCounts()
        self.sent: list[bytes] = []
        """The last frames that were acknowledged, for whoever wants to send them again."""
        self._number = 0
        slow = {DiallerFault.STALE_CLOCK, DiallerFault.SLOW_CLOCK} & spec.faults
        self._ahead_ns = -BEHIND_NS if slow else 0

    def has(self, fault: DiallerFault) -> bool:
        return fault in self.spec.faults

    # -- what it says --------------------------------------------------------------------------------------------------

    async def raise_event(self, code: str | None = None, zone: int = 1, *, qualifier: int = 1) -> Outcome:
        """Something happened: told until it is acknowledged, answered DUH, or tries_max is reached."""
        self._number = self._number % 9_999 + 1
        number, data = self._number, self._data(code, zone, qualifier)
        if not self.spec.both_paths:
            return await self._tell(self.spec.paths, number, self.spec.format, data)
        told = await asyncio.gather(*(self._tell((path,), number, self.spec.format, data) for path in self.spec.paths))
        return next((outcome for outcome in told if outcome.word == "ACK"), told[0])

    async def poll(self, path: DialledPath) -> bool:
        """One poll on a path; whether it was acknowledged."""
        made = self._frame(path, 0, "NULL", "")
        async with open_line(path, self.spec.answer_within_s) as line:
            return (await self._ask(line, path, 0, made)).word == "ACK"

    async def keep_polling(self) -> None:
        """Each path, each `poll_every_s`. For ever; at once over when it does not poll."""
        if self.spec.poll_every_s is None or self.has(DiallerFault.NEVER_POLLS):
            return
        while True:
            for path in self.spec.paths:
                try:
                    await self.poll(path)
                except OSError:
                    self.counts.words["silence"] += 1
            await asyncio.sleep(self.spec.poll_every_s)

    async def send_again(self, path: DialledPath, made: bytes) -> bytes:
        """Put any bytes on a path, as somebody would who recorded them; what came back, empty for nothing."""
        async with open_line(path, self.spec.answer_within_s) as line:
            await line.send(made)
            return await line.receive()

    def _data(self, code: str | None, zone: int, qualifier: int) -> str:
        usual, unknown, listening = _CODES[self.spec.format]
        said = code if code is not None else usual
        said = unknown if self.has(DiallerFault.UNKNOWN_CODE) else said
        said = listening if self.has(DiallerFault.LISTEN_IN) else said
        account = self.spec.account
        if self.has(DiallerFault.MISMATCHED_ACCOUNT):
            account = f"{(int(account, 16) + 1) % 16 ** len(account):0{len(account)}X}"
        if self.spec.format == "ADM-CID":
            return f"#{account}|{qualifier}{said} 00 {zone:03d}"
        text = f"|A{'x' * 8_192}" if self.has(DiallerFault.OVERSIZED) else ""
        return f"#{account}|N{said}{zone}{text}"

    # -- how it says it ------------------------------------------------------------------------------------------------

    async def _tell(self, paths: Sequence[DialledPath], number: int, token: str, data: str) -> Outcome:
        made: dict[str, bytes] = {}
        for tried in range(1, self.spec.tries_max + 1):
            path = paths[(tried - 1) % len(paths)]
            if path.name not in made or not self.spec.repeats_as_sent:
                made[path.name] = self._frame(path, number, token, data)
            try:
                answer = await self._once(path, number, made[path.name])
            except OSError:
                self.counts.words["silence"] += 1
                answer = Answer("", None)
                await asyncio.sleep(min(0.1, self.spec.answer_within_s))
            if answer.word == "NAK":
                made.pop(path.name)
            if answer.word in ("ACK", "DUH"):
                await self._misuse(path, number, made[path.name])
                return Outcome(answer.word, tried, path.name)
        return Outcome("", self.spec.tries_max)

    async def _once(self, path: DialledPath, number: int, made: bytes) -> Answer:
        async with open_line(path, self.spec.answer_within_s) as line:
            if self.has(DiallerFault.FLOOD):
                for _ in range(FLOOD_POLLS):
                    await line.send(self._frame(path, 0, "NULL", ""))
            if self.has(DiallerFault.JOINED_FRAMES):
                await line.send(self._frame(path, 0, "NULL", "") + made)
                await line.receive()
                return self._heard(await line.receive(), path, number)
            return await self._ask(line, path, number, made)

    async def _ask(self, line: Line, path: DialledPath, number: int, made: bytes) -> Answer:
        if self.has(DiallerFault.SPLIT_FRAMES):
            await line.send_slowly(made)
        else:
            await line.send(made)
        return self._heard(await line.receive(), path, number)

    def _heard(self, received: bytes, path: DialledPath, number: int) -> Answer:
        self.counts.frames += 1
        if not received:
            self.counts.words["silence"] += 1
            return Answer("", None)
        try:
            answer = read_answer(received, self._head(path, number), self.spec.key)
        except AnswerUnreadable:
            self.counts.words["unreadable"] += 1
            return Answer("", None)
        self.counts.words[answer.word] += 1
        if answer.word == "NAK" and answer.time_ns is not None and not self.has(DiallerFault.STALE_CLOCK):
            self._ahead_ns = answer.time_ns - self._clock.now_ns()
        return answer

    async def _misuse(self, path: DialledPath, number: int, made: bytes) -> None:
        """What becomes of a frame that was answered."""
        self.sent = [*self.sent[-63:], made]
        if self.has(DiallerFault.REPLAYED):
            await self.send_again(path, made)
        if self.has(DiallerFault.REHEADED):
            head, other = self._head(path, number), self._head(path, number % 9_999 + 1)
            await self.send_again(path, envelope(made[9:-1].replace(head.encode(), other.encode(), 1)))

    def _frame(self, path: DialledPath, number: int, token: str, data: str) -> bytes:
        key = self.spec.key
        if self.has(DiallerFault.DOWNGRADED):
            key = None
        if self.has(DiallerFault.WRONG_KEY):
            key = bytes(byte ^ 0x5A for byte in self.spec.key or bytes(16))
        at_ns: Nanoseconds | None = self._clock.now_ns() + self._ahead_ns
        if key is None and not self.spec.is_dated:
            at_ns = None
        made = frame(self._head(path, number), token, data, at_ns, key)
        if self.has(DiallerFault.BAD_CRC):
            made = made[:1] + b"%04X" % (int(made[1:5], 16) ^ 1) + made[5:]
        return made

    def _head(self, path: DialledPath, number: int) -> str:
        receiver = "" if path.receiver is None else f"R{path.receiver:X}"
        line = "" if self.has(DiallerFault.NO_LINE) else f"L{path.line:X}"
        return f"{number:04d}{receiver}{line}#{self.spec.account}"


@asynccontextmanager
async def open_diallers(specs: Sequence[DiallerSpec], clock: Clock | None = None) -> AsyncIterator[dict[str, Dialler]]:
    """Switch panels on, each polling as it does, until the block ends. By account."""
    diallers = {spec.account: Dialler(spec, clock or SystemClock()) for spec in specs}
    if len(diallers) != len(specs):
        raise ValueError("two panels have the same account")
    polling: list[asyncio.Task[Any]] = [asyncio.create_task(each.keep_polling()) for each in diallers.values()]
    try:
        yield diallers
    finally:
        for task in polling:
            task.cancel()
        await asyncio.gather(*polling, return_exceptions=True)
