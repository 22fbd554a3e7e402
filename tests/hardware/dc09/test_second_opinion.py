"""A dialler that others wrote (my_dc09_spt) calls our receiver: what it takes for acknowledged, we have; once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from my_dc09_spt import dc09_spt

from hardware.dc09 import Reason

KEYED = [("k/1234", bytes(range(16))), ("k/256", bytes(range(32))), (None, None)]


def calls(port, key, transports, line=0):
    """A panel with a main and a back-up path, in this thread: the library blocks."""
    panel = dc09_spt.dc09_spt("1234", line=line)
    for way, transport in zip(("main", "back-up"), transports, strict=False):
        panel.set_path(way, "primary", "127.0.0.1", port, key=key, type=transport)
    return panel


async def thread(call, *args):
    return await asyncio.get_running_loop().run_in_executor(None, call, *args)


@pytest.mark.parametrize("line", [0, None], ids=["line 0", "without L"])
@pytest.mark.parametrize(("name", "key"), KEYED, ids=["AES-128", "AES-256", "clear"])
def test_its_events_are_heard_once_and_acknowledged(dc09, tmp_path, name, key, line):
    async def story():
        async with dc09.open_room(tmp_path, dc09.settings(dc09.account(key=name))) as room, asyncio.timeout(30):
            port = room.receiver.addresses["main"].port
            for transport in ("tcp", "udp"):
                panel = calls(port, key, [transport], line)
                panel.msg_nr = 10 if transport == "udp" else 0
                await thread(panel.send_msg, "SIA", {"code": "BA", "zone": 3})
                await thread(panel.send_msg, "SIA", {"code": "FA", "zone": 4})
                await thread(panel.send_msg, "CID", {"code": "120", "zone": 5, "q": 1})
                assert panel.state()["main primary path ok"] == 1
                assert panel.notSent() == 0
            assert Counter(room.kinds) == {"intrusion": 2, "fire": 2, "panic_button": 2}
            assert room.receiver.counts.reasons == {}
            assert room.receiver.counts.acknowledged == 6

    asyncio.run(story())


def test_its_polls_keep_both_its_paths_alive(dc09, tmp_path):
    async def story():
        paths = [{"name": name, "door": "main", "transport": name, "silent_after_s": 30} for name in ("tcp", "udp")]
        async with dc09.open_room(tmp_path, dc09.settings(dc09.account(paths=paths))) as room, asyncio.timeout(30):
            panel = calls(room.receiver.addresses["main"].port, dc09.KEY, ["tcp", "udp"])
            for way in ("main", "back-up"):
                assert await thread(panel.transfer_msg, 0, "NULL", "]", panel.tpaths[way]["primary"]["path"])
            assert room.receiver.counts.taken == room.receiver.counts.acknowledged == 2

    asyncio.run(story())


def test_its_clock_is_set_by_our_nak(dc09, tmp_path):
    """It repeats at once with the time that the NAK told; that frame is taken (and it misreads the ACK)."""

    async def story():
        async with dc09.open_room(tmp_path) as room, asyncio.timeout(30):
            panel = calls(room.receiver.addresses["main"].port, dc09.KEY, ["tcp"])
            path = panel.tpaths["main"]["primary"]["path"]
            path.set_offset(-3_600)
            said = "#1234|NBA3]"
            try:
                await thread(panel.transfer_msg, 1, "SIA-DCS", said, path)
            except (TypeError, AttributeError):  # it hands bytes to a reader of text (dc09_spt.py, transfer_msg)
                pass
            await dc09.until(lambda: "intrusion" in room.kinds)
            assert abs(path.get_offset()) <= 2
            assert room.receiver.counts.reasons == {Reason.STALE: 1}

    asyncio.run(story())
