"""A centre at work with devices on real sockets: who is called once a person confirmed, and a panel that dies.

The centre's clock runs ten times as fast as the host's, so that its half minutes are seconds; sockets and TLS are real.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from csu.alarms import AlarmState, AlarmStore
from csu.centre import Catalogue, Centre, Papers, Ports, Trouble
from csu.centre.watches import panel_watch as centre_panels
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.media import Assignment, NodeId
from csu.hal.wall_panel import WallPanel
from csu.machine import NoChaos, SystemChance, SystemClock, SystemIds
from csu.operations import CallEscalated, CallTaken, Incident, OutboxStore, SendCall
from csu.wall import PanelPlan
from hardware.dispatch import DispatchFile, DispatchSecrets, WebhookDispatch, open_dispatch
from hardware.panels import PanelNetwork, PanelSettings, open_panel
from sim.endpoints.panels import PanelQuirk, SimulatedPanel, serve_mdc, serve_pjlink
from sim.endpoints.police import PoliceStation, PrivateAuthority, StationQuirk, StationSpec, serve_police
from sim.journal import JournalStandIn
from sim.papers import PaperCamera, PapersOf, papers_text

SPEED = 10


class FastClock:
    """The host's, ten times as fast."""

    def __init__(self) -> None:
        self._start_ns, self._origin_ns = time.time_ns(), time.monotonic_ns()

    def now_ns(self) -> int:
        return self._start_ns + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return SPEED * (time.monotonic_ns() - self._origin_ns)


class Node:
    """A media node that has nothing to say."""

    node = NodeId("n1")

    def __init__(self) -> None:
        self._stopped = asyncio.Event()

    async def start(self) -> None: ...

    async def assign(self, assignments: Sequence[Assignment]) -> None: ...

    async def messages(self) -> AsyncIterator[Any]:
        await self._stopped.wait()
        return
        yield

    async def stop(self) -> None:
        self._stopped.set()


class Bell:
    """An alarm panel that rings once."""

    panel = PanelId("panel-1")

    def __init__(self, at_ns: int) -> None:
        self._message = PanelMessage(self.panel, 1, CommuneId("orval"), "Mairie", AlarmKind.INTRUSION, at_ns)

    async def messages(self) -> AsyncIterator[PanelMessage]:
        yield self._message
        await asyncio.Event().wait()

    async def acknowledge(self, message: PanelMessage) -> None: ...


@asynccontextmanager
async def centre_with(
    directory: Path,
    dispatch: WebhookDispatch | None = None,
    wall_panels: Sequence[tuple[WallPanel, PanelPlan]] = (),
) -> AsyncIterator[tuple[Centre, list[Any]]]:
    """A centre that runs, one camera and one alarm panel, and all that it tells."""
    clock, told = FastClock(), []
    record = CameraRecord(CameraId("cam-0001"), 1, "place", CommuneId("orval"), ViewType.WIDE)
    assignment = Assignment(record, StreamAddress("rtsp://127.0.0.1/x"), None, False, (), 2.5, 1)
    papers = Papers.stated(papers_text(PapersOf([PaperCamera(record.camera, record.commune)], clock.now_ns())))
    outbox = OutboxStore(directory / "calls.sqlite")
    centre = Centre(
        ports=Ports(clock, SystemChance("e2e"), SystemIds(), NoChaos()),
        nodes=[Node()],
        assignments={Node.node: [assignment]},
        catalogue=Catalogue(directory / "catalogue"),
        alarm_store=AlarmStore(directory / "alarms.sqlite"),
        journal=JournalStandIn(),
        panels=[Bell(clock.now_ns())],
        papers=papers,
        dispatch=(dispatch, outbox) if dispatch is not None else None,
        wall_panels=wall_panels,
    )
    centre.listen(told.append)
    running = asyncio.create_task(centre.run())
    try:
        yield centre, told
    finally:
        await centre.stop()
        await running
        outbox.close()


async def until(condition: Any, what: str) -> None:
    """Thirty seconds at most."""
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"never: {what}")


async def confirm(centre: Centre) -> str:
    await until(lambda: centre.desk.open(), "an alarm")
    name = centre.desk.open()[0].alarm
    await centre.acknowledge(name, "agent-7")
    await centre.advance(name, AlarmState.DOUBT_REMOVAL, "agent-7")
    await centre.advance(name, AlarmState.CONFIRMED, "agent-7")
    return name


