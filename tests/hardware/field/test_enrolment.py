"""Cameras entered into a site, on simulated ONVIF devices over TLS: interrupted and gone on with, and fifty of them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from csu.centre.commands.enrol_many import Board, Outcome, enter_many
from csu.hal.camera import CameraError, CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.fieldwork import Candidate, Findings, Newcomer, Route, Stage
from csu.hal.words import Words
from csu.machine import LocalDisk, SystemClock
from hardware.field import FIELDWORK
from hardware.field.camera_files import read_cameras
from hardware.onvif.accounts import OnvifAccounts
from hardware.vault import SECRET_NAME, Vault, VaultError
from sim.endpoints import EndpointSpec
from sim.endpoints.onvif import OnvifSite, OnvifSpec, open_onvif
from sim.endpoints.police import PrivateAuthority

KEY = "0123456789abcdef0123456789abcdef"
FIFTY_WITHIN_S = 60.0
WORDS = Words("coupée", "cut")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SECRET_NAME, KEY)
    (tmp_path / "site.yaml").write_text("site: metz\n")
    return tmp_path


@asynccontextmanager
async def served(folder: Path, count: int) -> AsyncIterator[OnvifSite]:
    papers = PrivateAuthority("field", SystemClock()).server("127.0.0.1")
    pem = folder / "served.pem"
    pem.write_bytes(papers.certificate_pem + b"\n" + papers.key_pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    specs = [
        OnvifSpec(EndpointSpec(f"cam-{number:04d}", number, password="street-0000")) for number in range(1, count + 1)
    ]
    async with open_onvif(specs, tls=tls) as site:
        yield site


def newcomer(site: OnvifSite, number: int = 1, password: str = "street-0000", pin: str = "") -> Newcomer:
    camera = CameraId(f"cam-{number:04d}")
    record = CameraRecord(camera, number, "Place", CommuneId("metz"), ViewType.WIDE)
    return Newcomer(record, site.device(camera).url.replace("://", f"://csu:{password}@") + pin)


def test_entering_pins_keeps_and_changes_and_goes_on_where_it_was_cut_short(folder, monkeypatch):
    cut = {"at": 0}
    put, remove = OnvifAccounts.put, OnvifAccounts.remove

    async def fails_once(self, *what):
        cut["at"] += 1
        if cut["at"] in (1, 3):
            raise CameraError(WORDS, where="cam-0001", what_to_do=WORDS)
        await (put if len(what) == 2 and not isinstance(what[1], str) else remove)(self, *what)

    async def fails(self, *what):
        raise CameraError(WORDS, where="cam-0001", what_to_do=WORDS)

    async def story() -> None:
        async with served(folder, 1) as site:
            work = FIELDWORK.open(folder / "site.yaml")
            with pytest.raises(BadInput, match="another certificate"):
                await work.enter(newcomer(site, pin="#sha256=" + "0" * 64))
            with pytest.raises(BadInput, match="refuses this account"):
                await work.enter(newcomer(site, password="wrong-0000"))
            assert work.cameras() == (), "a login that is not taken makes no entry"

            monkeypatch.setattr(OnvifAccounts, "put", fails_once)
            monkeypatch.setattr(OnvifAccounts, "remove", fails_once)
            for _ in range(2):
                with pytest.raises(CameraError):
                    await (work.enter(newcomer(site)) if cut["at"] == 0 else work.resume(CameraId("cam-0001")))
            entered = await FIELDWORK.open(folder / "site.yaml").resume(CameraId("cam-0001"))

            entry = read_cameras(folder / "cameras")[CameraId("cam-0001")]
            assert entry.endpoint.startswith("urn:uuid:")
            assert (entry.examined, entry.is_examined) == (None, False), "entering signs nothing off"
            assert len(entered.fingerprint) == 64
            account = Vault(LocalDisk(folder / "vault"), KEY.encode()).entry(CameraId("cam-0001")).account
            assert account.user in ("csu-a", "csu-b")
            assert site.device("cam-0001").find_account("csu") is None, "the account of its set-up is gone"
            record = CameraRecord(CameraId("cam-0009"), 1, "x", CommuneId("metz"), ViewType.WIDE)
            with pytest.raises(BadInput, match="has number 1 already"):
                await work.enter(Newcomer(record, newcomer(site).target))

            with pytest.raises(VaultError):
                await work.rotate(CameraId("cam-0001"))  # it was opened before another one wrote: nothing is lost
            work = FIELDWORK.open(folder / "site.yaml")
            work.keep_findings(CameraId("cam-0001"), Findings("now", True, "r.html", (), Route.EDGE, True))
            assert read_cameras(folder / "cameras")[CameraId("cam-0001")].is_examined
            since_ns = work.account_since_ns(CameraId("cam-0001"))
            assert 0 <= SystemClock().now_ns() - since_ns < 60 * NS_PER_S
            assert work.stage(CameraId("cam-0001")) is Stage.EXAMINED
            monkeypatch.setattr(OnvifAccounts, "remove", fails)
            with pytest.raises(CameraError):
                await work.rotate(CameraId("cam-0001"))
            assert work.account_since_ns(CameraId("cam-0001")) is None, "cut short: it is due"
            assert work.stage(CameraId("cam-0001")) is Stage.BEGUN
            monkeypatch.setattr(OnvifAccounts, "remove", remove)
            await work.rotate(CameraId("cam-0001"))
            assert Vault(LocalDisk(folder / "vault"), KEY.encode()).entry(CameraId("cam-0001")).account != account
            files = [path for path in folder.rglob("*") if path.is_file() and path.name != "served.pem"]
            assert not any(account.password.encode() in path.read_bytes() for path in files)

    asyncio.run(story())


@pytest.mark.nightly
@pytest.mark.timeout(240)
def test_fifty_cameras_are_entered_within_a_minute(folder):
    """Discovery and the examination left out: found, pinned, logged in, account changed and proved, entry written."""

    async def story() -> None:
        async with served(folder, 50) as site:
            work = FIELDWORK.open(folder / "site.yaml")
            found, _ = await FIELDWORK.discover("", f"127.0.0.1:{site.discovery_port}", 1.0, folder / "site.yaml")
            assert len(found) == 50
            began, cpu = time.monotonic(), time.process_time()
            all_of_them = [newcomer(site, number) for number in range(1, 51)]
            candidates = [Candidate(each.record.camera, each) for each in all_of_them]
            with Board(50, Console(quiet=True)) as board:
                rows = await enter_many(work, candidates, None, 8, board)
            assert {row.outcome for row in rows} == {Outcome.UNEXAMINED}
            took_s = time.monotonic() - began
            print(f"50 entered in {took_s:.1f} s, {time.process_time() - cpu:.1f} CPU s")
            assert len(work.cameras()) == 50
            assert took_s <= FIFTY_WITHIN_S

    asyncio.run(story())
