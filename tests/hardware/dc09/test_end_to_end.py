"""From a panel's line to the desk of the alarm room: on disk before acknowledged, one alarm whatever dies between."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from csu.alarms import AlarmRaised, AlarmStore
from csu.centre.footing import Footing, Ports
from csu.centre.rooms.alarm_room import AlarmRoom
from csu.hal.alarms import AlarmKind
from csu.machine import SystemChance, SystemClock, SystemIds
from hardware.dc09 import open_receiver
from sim.endpoints.dc09 import DialledPath, DiallerSpec, open_diallers

ROOT = Path(__file__).resolve().parents[3]
PROCESS = Path(__file__).with_name("centre_process.py")


@asynccontextmanager
async def centre_process(directory, port=0, die_at=""):
    """The process and the port that it listens at."""
    command = [sys.executable, str(PROCESS), str(directory), str(port), die_at]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    try:
        yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def raised_on_disk(directory):
    store = AlarmStore(directory / "alarms.sqlite")
    try:
        return store.load().unfinished
    finally:
        store.close()


class SlowDisk:
    """Notes when the desk's write was let go, after a while."""

    def __init__(self):
        self.passed = 0

    async def __call__(self, point):
        if point == "alarms.save":
            await asyncio.sleep(0.4)
            self.passed += 1


def test_an_intrusion_reaches_the_desk_and_the_panel_hears_of_it_after_the_write(dc09, tmp_path):
    async def story():
        disk, raised = SlowDisk(), []
        footing = Footing(Ports(SystemClock(), SystemChance("e2e"), SystemIds(), disk))
        footing.listen(lambda event: isinstance(event, AlarmRaised) and raised.append(event.alarm))
        store = AlarmStore(tmp_path / "alarms.sqlite")
        async with open_receiver(dc09.settings(), dc09.KEYS, tmp_path / "dc09.sqlite", SystemClock()) as receiver:
            room = AlarmRoom(footing, store, [receiver], lambda alarm: ())
            await room.open()
            taking = asyncio.create_task(room.take_from(receiver))
            path = DialledPath("main", "127.0.0.1", receiver.addresses["main"].port)
            async with open_diallers([DiallerSpec("1234", (path,), key=dc09.KEY)]) as panels:
                raising = asyncio.create_task(panels["1234"].raise_event("BA", 3))
                await asyncio.sleep(0.2)
                assert not raising.done(), "acknowledged before it was written"
                assert (await raising).word == "ACK"
                assert disk.passed >= 1
                (kept,) = store.load().unfinished
                assert (kept.message.kind, kept.message.commune, kept.message.site) == (
                    AlarmKind.INTRUSION,
                    "orval",
                    "mairie",
                )
            assert [alarm.alarm for alarm in room.desk.open()] == [kept.alarm]
            taking.cancel()
        assert [alarm.alarm for alarm in raised] == [kept.alarm]

    asyncio.run(story())


@pytest.mark.parametrize("die_at", ["receipt", pytest.param("desk", marks=pytest.mark.nightly)])
def test_a_centre_killed_before_it_acknowledged_hears_the_panel_again_and_raises_one_alarm(tmp_path, die_at):
    async def story():
        async with centre_process(tmp_path, die_at=die_at) as (process, port):
            path = DialledPath("main", "127.0.0.1", port)
            spec = DiallerSpec("1234", (path,), key=bytes(range(16)), answer_within_s=1.0, tries_max=200)
            async with open_diallers([spec]) as panels:
                raising = asyncio.create_task(panels["1234"].raise_event("BA", 3))
                assert await process.wait() == -signal.SIGKILL
                assert len(raised_on_disk(tmp_path)) == (1 if die_at == "receipt" else 0)
                assert panels["1234"].counts.words["ACK"] == 0
                async with centre_process(tmp_path, port):
                    outcome = await raising
                    assert (outcome.word, outcome.tries > 1) == ("ACK", True)
                    assert (await panels["1234"].raise_event("BA", 3)).word == "ACK"
        assert [alarm.message.kind for alarm in raised_on_disk(tmp_path)] == [AlarmKind.INTRUSION] * 2

    asyncio.run(story())
