"""One viewer at a live door, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


@contextlib.asynccontextmanager
async def at_door(url: str, door: str, origin: str | None = None) -> AsyncIterator[ClientConnection]:
    """`door`: the path after the console's address. `origin` None: the console's own page."""
    address = f"{url}{door}".replace("http", "ws", 1)
    async with connect(address, origin=url.rstrip("/") if origin is None else origin, compression=None) as socket_:
        yield socket_


@contextlib.asynccontextmanager
async def reading_nothing(url: str, door: str) -> AsyncIterator[None]:
    """A viewer that opens a socket and takes no byte of what is sent."""
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(
        f"GET /{door} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await reader.readline()
    yield
    writer.close()


async def close_code(socket_: ClientConnection) -> int:
    """Why it was closed; 0: without a word."""
    async with asyncio.timeout(5):
        try:
            while True:
                await socket_.recv()
        except ConnectionClosed as closed:
            return 0 if closed.rcvd is None else closed.rcvd.code


async def until(condition: Callable[[], bool], timeout_s: float = 5) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
