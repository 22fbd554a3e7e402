"""The AlarmPanel port: what every panel must do. A binding joins by one more entry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from simpy import Environment

from csu.hal.alarms import AlarmKind, AlarmPanel, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from csu.machine import SystemClock
from hardware.dc09 import open_receiver, settings_of
from sim.endpoints.dc09 import DialledPath, Dialler, DiallerSpec, open_diallers
from sim.loop import SimLoop
from sim.panels import REPEAT_AFTER_NS, SimPanel
from sim.ports import VirtualClock

EPOCH_NS = 1_795_392_000 * NS_PER_S
Story = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class PanelBinding:
    """A panel that raises two alarms, the second when the first is acknowledged. `*_s`: seconds of its own time."""

    open: Callable[[Path], AbstractAsyncContextManager[AlarmPanel]]
    """With a directory of its own."""
    run: Callable[[Story], None]
    repeats_within_s: float
    patience_s: float
    """Longer than any alarm takes to come."""


def on_virtual_time(story: Story) -> None:
    with asyncio.Runner(loop_factory=lambda: SimLoop(Environment(initial_time=0))) as runner:
        runner.run(story())


def on_real_time(story: Story) -> None:
    asyncio.run(story())


def virtual_clock() -> VirtualClock:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return VirtualClock(loop.env, EPOCH_NS)


def alarm(sequence: int, after_s: int) -> PanelMessage:
    return PanelMessage(
        PanelId("p"), sequence, CommuneId("orval"), "mairie", AlarmKind.INTRUSION, EPOCH_NS + after_s * NS_PER_S
    )


@asynccontextmanager
async def sim_panel(_: Path) -> AsyncIterator[AlarmPanel]:
    yield SimPanel(PanelId("p"), virtual_clock(), [alarm(1, 5), alarm(2, 65)])


DC09_REPEATS_S = 1.5
"""A machine in trouble acknowledges within this, or the first test takes its delay for a fault."""


@asynccontextmanager
async def dc09_panel(directory: Path) -> AsyncIterator[AlarmPanel]:
    """A receiver, and a panel that dials it by both its paths in turn, over TCP and UDP, enciphering each try anew."""
    key = bytes(range(16))
    told = {
        "panel": "p",
        "commune": "metz",
        "site": "csu",
        "doors": [{"name": "main"}],
        "accounts": [
            {
                "account": "1234",
                "commune": "orval",
                "site": "mairie",
                "key": "k",
                "paths": [{"name": "main", "door": "main", "transport": "tcp"}, {"name": "back-up", "door": "main"}],
            }
        ],
    }
    file = directory / "dc09.sqlite"
    async with open_receiver(settings_of(told), {"k": key}, file, SystemClock(), first_number=1) as receiver:
        port = receiver.addresses["main"].port
        paths = tuple(DialledPath(name, "127.0.0.1", port, name) for name in ("tcp", "udp"))
        spec = DiallerSpec("1234", paths, key=key, answer_within_s=DC09_REPEATS_S)
        async with open_diallers([spec]) as panels:
            raising = asyncio.create_task(raise_two(panels["1234"]))
            yield receiver
            raising.cancel()


async def raise_two(panel: Dialler) -> None:
    for zone in (1, 2):
        await panel.raise_event("BA", zone)


PANELS = {
    "sim": PanelBinding(sim_panel, on_virtual_time, repeats_within_s=REPEAT_AFTER_NS / NS_PER_S + 1, patience_s=600),
    "dc09 over real sockets": PanelBinding(dc09_panel, on_real_time, DC09_REPEATS_S + 1, patience_s=30),
}


@pytest.fixture(params=sorted(PANELS))
def panel_binding(request) -> PanelBinding:
    return PANELS[request.param]


async def listen(panel: AlarmPanel, heard: list[PanelMessage], *, acknowledge_from: int = 1, until: int = 0) -> None:
    """Take messages; acknowledge from the so-manieth on; end after the so-manieth, 0: never."""
    async for message in panel.messages():
        heard.append(message)
        if len(heard) >= acknowledge_from:
            await panel.acknowledge(message)
            await panel.acknowledge(message)  # idempotent
        if len(heard) == until:
            return


async def listen_for(panel: AlarmPanel, seconds: float, *, acknowledge_from: int = 1, until: int = 0) -> Sequence[int]:
    heard: list[PanelMessage] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await listen(panel, heard, acknowledge_from=acknowledge_from, until=until)
    assert all(message.panel == panel.panel for message in heard)
    return [message.sequence for message in heard]


def test_an_acknowledged_message_is_not_repeated(panel_binding: PanelBinding, tmp_path) -> None:
    async def story() -> None:
        async with panel_binding.open(tmp_path) as panel:
            assert isinstance(panel, AlarmPanel)
            assert await listen_for(panel, panel_binding.patience_s, until=2) == [1, 2]
            assert await listen_for(panel, 2 * panel_binding.repeats_within_s) == []

    panel_binding.run(story)


def test_a_message_is_repeated_until_it_is_acknowledged(panel_binding: PanelBinding, tmp_path) -> None:
    async def story() -> None:
        async with panel_binding.open(tmp_path) as panel:
            heard = await listen_for(panel, panel_binding.patience_s, acknowledge_from=3, until=3)
            assert heard == [1, 1, 1]
            assert await listen_for(panel, panel_binding.patience_s, until=1) == [2]

    panel_binding.run(story)


def test_a_panel_that_hears_no_receipt_repeats_what_is_already_kept() -> None:
    async def story() -> None:
        lost = (EPOCH_NS, EPOCH_NS + 30 * NS_PER_S)
        panel = SimPanel(PanelId("p"), virtual_clock(), [alarm(1, 5)], [lost])
        assert await listen_for(panel, 120) == [1, 1, 1, 1]
        assert panel.repeats == 3

    on_virtual_time(story)
