"""The requisition desk's pages in a real browser, before the real desk of a centre on disk: real sealed footage, real
registers, a package that the verifier of a court accepts (EXP-1 to EXP-9)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page, expect

from csu.console import Access, RoomHealth, create_app, serve_console
from csu.console.demonstration import JournalInMemory
from csu.console.identity import Claims, SignedTokens, make_token
from csu.console.room import RoomCounters
from csu.governance import Agreement, Designation, Role, Subject
from csu.governance.centre_key import CentreKey
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock
from sim.papers import VIEWERS
from tests.centre.desk.conftest import BEGIN_NS, RECORD, Home, Past, film

CSU = Path(sys.executable).with_name("csu")
MATRICULE = "0123456"
FROM_NS, TO_NS = BEGIN_NS + 20 * NS_PER_S, BEGIN_NS + 95 * NS_PER_S
TOLD_MS = 15_000
"""The page asks each five seconds, and a package takes one or two."""


def account(role: Role) -> str:
    return f"opj:{MATRICULE}" if role is Role.JUDICIAL_OFFICER else f"{role.value}.1"


class People:
    """One account for each role, with every paper there is."""

    def find(self, person: str, role: Role, at_ns: int) -> Subject | None:
        if person != account(role):
            return None
        metz = frozenset({RECORD.commune})
        papers = Designation(VIEWERS[0], metz, Agreement(VIEWERS[0], date(2020, 1, 1), date(2040, 1, 1)))
        return Subject(person, role, False, papers, is_municipal_police=True, communes=metz)


class QuietRoom:
    """The camera that was recorded yesterday; it is lost today, and nothing moves."""

    relay = None

    def cameras(self) -> Sequence[CameraStatus]:
        return [CameraStatus(RECORD, CameraState.LOST, 0, 0)]

    def health(self) -> RoomHealth:
        return RoomHealth(True, "1.2.3", 0, 1, 1)

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        return None


@dataclass
class House:
    """A console over the desk of one centre."""

    home: Home
    key: CentreKey = field(default_factory=lambda: CentreKey(Ed25519PrivateKey.generate()))
    url: str = ""

    def lives(self, started: threading.Event, ended: asyncio.Event) -> None:
        self.home.live(lambda past: self._serve(past, started, ended), at_ns=time.time_ns())

    async def _serve(self, past: Past, started: threading.Event, ended: asyncio.Event) -> None:
        self.loop, clock = asyncio.get_running_loop(), SystemClock()
        self.desk = past.desk
        identity = SignedTokens(self.key.public, People())
        access = Access(self.home.papers, identity, JournalInMemory(clock), past.desk)
        async with serve_console(create_app(QuietRoom(), clock=clock, access=access)) as self.url:
            started.set()
            await ended.wait()

    def token(self, role: Role) -> str:
        from_ns = time.time_ns() - NS_PER_S
        claims = Claims(person=account(role), role=role.value, strong_login=True, from_ns=from_ns, to_ns=from_ns)
        return f"Bearer {make_token(self.key, claims.model_copy(update={'to_ns': from_ns + 14 * NS_PER_MINUTE}))}"


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[House]:
    path = tmp_path_factory.mktemp("house") / "centre"
    path.mkdir()
    made, started, ended = House(Home(path, film(path))), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: made.lives(started, ended))
    thread.start()
    assert started.wait(30)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join()


class Desks:
    """A browser profile for each role: what one of them sees, and nobody else's session."""

    def __init__(self, chromium: Browser, house: House) -> None:
        self._chromium, self._house = chromium, house
        self.faults: list[str] = []
        self._open: list[Page] = []

    def of(self, role: Role, at: str = "desk", **options: object) -> Page:
        given = {"viewport": {"width": 1366, "height": 768}, "locale": "fr-FR", "color_scheme": "dark"} | options
        headers = {"authorization": self._house.token(role)}
        context = self._chromium.new_context(**given, extra_http_headers=headers)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)
        page.goto(f"{self._house.url}{'?lang=en' if options.get('locale') == 'en-GB' else ''}#{at}")
        self._open.append(page)
        return page

    def close(self) -> None:
        for page in self._open:
            page.context.close()
        assert not self.faults, self.faults


@pytest.fixture
def desks(chromium: Browser, house: House) -> Iterator[Desks]:
    made = Desks(chromium, house)
    yield made
    made.close()


