"""The line to a simulated panel: one server on the loopback, how an answer leaves it, and the quirks of any line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sim.endpoints.panels.panel import PanelQuirk, SimulatedPanel

HOST = "127.0.0.1"
CONNECTIONS_MAX = 16
IDLE_S_MAX = 10.0
FLOOD_BYTES = 1 << 20

Talk = Callable[[asyncio.StreamReader, "Line"], Awaitable[None]]
"""Answers what is asked on one connection until it is over."""


class Line:
    """How answers leave a panel."""

    def __init__(self, panel: SimulatedPanel, writer: asyncio.StreamWriter) -> None:
        self._panel, self._writer = panel, writer

    async def send(self, answer: bytes) -> None:
        if self._panel.has(PanelQuirk.SILENT):
            await asyncio.sleep(IDLE_S_MAX)
            return
        if self._panel.has(PanelQuirk.SLOW):
            await asyncio.sleep(self._panel.spec.slow_s)
        if self._panel.has(PanelQuirk.FLOOD):
            answer = b"\x55" * FLOOD_BYTES
        elif self._panel.has(PanelQuirk.GARBAGE):
            answer = bytes((each * 7 + 0x99) % 251 for each in range(len(answer))) + b"\r"
        if not self._panel.has(PanelQuirk.SPLIT):
            self._writer.write(answer)
            await self._writer.drain()
            return
        for each in answer:
            self._writer.write(bytes([each]))
            await self._writer.drain()
            await asyncio.sleep(0.001)


@asynccontextmanager
async def serve_line(panel: SimulatedPanel, talk: Talk) -> AsyncIterator[None]:
    """Serve until the block ends; `panel.port` says where. Raises OSError."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        panel.connections += 1
        if task is None or len(talks) >= CONNECTIONS_MAX or panel.has(PanelQuirk.REFUSES):
            writer.close()
            return
        talks.add(task)
        task.add_done_callback(talks.discard)
        try:
            await asyncio.wait_for(talk(reader, Line(panel, writer)), IDLE_S_MAX)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client left, fell asleep or talks nonsense: it is let go
        except asyncio.CancelledError:
            return  # only the end of the block cancels; asyncio 3.11 prints a trace for a cancelled client task
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0, limit=4096)
    panel.port = int(server.sockets[0].getsockname()[1])
    try:
        yield
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