@asynccontextmanager
async def contacts(first: PoliceStation, second: PoliceStation, authority: PrivateAuthority) -> Any:
    written = [
        {"name": name, "service": "police", "communes": ["orval"], "url": station.url, "secret": name}
        for name, station in (("first", first), ("second", second))
    ]
    settings = DispatchFile.model_validate(
        {
            "source": "urn:csu:e2e",
            "hosts": ["localhost"],
            "contacts": written,
            "answer_within_s": 0.5,
            "ask_every_s": 0.05,
        }
    )
    papers = authority.client("csu")
    secrets = DispatchSecrets(
        authority.certificate_pem,
        papers.certificate_pem,
        papers.key_pem,
        {"first": first.secret, "second": second.secret},
    )
    may_say = frozenset(incident.words.fr for incident in Incident)
    async with open_dispatch(settings, secrets, may_say=may_say, clock=SystemClock()) as dispatch:
        yield dispatch


@pytest.mark.parametrize("quirk", [StationQuirk.SILENT, StationQuirk.BAD_CERTIFICATE])
def test_a_confirmed_alarm_whose_first_contact_is_silent_is_taken_by_the_second_and_received_once(
    tmp_path: Path, quirk: StationQuirk
) -> None:
    async def story() -> None:
        clock = SystemClock()
        authority = PrivateAuthority("rehearsal", clock)
        taker = StationSpec(taken_by="gardien Petit", taken_after_s=0.1)
        async with (
            serve_police(StationSpec(), authority, clock) as first,
            serve_police(taker, authority, clock) as second,
            contacts(first, second, authority) as dispatch,
            centre_with(tmp_path, dispatch) as (centre, told),
        ):
            first.misbehave(quirk)
            await asyncio.sleep(0.2)
            assert first.asked == second.asked == 0, "nobody is called before a person confirmed"
            name = await confirm(centre)
            await until(lambda: centre.desk.alarm(name).state is AlarmState.POLICE_INFORMED, "police informed")

            assert list(second.received) == [name]
            assert second.received[name].event["data"]["words"] == "intrusion confirmée"
            if quirk is StationQuirk.SILENT:
                assert list(first.received) == [name]
                assert first.received[name].tellings > 1, "told again under its key"
            else:
                assert first.asked == 0
            note = centre.desk.alarm(name).steps[-1].police
            assert (note.service, note.taken_by, note.call) == ("police", "gardien Petit", name)
            assert [each.contact for each in told if isinstance(each, SendCall)][-1] == "second"
            assert len([each for each in told if isinstance(each, CallEscalated)]) == 1
            assert len([each for each in told if isinstance(each, CallTaken)]) == 1
            assert centre.calls_waiting == []

    asyncio.run(story())


def panel_at(device: SimulatedPanel, protocol: str, at: str) -> tuple[WallPanel, PanelPlan]:
    given = {"panel": f"{protocol}-1", "protocol": protocol, "address": "127.0.0.1", "port": device.port, "input": at}
    settings = PanelSettings.model_validate({**given, "answer_within_s": 0.5})
    panel = open_panel(settings, PanelNetwork.model_validate({"allowed": ["127.0.0.1"]}))
    return panel, PanelPlan(panel.panel, at)


def test_a_panel_of_the_wall_that_dies_is_told_by_a_running_centre_and_its_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(centre_panels, "EVERY_S", 10.0 / SPEED)

    async def story() -> None:
        async with serve_mdc() as left, serve_pjlink() as right:
            panels = [panel_at(left, "mdc", "hdmi1"), panel_at(right, "pjlink", "digital/1")]
            async with centre_with(tmp_path, wall_panels=panels) as (_, told):

                def heard(panel: str, words: str) -> bool:
                    return any(
                        each.where == f"wall/{panel}" and each.what.en.startswith(words)
                        for each in told
                        if isinstance(each, Trouble)
                    )

                await until(lambda: left.asked and right.asked, "a first reading")
                left.misbehave(PanelQuirk.SILENT)
                right.use_remote(input="hdmi2")
                await until(lambda: heard("mdc-1", "the panel has said nothing for 20 s"), "silence")
                await until(lambda: heard("pjlink-1", "the panel is on input digital/2, not on digital/1"), "input")
                assert not heard("pjlink-1", "the panel has said nothing"), "the dead one holds up no other"
                left.heal()
                right.use_remote(input="hdmi1")
                await until(lambda: heard("mdc-1", "the panel answers again"), "its return")
                await until(lambda: heard("pjlink-1", "the panel has left that input"), "its return")

    asyncio.run(story())
