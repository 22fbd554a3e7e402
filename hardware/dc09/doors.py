"""The sockets of the receiver: TCP connections and UDP datagrams in, whole frames out, answers back. All bounded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from csu.hal.words import Words
from hardware.dc09.belief import Origin
from hardware.dc09.errors import ReceiverNotOpened
from hardware.dc09.frames import FRAME_BYTES_MAX, FrameSplitter, Unreadable
from hardware.dc09.settings import Door, Limits

IDLE_S = 60.0
"""A connection on which nothing is said for so long is closed."""
FRAME_S = 10.0
"""So long a frame may take from its first byte to its last."""
UNSENT_BYTES_MAX = 1 << 16
"""A panel that does not read its answers is cut off."""
_SAME_PORT_TRIES = 20


class Channel(Protocol):
    """The way back to whoever sent a frame. Equal channels lead to the same socket."""

    def send(self, answer: bytes) -> None: ...


Hear: TypeAlias = Callable[[bytes | Unreadable, Origin, Channel], bool]
"""What to do with a frame. False: nothing more is heard from there now; a connection is closed."""


class _TcpChannel:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def send(self, answer: bytes) -> None:
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self._writer.transport.abort()
            return
        self._writer.write(answer)


@dataclass(frozen=True, slots=True)
class _UdpChannel:
    transport: asyncio.DatagramTransport
    address: tuple[Any, ...]

    def send(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(answer, self.address)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, door: str, hear: Hear) -> None:
        self._door, self._hear = door, hear
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        """A datagram holds whole frames: nothing is waited for."""
        if self.transport is None:
            return
        origin, channel = Origin(self._door, "udp", str(address[0])), _UdpChannel(self.transport, address)
        splitter = FrameSplitter()
        for frame in splitter.feed(data[: 4 * FRAME_BYTES_MAX]):
            if not self._hear(frame, origin, channel):
                return
        if splitter.is_waiting:
            self._hear(Unreadable.GRAMMAR, origin, channel)


class Connections:
    """Who is connected, and how many may be."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._of_address: Counter[str] = Counter()
        self.refused = 0

    @property
    def open(self) -> int:
        return self._of_address.total()

    def enter(self, address: str) -> bool:
        limits = self._limits
        if self.open >= limits.connections_max or self._of_address[address] >= limits.connections_per_address_max:
            self.refused += 1
            return False
        self._of_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a door listens."""

    host: str
    port: int


@asynccontextmanager
async def open_doors(doors: Sequence[Door], connections: Connections, hear: Hear) -> AsyncIterator[dict[str, Address]]:
    """Listen at every door; its name leads to where it is. Raises ReceiverNotOpened."""
    async with AsyncExitStack() as stack:
        yield {door.name: await _open(door, connections, hear, stack) for door in doors}


async def _open(door: Door, connections: Connections, hear: Hear, stack: AsyncExitStack) -> Address:
    """TCP and UDP share the port: one that is free for both is looked for when any will do."""
    for tries_left in reversed(range(_SAME_PORT_TRIES if door.port == 0 else 1)):
        port = door.port
        async with AsyncExitStack() as opening:
            try:
                if door.tcp:
                    port = await _open_tcp(door, connections, hear, opening)
                if door.udp:
                    port = await _open_udp(door, port, hear, opening)
            except OSError as error:
                if tries_left:
                    continue
                raise ReceiverNotOpened(
                    Words(f"cette porte ne s'ouvre pas : {error}", f"this door does not open: {error}"),
                    where=f"{door.host}:{door.port}",
                    what_to_do=Words("Libérez ce port, ou donnez-en un autre", "Free this port, or give another"),
                ) from error
            await stack.enter_async_context(opening.pop_all())
            return Address(door.host, port)
    raise AssertionError("the last try returns or raises")


async def _open_tcp(door: Door, connections: Connections, hear: Hear, stack: AsyncExitStack) -> int:
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs
        talks.add(task)
        try:
            await _talk(door, connections, hear, reader, writer)
        finally:
            talks.discard(task)

    server = await asyncio.start_server(talk, door.host, door.port, limit=2 * FRAME_BYTES_MAX)

    async def shut() -> None:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    stack.push_async_callback(shut)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def _open_udp(door: Door, port: int, hear: Hear, stack: AsyncExitStack) -> int:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(door.name, hear), (door.host, port))
    protocol.transport = transport
    stack.callback(transport.close)
    bound: int = transport.get_extra_info("sockname")[1]
    return bound


async def _talk(
    door: Door, connections: Connections, hear: Hear, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection, until it ends, says nothing, takes too long over a frame, or is heard no more."""
    peer = writer.get_extra_info("peername")
    address = str(peer[0]) if peer else ""
    if not peer or not connections.enter(address):
        writer.transport.abort()
        return
    try:
        await _listen(Origin(door.name, "tcp", address), hear, reader, _TcpChannel(writer))
    except (TimeoutError, OSError):
        pass  # it said nothing, or is gone: its panel dials again
    finally:
        connections.leave(address)
        writer.close()


async def _listen(origin: Origin, hear: Hear, reader: asyncio.StreamReader, channel: Channel) -> None:
    loop, splitter = asyncio.get_running_loop(), FrameSplitter()
    until_s = loop.time() + IDLE_S
    while True:
        async with asyncio.timeout_at(until_s):
            data = await reader.read(FRAME_BYTES_MAX)
        if not data:
            return
        was_waiting, is_whole = splitter.is_waiting, False
        for frame in splitter.feed(data):
            is_whole = True
            if not hear(frame, origin, channel):
                return
        if not splitter.is_waiting:
            until_s = loop.time() + IDLE_S
        elif is_whole or not was_waiting:
            until_s = loop.time() + FRAME_S
