"""HTTP/1.1 as much as a simulated device takes: read a request, write a reply. For stills and for ONVIF."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"

HEAD_BYTES_MAX = 8192
IDLE_S_MAX = 10.0
CONNECTIONS_MAX = 64
REQUESTS_MAX = 1000
"""On one connection; then it is closed, which every client must expect."""

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    500: "Internal Server Error",
}


class BadHttp(Exception):
    """What came is no request this server takes: answer `status` and close."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def wants_close(self) -> bool:
        """Does the client want no more than this?"""
        return self.headers.get("connection", "").lower() == "close"


async def read_request(reader: asyncio.StreamReader, body_bytes_max: int) -> HttpRequest:
    """The next request of a connection, within `IDLE_S_MAX`.

    Raises BadHttp; as asyncio does, IncompleteReadError when the client left, LimitOverrunError or TimeoutError when it
    is to be let go.
    """
    async with asyncio.timeout(IDLE_S_MAX):
        head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadHttp(400, "no HTTP request line")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
        raise BadHttp(400, "a body needs its length in Content-Length")
    if len(length) > 9 or int(length) > body_bytes_max:
        raise BadHttp(413, f"a body of {length[:12]} bytes, {body_bytes_max} are taken")
    async with asyncio.timeout(IDLE_S_MAX):
        body = await reader.readexactly(int(length))
    return HttpRequest(words[0], words[1], headers, body)


def reply(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"", *, last: bool) -> bytes:
    """The bytes of a reply. `last`: the connection is over after it."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"Connection: {'close' if last else 'keep-alive'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


Answer = Callable[[HttpRequest, asyncio.StreamWriter, bool], Awaitable[bool]]
"""Writes the reply to a request (True: the connection is over after it); gives False when it is over already."""


class HttpServer:
    """Takes connections on an ephemeral port of the loopback, and has `answer` answer each request on them."""

    def __init__(self, answer: Answer, *, body_bytes_max: int = 0, requests_max: int = REQUESTS_MAX) -> None:
        self._answer = answer
        self._body_bytes_max = body_bytes_max
        self._requests_max = requests_max
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and say on which port. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=HEAD_BYTES_MAX, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more, and end every connection."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cut_off(self) -> None:
        """Every client loses its connection at once, as when a camera loses its power."""
        for writer in self._connections.values():
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= CONNECTIONS_MAX:
            writer.close()
            return
        self._connections[task] = writer
        try:
            for left in reversed(range(self._requests_max)):
                request = await read_request(reader, self._body_bytes_max)
                if not await self._answer(request, writer, left == 0 or request.wants_close):
                    break
        except BadHttp as error:
            writer.write(reply(error.status, last=True))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client left, fell asleep or talks nonsense: it is let go
        except asyncio.CancelledError:
            return  # only `stop` cancels; asyncio 3.11 prints a trace for a cancelled client task
        finally:
            del self._connections[task]
            writer.close()
