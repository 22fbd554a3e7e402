"""Every screen of the console, in both languages, at a centre at work: written to `var/screens` to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Page, expect

from csu.console.pages import PAGES
from csu.hal.clock import NS_PER_S
from csu.machine import SystemClock
from sim.accounts import INVENTED, OFFICER_NUMBER
from tests.e2e.signing_in import sign_in
from tests.e2e.street_at_work import COMMUNE, StreetAtWork, street_at_work

SCREENS = Path("var/screens")
SIZE = {"width": 1366, "height": 768}
SEEN_BY = {
    **dict.fromkeys(("live", "map", "wall", "alarms", "analysis", "log", "deport", "service", "events"), "room_chief"),
    "enforcement": "verbaliser",
    "received": "recipient",
    "desk": "evidence_clerk",
    "commune": "csu_manager",
    "statistics": "csu_manager",
    "administration": "tech_admin",
    "dpo": "dpo",
}
"""As whom each page is looked at: who works with it most."""
SETTLES_MS, LOOKED_AT_MS = 4_000, 2_000
SIGNAL_WITHIN_S = 150
REQUESTS_MAX = 12
"""In two seconds of a page that nobody touches: what asks without pause asks a hundred times."""
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreetAtWork]:
    with street_at_work(tmp_path_factory.mktemp("screens"), 6, analysed=2) as street:
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
    in_the_office = chromium.new_context().new_page()
    sign_in(in_the_office, street.told, accounts["judicial_officer"])
    fill(street.told["url"], pages, in_the_office)
    await_signal(street.told["url"], chief)
    return pages


def await_signal(url: str, chief: Page) -> None:
    """Until analysis has drawn attention to somebody: its process takes a while to begin."""
    until_ns = SystemClock().monotonic_ns() + SIGNAL_WITHIN_S * NS_PER_S
    while not chief.request.get(f"{url}api/analysis/signals").json()["signals"]:
        assert SystemClock().monotonic_ns() < until_ns, chief.request.get(f"{url}api/analysis").text()
        chief.wait_for_timeout(500)


def fill(url: str, pages: dict[str, Page], officer: Page) -> None:
    """What people did before anybody looks: an act filed, a deport open, an event planned."""
    now_s = SystemClock().now_ns() // NS_PER_S
    told = datetime.fromtimestamp(now_s, UTC)

    def done(page: Page, method: str, path: str, body: object) -> APIResponse:
        answer = page.request.fetch(url + path, method=method, data=body)
        assert answer.ok, (path, answer.text())
        return answer

    hour = {"from_at": (told - timedelta(minutes=2)).isoformat(), "to_at": (told - timedelta(minutes=1)).isoformat()}
    identity = {"name": "Durand", "rank": "Maj.", "unit": "CIAT Metz", "number": OFFICER_NUMBER}
    act = {"basis": "CPP_60_1", "number": "PV 2026/88", "officer": identity, "received_at": told.isoformat()}
    act |= {"spans": [{"camera": "cam-0004", **hour}], "act_sha256": "0" * 64, "is_signed": True}
    done(officer, "PUT", "api/cases/2026-101", act)
    done(pages["evidence_clerk"], "POST", "api/cases/2026-101/check", {})
    done(pages["evidence_clerk"], "POST", "api/cases/2026-101/lock", {})
    chief = pages["room_chief"]
    alarm = done(chief, "GET", "api/alarms/desk", None).json()["lines"][0]["alarm"]["alarm"]
    deport = {"what": "intrusion", "recipient": "e.colin", "cameras": ["cam-0004"], "reason": "intrusion mairie"}
    done(chief, "POST", "api/deports", deport | {"alarm": alarm, "minutes": 30})
    day_ns = 24 * 3600 * NS_PER_S
    begins_ns = (now_s * NS_PER_S // day_ns + 1) * day_ns
    market = {"kind": "market", "commune": COMMUNE, "route": [], "perimeter": [[-30, -30], [30, -30], [30, 30]]}
    market |= {"from_ns": begins_ns, "to_ns": begins_ns + day_ns // 2, "place": "Place du Marché"}
    done(chief, "POST", "api/planned-events", market | {"cameras": ["cam-0003"], "purpose": "persons_property"})


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
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(LOOKED_AT_MS)
    assert len(asked) <= REQUESTS_MAX, asked
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}_{language}.png")
    assert page.locator("html").get_attribute("lang") == language
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.title").startswith("csu — ")
