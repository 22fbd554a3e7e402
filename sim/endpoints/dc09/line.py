"""A telephone line of a simulated panel: TCP or UDP, one frame back at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from sim.endpoints.dc09.spec import DialledPath

PIECE_BYTES, PIECE_S = 7, 0.002
_BYTES_MAX = 1 << 14


class Line(Protocol):
    """Open to a receiver. Raises OSError when it breaks."""

    async def send(self, data: bytes) -> None: ...

    async def send_slowly(self, data: bytes) -> None: ...

    async def receive(self) -> bytes:
        """The next frame that comes back; empty when none does in time."""
        ...


class _TcpLine:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer_within_s: float) -> None:
        self._reader, self._writer, self._answer_within_s = reader, writer, answer_within_s

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send_slowly(self, data: bytes) -> None:
        for at in range(0, len(data), PIECE_BYTES):
            await self.send(data[at : at + PIECE_BYTES])
            await asyncio.sleep(PIECE_S)

    async def receive(self) -> bytes:
        try:
            async with asyncio.timeout(self._answer_within_s):
                return await self._reader.readuntil(b"\r")
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return b""


class _UdpLine(asyncio.DatagramProtocol):
    def __init__(self, answer_within_s: float) -> None:
        self._answer_within_s = answer_within_s
        self._received: asyncio.Queue[bytes] = asyncio.Queue(64)
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, address: object) -> None:
        if not self._received.full():
            self._received.put_nowait(data)

    async def send(self, data: bytes) -> None:
        if self.transport is None:
            raise ConnectionError("not open")
        self.transport.sendto(data)

    async def send_slowly(self, data: bytes) -> None:
        await self.send(data)  # a datagram is sent whole

    async def receive(self) -> bytes:
        try:
            async with asyncio.timeout(self._answer_within_s):
                return await self._received.get()
        except TimeoutError:
            return b""


@asynccontextmanager
async def open_line(path: DialledPath, answer_within_s: float) -> AsyncIterator[Line]:
    """Dial. Raises OSError when nobody takes the call."""
    if path.transport == "udp":
        line = _UdpLine(answer_within_s)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: line, remote_addr=(path.host, path.port))
        line.transport = transport
        try:
            yield line
        finally:
            transport.close()
        return
    reader, writer = await asyncio.open_connection(path.host, path.port, limit=_BYTES_MAX)
    try:
        yield _TcpLine(reader, writer, answer_within_s)
    finally:
        writer.close()
