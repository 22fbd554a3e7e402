"""A centre is killed in the middle of its work and started again on the same directory: nothing lost, nothing twice.

`csu demo --keep`, bound by files to devices that live on while it lies dead: a dome that turns for ever once it was
told to, an alarm panel that dials again and again, a police station. People act through HTTP, in sessions of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx
import pyrage
import pytest

from csu.centre.commands.demo_people import DemoPeople, told_by
from csu.centre.papers import Papers
from csu.console import invented_papers
from csu.console.sign_in.proofs import code_at
from csu.governance import CentreKey
from csu.hal.camera import CameraId, CommuneId
from csu.machine import LocalDisk, SystemClock
from hardware.vault import SECRET_NAME, Entry, Login, Vault
from sim.accounts import POLICE, accounts_text
from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.dc09 import DialledPath, DiallerSpec, open_diallers
from sim.endpoints.onvif import OnvifDevice, OnvifQuirk, OnvifSpec, open_onvif
from sim.endpoints.police import PoliceStation, PrivateAuthority, StationQuirk, StationSpec, serve_police
from sim.papers import PaperCamera, PapersOf, papers_text
from tests.e2e.test_demo import left_alive

ORVAL, DOME, FIXED = CommuneId("orval"), CameraId("cam-0001"), CameraId("cam-0002")
CASE, CASE_PATH = "2026-0042", "/api/cases/2026-0042"
OPERATOR, SECOND_OPERATOR, CLERK, OFFICER = "i.bernard", "h.petit", "c.faure", "opj:0123456"
CHIEF, RECIPIENT = "n.lambert", "e.colin"
OTHER_LINES = re.compile("trop longtemps|déport")
"""About an alarm, and no step of it."""
KEY, VAULT_KEY, TAKEN_BY = bytes(range(16)), "0123456789abcdef0123456789abcdef", "gardien Petit"
CSU = Path(sys.executable).with_name("csu")
FILMED_S, UP_S, SOON_S = 6.0, 90.0, 30.0
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]


def spec_of(camera: CameraId, number: int) -> OnvifSpec:
    endpoint = EndpointSpec(
        camera, number, width_px=352, height_px=288, frames_per_s=8, password="street-0000", sub=True
    )
    is_dome = camera == DOME
    quirks = frozenset({OnvifQuirk.IGNORES_TIMEOUT} if is_dome else ())
    return OnvifSpec(endpoint, ptz=is_dome, quirks=quirks)


SPECS = [spec_of(DOME, 1), spec_of(FIXED, 2)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class World:
    """What lives on while the centre lies dead."""

    folder: Path
    dome: OnvifDevice
    station: PoliceStation
    panel: Any
    port: int
    sessions: dict[str, httpx.Cookies] = field(default_factory=dict)
    alarms: list[str] = field(default_factory=list)
    """Names of those that were seen, in their order."""

    @property
    def data(self) -> Path:
        return self.folder / "centre"

    @property
    def log(self) -> str:
        return (self.folder / "stderr.log").read_text()

    def start(self) -> subprocess.Popen[str]:
        """The centre, in a process of its own."""
        site = ["--binding", "field", "--option", f"site={self.folder / 'site.yaml'}", "--keep", str(self.data)]
        console = ["--headless", "--json", "--port", str(self.port), "--report", str(self.folder / "report.html")]
        environment = os.environ | {SECRET_NAME: VAULT_KEY, "CSU_EVIDENCE_PRACTICE": "1"}
        with (self.folder / "stderr.log").open("a") as stderr:
            return subprocess.Popen(
                [str(CSU), "demo", *site, *console],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
            )

    async def ask(self, account: str, method: str, path: str, body: object = None, ok: int = 200) -> Any:
        """As that person, whose session outlives the centre."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as client:
            client.cookies = self.sessions.get(account, httpx.Cookies())
            answer = await client.request(method, path, json=body)
            assert answer.status_code == ok, f"{account} {method} {path}: {answer.status_code} {answer.text}"
            self.sessions[account] = client.cookies
            return answer.json() if answer.content else None

    async def sign_in(self, account: str) -> None:
        told = told_by(self.folder / "comptes.html")
        assert told is not None
        person = next(each for each in told["people"] if each["account"] == account)
        password = {"account": account, "password": told["password"]}
        ticket = (await self.ask(account, "POST", "/api/sign-in", password))["ticket"]
        code = code_at(person["secret"], SystemClock().now_ns())
        await self.ask(account, "POST", "/api/sign-in/code", {"ticket": ticket, "code": code, "role": person["id"]})

    async def until(self, what: Callable[[], Any], name: str, within_s: float = SOON_S) -> Any:
        """What `what` says (it may be awaitable) once it is true; refused connections are not yet."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                said = what()
                found = await said if asyncio.iscoroutine(said) else said
            except httpx.TransportError:
                found = None
            if found:
                return found
            assert time.monotonic() < deadline, f"never: {name}\n{self.log[-4000:]}"
            await asyncio.sleep(0.1)

    async def is_up(self) -> bool:
        """It answers, if only that it does not know who asks."""
        return bool(await self.ask("nobody", "GET", "/api/me", ok=401))

    async def is_live(self) -> bool:
        cameras = await self.ask(OPERATOR, "GET", "/api/cameras")
        return [each["state"] for each in cameras] == ["live", "live"]

    async def desk(self) -> dict[str, Any]:
        """Unfinished alarms, by name."""
        told = await self.ask(OPERATOR, "GET", "/api/alarms/desk")
        return {each["alarm"]["alarm"]: each["alarm"] for each in told["lines"]}

    async def rings(self) -> str:
        """The panel dials an intrusion; the alarm's name."""
        assert (await self.panel.raise_event("BA", 3)).word == "ACK"
        return await self.until(self.another_alarm, "the alarm that was acknowledged")

    async def another_alarm(self) -> str | None:
        new = [name for name in await self.desk() if name not in self.alarms]
        self.alarms += new
        return new[0] if new else None

    async def step(self, alarm: str, to: str) -> None:
        await self.ask(OPERATOR, "POST", f"/api/alarms/{alarm}/advance", {"to": to})


