"""TLS in front of a farm: RTSPS and HTTPS stills on ports of their own, carried to the plain ones.

The farm's process keeps no key: TLS ends where the camera's certificate is, as it does on a camera's own front end.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence

from sim.endpoints.http import HOST

_PIECE_BYTES_MAX = 64 * 1024
_START_S_MAX = 10.0
_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class TlsDoors:
    """`start`, then clients may come to `ports`; `stop` ends every connection. On one event loop."""

    def __init__(self, tls: ssl.SSLContext, plain_ports: Sequence[int]) -> None:
        self._tls = tls
        self._plain_ports = tuple(plain_ports)
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()
        self.ports: tuple[int, ...] = ()
        """One for each plain port, in their order."""

    async def start(self) -> None:
        """Listen on ephemeral ports of the loopback. Raises OSError."""
        for port in self._plain_ports:
            self._servers.append(await asyncio.start_server(self._serve(port), HOST, 0, ssl=self._tls))
        self.ports = tuple(int(server.sockets[0].getsockname()[1]) for server in self._servers)

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _serve(self, port: int) -> _Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)
            try:
                await _carry(reader, writer, port)
            except (OSError, asyncio.CancelledError):
                return  # one end left, or `stop`; asyncio 3.11 prints a trace for a cancelled client task
            finally:
                writer.transport.abort()

        return serve


class TlsDoorsThread:
    """The same for who has no event loop."""

    def __init__(self, tls: ssl.SSLContext, plain_ports: Sequence[int]) -> None:
        self._doors = TlsDoors(tls, plain_ports)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-doors", daemon=True)

    def start(self) -> tuple[int, ...]:
        """The ports. Raises OSError."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._doors.start(), self._loop).result(_START_S_MAX)
        return self._doors.ports

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._doors.stop(), self._loop).result(_START_S_MAX)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_S_MAX)
        self._loop.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Both ways, until either end is done."""
    inner_reader, inner_writer = await asyncio.open_connection(HOST, port)
    ways = [asyncio.create_task(_copy(reader, inner_writer)), asyncio.create_task(_copy(inner_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        inner_writer.close()
        if not writer.is_closing():
            writer.close()
            await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE_BYTES_MAX):
        writer.write(piece)
        await writer.drain()
