"""A process of ours from birth to end, seen by its parent: orders go down one socket, reports come up another."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from csu.cluster.wire import HEADER, Alive, Order, Ready, Report, Stop, Stopped, body_bytes, pack, unpack_report
from csu.hal.errors import CsuError
from csu.hal.words import Words

CHILD_ENVIRONMENT = {**os.environ, "MALLOC_ARENA_MAX": "2"}
"""glibc would keep an arena for each camera's thread: 16 recorders then add 6.8 MiB each instead of 3.1 (measured)."""
READY_S_MAX = 30.0
"""Importing FFmpeg and OpenCV takes 1 s, on a loaded machine ten times as long."""
SILENCE_S_MAX = 20.0
"""A process says it is alive every 2 s. One that says nothing for so long hangs: it is killed, and lost."""
STOP_S_MAX = 10.0
ORDERS_WAITING_BYTES_MAX = 1 << 20
"""Beyond this the process takes no orders: what `order_if_room` sends is left out."""


class NodeError(CsuError):
    """The process of a node cannot be started, or is not running."""


class Child:
    """One process. `hear` is awaited with each of its reports, `ended` once, with why if nobody asked it to end."""

    def __init__(
        self,
        module: str,
        where: str,
        *,
        hear: Callable[[Report], Awaitable[None]],
        ended: Callable[[Words | None], Awaitable[None]],
    ) -> None:
        """`module`: what it runs, with the numbers of its two sockets as arguments. `where`: what people call it."""
        self._module = module
        self._where = where
        self._hear_report = hear
        self._ended = ended
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reports: asyncio.StreamWriter | None = None
        """The other side of the reports' socket: never written to, kept to be closed."""
        self._listening: asyncio.Task[None] | None = None
        self._stopping = False
        self._said_goodbye = False
        self._silent = False

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def is_running(self) -> bool:
        return self._listening is not None and not self._listening.done() and not self._stopping

    async def begin(self, begin: Order) -> None:
        """Start the process and wait until it listens. Raises NodeError."""
        # Two sockets: asyncio closes a transport whose write fails, with all that was not yet read from it. An order to
        # a process that has just ended would cost its last manifest.
        orders, their_orders = socket.socketpair()
        reports, their_reports = socket.socketpair()
        with their_orders, their_reports:
            theirs = (their_orders.fileno(), their_reports.fileno())
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                [sys.executable, "-m", self._module, *map(str, theirs)],
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=CHILD_ENVIRONMENT,
            )
        _, self._writer = await asyncio.open_connection(sock=orders)
        reader, self._reports = await asyncio.open_connection(sock=reports)
        try:
            await self.order(begin)
            async with asyncio.timeout(READY_S_MAX):
                first = await _receive(reader)
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            code = await self._end_process(0)
            name = type(error).__name__
            raise NodeError(
                Words(
                    f"son processus n'a pas démarré ({name}, code de sortie {code})",
                    f"its process did not begin ({name}, exit code {code})",
                ),
                where=self._where,
                what_to_do=Words(
                    "Lisez ses messages sur stderr : ses dossiers et les images partagées doivent exister",
                    "Look at its messages on stderr: its directories and the shared pictures must exist",
                ),
            ) from None
        except asyncio.CancelledError:  # nobody waits for it any more: it must not live on
            self._process.kill()
            await self._end_process(STOP_S_MAX)
            raise
        assert isinstance(first, Ready)  # noqa: S101 - our own module's first word
        self._listening = asyncio.create_task(self._listen(reader), name=self._where)

    async def order(self, order: Order) -> None:
        """Send an order; waits while the process is slow. One that is gone is told by `ended`, not here."""
        if self._writer is not None:
            with suppress(OSError):
                self._writer.write(pack(order))
                await self._writer.drain()

    def order_now(self, order: Order) -> None:
        """Send an order without waiting."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(pack(order))

    def order_if_room(self, order: Order) -> None:
        """Send an order unless the process is behind: the next one says it better."""
        if self._writer is not None and self._writer.transport.get_write_buffer_size() < ORDERS_WAITING_BYTES_MAX:
            self.order_now(order)

    async def stop(self) -> None:
        """Ask for the end and wait for it; kill what does not come to it."""
        if self._listening is None:
            return
        if not self._stopping:
            self._stopping = True
            self.order_now(Stop())
        done, _ = await asyncio.wait([self._listening], timeout=STOP_S_MAX)
        if not done:
            await self.kill()

    async def kill(self) -> None:
        """End it now, whatever it does."""
        if self._listening is not None and self._process is not None:
            self._process.kill()
            await asyncio.wait([self._listening], timeout=STOP_S_MAX)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                async with asyncio.timeout(SILENCE_S_MAX):
                    report = await _receive(reader)
                await self._hear(report)
        except TimeoutError:
            self._silent = True
        except (asyncio.IncompleteReadError, OSError, ValueError):
            pass  # the end of the process, told below with its exit code
        code = await self._end_process(STOP_S_MAX if self._said_goodbye else 0.5)
        await self._ended(None if self._said_goodbye else _SILENT if self._silent else _ending(code))

    async def _hear(self, report: Report) -> None:
        if isinstance(report, Stopped):
            self._said_goodbye = True
        elif not isinstance(report, Ready | Alive):
            await self._hear_report(report)

    async def _end_process(self, patience_s: float) -> int | None:
        """Make sure the process is gone; its exit code."""
        for side in (self._writer, self._reports):
            if side is not None:
                side.close()
        if self._process is None:
            return None
        try:
            return await asyncio.to_thread(self._process.wait, patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)


async def _receive(reader: asyncio.StreamReader) -> Report:
    header = await reader.readexactly(HEADER.size)
    return unpack_report(await reader.readexactly(body_bytes(header)))


_SILENT = Words(
    f"nœud muet pendant {SILENCE_S_MAX:g} s, et arrêté", f"it said nothing for {SILENCE_S_MAX:g} s and was killed"
)


def _ending(code: int | None) -> Words:
    if code is not None and code < 0:
        return Words(
            f"son processus a été tué par le signal {-code} (code de sortie {code})",
            f"its process was killed by signal {-code} (exit code {code})",
        )
    return Words(
        f"son processus s'est arrêté de lui-même (code de sortie {code})",
        f"its process ended by itself (exit code {code})",
    )
