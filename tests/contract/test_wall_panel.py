"""The WallPanel port: what every display panel must do. A binding joins by one more entry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from csu.hal.wall_panel import PanelError, PanelPart, PanelPower, PanelState, WallPanel, WallPanelId
from csu.machine import SystemClock
from hardware.panels import PanelNetwork, PanelSettings, open_panel
from sim.endpoints.panels import DisplayPanel, PanelQuirk, PanelSpec, SimulatedPanel, serve_mdc, serve_pjlink

ANSWER_S = 1.0
NETWORK = PanelNetwork.model_validate({"allowed": ["127.0.0.1"]})


@dataclass(frozen=True)
class Opened:
    panel: WallPanel
    device: SimulatedPanel


@dataclass(frozen=True)
class PanelBinding:
    """A panel that is on, at the first of `inputs`, and the device behind it."""

    open: Callable[..., AbstractAsyncContextManager[Opened]]
    inputs: tuple[str, str]


def over_sockets(protocol: str, serve: Callable[..., Any], inputs: tuple[str, str]) -> PanelBinding:
    @asynccontextmanager
    async def opened(**of: Any) -> AsyncIterator[Opened]:
        async with serve(PanelSpec(**of)) as device:
            settings = PanelSettings.model_validate(
                {
                    "panel": "wall-1",
                    "protocol": protocol,
                    "address": "127.0.0.1",
                    "port": device.port,
                    "input": inputs[0],
                    "answer_within_s": ANSWER_S,
                }
            )
            panel = open_panel(settings, NETWORK)
            yield Opened(panel, device)
            await panel.close()

    return PanelBinding(opened, inputs)


@asynccontextmanager
async def in_process(**of: Any) -> AsyncIterator[Opened]:
    panel = DisplayPanel(WallPanelId("wall-1"), PanelSpec(**of), SystemClock(), answer_within_s=ANSWER_S)
    yield Opened(panel, panel.device)


BINDINGS = {
    "simulated": PanelBinding(in_process, ("hdmi1", "hdmi2")),
    "mdc": over_sockets("mdc", serve_mdc, ("hdmi1", "hdmi2")),
    "pjlink": over_sockets("pjlink", serve_pjlink, ("digital/1", "digital/2")),
}


@pytest.fixture(params=sorted(BINDINGS))
def binding(request) -> PanelBinding:
    return BINDINGS[request.param]


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


async def power_becomes(panel: WallPanel, wanted: PanelPower) -> list[PanelPower]:
    """What it said until it said `wanted`; ten seconds at most."""
    said: list[PanelPower] = []
    async with asyncio.timeout(10):
        while not said or said[-1] is not wanted:
            said.append((await panel.state()).power)
            await asyncio.sleep(0.02)
    return said


def test_it_says_what_it_is_and_how_it_is(binding: PanelBinding) -> None:
    async def story() -> None:
        async with binding.open(model="QM55R", serial="0HA1") as opened:
            assert isinstance(opened.panel, WallPanel)
            assert opened.panel.panel == "wall-1"
            identity = await opened.panel.identity()
            assert (identity.make, identity.model, identity.serial) == ("Samsung", "QM55R", "0HA1")
            assert await opened.panel.state() == PanelState(PanelPower.ON, binding.inputs[0])

    play(story)


def test_it_is_switched_off_and_on_again_and_warms_up_before_it_is_on(binding: PanelBinding) -> None:
    async def story() -> None:
        async with binding.open(warming_s=0.3) as opened:
            await opened.panel.switch(on=False)
            await power_becomes(opened.panel, PanelPower.OFF)
            await asyncio.sleep(0.15)
            await opened.panel.switch(on=True)
            assert PanelPower.WARMING in await power_becomes(opened.panel, PanelPower.ON)
            assert opened.device.power is PanelPower.ON

    play(story)


def test_a_panel_that_is_off_or_warms_up_says_so_and_nothing_it_does_not_know(binding: PanelBinding) -> None:
    async def story() -> None:
        async with binding.open(power=PanelPower.OFF, warming_s=30) as opened:
            assert await opened.panel.state() == PanelState(PanelPower.OFF)
            await opened.panel.switch(on=True)
            assert await opened.panel.state() == PanelState(PanelPower.WARMING)

    play(story)


def test_it_shows_the_input_it_is_asked_for_and_says_which(binding: PanelBinding) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            await opened.panel.choose_input(binding.inputs[1])
            assert (await opened.panel.state()).input == binding.inputs[1]
            opened.device.misbehave(PanelQuirk.STUCK_INPUT)
            await opened.panel.choose_input(binding.inputs[0])  # it says yes
            assert (await opened.panel.state()).input == binding.inputs[1], "what it says it does is not what it does"

    play(story)


@pytest.mark.parametrize("name", ["scart/9/9", "", "telepathy", "digital/0", "hdmi1_pc"])
def test_an_input_that_it_does_not_have_is_refused_before_anything_is_sent(binding: PanelBinding, name: str) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            with pytest.raises(PanelError):
                await opened.panel.choose_input(name)
            assert opened.device.connections == 0

    play(story)


@pytest.mark.parametrize(
    ("quirk", "part"),
    [
        (PanelQuirk.LAMP_FAILED, PanelPart.LAMP),
        (PanelQuirk.OVERHEATED, PanelPart.TEMPERATURE),
        (PanelQuirk.FAN_STOPPED, PanelPart.FAN),
    ],
)
def test_it_reports_what_fails_in_it(binding: PanelBinding, quirk: PanelQuirk, part: PanelPart) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            opened.device.misbehave(quirk)
            assert (await opened.panel.state()).failed == {part}
            opened.device.heal()
            assert (await opened.panel.state()).failed == set()

    play(story)


def every_call(panel: WallPanel, source: str) -> list[Callable[[], Awaitable[object]]]:
    return [
        panel.identity,
        panel.state,
        lambda: panel.switch(on=False),
        lambda: panel.choose_input(source),
    ]


@pytest.mark.parametrize(
    "quirk",
    [
        *(PanelQuirk.NAK, PanelQuirk.REFUSES, PanelQuirk.GARBAGE, PanelQuirk.BAD_CHECKSUM),
        *(PanelQuirk.OTHER_ANSWER, PanelQuirk.FLOOD),
    ],
)
def test_whatever_it_does_a_call_is_answered_or_a_panel_error(binding: PanelBinding, quirk: PanelQuirk) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            opened.device.misbehave(quirk)
            for call in every_call(opened.panel, binding.inputs[1]):
                with pytest.raises(PanelError) as caught:
                    await call()
                assert caught.value.trouble.where == "wall/wall-1"
            opened.device.heal()
            opened.device.use_remote(power=PanelPower.ON, input="hdmi1")
            assert await opened.panel.state() == PanelState(PanelPower.ON, binding.inputs[0]), "it is asked afresh"

    play(story)


def test_a_silent_panel_takes_no_more_time_than_was_given(binding: PanelBinding) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            opened.device.misbehave(PanelQuirk.SILENT)
            began_s = time.monotonic()
            results = await asyncio.gather(opened.panel.state(), return_exceptions=True)
            assert isinstance(results[0], PanelError)
            assert ANSWER_S * 0.9 <= time.monotonic() - began_s < ANSWER_S + 5

    play(story)


@pytest.mark.parametrize("quirk", [PanelQuirk.SPLIT, PanelQuirk.SLOW])
def test_answers_may_come_in_pieces_and_take_their_time(binding: PanelBinding, quirk: PanelQuirk) -> None:
    async def story() -> None:
        async with binding.open(slow_s=0.05) as opened:
            opened.device.misbehave(quirk)
            assert await opened.panel.state() == PanelState(PanelPower.ON, binding.inputs[0])
            assert (await opened.panel.identity()).serial == opened.device.spec.serial

    play(story)
