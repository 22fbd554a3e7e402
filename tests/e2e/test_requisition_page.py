"""The requisition desk's pages in a real browser (EXP-1 to EXP-9).

The Show is played before a centre that runs and records; what is looked at closely, before the real desk of a centre's
directory: real sealed footage, real registers, and no street.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page, expect

from csu.centre.centre_settings import CentreSettings
from csu.centre.commands.demo_people import DemoPeople
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.running import open_centre
from csu.console import Access, create_app, serve_console
from csu.console.demonstration import JournalInMemory
from csu.console.identity import Claims, SignedTokens, make_token
from csu.evidence import Officer
from csu.governance import Agreement, Designation, Role, Subject
from csu.governance.centre_key import CentreKey
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock
from sim.papers import VIEWERS
from sim.street_binding import open_street
from tests.centre.desk.conftest import BEGIN_NS, RECORD, Home, Past, film
from tests.e2e.signing_in import sign_in, told_at
from tests.e2e.test_console_browser import PALE_WORDS
from tests.e2e.test_requisition import CAMERAS, CSU, STREET, Centre, account
from tests.e2e.test_sign_in_browser import QuietRoom

PEOPLE = {Role.JUDICIAL_OFFICER: "opj:0123456", Role.EVIDENCE_CLERK: "c.faure", Role.CSU_MANAGER: "v.morel"}
"""The invented people of the street: at the Show each signs in with both factors."""
TOLD_MS = 15_000
"""The page asks each five seconds, and a package takes one or two."""


class People:
    """One account for each role, with every paper there is."""

    def find(self, person: str, role: Role, at_ns: int) -> Subject | None:
        if person != account(role):
            return None
        metz = frozenset({RECORD.commune})
        papers = Designation(VIEWERS[0], metz, Agreement(VIEWERS[0], date(2020, 1, 1), date(2040, 1, 1)))
        return Subject(person, role, False, papers, is_municipal_police=True, communes=metz)


class YesterdaysRoom(QuietRoom):
    """The camera that was recorded yesterday; it is lost today."""

    def cameras(self) -> Sequence[CameraStatus]:
        return [CameraStatus(RECORD, CameraState.LOST, 0, 0)]


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
        async with serve_console(create_app(YesterdaysRoom(), clock=clock, access=access)) as self.url:
            started.set()
            await ended.wait()

    def token(self, role: Role) -> str:
        return token_of(self.key, role)


def token_of(key: CentreKey, role: Role) -> str:
    from_ns, to_ns = time.time_ns() - NS_PER_S, time.time_ns() + 13 * NS_PER_MINUTE
    told = Claims(person=account(role), role=role.value, strong_login=True, from_ns=from_ns, to_ns=to_ns)
    return f"Bearer {make_token(key, told)}"


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


class Street(Centre):
    """A centre that films a street twice: what its first life recorded is requisitioned in the second."""

    url: str
    told: dict[str, Any]
    """Its people, and how they sign in."""

    def lives_for(self, started: threading.Event, ended: asyncio.Event) -> None:
        asyncio.run(self._films())
        self.rows = self.catalogued()
        asyncio.run(self._serves(started, ended))

    async def _serves(self, started: threading.Event, ended: asyncio.Event) -> None:
        async with self._open() as running:
            await self._live(running)
            self.invented.write(running.console_url)
            self.told = told_at(self.invented.page)
            self.loop, self.url = asyncio.get_running_loop(), running.console_url
            started.set()
            await ended.wait()

    def _open(self) -> Any:
        self.invented = DemoPeople(self.directory, self.directory / "comptes.html")
        settings = CentreSettings(
            self.directory,
            site=self.invented.around(open_street),
            cameras=CAMERAS,
            options=STREET,
            evidence=EvidenceSettings(practice=True, centre="CSU d'essai"),
        )
        return open_centre(settings, observe=lambda event: None, progress=lambda words: None)


@pytest.fixture(scope="module")
def street(tmp_path_factory) -> Iterator[Street]:
    made, started, ended = Street(tmp_path_factory.mktemp("street")), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: made.lives_for(started, ended), daemon=True)
    thread.start()
    assert started.wait(120)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join()


class Desks:
    """A browser profile for each role: what one of them sees, and nobody else's session."""

    def __init__(self, chromium: Browser, house: House | Street) -> None:
        self._chromium, self._house = chromium, house
        self.faults: list[str] = []
        self._open: list[Page] = []

    def of(self, role: Role, at: str = "desk", **options: object) -> Page:
        given = {"viewport": {"width": 1366, "height": 768}, "locale": "fr-FR", "color_scheme": "dark"} | options
        context = self._chromium.new_context(**given)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)
        if isinstance(self._house, House):
            context.set_extra_http_headers({"authorization": self._house.token(role)})
        else:
            sign_in(page, self._house.told, PEOPLE[role])
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


