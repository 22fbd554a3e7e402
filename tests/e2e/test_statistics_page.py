"""The page of counts in a real browser: plots with their tables, gaps and withheld figures seen, files, by keyboard."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from csu.console import serve_console
from csu.machine import SystemClock
from tests.centre.rooms.counted_city import CountedCity
from tests.console.city_hall import Hall

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    counted = CountedCity(tmp_path_factory.mktemp("city"), SystemClock(), days=60)
    counted.enter()
    counted.fill()
    hall, started, told = Hall(counted.city, counted.room), threading.Event(), {}

    async def serve() -> None:
        told["loop"], told["ended"] = asyncio.get_running_loop(), asyncio.Event()
        async with serve_console(hall.app) as told["url"]:
            started.set()
            await told["ended"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(30)
    yield told["url"]
    told["loop"].call_soon_threadsafe(told["ended"].set)
    thread.join()
    counted.close()


@pytest.fixture
def page(url, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR")
    context.add_cookies([{"name": "person", "value": "service_user:metz", "url": url}])
    opened = context.new_page()
    opened.goto(f"{url}#statistics")
    yield opened
    context.close()


def test_the_service_of_roads_reads_its_traffic_by_keyboard(page) -> None:
    expect(page.get_by_role("heading", name="Comptages")).to_be_visible()
    expect(page.get_by_role("combobox", name="Commune").locator("option")).to_have_text(["metz"])
    plot = page.get_by_role("slider", name=re.compile("Une journée moyenne"))
    plot.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(plot).to_have_attribute(
        "aria-valuetext", re.compile(r"^8 h — voitures vers la gare \d+ ; .*camions vers la gare ≈")
    )
    row = page.get_by_role("region", name="Une journée moyenne").get_by_role("row", name=re.compile("^8 h"))
    cars = row.get_by_role("cell").nth(1).inner_text()
    assert cars in plot.get_attribute("aria-valuetext")
    page.keyboard.press("3")
    expect(page.get_by_role("heading", name="Heures de collecte proposées")).to_be_visible()
    expect(page.locator(".collections li").first).to_contain_text("camions de 7 h à 22 h")


def test_what_was_not_observed_or_is_withheld_is_seen(page) -> None:
    days = page.get_by_role("region", name="Jour par jour")
    lost = days.get_by_role("row").filter(has=page.locator("td.wrong"))
    expect(lost.first).to_contain_text("%")
    lost.first.get_by_role("button").click()
    slots = page.locator(".slots")
    expect(slots.locator("td.gap").first).to_have_text("pas observé")


def test_the_files_come_down_with_their_names(page) -> None:
    for name, end in (("CSV", ".csv"), ("Parquet", ".parquet")):
        with page.expect_download() as coming:
            page.get_by_role("link", name=name).click()
        assert coming.value.suggested_filename.endswith(end)
