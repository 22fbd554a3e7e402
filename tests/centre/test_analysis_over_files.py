"""The analysis of a centre over its files: it follows them, and what cannot be believed or is stopped stays off."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from csu.centre.analysis_hung import ACCOUNT_FILE, ZONES_FILE
from csu.centre.analysis_law import AnalysisLaw
from csu.centre.papers import Papers
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.analysis_plan import CameraToAnalyse
from csu.centre.rooms.analysis_room import AnalysisRoom
from csu.governance import Author, CentreKey, Role, day_in_paris
from csu.governance.analysis_orders import AnalysisOrderRecorded
from csu.governance.model_register import ModelRegistered
from csu.hal.analysis import AnalysisZone, EventType, ZoneRule
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.machine import SystemClock
from csu.operations.analysis_account import AnalysisAccount
from csu.operations.analysis_zones import AnalysisZones, CameraDrawing
from sim.analysis_node import CountedAnalysisNode
from sim.journal import JournalStandIn
from sim.ports import SeededChance
from tests.centre.analysed_centre import a_centre
from tests.governance.analysed_evening import CAMERA, COMMUNE, PLACE_M, a_model, an_order

CHIEF, MANAGER = Author("a.petit", "room_chief"), Author("d.roy", "csu_manager")
ZONE = AnalysisZone("place", ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)))


class Kept(NamedTuple):
    room: AnalysisRoom
    zones: AnalysisZones


class Opened:
    """A centre on disk, whose analysis may be opened again and again."""

    def __init__(self, tmp_path) -> None:
        self.directory = a_centre(tmp_path)
        self.key = CentreKey.load(self.directory / "centre" / "key.pem")
        self.clock = SystemClock()
        now_ns = self.clock.now_ns()
        begins_ns = now_ns // NS_PER_MINUTE * NS_PER_MINUTE
        today = day_in_paris(now_ns)
        order = an_order(ordered_on=today, from_ns=begins_ns, to_ns=begins_ns + NS_PER_DAY)
        self.events = [
            AnalysisOrderRecorded(order, "C. Morel", now_ns),
            ModelRegistered(a_model(attested_on=today), "C. Morel", now_ns),
        ]
        self.journal = JournalStandIn()
        self.told = []

    @asynccontextmanager
    async def opened(self):
        """As `csu.centre.analysis_hung` puts them together, but for the node, the wall and the counts."""
        self.node = CountedAnalysisNode(self.clock, SeededChance("analysis"))
        papers = Papers.open(self.directory / "orders.sqlite", self.key)
        law = AnalysisLaw.open(self.directory, self.key, papers)
        zones = AnalysisZones(self.directory / ZONES_FILE)
        account = AnalysisAccount(self.directory / ACCOUNT_FILE)
        room = AnalysisRoom(
            self.node,
            law,
            account,
            cameras=lambda: [CameraToAnalyse(CAMERA, COMMUNE, PLACE_M)],
            drawings=zones.newest,
            clock=self.clock,
            journal=self.journal,
            late=LateEntries(self.journal, lambda why: None),
            tell=self.told.append,
        )
        running = asyncio.create_task(room.run())
        yield Kept(room, zones)
        running.cancel()
        await asyncio.wait([running])
        for file in (law, zones, account, papers):
            file.close()

    @property
    def steps(self) -> list[str]:
        return [each.subject.split("/")[1] for each in self.journal.entries]


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def opened(tmp_path) -> Opened:
    return Opened(tmp_path)


def test_it_follows_its_files_and_a_kill_outlives_the_centre(opened) -> None:
    async def evening() -> None:
        async with opened.opened() as kept:
            for event in opened.events:
                await kept.room.enter(event)
            await asyncio.sleep(0.05)
            assert opened.node.starts == 0  # nobody drew anything yet
            rules = (ZoneRule(ZONE, EventType.CROWD_DENSITY),)
            kept.zones.draw(CameraDrawing(CAMERA, "A. Petit", opened.clock.now_ns(), rules))
            kept.room.look_again()
            await until(lambda: kept.room.given())
            assert "2027-57-012" in kept.room.tells(CAMERA).fr
            await kept.room.stop(CHIEF, "fausses alertes")
            assert kept.room.given() == []
        async with opened.opened() as kept:
            await until(lambda: kept.room.tells(CAMERA).en.startswith("analysis was stopped"))
            assert opened.node.starts == 0
            await kept.room.resume(MANAGER, "vérifié")
            await until(lambda: kept.room.given())
            assert kept.zones.history(CAMERA)[0].drawn_by == "A. Petit"
        assert opened.node.looked_at(2**62)[-1].end_ns < opened.clock.now_ns()

    asyncio.run(evening())
    assert opened.steps == ["start", "kill", "resume", "start", "stop"]
    assert opened.told == [each for each in opened.told if type(each).__name__ == "AnalysisChanged"]


@pytest.mark.parametrize("name", ["regime", "analysis_orders", "models", "analysis_switch"])
def test_a_file_that_is_not_believed_permits_nothing(opened, name) -> None:
    papers = Papers.open(opened.directory / "orders.sqlite", opened.key)
    law = AnalysisLaw.open(opened.directory, opened.key, papers)
    assert not law.basis.decide(CAMERA, COMMUNE, PLACE_M, EventType.CROWD_DENSITY, opened.clock.now_ns()).permitted
    law.catch_up()
    for event in opened.events:
        law.enter(event)
    law.throw(Role.DPO, by="D. Weber", reason="essai", at_ns=1)
    law.put_back(Role.DPO, by="D. Weber", reason="essai", at_ns=2)
    assert law.basis.decide(CAMERA, COMMUNE, PLACE_M, EventType.CROWD_DENSITY, opened.clock.now_ns()).permitted
    with sqlite3.connect(opened.directory / f"{name}.sqlite") as file:
        for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {trigger}")
        table = next(
            table
            for (table,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            if "signature" in {row[1] for row in file.execute(f"PRAGMA table_info({table})")}
        )
        file.execute(f"UPDATE {table} SET signature = ''")
    law.close()
    law.catch_up()
    said = law.basis.decide(CAMERA, COMMUNE, PLACE_M, EventType.CROWD_DENSITY, opened.clock.now_ns())
    assert not said.permitted
    assert law.distrust
    papers.close()
