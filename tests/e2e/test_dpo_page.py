"""The page of the data protection officer in a real browser, by keyboard alone, before real registers on disk."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from csu.centre.dpo.journal import JournalOfCentre
from csu.centre.dpo.masks import MasksOfCentre
from csu.centre.dpo.regime import RegimeOfCentre
from csu.centre.dpo.register import RegisterOfCentre
from csu.centre.dpo.requests import RequestsOfCentre
from csu.centre.dpo.signs import SignsOfCentre
from csu.console import Access, Desks, DpoDesks, create_app, serve_console
from csu.console.demonstration import DemonstrationRights
from csu.governance import (
    AuditJournal,
    CentreKey,
    JournalDesk,
    LegalRegister,
    LocalDoctrine,
    MaskLedger,
    Recorded,
    Role,
    Span,
    Subject,
    day_in_paris,
    rule_of,
)
from csu.governance.journal_entry import DataSpan, JournalEntry, Operation, Outcome
from csu.governance.retention import RuledPiece
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.site import SignRole
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock
from tests.e2e.test_sign_in_browser import QuietRoom
from tests.governance.conftest import a_mask_set, door

CAMERA, OTHER, METZ = CameraId("cam-0042"), CameraId("cam-0043"), CommuneId("metz")
YESTERDAY_NS = time.time_ns() - NS_PER_DAY
VERDICT = {
    "holds": True,
    "rows": 9,
    "days": 1,
    "days_purged": 0,
    "anchors": None,
    "stamps_verified": 0,
    "stamps_unchecked": 0,
    "rows_not_anchored": 0,
    "findings": [],
}


class TwoCameras(QuietRoom):
    """One whose masks wait for the DPO, one that no sign announces."""

    def cameras(self) -> Sequence[CameraStatus]:
        records = [
            CameraRecord(CAMERA, 42, "Place d'Armes", METZ, ViewType.WIDE),
            CameraRecord(OTHER, 43, "Quai du Rimport, à l'angle de la rue Saint-Georges", METZ, ViewType.WIDE),
        ]
        return [CameraStatus(record, CameraState.LIVE, 0, 0) for record in records]


class AlwaysTheDpo:
    """Whoever comes in here acts as one role."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def subject(self, connection: object, at_ns: int) -> Subject:
        return Subject("d.weber", self.role, strong_login=True)


def fill(directory: Path, key: CentreKey) -> None:
    """A journal of a few entries, a tightening in force, a loosening that the technician signed, a day recorded."""
    journal = AuditJournal(directory / "journal", key)
    seen = DataSpan(CAMERA)
    journal.append(
        [
            JournalEntry(Operation.LIVE_SELECT, "a.martin", "operator", data=(seen,)),
            JournalEntry(Operation.PTZ, "a.martin", "operator", Outcome.REFUSED, "com-3.out-of-scope", data=(seen,)),
            JournalEntry(Operation.LOGIN, "l.weber", "room_chief"),
        ],
        time.time_ns(),
    )
    journal.close()
    ledger = MaskLedger(directory / "masks.sqlite")
    first = a_mask_set()
    looser = replace(first, zones=())
    tighter = replace(first, camera=OTHER, zones=(*first.zones, door("porte du n° 4", 12.0)))

    def signed(register):
        both = {SignRole.TECHNICAL: "t.koch", SignRole.DPO: "d.autre"}
        for made in (first, replace(first, camera=OTHER)):
            yield register.propose(made, by="t.koch", at_ns=1, reason="mise en service")
            for role, person in both.items():
                yield register.sign(made.camera, 1, person=person, role=role, at_ns=time.time_ns())
        yield register.propose(looser, by="t.koch", at_ns=time.time_ns(), reason="la porte du n° 3 est murée")
        yield register.sign(CAMERA, 2, person="t.koch", role=SignRole.TECHNICAL, at_ns=time.time_ns())
        yield register.propose(tighter, by="t.koch", at_ns=time.time_ns(), reason="nouvelle porte")

    ledger.decide(signed)
    ledger.close()
    register = LegalRegister(directory / "register.sqlite", key)
    span = Span(YESTERDAY_NS, YESTERDAY_NS + 60 * NS_PER_MINUTE)
    register.add([Recorded(CAMERA, METZ, day_in_paris(YESTERDAY_NS), span, 3590)])
    register.close()


