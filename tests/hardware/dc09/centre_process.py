"""The part of a centre that takes alarms, with a DC-09 receiver, in a process that can be killed at a point of its way.

    python centre_process.py DIRECTORY PORT [desk|receipt]

`desk`: dies when the desk is about to write the first alarm. `receipt`: dies when it is written and about to be
acknowledged. Prints its port when it listens, and a line for each alarm that it raises.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from csu.alarms import AlarmRaised, AlarmStore
from csu.centre.footing import Footing, Ports
from csu.centre.rooms.alarm_room import AlarmRoom
from csu.machine import NoChaos, SystemChance, SystemClock, SystemIds
from hardware.dc09 import open_receiver, settings_of

KEY = bytes(range(16))


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class Chaos(NoChaos):
    def __init__(self, die_at):
        self._die_at = die_at

    async def __call__(self, point):
        if self._die_at == "desk" and point == "alarms.save":
            die()


async def run(directory, port, die_at):
    told = settings_of(
        {
            "commune": "metz",
            "site": "csu",
            "doors": [{"name": "main", "port": port}],
            "accounts": [
                {
                    "account": "1234",
                    "commune": "orval",
                    "site": "mairie",
                    "key": "k",
                    "paths": [{"name": "main", "door": "main"}],
                }
            ],
        }
    )
    footing = Footing(Ports(SystemClock(), SystemChance("e2e"), SystemIds(), Chaos(die_at)))
    footing.listen(lambda event: isinstance(event, AlarmRaised) and print("raised", event.alarm.alarm, flush=True))
    store = AlarmStore(directory / "alarms.sqlite")
    async with open_receiver(told, {"k": KEY}, directory / "dc09.sqlite", SystemClock()) as receiver:
        room = AlarmRoom(footing, store, [receiver], lambda alarm: ())
        await room.open()
        if die_at == "receipt":
            receiver.acknowledge = lambda message: die()
        print(receiver.addresses["main"].port, flush=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(room.watch())
            group.create_task(room.take_from(receiver))


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
