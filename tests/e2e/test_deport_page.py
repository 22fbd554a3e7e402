"""The pages of deports in a real browser: the chief opens one by keyboard, the room sees that it is open, its recipient
sees it end (OPS-4). Rights, room, book and outbox are those that run; the cameras are lost, so no picture moves."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.requests import HTTPConnection

from csu.alarms import Alarm, AlarmDesk
from csu.centre.rooms.deport_keeping import keep_deports
from csu.centre.rooms.deport_room import DeportParts
from csu.console import Access, Desks, create_app, serve_console
from csu.console.demonstration import JournalInMemory
from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    Clearance,
    CommuneService,
    Designation,
    GovernedCamera,
    Notification,
    People,
    Person,
    Placement,
    Purpose,
    Rights,
    Role,
    ServiceLevel,
    Subject,
    start_of_day,
)
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.dispatch import DispatchCall
from csu.hal.loudspeaker import SpeakingPermit, SpokenMessage
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock, SystemIds
from csu.operations import DispatchOutbox, SpeechBook
from tests.console.conftest import ScriptedRelay
from tests.e2e.test_console_browser import PALE_WORDS
from tests.e2e.test_sign_in_browser import QuietRoom

METZ = CommuneId("metz")
STREETS = ("Rue Haute", "Place d'Armes", "Rue Basse")
CAMERAS = tuple(CameraId(f"cam-{number:03}") for number in range(1, 4))
EVER = Agreement("décision 12", date(2020, 1, 1), date(2090, 1, 1))
TOLD_MS = 15_000
LEAVE = SpokenMessage("leave", "Quittez la place.", b"\xff" * 80, "a.dupre")
CHIEF = Person(
    "c.meyer",
    "Claire Meyer",
    frozenset({Role.ROOM_CHIEF, Role.OPERATOR}),
    designation=Designation("csu-metz", frozenset({METZ}), EVER),
    is_municipal_police=True,
)
OPERATOR = replace(CHIEF, account="o.petit", name="Odile Petit", roles=frozenset({Role.OPERATOR}))
ROTH = Person("l.roth", "Brigadier Roth", frozenset({Role.RECIPIENT}), clearance=Clearance("hab-7", "dipn-57", EVER))
PEOPLE = People((CHIEF, OPERATOR, ROTH))
ROLE_OF = {"c.meyer": Role.ROOM_CHIEF, "o.petit": Role.OPERATOR, "l.roth": Role.RECIPIENT}


def papers() -> AuthorisationFacts:
    dated, since = date(2024, 1, 1), start_of_day(date(2024, 2, 1))
    order = Authorisation(
        number="2024-57-101",
        ordered_on=dated,
        valid_from=dated,
        purposes=frozenset({Purpose.PERSONS_PROPERTY}),
        retention_days=30,
        viewers=frozenset({"csu-metz"}),
        recipients=frozenset({"dipn-57"}),
        commission_opinion="CDV 2023-11-20",
        cameras=frozenset(CAMERAS),
    )
    return AuthorisationFacts(
        (order,),
        tuple(GovernedCamera(camera, METZ, (Placement(since, 0.0, 0.0),)) for camera in CAMERAS),
        tuple(Notification(camera, dated, 0.0, 0.0, "LR") for camera in CAMERAS),
        (CommuneService(METZ, ServiceLevel.STORAGE_AND_WATCH, EVER),),
    )


class WhoeverTheCookieSays:
    """A cookie, because a browser sends it with its WebSockets too."""

    def subject(self, connection: HTTPConnection, at_ns: int) -> Subject | None:
        who = connection.cookies.get("who", "")
        found = PEOPLE.find(who, ROLE_OF.get(who, Role.OPERATOR), at_ns)
        return None if found is None else replace(found, strong_login=True)


class ThreeStreets(QuietRoom):
    def __init__(self) -> None:
        self.relay = ScriptedRelay()
        self.relay.fragments = []

    def cameras(self) -> Sequence[CameraStatus]:
        records = (
            CameraRecord(c, n, s, METZ, ViewType.WIDE) for n, (c, s) in enumerate(zip(CAMERAS, STREETS, strict=True), 1)
        )
        return [CameraStatus(record, CameraState.LIVE, 0, 0, lifecycle=CameraLifecycle.ACTIVE) for record in records]


class Alarms:
    def __init__(self) -> None:
        self.desk = AlarmDesk()
        message = PanelMessage(PanelId("panel-1"), 7, METZ, "Gymnase", AlarmKind.PANIC_BUTTON, time.time_ns())
        self.desk.keep(self.desk.take(message, time.time_ns()).alarm)

    def open_alarms(self) -> Sequence[Alarm]:
        return self.desk.open()

    def unfinished(self) -> Sequence[Alarm]:
        return self.desk.unfinished()

    def cameras_for(self, alarm, may_view) -> Sequence[CameraId]:
        return [camera for camera in CAMERAS[1:2] if may_view(camera)]


class Calls:
    """A real outbox: one call that no contact took, and one that somebody did."""

    def __init__(self) -> None:
        self.outbox, long_ago = DispatchOutbox(), time.time_ns() - 200 * NS_PER_S
        for number, service in ((7, "police"), (8, "fire_brigade")):
            call = DispatchCall(
                f"panel-1/{number}", METZ, service, "Gymnase", "appel au secours confirmé", "o.petit", long_ago
            )
            self.outbox.keep(self.outbox.queue(call, ("commandement", "permanence"), long_ago).call)
        self.outbox.keep(self.outbox.telephoned("panel-1/8", "Caporal Kin", long_ago + NS_PER_S).call)
        for seconds in (0, 31, 62):
            self.outbox.tick(long_ago + seconds * NS_PER_S)

    def calls(self):
        return self.outbox.known()

    async def telephoned(self, call: str, taken_by: str) -> None:
        taken = self.outbox.telephoned(call, taken_by, time.time_ns())
        if taken is not None:
            self.outbox.keep(taken.call)

    async def again(self, call: str) -> None:
        self.outbox.again(call, time.time_ns())


class OneLoudspeaker:
    """At the first street; the book refuses the second message so soon after the first."""

    def __init__(self) -> None:
        self.book = SpeechBook(
            [LEAVE], {CAMERAS[0]: SpeakingPermit("délibération 7", date(2020, 1, 1), date(2090, 1, 1))}
        )
        self.said: list[tuple[str, str]] = []

    def messages(self):
        return self.book.messages

    def speakers(self):
        return self.book.speakers(time.time_ns())

    async def say(self, camera, message, by):
        spoken = self.book.begin(camera, message, time.time_ns(), is_open=True, is_short=False)
        self.said.append((camera, by.account))
        self.book.end(camera, time.time_ns())
        return spoken


@dataclass
class Hall:
    directory: Path
    url: str = ""
    told: list[object] = field(default_factory=list)

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        clock, self.loop = SystemClock(), asyncio.get_running_loop()
        room, alarms, journal = ThreeStreets(), Alarms(), JournalInMemory(clock)
        rights, there = Rights(AuthorisationRegister(papers())), asyncio.Event()
        there.set()
        parts = DeportParts(
            clock=clock,
            ids=SystemIds(),
            journal=journal,
            papers=rights,
            people=lambda: PEOPLE,
            alarms=alarms.unfinished,
            relay=room.relay,
            minutes_max=120,
            tell=self.told.append,
        )
        async with keep_deports(parts, self.directory, alarms_are_there=there) as self.deports:
            access = Access(rights, WhoeverTheCookieSays(), journal)
            self.speaking = OneLoudspeaker()
            desks = Desks(alarms=alarms, calls=Calls(), deports=self.deports, speaking=self.speaking)
            async with serve_console(create_app(room, clock=clock, access=access, desks=desks)) as self.url:
                started.set()
                await ended.wait()

    def page(self, browser: Browser, who: str, language: str = "fr", **more: object) -> Page:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, **more)
        context.add_cookies([{"name": "who", "value": who, "url": self.url}])
        page = context.new_page()
        page.goto(f"{self.url}?lang={language}")
        return page


@pytest.fixture(scope="module")
def hall(tmp_path_factory) -> Iterator[Hall]:
    made, started, ended = Hall(tmp_path_factory.mktemp("deport")), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(started, ended)))
    thread.start()
    assert started.wait(30)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join()


def open_by_keyboard(page: Page, reason: str) -> None:
    page.keyboard.press("n")
    expect(page.get_by_role("combobox", name="Incident")).to_be_focused()
    expect(page.get_by_text("proposée")).to_have_count(1, timeout=TOLD_MS)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("armes")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type(reason)
    page.keyboard.press("Enter")


def test_the_chief_opens_a_deport_by_keyboard_its_recipient_sees_it_and_its_end(hall, chromium) -> None:
    chief, roth = hall.page(chromium, "c.meyer"), hall.page(chromium, "l.roth")
    expect(roth.get_by_text("Rien ne vous est déporté.")).to_be_visible()
    expect(roth.get_by_role("button", name="Direct")).to_have_count(0)
    expect(chief.get_by_text("Rue Haute")).to_be_visible()
    chief.keyboard.press("f")
    expect(chief.get_by_text("Aucun déport n’est ouvert.")).to_be_visible()
    open_by_keyboard(chief, "voiture AB-123-CD")
    expect(chief.locator(".refused[role=alert]")).to_contain_text("une image ou une plaque")
    chief.get_by_role("textbox", name="Motif").fill("rixe devant le gymnase")
    chief.keyboard.press("Enter")
    one = chief.locator("li.one-deport.open")
    expect(one).to_contain_text("Brigadier Roth (dipn-57)")
    expect(one).to_contain_text("reste 29 min")
    expect(one).to_contain_text("rixe devant le gymnase")

    tile = roth.locator(".received-tiles .tile")
    expect(tile).to_have_attribute("data-camera", "cam-002", timeout=TOLD_MS)
    expect(one).to_contain_text("1 écran regarde", timeout=TOLD_MS)
    chief.keyboard.press("v")
    expect(chief.locator(".deported")).to_contain_text("Brigadier Roth (dipn-57)")
    expect(chief.locator(".tile[data-camera='cam-002'] .badge.deport")).to_contain_text("Déport · Brigadier Roth · 29")
    expect(chief.locator(".badge.deport")).to_have_count(1)

    chief.keyboard.press("f")
    chief.keyboard.press("p")
    chief.keyboard.type("la rixe reprend")
    chief.keyboard.press("Tab")
    chief.keyboard.type("45")
    chief.keyboard.press("Enter")
    expect(one).to_contain_text("reste 44 min")
    chief.keyboard.press("x")
    expect(one).to_have_count(0)
    expect(chief.locator("li.one-deport")).to_contain_text("fermé par le chef de salle")
    expect(roth.locator(".received-over")).to_contain_text("fermé par le chef de salle", timeout=TOLD_MS)
    expect(tile).to_have_count(0)
    for page in (chief, roth):
        page.context.close()


def test_who_was_called_is_listed_and_who_took_it_by_telephone_is_noted(hall, chromium) -> None:
    page = hall.page(chromium, "o.petit")
    expect(page.get_by_text("Rue Haute")).to_be_visible()
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Ouvrir un déport")).to_have_count(0)
    police, fire = page.locator("li[data-call='panel-1/7']"), page.locator("li[data-call='panel-1/8']")
    expect(police).to_contain_text("personne ne répond : téléphoner")
    expect(police).to_contain_text("sans réponse : commandement, permanence")
    expect(fire).to_contain_text("pris par Caporal Kin")
    page.keyboard.press("g")
    expect(police.get_by_role("button", name="Pris par téléphone…")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("Major Lux")
    page.keyboard.press("Enter")
    expect(police).to_contain_text("pris par Major Lux")
    page.context.close()


def test_an_approved_message_is_said_after_a_second_look_and_a_refusal_is_told(hall, chromium) -> None:
    page = hall.page(chromium, "o.petit")
    page.get_by_role("button", name="Rue Haute").click()
    for _ in range(2):
        page.get_by_role("button", name="leave").click()
        expect(page.locator(".speaker")).to_contain_text("Quittez la place.")
        expect(page.get_by_role("button", name="Diffuser maintenant")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="leave")).to_be_visible()
    expect(page.locator(".speaker [role=alert]")).to_contain_text("elle a parlé trop souvent")
    assert hall.speaking.said == [(CAMERAS[0], "o.petit")]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rue Basse").click()
    expect(page.locator(".speaker")).to_have_count(0)
    page.context.close()


@pytest.mark.nightly
def test_both_pages_are_read_in_both_themes_and_languages(hall, chromium) -> None:
    chief = hall.page(chromium, "c.meyer", "en")
    expect(chief.get_by_text("Rue Haute")).to_be_visible()
    chief.keyboard.press("f")
    chief.keyboard.press("n")
    for _ in range(3):
        assert chief.evaluate(PALE_WORDS) == []
        chief.keyboard.press("Escape")
        chief.keyboard.press("t")
        chief.keyboard.press("n")
    roth = hall.page(chromium, "l.roth", "en")
    expect(roth.get_by_text("Nothing is deported to you.")).to_be_visible()
    assert roth.evaluate(PALE_WORDS) == []
