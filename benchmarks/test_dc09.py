"""The DC-09 receiver beside what it stands on: `siadc09` alone, and a bare loop around it that believes everything.

The peers keep nothing, compare nothing with what was heard before, acknowledge before anybody has the event. Budget:
1,000 frames a second accepted, each written to disk and acknowledged by the engine.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from siadc09.account import Account
from siadc09.message import AckMessage, parse_frame

from benchmarks.cpu import cpu_s
from benchmarks.scoreboard import Scoreboard
from csu.machine import SystemClock
from hardware.dc09 import open_receiver, settings_of
from hardware.dc09.acceptance import Acceptance, Instant, Taken
from hardware.dc09.belief import Origin
from hardware.dc09.settings import keys_of
from sim.endpoints.dc09.wire import frame

KEY, FRAMES, ACCOUNTS = bytes(range(16)), 4_000, 50
COST, WHOLE, SPEED = "DC-09: an event judged", "DC-09: an event over TCP, answered", "DC-09: events over TCP, answered"
LIMITS = {
    **{f"{of}_{what}": 1e6 for of in ("account", "address") for what in ("frames_per_s", "burst")},
    "remembered_per_account": 10_000,
    "pending_max": 10_000,
}
SETTINGS = settings_of(
    {
        "commune": "metz",
        "site": "csu",
        "doors": [{"name": "main", "udp": False}],
        "accounts": [
            {
                "account": f"{0x1000 + n:04X}",
                "commune": "orval",
                "site": f"site {n}",
                "key": "k",
                "paths": [{"name": "main", "door": "main"}],
            }
            for n in range(ACCOUNTS)
        ],
        "limits": LIMITS,
    }
)


def events(at_ns: int) -> list[bytes]:
    """Different events of all accounts, AES-128, as panels send them now."""
    accounts = [f"{0x1000 + n % ACCOUNTS:04X}" for n in range(FRAMES)]
    return [
        frame(f"{n % 9_999 + 1:04d}L0#{account}", "SIA-DCS", f"#{account}|NBA{n % 90 + 1}", at_ns, KEY)
        for n, account in enumerate(accounts)
    ]


def test_a_frame_is_judged(scoreboard: Scoreboard) -> None:
    now_ns = SystemClock().now_ns()
    sent, origin, at = events(now_ns), Origin("main", "tcp", "127.0.0.1"), Instant(now_ns, now_ns)
    core = Acceptance(SETTINGS, keys_of(SETTINGS, {"k": KEY}), 1)
    begin_s = cpu_s()
    for made in sent:
        verdict = core.judge(made, origin, at)
        assert isinstance(verdict, Taken)
        verdict.receipt.at(now_ns)
    scoreboard.add(COST, "csu", (cpu_s() - begin_s) / FRAMES * 1e6, "us of CPU")
    assert len(core.pending) == FRAMES

    begin_s = cpu_s()
    for made in sent:
        _acknowledged(made)
    scoreboard.add(COST, "siadc09: parse, acknowledge", (cpu_s() - begin_s) / FRAMES * 1e6, "us of CPU")


def _acknowledged(made: bytes) -> bytes:
    message = parse_frame(made, KEY)
    account = Account(account=message.account)
    return bytes(AckMessage(account, message.seq, message.timestamp, encrypted=True).encode())


def test_frames_are_accepted(scoreboard: Scoreboard, tmp_path: Path) -> None:
    asyncio.run(_accepted(scoreboard, tmp_path))


async def _accepted(scoreboard: Scoreboard, directory: Path) -> None:
    async with open_receiver(SETTINGS, {"k": KEY}, directory / "dc09.sqlite", SystemClock()) as receiver:

        async def engine() -> None:
            async for message in receiver.messages():
                await receiver.acknowledge(message)

        working = asyncio.create_task(engine())
        await _measure(scoreboard, "csu, written and acknowledged by the engine", receiver.addresses["main"].port)
        assert receiver.counts.acknowledged == FRAMES
        assert not receiver.counts.reasons
        working.cancel()

    async def believing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while made := await reader.readuntil(b"\r"):
            writer.write(_acknowledged(made))

    server = await asyncio.start_server(believing, "127.0.0.1", 0)
    await _measure(scoreboard, "a bare loop around siadc09", server.sockets[0].getsockname()[1])
    server.close()


async def _measure(scoreboard: Scoreboard, subject: str, port: int) -> None:
    """One connection of a concentrator that waits for no answer; the client's share is in the figures of both."""
    sent = events(SystemClock().now_ns())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin_s, begin_cpu_s = time.perf_counter(), cpu_s()

    async def send() -> None:
        for made in sent:
            writer.write(made)
            await writer.drain()

    sending = asyncio.create_task(send())
    for _ in range(FRAMES):
        assert b'"*ACK"' in await reader.readuntil(b"\r")
    await sending
    cost_us = (cpu_s() - begin_cpu_s) / FRAMES * 1e6
    scoreboard.add(WHOLE, subject, cost_us, "us of CPU")
    scoreboard.add(SPEED, subject, FRAMES / (time.perf_counter() - begin_s), "frames a second", "more")
    writer.close()
