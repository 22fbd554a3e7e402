"""The page of real-time analysis in a real browser, on live pictures: by the keyboard, with the mouse, in both themes.

Signals, drawings and the switch go by the rules of a running centre; only the pictures and the node are the test's.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from csu.centre.events import AnalysisChanged, SignalRaised
from csu.centre.rooms.signal_room import SignalRoom
from csu.console import Access, ConsoleSettings, Desks, create_app, serve_console
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.detection.signals import Dismissal, Qualification, SignalStore
from csu.governance.analysis_switch import SwitchNow
from csu.hal.analysis import HEAT_COLUMNS, HEAT_ROWS, EventSignal, EventType, PictureBox, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.place import Pose
from csu.hal.words import NO_WORDS
from csu.machine import SystemClock, SystemIds
from csu.operations.analysis_zones import CameraDrawing
from tests.console.analysed_streets import ORDER, QUAY, AnalysedStreets, WhoeverIsNamed, hours_from
from tests.e2e.test_axe import grave
from tests.e2e.test_console_browser import PALE_WORDS, Room

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(300)]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FIXED, OTHER, TURNING, UNSEEN = (CameraId(f"cam-00{number}") for number in (1, 2, 4, 7))
LONG = "Passage souterrain de la gare, côté rue aux Arènes, entre le parvis et la halle"
TOLD_MS = 15_000
STROKE_PX = 6
"""A browser counts the line into the box."""
POSE = Pose(0.0, 0.0, 6.0, 10.0, -20.0, 0.0, 900.0)


class NoWall:
    def signal(self, signal: str, camera: CameraId) -> None: ...

    def end_signal(self, signal: str) -> None: ...


@dataclass
class Hall:
    directory: Path
    url: str = ""

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        clock, self.loop, room = SystemClock(), asyncio.get_running_loop(), Room()
        record = room.status[OTHER].record
        room.status[OTHER] = replace(room.status[OTHER], record=replace(record, name=LONG))
        communes = sorted({line.record.commune for line in room.cameras()})
        self.store = SignalStore(self.directory / "signals.sqlite", durable=False)
        self.signals = SignalRoom(
            self.store, NoWall(), is_day=lambda *_: True, clock=clock, ids=SystemIds(), tell=lambda event: None
        )
        self.streets = AnalysedStreets([FIXED, OTHER, TURNING], hours_from(clock.now_ns(), 2))
        access = Access(DemonstrationRights(room, date(2026, 6, 1)), WhoeverIsNamed(communes), JournalInMemory(clock))
        desks = Desks(analysis=self.streets, signals=self.signals)
        app = create_app(room, clock=clock, access=access, desks=desks, settings=ConsoleSettings(state_period_s=0.2))
        async with serve_console(app) as self.url:
            streaming, waiting = asyncio.create_task(room.relay.run()), asyncio.create_task(self.signals.run())
            started.set()
            await ended.wait()
            streaming.cancel()
            waiting.cancel()
        self.store.close()

    def say(self, camera: CameraId, type: EventType, zone: str = "quai") -> None:
        """As its analysis would: two boxes, and movement that grows to the right."""
        now_ns = SystemClock().now_ns()
        boxes = (PictureBox(0.2, 0.55, 0.28, 0.85), PictureBox(0.45, 0.5, 0.52, 0.8))
        row = [max(0, 40 * column - 200) % 256 for column in range(HEAT_COLUMNS)]
        heat = bytes(HEAT_COLUMNS * 5) + bytes(row) * (HEAT_ROWS - 5)
        told = EventSignal(
            camera, type, zone, now_ns - 65 * NS_PER_S, now_ns, boxes, 0.9, f"{type}/1", "a" * 64, ORDER, heat
        )
        self.loop.call_soon_threadsafe(self.signals.hear, SignalRaised(told, now_ns))

    def end(self, camera: CameraId) -> None:
        self.loop.call_soon_threadsafe(self.signals.hear, AnalysisChanged(camera, False, 0, NO_WORDS))

    def kept(self) -> list[object]:
        return [each.outcome for each in self.store.outcomes(0, 1 << 62)]

    def page(self, browser: Browser, who: str, of: str = "", language: str = "fr", scheme: str = "dark") -> Page:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR", color_scheme=scheme)
        context.add_cookies([{"name": "person", "value": who, "url": self.url}])
        page = context.new_page()
        page.goto(f"{self.url}?lang={language}#analysis/{of}".rstrip("/"))
        expect(page.locator(".analysis")).to_be_visible(timeout=TOLD_MS)
        return page


@pytest.fixture(scope="module")
def whole_hall(tmp_path_factory) -> Iterator[Hall]:
    made, started, ended = Hall(tmp_path_factory.mktemp("analysis")), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(started, ended)))
    thread.start()
    assert started.wait(30)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join(20)


@pytest.fixture
def hall(whole_hall) -> Hall:
    """Nothing waits; one camera has a zone; nothing is stopped."""
    for camera in (FIXED, OTHER, TURNING):
        whole_hall.end(camera)
    rule = ZoneRule(QUAY, EventType.RESTRICTED_ZONE)
    whole_hall.streets.drawings = {
        FIXED: CameraDrawing(FIXED, "c.meyer", 1_796_000_000 * NS_PER_S, (rule,)),
        TURNING: CameraDrawing(TURNING, "c.meyer", 1_796_000_000 * NS_PER_S, (rule,), seen_from=POSE),
    }
    whole_hall.streets.now = SwitchNow()
    return whole_hall


def live(page: Page, camera: str) -> Locator:
    tile = page.locator(f".alone-tile .tile[data-camera='{camera}']")
    expect(tile).to_have_attribute("data-state", "live", timeout=TOLD_MS)
    return tile


def picture_of(page: Page) -> tuple[float, float, float, float]:
    """Where the picture itself lies, without the bars beside it: left, top, width, height, px."""
    return page.evaluate(
        """() => {
          const video = document.querySelector('.alone-tile video'), area = video.getBoundingClientRect()
          const scale = Math.min(area.width / video.videoWidth, area.height / video.videoHeight)
          const [width, height] = [video.videoWidth * scale, video.videoHeight * scale]
          return [area.left + (area.width - width) / 2, area.top + (area.height - height) / 2, width, height]
        }"""
    )


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    left, top, width, height = picture_of(page)
    return left + x * width, top + y * height


def test_a_signal_is_judged_by_the_keyboard_alone(hall, chromium) -> None:
    page = hall.page(chromium, "anne")
    expect(page.get_by_text("Aucun signalement n’attend.")).to_be_visible(timeout=TOLD_MS)
    hall.say(FIXED, EventType.RESTRICTED_ZONE)
    hall.say(OTHER, EventType.FIRE_START, "halle")
    hall.say(TURNING, EventType.CROWD_DENSITY)
    rows = page.locator(".signal-list button")
    expect(rows).to_have_count(3, timeout=TOLD_MS)
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    expect(page.locator(".signal-one h3")).to_contain_text(LONG)
    page.keyboard.press("x")
    page.keyboard.press("7")
    expect(rows).to_have_count(2, timeout=TOLD_MS)
    expect(rows.nth(1)).to_be_focused()  # the next of those that were below it
    assert Dismissal.LIGHT in hall.kept()
    page.wait_for_timeout(700)
    page.keyboard.press("ArrowUp")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("c")
    expect(rows).to_have_count(1, timeout=TOLD_MS)
    assert Qualification.CONFIRMED in hall.kept()
    page.context.close()


def test_what_was_judged_elsewhere_is_not_followed_by_another_under_the_same_key(hall, chromium) -> None:
    page = hall.page(chromium, "anne")
    hall.say(FIXED, EventType.RESTRICTED_ZONE)
    hall.say(OTHER, EventType.FIRE_START)
    rows = page.locator(".signal-list button")
    expect(rows).to_have_count(2, timeout=TOLD_MS)
    page.keyboard.press("x")
    hall.end(FIXED)
    expect(rows).to_have_count(1, timeout=TOLD_MS)
    expect(page.get_by_text("Ce signalement n’attend plus")).to_be_visible()
    before = hall.kept()
    page.keyboard.press("1")
    page.keyboard.press("c")
    expect(rows).to_have_count(1)
    assert [each for each in hall.kept() if each not in before] == []
    page.keyboard.press("1")  # leads to the first part again
    page.keyboard.press("ArrowDown")
    expect(rows.nth(0)).to_be_focused()
    expect(page.locator(".signal-one h3")).to_contain_text(LONG)
    page.context.close()


def test_boxes_and_zone_lie_on_the_picture_and_not_on_the_bars_beside_it(hall, chromium) -> None:
    page = hall.page(chromium, "anne")
    hall.say(FIXED, EventType.RESTRICTED_ZONE)
    live(page, FIXED)
    box = page.locator(".overlay .box").first.bounding_box()
    (left, top), (right, bottom) = at(page, 0.2, 0.55), at(page, 0.28, 0.85)
    for got, wanted in zip(
        (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]), (left, top, right, bottom), strict=True
    ):
        assert abs(got - wanted) < STROKE_PX
    page.set_viewport_size({"width": 900, "height": 900})
    page.wait_for_timeout(300)
    zone = page.locator(".overlay .zone").bounding_box()
    left, top = at(page, QUAY.corners[0][0], QUAY.corners[0][1])
    assert abs(zone["x"] - left) < STROKE_PX
    assert abs(zone["y"] - top) < STROKE_PX
    page.context.close()


def open_zones(page: Page, camera: str) -> None:
    page.locator(f"tr[data-camera='{camera}'] button").click()
    live(page, camera)


def test_the_chief_draws_a_zone_with_the_mouse_and_one_by_the_keyboard(hall, chromium) -> None:
    page = hall.page(chromium, "chief", "zones")
    open_zones(page, FIXED)
    page.get_by_label("Nom de la zone").fill("rue haute")
    page.get_by_label("Événement").select_option("wrong_way")
    page.get_by_role("button", name="Dessiner une zone").click()
    corners = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.6))
    for corner in corners:
        page.mouse.click(*at(page, *corner))
    page.mouse.click(*at(page, *corners[0]))  # the first again closes it
    expect(page.locator(".drawing-says")).to_contain_text("Sens de circulation")
    for end in ((0.3, 0.3), (0.7, 0.3)):
        page.mouse.click(*at(page, *end))
    expect(page.locator(".zones-drawn")).to_contain_text("rue haute")

    page.get_by_label("Nom de la zone").focus()
    page.keyboard.type("parvis")
    page.keyboard.press("Tab")
    page.keyboard.type("zone")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".drawing-field")).to_be_focused()
    for key, times in (("ArrowLeft", 5), ("ArrowUp", 5), ("ArrowRight", 10)):
        for _ in range(times):
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    expect(page.locator(".drawing-says")).to_contain_text("3 coins")
    page.keyboard.press("Backspace")
    expect(page.locator(".drawing-says")).to_contain_text("2 coins")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".zones-drawn")).to_contain_text("parvis")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Enregistré.", exact=True)).to_be_visible(timeout=TOLD_MS)
    expect(page.locator(".drawing-side")).to_contain_text("Dessinées par chief")
    quay, lane, square = hall.streets.drawings[FIXED].rules
    assert (quay.zone, lane.zone.zone, square.zone.zone) == (QUAY, "rue haute", "parvis")
    assert len(square.zone.corners) == 3
    for got, wanted in zip((*lane.zone.corners, *lane.zone.lane), (*corners, (0.3, 0.3), (0.7, 0.3)), strict=True):
        assert abs(got[0] - wanted[0]) < 0.01
        assert abs(got[1] - wanted[1]) < 0.01
    page.context.close()


def test_a_refused_zone_says_why_and_what_is_not_saved_is_not_left_in_silence(hall, chromium) -> None:
    page = hall.page(chromium, "chief", "zones")
    open_zones(page, FIXED)
    page.locator(".zones-drawn button", has_text="quai").click()
    page.get_by_label("durée de présence").fill("900")
    page.get_by_label("durée de présence").press("Tab")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".refused[role=alert]")).to_contain_text("hors limites")
    page.get_by_label("durée de présence").fill("5")
    page.get_by_label("durée de présence").press("Tab")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Ce qui est dessiné n’est pas enregistré.")).to_be_visible()
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.get_by_text("Enregistré.", exact=True)).to_be_visible(timeout=TOLD_MS)
    assert dict(hall.streets.drawings[FIXED].rules[0].parameters) == {"dwell_s": 5}
    page.keyboard.press("Escape")
    expect(page.locator(f"tr[data-camera='{FIXED}'] button")).to_be_focused()
    page.locator(f"tr[data-camera='{UNSEEN}'] button").click()
    expect(page.get_by_text("Sans image, rien ne peut être dessiné.")).to_be_visible()
    expect(page.get_by_role("button", name="Dessiner une zone")).to_be_disabled()
    page.context.close()


def test_everything_is_stopped_for_a_reason_and_the_tiles_say_so(hall, chromium) -> None:
    page = hall.page(chromium, "anne")
    page.keyboard.press("v")
    tile = page.locator(f".grid .tile[data-camera='{FIXED}']")
    expect(tile.locator(".badge.analysed")).to_contain_text(f"Analysée jusqu'à 23:30 (arrêté {ORDER})", timeout=TOLD_MS)
    expect(page.locator(".badge.analysed")).to_have_count(3)
    page.locator(".grid .tile[data-camera='cam-003']").click()
    expect(page.locator(".more")).to_contain_text("Non analysée : aucun arrêté ne le permet")
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    page.keyboard.press("h")
    expect(page.get_by_label("Pourquoi tout arrêter")).to_be_focused()
    page.keyboard.press("Enter")
    assert not hall.streets.now.is_thrown  # it needs a reason
    page.keyboard.type("cadres sur des passants")
    page.keyboard.press("Enter")
    expect(page.locator(".analysis-state")).to_contain_text("Toute analyse est arrêtée", timeout=TOLD_MS)
    expect(page.get_by_role("button", name="Remettre en route")).to_have_count(0)
    assert hall.streets.reasons[-1] == ("anne", "cadres sur des passants")
    page.keyboard.press("v")
    expect(tile).to_be_visible()
    expect(page.locator(".badge.analysed")).to_have_count(0)
    page.context.close()
    manager = hall.page(chromium, "manager")
    manager.get_by_role("button", name="Remettre en route").click()
    manager.keyboard.type("zones corrigées")
    manager.keyboard.press("Enter")
    expect(manager.locator(".analysis-state")).to_contain_text("3 caméras analysées", timeout=TOLD_MS)
    manager.context.close()


@pytest.mark.parametrize(("language", "scheme"), [("fr", "dark"), ("en", "light")])
def test_nothing_of_it_keeps_anybody_out(hall, chromium, language, scheme) -> None:
    hall.say(FIXED, EventType.RESTRICTED_ZONE)
    hall.say(OTHER, EventType.FIRE_START)
    for who, of in (("anne", "signals"), ("chief", "zones"), ("manager", "report")):
        page = hall.page(chromium, who, of, language, scheme)
        page.wait_for_timeout(1_500)
        if of == "signals":
            page.keyboard.press("x")
        assert grave(page) == [], of
        assert page.evaluate(PALE_WORDS) == [], of
        if of == "zones":
            open_zones(page, FIXED)
            page.locator(".zones-drawn button").first.click()
            assert grave(page) == [], "drawing"
        page.context.close()
