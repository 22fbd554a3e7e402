"""HTTP/1.1 as much as a simulated device takes: read a request, write a reply. For stills and for ONVIF."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

HEAD_BYTES_MAX = 8192
IDLE_S_MAX = 10.0

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
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_S_MAX)
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
    body = await asyncio.wait_for(reader.readexactly(int(length)), IDLE_S_MAX) if int(length) else b""
    return HttpRequest(words[0], words[1], headers, body)


def reply(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"", *, last: bool) -> bytes:
    """The bytes of a reply. `last`: the connection is over after it."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"Connection: {'close' if last else 'keep-alive'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
