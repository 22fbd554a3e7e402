"""The room hands a node what everything permits, to the instant, and stops it before anything else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import simpy

from csu.centre import AnalysisChanged, Author, SignalRaised, Trouble
from csu.centre.analysis_law import AnalysisLaw, Believed
from csu.centre.papers import Papers
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.analysis_plan import CameraToAnalyse, plan_analysis
from csu.centre.rooms.analysis_room import AnalysisRoom
from csu.governance.analysis_orders import AnalysisOrders, AnalysisOrderWithdrawn
from csu.governance.errors import AnalysisSwitchRefused
from csu.governance.journal_entry import JournalEntry
from csu.governance.legal_regime import RegimeNow
from csu.hal.analysis import AnalysisMinute, AnalysisZone, EventSignal, EventType, ZoneRule
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.analysis_account import AnalysisAccount
from csu.operations.analysis_zones import CameraDrawing
from sim.analysis_node import CountedAnalysisNode
from sim.journal import JournalStandIn
from sim.loop import SimLoop
from sim.ports import SeededChance, VirtualClock
from tests.governance.analysed_evening import (
    CAMERA,
    COMMUNE,
    DAY,
    PLACE_M,
    REGIME,
    a_basis,
    a_model,
    an_order,
    minute,
    models_of,
    orders_of,
    papers_of,
)

ORDER = an_order(to_ns=minute(20 * 60 + 30))
BEGINS = minute(17 * 60 + 50)
SQUARE = AnalysisZone("place", ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)))
DRAWN = CameraDrawing(CAMERA, "C. Morel", BEGINS, (ZoneRule(SQUARE, EventType.CROWD_DENSITY),))
CHIEF = Author("a.petit", "room_chief")


class Evening:
    """A room on virtual time from 17:50 on; its order is from 18:00 to 20:30."""

    def __init__(self, tmp_path, orders=None, regime=REGIME, drawn=DRAWN) -> None:
        self.env = simpy.Environment()
        self.clock = VirtualClock(self.env, BEGINS)
        self.loop = SimLoop(self.env)
        self.node = CountedAnalysisNode(self.clock, SeededChance("analysis"))
        self.orders = orders if orders is not None else orders_of(ORDER)
        self.papers = Papers(None, papers_of())
        self.law = AnalysisLaw(None, self.papers, Believed(RegimeNow(regime), self.orders, models_of(a_model())))
        self.account = AnalysisAccount(tmp_path / "account.sqlite", durable=False)
        self.journal = JournalStandIn()
        self.told = []
        self.drawn = {CAMERA: drawn} if drawn else {}

    def room(self) -> AnalysisRoom:
        return AnalysisRoom(
            self.node,
            self.law,
            self.account,
            cameras=lambda: [CameraToAnalyse(CAMERA, COMMUNE, PLACE_M)],
            drawings=lambda: self.drawn,
            clock=self.clock,
            journal=self.journal,
            late=LateEntries(self.journal, lambda why: None),
            tell=self.told.append,
        )

    def play(self, until_ns, *acts) -> None:
        """`acts`: (instant, coroutine function of the evening), in order."""

        async def main() -> None:
            self.the_room = room = self.room()
            running = asyncio.create_task(room.run())
            for at_ns, act in [*acts, (until_ns, None)]:
                await asyncio.sleep((at_ns - self.clock.now_ns()) / NS_PER_S)
                if act is not None:
                    await act(self)
            running.cancel()
            await asyncio.wait([running])

        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(main())

    @property
    def spans(self):
        return [(each.start_ns, each.end_ns) for each in self.node.looked_at(2**62)]

    @property
    def journaled(self) -> list[str]:
        return [each.subject for each in self.journal.entries if isinstance(each, JournalEntry)]


def test_from_the_first_instant_to_the_end_minute_and_each_step_is_journaled_once(tmp_path) -> None:
    evening, order = Evening(tmp_path), ORDER
    evening.play(minute(21 * 60))
    assert evening.spans == [(order.from_ns, order.to_ns)]
    assert evening.journaled == ["analysis/start/2027-57-012", "analysis/stop/2027-57-012"]
    assert [(each.is_analysed, each.at_ns) for each in evening.told if isinstance(each, AnalysisChanged)] == [
        (True, order.from_ns),
        (False, order.to_ns),
    ]
    pictures = (order.to_ns - order.from_ns) * 5 // NS_PER_S
    assert evening.account.total(0, 2**62).pictures_looked_at == pictures
    assert evening.account.total(0, order.from_ns).pictures_looked_at == 0
    assert evening.account.total(order.to_ns, 2**62).pictures_looked_at == 0
    assert evening.account.total(0, 2**62).minutes == 150
    assert any(isinstance(each, SignalRaised) for each in evening.told)
    assert not any(isinstance(each, Trouble) for each in evening.told)


@pytest.mark.parametrize("lacking", ["order", "regime", "zone"])
def test_without_one_of_them_the_node_is_never_started(tmp_path, lacking) -> None:
    given = {"order": {"orders": AnalysisOrders()}, "regime": {"regime": None}, "zone": {"drawn": None}}[lacking]
    evening = Evening(tmp_path, **given)
    evening.play(minute(21 * 60))
    assert evening.node.starts == evening.the_room.node_starts == 0
    assert evening.spans == []
    assert evening.journaled == []
    assert evening.account.total(0, 2**62).pictures_looked_at == 0
    assert evening.the_room.tells(CAMERA).fr


@pytest.mark.nightly  # each change plays it in tests/sim/test_analysis.py
def test_a_law_that_ends_with_the_day_ends_the_analysis_with_it(tmp_path) -> None:
    order = an_order(from_ns=minute(23 * 60), to_ns=minute(24 * 60 + 90))
    evening = Evening(tmp_path, orders_of(order), replace(REGIME, valid_until=DAY))
    evening.play(minute(24 * 60 + 30))
    assert evening.spans == [(order.from_ns, minute(24 * 60))]


async def throw(evening: Evening) -> None:
    await evening.the_room.stop(CHIEF, "fausses alertes")


async def put_back(evening: Evening) -> None:
    with pytest.raises(AnalysisSwitchRefused):
        await evening.the_room.resume(CHIEF, "cela suffit")
    await evening.the_room.resume(Author("d.roy", "csu_manager"), "vérifié")


def test_the_kill_switch_stops_at_once_and_only_the_manager_lets_it_go_on(tmp_path) -> None:
    evening, order = Evening(tmp_path), ORDER
    evening.play(minute(21 * 60), (minute(19 * 60) + 7, throw), (minute(20 * 60) + 9, put_back))
    assert evening.spans == [(order.from_ns, minute(19 * 60) + 7), (minute(20 * 60) + 9, order.to_ns)]
    steps = ["start/2027-57-012", "kill", "resume", "start/2027-57-012", "stop/2027-57-012"]
    assert evening.journaled == [f"analysis/{step}" for step in steps]
    kill = evening.journal.entries[1]
    assert (kill.author, kill.role, [each.camera for each in kill.data]) == ("a.petit", "room_chief", [CAMERA])


def test_a_kill_that_cannot_be_written_is_obeyed_told_and_written_later(tmp_path) -> None:
    evening, order = Evening(tmp_path), ORDER
    throws, refusals = evening.law.throw, [1, 2, 3]

    def refuse(role, **more) -> None:
        if refusals.pop():
            raise CsuError(Words("plein", "full"), where="switch", what_to_do=Words("?", "?"))

    async def throw_in_vain(evening: Evening) -> None:
        evening.law.throw = lambda role, **more: refuse(role, **more) if refusals else throws(role, **more)
        await throw(evening)
        assert evening.the_room.given() == []

    evening.play(minute(21 * 60), (minute(19 * 60), throw_in_vain))
    assert evening.spans == [(order.from_ns, minute(19 * 60))]
    assert evening.law.basis.switch.is_thrown
    assert refusals == []
    assert sum(isinstance(each, Trouble) for each in evening.told) == 1


def test_a_type_that_is_taken_away_ends_at_once_though_the_journal_is_down(tmp_path) -> None:
    down = ZoneRule(SQUARE, EventType.PERSON_DOWN)
    both = replace(DRAWN, rules=(*DRAWN.rules, down))
    evening = Evening(tmp_path, orders_of(replace(ORDER, types=(*ORDER.types, EventType.PERSON_DOWN))), drawn=both)

    async def erase(evening: Evening) -> None:
        evening.journal.is_down = True
        evening.drawn = {CAMERA: DRAWN}
        evening.the_room.look_again()

    evening.play(minute(21 * 60), (minute(19 * 60), erase))
    ends = [each.end_ns for each in evening.node.looked_at(2**62) if down in each.rules]
    assert ends == [minute(19 * 60)]


def test_a_journal_that_is_down_lets_nothing_start_and_everything_stop(tmp_path) -> None:
    evening, order = Evening(tmp_path), ORDER

    async def down(evening) -> None:
        evening.journal.is_down = True

    async def up(evening) -> None:
        evening.journal.is_down = False

    acts = (BEGINS + 1, down), (minute(18 * 60 + 30), up), (minute(19 * 60), down), (minute(19 * 60 + 1), throw)
    evening.play(minute(21 * 60), *acts)
    ((start_ns, end_ns),) = evening.spans
    assert order.from_ns < minute(18 * 60 + 30) <= start_ns < minute(18 * 60 + 30) + 40 * NS_PER_S
    assert end_ns == minute(19 * 60 + 1)
    assert sum(isinstance(each, Trouble) for each in evening.told) == 1


async def withdraw(evening: Evening) -> None:
    event = AnalysisOrderWithdrawn("2027-57-012", "annulé", "C. Morel", evening.clock.now_ns())
    await evening.the_room.enter(event)


@pytest.mark.nightly  # so it is here
def test_an_order_that_is_withdrawn_ends_at_once(tmp_path) -> None:
    evening, order = Evening(tmp_path), ORDER
    evening.play(minute(21 * 60), (minute(19 * 60) + 5, withdraw))
    assert evening.spans == [(order.from_ns, minute(19 * 60) + 5)]
    assert evening.journaled[-1] == "analysis/stop/2027-57-012"


async def lose(evening: Evening) -> None:
    evening.node.lose()


def test_a_node_that_is_lost_is_journaled_told_and_started_again(tmp_path) -> None:
    evening, order = Evening(tmp_path), ORDER
    evening.play(minute(21 * 60), (minute(19 * 60), lose))
    (first, (again_ns, end_ns)) = evening.spans
    assert first == (order.from_ns, minute(19 * 60))
    assert minute(19 * 60) + 5 * NS_PER_S <= again_ns < minute(19 * 60 + 1)
    assert end_ns == order.to_ns
    steps = ["start/2027-57-012", "interrupted/2027-57-012", "start/2027-57-012", "stop/2027-57-012"]
    assert evening.journaled == [f"analysis/{step}" for step in steps]
    assert sum(isinstance(each, Trouble) for each in evening.told) == 1


def test_a_centre_that_ends_leaves_nothing_looking(tmp_path) -> None:
    evening = Evening(tmp_path)
    evening.play(minute(19 * 60))
    assert evening.spans == [(ORDER.from_ns, minute(19 * 60))]
    assert evening.journaled[-1] == "analysis/stop/2027-57-012"


class DeafNode(CountedAnalysisNode):
    """It obeys nobody who says stop: it must end by itself, with its assignment."""

    async def stop(self) -> None:
        raise CsuError(Words("sourd", "deaf"), where="node", what_to_do=Words("?", "?"))


def test_a_node_that_nobody_reaches_stops_by_itself_at_the_end_of_its_assignment(tmp_path) -> None:
    evening = Evening(tmp_path)
    evening.node = DeafNode(evening.clock, SeededChance("analysis"))
    evening.play(minute(21 * 60), (minute(19 * 60), throw))
    assert evening.spans == [(ORDER.from_ns, ORDER.to_ns)]
    assert evening.the_room.given() == []


def test_what_no_order_permits_is_told_and_raises_nothing(tmp_path) -> None:
    evening = Evening(tmp_path)

    async def lie(evening: Evening) -> None:
        rogue = EventSignal(
            CAMERA, EventType.WEAPON, "place", 1, evening.clock.now_ns(), (), 1.0, "x/1", "", "2027-57-012"
        )
        evening.the_room._take(rogue)
        evening.the_room._take(replace(rogue, type=EventType.CROWD_DENSITY, order="other"))
        evening.the_room._take(AnalysisMinute(CAMERA, minute(17 * 60), 300, 0, 0, 0.0))

    evening.play(minute(18 * 60 + 5), (minute(18 * 60 + 4), lie))
    assert evening.the_room.refused == 3
    assert sum(isinstance(each, Trouble) for each in evening.told) == 3
    assert not any(isinstance(each, SignalRaised) and each.signal.type is EventType.WEAPON for each in evening.told)
    assert evening.account.total(minute(17 * 60), minute(17 * 60 + 1)).pictures_looked_at == 300


def test_a_camera_is_analysed_by_one_order_and_its_end_is_the_first_that_takes_a_rule_away() -> None:
    both = replace(
        DRAWN,
        rules=(
            *DRAWN.rules,
            ZoneRule(AnalysisZone("b", SQUARE.corners, ((0.1, 0.1), (0.9, 0.9))), EventType.WRONG_WAY),
        ),
    )
    short = an_order(number="A-1", to_ns=minute(20 * 60), types=(EventType.CROWD_DENSITY, EventType.WRONG_WAY))
    long = an_order(number="A-2", types=(EventType.WRONG_WAY,))
    basis, camera = a_basis(orders=orders_of(short, long)), CameraToAnalyse(CAMERA, COMMUNE, PLACE_M)
    plan = plan_analysis(basis, [camera], {CAMERA: both}, lambda camera, at_ns: 0, minute(19 * 60))
    (given,) = plan.assignments
    assert (given.order, [rule.type for rule in given.rules]) == ("A-2", [EventType.WRONG_WAY])
    assert plan.until_ns == minute(20 * 60)
    counted = plan_analysis(basis, [camera], {CAMERA: both}, lambda camera, at_ns: at_ns + NS_PER_MINUTE, minute(1))
    assert counted.assignments == ()  # nobody drew a line on it