def type_act(page: Page, case: str, camera: str, from_ns: int, to_ns: int) -> None:
    page.get_by_label("Fondement").select_option("CPP_60_1")
    page.get_by_label("Numéro de procédure").fill("PV 2026/1234")
    page.get_by_label("Numéro du dossier").fill(case)
    page.get_by_label("Grade").fill("Maj.")
    page.get_by_label("Nom", exact=True).fill("Durand")
    page.get_by_label("Unité").fill("CIAT Metz")
    page.get_by_label("Caméra").fill(camera)
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


@pytest.fixture
def stage(chromium: Browser, street: Street) -> Iterator[Desks]:
    made = Desks(chromium, street)
    yield made
    made.close()


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.requirement("EXP-1")
@pytest.mark.requirement("EXP-9")
def test_from_the_act_to_the_signed_receipt_each_at_his_desk_while_the_centre_records(street, stage, tmp_path) -> None:
    case, (row, from_ns, to_ns) = "2026-0042", street.span
    officer = stage.of(Role.JUDICIAL_OFFICER, "desk/new")
    type_act(officer, case, row.camera, from_ns - from_ns % NS_PER_S + NS_PER_S, to_ns - to_ns % NS_PER_S)
    expect(officer.locator(".looks .fault")).to_contain_text("n'est pas signé", timeout=TOLD_MS)
    expect(officer.get_by_role("button", name="Enregistrer l’acte")).to_be_disabled()
    officer.get_by_label("J’ai vu la signature").check()
    expect(officer.locator(".looks")).to_contain_text("Rien à redire", timeout=TOLD_MS)
    press(officer, "Enregistrer l’acte")
    state_of(officer, case, "Reçue")

    clerk = stage.of(Role.EVIDENCE_CLERK)
    clerk.get_by_role("button", name=case).click()
    for step, word in (("Vérifier l’acte", "Vérifiée"), ("Verrouiller les images", "Verrouillée")):
        press(clerk, step)
        state_of(clerk, case, word)
    clerk.get_by_label("Clés publiques").fill(street.recipient)
    press(clerk, "Préparer le paquet")
    state_of(clerk, case, "Préparée")
    expect(clerk.get_by_role("button", name="Libérer le paquet", exact=True)).to_have_count(0)

    manager = stage.of(Role.CSU_MANAGER, f"desk/{case}")
    expect(manager.get_by_text("Préparé par c.faure")).to_be_visible(timeout=TOLD_MS)
    press(manager, "Libérer le paquet")
    state_of(manager, case, "Libérée")

    state_of(clerk, case, "Libérée")
    copied = saved(clerk, "Copier le paquet sur le support", tmp_path / "copied.tar.age")
    clerk.get_by_label("Référence du support").first.fill("BD-R 77")
    press(clerk, "Prêt à remettre : l’officier signe ici")
    expect(clerk.get_by_text("Changer ce qui est prêt à être remis")).to_be_visible(timeout=TOLD_MS)

    state_of(officer, case, "Libérée")
    press(officer, "Voir")
    officer.wait_for_function("() => (document.querySelector('video')?.currentTime ?? 0) > 0.2", timeout=TOLD_MS)
    assert officer.evaluate("document.querySelector('video').videoWidth") == STREET["width"]
    officer.get_by_label("Numéro de scellé").fill("S-12")
    press(officer, "Inscrire le scellé")
    expect(officer.locator("pre.receipt")).to_contain_text("Scellé : S-12", timeout=TOLD_MS)
    officer.get_by_label("J’ai lu ce reçu").check()
    press(officer, "Signer le reçu")
    state_of(officer, case, "Remise")
    expect(officer.locator(".way li.done")).to_have_count(6)

    state_of(clerk, case, "Remise")
    expect(clerk.locator("[aria-labelledby=desk-register]")).to_contain_text("officier 0123456")
    history = clerk.locator("[aria-labelledby=desk-history] tbody tr")
    assert [row.split("\t")[2] for row in history.all_inner_texts()] == [
        *("opj:0123456", *["c.faure"] * 3, "v.morel", "c.faure"),
        *("opj:0123456", "opj:0123456"),
    ]
    assert verified(street, copied, case)
    live = clerk.evaluate("async () => (await (await fetch('/api/cameras')).json()).map((each) => each.state)")
    assert live == ["live"] * CAMERAS, "the centre recorded on"


