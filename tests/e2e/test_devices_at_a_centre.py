"""A centre at work with devices on real sockets: who is called once a person confirmed, a panel that dies, and a site
of all kinds of device by its files: what each tells by itself is a trouble, and what was heard is nothing (AUD-3).

The centre's clock runs ten times as fast as the host's, so that its half minutes are seconds; sockets and TLS are real.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from csu.alarms import AlarmState, AlarmStore
from csu.centre import Catalogue, Centre, Papers, Ports, Trouble
from csu.centre.watches import panel_watch as centre_panels
from csu.hal.alarms import AlarmKind, AlarmPanel, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.device_events import DeviceEvents
from csu.hal.dispatch import Dispatch
from csu.hal.media import Assignment, NodeId
from csu.hal.site import Site, SiteRequest
from csu.hal.wall_panel import PanelPower, WallPanel
from csu.machine import LocalDisk, NoChaos, SystemChance, SystemClock, SystemIds
from csu.operations import CallEscalated, CallTaken, Incident, OutboxStore, SendCall
from csu.wall import PanelPlan
from hardware.dispatch import DispatchFile, DispatchSecrets, open_dispatch
from hardware.field import open_field
from hardware.onvif import events as onvif_events
from hardware.panels import PanelNetwork, PanelSettings, open_panel
from hardware.vault import SECRET_NAME, Entry, Login, Vault
from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.dc09 import DialledPath, DiallerFault, DiallerSpec, open_diallers
from sim.endpoints.onvif import OnvifDevice, OnvifEvent, OnvifSpec, open_onvif
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
    dispatch: Dispatch | None = None,
    wall_panels: Sequence[tuple[WallPanel, PanelPlan]] = (),
    alarm_panels: Sequence[AlarmPanel] = (),
    event_sources: Sequence[DeviceEvents] = (),
) -> AsyncIterator[tuple[Centre, list[Any]]]:
    """A centre that runs, one camera and one alarm panel (a bell, when none is given), and all that it tells."""
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
        panels=alarm_panels or [Bell(clock.now_ns())],
        papers=papers,
        dispatch=(dispatch, outbox) if dispatch is not None else None,
        wall_panels=wall_panels,
        event_sources=event_sources,
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


# -- a site of all kinds of device, by its files -----------------------------------------------------------------------

KEY = bytes(range(16))
VAULT_KEY = "0123456789abcdef0123456789abcdef"
CAMERA = OnvifSpec(EndpointSpec("cam-0001", 1, width_px=352, height_px=288, password="street-0000"))
SILENT_AFTER_S = 1.0


def write_site(
    folder: Path, device: OnvifDevice, panel: SimulatedPanel, station: PoliceStation, authority: Any
) -> Path:
    """As an engineer's commands leave it: the files, and the secrets in the vault."""
    (folder / "cameras").mkdir()
    (folder / "cameras" / "cam-0001.yaml").write_text(
        f"camera: cam-0001\nnumber: 1\nname: Place\ncommune: orval\nview: wide_view\naddress: {device.url}\n"
    )
    (folder / "alarms.yaml").write_text(
        "commune: orval\nsite: csu\ndoors: [{name: main}]\naccounts:\n"
        "  - {account: '1234', commune: orval, site: Mairie, key: dc09/1234,\n"
        f"     paths: [{{name: fibre, door: main, silent_after_s: {SILENT_AFTER_S}}}]}}\n"
    )
    (folder / "panels.yaml").write_text(
        "network: {allowed: [127.0.0.1]}\npanels:\n"
        f"  - {{panel: mdc-1, protocol: mdc, address: 127.0.0.1, port: {panel.port}, input: hdmi1,\n"
        "     answer_within_s: 0.5}\n"
    )
    (folder / "dispatch.yaml").write_text(
        "source: urn:csu:e2e\nhosts: [localhost]\nanswer_within_s: 2.0\nask_every_s: 0.05\ncontacts:\n"
        f"  - {{name: station, service: police, communes: [orval], url: '{station.url}', secret: police/station}}\n"
    )
    site = folder / "site.yaml"
    site.write_text("site: orval\nalarms: alarms.yaml\npanels: panels.yaml\ndispatch: dispatch.yaml\n")
    vault, papers = Vault(LocalDisk(folder / "vault"), VAULT_KEY.encode()), authority.client("csu")
    vault.keep("cam-0001", Entry(Login("csu", "street-0000")))
    secrets = {
        "dc09/1234": KEY,
        "police/station": station.secret,
        "dispatch/authority": authority.certificate_pem,
        "dispatch/certificate": papers.certificate_pem,
        "dispatch/key": papers.key_pem,
    }
    for name, secret in secrets.items():
        vault.keep_secret(name, secret)
    return site


@asynccontextmanager
async def all_kinds(
    folder: Path, farm: RtspFarm
) -> AsyncIterator[tuple[OnvifDevice, SimulatedPanel, PoliceStation, Site]]:
    """The devices, and the site that `open_field` makes of its files."""
    clock = SystemClock()
    authority = PrivateAuthority("rehearsal", clock)
    async with (
        open_onvif([CAMERA], farm=farm) as served,
        serve_mdc() as panel,
        serve_police(StationSpec(taken_by="gardien Petit", taken_after_s=0.1), authority, clock) as station,
    ):
        (device,) = served.devices.values()
        path = write_site(folder, device, panel, station, authority)
        may_say = frozenset(incident.words.fr for incident in Incident)
        async with open_field(SiteRequest(1, {"site": str(path)}, call_words=may_say)) as site:
            yield device, panel, station, site


