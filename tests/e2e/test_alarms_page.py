"""The page of the alarms in a real browser, before a real centre: its desk, its log, its rights, live pictures."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from csu.alarms import NEXT, AlarmId, AlarmState, AlarmStore, PoliceCall
from csu.centre import Catalogue, Centre, Papers, Ports
from csu.centre.rooms.log_room import keep_log
from csu.centre.seen_by_console import AlarmsOfCentre
from csu.console import Access, Desks, RoomCounters, RoomHealth, create_app, serve_console
from csu.console.demonstration import JournalInMemory
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraLifecycle
from csu.hal.media import Assignment, StreamAddress
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import NoChaos, SystemChance, SystemClock, SystemIds
from sim.papers import PaperCamera, PapersOf, papers_text
from tests.e2e.test_console_browser import PALE_WORDS, Pictures, Relay
from tests.e2e.test_wall_page import CAMERAS, METZ, RECORDS, ByCookie, IdleNode, name_of

NEAREST, SECOND = CAMERAS[3], CAMERAS[4]
PANEL = PanelId("centrale-1")
STEPS_S = 15_000


class Bells:
    """A panel of the schools of Metz that says what it is told to say."""

    def __init__(self) -> None:
        self.panel, self._said = PANEL, asyncio.Queue[PanelMessage]()
        self.sequence = 0

    def ring(self, kind: AlarmKind, site: str) -> AlarmId:
        self.sequence += 1
        self._said.put_nowait(PanelMessage(PANEL, self.sequence, METZ, site, kind, time.time_ns()))
        return AlarmId(f"{PANEL}/{self.sequence}")

    async def messages(self):
        while True:
            yield await self._said.get()

    async def acknowledge(self, message) -> None: ...


class View:
    """`csu.console.RoomView`: two cameras whose pictures move, ten that are lost."""

    def __init__(self) -> None:
        now_ns = time.time_ns()
        self.relay = Relay({NEAREST: Pictures(4), SECOND: Pictures(5)})
        states = {NEAREST: CameraState.LIVE, SECOND: CameraState.LIVE}
        self._status = [
            CameraStatus(
                record,
                states.get(record.camera, CameraState.LOST),
                now_ns,
                now_ns,
                lifecycle=CameraLifecycle.ACTIVE,
                mask_version=3,
            )
            for record in RECORDS
        ]

    def cameras(self):
        return self._status

    def health(self) -> RoomHealth:
        return RoomHealth(True, "test", time.time_ns(), 1, 1, time.time_ns())

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    def watch_wall(self) -> None:
        return None

    async def wall_png(self) -> None:
        return None


class Hall:
    """A centre of twelve cameras and one panel, its operations log, its console."""

    def __init__(self, directory) -> None:
        self.url, self.loop = "", asyncio.new_event_loop()
        clock, self.bells, self.view = SystemClock(), Bells(), View()
        row = [PaperCamera(each.camera, each.commune, 100.0 * index) for index, each in enumerate(RECORDS)]
        papers = Papers.stated(papers_text(PapersOf(row, clock.now_ns())))
        node, stream, journal = IdleNode(), StreamAddress("rtsp://127.0.0.1/x"), JournalInMemory(clock)
        self.centre = Centre(
            ports=Ports(clock, SystemChance("alarms page"), SystemIds(), NoChaos()),
            nodes=[node],
            assignments={node.node: [Assignment(each, stream, None, False, (), 2.5, 1) for each in RECORDS]},
            catalogue=Catalogue(directory / "catalogue"),
            alarm_store=AlarmStore(directory / "alarms.sqlite"),
            journal=journal,
            panels=[self.bells],
            papers=papers,
            alarm_sites_m={(METZ, "École"): (310.0, 0.0)},
        )
        self._directory, self._clock, self._access = directory, clock, Access(papers, ByCookie(), journal)

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        async with keep_log(self.centre, self._directory, clock=self._clock, tell=lambda trouble: None) as log:
            at_work = asyncio.create_task(self.centre.run())
            app = create_app(
                self.view,
                clock=self._clock,
                access=self._access,
                desks=Desks(alarms=AlarmsOfCentre(self.centre), log=log),
            )
            streaming = asyncio.create_task(self.view.relay.run())
            async with serve_console(app) as self.url:
                started.set()
                await ended.wait()
            streaming.cancel()
            await self.centre.stop()
            await at_work

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        """In the centre's own thread."""
        return asyncio.run_coroutine_threadsafe(act, self.loop).result(5)

    def ring(self, kind: AlarmKind = AlarmKind.FIRE, site: str = "École") -> AlarmId:
        async def told() -> AlarmId:
            alarm = self.bells.ring(kind, site)
            while all(each.alarm != alarm for each in self.centre.desk.unfinished()):
                await asyncio.sleep(0.01)
            return alarm

        return self.do(told())

    def end_all(self) -> None:
        """Closes what a test left open, as false alarms."""

        async def end() -> None:
            for alarm in self.centre.desk.unfinished():
                if alarm.state is AlarmState.RAISED:
                    alarm = await self.centre.acknowledge(alarm.alarm, "l.weber")
                while steps := NEXT[alarm.state]:
                    to = AlarmState.FALSE if AlarmState.FALSE in steps else next(iter(steps))
                    alarm = await self.centre.advance(alarm.alarm, to, "l.weber", PoliceCall("police", "Roth"))

        self.do(end())