class UnderWay(Protocol):
    """Something that is begun before the centre is killed, and must stand as it stood when it is back."""

    async def begin(self, world: World) -> None: ...

    async def is_back(self, world: World) -> None:
        """Nothing of it lost, nothing twice. What follows from it goes on."""
        ...


class OpenAlarm:
    """In doubt removal when the centre dies."""

    async def begin(self, world: World) -> None:
        self.name = await world.rings()
        await world.ask(OPERATOR, "POST", f"/api/alarms/{self.name}/acknowledge")
        await world.step(self.name, "doubt_removal")
        self.before = (await world.desk())[self.name]
        self.lines = await self.written(world)
        assert len(self.lines) == 3

    async def is_back(self, world: World) -> None:
        after = (await world.desk())[self.name]
        assert (after["state"], after["steps"]) == (self.before["state"], self.before["steps"])
        assert await self.written(world) == self.lines
        await world.step(self.name, "false")
        await world.step(self.name, "closed")
        assert self.name not in await world.desk()

    async def written(self, world: World) -> list[tuple[int, str]]:
        told = await world.ask(OPERATOR, "GET", f"/api/log/of-alarm?alarm={self.name}")
        return [(each["number"], each["text"]) for each in told if not OTHER_LINES.search(each["text"])]


class DeportOpen:
    """Of that alarm, to one named person of the police: it goes on to the end that it had."""

    def __init__(self, alarm: OpenAlarm) -> None:
        self._of = alarm

    async def begin(self, world: World) -> None:
        for account in (CHIEF, RECIPIENT):
            await world.sign_in(account)
        self.asked = {
            "what": "intrusion",
            "recipient": RECIPIENT,
            "cameras": [FIXED],
            "reason": "intrusion à la mairie",
            "alarm": self._of.name,
        }
        self.before = await world.ask(CHIEF, "POST", "/api/deports", self.asked)
        assert self.before["is_open"]

    async def is_back(self, world: World) -> None:
        (after,) = (await world.ask(CHIEF, "GET", "/api/deports"))["deports"]
        assert [line["step"] for line in after["lines"]] == ["started", "resumed"]
        assert (after["deport"], after["until_ns"]) == (self.before["deport"], self.before["until_ns"])
        assert after["lines"][0] == self.before["lines"][0]
        await world.ask(CHIEF, "POST", "/api/deports", self.asked, ok=409)  # it is open already: no second one
        (mine,) = await world.ask(RECIPIENT, "GET", "/api/deports/mine")
        assert (mine["is_open"], [each["camera"] for each in mine["cameras"]]) == (True, [FIXED])

    async def is_over(self, world: World) -> bool:
        """Its alarm was found false meanwhile."""
        (mine,) = await world.ask(RECIPIENT, "GET", "/api/deports/mine")
        return (mine["is_open"], mine["why"]) == (False, "incident_over")


