"""One open connection of a wall node: beats go out; scenes, fragments and questions about pixels come in."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from csu.cluster.wall_node_clock import ClockRefused
from csu.cluster.wall_node_drawing import NodeDrawing
from csu.cluster.wall_node_wire import (
    WORDS_MAX,
    Ask,
    Beat,
    Failed,
    Renew,
    ShowScene,
    Told,
    pack,
    pieces_of_answer,
    to_node,
    unpack_fragment,
)
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words

BEAT_EVERY_S = 1.0
FIRST_BEATS, FIRST_BEAT_EVERY_S = 4, 0.05
"""The clock is to be known before anything is shown, and from more than one answer."""
SILENCE_S_MAX = 5.0
"""A centre that answers no beat for so long is gone: the connection is made anew. What is up ended by then."""


class NodeConversation:
    """One connection once it is open: beats out, scenes and fragments in, questions answered."""

    def __init__(self, socket: ClientConnection, drawing: NodeDrawing, clock: Clock) -> None:
        self._socket, self._drawing, self._clock = socket, drawing, clock
        self._answers: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def follow(self) -> None:
        """Until it ends. Raises ConnectionClosed, TimeoutError, ValueError, ClockRefused."""
        beating = asyncio.create_task(self._beat(), name="wall node beat")
        try:
            async with asyncio.timeout(SILENCE_S_MAX) as silence:
                while True:
                    message = await self._socket.recv()
                    if isinstance(message, bytes):
                        self._drawing.take(*unpack_fragment(message))
                    elif self._hear(message):
                        silence.reschedule(asyncio.get_running_loop().time() + SILENCE_S_MAX)
        except ClockRefused as error:
            self._drawing.forbid()
            await self._socket.send(pack(_failed(None, error.trouble.words)))
            raise
        finally:
            tasks = [beating, *self._answers]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, text: str) -> bool:
        """True for the answer to a beat: the centre is there. Raises ValueError, ClockRefused."""
        message = to_node(text)
        if isinstance(message, Told):
            self._drawing.centre.hear(message.asked_at_ns, message.now_ns, self._clock.monotonic_ns())
            self._drawing.centre.check(self._clock.now_ns(), self._clock.monotonic_ns())
            self._drawing.clock_told()
            return True
        if isinstance(message, ShowScene):
            self._drawing.show(message.scene)
        elif isinstance(message, Renew):
            self._drawing.renew(message.until_ns)
        elif isinstance(message, Ask):
            task = asyncio.create_task(self._answer(message))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        else:
            raise ValueError("a second hello")
        return False

    async def _beat(self) -> None:
        """Ends when the connection does: who receives hears why."""
        beats = 0
        said: Words | None = None
        while True:
            now_ns, monotonic_ns = self._clock.now_ns(), self._clock.monotonic_ns()
            centre, counts = self._drawing.centre, self._drawing.counts
            known = centre.is_known
            beat = Beat(
                asked_at_ns=monotonic_ns,
                offset_ns=centre.offset_ns(now_ns, monotonic_ns) if known else None,
                error_ns=centre.error_ns(monotonic_ns) if known else None,
                shown=counts.shown,
                refused=counts.refused,
                dropped=counts.dropped,
                undecodable=counts.undecodable,
            )
            try:
                await self._socket.send(pack(beat))
                trouble = self._drawing.trouble
                if trouble is not None and trouble != said:
                    await self._socket.send(pack(_failed(None, trouble)))
                said = trouble
            except ConnectionClosed:
                return
            beats += 1
            await asyncio.sleep(BEAT_EVERY_S if beats > FIRST_BEATS else FIRST_BEAT_EVERY_S)

    async def _answer(self, ask: Ask) -> None:
        try:
            async with self._turn:
                answer = await (self._drawing.reading() if ask.what == "reading" else self._drawing.png())
        except CsuError as error:
            await self._say(pack(_failed(ask.number, error.trouble.words)))
            return
        for piece in pieces_of_answer(ask.number, answer):
            await self._say(piece)

    async def _say(self, message: str | bytes) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            return  # who receives hears why


def _failed(number: int | None, words: Words) -> Failed:
    return Failed(number=number, fr=words.fr[:WORDS_MAX], en=words.en[:WORDS_MAX])
