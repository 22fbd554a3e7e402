"""The page of the operations log in a real browser, by keyboard alone, before the log of a centre on disk (OPS-2)."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from csu.alarms import Alarm, AlarmDesk
from csu.centre.rooms.log_room import LogRoom
from csu.console import Desks, create_app, serve_console
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CommuneId
from csu.machine import SystemClock
from csu.operations import Draft, EntryKind, LogbookEntry
from tests.e2e.test_console_browser import PALE_WORDS
from tests.e2e.test_sign_in_browser import QuietRoom

WRITTEN = 105
"""Five more than one page of the log."""
TOLD_MS = 15_000
"""The page asks each three seconds."""


class OneAlarm:
    """What the log needs of the alarms: one that is not closed."""

    def __init__(self) -> None:
        self._desk = AlarmDesk()
        message = PanelMessage(PanelId("panel-1"), 7, CommuneId("metz"), "Gymnase", AlarmKind.FIRE, time.time_ns())
        self._desk.keep(self._desk.take(message, time.time_ns()).alarm)

    def open_alarms(self) -> Sequence[Alarm]:
        return self._desk.open()

    def unfinished(self) -> Sequence[Alarm]:
        return self._desk.unfinished()

    def cameras_for(self, alarm, may_view) -> Sequence[str]:
        return []


@dataclass
class Hall:
    """A console on a log that holds something already."""

    path: object
    url: str = ""

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        clock, self.loop = SystemClock(), asyncio.get_running_loop()
        self.log = LogRoom(self.path, clock=clock, tell=lambda trouble: None)
        for number in range(1, WRITTEN + 1):
            await self.log.write(Draft(EntryKind.OBSERVATION, "l.weber", f"Ronde {number} faite, rien à signaler."))
        app = create_app(QuietRoom(), clock=clock, desks=Desks(alarms=OneAlarm(), log=self.log))
        async with serve_console(app) as self.url:
            started.set()
            await ended.wait()
        self.log.close()

    def write(self, text: str, kind: EntryKind = EntryKind.OBSERVATION, corrects: int | None = None) -> int:
        """Somebody else, at another desk."""
        return self._do(self.log.write(Draft(kind, "a.martin", text, corrects=corrects))).number

    def newest(self) -> LogbookEntry:
        return self._do(self.log.newest(1))[0]

    def _do(self, asked):
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(10)


@pytest.fixture(scope="module")
def hall(tmp_path_factory) -> Iterator[Hall]:
    made, started, ended = Hall(tmp_path_factory.mktemp("log") / "log.sqlite"), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(started, ended)))
    thread.start()
    assert started.wait(30)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join()


def open_page(page: Page, hall: Hall) -> None:
    page.goto(hall.url)
    expect(page.get_by_text("Rue Haute")).to_be_visible()
    page.keyboard.press("j")
    expect(row(page, hall.newest().number)).to_be_in_viewport(timeout=TOLD_MS)


def row(page: Page, number: int) -> Locator:
    return page.locator(f'tr[data-entry="{number}"]')


def top_of(page: Page, number: int) -> float:
    return row(page, number).bounding_box()["y"]


def type_anew(page: Page, text: str) -> None:
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def test_one_writes_is_refused_for_a_plate_and_corrects_by_keyboard_alone(hall, chromium_page) -> None:
    page, last = chromium_page, hall.newest().number
    open_page(page, hall)
    page.keyboard.press("n")
    field = page.get_by_role("textbox", name="Texte")
    expect(field).to_be_focused()
    page.keyboard.type("Voiture AB-123-CD devant le gymnase")
    expect(page.locator("#log-counted")).to_have_text("35 / 2000 signes")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".refused[role=alert]")).to_contain_text("La main courante ne peut contenir cela")
    expect(page.locator(".refused[role=alert]")).to_contain_text("une image ou une plaque")
    expect(field).to_have_value("Voiture AB-123-CD devant le gymnase")
    page.keyboard.press("Escape")  # to look at an alarm, and back: the words are still there
    page.keyboard.press("a")
    page.keyboard.press("j")
    expect(field).to_have_value("Voiture AB-123-CD devant le gymnase")
    expect(page.locator(".writing option", has_text="Gymnase")).to_have_count(1)
    page.keyboard.press("n")
    type_anew(page, "Trois personnes devant le gymnase")
    page.keyboard.press("Tab")
    expect(page.get_by_role("combobox", name="Alarme en cours")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Enter")
    expect(row(page, last + 1)).to_contain_text("Trois personnes devant le gymnase")
    expect(row(page, last + 1)).to_contain_text("alarme panel-1/7")
    expect(row(page, last + 1)).to_be_in_viewport()
    expect(field).to_have_value("")
    expect(page.locator(".refused[role=alert]")).to_have_count(0)

    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(row(page, last + 1)).to_be_focused()
    page.keyboard.press("c")
    expect(field).to_be_focused()
    expect(field).to_have_value("Trois personnes devant le gymnase")
    expect(page.get_by_role("button", name="Écrire")).to_be_disabled()  # it puts nothing right yet
    type_anew(page, "Deux personnes devant le gymnase")
    page.keyboard.press("Control+Enter")
    correction = row(page, last + 2)
    expect(correction).to_contain_text(f"corrige n° {last + 1} (demonstration, ")
    expect(correction.locator("q")).to_have_text("Trois personnes devant le gymnase")
    expect(row(page, last + 1)).to_contain_text(f"corrigée par n° {last + 2}")
    expect(row(page, last + 1).locator(".words")).to_have_text("Trois personnes devant le gymnase")
    said = hall.newest().entry
    assert (said.kind, said.by, said.alarm) == (EntryKind.CORRECTION, "demonstration", "panel-1/7")
    assert (said.text, said.corrects) == ("Deux personnes devant le gymnase", last + 1)


@pytest.mark.nightly
def test_the_log_is_paged_back_and_what_is_read_does_not_move(hall, chromium_page) -> None:
    page = chromium_page
    open_page(page, hall)
    expect(row(page, 1)).to_have_count(0)
    last, first = hall.newest().number, hall.newest().number - 99
    page.keyboard.press("ArrowUp")
    expect(row(page, last)).to_be_focused()
    was = top_of(page, last)
    hall.write("cam-0004 : n.lambert prend la main à i.bernard", EntryKind.PTZ)
    expect(row(page, last + 1)).to_have_count(1, timeout=TOLD_MS)
    expect(row(page, last + 1)).to_have_css("display", "table-row")  # its kind has the name of a panel's class
    assert abs(top_of(page, last) - was) < 1.5
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(row(page, first)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    was = top_of(page, first)
    page.keyboard.press("Enter")
    expect(row(page, 1)).to_have_count(1)
    expect(page.get_by_text("Ici commence la main courante.")).to_have_count(1)
    assert abs(top_of(page, first) - was) < 1.5
    page.keyboard.press("ArrowUp")
    expect(row(page, first - 1)).to_be_focused()

    for _ in range(3):
        page.keyboard.press("PageDown")
    read = first + 29
    expect(row(page, read)).to_be_focused()
    was = top_of(page, read)
    correction = hall.write("Ronde 2 à demi faite", EntryKind.CORRECTION, corrects=2)
    expect(page.get_by_role("button", name="1 nouvelle entrée")).to_be_visible(timeout=TOLD_MS)
    expect(row(page, 2)).to_contain_text(f"corrigée par n° {correction}")  # above, and one line higher now
    assert abs(top_of(page, read) - was) < 1.5
    page.keyboard.press("End")
    expect(row(page, correction)).to_be_focused()
    expect(page.get_by_role("button", name="1 nouvelle entrée")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(row(page, 2)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    seen = hall.write("Relève faite")
    expect(row(page, seen)).to_be_in_viewport(timeout=TOLD_MS)


@pytest.mark.nightly
def test_what_is_shown_is_filtered_read_in_both_themes_and_printed_on_one_sheet(hall, chromium_page) -> None:
    page = chromium_page
    hall.write("LONGUE ENTRÉE. " * 60)
    open_page(page, hall)
    page.keyboard.press("/")
    page.keyboard.type("RONDE 77")
    expect(page.locator("tr[data-entry]")).to_have_count(1)
    type_anew(page, " ")
    for _ in range(3):
        assert page.evaluate(PALE_WORDS) == []
        page.keyboard.press("Escape")
        page.keyboard.press("t")
    page.emulate_media(media="print")
    expect(page.locator("button:visible")).to_have_count(0)
    expect(page.locator("tr[data-entry]:visible").last).to_contain_text("LONGUE ENTRÉE.")
    assert page.locator("tr[data-entry]:visible").count() > 10
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) == 1


@pytest.mark.nightly
def test_a_page_that_is_told_nothing_any_more_says_so_and_goes_on_later(hall, chromium_page) -> None:
    page = chromium_page
    open_page(page, hall)
    page.route(re.compile(r"/api/log\?"), lambda route: route.abort())
    expect(page.get_by_role("alert").filter(has_text="n’arrive plus")).to_be_visible(timeout=TOLD_MS)
    page.unroute_all()
    expect(page.get_by_role("alert").filter(has_text="n’arrive plus")).to_have_count(0, timeout=TOLD_MS)
