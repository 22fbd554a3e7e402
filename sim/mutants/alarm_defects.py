"""What may be wrong with alarms."""

from __future__ import annotations

import asyncio
from typing import Any

from sim.mutants.planting import Defect, Patch

_STORE = "csu.alarms.store:AlarmStore"
_DESK = "csu.alarms.desk:AlarmDesk"
_ROOM = ("csu.centre.rooms.alarm_room:AlarmRoom", "csu.centre.control:Centre")


def _named(owner: Any, *names: str) -> str:
    """The first of these names that the engine has: rooms were split, their steps were not."""
    return next((name for name in names if name in vars(owner)), names[0])


def an_alarm_is_acknowledged_without_a_durable_write(patch: Patch) -> None:
    patch.set(patch.find(_STORE), "save", lambda self, alarm: None)


def who_took_an_alarm_is_not_written(patch: Patch) -> None:
    store = patch.find(_STORE)
    save = patch.set(store, "save", None)
    patch.set(store, "save", lambda self, alarm: save(self, alarm) if alarm.acked_at_ns is None else None)


def a_failed_write_of_an_alarm_passes_for_done(patch: Patch) -> None:
    owner = patch.find(*_ROOM)
    name = _named(owner, "_save", "_save_alarm")
    save = patch.set(owner, name, None)

    async def lying(self: Any, alarm: Any) -> bool:
        await save(self, alarm)
        return True

    patch.set(owner, name, lying)


def a_repeated_alarm_rings_again(patch: Patch) -> None:
    patch.set(patch.find(_DESK), "keep", lambda self, alarm: None)


def nobody_is_called_when_an_alarm_waits(patch: Patch) -> None:
    patch.set(patch.find(_DESK), "tick", lambda self, now_ns: [])


def an_alarm_shows_late(patch: Patch) -> None:
    owner = patch.find(*_ROOM)
    name = _named(owner, "_save", "_save_alarm")
    save = patch.set(owner, name, None)

    async def slow(self: Any, alarm: Any) -> bool:
        if not (alarm.steps or alarm.escalations):
            await asyncio.sleep(2.5)
        return bool(await save(self, alarm))

    patch.set(owner, name, slow)


def every_fourth_alarm_is_lost(patch: Patch) -> None:
    owner = patch.find(*_ROOM)
    name = _named(owner, "_take", "_take_alarm")
    take = patch.set(owner, name, None)

    async def losing(self: Any, message: Any) -> bool:
        return True if message.sequence % 4 == 0 else bool(await take(self, message))

    patch.set(owner, name, losing)


_WHENEVER = "whenever alarm.raised then alarm.acknowledged|alarm.escalated"
DEFECTS = (
    Defect(an_alarm_is_acknowledged_without_a_durable_write, "alarms_kept"),
    Defect(who_took_an_alarm_is_not_written, "alarms_kept"),
    Defect(a_failed_write_of_an_alarm_passes_for_done, "alarms_kept"),
    Defect(a_repeated_alarm_rings_again, "alarms_taken"),
    Defect(nobody_is_called_when_an_alarm_waits, _WHENEVER),
    Defect(an_alarm_shows_late, "alarms_shown"),
    Defect(every_fourth_alarm_is_lost, "alarms_taken"),
)
