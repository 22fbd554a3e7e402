"""The pages of communes and of administration in a real browser, over a city of 130 cameras (COM-4, TEC-6, ACC-6)."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from csu.console import serve_console
from csu.governance.journal_entry import JournalEntry
from csu.hal.alarms import AlarmKind
from csu.hal.camera import CommuneId
from csu.machine import SystemClock
from tests.centre.rooms.commune_city import City
from tests.console.city_hall import Hall
from tests.e2e.test_console_browser import PALE_WORDS

COMMUNES = ("metz", "ars-sur-moselle", "saint-julien-les-metz", "woippy", "montigny-les-metz")
FILE = """\
centre: Centre de supervision urbain de l'Eurométropole
dpo: {name: Déléguée à la protection des données, contact: dpd@exemple.fr}
costs: {year: 2026, amount: 1 250 000 EUR, key: inhabitants}
communes:
  metz: {name: Metz, controller: Maire de Metz, contact: mairie@metz.exemple.fr, inhabitants: 120 874}
  saint-julien-les-metz: {name: Saint-Julien-lès-Metz, controller: Maire, contact: m@exemple.fr, inhabitants: 3 400}
"""


@dataclass
class Served:
    """A console over the city, with what it takes to come in as somebody."""

    city: City
    hall: Hall
    url: str = ""

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        self.loop = asyncio.get_running_loop()
        await self.city.room.look()
        async with serve_console(self.hall.app) as self.url:
            started.set()
            await ended.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("city")
    (path / "communes.yaml").write_text(FILE, encoding="utf-8")
    city = City(path, SystemClock(), cameras=130, communes=COMMUNES, days=3)
    city.ring(CommuneId("metz"), AlarmKind.INTRUSION, 17, confirmed=6)
    city.ring(CommuneId("metz"), AlarmKind.FIRE, 2)
    made, started, ended = Served(city, Hall(city)), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(started, ended)))
    thread.start()
    assert started.wait(30)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join()
    city.close()


@pytest.fixture
def enter(served, chromium: Browser) -> Iterator[object]:
    """`enter("mayor:metz")`: the console in a browser of that person."""
    opened = []

    def entered(person: str, at: str = "", **context: object) -> Page:
        opened.append(chromium.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR", **context))
        opened[-1].add_cookies([{"name": "person", "value": person, "url": served.url}])
        page = opened[-1].new_page()
        page.goto(f"{served.url}{at}")
        return page

    yield entered
    for each in opened:
        each.close()


def test_a_mayor_reads_his_commune_and_no_other_by_keyboard_alone(served, enter) -> None:
    page = enter("mayor:metz")
    expect(page.get_by_role("heading", name="Metz", exact=True)).to_be_visible()
    expect(page.get_by_role("combobox", name="Commune").locator("option")).to_have_text(["Metz"])
    figures = page.locator(".month-figures")
    expect(figures).to_contain_text(re.compile(r"Alarmes\s*≥\s17"))
    expect(page.locator(".alarm-kinds")).to_contain_text(re.compile(r"Intrusion\s*17"))
    expect(page.locator(".alarm-kinds")).to_contain_text("< 5")
    expect(page.get_by_text("120 874 habitants sur 124 274")).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)  # orders and cameras are for his delegate
    page.keyboard.press("l")
    expect(page.get_by_role("heading", name="Share of the cost")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="in French").press("Enter")
    public = opened.value
    expect(public.get_by_role("heading", name="Vidéoprotection à Metz")).to_be_visible()
    assert public.evaluate("getComputedStyle(document.body).maxWidth") != "none"  # its style sheet is let in
    assert page.evaluate(PALE_WORDS) == []


@pytest.mark.nightly
def test_a_manager_goes_from_all_communes_to_one_and_finds_a_camera(served, enter) -> None:
    page = enter("csu_manager", "#commune")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(len(COMMUNES))
    page.get_by_role("button", name="Saint-Julien-lès-Metz").press("Enter")
    expect(page.get_by_text("2026-DCAT-BEPE-101").first).to_be_visible()
    served.hall.journal.rows.clear()
    page.keyboard.press("r")
    expect(page.get_by_role("status").first).to_have_text("lu il y a 3\u00a0s", timeout=10_000)
    read = [row.entry.operation.value for row in served.hall.journal.rows if isinstance(row.entry, JournalEntry)]
    assert read == ["register_read", "register_read"]  # papers and availability, once: nothing asks again by itself
    page.keyboard.press("/")
    page.keyboard.type("regates")
    expect(page.get_by_text(re.compile(r"^\d+ sur 26$"))).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(rows).to_have_count(len(COMMUNES))


def test_a_technician_finds_the_troubled_first_and_sets_one_aside_by_keyboard_alone(served, enter) -> None:
    page = enter("tech_admin")
    page.keyboard.press("i")
    first = page.locator("tr[data-camera]").first
    expect(first).to_contain_text("pas enregistrée : disque en défaut")
    expect(page.get_by_text("130 caméras")).to_be_visible()
    assert page.locator("video, img").count() == 0
    page.keyboard.press("/")
    page.keyboard.type("armes 128")
    expect(page.locator("tr[data-camera]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    form = page.locator(".one-device form")
    form.get_by_role("combobox").select_option("suspended")
    page.get_by_role("textbox", name=re.compile("Motif")).fill("travaux de voirie")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-camera]").first).to_contain_text("suspendue")
    assert served.hall.set_aside == [("cam-0128", "tech_admin.1", "travaux de voirie")]
    form.get_by_role("combobox").select_option("retired")
    expect(page.get_by_text("Une caméra retirée ne revient pas.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.get_by_text("lecture seule")).to_be_visible()
    page.keyboard.press("3")
    expect(page.get_by_role("cell", name="Anne Martin")).to_be_visible()
    assert page.evaluate(PALE_WORDS) == []
