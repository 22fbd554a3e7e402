"""Every screen of the console, in both languages, at a centre at work: written to `var/screens` to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from csu.console.pages import PAGES
from sim.accounts import INVENTED
from tests.e2e.signing_in import sign_in
from tests.e2e.street_at_work import StreetAtWork, street_at_work

SCREENS = Path("var/screens")
SIZE = {"width": 1366, "height": 768}
SEEN_BY = {
    **dict.fromkeys(("live", "map", "wall", "alarms", "log", "deport", "service", "events"), "room_chief"),
    "received": "recipient",
    "desk": "evidence_clerk",
    "commune": "csu_manager",
    "administration": "tech_admin",
    "dpo": "dpo",
}
"""As whom each page is looked at: who works with it most."""
SETTLES_MS = 4_000
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreetAtWork]:
    with street_at_work(tmp_path_factory.mktemp("screens"), 6) as street:
        yield street


@pytest.fixture(scope="module")
def seen(chromium: Browser, street: StreetAtWork) -> dict[str, Page]:
    """A signed-in page of each role: a code counts once."""
    accounts = {person.role: person.account for person in INVENTED}
    pages: dict[str, Page] = {}
    for role in dict.fromkeys(SEEN_BY.values()):
        page = chromium.new_context(viewport=SIZE, locale="fr-FR").new_page()
        sign_in(page, street.told, accounts[role])
        pages[role] = page
    street.ring()
    chief = pages["room_chief"]
    chief.keyboard.press("a")
    expect(chief.locator(".head")).to_be_visible(timeout=20_000)
    chief.keyboard.press("Enter")
    return pages


def test_every_page_is_looked_at_by_somebody() -> None:
    assert set(SEEN_BY) == set(PAGES)


@pytest.mark.parametrize("name", list(PAGES))
@pytest.mark.parametrize(("language", "scheme"), [("fr", "dark"), ("en", "light")])
def test_a_screen_fills_its_page_and_nothing_of_it_runs_out(street, seen, name, language, scheme) -> None:
    page = seen[SEEN_BY[name]]
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{street.told['url']}?lang={language}#{name}")
    expect(page.locator("header nav button[aria-pressed=true]")).to_have_count(1)
    page.wait_for_timeout(SETTLES_MS)
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}_{language}.png")
    assert page.locator("html").get_attribute("lang") == language
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.title").startswith("csu — ")
