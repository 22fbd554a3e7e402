"""One visit to the console, in process: an ASGI request or WebSocket, and what the journal said before its answer."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from csu.centre.in_process import JournalDesk, JournalEntry, JournalRow, Outcome, Ticket

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]
_REMEMBERED = 256


class JournalHeard:
    """The journal as the centre sees it; remembers the newest rows that were durable when it answered."""

    def __init__(self, journal: JournalDesk) -> None:
        self._journal = journal
        self.rows: deque[JournalRow] = deque(maxlen=_REMEMBERED)
        self.written = 0

    async def record(self, entry: JournalEntry) -> object:
        """See Journal.record."""
        row = await self._journal.record(entry)
        await self._hear(row)
        return row

    def before(self, entry: JournalEntry) -> AbstractAsyncContextManager[Ticket]:
        """See Journal.before."""
        return self._before(entry)

    @asynccontextmanager
    async def _before(self, entry: JournalEntry) -> AsyncIterator[Ticket]:
        async with self._journal.before(entry) as ticket:
            await self._hear(ticket.row)
            yield ticket

    def has(self, person: str, outcome: Outcome, since: int) -> bool:
        """Whether a row of this person with this outcome was written after the first `since` rows."""
        newest = list(self.rows)[-max(0, self.written - since) :] if self.written > since else []
        entries = [row.entry for row in newest if isinstance(row.entry, JournalEntry)]
        return any(entry.author == person and entry.outcome is outcome for entry in entries)

    async def _hear(self, row: JournalRow) -> None:
        """Believe a row that the journal's own files have."""
        last, _ = await self._journal.work(lambda kept: kept.head)
        if row.number <= last:
            self.rows.append(row)
            self.written += 1


@dataclass(slots=True)
class Visit:
    """What one visit came to."""

    status: int = 0
    body: bytes = b""
    granted_before: bool | None = None
    """Whether the journal held the grant when the first byte of content left; None: none left."""
    refused_noted: bool = False
    """Whether the journal holds the refusal."""

    @property
    def is_refused(self) -> bool:
        return self.status >= 400

    def json(self) -> Any:
        return json.loads(self.body)


async def visit(
    app: App, journal: JournalHeard, person: str, token: str, method: str, path: str, body: object = None
) -> Visit:
    """Ask once. `path` may have a query. A WebSocket: `method` is `WS`; it is left after its first pictures."""
    path, _, query = path.partition("?")
    found, since = Visit(), journal.written
    told = b"" if body is None else json.dumps(body).encode()
    is_socket = method == "WS"
    incoming: deque[Message] = deque(
        [{"type": "websocket.connect"}] if is_socket else [{"type": "http.request", "body": told, "more_body": False}]
    )

    async def receive() -> Message:
        if incoming:
            return incoming.popleft()
        return {"type": "websocket.disconnect", "code": 1000} if is_socket and found.body else await _never()

    async def send(message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            found.status = message["status"]
        elif kind == "websocket.accept":
            found.status = 101
        elif kind == "websocket.close" and not found.status:
            found.status = 403
        content = message.get("body") or message.get("bytes") or (message.get("text") or "").encode()
        if content and not found.is_refused:
            if found.granted_before is None:
                found.granted_before = journal.has(person, Outcome.GRANTED, since)
            found.body += content
        elif content:
            found.body += content

    await app(_scope(method, path, query, token, len(told)), receive, send)
    found.refused_noted = journal.has(person, Outcome.REFUSED, since)
    return found


async def _never() -> Message:
    nothing: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    return await nothing


def _scope(method: str, path: str, query: str, token: str, length: int) -> Message:
    is_socket = method == "WS"
    headers = [
        (b"host", b"127.0.0.1"),
        (b"authorization", f"Bearer {token}".encode()),
        (b"origin", b"http://127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"content-length", str(length).encode()),
    ]
    scope: Message = {
        "type": "websocket" if is_socket else "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws" if is_socket else "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers[: 3 if is_socket else 5],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8600),
        "state": {},
    }
    if is_socket:
        scope["subprotocols"] = []
    else:
        scope["method"] = method
    return scope