@pytest.fixture(scope="module")
def hall(tmp_path_factory) -> Iterator[Hall]:
    hall, started, ended = Hall(tmp_path_factory.mktemp("centre")), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: hall.loop.run_until_complete(hall.serve(started, ended)), daemon=True)
    thread.start()
    assert started.wait(10)
    yield hall
    hall.loop.call_soon_threadsafe(ended.set)
    thread.join(10)
    assert not thread.is_alive(), "the centre did not stop"


@pytest.fixture
def page_of(chromium: Browser, hall: Hall) -> Iterator[Callable[..., Page]]:
    """`page_of(person, at=, lang=, scheme=)`: the console as that person has it before them."""
    faults: list[str] = []
    contexts = []

    def open_page(person: str = "anne.dupre", at: str = "#alarms", lang: str = "fr", scheme: str = "dark") -> Page:
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR", color_scheme=scheme)
        contexts.append(context)
        context.add_cookies([{"name": "person", "value": person, "url": hall.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on(
            "console",
            lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
        )
        page.goto(f"{hall.url}?lang={lang}{at}")
        expect(page.locator(".version")).to_have_text("csu test")
        return page

    yield open_page
    for context in contexts:
        context.close()
    hall.end_all()
    assert not faults, faults


def press_step(page: Page, key: str, to: str) -> None:
    """Press the key of a step once it can be taken; it is done."""
    expect(page.locator(".step").first).to_be_enabled()
    page.keyboard.press(key)
    expect(page.locator(".head")).to_have_attribute("data-state", to)


def line(page: Page, alarm: AlarmId):
    return page.locator(f"[role='option'][data-alarm='{alarm}']")


def test_a_whole_alarm_is_handled_by_keyboard_alone_and_read_back_in_the_log(hall, page_of) -> None:
    page = page_of(at="")
    alarm = hall.ring()
    ringing = page.locator(".ringing")
    expect(ringing).to_contain_text("1 alarme attend")
    expect(ringing).to_contain_text("P1 · Incendie · École, Metz")
    expect(page.get_by_role("alert")).to_have_text("Nouvelle alarme : Incendie, École, Metz")
    expect(page.locator("header .waits")).to_have_text(re.compile("^1"))

    page.keyboard.press("a")
    expect(line(page, alarm)).to_have_attribute("aria-selected", "true")
    expect(page.locator(".facts")).to_contain_text("Personne ne l’a prise")
    expect(page.locator(".facts .due")).to_have_text(re.compile(r"^Alerte suivante dans \d+\xa0s"))
    expect(page.locator(".choice button")).to_have_count(4)
    expect(page.locator(".alarm-cameras .tile")).to_have_attribute("data-camera", NEAREST)
    expect(page.locator(f".alarm-cameras .tile[data-camera={NEAREST}]")).to_have_attribute("data-state", "live")

    press_step(page, "Enter", "acked")
    expect(page.locator(".facts")).to_contain_text("Prise par vous")
    press_step(page, "Enter", "doubt_removal")
    page.keyboard.press("2")
    expect(page.locator(f".alarm-cameras .tile[data-camera={SECOND}]")).to_have_attribute("data-state", "live")
    expect(page.locator(".step").first).to_be_enabled()
    page.keyboard.press("Enter")  # a person must judge: nothing is taken for him
    expect(page.get_by_role("status").filter(has_text="Qualifiez")).to_have_count(1)
    press_step(page, "c", "confirmed")

    expect(page.locator(".step").first).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Service appelé")).to_be_focused()
    page.keyboard.type("police nationale")
    page.keyboard.press("Enter")
    expect(page.locator(".head .refused")).to_contain_text("il manque le service ou le nom de qui a pris l'appel")
    expect(page.get_by_label("Service appelé")).to_have_value("police nationale")
    page.keyboard.press("Tab")
    page.keyboard.type("brigadier Roth")
    page.keyboard.press("Enter")
    expect(page.locator(".head")).to_have_attribute("data-state", "police_informed")
    expect(page.locator(".log-lines")).to_contain_text("police avisée : police nationale, pris par brigadier Roth")

    expect(page.locator(".step").first).to_be_enabled()
    page.keyboard.press("Enter")
    expect(line(page, alarm)).to_have_count(0)
    expect(page.locator("header .waits")).to_have_count(0)
    read = "async of => (await (await fetch(`/api/log/of-alarm?alarm=${of}`)).json()).map(e => `${e.by}: ${e.text}`)"
    told = [text for text in page.evaluate(read, alarm) if "trop longtemps" not in text]
    assert told == [
        "csu: incendie, École (Metz) : alarme levée",
        "anne.dupre: alarme acquittée",
        "anne.dupre: alarme en levée de doute",
        "anne.dupre: alarme confirmée",
        "anne.dupre: alarme confirmée, police avisée : police nationale, pris par brigadier Roth",
        "anne.dupre: alarme close",
    ]
    page.keyboard.press("Escape")
    expect(page.locator(".grid")).to_be_visible()


@pytest.mark.nightly
def test_what_somebody_else_took_is_refused_in_the_servers_words_and_a_page_that_is_not_told_says_so(
    hall, page_of
) -> None:
    alarm = hall.ring(AlarmKind.INTRUSION, "Mairie")
    page = page_of()
    expect(line(page, alarm)).to_have_attribute("aria-selected", "true")
    page.route("**/api/alarms/desk*", lambda route: route.abort())
    hall.do(hall.centre.acknowledge(alarm, "l.weber"))
    page.keyboard.press("Enter")
    refused = page.locator(".head .refused")
    expect(refused).to_contain_text(f"Cette alarme est déjà prise. — {alarm} : l'alarme est acquittée (l.weber)")
    expect(page.locator(".banner")).to_contain_text("Les alarmes n’arrivent plus", timeout=STEPS_S)
    page.unroute("**/api/alarms/desk*")
    expect(page.locator(".banner")).to_have_count(0, timeout=STEPS_S)
    expect(page.locator(".facts")).to_contain_text("Prise par l.weber")
    page.keyboard.press("Escape")
    expect(refused).to_have_count(0)
    expect(page.locator(".alarm-desk")).to_be_visible()


@pytest.mark.nightly
def test_a_storm_is_a_bounded_list_the_rest_is_counted_and_nothing_is_left_out(hall, page_of) -> None:
    page = page_of()
    for number in range(200):
        hall.ring(AlarmKind.INTRUSION, "Gymnase" if number % 2 else f"Site {number}")
    urgent = hall.ring()
    lines = page.locator(".alarm-list [data-alarm]")
    expect(page.locator(".counted")).to_have_text("201 à prendre · 0 en cours", timeout=STEPS_S)
    expect(lines).to_have_count(40)
    expect(lines.first).to_have_attribute("data-alarm", urgent)
    behind = page.get_by_text(re.compile(r"^\+ \d+ autres de ce site$"))
    expect(behind).to_have_text("+ 97 autres de ce site")
    expect(page.locator(".hidden-count")).to_have_text("et 64 autres alarmes d’autres sites, dont 64 à prendre")
    page.keyboard.press("Home")
    expect(lines.first).to_have_attribute("aria-selected", "true")
    press_step(page, "Enter", "acked")
    page.keyboard.press("End")
    expect(lines.last).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("Aucune caméra que vous")).to_have_count(0)
    expect(page.locator(".choice button").first).to_have_text(f"1{name_of(1)}")


@pytest.mark.nightly
@pytest.mark.parametrize(("lang", "scheme"), [("fr", "dark"), ("en", "light")])
def test_every_word_can_be_read_and_every_button_has_a_name(hall, page_of, lang, scheme) -> None:
    hall.ring()
    page = page_of(lang=lang, scheme=scheme)
    expect(page.locator(".head")).to_be_visible()
    expect(page.locator(".log-lines li").first).to_be_visible()
    assert page.evaluate(PALE_WORDS) == []
    unnamed = "[...document.querySelectorAll('button')].filter((b) => !(b.ariaLabel || b.innerText).trim()).length"
    assert page.evaluate(unnamed) == 0
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(sideways) == 0