def saved(page: Page, button: str, path: Path) -> Path:
    with page.expect_download() as downloaded:
        press(page, button)
    downloaded.value.save_as(path)
    return path


def verified(street: Street, package: Path, case: str) -> bool:
    """What the verifier of a court says of what the browser saved."""
    identity = package.with_name("key.txt")
    identity.write_text(f"{street.identity}\n")
    practice = street.directory / "centre" / "practice"
    trust = ["--trust", str(practice / "signer-authority.pem"), "--trust-time", str(practice / "stamp-authority.pem")]
    command = [str(CSU), "evidence", "verify", str(package), "--identity", str(identity), *trust, "--case", case]
    ran = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=240)
    verdict = json.loads(ran.stdout)
    return (ran.returncode, verdict["holds"], verdict["case"]) == (0, True, case)


def seeded(house: House, case: str, state: str, **act: object) -> None:
    """A case that others brought there."""
    told = house.home.act(officer=Officer("Durand", "Maj.", "CIAT Metz", "0123456"), **act)
    past = Past(house.desk, None)
    asyncio.run_coroutine_threadsafe(house.home.to(past, state, case, told), house.loop).result(60)


def test_a_clerk_checks_and_locks_by_keyboard_alone_and_every_refusal_says_why(house, desks) -> None:
    seeded(house, "2026-0101", "received")
    page = desks.of(Role.EVIDENCE_CLERK)
    line = page.get_by_role("button", name="2026-0101")
    expect(line).to_contain_text("vérifier l'acte", timeout=TOLD_MS)
    expect(line).to_contain_text("reste 2")  # so many days until the first picture is destroyed
    page.keyboard.press("ArrowDown")
    expect(line).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Vérifier l’acte", exact=True)).to_be_focused(timeout=TOLD_MS)
    page.keyboard.press("Enter")
    state_of(page, "2026-0101", "Vérifiée")
    expect(page.get_by_role("button", name="Verrouiller les images", exact=True)).to_be_focused(timeout=TOLD_MS)
    page.keyboard.press("Enter")
    state_of(page, "2026-0101", "Verrouillée")
    expect(page.locator(".way li.here time")).to_have_count(1)
    page.get_by_label("Clés publiques").fill("age1-this-is-no-key")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".prepare [role=alert]")).to_contain_text("age", timeout=TOLD_MS)
    page.keyboard.press("Escape")
    expect(line).to_be_focused()


@pytest.mark.nightly
@pytest.mark.requirement("EXP-2")
def test_what_is_typed_is_looked_at_and_no_hour_means_two(house, desks) -> None:
    page, now_ns = desks.of(Role.EVIDENCE_CLERK, "desk/new"), time.time_ns()
    type_act(page, "2026-0300", RECORD.camera, now_ns + 3600 * NS_PER_S, now_ns + 4 * 3600 * NS_PER_S)
    page.get_by_label("Matricule").fill("0123456")
    page.get_by_label("J’ai vu la signature").check()
    span = page.get_by_role("group", name="Intervalle 1")
    expect(span).to_contain_text("verrou programmé", timeout=TOLD_MS)
    expect(span).to_contain_text("3 h 00 d'une caméra")
    register = page.get_by_role("button", name="Enregistrer l’acte")
    expect(register).to_be_disabled()
    page.get_by_label("Caméra").fill("cam-9999")
    expect(span).to_contain_text("caméra inconnue", timeout=TOLD_MS)
    page.get_by_label("Caméra").fill(RECORD.camera)
    page.get_by_label("Du", exact=True).fill("2026-10-25T02:30:00")
    expect(span).to_contain_text("deux fois")
    expect(page.locator(".looks")).to_contain_text("À remplir")
    span.get_by_label("la seconde fois (UTC+1)").check()
    expect(span).to_contain_text("01:30:00 UTC")
    span.get_by_label("la première fois (UTC+2)").check()
    expect(span).to_contain_text("00:30:00 UTC")
    page.get_by_label("Du", exact=True).fill("2026-03-29T02:30:00")
    expect(span).to_contain_text("n’existe pas")
    page.get_by_label("Du", exact=True).fill(paris(now_ns + 3600 * NS_PER_S))
    page.get_by_label("Au", exact=True).fill(paris(now_ns + 2 * 3600 * NS_PER_S))
    expect(span).not_to_contain_text("d'une caméra", timeout=TOLD_MS)
    expect(register).to_be_enabled()  # an interval to come is a note, no doubt
    page.get_by_label("Au", exact=True).fill(paris(now_ns + 4 * 3600 * NS_PER_S))
    page.get_by_label("l’enregistrer quand même").check(timeout=TOLD_MS)
    press(page, "Enregistrer l’acte")
    state_of(page, "2026-0300", "Reçue")
    for step, word in (("Vérifier l’acte", "Vérifiée"), ("Verrouiller les images", "Verrouillée")):
        press(page, step)
        state_of(page, "2026-0300", word)
    expect(page.locator(".box.due")).to_contain_text("pas avant le")
    page.get_by_label("Clés publiques").fill(house.home.recipients[0])
    press(page, "Préparer le paquet")
    expect(page.locator(".prepare [role=alert]")).to_contain_text("n'est pas encore passé", timeout=TOLD_MS)