@dataclass
class Hall:
    """A console before these registers."""

    directory: Path
    who: AlwaysTheDpo = field(default_factory=lambda: AlwaysTheDpo(Role.DPO))
    url: str = ""

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        clock, room, home, self.loop = SystemClock(), TwoCameras(), self.directory, asyncio.get_running_loop()
        key = CentreKey.load_or_make(home / "key.pem")
        fill(home, key)

        async def verify() -> dict[str, object]:
            return VERDICT

        rule = rule_of(None, LocalDoctrine())
        journal = JournalDesk(AuditJournal(home / "journal", key), key, clock)
        requests = RequestsOfCentre(
            home / "requests.sqlite",
            key,
            clock,
            register=home / "register.sqlite",
            cases=list,
            commune_of=lambda camera: METZ,
            rules_of=lambda camera, span: [RuledPiece(span, rule)],
        )
        reading, masks = (
            JournalOfCentre(home / "journal", verify, clock),
            MasksOfCentre(home / "masks.sqlite", journal, clock),
        )
        signs, regime = (SignsOfCentre(home / "s.sqlite", key, clock), RegimeOfCentre(home / "r.sqlite", key, clock))
        days = RegisterOfCentre(home / "register.sqlite", lambda camera: METZ)
        access = Access(DemonstrationRights(room, date(2026, 1, 1)), self.who, journal)
        desks = Desks(dpo=DpoDesks(reading, masks, signs, requests, regime, days))
        async with serve_console(create_app(room, clock=clock, access=access, desks=desks)) as self.url:
            started.set()
            await ended.wait()
        await reading.close()
        for desk in (masks, signs, regime, requests, days):
            desk.close()
        await journal.close()


@pytest.fixture(scope="module")
def hall(tmp_path_factory) -> Iterator[Hall]:
    made, started, ended = Hall(tmp_path_factory.mktemp("dpo")), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(started, ended)))
    thread.start()
    assert started.wait(30)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join()


def open_part(page: Page, hall: Hall, number: str) -> None:
    page.goto(f"{hall.url}#dpo")
    expect(page.locator(".dpo-parts")).to_be_visible()
    page.keyboard.press(number)


@pytest.mark.nightly
def test_the_journal_is_found_in_for_a_reason_and_verified(hall, chromium_page) -> None:
    page = chromium_page
    open_part(page, hall, "1")
    page.get_by_label("Numéro du motif").fill("CTRL-2026-12")
    page.get_by_label("Compte").fill("a.martin")
    page.keyboard.press("Enter")
    rows = page.locator("tr[data-entry]")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("com-3.out-of-scope")
    page.get_by_label("Compte").fill("d.weber")
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("contrôle CTRL-2026-12")
    expect(rows.first).to_contain_text("console/dpo/journal")
    page.get_by_role("button", name="Vérifier tout le journal").press("Enter")
    expect(page.get_by_text("Le journal tient")).to_be_visible()