class CallUnderWay:
    """Confirmed; the station heard it and nobody there answered yet."""

    async def begin(self, world: World) -> None:
        world.station.misbehave(StationQuirk.SILENT)
        self.name = await world.rings()
        await world.ask(OPERATOR, "POST", f"/api/alarms/{self.name}/acknowledge")
        await world.step(self.name, "doubt_removal")
        await world.step(self.name, "confirmed")
        await world.until(lambda: self.name in world.station.received, "the call")

    async def is_back(self, world: World) -> None:
        assert (await world.desk())[self.name]["state"] == "confirmed"
        world.station.heal()

        async def is_informed() -> bool:
            if (await world.desk())[self.name]["state"] == "police_informed":
                return True
            calls = [each["text"] for each in await world.ask(OPERATOR, "GET", "/api/log") if each["call"] == self.name]
            if any("téléphoner" in text for text in calls):  # it lay dead for longer than a contact may be silent
                told = {"to": "police_informed", "service": "police", "taken_by": TAKEN_BY}
                await world.ask(OPERATOR, "POST", f"/api/alarms/{self.name}/advance", told)
            return False

        await world.until(is_informed, "police informed", 60)
        assert list(world.station.received) == [self.name], "one call, under its key"
        steps = (await world.desk())[self.name]["steps"]
        assert [each["to"] for each in steps] == ["acked", "doubt_removal", "confirmed", "police_informed"]
        assert steps[-1]["taken_by"] == TAKEN_BY


class HandOnTheDome:
    """A camera that would turn for ever: it forgets its time-out, and who held it is dead."""

    async def begin(self, world: World) -> None:
        await world.ask(OPERATOR, "POST", f"/api/cameras/{DOME}/ptz/move", {"pan": 0.2})
        assert world.dome.head.reading().moving

    async def is_back(self, world: World) -> None:
        await world.until(lambda: not world.dome.head.reading().moving, "the camera rests")
        (dome,) = await world.ask(OPERATOR, "GET", "/api/ptz")
        assert (dome["camera"], dome["holder"], dome["is_moving"]) == (DOME, None, False)


