"""What a centre says of its settings: what it runs with, and what its journal holds of when that took effect."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

from csu.centre.registers.registers import journal_start
from csu.centre.registers.settings import RegisterSettings
from csu.centre.rooms.inventory_room import DEEDS_MOST, InventoryRoom, RunsWith, settings_of
from csu.centre.watches.last_minute import LastMinutes
from csu.governance import AuditJournal, CentreKey, JournalDesk, JournalEntry, LocalDoctrine, Operation
from csu.machine import SystemClock

RUNS = RunsWith("street", LocalDoctrine(), RegisterSettings(), (Path("/srv/media"),), False, "127.0.0.1", False)


def room(tmp_path, journal_of):
    key, clock = CentreKey.load_or_make(tmp_path / "key.pem"), SystemClock()

    async def write() -> None:
        desk = JournalDesk(AuditJournal(tmp_path / "journal", key), key, clock)
        await journal_of(desk)
        await desk.close()

    asyncio.run(write())
    centre = SimpleNamespace(nodes=lambda: {"node-2": (False, 1), "node-1": (True, 65)})
    return InventoryRoom(centre, LastMinutes(), RUNS, SimpleNamespace(people=()), tmp_path / "journal", clock=clock)


def test_settings_that_took_effect_are_told_newest_first_and_nothing_that_people_did(tmp_path):
    async def deeds(desk) -> None:
        await journal_start(desk, RegisterSettings(), LocalDoctrine(), masks_head="")
        await desk.record(JournalEntry(Operation.CONFIG, "c.roth", "declared", subject="orders/entered"))
        await desk.record(JournalEntry(Operation.LOGIN, "a.martin", "operator", subject="console/sign-in"))

    told = asyncio.run(room(tmp_path, deeds).deeds())
    assert [each.what.en for each in told] == [
        "register of masks",
        "life of the journal, in days",
        "local doctrine",
        "the centre starts",
    ]
    assert (told[1].detail, len(told[2].sha256)) == ("365", 64)


def test_deeds_are_bounded(tmp_path):
    async def deeds(desk) -> None:
        for _ in range(DEEDS_MOST // 4 + 2):
            await journal_start(desk, RegisterSettings(), LocalDoctrine(), masks_head="")

    told = asyncio.run(room(tmp_path, deeds).deeds())
    assert len(told) == DEEDS_MOST
    assert told[0].at_ns >= told[-1].at_ns


def test_nodes_are_told_by_name_with_no_account_before_the_first(tmp_path):
    async def nothing(desk) -> None: ...

    nodes = room(tmp_path, nothing).nodes()
    assert [(node.node, node.is_up, node.told_at_ns) for node in nodes] == [
        ("node-1", True, None),
        ("node-2", False, None),
    ]


def test_a_journal_that_is_anchored_nowhere_and_a_console_in_the_open_are_said():
    told = {setting.name.en: setting.value for setting in settings_of(RUNS)}
    assert "a cut end would not show" in told["anchors of the journal, elsewhere"].en
    assert told["dwellings masked above"].fr == "2,5 m"
    assert "sans TLS" in told["console"].fr