@pytest.fixture(scope="module")
def farm() -> Iterator[RtspFarm]:
    with RtspFarm([CAMERA.endpoint]) as served:
        yield served


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, VAULT_KEY)
    monkeypatch.setattr(centre_panels, "EVERY_S", 10.0 / SPEED)
    monkeypatch.setattr(onvif_events, "DELAY_S_MIN", 0.1)


def troubles(told: list[Any], where: str) -> list[str]:
    return [each.what.en for each in told if isinstance(each, Trouble) and each.where == where]


COVERED = ["it says that it is covered, turned or blurred: look", "it no longer says that it is covered or blurred"]


@pytest.mark.usefixtures("quick")
def test_a_site_of_all_kinds_from_a_dialled_alarm_to_a_named_person_at_the_police(
    farm: RtspFarm, tmp_path: Path
) -> None:
    async def story() -> None:
        async with all_kinds(tmp_path, farm) as (device, panel, station, site):
            (receiver,) = site.alarm_panels
            wall = [(each, PanelPlan(each.panel, at)) for each, at in site.wall_panels]
            sources, directory = site.event_sources, tmp_path / "centre"
            directory.mkdir()
            async with centre_with(directory, site.dispatch, wall, site.alarm_panels, sources) as (centre, told):
                path = DialledPath("fibre", "127.0.0.1", receiver.addresses["main"].port)
                spec = DiallerSpec("1234", (path,), key=KEY, poll_every_s=SILENT_AFTER_S / 4, answer_within_s=2.0)
                async with open_diallers([spec]) as panels:
                    await until(lambda: panel.asked and device.events.points, "everybody is heard")
                    panel.use_remote(power=PanelPower.OFF)
                    device.tell(OnvifEvent.TAMPER)
                    assert (await panels["1234"].raise_event("BA", 3)).word == "ACK"
                    name = await confirm(centre)
                    await until(lambda: centre.desk.alarm(name).state is AlarmState.POLICE_INFORMED, "police informed")
                    note = centre.desk.alarm(name).steps[-1].police
                    assert (note.service, note.taken_by, note.call) == ("police", "gardien Petit", name)
                    assert list(station.received) == [name]
                    assert station.refused == [], "signed, and as agreed"
                    assert station.received[name].event["data"]["words"] == "intrusion confirmée"
                    await until(lambda: troubles(told, "wall/mdc-1"), "a dark panel is told")
                    await until(lambda: troubles(told, "cam-0001") == COVERED[:1], "a covered camera is told")
                    panel.use_remote(power=PanelPower.ON)
                    device.tell(OnvifEvent.TAMPER, holds=False)
                    await until(lambda: len(troubles(told, "wall/mdc-1")) == 2, "its return")
                    await until(lambda: troubles(told, "cam-0001") == COVERED, "its return")
                    assert troubles(told, "alarms/1234/fibre") == []
                await until(lambda: troubles(told, "alarms/1234/fibre"), "a dialler that is cut off is told")
                async with open_diallers([spec]):
                    await until(lambda: len(troubles(told, "alarms/1234/fibre")) == 2, "its return")
                assert troubles(told, "alarms/1234/fibre") == ["path fibre: silent; no other left", "path fibre: back"]
                assert troubles(told, "wall/mdc-1") == ["the panel is off: switch it on", "the panel is on again"]

    asyncio.run(story())


@pytest.mark.requirement("AUD-3")
@pytest.mark.usefixtures("quick")
def test_what_was_heard_raises_nothing_and_a_refused_dialler_is_told_with_its_account_and_reason(
    farm: RtspFarm, tmp_path: Path
) -> None:
    async def story() -> None:
        async with all_kinds(tmp_path, farm) as (device, _, _, site):
            (receiver,) = site.alarm_panels
            path = DialledPath("fibre", "127.0.0.1", receiver.addresses["main"].port)

            def dialler(fault: DiallerFault) -> DiallerSpec:
                return DiallerSpec(
                    "1234", (path,), key=KEY, answer_within_s=0.3, tries_max=2, faults=frozenset({fault})
                )

            sources, directory = site.event_sources, tmp_path / "centre"
            directory.mkdir()
            async with centre_with(directory, None, (), site.alarm_panels, sources) as (centre, told):
                await until(lambda: centre.counts.sounds_dropped == 1, "how its detector of sounds stands is dropped")
                device.tell(OnvifEvent.SOUND)
                async with open_diallers([dialler(DiallerFault.LISTEN_IN)]) as panels:
                    assert (await panels["1234"].raise_event()).word == "DUH"
                await until(lambda: centre.counts.sounds_dropped == 3, "both are counted")
                device.tell(OnvifEvent.TAMPER)
                await until(lambda: troubles(told, "cam-0001"), "what came after the sound")
                alarms = [alarm.message.kind for alarm in centre.desk.open()]
                assert set(alarms) <= {AlarmKind.TECHNICAL}, "none but that the path polls no more"
                assert not troubles(told, "alarms/1234")
                assert troubles(told, "cam-0001") == COVERED[:1]

                for fault, why in REFUSED.items():
                    async with open_diallers([dialler(fault)]) as panels:
                        await panels["1234"].raise_event("BA", 3)
                    await until(lambda why=why: why in troubles(told, "alarms/1234"), why)
                kinds = {alarm.message.kind for alarm in centre.desk.open()}
                assert AlarmKind.TAMPER in kinds
                assert AlarmKind.INTRUSION not in kinds
                said = " ".join(f"{each.where} {each.what}" for each in told if isinstance(each, Trouble))
                assert KEY.hex() not in said.lower()
                assert "street-0000" not in said

    asyncio.run(story())


REFUSED = {
    DiallerFault.WRONG_KEY: "wrong key or altered content",
    DiallerFault.DOWNGRADED: "frame in clear of an account that has a key",
    DiallerFault.MISMATCHED_ACCOUNT: "the content does not match the header",
}