def test_masks_are_drawn_declined_with_a_reason_and_signed(hall, chromium_page) -> None:
    page = chromium_page
    open_part(page, hall, "2")
    expect(page.get_by_text("2 versions attendent")).to_be_visible()
    version = page.locator(".dpo-version")
    expect(version).to_contain_text("Montrerait davantage")
    expect(version.get_by_role("img")).to_have_accessible_name(
        "Ce que la nouvelle version cache de l’image, et ce que l’ancienne cachait : un dessin, aucune image"
    )
    assert "v1h-" in version.locator("svg path.before").get_attribute("d"), "what would be shown is drawn"
    version.get_by_role("button", name="Refuser de signer").press("Enter")
    page.get_by_label("Pourquoi la refuser").fill("la porte du n° 3 serait visible")
    page.keyboard.press("Enter")
    expect(version).to_contain_text("refusée par d.weber : la porte du n° 3 serait visible")
    page.get_by_role("button", name="cam-0043").press("Enter")
    expect(version).to_contain_text("Cache au moins autant")
    version.get_by_role("button", name="Signer (DPD)").press("Enter")
    expect(version).to_contain_text("signée (DPD) par d.weber")


@pytest.mark.nightly
def test_a_sign_is_recorded_and_what_is_refused_says_why(hall, chromium_page) -> None:
    page = chromium_page
    open_part(page, hall, "3")
    expect(page.get_by_text("Caméras sans panneau : 2")).to_be_visible()
    page.get_by_role("button", name="cam-0042").press("Enter")
    page.keyboard.type("P-057-1")
    page.get_by_label("Texte du panneau").fill("Site sous vidéoprotection. Plaque AB-123-CD.")
    page.get_by_label("Numéro").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("le texte du panneau manque")
    page.get_by_label("Texte du panneau").fill("Site sous vidéoprotection. Responsable : le maire de Metz.")
    page.get_by_label("Numéro").press("Enter")
    expect(page.get_by_text("Caméras sans panneau : 1")).to_be_visible()


@pytest.mark.nightly
def test_analysis_is_off_until_a_law_with_its_journal_is_entered(hall, chromium_page) -> None:
    page = chromium_page
    open_part(page, hall, "5")
    expect(page.get_by_text("ÉTEINT aujourd’hui")).to_be_visible()
    page.get_by_label("Loi").fill("loi n° 2023-380 du 19 mai 2023, art. 10")
    page.get_by_label("Journal officiel").fill("voté en février")
    page.get_by_label("Du", exact=True).fill("2026-01-01")
    page.get_by_label("au (dernier jour, inclus)").fill("2028-12-31")
    page.get_by_label("Pourquoi").fill("essai")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("la référence au Journal officiel manque")
    expect(page.get_by_text("ÉTEINT aujourd’hui")).to_be_visible()


@pytest.mark.nightly
def test_a_request_goes_from_its_receipt_to_a_motivated_refusal(hall, chromium_page) -> None:
    page = chromium_page
    open_part(page, hall, "4")
    day = day_in_paris(YESTERDAY_NS).isoformat()
    page.get_by_label("Numéro (celui de votre dossier)").fill("DA-2026-0007")
    page.get_by_label("Lieu, comme la personne le dit").fill("devant le Temple Neuf")
    page.get_by_label("Caméra", exact=True).fill("cam-0042")
    page.get_by_label("De", exact=True).fill(f"{day}T10:00")
    page.get_by_label("à", exact=True).fill(f"{day}T10:20")
    page.keyboard.press("Enter")
    request = page.get_by_role("region", name="DA-2026-0007")
    expect(request).to_contain_text("Cette demande ne retient aucune image")
    request.get_by_label("Réponse").select_option("refused")
    request.get_by_label("Motif (dû à la personne)").select_option("third_parties")
    request.get_by_role("button", name="Répondre").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("l'identité n'est pas vérifiée")
    request.get_by_role("button", name="Inscrire").press("Enter")
    expect(request).to_contain_text("pièce présentée")
    request.get_by_role("button", name="Répondre").press("Enter")
    expect(request).to_contain_text("refusée, droits de tiers")


@pytest.mark.nightly
def test_a_day_of_the_legal_register_is_read(hall, chromium_page) -> None:
    page = chromium_page
    open_part(page, hall, "6")
    page.get_by_role("button", name="Lire").press("Enter")
    expect(page.get_by_role("region", name="Enregistré")).to_contain_text("cam-0042")
