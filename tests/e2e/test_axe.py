"""Every page of the console under axe, in both languages and both schemes: nothing serious keeps anybody out (RGAA).

The pages are those of the server's table, each opened by a role that may: one that is added is examined by itself. axe
comes with a package of the tests; the console never serves it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from csu.console import serve_console
from csu.console.pages import PAGES
from csu.governance import Role, role_can
from tests.compliance.doors.conftest import World
from tests.compliance.doors.facts import account

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
ASKED = "() => axe.run(document, {resultTypes: ['violations']})"
GRAVE = {"serious", "critical"}
ALL = [(page, lang, scheme) for page in PAGES for lang, scheme in (("fr", "dark"), ("en", "light"))]
ALL += [(page, lang, scheme) for page in PAGES for lang, scheme in (("fr", "light"), ("en", "dark"))]
BY_DEFAULT = [("live", "fr", "dark"), ("alarms", "en", "light")]


class ByRole:
    """A browser says in a cookie which of the people of the test it is."""

    def __init__(self, world: World) -> None:
        self._world = world

    def subject(self, connection, at_ns):
        role = Role(connection.cookies.get("role", "operator"))
        found = self._world.people.find(account(role), role, at_ns)
        return None if found is None else replace(found, strong_login=True)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The console of the doors' matrix, with every desk there is, on a socket."""
    started, served, ended = threading.Event(), [], asyncio.Event()

    async def serve() -> None:
        world = World()
        world.access = replace(world.access, identity=ByRole(world))
        world.open()
        async with serve_console(world.app) as at:
            served.extend([at, asyncio.get_running_loop()])
            started.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(30)
    yield served[0]
    served[1].call_soon_threadsafe(ended.set)
    thread.join(10)


def opened(chromium: Browser, url: str, name: str, lang: str, scheme: str) -> Page:
    """That page, as a role that may open it has it."""
    role = next(role for role in Role if any(role_can(role, action) for action in PAGES[name]))
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR", color_scheme=scheme)
    context.add_cookies([{"name": "role", "value": role.value, "url": url}])
    page = context.new_page()
    page.goto(f"{url}?lang={lang}#{name}")
    expect(page.locator("main")).not_to_be_empty()
    expect(page.locator("html")).to_have_attribute("lang", lang)
    page.wait_for_timeout(800)  # what a page asks its doors for has come
    return page


def grave(page: Page) -> list[str]:
    """What axe finds, a line each."""
    page.evaluate(AXE)
    found = page.evaluate(ASKED)["violations"]
    return [
        f"{each['id']} ({each['impact']}): {each['help']} -- {[node['html'][:160] for node in each['nodes'][:4]]}"
        for each in found
        if each["impact"] in GRAVE
    ]


def examine(chromium: Browser, url: str, name: str, lang: str, scheme: str) -> None:
    page = opened(chromium, url, name, lang, scheme)
    try:
        troubles = grave(page)
    finally:
        page.context.close()
    assert not troubles, "\n".join(troubles)


@pytest.mark.parametrize(("name", "lang", "scheme"), BY_DEFAULT)
def test_nothing_serious_keeps_anybody_out(chromium, url, name, lang, scheme) -> None:
    examine(chromium, url, name, lang, scheme)


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "lang", "scheme"), [each for each in ALL if each not in BY_DEFAULT])
def test_nothing_serious_keeps_anybody_out_of_any_page(chromium, url, name, lang, scheme) -> None:
    examine(chromium, url, name, lang, scheme)


@pytest.mark.nightly
def test_a_page_with_a_nameless_button_or_pale_words_is_found(chromium, url) -> None:
    page = opened(chromium, url, "live", "fr", "dark")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    page.evaluate("() => { const p = document.createElement('p'); p.textContent = 'pâle'; p.style.cssText = "
                  "'color: #333; background: #222'; document.querySelector('main').append(p) }")  # fmt: skip
    found = " ".join(grave(page))
    page.context.close()
    assert "button-name" in found
    assert "color-contrast" in found
