"""The Dispatch port: what every contact of police and other services must do. A binding joins by one more entry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from simpy import Environment

from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.dispatch import Dispatch, DispatchCall, DispatchError
from csu.machine import SystemClock
from hardware.dispatch import DispatchFile, DispatchSecrets, open_dispatch
from sim.endpoints.police import PrivateAuthority, StationQuirk, StationSpec, serve_police
from sim.loop import SimLoop
from sim.panels import SimDispatch
from sim.ports import SeededChance, VirtualClock

EPOCH_NS = 1_795_392_000 * NS_PER_S
Story = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Opened:
    """Contacts of the police of Orval. `received`: the keys of what the first one heard, in order."""

    dispatch: Dispatch
    received: Callable[[], Sequence[str]]
    tellings: Callable[[], int]


@dataclass(frozen=True)
class DispatchBinding:
    """`flaky`: many tellings get no answer, heard or not. `silent`: none does."""

    open: Callable[..., AbstractAsyncContextManager[Opened]]
    run: Callable[[Story], None]


def on_virtual_time(story: Story) -> None:
    with asyncio.Runner(loop_factory=lambda: SimLoop(Environment(initial_time=0))) as runner:
        runner.run(story())


def on_real_time(story: Story) -> None:
    asyncio.run(story())


@asynccontextmanager
async def sim_dispatch(*, flaky: bool = False, silent: bool = False) -> AsyncIterator[Opened]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    share = 1.0 if silent else 0.6 if flaky else 0.0
    dispatch = SimDispatch(VirtualClock(loop.env, EPOCH_NS), SeededChance("7"), silent_share=share)
    yield Opened(dispatch, lambda: list(dispatch.received), lambda: dispatch.asked)


class Flaky:
    """Every telling but each third is lost: before it is heard, or after."""

    def __init__(self, dispatch: Dispatch, station: Any) -> None:
        self._dispatch, self._station, self.asked = dispatch, station, 0

    def contacts(self, service: str, commune: CommuneId) -> tuple[str, ...]:
        return self._dispatch.contacts(service, commune)

    async def notify(self, call: DispatchCall, contact: str = "") -> Any:
        self._station.heal()
        if self.asked % 3 != 2:
            self._station.misbehave((StationQuirk.BROKEN, StationQuirk.LOSES_ANSWERS)[self.asked % 3])
        self.asked += 1
        return await self._dispatch.notify(call, contact)


@asynccontextmanager
async def webhook_over_real_sockets(*, flaky: bool = False, silent: bool = False) -> AsyncIterator[Opened]:
    clock = SystemClock()
    authority = PrivateAuthority("rehearsal", clock)
    spec = StationSpec(taken_after_s=0.05)
    async with serve_police(spec, authority, clock) as one, serve_police(spec, authority, clock) as two:
        contacts = [
            {"name": name, "service": "police", "communes": ["orval"], "url": station.url, "secret": name}
            for name, station in (("orval", one), ("departement", two))
        ]
        settings = DispatchFile.model_validate(
            {
                "source": "urn:csu:contract",
                "hosts": ["localhost"],
                "contacts": contacts,
                "answer_within_s": 0.3 if silent else 5.0,
                "ask_every_s": 0.05,
            }
        )
        papers = authority.client("csu")
        secrets = DispatchSecrets(
            authority.certificate_pem,
            papers.certificate_pem,
            papers.key_pem,
            {"orval": one.secret, "departement": two.secret},
        )
        async with open_dispatch(settings, secrets, may_say=frozenset({"intrusion"}), clock=clock) as dispatch:
            if silent:
                one.misbehave(StationQuirk.NOBODY)
            line = Flaky(dispatch, one) if flaky else None
            yield Opened(line or dispatch, lambda: list(one.received), lambda: line.asked if line else one.asked)


BINDINGS = {
    "sim": DispatchBinding(sim_dispatch, on_virtual_time),
    "webhook over real sockets": DispatchBinding(webhook_over_real_sockets, on_real_time),
}


@pytest.fixture(params=sorted(BINDINGS))
def binding(request) -> DispatchBinding:
    return BINDINGS[request.param]


def call(key: str) -> DispatchCall:
    return DispatchCall(key, CommuneId("orval"), "police", "mairie", "intrusion", "operateur-1", EPOCH_NS)


def test_each_contact_that_is_named_takes_calls(binding: DispatchBinding) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            assert isinstance(opened.dispatch, Dispatch)
            names = opened.dispatch.contacts("police", CommuneId("orval"))
            assert len(set(names)) == len(names) > 1
            for name in names:
                receipt = await opened.dispatch.notify(call(f"to {name}"), name)
                assert receipt.call == f"to {name}"
                assert receipt.taken_by.strip()

    binding.run(story)


def test_without_a_name_the_first_contact_is_told(binding: DispatchBinding) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            await opened.dispatch.notify(call("call-1"))
            assert list(opened.received()) == ["call-1"]

    binding.run(story)


def test_a_call_told_again_after_no_answer_is_received_once(binding: DispatchBinding) -> None:
    async def story() -> None:
        async with binding.open(flaky=True) as opened:
            for key in ("call-1", "call-2", "call-3", "call-4"):
                for _ in range(50):
                    try:
                        receipt = await opened.dispatch.notify(call(key))
                    except DispatchError:
                        continue
                    assert receipt.call == key
                    break
            assert sorted(opened.received()) == ["call-1", "call-2", "call-3", "call-4"]
            assert opened.tellings() > 4

    binding.run(story)


def test_a_call_that_nobody_takes_is_a_dispatch_error(binding: DispatchBinding) -> None:
    async def story() -> None:
        async with binding.open(silent=True) as opened:
            with pytest.raises(DispatchError):
                await opened.dispatch.notify(call("call-1"))

    binding.run(story)


def test_a_call_already_taken_tells_again_who_took_it(binding: DispatchBinding) -> None:
    async def story() -> None:
        async with binding.open() as opened:
            first = await opened.dispatch.notify(call("call-1"))
            assert (await opened.dispatch.notify(call("call-1"))).taken_by == first.taken_by
            assert list(opened.received()) == ["call-1"]

    binding.run(story)
