"""The AlarmPanel port: what every panel must do. A binding joins by one more entry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from simpy import Environment

from csu.hal.alarms import AlarmKind, AlarmPanel, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from sim.loop import SimLoop
from sim.panels import REPEAT_AFTER_NS, SimPanel
from sim.ports import VirtualClock

EPOCH_NS = 1_795_392_000 * NS_PER_S
Story = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class PanelBinding:
    """A panel that raises two alarms, one after the other. `repeats_within_s`: seconds of its own time."""

    open: Callable[[], AbstractAsyncContextManager[AlarmPanel]]
    run: Callable[[Story], None]
    repeats_within_s: float


def on_virtual_time(story: Story) -> None:
    with asyncio.Runner(loop_factory=lambda: SimLoop(Environment(initial_time=0))) as runner:
        runner.run(story())


def virtual_clock() -> VirtualClock:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return VirtualClock(loop.env, EPOCH_NS)


def alarm(sequence: int, after_s: int) -> PanelMessage:
    return PanelMessage(
        PanelId("p"), sequence, CommuneId("orval"), "mairie", AlarmKind.INTRUSION, EPOCH_NS + after_s * NS_PER_S
    )


@asynccontextmanager
async def sim_panel() -> AsyncIterator[AlarmPanel]:
    yield SimPanel(PanelId("p"), virtual_clock(), [alarm(1, 5), alarm(2, 65)])


PANELS = {"sim": PanelBinding(sim_panel, on_virtual_time, repeats_within_s=REPEAT_AFTER_NS / NS_PER_S + 1)}


@pytest.fixture(params=sorted(PANELS))
def panel_binding(request) -> PanelBinding:
    return PANELS[request.param]


async def listen(panel: AlarmPanel, heard: list[PanelMessage], *, acknowledge_from: int = 1) -> None:
    """Take messages; acknowledge from the so-manieth on."""
    async for message in panel.messages():
        heard.append(message)
        if len(heard) >= acknowledge_from:
            await panel.acknowledge(message)
            await panel.acknowledge(message)  # idempotent


async def listen_for(panel: AlarmPanel, seconds: float, *, acknowledge_from: int = 1) -> Sequence[int]:
    heard: list[PanelMessage] = []
    task = asyncio.ensure_future(listen(panel, heard, acknowledge_from=acknowledge_from))
    await asyncio.sleep(seconds)
    task.cancel()
    assert all(message.panel == panel.panel for message in heard)
    return [message.sequence for message in heard]


def test_an_acknowledged_message_is_not_repeated(panel_binding: PanelBinding) -> None:
    async def story() -> None:
        async with panel_binding.open() as panel:
            assert isinstance(panel, AlarmPanel)
            assert await listen_for(panel, 70 + 3 * panel_binding.repeats_within_s) == [1, 2]

    panel_binding.run(story)


def test_a_message_is_repeated_until_it_is_acknowledged(panel_binding: PanelBinding) -> None:
    async def story() -> None:
        async with panel_binding.open() as panel:
            heard = await listen_for(panel, 6 + 2 * panel_binding.repeats_within_s, acknowledge_from=3)
            assert heard == [1, 1, 1]
            assert await listen_for(panel, 70) == [2]

    panel_binding.run(story)


def test_a_panel_that_hears_no_receipt_repeats_what_is_already_kept() -> None:
    async def story() -> None:
        lost = (EPOCH_NS, EPOCH_NS + 30 * NS_PER_S)
        panel = SimPanel(PanelId("p"), virtual_clock(), [alarm(1, 5)], [lost])
        assert await listen_for(panel, 120) == [1, 1, 1, 1]
        assert panel.repeats == 3

    on_virtual_time(story)