class LockedCase:
    """A requisition whose footage is locked and of which no package is made yet."""

    def __init__(self, from_s: float, to_s: float) -> None:
        self.from_at, self.to_at = (datetime.fromtimestamp(at_s, UTC).isoformat() for at_s in (from_s, to_s))

    async def begin(self, world: World) -> None:
        for account in (OFFICER, CLERK):
            await world.sign_in(account)
        act = {
            "basis": "CPP_60_1",
            "number": "PV 2026/1234",
            "officer": {"name": "Durand", "rank": "Maj.", "unit": "CIAT Metz", "number": OFFICER.removeprefix("opj:")},
            "received_at": datetime.now(UTC).isoformat(),
            "spans": [{"camera": FIXED, "from_at": self.from_at, "to_at": self.to_at}],
            "act_sha256": "ab" * 32,
            "is_signed": True,
        }
        await world.ask(OFFICER, "PUT", CASE_PATH, act, ok=201)
        await world.ask(CLERK, "POST", f"{CASE_PATH}/check")
        await world.ask(CLERK, "POST", f"{CASE_PATH}/lock")
        self.before = await world.ask(CLERK, "GET", CASE_PATH)
        assert self.before["state"] == "locked"

    async def is_back(self, world: World) -> None:
        assert await world.ask(CLERK, "GET", CASE_PATH) == self.before
        assert [each["case"] for each in await world.ask(CLERK, "GET", "/api/cases")] == [CASE]
        recipient = str(pyrage.x25519.Identity.generate().to_public())
        await world.ask(CLERK, "POST", f"{CASE_PATH}/prepare", {"recipients": [recipient]})
        assert (await world.ask(CLERK, "GET", CASE_PATH))["state"] == "prepared"


def write_site(
    folder: Path, devices: dict[str, OnvifDevice], station: PoliceStation, authority: PrivateAuthority, dial: int
) -> None:
    """As an engineer's commands leave it: the files, and the secrets in the vault."""
    (folder / "cameras").mkdir()
    vault, papers = Vault(LocalDisk(folder / "vault"), VAULT_KEY.encode()), authority.client("csu")
    for number, device in enumerate(devices.values(), start=1):
        (folder / "cameras" / f"{device.name}.yaml").write_text(
            f"camera: {device.name}\nnumber: {number}\nname: Place {number}\ncommune: {ORVAL}\nview: wide_view\n"
            f"address: {device.url}\n"
        )
        vault.keep(device.name, Entry(Login("csu", "street-0000")))
    (folder / "alarms.yaml").write_text(
        f"commune: {ORVAL}\nsite: csu\ndoors: [{{name: main, port: {dial}}}]\naccounts:\n"
        f"  - {{account: '1234', commune: {ORVAL}, site: Mairie, key: dc09/1234,\n"
        "     paths: [{name: fibre, door: main, silent_after_s: 600}]}\n"
    )
    (folder / "dispatch.yaml").write_text(
        "source: urn:csu:e2e\nhosts: [localhost]\nanswer_within_s: 2.0\nask_every_s: 0.1\ncontacts:\n"
        f"  - {{name: station, service: police, communes: [{ORVAL}], url: '{station.url}', secret: police/station}}\n"
    )
    (folder / "site.yaml").write_text("site: orval\nalarms: alarms.yaml\ndispatch: dispatch.yaml\n")
    secrets = {
        "dc09/1234": KEY,
        "police/station": station.secret,
        "dispatch/authority": authority.certificate_pem,
        "dispatch/certificate": papers.certificate_pem,
        "dispatch/key": papers.key_pem,
    }
    for name, secret in secrets.items():
        vault.keep_secret(name, secret)


def enter_papers_and_people(folder: Path) -> None:
    """By the commands' own ways, before the centre has ever run."""
    data, now_ns = folder / "centre", SystemClock().now_ns()
    key = CentreKey.load_or_make(data / "centre" / "key.pem")
    papers = Papers.open(data / "orders.sqlite", key)
    cameras = [PaperCamera(DOME, ORVAL), PaperCamera(FIXED, ORVAL)]
    papers.take_in(
        papers_text(PapersOf(cameras, now_ns, recipients=(POLICE,))), invented_papers({}, date(2026, 1, 1)), now_ns
    )
    papers.close()
    people = DemoPeople(data, folder / "comptes.html")
    people.enter(accounts_text([ORVAL], now_ns))
    people.write("")