@pytest.mark.nightly
@pytest.mark.requirement("EXP-4")
def test_the_room_asks_for_a_hold_a_clerk_places_it_and_another_person_ends_it(house, desks) -> None:
    chief = desks.of(Role.ROOM_CHIEF)
    chief.get_by_label("Caméra").fill(RECORD.camera)
    chief.get_by_label("Du", exact=True).fill(paris(BEGIN_NS + 10 * NS_PER_S))
    chief.get_by_label("Au", exact=True).fill(paris(BEGIN_NS + 30 * NS_PER_S))
    chief.get_by_label("Motif").fill("main courante 12")
    chief.get_by_label("Numéro du gel").fill("G-2026-9")
    press(chief, "Demander ce gel")
    expect(chief.get_by_text("Demandé : G-2026-9").first).to_be_visible(timeout=TOLD_MS)
    clerk = desks.of(Role.EVIDENCE_CLERK, "desk/holds")
    press(clerk, "Poser ce gel")
    hold = clerk.locator(".hold", has_text="G-2026-9")
    expect(hold).to_contain_text("sans réquisition (reste 2", timeout=TOLD_MS)
    hold.get_by_label("Pourquoi").fill("rien ne s'est passé")
    press(clerk, "Lever ce gel")
    expect(hold.get_by_role("alert")).to_contain_text("autre personne", timeout=TOLD_MS)
    manager = desks.of(Role.CSU_MANAGER, "desk/holds")
    manager.locator(".hold", has_text="G-2026-9").get_by_label("Pourquoi").fill("rien ne s'est passé", timeout=TOLD_MS)
    press(manager, "Lever ce gel")
    expect(manager.locator(".hold", has_text="G-2026-9")).to_contain_text("terminé", timeout=TOLD_MS)


@pytest.mark.nightly
def test_every_state_is_told_with_who_and_when_in_both_languages_and_can_be_read_in_both_themes(house, desks) -> None:
    for number, state in enumerate(("received", "checked", "locked", "prepared", "validated", "handed_over")):
        seeded(house, f"2026-050{number}", state)
    page = desks.of(Role.CSU_MANAGER, "desk/2026-0505", locale="en-GB", color_scheme="light")
    expect(page.locator(".way li.done time")).to_have_count(6, timeout=TOLD_MS)
    expect(page.locator("[aria-labelledby=desk-register]")).to_contain_text("officer 123456")
    page.get_by_label("Which").select_option("all")
    # What is handed over is closed as soon as the minute's round has destroyed the copy.
    words = ["Received", "Checked", "Locked", "Prepared", "Released", re.compile("Handed over|Closed")]
    for number, word in enumerate(words):
        page.get_by_role("button", name=f"2026-050{number}").click()
        expect(page.locator("#desk-case-title")).to_have_text(f"2026-050{number}", timeout=TOLD_MS)
        expect(page.locator(".desk-case header .state")).to_have_text(word)
        assert page.evaluate(PALE_WORDS) == []
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    assert page.evaluate(PALE_WORDS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.nightly
def test_a_page_that_is_told_nothing_any_more_says_so_and_an_unknown_case_is_told_in_the_server_s_words(desks) -> None:
    page = desks.of(Role.EVIDENCE_CLERK, "desk/2000-404")
    expect(page.get_by_role("alert")).to_contain_text("Dossier inconnu", timeout=TOLD_MS)
    page.route("**/api/cases*", lambda route: route.abort())
    expect(page.get_by_role("alert").filter(has_text="n’arrive plus")).to_be_visible(timeout=2 * TOLD_MS)
