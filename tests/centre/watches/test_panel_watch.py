"""A dead panel of the wall is told by the running centre within a bound, and its return; the others go on."""

from __future__ import annotations

import asyncio

import pytest

from csu.centre import Trouble
from csu.hal.clock import NS_PER_S
from csu.hal.wall_panel import PanelError, PanelPower, PanelState, WallPanelId
from csu.hal.words import Words
from csu.wall import PanelPlan

WELL = PanelState(PanelPower.ON, "hdmi1")


class Panel:
    """Says what it is set to say; None: nothing, ever."""

    def __init__(self, name: str) -> None:
        self.panel = WallPanelId(name)
        self.says: PanelState | Exception | None = WELL
        self.asked_at_s: list[float] = []

    async def state(self) -> PanelState:
        self.asked_at_s.append(asyncio.get_running_loop().time())
        if self.says is None:
            await asyncio.sleep(10**6)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def refusal() -> PanelError:
    return PanelError(Words("mot de passe refusé", "password refused"), where="wall/b", what_to_do=Words("", ""))


@pytest.fixture
def wall(stage, scripted):
    """Two panels at a running centre; `play(seconds, act)` gives what was told of them, seconds after the start."""

    class Wall:
        a, b = Panel("a"), Panel("b")

        def play(self, act, seconds=1.0):
            plans = [(panel, PanelPlan(panel.panel, "hdmi1")) for panel in (self.a, self.b)]
            start_ns = stage.clock.now_ns()
            stage.play(stage.centre([scripted.Node("n1")], wall_panels=plans), seconds, act)
            return [
                ((trouble.at_ns - start_ns) / NS_PER_S, trouble.where, trouble.what.en)
                for trouble in stage.told(Trouble)
                if trouble.where.startswith("wall/")
            ]

    return Wall()


@pytest.mark.parametrize("dead", [None, refusal()], ids=["hangs", "refuses"])
def test_a_dead_panel_is_told_within_20_s_and_once_and_its_return_once(wall, dead) -> None:
    async def act():
        await asyncio.sleep(65.0)
        wall.b.says = dead
        await asyncio.sleep(300)
        wall.b.says = WELL
        await asyncio.sleep(60)

    (at_s, where, what), (back_s, back_where, back) = wall.play(act)
    assert where == back_where == "wall/b"
    assert 65 < at_s <= 85
    assert what.startswith("the panel has said nothing for 20 s: ")
    assert "password refused" in what or dead is None
    assert 365 < back_s <= 365 + 35
    assert back == "the panel answers again"
    pauses = [after - before for before, after in zip(wall.a.asked_at_s, wall.a.asked_at_s[1:], strict=False)]
    assert max(pauses) <= 10.1, "the other panel was asked all the time"
    assert len([at for at in wall.b.asked_at_s if 65 < at < 365]) < 25, "with growing pauses"


def test_a_panel_switched_off_is_told_within_15_s(wall) -> None:
    async def act():
        await asyncio.sleep(61.0)
        wall.a.says = PanelState(PanelPower.OFF)
        await asyncio.sleep(40)

    ((at_s, where, what),) = wall.play(act)
    assert where == "wall/a"
    assert 61 < at_s <= 76
    assert what == "the panel is off: switch it on"


def test_a_wall_whose_panels_are_well_is_never_told_of(wall) -> None:
    assert wall.play(lambda: asyncio.sleep(600)) == []