@asynccontextmanager
async def world_at(folder: Path, farm: RtspFarm) -> AsyncIterator[World]:
    clock = SystemClock()
    authority = PrivateAuthority("rehearsal", clock)
    dial = free_port()
    path = DialledPath("fibre", "127.0.0.1", dial)
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(open_onvif(SPECS, farm=farm))
        station = StationSpec(taken_by=TAKEN_BY, taken_after_s=0.1)
        station_ = await stack.enter_async_context(serve_police(station, authority, clock))
        write_site(folder, served.devices, station_, authority, dial)
        enter_papers_and_people(folder)
        spec = DiallerSpec("1234", (path,), key=KEY, answer_within_s=1.0, tries_max=200)
        panels = await stack.enter_async_context(open_diallers([spec]))
        dome = next(device for device in served.devices.values() if device.name == DOME)
        yield World(folder, dome, station_, panels["1234"], free_port())


async def end(world: World, process: subprocess.Popen[str]) -> dict[str, Any]:
    """As Ctrl-C does; what it found."""
    os.kill(process.pid, signal.SIGINT)
    out, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode in (0, 1), world.log[-4000:]
    return json.loads(out)


async def films(world: World) -> tuple[float, float]:
    """A first life, that ends as it should: seconds since 1970 that are on disk."""
    process = world.start()
    await world.until(world.is_up, "the console", UP_S)
    await world.sign_in(OPERATOR)
    await world.until(world.is_live, "pictures", UP_S)
    from_s = time.time() + 1.0
    await asyncio.sleep(FILMED_S)
    to_s = time.time() - 1.0
    await end(world, process)
    return from_s, to_s


@pytest.fixture(scope="module")
def farm():
    with RtspFarm([spec.endpoint for spec in SPECS]) as served:
        yield served


def test_what_was_under_way_when_a_centre_was_killed_stands_when_it_is_back(farm: RtspFarm, tmp_path: Path) -> None:
    async def story() -> None:
        async with world_at(tmp_path, farm) as world:
            filmed = await films(world)
            alarm, hand = OpenAlarm(), HandOnTheDome()
            deport = DeportOpen(alarm)
            under_way: list[UnderWay] = [alarm, deport, CallUnderWay(), LockedCase(*filmed)]
            first = (hand, deport, alarm)  # the alarm's end is the deport's
            process = world.start()
            try:
                await world.until(world.is_live, "pictures", UP_S)
                await world.sign_in(SECOND_OPERATOR)
                for account in (OPERATOR, SECOND_OPERATOR):
                    await world.ask(account, "POST", "/api/watch/post")
                for each in under_way:
                    await each.begin(world)
                before = await world.ask(OPERATOR, "GET", "/api/log")
                await hand.begin(world)
                process.kill()  # at once: in 600 ms the centre itself would stop what nobody holds any more
                await asyncio.to_thread(process.wait)
                assert world.dome.head.reading().moving, "nobody stops it"
                assert await asyncio.to_thread(left_alive, process.pid, 20.0) == [], "its nodes and wall ended too"
                dialled = asyncio.create_task(world.panel.raise_event("BA", 3))
                await asyncio.sleep(1.0)

                process = world.start()
                await world.until(world.is_live, "pictures again", UP_S)
                for each in (*first, *under_way[2:]):
                    await each.is_back(world)
                await world.until(lambda: deport.is_over(world), "the deport is over")
                assert (await dialled).word == "ACK"
                await world.until(world.another_alarm, "what was dialled while it lay dead")
                assert len(world.alarms) == 3
                after = await world.ask(OPERATOR, "GET", "/api/log")
                check_log(before, after)
                found = await end(world, process)
            finally:
                if process.poll() is None:
                    process.kill()
            assert found["journal"]["holds"], found

    asyncio.run(story())


def check_log(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Each line of before is there as it was, and no number is missing or there twice."""
    assert after[: len(before)] == before
    assert [each["number"] for each in after] == list(range(1, len(after) + 1))
