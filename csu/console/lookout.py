"""What the gate watches while a permitted answer goes out: the right still holds, the body is bounded, how it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Send

from csu.console.refusals import Refused
from csu.governance.journal_entry import Outcome
from csu.hal.clock import Clock, Nanoseconds

BODY_BYTES_MAX = 256 << 10
"""An act of 512 intervals takes about 60 kB."""


AskAgain = Callable[[], Awaitable[Refused | None]]
"""The question that let somebody in, once more; None: yes."""


class Withdrawn(OSError):
    """The right ended while an answer was being sent. An OSError: to who sends it is as if the peer had left."""


class Sent:
    """Passes messages on, and knows what became of the answer. `hashes`: of its body too."""

    def __init__(self, send: Send, *, hashes: bool) -> None:
        self._send = send
        self._digest = hashlib.sha256() if hashes else None
        self._is_failed = self._is_whole = self._is_socket = self._is_cut = False
        self.began = False

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self._is_failed = message["status"] >= 400
        elif kind == "http.response.body":
            self._is_whole = not message.get("more_body", False)
            if self._digest is not None:
                self._digest.update(message.get("body", b""))
        self._is_socket = self._is_socket or kind.startswith("websocket.")
        self.began = True
        await self._send(message)

    async def cut(self, *, reader_is_there: bool) -> None:
        """End an answer that may go on no longer, or of which the reader left; one who is there comes back, and is
        told why."""
        self._is_cut = True
        if reader_is_there and self.began and not self._is_whole:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def outcome(self) -> Outcome:
        """A socket ends when one side leaves: that is its end."""
        if self._is_failed:
            return Outcome.FAILED
        is_done = not self._is_cut and (self._is_whole or self._is_socket)
        return Outcome.DONE if is_done else Outcome.PARTIAL

    @property
    def sha256(self) -> str:
        """Of the whole body that went out; empty when it was not asked for, or is an error's."""
        return self._digest.hexdigest() if self._digest is not None and not self._is_failed else ""


class Lookout:
    """Asks again before a message goes out later than `every_ns` after the last yes: nothing leaves on an old one."""

    def __init__(
        self,
        send: Send,
        ask: AskAgain,
        clock: Clock,
        *,
        every_ns: Nanoseconds,
        is_socket: bool,
    ) -> None:
        self._send, self._ask, self._clock, self._every_ns = send, ask, clock, every_ns
        self._is_socket = is_socket
        self._asked_at_ns = clock.monotonic_ns()
        self.is_withdrawn = False

    async def __call__(self, message: Message) -> None:
        now_ns = self._clock.monotonic_ns()
        if message["type"] != "websocket.close" and now_ns - self._asked_at_ns >= self._every_ns:
            refused = await self._ask()
            if refused is not None:
                self.is_withdrawn = True
                if self._is_socket:
                    raise refused
                raise Withdrawn(refused.refusal.code)
            self._asked_at_ns = now_ns
        await self._send(message)


class BoundedBody:
    """Passes a request's body on, up to a bound."""

    def __init__(self, receive: Receive, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._receive, self._bytes, self._bytes_max = receive, 0, bytes_max

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            if self._bytes > self._bytes_max:
                raise HTTPException(413)  # of Starlette's kind: who parses a body lets only these through
        return message


async def whole_body(receive: Receive, bytes_max: int) -> bytes:
    """A request's body. Raises HTTPException (413) for a longer one, ClientDisconnect."""
    bounded, body = BoundedBody(receive, bytes_max), bytearray()
    while True:
        message = await bounded()
        if message["type"] != "http.request":
            raise ClientDisconnect
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


class BodyAgain:
    """Hands out a body that was read before, then what comes after it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._receive, self._body = receive, body
        self._is_given = False

    async def __call__(self) -> Message:
        if self._is_given:
            return await self._receive()
        self._is_given = True
        return {"type": "http.request", "body": self._body, "more_body": False}