def paris(at_ns: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_ns // 1000)
    return at.astimezone(ZoneInfo("Europe/Paris")).strftime("%Y-%m-%dT%H:%M:%S")


def type_act(page: Page, case: str, from_ns: int = FROM_NS, to_ns: int = TO_NS) -> None:
    page.get_by_label("Fondement").select_option("CPP_60_1")
    page.get_by_label("Numéro de procédure").fill("PV 2026/1234")
    page.get_by_label("Numéro du dossier").fill(case)
    page.get_by_label("Grade").fill("Maj.")
    page.get_by_label("Nom", exact=True).fill("Durand")
    page.get_by_label("Unité").fill("CIAT Metz")
    page.get_by_label("Caméra").fill(RECORD.camera)
    page.get_by_label("Du", exact=True).fill(paris(from_ns))
    page.get_by_label("Au", exact=True).fill(paris(to_ns))
    page.get_by_label("Acte numérisé").set_input_files(
        {"name": "acte.pdf", "mimeType": "application/pdf", "buffer": b"%PDF the act"}
    )


def state_of(page: Page, case: str, word: str) -> None:
    expect(page.locator(".desk-case header .state")).to_have_text(word, timeout=TOLD_MS)
    expect(page.locator("#desk-case-title")).to_have_text(case)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.requirement("EXP-1")
@pytest.mark.requirement("EXP-9")
def test_from_the_act_to_the_signed_receipt_each_at_his_own_desk(house, desks, tmp_path) -> None:
    case = "2026-0042"
    officer = desks.of(Role.JUDICIAL_OFFICER, "desk/new")
    type_act(officer, case)
    expect(officer.locator(".looks .fault")).to_contain_text("n'est pas signé", timeout=TOLD_MS)
    expect(officer.get_by_role("button", name="Enregistrer l’acte")).to_be_disabled()
    officer.get_by_label("J’ai vu la signature").check()
    expect(officer.locator(".looks")).to_contain_text("Rien à redire", timeout=TOLD_MS)
    press(officer, "Enregistrer l’acte")
    state_of(officer, case, "Reçue")

    clerk = desks.of(Role.EVIDENCE_CLERK)
    clerk.get_by_role("button", name=case).click()
    for step, word in (("Vérifier l’acte", "Vérifiée"), ("Verrouiller les images", "Verrouillée")):
        press(clerk, step)
        state_of(clerk, case, word)
    clerk.get_by_label("Clés publiques").fill("age1-this-is-no-key")
    press(clerk, "Préparer le paquet")
    expect(clerk.locator(".prepare .refused")).to_contain_text("age", timeout=TOLD_MS)
    clerk.get_by_label("Clés publiques").fill(house.home.recipients[0])
    press(clerk, "Préparer le paquet")
    state_of(clerk, case, "Préparée")
    expect(clerk.get_by_role("button", name="Libérer le paquet", exact=True)).to_have_count(0)

    manager = desks.of(Role.CSU_MANAGER, f"desk/{case}")
    expect(manager.get_by_text("Préparé par evidence_clerk.1")).to_be_visible(timeout=TOLD_MS)
    press(manager, "Libérer le paquet")
    state_of(manager, case, "Libérée")

    state_of(clerk, case, "Libérée")
    with clerk.expect_download() as downloaded:
        press(clerk, "Copier le paquet sur le support")
    package = tmp_path / "package.tar.age"
    downloaded.value.save_as(package)
    clerk.get_by_label("Référence du support").first.fill("BD-R 77")
    press(clerk, "Prêt à remettre : l’officier signe ici")

    officer.get_by_label("Numéro de scellé").fill("S-12", timeout=TOLD_MS)
    press(officer, "Inscrire le scellé")
    expect(officer.locator(".receipt .receipt")).to_contain_text("Scellé : S-12", timeout=TOLD_MS)
    officer.get_by_label("J’ai lu ce reçu").check()
    press(officer, "Signer le reçu")
    state_of(officer, case, "Remise")
    expect(officer.locator(".way li.done")).to_have_count(6)

    state_of(clerk, case, "Remise")
    expect(clerk.locator("[aria-labelledby=desk-register]")).to_contain_text("officier 0123456")
    history = clerk.locator("[aria-labelledby=desk-history] tbody tr")
    assert [row.split("\t")[2] for row in history.all_inner_texts()] == [
        *("opj:0123456", *["evidence_clerk.1"] * 3, "csu_manager.1", "evidence_clerk.1"),
        *("opj:0123456", "opj:0123456"),
    ]
    assert verified(house, package, case)


def verified(house: House, package: Path, case: str) -> bool:
    """What the verifier of a court says of what the browser saved."""
    identity = package.with_name("key.txt")
    identity.write_text(f"{house.home.identity}\n")
    practice = house.home.path / "centre" / "practice"
    trust = ["--trust", str(practice / "signer-authority.pem"), "--trust-time", str(practice / "stamp-authority.pem")]
    command = [str(CSU), "evidence", "verify", str(package), "--identity", str(identity), *trust, "--case", case]
    ran = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60)
    verdict = json.loads(ran.stdout)
    return (ran.returncode, verdict["holds"], verdict["case"]) == (0, True, case)
