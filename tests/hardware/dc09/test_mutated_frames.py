"""Frames altered at random reach the receiver over its sockets: it neither falls, nor grows, nor believes one."""

from __future__ import annotations

import asyncio
import gc
import random

import pytest

from benchmarks.cpu import memory_of
from csu.machine import SystemClock
from sim.endpoints.dc09 import open_diallers
from sim.endpoints.dc09.wire import envelope, frame

ORDERLY = [
    ("SIA-DCS", "#1234|Nri1/BA001/FA002"),
    ("SIA-DCS", "#1234|Nti10:20/BA1^mairie^/TA3][I2e étage".replace("é", "e")),
    ("ADM-CID", "#1234|1130 01 015"),
    ("ADM-CID", "#1234|1110 00 001][H13:59:58,12-31-2012"),
    ("NULL", ""),
    ("XNM", "][X093W23.456"),
    ("SIA-S2K", "#1234|x"),
]
SIGNS = b'\n\r"*#[]|_LR0123456789ABCDEFabcdef \x00\xff'
LIMITS = {f"{of}_{what}": 1e6 for of in ("account", "address") for what in ("frames_per_s", "burst")}
GROWTH_MIB_MAX = 16.0
"""What the second half of the frames may add: the allocator's slack, not a leak of one kilobyte a frame (48 MiB)."""


def mutated(dice, now_ns, keys):
    """One frame with one to six bytes changed, doubled, cut out or swapped; half of them with their CRC made right."""
    token, data = dice.choice(ORDERLY)
    key = dice.choice(keys)
    head = f"{dice.randrange(10_000):04d}L0#{'1234' if key else 'AB12'}"
    data = data if key else data.replace("1234", "AB12")
    made = bytearray(frame(head, token, data, now_ns if dice.random() < 0.8 else None, key))
    whole = dice.random() < 0.5
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(made))
        made[at : at + dice.choice([0, 1, 1, 1, 9])] = dice.choice(
            [bytes([dice.choice(SIGNS)]), bytes([dice.randrange(256)]), b"", made[at : at + 20]]
        )
    if whole and len(made) > 12:
        return envelope(bytes(made[9:-1].replace(b"\r", b"").replace(b"\n", b"")))
    return bytes(made)


class Line:
    """TCP and UDP to a receiver, opened again whenever it hangs up on a flood."""

    def __init__(self, address):
        self.address = address

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(self.address.host, self.address.port)
        remote = (self.address.host, self.address.port)
        loop = asyncio.get_running_loop()
        self.datagrams, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=remote)

    async def send(self, made, *, by_datagram):
        if by_datagram:
            self.datagrams.sendto(made[:4_000])
            await asyncio.sleep(0)
            return
        try:
            self.writer.write(made)
            await self.writer.drain()
        except OSError:
            self.close()
        if self.writer.is_closing() or self.reader.at_eof():
            self.close()
            await self.open()
        self.reader._buffer.clear()  # nobody reads the answers

    def close(self):
        self.writer.close()
        self.datagrams.close()


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.nightly)])
def test_no_altered_frame_fells_the_receiver_or_stays_in_it(dc09, tmp_path, count):
    dice = random.Random(count)
    told = dc09.settings(dc09.account(), dc09.account("AB12", None), limits=LIMITS)

    async def story():
        async with dc09.open_room(tmp_path, told) as room:
            line, clock, sizes = Line(room.receiver.addresses["main"]), SystemClock(), []
            await line.open()
            for number in range(1, count + 1):
                await line.send(mutated(dice, clock.now_ns(), [dc09.KEY, None]), by_datagram=dice.random() < 0.3)
                if number in (count // 2, count):
                    gc.collect()
                    sizes.append(memory_of().own_mib)
            line.close()
            await dc09.until(lambda: room.receiver.connections.open == 0)
            assert sizes[1] - sizes[0] < GROWTH_MIB_MAX
            assert room.receiver.remembered <= 2 * told.limits.remembered_per_account
            assert room.receiver.pending <= told.limits.pending_max
            assert sum(room.receiver.counts.reasons.values()) > count * 0.6
            async with open_diallers([room.dialler()]) as panels:
                panels["1234"]._number = 9_998
                assert (await panels["1234"].raise_event()).word == "ACK"

    asyncio.run(story())
